"""A randomised patient: sessions and exits as SimPy processes (model page, sections 5 and 8)."""

import math
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import simpy

from simulator.declarations.exits import DRAWN, Exit
from simulator.draws import Purpose
from simulator.engines.reference.clock import Kind
from simulator.engines.reference.course import MELD_LABS, Course
from simulator.engines.reference.ward import Request
from simulator.records import DeathCause, Floats, SessionStatus
from simulator.rules import hazard, sessions
from simulator.rules.normal import normal_quantile

if TYPE_CHECKING:
    from simulator.engines.reference.trial import Trial

Wait = Generator[simpy.Event, None, None]

CUT_SHORT, STOP_TREATMENT = 1, 2  # consequences of an adverse event


class Cause(IntEnum):
    """Why a patient leaves, in the order in which exits of the same instant happen."""

    LIVER = 0
    TUMOUR = 1
    TRANSPLANT = 2
    WITHDRAWAL = 3
    LOSS = 4
    END_OF_FOLLOW_UP = 5


@dataclass(slots=True, eq=False)
class Session:
    """A session from falling due to its end (see `records.Sessions`)."""

    number: int
    due_day: float
    window_end_day: float
    status: SessionStatus = SessionStatus.WAITING
    modality: int = -1
    start_day: float = math.nan
    end_day: float = math.nan
    share_to_complete: float = 1.0
    fraction: float = 0.0
    plasma_litres: float = 0.0
    short_of_plasma: int = 0
    adverse_events: int = 0
    serious: bool = False
    stops_treatment: bool = False
    ended: simpy.Event | None = field(default=None, repr=False)


class Assignment(NamedTuple):
    """The arm that a patient was allocated to, and how."""

    arm: int
    stratum: int
    probability: Floats  # of each arm, given what was known
    draw: float


