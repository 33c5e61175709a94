"""What looks come to for each analysis of a family."""

from dataclasses import dataclass

from simulator.results.base import Record, Row
from simulator.results.measures import Estimate


@dataclass(frozen=True, repr=False)
class HypothesisLook(Record):
    """One analysis at one look, over all trials; each number has its Monte Carlo standard error.

    Attributes
    ----------
    rejected
        Share of all trials in which it was rejected at this look.
    cumulative_power
        Share of all trials in which it was rejected at this look or one before.
    fraction
        Share of its planned information: mean over the trials in which the look was taken; None: in
        no trial.
    """

    rejected: Estimate
    cumulative_power: Estimate
    fraction: Estimate | None


@dataclass(frozen=True, repr=False)
class HypothesisLooks(Record):
    """One analysis of a family.

    Attributes
    ----------
    analysis
        Its name.
    information, max_information
        What is counted as information, and how much of it is whole.
    spending, spending_title
        How its level is spent, on one line and in words; None, and empty: no look stops for
        efficacy.
    first_level
        Its level before any is rejected.
    looks
        In their order, the final analysis last.
    """

    analysis: str
    information: str
    max_information: float
    spending: str | None
    spending_title: str
    first_level: float
    looks: tuple[HypothesisLook, ...]


@dataclass(frozen=True, repr=False)
class FamilyLooks(Record):
    """Looks at a family.

    Attributes
    ----------
    name, method, alpha
        Of the family.
    stop_when
        Which rejection stops a trial: `primary`, `any` or `all`.
    primary
        The analysis that leads.
    hypotheses
        Each analysis, in the family's order.
    any, all
        By look: share of all trials in which at least one, or all, were rejected by then.
    """

    name: str
    method: str
    alpha: float
    stop_when: str
    primary: str
    hypotheses: tuple[HypothesisLooks, ...]
    any: tuple[Estimate, ...]
    all: tuple[Estimate, ...]

    def rows(self) -> list[Row]:
        """One row per look of each analysis."""
        found: list[Row] = []
        for one in self.hypotheses:
            for number, look in enumerate(one.looks, 1):
                row: Row = {"family": self.name, "analysis": one.analysis, "look": number}
                for name in ("rejected", "cumulative_power", "fraction"):
                    value = getattr(look, name)
                    row[name] = None if value is None else value.mean
                    row[f"{name}_mcse"] = None if value is None else value.mcse
                found.append(row)
        return found
