"""Words for what an answer holds as a value: effects, biases, judgements, closed forms."""

from simulator.results.closed_forms import ClosedForm, ClosedForms, Contrast, Formula, Missing
from simulator.results.measures import Judgement, LowReason, NullHypothesis
from simulator.results.power import Drift, Effect, EffectKind, Power, SelectionBias
from simulator.results.size import NoSize, NoSizeKind

RATES = {
    NullHypothesis.NONE: "power",
    NullHypothesis.STRONG: "type I error",
    NullHypothesis.MORTALITY: "rejections",
}
FORMULAS = {
    Formula.SCHOENFELD: "Schoenfeld, log-rank",
    Formula.FREEDMAN: "Freedman, log-rank",
    Formula.NORMAL: "Normal approximation, two proportions",
    Formula.EXACT_BINOMIAL: "Exact binomial",
    Formula.T_TEST: "Two means, noncentral t",
    Formula.ANCOVA: "ANCOVA, noncentral t",
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
LEVEL_WORDS = {
    Judgement.LEVEL_EXCEEDED: "EXCEEDS",
    Judgement.LEVEL_HELD: "is within",
    Judgement.LEVEL_COMPATIBLE: "is compatible with",
}


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
            f"{below} because {test} is conservative: with so many patients and the control arm's "
            f"mortality its own type I error is {low.type_i_error:.1%}."
        )
    return f"{below}: at this size {test} seldom rejects, with this effect or without any."


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
    if reason.kind is NoSizeKind.FLAT:
        return (
            f"power hardly changes where it is near, between {reason.lowest:g} and "
            f"{reason.highest:g}: the trials do not tell"
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


def assumptions_in_words(form: ClosedForm, forms: ClosedForms) -> str:
    """Say what a closed form assumes, or why it gives no number."""
    if form.missing is not None:
        why = {
            Missing.NOT_ENUMERATED: f"{forms.test_name} is not enumerated at every size",
            Missing.TOO_LARGE: f"far beyond {forms.largest_enumerated} patients",
            Missing.NOT_REACHED: f"no size up to {forms.largest_enumerated} patients has the power",
        }
        return f"not worked out: {why[form.missing]}"
    if form.difference is not None and form.standard_deviation is not None:
        sds = " and ".join(f"{sd:.2f}" for sd in form.standard_deviation)
        about = " about the regression on baseline" if form.formula is Formula.ANCOVA else ""
        return (
            f"difference of {form.difference:.3f} points of MELD, standard deviations {sds}"
            f"{about}, {form.analysed:.1%} of patients analysed"
        )
    lost = f"{forms.lost:.1%} lost to follow-up"
    if form.hazard_ratio is not None:
        kind = "hazard ratio" if form.proportional else "average hazard ratio"
        return (
            f"{kind} {form.hazard_ratio:.3f}, an event seen in {form.event_probability:.1%} of "
            f"patients, {lost}"
        )
    risks = f"risk {forms.control:.1%} v {forms.experimental:.1%}, {lost}"
    if form.formula is Formula.EXACT_BINOMIAL:
        return f"{forms.test_name}, whole arms of fixed size, {risks}"
    return f"{risks}, no correction for continuity"
