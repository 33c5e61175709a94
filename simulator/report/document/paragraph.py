"""The justification of a sample size as one paragraph, for the box of a form."""

import math

from simulator.report.document.arm_words import the_arm
from simulator.report.document.blocks import literal
from simulator.report.document.dossier import Dossier, quoted_run, test_in_short
from simulator.report.document.feasibility import (
    recruitment_in_short,
    scarcity_sentence,
)
from simulator.report.document.held_out import at_odds_sentence
from simulator.report.document.inputs import effect_status
from simulator.report.document.looks import interim_sentence
from simulator.report.document.losses import loss_clause
from simulator.report.document.mortality import assumed_difference, assumed_mortality
from simulator.report.document.numbers import (
    count,
    in_words,
    joined,
    known,
    listed,
    number,
    percent,
    whole_percent,
)
from simulator.report.document.outcome import (
    effect_over_time,
    no_effect_sentence,
    on_scale,
    population,
)
from simulator.report.document.planned_size import planned_in_words
from simulator.report.document.power import (
    not_analysable_sentence,
    rate,
    rate_name,
    verdict_in_words,
)
from simulator.report.document.sweeps import sensitivity_sentence
from simulator.report.document.trial_end import end_in_short
from simulator.report.words import PROCEDURES
from simulator.results.measures import Scale
from simulator.results.power import EffectKind, Power

_ALPHA = "\N{GREEK SMALL LETTER ALPHA}\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"
_APART = 0.0005  # of two proportions that are told apart when shown


def paragraph(dossier: Dossier) -> str:
    """Return the justification as one paragraph, for the box of a form."""
    power = dossier.power
    is_power = power.verdict.is_power
    return joined(
        [
            _outcome_and_test(dossier),
            "" if is_power else no_effect_sentence(power),
            f"{_assumed(dossier)}, {_given(dossier)}." if is_power else f"{_given(dossier)}.",
            not_analysable_sentence(power),
            end_in_short(power),
            _families(power),
            interim_sentence(power),
            verdict_in_words(dossier),
            sensitivity_sentence(dossier) if is_power else "",
            effect_status(dossier),
            at_odds_sentence(dossier),
            recruitment_in_short(dossier),
            scarcity_sentence(power.operations),
        ]
    )


def _outcome_and_test(dossier: Dossier) -> str:
    """Say in one sentence, for a form's box, what is compared, in whom, and how."""
    power, first = dossier.power, dossier.power.primary
    a = first.estimand_attributes
    ratio = [dossier.value(f"allocation.ratio[{place}]") for place in range(len(power.arms))]
    split = f" ({':'.join(f'{part:g}' for part in ratio)})" if all(map(known, ratio)) else ""
    level = f"{first.hypothesis.sides} {_ALPHA}{whole_percent(first.alpha)}"
    how = "; ".join(filter(None, (literal(first.test.details), level)))
    return (
        f"The primary outcome is {literal(a.variable)}, compared between {the_arm(power.arms[-1])} "
        f"and {the_arm(power.arms[0])} in {population(a)}{split} using {test_in_short(first)} "
        f"({how}); {literal(a.loss)}."
    )


def _given(dossier: Dossier) -> str:
    """Say which power, or what stands in its place, the plan gives, and how that was found."""
    power, first, run = dossier.power, dossier.power.primary, quoted_run(dossier)
    how = (
        f"{count(run.trials)} simulated trials, trialsim {literal(power.version)}, seed {run.seed}"
    )
    found, allowing = rate(power, first, how), loss_clause(dossier)
    what, patients = rate_name(power.null_hypothesis), planned_in_words(dossier)
    if not power.verdict.is_power:
        return f"With {patients} the {what} is {found}, {allowing}"
    shown, about = found.split(" ", 1)
    return f"{patients} provide {shown} {what} {about}, {allowing}"


def _assumed(dossier: Dossier) -> str:
    """Return what is assumed as a clause, `Assuming ...`.

    Mortality by arm with what it follows from; the proportions of the outcome where transplants, or
    others, count in it as well; the hazard ratio, or what the outcome differs by on its own scale.
    """
    power, parts = dossier.power, [assumed_mortality(dossier)]
    apart = assumed_difference(dossier)
    if apart:
        parts[0] += f", an absolute difference of {apart}{_of_outcome(dossier)}"
    effect, first = power.effect, power.primary
    truth, error = first.performance.truth, first.performance.truth_mcse or 0.0
    if effect.kind is EffectKind.DIRECT:
        parts.append(f"a hazard ratio of {effect.hazard_ratio:.3g}{effect_over_time(effect)}")
    elif first.scale is Scale.LOG_RATIO and known(truth):
        ratio = math.exp(truth)
        parts.append(f"an average hazard ratio of {number(ratio, ratio * error, 3)}")
    if first.scale not in (Scale.PROPORTION, Scale.LOG_RATIO) and known(truth):
        summary = literal(first.estimand_attributes.summary)
        parts.append(f"{on_scale(first.scale, truth, error)} in the outcome itself ({summary})")
    return f"Assuming {listed(parts)}"


def _of_outcome(dossier: Dossier) -> str:
    """Return the outcome's own proportions where they are not mortality; else empty."""
    forms = dossier.closed_forms
    deaths = [entry.mean for entry in dossier.power.operations.mortality.values()]
    shares = [] if forms is None else [forms.control, forms.experimental]
    is_binary = dossier.power.primary.scale is Scale.PROPORTION
    if not is_binary or not all(map(known, shares)) or len(shares) != len(deaths):
        return ""
    if all(abs((s or 0.0) - d) < _APART for s, d in zip(shares, deaths, strict=True)):
        return ""
    return f" ({' v '.join(percent(share) for share in shares)} for the composite outcome)"


def _families(power: Power) -> str:
    """Say how often analyses that are judged together reject; empty where none are."""
    said = []
    for family in power.multiplicity:
        judged = f"{PROCEDURES[family.method]}, {whole_percent(family.alpha)}"
        said.append(
            f"Of {in_words(len(family.by_analysis))} hypotheses judged together ({judged}), "
            f"at least one is rejected in {percent(family.any.mean, family.any.mcse)} of trials "
            f"and all in {percent(family.all.mean, family.all.mcse)}."
        )
    return joined(said)
