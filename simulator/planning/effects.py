"""The treatment effect that a scenario simulates, and whether there is one at all."""

import math
from collections.abc import Iterator

from calibration.targets import implied_hazard_ratio
from simulator.results.measures import Estimate, NullHypothesis
from simulator.results.power import Effect, EffectKind
from simulator.scenario.schema import Scenario


def effect_of(asked: Scenario, solved: Scenario) -> Effect:
    """The treatment effect that is simulated, null hypothesis included."""
    if asked.null_hypothesis == "strong":
        return Effect(EffectKind.NONE, acts=False)
    if asked.null_hypothesis == "mortality":
        return Effect(EffectKind.EQUAL_HAZARDS, acts=False)
    effect, acts = solved.hazard.effect, _acts(solved)
    if effect.kind == "direct":
        # The hazard is held for a patient-day, so that an effect begins with a whole day.
        return Effect(
            EffectKind.DIRECT,
            hazard_ratio=float(effect.hazard_ratio),
            delay_days=float(math.ceil(effect.delay_days)),
            waning_half_life_days=effect.waning_half_life_days,
            combined_with_labs=effect.combined_with_labs,
            acts=acts,
        )
    if effect.kind == "by_session":
        return Effect(
            EffectKind.BY_SESSION,
            full_course_hazard_ratios={
                m.name: float(m.full_course_hazard_ratio)
                for m in solved.modalities
                if m.full_course_hazard_ratio is not None
            },
            combined_with_labs=effect.combined_with_labs,
            acts=acts,
        )
    implied = Estimate(*implied_hazard_ratio(solved))
    return Effect(EffectKind.BY_LABS, implied_hazard_ratio=implied, acts=acts)


def null_in_effect(asked: Scenario, solved: Scenario) -> NullHypothesis:
    """The null hypothesis that holds in what is simulated, asked for by name or not.

    A hazard ratio of 1, or one that begins after the end of follow-up, leaves nothing to find; but
    no effect is no null hypothesis of a primary analysis with a margin.
    """
    if asked.analyses[0].hypothesis.has_margin:
        return NullHypothesis.NONE
    if asked.null_hypothesis != "none":
        return NullHypothesis(asked.null_hypothesis)
    if _acts(solved):
        return NullHypothesis.NONE
    return NullHypothesis.STRONG if _treated_alike(solved) else NullHypothesis.MORTALITY


def _treated_alike(s: Scenario) -> bool:
    control, other = s.arms
    return control.plan == other.plan and (
        control.modality == other.modality or control.plan is None
    )


def _acts(s: Scenario) -> bool:
    """Whether treatment changes the hazard of death of one arm against the other's."""
    effect, alike = s.hazard.effect, _treated_alike(s)
    by_meld = not alike and s.hazard.log_hazard_ratio_per_meld_point != 0
    if effect.kind == "by_labs":
        return by_meld
    if effect.combined_with_labs and by_meld:
        return True
    if effect.kind == "direct":
        return effect.hazard_ratio != 1 and effect.delay_days <= s.trial.longest_follow_up_days - 1
    return not alike and len(set(_course_ratios(s))) > 1


def _course_ratios(s: Scenario) -> Iterator[float]:
    """Hazard ratios of the courses that arms may have: 1 of medical treatment alone."""
    ratios = {m.name: m.full_course_hazard_ratio for m in s.modalities}
    for arm in s.arms:
        other = arm.plan.switch_if_plasma_short_to if arm.plan else None
        for name in filter(None, (arm.modality, other)):
            yield float(ratios[name] or 1.0)
        if arm.plan is None:
            yield 1.0
