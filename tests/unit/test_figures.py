"""Figures: they draw what the rows say, and nothing in them overlaps or is cut."""

import math
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from answers import arm_flow, curve_point, power_answer, size_answer
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.text import Text

from simulator.report.figures import style
from simulator.report.figures.consort import Exclusion, Flow, flow_of
from simulator.report.figures.flow import draw_flow
from simulator.report.figures.gantt import GanttDay, GanttSession, draw_gantt
from simulator.report.figures.heat_map import HeatPoint, draw_heat_map
from simulator.report.figures.meld import draw_meld
from simulator.report.figures.power_curve import RatePoint, draw_power_curve
from simulator.report.figures.recruitment import (
    RecruitmentPlan,
    draw_recruitment,
    recruitment_plan,
)
from simulator.report.figures.schemes import draw_schemes
from simulator.report.figures.sessions import draw_sessions
from simulator.report.figures.size_curve import draw_size_curve
from simulator.report.figures.survival import draw_survival
from simulator.report.figures.swimmer import SwimmerPatient, SwimmerSession, draw_swimmer
from simulator.report.figures.traced import gantt_rows, swimmer_rows
from simulator.report.pictures import draw_allocation, draw_sweep, draw_trace
from simulator.results.allocation import (
    Allocation,
    FactorUse,
    Guesser,
    Method,
    SchemeAnalysis,
    SchemeResult,
)
from simulator.results.curves import (
    MeldPoint,
    PlasmaPoint,
    RecruitmentPoint,
    SessionsPoint,
    SurvivalPoint,
)
from simulator.results.measures import (
    Days,
    Estimate,
    Judgement,
    NullHypothesis,
    PairedEstimate,
    Share,
)
from simulator.results.size import FittedPower, RecruitmentLimit, SizeBasis, SizeEstimate
from simulator.results.sweep import PointPower, Sweep, SweepPoint
from simulator.results.trace import Trace, TraceEvent, TracePatient, TracePlasma

ARMS = ("PE", "DPMAS+LPE")
LONG_ARMS = (
    "plasma exchange with fresh frozen plasma",
    "double plasma molecular adsorption, low $",
)
SHORT_TITLE = "Base case: nct05484908, 1,000 trials"
LONG_TITLE = (
    "NCT05484908 where plasma is short and the unit is busy with other patients, as planned "
    "(60 patients) and with everything that can be written in a title of a scenario, 10,000 trials"
)
CRITERIA = (
    ("I1", "age from 18 to 65 years"),
    ("I2", "chronic HBV infection, for over half a year"),
    ("I3", "HCC under an ICI, the last dose less than three months (91 days) ago"),
    ("I4", "HBV-DNA below 2000 IU/mL (log10 3.30103)"),
    ("I5", "AST/ALT above 20 x ULN; total bilirubin above 10 x ULN"),
    ("I6", "INR above 1.5"),
    ("I7", "platelets above 50 x 10^9/L"),
    ("I8", "no intrahepatic bile duct dilation from tumour progression"),
    ("E1", "no other active liver disease"),
    ("E2", "no other malignancy"),
    ("E3", "not pregnant or breast-feeding"),
    ("E4", "no HIV infection or congenital immune deficiency"),
    (
        "E5",
        "no severe diabetes, autoimmune or unstable cardio-cerebrovascular disease, organ "
        "failure or transplant",
    ),
    ("E6", "no active bleeding, DIC or thrombosis"),
    ("E7", "no ALSS in the week before"),
    ("E8", "can be followed up"),
    ("E9", "not judged inappropriate by the investigator"),
)


def survival_points(arms=ARMS, spread=1.0, last=84):
    points = []
    for k, arm in enumerate(arms):
        for day in range(last + 1):
            alive = 1 - (0.55 - 0.08 * k) * (1 - math.exp(-day / 25))
            width = spread * 0.2 * (1 - alive) ** 0.5
            low, high = max(alive - width, 0), min(alive + width, 1)
            at_risk = 30 * alive * (1 - 0.0005 * day)
            points.append(SurvivalPoint(arm, float(day), alive, 0.002 * spread, low, high, at_risk))
    return points


def meld_points(arms=ARMS, spread=1.0, days=(0, 7, 14, 28, 56, 84)):
    points = []
    for k, arm in enumerate(arms):
        for day in days:
            meld = math.nan if day == 56 and k else 27.5 - 0.03 * day - k * min(day, 20) / 10
            middle = math.nan if day == 56 and k else 26.5 - 0.03 * day - 2 * k
            ends = middle - spread, middle + spread
            patients = 29.4 * math.exp(-day / 110)
            points.append(MeldPoint(arm, float(day), meld, 0.05 * spread, *ends, patients))
    return points


def recruitment_points(spread=1.0):
    points = []
    for day in range(0, 1100, 7):
        mean = min(2.32 / 30.4375 * day, 60)
        width = spread * math.sqrt(mean) * (1 - mean / 75)
        share = {"p5": -1.6, "p25": -0.7, "p50": 0.0, "p75": 0.7, "p95": 1.6}
        quantiles = {key: max(0, min(60, round(mean + z * width))) for key, z in share.items()}
        points.append(RecruitmentPoint(float(day), mean, 0.1, **quantiles))
    return points


def session_points(arms=ARMS, weeks=12):
    return [
        SessionsPoint(arm, week, planned, planned * (0.83 - 0.1 * k), 0.2 if planned else 0.0)
        for k, arm in enumerate(arms)
        for week, planned in enumerate([52.1, 27.4, 4.2] + [0.0] * (weeks - 3), 1)
    ]


def plasma_points(months=29, spread=1.0):
    return [
        PlasmaPoint(
            month=month,
            start_day=30.4375 * (month - 1),
            end_day=30.4375 * month,
            litres_per_week=2.1 - 0.05 * max(month - 24, 0),
            mcse=0.05,
            p5=2.1 - 1.6 * spread,
            p95=2.1 + 3 * spread,
        )
        for month in range(1, months + 1)
    ]


