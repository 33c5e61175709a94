"""What happens to a patient's sessions when they fall due, begin and are missed (section 5)."""

import math

from simulator import draws
from simulator.engines.compiled.disease import rollback
from simulator.engines.compiled.heap import push
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import COMING, DUE_NOW, OVER, Event, Patient, People, Run
from simulator.engines.compiled.structures import Records
from simulator.engines.compiled.tables import ArmPlan, Tables
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
def has_left_treatment(one: Patient, now: float, opened: int) -> bool:
    """Whether a patient has left treatment by `now`, patient-day `opened` being their latest.

    The hazard is worked out to that day at least; a death of a later day is still to come, even
    where rounding puts it at the instant at which that day opens.
    """
    dead = one.entry_at + one.death <= now and one.opened <= opened
    return one.leaves_at <= now or dead


@inlined
def bilirubin_ends_treatment(plan: ArmPlan, one: Patient) -> bool:
    """Whether bilirubin, as last seen, asks for no further session."""
    bilirubin = one.seen_bilirubin
    if one.session >= plan.sessions and bilirubin <= plan.rescue_log_bilirubin:
        return True
    return bilirubin < plan.stop_log_bilirubin


@inlined
def fall_due(plan: ArmPlan, people: People, p: int, now: float) -> None:
    """Let a patient's next session fall due."""
    one = people.patient[p]
    session = people.session[p, one.session]
    session.due, session.status = now, _WAITING
    one.due_at = now
    one.window_end_at = now + plan.window_days
    one.first_fit = -1
    one.window_scheduled = False
    one.phase = DUE_NOW


@inlined
def miss_session(
    plan: ArmPlan, run: Run, people: People, p: int, now: float, heap: Records[Event]
) -> None:
    """Let a session be missed; the next falls due at once."""
    one = people.patient[p]
    people.session[p, one.session].status = _MISSED
    one.phase, one.postponed = COMING, False
    one.session += 1
    if one.session < plan.sessions + plan.rescue_sessions:
        push(heap, run, now, FALLS_DUE + p)


@inlined
def begin(
    t: Tables, run: Run, people: People, p: int, m: int, now: float, heap: Records[Event]
) -> None:
    """Begin a session of modality `m` and see when the next falls due.

    All that will become of the session, unless the patient leaves, is known at once.
    """
    one, plan, modality = people.patient[p], t.plans[people.patient[p].arm], t.modalities[m]
    who, k, seed, trial = one.candidate, one.session, run.seed, run.trial
    length = rule.session_days(modality.hours, modality.log_sd, people.length[k, p])
    share, stops, serious, bits = 1.0, False, False, 0
    word = run.word
    w0, w1, w2, w3 = draws.block(seed, trial, _ADVERSE_EVENT, who, _BLOCKS_PER_SESSION * k)
    word[0], word[1] = draws.to_uniform(w0), draws.to_uniform(w1)
    word[2], word[3] = draws.to_uniform(w2), draws.to_uniform(w3)
    for event in range(ADVERSE_EVENTS):
        if word[event] < modality.event_probability[event]:
            bits |= 1 << event
            serious = serious or modality.event_serious[event] != 0.0
            consequence = modality.event_consequence[event]
            if consequence >= rule.CUTS_SHORT:
                which = _WORDS_PER_SESSION * k + event
                share = min(share, draws.uniform(seed, trial, _ADVERSE_FRACTION, who, which))
            stops = stops or consequence == rule.STOPS_TREATMENT
    end = rule.session_end(now, length, share)
    session = people.session[p, k]
    session.start, session.end, session.share = now, end, share
    session.litres, session.modality = modality.plasma_litres, m
    session.event_bits, session.is_serious, session.status = bits, serious, _RUNNING
    rollback(one, end)
    one.session = k + 1
    one.phase = COMING
    if stops or k + 1 >= plan.sessions + plan.rescue_sessions:
        one.phase = OVER
    else:
        push(heap, run, end + plan.least_interval_days, FALLS_DUE + p)


@kernel
def reset(people: People, patients: int) -> None:
    """Set the sessions of a trial's patients to what they are before the first."""
    for p in range(patients):
        for k in range(people.session.shape[1]):
            session = people.session[p, k]
            session.due = session.start = session.end = math.nan
            session.share = session.litres = 0.0
            session.status, session.modality, session.event_bits = 0, -1, 0
            session.short = session.is_serious = False
