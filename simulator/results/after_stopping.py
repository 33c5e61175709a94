"""How good the estimates of an analysis with looks are, with what allows for the looks and without.

In `Looks.estimates` by kind: `all_data`, the usual estimate and interval at the actual end, all who
were randomised followed up; `at_stop`, those of the data at the look with which a trial ended;
`median_unbiased`, the estimate and the interval of the stage-wise ordering, of the same data;
`repeated`, the repeated interval at the stop with, of a trial whose stages have planned weights,
its centre. Of a trial that adapts `median_unbiased` is not made.
"""

from dataclasses import dataclass
from enum import Enum

from simulator.results.base import Record


class NoEstimates(Enum):
    """Why no estimate is made that allows for looks; renderers have the words.

    Where it is `ADAPTATION` alone repeated intervals are made, and nothing else.
    """

    EXACT = "exact"
    PREDICTIVE_FUTILITY = "predictive_futility"
    ADAPTATION = "adaptation"
    FAMILY = "family"

    @property
    def leaves_repeated(self) -> bool:
        """Whether repeated intervals are valid all the same."""
        return self is NoEstimates.ADAPTATION


@dataclass(frozen=True, repr=False)
class EstimatesWithLooks(Record):
    """A kind of estimate and its interval; each has its Monte Carlo standard error (`_mcse`).

    None where that does not exist: repeated intervals are about the usual estimate at the stop, but
    where stages have planned weights.

    Attributes
    ----------
    estimates, intervals
        Trials with an estimate, and with an interval, on which the rest rests.
    mean, bias, empirical_se, rmse, exaggeration
        As in `Performance`.
    above_truth
        Share of estimates above the true value, which for a median-unbiased one is a half; an
        estimate that is the true value counts half.
    coverage
        Share of intervals that hold the true value.
    """

    estimates: int
    intervals: int
    mean: float | None
    bias: float | None
    bias_mcse: float | None
    above_truth: float | None
    above_truth_mcse: float | None
    empirical_se: float | None
    empirical_se_mcse: float | None
    rmse: float | None
    rmse_mcse: float | None
    exaggeration: float | None
    exaggeration_mcse: float | None
    coverage: float | None
    coverage_mcse: float | None
