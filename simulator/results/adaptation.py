"""What looks change of a trial beside stopping it, as an answer tells it."""

from dataclasses import dataclass

from simulator.results.base import Record
from simulator.results.measures import Estimate


@dataclass(frozen=True, repr=False)
class AdaptedGroup(Record):
    """Trials of which re-estimation found the same.

    Attributes
    ----------
    name
        `lowered`, `kept`, `raised`; `unfavourable`, `promising`, `favourable`; or `not asked`: the
        trial had stopped, its look was not taken, or decided nothing.
    share
        Of all trials.
    power
        Share of these trials that reject; None where there are none.
    late
        Share of all trials that are among these, and kept their target because recruitment had
        ended by the decision.
    mean_target
        Mean of their last target; None where there are none.
    """

    name: str
    share: Estimate
    power: Estimate | None
    late: Estimate
    mean_target: float | None


@dataclass(frozen=True, repr=False)
class Reestimation(Record):
    """Re-estimation of size, and what it comes to.

    Attributes
    ----------
    rule
        `blinded` or `promising_zone`.
    look
        Its number, from 1.
    effect
        Difference, in its unit, or hazard ratio that is to be found with `power`; None in the
        promising zone, where conditional power under the estimate is to be `power`.
    of
        What is pooled: `difference`, `mean` or `hazard_ratio`; `estimate` in the promising zone.
    planned, least, most
        The target as planned, and the range that it may have.
    zone
        Conditional power from and below which a trial is promising; None if blinded.
    final_test
        `usual`, or `cui_hung_wang`: with the weights that were planned.
    least_promising
        Conditional power from which on the usual final test keeps the level (Mehta and Pocock
        2011); None where it is not needed.
    groups
        Trials by what was found.
    target
        Mean of the last target over all trials.
    target_min, target_p10, target_median, target_p90, target_max
        Quantiles of it.
    at_most
        Share of trials whose last target is the highest.
    decided_by
        Mean of what was pooled (a proportion or a variance), or of conditional power; None where
        it never was.
    """

    rule: str
    look: int
    effect: float | None
    of: str
    power: float
    planned: int
    least: int
    most: int
    zone: tuple[float, float] | None
    final_test: str
    least_promising: float | None
    groups: tuple[AdaptedGroup, ...]
    target: Estimate
    target_min: int
    target_p10: int
    target_median: int
    target_p90: int
    target_max: int
    at_most: Estimate
    decided_by: Estimate | None


@dataclass(frozen=True, repr=False)
class SlowRecruitment(Record):
    """Trials whose recruitment was closed because it was slow.

    Attributes
    ----------
    day, look
        When patients were counted: a trial day, or at the cut of a look, the first is 1.
    fewer_than
        With how many it was closed.
    then
        `analyse` or `unanswered`.
    closed
        Share of all trials.
    power
        Share of these that reject; None where there are none.
    """

    day: float | None
    look: int | None
    fewer_than: int
    then: str
    closed: Estimate
    power: Estimate | None