class Patient:
    """A randomised patient, with the attributes of `records.Patients`."""

    def __init__(
        self,
        trial: "Trial",
        candidate: int,
        site: int,
        assignment: Assignment,
        values: Floats,
        latents: Floats,
    ) -> None:
        p = trial.params
        self.trial, self.clock, self.params, self.numbers = trial, trial.clock, p, trial.numbers
        self.number = len(trial.patients)
        self.candidate, self.site = candidate, site
        self.assignment, self.arm = assignment, assignment.arm
        self.entry_day: float = trial.clock.now
        self.values, self.latents = values, latents
        self.baseline_lab = [
            float(values[variable]) if variable >= 0 else math.nan
            for variable in self.numbers.lab_variable
        ]
        self.modality = int(p.plan.modality[self.arm])
        self.other_modality = int(p.plan.switch_to[self.arm])
        self.death_after_days = self.transplant_after_days = math.inf
        self.withdrawal_after_days = self.loss_after_days = self.infection_after_days = math.inf
        self.death_cause = DeathCause.NONE
        self.liver_cumulative_hazard = 0.0
        self.frailty = 1.0
        self.sessions: list[Session] = []
        self.request: Request | None = None
        self.visit_after_days = [math.nan] * p.assessment.day.size
        self.visit_meld = [math.nan] * p.assessment.day.size
        self.course = Course(self)

    def uniform(self, purpose: Purpose, which: int = 0) -> float:
        """Return the uniform at an address of this patient, who keeps the candidate's number."""
        return self.trial.uniform(purpose, self.candidate, which)

    def exit_uniform(self, which: Exit) -> float:
        """Return the uniform that decides an exit."""
        return self.trial.uniform(Purpose.EXIT, which, self.candidate)

    def start(self) -> None:
        """Begin all that may happen to the patient."""
        self.treating = self.clock.process(self.treatment())
        self.living = self.clock.process(self.course.run())
        horizon, exits = self.trial.follow_up_days, self.params.exits
        for drawn, rate, until in zip(
            DRAWN, exits.rate_per_day.tolist(), exits.until_day.tolist(), strict=True
        ):
            after_days = hazard.exit_time(rate, until, self.exit_uniform(drawn))
            if drawn is Exit.INFECTION:  # no exit, but drawn like one
                self.infection_after_days = after_days
            elif after_days <= horizon:
                self.clock.process(self.exit(Cause[drawn.name], after_days))
        self.clock.process(self.exit(Cause.END_OF_FOLLOW_UP, float(horizon)))

    # Section 5: treatment with ALSS

    def treatment(self) -> Wait:
        """Go through the sessions of the plan and, where it has them, rescue sessions."""
        plan, arm = self.params.plan, self.arm
        planned, rescue = int(plan.sessions[arm]), int(plan.rescue_sessions[arm])
        window, interval = float(plan.window_days[arm]), float(plan.least_interval_days[arm])
        due = self.entry_day + float(plan.first_after_days[arm])
        try:
            for number in range(planned + rescue):
                yield self.clock.at(due, Kind.SESSION_DUE, self.number)
                if self.bilirubin_ends_treatment(rescuing=number >= planned):
                    return
                session = Session(number, due, due + window)
                self.sessions.append(session)
                self.trial.note("session due", self, session=number)
                yield from self.wait_for(session)
                if session.ended is None:
                    due = session.window_end_day
                    continue
                yield session.ended
                self.complete(session)
                if session.stops_treatment:
                    return
                due = session.end_day + interval
        except simpy.Interrupt as interrupt:
            self.break_off(interrupt.cause)

    def wait_for(self, session: Session) -> Wait:
        """Wait until the session starts or its window ends."""
        missed = self.clock.at(session.window_end_day, Kind.WINDOW_END, self.number)
        ready = session.due_day
        while self.platelets_postpone():
            ready += sessions.POSTPONED_BY_DAYS
            if ready >= session.window_end_day:
                break
            self.trial.note("session postponed", self, session=session.number)
            yield self.clock.at(ready, Kind.SESSION_DUE, self.number)
        if ready < session.window_end_day:
            self.request = Request(self, session, self.clock.event())
            self.ask(self.request)
            yield self.request.granted | missed
        else:
            yield missed
        if session.ended is None:
            self.stop_waiting()
            session.status = SessionStatus.MISSED
            self.trial.note("session missed", self, session=session.number)

    def bilirubin_ends_treatment(self, rescuing: bool) -> bool:
        """Whether bilirubin, as last seen, asks for no further session."""
        if not self.params.lab.modelled:
            return False
        bilirubin, plan = self.course.labs_seen[0], self.params.plan
        if rescuing and bilirubin <= plan.rescue_log_bilirubin[self.arm]:
            return True
        return bool(bilirubin < plan.stop_log_bilirubin[self.arm])

    def platelets_postpone(self) -> bool:
        """Whether platelets, as last seen, put a session off by a day."""
        if not self.params.lab.modelled:
            return False
        platelets = self.course.labs_seen[MELD_LABS]
        return bool(platelets < self.params.plan.postpone_log_platelets[self.arm])

    def ask(self, request: Request) -> None:
        """Ask for a session: of the unit or, where none is scarce, at once."""
        ward = self.trial.wards[self.site]
        if ward is not None:
            ward.join(request)
        else:
            self.begin(request.session, self.modality)
            request.granted.succeed()

    def stop_waiting(self) -> None:
        """Leave the unit's queue."""
        ward = self.trial.wards[self.site]
        if ward is not None and self.request in ward.queue:
            ward.leave(self.request)

    def begin(self, session: Session, modality: int) -> simpy.Event:
        """Start a session now, with what its addresses hold for it; return the event of its end."""
        numbers = self.numbers
        z = normal_quantile(self.uniform(Purpose.SESSION_LENGTH, session.number))
        length = sessions.session_days(numbers.hours[modality], numbers.log_sd[modality], z)
        for event, probability in enumerate(numbers.event_probability[modality]):
            if self.uniform(Purpose.ADVERSE_EVENT, 8 * session.number + event) < probability:
                self.suffer(session, event, modality)
        session.status, session.modality = SessionStatus.RUNNING, modality
        session.start_day = self.clock.now
        session.end_day = sessions.session_end(session.start_day, length, session.share_to_complete)
        session.plasma_litres = numbers.litres[modality]
        session.ended = self.clock.at(session.end_day, Kind.SESSION_END, self.number)
        self.trial.note("session starts", self, session=session.number, modality=modality)
        return session.ended

    def suffer(self, session: Session, event: int, modality: int) -> None:
        """Let an adverse event of the session have its consequence."""
        session.adverse_events |= 1 << event
        session.serious = session.serious or self.numbers.event_serious[modality][event]
        consequence = self.numbers.event_consequence[modality][event]
        if consequence >= CUT_SHORT:
            share = self.uniform(Purpose.ADVERSE_FRACTION, 8 * session.number + event)
            session.share_to_complete = min(session.share_to_complete, share)
        if consequence == STOP_TREATMENT:
            session.stops_treatment = True

    def complete(self, session: Session) -> None:
        """End a session: it counts now and acts from the next opening on."""
        session.fraction = session.share_to_complete
        cut_short = session.fraction < 1.0
        session.status = SessionStatus.CUT_SHORT if cut_short else SessionStatus.DELIVERED
        self.course.to_take_in.append(session)
        self.trial.note("session ends", self, session=session.number, fraction=session.fraction)

    def break_off(self, cause: object) -> None:
        """Leave treatment; what the end of follow-up meets stays waiting or running."""
        self.stop_waiting()
        session = self.sessions[-1] if self.sessions else None
        if session is None or cause is Cause.END_OF_FOLLOW_UP:
            return
        if session.status is SessionStatus.WAITING:
            session.status = SessionStatus.LEFT
        elif session.status is SessionStatus.RUNNING:
            session.status = SessionStatus.ENDED_BY_EXIT

    # Section 8: ways out

    def will_die_from_liver(self, after_days: float) -> None:
        """Announce a death later today (or, by one inversion, on a later day)."""
        self.clock.process(self.exit(Cause.LIVER, after_days))

    def exit(self, cause: Cause, after_days: float) -> Wait:
        """Wait for an exit and let it happen, unless death or transplant came before it."""
        yield self.clock.at(self.entry_day + after_days, Kind.EXIT, self.number, cause)
        ended = math.isfinite(self.death_after_days) or math.isfinite(self.transplant_after_days)
        if cause is Cause.END_OF_FOLLOW_UP:
            self.end_follow_up(ended, after_days)
        elif not ended:
            self.leave(cause, after_days)

    def leave(self, cause: Cause, after_days: float) -> None:
        """Let an exit have its consequences: some end life, some treatment, some knowledge."""
        self.trial.note(cause.name.lower(), self, after_days=after_days)
        if cause is Cause.LIVER or cause is Cause.TUMOUR:
            self.death_after_days = after_days
            self.death_cause = DeathCause.LIVER if cause is Cause.LIVER else DeathCause.TUMOUR
            self.trial.learn(self, died=True)
        elif cause is Cause.TRANSPLANT:
            self.transplant_after_days = after_days
        elif cause is Cause.WITHDRAWAL:
            self.withdrawal_after_days = after_days
        else:
            self.loss_after_days = after_days
        if self.treating.is_alive:
            self.treating.interrupt(cause)
        if cause <= Cause.TRANSPLANT:
            self.liver_cumulative_hazard = self.course.cumulative_hazard_at(after_days)
            if self.living.is_alive:
                self.living.interrupt(cause)

    def end_follow_up(self, ended: bool, after_days: float) -> None:
        """Close the patient's file."""
        if not ended:
            self.trial.note("end of follow-up", self)
            self.trial.learn(self, died=False)
            self.liver_cumulative_hazard = self.course.cumulative_hazard_at(after_days)
        if self.treating.is_alive:
            self.treating.interrupt(Cause.END_OF_FOLLOW_UP)
        self.trial.follow_up_ended()
