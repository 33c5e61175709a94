"""What an interim analysis comes to: the boundary that is crossed, now or at a look before."""

from collections.abc import Iterator

from simulator.declarations.analyses import STATISTICS
from simulator.declarations.margins import margin_in_words
from simulator.report.text.page import Block, Bold
from simulator.results.interim import Interim, Verdict

UNITS = {
    "deaths": "deaths",
    "completed": "patients followed up",
    "inverse variance": "of 1 / standard error squared",
}


def favoured(answer: Interim) -> str:
    """What positive Z favours."""
    if answer.hypothesis.sides == "two-sided":
        return answer.arms[1]
    below = answer.hypothesis.alternative == "less"
    if answer.hypothesis.margin is None:
        return f"a {'lower' if below else 'higher'} {answer.measure}"
    return f"a {answer.measure} {'below' if below else 'above'} {margin_of(answer)}"


def margin_of(answer: Interim) -> str:
    """The margin with its unit; empty without one."""
    margin, declared = answer.hypothesis.margin, STATISTICS.get(answer.test)
    if margin is None:
        return ""
    return f"{margin:g}" if declared is None else margin_in_words(margin, declared.measure.scale)


def verdict_blocks(answer: Interim) -> Iterator[Block]:
    """Say which boundary is crossed, and which was before; what is missing where none is known."""
    yield from _crossed_before(answer)
    first = answer.arms[0]
    words = {
        Verdict.EFFICACY_SECOND: f"The boundary is crossed in favour of {favoured(answer)}",
        Verdict.EFFICACY_FIRST: f"The boundary is crossed in favour of {first}",
        Verdict.FUTILITY: "The futility boundary is crossed",
        Verdict.GO_ON: "No boundary is crossed",
        Verdict.NO_REJECTION: "The final analysis does not reject",
        Verdict.NOT_KNOWN: "No statistic at this cut, so no verdict",
    }
    text = words[answer.verdict]
    if answer.verdict is Verdict.FUTILITY and not answer.binding:
        text += ", which is not binding"
    changes = answer.reestimated is not None or answer.slow is not None
    if answer.spending is None and answer.futility is None and not answer.final:
        if changes:  # nobody need be unblinded for that
            yield Bold("Looks stop nothing by a boundary here.")
            return
        if answer.verdict is Verdict.GO_ON:
            text = "No look is planned here, so no boundary applies"
    yield Bold(f"{text}.")
    if answer.verdict is Verdict.NOT_KNOWN:
        yield _what_is_missing(answer)


def _crossed_before(answer: Interim) -> Iterator[Block]:
    """Earlier looks whose boundary was crossed, at which the rules would have stopped the trial."""
    words = {
        Verdict.EFFICACY_SECOND: f"the boundary in favour of {favoured(answer)}",
        Verdict.EFFICACY_FIRST: f"the boundary in favour of {answer.arms[0]}",
        Verdict.FUTILITY: f"the futility boundary{', which is not binding' * (not answer.binding)}",
    }
    for place, look in enumerate(answer.looks[:-1], start=1):
        if look.verdict in words:
            yield Bold(f"LOOK {place}, OF {look.cut}, HAD CROSSED {words[look.verdict]}.")


def _what_is_missing(answer: Interim) -> str:
    found = answer.information
    if found is None:
        return "Only what is said of recruitment is known of such an analysis."
    if found.planned is None:
        return "Give monitoring.max_information in the scenario: what information is planned."
    if found.now == 0:
        return f"There is no information yet: {UNITS[found.unit]} are counted."
    if found.now is None:
        return f"Give {UNITS[found.unit]} in the file, by arm or pooled."
    return "Give result: {z: ...} in the file, or an estimate with its standard error."
