"""Whether a scenario agrees with published figures that were held out, as text."""

from collections.abc import Iterator

from simulator.report.acceptance_words import acceptance_in_short, probability_in_words
from simulator.report.text.numbers import rounded
from simulator.report.text.page import Block, Bold
from simulator.report.text.tables import new_table
from simulator.results.acceptance import Acceptance, AcceptanceCheck


def acceptance_blocks(acceptance: Acceptance | None, of: str = "") -> Iterator[Block]:
    """Say whether it does; nothing where nothing is held out.

    Parameters
    ----------
    of
        Name of the scenario, where there are several.
    """
    if acceptance is None:
        return
    words = acceptance_in_short(acceptance)
    words = f"{of}: {words}" if of else words
    yield Bold(words) if acceptance.fails else words


def acceptance_table(acceptance: Acceptance, *, only_failing: bool = False) -> Iterator[Block]:
    """Each figure beside its predictive interval; nothing where none is to be shown."""
    checks = [check for check in acceptance.checks if check.fails or not only_failing]
    if not checks:
        return
    heads = ["n", "seen", "simulated", "+-", "95 % predictive", "P", ""]
    table = new_table(
        "figure held out", "rows", *heads, words=("figure held out", "rows", ""), spare=("+-", "n")
    )
    for check in checks:
        table.add_row(
            check.label,
            " ".join(check.rows),
            f"{check.n:,}",
            value_of(check, check.observed),
            value_of(check, check.simulated),
            value_of(check, check.mcse),
            f"{value_of(check, check.low)} to {value_of(check, check.high)}",
            probability_in_words(check.p_value).removeprefix("P = ").removeprefix("P "),
            "fails" if check.fails else "",
        )
    yield table


def value_of(check: AcceptanceCheck, value: float) -> str:
    """Return a value in the unit of a check: a share in per cent."""
    return f"{100 * value:.1f}%" if check.is_share else rounded(value, 2)
