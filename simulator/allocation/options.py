"""Checking a scheme's options and ratio, once, before any patient is allocated."""

import difflib
from collections.abc import Mapping, Sequence

from simulator.allocation.plan import AllocationError

MOST_PATIENTS = 1_000_000  # beyond any trial, and far from the limits of a 64-bit count


def check_keys(scheme: str, options: Mapping[str, object], known: Sequence[str]) -> None:
    """Refuse options that a scheme lacks or does not know."""
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


def whole_number(key: str, value: object, least: int, most: int = MOST_PATIENTS) -> int:
    """Return a whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        rule = f"must be a whole number from {least} to {most}"
        raise AllocationError(key, value, rule, "correct it")
    return value


def number(key: str, value: object, low: float, high: float) -> float:
    """Return a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise AllocationError(
            key, value, f"must be a number from {low:g} to {high:g}", "correct it"
        )
    return float(value)


def word(key: str, value: object, known: Sequence[str]) -> int:
    """Return the place of a word among those known."""
    if not isinstance(value, str) or value not in known:
        rule = f"is not one of {', '.join(known)}"
        raise AllocationError(key, value, rule, f"use one of {', '.join(known)}")
    return list(known).index(value)


def items(key: str, value: object) -> Sequence[object]:
    """Return a list that is not empty."""
    if not isinstance(value, list | tuple) or not value:
        raise AllocationError(key, value, "must be a list", "as [4, 6]")
    return value


def weights(key: str, value: object, factors: int) -> list[float]:
    """Return a weight for each factor."""
    listed = items(key, value)
    if len(listed) != factors:
        rule = f"needs {factors} numbers, one per factor"
        raise AllocationError(key, listed, rule, "give a weight for each factor")
    return [number(f"{key}[{i}]", weight, 0.0, 1e6) for i, weight in enumerate(listed)]


def block_size(key: str, value: object, ratio: Sequence[int], target: int) -> int:
    """Return a block size that the ratio divides and the trial can fill."""
    size, ratio_sum = whole_number(key, value, 1), sum(ratio)
    text = ":".join(map(str, ratio))
    if size % ratio_sum:
        below, above = size - size % ratio_sum, size - size % ratio_sum + ratio_sum
        near = f"{above}" if below == 0 else f"{below} or {above}"
        rule = f"must be a multiple of {ratio_sum}, the sum of the ratio {text}"
        raise AllocationError(key, value, rule, f"use {near}")
    if size > target:
        rule = f"is larger than the trial, which has {target} patients: no block would be filled"
        most = target - target % ratio_sum
        remedy = f"use {most} at most" if most else f"randomise {ratio_sum} patients or more"
        raise AllocationError(key, value, rule, remedy)
    return size


def divisible_target(scheme: str, ratio: Sequence[int], target: int) -> None:
    """Refuse a target that the ratio does not divide."""
    if target % sum(ratio):
        text = ":".join(map(str, ratio))
        raise AllocationError(
            "ratio",
            list(ratio),
            f"{target} patients cannot be split {text} under {scheme}",
            f"make trial.target_randomised a multiple of {sum(ratio)}",
        )
