"""What is done to patients and with what: modalities, arms, the ALSS unit (model page, 5 and 6)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulator.declarations.parts import NotNegative, Part, Positive, Probability, Word
from simulator.scenario.errors import RuleError

Remaining = Annotated[float, Field(gt=0, le=1)]
# One standard deviation at 2 is a factor of 7: beyond that a decimal point is amiss.
LogLengthSpread = Annotated[float, Field(ge=0, le=2)]


class Shift(Part):
    """What a whole session leaves of a lab, at once and a day later."""

    remains_at_once: Remaining = Field(description="share of the value that remains at its end")
    remains_at_24h: Remaining = Field(description="share of the value that remains 24 h later")
    slow_half_life_days: Positive = Field(description="half-life of the part that is lost slowly")

    @model_validator(mode="after")
    def _rebounds(self) -> "Shift":
        if self.remains_at_24h < self.remains_at_once:
            raise RuleError(
                "must not be below remains_at_once: a session's shift is lost, not gained",
                "exchange the two, or give the same",
                "remains_at_24h",
            )
        if self.remains_at_once == 1 and self.remains_at_24h != 1:
            raise RuleError("must be 1 where nothing is removed", "set it to 1", "remains_at_24h")
        return self


class Shifts(Part):
    """The shift of each lab by a session of a modality."""

    bilirubin: Shift = Field(description="total bilirubin")
    inr: Shift = Field(description="INR")
    creatinine: Shift = Field(description="creatinine")
    platelets: Shift = Field(description="platelets")


class AdverseEvent(Part):
    """An adverse event that a session may bring."""

    probability: Probability = Field(description="probability in a session")
    consequence: Literal["none", "cut_short", "stop_treatment"] = Field(
        description="none; the session is cut short; it is cut short and is the last"
    )
    serious: bool = Field(description="counts as a serious adverse event")


class AdverseEvents(Part):
    """The adverse events of a session."""

    allergy: AdverseEvent = Field(description="allergic reaction")
    hypotension: AdverseEvent = Field(description="hypotension")
    bleeding: AdverseEvent = Field(description="bleeding")
    clotting: AdverseEvent = Field(description="clotting of the circuit")


class Modality(Part):
    """A kind of ALSS session."""

    name: Word = Field(description="the modality's name")
    machine_hours: Positive = Field(description="mean machine-hours of a session, set-up included")
    machine_hours_log_sd: LogLengthSpread = Field(
        default=0.0, description="sd of the log of a session's length"
    )
    plasma_litres: NotNegative = Field(description="fresh frozen plasma a session, L")
    full_course_hazard_ratio: Annotated[float, Field(gt=0)] | Literal["solved"] | None = Field(
        default=None,
        description="hazard ratio of a full course against medical treatment (effect by_session); "
        "solved: from the mortality target; null: not used",
    )
    shifts: Shifts | None = Field(
        default=None, description="effect on labs; null: labs are not modelled"
    )
    adverse_events: AdverseEvents | None = Field(default=None, description="null: none")


class Rescue(Part):
    """Sessions beyond the plan."""

    max_sessions: Annotated[int, Field(ge=1, le=20)] = Field(description="most rescue sessions")
    bilirubin_above_umol_per_l: Positive = Field(description="given while bilirubin is above this")


class SessionPlan(Part):
    """How many sessions, and when."""

    sessions: Annotated[int, Field(ge=1, le=30)] = Field(description="sessions planned")
    first_after_days: NotNegative = Field(description="from randomisation to the first falling due")
    least_interval_days: NotNegative = Field(description="from a session's end to the next due")
    window_days: Positive = Field(description="time after falling due when a session is missed")
    stop_if_bilirubin_below_umol_per_l: Positive | None = Field(
        default=None, description="no further session below this bilirubin; null: no such rule"
    )
    postpone_if_platelets_below_1e9_per_l: Positive | None = Field(
        default=None, description="put off by a day below this count; null: no such rule"
    )
    rescue: Rescue | None = Field(default=None, description="sessions beyond the plan; null: none")
    switch_if_plasma_short_to: Word | None = Field(
        default=None, description="modality given when the plan's plasma cannot be had; null: wait"
    )


class Arm(Part):
    """A randomised arm; the first is the control."""

    name: Word = Field(description="short name of the arm")
    modality: Word | None = Field(
        default=None,
        description="a modality's name; null: medical treatment alone, as standard of care",
    )
    plan: SessionPlan | None = Field(default=None, description="null: no sessions")

    @model_validator(mode="after")
    def _plan_with_modality(self) -> "Arm":
        if (self.modality is None) != (self.plan is None):
            raise RuleError(
                "modality and plan go together", "give both or set both to null", "plan"
            )
        return self


Hours = Annotated[list[Annotated[float, Field(ge=0, le=24)]], Field(min_length=2, max_length=2)]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class OpeningHours(Part):
    """Opening and closing hour of each weekday; null: closed."""

    monday: Hours | None = Field(default=None, description="[opening, closing] hour")
    tuesday: Hours | None = Field(default=None, description="[opening, closing] hour")
    wednesday: Hours | None = Field(default=None, description="[opening, closing] hour")
    thursday: Hours | None = Field(default=None, description="[opening, closing] hour")
    friday: Hours | None = Field(default=None, description="[opening, closing] hour")
    saturday: Hours | None = Field(default=None, description="[opening, closing] hour")
    sunday: Hours | None = Field(default=None, description="[opening, closing] hour")

    @model_validator(mode="after")
    def _in_order(self) -> "OpeningHours":
        spans = {day: getattr(self, day) for day in WEEKDAYS}
        for day, span in spans.items():
            if span and span[0] >= span[1]:
                raise RuleError("opening must come before closing", "give [opening, closing]", day)
        if not any(spans.values()):
            raise RuleError("the unit is never open", "open it on one day at least", "monday")
        return self


class PlasmaSupply(Part):
    """The unit's stock of fresh frozen plasma and its deliveries."""

    capacity_litres: Positive = Field(description="what the stock can hold")
    initial_litres: NotNegative = Field(description="stock at trial time 0")
    delivery_days: list[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    ] = Field(description="days of delivery; one on which the unit is closed is skipped")
    delivery_litres_mean: NotNegative = Field(
        description="mean of a delivery before truncation at 0"
    )
    delivery_litres_sd: NotNegative = Field(description="its standard deviation")

    @model_validator(mode="after")
    def _fits(self) -> "PlasmaSupply":
        if self.initial_litres > self.capacity_litres:
            raise RuleError(
                "must not exceed capacity_litres", "lower it, or raise the other", "initial_litres"
            )
        return self


class Background(Part):
    """Demand of patients outside the trial."""

    sessions_per_day: Annotated[float, Field(ge=0, le=500)] = Field(
        description="mean of the Poisson number of sessions on a day of opening"
    )
    hours_per_session: NotNegative = Field(description="machine-hours of each")
    plasma_litres_per_session: NotNegative = Field(description="plasma of each, L")
    served: Literal["before", "after"] = Field(description="before or after the trial's patients")


class Unit(Part):
    """An ALSS unit."""

    machines: Annotated[int, Field(ge=1, le=1000)] = Field(description="machines")
    nurses: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="nurses for the trial's sessions"
    )
    sessions_per_nurse: Annotated[int, Field(ge=1, le=100)] = Field(
        description="sessions that a nurse can run at the same time"
    )
    opening_hours: OpeningHours = Field(description="opening hours by weekday")
    plasma: PlasmaSupply | None = Field(default=None, description="null: plasma without limit")
    background: Background | None = Field(default=None, description="null: none")
    queue: Literal["first_come", "sickest_first", "shortest_window"] = Field(
        default="first_come",
        description="who is served first: earliest due, highest MELD, or window ending first",
    )
