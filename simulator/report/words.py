"""Words for what an answer holds as a value: effects, biases, judgements, closed forms."""

from simulator.results.closed_forms import ClosedForm, ClosedForms, Contrast, Formula, Missing
from simulator.results.measures import Judgement, NullHypothesis
from simulator.results.power import Drift, Effect, EffectKind, SelectionBias
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
}
CONTRASTS = {
    Contrast.NO_DIFFERENCE: (
        "No closed-form sample size: in the simulation the arms do not differ in mortality by more "
        "than chance."
    ),
    Contrast.ALL_LOST: (
        "No closed-form sample size: in the simulation nearly all patients are lost to follow-up."
    ),
    Contrast.SESSIONS: (
        "The closed forms know two mortalities and a share lost; in the simulation a larger trial "
        "meets other queues, sessions that are delayed or missed contribute less effect, hazards "
        "are not proportional, and arms and losses vary from trial to trial."
    ),
    Contrast.APPROXIMATION: (
        "The closed forms are approximations for large trials with a fixed share lost; the "
        "simulation follows each patient, and counts what the test does at this very size."
    ),
}
LEVEL_WORDS = {
    Judgement.LEVEL_EXCEEDED: "EXCEEDS",
    Judgement.LEVEL_HELD: "is within",
    Judgement.LEVEL_COMPATIBLE: "is compatible with",
}


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


def assumptions_in_words(form: ClosedForm, forms: ClosedForms) -> str:
    """Say what a closed form assumes, or why it gives no number."""
    if form.missing is Missing.RATIO_NOT_WHOLE:
        return "not worked out: arms of whole numbers need a ratio of 1:k"
    if form.missing is Missing.TOO_LARGE:
        return f"not worked out: far beyond {forms.largest_enumerated} patients"
    if form.missing is Missing.NOT_REACHED:
        return f"not worked out: no size up to {forms.largest_enumerated} patients has the power"
    lost = f"{forms.lost:.1%}"
    if form.formula is Formula.EXACT_BINOMIAL:
        return f"{form.test}, arms of fixed size, {lost} excluded as lost to follow-up"
    if form.formula is Formula.NORMAL:
        return (
            f"mortality {forms.control:.1%} v {forms.experimental:.1%}, no correction for "
            f"continuity, and {lost} excluded as lost to follow-up"
        )
    return (
        f"proportional hazards with a ratio of {form.hazard_ratio:.3f}, {form.mortality:.1%} of "
        f"patients dying, and {lost} lost to follow-up"
    )
