"""Words for what an answer holds as a value: effects, biases, judgements, closed forms."""

import math
from collections.abc import Sequence
from functools import partial
from typing import cast

from simulator.declarations.analyses import STATISTICS
from simulator.declarations.analyses.hypothesis import Alternative, Hypothesis
from simulator.declarations.margins import to_be_shown
from simulator.results.base import Value
from simulator.results.closed_forms import ClosedForm, ClosedForms, Contrast, Formula, Missing
from simulator.results.flow import flow
from simulator.results.held_numbers import HeldNumber
from simulator.results.measures import Judgement, LowReason, NullHypothesis
from simulator.results.operations import Cost, Costed, LeftOut
from simulator.results.power import (
    AnalysisPower,
    Drift,
    Effect,
    EffectKind,
    Power,
    SelectionBias,
)
from simulator.results.prior import Parameter, PriorFor
from simulator.results.size import NoSize, NoSizeKind, RecruitmentLimit, Size

RATES = {
    NullHypothesis.NONE: "power",
    NullHypothesis.STRONG: "type I error",
    NullHypothesis.MORTALITY: "rejections",
}
FORMULAS = {
    Formula.SCHOENFELD: "Schoenfeld, log-rank",
    Formula.FREEDMAN: "Freedman, log-rank",
    Formula.NORMAL: "Normal approximation, two proportions",
    Formula.FARRINGTON_MANNING: "Farrington and Manning, two proportions",
    Formula.EXACT_BINOMIAL: "Exact binomial",
    Formula.T_TEST: "Two means, noncentral t",
    Formula.ANCOVA: "ANCOVA, noncentral t",
    Formula.EQUIVALENT_HAZARDS: "Schoenfeld, two one-sided tests",
    Formula.EQUIVALENT_PROPORTIONS: "Farrington and Manning, two one-sided tests",
    Formula.EQUIVALENT_MEANS: "Two means, two one-sided t tests",
    Formula.EQUIVALENT_ADJUSTED_MEANS: "ANCOVA, two one-sided t tests",
}
_CONTRASTS = {
    Contrast.NO_DIFFERENCE: (
        "No closed-form sample size: the arms do not differ in the outcome of {test}."
    ),
    Contrast.NO_FORMULA: "No closed-form sample size applies to {test}.",
    Contrast.OTHER_EVENTS: (
        "No closed-form sample size applies: {test} depends on rescue, withdrawal or having been "
        "treated, which formulas do not know."
    ),
    Contrast.FAMILY: "No closed-form sample size: several analyses are judged together.",
    Contrast.OTHER_SIDE: (
        "No closed-form sample size: the effect assumed is not what {test} is to show."
    ),
    Contrast.OTHER_FOLLOW_UP: (
        "No closed-form sample size: the formulas here take every patient to be followed for the "
        "same days, which patients of this trial are not."
    ),
    Contrast.ALL_LOST: (
        "No closed-form sample size: in the simulation nearly all patients are lost to follow-up."
    ),
    Contrast.SESSIONS: (
        "The closed forms know the outcome of each arm and a share lost; in the simulation a "
        "larger trial meets other queues, sessions that are delayed or missed contribute less "
        "effect, hazards are not proportional, and arms and losses vary from trial to trial."
    ),
    Contrast.APPROXIMATION: (
        "The closed forms are for arms of fixed size and an average loss; the simulation follows "
        "each patient, and counts what the test does at this very size."
    ),
}
PRIOR_PARAMETERS = {
    Parameter.MORTALITY: "mortality under PE, day 84",
    Parameter.COURSE: "hazard ratio, PE v medical",
    Parameter.CONTRAST: "hazard ratio, DPMAS+LPE v PE",
}
SHORT_PRIOR_PARAMETERS = {
    Parameter.MORTALITY: "mortality",
    Parameter.COURSE: "PE v medical",
    Parameter.CONTRAST: "DPMAS+LPE v PE",
}
PRIOR_FOR = {PriorFor.NEW_STUDY: "a new study", PriorFor.MEAN: "the mean of the studies"}
PROCEDURES = {
    "bonferroni": "Bonferroni procedure",
    "holm": "Holm procedure",
    "hochberg": "Hochberg procedure",
    "fixed_sequence": "fixed sequence",
    "graphical": "graphical procedure",
}
LEFT_OUT = {
    LeftOut.NO_SESSION: "received no session",
    LeftOut.LOST: "lost to follow-up",
    LeftOut.COUNTED_AS_LOST: "transplant, rescue or withdrawal, which counts as a loss",
    LeftOut.DIED: "died",
    LeftOut.NOT_SEEN: "MELD not seen at both visits",
}
_COSTED = {
    Costed.SESSIONS: "sessions",
    Costed.PATIENTS: "patients",
    Costed.SITES: "sites",
    Costed.MONTHS: "months of the trial",
    Costed.PLASMA: "plasma",
}
LEVEL_WORDS = {
    Judgement.LEVEL_EXCEEDED: "EXCEEDS",
    Judgement.LEVEL_HELD: "is within",
    Judgement.LEVEL_COMPATIBLE: "is compatible with",
}


