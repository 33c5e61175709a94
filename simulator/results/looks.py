"""What looks before the end of a trial come to, beside the same trial without them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.results.adaptation import Reestimation, SlowRecruitment
from simulator.results.after_stopping import EstimatesWithLooks, NoEstimates
from simulator.results.attained import AttainedLevel, AttainedOverTrials
from simulator.results.base import Record, Row, flat
from simulator.results.family_looks import FamilyLooks
from simulator.results.measures import Estimate, Scale, Share
from simulator.results.planned_looks import PlannedBoundaries


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
    overrun_patients, overrun_events
        How many more patients and events the final analysis has than this look, over the trials
        that it stopped: of tests of mortality at the end patients with a known end, else those
        randomised. None at the end, and where it stopped none.
    fraction
        Share of the planned information.
    boundary_z, lower_z, smallest_effect
        The critical value in favour of the second arm, or of what a one-sided hypothesis is to
        show; that in favour of the first arm, of a two-sided analysis; and the smallest effect that
        would just have crossed the first, with the standard error that the look has: a difference,
        or a ratio (`Looks.scale`). These and all above from `cut_day` on are means over trials in
        which the look was taken, of a ratio the geometric mean; None where it never was, or cannot
        reject.
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
    lower_z: Estimate | None
    overrun_patients: Estimate | None = None
    overrun_events: Estimate | None = None

    @property
    def is_final(self) -> bool:
        """Whether it is the final analysis."""
        return not self.moment


@dataclass(frozen=True, repr=False)
class SeldomTaken(Record):
    """A look that is planned and seldom comes.

    By the 95 % interval it is taken in fewer than half of the trials that no look before it
    stopped: in the others its moment never comes, or only once the trial has ended or, where slow
    recruitment is a rule, is closed. Looks of which a trial has as many as it comes to, every so
    many months, are none.

    Attributes
    ----------
    look
        Its number, from 1.
    moment
        When its data are cut, as the scenario has it.
    going_on
        Trials that no look before it stopped.
    share, mcse
        In how many of these it is taken, with the interval and the Monte Carlo standard error.
    """

    look: int
    moment: str
    going_on: int
    share: Share
    mcse: float


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
    """Looks at one analysis, or at a family.

    Attributes
    ----------
    analysis
        Its name; of a family that of the analysis which leads, whose information and boundary
        `looks` tell of.
    measure, scale
        What it estimates, as `hazard ratio`, and in which unit; of a log ratio the ratio is shown.
    null_effect
        No difference, or the margin, on that scale.
    information, max_information
        What is counted as information, and how much of it is whole.
    spending, futility, lower_spending
        The rules as they are written on one line; None: none. `lower_spending` is that in favour of
        the first arm, where it is another than that of the second.
    lower_alpha
        The part of alpha that it spends; None without it.
    spending_title, futility_title, lower_title
        In words; empty without one.
    exact
        Whether looks reject by enumerated nominal levels.
    own_sizes
        Whether these are enumerated anew at the sizes that each trial turns out to have.
    attained
        The level that looks attain at the mean sizes that they have in this run; None where it
        cannot be enumerated.
    attained_over_trials
        That which they attain at the sizes of single trials; None where it cannot be enumerated, or
        sizes change with what is seen.
    binding
        Whether the efficacy boundary counts on futility being obeyed.
    after_stopping
        `complete` or `stop_treatment`.
    looks
        In their order, the final analysis last.
    boundaries
        At the planned information, with the level that they have; None where information is not
        planned and does not grow from look to look on average.
    power
        Share of trials that reject.
    compared
        By what is compared: patients, deaths within `follow_up_days` (where patients are followed
        longer `deaths_by_the_end` in their place, those known by then), months and so on, and
        `cost`, whose unit is the currency, where the scenario has prices.
    trials
        All trials.
    estimates
        How good the estimates are, by kind (see `results.after_stopping`); empty where none is made
        that allows for the looks.
    no_estimates
        Why none is made; empty where `estimates` has them. Of a trial that adapts `estimates` has
        the repeated interval, and this says why no other.
    seldom_taken
        Looks before the end that seldom come; empty where none is, and where fewer than
        `LEAST_TRIALS_TO_JUDGE` trials could tell.
    reestimation, slow_recruitment
        What looks change beside stopping; None: nothing.
    family
        What looks come to for each analysis of a family: a rejection in `looks`, and `power`, are
        then of what stops a trial. None: one analysis is looked at.
    """

    analysis: str
    measure: str
    scale: Scale
    null_effect: float
    information: str
    max_information: float
    spending: str | None
    spending_title: str
    futility: str | None
    futility_title: str
    binding: bool
    after_stopping: str
    looks: tuple[LookReport, ...]
    boundaries: PlannedBoundaries | None
    power: WithAndWithout
    compared: Mapping[str, WithAndWithout]
    trials: int
    estimates: Mapping[str, EstimatesWithLooks] = field(default_factory=dict)
    lower_spending: str | None = None
    lower_alpha: float | None = None
    lower_title: str = ""
    exact: bool = False
    own_sizes: bool = False
    no_estimates: tuple[NoEstimates, ...] = ()
    seldom_taken: tuple[SeldomTaken, ...] = ()
    attained: AttainedLevel | None = None
    attained_over_trials: AttainedOverTrials | None = None
    reestimation: Reestimation | None = None
    slow_recruitment: SlowRecruitment | None = None
    family: FamilyLooks | None = None

    def tables(self) -> dict[str, list[Row]]:
        """Return what looks came to as tidy tables, by name.

        `look_means` has a row per look; `look_savings` one for each number compared with the same
        trials without looks, power first; `look_estimates` one for each kind of estimate.
        """
        compared = {"power": self.power, **self.compared}
        return {
            "look_means": self.rows(),
            "look_savings": [_compared_row(name, row) for name, row in compared.items()],
            "look_estimates": [
                {"analysis": self.analysis, "kind": kind, **flat(found)}
                for kind, found in self.estimates.items()
            ],
        }

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


def _compared_row(name: str, row: WithAndWithout) -> Row:
    found: Row = {"compared": name, "unit": row.unit}
    for column in ("with_looks", "without", "difference"):
        value: Estimate = getattr(row, column)
        found |= {column: value.mean, f"{column}_mcse": value.mcse}
    return found


_MEANS = (
    *("taken", "futility", "cumulative_power", "cut_day", "decision_day", "randomised", "events"),
    *("under_treatment", "fraction", "boundary_z", "smallest_effect", "lower_z"),
    *("overrun_patients", "overrun_events"),
)
