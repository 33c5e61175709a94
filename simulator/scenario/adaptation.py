"""What looks may change of a trial beside stopping it (model page, section 12.1)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulator.declarations.parts import Count, OpenProbability, Part, Positive
from simulator.scenario.errors import RuleError

_Power = Annotated[float, Field(gt=0.5, lt=1)]


class BlindedReestimation(Part):
    """A new target from pooled data, at which the planned difference has the planned power."""

    look: Annotated[int, Field(ge=1, le=20)] = Field(
        default=1, description="at which look, the first is 1; its data are pooled over arms"
    )
    difference: Positive | None = Field(
        default=None,
        description="that is to be found, from no difference or from the margin: of mortality "
        "(tests of mortality at the end) or in points of MELD (means)",
    )
    hazard_ratio: Positive | None = Field(
        default=None,
        description="that is to be found, over 1 or over the margin (tests on time)",
    )
    power: _Power = Field(default=0.8, description="with which it is to be found")
    least_randomised: Count | None = Field(
        default=None,
        description="lowest new target; null: trial.target_randomised, so that it is never lowered",
    )
    most_randomised: Count | None = Field(default=None, description="highest new target")
    most_times_target: Annotated[float, Field(ge=1, le=100)] | None = Field(
        default=None,
        description="the same as so many times trial.target_randomised, rounded down; one of both",
    )

    @model_validator(mode="after")
    def _one_cap(self) -> "BlindedReestimation":
        _one_of_both(self.most_randomised, self.most_times_target)
        return self


class PromisingZone(Part):
    """A higher target where the last look before the end is promising (Mehta and Pocock 2011)."""

    from_conditional_power: OpenProbability = Field(
        description="lower end of the zone: conditional power under the estimate"
    )
    to_conditional_power: OpenProbability | None = Field(
        default=None, description="upper end, itself outside; null: conditional_power"
    )
    conditional_power: _Power = Field(
        default=0.8, description="to which the information of a promising trial is raised"
    )
    most_randomised: Count | None = Field(default=None, description="highest new target")
    most_times_target: Annotated[float, Field(ge=1, le=100)] | None = Field(
        default=None,
        description="the same as so many times trial.target_randomised, rounded down; one of both",
    )
    final_test: Literal["cui_hung_wang", "conventional"] = Field(
        default="cui_hung_wang",
        description="cui_hung_wang: the information before and after the look has the weights that "
        "were planned, whatever the target; conventional: the usual statistic, where the zone "
        "begins high enough for that",
    )

    @model_validator(mode="after")
    def _one_cap(self) -> "PromisingZone":
        _one_of_both(self.most_randomised, self.most_times_target)
        return self


def _one_of_both(most: int | None, times: float | None) -> None:
    """Refuse a highest target that is given twice, or not at all."""
    if (most is None) == (times is None):
        rule = "takes most_randomised or most_times_target"
        if most is not None:
            rule = "has both most_randomised and most_times_target"
        key = "" if most is None else "most_times_target"
        raise RuleError(rule, "give one, as most_randomised: 90 or most_times_target: 1.5", key)


class SlowRecruitment(Part):
    """Recruitment closes if too few patients are randomised by a day or a look."""

    day: Positive | None = Field(
        default=None, description="trial day on which patients are counted"
    )
    look: Annotated[int, Field(ge=1, le=20)] | None = Field(
        default=None, description="the look at whose cut they are counted, the first is 1"
    )
    fewer_than: Count | None = Field(default=None, description="patients randomised")
    share_below: OpenProbability | None = Field(
        default=None, description="patients randomised, as a share of trial.target_randomised"
    )
    then: Literal["analyse", "unanswered"] = Field(
        description="analyse: those randomised are followed up and tested at the end; unanswered: "
        "the analysis that is looked at does not reject"
    )

    @model_validator(mode="after")
    def _one_each(self) -> "SlowRecruitment":
        for one, other, example in (
            ("day", "look", "day: 365"),
            ("fewer_than", "share_below", "fewer_than: 20"),
        ):
            given = [name for name in (one, other) if getattr(self, name) is not None]
            if len(given) != 1:
                rule = f"has both {one} and {other}" if given else f"takes {one} or {other}"
                raise RuleError(rule, f"give one, as {example}", given[-1] if given else "")
        return self
