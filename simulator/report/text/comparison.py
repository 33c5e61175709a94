"""A comparison of two scenarios as a page of text."""

from collections.abc import Iterator

from simulator.report.text.numbers import count_of, in_points, rate, rates_decimals
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import new_table
from simulator.results.comparison import Comparison


def _comparison(answer: Comparison) -> Iterator[Block]:
    title = f"{answer.second} against {answer.first}: {answer.trials:,} trials each, the same ones"
    yield Bold(f"{title}, seed {answer.seed}")
    every = (*answer.analyses, *answer.families)
    some_fail = any(a.first_not_analysable or a.second_not_analysable for a in every)
    heads = [answer.first, "+-", answer.second, "+-", "difference", "paired +-"]
    heads += [f"not analysable, {answer.first}", answer.second] * some_fail
    table = new_table("Analysis", *heads)
    decimals = rates_decimals([error for a in every for error in (a.first_mcse, a.second_mcse)])
    for a in every:
        cells = [*rate(a.first, a.first_mcse, decimals), *rate(a.second, a.second_mcse, decimals)]
        cells += in_points(a.difference, a.paired_mcse)
        missing = a.first_not_analysable, a.second_not_analysable
        cells += [count_of(count, answer.trials) for count in missing] * some_fail
        table.add_row(a.name, *cells)
    yield table
    yield "Shares of all trials that reject; differences in percentage points."
    if answer.families:
        names = ", ".join(family.name for family in answer.families)
        yield f"Judged together, at least one hypothesis rejected: {names}."


COMPARISON_SECTIONS = (Section("analyses", _comparison),)
