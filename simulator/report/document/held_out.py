"""Whether a scenario agrees with published figures that were not used to set it."""

from simulator.report.acceptance_words import (
    acceptance_in_words,
    probability_in_words,
    rows_in_words,
)
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.numbers import capital, in_words
from simulator.results.acceptance import AcceptanceCheck
from simulator.results.power import Power


def at_odds_sentence(power: Power) -> str:
    """Say that a scenario fails; empty where it does not, or nothing is held out."""
    acceptance = power.acceptance
    if acceptance is None or not acceptance.fails:
        return ""
    failing = [check for check in acceptance.checks if check.fails]
    lie = "lies outside its 95% predictive interval"
    if len(failing) > 1:
        lie = "lie outside their 95% predictive intervals"
    return (
        "The scenario is at odds with published figures that were not used to set it: "
        f"{in_words(len(failing))} of {in_words(len(acceptance.checks))} {lie} (rows of evidence "
        f"{literal(rows_in_words(failing))})."
    )


def held_out_blocks(power: Power) -> list[Block]:
    """Say whether a scenario agrees, and show each figure beside its predictive interval."""
    if power.acceptance is None:
        return []
    return [
        Paragraph(f"{literal(acceptance_in_words(power.acceptance))} [#acceptance] shows them."),
        Table(
            caption="Published figures that set no value of the scenario, and what it predicts.",
            header=("Figure", "Rows", "n", "Published", "95% predictive interval", "P"),
            rows=tuple(_row(check) for check in power.acceptance.checks),
            note="A study is predicted from the simulated figure, the heterogeneity between "
            "studies that the scenario assumes, and its own sampling. P is two-sided.",
            name="acceptance",
            words=(0, 1),
        ),
    ]


def _row(check: AcceptanceCheck) -> tuple[str, ...]:
    return (
        literal(capital(check.label)),
        literal(" ".join(check.rows)),
        f"{check.n:,}",
        _value(check, check.observed),
        f"{_value(check, check.low)} to {_value(check, check.high)}",
        probability_in_words(check.p_value).removeprefix("P = ").removeprefix("P "),
    )


def _value(check: AcceptanceCheck, value: float) -> str:
    return f"{100 * value:.1f}%" if check.is_share else f"{value:.2f}"
