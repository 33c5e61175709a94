"""Power with the deaths of each trial averaged out, beside the counts."""

from collections.abc import Iterator

from simulator.report.text.numbers import (
    interval,
    mean,
    percent,
    rate,
    rates_decimals,
    value_or_dash,
)
from simulator.report.text.page import Block
from simulator.report.text.tables import new_table
from simulator.results.conditional import ConditionalPower, ControlKind
from simulator.results.measures import Estimate
from simulator.results.power import Power

CONTROLS = {
    ControlKind.COUNTS: "its own counts",
    ControlKind.REDRAWS: "deaths drawn again",
    ControlKind.STEPS: "counts of deaths",
}


def conditional_section(answer: Power) -> Iterator[Block]:
    """Both estimates of each analysis, and how many trials the counts would take."""
    found = [(a, a.conditional) for a in answer.analyses if a.conditional is not None]
    if not found:
        return
    heads = ("+-", "95 % interval", "counted", "+-", "variance ratio", "averaged by")
    table = new_table(
        "Conditional estimate", "power", *heads, words=("Conditional estimate", "averaged by")
    )
    decimals = rates_decimals([c.mcse for _, c in found])
    for a, c in found:
        table.add_row(
            a.name,
            *rate(c.power, c.mcse, decimals),
            interval(c.ci_low, c.ci_high, decimals),
            *rate(a.power, a.mcse, rates_decimals([a.mcse])),
            value_or_dash(c.variance_ratio, c.variance_ratio_mcse),
            CONTROLS[c.control],
        )
    yield table
    first = found[0][1]
    yield (
        "The same power, with the deaths of each trial averaged out given every patient's hazard. "
        "Variance ratio: of the share of as many trials over that of this estimate; the counts "
        f"would take so many times the trials. The first {first.pilot_trials:,} trials set the "
        f"coefficients and are left out; each trial is run {first.runs_per_trial} times."
    )


def in_short(found: ConditionalPower) -> str:
    """Say the estimate of one analysis on one line."""
    words = f"{percent(Estimate(found.power, found.mcse))} with deaths averaged out"
    if found.variance_ratio is not None and found.variance_ratio_mcse is not None:
        times = mean(Estimate(found.variance_ratio, found.variance_ratio_mcse))
        words += f", as exact as {times} times the trials"
    return words
