"""A comparison of two scenarios as a page of text, what it amounts to last."""

from collections.abc import Iterator

from simulator.report.text.acceptance import acceptance_blocks
from simulator.report.text.numbers import (
    count_of,
    in_points,
    mean,
    number,
    percent,
    plain_percent,
    rate,
    rates_decimals,
    value_in_words,
)
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import Table, new_table
from simulator.report.words import RATES
from simulator.results.comparison import ComparedPower, ComparedTrial, Comparison

_MOST_KEYS = 8  # that differ, named one by one


def _head(answer: Comparison) -> Iterator[Block]:
    yield Bold(
        f"{answer.second} against {answer.first}: {answer.trials:,} trials each under the same "
        f"random numbers, seed {answer.seed}, trialsim {answer.version}"
    )
    for trial in answer.trials_of:
        yield f"{trial.name}: {trial.title}"
    yield _different_in_words(answer)


def _different_in_words(answer: Comparison) -> str:
    """Say in which keys the scenarios differ."""
    # What one has not at all stands last.
    different = sorted(answer.different, key=lambda d: d.first is None or d.second is None)
    if not different:
        return "They do not differ in any key."
    told = [
        f"{d.key}: {value_in_words(d.first)} -> {value_in_words(d.second)}"
        for d in different[:_MOST_KEYS]
    ]
    more = len(different) - _MOST_KEYS
    if more > 0:
        told.append(f"and {more} more, which --json lists")
    return f"Different: {'; '.join(told)}."


def _rate_name(answer: Comparison) -> str:
    """What the share of trials that reject is called, where it is the same in both."""
    nulls = [trial.null_hypothesis for trial in answer.trials_of]
    return RATES[nulls[0]] if nulls[0] is nulls[1] else "share of trials that reject"


def _trials(answer: Comparison) -> Iterator[Block]:
    """What the trial takes in either scenario."""
    first, second = pair = answer.trials_of
    table = new_table("per trial", first.name, second.name)
    table.add_row("patients planned", *(f"{trial.target_randomised:,}" for trial in pair))
    table.add_row("patients randomised", *(number(trial.randomised) for trial in pair))
    table.add_row("target reached", *(plain_percent(t.target_reached.mean) for t in pair))
    table.add_row("recruitment, days", *(number(trial.enrolment_days) for trial in pair))
    for arm in dict.fromkeys([*first.mortality, *second.mortality]):
        deaths = (trial.mortality.get(arm) for trial in pair)
        table.add_row(f"mortality, {arm}", *("-" if d is None else percent(d) for d in deaths))
    if any(_has_any(trial) for trial in pair):
        for what, arms_of in (
            ("sessions delivered", [trial.sessions_delivered for trial in pair]),
            ("plasma, litres", [trial.plasma_litres for trial in pair]),
        ):
            for arm in dict.fromkeys(arm for by_arm in arms_of for arm in by_arm):
                entries = (by_arm.get(arm) for by_arm in arms_of)
                cells = ("-" if entry is None else mean(entry) for entry in entries)
                table.add_row(f"{what}, {arm}", *cells)
    yield table


def _has_any(trial: ComparedTrial) -> bool:
    """Whether anybody is treated in sessions."""
    return any(entry.mean > 0 for entry in trial.sessions_delivered.values())


def _analyses(answer: Comparison) -> Iterator[Block]:
    yield _rates_table(answer)
    yield (
        f"{_capital(_rate_name(answer))}, of all trials; +- is the Monte Carlo standard error. "
        "Differences in percentage points, paired trial by trial."
    )
    if answer.families:
        names = ", ".join(family.name for family in answer.families)
        yield f"Judged together, at least one hypothesis rejected: {names}."
    for trial in answer.trials_of:
        if trial.not_compared:
            names = ", ".join(trial.not_compared)
            yield f"Only {trial.name} has, and so not compared: {names}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _rates_table(answer: Comparison) -> Table:
    some_fail = any(a.first_not_analysable or a.second_not_analysable for a in answer.compared)
    heads = [answer.first, "+-", answer.second, "+-", "difference", "95 % interval", "can be told"]
    heads += [f"not analysable, {answer.first}", answer.second] * some_fail
    table = new_table("analysis", *heads)
    errors = [error for a in answer.compared for error in (a.first_mcse, a.second_mcse)]
    decimals = rates_decimals(errors)
    for a in answer.compared:
        cells = [*rate(a.first, a.first_mcse, decimals), *rate(a.second, a.second_mcse, decimals)]
        cells += [in_points(a.difference, a.paired_mcse)[0], _interval(a)]
        cells.append("yes" if a.differs else "no")
        missing = a.first_not_analysable, a.second_not_analysable
        cells += [count_of(count, answer.trials) for count in missing] * some_fail
        table.add_row(a.name, *cells)
    return table


def _interval(a: ComparedPower) -> str:
    limits = (in_points(limit, a.paired_mcse)[0] for limit in (a.difference_low, a.difference_high))
    return " to ".join(limits)


def _verdict(answer: Comparison) -> Iterator[Block]:
    """Say which has more power, by how much, and whether it can be told."""
    a, name = answer.compared[0], _rate_name(answer)
    decimals = rates_decimals([a.first_mcse, a.second_mcse])
    first, second = (rate(share, 1.0, decimals)[0] for share in (a.first, a.second))
    shares = f"{answer.first} {first}, {answer.second} {second}"
    if not a.differs:
        difference = in_points(a.difference, a.paired_mcse)[0]
        yield Bold(
            f"The two cannot be told apart in the {name} of {a.name}: {shares}; the difference is "
            f"{difference} percentage points (95 % interval {_interval(a)}, paired)."
        )
        return
    more = answer.second if a.difference > 0 else answer.first
    low, size, high = sorted(map(abs, (a.difference_low, a.difference, a.difference_high)))
    shown = [in_points(value, a.paired_mcse)[0].lstrip("+") for value in (low, size, high)]
    yield Bold(
        f"{more} has the higher {name} of {a.name}, by {shown[1]} percentage points (95 % interval "
        f"{shown[0]} to {shown[2]}, paired): {shares}."
    )


def _acceptance(answer: Comparison) -> Iterator[Block]:
    """Whether each agrees with what was held out; once where the two do alike."""
    first, second = (trial.acceptance for trial in answer.trials_of)
    if first == second:
        yield from acceptance_blocks(first, "Both")
        return
    for trial in answer.trials_of:
        yield from acceptance_blocks(trial.acceptance, trial.name)


COMPARISON_SECTIONS = (
    Section("head", _head),
    Section("trials", _trials),
    Section("analyses", _analyses),
    Section("verdict", _verdict),
    Section("acceptance", _acceptance),
)