def rate_points(analyses=("log-rank", "fisher"), xs=range(60, 601, 60), top=1.0):
    points = []
    for k, analysis in enumerate(analyses):
        for number, x in enumerate(xs):
            size = x if isinstance(x, int) else 60 * (number + 1)
            power = top * (1 - math.exp(-size / (180 + 25 * k)))
            ends = max(power - 0.03, 0), min(power + 0.03, 1)
            points.append(RatePoint(x, analysis, power, *ends))
    return points


def heat_points(xs=(60, 120, 180, 240, 320, 400), ys=(0.5, 0.6, 0.7, 0.8, 0.9), top=1.0):
    return [
        HeatPoint(x, y, top * (1 - math.exp(-((k + 1) * (len(ys) - j) ** 2) / 14)), 0.005)
        for k, x in enumerate(xs)
        for j, y in enumerate(ys)
    ]


def flow(arms=ARMS, criteria=CRITERIA, turned_away=None, has_sessions=True):
    return Flow(
        screened=160.02,
        excluded=tuple(
            Exclusion(label, text, 14.27 / (k + 1)) for k, (label, text) in enumerate(criteria)
        ),
        refused=6.72 if criteria else 0.0,
        turned_away=turned_away,
        randomised=60.0,
        arms={arm: arm_flow(30.0 + 0.3 * k, has_sessions) for k, arm in enumerate(arms)},
        analysis="Fisher's exact test",
        trials=10_000,
    )


def swimmer_patients(count=60, arms=ARMS):
    rng = np.random.default_rng(5)
    outcomes = ["liver death", "tumour death", "transplant", "loss", "completed"]
    patients = []
    for number in range(count):
        outcome = outcomes[number % 5]
        end = 84.0 if outcome == "completed" else float(rng.uniform(3, 84))
        withdrawn = end / 2 if number % 11 == 3 else None
        starts = [day for day in (1.1, 4.5, 8.2) if day < (withdrawn or end)]
        statuses = ["delivered", "cut_short" if number % 4 == 0 else "delivered", "missed"]
        sessions = tuple(
            SwimmerSession(start, start + 0.1, status)
            for start, status in zip(starts, statuses, strict=False)
        )
        arm = arms[number % len(arms)]
        patients.append(SwimmerPatient(number, arm, sessions, end, outcome, withdrawn))
    return patients


def gantt_days(count=900, stock=True):
    return [
        GanttDay(
            day=day,
            is_open=day % 7 != 2,
            background_sessions=0.0 if day % 7 == 2 else 9.0,
            queue=max(0, round(3 * math.sin(day / 9))),
            stock_litres=6 + 5 * math.sin(day / 13) if stock else None,
            is_short=stock and math.sin(day / 13) < -0.8,
        )
        for day in range(count)
    ]


