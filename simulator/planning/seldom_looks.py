"""Looks that are planned and seldom come."""

from collections.abc import Iterator, Sequence

from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.held import Decision
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.look_sums import LookSums
from simulator.results.looks import SeldomTaken
from simulator.results.measures import LEAST_TRIALS_TO_JUDGE, Share

_SELDOM = 0.5  # of the trials that go on so far


def seldom_taken(
    asked: MonitoringPlan, sums: LookSums, trials: int, told: Sequence[int], moments: Sequence[str]
) -> Iterator[SeldomTaken]:
    """Yield the looks that most trials do not come to which no look before stopped.

    Parameters
    ----------
    told
        Places of the looks that a result tells of, which number them.
    moments
        When the data of these are cut, in words.
    """
    for number, (place, moment) in enumerate(zip(told, moments, strict=True), 1):
        if place == len(asked.looks) or asked.looks[place].repeats:
            continue
        going_on = trials - int(sums.decisions[:place, : Decision.GO_ON].sum())
        if going_on < LEAST_TRIALS_TO_JUDGE:
            continue
        taken = sums.taken(place)
        share = Share(taken / going_on, *interval(taken, going_on))
        if share.ci_high < _SELDOM:
            mcse = standard_error(taken, going_on)
            yield SeldomTaken(number, moment, going_on, share, mcse)
