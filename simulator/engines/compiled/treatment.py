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
    WINDOW_END_AT,
    WINDOW_SCHEDULED,
    Floats,
    Ints,
    People,
)
from simulator.engines.compiled.tables import (
    CONSEQUENCE,
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
from simulator.records import ADVERSE_EVENTS, SessionStatus
from simulator.rules import sessions as rule

_WAITING = int(SessionStatus.WAITING)
_RUNNING = int(SessionStatus.RUNNING)
_MISSED = int(SessionStatus.MISSED)
_ADVERSE_EVENT = draws.code_of(draws.Purpose.ADVERSE_EVENT)
_ADVERSE_FRACTION = draws.code_of(draws.Purpose.ADVERSE_FRACTION)
_WORDS_PER_SESSION, _BLOCKS_PER_SESSION = 8, 2

# Events of the heap, in the order in which those of an instant happen: kind * KIND + patient
KIND = 1 << 40
WINDOW_ENDS, FALLS_DUE = 0, KIND


@inlined
def has_left_treatment(real: Floats, integer: Ints, p: int, now: float, opened: int) -> bool:
    """Whether a patient has left treatment by `now`, patient-day `opened` being their latest.

    The hazard is worked out to that day at least; a death of a later day is still to come, even
    where rounding puts it at the instant at which that day opens.
    """
    dead = real[ENTRY_AT, p] + real[DEATH, p] <= now and integer[OPENED, p] <= opened
    return real[LEAVES_AT, p] <= now or dead


@inlined
def bilirubin_ends_treatment(plans: Floats, real: Floats, integer: Ints, p: int) -> bool:
    """Whether bilirubin, as last seen, asks for no further session."""
    arm, bilirubin = integer[ARM, p], real[SEEN_BILIRUBIN, p]
    if integer[SESSION, p] >= plans[arm, SESSIONS] and bilirubin <= plans[arm, RESCUE_ABOVE]:
        return True
    return bool(bilirubin < plans[arm, STOP_BELOW])


@inlined
def fall_due(plans: Floats, people: People, p: int, now: float) -> None:
    """Let a patient's next session fall due."""
    real, integer, k = people.real, people.integer, people.integer[SESSION, p]
    people.session[p, k, DUE] = now
    people.session_integer[p, k, STATUS] = _WAITING
    real[DUE_AT, p] = now
    real[WINDOW_END_AT, p] = now + plans[integer[ARM, p], WINDOW]
    integer[FIRST_FIT, p] = -1
    integer[WINDOW_SCHEDULED, p] = 0
    integer[PHASE, p] = DUE_NOW


@inlined
def miss_session(
    plans: Floats, people: People, p: int, now: float, times: Floats, codes: Ints, events: int
) -> int:
    """Let a session be missed; the next falls due at once. Return the number of events."""
    integer = people.integer
    k, arm = integer[SESSION, p], integer[ARM, p]
    people.session_integer[p, k, STATUS] = _MISSED
    integer[PHASE, p], integer[POSTPONED, p], integer[SESSION, p] = COMING, 0, k + 1
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
    integer, session, session_integer = people.integer, people.session, people.session_integer
    who, k, arm = integer[CANDIDATE, p], integer[SESSION, p], integer[ARM, p]
    length = rule.session_days(modalities[m, HOURS], modalities[m, LOG_SD], people.length[k, p])
    share, stops, serious, bits = 1.0, False, False, 0
    words = people.words
    w0, w1, w2, w3 = draws.block(seed, trial, _ADVERSE_EVENT, who, _BLOCKS_PER_SESSION * k)
    words[0], words[1] = draws.to_uniform(w0), draws.to_uniform(w1)
    words[2], words[3] = draws.to_uniform(w2), draws.to_uniform(w3)
    for event in range(ADVERSE_EVENTS):
        if words[event] < modalities[m, PROBABILITY + event]:
            bits |= 1 << event
            serious = serious or modalities[m, SERIOUS_EVENT + event] != 0.0
            consequence = modalities[m, CONSEQUENCE + event]
            if consequence >= rule.CUTS_SHORT:
                which = _WORDS_PER_SESSION * k + event
                share = min(share, draws.uniform(seed, trial, _ADVERSE_FRACTION, who, which))
            stops = stops or consequence == rule.STOPS_TREATMENT
    session[p, k, START] = now
    session[p, k, END] = rule.session_end(now, length, share)
    session[p, k, SHARE] = share
    session[p, k, LITRES] = modalities[m, LITRES_EACH]
    session_integer[p, k, MODALITY] = m
    session_integer[p, k, EVENT_BITS] = bits
    session_integer[p, k, IS_SERIOUS] = serious
    session_integer[p, k, STATUS] = _RUNNING
    rollback(people.real, integer, p, session[p, k, END])
    integer[SESSION, p] = k + 1
    integer[PHASE, p] = COMING
    if stops or k + 1 >= plans[arm, SESSIONS] + plans[arm, RESCUES]:
        integer[PHASE, p] = OVER
        return events
    return push(times, codes, events, session[p, k, END] + plans[arm, INTERVAL], FALLS_DUE + p)


@kernel
def reset(people: People, patients: int) -> None:
    """Set the sessions of a trial's patients to what they are before the first."""
    session, session_integer = people.session, people.session_integer
    for p in range(patients):
        for k in range(session.shape[1]):
            session[p, k, DUE] = session[p, k, START] = session[p, k, END] = math.nan
            session[p, k, SHARE] = session[p, k, LITRES] = 0.0
            for i in range(session_integer.shape[2]):
                session_integer[p, k, i] = 0
            session_integer[p, k, MODALITY] = -1
