"""The answer of `sweep` as a page of text, power at each point last."""

import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator.report.text.acceptance import acceptance_blocks
from simulator.report.text.numbers import (
    count_of,
    in_points,
    interval,
    mean,
    number,
    plain_percent,
    rate,
    rates_decimals,
    rounded,
    target_in_words,
    value_in_words,
)
from simulator.report.text.page import Block, Bold, Command, Section, apart
from simulator.report.text.power_rates import family_in_words
from simulator.report.text.tables import Table, new_table
from simulator.report.words import RATES, biases_in_words, held_in_words
from simulator.results.base import Value
from simulator.results.measures import Judgement, NullHypothesis
from simulator.results.sweep import PointPower, Sweep, SweepPoint

_MOST_POINTS = 8  # that a sentence names
_LONGEST = 44  # characters of a value


def _head(answer: Sweep) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: {answer.title}")
    owned = zip(_heads(answer), answer.base.values(), strict=True)
    own = ", ".join(f"{head} = {_short(value)}" for head, value in owned)
    yield (
        f"{answer.trials:,} trials per point, the same ones at each, seed {answer.seed}, "
        f"trialsim {answer.version}. +- is the Monte Carlo standard error."
    )
    yield f"The scenario's own: {own}."
    for words in biases_in_words(answer.selection_bias, answer.drift):
        yield f"Biased: {words}."


def _trial(answer: Sweep) -> Iterator[Block]:
    """What the trial takes at each point: sessions and plasma where there are any."""
    points = answer.points
    arms = tuple(points[0].mortality)
    is_dated = any(point.on_time is not None for point in points)
    has_sessions = any(e.mean for point in points for e in point.sessions_delivered.values())
    heads = ["planned", "target reached", "days to recruit", *["on time"] * is_dated]
    heads += [f"mortality {arm}" for arm in arms]
    if has_sessions:
        heads += [f"{what} {arm}" for what in ("sessions", "plasma, L") for arm in arms]
    table = new_table(*_short_keys(answer), *heads, words=("",), keys=len(answer.keys))
    for point in points:
        on_time = math.nan if point.on_time is None else point.on_time.mean
        cells = [_short(point.values[key]) for key in answer.keys]
        cells += [f"{point.target_randomised:,}", plain_percent(point.target_reached.mean)]
        cells += [mean(point.enrolment_days), *[plain_percent(on_time)] * is_dated]
        cells += [plain_percent(entry.mean) for entry in point.mortality.values()]
        if has_sessions:
            taken = *point.sessions_delivered.values(), *point.plasma_litres.values()
            cells += [mean(entry) for entry in taken]
        table.add_row(*cells)
    yield table


def _families(answer: Sweep) -> Iterator[Block]:
    for place, family in enumerate(answer.points[0].families):
        if place:
            yield ""
        yield Bold(f"{family.name}, judged together: {family_in_words(family)}")
        yield _family_table(answer, place)


def _family_table(answer: Sweep, place: int) -> Table:
    """Rejections of analyses judged together; not analysable in the last rows: none of them is."""
    found = [point.families[place].hypotheses for point in answer.points]
    return _rates_table(answer, "hypothesis", found)


def _analyses(answer: Sweep) -> Iterator[Block]:
    """All analyses at each point, where there are others than the first."""
    if len(answer.points[0].analyses) > 1:
        yield _rates_table(answer, "analysis", [point.analyses for point in answer.points])


def _power(answer: Sweep) -> Iterator[Block]:
    """The first analysis at each point, the difference to the scenario's own values beside it."""
    yield _rates_table(answer, "analysis", [point.analyses[:1] for point in answer.points])
    yield "Differences, to the scenario's own values, are in percentage points."
    if answer.null_hypothesis is NullHypothesis.NONE:
        yield _reached_in_words(answer)


def _reached_in_words(answer: Sweep) -> str:
    """Say at which points the first analysis has the target power, by its interval."""
    found = [(_at(answer, point), point.analyses[0].judgement) for point in answer.points]
    enough = [where for where, judgement in found if judgement is Judgement.ADEQUATE]
    unclear = [where for where, judgement in found if judgement is Judgement.INCONCLUSIVE]
    told = [f"reached at {_some(enough)}" if enough else "reached at none of the points"]
    first = _from_on(answer)
    if first is not None:
        told = [f"reached from {first} on"]
    near = [where for where, judgement in found if judgement is Judgement.AT_TARGET]
    if near:
        told.append(f"met to within Monte Carlo error at {_some(near)}")
    if unclear:
        told.append(f"inconclusive at {_some(unclear)}: the interval contains it")
    target = target_in_words(answer.threshold)
    return f"Target power {target}, {answer.points[0].analyses[0].name}: {'; '.join(told)}."


