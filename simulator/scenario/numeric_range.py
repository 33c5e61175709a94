"""The valid range of a numeric key, as its field of the schema has it."""

import math
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import annotated_types
from pydantic import BaseModel

from simulator.declarations.keys import steps_of
from simulator.scenario.schema import Scenario


class NumericRange(NamedTuple):
    """What values a key can have.

    Attributes
    ----------
    low, high
        Ends, possibly infinite.
    low_included, high_included
        Whether an end is itself a value.
    whole
        Whether only whole numbers are.
    """

    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True
    whole: bool = False

    def __str__(self) -> str:
        """Return the range as a rule: >= 0 and < 1."""
        ends = []
        if math.isfinite(self.low):
            ends.append(f">{'=' * self.low_included} {self.low:g}")
        if math.isfinite(self.high):
            ends.append(f"<{'=' * self.high_included} {self.high:g}")
        return " and ".join(ends) or "any number"


def numeric_range(scenario: Scenario, key: str) -> NumericRange:
    """Return the range of a numeric key, as `arms[0].plan.sessions`, that the scenario has."""
    held: Any = scenario
    expected: Any = Scenario
    for step in steps_of(key) or ():
        if isinstance(held, BaseModel):
            field = type(held).model_fields[str(step)]
            expected = Annotated[(field.annotation, *field.metadata)] if field.metadata else None
            expected = expected or field.annotation
            held = getattr(held, str(step))
        else:
            expected = _item(expected)
            held = held[step]
    return _narrowed(expected, NumericRange())


def _item(expected: Any) -> Any:
    """Type of the items of a list or a mapping, which may be one of a union."""
    if get_origin(expected) in (list, dict):
        return get_args(expected)[-1]
    found = (_item(part) for part in get_args(expected))
    return next((item for item in found if item is not None), None)


def _narrowed(expected: Any, wide: NumericRange) -> NumericRange:
    """Narrow a range by the limits that a type names, those of its members included."""
    if get_origin(expected) is Annotated:
        inner, *limits = get_args(expected)
        for limit in limits:
            for one in getattr(limit, "metadata", [limit]):  # a field holds its limits in a list
                wide = _with_limit(wide, one)
        return _narrowed(inner, wide)
    for part in get_args(expected):
        wide = _narrowed(part, wide)
    members = get_args(expected) or (expected,)
    return wide._replace(whole=wide.whole or (int in members and float not in members))


def _with_limit(wide: NumericRange, limit: Any) -> NumericRange:
    if isinstance(limit, annotated_types.Ge | annotated_types.Gt):
        included = isinstance(limit, annotated_types.Ge)
        end: Any = limit.ge if isinstance(limit, annotated_types.Ge) else limit.gt
        return wide._replace(low=float(end), low_included=included)
    if isinstance(limit, annotated_types.Le | annotated_types.Lt):
        included = isinstance(limit, annotated_types.Le)
        end = limit.le if isinstance(limit, annotated_types.Le) else limit.lt
        return wide._replace(high=float(end), high_included=included)
    return wide
