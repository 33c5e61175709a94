"""State of a running trial: a record a patient, session, visit, unit.

Times called `..._at` are trial times; the other times are the patient's own.
"""

from typing import Annotated, NamedTuple

from simulator.engines.compiled.structures import Floats, Ints, Records


class Run:
    """The trial that is run, and what is counted on the way."""

    seed: int
    trial: int
    start_weekday: int
    follow_up_days: int  # for which patients are followed at the longest
    last_visit_day: int
    recruitment_closes_day: float  # infinity: as planned
    most_randomised: int
    treatment_stops_day: float  # infinity: never
    patients: int
    row: int  # of the first of them in the records
    with_hazard: bool  # whether every patient's cumulative hazard is worked out
    screened: int
    refused: int  # consent
    turned_away: int  # by an investigator
    deferred: int  # by an investigator
    recruitment_end: float
    end_at: float  # of the last follow-up
    days_open: int  # of all units together, as the next
    days_short: int
    delivered_litres: float
    refused_litres: float
    background_litres: float
    background_short_litres: float
    background_hours: float
    hours_open: float
    events: int  # on the heap
    word: Annotated[Floats, 4]  # work space: the uniforms of a block


class Event:
    """An event on the heap."""

    at: float
    code: int  # what, and whose


class Patient:
    """State of a patient."""

    entry_at: float
    threshold: float  # cumulative hazard at which the liver kills
    tumour: float  # the other exits; infinity if none by the end of follow-up
    transplant: float
    withdrawal: float
    loss: float
    infection: float
    stops_at: float  # first of tumour death, transplant and end of follow-up
    leaves_at: float  # first of these, withdrawal, loss and the day on which treatment stops
    chosen: float  # log of what being chosen for a guessed arm multiplies the hazard by
    constant: float  # log of what multiplies the hazard for good
    frailty: float
    log_bilirubin: float  # at randomisation, as the next three
    log_inr: float
    log_creatinine: float
    log_platelets: float
    slope_bilirubin: float  # per day, as the next two
    slope_inr: float
    slope_creatinine: float
    earned: float  # share of a full course
    effect: float  # log hazard ratio that it earned
    acute: float  # log of what infection and serious adverse events multiply the hazard by
    death: float  # from the liver as far as is worked out, infinity while it has not come
    due_at: float
    window_end_at: float
    seen_meld: float  # at the latest opening that somebody asked for, as the next two
    seen_bilirubin: float
    seen_platelets: float
    candidate: int
    site: int
    stratum: int
    arm: int
    last_day: int  # last patient-day that opens before `stops_at`
    opened: int  # last patient-day whose hazard is worked out, -1 before the first
    sessions_applied: int  # to the hazard, so many from the first on
    seen: int  # patient-day of the latest opening for the labs
    sessions_shifted: int  # applied to the labs, so many from the first on
    visit: int  # visits whose labs are taken
    session: int  # number of the session that is waited for or comes next
    phase: int
    first_fit: int  # trial day on which the session could first have been served, -1 before
    window_scheduled: bool  # whether the end of the session's window is on the heap
    postponed: bool  # whether the session that is due is postponed
    serious: bool  # whether a serious adverse event acts
    infected: bool  # whether an infection acts
    is_safe: bool  # whether the liver certainly does not kill, and no day is worked out
    known: bool  # whether an adaptive scheme knows the outcome, or knows that it never will


# Phases of treatment: nothing is due, due but not in the queue, in the queue, no more sessions
COMING, DUE_NOW, WAITING, OVER = range(4)


class Session:
    """State of a session."""

    due: float
    start: float
    end: float
    share: float  # what would be completed
    litres: float
    status: int
    modality: int
    event_bits: int
    short: bool  # whether plasma was lacking
    is_serious: bool


class Visit:
    """A visit as planned and, were the patient still there, as measured."""

    day: float  # NaN if missed
    meld: float
    order: int  # the visit at this place in the order of time, those missed left out; -1 if none


