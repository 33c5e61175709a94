"""Trial metrics as columns: what is counted and measured of each trial, and where it stands.

A scenario has some of the columns of `TrialMetrics` and not others: without sessions nobody is
treated, without an exit nobody leaves by it. `layout_of` says once which elements of which columns
are *live*; what is not live is 0 in every trial, and nothing computes it or adds it up. Whoever
simulates writes the live elements of its trials to `MetricRows`, a row an element, a column a
trial; whole numbers, which are added exactly, stand apart from amounts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np

from simulator.analysis import AnalysisPlan, Use
from simulator.analysis.analysed import uses_everybody
from simulator.declarations.exits import Exit
from simulator.params.types import Params
from simulator.records import ADVERSE_EVENTS, Column, Floats, Ints

_ARM = ("arm",)
LEFT_OUT = tuple(why for why in Use if why is not Use.ANALYSED)


class TrialMetrics(NamedTuple):
    """A row a trial; columns with an arm axis count that arm's patients."""

    screened: Annotated[Ints, Column("1", "candidates referred")]
    failed_first: Annotated[Ints, Column("1", "by the first criterion failed", ("criterion",))]
    refused_consent: Annotated[Ints, Column("1", "eligible candidates who refused")]
    turned_away: Annotated[Ints, Column("1", "consented, but kept out by the investigator")]
    deferred: Annotated[Ints, Column("1", "put off once by the investigator")]
    randomised: Annotated[Ints, Column("1", "patients of all arms")]
    target_reached: Annotated[
        Ints,
        Column(
            "1",
            "1 if the target number was randomised, or would have been but for a look, or the "
            "trial's deaths ended it before",
        ),
    ]
    on_time: Annotated[
        Ints, Column("1", "1 if the target was reached and followed up by the planned completion")
    ]
    enrolment_days: Annotated[Floats, Column("d", "first opening to the end of recruitment")]
    trial_days: Annotated[Floats, Column("d", "first opening to the end of the last follow-up")]
    deaths_reached: Annotated[
        Ints, Column("1", "1 if the number of deaths came that was to end the trial")
    ]
    days_open: Annotated[Ints, Column("1", "openings of the ALSS units")]
    days_short: Annotated[Ints, Column("1", "of these, a waiting patient was without plasma")]
    machine_hours_open: Annotated[Floats, Column("h", "machine time on offer")]
    machine_hours_background: Annotated[Floats, Column("h", "taken by patients outside the trial")]
    machine_hours_used: Annotated[
        Floats, Column("h", "machine time taken by the trial's patients and the others")
    ]
    patients: Annotated[Ints, Column("1", "randomised", _ARM)]
    deaths: Annotated[Ints, Column("1", "dead by the end of follow-up, known or not", _ARM)]
    deaths_from_tumour: Annotated[Ints, Column("1", "of these, from the tumour", _ARM)]
    transplants: Annotated[Ints, Column("1", "liver transplants", _ARM)]
    withdrawn: Annotated[Ints, Column("1", "withdrew from treatment", _ARM)]
    lost: Annotated[Ints, Column("1", "lost to follow-up", _ARM)]
    infections: Annotated[Ints, Column("1", "patients with an infection", _ARM)]
    treated: Annotated[Ints, Column("1", "with a session delivered in full or in part", _ARM)]
    not_treated: Annotated[Ints, Column("1", "without", _ARM)]
    deaths_seen: Annotated[Ints, Column("1", "died in follow-up, before any loss", _ARM)]
    alive: Annotated[Ints, Column("1", "seen alive at the end of follow-up", _ARM)]
    deaths_by_the_end: Annotated[
        Ints, Column("1", "died by the end of the trial, before any loss, at any time", _ARM)
    ]
    followed_days: Annotated[
        Floats, Column("d", "to death, loss or the end of the trial, summed over patients", _ARM)
    ]
    transplants_seen: Annotated[Ints, Column("1", "transplanted, before any loss", _ARM)]
    withdrawals_seen: Annotated[Ints, Column("1", "withdrew, before any loss", _ARM)]
    analysed: Annotated[Ints, Column("1", "used by the primary analysis", _ARM)]
    left_out: Annotated[Ints, Column("1", "not used by it, by the first reason", (*_ARM, "reason"))]
    sessions_planned: Annotated[Ints, Column("1", "sessions planned", _ARM)]
    sessions_delivered: Annotated[Ints, Column("1", "delivered, cut short included", _ARM)]
    sessions_equivalent: Annotated[Floats, Column("1", "sum of fractions completed", _ARM)]
    sessions_cut_short: Annotated[Ints, Column("1", "cut short", _ARM)]
    sessions_late: Annotated[Ints, Column("1", "begun over a day late", _ARM)]
    sessions_missed: Annotated[Ints, Column("1", "window ended", _ARM)]
    sessions_due: Annotated[Ints, Column("1", "fell due", _ARM)]
    sessions_beyond_plan: Annotated[Ints, Column("1", "of these, rescue sessions", _ARM)]
    sessions_not_due: Annotated[Ints, Column("1", "planned, but never fell due", _ARM)]
    sessions_left_waiting: Annotated[
        Ints, Column("1", "the patient left, or follow-up ended, before they began", _ARM)
    ]
    sessions_broken_off: Annotated[
        Ints, Column("1", "the patient left, or follow-up ended, while they ran", _ARM)
    ]
    sessions_short_of_plasma: Annotated[Ints, Column("1", "no plasma on the planned day", _ARM)]
    sessions_by_modality: Annotated[
        Ints, Column("1", "delivered, by what was given", ("modality",))
    ]
    wait_days: Annotated[Floats, Column("d", "waits of the sessions that began, summed", _ARM)]
    plasma_litres: Annotated[Floats, Column("L", "fresh frozen plasma used", _ARM)]
    machine_hours: Annotated[Floats, Column("h", "machine time used", _ARM)]
    adverse_events: Annotated[Ints, Column("1", "of sessions", (*_ARM, "adverse event"))]


