"""The answer of `size`: where an analysis reaches a power."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, Value, flat
from simulator.results.closed_forms import ClosedForms
from simulator.results.measures import Days, Estimate, Share
from simulator.results.operations import ByArm, Cost

PATIENTS = "trial.target_randomised"  # the key that holds the number of patients


@dataclass(frozen=True)
class SizeEstimate(Record):
    """The value from which on the power is reached, its 95 % confidence interval, and the power
    there with its Monte Carlo standard error.
    """

    value: float
    low: float
    high: float
    power: float
    mcse: float
    confidence: float


class NoSizeKind(StrEnum):
    """Why no value has the power asked."""

    FLAT = "flat"  # power hardly changes: the trials do not tell where it is reached
    ALWAYS = "always"  # every value tried has more
    NEVER = "never"  # no value tried has it
    RECRUITMENT = "recruitment"  # recruitment ends before enough patients are randomised


@dataclass(frozen=True)
class NoSize(Record):
    """Why no value has the power: what was tried or, of recruitment, how many can be recruited."""

    kind: NoSizeKind
    lowest: float
    highest: float
    recruitment_days: float | None = None
    patients: float | None = None


@dataclass(frozen=True)
class CurvePoint(Record):
    """Power at a value that was tried."""

    value: float
    trials: int
    rejections: int
    power: float
    mcse: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class PowerFit(Record):
    """The probit regression that the answer was read from: Phi(level + slope (x - centre)).

    x is the value or, of a number of patients, its root.
    """

    centre: float
    level: float
    slope: float
    level_variance: float
    slope_variance: float


@dataclass(frozen=True)
class LargestPower(Record):
    """The largest power found, and where."""

    value: float
    power: float
    mcse: float


@dataclass(frozen=True)
class SizeOperations(Record):
    """What the trial takes at the answer or, failing that, where power was largest."""

    randomised: Estimate
    enrolment_days: Days
    trial_days: Estimate
    target_reached: Share
    on_time: Share | None
    mortality: ByArm
    patients: ByArm
    lost: ByArm
    sessions_delivered: Estimate
    plasma_litres: Estimate
    cost: Cost | None


@dataclass(frozen=True, repr=False)
class Size(Answer):
    """Where an analysis reaches a power.

    Attributes
    ----------
    key, own_value
        What was looked for, and the scenario's own value.
    analysis, test_name, alpha, target_power
        The analysis, its name in prose, its level, and the power asked.
    reached, answer, reason
        Whether there is a value; it, or why there is none.
    precise
        Whether the confidence interval is as narrow as asked.
    largest
        The largest power found.
    trials
        In all.
    curve, fit
        Every value tried, in order; the regression, None where no answer was found.
    """

    KIND: ClassVar[str] = "size"

    scenario: str
    title: str
    seed: int
    version: str
    key: str
    own_value: Value
    analysis: str
    test_name: str
    alpha: float
    target_power: float
    reached: bool
    reason: NoSize | None
    precise: bool
    answer: SizeEstimate | None
    largest: LargestPower
    trials: int
    operations: SizeOperations
    curve: tuple[CurvePoint, ...]
    fit: PowerFit | None
    closed_forms: ClosedForms

    @property
    def is_of_patients(self) -> bool:
        """Whether the number of patients was looked for."""
        return self.key == PATIENTS

    def rows(self) -> list[Row]:
        """One row per value tried."""
        return [{"key": self.key, "analysis": self.analysis, **flat(point)} for point in self.curve]

    def tables(self) -> dict[str, list[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        return {"curve": self.rows()}

    def headline(self) -> list[str]:
        """The answer, or the largest power found."""
        asked = f"{self.analysis}, {self.target_power:.10g} power"
        if self.answer is None:
            most = self.largest
            found = (
                f"not reached; largest {most.power:.1%} (MCSE {most.mcse:.1%}) at {most.value:g}"
            )
        else:
            a = self.answer
            found = f"{a.value:.5g} (95 % confidence interval {a.low:.5g} to {a.high:.5g})"
        return [f"Size of {self.scenario} by {self.key}: {asked}", f"  {found}"]
