"""What is seen of a patient once all sessions are known: sessions and visits (sections 5 and 9)."""

import math

import numpy as np

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

_VISIT_MISSED = np.int64(draws.Purpose.VISIT_MISSED)
_VISIT_TIME = np.int64(draws.Purpose.VISIT_TIME)
_LAB_ERROR = np.int64(draws.Purpose.LAB_ERROR)
_RUNNING, _WAITING = int(SessionStatus.RUNNING), int(SessionStatus.WAITING)
_LEFT, _ENDED_BY_EXIT = int(SessionStatus.LEFT), int(SessionStatus.ENDED_BY_EXIT)
_DELIVERED, _CUT_SHORT = int(SessionStatus.DELIVERED), int(SessionStatus.CUT_SHORT)
_MELD_LABS = 3


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
    left: Floats,
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
    words = people.words
    for visit in range(a.day.size):
        after_days[visit] = meld[visit] = math.nan
        if visit & 3 == 0:
            w0, w1, w2, w3 = draws.block(seed, trial, _VISIT_MISSED, who, visit >> 2)
            words[0], words[1] = draws.to_uniform(w0), draws.to_uniform(w1)
            words[2], words[3] = draws.to_uniform(w2), draws.to_uniform(w3)
            w0, w1, w2, w3 = draws.block(seed, trial, _VISIT_TIME, who, visit >> 2)
            words[4], words[5] = draws.to_uniform(w0), draws.to_uniform(w1)
            words[6], words[7] = draws.to_uniform(w2), draws.to_uniform(w3)
        if words[visit & 3] < a.missed_probability[visit]:
            continue
        u = words[4 + (visit & 3)]
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
        bring_labs(d, kinetics, left, people, p, int(after_days[visit]))
        w0, w1, w2, _ = draws.block(seed, trial, _LAB_ERROR, who, visit)
        words[0], words[1] = draws.to_uniform(w0), draws.to_uniform(w1)
        words[2] = draws.to_uniform(w2)
        for j in range(_MELD_LABS):
            seen[j] = rule.measured(seen[j], a.error_log_sd[j], normal_quantile(words[j]))
        meld[visit] = rule.meld(seen, d.meld_bounded)
