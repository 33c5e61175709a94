"""Biases written on one line, as `shift:0.7` and `linear:2`, put into a scenario."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator.scenario.bias import Drift, SelectionBias
from simulator.scenario.cross_checks import disagreements
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario

BIASES = (
    "turn_away:PROBABILITY:VARIABLE>CUT, defer:PROBABILITY:VARIABLE>CUT:DAYS or shift:HAZARD_RATIO"
)
DRIFTS = "linear:HAZARD_RATIO, logarithmic:HAZARD_RATIO or step:HAZARD_RATIO:SHARE_BEFORE"
_EXAMPLE_OF_BIAS = "as turn_away:0.5:bilirubin_umol_per_l>400, or shift:0.7"
_EXAMPLE_OF_DRIFT = "as linear:2, or step:2:0.5"


def with_selection_bias(scenario: Scenario, text: str) -> Scenario:
    """Return the scenario with an investigator who favours the second arm.

    Raises
    ------
    RuleError
        If the text is not a selection bias, or not one of this scenario's variables.
    """
    kind, *rest = text.split(":")
    parts: dict[str, Any] = {"kind": kind, "favours": scenario.arms[1].name}
    if kind == "shift" and len(rest) == 1:
        parts["hazard_ratio"] = rest[0]
    elif (kind, len(rest)) in (("turn_away", 2), ("defer", 3)) and rest[1].count(">") == 1:
        parts["probability"] = rest[0]
        parts["variable"], parts["poor_above"] = rest[1].split(">")
        if kind == "defer":
            parts["returns_after_days"] = rest[2]
    else:
        raise RuleError(f"is not one of {BIASES}", _EXAMPLE_OF_BIAS, "")
    bias = _read(TypeAdapter(SelectionBias), parts, _EXAMPLE_OF_BIAS)
    return _changed(scenario, {"selection_bias": bias}, _EXAMPLE_OF_BIAS)


def with_drift(scenario: Scenario, text: str) -> Scenario:
    """Return the scenario with a drift of mortality.

    Raises
    ------
    RuleError
        If the text is not a drift.
    """
    kind, *rest = text.split(":")
    names = ["hazard_ratio", "after_share"] if kind == "step" else ["hazard_ratio"]
    if kind not in ("linear", "logarithmic", "step") or len(rest) != len(names):
        raise RuleError(f"is not one of {DRIFTS}", _EXAMPLE_OF_DRIFT, "")
    parts = {"kind": kind, **dict(zip(names, rest, strict=True))}
    drift = _read(TypeAdapter(Drift), parts, _EXAMPLE_OF_DRIFT)
    hazard = scenario.hazard.model_copy(update={"drift": drift})
    return _changed(scenario, {"hazard": hazard}, _EXAMPLE_OF_DRIFT)


def _read(adapter: TypeAdapter[Any], parts: dict[str, Any], example: str) -> Any:
    """Read the parts as a scenario's are read, numbers written as text included."""
    try:
        return adapter.validate_strings(parts)
    except ValidationError as error:
        first = error.errors()[0]
        rule = f"{first['loc'][-1]}: {first['msg'].lower()}"
        raise RuleError(rule, example, "") from None


def _changed(scenario: Scenario, update: dict[str, Any], example: str) -> Scenario:
    """Return the scenario changed, its parts again in agreement."""
    changed = scenario.model_copy(update=update)
    for broken in disagreements(changed):
        raise RuleError(broken.rule, broken.remedy or example, "")
    return changed
