"""Conducts drawn for a trial so that their days are those of what happens in it, to the bit.

The planned trial is watched; a day of conduct is, mostly, exactly the day of one of its events, or
the next or last float beside it. So referrals, sessions, exits and openings meet the closing of
recruitment, the ends of a pause and the stop of treatment at one instant.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from conducts import conduct_of, may_grow, observed, together
from generated_units import Draw, pick
from hypothesis import strategies as st

from simulator.conduct import Conduct, as_planned
from simulator.params.types import Params
from simulator.records import TrialRecords

TRIALS = 2  # planned trials of a case
ROWS = 6  # conducts of a case, of any of these trials in any order
_RECRUITING = (
    "randomised",
    "randomised",
    "screening failed",
    "consent refused",
    "turned away",
    "deferred",
    "recruitment ends",
)
_TREATED = (
    *("session missed", "session missed", "session ends", "session ends", "session starts"),
    *("liver", "tumour", "transplant", "withdrawal", "loss", "end of follow-up"),
)  # besides whatever else happens
Days = Mapping[str, tuple[float, ...]]


class Planned(NamedTuple):
    """A trial as planned: its records, the days of each kind of event, and who was put off when."""

    trial: int
    records: TrialRecords
    days: Days
    put_off: tuple[tuple[int, float], ...]  # candidate, day


def planned(params: Params, seed: int, trial: int) -> Planned:
    """Watch a trial that is conducted as planned."""
    as_it_is = as_planned(np.array([trial]), params.trial.target_randomised)
    records, log = observed(params, seed, as_it_is)
    days: dict[str, set[float]] = {}
    for event in log:
        days.setdefault(event.name, set()).add(event.day)
    entry = records.patients.entry_day
    days["end of follow-up"] = set((entry + params.trial.follow_up_days).tolist())
    days["trial ends"] = set(records.trials.trial_end_day.tolist())
    found = {name: tuple(sorted(those)) for name, those in sorted(days.items()) if those}
    put_off = tuple(
        (dict(event.details)["candidate"], event.day) for event in log if event.name == "deferred"
    )
    return Planned(trial, records, found, put_off)


@st.composite
def conducts(draw: Draw, params: Params, trials: tuple[Planned, ...]) -> Conduct:
    """Several conducts of these trials, in any order."""
    return together([conduct(draw, params, pick(draw, *trials)) for _ in range(ROWS)])


def conduct(draw: Draw, params: Params, trial: Planned) -> Conduct:
    """Any combination of closing, cap, pauses and stop."""
    target = params.trial.target_randomised
    closing, cap, pausing, stop = (pick(draw, False, True) for _ in range(4))
    most = target
    if cap:
        below = draw(st.integers(1, target))
        most = pick(draw, below, target + pick(draw, 1, 2, 15)) if may_grow(params) else below
    return conduct_of(
        params,
        trial.trial,
        closes=day(draw, trial.days, _RECRUITING) if closing else np.inf,
        most=most,
        pauses=pauses(draw, trial.days) if pausing else (),
        stops=day(draw, trial.days, (*trial.days, *_TREATED)) if stop else np.inf,
    )


def pauses(draw: Draw, days: Days) -> tuple[tuple[float, float], ...]:
    """One pause or two: apart, meeting, overlapping, of no length, or without end."""
    a, b, c = sorted(day(draw, days, _RECRUITING) for _ in range(3))
    short = a, min(a + pick(draw, 0.25, 1.0, 7.0), np.inf)
    return pick(
        draw,
        ((a, b),),
        (short,),
        ((a, b), (b, c)),
        ((b, c), (a, b)),
        ((a, c), short),
        ((a, b), (c, np.inf)),
        ((b, b), (a, c)),
        ((a, np.inf),),
        ((np.inf, np.inf), (a, b)),
    )


def day(draw: Draw, days: Days, kinds: tuple[str, ...]) -> float:
    """Mostly the very day of an event of these kinds."""
    kinds = tuple(kind for kind in kinds if kind in days)
    if not kinds:
        return float(pick(draw, 1.0, 0.0, 2.5))
    exactly: float = pick(draw, *days[pick(draw, *kinds)])
    near = (
        max(np.nextafter(exactly, -1.0), 0.0),
        np.nextafter(exactly, np.inf),
        exactly + 0.5,
        np.floor(exactly),
        0.0,
    )
    return float(pick(draw, *[exactly] * 6, *near))
