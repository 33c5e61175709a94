"""What is seen of a patient once all sessions are known: sessions and visits (sections 5 and 9)."""

import math

from simulator import draws
from simulator.engines.compiled.ahead import WORDS, draw_uniforms
from simulator.engines.compiled.kernel import kernel
from simulator.engines.compiled.state import People, Run
from simulator.engines.compiled.structures import Floats
from simulator.params.types import AssessmentParams
from simulator.records import SessionStatus
from simulator.rules import labs as rule

_VISIT_MISSED = draws.code_of(draws.Purpose.VISIT_MISSED)
_VISIT_TIME = draws.code_of(draws.Purpose.VISIT_TIME)
_RUNNING, _WAITING = int(SessionStatus.RUNNING), int(SessionStatus.WAITING)
_LEFT, _ENDED_BY_EXIT = int(SessionStatus.LEFT), int(SessionStatus.ENDED_BY_EXIT)
_DELIVERED, _CUT_SHORT = int(SessionStatus.DELIVERED), int(SessionStatus.CUT_SHORT)


@kernel
def settle_sessions(people: People, p: int, leaves_at: float, by_exit: bool) -> None:
    """Say of each session what became of it; what the end of follow-up meets stays as it is."""
    for k in range(people.session.shape[1]):
        session = people.session[p, k]
        status = session.status
        if status == _RUNNING and session.end < leaves_at:
            in_full = session.share == 1.0
            session.status = _DELIVERED if in_full else _CUT_SHORT
        elif by_exit:
            if status == _RUNNING:
                session.status = _ENDED_BY_EXIT
            elif status == _WAITING:
                session.status = _LEFT


@kernel
def plan_visits(
    a: AssessmentParams, run: Run, people: People, missed: Floats, when: Floats
) -> None:
    """Find the days of every patient's visits, and the order in which they come.

    `missed` and `when` are work space for the uniforms of a block.
    """
    patients, horizon, visits = run.patients, float(run.last_visit_day), people.visit
    for visit in range(a.day.size):
        word = visit % WORDS
        if word == 0:
            index = visit // WORDS
            draw_uniforms(run, _VISIT_MISSED, people.patient, index, missed)
            draw_uniforms(run, _VISIT_TIME, people.patient, index, when)
        for p in range(patients):
            day = rule.visit_day(a.day[visit], a.window_days[visit], when[word, p], horizon)
            takes_place = missed[word, p] >= a.missed_probability[visit]
            visits[p, visit].day = day if takes_place else math.nan
            visits[p, visit].meld = math.nan
    for p in range(patients):
        planned = 0
        for visit in range(a.day.size):
            visits[p, visit].order = -1
            day = visits[p, visit].day
            if math.isnan(day):
                continue
            k = planned
            while k > 0 and visits[p, visits[p, k - 1].order].day > day:
                visits[p, k].order = visits[p, k - 1].order
                k -= 1
            visits[p, k].order = visit
            planned += 1


@kernel
def last_visit_before(people: People, p: int, gone_at: float) -> int:
    """Patient-day of the last visit that takes place, -1 if none; the others are struck out."""
    last, entry = -1, people.patient[p].entry_at
    for k in range(people.visit.shape[1]):
        visit = people.visit[p, k]
        if entry + visit.day < gone_at:
            last = max(last, int(visit.day))
        else:
            visit.day = math.nan
    return last
