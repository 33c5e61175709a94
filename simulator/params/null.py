"""The two null hypotheses (model page, section 7)."""

from typing import Any

from simulator.scenario.schema import Scenario


def under_null(scenario: Scenario) -> Scenario:
    """Return the scenario as its `null_hypothesis` changes it; unchanged under `none`.

    strong: the second arm gets the first arm's modality and plan, and a direct hazard ratio of 1,
    so that nothing differs but the label. mortality: every effect on the hazard is made equal to
    that of the control arm; plans, sessions and kinetics stay as given.
    """
    if scenario.null_hypothesis == "none":
        return scenario
    control, other = scenario.arms
    changed: dict[str, Any] = {"hazard": _without_effect(scenario)}
    if scenario.null_hypothesis == "strong":
        same = {"modality": control.modality, "plan": control.plan}
        changed["arms"] = [control, other.model_copy(update=same)]
    ratio = next(
        (m.full_course_hazard_ratio for m in scenario.modalities if m.name == control.modality),
        None,
    )
    changed["modalities"] = [
        modality.model_copy(update={"full_course_hazard_ratio": ratio})
        for modality in scenario.modalities
    ]
    return scenario.model_copy(update=changed)


def _without_effect(scenario: Scenario) -> Any:
    hazard = scenario.hazard
    changed: dict[str, Any] = {}
    if hazard.effect.kind == "direct":
        changed["effect"] = hazard.effect.model_copy(update={"hazard_ratio": 1.0})
    if hazard.mortality_targets:
        control = scenario.arms[0].name
        kept = {name: p for name, p in hazard.mortality_targets.items() if name == control}
        changed["mortality_targets"] = kept or None
    return hazard.model_copy(update=changed)
