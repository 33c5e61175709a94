"""The figures of each kind of run, drawn from the tables that the run keeps."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from simulator.report.figures import style
from simulator.report.figures.flow import draw_flow
from simulator.report.figures.gantt import draw_gantt
from simulator.report.figures.heat_map import draw_heat_map
from simulator.report.figures.meld import draw_meld
from simulator.report.figures.power_curve import draw_power_curve
from simulator.report.figures.recruitment import draw_recruitment
from simulator.report.figures.sessions import draw_sessions
from simulator.report.figures.survival import draw_survival
from simulator.report.figures.swimmer import draw_swimmer
from simulator.report.figures.traced import gantt_rows, swimmer_rows
from simulator.report.sweep import shown, sweep_rows
from simulator.report.tracing import Traced
from simulator.scenario.schema import Scenario
from simulator.store import Run

Pictures = dict[str, tuple[Path, Path]]  # PNG and SVG by name; those of other kinds are not there
Kinds = Sequence[str]
BOTH = "svg", "png"


def draw_power_run(run: Run, folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw what becomes of a trial: flow, recruitment, survival, MELD, sessions."""
    summary, scenario = run.summary, run.manifest["question"]["scenario"]
    name = f"{summary['scenario']}: {summary['title']}"
    survival = run.data("survival")
    figures = {
        "survival": draw_survival(survival, f"Survival. {name}"),
        "flow": draw_flow(flow_of(summary, survival, run.data("treated")), f"Patients. {name}"),
        "recruitment": draw_recruitment(
            run.data("recruitment"),
            scenario["trial"]["target_randomised"],
            _recruited_by(scenario["trial"]),
            f"Recruitment. {name}",
        ),
    }
    if run.data("meld"):
        figures["meld"] = draw_meld(run.data("meld"), f"MELD. {name}")
    if run.data("sessions") and run.data("plasma"):
        tables = run.data("sessions"), run.data("plasma")
        figures["sessions"] = draw_sessions(*tables, f"Sessions and plasma. {name}")
    return _saved(figures, folder, kinds)


def flow_of(
    summary: Mapping[str, Any],
    survival: Sequence[Mapping[str, Any]],
    treated: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Mean numbers of candidates and patients at each step, in the order of CONSORT.

    Deaths are those that were seen: who was lost and then died counts as lost.
    """
    o = summary["operations"]
    screened = o["screened"]["mean"]
    steps = {row["step"]: row for row in o["funnel"]}
    left = {step: (row["first_failed"]["mean"] or 0.0) * screened for step, row in steps.items()}
    started = {row["arm"]: row["mean"] for row in treated}
    completed = {row["arm"]: row["at_risk"] for row in survival}  # the last row of each arm
    arms = []
    for arm, patients in o["patients"].items():
        lost = o["lost"][arm]["mean"]
        arms.append(
            {
                "arm": arm,
                "randomised": patients["mean"],
                "started": started.get(arm),
                "withdrawn": o["withdrawn"][arm]["mean"],
                "lost": lost,
                "transplanted": o["transplants"][arm]["mean"],
                "died": patients["mean"] - lost - completed[arm],
                "completed": completed[arm],
            }
        )
    apart = ("consent refused", "turned away", "randomised")
    return {
        "screened": screened,
        "excluded": [
            {"step": step, "text": row["text"], "mean": left[step]}
            for step, row in steps.items()
            if step not in apart
        ],
        "refused": left.get("consent refused"),
        "turned_away": left.get("turned away"),
        "randomised": o["randomised"]["mean"],
        "arms": arms,
    }


def _recruited_by(trial: Mapping[str, Any]) -> float | None:
    """Day by which recruitment must be over for follow-up to end as planned."""
    if trial["planned_completion_date"] is None:
        return None
    start, end = (date.fromisoformat(trial[k]) for k in ("start_date", "planned_completion_date"))
    return float((end - start).days - trial["follow_up_days"])


def draw_sweep(summary: Mapping[str, Any], folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw power over one key, a line an analysis, or over two, of the first analysis."""
    keys, rows = summary["keys"], sweep_rows(dict(summary))
    title = f"{summary['scenario']}: {summary['trials']:,} trials a point"
    if len(keys) == 1:
        points = [{**row, "x": _place(row[keys[0]])} for row in rows]
        figure = draw_power_curve(points, keys[0], f"{title}, 95 % intervals")
        return _saved({"power_curve": figure}, folder, kinds)
    if len(keys) != 2:
        return {}
    first = rows[0]["analysis"]
    wanted = [
        {**row, "x": _place(row[keys[0]]), "y": _place(row[keys[1]])}
        for row in rows
        if row["analysis"] == first
    ]
    figure = draw_heat_map(wanted, keys[0], keys[1], f"Power of {first}. {title}")
    return _saved({"heat_map": figure}, folder, kinds)


def _place(value: Any) -> Any:
    """A number as it is; a word, or what is none, as the scenario writes it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else shown(value)


def draw_size(summary: Mapping[str, Any], folder: Path, kinds: Kinds = BOTH) -> Pictures:
    """Draw the power curve with the answer and its confidence set."""
    rows = [{**row, "x": row["value"], "analysis": summary["analysis"]} for row in summary["curve"]]
    title = f"{summary['scenario']}: {summary['trials']:,} trials in all, 95 % intervals"
    figure = draw_power_curve(
        rows, summary["key"], title, summary["target_power"], summary["answer"]
    )
    return _saved({"size": figure}, folder, kinds)


def draw_trace(scenario: Scenario, traced: Traced, folder: Path) -> Pictures:
    """Draw one trial: its patients, and its ALSS unit day by day."""
    name = f"{traced.scenario}, seed {traced.seed}, trial {traced.trial}"
    figures: dict[str, Figure] = {}
    patients = swimmer_rows(traced)
    if patients:
        days = float(scenario.trial.follow_up_days)
        figures["swimmer"] = draw_swimmer(patients, days, f"Patients of {name}")
    if scenario.unit is not None:
        plasma = scenario.unit.plasma
        rows = gantt_rows(traced, plasma.initial_litres if plasma else None)
        capacity = plasma.capacity_litres if plasma else None
        figures["gantt"] = draw_gantt(*rows, f"ALSS unit of {name}", capacity_litres=capacity)
    return _saved(figures, folder, BOTH)


def _saved(figures: Mapping[str, Figure], folder: Path, kinds: Kinds) -> Pictures:
    for name, figure in figures.items():
        style.save(figure, folder / name, kinds)
    return {name: (folder / f"{name}.png", folder / f"{name}.svg") for name in figures}
