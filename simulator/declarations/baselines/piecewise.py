"""Constant hazards between given days."""

from typing import Literal

from pydantic import Field, model_validator

from simulator.declarations.baselines.base import PIECES, Baseline, Course
from simulator.declarations.parts import NotNegative, Positive
from simulator.errors import RuleError


class PiecewiseBaseline(Baseline):
    """Constant hazards between given days."""

    kind: Literal["piecewise"]
    days: list[Positive] = Field(min_length=1, max_length=200, description="ends of the pieces")
    shares: list[NotNegative] = Field(
        min_length=1, description="shares of the cumulative hazard by piece, summing to 1"
    )

    @model_validator(mode="after")
    def _pieces(self) -> "PiecewiseBaseline":
        if len(self.shares) != len(self.days):
            raise RuleError("needs as many shares as days", "add or remove some", "shares")
        if any(a >= b for a, b in zip(self.days, self.days[1:], strict=False)):
            raise RuleError("must climb", "order the days", "days")
        if self.days[-1] != self.horizon_days:
            raise RuleError("the last day must be horizon_days", "set the two alike", "days")
        if abs(sum(self.shares) - 1) > 1e-9:
            raise RuleError(
                f"must sum to 1, sum is {sum(self.shares):.6g}", "correct one", "shares"
            )
        if self.shares[-1] == 0:
            raise RuleError(
                "the last share must be > 0: its hazard goes on",
                "raise it, and lower another",
                "shares",
            )
        return self

    def course(self) -> Course:
        """Return straight lines between the days."""
        return Course(PIECES, self.days, self.shares)
