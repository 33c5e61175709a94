"""What every part of the scenario schema is built from: its model, its types, a broken rule."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

NOTHING: Any = {}  # default of a part: what an empty mapping makes of it
FOLLOWS = "x-default-from"  # keyword of a key's schema: the key that its default is the value of


def follows(key: str, description: str) -> Any:
    """Return the field of a key that, where it is not given, has the value of another key."""
    return Field(description=description, json_schema_extra={FOLLOWS: key})


class Part(BaseModel):
    """A part of a scenario: no other keys are allowed, nothing is converted.

    A key without a default must be given. What follows from another key is filled in where the
    whole scenario is the context of validation.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        defer_build=True,  # a part is built within the scenario, and alone only if it is asked for
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict) or not isinstance(info.context, Mapping):
            return values
        found = {key: _at(info.context, source) for key, source in _following(cls).items()}
        return {key: value for key, value in found.items() if value is not None} | values


@cache
def _following(part: type[BaseModel]) -> dict[str, str]:
    """Keys of a part that follow from others, with the path of these."""
    fields = part.model_fields.items()
    extras = {key: field.json_schema_extra for key, field in fields}
    return {
        key: str(e[FOLLOWS]) for key, e in extras.items() if isinstance(e, dict) and FOLLOWS in e
    }


def _at(whole: Mapping[str, Any], path: str) -> Any:
    """Value at a path of keys; None where there is none."""
    found: Any = whole
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


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
