"""How often records hold what is rare: ends of sessions, exits, ties, a unit at its limits.

Every count is made from the records and the parameters alone, not by an engine's own accounts.
"""

from collections import Counter
from typing import NamedTuple

import numpy as np
from differences import DONE, NEVER_BEGAN, only_trial

from simulator.params.types import Params
from simulator.records import DeathCause, SessionStatus, TrialRecords
from simulator.rules.selection import DEFERS

OUTCOMES_ALONE = ("play_the_winner", "thompson", "drop_the_loser")
_STOPS = 2  # the consequence "treatment stopped"
_HOURS = 24.0
_LIMIT_OF_LOG_FACTOR = 700.0


class _Times(NamedTuple):
    """Times of some of the sessions of one trial at one site, in its days, and whose they are."""

    day: np.ndarray
    patient: np.ndarray

    def as_of_another(self, other: "_Times") -> int:
        """How many of the times are also one of the other times, of another patient."""
        same = self.day[:, None] == other.day[None, :]
        return int((same & (self.patient[:, None] != other.patient[None, :])).any(axis=1).sum())


def cases_reached(records: TrialRecords, params: Params) -> Counter[str]:
    """How often each rare case occurs; a case that does not is there with 0."""
    seen: Counter[str] = Counter()
    _patients(records, params, seen)
    _sessions(records, params, seen)
    _trials(records, params, seen)
    _endings_of_treatment(records, params, seen)
    for place in range(records.trials.trial.size):
        for site in range(params.unit.limited.size):
            _ties(only_trial(records, place), params, site, seen)
    return seen


def _patients(records: TrialRecords, params: Params, seen: Counter[str]) -> None:
    p, end = records.patients, float(params.trial.follow_up_days)
    times = {n: getattr(p, f"{n}_after_days") for n in ("transplant", "withdrawal", "loss")}
    for name, days in times.items():
        seen[f"exit: {name}"] += np.isfinite(days).sum()
        seen[f"exit: {name} before the first day is over"] += (days < 1).sum()
        if name != "transplant":
            seen[f"exit: death after {name}"] += (days < p.death_after_days)[
                np.isfinite(p.death_after_days)
            ].sum()
    seen["exit: withdrawal before loss"] += (
        np.isfinite(times["loss"]) & (times["withdrawal"] < times["loss"])
    ).sum()
    seen["exit: loss before withdrawal"] += (
        np.isfinite(times["withdrawal"]) & (times["loss"] < times["withdrawal"])
    ).sum()
    seen["exit: none"] += (~_left(records)).sum()
    for cause in DeathCause:
        seen[f"death: {cause.name}"] += (p.death_cause == cause).sum()
    seen["death on the first day"] += (p.death_after_days < 1).sum()
    day = p.death_after_days[(p.death_after_days > 0) & (p.death_after_days < end)]
    seen["death at the very opening of a patient-day"] += (day == np.floor(day)).sum()
    at_end = (p.death_after_days == end) & (p.death_cause == DeathCause.LIVER)
    seen["death at the very end of follow-up"] += at_end.sum()
    in_treatment = at_end & np.isinf(p.withdrawal_after_days) & np.isinf(p.loss_after_days)
    status = records.sessions.status[in_treatment]
    for ended in (SessionStatus.LEFT, SessionStatus.ENDED_BY_EXIT):
        seen[f"death at the very end of follow-up: {ended.name}"] += (status == ended).sum()
    seen["infection"] += np.isfinite(p.infection_after_days).sum()
    seen["frailty"] += (p.frailty != 1).sum()
    seen["visit taken"] += np.isfinite(p.visit_after_days[:, 1:]).sum()
    seen["visit at the very end of follow-up"] += (p.visit_after_days == end).sum()
    never_missed = (params.assessment.missed_probability == 0)[None, :] & np.isnan(p.visit_meld)
    seen["visit not taken: the patient had left"] += never_missed.sum()
    seen["visit not taken: missed"] += (np.isnan(p.visit_meld) & ~_left(records)[:, None]).sum()
    h = params.hazard
    seen["hazard by day"] += len(p.trial) * h.varies_by_day
    seen["hazard by one inversion"] += len(p.trial) * (not h.varies_by_day)
    without_sessions = h.by_session & (params.plan.modality[p.arm] < 0)
    seen["effect by session: an arm without sessions"] += without_sessions.sum()
    log_factor = h.meld_coefficient * (p.baseline_meld - h.meld_reference)
    seen["factor of the hazard at its limit"] += (np.abs(log_factor) > _LIMIT_OF_LOG_FACTOR).sum()


