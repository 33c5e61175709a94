"""What looks before the end of a trial come to, beside the same trial without them."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.results.after_stopping import EstimatesWithLooks
from simulator.results.base import Record, Row
from simulator.results.measures import Estimate


@dataclass(frozen=True, repr=False)
class LookReport(Record):
    """A look over all trials; each number has its Monte Carlo standard error.

    Attributes
    ----------
    moment
        When its data are cut, as the scenario has it; empty: at the end of the trial, the final
        analysis.
    taken
        Share of all trials in which it was taken. It is not where the trial stopped before, or
        where its moment never came or came after the last follow-up.
    in_favour_of
        By arm: share of all trials that it stopped, or the final analysis ended, with a rejection.
    futility
        Share of all trials that it stopped for futility.
    cumulative_power
        Share of all trials that rejected at this look or one before.
    cut_day, decision_day
        Trial days.
    randomised, events
        Patients randomised, and events of the analysis known, by the cut.
    under_treatment
        Patients under treatment when it was decided.
    fraction
        Share of the planned information.
    boundary_z, smallest_effect
        The critical value in favour of the second arm, or of what a one-sided hypothesis is to
        show, and how far from no difference, or from the margin, an estimate would just have
        crossed it. These and all above from `cut_day` on are means over trials in which the
        look was taken; None where it never was, or cannot reject.
    """

    moment: str
    taken: Estimate
    in_favour_of: Mapping[str, Estimate]
    futility: Estimate
    cumulative_power: Estimate
    cut_day: Estimate | None
    decision_day: Estimate | None
    randomised: Estimate | None
    events: Estimate | None
    under_treatment: Estimate | None
    fraction: Estimate | None
    boundary_z: Estimate | None
    smallest_effect: Estimate | None

    @property
    def is_final(self) -> bool:
        """Whether it is the final analysis."""
        return not self.moment


@dataclass(frozen=True, repr=False)
class WithAndWithout(Record):
    """A mean over trials with looks, in the same trials without, and of the difference.

    Trials are the same patients, so that the error of the difference is that of pairs.
    """

    unit: str
    with_looks: Estimate
    without: Estimate
    difference: Estimate


@dataclass(frozen=True, repr=False)
class Looks(Record):
    """Looks at one analysis.

    Attributes
    ----------
    analysis
        Its name.
    information, max_information
        What is counted as information, and how much of it is whole.
    spending, futility
        The rules as they are written on one line; None: none.
    spending_title, futility_title
        In words; empty without one.
    binding
        Whether the efficacy boundary counts on futility being obeyed.
    after_stopping
        `complete` or `stop_treatment`.
    looks
        In their order, the final analysis last.
    power
        Share of trials that reject.
    compared
        By what is compared: patients, deaths, months and so on.
    trials
        All trials.
    estimates
        How good the estimates are, by kind (see `results.after_stopping`).
    """

    analysis: str
    information: str
    max_information: float
    spending: str | None
    spending_title: str
    futility: str | None
    futility_title: str
    binding: bool
    after_stopping: str
    looks: tuple[LookReport, ...]
    power: WithAndWithout
    compared: Mapping[str, WithAndWithout]
    trials: int
    estimates: Mapping[str, EstimatesWithLooks]

    def rows(self) -> list[Row]:
        """One row per look."""
        found: list[Row] = []
        for number, look in enumerate(self.looks, 1):
            row: Row = {"look": number, "moment": look.moment or "end"}
            for arm, share in look.in_favour_of.items():
                row |= {f"favours_{arm}": share.mean, f"favours_{arm}_mcse": share.mcse}
            for name in _MEANS:
                value = getattr(look, name)
                row[name] = None if value is None else value.mean
                row[f"{name}_mcse"] = None if value is None else value.mcse
            found.append(row)
        return found


_MEANS = (
    *("taken", "futility", "cumulative_power", "cut_day", "decision_day", "randomised", "events"),
    *("under_treatment", "fraction", "boundary_z", "smallest_effect"),
)
