"""Biases written on one line, as `shift:0.7` and `linear:2`, read as a scenario has them."""

import re
from typing import Any

from simulator.planning.listed import plain_value
from simulator.scenario.errors import RuleError

BIASES = (
    "turn_away:PROBABILITY:VARIABLE>CUT, defer:PROBABILITY:VARIABLE>CUT:DAYS or shift:HAZARD_RATIO"
)
DRIFTS = "linear:HAZARD_RATIO, logarithmic:HAZARD_RATIO or step:HAZARD_RATIO:SHARE_BEFORE"
_EXAMPLE_OF_BIAS = "as turn_away:0.5:bilirubin_umol_per_l>400, or shift:0.7"
_EXAMPLE_OF_DRIFT = "as linear:2, or step:2:0.5"
# A variable's name may hold any of the signs: it ends at the last > of the text.
_BIAS_FORMS = (
    r"(?P<kind>shift):(?P<hazard_ratio>[^:]+)",
    r"(?P<kind>turn_away):(?P<probability>[^:]+):(?P<variable>.+)>(?P<poor_above>[^>]+)",
    r"(?P<kind>defer):(?P<probability>[^:]+):(?P<variable>.+)>(?P<poor_above>[^>:]+)"
    r":(?P<returns_after_days>[^>:]+)",
)
_DRIFT_FORMS = (
    r"(?P<kind>linear|logarithmic):(?P<hazard_ratio>[^:]+)",
    r"(?P<kind>step):(?P<hazard_ratio>[^:]+):(?P<after_share>[^:]+)",
)
_NAMES = "kind", "variable"


def selection_bias_of(favours: str, text: str) -> dict[str, Any]:
    """Return `selection_bias` as a scenario has it, of an investigator who favours an arm.

    Raises
    ------
    RuleError
        If the text is not a selection bias.
    """
    found = _read(text, _BIAS_FORMS)
    if found is None:
        raise RuleError(f"is not one of {BIASES}", _EXAMPLE_OF_BIAS)
    return {**found, "favours": favours}


def drift_of(text: str) -> dict[str, Any]:
    """Return `hazard.drift` as a scenario has it.

    Raises
    ------
    RuleError
        If the text is not a drift.
    """
    found = _read(text, _DRIFT_FORMS)
    if found is None:
        raise RuleError(f"is not one of {DRIFTS}", _EXAMPLE_OF_DRIFT)
    return found


def _read(text: str, forms: tuple[str, ...]) -> dict[str, Any] | None:
    match = next((m for form in forms if (m := re.fullmatch(form, text))), None)
    if match is None:
        return None
    parts = match.groupdict().items()
    return {key: word if key in _NAMES else plain_value(word) for key, word in parts}
