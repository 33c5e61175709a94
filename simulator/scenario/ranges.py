"""Plausible limits of numeric keys: what a ranking of levers moves, and no trial depends on."""

from pydantic import Field, model_validator

from simulator.declarations.parts import Line, Part, Word
from simulator.scenario.errors import RuleError

Number = int | float


class Range(Part):
    """Limits between which keys may plausibly lie; several keys move together."""

    name: Line = Field(min_length=1, max_length=80, description="what is uncertain, in words")
    keys: list[Word] = Field(
        min_length=1,
        max_length=50,
        description="numeric keys of the scenario, items by their names, as "
        "hazard.mortality_targets.PE; the scenario's own values lie between the limits",
    )
    low: Number | list[Number] = Field(
        description="the lower limit of the first key; a list of a value per key where there are "
        "several, of which the others may run the other way"
    )
    high: Number | list[Number] = Field(description="the higher limit, as low is given")

    @property
    def ends(self) -> tuple[tuple[Number, ...], tuple[Number, ...]]:
        """Values of every key at the low end and at the high end."""
        low, high = (self._every(end) for end in (self.low, self.high))
        return low, high

    def _every(self, end: Number | list[Number]) -> tuple[Number, ...]:
        return tuple(end) if isinstance(end, list) else (end,) * len(self.keys)

    @model_validator(mode="after")
    def _in_order(self) -> "Range":
        for name, end in (("low", self.low), ("high", self.high)):
            if isinstance(end, list) and len(end) != len(self.keys):
                raise RuleError(
                    f"has {len(end)} values for {len(self.keys)} keys",
                    "give a value per key, in their order, or one number for all",
                    name,
                )
        (low, *_), (high, *_) = self.ends
        if low >= high:
            raise RuleError(
                f"must be below high: {low:g} is not below {high:g}", "exchange them", "low"
            )
        if len(set(self.keys)) < len(self.keys):
            raise RuleError("names a key twice", "leave one out", "keys")
        return self
