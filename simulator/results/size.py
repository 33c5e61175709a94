"""The answer of `size`: where an analysis reaches a power."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from simulator.constants import NORMAL_QUANTILE_975
from simulator.results.acceptance import Acceptance
from simulator.results.base import Answer, Record, Row, Value, flat, table
from simulator.results.closed_forms import ClosedForms
from simulator.results.held_numbers import HeldNumber
from simulator.results.measures import Days, Estimate, Share
from simulator.results.operations import ByArm, Cost

PATIENTS = "trial.target_randomised"  # the key that holds the number of patients


class SizeBasis(StrEnum):
    """What the number that is named rests on."""

    LASTING = "lasting"  # exact: from there on the power stays at or above the one asked
    TREND = "trend"  # where the fitted curve crosses the power asked


@dataclass(frozen=True, repr=False)
class SizeEstimate(Record):
    """The value that is named, what it rests on, and the power there.

    Attributes
    ----------
    value, low, high
        The value and its 95 % confidence interval; all the same where it is exact.
    power, mcse
        There, as the row of the curve has it: with its Monte Carlo standard error or, by
        enumeration, with an error of 0.
    """

    value: float
    low: float
    high: float
    power: float
    mcse: float
    confidence: float
    basis: SizeBasis

    @property
    def is_exact(self) -> bool:
        """Whether it is by enumeration."""
        return self.basis is SizeBasis.LASTING


class NoSizeKind(StrEnum):
    """Why there is no value."""

    NOT_CONVERGED = "not_converged"  # of the search: the trials do not tell how power changes
    ALWAYS = "always"  # every value tried has more
    NEVER = "never"  # no value tried has it
    RECRUITMENT = "recruitment"  # recruitment ends before enough patients are randomised


@dataclass(frozen=True, repr=False)
class NoSize(Record):
    """Why there is no value: what was tried or, of recruitment, how many can be recruited."""

    kind: NoSizeKind
    lowest: float
    highest: float
    recruitment_days: float | None = None
    patients: float | None = None


@dataclass(frozen=True, repr=False)
class CurvePoint(Record):
    """Power at a value that was tried.

    Attributes
    ----------
    randomised, randomised_mcse
        Mean number of patients randomised, which may be less than planned.
    target_reached
        Share of trials that randomise as many as planned.
    trials, analysable
        Simulated, and those among them with a result; those without do not reject.
    rejections, favouring
        Trials that reject, and those among them in favour of the second arm.
    power, mcse, ci_low, ci_high
        Share of all trials that reject (or, if that was asked, in favour of the second arm), its
        Monte Carlo standard error, 95 % interval by Wilson's score.
    exact_power
        By enumeration; None where that is not known.
    """

    value: float
    randomised: float
    randomised_mcse: float
    target_reached: float
    trials: int
    analysable: int
    rejections: int
    favouring: int
    power: float
    mcse: float
    ci_low: float
    ci_high: float
    exact_power: float | None

    @property
    def favouring_share(self) -> float:
        """Share of all trials that reject in favour of the second arm."""
        return self.favouring / self.trials


@dataclass(frozen=True, repr=False)
class RecruitmentLimit(Record):
    """From which planned number on most trials end before it, and what they then randomise.

    Attributes
    ----------
    value
        The least planned number tried at which most trials end before it.
    days
        That recruitment may take.
    randomised, mcse
        Patients at the largest number tried: more cannot be recruited on average.
    """

    value: float
    days: float
    randomised: float
    mcse: float


@dataclass(frozen=True, repr=False)
class FittedPower(Record):
    """Power by the fitted curve at a value, with its 95 % confidence interval."""

    value: float
    power: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, repr=False)
class PowerFit(Record):
    """The probit regression that the answer was read from: Phi(level + slope (x - centre)).

    x is the value or, of a number of patients, its root.
    """

    centre: float
    level: float
    slope: float
    level_variance: float
    slope_variance: float


@dataclass(frozen=True, repr=False)
class LargestPower(Record):
    """The largest power found, and where."""

    value: float
    power: float
    mcse: float


@dataclass(frozen=True, repr=False)
class SizeOperations(Record):
    """What the trial takes at a value: the answer or, failing that, where power was largest."""

    value: float
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
    key, key_name, own_value
        What was looked for, what it is called, with its unit, and the scenario's own value.
    analysis, test_name, alpha, target_power
        The analysis, its name in prose, its level, and the power asked.
    arm, favoured
        The second arm, and whether only rejections in its favour count.
    discrete
        Whether the test looks at one 2 x 2 table, so that its power climbs in teeth.
    reached, answer, reason
        Whether there is a value; it, or why there is none.
    n_lasting
        Smallest value from which on the power stays at or above the one asked, exact; None where
        that is not known.
    n_trend, n_trend_low, n_trend_high
        Where the fitted curve crosses it, rounded to where there is as much power, and the 95 %
        confidence interval; None where the search found no crossing.
    precise
        Whether that interval is as narrow as asked.
    largest
        The largest power found.
    recruitment
        Where recruitment, not the planned number, is the limit; None if nowhere.
    trials
        In all.
    curve
        Every value tried, in order; the answer is one of them.
    fit, fitted
        The regression, None where no crossing was found, and its curve as far as it was fitted.
    acceptance
        Of the scenario, against published figures that it was not set by; None: none are held out.
    held
        Numbers of looks, or of the end, that stay while the number of patients is varied.
    """

    KIND: ClassVar[str] = "size"
    SHOWN_COLUMNS = (
        *("value", "randomised", "trials", "analysable", "rejections"),
        *("power", "mcse", "ci_low", "ci_high", "exact_power"),
    )
    SCHEMA_VERSION: ClassVar[int] = 2

    scenario: str
    title: str
    seed: int
    version: str
    key: str
    key_name: str
    own_value: Value
    analysis: str
    test_name: str
    alpha: float
    target_power: float
    arm: str
    favoured: bool
    discrete: bool
    reached: bool
    reason: NoSize | None
    precise: bool
    answer: SizeEstimate | None
    n_lasting: float | None
    n_trend: float | None
    n_trend_low: float | None
    n_trend_high: float | None
    largest: LargestPower
    recruitment: RecruitmentLimit | None
    trials: int
    operations: SizeOperations
    curve: tuple[CurvePoint, ...]
    fit: PowerFit | None
    fitted: tuple[FittedPower, ...]
    closed_forms: ClosedForms
    acceptance: Acceptance | None = None
    held: tuple[HeldNumber, ...] = ()

    @property
    def is_of_patients(self) -> bool:
        """Whether the number of patients was looked for."""
        return self.key == PATIENTS

    @property
    def is_undecided(self) -> bool:
        """Whether no value was found, but chance may be why: the largest power is so near."""
        near = self.largest.power + NORMAL_QUANTILE_975 * self.largest.mcse >= self.target_power
        short = (NoSizeKind.NEVER, NoSizeKind.RECRUITMENT)
        return near and self.reason is not None and self.reason.kind in short

    def point(self, value: float) -> CurvePoint | None:
        """Return the row of a value; None if it was not tried."""
        return next((point for point in self.curve if point.value == value), None)

    def is_limited(self, value: float) -> bool:
        """Whether recruitment, not the planned number, is the limit at a value that was tried."""
        point = self.point(value)
        return self.is_of_patients and point is not None and point.target_reached < 0.5

    def rows(self) -> list[Row]:
        """One row per value tried."""
        return [{"key": self.key, "analysis": self.analysis, **flat(point)} for point in self.curve]

    def head(self, column: str) -> str:
        """Return the head of a column as a notebook shows it: of the value, its name."""
        return self.key_name if column == "value" else super().head(column)

    def tables(self) -> dict[str, list[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        found = {"curve": self.rows()}
        return found | {"fitted": table(self.fitted)} if self.fitted else found

    def headline(self) -> list[str]:
        """The answer, or the largest power found."""
        asked = f"{self.analysis}, {self.target_power:.10g} power"
        if self.favoured:
            asked += f" in favour of {self.arm}"
        if self.answer is None:
            most = self.largest
            found = (
                f"not reached; largest {most.power:.1%} (MCSE {most.mcse:.1%}) at {most.value:g}"
            )
            if self.reason is not None and self.reason.kind is NoSizeKind.NOT_CONVERGED:
                found = f"the search did not converge; {found.removeprefix('not reached; ')}"
            elif self.is_undecided:
                found = f"undecided; {found.removeprefix('not reached; ')}"
        elif self.answer.is_exact:
            found = f"{self.answer.value:.5g} (exact: from there on)"
        else:
            a = self.answer
            found = f"{a.value:.5g} (95 % confidence interval {a.low:.5g} to {a.high:.5g})"
        return [f"Size of {self.scenario} by {self.key}: {asked}", f"  {found}"]
