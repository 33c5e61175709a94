"""Primary outcome, its estimand and its analysis; the target difference and where it is from."""

import math

from simulator.report.document.arm_words import the_arm
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.dossier import (
    Dossier,
    full_title,
    matching,
    test_in_full,
    title_of,
)
from simulator.report.document.figure_citations import shown_in
from simulator.report.document.inputs import difference_status, effect_sources, margin_status
from simulator.report.document.mortality import absolute_difference, departures, mortality_name
from simulator.report.document.numbers import (
    capital,
    closed,
    error_of,
    joined,
    known,
    listed,
    number,
    whole_percent,
    with_error,
)
from simulator.report.document.power import mortality_in_words
from simulator.report.document.sources import source_in_words
from simulator.report.words import PROCEDURES, hypothesis_in_words
from simulator.results.measures import NullHypothesis, Scale
from simulator.results.power import (
    Effect,
    EffectKind,
    EstimandAttributes,
    Power,
)


def outcome_sentence(power: Power) -> str:
    """Say what the primary outcome is, and in whom it is compared."""
    a = power.primary.estimand_attributes
    return (
        f"The primary outcome is {literal(a.variable)}, compared between {the_arm(power.arms[-1])} "
        f"and {the_arm(power.arms[0])} in {population(a)}."
    )


def population(a: EstimandAttributes) -> str:
    """Say in whom the outcome is compared."""
    return literal(f"{a.population} patients" if a.population == "all randomised" else a.population)


def estimand_table(power: Power) -> Table:
    """Attributes of the primary estimand."""
    rows = [
        (label, literal(capital(choice)))
        for label, choice in _attributes(power.primary.estimand_attributes)
        if choice is not None
    ]
    return Table(
        caption="The primary estimand by its attributes.",
        header=("Attribute", "Choice"),
        rows=tuple(rows),
        name="estimand",
        words=(0, 1),
        widths=(1, 1.6),
    )


def _attributes(a: EstimandAttributes) -> tuple[tuple[str, str | None], ...]:
    return (
        ("Population", a.population),
        ("Treatments compared", a.treatment),
        ("Variable", a.variable),
        ("Death", a.death),
        ("Transplant", a.transplant),
        ("Rescue or another modality", a.rescue),
        ("Withdrawal from treatment", a.withdrawal),
        ("Population-level summary", a.summary),
        ("Missing outcomes (no part of the estimand)", a.loss),
        ("Bias from missing outcomes", a.loss_bias),
    )


def in_midsentence(summary: str) -> str:
    """Return a population-level summary as the subject of a sentence: a clause in it is closed."""
    return closed(literal(summary))


def analysis_sentence(power: Power) -> str:
    """Say how the primary outcome is analysed, and at which level."""
    first = power.primary
    attributes = first.estimand_attributes
    shown = hypothesis_in_words(first)
    against = f"{the_arm(power.arms[-1])} against {the_arm(power.arms[0])}"
    aim = f"The aim is to show {literal(shown)}, {against}. " if shown else ""
    return aim + (
        f"The {in_midsentence(attributes.summary)} is analysed by "
        f"{closed(test_in_full(first))} at a "
        f"{first.hypothesis.sides} significance level of {whole_percent(first.alpha)}; "
        f"{literal(attributes.loss)}."
    )


def analysis_source(dossier: Dossier) -> str:
    """Say where the choice of the primary analysis comes from."""
    found = matching(dossier, "analyses[0].test")
    if not found:
        return ""
    if not found[0].source.is_given:
        return "The scenario names no source for this choice, which counts as an assumption."
    return f"The scenario gives as its source: “{source_in_words(found[0])}”."


def other_analyses(power: Power) -> str:
    """Name the secondary and sensitivity analyses, and those judged together."""
    names = [full_title(a) for a in power.analyses[1:]]
    if not names:
        return "No other analysis was simulated."
    text = f"Secondary and sensitivity analyses: {'; '.join(names)}."
    if not power.multiplicity:
        return f"{text} None of them is corrected for the number of analyses."
    judged = [
        f"{listed([title_of(power, name) for name in family.by_analysis])} by the "
        f"{PROCEDURES[family.method]} at {whole_percent(family.alpha)}"
        for family in power.multiplicity
    ]
    return f"{text} Judged together are {'; '.join(judged)}."


