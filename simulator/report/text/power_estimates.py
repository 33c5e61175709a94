"""How good estimates are: bias, errors, coverage, and the two errors of those that reject."""

from collections.abc import Iterator, Sequence

from simulator.report.look_words import no_estimates_in_words
from simulator.report.text.numbers import LEFT_OUT, plain, plain_percent, rounded, value_or_dash
from simulator.report.text.page import Block
from simulator.report.text.power_after_stopping import estimates_with_looks
from simulator.report.text.tables import Table, new_table
from simulator.results.power import AnalysisPower, Performance, Power, PriorReport

_COLUMNS = (
    "trials with an estimate",
    "true value",
    "bias",
    "empirical SE",
    "mean model SE",
    "RMSE",
    "coverage",
    "type S error",
    "type M error",
)


def estimates_section(answer: Power) -> Iterator[Block]:
    """How good each estimate is, and what the table's words mean."""
    yield _table(answer)
    yield LEFT_OUT
    yield from _explained(answer)
    yield from _loss_explained(answer)
    if answer.looks is None:
        return
    if answer.looks.estimates:
        yield from estimates_with_looks(answer.looks)
    if answer.looks.no_estimates:
        yield no_estimates_in_words(answer.looks)


def _table(answer: Power) -> Table:
    table = new_table("Estimates", *_COLUMNS)
    for a in answer.analyses:
        p = a.performance
        table.add_row(
            a.name,
            f"{p.estimates:,}",
            value_or_dash(p.truth, p.truth_mcse),
            value_or_dash(p.bias, p.bias_mcse),
            plain(p.empirical_se),
            plain(p.model_se),
            plain(p.rmse),
            plain_percent(p.coverage),
            value_or_dash(p.sign_error, p.sign_error_mcse, share=True),
            value_or_dash(p.exaggeration, p.exaggeration_mcse),
        )
        if p.survivor_average is not None:
            average = value_or_dash(p.survivor_average, p.survivor_average_mcse)
            table.add_row("  always-survivors", "", average, *[""] * 7)
    return table


def _explained(answer: Power) -> Iterator[str]:
    measured: dict[str, list[str]] = {}
    for a in answer.analyses:
        measured.setdefault(a.estimand_attributes.summary, []).append(a.name)
    for words, names in measured.items():
        yield f"{words[:1].upper()}{words[1:]}: {', '.join(names)}."
    found = [a.performance for a in answer.analyses]
    yield from _errors_in_words(found)
    for a in answer.analyses:
        yield from _fewer_in_words(a.name, a.performance)
    if any(p.sign_error is not None for p in found):
        yield (
            f"Type S error: among the trials that reject ({_rejecting(answer.analyses)}), "
            "estimates on the wrong side of no effect. Type M error (exaggeration ratio): how "
            "many times the true size they have on average."
        )
    if any(p.survivor_average is not None for p in found):
        yield "Always-survivors: the effect in those who would survive under either treatment."


def _loss_explained(answer: Power) -> Iterator[str]:
    """Say how what is made of the lost biases each estimate, where anybody is lost."""
    if not any(lost.mean for lost in answer.operations.lost.values()):
        return
    found: dict[str, list[str]] = {}
    for a in answer.analyses:
        found.setdefault(a.estimand_attributes.loss_bias, []).append(a.name)
    for words, names in found.items():
        yield f"Bias from loss to follow-up ({', '.join(names)}): {words}."


def _rejecting(analyses: Sequence[AnalysisPower]) -> str:
    told = (a for a in analyses if a.performance.sign_error is not None)
    return ", ".join(f"{a.name} {a.performance.significant:,}" for a in told)


def _errors_in_words(found: Sequence[Performance]) -> Iterator[str]:
    """Monte Carlo errors that the table has no room for: the largest of all analyses."""
    relative = [error for p in found for error in _relative_errors(p)]
    coverage = [p.coverage_mcse for p in found if p.coverage and p.coverage_mcse is not None]
    parts = []
    if relative:
        parts.append(
            f"empirical SE, mean model SE and RMSE: relative MCSE at most {max(relative):.1%}"
        )
    if coverage:
        parts.append(f"coverage: MCSE at most {max(coverage):.1%}")
    text = "; ".join(parts)
    if text:
        yield f"{text[:1].upper()}{text[1:]}."


def _fewer_in_words(name: str, p: Performance) -> Iterator[str]:
    """What rests on fewer trials than have an estimate: standard errors, intervals."""
    for words, value, number_of in (
        ("mean model SE", p.model_se, p.standard_errors),
        ("coverage", p.coverage, p.intervals),
    ):
        if value is not None and number_of < p.estimates:
            yield f"{name}: the {words} is of {number_of:,} of {p.estimates:,} trials."


def _relative_errors(p: Performance) -> Iterator[float]:
    for value, error in (
        (p.empirical_se, p.empirical_se_mcse),
        (p.model_se, p.model_se_mcse),
        (p.rmse, p.rmse_mcse),
    ):
        if value and error is not None:
            yield error / value


def priors_section(answer: Power) -> Iterator[Block]:
    """What the priors of Bayesian analyses hold."""
    for a in answer.analyses:
        for arm, report in a.prior.items():
            yield f"{a.name}, {prior_in_words(arm, report)}"


def prior_in_words(arm: str, report: PriorReport) -> str:
    """Say what a prior holds, and whether the mortality expected contradicts it."""
    return (
        f"prior of {arm}: mean {rounded(report.mean, 3)} ({rounded(report.low, 3)} to "
        f"{rounded(report.high, 3)}), worth {report.effective_patients:g} patients beside "
        f"{report.patients}; prior predictive probability of deaths no more likely than at a "
        f"mortality of {plain(report.mortality)}: {rounded(report.predictive_p, 3)}."
    )
