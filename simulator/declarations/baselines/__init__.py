"""The kinds of baseline hazard.

A new kind is a file here, a class in `ALL`, and its section on the model page. One that neither
straight lines nor a power of time can follow also needs a rule in `rules.hazard`.
"""

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from simulator.declarations.baselines.base import Baseline, Course
from simulator.declarations.baselines.piecewise import PiecewiseBaseline
from simulator.declarations.baselines.weibull import ExponentialBaseline, WeibullBaseline

ALL: tuple[type[Baseline], ...] = (PiecewiseBaseline, ExponentialBaseline, WeibullBaseline)

if TYPE_CHECKING:
    AnyBaseline = Baseline
else:
    AnyBaseline = Annotated[Union[ALL], Field(discriminator="kind")]  # noqa: UP007

__all__ = ["ALL", "AnyBaseline", "Baseline", "Course", "WeibullBaseline"]
