"""The pictures of each kind of answer, drawn and saved: the front of `simulator.report.figures`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from scipy.special import ndtri

from simulator.declarations.schemes import scheme_name
from simulator.report.figures import baseline as baseline_figure
from simulator.report.figures.acceptance import draw_acceptance
from simulator.report.figures.assurance import draw_assured
from simulator.report.figures.consort import flow_of
from simulator.report.figures.drawing import Drawing
from simulator.report.figures.flow import draw_flow
from simulator.report.figures.forest import draw_forest
from simulator.report.figures.gantt import draw_gantt
from simulator.report.figures.heat_map import HeatPoint, draw_heat_map
from simulator.report.figures.interim import draw_forecast, draw_observed
from simulator.report.figures.looks import draw_boundaries, draw_looks
from simulator.report.figures.meld import draw_meld
from simulator.report.figures.numbers import RATES, Place
from simulator.report.figures.pareto import draw_pareto
from simulator.report.figures.power_curve import RatePoint, draw_power_curve
from simulator.report.figures.recruitment import (
    RecruitmentPlan,
    draw_recruitment,
    recruitment_plan,
)
from simulator.report.figures.saving import KINDS, save
from simulator.report.figures.schemes import draw_schemes
from simulator.report.figures.sessions import draw_sessions
from simulator.report.figures.size_curve import draw_size_curve
from simulator.report.figures.stops import draw_stops
from simulator.report.figures.survival import draw_survival
from simulator.report.figures.swimmer import draw_swimmer
from simulator.report.figures.tornado import draw_tornado
from simulator.report.figures.traced import gantt_rows, swimmer_rows
from simulator.report.saved_picture import SavedPicture
from simulator.results.allocation import Allocation
from simulator.results.assurance import Assurance
from simulator.results.base import Value
from simulator.results.baseline import BaselineHazard
from simulator.results.boundaries import Boundaries
from simulator.results.calibration import Calibration
from simulator.results.curves import TRIALS_SEEN
from simulator.results.design import DesignSearch
from simulator.results.interim import Interim
from simulator.results.levers import Levers
from simulator.results.power import Power
from simulator.results.prior import Prior
from simulator.results.size import PATIENTS, Size
from simulator.results.sweep import Sweep
from simulator.results.trace import Trace

Pictures = dict[str, SavedPicture]  # by name
Kinds = Sequence[str]

__all__ = [
    "KINDS",
    "Kinds",
    "Pictures",
    "RecruitmentPlan",
    "draw_allocation",
    "draw_assurance",
    "draw_baseline",
    "draw_calibration",
    "draw_design",
    "draw_interim",
    "draw_levers",
    "draw_power",
    "draw_prior",
    "draw_size",
    "draw_sweep",
    "draw_trace",
    "recruitment_plan",
    "save_boundaries",
]


def draw_interim(interim: Interim, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw a running trial: its looks so far and their boundaries, and recruitment to come."""
    drawings: dict[str, Drawing] = {}
    if interim.looks:
        is_one_sided = interim.hypothesis.sides == "one-sided"
        favoured = "what is to be shown" if is_one_sided else interim.arms[1]
        end_z = None
        if interim.prospects is not None and not interim.final:
            end_z = float(-ndtri(interim.prospects.final_p / (1 if is_one_sided else 2)))
        drawings["looks"] = draw_observed(interim.looks, favoured, end_z)
    if interim.recruitment is not None and interim.recruitment.patients:
        drawings["forecast"] = draw_forecast(interim.recruitment, interim.cut)
    return _saved(drawings, f"{interim.scenario}, data of {interim.cut}", folder, kinds)


def save_boundaries(answer: Boundaries, path: Path) -> str:
    """Write the figure of a design's boundaries, in the format of the suffix; return its caption.

    The caption is written beside it as text.
    """
    return save(draw_boundaries(answer), path.with_suffix(""), [path.suffix[1:]])


