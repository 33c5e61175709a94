"""The answer of `design`: the feasible designs that no other one beats, or the nearest."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, Value, cell_of
from simulator.results.measures import Estimate, Share
from simulator.results.operations import limited_by_recruitment


class Constraint(StrEnum):
    """What a design has to meet."""

    POWER = "power"  # at least the target
    DAYS = "days"  # from the first opening to the end of the last follow-up, on average
    BUDGET = "budget"  # mean cost


class Feasibility(StrEnum):
    """Whether a design meets every constraint, by 95 % Monte Carlo intervals."""

    FEASIBLE = "feasible"
    UNDECIDED = "undecided"  # an interval contains a limit, and none is on its wrong side
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, repr=False)
class Design(Record):
    """A design and what its trials give.

    Attributes
    ----------
    values
        By what was chosen: a word, as `n` or `sites`, or a key.
    power
        Share of trials that reject, with the 95 % interval by Wilson's score in `ci_low` and
        `ci_high`.
    enrolment_days, trial_days
        From the first opening to the end of recruitment, and of the last follow-up.
    cost
        Of a trial; None where the scenario counts none.
    trials
        That it was judged by.
    confirmed
        Whether those are fresh ones, by which it was not chosen.
    misses
        Constraints that it cannot be said to meet.
    on_front
        Whether it is feasible, or may be, and no other design is as good in every respect and
        better in one: days, cost, patients, power.
    """

    values: Mapping[str, Value]
    patients: int
    power: Estimate
    ci_low: float
    ci_high: float
    randomised: Estimate
    target_reached: Share
    enrolment_days: Estimate
    trial_days: Estimate
    cost: Estimate | None
    trials: int
    confirmed: bool
    feasibility: Feasibility
    misses: tuple[Constraint, ...]
    on_front: bool

    @property
    def recruitment_is_the_limit(self) -> bool:
        """Whether most trials randomise fewer patients than planned."""
        return limited_by_recruitment(self.target_reached)


@dataclass(frozen=True, repr=False)
class NearMiss(Record):
    """A design that misses a constraint by least, among those that may meet all others.

    Attributes
    ----------
    limit, reached
        What was asked, and what the design has.
    missed_by
        The distance between the two.
    others
        Constraints that it misses besides: none unless every design misses several.
    """

    constraint: Constraint
    limit: float
    reached: Estimate
    missed_by: float
    others: tuple[Constraint, ...]
    design: Design


@dataclass(frozen=True, repr=False)
class FailedDesign(Record):
    """Values that no trial can be simulated with, and why."""

    values: Mapping[str, Value]
    why: str


@dataclass(frozen=True, repr=False)
class DesignSearch(Answer):
    """Designs over named choices.

    Attributes
    ----------
    target_power, within_days, budget
        What was asked; None: no limit.
    chosen
        Values by choice; of `n` without values, it was looked for.
    own
        The scenario's own values of the choices.
    designs
        Every one that was tried, those on the front first.
    nearest
        Where none is feasible: what is missed by how much, the least relative miss first.
    """

    KIND: ClassVar[str] = "design"
    SHOWN_COLUMNS = ("design", "patients", "power", "mcse", "trial_days", "cost", "feasibility")

    scenario: str
    title: str
    seed: int
    trials: int
    version: str
    analysis: str
    test_name: str
    target_power: float
    within_days: float | None
    budget: float | None
    currency: str | None
    chosen: Mapping[str, tuple[Value, ...]]
    own: Mapping[str, Value]
    designs: tuple[Design, ...]
    nearest: tuple[NearMiss, ...]
    failed: tuple[FailedDesign, ...]

    @property
    def front(self) -> tuple[Design, ...]:
        """Designs that are feasible, or may be, and that no other one beats: the fastest first."""
        return tuple(design for design in self.designs if design.on_front)

    @property
    def feasible(self) -> tuple[Design, ...]:
        """Those of the front that are feasible."""
        return tuple(d for d in self.front if d.feasibility is Feasibility.FEASIBLE)

    def rows(self) -> list[Row]:
        """One row per design, those on the front first."""
        return [
            {
                **{key: cell_of(value) for key, value in design.values.items()},
                "patients": design.patients,
                "power": design.power.mean,
                "mcse": design.power.mcse,
                "ci_low": design.ci_low,
                "ci_high": design.ci_high,
                "randomised": design.randomised.mean,
                "target_reached": design.target_reached.mean,
                "enrolment_days": design.enrolment_days.mean,
                "enrolment_days_mcse": design.enrolment_days.mcse,
                "trial_days": design.trial_days.mean,
                "trial_days_mcse": design.trial_days.mcse,
                "cost": None if design.cost is None else design.cost.mean,
                "cost_mcse": None if design.cost is None else design.cost.mcse,
                "trials": design.trials,
                "confirmed": design.confirmed,
                "feasibility": design.feasibility.value,
                "on_front": design.on_front,
            }
            for design in self.designs
        ]

    def tables(self) -> dict[str, list[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        return {"designs": self.rows()}

    def headline(self) -> list[str]:
        """What was asked, then the designs of the front, or what is nearest."""
        asked = f"power {self.target_power:.0%} ({self.analysis})"
        asked += "" if self.within_days is None else f", within {self.within_days:,.0f} days"
        asked += "" if self.budget is None else f", for {self.budget:,.0f} {self.currency}"
        lines = [f"Designs of {self.scenario}: {asked}; {len(self.designs)} tried"]
        lines += [
            f"  {', '.join(f'{key} {value}' for key, value in d.values.items())}: power "
            f"{d.power.mean:.1%} (MCSE {d.power.mcse:.1%}), {d.trial_days.mean:,.0f} days"
            for d in self.front
        ]
        if not self.front:
            lines += [
                f"  none; nearest misses {miss.constraint} by {miss.missed_by:,.4g}"
                for miss in self.nearest
            ]
        return lines
