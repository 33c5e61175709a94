"""A randomised patient: sessions and exits as SimPy processes (model page, sections 5 and 8)."""

import math

import simpy

from simulator.declarations.exits import DRAWN, Exit
from simulator.draws import Purpose
from simulator.engines.reference.clock import Kind
from simulator.engines.reference.course import Course
from simulator.engines.reference.protocols import TrialOfPatient
from simulator.engines.reference.types import Assignment, ExitReason, Session, Wait
from simulator.engines.reference.unit import Request, TreatmentUnit
from simulator.records import MELD_LABS, DeathCause, Floats, SessionStatus
from simulator.rules import hazard, sessions
from simulator.rules.normal import normal_quantile


class Patient:
    """A randomised patient, with the attributes of `records.Patients`."""

    def __init__(
        self,
        trial: TrialOfPatient,
        unit: TreatmentUnit | None,
        number: int,
        candidate: int,
        site: int,
        assignment: Assignment,
        values: Floats,
        latents: Floats,
    ) -> None:
        p = trial.params
        self.trial, self.clock, self.params, self.numbers = trial, trial.clock, p, trial.numbers
        self.unit = unit  # the site's; None where no resource is scarce
        self.number, self.candidate, self.site = number, candidate, site
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
                self.clock.process(self.exit(ExitReason[drawn.name], after_days))
        self.clock.process(self.exit(ExitReason.END_OF_FOLLOW_UP, float(horizon)))
        self.clock.process(self.stop_treatment())

    @property
    def meld_seen(self) -> float:
        """MELD as sessions have left it, at the latest opening of a patient-day."""
        return self.course.meld_seen

    # Section 5: treatment with ALSS

    def treatment(self) -> Wait:
        """Go through the sessions of the plan and, where it has them, rescue sessions."""
        if self.entry_day >= self.trial.conduct.treatment_stops_day:
            return
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
                self.trial.note("session due", self.number, session=number)
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
            self.trial.note("session postponed", self.number, session=session.number)
            yield self.clock.at(ready, Kind.SESSION_DUE, self.number)
        if ready < session.window_end_day:
            self.request = Request(self, session, self.clock.event())
            self.on_session_due(self.request)
            yield self.request.granted | missed
        else:
            yield missed
        if session.ended is None:
            self.stop_waiting()
            session.status = SessionStatus.MISSED
            self.trial.note("session missed", self.number, session=session.number)

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

    def on_session_due(self, request: Request) -> None:
        """Join the unit's queue or, where no resource is scarce, start the session at once."""
        if self.unit is not None:
            self.unit.join(request)
        else:
            self.begin(request.session, self.modality)
            request.granted.succeed()

    def stop_waiting(self) -> None:
        """Leave the unit's queue."""
        if self.unit is not None and self.request in self.unit.queue:
            self.unit.leave(self.request)

    def begin(self, session: Session, modality: int) -> simpy.Event:
        """Start a session now, with what its addresses hold for it; return the event of its end."""
        numbers = self.numbers
        z = normal_quantile(self.uniform(Purpose.SESSION_LENGTH, session.number))
        length = sessions.session_days(numbers.hours[modality], numbers.log_sd[modality], z)
        for event, probability in enumerate(numbers.event_probability[modality]):
            if self.uniform(Purpose.ADVERSE_EVENT, 8 * session.number + event) < probability:
                self.apply_adverse_event(session, event, modality)
        session.status, session.modality = SessionStatus.RUNNING, modality
        session.start_day = self.clock.now
        session.end_day = sessions.session_end(session.start_day, length, session.share_to_complete)
        session.plasma_litres = numbers.litres[modality]
        session.ended = self.clock.at(session.end_day, Kind.SESSION_END, self.number)
        self.trial.note("session starts", self.number, session=session.number, modality=modality)
        return session.ended

    def apply_adverse_event(self, session: Session, event: int, modality: int) -> None:
        """Let an adverse event of the session have its consequence."""
        session.adverse_events |= 1 << event
        session.serious = session.serious or self.numbers.event_serious[modality][event]
        consequence = self.numbers.event_consequence[modality][event]
        if consequence >= sessions.CUTS_SHORT:
            share = self.uniform(Purpose.ADVERSE_FRACTION, 8 * session.number + event)
            session.share_to_complete = min(session.share_to_complete, share)
        if consequence == sessions.STOPS_TREATMENT:
            session.stops_treatment = True

    def complete(self, session: Session) -> None:
        """End a session: it counts now and acts from the next opening on."""
        session.fraction = session.share_to_complete
        cut_short = session.fraction < 1.0
        session.status = SessionStatus.CUT_SHORT if cut_short else SessionStatus.DELIVERED
        self.course.ended_sessions.append(session)
        self.trial.note(
            "session ends", self.number, session=session.number, fraction=session.fraction
        )

    def break_off(self, cause: object) -> None:
        """Leave treatment; what the end of follow-up meets stays waiting or running."""
        self.stop_waiting()
        session = self.sessions[-1] if self.sessions else None
        if session is None or cause is ExitReason.END_OF_FOLLOW_UP:
            return
        if session.status is SessionStatus.WAITING:
            session.status = SessionStatus.LEFT
        elif session.status is SessionStatus.RUNNING:
            session.status = SessionStatus.ENDED_BY_EXIT

    # Section 11: conduct

    def stop_treatment(self) -> Wait:
        """Have the patient leave treatment on the day on which that of everybody stops."""
        day = self.trial.conduct.treatment_stops_day
        if self.entry_day < day < math.inf:
            reason = ExitReason.TREATMENT_STOPS
            yield self.clock.at(day, Kind.EXIT, self.number, reason)
            if self.treating.is_alive:
                self.trial.note("treatment stops", self.number)
                self.treating.interrupt(reason)

    # Section 8: ways out

    def will_die_from_liver(self, after_days: float) -> None:
        """Announce a death later today (or, by one inversion, on a later day)."""
        self.clock.process(self.exit(ExitReason.LIVER, after_days))

    def exit(self, cause: ExitReason, after_days: float) -> Wait:
        """Wait for an exit and let it happen, unless death or transplant came before it."""
        yield self.clock.at(self.entry_day + after_days, Kind.EXIT, self.number, cause)
        ended = math.isfinite(self.death_after_days) or math.isfinite(self.transplant_after_days)
        if cause is ExitReason.END_OF_FOLLOW_UP:
            self.end_follow_up(ended, after_days)
        elif not ended:
            self.leave(cause, after_days)

    def leave(self, cause: ExitReason, after_days: float) -> None:
        """Let an exit have its consequences: some end life, some treatment, some knowledge."""
        self.trial.note(cause.name.lower(), self.number, after_days=after_days)
        if cause is ExitReason.LIVER or cause is ExitReason.TUMOUR:
            self.death_after_days = after_days
            self.death_cause = DeathCause.LIVER if cause is ExitReason.LIVER else DeathCause.TUMOUR
            self.tell_outcome(died=True)
        elif cause is ExitReason.TRANSPLANT:
            self.transplant_after_days = after_days
        elif cause is ExitReason.WITHDRAWAL:
            self.withdrawal_after_days = after_days
        else:
            self.loss_after_days = after_days
        if self.treating.is_alive:
            self.treating.interrupt(cause)
        if cause <= ExitReason.TRANSPLANT:
            self.liver_cumulative_hazard = self.course.cumulative_hazard_at(after_days)
            if self.living.is_alive:
                self.living.interrupt(cause)

    def tell_outcome(self, died: bool) -> None:
        """Let the allocation scheme know what became of the patient, unless lost to follow-up."""
        if not math.isfinite(self.loss_after_days):
            self.trial.learn(self.arm, died)

    def end_follow_up(self, ended: bool, after_days: float) -> None:
        """Close the patient's file."""
        if not ended:
            self.trial.note("end of follow-up", self.number)
            self.tell_outcome(died=False)
            self.liver_cumulative_hazard = self.course.cumulative_hazard_at(after_days)
        if self.treating.is_alive:
            self.treating.interrupt(ExitReason.END_OF_FOLLOW_UP)
        self.trial.follow_up_ended()
