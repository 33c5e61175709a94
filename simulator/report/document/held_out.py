"""Whether a scenario agrees with published figures that were not used to set it."""

from simulator.report.acceptance_words import (
    acceptance_in_words,
    probability_in_words,
)
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.dossier import EVIDENCE, Dossier
from simulator.report.document.numbers import capital, in_words
from simulator.results.acceptance import AcceptanceCheck
from simulator.results.evidence import works_behind


def at_odds_sentence(dossier: Dossier) -> str:
    """Say that a scenario fails, with the figures; empty where it does not, or nothing is held out.

    The verdict is of all figures together; those named lie outside their own intervals.
    """
    acceptance = dossier.power.acceptance
    if acceptance is None or not acceptance.fails:
        return ""
    failing = [check for check in acceptance.checks if check.fails]
    lie = "lies outside its own 95% predictive interval"
    if len(failing) > 1:
        lie = "lie outside their own 95% predictive intervals"
    together = probability_in_words(acceptance.p_value)
    return (
        "The scenario is at odds with published figures that were not used to set it: "
        f"{in_words(len(failing))} of {in_words(len(acceptance.checks))} {lie} (all together "
        f"{together}, Bonferroni): {'; '.join(_beside(dossier, check) for check in failing)}."
    )


def _beside(dossier: Dossier, check: AcceptanceCheck) -> str:
    """Return what a study saw, with its reference, beside what is simulated."""
    seen, simulated = (_value(check, value) for value in (check.observed, check.simulated))
    words = (
        f"{literal(check.label)}, observed {seen}{_marks(dossier, check)}, {simulated} simulated"
    )
    return f"{words} (of a publication that sets values too)" if _shares(dossier, check) else words


def _works(dossier: Dossier, check: AcceptanceCheck) -> tuple[str, ...]:
    """Keys of the works that a figure is from."""
    rows = [row for row in check.rows if row in dossier.evidence]
    return tuple(f"{EVIDENCE}{row.id}" for row in works_behind(rows, dossier.evidence))


def _marks(dossier: Dossier, check: AcceptanceCheck) -> str:
    works = _works(dossier, check)
    if not works:
        return f" (row {literal(' '.join(check.rows))})"
    return " " + "".join(f"[@{key}]" for key in works)


def _shares(dossier: Dossier, check: AcceptanceCheck) -> bool:
    """Whether a value of the scenario rests on a work that the figure is from."""
    used = {key for e in dossier.values for keys in e.works.values() for key in keys}
    return not used.isdisjoint(_works(dossier, check))


def held_out_blocks(dossier: Dossier) -> list[Block]:
    """Say whether a scenario agrees, and show each figure beside its predictive interval."""
    acceptance = dossier.power.acceptance
    if acceptance is None:
        return []
    return [
        Paragraph(f"{literal(acceptance_in_words(acceptance))} [#acceptance] shows them."),
        Table(
            caption="Published figures that set no value of the scenario, and what it predicts.",
            header=("Figure", "Rows", "n", "Published", "95% predictive interval", "P"),
            rows=tuple(_row(dossier, check) for check in acceptance.checks),
            note="A study is predicted from the simulated figure, the heterogeneity between "
            "studies that the scenario assumes, and its own sampling. P is two-sided, of one "
            f"figure alone. {_note(dossier)}".rstrip(),
            name="acceptance",
            words=(0, 1),
        ),
    ]


def _note(dossier: Dossier) -> str:
    """Name the figures from publications that set values too: they are held out in part alone."""
    checks = dossier.power.acceptance.checks if dossier.power.acceptance else ()
    rows = [row for check in checks if _shares(dossier, check) for row in check.rows]
    if not rows:
        return ""
    return f"From publications that set values too: {literal(', '.join(rows))}."


def _row(dossier: Dossier, check: AcceptanceCheck) -> tuple[str, ...]:
    return (
        literal(capital(check.label)),
        literal(" ".join(check.rows)) + (_marks(dossier, check) if _works(dossier, check) else ""),
        f"{check.n:,}",
        _value(check, check.observed),
        f"{_value(check, check.low)} to {_value(check, check.high)}",
        probability_in_words(check.p_value).removeprefix("P = ").removeprefix("P "),
    )


def _value(check: AcceptanceCheck, value: float) -> str:
    return f"{100 * value:.1f}%" if check.is_share else f"{value:.2f}"
