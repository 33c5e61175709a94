"""What happens to a patient's sessions when they fall due, begin and are missed (section 5)."""

import math

from simulator import draws
from simulator.engines.compiled.disease import rollback
from simulator.engines.compiled.heap import push
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import (
    ARM,
    CANDIDATE,
    COMING,
    DEATH,
    DUE,
    DUE_AT,
    DUE_NOW,
    END,
    ENTRY_AT,
    EVENT_BITS,
    FIRST_FIT,
    IS_SERIOUS,
    LEAVES_AT,
    LITRES,
    MODALITY,
    OPENED,
    OVER,
    PHASE,
    POSTPONED,
    SEEN_BILIRUBIN,
    SESSION,
    SHARE,
    START,
    STATUS,
    WATCHED,
    WINDOW_END_AT,
    Floats,
    Ints,
    People,
)
from simulator.engines.compiled.tables import (
    CONSEQUENCE,
    EVENTS_OF_SESSION,
    HOURS,
    INTERVAL,
    LITRES_EACH,
    LOG_SD,
    PROBABILITY,
    RESCUE_ABOVE,
    RESCUES,
    SERIOUS_EVENT,
    SESSIONS,
    STOP_BELOW,
    WINDOW,
)
from simulator.records import SessionStatus
from simulator.rules import sessions as rule

_WAITING = int(SessionStatus.WAITING)
_RUNNING = int(SessionStatus.RUNNING)
_MISSED = int(SessionStatus.MISSED)
_ADVERSE_EVENT = draws.code_of(draws.Purpose.ADVERSE_EVENT)
_ADVERSE_FRACTION = draws.code_of(draws.Purpose.ADVERSE_FRACTION)
_CUTS_SHORT, _STOPS_TREATMENT = 1, 2
_WORDS_A_SESSION, _BLOCKS_A_SESSION = 8, 2

# Events of the heap, in the order in which those of an instant happen: kind * KIND + patient
KIND = 1 << 40
WINDOW_ENDS, FALLS_DUE = 0, KIND


@inlined
def left_by(number: Floats, count: Ints, p: int, now: float, opened: int) -> bool:
    """Whether a patient has left treatment by `now`, patient-day `opened` being their latest.

    The hazard is worked out to that day at least; a death of a later day is still to come, even
    where rounding puts it at the instant at which that day opens.
    """
    dead = number[ENTRY_AT, p] + number[DEATH, p] <= now and count[OPENED, p] <= opened
    return number[LEAVES_AT, p] <= now or dead


@inlined
def bilirubin_ends_treatment(plans: Floats, number: Floats, count: Ints, p: int) -> bool:
    """Whether bilirubin, as last seen, asks for no further session."""
    arm, bilirubin = count[ARM, p], number[SEEN_BILIRUBIN, p]
    if count[SESSION, p] >= plans[arm, SESSIONS] and bilirubin <= plans[arm, RESCUE_ABOVE]:
        return True
    return bool(bilirubin < plans[arm, STOP_BELOW])


@inlined
def fall_due(plans: Floats, people: People, p: int, now: float) -> None:
    """Let a patient's next session fall due."""
    number, count, k = people.number, people.whole, people.whole[SESSION, p]
    people.session[p, k, DUE] = now
    people.session_count[p, k, STATUS] = _WAITING
    number[DUE_AT, p] = now
    number[WINDOW_END_AT, p] = now + plans[count[ARM, p], WINDOW]
    count[FIRST_FIT, p] = -1
    count[WATCHED, p] = 0
    count[PHASE, p] = DUE_NOW


@inlined
def miss(
    plans: Floats, people: People, p: int, now: float, times: Floats, codes: Ints, events: int
) -> int:
    """Let a session be missed; the next falls due at once. Return the number of events."""
    count = people.whole
    k, arm = count[SESSION, p], count[ARM, p]
    people.session_count[p, k, STATUS] = _MISSED
    count[PHASE, p], count[POSTPONED, p], count[SESSION, p] = COMING, 0, k + 1
    if k + 1 < plans[arm, SESSIONS] + plans[arm, RESCUES]:
        return push(times, codes, events, now, FALLS_DUE + p)
    return events


@inlined
def begin(
    plans: Floats,
    modalities: Floats,
    seed: int,
    trial: int,
    people: People,
    p: int,
    m: int,
    now: float,
    times: Floats,
    codes: Ints,
    events: int,
) -> int:
    """Begin a session of modality `m` and see when the next falls due.

    All that will become of the session, unless the patient leaves, is known at once. Returns the
    number of events.
    """
    count, session, session_count = people.whole, people.session, people.session_count
    who, k, arm = count[CANDIDATE, p], count[SESSION, p], count[ARM, p]
    length = rule.session_days(modalities[m, HOURS], modalities[m, LOG_SD], people.length[k, p])
    share, stops, serious, bits = 1.0, False, False, 0
    words = people.words
    w0, w1, w2, w3 = draws.block(seed, trial, _ADVERSE_EVENT, who, _BLOCKS_A_SESSION * k)
    words[0], words[1] = draws.to_uniform(w0), draws.to_uniform(w1)
    words[2], words[3] = draws.to_uniform(w2), draws.to_uniform(w3)
    for event in range(EVENTS_OF_SESSION):
        if words[event] < modalities[m, PROBABILITY + event]:
            bits |= 1 << event
            serious = serious or modalities[m, SERIOUS_EVENT + event] != 0.0
            consequence = modalities[m, CONSEQUENCE + event]
            if consequence >= _CUTS_SHORT:
                which = _WORDS_A_SESSION * k + event
                share = min(share, draws.uniform(seed, trial, _ADVERSE_FRACTION, who, which))
            stops = stops or consequence == _STOPS_TREATMENT
    session[p, k, START] = now
    session[p, k, END] = rule.session_end(now, length, share)
    session[p, k, SHARE] = share
    session[p, k, LITRES] = modalities[m, LITRES_EACH]
    session_count[p, k, MODALITY] = m
    session_count[p, k, EVENT_BITS] = bits
    session_count[p, k, IS_SERIOUS] = serious
    session_count[p, k, STATUS] = _RUNNING
    rollback(people.number, count, p, session[p, k, END])
    count[SESSION, p] = k + 1
    count[PHASE, p] = COMING
    if stops or k + 1 >= plans[arm, SESSIONS] + plans[arm, RESCUES]:
        count[PHASE, p] = OVER
        return events
    return push(times, codes, events, session[p, k, END] + plans[arm, INTERVAL], FALLS_DUE + p)


@kernel
def reset(people: People, patients: int) -> None:
    """Set the sessions of a trial's patients to what they are before the first."""
    session, session_count = people.session, people.session_count
    for p in range(patients):
        for k in range(session.shape[1]):
            session[p, k, DUE] = session[p, k, START] = session[p, k, END] = math.nan
            session[p, k, SHARE] = session[p, k, LITRES] = 0.0
            for i in range(session_count.shape[2]):
                session_count[p, k, i] = 0
            session_count[p, k, MODALITY] = -1
