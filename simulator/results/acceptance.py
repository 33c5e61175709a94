"""Whether a scenario agrees with published figures that were not used to set it."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.results.base import Record

LEVEL = 0.05  # a figure with a predictive p value below it lies outside its 95 % interval


@dataclass(frozen=True, repr=False)
class AcceptanceCheck(Record):
    """A published figure beside its posterior predictive distribution (docs/calibration.md).

    Attributes
    ----------
    rows
        Of the evidence, by their ids.
    measure, label, arm
        The word of the figure, what it is called, and the arm that it is of; None: all patients.
    is_share
        Whether it is a share, from 0 to 1; else a mean in a unit of its own.
    observed, n, observed_sd
        What the study saw, in how many patients; the standard deviation between patients of a mean.
    simulated, mcse
        The same figure of the simulated trials, and its Monte Carlo standard error.
    between_study_sd
        An assumption: between studies, of the log odds of a share, of a mean in its unit.
    low, high
        95 % predictive interval of what such a study sees.
    p_value
        Two-sided posterior predictive p value (mid-p where the study counts).
    fails
        Whether the p value is below .05.
    note
        What a reader should know.
    """

    rows: tuple[str, ...]
    measure: str
    label: str
    arm: str | None
    is_share: bool
    observed: float
    n: int
    observed_sd: float | None
    simulated: float
    mcse: float
    between_study_sd: float
    low: float
    high: float
    p_value: float
    fails: bool
    note: str


@dataclass(frozen=True, repr=False)
class Acceptance(Record):
    """All checks of a scenario.

    Attributes
    ----------
    draws
        Of the scenario's uncertain keys, over which the predictions are averaged; 1: none are.
    patients
        Simulated, over all trials and draws.
    left_out
        Checks that the scenario has no such figure for, by what they are called, with the reason.
    failed
        How many of the checks fail.
    p_value
        Of all together: the smallest, times the number of checks (Bonferroni).
    fails
        Whether that is below .05: the scenario as a whole is at odds with what was held out.
    """

    draws: int
    patients: int
    checks: tuple[AcceptanceCheck, ...]
    left_out: Mapping[str, str]
    failed: int
    p_value: float
    fails: bool
