"""When a trial ends: what cuts its data (model page, section 12)."""

from typing import Annotated

from pydantic import Field, model_validator

from simulator.declarations.parts import Count, Part
from simulator.scenario.errors import RuleError


class TrialEnd(Part):
    """What ends the trial, and with it every patient's follow-up: one of these."""

    deaths: Count | None = Field(
        default=None,
        description="known deaths: the data are cut at the last of so many; where they never "
        "come, once the last patient has been followed for max_follow_up_days",
    )
    deaths_per_patient: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="known deaths for each patient of trial.target_randomised, together rounded "
        "up: a number that goes with the target",
    )
    min_follow_up_days: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        default=None,
        description="of the last patient: the data are cut so many days after the last entry",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> "TrialEnd":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            keys = ", ".join(type(self).model_fields)
            rule = f"takes one of {keys}" if not given else f"has {' and '.join(given)}"
            raise RuleError(rule, "give one, as {deaths: 60}", "")
        return self
