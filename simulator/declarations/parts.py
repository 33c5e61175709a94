"""What every part of the scenario schema is built from: its model, its types, a broken rule."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.errors import TrialsimError


class RuleError(TrialsimError, ValueError):
    """A rule of the schema that a scenario breaks.

    `key` is relative to the model that raises it, dotted, with [i] for items of lists.
    """

    def __init__(self, rule: str, remedy: str = "", key: str = "") -> None:
        super().__init__(rule)
        self.rule, self.remedy, self.key = rule, remedy, key


class Part(BaseModel):
    """A part of a scenario: every key must be given, no other is allowed, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Probability = Annotated[float, Field(ge=0, le=1)]
OpenProbability = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Correlation = Annotated[float, Field(ge=-1, le=1)]
# Control characters, and those that turn the direction of writing, would change what is printed.
_SHOWN = r"^[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]*$"
Word = Annotated[str, Field(min_length=1, max_length=80, pattern=_SHOWN)]
Line = Annotated[str, Field(pattern=_SHOWN)]
Solved = Literal["solved"]  # a number that is worked out from the targets of mortality
