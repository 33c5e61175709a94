"""What is seen of a patient once all sessions are known: sessions and visits (sections 5 and 9)."""

import math

from simulator import draws
from simulator.engines.compiled.disease import bring_labs
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
from simulator.engines.compiled.tables import Disease
from simulator.params.types import AssessmentParams
from simulator.records import SessionStatus
from simulator.rules import labs as rule
from simulator.rules.normal import normal_quantile

_VISIT_MISSED = int(draws.Purpose.VISIT_MISSED)
_VISIT_TIME = int(draws.Purpose.VISIT_TIME)
_LAB_ERROR = int(draws.Purpose.LAB_ERROR)
_RUNNING, _WAITING = int(SessionStatus.RUNNING), int(SessionStatus.WAITING)
_LEFT, _ENDED_BY_EXIT = int(SessionStatus.LEFT), int(SessionStatus.ENDED_BY_EXIT)
_DELIVERED, _CUT_SHORT = int(SessionStatus.DELIVERED), int(SessionStatus.CUT_SHORT)
_WORDS_A_VISIT = 4


@kernel
def settle_sessions(
    session: Floats, session_count: Ints, p: int, leaves_at: float, follow_up_ends_at: float
) -> None:
    """Say of each session what became of it; what the end of follow-up meets stays as it is."""
    for k in range(session.shape[1]):
        status = session_count[p, k, STATUS]
        if status == _RUNNING and session[p, k, END] < leaves_at:
            whole = session[p, k, SHARE] == 1.0
            session_count[p, k, STATUS] = _DELIVERED if whole else _CUT_SHORT
        elif leaves_at < follow_up_ends_at:
            if status == _RUNNING:
                session_count[p, k, STATUS] = _ENDED_BY_EXIT
            elif status == _WAITING:
                session_count[p, k, STATUS] = _LEFT


@kernel
def take_visits(
    d: Disease,
    kinetics: Floats,
    a: AssessmentParams,
    seed: int,
    trial: int,
    follow_up_days: int,
    gone_at: float,
    people: People,
    p: int,
    order: Ints,
    after_days: Floats,
    meld: Floats,
) -> None:
    """Take the labs of every visit that takes place before `gone_at`; `order` is work space."""
    entry, who, taken = people.number[ENTRY_AT, p], people.count[CANDIDATE, p], 0
    for visit in range(a.day.size):
        after_days[visit] = meld[visit] = math.nan
        if a.missed_probability[visit] > 0.0:
            u = draws.uniform(seed, trial, _VISIT_MISSED, who, visit)
            if u < a.missed_probability[visit]:
                continue
        u = draws.uniform(seed, trial, _VISIT_TIME, who, visit)
        day = rule.visit_day(a.day[visit], a.window_days[visit], u, float(follow_up_days))
        if entry + day >= gone_at:
            continue
        after_days[visit] = day
        k = taken
        while k > 0 and after_days[order[k - 1]] > day:
            order[k] = order[k - 1]
            k -= 1
        order[k] = visit
        taken += 1
    seen = people.lab[1]
    for k in range(taken):
        visit = order[k]
        bring_labs(d, kinetics, people, p, int(after_days[visit]))
        for j in range(3):
            z = normal_quantile(
                draws.uniform(seed, trial, _LAB_ERROR, who, _WORDS_A_VISIT * visit + j)
            )
            seen[j] = rule.measured(seen[j], a.error_log_sd[j], z)
        meld[visit] = rule.meld(seen, d.meld_bounded)
