"""A hazard that is a power of time, and the constant one, its power 0."""

from typing import Annotated, Literal

from pydantic import Field

from simulator.declarations.baselines.base import POWER, Baseline, Course


class ExponentialBaseline(Baseline):
    """A constant hazard."""

    kind: Literal["exponential"]

    def course(self) -> Course:
        """Return a Weibull course of shape 1."""
        return Course(POWER, [self.horizon_days], [1.0])


class WeibullBaseline(Baseline):
    """Cumulative hazard proportional to time to the power of the shape."""

    kind: Literal["weibull"]
    shape: Annotated[float, Field(gt=0, le=20)] = Field(description="Weibull shape")

    def course(self) -> Course:
        """Return the power of time."""
        return Course(POWER, [self.horizon_days], [1.0], self.shape)
