"""A sweep as one mapping, as rows and as text."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from simulator.planning.sweep import Planned, Point
from simulator.report.summary import operations_summary
from simulator.report.tables import new_table, print_table
from simulator.report.version import program_version

_TOLD = (
    "enrolment_days",
    "target_reached",
    "on_time",
    "randomised",
    "mortality",
    "lost",
    "patients",
    "sessions_delivered",
    "plasma_litres",
    "short_of_plasma_share",
)


def sweep_summary(
    planned: Planned, points: Sequence[Point], seed: int, trials: int
) -> dict[str, Any]:
    """Everything that a sweep tells, each figure with its Monte Carlo error."""
    base = planned.base.solved
    return {
        "scenario": base.name,
        "title": base.title,
        "seed": seed,
        "trials": trials,
        "version": program_version(),
        "null_hypothesis": planned.base.asked.null_hypothesis,
        "keys": list(planned.own),
        "base": planned.own,
        "interrupted": len(points) < len(planned.points),
        "points": [_point(point) for point in points],
    }


def _point(point: Point) -> dict[str, Any]:
    prepared = point.prepared
    operations = operations_summary(prepared.solved, prepared.params, point.totals)
    return {
        "values": point.values,
        "is_base": point.is_base,
        "analyses": [
            {"name": plan.name, **rate._asdict()}
            for plan, rate in zip(prepared.plans, point.rates, strict=True)
        ],
        **{name: operations[name] for name in _TOLD},
    }


def sweep_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each point and analysis: the tidy table that the figures are drawn from."""
    return [
        {
            **point["values"],
            "is_base": int(point["is_base"]),
            "analysis": a["name"],
            "trials": summary["trials"],
            **{key: value for key, value in a.items() if key != "name"},
        }
        for point in summary["points"]
        for a in point["analyses"]
    ]


def print_sweep(summary: dict[str, Any], console: Console) -> None:
    """Print a sweep: every point, the difference to the scenario's own values beside it."""
    console.print(Text(f"{summary['scenario']}: {summary['title']}", style="bold"))
    own = ", ".join(f"{key} = {shown(value)}" for key, value in summary["base"].items())
    console.print(
        f"{summary['trials']:,} trials a point, the same ones at each, seed {summary['seed']}, "
        f"trialsim {summary['version']}. +- is the Monte Carlo standard error.\n"
        f"The scenario's own: {own}.\n"
    )
    rates = {"none": "power", "strong": "type I error", "mortality": "rejections"}
    rate = rates[summary["null_hypothesis"]]
    keys = summary["keys"]
    table = new_table(
        *keys,
        "analysis",
        rate,
        "+-",
        "95 % interval",
        "difference",
        "paired +-",
        words=("analysis",),
    )
    for point in summary["points"]:
        for number, a in enumerate(point["analyses"]):
            first = number == 0
            cells = [shown(point["values"][key]) if first else "" for key in keys]
            beside = (
                ("own", "")
                if point["is_base"]
                else (
                    f"{100 * a['difference']:+.2f}",
                    f"{100 * a['paired_mcse']:.2f}",
                )
            )
            table.add_row(
                *cells,
                a["name"],
                f"{a['power']:.1%}",
                f"{a['mcse']:.1%}",
                f"{a['ci_low']:.1%} to {a['ci_high']:.1%}",
                *beside,
            )
    print_table(table, console)
    console.print("Differences, to the scenario's own values, are in percentage points.\n")
    print_table(_trial_table(summary), console)
    if summary["interrupted"]:
        console.print("Stopped before the last point; the points shown are complete.")


def _trial_table(summary: dict[str, Any]) -> Any:
    """What the trial takes at each point."""
    keys, points = summary["keys"], summary["points"]
    arms = list(points[0]["mortality"])
    table = new_table(
        *keys,
        "randomised",
        "days to recruit",
        "on time",
        *(f"mortality {arm}" for arm in arms),
        "sessions",
        "plasma, L",
        words=(),
    )
    for point in points:
        on_time = point["on_time"]
        table.add_row(
            *(shown(point["values"][key]) for key in keys),
            f"{point['randomised']['mean']:.1f}",
            f"{point['enrolment_days']['mean']:.0f}",
            "-" if on_time is None else f"{on_time['mean']:.1%}",
            *(f"{entry['mean']:.1%}" for entry in point["mortality"].values()),
            f"{sum(e['mean'] for e in point['sessions_delivered'].values()):.0f}",
            f"{sum(e['mean'] for e in point['plasma_litres'].values()):.0f}",
        )
    return table


def shown(value: Any) -> str:
    """Return a value as a scenario file would have it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
