"""What a plan of looks costs and gains: power, drift, inflation, when trials stop, and level."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulator.monitoring.boundaries import planned_looks
from simulator.monitoring.futility import needs_drift
from simulator.monitoring.normal import upper_quantile
from simulator.monitoring.plan import Look, Plan, regions_of
from simulator.monitoring.recursion import newly_beyond
from simulator.monitoring.roots import root_from


@dataclass(frozen=True)
class Exits:
    """Probability by look to stop there, for each reason.

    Attributes
    ----------
    efficacy
        The upper boundary is crossed.
    lower
        That of the other arm is; 0 in a one-sided plan.
    futility
        The trial stops without an effect; at the end: it shows none.
    """

    efficacy: tuple[float, ...]
    lower: tuple[float, ...]
    futility: tuple[float, ...]

    @property
    def by_look(self) -> tuple[tuple[float, float, float], ...]:
        """Efficacy, lower and futility of each look."""
        return tuple(zip(self.efficacy, self.lower, self.futility, strict=True))

    @property
    def stops(self) -> tuple[float, ...]:
        """For any reason."""
        return tuple(sum(one) for one in self.by_look)


def exits(looks: Sequence[Look], drift: float, *, obeyed: bool = True) -> Exits:
    """Return the probability to stop at each look, for each reason.

    Parameters
    ----------
    drift
        Mean of the statistic at information 1.
    obeyed
        Whether futility stops the trial.
    """
    found: list[tuple[float, float, float]] = []
    for place, look in enumerate(looks):
        before, at = regions_of(looks[:place], obeyed=obeyed), look.information
        upper = newly_beyond(before, drift, at, look.efficacy_z, 1)
        lower = newly_beyond(before, drift, at, look.lower_z, -1)
        short = newly_beyond(before, drift, at, look.futility_z, -1) if obeyed else 0.0
        if place == len(looks) - 1:
            short = max(newly_beyond(before, drift, at, look.efficacy_z, -1) - lower, 0.0)
        found.append((upper, lower, short))
    return Exits(*(tuple(column) for column in zip(*found, strict=True)))


def power_of(looks: Sequence[Look], drift: float) -> float:
    """Return the probability to cross the upper boundary, where futility is obeyed."""
    return sum(exits(looks, drift).efficacy)


def fixed_drift(alpha: float, power: float) -> float:
    """Return the drift with which a trial without looks has a power, one-sided."""
    return upper_quantile(alpha) + upper_quantile(1 - power)


def drift_for(plan: Plan, power: float) -> float:
    """Return the drift with which a plan has a power, in favour of the experimental arm.

    Where futility looks at the effect of the design, that effect is this drift.
    """
    looks = None if needs_drift(plan.futility) else planned_looks(plan)

    def excess(drift: float) -> float:
        here = planned_looks(assuming(plan, drift, power)) if looks is None else looks
        return power_of(here, drift) - power

    # No design needs less than the one without looks, whose test is the most powerful.
    return root_from(excess, 0.99 * fixed_drift(plan.upper_alpha, power), 0.0625)


def assuming(plan: Plan, drift: float, power: float) -> Plan:
    """Return a plan with the effect that it is designed for."""
    return replace(plan, drift=drift, beta=1 - power)


def expected_information(looks: Sequence[Look], drift: float) -> float:
    """Return the mean information at the end, as a fraction of the planned one."""
    stops = exits(looks, drift).stops
    return sum(
        look.information * probability for look, probability in zip(looks, stops, strict=True)
    )


def inflation(plan: Plan, drift: float, power: float) -> float:
    """Return the planned information over that of a trial without looks of the same power."""
    return (drift / fixed_drift(plan.upper_alpha, power)) ** 2


def level_of(looks: Sequence[Look], *, obeyed: bool) -> float:
    """Return the probability to cross a boundary for efficacy where there is no effect."""
    found = exits(looks, 0.0, obeyed=obeyed)
    return math.fsum((*found.efficacy, *found.lower))
