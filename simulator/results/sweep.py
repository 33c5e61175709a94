"""The answer of `sweep`: power at several values of some keys, with the same trials at each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from simulator.constants import NORMAL_QUANTILE_975
from simulator.results.acceptance import Acceptance
from simulator.results.base import Answer, Record, Row, Value, cell_of, flat
from simulator.results.held_numbers import HeldNumber
from simulator.results.measures import (
    Days,
    Estimate,
    Judgement,
    NullHypothesis,
    Share,
    without_result,
)
from simulator.results.operations import ByArm, limited_by_recruitment
from simulator.results.power import Drift, SelectionBias


@dataclass(frozen=True, repr=False)
class PointPower(Record):
    """How often an analysis rejects at a point, beside the same trials of the base scenario.

    Attributes
    ----------
    power, mcse, ci_low, ci_high
        Share of trials, its Monte Carlo standard error, 95 % interval by Wilson's score.
    difference, paired_mcse
        To the base, trial by trial, with the error that common random numbers leave; at the base
        itself 0 and NaN.
    judgement
        On the target power, or on the nominal level.
    label
        What the analysis is called in a table or a figure.
    not_analysable
        Trials without a result, which count among the others as no rejection.
    """

    name: str
    power: float
    mcse: float
    ci_low: float
    ci_high: float
    difference: float
    paired_mcse: float
    judgement: Judgement
    label: str = ""
    not_analysable: int = 0

    @property
    def differs_from_base(self) -> bool:
        """Whether the 95 % interval of the paired difference leaves 0 out."""
        return abs(self.difference) > NORMAL_QUANTILE_975 * self.paired_mcse


@dataclass(frozen=True, repr=False)
class PointFamily(Record):
    """How often analyses that are judged together reject at a point.

    Attributes
    ----------
    by_analysis
        Hypothesis by hypothesis, in the order of the family.
    any, all
        At least one of them, and all. Not analysable: none of the analyses has a result.
    """

    name: str
    method: str
    alpha: float
    by_analysis: tuple[PointPower, ...]
    any: PointPower
    all: PointPower

    @property
    def hypotheses(self) -> tuple[PointPower, ...]:
        """Each hypothesis, then any and all of them."""
        return (*self.by_analysis, self.any, self.all)


@dataclass(frozen=True, repr=False)
class SweepPoint(Record):
    """One combination of values, the power there, and what the trial takes there.

    `target_randomised` is the number of planned patients, `randomised` how many are.
    """

    values: Mapping[str, Value]
    is_base: bool
    analyses: tuple[PointPower, ...]
    target_randomised: int
    enrolment_days: Days
    target_reached: Share
    on_time: Share | None
    randomised: Estimate
    mortality: ByArm
    lost: ByArm
    patients: ByArm
    sessions_delivered: ByArm
    plasma_litres: ByArm
    short_of_plasma_share: ByArm
    families: tuple[PointFamily, ...] = ()

    @property
    def recruitment_is_the_limit(self) -> bool:
        """Whether most trials randomise fewer patients than planned."""
        return limited_by_recruitment(self.target_reached)


@dataclass(frozen=True, repr=False)
class Sweep(Answer):
    """Power at every combination of values.

    Attributes
    ----------
    trials
        At each point.
    keys, base
        What is varied, and the scenario's own values.
    threshold
        What rejections are held against: the target power, or the level of the first analysis.
    points
        In the order asked for, the base among them.
    interrupted
        Whether it was stopped early; the points shown are complete.
    selection_bias, drift
        What distorts the base; None: nothing.
    names
        What each key is called, with its unit.
    analysis
        The analysis, or family of those judged together, that alone is asked for; None: all. Of a
        family `analyses` has one entry under its name: that any hypothesis, or all, are rejected.
    acceptance
        Of the base, against published figures that it was not set by; None: none are held out.
    held
        Numbers of looks, or of the end, that stay while the number of patients is varied.
    """

    KIND: ClassVar[str] = "sweep"

    scenario: str
    title: str
    seed: int
    trials: int
    version: str
    null_hypothesis: NullHypothesis
    threshold: float
    keys: tuple[str, ...]
    base: Mapping[str, Value]
    interrupted: bool
    points: tuple[SweepPoint, ...]
    selection_bias: SelectionBias | None = None
    drift: Drift | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    analysis: str | None = None
    acceptance: Acceptance | None = None
    held: tuple[HeldNumber, ...] = ()

    @property
    def finished(self) -> bool:
        """False if it was stopped before its end; it tells of what was done."""
        return not self.interrupted

    def rows(self) -> list[Row]:
        """One row per point and analysis, then one per family and hypothesis of it."""
        return [
            {
                **{key: cell_of(value) for key, value in point.values.items()},
                "is_base": point.is_base,
                "analysis": a.name,
                "family": family,
                "trials": self.trials,
                **{key: cell for key, cell in flat(a).items() if key not in _NO_CELLS},
                "target_randomised": point.target_randomised,
                "randomised": point.randomised.mean,
                "target_reached": point.target_reached.mean,
            }
            for point in self.points
            for family, found in (
                (None, point.analyses),
                *((family.name, family.hypotheses) for family in point.families),
            )
            for a in found
        ]

    def columns(self) -> tuple[str, ...]:
        """What is varied, then how often the analyses reject there."""
        return (*self.keys[:_MOST_KEYS], *_SHOWN)

    def head(self, column: str) -> str:
        """Return the head of a column as a notebook shows it: of a key, its name."""
        return self.names.get(column, super().head(column))

    def tables(self) -> dict[str, list[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        return {"points": self.rows()}

    def headline(self) -> list[str]:
        """What was varied, and the range of the primary analysis's power."""
        first = [point.analyses[0] for point in self.points]
        low, high = (pick(first, key=lambda a: a.power) for pick in (min, max))
        return [
            f"Sweep of {self.scenario} over {', '.join(self.keys)}: {len(self.points)} points, "
            f"{self.trials:,} trials each, seed {self.seed}",
            f"  {low.name}: {low.power:.1%} (MCSE {low.mcse:.1%}) to {high.power:.1%} (MCSE "
            f"{high.mcse:.1%})"
            f"{without_result(max(a.not_analysable for a in first), self.trials)}",
        ]


_MOST_KEYS = 3
_SHOWN = "analysis", "power", "mcse", "ci_low", "ci_high", "difference", "paired_mcse"
_NO_CELLS = "name", "judgement", "label"
