"""State of a running trial: one row per quantity, one column per patient.

A unit's state has one row per site and one column per quantity. Times called `..._AT` are trial
times; the other times are the patient's own.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Real-valued state of a patient: rows of `People.real`
REALS = 28
(
    ENTRY_AT,
    THRESHOLD,  # cumulative hazard at which the liver kills
    TUMOUR,  # the other exits; infinity if none by the end of follow-up
    TRANSPLANT,
    WITHDRAWAL,
    LOSS,
    INFECTION,
    STOPS_AT,  # first of tumour death, transplant and end of follow-up
    LEAVES_AT,  # first of these, withdrawal and loss: only the liver's own death can come before
    CHOSEN,  # log of what being chosen for a guessed arm multiplies the hazard by
    CONSTANT,  # log of what multiplies the hazard for good
    FRAILTY,
    LOG_BILIRUBIN,  # at randomisation, as the next three
    LOG_INR,
    LOG_CREATININE,
    LOG_PLATELETS,
    SLOPE_BILIRUBIN,  # per day, as the next two
    SLOPE_INR,
    SLOPE_CREATININE,
    EARNED,  # share of a full course
    EFFECT,  # log hazard ratio that it earned
    EVENTS,  # log of what infection and serious adverse events multiply the hazard by
    DEATH,  # from the liver as far as is worked out, infinity while it has not come
    DUE_AT,
    WINDOW_END_AT,
    SEEN_MELD,  # at the latest opening that somebody asked for, as the next two
    SEEN_BILIRUBIN,
    SEEN_PLATELETS,
) = range(REALS)

# Integer state of a patient: rows of `People.integer`
INTEGERS = 18
(
    CANDIDATE,
    SITE,
    STRATUM,
    ARM,
    LAST_DAY,  # last patient-day that opens before STOPS_AT
    OPENED,  # last patient-day whose hazard is worked out, -1 before the first
    SESSIONS_APPLIED,  # to the hazard, so many from the first on
    SEEN,  # patient-day of the latest opening for the labs
    SESSIONS_SHIFTED,  # applied to the labs, so many from the first on
    VISIT,  # visits whose labs are taken
    SESSION,  # number of the session that is waited for or comes next
    PHASE,
    WINDOW_SCHEDULED,  # 1 once the end of the session's window is on the heap
    POSTPONED,  # 1 while the session that is due is postponed
    FIRST_FIT,  # trial day on which the session could first have been served, -1 before
    SERIOUS,  # 1 once a serious adverse event acts
    INFECTED,  # 1 once an infection acts
    KNOWN,  # 1 once an adaptive scheme knows the outcome, or knows that it never will
) = range(INTEGERS)

# Phases of treatment: nothing is due, due but not in the queue, in the queue, no more sessions
COMING, DUE_NOW, WAITING, OVER = range(4)

# State of a session: columns of `People.session` and of `People.session_integer`
SESSION_REALS = 5
DUE, START, END, SHARE, LITRES = range(SESSION_REALS)  # SHARE: what would be completed
SESSION_INTEGERS = 5
STATUS, MODALITY, SHORT, EVENT_BITS, IS_SERIOUS = range(SESSION_INTEGERS)

# Real-valued state of a site's unit: columns of `UnitState.real`
UNIT_REALS = 11
(
    STOCK,
    CLOSES_AT,  # end of the latest opening's hours; -infinity before the first
    OPENED_AT,  # the latest opening
    OPENS_AT,  # the next
    SERVES_AT,  # when the queue is next served, infinity if nobody waits
    DELIVERED_LITRES,
    REFUSED_LITRES,
    BACKGROUND_LITRES,
    BACKGROUND_SHORT_LITRES,
    BACKGROUND_HOURS,
    HOURS_OPEN,
) = range(UNIT_REALS)

# Integer state of a site's unit: columns of `UnitState.integer`
UNIT_INTEGERS = 7
(
    TODAY,  # trial day of the latest opening, -1 before the first
    NEXT_DAY,  # of the next
    LEFT_FOR_AFTER,  # background sessions to be served after the trial's patients, -1 if none
    SHORT_TODAY,  # 1 once a patient was skipped because plasma was lacking
    QUEUED,  # patients who wait
    DAYS_OPEN,
    DAYS_SHORT,
) = range(UNIT_INTEGERS)


class People(NamedTuple):
    """State of the patients of a trial."""

    real: Floats  # (REALS, patients)
    integer: Ints  # (INTEGERS, patients)
    session: Floats  # (patients, sessions, SESSION_REALS)
    session_integer: Ints  # (patients, sessions, SESSION_INTEGERS)
    shift: Floats  # (patients, M, L, 2): change of each log lab by each modality
    flat_shift: Floats  # (patients, M * L * 2): the same numbers
    words: Floats  # (8,): work space: uniforms of two blocks
    hazard: Floats  # (patients, days + 1): cumulative hazard at each opening worked out
    factor: Floats  # (patients, days + 1): what multiplies the baseline from it to the next
    visit_day: Floats  # (patients, visits): NaN if missed
    visit_order: Ints  # (patients, visits): those not missed in the order of time, then -1
    visit_meld: Floats  # (patients, visits): as measured, were the patient still there
    lab: Floats  # (2, L): work space: logs of the labs, without sessions and with
    uniform: Floats  # (4, patients): work space
    other_uniform: Floats  # (4, patients): work space
    slope: Floats  # (4, patients): normals of the slopes
    length: Floats  # (4 k, patients): normals of the sessions' lengths
    error: Floats  # (4 visits, patients): normals of the errors of measurement


DAYS_DRAWN = 64  # days of a unit that are drawn at once


class UnitState(NamedTuple):
    """State of the treatment units of a trial."""

    real: Floats  # (sites, UNIT_REALS)
    integer: Ints  # (sites, UNIT_INTEGERS)
    free_at: Floats  # (sites, machines): when each machine is free
    until: Floats  # (sites, machines): when the trial's session on it ends
    waiting: Ints  # (sites, patients): who waits
    demand: Floats  # (sites, DAYS_DRAWN): background sessions of days to come
    brought: Floats  # (sites, DAYS_DRAWN): litres that their deliveries bring
    uniform: Floats  # (sites, DAYS_DRAWN): work space
    drawn_from: Ints  # (sites,): the first of these days, -1 if none


class Screening(NamedTuple):
    """Workspace for referral and screening, of BATCH_SIZE candidates at once."""

    multiplier: Floats  # (sites,): of a site's rate
    reached: Floats  # (sites,): cumulative rate at its next referral
    due: Floats  # (sites,): trial day of that
    referred: Ints  # (sites,): candidates so far
    wait: Floats  # (sites, BATCH_SIZE): waiting times of a site's next referrals
    uniform: Floats  # (V, BATCH_SIZE)
    independent: Floats  # (V, BATCH_SIZE): normals before they are correlated
    values: Floats  # (V, BATCH_SIZE)
    latents: Floats  # (V, BATCH_SIZE)
    consent: Floats  # (BATCH_SIZE,)
    met: Ints  # (2, BATCH_SIZE): 1 where a group of conditions, and a criterion, holds
    failed: Ints  # (BATCH_SIZE,): first criterion failed, or -1
    back_at: Floats  # (target,): when each deferred candidate comes back, a ring buffer
    back_who: Ints  # (target, 2): candidate and site
    back_profile: Floats  # (target, V)
    back_latent: Floats  # (target, V)
