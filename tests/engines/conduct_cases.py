"""How often a conduct meets what is rare: ties of its days with events, and what it changes.

Counted from records, parameters and conduct alone, beside the same trial as planned.
"""

from collections import Counter

import numpy as np
from conducts_at_ties import Planned
from differences import only_trial

from simulator.conduct import Conduct
from simulator.params.types import Params
from simulator.records import SessionStatus, TrialRecords

_EXITS = "death", "transplant", "withdrawal", "loss"
_BY_EXIT = SessionStatus.LEFT, SessionStatus.ENDED_BY_EXIT


def cases_of_conduct(
    records: TrialRecords, params: Params, conduct: Conduct, trials: tuple[Planned, ...]
) -> Counter[str]:
    """How often each case occurs; one that does not is there with 0."""
    seen: Counter[str] = Counter()
    by_index = {trial.trial: trial for trial in trials}
    for row in range(conduct.trial.size):
        one, of = only_trial(records, row), conduct.of(np.array([row]))
        its = by_index[int(of.trial[0])]
        _closing_and_cap(one, params, of, its, seen)
        _pauses(one, params, of, its, seen)
        _stop(one, params, float(of.treatment_stops_day[0]), its, seen)
    return seen


def _closing_and_cap(
    one: TrialRecords, params: Params, of: Conduct, its: Planned, seen: Counter[str]
) -> None:
    closes, most = float(of.recruitment_closes_day[0]), int(of.most_randomised[0])
    t, target = one.trials, params.trial.target_randomised
    ended = bool(t.recruitment_end_day[0] == closes)
    reached = bool(t.randomised[0] == most)
    seen["closing ends recruitment"] += ended
    seen["closing on the day of an entry, with more to come"] += (
        ended and not reached and closes in one.patients.entry_day
    )
    for kind in ("screening failed", "consent refused"):
        seen[f"closing on the day of a candidate: {kind}"] += ended and closes in its.days.get(
            kind, ()
        )
    seen["closing before anybody is randomised"] += ended and t.randomised[0] == 0
    seen["closing after recruitment has ended"] += bool(
        np.isfinite(closes) and t.recruitment_end_day[0] < closes
    )
    seen["cap below the target reached"] += reached and most < target
    seen["cap above the target reached"] += reached and most > target
    seen["more than the target under drift"] += (
        params.hazard.drift.size > 0 and t.randomised[0] > target
    )
    seen["more than the target, not the cap"] += bool(target < t.randomised[0] < most)


def _pauses(
    one: TrialRecords, params: Params, of: Conduct, its: Planned, seen: Counter[str]
) -> None:
    entry, planned = one.patients.entry_day, its.records.patients.entry_day
    pauses = list(zip(of.pause_from_day[0].tolist(), of.pause_until_day[0].tolist(), strict=True))
    for start, end in pauses:
        kept_out = ((planned > start) & (planned < end)).any()
        seen["pause keeps a patient out"] += bool(kept_out)
        seen["pause begins as a patient is randomised"] += bool(kept_out and start in entry)
        seen["pause ends as a patient is randomised"] += bool(kept_out and end in entry)
        seen["pause in which recruitment ends"] += bool(
            start < one.trials.recruitment_end_day[0] < end
        )
    seen["pause ends as another begins, at an entry"] += any(
        end == start and end in entry and first != second
        for first, (_, end) in enumerate(pauses)
        for second, (start, _) in enumerate(pauses)
    )
    returns = params.selection.returns_after_days
    kept = set(one.patients.candidate.tolist())
    seen["pause in which a candidate comes back who was put off"] += any(
        start < back < end and back < one.trials.recruitment_end_day[0] and who not in kept
        for who, day in its.put_off
        for back in [day + returns]
        for start, end in pauses
    )


def _stop(
    one: TrialRecords, params: Params, stops: float, its: Planned, seen: Counter[str]
) -> None:
    p, s = one.patients, one.sessions
    exits = p.entry_day + np.min([getattr(p, f"{name}_after_days") for name in _EXITS], axis=0)
    stopped = np.isin(s.status, _BY_EXIT) & (exits > stops)[:, None]
    window_end = s.due_day + params.plan.window_days[p.arm][:, None]
    over = (p.entry_day + params.trial.follow_up_days)[:, None]
    left, cut_off = (stopped & (s.status == status) for status in _BY_EXIT)
    seen["stop: a session waits"] += bool(left.any())
    seen["stop: a session runs"] += bool(cut_off.any())
    seen["stop as a session is to end"] += bool((cut_off & (s.end_day == stops)).any())
    seen["stop as a window is to end"] += bool((left & (window_end == stops)).any())
    seen["stop as follow-up ends, a session waits"] += bool((left & (over == stops)).any())
    seen["stop as follow-up ends, a session runs"] += bool((cut_off & (over == stops)).any())
    seen["stop as a patient is randomised"] += bool((p.entry_day == stops).any())
    seen["stop before anybody is randomised"] += bool(len(p.arm) and (p.entry_day >= stops).all())
    seen["stop after the last session"] += bool(
        np.isfinite(stops) and len(p.arm) and not (s.end_day >= stops).any()
    )
    withdrawn = p.withdrawal_after_days
    seen["withdrawal after the stop"] += bool(
        (np.isfinite(withdrawn) & (p.entry_day + withdrawn > stops)).any()
    )
    for kind in ("session due", "session starts", "unit opens", "session postponed"):
        seen[f"stop on the day of: {kind}"] += stops in its.days.get(kind, ())
    for kind in ("liver", "tumour", "transplant", "withdrawal", "loss"):
        seen[f"stop as a patient leaves: {kind}"] += stops in its.days.get(kind, ())
