"""Conducts whose days coincide with what happens in the trials: entries, sessions, exits, openings.

Each trial has any of the changes, or none; its days are instants of the trial as planned, the
numbers next to them, or any other time.
"""

import numpy as np
from known_by import EVENTS

from simulator.conduct import Conduct, as_planned
from simulator.declarations.schemes import SCHEMES
from simulator.params.types import Params
from simulator.records import TrialRecords

PAUSES = 2
MOST_BEYOND = 12


def generated_conduct(planned: TrialRecords, params: Params, seed: int) -> Conduct:
    """Change the trials of records as planned, by random numbers of a seed."""
    rng = np.random.default_rng(seed)
    t = planned.trials
    conduct = as_planned(t.trial.copy(), params.trial.target_randomised)
    pauses = (t.trial.size, PAUSES)
    conduct = conduct._replace(
        pause_from_day=np.full(pauses, np.inf), pause_until_day=np.full(pauses, np.inf)
    )
    room = not params.accrual.uniform and not SCHEMES[params.allocation.scheme].fixed_size
    most = params.trial.target_randomised + (MOST_BEYOND if room else 0)
    for row in range(t.trial.size):
        instants = _instants(planned, params, row)
        if rng.random() < 0.4:
            conduct.recruitment_closes_day[row] = _day(rng, instants)
        if rng.random() < 0.4:
            conduct.most_randomised[row] = rng.integers(1, most + 1)
        if rng.random() < 0.4:
            conduct.treatment_stops_day[row] = _day(rng, instants)
        for k in range(PAUSES):
            if rng.random() < 0.4:
                pair = sorted((_day(rng, instants), _day(rng, instants)))
                conduct.pause_from_day[row, k] = pair[0]
                conduct.pause_until_day[row, k] = rng.choice([pair[1], pair[1], np.inf])
    return conduct


def same_until(planned: TrialRecords, params: Params, conduct: Conduct) -> np.ndarray:
    """Return the last instant of each trial up to which its conduct changes nothing."""
    t, target = planned.trials, params.trial.target_randomised
    capped = np.full(t.trial.size, np.inf)
    for row, most in enumerate(conduct.most_randomised):
        if most < target and t.randomised[row] >= most:
            capped[row] = planned.patients.entry_day[t.first_row[row] + most - 1]
        elif most > target and t.randomised[row] == target:
            capped[row] = t.recruitment_end_day[row]
    return np.minimum.reduce(
        [
            conduct.recruitment_closes_day,
            capped,
            conduct.pause_from_day.min(axis=1),
            np.nextafter(conduct.treatment_stops_day, -1.0),  # what it ends comes after it
        ]
    )


def _instants(planned: TrialRecords, params: Params, row: int) -> list[np.ndarray]:
    first, number = planned.trials.first_row[row], planned.trials.randomised[row]
    mine = slice(first, first + number)
    p, s = planned.patients, planned.sessions
    entry = p.entry_day[mine]
    times = [
        entry,
        *(entry + getattr(p, f"{name}_after_days")[mine] for name in EVENTS),
        *(s.due_day[mine].ravel(), s.start_day[mine].ravel(), s.end_day[mine].ravel()),
        (s.due_day[mine] + params.plan.window_days[p.arm[mine]][:, None]).ravel(),
        (entry[:, None] + np.arange(params.trial.follow_up_days + 1)).ravel(),
        planned.trials.recruitment_end_day[row : row + 1],
        planned.trials.trial_end_day[row : row + 1],
        np.zeros(1),
    ]
    # Each kind is as likely, however many there are of it.
    return [kind for kind in map(_finite, times) if kind.size]


def _finite(times: np.ndarray) -> np.ndarray:
    return times[np.isfinite(times)]


def _day(rng: np.random.Generator, instants: list[np.ndarray]) -> float:
    kind, way = rng.integers(len(instants)), rng.integers(5)
    day = rng.choice(instants[kind])
    if way == 0:
        return float(rng.uniform(0.0, max(times.max() for times in instants) + 1.0))
    return max(0.0, float((day, day, np.nextafter(day, -1.0), np.nextafter(day, np.inf))[way - 1]))
