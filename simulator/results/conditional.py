"""Power by conditional expectation: what stands beside the share of trials that reject."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.results.base import Record


class ControlKind(StrEnum):
    """What an analysis's decision is held against, trial by trial."""

    COUNTS = "counts"  # its own decision on the counts, less its exact expectation
    REDRAWS = "redraws"  # its own decision, less its mean over deaths drawn again; and steps
    STEPS = "steps"  # whether the counts differ by so much, less the exact expectation


@dataclass(frozen=True, repr=False)
class ConditionalPower(Record):
    """Power of an analysis, estimated with the deaths of each trial averaged out.

    Attributes
    ----------
    power, mcse
        Unbiased estimate of the same power as the share of trials, and its Monte Carlo standard
        error, from the spread over trials.
    ci_low, ci_high
        95 % interval by the normal distribution, within 0 and 1.
    variance_ratio, variance_ratio_mcse
        Variance of the share of as many trials over that of this estimate, and its error (by the
        fourth moment, an approximation); None where nothing varies.
    trials, pilot_trials
        Of the run; those that set the coefficients and are not in the estimate.
    runs_per_trial
        Times that each trial is simulated, the one without liver deaths included.
    control
        What the decisions are held against.
    """

    power: float
    mcse: float
    ci_low: float
    ci_high: float
    variance_ratio: float | None
    variance_ratio_mcse: float | None
    trials: int
    pilot_trials: int
    runs_per_trial: int
    control: ControlKind
