"""Two engines' records side by side: what differs, where, and what no engine may write."""

from collections.abc import Iterator

import numpy as np

from simulator.conduct import Conduct, as_planned
from simulator.params.types import Params
from simulator.records import DeathCause, SessionStatus, TrialRecords

_SHOWN_A_COLUMN = 3
_SHOWN = 30  # lines of a failure: what comes first in time is among the first columns

NEVER_BEGAN = (
    SessionStatus.NOT_DUE,
    SessionStatus.WAITING,
    SessionStatus.MISSED,
    SessionStatus.LEFT,
)
HAZARD = ("liver_cumulative_hazard",)  # a column on request
DONE = (SessionStatus.DELIVERED, SessionStatus.CUT_SHORT)


def differences(seen: TrialRecords, expected: TrialRecords, but: tuple[str, ...] = ()) -> list[str]:
    """Every column that is not the same bit for bit, NaN being equal to NaN.

    A line names table, column, trial, patient and the place in the row, and gives both values; a
    column's first differences are shown and the rest are counted.
    """
    return [
        line
        for table in TrialRecords._fields
        for name in getattr(expected, table)._fields
        if name not in but
        for line in _of_column(seen, expected, table, name)
    ]


def assert_same(seen: TrialRecords, expected: TrialRecords, but: tuple[str, ...] = ()) -> None:
    """Require that no column differs."""
    found = differences(seen, expected, but)
    shown = [*found[:_SHOWN], f"... and {len(found) - _SHOWN} lines more"][: len(found)]
    assert not found, "\n" + "\n".join(shown)


def _of_column(seen: TrialRecords, expected: TrialRecords, table: str, name: str) -> Iterator[str]:
    a, b = (getattr(getattr(records, table), name) for records in (seen, expected))
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        yield f"{table}.{name}: {a.dtype} {a.shape}, expected {b.dtype} {b.shape}"
        return
    same = (a == b) | ((a != a) & (b != b))
    places = np.argwhere(~same)
    for place in places[:_SHOWN_A_COLUMN]:
        row, at = int(place[0]), tuple(place)
        if table == "trials":
            who = f"trial {expected.trials.trial[row]}"
        else:
            who = f"trial {expected.patients.trial[row]}, patient {expected.patients.patient[row]}"
        inner = f"[{', '.join(map(str, place[1:]))}]" if place.size > 1 else ""
        yield f"{table}.{name}{inner}: {who}: {a[at].item()!r}, expected {b[at].item()!r}"
    if len(places) > _SHOWN_A_COLUMN:
        yield f"{table}.{name}: {len(places)} values of {same.size} differ"


def joined(parts: list[TrialRecords]) -> TrialRecords:
    """Chunks one after another; `first_row` stays that of each chunk."""
    return TrialRecords(
        *(
            type(tables[0])(*(np.concatenate(columns) for columns in zip(*tables, strict=True)))
            for tables in zip(*parts, strict=True)
        )
    )


def only_trial(records: TrialRecords, place: int) -> TrialRecords:
    """The rows of the trial at `place`."""
    first = records.trials.first_row[place]
    rows = slice(first, first + records.trials.randomised[place])
    return TrialRecords(
        type(records.trials)(*(column[place : place + 1] for column in records.trials)),
        type(records.patients)(*(column[rows] for column in records.patients)),
        type(records.sessions)(*(column[rows] for column in records.sessions)),
    )


def assert_meaningful(
    records: TrialRecords, params: Params, conduct: Conduct | None = None
) -> None:
    """Require that values are missing exactly where a column's meaning says so, and in range."""
    if conduct is None:
        conduct = as_planned(records.trials.trial, params.trial.target_randomised)
    _check_trials(records, params, conduct)
    _check_patients(records, params)
    _check_sessions(records)


def _holds(what: str, fulfilled: np.ndarray) -> None:
    assert np.all(fulfilled), f"{what}: not so in row {np.argwhere(~np.asarray(fulfilled))[0]}"


