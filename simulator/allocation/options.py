"""Checking a scheme's options and ratio, once, before any patient is allocated."""

import difflib
from collections.abc import Mapping, Sequence

from simulator.allocation.plan import AllocationError

MOST_PATIENTS = 1_000_000  # beyond any trial, and far from the limits of a 64-bit count
UNEQUAL = "complete, random_allocation, permuted_block and random_blocks"

SCHEMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "complete": ("each patient independently, by the ratio", ()),
    "random_allocation": ("every sequence with the target's numbers by arm is as likely", ()),
    "permuted_block": ("blocks that hold the ratio", ("block_size",)),
    "random_blocks": ("the same, each block's size drawn from a list", ("block_sizes",)),
    "efron": ("a coin biased towards the smaller arm", ("probability",)),
    "big_stick": ("a fair coin until the imbalance meets a bound", ("bound",)),
    "minimisation": (
        "the arm that keeps the margins of the factors most even is favoured",
        ("measure", "weights", "probability"),
    ),
}


def check_keys(scheme: str, options: Mapping[str, object]) -> None:
    """Refuse an unknown scheme and options that it lacks or does not know."""
    if scheme not in SCHEMES:
        near = difflib.get_close_matches(scheme, SCHEMES, 1)
        remedy = f"did you mean {near[0]}?" if near else f"use one of {', '.join(SCHEMES)}"
        raise AllocationError("scheme", scheme, "is not a scheme", remedy)
    known = SCHEMES[scheme][1]
    for key, value in options.items():
        if key not in known:
            # A cutoff of 0: among so few keys the nearest is worth naming, however far it is.
            near = difflib.get_close_matches(key, known, 1, cutoff=0.0)
            takes = f"{scheme} takes {', '.join(known)}" if known else f"{scheme} takes none"
            remedy = f"did you mean {near[0]}?" if near else "remove it"
            raise AllocationError(f"options.{key}", value, f"unknown option; {takes}", remedy)
    for key in known:
        if key not in options:
            rule = f"{scheme} needs {key}"
            raise AllocationError("options", dict(options), rule, f"add {key}")


def whole(key: str, value: object, least: int) -> int:
    """Return a whole number of patients of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST_PATIENTS:
        rule = f"must be a whole number from {least} to {MOST_PATIENTS}"
        raise AllocationError(key, value, rule, "correct it")
    return value


def number(key: str, value: object, low: float, high: float) -> float:
    """Return a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise AllocationError(
            key, value, f"must be a number from {low:g} to {high:g}", "correct it"
        )
    return float(value)


def items(key: str, value: object) -> Sequence[object]:
    """Return a list that is not empty."""
    if not isinstance(value, list | tuple) or not value:
        raise AllocationError(key, value, "must be a list", "as [4, 6]")
    return value


def block_size(key: str, value: object, ratio: Sequence[int]) -> int:
    """Return a block size that the ratio divides."""
    size, whole_ratio = whole(key, value, 1), sum(ratio)
    if size % whole_ratio:
        below, above = size - size % whole_ratio, size - size % whole_ratio + whole_ratio
        near = f"{above}" if below == 0 else f"{below} or {above}"
        text = ":".join(map(str, ratio))
        rule = f"must be a multiple of {whole_ratio}, the sum of the ratio {text}"
        raise AllocationError(key, value, rule, f"use {near}")
    return size


def equal_ratio(scheme: str, ratio: Sequence[int]) -> None:
    """Refuse an unequal ratio."""
    if len(set(ratio)) > 1:
        raise AllocationError(
            "ratio",
            list(ratio),
            f"{scheme} honours equal ratios only: biased towards balance, it would not keep an "
            "unequal ratio at every step",
            f"use a ratio of ones, or one of {UNEQUAL}",
        )


def two_arms(scheme: str, ratio: Sequence[int]) -> None:
    """Refuse more than two arms."""
    if len(ratio) != 2:
        raise AllocationError("ratio", list(ratio), f"{scheme} is for two arms", "use another")


def whole_groups(ratio: Sequence[int], target: int) -> None:
    """Refuse a target that the ratio does not divide."""
    if target % sum(ratio):
        text = ":".join(map(str, ratio))
        raise AllocationError(
            "ratio",
            list(ratio),
            f"{target} patients cannot be split {text} under random_allocation",
            f"make trial.target_randomised a multiple of {sum(ratio)}",
        )
