"""The pictures of each kind of answer, drawn and saved: the front of `simulator.report.figures`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from simulator.report.figures import style
from simulator.report.figures.consort import flow_of
from simulator.report.figures.flow import draw_flow
from simulator.report.figures.gantt import draw_gantt
from simulator.report.figures.heat_map import HeatPoint, draw_heat_map
from simulator.report.figures.meld import draw_meld
from simulator.report.figures.numbers import RATES, Place
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
from simulator.report.figures.swimmer import draw_swimmer
from simulator.report.figures.traced import gantt_rows, swimmer_rows
from simulator.report.text.numbers import value_in_words
from simulator.results.allocation import Allocation
from simulator.results.base import Value
from simulator.results.curves import TRIALS_SEEN
from simulator.results.power import Power
from simulator.results.size import PATIENTS, Size
from simulator.results.sweep import Sweep
from simulator.results.trace import Trace

Pictures = dict[str, tuple[Path, Path]]  # PNG and SVG by name; those of other kinds are not there
Kinds = Sequence[str]
BOTH = "svg", "png"

__all__ = [
    "BOTH",
    "Kinds",
    "Pictures",
    "RecruitmentPlan",
    "draw_allocation",
    "draw_power",
    "draw_size",
    "draw_sweep",
    "draw_trace",
    "recruitment_plan",
]


def draw_power(power: Power, plan: RecruitmentPlan, folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw what becomes of a trial: flow, recruitment, survival, MELD, sessions.

    Parameters
    ----------
    plan
        Target and planned end of recruitment, as `recruitment_plan` makes it of a scenario.
    """
    curves, name = power.curves, f"{power.scenario}: {power.title}"
    if power.trials > TRIALS_SEEN:
        name += f". First {TRIALS_SEEN:,} of {power.trials:,} trials"
    figures = {
        "survival": draw_survival(curves.survival, f"Survival. {name}"),
        "flow": draw_flow(flow_of(power), f"Patients. {power.scenario}: {power.title}"),
        "recruitment": draw_recruitment(
            curves.recruitment,
            replace(plan, is_limit=power.operations.recruitment_is_the_limit),
            f"Recruitment. {name}",
        ),
    }
    if curves.meld:
        figures["meld"] = draw_meld(curves.meld, f"MELD. {name}")
    if curves.sessions and curves.plasma:
        title = f"Sessions and plasma. {name}"
        figures["sessions"] = draw_sessions(curves.sessions, curves.plasma, title)
    return _saved(figures, folder, kinds)


def draw_sweep(sweep: Sweep, folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw power over one key, a line for each analysis, or over two, of the first analysis.

    Patients randomised are shown where their number is varied, and where recruitment is the limit.
    """
    keys, rate = sweep.keys, RATES[sweep.null_hypothesis]
    names = [sweep.names.get(key, key) for key in keys]
    short = [point for point in sweep.points if point.recruitment_is_the_limit]
    is_told = PATIENTS in keys or bool(short)
    title = f"{sweep.scenario}: {sweep.trials:,} trials per point"
    if len(keys) == 1:
        points = [
            RatePoint(
                x=_place(point.values[keys[0]]),
                analysis=a.label or a.name,
                power=a.power,
                ci_low=a.ci_low,
                ci_high=a.ci_high,
                randomised=point.randomised.mean if is_told else None,
                is_short=point.recruitment_is_the_limit,
                is_plan=point.is_base,
            )
            for point in sweep.points
            for a in point.analyses
        ]
        title += ", 95 % intervals"
        curve = draw_power_curve(points, names[0], title, sweep.threshold, rate=rate)
        return _saved({"power_curve": curve}, folder, kinds)
    if len(keys) != 2:
        return {}
    cells = [
        HeatPoint(
            x=_place(point.values[keys[0]]),
            y=_place(point.values[keys[1]]),
            power=a.power,
            mcse=a.mcse,
            is_plan=point.is_base,
            is_short=point.recruitment_is_the_limit,
            randomised=point.randomised.mean,
        )
        for point in sweep.points
        for a in point.analyses[:1]
    ]
    first = sweep.points[0].analyses[0]
    of = f"{rate[0].upper()}{rate[1:]} of {first.label or first.name}"
    figure = draw_heat_map(cells, names[0], names[1], f"{of}. {title}", sweep.threshold, rate)
    return _saved({"heat_map": figure}, folder, kinds)


def _place(value: Value) -> Place:
    """Return a number as it is; a word, or what is neither, as the scenario writes it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else value_in_words(value)


def draw_size(size: Size, folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw what was tried, the fitted power curve, and the answer with its confidence interval."""
    title = f"{size.scenario}: {size.test_name}, {size.trials:,} trials in all"
    return _saved({"size": draw_size_curve(size, title)}, folder, kinds)


def draw_trace(trace: Trace, folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw one trial with all its patients: these, and its ALSS unit day by day."""
    name = f"{trace.scenario}, seed {trace.seed}, trial {trace.trial}"
    figures: dict[str, Figure] = {}
    patients = swimmer_rows(trace)
    if patients:
        figures["swimmer"] = draw_swimmer(patients, trace.follow_up_days, f"Patients of {name}")
    if trace.has_unit:
        capacity = trace.plasma.capacity_litres if trace.plasma else None
        figures["gantt"] = draw_gantt(
            *gantt_rows(trace), f"ALSS unit of {name}", capacity_litres=capacity
        )
    return _saved(figures, folder, kinds)


def draw_allocation(allocation: Allocation, folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw the schemes side by side."""
    return _saved({"schemes": draw_schemes(allocation)}, folder, kinds)


def _saved(figures: Mapping[str, Figure], folder: Path, kinds: Kinds) -> Pictures:
    for name, figure in figures.items():
        style.save(figure, folder / name, kinds)
    return {name: (folder / f"{name}.png", folder / f"{name}.svg") for name in figures}