class Unit:
    """State of a site's unit."""

    stock: float
    closes_at: float  # end of the latest opening's hours; -infinity before the first
    opened_at: float  # the latest opening
    opens_at: float  # the next
    serves_at: float  # when the queue is next served, infinity if nobody waits
    delivered_litres: float
    refused_litres: float
    background_litres: float
    background_short_litres: float
    background_hours: float
    hours_open: float
    today: int  # trial day of the latest opening, -1 before the first
    next_day: int  # of the next
    left_for_after: int  # background sessions after the trial's patients, -1 if none
    queued: int  # patients who wait
    days_open: int
    days_short: int
    drawn_from: int  # the first of the days that are drawn, -1 if none
    short_today: bool  # whether a patient was skipped because plasma was lacking


class People(NamedTuple):
    """State of the patients of a trial; of a block of trials with one axis more at the front.

    `lab` alone has no such axis.
    """

    patient: Records[Patient]  # (patients,)
    session: Records[Session]  # (patients, sessions)
    visit: Records[Visit]  # (patients, visits)
    shift: Floats  # (patients, M, L, 2): change of each log lab by each modality
    flat_shift: Floats  # (patients, M * L * 2): the same numbers
    hazard: Floats  # (patients, days + 1): cumulative hazard at each opening worked out
    factor: Floats  # (patients, days + 1): what multiplies the baseline from it to the next
    lab: Floats  # (2, L): work space: logs of the labs, without sessions and with
    length: Floats  # (4 k, patients): normals of the sessions' lengths
    error: Floats  # (4 visits, patients): normals of the errors of measurement


DAYS_DRAWN = 64  # days of a unit that are drawn at once


class UnitState(NamedTuple):
    """State of the treatment units of a trial."""

    unit: Records[Unit]  # (sites,)
    free_at: Floats  # (sites, machines): when each machine is free
    until: Floats  # (sites, machines): when the trial's session on it ends
    waiting: Ints  # (sites, patients): who waits
    # Of days to come, (sites, DAYS_DRAWN):
    opens: Floats  # trial time, NaN if the unit stays closed
    closes: Floats
    offered: Floats  # machine-hours
    brought: Floats  # litres that the delivery brings
    demand: Floats  # background sessions
    wanted: Floats  # litres that they ask for
    share: Floats  # days that they ask of each machine
    uniform: Floats  # (DAYS_DRAWN,): work space
    place: Ints  # (DAYS_DRAWN,): work space


class Source:
    """A site's referrals."""

    multiplier: float  # of its rate
    reached: float  # cumulative rate at its next referral
    due_at: float  # of that
    referred: int  # candidates so far


class Deferred:
    """A candidate who was deferred."""

    back_at: float
    candidate: int
    site: int


class Screening(NamedTuple):
    """Workspace for referral and screening, of BATCH_SIZE candidates at once."""

    source: Records[Source]  # (sites,)
    wait: Floats  # (sites, BATCH_SIZE): waiting times of a site's next referrals
    uniform: Floats  # (V, BATCH_SIZE)
    independent: Floats  # (V, BATCH_SIZE): normals before they are correlated
    values: Floats  # (V, BATCH_SIZE)
    latents: Floats  # (V, BATCH_SIZE): latent normals
    consent: Floats  # (BATCH_SIZE,)
    met: Ints  # (2, BATCH_SIZE): 1 where a group of conditions, and a criterion, holds
    failed: Ints  # (BATCH_SIZE,): first criterion failed, or -1
    deferred: Records[Deferred]  # (patients,): a ring buffer
    deferred_profile: Floats  # (patients, V)
    deferred_latents: Floats  # (patients, V)
    levels: Ints  # (F,): of a patient's factors
    profile: Floats  # (patients, V): values of the variables of those who are randomised
    latent: Floats  # (patients, V): their latent normals
