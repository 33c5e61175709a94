"""A plan of looks, and what was or will be used at each of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.monitoring.declared import Rule
from simulator.monitoring.recursion import Region, is_new


@dataclass(frozen=True)
class Lower:
    """Efficacy in favour of the other arm, where it has a rule of its own."""

    rule: Rule
    alpha: float


@dataclass(frozen=True)
class Plan:
    """How a trial is to be monitored; checked by `simulator.monitoring.checks`.

    Attributes
    ----------
    information
        Fractions of the planned information, by look; the last is 1.
    efficacy
        Spending function, or shape of the boundary.
    alpha
        Level, of both sides together.
    sides
        1, or 2: the boundary is symmetric, each side with half of alpha, unless there is `lower`.
    futility
        Rule for stopping without an effect; None: none. One-sided plans only.
    binding
        Whether the efficacy boundary counts on the futility boundary being obeyed.
    drift
        Mean of the statistic at information 1 under the design's effect: of futility rules that
        need one.
    beta
        One minus the power, which a beta-spending function spends.
    lower
        Efficacy of the other side where the boundary is not symmetric.
    """

    information: tuple[float, ...]
    efficacy: Rule
    alpha: float
    sides: int = 1
    futility: Rule | None = None
    binding: bool = False
    drift: float | None = None
    beta: float | None = None
    lower: Lower | None = None

    @property
    def upper_alpha(self) -> float:
        """Alpha of the upper side."""
        if self.lower is not None:
            return self.alpha - self.lower.alpha
        return self.alpha / self.sides

    @property
    def is_symmetric(self) -> bool:
        """Whether the lower boundary mirrors the upper one."""
        return self.sides == 2 and self.lower is None


@dataclass(frozen=True)
class Look:
    """A look with its critical values.

    Attributes
    ----------
    information
        Fraction of the planned information; at the end of a trial it may be above or below 1.
    efficacy_z
        The statistic at or above which efficacy is shown; infinite: it cannot be here.
    lower_z
        That at or below which efficacy of the other arm is shown; minus infinity in a one-sided
        plan.
    futility_z
        That at or below which the trial stops without an effect; minus infinity: none. At the end
        it is `efficacy_z`: what is not shown then is not shown.
    upper_spent, lower_spent
        Alpha spent so far by each side.
    beta_spent
        Beta spent so far; 0 where no beta is spent.
    """

    information: float
    efficacy_z: float
    lower_z: float = -math.inf
    futility_z: float = -math.inf
    upper_spent: float = 0.0
    lower_spent: float = 0.0
    beta_spent: float = 0.0

    @property
    def alpha_spent(self) -> float:
        """Alpha spent so far, by both sides."""
        return self.upper_spent + self.lower_spent


def regions_of(looks: Sequence[Look], *, obeyed: bool) -> tuple[Region, ...]:
    """Return between which values a trial goes on at each look.

    Looks at the same information are one, since their statistic is the same.

    Parameters
    ----------
    obeyed
        Whether futility stops the trial.
    """
    regions: list[Region] = []
    for look in looks:
        lower = max(look.lower_z, look.futility_z) if obeyed else look.lower_z
        region = Region(look.information, lower, look.efficacy_z)
        if regions and not is_new(look.information, regions[-1].information):
            last = regions.pop()
            lower, upper = max(last.lower, lower), min(last.upper, region.upper)
            region = Region(last.information, lower, upper)
        regions.append(region)
    return tuple(regions)