_FEW = 2  # values of keys that move together and differ, which are shown
_AS_PLANNED = 0.995  # of the planned patients: with fewer randomised, the text says so


def values_in_short(values: Sequence[Value]) -> str:
    """Return the values of keys that move together: once where alike, else the first few."""
    shown = list(dict.fromkeys(_value_in_short(value) for value in values))
    if len(shown) == 1:
        return shown[0]
    listed = [_value_in_short(value) for value in values]
    return "/".join([*listed[:_FEW], *(["..."] if len(listed) > _FEW else [])])


def _value_in_short(value: Value) -> str:
    if value is None:
        return "dropped"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ":".join(map(_value_in_short, value))
    return flow(value)


def hypothesis_in_words(analysis: AnalysisPower) -> str:
    """Say what an analysis is to show, as "non-inferiority: risk difference below 0.1".

    Empty for a two-sided test of no difference.
    """
    asked, declared = analysis.hypothesis, STATISTICS.get(analysis.test.word)
    measure = "effect" if declared is None else declared.measure.name
    side = cast("Alternative", asked.alternative)
    return to_be_shown(Hypothesis(side, asked.margin, asked.equivalence), measure, analysis.scale)


def costed_in_words(cost: Cost) -> str:
    """Name what a trial is charged for, as `sessions, patients and sites`."""
    *first, last = [_COSTED[what] for what in cost.counted] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def below_level_in_words(power: Power) -> str:
    """Say in a sentence why power is below the nominal level; empty where it is not."""
    low, first = power.verdict.below_level, power.primary
    if low is None:
        return ""
    test = first.test.name
    below = f"The power is below the nominal level of {100 * first.alpha:g}%"
    if low.reason is LowReason.NOT_ANALYSABLE:
        share = first.not_analysable / power.trials
        return f"{below}: {share:.0%} of trials are not analysable and count as no rejection."
    if low.reason is LowReason.CONSERVATIVE:
        return (
            f"{below} because {test} is conservative: with {_arms_of(power)} fully followed up its "
            f"type I error is {low.type_i_error:.1%}."
        )
    return f"{below}: at this size {test} seldom rejects, with this effect or without any."


def _arms_of(power: Power) -> str:
    """Patients of each arm on average, as in `30 v 30`."""
    return " v ".join(f"{entry.mean:.0f}" for entry in power.operations.patients.values())


def effect_in_words(effect: Effect, arms: tuple[str, ...]) -> str:
    """Say how treatment acts, to be set after `Effect: `."""
    if effect.kind is EffectKind.NONE:
        return "none: under the strong null hypothesis both arms are treated as the control arm is"
    if effect.kind is EffectKind.EQUAL_HAZARDS:
        return "a hazard ratio of 1 between the arms; plans, sessions and labs differ as given"
    if effect.kind is EffectKind.BY_LABS:
        implied = effect.implied_hazard_ratio
        ratio = "" if implied is None else f"{implied.mean:.4f} +- {implied.mcse:.4f}"
        return (
            "only through what sessions do to MELD, which implies a hazard ratio of "
            f"{ratio} of {arms[1]} against {arms[0]}, every session on time"
        )
    if effect.kind is EffectKind.DIRECT:
        words = f"hazard ratio {effect.hazard_ratio:.3g} of {arms[1]} against {arms[0]}"
        if not effect.acts:
            return f"none: {words}{_why_none(effect)}"
        if effect.delay_days:
            words += f" from day {effect.delay_days:g}"
        if effect.waning_half_life_days is not None:
            words += f", waning with a half-life of {effect.waning_half_life_days:g} d"
    else:
        ratios = [f"{name} {ratio:.3g}" for name, ratio in effect.full_course_hazard_ratios.items()]
        words = (
            "accrues with each session delivered; full-course hazard ratio against none: "
            f"{', '.join(ratios)}"
        )
    if effect.combined_with_labs:
        words += "; and, on purpose a second time, through what sessions do to MELD"
    return words


