"""The course of a patient's disease: labs, MELD and the hazard of death (model page, section 7)."""

import math

import numpy as np
import simpy

from simulator.declarations.exits import Exit
from simulator.draws import Purpose
from simulator.engines.reference.clock import Kind
from simulator.engines.reference.protocols import PatientOfCourse
from simulator.engines.reference.types import Session, Wait
from simulator.records import LABS, MELD_LABS
from simulator.rules import hazard, labs
from simulator.rules.normal import normal_quantile


class Course:
    """What a patient's labs and hazard do, from one patient-day opening to the next."""

    def __init__(self, patient: PatientOfCourse) -> None:
        self.patient, self.trial = patient, patient.trial
        self.params, self.numbers = self.trial.params, self.trial.numbers
        self.baseline_meld = self.meld_native = self.meld_seen = math.nan
        self.log_baseline = np.full(LABS, math.nan)
        self.labs_native = np.full(LABS, math.nan)
        self.labs_seen = np.full(LABS, math.nan)
        self.slope_per_day = np.zeros(MELD_LABS)
        self.shifts = np.zeros(self.numbers.shift_left.shape)  # modality, lab, part
        self.treated = False
        self.ended_sessions: list[Session] = []  # ended since the last opening
        self.earned = 0.0  # share of a full course
        self.effect = 0.0  # log hazard ratio that it earned
        self.events_effect = 0.0
        self.threshold = hazard.death_threshold(patient.exit_uniform(Exit.LIVER))
        self.latest_day = 0  # patient-day of the last opening,
        self.factor = 0.0  # what multiplies the baseline hazard from it on,
        self.hazard_at_opening = 0.0  # and the cumulative hazard at it and at the next
        self.hazard_at_next = 0.0
        self.constant_log_factor = self.log_factor_of_baseline()
        self.visits: dict[int, list[int]] = {}
        if self.params.lab.modelled:
            self.begin_labs()
            self.plan_visits()

    def log_factor_of_baseline(self) -> float:
        """Log of what the patient's covariates and frailty multiply the hazard by."""
        p, patient = self.params.hazard, self.patient
        log_factor = hazard.covariate_log_factor(
            patient.values, p.covariate_variable, p.covariate_coefficient, p.covariate_centre
        )
        if p.frailty_log_sd > 0.0:
            z = normal_quantile(patient.uniform(Purpose.FRAILTY))
            log_frailty = hazard.log_frailty(p.frailty_log_sd, z)
            patient.frailty = hazard.frailty(log_frailty)
            log_factor += log_frailty
        if p.drift.size > 0:
            # Beyond the planned number of patients it stays that of the last one planned.
            log_factor += float(p.drift[min(patient.number, p.drift.size - 1)])
        return log_factor

    def shift_hazard(self, log_factor: float) -> None:
        """Multiply the patient's hazard for good, before it acts."""
        self.constant_log_factor += log_factor

    def run(self) -> Wait:
        """Visit every patient-day opening, or none where nothing depends on the day."""
        if not self.params.hazard.varies_by_day:
            self.die_by_one_inversion()
        if self.params.hazard.varies_by_day or self.params.lab.modelled:
            try:
                yield from self.days()
            except simpy.Interrupt:
                return  # death and transplant end the course

    def days(self) -> Wait:
        """Labs, visits and hazard at each opening; nothing changes them before the next."""
        patient, params = self.patient, self.params
        for day in range(self.trial.follow_up_days + 1):
            opening = patient.entry_day + day
            yield self.trial.clock.at(opening, Kind.PATIENT_DAY, patient.number)
            self.apply_ended_sessions(opening)
            if params.lab.modelled:
                self.update_labs(day)
                for visit in self.visits.get(day, ()):
                    self.take_visit(visit)
            if params.hazard.varies_by_day and day < self.trial.follow_up_days:
                self.fix_hazard(day, opening)

    # Labs and MELD

    def begin_labs(self) -> None:
        """Baseline labs, MELD, and the patient's own slopes."""
        p, patient = self.params.lab, self.patient
        for lab, value in enumerate(patient.baseline_lab):
            self.log_baseline[lab] = labs.log_of(value)
        self.labs_seen[:] = self.log_baseline
        self.baseline_meld = labs.meld(self.log_baseline, p.meld_bounded)
        self.meld_native = self.meld_seen = self.baseline_meld
        z = np.array([normal_quantile(patient.uniform(Purpose.SLOPE, j)) for j in range(MELD_LABS)])
        for j in range(MELD_LABS):
            latent = patient.latents[self.numbers.lab_variable[j]]
            self.slope_per_day[j] = labs.slope(
                p.slope_mean[j], p.slope_sd[j], p.slope_on_baseline, latent, p.slope_cholesky[j], z
            )

    def apply_ended_sessions(self, opening: float) -> None:
        """Let shifts decay by a day; add what sessions ended since the last opening have done."""
        if self.treated:
            labs.next_shifts(self.shifts.ravel(), self.numbers.shift_left.ravel())
        while self.ended_sessions and self.ended_sessions[0].end_day < opening:
            self.apply_session(self.ended_sessions.pop(0), opening)

    def apply_session(self, session: Session, opening: float) -> None:
        """Let a session act on labs and hazard from this opening on."""
        m, numbers = session.modality, self.numbers
        self.treated = True
        labs.add_session(
            self.shifts[m].ravel(),
            numbers.shift_of_session[m].ravel(),
            numbers.shift_rate[m].ravel(),
            session.fraction,
            opening,
            session.end_day,
        )
        planned = float(self.params.plan.sessions[self.patient.arm])
        share = hazard.share_earned(session.fraction, planned, self.earned)
        self.earned += share
        self.effect += share * numbers.log_hazard_ratio[m]
        if session.serious:
            self.events_effect = self.params.hazard.serious_event_log_hazard_ratio

    def update_labs(self, day: int) -> None:
        """Labs and MELD at this opening: natively, and as sessions have left them."""
        p = self.params.lab
        self.meld_native, self.meld_seen = labs.open_day(
            self.log_baseline,
            self.slope_per_day,
            day,
            p.log_normal,
            p.log_ceiling,
            self.shifts,
            p.meld_bounded,
            self.labs_native,
            self.labs_seen,
        )
        self.trial.note(
            "patient-day",
            self.patient.number,
            day=day,
            meld_native=self.meld_native,
            meld_seen=self.meld_seen,
        )

    # Hazard

    def die_by_one_inversion(self) -> None:
        """Find the time of death where nothing but the baseline hazard varies."""
        p = self.params.hazard
        effect = self.direct_effect(0.0)
        self.factor = hazard.hazard_multiplier(self.constant_log_factor, 0.0, 0.0, 0.0, effect, 0.0)
        death_after_days = hazard.death_at_constant_factor(
            p.kind, p.day, p.cumulative, p.shape, self.factor, self.threshold
        )
        if death_after_days <= self.trial.follow_up_days:
            self.patient.will_die_from_liver(death_after_days)

    def fix_hazard(self, day: int, opening: float) -> None:
        """Fix the day's hazard, and the time of death if the day holds it."""
        p, patient, at_opening = self.params.hazard, self.patient, self.numbers.baseline_at_opening
        events = self.events_effect
        if patient.entry_day + patient.infection_after_days < opening:
            events += p.infection_log_hazard_ratio
        self.latest_day, self.hazard_at_opening = day, self.hazard_at_next
        self.factor = hazard.hazard_multiplier(
            self.constant_log_factor,
            p.meld_coefficient,
            self.meld_seen if p.sees_sessions else self.meld_native,
            p.meld_reference,
            self.effect if p.by_session else self.direct_effect(float(day)),
            events,
        )
        self.hazard_at_next = hazard.after_day(
            self.hazard_at_opening, self.factor, at_opening[day], at_opening[day + 1]
        )
        if self.hazard_at_next >= self.threshold:
            death_after_days = hazard.death_in_day(
                p.kind,
                p.day,
                p.cumulative,
                p.shape,
                float(day),
                at_opening[day],
                self.factor,
                self.threshold - self.hazard_at_opening,
            )
            patient.will_die_from_liver(death_after_days)

    def direct_effect(self, day: float) -> float:
        """Log hazard ratio of the assigned arm, for the direct effect (0 for the others)."""
        p = self.params.hazard
        if self.patient.arm != p.direct_arm or p.direct_log_hazard_ratio == 0.0:
            return 0.0
        return hazard.direct_log_hazard_ratio(
            p.direct_log_hazard_ratio, p.delay_days, p.waning_rate_per_day, day
        )

    def cumulative_hazard_at(self, after_days: float) -> float:
        """Cumulative hazard of death from the liver up to a patient time since the last opening."""
        p = self.params.hazard
        now = hazard.cumulative_baseline(p.kind, p.day, p.cumulative, p.shape, after_days)
        return hazard.after_day(
            self.hazard_at_opening,
            self.factor,
            self.numbers.baseline_at_opening[self.latest_day],
            now,
        )

    # Section 9: visits

    def plan_visits(self) -> None:
        """Find the patient-day on which each visit falls, unless it will be missed."""
        p, patient = self.params.assessment, self.patient
        horizon = float(self.trial.params.trial.follow_up_days)
        for visit, planned in enumerate(p.day.tolist()):
            if patient.uniform(Purpose.VISIT_MISSED, visit) < p.missed_probability[visit]:
                continue
            u = patient.uniform(Purpose.VISIT_TIME, visit)
            day = labs.visit_day(planned, p.window_days[visit], u, horizon)
            patient.visit_after_days[visit] = day
            self.visits.setdefault(int(day), []).append(visit)

    def take_visit(self, visit: int) -> None:
        """Measure today's labs for a visit.

        Whether the patient is still there at the visit's hour is known when the trial is over.
        """
        p, patient = self.params.assessment, self.patient
        measured = np.empty(MELD_LABS)
        for j in range(MELD_LABS):
            z = normal_quantile(patient.uniform(Purpose.LAB_ERROR, 4 * visit + j))
            measured[j] = labs.measured(self.labs_seen[j], p.error_log_sd[j], z)
        patient.visit_meld[visit] = labs.meld(measured, self.params.lab.meld_bounded)