def gantt_sessions(count=180, days=900, arms=ARMS):
    rng = np.random.default_rng(6)
    return [
        GanttSession(
            start_day=start,
            end_day=start + 0.1 + 0.1 * (k % 2),
            patient=k // 3,
            arm=arms[k // 3 % len(arms)],
            is_delayed=k % 9 == 0,
            is_complete=k % 10 != 0,
        )
        for k, start in enumerate(np.sort(rng.uniform(0, days, count)).tolist())
    ]


SCHEMES = (
    "complete",
    "random_blocks(4, 6)",
    "efron(2/3)",
    "big_stick(3)",
    "minimisation of Pocock and Simon $",
)


def allocation(names=SCHEMES, trials=1_000, null=NullHypothesis.NONE):
    def estimate(mean):
        return PairedEstimate(mean, 0.01, 0.0, 0.01)

    schemes = []
    for k, name in enumerate(names):
        level = None if null is NullHypothesis.STRONG else estimate(0.05 + 0.002 * k)
        analysis = SchemeAnalysis(
            "log_rank", 0.05, estimate(0.8 - 0.01 * k), estimate(0.8), level, level, "Log-rank"
        )
        schemes.append(
            SchemeResult(
                name=name,
                scheme=name,
                options={},
                factors_as=FactorUse.NONE,
                trials=trials,
                method=Method.SIMULATED if trials else Method.EXACT,
                metrics={"imbalance_index": 0.9**k, "correct_guesses": 0.5 + 0.06 * k},
                simulated_metrics={},
                best_guesser=Guesser.OVERALL,
                guessers={},
                trial={},
                covariate_imbalance={},
                analyses=(analysis,) if trials else (),
                strata=(),
                margins=(),
                z_test_level=None,
                t_test_level=None,
            )
        )
    return Allocation(
        scenario="nct05484908",
        seed=1,
        version="0",
        patients=60,
        trials=trials,
        null_hypothesis=null,
        arms=ARMS,
        selection_bias=None,
        drift=None,
        z_test_effect=None,
        schemes=tuple(schemes),
        interrupted=False,
    )


def extents(figure):
    """Return text and box, in pixels, of every text that the figure shows."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {tick.label1, tick.label2}
    shown = [
        text
        for text in figure.findobj(Text)
        if text.get_visible()
        and text.get_text().strip()
        and text not in hidden
        and (text.axes is None or text.axes.axison or text in text.axes.texts)
    ]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in shown]


def said(figure):
    return [" ".join(text.split()) for text, _ in extents(figure)]


def assert_nothing_collides(figure):
    """Assert that texts neither meet each other nor leave the canvas, to a pixel at 100 an inch."""
    boxes, canvas = extents(figure), figure.bbox
    for text, box in boxes:
        assert min(box.x0, box.y0) >= -1, text
        assert max(box.x1 - canvas.x1, box.y1 - canvas.y1) <= 1, text
    for (one, a), (other, b) in combinations(boxes, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1, (one, other)


def size_curve(limited=False, **changes):
    """A search that tried numbers of patients from 60 to 600."""
    points = [
        curve_point(
            float(n),
            float(min(n, 317) if limited else n),
            1000,
            round(1000 * (1 - math.exp(-n / 180))),
            target_reached=float(not limited or n < 317),
        )
        for n in range(60, 601, 60)
    ]
    fitted = [
        FittedPower(x, p, p - 0.02, p + 0.02)
        for x in range(200, 400, 20)
        for p in [1 - math.exp(-x / 180)]
    ]
    limit = RecruitmentLimit(360.0, 730.0, 316.8, 0.2) if limited else None
    made = replace(
        size_answer(),
        answer=SizeEstimate(291.0, 270.0, 320.0, 0.8, 0.01, 0.95, SizeBasis.TREND),
        curve=tuple(points),
        fitted=tuple(fitted),
        recruitment=limit,
    )
    return replace(made, **changes)


EXACT = SizeEstimate(300.0, 300.0, 300.0, 0.811, 0.0, 0.95, SizeBasis.LASTING)
FIGURES = {
    "survival": lambda: draw_survival(survival_points(), SHORT_TITLE),
    "survival, four long arms, one trial": lambda: draw_survival(
        survival_points(LONG_ARMS + ARMS, 0, 730), LONG_TITLE
    ),
    "flow": lambda: draw_flow(flow(), SHORT_TITLE),
    "flow, no criteria": lambda: draw_flow(flow(LONG_ARMS, (), None, False), LONG_TITLE),
    "flow, three arms": lambda: draw_flow(flow(LONG_ARMS + ARMS[:1], CRITERIA, 2.3), LONG_TITLE),
    "recruitment": lambda: draw_recruitment(
        recruitment_points(), RecruitmentPlan(60, 800.0), SHORT_TITLE
    ),
    "recruitment, one trial": lambda: draw_recruitment(
        recruitment_points(0), RecruitmentPlan(60, None), LONG_TITLE
    ),
    "recruitment, late": lambda: draw_recruitment(
        recruitment_points(), RecruitmentPlan(90, 1500.0), LONG_TITLE
    ),
    "meld": lambda: draw_meld(meld_points(), SHORT_TITLE),
    "meld, many visits": lambda: draw_meld(meld_points(LONG_ARMS, 0, range(0, 91, 5)), LONG_TITLE),
    "sessions": lambda: draw_sessions(session_points(), plasma_points(), SHORT_TITLE),
    "sessions, long arms, one trial": lambda: draw_sessions(
        session_points(LONG_ARMS), plasma_points(3, 0), LONG_TITLE
    ),
    "power": lambda: draw_power_curve(rate_points(), "patients", SHORT_TITLE),
    "size": lambda: draw_size_curve(size_curve(), SHORT_TITLE),
    "size, exact": lambda: draw_size_curve(
        size_curve(
            answer=EXACT,
            curve=tuple(replace(p, exact_power=p.power + 0.01) for p in size_curve().curve),
        ),
        LONG_TITLE,
    ),
    "size, recruitment is the limit": lambda: draw_size_curve(
        size_curve(limited=True, answer=None, fitted=()), LONG_TITLE
    ),
    "size, unbounded interval": lambda: draw_size_curve(
        size_curve(answer=SizeEstimate(700.0, 270.0, math.nan, 0.8, 0.01, 0.95, SizeBasis.TREND)),
        SHORT_TITLE,
    ),
    "size, in favour of one arm": lambda: draw_size_curve(
        size_curve(limited=True, favoured=True), LONG_TITLE
    ),
    "power, many analyses": lambda: draw_power_curve(
        rate_points([f"analysis {k} of a long name" for k in range(11)]), "patients", LONG_TITLE
    ),
    "power, low": lambda: draw_power_curve(
        rate_points(("fisher",), top=0.06), "ratio", LONG_TITLE, target=0.05, rate="type I error"
    ),
    "power, words": lambda: draw_power_curve(
        rate_points(xs=["complete", "random_blocks", "minimisation of Pocock"]), "", SHORT_TITLE
    ),
    "power, crowded words": lambda: draw_power_curve(
        rate_points(xs=[f"scheme_{k}_with_long_name" for k in range(12)]), "scheme", LONG_TITLE
    ),
    "heat map": lambda: draw_heat_map(heat_points(), "patients", "hazard ratio", SHORT_TITLE),
    "heat map, words": lambda: draw_heat_map(
        heat_points(("complete", "minimisation of Pocock"), ("no bias", "drift"), 0.2),
        "scheme",
        "bias",
        LONG_TITLE,
    ),
    "heat map, long names": lambda: draw_heat_map(
        heat_points((60, 120), (0.5, 0.6)),
        "Probability of liver-related death by the horizon of the baseline hazard (proportion)",
        "Hazard ratio of a full course of double plasma molecular adsorption against none, or so",
        LONG_TITLE,
    ),
    "heat map, one cell": lambda: draw_heat_map(heat_points((60,), (0.5,)), "x", "y", LONG_TITLE),
    "swimmer": lambda: draw_swimmer(swimmer_patients(24), 84, SHORT_TITLE),
    "swimmer, 110 patients": lambda: draw_swimmer(swimmer_patients(110, LONG_ARMS), 84, LONG_TITLE),
    "swimmer, two patients": lambda: draw_swimmer(swimmer_patients(2), 84, LONG_TITLE),
    "gantt": lambda: draw_gantt(
        gantt_days(), gantt_sessions(), SHORT_TITLE, first_day=700, last_day=755, capacity_litres=12
    ),
    "gantt, busy": lambda: draw_gantt(
        gantt_days(900, stock=False), gantt_sessions(2000, 900, LONG_ARMS), LONG_TITLE
    ),
    "gantt, idle": lambda: draw_gantt(gantt_days(20), [], SHORT_TITLE),
    "schemes": lambda: draw_schemes(allocation()),
    "schemes, exact": lambda: draw_schemes(allocation(trials=0)),
    "schemes, strong null": lambda: draw_schemes(allocation(null=NullHypothesis.STRONG)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_texts_neither_meet_nor_leave_the_canvas(name):
    figure = FIGURES[name]()
    assert_nothing_collides(figure)
    title = " ".join(figure.get_suptitle().split())  # the flow has its own
    assert title in (SHORT_TITLE, LONG_TITLE, "") or name.startswith("schemes")


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_survival([], "t"),
        lambda: draw_flow(flow(arms=()), "t"),
        lambda: draw_recruitment([], RecruitmentPlan(60, None), "t"),
        lambda: draw_meld([], "t"),
        lambda: draw_sessions([], plasma_points(), "t"),
        lambda: draw_sessions(session_points(), [], "t"),
        lambda: draw_power_curve([], "x", "t"),
        lambda: draw_heat_map([], "x", "y", "t"),
        lambda: draw_swimmer([], 84, "t"),
        lambda: draw_gantt([], [], "t"),
        lambda: draw_gantt(gantt_days(20), [], "t", first_day=50),
    ],
)
def test_nothing_is_not_drawn(draw):
    with pytest.raises(ValueError, match="nothing to draw"):
        draw()


@pytest.mark.parametrize("name", ["survival", "heat map, one cell"])
def test_a_figure_drawn_again_is_saved_as_the_same_bytes(name, tmp_path):
    once = style.save(FIGURES[name](), tmp_path / "once.1")
    again = style.save(FIGURES[name](), tmp_path / "again")
    assert [path.name for path in once] == ["once.1.svg", "once.1.png"]
    for one, other in zip(once, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert len(list(tmp_path.iterdir())) == 4  # nothing is left of what was written aside


def test_looks_differ_in_grey_from_their_neighbours():
    def grey(colour):
        red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    greys = [grey(look.colour) for look in style.LOOKS]
    assert all(abs(a - b) > 25 for a, b in pairwise(greys))
    assert len({str(look.line) for look in style.LOOKS}) == len(style.LOOKS)
    assert len({look.marker for look in style.LOOKS}) == len(style.LOOKS)


def test_wrapped_text_keeps_its_letters_and_its_width():
    text = "an extraordinarily_long_identifier_without_any_space and a few words"
    wrapped = style.wrap(text, 60, 8)
    assert wrapped.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    assert max(style.text_width(line, 8) for line in wrapped.split("\n")) <= 60


def test_survival_has_a_step_curve_and_the_numbers_at_risk_of_each_arm():
    points = survival_points()
    figure = draw_survival(points, SHORT_TITLE)
    axes, table = figure.axes
    for line, arm in zip(axes.lines, ARMS, strict=True):
        assert line.get_drawstyle() == "steps-post"
        survival = [100 * point.survival for point in points if point.arm == arm]
        assert line.get_ydata().tolist() == pytest.approx(survival)
    at_risk = [
        f"{point.at_risk:.1f}"
        for arm in ARMS
        for point in points
        if point.arm == arm and point.day in range(0, 85, 14)
    ]
    assert [text.get_text() for text in table.texts] == at_risk
    assert any("90 % range" in text for text in said(figure))
    assert not any("90 %" in text for text in said(draw_survival(survival_points(spread=0), "t")))


def test_flow_holds_every_number_once_and_every_reason():
    found = flow(turned_away=2.34)
    texts = said(draw_flow(found, SHORT_TITLE))
    numbers = [e.mean for e in found.excluded] + [sum(e.mean for e in found.excluded)]
    numbers += [found.screened, found.refused, found.turned_away, found.randomised]
    for arm in found.arms.values():
        numbers += [e.mean for e in vars(arm).values() if isinstance(e, Estimate)]
        numbers.append(arm.left_out["lost"].mean)  # the others are 0, and no lines
    written = [text for text in texts if text.replace(".", "").isdigit()]
    assert sorted(written) == sorted(f"{number:.1f}" for number in numbers)
    for step, text in CRITERIA:
        assert step in texts
        assert text in " ".join(texts)


def test_flow_ends_with_those_analysed_and_why_others_are_not():
    texts = said(draw_flow(flow(), SHORT_TITLE))
    assert texts.count("Analysed") == texts.count("by Fisher's exact test") == len(ARMS)
    assert texts.count("Excluded: lost to follow-up") == len(ARMS)
    everybody = arm_flow(30.0, left_out={"lost": Estimate(0.0, 0.0)})
    all_used = replace(flow(), arms=dict.fromkeys(ARMS, everybody))
    assert said(draw_flow(all_used, SHORT_TITLE)).count("Excluded") == len(ARMS)


def test_a_criterion_is_worded_as_the_reason_for_exclusion():
    excluded = flow_of(power_answer()).excluded
    assert [(e.label, e.reason) for e in excluded] == [("I6", "INR of 1.5 or less")]


def test_flow_without_criteria_has_no_box_of_the_excluded():
    texts = said(draw_flow(flow(criteria=(), has_sessions=False), SHORT_TITLE))
    words = ("by the first reason", "Refused", "session", "Turned")
    assert not any(word in text for text in texts for word in words)


def test_the_bands_of_recruitment_hold_its_mean_and_meet_it_at_the_end():
    """All are joined alike between the days seen, so that none trails another."""
    points = recruitment_points()
    axes = draw_recruitment(points, RecruitmentPlan(60, None), SHORT_TITLE).axes[0]
    median, mean = axes.lines[:2]
    assert {line.get_drawstyle() for line in (median, mean)} == {"default"}
    assert mean.get_xdata()[-1] == median.get_xdata()[-1]
    for band in axes.collections:
        corners = band.get_paths()[0].vertices
        # A band that is held back in steps has corners between the days seen.
        assert set(corners[:, 0]) <= set(mean.get_xdata())
        assert corners[:, 0].max() == mean.get_xdata()[-1]


def test_size_curve_draws_the_fit_and_joins_no_points():
    (axes,) = draw_size_curve(size_curve(), SHORT_TITLE).axes
    lines = [
        line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2
    ]
    (fit,) = lines
    assert fit.get_xdata().tolist() == [point.value for point in size_curve().fitted]
    tried = [line for line in axes.lines if line.get_marker() == "o"]
    assert {line.get_linestyle() for line in tried} == {"None"}


def test_size_curve_says_where_recruitment_is_the_limit():
    """Open symbols from 360 planned patients on, where 317 at the most come."""
    figure = draw_size_curve(size_curve(limited=True, answer=None, fitted=()), SHORT_TITLE)
    (axes,) = figure.axes
    opened = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [x for line in opened for x in line.get_xdata()] == [360, 420, 480, 540, 600]
    text = " ".join(" ".join(said(figure)).split())
    assert "Recruitment is the limit from 360 planned patients on" in text
    assert "at most 316.8 are randomised on average" in text
    assert axes.get_xlabel() == "Patients to be randomised"


def test_recruitment_has_its_target_and_the_planned_month():
    figure = draw_recruitment(recruitment_points(), RecruitmentPlan(60, 800.0), SHORT_TITLE)
    assert {"target 60", f"planned end of recruitment: month {800 / 30.4375:.1f}"} <= set(
        said(figure)
    )
    without = said(draw_recruitment(recruitment_points(), RecruitmentPlan(60, None), SHORT_TITLE))
    assert not any("planned end" in text for text in without)


def test_meld_says_that_arms_are_not_alike_and_leaves_missing_visits_out():
    figure = draw_meld(meld_points(), SHORT_TITLE)
    assert any("alive and assessed: not a randomised comparison" in t for t in said(figure))
    first, second = (line.get_ydata() for line in figure.axes[0].lines)
    assert not np.isnan(first).any()
    assert np.isnan(second).tolist() == [False] * 4 + [True, False]
    assert "17.7" in [text.get_text() for text in figure.axes[1].texts]


def test_sessions_are_framed_as_planned_and_filled_as_delivered():
    axes, plasma = draw_sessions(session_points(), plasma_points(), SHORT_TITLE).axes
    bars = [bar for bar in axes.patches if bar.get_height() > 0]
    filled = sorted(bar.get_height() for bar in bars if bar.get_fill())
    framed = sorted(bar.get_height() for bar in bars if not bar.get_fill())
    points = [point for point in session_points() if point.planned]
    assert filled == pytest.approx(sorted(point.delivered for point in points))
    assert framed == pytest.approx(sorted(point.planned for point in points))
    litres = [point.litres_per_week for point in plasma_points()]
    assert plasma.lines[0].get_ydata().tolist() == pytest.approx(litres)


def test_power_curve_has_a_line_an_analysis_and_says_what_it_leaves_out():
    few = draw_power_curve(rate_points(), "patients", SHORT_TITLE)
    assert few.axes[0].lines[0].get_ydata().tolist() == pytest.approx(
        [100 * point.power for point in rate_points(("log-rank",))]
    )
    assert {"80 %", "log-rank", "fisher"} <= set(said(few))
    assert few.axes[0].get_ylim() == (0, 100)
    many = said(FIGURES["power, many analyses"]())
    assert any("Only the first 8 of 11 analyses are drawn." in text for text in many)
    assert sum("of a long name" in text for text in many) == 8


def test_power_curve_of_low_rates_follows_them_and_says_where_the_target_is():
    low = FIGURES["power, low"]()
    assert low.axes[0].get_ylim()[1] < 15
    assert "5 %" in said(low)
    above = draw_power_curve(rate_points(top=0.06), "ratio", SHORT_TITLE)
    assert "80 %" not in said(above)
    assert any("target of 80 % is above the axis" in text for text in said(above))


def test_size_curve_marks_the_answer_with_its_interval():
    assert "80 % at 291 (95 % confidence interval 270 to 320)" in said(FIGURES["size"]())
    assert "80 % at 700" in said(FIGURES["size, unbounded interval"]())


def test_heat_map_writes_every_cell_and_draws_the_line_where_power_crosses():
    figure = FIGURES["heat map"]()
    axes = figure.axes[0]
    cells = sorted(text.get_text() for text in axes.texts)
    assert cells == sorted(f"{100 * point.power:.0f}" for point in heat_points())
    power = np.array([point.power for point in heat_points()]).reshape(6, 5).T
    xs, ys = [60, 120, 180, 240, 320, 400], [0.5, 0.6, 0.7, 0.8, 0.9]
    (line,) = (found for found in axes.collections if isinstance(found, ContourSet))
    for x, y in line.get_paths()[0].vertices:
        # On an edge of the grid of cells' middles the line has the target by interpolation.
        at = [np.interp(x, xs, row) for row in power]
        assert np.interp(y, ys, at) == pytest.approx(0.8)
    assert any("No cell reaches 80 %" in text for text in said(FIGURES["heat map, words"]()))


def mesh_of(figure):
    (mesh,) = (found for found in figure.axes[0].collections if isinstance(found, QuadMesh))
    return mesh.get_coordinates()


def test_cells_of_a_heat_map_stand_where_their_values_are():
    """Edges half way between neighbours: of 60, 120, 180, 240, 320, 400 at 30, 90, ..., 440."""
    corners = mesh_of(FIGURES["heat map"]())
    assert corners[0, :, 0].tolist() == [30, 90, 150, 210, 280, 360, 440]
    assert corners[:, 0, 1].tolist() == pytest.approx([0.45, 0.55, 0.65, 0.75, 0.85, 0.95])
    # 1, 10, 100 and 1000 are evenly apart on a log axis: edges at 10 to the power of a half.
    tens = draw_heat_map(heat_points((1, 10, 100, 1000)), "x", "y", SHORT_TITLE)
    assert mesh_of(tens)[0, :, 0].tolist() == pytest.approx([10 ** (k - 0.5) for k in range(5)])
    assert tens.axes[0].get_xscale() == "log"
    assert not any("drawn alike" in text for text in said(tens))


def test_cells_too_narrow_for_their_place_are_drawn_alike_and_the_figure_says_so():
    uneven = draw_heat_map(heat_points((0, 1, 2, 1000)), "x", "y", SHORT_TITLE)
    assert mesh_of(uneven)[0, :, 0].tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert any("drawn alike, however far their values" in text for text in said(uneven))
    assert not any(isinstance(found, ContourSet) for found in uneven.axes[0].collections)
    assert_nothing_collides(uneven)


def test_a_plan_between_the_cells_is_told_and_makes_no_holes():
    between = [*heat_points(), HeatPoint(150, 0.85, 0.123, 0.005, is_plan=True)]
    figure = draw_heat_map(between, "x", "y", SHORT_TITLE)
    assert mesh_of(figure).shape == (6, 7, 2)
    assert any("The plan (150; 0.85) is not among the cells: its power is 12.3 %" in text
               for text in said(figure))  # fmt: skip
    assert_nothing_collides(figure)


def test_the_plan_among_the_cells_has_a_frame_and_cells_not_run_are_hatched():
    first, *others = heat_points()
    figure = draw_heat_map([replace(first, is_plan=True), *others[:-1]], "x", "y", SHORT_TITLE)
    frames = [p for p in figure.axes[0].patches if not p.get_fill()]
    assert [frame.get_xy() for frame in frames] == [pytest.approx((30.0, 0.45))] * 2
    text = " ".join(said(figure))
    assert "Frame: the plan." in text
    assert "Hatched: not simulated" in text


def test_a_heat_map_marks_where_recruitment_is_the_limit():
    points = [replace(p, is_short=p.x == 400, randomised=317.2) for p in heat_points()]
    figure = draw_heat_map(points, "x", "y", SHORT_TITLE)
    stars = [text for text in said(figure) if text.endswith("*")]
    assert sorted(stars) == sorted(f"{100 * p.power:.0f}*" for p in points if p.is_short)
    assert any("than planned (a mean of 317.2)" in text for text in said(figure))
    assert_nothing_collides(figure)


def test_a_power_curve_says_how_many_are_randomised_and_where_recruitment_is_the_limit():
    """A target of 200 brings 138.6: the curve is of those, and says so."""
    points = [
        RatePoint(x, "fisher", 0.5, 0.48, 0.52, randomised=n, is_short=n < x, is_plan=x == 60)
        for x, n in ((60, 60.0), (120, 120.0), (200, 138.6))
    ]
    figure = draw_power_curve(points, "patients", SHORT_TITLE)
    texts = said(figure)
    assert {"Patients randomised", "60.0", "120.0", "138.6*"} <= set(texts)
    assert any("*: recruitment is the limit" in text for text in texts)
    assert any("Dotted line: the plan." in text for text in texts)
    assert_nothing_collides(figure)
    assert "Patients randomised" not in said(FIGURES["power"]())


def test_many_analyses_stand_aside_within_the_axes():
    """Seven analyses at three values: every point lies within, and none wastes half the width."""
    names = [f"analysis {k}" for k in range(7)]
    figure = draw_power_curve(rate_points(names, xs=(3.0, 4.2, 5.0)), "hours", SHORT_TITLE)
    axes = figure.axes[0]
    figure.draw_without_rendering()
    inside = axes.get_window_extent()
    for line in axes.lines:
        if len(line.get_xdata()) == 3:
            spots = line.get_transform().transform(np.column_stack(line.get_data()))
            assert (spots[:, 0] > inside.x0).all()
            assert (spots[:, 0] < inside.x1).all()
            assert np.ptp(spots[:, 0]) > 0.8 * inside.width


def test_characters_without_a_font_are_numbers_that_the_figure_explains(monkeypatch, tmp_path):
    """Where no font has them they would be boxes; 4E2D and 5FC3 are the characters' numbers."""
    monkeypatch.setattr(style, "families", lambda: ("DejaVu Sans",))
    style._can_be_set.cache_clear()
    arms = ("\u4e2d\u5fc3", "PE")
    figure = draw_survival(survival_points(arms), SHORT_TITLE)
    style.save(figure, tmp_path / "s", ("png",))
    assert "<4E2D><5FC3>" in said(figure)
    assert any(style.NO_FONT in text for text in said(figure))
    assert_nothing_collides(figure)
    drawn = draw_flow(flow(arms), SHORT_TITLE)
    for _ in range(2):  # saying it once is enough, however often the figure is saved
        style.save(drawn, tmp_path / "f", ("png",))
        assert " ".join(said(drawn)).count(style.NO_FONT) == 1
    assert_nothing_collides(drawn)
    style._can_be_set.cache_clear()


def test_characters_are_set_in_the_first_font_that_has_them(monkeypatch):
    """The sign for a script that DejaVu Sans lacks, in a font that comes with matplotlib too."""
    lacking = "\ue000"  # of a private range, which STIX fills and DejaVu does not
    monkeypatch.setattr(style, "families", lambda: ("DejaVu Sans", "STIXNonUnicode"))
    style._can_be_set.cache_clear()
    assert style.plain(lacking) == lacking
    monkeypatch.setattr(style, "families", lambda: ("DejaVu Sans",))
    style._can_be_set.cache_clear()
    assert style.plain(lacking) == "<E000>"
    style._can_be_set.cache_clear()


def test_fonts_for_other_scripts_are_taken_where_they_are_installed(monkeypatch):
    one = font_manager.fontManager.ttflist[0]
    found = [*font_manager.fontManager.ttflist, replace(one, name="SimHei")]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", found)
    style.families.cache_clear()
    assert style.families()[0] == "DejaVu Sans"
    assert "SimHei" in style.families()
    style.families.cache_clear()


def test_the_axis_of_imbalance_has_numbers_at_its_ticks():
    axes = draw_schemes(allocation()).axes[0]
    axes.figure.draw_without_rendering()
    low, high = axes.get_xlim()
    shown = [t.get_text() for t in axes.get_xticklabels() if low <= t.get_position()[0] <= high]
    assert len(shown) >= 2
    assert shown == [f"{float(text):g}" for text in shown]


def test_schemes_say_how_many_are_randomised_where_fewer_are_than_planned():
    short = allocation()
    few = replace(short.schemes[0], trial={"patients": PairedEstimate(14.4, 0.1, 0.0, 0.0)})
    title = draw_schemes(replace(short, schemes=(few, *short.schemes[1:]))).get_suptitle()
    assert "60 patients planned, a mean of 14.4 randomised" in " ".join(title.split())
    assert "planned" not in draw_schemes(short).get_suptitle()


def test_schemes_have_the_colours_of_the_other_figures():
    axes = draw_schemes(allocation()).axes[0]
    points = [line for line in axes.lines if line.get_marker() not in (None, "None", "")]
    assert [line.get_color() for line in points] == [
        style.look(0).colour, *[style.look(1).colour] * 4,
    ]  # fmt: skip


def test_swimmer_sorts_by_arm_then_length_and_refuses_unknown_words():
    patients = swimmer_patients(20)
    axes = draw_swimmer(patients, 84, SHORT_TITLE).axes[0]
    order = [int(label.get_text()) for label in axes.get_yticklabels()]
    ends = [[patients[k].end_day for k in order if k % 2 == arm] for arm in (0, 1)]
    assert [k % 2 for k in order] == [0] * 10 + [1] * 10
    assert all(row == sorted(row, reverse=True) for row in ends)
    with pytest.raises(ValueError, match="patient 0: no outcome is called well"):
        draw_swimmer([replace(patients[0], outcome="well")], 84, "t")
    late = SwimmerSession(1.0, 2.0, "late")
    with pytest.raises(ValueError, match="patient 0: no session is called late"):
        draw_swimmer([replace(patients[0], sessions=(late,))], 84, "t")


def test_gantt_shows_the_busiest_days_and_says_so():
    sessions = gantt_sessions(50) + [
        replace(gantt_sessions(1)[0], start_day=400.4 + k, end_day=400.5 + k) for k in range(56)
    ]
    texts = said(draw_gantt(gantt_days(), sessions, SHORT_TITLE))
    assert any("Days 400 to 455 of 0 to 899, the 56 in which most" in text for text in texts)


def test_bars_of_one_line_of_the_gantt_do_not_overlap():
    axes = FIGURES["gantt, busy"]().axes[0]
    bars = [patch.get_bbox() for patch in axes.patches if patch.get_height() < 0.8]
    lines = {}
    for box in bars:
        lines.setdefault(round((box.y0 + box.y1) / 2), []).append((box.x0, box.x1))
    assert len(bars) > 90
    for line in lines.values():
        ordered = sorted(line)
        assert all(a[1] <= b[0] for a, b in pairwise(ordered))


def event(day, own_day, name, patient, arm, /, **details):
    return TraceEvent(day, own_day, name, patient, arm, details)


def story():
    """A trace of three days and two patients: one treated late, one who dies during a session."""
    low, full = (0, "low dose; half"), (1, "full")
    nobody = None, None
    events = (
        event(0.25, None, "unit opens", *nobody, site=0),
        event(0.25, None, "plasma delivered", *nobody, site=0, litres=1.5, refused=0.0),
        event(0.25, None, "background served", *nobody, site=0, sessions=4, litres=3.0),
        event(0.3, 0.0, "randomised", *low, candidate=1, probability=0.5, draw=0.7),
        event(0.3, 0.0, "session due", *low, session=0),
        event(0.3, None, "screening failed", *nobody, candidate=2, site=0, criterion="I4"),
        event(0.31, 0.01, "skipped: no plasma", *low),
        event(0.4, 0.0, "randomised", *full, candidate=3, probability=0.5, draw=0.1),
        event(0.4, 0.0, "session due", *full, session=0),
        event(0.5, 0.2, "patient-day", *low, day=0, meld_native=28.0, meld_seen=28.0),
        event(2.25, None, "unit opens", *nobody, site=0),
        event(2.25, None, "plasma delivered", *nobody, site=0, litres=4.0, refused=0.5),
        event(2.25, 1.95, "session starts", *low, session=0, modality="DPMAS + low"),
        event(2.3, 1.9, "session starts", *full, session=0, modality="PE"),
        event(2.35, 1.95, "liver", *full, after_days=1.95),
        event(2.4, 2.1, "session ends", *low, session=0, fraction=0.4),
        event(2.5, 2.2, "session due", *low, session=1),
        event(2.6, 2.3, "withdrawal", *low, after_days=2.3),
        event(2.8, 2.5, "end of follow-up", *low),
    )
    first = TracePatient(
        patient=0,
        candidate=1,
        arm="low dose; half",
        entry_day=0.3,
        baseline_meld=28.0,
        sessions=("cut_short", "left"),
        sessions_delivered=1,
        plasma_litres=1.0,
        outcomes=(("withdrawal", 2.3),),
    )
    second = replace(
        first,
        patient=1,
        arm="full",
        entry_day=0.4,
        sessions=("ended_by_exit", "not_due"),
        outcomes=(("liver death", 1.95),),
    )
    return Trace(
        scenario="story",
        seed=1,
        trial=0,
        patient=None,
        follow_up_days=2.5,
        screened=3,
        randomised=2,
        recruitment_end_day=0.4,
        trial_end_day=2.8,
        deaths={"full": 1, "low dose; half": 0},
        randomised_by_arm={"full": 1, "low dose; half": 1},
        analyses=(),
        patients=(first, second),
        has_unit=True,
        plasma=TracePlasma(6.0, None, {"DPMAS + low": 1.0, "PE": 2.0}),
        event_count=len(events),
        all_events=events,
    )


def test_days_of_a_trace_hold_the_stock_the_queue_and_what_was_short():
    days, _ = gantt_rows(story())
    assert [day.day for day in days] == [0, 1, 2]
    assert [day.stock_litres for day in days] == [4.5, 4.5, pytest.approx(5.5)]
    assert [day.queue for day in days] == [2, 2, 0]
    assert [day.is_short for day in days] == [True, False, False]
    assert [day.is_open for day in days] == [True, False, True]
    assert [day.background_sessions for day in days] == [4, 0, 0]
    without, _ = gantt_rows(replace(story(), plasma=None))
    assert {day.stock_litres for day in without} == {None}


def test_sessions_of_a_trace_are_delayed_by_over_a_day_and_end_with_their_patient():
    days, sessions = gantt_rows(story())
    assert [(s.patient, s.start_day, s.end_day) for s in sessions] == [
        (1, 2.3, pytest.approx(2.35)),
        (0, 2.25, 2.4),
    ]
    assert not any(session.is_complete for session in sessions)
    assert all(session.is_delayed for session in sessions)
    figure = draw_gantt(days, sessions, SHORT_TITLE)
    assert "delayed more than 1 day" in said(figure)
    assert_nothing_collides(figure)


def test_patients_of_a_trace_stand_by_arm_with_their_sessions_and_end():
    second, first = swimmer_rows(story())
    assert (second.arm, second.outcome, second.end_day) == ("full", "liver death", 1.95)
    (session,) = second.sessions
    assert (session.start, session.end) == (pytest.approx(1.9), pytest.approx(1.95))
    assert session.status == "ended_by_exit"
    # The session for which the first patient waited was neither delivered nor missed.
    assert [session.status for session in first.sessions] == ["cut_short"]
    assert (first.outcome, first.end_day, first.withdrawn_day) == ("completed", 2.5, 2.3)
    assert_nothing_collides(draw_swimmer([second, first], 3, SHORT_TITLE))


def test_what_nobody_saw_is_not_drawn():
    """A death after loss, and one after the end of follow-up."""
    trace = story()
    lost = replace(trace.patients[0], outcomes=(("loss", 1.0), ("liver death", 2.0)))
    later = replace(trace.patients[1], outcomes=(("liver death", 2.6),))
    second, first = swimmer_rows(replace(trace, patients=(lost, later)))
    assert (first.outcome, first.end_day) == ("loss", 1.0)
    assert (second.outcome, second.end_day) == ("completed", 2.5)


def test_a_trial_without_unit_and_sessions_has_no_days_of_a_unit():
    bare = replace(story(), patients=(), has_unit=False, plasma=None, all_events=())
    with pytest.raises(ValueError, match="no ALSS unit"):
        gantt_rows(bare)


def test_recruitment_plan_leaves_time_for_follow_up():
    trial = {"target_randomised": 60, "start_date": "2022-08-01", "follow_up_days": 84}
    planned = recruitment_plan({"trial": trial | {"planned_completion_date": "2024-08-31"}})
    assert planned == RecruitmentPlan(60, 761.0 - 84)
    open_ended = recruitment_plan({"trial": trial | {"planned_completion_date": None}})
    assert open_ended == RecruitmentPlan(60, None)


def test_schemes_have_their_rates_and_the_level_they_are_held_against():
    trade_off, power, level = draw_schemes(allocation()).axes
    assert {text.get_text().replace("\\", "") for text in trade_off.texts} == set(SCHEMES)
    places = [bar.lines[0].get_xydata()[0].tolist() for bar in power.containers]
    assert places == [[pytest.approx(80 - k), 5 - k] for k in range(5)]
    assert (power.get_xlabel(), level.get_xlabel()) == (
        "power of Log-rank (%)",
        "type I error of Log-rank (%)",
    )
    assert power.lines[-1].get_xdata()[0] == 80
    assert level.lines[-1].get_xdata()[0] == 5
    strong = draw_schemes(allocation(null=NullHypothesis.STRONG)).axes
    assert [axes.get_xlabel() for axes in strong[1:]] == ["type I error of Log-rank (%)"]
    assert strong[1].lines[-1].get_xdata()[0] == 5


def sweep(keys, values, null=NullHypothesis.NONE, threshold=0.8):
    mean = Estimate(1.0, 0.1)
    points = tuple(
        SweepPoint(
            values=dict(zip(keys, at, strict=True)),
            is_base=k == 0,
            analyses=tuple(
                PointPower(name, 0.04, 0.01, 0.03, 0.06, 0.0, 0.01, Judgement.LEVEL_HELD, label)
                for name, label in (("log_rank", "Log-rank"), ("fisher", "Fisher"))
            ),
            target_randomised=1,
            enrolment_days=Days(1.0, 0.1, 0.0, 2.0),
            target_reached=Share(1.0, 0.9, 1.0),
            on_time=None,
            randomised=mean,
            mortality=dict.fromkeys(ARMS, mean),
            lost=dict.fromkeys(ARMS, mean),
            patients=dict.fromkeys(ARMS, mean),
            sessions_delivered=dict.fromkeys(ARMS, mean),
            plasma_litres=dict.fromkeys(ARMS, mean),
            short_of_plasma_share=dict.fromkeys(ARMS, mean),
        )
        for k, at in enumerate(values)
    )
    base = points[0].values
    return Sweep("small", "Small", 1, 400, "0", null, threshold, keys, base, False, points)


@pytest.mark.parametrize(
    ("keys", "values", "name", "words"),
    [
        (("date",), [(None,), ("2030-01-01",)], "power_curve", ["null", "power (%)"]),
        (("n", "on"), [(60, True), (80, True)], "heat_map", ["true", "Power of Log-rank."]),
    ],
)
def test_sweeps_over_one_and_two_keys_have_their_pictures(keys, values, name, words, tmp_path):
    pictures = draw_sweep(sweep(keys, values), tmp_path)
    assert pictures == {name: (tmp_path / f"{name}.png", tmp_path / f"{name}.svg")}
    assert all(path.is_file() for path in pictures[name])
    svg = pictures[name][1].read_text()
    # Texts are drawn as outlines, each under its own words as a comment.
    assert all(f"<!-- {word}" in svg for word in words)


def test_sweeps_over_three_keys_have_no_picture(tmp_path):
    assert draw_sweep(sweep(("a", "b", "c"), [(1, 2, 3)]), tmp_path) == {}


def test_a_sweep_under_the_strong_null_is_held_against_the_level(tmp_path):
    null = sweep(("n",), [(60,), (80,)], NullHypothesis.STRONG, 0.05)
    svg = draw_sweep(null, tmp_path, ("svg",))["power_curve"][1].read_text()
    assert "<!-- type I error (%) -->" in svg
    assert "<!-- 5 % -->" in svg
    assert "80 %" not in svg


def test_pictures_of_a_trace_and_of_schemes_are_saved_under_their_names(tmp_path):
    assert set(draw_trace(story(), tmp_path)) == {"swimmer", "gantt"}
    assert set(draw_trace(replace(story(), has_unit=False), tmp_path)) == {"swimmer"}
    assert set(draw_allocation(allocation(trials=0), tmp_path)) == {"schemes"}
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {f"{n}.{k}" for n in ("swimmer", "gantt", "schemes") for k in ("png", "svg")}
