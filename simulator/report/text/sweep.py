"""The answer of `sweep` as a page of text, power at each point last."""

import math
from collections.abc import Iterator, Sequence

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
    value_in_words,
)
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.power_rates import family_in_words
from simulator.report.text.tables import Table, new_table
from simulator.report.words import RATES, biases_in_words
from simulator.results.sweep import PointPower, Sweep


def _head(answer: Sweep) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: {answer.title}")
    own = ", ".join(f"{key} = {value_in_words(value)}" for key, value in answer.base.items())
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
        cells = [value_in_words(point.values[key]) for key in answer.keys]
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


def _power(answer: Sweep) -> Iterator[Block]:
    """Power at each point, the difference to the scenario's own values beside it."""
    yield _rates_table(answer, "analysis", [point.analyses for point in answer.points])
    yield "Differences, to the scenario's own values, are in percentage points."


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
        values = [value_in_words(point.values[key]) for key in answer.keys]
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
    """Ends of the keys, which the head has in full; the keys themselves where two end alike."""
    ends = [key.rpartition(".")[2] for key in answer.keys]
    return ends if len(set(ends)) == len(ends) else list(answer.keys)


def _limit(answer: Sweep) -> Iterator[Block]:
    """At which points most trials do not randomise the patients planned."""
    limited = [point for point in answer.points if point.recruitment_is_the_limit]
    if limited:
        told = "; ".join(
            f"{', '.join(f'{key} = {value_in_words(v)}' for key, v in point.values.items())}: "
            f"{point.target_randomised:,} planned, {number(point.randomised)} randomised"
            for point in limited
        )
        yield Bold(
            f"RECRUITMENT IS THE LIMIT at {rounded(len(limited), 0)} of {len(answer.points)} "
            f"points, where most trials do not reach the target: {told}."
        )
    if answer.interrupted:
        yield "Interrupted before the last point; the points shown are complete."


SWEEP_SECTIONS = (
    Section("head", _head),
    Section("trial", _trial),
    Section("families", _families),
    Section("power", _power),
    Section("limit", _limit),
)
