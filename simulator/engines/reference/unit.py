"""The ALSS unit and its blood bank as SimPy processes (model page, section 6)."""

import math
from dataclasses import dataclass

import numpy as np
import simpy

from simulator.constants import DAYS_PER_WEEK, HOURS_PER_DAY
from simulator.draws import Purpose
from simulator.engines.reference.clock import Kind
from simulator.engines.reference.protocols import PatientOfUnit, TrialFrame
from simulator.engines.reference.types import Session, Wait
from simulator.rules import sessions as rule
from simulator.rules.normal import normal_quantile


@dataclass(slots=True, eq=False)
class Request:
    """A patient who waits for a session; `granted` happens when it starts."""

    patient: PatientOfUnit
    session: Session
    granted: simpy.Event
    first_day_considered: int = -1  # trial day on which the unit could first have served it


class TreatmentUnit:
    """One site's unit: machines, nurses and plasma, needed together.

    Nurses are a SimPy resource. A machine is kept as the time until which it is busy, since the
    background demand claims hours of it ahead. The plasma in stock is a number: a SimPy container
    would make those who lack it block the queue, and here they are skipped.
    """

    def __init__(self, trial: TrialFrame, site: int) -> None:
        unit = trial.params.unit
        self.hours, self.litres = trial.numbers.hours, trial.numbers.litres
        self.trial, self.clock, self.site = trial, trial.clock, site
        self.open_hour: list[float] = unit.open_hour[site].tolist()
        self.close_hour: list[float] = unit.close_hour[site].tolist()
        self.until_hour: list[float] = unit.until_hour[site].tolist()
        self.free_at = np.zeros(unit.machines[site])
        self.nurses = simpy.Resource(self.clock, int(unit.nurse_slots[site]))
        self.plasma_limited = bool(unit.plasma_limited[site])
        self.stock_litres: float = unit.initial_litres[site].item()
        self.capacity_litres: float = unit.capacity_litres[site].item()
        self.delivery_mean: list[float] = unit.delivery_mean[site].tolist()
        self.delivery_sd: float = unit.delivery_sd[site].item()
        self.background_cumulative = unit.background_cumulative[site]
        self.background_hours: float = unit.background_hours[site].item()
        self.background_litres: float = unit.background_litres[site].item()
        self.background_after = bool(unit.background_after[site])
        self.discipline = int(unit.queue[site])
        self.queue: list[Request] = []
        self.today = -1
        self.opens = self.closes = -1.0
        self.background_due = False
        self.servings: set[float] = set()
        self.served_at = -1.0
        self.days_open = self.days_short = 0
        self.last_day_short = -1
        self.delivered_litres = self.refused_litres = 0.0
        self.background_litres_used = self.background_litres_short = 0.0
        self.background_machine_hours = self.machine_hours_open = 0.0

    def days(self) -> Wait:
        """Open on every day that has hours: delivery, background demand, then waiting patients."""
        day = 0
        while True:
            weekday = (self.trial.params.trial.start_weekday + day) % DAYS_PER_WEEK
            open_hour, close_hour = self.open_hour[weekday], self.close_hour[weekday]
            if not math.isnan(open_hour):
                opens = rule.at_hour(day, open_hour)
                yield self.clock.at(opens, Kind.UNIT_OPENING, self.site)
                self.today, self.opens = day, opens
                self.closes = rule.at_hour(day, self.until_hour[weekday])
                self.days_open += 1
                self.machine_hours_open += len(self.free_at) * (close_hour - open_hour)
                self.trial.note("unit opens", site=self.site)
                self.take_delivery(self.delivery_mean[weekday])
                self.background_due = True
                if not self.background_after:
                    self.serve_background()
                if self.queue or self.background_due:
                    self.serve_now()
            day += 1

    def take_delivery(self, mean_litres: float) -> None:
        """Add the day's delivery to the stock, up to its capacity."""
        if not self.plasma_limited or math.isnan(mean_litres):
            return
        z = normal_quantile(self.trial.uniform(Purpose.DELIVERY, self.site, self.today))
        brought = rule.delivery_litres(mean_litres, self.delivery_sd, z)
        taken = rule.taken_in(self.stock_litres, brought, self.capacity_litres)
        self.stock_litres += taken
        self.delivered_litres += taken
        self.refused_litres += brought - taken
        self.trial.note("plasma delivered", site=self.site, litres=taken, refused=brought - taken)

    def serve_background(self) -> None:
        """Give the day's other patients their plasma and their hours, evenly over the machines."""
        self.background_due = False
        u = self.trial.uniform(Purpose.BACKGROUND, self.site, self.today)
        sessions = rule.background_sessions(u, self.background_cumulative)
        if sessions == 0:
            return
        wanted = sessions * self.background_litres
        used = wanted
        if self.plasma_limited:
            used = min(wanted, self.stock_litres)
            self.stock_litres -= used
        self.background_litres_used += used
        self.background_litres_short += wanted - used
        share = rule.background_share(sessions, self.background_hours, len(self.free_at))
        worked = rule.occupy_machines(self.free_at, self.clock.now, share, self.closes)
        self.background_machine_hours += worked * HOURS_PER_DAY
        self.trial.note("background served", site=self.site, sessions=sessions, litres=used)

    def join(self, request: Request) -> None:
        """Let a patient wait for a session."""
        self.queue.append(request)
        self.serve_now()

    def leave(self, request: Request) -> None:
        """Take a patient out of the queue."""
        self.queue.remove(request)

    def serve_now(self) -> None:
        """Serve the queue now."""
        self.served_at = self.clock.now
        self.serve_at(self.clock.now)

    def serve_at(self, time: float) -> None:
        """Schedule one serving of the queue at `time`, after all else of that instant."""
        if time not in self.servings:
            self.servings.add(time)
            event = self.clock.at(time, Kind.SERVING, self.site)
            event.callbacks.append(lambda _: self.serve())

    def serve(self) -> None:
        """Start every session that can start now, in the order of the discipline.

        A machine that was to be free by now may have been claimed by the background since.
        """
        now = self.clock.now
        self.servings.discard(now)
        is_due = self.served_at == now or now in self.free_at
        if is_due and self.opens <= now < self.closes:
            for request in sorted(self.queue, key=self.rank):
                self.consider(request, now)
            if self.background_due:
                self.serve_background()
            freed = rule.next_free(self.free_at, now) if self.queue else math.inf
            if freed < self.closes:
                self.serve_at(freed)

    def rank(self, request: Request) -> tuple[float, int]:
        """Place of a waiting patient in the queue; ties go by patient number."""
        patient, session = request.patient, request.session
        if self.discipline == rule.FIRST_COME:
            return session.due_day, patient.number
        if self.discipline == rule.SICKEST_FIRST:
            return -patient.meld_seen, patient.number
        return session.window_end_day, patient.number

    def consider(self, request: Request, now: float) -> None:
        """Start the session if it fits and machine, nurse and plasma are there together."""
        patient, session = request.patient, request.session
        modality = patient.modality
        if not rule.fits(now, self.hours[modality], self.closes):
            return
        if request.first_day_considered < 0:
            request.first_day_considered = self.today
        if not self.has_plasma(modality):
            self.skip_for_plasma(request)
            modality = patient.other_modality
            if (
                modality < 0
                or not rule.fits(now, self.hours[modality], self.closes)
                or not self.has_plasma(modality)
            ):
                return
        machine = rule.first_free(self.free_at, now)
        if machine < 0 or self.nurses.count >= self.nurses.capacity:
            return
        self.queue.remove(request)
        self.start(patient, session, modality, machine)
        request.granted.succeed()

    def has_plasma(self, modality: int) -> bool:
        """Whether the stock holds what a session takes."""
        return not self.plasma_limited or self.litres[modality] <= self.stock_litres

    def skip_for_plasma(self, request: Request) -> None:
        """Count a patient whom only the lack of plasma keeps from being served."""
        if request.first_day_considered == self.today:
            request.session.short_of_plasma = 1
        if self.last_day_short != self.today:
            self.last_day_short = self.today
            self.days_short += 1
        self.trial.note("skipped: no plasma", request.patient.number)

    def start(self, patient: PatientOfUnit, session: Session, modality: int, machine: int) -> None:
        """Begin a session: plasma is used up, machine and nurse are bound to its end.

        They stay bound if the patient leaves before; the patient's own process waits for the
        same end.
        """
        ended = patient.begin(session, modality)
        if self.plasma_limited:
            self.stock_litres -= session.plasma_litres
        self.free_at[machine] = session.end_day
        nurse = self.nurses.request()

        def release(_: simpy.Event) -> None:
            self.nurses.release(nurse)
            if self.queue:
                self.serve_now()

        ended.callbacks.append(release)
