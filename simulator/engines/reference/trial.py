"""One trial of the reference engine: referral, screening, allocation (sections 1 to 4)."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import simpy

from simulator import allocation, draws
from simulator.draws import Purpose
from simulator.engines.reference.clock import Clock, Kind
from simulator.engines.reference.numbers import Numbers
from simulator.engines.reference.patient import Patient
from simulator.engines.reference.types import Assignment, TrialConduct, Wait
from simulator.engines.reference.unit import TreatmentUnit
from simulator.params.types import Params
from simulator.records import Floats, Ints
from simulator.rules import accrual, candidate, eligibility, selection
from simulator.rules.normal import normal_quantile

Observer = Callable[["SimulatedTrial", str, Patient | None, dict[str, Any]], None]


class SimulatedTrial:
    """One trial: referral, screening, allocation, and the end of it all."""

    def __init__(
        self,
        params: Params,
        numbers: Numbers,
        plan: allocation.Plan,
        seed: int,
        conduct: TrialConduct,
        observer: Observer | None,
    ) -> None:
        self.params, self.numbers, self.plan = params, numbers, plan
        self.seed, self.index, self.observer = seed, conduct.trial, observer
        self.conduct = conduct
        self.clock = Clock()
        self.follow_up_days = params.trial.max_follow_up_days
        self.allocation_state = allocation.new_state(plan)
        self.patients: list[Patient] = []
        self.referred = self.screened = self.refused_consent = self.in_follow_up = 0
        self.turned_away = self.deferred = self.deferred_pending = 0
        self.failed_first = [0] * (params.eligibility.first.size - 1)
        self.recruiting = True
        self.pauses = 0  # that last now
        self.recruitment_end_day = self.trial_end_day = math.nan
        self.over = self.clock.event()
        self.units = [
            TreatmentUnit(self, site) if limited else None
            for site, limited in enumerate(params.unit.limited)
        ]

    def run(self) -> None:
        """Let the trial run until recruitment is over and every patient's follow-up has ended."""
        for unit in self.units:
            if unit is not None:
                self.clock.process(unit.days())
        if self.params.accrual.uniform:
            self.clock.process(self.refer_uniformly())
        else:
            for site in range(self.params.accrual.opens_day.size):
                self.clock.process(self.refer(site))
        self.clock.process(self.limit_recruitment())
        for number, (from_day, until_day) in enumerate(self.conduct.pauses):
            self.clock.process(self.pause(number, from_day, until_day))
        self.clock.run(until=self.over)
        self.trial_end_day = self.clock.now

    def uniform(self, purpose: Purpose, who: int, which: int = 0) -> float:
        """Return the uniform at an address of this trial."""
        found: float = draws.uniform(self.seed, self.index, int(purpose), int(who), int(which))
        return found

    def note(self, event: str, patient: int | None = None, **details: Any) -> None:
        """Tell the observer of an event, and whose it is."""
        if self.observer is not None:
            whose = None if patient is None else self.patients[patient]
            self.observer(self, event, whose, details)

    # Section 1: referral and accrual

    def refer(self, site: int) -> Wait:
        """Candidates of a site come when its cumulative rate reaches the next point of a Poisson
        process of rate 1.
        """
        p = self.params.accrual
        knots = slice(p.first_knot[site], p.first_knot[site + 1])
        rates = p.knot_day[knots], p.knot_cumulative[knots], p.knot_rate[knots], p.knot_slope[knots]
        multiplier = 1.0
        if p.gamma_log_table.size:
            z = normal_quantile(self.uniform(Purpose.SITE_RATE, site))
            multiplier = accrual.rate_multiplier(
                p.gamma_log_table, candidate.TABLE_LOW, candidate.TABLE_STEP, z
            )
        opens_day = float(p.opens_day[site])
        cumulative_rate, number = 0.0, 0
        while self.recruiting:
            cumulative_rate += accrual.waiting_time(self.uniform(Purpose.REFERRAL, site, number))
            day = accrual.referral_day(cumulative_rate, multiplier, opens_day, *rates)
            yield self.clock.at(day, Kind.REFERRAL, site)
            self.receive(site)
            number += 1

    def refer_uniformly(self) -> Wait:
        """A fixed number of candidates come at independent uniform times."""
        p = self.params.accrual
        days = sorted(
            accrual.uniform_entry(p.over_days, self.uniform(Purpose.UNIFORM_ENTRY, 0, i))
            for i in range(p.candidates)
        )
        for day in days:
            yield self.clock.at(day, Kind.REFERRAL, 0)
            self.receive(0)

    def receive(self, site: int) -> None:
        """Number the next candidate and, unless recruitment is paused or over, screen them."""
        who = self.referred
        self.referred += 1
        if self.recruiting and not self.pauses:
            self.screen(who, site)
        elif self.recruiting:
            self.note("not screened: recruitment paused", candidate=who, site=site)

    def limit_recruitment(self) -> Wait:
        """Stop recruiting when the time for it is over, or on the day on which it was closed."""
        limit, p = self.params.trial.max_recruitment_days, self.params.accrual
        planned = min(limit, p.over_days) if p.uniform else limit
        last_day = min(planned, self.conduct.recruitment_closes_day)
        yield self.clock.at(last_day, Kind.TRIAL_END, 0)
        if self.recruiting:
            self.stop_recruiting()

    def stop_recruiting(self) -> None:
        """Screen nobody from now on."""
        self.recruiting = False
        self.recruitment_end_day = self.clock.now
        self.note("recruitment ends", randomised=len(self.patients))
        self.end_if_complete()

    # Sections 2 and 3: candidate and eligibility

    def screen(self, who: int, site: int) -> None:
        """Screen a candidate; randomise those who are eligible and consent."""
        e = self.params.eligibility
        self.screened += 1
        values, latents = self.profile(who)
        failed = eligibility.first_failed(
            values, e.first, e.group, e.variable, e.comparison, e.threshold
        )
        if failed >= 0:
            self.failed_first[failed] += 1
            self.note("screening failed", candidate=who, site=site, criterion=failed)
        elif self.uniform(Purpose.CONSENT, 0, who) >= e.consent_probability:
            self.refused_consent += 1
            self.note("consent refused", candidate=who, site=site)
        else:
            self.consider(who, site, values, latents)

    def consider(self, who: int, site: int, values: Floats, latents: Floats) -> None:
        """Randomise who suits the arm that is guessed to come next; turn away or defer others.

        Where nobody guesses, everybody suits.
        """
        s = self.params.selection
        if s.kind in (selection.TURNS_AWAY, selection.DEFERS):
            guessed = allocation.guess(self.plan, self.allocation_state, self.levels(site, values))
            value = float(values[s.variable])
            if (
                not selection.suits(guessed, s.favoured, value, s.poor_above)
                and self.uniform(Purpose.SELECTION, 0, who) < s.probability
            ):
                if s.kind == selection.TURNS_AWAY:
                    self.turned_away += 1
                    self.note("turned away", candidate=who, site=site, guessed=guessed)
                else:
                    self.clock.process(self.defer(who, site, values, latents))
                    self.note("deferred", candidate=who, site=site, guessed=guessed)
                return
        self.randomise(who, site, values, latents)

    def defer(self, who: int, site: int, values: Floats, latents: Floats) -> Wait:
        """Let a candidate come back later, to be randomised then."""
        self.deferred += 1
        self.deferred_pending += 1
        back = self.clock.now + self.params.selection.returns_after_days
        # After the referrals of that instant, which have the sites' numbers.
        number = self.params.accrual.opens_day.size + who
        yield self.clock.at(back, Kind.REFERRAL, number)
        if self.recruiting and not self.pauses:
            self.deferred_pending -= 1
            self.randomise(who, site, values, latents)
        elif self.recruiting:
            self.note("not randomised: recruitment paused", candidate=who, site=site)

    def profile(self, who: int) -> tuple[Floats, Floats]:
        """Characteristics of a candidate and the latent normals behind them."""
        p = self.params.candidate
        size = p.kind.size
        uniforms = np.array([self.uniform(Purpose.PROFILE, i, who) for i in range(size)], float)
        independent, values, latents = np.empty(size), np.empty(size), np.empty(size)
        candidate.profile(
            uniforms,
            p.kind,
            p.a,
            p.b,
            p.u_low,
            p.u_span,
            p.correlated,
            p.cholesky,
            p.table,
            independent,
            values,
            latents,
        )
        return values, latents

    # Section 4: allocation

    def randomise(self, who: int, site: int, values: Floats, latents: Floats) -> None:
        """Allocate the next patient by what is known now, and begin their follow-up."""
        p, plan, state = self.params.allocation, self.plan, self.allocation_state
        levels = self.levels(site, values)
        guessed = allocation.guess(plan, state, levels)
        due = allocation.draw_due(plan, state, levels)
        if due >= 0:
            u = self.uniform(Purpose.SCHEME_DRAW, allocation.stratum_of(plan, levels), due)
            allocation.apply_draw(plan, state, levels, u)
        probabilities = np.empty(len(p.ratio))
        allocation.probabilities(plan, state, levels, probabilities)
        u = self.uniform(Purpose.ALLOCATION, 0, len(self.patients))
        arm = int(allocation.choose(probabilities, u))
        allocation.record(plan, state, levels, arm)
        combination = int(allocation.combination_of(plan, levels))
        assignment = Assignment(arm, combination, probabilities, u)
        number = len(self.patients)
        patient = Patient(self, self.units[site], number, who, site, assignment, values, latents)
        if self.params.selection.kind == selection.SHIFTS:
            s = self.params.selection
            patient.course.shift_hazard(selection.shift(guessed, s.favoured, s.log_hazard_ratio))
        self.patients.append(patient)
        self.in_follow_up += 1
        self.note("randomised", number, candidate=who, probability=probabilities[arm], draw=u)
        patient.start()
        if len(self.patients) == self.conduct.most_randomised:
            self.stop_recruiting()

    def levels(self, site: int, values: Floats) -> Ints:
        """Return a candidate's levels of the factors of allocation."""
        p = self.params.allocation
        return np.array(
            [
                eligibility.level_of(float(site) if variable < 0 else values[variable], cuts)
                for variable, cuts in zip(p.factor_variable, p.factor_cut_points, strict=True)
            ],
            dtype=np.int64,
        )

    def learn(self, arm: int, died: bool) -> None:
        """Let the scheme know what became of a patient of an arm."""
        allocation.learn(self.allocation_state, arm, died)

    # Section 11: conduct

    def pause(self, number: int, from_day: float, until_day: float) -> Wait:
        """Let nobody be screened after `from_day` and before `until_day`; pauses may overlap."""
        # After the limit on recruitment, whose number is 0.
        yield self.clock.at(from_day, Kind.TRIAL_END, 1 + number)
        self.pauses += 1
        if self.recruiting and self.pauses == 1:
            self.note("recruitment pauses", randomised=len(self.patients))
        yield self.clock.at(until_day, Kind.RESUMPTION, number)
        self.pauses -= 1
        if self.recruiting and self.pauses == 0:
            self.note("recruitment resumes")

    # The end

    def follow_up_ended(self) -> None:
        """Count a patient out."""
        self.in_follow_up -= 1
        self.end_if_complete()

    def end_if_complete(self) -> None:
        """End the trial, after all else of this instant, once nobody is left to come or follow."""
        if not self.recruiting and self.in_follow_up == 0:
            last = self.clock.at(self.clock.now, Kind.TRIAL_END, 0)
            last.callbacks.append(self.close)

    def close(self, _: simpy.Event) -> None:
        """Stop the clock."""
        self.over.succeed()