def effect_in_short(effect: Effect, arms: tuple[str, ...]) -> str:
    """Say how treatment acts on one line of a screen, to be set after `Effect`."""
    if effect.kind is EffectKind.NONE:
        return "none: both arms are treated as the control arm is"
    if effect.kind is EffectKind.EQUAL_HAZARDS:
        return "hazard ratio 1; plans, sessions and labs differ"
    if effect.kind is EffectKind.BY_LABS and effect.implied_hazard_ratio is not None:
        return f"through MELD alone; hazard ratio {effect.implied_hazard_ratio.mean:.3f} implied"
    if effect.kind is EffectKind.BY_SESSION:
        ratios = [f"{name} {ratio:.3g}" for name, ratio in effect.full_course_hazard_ratios.items()]
        return f"hazard ratio of a full course against none: {', '.join(ratios)}"
    return effect_in_words(effect, arms)


def _why_none(effect: Effect) -> str:
    """Say why a direct effect never acts; empty where its ratio of 1 says it."""
    if effect.hazard_ratio == 1:
        return ""
    return f" from day {effect.delay_days:g}, after the end of follow-up"


def biases_in_words(bias: SelectionBias | None, drift: Drift | None) -> list[str]:
    """Say what distorts the trial: an investigator who guesses, a drift of mortality."""
    found = []
    if bias is not None:
        found.append(_guesses(bias))
    if drift is not None:
        found.append(
            f"mortality drifts ({drift.kind}): the last patient's hazard is "
            f"{drift.hazard_ratio:g} times the first's"
        )
    return found


def _guesses(bias: SelectionBias) -> str:
    words = f"the next arm is guessed, {bias.favours} is to look better: "
    if bias.hazard_ratio is not None:
        return f"{words}patients' hazards x {bias.hazard_ratio:g}, or its inverse, by the guess"
    done = "turned away"
    if bias.returns_after_days is not None:
        done = f"deferred for {bias.returns_after_days:g} d"
    return (
        f"{words}who does not suit the guess ({bias.variable} above {bias.poor_above:g} is poor) "
        f"is {done} with probability {bias.probability:g}"
    )


def reason_in_words(reason: NoSize) -> str:
    """Say why no value has the power, as it stands after a colon."""
    tried = f"from {reason.lowest:g} to {reason.highest:g}"
    if reason.kind is NoSizeKind.NOT_CONVERGED:
        return (
            f"with values {tried} the trials do not tell how power changes near the one asked; "
            "this says nothing of the trial: allow more patients to be simulated, or look between "
            "two values that are closer"
        )
    if reason.kind is NoSizeKind.ALWAYS:
        return f"every value tried, {tried}, has more than the power asked"
    if reason.kind is NoSizeKind.NEVER:
        return f"no value tried, {tried}, has the power asked"
    return (
        f"in the {reason.recruitment_days:g} days that recruitment may take, {reason.patients:.0f} "
        "patients can be recruited on average"
    )


def contrast_in_words(forms: ClosedForms) -> str:
    """Say why formulas and simulation differ, or why there is no formula."""
    return _CONTRASTS[forms.contrast].format(test=forms.test_name)


def recruitment_limit_in_words(limit: RecruitmentLimit) -> str:
    """Say that recruitment, not the planned number, is the limit, as a sentence."""
    return (
        f"Recruitment is the limit: from {limit.value:g} planned patients on most trials end "
        f"before the target; in the {limit.days:g} days that recruitment may take, at most "
        f"{limit.randomised:.1f} patients (MCSE {limit.mcse:.1f}) are randomised on average."
    )


def not_analysable_in_words(found: Size) -> str:
    """Say how many trials have no result at the value that is told of; empty if none."""
    point = found.point(found.operations.value)
    if point is None or point.analysable == point.trials:
        return ""
    missing = point.trials - point.analysable
    return (
        f"Of the {point.trials:,} trials at {point.value:g}, {missing:,} "
        f"({missing / point.trials:.1%}) are not analysable and count as not rejecting."
    )