def _left(records: TrialRecords) -> np.ndarray:
    p = records.patients
    return np.isfinite(
        np.minimum(
            np.minimum(p.death_after_days, p.transplant_after_days),
            np.minimum(p.withdrawal_after_days, p.loss_after_days),
        )
    )


def _sessions(records: TrialRecords, params: Params, seen: Counter[str]) -> None:
    s, p, plan = records.sessions, records.patients, params.plan
    for status in SessionStatus:
        seen[f"session: {status.name}"] += (s.status == status).sum()
    began = ~np.isin(s.status, NEVER_BEGAN)
    scarce = params.unit.limited[p.site][:, None]
    given = plan.modality[p.arm][:, None]
    number = np.arange(s.status.shape[1])[None, :]
    seen["session: short of plasma"] += s.short_of_plasma.sum()
    seen["session: short of plasma and given after all"] += (began & (s.short_of_plasma > 0)).sum()
    seen["session: another modality"] += (began & (s.modality != given)).sum()
    seen["session: put off and given"] += (began & ~scarce & (s.start_day >= s.due_day + 1)).sum()
    missed = s.status == SessionStatus.MISSED
    seen["session: put off until it was missed"] += (missed & ~scarce).sum()
    window = np.broadcast_to(plan.window_days[p.arm][:, None], missed.shape)
    seen["session: the last try at the end of the window"] += (
        missed & ~scarce & (window % 1 == 0)
    ).sum()
    planned = plan.sessions[p.arm][:, None]
    seen["session: rescue given"] += (np.isin(s.status, DONE) & (number >= planned)).sum()
    seen["session: rescue missed"] += (missed & (number >= planned)).sum()
    seen["session: late"] += p.sessions_late.sum()
    seen["session: begun as soon as due, at a unit"] += (scarce & (s.start_day == s.due_day)).sum()
    seen["session: two adverse events cut it short"] += _cut_by_two(records, params)
    seen["session: over midnight"] += (np.floor(s.start_day) < np.floor(s.end_day)).sum()
    seen["session: over a day"] += (s.end_day > s.start_day + 1).sum()


def _cut_by_two(records: TrialRecords, params: Params) -> int:
    return int((_events_with(records, params, 1) > 1).sum())


def _events_with(records: TrialRecords, params: Params, consequence: int) -> np.ndarray:
    """Adverse events of each session whose consequence is this or worse."""
    s = records.sessions
    known = s.modality >= 0
    if not known.any():
        return np.zeros(s.modality.shape, dtype=np.int64)
    bits = s.adverse_events[..., None] >> np.arange(4) & 1
    worse = params.modality.event_consequence[np.where(known, s.modality, 0)] >= consequence
    counted: np.ndarray = (bits * worse).sum(axis=-1)
    return counted


def _trials(records: TrialRecords, params: Params, seen: Counter[str]) -> None:
    t = records.trials
    met = t.randomised == params.trial.target_randomised
    seen["trial: target met"] += met.sum()
    seen["trial: target missed"] += (~met).sum()
    seen["trial: nobody randomised"] += (t.randomised == 0).sum()
    seen["trial: nobody screened"] += (t.screened == 0).sum()
    for name in ("failed_first", "refused_consent", "unit_days_open", "unit_days_short"):
        seen[f"trial: {name}"] += (getattr(t, name) > 0).sum()
    for name in ("delivered", "refused", "background", "background_short"):
        seen[f"trial: plasma {name}"] += (getattr(t, f"plasma_{name}_litres") > 0).sum()
    defers = params.selection.kind == DEFERS
    seen["trial: kept out by an investigator"] += 0 if defers else (t.turned_away > 0).sum()
    seen["trial: put off and back"] += (t.deferred > t.turned_away).sum()
    seen["trial: put off and not back"] += (t.turned_away > 0).sum() if defers else 0
    for scheme in OUTCOMES_ALONE:  # its probability is 1/2 as long as no outcome is known
        moved = records.patients.allocation_probability[:, 0] != 0.5
        asked = params.allocation.scheme == scheme
        seen[f"allocation: {scheme} knows outcomes"] += moved.sum() if asked else 0
    seen["trial: background hours"] += (t.machine_hours_background > 0).sum()
    pairs = {(a, b) for a, b in zip(records.patients.trial, records.patients.site, strict=True)}
    sites_of = Counter(trial for trial, _ in pairs)
    seen["trial: patients at two sites or more"] += sum(n > 1 for n in sites_of.values())


