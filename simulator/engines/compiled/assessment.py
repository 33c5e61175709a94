"""What is seen of a patient once all sessions are known: sessions and visits (sections 5 and 9)."""

import math

from simulator import draws
from simulator.engines.compiled.ahead import WORDS, draw_uniforms
from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import (
    CANDIDATE,
    END,
    ENTRY_AT,
    SHARE,
    STATUS,
    Floats,
    Ints,
    People,
)
from simulator.params.types import AssessmentParams
from simulator.records import SessionStatus
from simulator.rules import labs as rule

_VISIT_MISSED = draws.code_of(draws.Purpose.VISIT_MISSED)
_VISIT_TIME = draws.code_of(draws.Purpose.VISIT_TIME)
_RUNNING, _WAITING = int(SessionStatus.RUNNING), int(SessionStatus.WAITING)
_LEFT, _ENDED_BY_EXIT = int(SessionStatus.LEFT), int(SessionStatus.ENDED_BY_EXIT)
_DELIVERED, _CUT_SHORT = int(SessionStatus.DELIVERED), int(SessionStatus.CUT_SHORT)


@kernel
def settle_sessions(
    session: Floats, session_integer: Ints, p: int, leaves_at: float, by_exit: bool
) -> None:
    """Say of each session what became of it; what the end of follow-up meets stays as it is."""
    for k in range(session.shape[1]):
        status = session_integer[p, k, STATUS]
        if status == _RUNNING and session[p, k, END] < leaves_at:
            in_full = session[p, k, SHARE] == 1.0
            session_integer[p, k, STATUS] = _DELIVERED if in_full else _CUT_SHORT
        elif by_exit:
            if status == _RUNNING:
                session_integer[p, k, STATUS] = _ENDED_BY_EXIT
            elif status == _WAITING:
                session_integer[p, k, STATUS] = _LEFT


@kernel
def plan_visits(
    a: AssessmentParams, seed: int, trial: int, follow_up_days: int, patients: int, people: People
) -> None:
    """Find the days of every patient's visits, and the order in which they come."""
    days, order, horizon = people.visit_day, people.visit_order, float(follow_up_days)
    candidate, missed, when = people.integer[CANDIDATE], people.uniform, people.other_uniform
    for visit in range(a.day.size):
        word = visit % WORDS
        if word == 0:
            index = visit // WORDS
            draw_uniforms(seed, trial, _VISIT_MISSED, candidate, patients, index, missed)
            draw_uniforms(seed, trial, _VISIT_TIME, candidate, patients, index, when)
        for p in range(patients):
            day = rule.visit_day(a.day[visit], a.window_days[visit], when[word, p], horizon)
            takes_place = missed[word, p] >= a.missed_probability[visit]
            days[p, visit] = day if takes_place else math.nan
            people.visit_meld[p, visit] = math.nan
    for p in range(patients):
        planned = 0
        for visit in range(a.day.size):
            order[p, visit] = -1
            day = days[p, visit]
            if math.isnan(day):
                continue
            k = planned
            while k > 0 and days[p, order[p, k - 1]] > day:
                order[p, k] = order[p, k - 1]
                k -= 1
            order[p, k] = visit
            planned += 1


@kernel
def last_visit_before(people: People, p: int, gone_at: float) -> int:
    """Patient-day of the last visit that takes place, -1 if none; the others are struck out."""
    last, entry = -1, people.real[ENTRY_AT, p]
    for visit in range(people.visit_day.shape[1]):
        if entry + people.visit_day[p, visit] < gone_at:
            last = max(last, int(people.visit_day[p, visit]))
        else:
            people.visit_day[p, visit] = math.nan
    return last