class MetricRows(NamedTuple):
    """Live elements of some trials, in their order.

    Attributes
    ----------
    counts
        (live whole-number elements, trials).
    amounts
        (live other elements, trials).
    """

    counts: Ints
    amounts: Floats


@dataclass(frozen=True, eq=False)
class Layout:
    """Which elements of the columns a scenario has, and where they stand.

    Elements of a column with axes stand in C order: left_out has that of arm a and reason r at
    a * len(LEFT_OUT) + r.

    Attributes
    ----------
    arms
        How many.
    shape
        Of each column, without the trials; () for a number.
    counts, amounts
        Rows of `MetricRows.counts` and of `.amounts` by the names of the columns that are live.
    rows
        How many counts and how many amounts.
    """

    arms: int
    shape: dict[str, tuple[int, ...]]
    counts: dict[str, slice]
    amounts: dict[str, slice]
    rows: tuple[int, int]

    def width(self, name: str) -> int:
        """Number of elements of a column, live or not."""
        return math.prod(self.shape[name])


def layout_of(params: Params, plans: Sequence[AnalysisPlan]) -> Layout:
    """Return the layout of a scenario; the first of the plans is the primary analysis.

    Scenarios with the same columns share one.
    """
    arms, criteria = len(params.allocation.ratio), params.eligibility.first.size - 1
    return _layout(arms, criteria, params.modality.hours.size, _never(params, plans))


