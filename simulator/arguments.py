"""Arguments from Python, checked at the door: a wrong one is named with its value and the rule."""

from collections.abc import Sequence
from typing import Any, cast

from joblib import cpu_count

from simulator.montecarlo.workers import Workers

Jobs = int | Workers | None


def workers(jobs: Jobs) -> Workers:
    """Return who works: so many workers on this machine, one per core if None."""
    if isinstance(jobs, Workers):
        return jobs
    if jobs is None:
        return Workers(int(cpu_count()))
    whole("jobs", jobs, 1, 1024)
    return Workers(jobs)


def require(holds: bool, name: str, value: object, rule: str) -> None:
    """Refuse an argument that breaks a rule.

    Raises
    ------
    ValueError
        If the rule does not hold.
    """
    if not holds:
        raise ValueError(f"{name} = {value!r}: {rule}")


def whole(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is no whole number from `low` to `high`.

    Raises
    ------
    TypeError, ValueError
        If it is of another type; if it is out of range.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} = {value!r}: must be a whole number")
    require(low <= int(cast("int", value)) <= high, name, value, f"must be from {low} to {high}")


def number(name: str, value: object, above: float, most: float) -> None:
    """Refuse what is no number above one and at most another.

    Raises
    ------
    TypeError, ValueError
        If it is of another type; if it is out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} = {value!r}: must be a number")
    require(above < value <= most, name, value, f"must be above {above:g}, at most {most:g}")


def pair_of(name: str, value: Any) -> tuple[Any, Any]:
    """Return two values, one for each arm.

    Raises
    ------
    TypeError
        If they are not two.
    """
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise TypeError(f"{name} = {value!r}: must be two numbers, one for each arm")
    return value[0], value[1]
