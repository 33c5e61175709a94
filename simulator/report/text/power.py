"""The full answer of `power` as sections, the verdict last."""

from collections.abc import Iterator

from simulator.report.text.acceptance import acceptance_blocks
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.power_conditional import conditional_section
from simulator.report.text.power_estimates import estimates_section, priors_section
from simulator.report.text.power_looks import looks_section
from simulator.report.text.power_rates import agreement_section, families_section, power_section
from simulator.report.text.power_trial import (
    assumptions_section,
    funnel_section,
    patients_section,
    recruitment_section,
    sessions_section,
)
from simulator.report.text.verdict import (
    is_shouted,
    limit_in_words,
    mortality_in_words,
    verdict_in_words,
)
from simulator.report.words import biases_in_words, effect_in_words, hypothesis_in_words
from simulator.results.power import Power


def _head(answer: Power) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: {answer.title}")
    yield (
        f"{answer.trials:,} trials, seed {answer.seed}, {answer.engine} engine, "
        f"trialsim {answer.version}."
    )
    yield f"Effect: {effect_in_words(answer.effect, answer.arms)}."
    for a in answer.analyses:
        if shown := hypothesis_in_words(a):
            yield f"{a.name} is to show {shown}; level {a.alpha:g}."
    for words in biases_in_words(answer.selection_bias, answer.drift):
        yield f"Biased: {words}."


def _verdict(answer: Power) -> Iterator[Block]:
    mortality = mortality_in_words(answer.operations.mortality)
    yield f"{mortality[:1].upper()}{mortality[1:]}."
    yield from verdict_blocks(answer)


def verdict_blocks(answer: Power) -> Iterator[Block]:
    """The verdict, and what limits it: the end of the screen and of the full text."""
    words = verdict_in_words(answer)
    yield Bold(words) if is_shouted(answer) else words
    if answer.operations.recruitment_is_the_limit:
        yield Bold(limit_in_words(answer.operations))
    yield from acceptance_blocks(answer.acceptance)
    if answer.interrupted:
        yield (
            f"Interrupted after {answer.trials:,} trials, which are shown; the same command goes "
            "on from there."
        )


POWER_SECTIONS = (
    Section("head", _head),
    Section("power", power_section),
    Section("looks", looks_section),
    Section("conditional", conditional_section),
    Section("estimates", estimates_section),
    Section("agreement", agreement_section),
    Section("families", families_section),
    Section("priors", priors_section),
    Section("patients", patients_section),
    Section("recruitment", recruitment_section),
    Section("sessions", sessions_section),
    Section("funnel", funnel_section),
    Section("assumptions", assumptions_section),
    Section("verdict", _verdict),
)
