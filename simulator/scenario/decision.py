"""A decision between designs: the options, and what their outcomes are worth.

Utility is linear in what becomes of a trial, with a coefficient for each term; see
`docs/assurance.md`. It changes no simulated trial.
"""

from typing import Annotated, Any

from pydantic import Field, model_validator

from simulator.declarations.parts import NotNegative, Part, Word
from simulator.scenario.errors import RuleError


class Option(Part):
    """One of the designs to choose from."""

    name: Word = Field(description="what the option is called")
    changes: dict[str, Any] | None = Field(
        default=None,
        description="what differs from the scenario, value by key, as {n: 120}; {}: as planned; "
        "null: no trial, whose utility is 0",
    )


class Utility(Part):
    """What becomes of a trial in money or any other unit; each term is added up."""

    unit: Word = Field(description="as CNY, or QALY")
    right_conclusion: float = Field(
        default=0.0,
        description="of a trial that rejects in favour of the arm with the lower mortality",
    )
    wrong_conclusion: float = Field(
        default=0.0,
        description="of a trial that rejects in favour of the arm with the higher mortality: a "
        "loss is below 0",
    )
    per_death_averted: NotNegative = Field(
        default=0.0, description="of a death averted by the end of follow-up among later patients"
    )
    later_patients: NotNegative = Field(
        default=0.0,
        description="treated after the trial, all by the second arm if the trial rejects in its "
        "favour, else by the first",
    )
    per_cost: NotNegative = Field(
        default=0.0,
        description="subtracted for each unit of money that the trial costs by `costs`; 1 where "
        "utility is in its currency",
    )


class Decision(Part):
    """Designs to choose from, and the utility by which they are."""

    options: Annotated[list[Option], Field(min_length=2, max_length=12)] = Field(
        description="the designs, or no trial"
    )
    utility: Utility = Field(description="what the outcomes are worth")
    analysis: Word | None = Field(
        default=None, description="the analysis that concludes; null: the scenario's first"
    )

    @model_validator(mode="after")
    def _checked(self) -> "Decision":
        seen: set[str] = set()
        for place, option in enumerate(self.options):
            if option.name in seen:
                raise RuleError("this name is given twice", "rename one", f"options[{place}].name")
            seen.add(option.name)
        if all(option.changes is None for option in self.options):
            rule = "no option is a trial"
            raise RuleError(rule, "give one of them changes, as {n: 120} or {}", "options")
        return self