def _check_trials(records: TrialRecords, params: Params, conduct: Conduct) -> None:
    t = records.trials
    for name, column in t._asdict().items():
        _holds(f"trials.{name} finite, not below 0", np.isfinite(column) & (column >= 0))
    counted = t.failed_first.sum(axis=1) + t.refused_consent + t.turned_away + t.randomised
    _holds("every candidate is counted once", t.screened == counted)
    _holds("the trial is the row's", t.trial == conduct.trial)
    _holds("the cap is not exceeded", t.randomised <= conduct.most_randomised)
    _holds("first_row", t.first_row == np.cumsum([0, *t.randomised])[:-1])
    limit = np.minimum(_limit(params), conduct.recruitment_closes_day)
    _holds("recruitment ends within its limit", t.recruitment_end_day <= limit)
    _holds("the trial ends last", t.trial_end_day >= t.recruitment_end_day)
    assert len(records.patients.trial) == len(records.sessions.status) == t.randomised.sum()


def _limit(params: Params) -> float:
    limit, accrual = params.trial.max_recruitment_days, params.accrual
    return min(limit, accrual.over_days) if accrual.uniform else limit


def _check_patients(records: TrialRecords, params: Params) -> None:
    p, follow_up = records.patients, params.trial.max_follow_up_days
    for name in ("entry_day", "allocation_probability", "allocation_draw", "frailty"):
        _holds(f"patients.{name}", np.isfinite(getattr(p, name)) & (getattr(p, name) >= 0))
    for name, column in p._asdict().items():
        missing_allowed = name in ("baseline_lab", "baseline_meld") or name.startswith("visit")
        if not missing_allowed:
            _holds(f"patients.{name} is a number", ~np.isnan(column))
    for name in ("death", "transplant", "withdrawal", "loss", "infection"):
        days = getattr(p, f"{name}_after_days")
        _holds(f"{name} within follow-up", (days == np.inf) | ((days >= 0) & (days <= follow_up)))
    _holds("cause of death", (p.death_cause != DeathCause.NONE) == np.isfinite(p.death_after_days))
    _holds("nobody dies after transplant", np.isinf(p.death_after_days + p.transplant_after_days))
    _holds("cumulative hazard", np.isfinite(p.liver_cumulative_hazard))
    unknown = params.candidate.lab_variable < 0
    _holds("labs are there if modelled", np.isnan(p.baseline_lab) == unknown)
    _holds("MELD is there if modelled", np.isnan(p.baseline_meld) != params.lab.modelled)
    _holds("a visit has both or none", np.isnan(p.visit_meld) == np.isnan(p.visit_after_days))
    _holds("the arms' chances sum to 1", np.abs(p.allocation_probability.sum(axis=1) - 1) < 1e-12)


def _check_sessions(records: TrialRecords) -> None:
    s, p = records.sessions, records.patients
    never_began = np.isin(s.status, NEVER_BEGAN)
    done = np.isin(s.status, DONE)
    _holds("due unless never due", np.isnan(s.due_day) == (s.status == SessionStatus.NOT_DUE))
    for name in ("start_day", "end_day"):
        _holds(f"sessions.{name}", np.isnan(getattr(s, name)) == never_began)
    _holds("modality", (s.modality < 0) == never_began)
    began = ~never_began
    _holds("begins when due or later", s.start_day[began] >= s.due_day[began])
    _holds("ends after its start", s.end_day[began] >= s.start_day[began])
    _holds("fraction", (s.fraction > 0) == done)
    _holds("plasma of those begun alone", (s.plasma_litres >= 0) & (began | (s.plasma_litres == 0)))
    _holds(
        "whole or cut short", (s.fraction[done] < 1) == (s.status == SessionStatus.CUT_SHORT)[done]
    )
    _holds("delivered", p.sessions_delivered == done.sum(axis=1))
    _holds("missed", p.sessions_missed == (s.status == SessionStatus.MISSED).sum(axis=1))
    _holds("short of plasma", p.sessions_short_of_plasma == s.short_of_plasma.sum(axis=1))
