"""Arms within a sentence: one named for its treatment, or for its role, as `control`."""

from collections.abc import Mapping

from simulator.report.document.blocks import literal
from simulator.report.document.numbers import listed

_ROLES = {
    "active",
    "comparator",
    "control",
    "experimental",
    "intervention",
    "investigational",
    "reference",
    "standard",
    "test",
    "treatment",
}


def the_arm(arm: str) -> str:
    """Name an arm: `PE`, but `the control arm`."""
    return f"the {literal(arm)} arm" if _is_role(arm) else literal(arm)


def with_arm(arm: str) -> str:
    """Say in which arm: `with PE`, but `in the control arm`."""
    return f"in {the_arm(arm)}" if _is_role(arm) else f"with {literal(arm)}"


def by_arm(shown: Mapping[str, str]) -> str:
    """Return what each arm has as a list: `44.9% with PE and 41.6% with DPMAS+LPE`."""
    return listed([f"{value} {with_arm(arm)}" for arm, value in shown.items()])


def _is_role(arm: str) -> bool:
    return arm.lower() in _ROLES
