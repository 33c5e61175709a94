"""What the file of a baseline hazard declares."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from simulator.declarations.parts import OpenProbability, Part, Positive, Solved, follows

PIECES = "simulator.rules.hazard:PIECEWISE"
POWER = "simulator.rules.hazard:WEIBULL"


class Course(NamedTuple):
    """How a cumulative hazard grows to its value at the horizon, as the rules take it.

    Attributes
    ----------
    rule
        Place of the number of the rule in `rules.hazard` that reads the rest: `PIECES` goes in
        straight lines from point to point, `POWER` as time to the power of `shape`.
    days
        Ends of the pieces, the last being the horizon.
    shares
        Share of the cumulative hazard at the horizon that each piece adds.
    shape
        Of `POWER`.
    """

    rule: str
    days: Sequence[float]
    shares: Sequence[float]
    shape: float = 1.0


class Baseline(Part, ABC):
    """A kind of baseline hazard; its word is the literal of `kind`."""

    horizon_days: Positive = follows(
        "trial.follow_up_days",
        "day to which mortality_at_horizon refers; by default the end of follow-up",
    )
    mortality_at_horizon: OpenProbability | Solved = Field(
        description="death from the liver by the horizon where all multipliers are 1; "
        "solved: from hazard.mortality_targets"
    )
    kind: str

    @abstractmethod
    def course(self) -> Course:
        """Return how the cumulative hazard grows."""
