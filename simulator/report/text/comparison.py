"""A comparison of two scenarios as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.digits import of_percentage
from simulator.report.text.numbers import (
    count_of,
    number,
    percent,
    plain,
    plain_percent,
    value_in_words,
)
from simulator.report.text.tables import new_table, print_table
from simulator.report.words import RATES
from simulator.results.comparison import ComparedPower, ComparedTrial, Comparison
from simulator.results.operations import ByArm

_MOST_KEYS = 8  # that differ, named one by one


def print_comparison(answer: Comparison, console: Console) -> None:
    """Print what the comparison amounts to, then both scenarios side by side."""
    console.print(
        f"{answer.second} against {answer.first}: {answer.trials:,} trials each under the same "
        f"random numbers, seed {answer.seed}, trialsim {answer.version}."
    )
    for trial in answer.trials_of:
        console.print(f"{trial.name}: {trial.title}")
    _print_different(answer, console)
    console.print()
    console.print(Text(_verdict(answer), style="bold"))
    console.print()
    _print_rates(answer, console)
    console.print()
    _print_trials(*answer.trials_of, console)


def _rate(answer: Comparison) -> str:
    """What the share of trials that reject is called, where it is the same in both."""
    nulls = [trial.null_hypothesis for trial in answer.trials_of]
    return RATES[nulls[0]] if nulls[0] is nulls[1] else "share of trials that reject"


def _verdict(answer: Comparison) -> str:
    """Say which has more power, by how much, and whether it can be told."""
    a, rate = answer.compared[0], _rate(answer)
    shares = f"{answer.first} {a.first:.1%}, {answer.second} {a.second:.1%}"
    digits = of_percentage(100 * a.paired_mcse)
    size = f"{100 * abs(a.difference):.{digits}f} percentage points"
    limits = sorted(abs(x) if a.differs else x for x in (a.difference_low, a.difference_high))
    low, high = (f"{100 * limit:.{digits}f}" for limit in limits)
    interval = f"95 % interval {low} to {high}, paired"
    if not a.differs:
        return (
            f"The two cannot be told apart in the {rate} of {a.name}: {shares}; the difference is "
            f"{100 * a.difference:+.{digits}f} percentage points ({interval})."
        )
    more = answer.second if a.difference > 0 else answer.first
    return f"{more} has the higher {rate} of {a.name}, by {size} ({interval}): {shares}."


def _print_rates(answer: Comparison, console: Console) -> None:
    table = new_table(
        "analysis",
        answer.first,
        "+-",
        answer.second,
        "+- ",
        "difference",
        "95 % interval",
        "can be told",
        "not analysable",
        "and",
    )
    for a in answer.compared:
        table.add_row(
            a.name,
            f"{a.first:.1%}",
            f"{a.first_mcse:.1%}",
            f"{a.second:.1%}",
            f"{a.second_mcse:.1%}",
            f"{100 * a.difference:+.2f}",
            _interval(a),
            "yes" if a.differs else "no",
            count_of(a.first_not_analysable, answer.trials),
            count_of(a.second_not_analysable, answer.trials),
        )
    print_table(table, console)
    console.print(
        f"{_rate(answer).capitalize()}, of all trials; +- is the Monte Carlo standard error. "
        "Differences in percentage points, paired trial by trial."
    )
    if answer.families:
        names = ", ".join(family.name for family in answer.families)
        console.print(f"Judged together, at least one hypothesis rejected: {names}.")
    for trial in answer.trials_of:
        if trial.not_compared:
            names = ", ".join(trial.not_compared)
            console.print(f"Only {trial.name} has, and so not compared: {names}.")


def _interval(a: ComparedPower) -> str:
    return f"{100 * a.difference_low:+.2f} to {100 * a.difference_high:+.2f}"


def _print_trials(first: ComparedTrial, second: ComparedTrial, console: Console) -> None:
    """Print what the trial takes in either scenario."""
    table = new_table("per trial", first.name, second.name)
    pair = first, second
    table.add_row("patients planned", *(f"{trial.target_randomised:,}" for trial in pair))
    table.add_row("patients randomised", *(number(trial.randomised) for trial in pair))
    table.add_row("target reached", *(plain_percent(t.target_reached.mean) for t in pair))
    table.add_row("recruitment, days", *(number(trial.enrolment_days) for trial in pair))
    for arm in dict.fromkeys([*first.mortality, *second.mortality]):
        deaths = (trial.mortality.get(arm) for trial in pair)
        table.add_row(f"mortality, {arm}", *("-" if d is None else percent(d) for d in deaths))
    sessions = [_sum(trial.sessions_delivered) for trial in pair]
    if any(sessions):
        table.add_row("sessions delivered", *(plain(total, ".0f") for total in sessions))
        litres = (_sum(trial.plasma_litres) for trial in pair)
        table.add_row("plasma, litres", *(plain(total, ".0f") for total in litres))
    print_table(table, console)


def _sum(by_arm: ByArm) -> float:
    return float(sum(entry.mean for entry in by_arm.values()))


def _print_different(answer: Comparison, console: Console) -> None:
    """Say in which keys the scenarios differ."""
    different = answer.different
    if not different:
        console.print("They do not differ in any key.")
        return
    told = [
        f"{d.key}: {value_in_words(d.first)} -> {value_in_words(d.second)}"
        for d in different[:_MOST_KEYS]
    ]
    more = len(different) - _MOST_KEYS
    if more > 0:
        told.append(f"and {more} more, which --json lists")
    console.print(f"Different: {'; '.join(told)}.")
