"""Every kind of figure by name, short and crowded."""

import math
from dataclasses import replace
from datetime import date

from figure_answers import EXACT, SCHEMES, allocation, baseline_answer, size_curve
from figure_points import (
    ARMS,
    CRITERIA,
    LONG_ARMS,
    flow,
    gantt_days,
    gantt_sessions,
    heat_points,
    look_points,
    looks_answer,
    meld_points,
    plasma_points,
    rate_points,
    recruitment_points,
    session_points,
    stop_points,
    survival_points,
    swimmer_patients,
)

import simulator
from simulator.declarations.schemes import SCHEMES as DECLARED
from simulator.report.figures.baseline import draw_baseline
from simulator.report.figures.flow import draw_flow
from simulator.report.figures.gantt import draw_gantt
from simulator.report.figures.heat_map import draw_heat_map
from simulator.report.figures.looks import draw_boundaries, draw_looks
from simulator.report.figures.meld import draw_meld
from simulator.report.figures.power_curve import draw_power_curve
from simulator.report.figures.recruitment import RecruitmentPlan, draw_recruitment
from simulator.report.figures.schemes import draw_schemes
from simulator.report.figures.sessions import draw_sessions
from simulator.report.figures.size_curve import draw_size_curve
from simulator.report.figures.stops import draw_stops
from simulator.report.figures.survival import draw_survival
from simulator.report.figures.swimmer import draw_swimmer
from simulator.results.measures import NullHypothesis, Scale
from simulator.results.size import SizeBasis, SizeEstimate

_EVERY = {word: SCHEMES.get(word, {}) for word in DECLARED}
FIGURES = {
    "baseline": lambda: draw_baseline(baseline_answer()),
    "baseline, a curve": lambda: draw_baseline(baseline_answer("curve.csv")),
    "survival": lambda: draw_survival(survival_points()),
    "survival, four long arms, one trial": lambda: draw_survival(
        survival_points(LONG_ARMS + ARMS, 0, 730)
    ),
    "flow": lambda: draw_flow(flow()),
    "flow, no criteria": lambda: draw_flow(flow(LONG_ARMS, (), None, False)),
    "flow, three arms": lambda: draw_flow(flow(LONG_ARMS + ARMS[:1], CRITERIA, 2.3)),
    "recruitment": lambda: draw_recruitment(
        recruitment_points(), RecruitmentPlan(60, 800.0, date(2024, 10, 9))
    ),
    "recruitment, one trial": lambda: draw_recruitment(
        recruitment_points(0), RecruitmentPlan(60, None)
    ),
    "recruitment, late": lambda: draw_recruitment(
        recruitment_points(), RecruitmentPlan(90, 1500.0)
    ),
    "meld": lambda: draw_meld(meld_points()),
    "meld, many visits": lambda: draw_meld(meld_points(LONG_ARMS, 0, range(0, 91, 5))),
    "sessions": lambda: draw_sessions(session_points(), plasma_points()),
    "sessions, long arms, one trial": lambda: draw_sessions(
        session_points(LONG_ARMS), plasma_points(3, 0)
    ),
    "looks": lambda: draw_looks(looks_answer(), look_points(), ARMS[1]),
    "looks, boundaries alone": lambda: draw_looks(looks_answer(), (), ARMS[1]),
    "looks, a difference": lambda: draw_looks(
        looks_answer(Scale.PROPORTION), look_points(100, Scale.PROPORTION), LONG_ARMS[1]
    ),
    "looks, a long name": lambda: draw_looks(
        looks_answer(Scale.DAYS, measure="difference in restricted mean survival time"),
        look_points(5, Scale.DAYS),
        ARMS[1],
    ),
    "boundaries": lambda: draw_boundaries(
        simulator.boundaries(
            (0.3, 0.6, 1), "obrien_fleming", power=0.9, futility="hwang_shih_decani(-2)"
        )
    ),
    "boundaries, one look": lambda: draw_boundaries(simulator.boundaries((1,), "pocock")),
    "stops": lambda: draw_stops(stop_points(), 400),
    "stops, one kind": lambda: draw_stops(stop_points()[-2:], 400),
    "power": lambda: draw_power_curve(rate_points(), "patients"),
    "size": lambda: draw_size_curve(size_curve()),
    "size, exact": lambda: draw_size_curve(
        size_curve(
            answer=EXACT,
            curve=tuple(replace(p, exact_power=p.power + 0.01) for p in size_curve().curve),
        ),
    ),
    "size, recruitment is the limit": lambda: draw_size_curve(
        size_curve(limited=True, answer=None, fitted=())
    ),
    "size, unbounded interval": lambda: draw_size_curve(
        size_curve(answer=SizeEstimate(700.0, 270.0, math.nan, 0.8, 0.01, 0.95, SizeBasis.TREND)),
    ),
    "size, in favour of one arm": lambda: draw_size_curve(size_curve(limited=True, favoured=True)),
    "power, many analyses": lambda: draw_power_curve(
        rate_points([f"analysis {k} of a long name" for k in range(11)]), "patients"
    ),
    "power, low": lambda: draw_power_curve(
        rate_points(("fisher",), top=0.06), "ratio", target=0.05, rate="type I error"
    ),
    "power, words": lambda: draw_power_curve(
        rate_points(xs=["complete", "random blocks", "minimisation of Pocock"]), ""
    ),
    "power, crowded words": lambda: draw_power_curve(
        rate_points(xs=[f"scheme_{k}_with_long_name" for k in range(12)]), "scheme"
    ),
    "heat map": lambda: draw_heat_map(heat_points(), "patients", "hazard ratio"),
    "heat map, words": lambda: draw_heat_map(
        heat_points(("complete", "minimisation of Pocock"), ("no bias", "drift"), 0.2),
        "scheme",
        "bias",
    ),
    "heat map, long names": lambda: draw_heat_map(
        heat_points((60, 120), (0.5, 0.6)),
        "Mortality under the baseline hazard, by its horizon (proportion)",
        "Hazard ratio of a full course of double plasma molecular adsorption against none, or so",
    ),
    "heat map, one cell": lambda: draw_heat_map(heat_points((60,), (0.5,)), "x", "y"),
    "swimmer": lambda: draw_swimmer(swimmer_patients(24), 84),
    "swimmer, 110 patients": lambda: draw_swimmer(swimmer_patients(110, LONG_ARMS), 84),
    "swimmer, two patients": lambda: draw_swimmer(swimmer_patients(2), 84),
    "gantt": lambda: draw_gantt(
        gantt_days(), gantt_sessions(), first_day=700, last_day=755, capacity_litres=12
    ),
    "gantt, busy": lambda: draw_gantt(
        gantt_days(900, stock=False), gantt_sessions(2000, 900, LONG_ARMS)
    ),
    "gantt, idle": lambda: draw_gantt(gantt_days(20), []),
    "schemes": lambda: draw_schemes(allocation()),
    "schemes, exact": lambda: draw_schemes(allocation(trials=0)),
    "schemes, strong null": lambda: draw_schemes(allocation(null=NullHypothesis.STRONG)),
    "schemes, many": lambda: draw_schemes(allocation(_EVERY)),
    "power, days": lambda: draw_power_curve(
        rate_points(xs=[date(2024, 8, 31), date(2025, 2, 28), date(2026, 12, 31)]), "completion"
    ),
}