def _from_on(answer: Sweep) -> str | None:
    """Name the first of the points that reach the target where those are all from it on."""
    if len(answer.keys) != 1:
        return None
    by_value = [(point.values[answer.keys[0]], point) for point in answer.points]
    if not all(isinstance(value, int | float) for value, _ in by_value):
        return None
    points = [point for _, point in sorted(by_value, key=lambda pair: pair[0])]
    reached = [point.analyses[0].judgement is Judgement.ADEQUATE for point in points]
    count = sum(reached)
    is_whole = count > 1 and all(reached[-count:])
    return _at(answer, points[-count]) if is_whole else None


def _some(points: list[str]) -> str:
    """Name some points, and how many more there are."""
    more = len(points) - _MOST_POINTS
    return " / ".join(points[:_MOST_POINTS]) + (f" and {more} more points" if more > 0 else "")


def _at(answer: Sweep, point: SweepPoint) -> str:
    """Values of a point, as in `n = 60, machines = 2`."""
    values = zip(_heads(answer), point.values.values(), strict=True)
    return ", ".join(f"{head} = {_short(value)}" for head, value in values)


def _heads(answer: Sweep) -> list[str]:
    """What each key is called: an item of a list by its name, not by its place."""
    return [answer.names.get(key, key) if "[" in key else key for key in answer.keys]


def _short(value: Value) -> str:
    """A value as a scenario file would have it; of a long mapping its beginning."""
    words = value_in_words(value)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 4]} ..."


def _rates_table(answer: Sweep, what: str, found: Sequence[tuple[PointPower, ...]]) -> Table:
    """Rates by point: of each its values, and the patients randomised, once."""
    every = [a for rates in found for a in rates]
    some_fail = any(a.not_analysable for a in every)
    heads = [RATES[answer.null_hypothesis], "+-", "95 % interval"]
    heads += ["not analysable"] * some_fail
    heads += ["difference", "paired +-"]
    keys = len(answer.keys)
    table = new_table(
        *_short_keys(answer), "randomised", what, *heads, words=(what,), keys=keys + 2
    )
    decimals = rates_decimals([a.mcse for a in every])
    for point, rates in zip(answer.points, found, strict=True):
        values = [_short(point.values[key]) for key in answer.keys]
        values.append(number(point.randomised))
        for a in rates:
            cells = [*rate(a.power, a.mcse, decimals)]
            cells.append(interval(a.ci_low, a.ci_high, decimals, answer.threshold))
            cells += [count_of(a.not_analysable, answer.trials)] * some_fail
            cells += ("own", "") if point.is_base else in_points(a.difference, a.paired_mcse)
            table.add_row(*values, a.name, *cells)
            values = [""] * len(values)
    return table


def _short_keys(answer: Sweep) -> list[str]:
    """Names of items, ends of other keys; the names in full where two would be alike."""
    heads = _heads(answer)
    ends = [
        head if "[" in key else key.rpartition(".")[2]
        for key, head in zip(answer.keys, heads, strict=True)
    ]
    return ends if len(set(ends)) == len(ends) else heads


def _limit(answer: Sweep) -> Iterator[Block]:
    """At which points most trials do not randomise the patients planned."""
    limited = [point for point in answer.points if point.recruitment_is_the_limit]
    if limited:
        told = "; ".join(
            f"{_at(answer, point)}: "
            f"{point.target_randomised:,} planned, {number(point.randomised)} randomised"
            for point in limited
        )
        yield Bold(
            f"RECRUITMENT IS THE LIMIT at {rounded(len(limited), 0)} of {len(answer.points)} "
            f"points, where most trials do not reach the target: {told}."
        )
    if answer.held:
        yield held_in_words(answer.held)
    yield from acceptance_blocks(answer.acceptance)
    if answer.interrupted:
        yield "Interrupted before the last point; the points shown are complete."


SWEEP_SECTIONS = (
    Section("head", _head),
    Section("trial", _trial),
    Section("families", _families),
    Section("analyses", _analyses),
    Section("power", _power),
    Section("limit", _limit),
)


def sweep_screen(answer: Sweep, _width: int, run: Path | None = None) -> list[Block]:
    """Return what a designer reads first: without the analyses beside the first."""
    beside = "families", "analyses"
    found = {section.name: list(section.blocks(answer)) for section in SWEEP_SECTIONS}
    blocks = list(apart([found[name] for name in found if name not in beside and found[name]]))
    left = len(answer.points[0].analyses) - 1
    if left:
        more = f"{left} more {'analysis' if left == 1 else 'analyses'}"
        shown = "RUN" if run is None else shlex.quote(str(run))
        blocks += ["", Command(f"{more} at every point: trialsim show {shown} analyses")]
    return blocks
