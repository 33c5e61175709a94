"""What is asked of an analysis and what it answers."""

import math
from enum import IntEnum
from typing import NamedTuple

from simulator.records import Floats, Ints

PROPORTION_TESTS = ("chi_square", "fisher", "boschloo", "boschloo_minlike")
TIME_TESTS = ("log_rank", "km_difference")
MELD_TESTS = ("meld_ancova", "meld_worst_rank")


class AnalysisPlan(NamedTuple):
    """A test: see `scenario.schema.Analysis` for what the words mean."""

    name: str
    test: str
    alpha: float
    lost: str
    transplant: str


class Reason(IntEnum):
    """Why a trial has no result."""

    ANALYSED = 0
    EMPTY_ARM = 1
    NO_EVENT = 2
    TOO_FEW_SEEN = 3
    NOT_ESTIMABLE = 4
    NOT_FOLLOWED = 5


REASONS = {
    Reason.ANALYSED: "analysed",
    Reason.EMPTY_ARM: "an arm has no patient to compare",
    Reason.NO_EVENT: "nobody, or everybody, died: the statistic does not exist",
    Reason.TOO_FEW_SEEN: "too few survivors were seen",
    Reason.NOT_ESTIMABLE: "the data leave the statistic without a variance",
    Reason.NOT_FOLLOWED: "nobody of an arm was followed to the day of the estimate",
}


class Result(NamedTuple):
    """One analysis of one trial; `favours` is the arm that fared better, -1 if neither did."""

    p_value: float
    estimate: float
    standard_error: float
    favours: int
    reason: int


def no_result(reason: Reason) -> Result:
    """Result of a trial that a test cannot analyse."""
    return Result(math.nan, math.nan, math.nan, -1, int(reason))


class AnalysisTable(NamedTuple):
    """Results of all analyses of all trials; each column has shape (trials, analyses).

    Without a result p value, estimate and standard error are NaN and `reason` is not 0. An
    estimate compares the second arm with the first.
    """

    p_value: Floats
    estimate: Floats
    standard_error: Floats
    favours: Ints
    reason: Ints