@cache
def _layout(arms: int, criteria: int, modalities: int, dead: frozenset[str]) -> Layout:
    size = {
        "arm": arms,
        "criterion": criteria,
        "reason": len(LEFT_OUT),
        "modality": modalities,
        "adverse event": ADVERSE_EVENTS,
    }
    shape: dict[str, tuple[int, ...]] = {}
    places: tuple[dict[str, slice], dict[str, slice]] = ({}, {})
    rows = [0, 0]
    for name, (column, is_amount) in _declared().items():
        shape[name] = tuple(size[axis] for axis in column.axes)
        width = math.prod(shape[name])
        if name not in dead and width:
            first = rows[is_amount]
            places[is_amount][name] = slice(first, first + width)
            rows[is_amount] = first + width
    return Layout(arms, shape, *places, (rows[0], rows[1]))


def new_rows(layout: Layout, trials: int) -> MetricRows:
    """Return rows for so many trials, of which every element is to be written."""
    counts, amounts = layout.rows
    return MetricRows(np.empty((counts, trials), np.int64), np.empty((amounts, trials)))


def metrics_of(layout: Layout, rows: MetricRows) -> TrialMetrics:
    """Return all columns by name, a row a trial; what is not live is 0."""
    return TrialMetrics(**{name: column_of(layout, rows, name) for name in TrialMetrics._fields})


def column_of(layout: Layout, rows: MetricRows, name: str) -> Any:
    """Return a column, (trials, *axes)."""
    if name in layout.counts:
        found: Any = rows.counts[layout.counts[name]].T
    elif name in layout.amounts:
        found = rows.amounts[layout.amounts[name]].T
    else:
        kind: Any = np.float64 if _declared()[name][1] else np.int64
        found = np.zeros((rows.counts.shape[1], layout.width(name)), kind)
    return np.ascontiguousarray(found).reshape(len(found), *layout.shape[name])


@cache
def _declared() -> dict[str, tuple[Column, bool]]:
    """Declaration of every column, and whether it is an amount."""
    hints = get_type_hints(TrialMetrics, include_extras=True)
    return {
        name: (hints[name].__metadata__[0], hints[name].__origin__ == Floats)
        for name in TrialMetrics._fields
    }


_OF_SESSIONS = (
    "treated", "not_treated", "sessions_planned", "sessions_delivered", "sessions_equivalent",
    "sessions_cut_short", "sessions_late", "sessions_missed", "sessions_due",
    "sessions_beyond_plan", "sessions_not_due", "sessions_left_waiting", "sessions_broken_off",
    "sessions_short_of_plasma", "sessions_by_modality", "wait_days", "plasma_litres",
    "machine_hours", "adverse_events",
)  # fmt: skip
_OF_UNITS = "days_open", "days_short", "machine_hours_open", "machine_hours_background"
_OF_EXITS = {
    Exit.TUMOUR: ("deaths_from_tumour",),
    Exit.TRANSPLANT: ("transplants", "transplants_seen"),
    Exit.WITHDRAWAL: ("withdrawn", "withdrawals_seen"),
    Exit.LOSS: ("lost",),
    Exit.INFECTION: ("infections",),
}


def _never(params: Params, plans: Sequence[AnalysisPlan]) -> frozenset[str]:
    """Columns that are 0 in every trial of a scenario."""
    dead: set[str] = set()
    has_unit = bool(params.unit.limited.any())
    if params.max_sessions == 0:
        dead |= set(_OF_SESSIONS)
    if not has_unit:
        dead |= set(_OF_UNITS)
    if params.max_sessions == 0 and not has_unit:
        dead.add("machine_hours_used")
    for exit_, names in _OF_EXITS.items():
        if params.exits.rate_per_day[exit_] == 0.0:
            dead |= set(names)
    if params.eligibility.consent_probability == 1.0:
        dead.add("refused_consent")
    if params.selection.kind not in (1, 2):
        dead.add("turned_away")
    if params.selection.kind != 2:
        dead.add("deferred")
    if not params.is_followed_longer:
        dead |= {"deaths_by_the_end", "followed_days"}
    if params.trial.ends_at_deaths == 0:
        dead.add("deaths_reached")
    if not plans:
        dead |= {"analysed", "left_out"}
    elif uses_everybody(plans):
        dead.add("left_out")
    return frozenset(dead)