def planned_in_words(found: Size, shown: str) -> str:
    """Name the patients of an answer: where fewer are randomised than planned, it says so."""
    point = None if found.answer is None else found.point(found.answer.value)
    if point is None or point.randomised >= _AS_PLANNED * point.value:
        return f"{shown} patients"
    return f"{shown} patients planned ({point.randomised:.1f} randomised on average)"


def basis_in_words(found: Size) -> str:
    """Say what the number that is named rests on, as sentences; empty of another key than patients.

    That it is the trend is said: the power of a discrete test climbs in teeth about it.
    """
    answer, power = found.answer, f"{100 * found.target_power:.10g} %"
    if answer is None or not found.is_of_patients:
        return ""
    if answer.is_exact:
        words = (
            f"By enumeration of all tables: from {answer.value:g} patients on the power stays at "
            f"or above {power}."
        )
        if found.n_trend is not None:
            words += (
                f" The curve fitted to the simulated trials crosses {power} at "
                f"{found.n_trend:g} (95 % confidence interval {found.n_trend_low:g} to "
                f"{found.n_trend_high:g})."
            )
        return words
    words = f"The number is where the fitted trend crosses {power}."
    if found.discrete:
        words += (
            " The power of a test of two proportions climbs in teeth about that trend: at single "
            "larger numbers it may be lower."
        )
    return words


def assumptions_in_words(form: ClosedForm, forms: ClosedForms, digits: int = 1) -> str:
    """Say what a closed form assumes, or why it gives no number.

    Parameters
    ----------
    digits
        Decimals of the percentages; the other inputs have as many more significant ones.
    """
    if form.missing is not None:
        why = {
            Missing.NOT_ENUMERATED: f"{forms.test_name} is not enumerated at every size",
            Missing.TOO_LARGE: f"may exceed {forms.largest_enumerated} patients",
            Missing.NOT_REACHED: f"no size up to {forms.largest_enumerated} patients has the power",
        }
        return f"not calculated: {why[form.missing]}"
    margin = "" if form.margin is None else f", margin {form.margin:g}"
    if form.equivalence is not None:
        margin = ", equivalence between {:g} and {:g}".format(*form.equivalence)
    return _assumed_by(form, forms, digits) + margin


def _assumed_by(form: ClosedForm, forms: ClosedForms, digits: int) -> str:
    share = partial(_share, digits=digits)
    if form.difference is not None and form.standard_deviation is not None:
        sds = " and ".join(f"{sd:.{digits + 1}f}" for sd in form.standard_deviation)
        adjusted = Formula.ANCOVA, Formula.EQUIVALENT_ADJUSTED_MEANS
        about = " about the regression on baseline" if form.formula in adjusted else ""
        return (
            f"difference of {form.difference:.{digits + 2}f} points of MELD, "
            f"standard deviations {sds}{about}, {share(form.analysed)} of patients analysed"
        )
    lost = f"{share(forms.lost)} lost to follow-up"
    if form.hazard_ratio is not None:
        kind = "hazard ratio" if form.proportional else "average hazard ratio"
        return (
            f"{kind} {form.hazard_ratio:.{digits + 2}f}, an event seen in "
            f"{share(form.event_probability)} of patients, {lost}"
        )
    risks = f"risk {share(forms.control)} v {share(forms.experimental)}, {lost}"
    if form.formula is Formula.EXACT_BINOMIAL:
        return f"{forms.test_name}, whole arms of fixed size, {risks}"
    return risks if form.apart is not None else f"{risks}, no correction for continuity"


def _share(value: float | None, digits: int) -> str:
    """Return a proportion in per cent, of further decimals those that are not 0."""
    text = f"{100 * (math.nan if value is None else value):.{digits}f}"
    first = text.find(".") + 2
    return f"{text[:first]}{text[first:].rstrip('0')}%"


def held_in_words(held: Sequence[HeldNumber]) -> str:
    """Say which numbers stay while the number of patients is varied; empty: none do."""
    if not held:
        return ""
    stay = ", ".join(f"{one.key} = {one.value:g}" for one in held)
    along = ", ".join(dict.fromkeys(one.goes_along for one in held))
    return (
        f"These stay as they are whatever the number of patients: {stay}. Given as shares of the "
        f"plan they go with it: {along}."
    )
