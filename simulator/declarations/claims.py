"""Which values of a scenario claim something about the trial, so that they need a source."""

from typing import Any

from simulator.declarations.keys import steps_of

# Keys whose value names a thing or refers to it by name.
_NAMES = ("currency", "label", "modality", "name", "of", "reason", "registry_id", "text", "title")
# Parts of a scenario beside the trial: what is known of its values, and what is asked of it.
_BESIDE = (
    *("acceptance", "calibrated", "decision", "evidence_file"),
    *("null_hypothesis", "ranges", "uncertain"),
)


def is_of_trial(key: str) -> bool:
    """Whether a key belongs to the trial, not to what is known or asked of it."""
    steps = steps_of(key)
    return not steps or steps[0] not in _BESIDE


def is_claim(key: str, value: Any) -> bool:
    """Whether a value is one that can be true or not: no name, and not a part switched off."""
    steps = steps_of(key)
    if value is None or not steps or not is_of_trial(key):
        return False
    return steps[-1] not in _NAMES
