"""The answer of `sweep` as a page of text."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.report.text.numbers import (
    count_of,
    number,
    plain,
    plain_percent,
    value_in_words,
)
from simulator.report.text.tables import new_table, print_table
from simulator.report.words import RATES, biases_in_words
from simulator.results.base import Value
from simulator.results.measures import Judgement, NullHypothesis
from simulator.results.sweep import PointFamily, PointPower, Sweep, SweepPoint

_MOST_POINTS = 8  # that a sentence names
_LONGEST = 44  # characters of a value


def print_sweep(answer: Sweep, console: Console) -> None:
    """Print a sweep: every point, the difference to the scenario's own values beside it."""
    console.print(Text(f"{answer.scenario}: {answer.title}", style="bold"))
    owned = zip(_heads(answer), answer.base.values(), strict=True)
    own = ", ".join(f"{head} = {_short(value)}" for head, value in owned)
    console.print(
        f"{answer.trials:,} trials per point, the same ones at each, seed {answer.seed}, "
        f"trialsim {answer.version}. +- is the Monte Carlo standard error.\n"
        f"The scenario's own: {own}."
    )
    for words in biases_in_words(answer.selection_bias, answer.drift):
        console.print(f"Biased: {words}.")
    console.print()
    print_table(_power_table(answer), console)
    console.print("Differences, to the scenario's own values, are in percentage points.\n")
    _print_reached(answer, console)
    for place, family in enumerate(answer.points[0].families):
        print_table(_family_table(answer, family, place), console)
        console.print()
    print_table(_trial_table(answer), console)
    _print_limit(answer, console)
    if answer.interrupted:
        console.print("Interrupted before the last point; the points shown are complete.")


def _power_table(answer: Sweep) -> Table:
    return _rates_table(answer, "analysis", [point.analyses for point in answer.points])


def _family_table(answer: Sweep, family: PointFamily, place: int) -> Table:
    """Rejections of analyses judged together; not analysable in the last rows: none of them is."""
    title = f"{family.name} ({family.method.replace('_', ' ')}, level {family.alpha:g})"
    found = [point.families[place].hypotheses for point in answer.points]
    return _rates_table(answer, title, found)


def _rates_table(answer: Sweep, what: str, found: list[tuple[PointPower, ...]]) -> Table:
    """Rates by point: of each its values, and the patients randomised, once."""
    table = new_table(
        *_heads(answer),
        "randomised",
        what,
        RATES[answer.null_hypothesis],
        "+-",
        "95 % interval",
        "not analysable",
        "difference",
        "paired +-",
        words=(what,),
    )
    for point, rates in zip(answer.points, found, strict=True):
        values = [_short(point.values[key]) for key in answer.keys]
        values.append(number(point.randomised))
        for a in rates:
            table.add_row(
                *values,
                a.name,
                f"{a.power:.1%}",
                f"{a.mcse:.1%}",
                f"{a.ci_low:.1%} to {a.ci_high:.1%}",
                count_of(a.not_analysable, answer.trials),
                *(("own", "") if point.is_base else _difference(a)),
            )
            values = [""] * len(values)
    return table


def _print_reached(answer: Sweep, console: Console) -> None:
    """Say at which points the first analysis has the target power, by its interval."""
    if answer.null_hypothesis is not NullHypothesis.NONE:
        return
    found = [(_at(answer, point), point.analyses[0].judgement) for point in answer.points]
    enough = [where for where, judgement in found if judgement is Judgement.ADEQUATE]
    unclear = [where for where, judgement in found if judgement is Judgement.INCONCLUSIVE]
    told = [f"reached at {_some(enough)}" if enough else "reached at none of the points"]
    if unclear:
        told.append(f"inconclusive at {_some(unclear)}: the interval contains it")
    target = f"{100 * answer.threshold:.4g}%"
    name = answer.points[0].analyses[0].name
    console.print(f"Target power {target}, {name}: {'; '.join(told)}.\n")


def _some(points: list[str]) -> str:
    """Name some points, and how many more there are."""
    more = len(points) - _MOST_POINTS
    return " / ".join(points[:_MOST_POINTS]) + (f" and {more} more points" if more > 0 else "")


def _at(answer: Sweep, point: SweepPoint) -> str:
    """Values of a point, as in `n = 60, machines = 2`."""
    values = zip(_heads(answer), point.values.values(), strict=True)
    return ", ".join(f"{head} = {_short(value)}" for head, value in values)


def _print_limit(answer: Sweep, console: Console) -> None:
    """Say at which points most trials do not randomise the patients planned."""
    limited = [point for point in answer.points if point.recruitment_is_the_limit]
    if not limited:
        return
    told = "; ".join(
        f"{_at(answer, point)}: "
        f"{point.target_randomised:,} planned, {number(point.randomised)} randomised"
        for point in limited
    )
    words = (
        f"RECRUITMENT IS THE LIMIT at {len(limited)} of {len(answer.points)} points, where most "
        f"trials do not reach the target: {told}."
    )
    console.print()
    console.print(Text(words, style="bold"))


def _heads(answer: Sweep) -> list[str]:
    """What each key is called: an item of a list by its name, not by its place."""
    return [answer.names.get(key, key) if "[" in key else key for key in answer.keys]


def _short(value: Value) -> str:
    """A value as a scenario file would have it; of a long mapping its beginning."""
    words = value_in_words(value)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 4]} ..."


def _difference(a: PointPower) -> tuple[str, str]:
    return f"{100 * a.difference:+.2f}", f"{100 * a.paired_mcse:.2f}"


def _trial_table(answer: Sweep) -> Table:
    """What the trial takes at each point."""
    table = new_table(
        *_heads(answer),
        "planned",
        "target reached",
        "days to recruit",
        "on time",
        *(f"mortality {arm}" for arm in answer.points[0].mortality),
        "sessions",
        "plasma, L",
        words=(),
    )
    for point in answer.points:
        table.add_row(
            *(_short(point.values[key]) for key in answer.keys),
            f"{point.target_randomised:,}",
            plain_percent(point.target_reached.mean),
            plain(point.enrolment_days.mean, ".0f"),
            "-" if point.on_time is None else plain_percent(point.on_time.mean),
            *(plain_percent(entry.mean) for entry in point.mortality.values()),
            plain(sum(e.mean for e in point.sessions_delivered.values()), ".0f"),
            plain(sum(e.mean for e in point.plasma_litres.values()), ".0f"),
        )
    return table
