"""The answer of a comparison: two scenarios under the same random numbers."""

from dataclasses import dataclass
from typing import ClassVar

from simulator.results.acceptance import Acceptance
from simulator.results.base import Answer, Record, Row, Value, flat
from simulator.results.measures import Days, Estimate, NullHypothesis, Share, without_result
from simulator.results.operations import ByArm


@dataclass(frozen=True, repr=False)
class ComparedPower(Record):
    """How often an analysis rejects in either scenario.

    Attributes
    ----------
    first, first_mcse, second, second_mcse
        Share of trials, and its Monte Carlo standard error.
    difference, paired_mcse
        The second less the first, trial by trial, with the error that common random numbers leave.
    difference_low, difference_high
        95 % interval of the difference: 1.96 paired standard errors to either side.
    first_not_analysable, second_not_analysable
        Trials without a result, which count as no rejection.
    """

    name: str
    first: float
    first_mcse: float
    second: float
    second_mcse: float
    difference: float
    paired_mcse: float
    difference_low: float
    difference_high: float
    first_not_analysable: int
    second_not_analysable: int

    @property
    def differs(self) -> bool:
        """Whether the 95 % interval of the paired difference leaves 0 out."""
        return not self.difference_low <= 0 <= self.difference_high


@dataclass(frozen=True, repr=False)
class ComparedTrial(Record):
    """One of the scenarios, and what its trials take: means per trial.

    Attributes
    ----------
    name, title
        As the comparison calls it, and its line on what it is.
    null_hypothesis
        Which holds in it: it says whether a share of trials that reject is a power.
    not_compared
        Analyses, and families of those judged together, that the other one does not have.
    enrolment_days
        From the opening of the first site to the last patient randomised.
    acceptance
        Against published figures that it was not set by; None: none are held out.
    """

    name: str
    title: str
    null_hypothesis: NullHypothesis
    not_compared: tuple[str, ...]
    target_randomised: int
    randomised: Estimate
    target_reached: Share
    enrolment_days: Days
    mortality: ByArm
    sessions_delivered: ByArm
    plasma_litres: ByArm
    acceptance: Acceptance | None = None


@dataclass(frozen=True, repr=False)
class DifferentValue(Record):
    """A key whose values differ; null also where a scenario has no such key."""

    key: str
    first: Value
    second: Value


@dataclass(frozen=True, repr=False)
class Comparison(Answer):
    """Two scenarios side by side: the analyses that both have.

    Attributes
    ----------
    first, second
        What they are called.
    analyses, families
        Those that both have, by name; of families of analyses judged together, that any hypothesis
        is rejected or, where `all:NAME` was asked for, every one.
    trials_of
        Either scenario, the first first.
    different
        The keys in which they differ, labels apart.
    """

    KIND: ClassVar[str] = "comparison"

    first: str
    second: str
    seed: int
    trials: int
    version: str
    analyses: tuple[ComparedPower, ...]
    families: tuple[ComparedPower, ...]
    trials_of: tuple[ComparedTrial, ComparedTrial]
    different: tuple[DifferentValue, ...]

    @property
    def compared(self) -> tuple[ComparedPower, ...]:
        """Analyses, then families."""
        return (*self.analyses, *self.families)

    def rows(self) -> list[Row]:
        """One row per analysis, then one per family."""
        return [
            {**flat(one), "judged_together": found is self.families}
            for found in (self.analyses, self.families)
            for one in found
        ]

    def headline(self) -> list[str]:
        """The scenarios, then one line per analysis."""
        return [
            f"{self.second} against {self.first}: {self.trials:,} trials each, seed {self.seed}",
            *(
                f"  {a.name}: {a.second:.1%} against {a.first:.1%}, difference "
                f"{100 * a.difference:+.2f} points (paired MCSE {100 * a.paired_mcse:.2f})"
                f"{without_result(a.second_not_analysable, self.trials)}"
                for a in self.compared
            ),
        ]