def _endings_of_treatment(records: TrialRecords, params: Params, seen: Counter[str]) -> None:
    """Who stays, with sessions left and time for them, was stopped: why is told by the last."""
    s, p, plan = records.sessions, records.patients, params.plan
    stops = _events_with(records, params, _STOPS) > 0
    left = _left(records)
    names = ("adverse event", "bilirubin", "bilirubin, before the first", "no rescue needed")
    for name in names:
        seen[f"treatment stopped: {name}"] += 0
    for row, arm in enumerate(p.arm):
        planned = plan.sessions[arm]
        fell_due = int((s.status[row] != SessionStatus.NOT_DUE).sum())
        if left[row] or fell_due == planned + plan.rescue_sessions[arm]:
            continue
        end = p.entry_day[row] + params.trial.follow_up_days
        last = fell_due - 1
        if last < 0:
            reason, due = names[2], p.entry_day[row] + plan.first_after_days[arm]
        elif stops[row, last]:
            reason, due = names[0], s.end_day[row, last]
        elif s.status[row, last] == SessionStatus.MISSED:
            reason, due = names[1], s.due_day[row, last] + plan.window_days[arm]
        else:
            reason, due = names[1], s.end_day[row, last] + plan.least_interval_days[arm]
        if last >= 0 and reason == names[1] and fell_due >= planned:
            reason = names[3]
        seen[f"treatment stopped: {reason}"] += bool(due < end)


def _ties(records: TrialRecords, params: Params, site: int, seen: Counter[str]) -> None:
    """What happens at one instant at a site; each time is compared bit for bit."""
    due, start, end, end_of_left, window_end = times = _times(records, params, site)
    for name, some in zip(
        ("due", "start", "end", "window end"), (*times[:3], times[4]), strict=True
    ):
        seen[f"tie: {name} of several patients"] += some.as_of_another(some)
    seen["tie: begins as another ends"] += start.as_of_another(end)
    seen["tie: begins as that of one ends who has left"] += start.as_of_another(end_of_left)
    seen["tie: due as another ends"] += due.as_of_another(end)
    seen["tie: due as another begins"] += due.as_of_another(start)
    seen["tie: window ends as another session ends"] += window_end.as_of_another(end)
    seen["tie: window ends as another begins"] += window_end.as_of_another(start)
    seen["tie: window ends as another is due"] += window_end.as_of_another(due)
    opens, closes = _hours(params, site, np.concatenate([some.day for some in times]))
    seen["tie: due at an opening"] += np.isin(due.day, opens).sum()
    seen["tie: begins at an opening"] += np.isin(start.day, opens).sum()
    seen["tie: window ends at an opening"] += np.isin(window_end.day, opens).sum()
    seen["tie: ends at an opening"] += np.isin(end.day, opens).sum()
    seen["tie: due at a closing"] += np.isin(due.day, closes).sum()
    seen["tie: ends at a closing"] += np.isin(end.day, closes).sum()
    seen["tie: window ends at a closing"] += np.isin(window_end.day, closes).sum()
    over = (closes > start.day[:, None]) & (closes < end.day[:, None])
    seen["session: over closing time"] += over.any(axis=1).sum()
    p, of = records.patients, records.sessions
    here = (p.site == site)[:, None]
    days = np.arange(params.trial.follow_up_days + 1)[None, None, :]
    openings = p.entry_day[:, None, None] + days
    later_due = of.due_day[:, 1:]  # the first may be at one by the plan
    for name, moments in (("due", later_due), ("ends", of.end_day)):
        at_opening = (moments[:, :, None] == openings).any(axis=-1) & here
        seen[f"tie: {name} at the opening of a patient-day"] += at_opening.sum()


def _times(records: TrialRecords, params: Params, site: int) -> tuple[_Times, ...]:
    """Times due, of the start, of the end, of the end of those left by their patient, of misses."""
    p, s = records.patients, records.sessions
    here = (p.site == site)[:, None] & params.unit.limited[site]
    began = here & ~np.isin(s.status, NEVER_BEGAN)
    patient = np.broadcast_to(p.patient[:, None], s.status.shape)
    window_end = s.due_day + params.plan.window_days[p.arm][:, None]
    wanted = (
        (s.due_day, here & ~np.isnan(s.due_day)),
        (s.start_day, began),
        (s.end_day, began),
        (s.end_day, began & (s.status == SessionStatus.ENDED_BY_EXIT)),
        (window_end, here & (s.status == SessionStatus.MISSED)),
    )
    return tuple(_Times(column[rows], patient[rows]) for column, rows in wanted)


def _hours(params: Params, site: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Openings and closings up to the last of the times."""
    if not params.unit.limited[site] or not times.size:
        return np.empty(0), np.empty(0)
    day = np.arange(int(times.max()) + 2)
    weekday = (params.trial.start_weekday + day) % 7
    opens = day + params.unit.open_hour[site][weekday] / _HOURS
    closes = day + params.unit.until_hour[site][weekday] / _HOURS
    return opens[~np.isnan(opens)], np.unique(closes[np.isfinite(closes)])
