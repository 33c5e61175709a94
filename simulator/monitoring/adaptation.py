"""What looks may change of a trial beside stopping it, as the Monte Carlo loop reads it."""

import math
from typing import NamedTuple

from simulator.declarations.analyses import Information
from simulator.scenario.monitoring import Monitoring
from simulator.scenario.planned_numbers import highest_new_target
from simulator.scenario.schema import Scenario


class BlindedPlan(NamedTuple):
    """A new target from pooled data.

    Attributes
    ----------
    place
        Of the look.
    difference, hazard_ratio
        What is to be found; NaN: not this.
    of_mean
        Whether the difference is one of means, and the pooled data a variance.
    power, least, most
        Of the new target.
    """

    place: int
    difference: float
    hazard_ratio: float
    of_mean: bool
    power: float
    least: int
    most: int


class ZonePlan(NamedTuple):
    """A higher target where conditional power at the last look is in [low, high).

    `power` is to be reached, `most` the highest target; `weighted`: whether the final statistic has
    the weights that were planned.
    """

    low: float
    high: float
    power: float
    most: int
    weighted: bool


class SlowPlan(NamedTuple):
    """Recruitment closes with fewer than `fewest` randomised by a day, or at the cut of a look.

    `day` is NaN, or `place` -1. `unanswered`: whether the trial then ends without its test.
    """

    day: float
    place: int
    fewest: int
    unanswered: bool


class AdaptationPlan(NamedTuple):
    """What may be changed; None: not this.

    `target` is that planned, `share_second` the share of patients allocated to the second arm.
    """

    target: int
    share_second: float
    blinded: BlindedPlan | None
    zone: ZonePlan | None
    slow: SlowPlan | None

    @property
    def reestimates(self) -> bool:
        """Whether outcomes that were seen change the target."""
        return self.blinded is not None or self.zone is not None

    @property
    def most(self) -> int:
        """The highest target."""
        asked = (plan.most for plan in (self.blinded, self.zone) if plan is not None)
        return max(asked, default=self.target)


def adaptation_plan(scenario: Scenario, information: Information) -> AdaptationPlan | None:
    """Return what a scenario with looks asks to be changed; None: nothing."""
    asked, target = scenario.monitoring, scenario.trial.target_randomised
    assert asked is not None
    first, second = scenario.allocation.ratio
    plan = AdaptationPlan(
        target=target,
        share_second=second / (first + second),
        blinded=_blinded(asked, target, information),
        zone=_zone(asked, target),
        slow=_slow(asked, target),
    )
    asked_for = plan.blinded, plan.zone, plan.slow
    return plan if any(part is not None for part in asked_for) else None


def _blinded(asked: Monitoring, target: int, information: Information) -> BlindedPlan | None:
    found = asked.blinded_reestimation
    if found is None:
        return None
    return BlindedPlan(
        place=found.look - 1,
        difference=math.nan if found.difference is None else found.difference,
        hazard_ratio=math.nan if found.hazard_ratio is None else found.hazard_ratio,
        of_mean=information is Information.INVERSE_VARIANCE,
        power=found.power,
        least=found.least_randomised or target,
        most=highest_new_target(found, target),
    )


def _zone(asked: Monitoring, target: int) -> ZonePlan | None:
    found = asked.promising_zone
    if found is None:
        return None
    return ZonePlan(
        low=found.from_conditional_power,
        high=found.to_conditional_power or found.conditional_power,
        power=found.conditional_power,
        most=highest_new_target(found, target),
        weighted=found.final_test == "cui_hung_wang",
    )


def _slow(asked: Monitoring, target: int) -> SlowPlan | None:
    found = asked.slow_recruitment
    if found is None:
        return None
    share = found.share_below
    return SlowPlan(
        day=math.nan if found.day is None else found.day,
        place=-1 if found.look is None else found.look - 1,
        fewest=found.fewer_than or math.ceil((share or 0.0) * target - 1e-9),
        unanswered=found.then == "unanswered",
    )