def effect_sentence(power: Power) -> str:
    """Say which effect was simulated."""
    effect, arms = power.effect, f"{the_arm(power.arms[-1])} against {the_arm(power.arms[0])}"
    if effect.kind is EffectKind.NONE:
        return (
            "There is no effect: under the strong null hypothesis both arms are treated as the "
            "control arm is."
        )
    if effect.kind is EffectKind.EQUAL_HAZARDS:
        return (
            "The effect is set to a hazard ratio of 1 between the arms; plans, sessions and labs "
            "differ as given."
        )
    if effect.kind is EffectKind.BY_LABS:
        return (
            "Treatment is assumed to act only through what sessions do to MELD, which implies a "
            f"hazard ratio of {_implied(effect)} of {arms}, every session on time."
        )
    twice = ""
    if effect.combined_with_labs:
        twice = "; and, on purpose a second time, through what sessions do to MELD"
    if effect.kind is EffectKind.BY_SESSION:
        ratios = effect.full_course_hazard_ratios.items()
        told = ", ".join(f"{literal(name)} {ratio:.3g}" for name, ratio in ratios)
        return (
            "The treatment effect is assumed to accrue with each session delivered (hazard ratio "
            f"of a full course against none: {told}{twice})."
        )
    ratio = f"{effect.hazard_ratio:.3g} for {arms}"
    if effect.acts:
        return f"The assumed effect is a hazard ratio of {ratio}{effect_over_time(effect)}{twice}."
    if effect.hazard_ratio == 1:
        return f"The assumed effect is none: a hazard ratio of {ratio}."
    return (
        f"The assumed effect is a hazard ratio of {ratio} from day {effect.delay_days:g}, after "
        "the end of follow-up: within it there is none."
    )


def _implied(effect: Effect) -> str:
    implied = effect.implied_hazard_ratio
    return "an unknown size" if implied is None else with_error(implied)


def effect_over_time(effect: Effect) -> str:
    """Say from when on an effect acts and how it wanes; empty where it is constant."""
    words = f" from day {effect.delay_days:g}" if effect.delay_days else ""
    if effect.waning_half_life_days is not None:
        words += f", waning with a half-life of {effect.waning_half_life_days:g} d"
    return words


def difference_sentence(dossier: Dossier) -> str:
    """Return mortality by arm and its difference."""
    mortality = dossier.power.operations.mortality
    apart = absolute_difference(mortality)
    if not apart:
        return "In the simulated trials an arm has no patients, and no mortality."
    control, experimental = (list(mortality.values())[place] for place in (0, -1))
    error = math.hypot(control.mcse, experimental.mcse)
    return (
        f"In the simulated trials {mortality_name(dossier)} is {mortality_in_words(mortality)}, an "
        f"absolute difference of {apart} (Monte Carlo standard error {error_of(error, 100, 2)})"
        f"{departures(dossier)}."
    )


def truth_sentence(power: Power) -> str:
    """Return the true value of the primary estimand."""
    first, p = power.primary, power.primary.performance
    if not known(p.truth):
        return ""
    error = p.truth_mcse if known(p.truth_mcse) else 0.0
    scaled = error_of(error, 100, 2) if first.scale is Scale.PROPORTION else error_of(error)
    about, shown = f"Monte Carlo standard error {scaled}", on_scale(first.scale, p.truth, error)
    if first.scale is Scale.LOG_RATIO:
        ratio = math.exp(p.truth)
        about += f"; as a ratio {number(ratio, ratio * error)}"
    summary = literal(first.estimand_attributes.summary)
    return f"The true value of the estimand, the {summary}, is {shown} ({about})."


_UNITS = {
    Scale.PROPORTION: " percentage points",
    Scale.DAYS: " days",
    Scale.MELD_POINTS: " points of MELD",
}


def on_scale(scale: Scale, value: float, error: float) -> str:
    """Return an estimate with the unit of its scale, in as many digits as its error supports."""
    factor = 100 if scale is Scale.PROPORTION else 1
    return f"{number(factor * value, factor * error, 3)}{_UNITS.get(scale, '')}"


def difference_blocks(dossier: Dossier) -> list[Block]:
    """Return the target difference, and why it is that."""
    power = dossier.power
    if not power.verdict.is_power:
        said, effect = no_effect_sentence(power), effect_sentence(power)
        return [Paragraph(said if effect in said else f"{said} {effect}")]
    gap = " " * bool(margin_status(dossier))
    words = [
        effect_sentence(power),
        difference_sentence(dossier),
        truth_sentence(power),
        shown_in(dossier, "survival"),
    ]
    return [
        Paragraph(joined(words)),
        Paragraph(
            f"{difference_status(dossier)} [#assumed-effect] has each with its source. They say "
            f"what effect is thought realistic. {margin_status(dossier)}{gap}The scenario records "
            "no judgement of which difference "
            "would matter to patients, which DELTA2 asks for as well [@delta2]; the applicants "
            "have to add it."
            if effect_sources(dossier)
            else "The scenario's values were not handed over, so the difference stands here as an "
            "assumption. DELTA2 asks why it is important or realistic [@delta2]; the applicants "
            "have to say so."
        ),
    ]


def no_effect_sentence(power: Power) -> str:
    """Say that a run without an effect has no target difference, and why it has none."""
    is_asked = power.effect.kind in (EffectKind.NONE, EffectKind.EQUAL_HAZARDS)
    if power.null_hypothesis is NullHypothesis.STRONG and is_asked:
        return (
            "This run asks for the type I error: both arms are treated alike, and no target "
            "difference applies."
        )
    if power.null_hypothesis is NullHypothesis.STRONG:
        return (
            f"{effect_sentence(power)} Rejections are therefore the type I error, and no target "
            "difference applies."
        )
    words = (
        "This run asks how often the trial rejects where the hazard ratio is 1 and the arms still "
        "differ in plans, sessions and labs; no target difference applies."
    )
    return words if is_asked else f"{effect_sentence(power)} {words}"
