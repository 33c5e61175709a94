"""What is asked of an analysis and what it answers."""

from enum import IntEnum
from typing import NamedTuple

from simulator.records import Floats, Ints


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


REASONS = {
    Reason.ANALYSED: "analysed",
    Reason.EMPTY_ARM: "an arm has no patient to compare",
    Reason.NO_EVENT: "nobody, or everybody, died: the statistic does not exist",
    Reason.TOO_FEW_SEEN: "too few survivors were seen",
}


class Result(NamedTuple):
    """One analysis of one trial; `favours` is the arm that fared better, -1 if neither did."""

    p_value: float
    estimate: float
    standard_error: float
    favours: int
    reason: int


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
