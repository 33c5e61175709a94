"""Who is analysed, and what withdrawal and rescue count as (ICH E9(R1)).

Both are settled before anything else: an event that counts as death becomes the patient's death,
one that counts as loss becomes their loss. What happens later is then no longer looked at.
"""

import math
from typing import NamedTuple

import numpy as np

from simulator.analysis.cut import Bools, Rows, read_only
from simulator.declarations.analyses import AnalysisPlan
from simulator.records import SESSIONS_GIVEN, Floats, Ints, SessionStatus, TrialRecords


class Handling(NamedTuple):
    """Population and treatment of the two events, as an `AnalysisPlan` has them."""

    population: str
    rescue: str
    withdrawal: str


AS_RANDOMISED = Handling("randomised", "ignored", "ignored")


def handling_of(plan: AnalysisPlan) -> Handling:
    """Return what an analysis declares."""
    return Handling(plan.population, plan.rescue, plan.withdrawal)


def handled(
    records: TrialRecords,
    rows: Rows,
    handling: Handling,
    arm_modality: Ints,
    cut_day: Floats | None = None,
) -> Rows:
    """Return the rows that an analysis looks at, with the events that it does not ignore.

    Parameters
    ----------
    rows
        All rows of the records.
    arm_modality
        (A,): index of each arm's own modality.
    cut_day
        Trial day of the cut of each trial, by which a patient who counts as treated had a session;
        None: the end.
    """
    if handling == AS_RANDOMISED:
        return rows
    death, loss = rows.death_after_days, rows.loss_after_days
    happened = {
        "rescue": rescue_after_days(records, arm_modality),
        "withdrawal": records.patients.withdrawal_after_days,
    }
    ended = np.minimum(np.minimum(death, loss), rows.transplant_after_days)
    for name in sorted(happened, key=lambda name: getattr(handling, name) == "censored"):
        when, word = happened[name], getattr(handling, name)
        # Death, loss and transplant at the same time as the event are what ended the patient.
        counts = (when < ended) & (word != "ignored")
        death = np.where(counts, when if word == "event" else math.inf, death)
        loss = np.where(counts, when if word == "censored" else math.inf, loss)
        ended = np.where(counts, when, ended)
    rows = rows._replace(death_after_days=read_only(death), loss_after_days=read_only(loss))
    if handling.population == "treated":
        return _only(rows, _treated_by(records, rows, cut_day))
    return rows


def _treated_by(records: TrialRecords, rows: Rows, cut_day: Floats | None) -> Bools:
    """Whether each patient had a session, in full or in part, by the cut."""
    if cut_day is None:
        return np.asarray(records.patients.sessions_delivered > 0)
    s, limit = records.sessions, np.repeat(cut_day, np.diff(rows.first_row))
    given = np.isin(s.status, SESSIONS_GIVEN) & (s.end_day <= limit[:, None])
    return np.asarray(given.any(axis=1))


def rescue_after_days(records: TrialRecords, arm_modality: Ints) -> Floats:
    """Patient's own time of the first session beyond the plan or of another modality; infinity."""
    p, s = records.patients, records.sessions
    if s.status.shape[1] == 0:
        return np.full(p.arm.size, math.inf)
    begun = np.isin(
        s.status,
        (
            SessionStatus.RUNNING,
            SessionStatus.DELIVERED,
            SessionStatus.CUT_SHORT,
            SessionStatus.ENDED_BY_EXIT,
        ),
    )
    beyond = np.arange(s.status.shape[1])[None, :] >= p.sessions_planned[:, None]
    other = s.modality != arm_modality[p.arm][:, None]
    when = np.where(begun & (beyond | other), s.start_day, math.inf)
    return np.asarray(when.min(axis=1) - p.entry_day)


def _only(rows: Rows, kept: Bools) -> Rows:
    """Return the rows that are kept; a trial may keep none."""
    before = np.concatenate(([0], np.cumsum(kept)))
    columns = (column[kept] for column in rows[1:])
    return Rows._make(map(read_only, (before[rows.first_row], *columns)))
