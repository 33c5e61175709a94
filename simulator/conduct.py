"""How trials are conducted where a decision changed it (model page, section 11)."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.declarations.schemes import SCHEMES
from simulator.errors import ConductError
from simulator.params.types import Params
from simulator.records import Floats, Ints

MOST_TRIALS = 2**32  # a trial's index is a word of every address


class Conduct(NamedTuple):
    """What decisions changed, one row per trial; see the model page, section 11.

    Attributes
    ----------
    trial
        Index of each trial, in any order.
    recruitment_closes_day
        Trial day; infinity: as planned.
    most_randomised
        Patients with whom recruitment ends; as planned the target.
    pause_from_day, pause_until_day
        Shape (trials, pauses): between the two nobody is screened; infinity: no pause.
    treatment_stops_day
        Trial day; infinity: never.
    """

    trial: Ints
    recruitment_closes_day: Floats
    most_randomised: Ints
    pause_from_day: Floats
    pause_until_day: Floats
    treatment_stops_day: Floats

    def of(self, rows: Ints) -> "Conduct":
        """Return the conduct of some of the trials, by their rows here."""
        return Conduct._make(column[rows] for column in self)


def as_planned(trial: Ints, target_randomised: int) -> Conduct:
    """Return the conduct of trials of which nothing is changed."""
    trials = trial.size
    return Conduct(
        trial,
        np.full(trials, np.inf),
        np.full(trials, target_randomised, dtype=np.int64),
        np.empty((trials, 0)),
        np.empty((trials, 0)),
        np.full(trials, np.inf),
    )


def check_conduct(params: Params, conduct: Conduct) -> None:
    """Refuse a conduct that trials of a scenario cannot have (model page, section 11).

    Raises
    ------
    ConductError
        If columns do not have a row per trial, an index or a number of patients is out of range, a
        day is negative or NaN, a pause ends before it begins, or more are to be randomised than
        are planned where accrual or allocation has no place for them.
    """
    _check_shapes(conduct)
    never_below = "must be 0 or later; infinity is never"
    for key, wrong, rule, remedy in (
        (
            "trial",
            (conduct.trial < 0) | (conduct.trial >= MOST_TRIALS),
            f"must be from 0 to {MOST_TRIALS - 1}",
            "give the index of a trial",
        ),
        ("most_randomised", conduct.most_randomised < 1, "must be 1 or more", "raise it"),
        *((key, ~(getattr(conduct, key) >= 0.0), never_below, "give a trial day") for key in _DAYS),
        (
            "pause_until_day",
            conduct.pause_until_day < conduct.pause_from_day,
            "must not be before pause_from_day",
            "exchange the two",
        ),
    ):
        _refuse_where(conduct, key, wrong, rule, remedy)
    _check_beyond_target(params, conduct)


_WHOLE = "trial", "most_randomised"
_PAUSES = "pause_from_day", "pause_until_day"
_DAYS = "recruitment_closes_day", *_PAUSES, "treatment_stops_day"


def _check_shapes(conduct: Conduct) -> None:
    trials, pauses = np.size(conduct.trial), np.shape(conduct.pause_from_day)[1:]
    for key, column in conduct._asdict().items():
        expected = (trials, *pauses[:1]) if key in _PAUSES else (trials,)
        if np.shape(column) != expected or (key in _PAUSES and len(expected) < 2):
            rows = "one row per trial" + (" and one column per pause" if key in _PAUSES else "")
            raise ConductError(
                f"{key}.shape", np.shape(column), f"must have {rows}", f"{trials} trials are given"
            )
        kind, words = ("iu", "whole numbers") if key in _WHOLE else ("f", "floating-point numbers")
        if column.dtype.kind not in kind:
            rule = f"must be {words}"
            raise ConductError(f"{key}.dtype", column.dtype, rule, "convert the column")


def _check_beyond_target(params: Params, conduct: Conduct) -> None:
    scheme, target = SCHEMES[params.allocation.scheme], params.trial.target_randomised
    reason, other = "", "accrual"
    if params.accrual.uniform:
        reason = "under uniform accrual the number of candidates is fixed"
    elif scheme.fixed_size:
        reason, other = f"{scheme.word} has exactly as many places", "scheme"
    if reason:
        wrong = conduct.most_randomised > target
        rule = f"is above the target of {target}, and {reason}"
        remedy = f"use at most {target}, or another {other}"
        _refuse_where(conduct, "most_randomised", wrong, rule, remedy)


def _refuse_where(
    conduct: Conduct, key: str, wrong: npt.NDArray[np.bool_], rule: str, remedy: str
) -> None:
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = ", ".join(map(str, at))
        raise ConductError(f"{key}[{place}]", getattr(conduct, key)[at], rule, remedy)