def draw_power(power: Power, plan: RecruitmentPlan, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw what becomes of a trial: flow, recruitment, survival, MELD, sessions.

    Parameters
    ----------
    plan
        Target and planned end of recruitment, as `recruitment_plan` makes it of a scenario.
    """
    curves = power.curves
    limit = power.operations.recruitment_is_the_limit
    drawings = {
        "survival": draw_survival(curves.survival),
        "flow": draw_flow(flow_of(power)),
        "recruitment": draw_recruitment(curves.recruitment, replace(plan, is_limit=limit)),
    }
    if curves.meld:
        drawings["meld"] = draw_meld(curves.meld)
    if curves.sessions and curves.plasma:
        drawings["sessions"] = draw_sessions(curves.sessions, curves.plasma)
    if power.looks is not None and power.looks.boundaries is not None and curves.looks:
        drawings["looks"] = draw_looks(power.looks, curves.looks, power.arms[-1])
    if curves.stops:
        drawings["stops"] = draw_stops(curves.stops, min(power.trials, TRIALS_SEEN))
    of = f"{power.scenario}: {power.trials:,} simulated trials, seed {power.seed}"
    if power.trials > TRIALS_SEEN:
        of += f"; curves are of the first {TRIALS_SEEN:,}"
    return _saved(drawings, of, folder, kinds)


def draw_sweep(sweep: Sweep, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw power over one key, a line for each analysis, or over two, of the first analysis.

    Patients randomised are shown where their number is varied, and where recruitment is the limit.
    """
    keys, rate = sweep.keys, RATES[sweep.null_hypothesis]
    names = [sweep.names.get(key, key) for key in keys]
    places = {key: _places(key, [point.values[key] for point in sweep.points]) for key in keys}
    of = f"{sweep.scenario}: {sweep.trials:,} simulated trials per point, seed {sweep.seed}"
    is_told = PATIENTS in keys or any(point.recruitment_is_the_limit for point in sweep.points)
    if len(keys) == 1:
        points = [
            RatePoint(
                x=x,
                analysis=a.label or a.name,
                power=a.power,
                ci_low=a.ci_low,
                ci_high=a.ci_high,
                randomised=point.randomised.mean if is_told else None,
                is_short=point.recruitment_is_the_limit,
                is_plan=point.is_base,
            )
            for point, x in zip(sweep.points, places[keys[0]], strict=True)
            for a in point.analyses
        ]
        curve = draw_power_curve(points, names[0], sweep.threshold, rate)
        return _saved({"power_curve": curve}, of, folder, kinds)
    if len(keys) != 2:
        return {}
    cells = [
        HeatPoint(
            x=x,
            y=y,
            power=a.power,
            mcse=a.mcse,
            is_plan=point.is_base,
            is_short=point.recruitment_is_the_limit,
            randomised=point.randomised.mean,
        )
        for point, x, y in zip(sweep.points, *(places[key] for key in keys), strict=True)
        for a in point.analyses[:1]
    ]
    first = sweep.points[0].analyses[0]
    analysis = first.label or first.name
    drawing = draw_heat_map(cells, names[0], names[1], sweep.threshold, rate, analysis)
    return _saved({"heat_map": drawing}, of, folder, kinds)


def draw_prior(prior: Prior, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw the forest plot of a synthesis."""
    if not prior.parameters:
        return {}
    return _saved({"forest": draw_forest(prior)}, f"Studies: {prior.file}", folder, kinds)


def _places(key: str, values: Sequence[Value]) -> list[Place]:
    """Return where the values of a key stand: numbers, days where all are, else words."""
    if all(isinstance(value, str) for value in values):
        try:
            return [date.fromisoformat(str(value)) for value in values]
        except ValueError:
            pass
    return [_place(key, value) for value in values]


def _place(key: str, value: Value) -> Place:
    """Return a number as it is, and anything else in words."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int | float):
        return value
    return scheme_name(str(value)) if key.endswith("scheme") else str(value).replace("_", " ")


def draw_assurance(assurance: Assurance, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw the distribution of power of the first analysis, and whence its variance comes."""
    of = f"{assurance.scenario}: {assurance.draws:,} draws of {assurance.trials:,} simulated trials"
    of += f" each, seed {assurance.seed}"
    return _saved({"assurance": draw_assured(assurance)}, of, folder, kinds)


def draw_size(size: Size, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw what was tried, the fitted power curve, and the answer with its confidence interval."""
    of = f"{size.scenario}: {size.trials:,} simulated trials in all, seed {size.seed}"
    return _saved({"size": draw_size_curve(size)}, of, folder, kinds)


def draw_trace(trace: Trace, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw one trial with all its patients: these, and its ALSS unit day by day."""
    drawings: dict[str, Drawing] = {}
    patients = swimmer_rows(trace)
    if patients:
        drawings["swimmer"] = draw_swimmer(patients, trace.follow_up_days)
    if trace.has_unit:
        capacity = trace.plasma.capacity_litres if trace.plasma else None
        drawings["gantt"] = draw_gantt(*gantt_rows(trace), capacity_litres=capacity)
    of = f"{trace.scenario}: trial {trace.trial}, seed {trace.seed}"
    return _saved(drawings, of, folder, kinds)


def draw_allocation(allocation: Allocation, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw the schemes side by side."""
    of = f"{allocation.scenario}: seed {allocation.seed}"
    if allocation.trials:
        of = f"{allocation.scenario}: {allocation.trials:,} simulated trials per scheme, seed "
        of += f"{allocation.seed}"
    return _saved({"schemes": draw_schemes(allocation)}, of, folder, kinds)


def draw_calibration(calibration: Calibration, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw what was held out beside its predictive intervals; nothing where nothing was."""
    if calibration.acceptance is None:
        return {}
    acceptance = calibration.acceptance
    of = f"{calibration.scenario}: {acceptance.patients:,} simulated patients"
    return _saved({"acceptance": draw_acceptance(acceptance)}, of, folder, kinds)


def draw_baseline(hazard: BaselineHazard, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw published survival and the piecewise hazard fitted to it."""
    of = f"Baseline hazard to day {hazard.horizon_days:g}, trialsim {hazard.version}"
    drawing = baseline_figure.draw_baseline(hazard).made_of(of)
    caption = save(drawing, folder / "baseline", kinds)
    png, svg, pdf = (folder / f"baseline.{kind}" for kind in ("png", "svg", "pdf"))
    return {"baseline": SavedPicture(png, svg, pdf, caption)}


def draw_levers(levers: Levers, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw how far each assumption and each choice moves power."""
    if not levers.levers:
        return {}
    of = f"{levers.scenario}: {levers.trials:,} simulated trials per move, seed {levers.seed}"
    return _saved({"tornado": draw_tornado(levers)}, of, folder, kinds)


def draw_design(search: DesignSearch, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    """Draw the designs that were tried, power against days."""
    if not search.designs:
        return {}
    of = f"{search.scenario}: designs judged by {search.trials:,} simulated trials, seed "
    of += f"{search.seed}"
    return _saved({"designs": draw_pareto(search)}, of, folder, kinds)


def _saved(drawings: Mapping[str, Drawing], of: str, folder: Path, kinds: Kinds) -> Pictures:
    saved = {}
    for name, drawing in drawings.items():
        caption = save(drawing.made_of(f"Scenario {of}"), folder / name, kinds)
        png, svg, pdf = (folder / f"{name}.{kind}" for kind in ("png", "svg", "pdf"))
        saved[name] = SavedPicture(png, svg, pdf, caption)
    return saved
