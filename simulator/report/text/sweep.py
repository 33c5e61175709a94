"""The answer of `sweep` as a page of text."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.report.text.numbers import plain, plain_percent, value_in_words
from simulator.report.text.tables import new_table, print_table
from simulator.report.words import RATES
from simulator.results.sweep import PointPower, Sweep


def print_sweep(answer: Sweep, console: Console) -> None:
    """Print a sweep: every point, the difference to the scenario's own values beside it."""
    console.print(Text(f"{answer.scenario}: {answer.title}", style="bold"))
    own = ", ".join(f"{key} = {value_in_words(value)}" for key, value in answer.base.items())
    console.print(
        f"{answer.trials:,} trials per point, the same ones at each, seed {answer.seed}, "
        f"trialsim {answer.version}. +- is the Monte Carlo standard error.\n"
        f"The scenario's own: {own}.\n"
    )
    print_table(_power_table(answer), console)
    console.print("Differences, to the scenario's own values, are in percentage points.\n")
    print_table(_trial_table(answer), console)
    if answer.interrupted:
        console.print("Interrupted before the last point; the points shown are complete.")


def _power_table(answer: Sweep) -> Table:
    table = new_table(
        *answer.keys,
        "analysis",
        RATES[answer.null_hypothesis],
        "+-",
        "95 % interval",
        "difference",
        "paired +-",
        words=("analysis",),
    )
    for point in answer.points:
        values = [value_in_words(point.values[key]) for key in answer.keys]
        for a in point.analyses:
            table.add_row(
                *values,
                a.name,
                f"{a.power:.1%}",
                f"{a.mcse:.1%}",
                f"{a.ci_low:.1%} to {a.ci_high:.1%}",
                *(("own", "") if point.is_base else _difference(a)),
            )
            values = [""] * len(values)
    return table


def _difference(a: PointPower) -> tuple[str, str]:
    return f"{100 * a.difference:+.2f}", f"{100 * a.paired_mcse:.2f}"


def _trial_table(answer: Sweep) -> Table:
    """What the trial takes at each point."""
    table = new_table(
        *answer.keys,
        "randomised",
        "days to recruit",
        "on time",
        *(f"mortality {arm}" for arm in answer.points[0].mortality),
        "sessions",
        "plasma, L",
        words=(),
    )
    for point in answer.points:
        table.add_row(
            *(value_in_words(point.values[key]) for key in answer.keys),
            plain(point.randomised.mean, ".1f"),
            plain(point.enrolment_days.mean, ".0f"),
            "-" if point.on_time is None else plain_percent(point.on_time.mean),
            *(plain_percent(entry.mean) for entry in point.mortality.values()),
            plain(sum(e.mean for e in point.sessions_delivered.values()), ".0f"),
            plain(sum(e.mean for e in point.plasma_litres.values()), ".0f"),
        )
    return table
