"""When a trial ends for all its patients at once (model page, section 12)."""

import math

import numpy as np

from simulator.analysis.cut import Cut, cut_days, rows_of
from simulator.params.types import Params
from simulator.records import Floats, TrialRecords


def end_days(params: Params, records: TrialRecords) -> Floats:
    """Trial day on which each trial ends, as its scenario asks.

    Parameters
    ----------
    records
        Of trials whose patients are all followed for `max_follow_up_days`.
    """
    trial, ends = params.trial, records.trials.trial_end_day
    if trial.ends_at_deaths > 0:
        asked = Cut("deaths", trial.ends_at_deaths)
        return np.minimum(cut_days(rows_of(records), trial.max_follow_up_days, asked)[0], ends)
    followed = last_entries(records) + trial.min_follow_up_days
    return np.fmax(records.trials.recruitment_end_day, followed)


def last_entries(records: TrialRecords) -> Floats:
    """Trial day of the last entry of each trial, NaN where nobody entered."""
    randomised = records.trials.randomised
    last = np.full(randomised.size, math.nan)
    some = randomised > 0
    last[some] = records.patients.entry_day[np.cumsum(randomised)[some] - 1]
    return last
