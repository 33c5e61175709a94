"""The justification of a sample size as one paragraph, for the box of a form."""

import math

from simulator.report.document.blocks import literal
from simulator.report.document.dossier import Dossier, quoted_run, test_in_full
from simulator.report.document.feasibility import (
    SCARCE,
    loss_sentence,
    on_time_sentence,
    plasma_sentence,
    recruitment_sentence,
    target_sentence,
)
from simulator.report.document.needed_size import consequence
from simulator.report.document.numbers import (
    count,
    joined,
    known,
    listed,
    number,
    points,
    whole_percent,
)
from simulator.report.document.outcome import effect_over_time, effect_status, no_effect_sentence
from simulator.report.document.power import (
    in_brackets,
    judgement_sentence,
    mortality_in_words,
    not_analysable_sentence,
    planned_in_words,
    rate_name,
)
from simulator.report.words import below_level_in_words
from simulator.results.power import EffectKind, Power


def paragraph(dossier: Dossier) -> str:
    """Return the justification as one paragraph, for the box of a form."""
    power, first, run = dossier.power, dossier.power.primary, quoted_run(dossier)
    o = power.operations
    trials = f"{count(run.trials)} simulated trials, seed {run.seed}, trialsim {power.version}"
    given = (
        f"{planned_in_words(dossier)} give a {rate_name(power.null_hypothesis)} of "
        f"{in_brackets(power, first, literal(trials))}."
    )
    if power.verdict.is_power:
        lead, found = "", f"{_assumed_difference(power)}, {given}"
    else:
        lead, found = no_effect_sentence(power), given
    return joined(
        [
            lead,
            _outcome_and_test(dossier),
            found,
            not_analysable_sentence(power),
            judgement_sentence(power),
            below_level_in_words(power),
            consequence(dossier, short=True),
            effect_status(dossier),
            loss_sentence(dossier, short=True),
            recruitment_sentence(o),
            target_sentence(dossier),
            on_time_sentence(dossier),
            plasma_sentence(o, least=SCARCE, short=True),
        ]
    )


def _outcome_and_test(dossier: Dossier) -> str:
    """Say in one sentence, for a form's box, what is compared, in whom, and how."""
    power, first = dossier.power, dossier.power.primary
    a = first.estimand_attributes
    arms = f"{literal(power.arms[-1])} and {literal(power.arms[0])}"
    ratio = [dossier.value(f"allocation.ratio[{place}]") for place in range(len(power.arms))]
    split = f" ({':'.join(f'{part:g}' for part in ratio)})" if all(map(known, ratio)) else ""
    whom = f"{a.population} patients" if a.population == "all randomised" else a.population
    return (
        f"The primary outcome, {literal(a.variable)}, is compared between {arms} in "
        f"{literal(whom)}{split} by {test_in_full(first)} at a two-sided level of "
        f"{whole_percent(first.alpha)}; {literal(a.loss)}."
    )


def _assumed_difference(power: Power) -> str:
    """Return the assumed difference as a clause, `Assuming ...`; of the outcome, not deaths alone.

    Mortality by arm; beside it the hazard ratio of a direct effect and, where the outcome is no
    death, the true value of the estimand.
    """
    mortality = power.operations.mortality
    control, experimental = (list(mortality.values())[place] for place in (0, -1))
    error = math.hypot(control.mcse, experimental.mcse)
    parts = [f"mortality of {mortality_in_words(mortality)}"]
    if known(control.mean) and known(experimental.mean):
        apart = points(abs(experimental.mean - control.mean), error)
        parts = [f"{parts[0]} (absolute difference {apart} percentage points)"]
    effect, first = power.effect, power.primary
    if effect.kind is EffectKind.DIRECT:
        parts.append(f"a hazard ratio of {effect.hazard_ratio:.3g}{effect_over_time(effect)}")
    if first.estimand_attributes.death is not None and known(first.performance.truth):
        summary = literal(first.estimand_attributes.summary)
        truth = number(first.performance.truth, first.performance.truth_mcse, 3)
        parts.append(f"a true value of {truth} for the {summary}")
    return f"Assuming {listed(parts)}"
