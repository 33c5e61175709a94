"""Looks at several analyses that are judged together (model page, section 12)."""

from typing import Literal

from pydantic import Field, model_validator

from simulator.declarations.parts import Part, Positive, Word
from simulator.scenario.errors import RuleError

MOST_TOGETHER = 6  # a graph of m hypotheses has up to 2^(m - 1) levels of each


class HypothesisLooks(Part):
    """What one analysis of a family has of its own at looks."""

    analysis: Word = Field(description="name of an analysis of the family")
    max_information: Positive | None = Field(
        default=None,
        description="as monitoring.max_information, of this analysis; null: that of monitoring, if "
        "information is the same, or as many patients as trial.target_randomised",
    )
    max_information_per_patient: Positive | None = Field(
        default=None, description="as monitoring.max_information_per_patient, of this analysis"
    )
    spending: Word | None = Field(
        default=None,
        description="as monitoring.efficacy.spending, of this analysis; null: as that",
    )

    @model_validator(mode="after")
    def _given_once(self) -> "HypothesisLooks":
        refuse_information_twice(self.max_information, self.max_information_per_patient)
        return self


def refuse_information_twice(whole: float | None, per_patient: float | None) -> None:
    """Refuse information at the planned end that is given in both ways."""
    if whole is not None and per_patient is not None:
        rule = "is given beside max_information"
        raise RuleError(rule, "give one of the two", "max_information_per_patient")


class MonitoredFamily(Part):
    """Looks at all analyses of a family: each is tested at its level by the family's graph."""

    name: Word = Field(description="a family of multiplicity, by any method but hochberg")
    stop_when: Literal["primary", "any", "all"] = Field(
        default="primary",
        description="the trial stops for efficacy at the look at which is rejected: the analysis "
        "that monitoring names (null: the family's first), any of the family, or all",
    )
    look_back: bool = Field(
        default=False,
        description="whether an analysis whose level has grown is held to the larger boundaries of "
        "earlier looks too; false: of the look at hand alone",
    )
    hypotheses: list[HypothesisLooks] | None = Field(
        default=None, description="what some analyses have of their own; null: nothing"
    )
