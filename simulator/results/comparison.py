"""The answer of a comparison: two scenarios under the same random numbers."""

from dataclasses import dataclass
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, flat
from simulator.results.measures import without_result


@dataclass(frozen=True, repr=False)
class ComparedPower(Record):
    """How often an analysis rejects in either scenario.

    Attributes
    ----------
    first, first_mcse, second, second_mcse
        Share of trials, and its Monte Carlo standard error.
    difference, paired_mcse
        The second less the first, trial by trial, with the error that common random numbers leave.
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
    first_not_analysable: int
    second_not_analysable: int


@dataclass(frozen=True, repr=False)
class Comparison(Answer):
    """Two scenarios side by side: the analyses that both have.

    `families` are those that both have of analyses judged together: any hypothesis is rejected.
    """

    KIND: ClassVar[str] = "comparison"

    first: str
    second: str
    seed: int
    trials: int
    version: str
    analyses: tuple[ComparedPower, ...]
    families: tuple[ComparedPower, ...] = ()

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
                for a in (*self.analyses, *self.families)
            ),
        ]
