"""How trials are conducted where a decision changed it (model page, section 11)."""

from typing import NamedTuple

import numpy as np

from simulator.records import Floats, Ints


class Conduct(NamedTuple):
    """What decisions changed, one row per trial; see the model page, section 11.

    Attributes
    ----------
    trial
        Index of each trial, in any order.
    recruitment_closes_day
        Trial day; infinity: as planned.
    most_randomised
        Patients with whom recruitment ends; as planned the target.
    pause_from_day, pause_until_day
        Shape (trials, pauses): between the two nobody is screened; infinity: no pause.
    treatment_stops_day
        Trial day; infinity: never.
    """

    trial: Ints
    recruitment_closes_day: Floats
    most_randomised: Ints
    pause_from_day: Floats
    pause_until_day: Floats
    treatment_stops_day: Floats

    def of(self, rows: Ints) -> "Conduct":
        """Return the conduct of some of the trials, by their rows here."""
        return Conduct._make(column[rows] for column in self)


def as_planned(trial: Ints, target_randomised: int) -> Conduct:
    """Return the conduct of trials of which nothing is changed."""
    trials = trial.size
    return Conduct(
        trial,
        np.full(trials, np.inf),
        np.full(trials, target_randomised, dtype=np.int64),
        np.empty((trials, 0)),
        np.empty((trials, 0)),
        np.full(trials, np.inf),
    )
