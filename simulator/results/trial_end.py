"""How trials end whose follow-up is not the same for each patient, or goes on for longer."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.results.base import Record
from simulator.results.measures import Estimate, Share


@dataclass(frozen=True, repr=False)
class TrialEnd(Record):
    """The end of the trials of a run.

    Attributes
    ----------
    deaths
        Known deaths that were to end the trial; None: no number does.
    min_follow_up_days
        After the last entry, when it ends; None: on no such day.
    follow_up_days, max_follow_up_days
        The day to which mortality by the end and MELD refer, and for how long a patient is followed
        at the longest.
    end_day
        Trial day on which the data are cut.
    deaths_reached
        Share of trials in which the deaths came that were to end it or, where a look stopped it,
        would have come; None where no number was asked for. The others end once the last patient
        has been followed for `max_follow_up_days`.
    known_deaths
        By arm, by the end.
    follow_up
        By arm, days per patient to death, loss or the end.
    """

    deaths: int | None
    min_follow_up_days: int | None
    follow_up_days: int
    max_follow_up_days: int
    end_day: Estimate
    deaths_reached: Share | None
    known_deaths: Mapping[str, Estimate]
    follow_up: Mapping[str, Estimate]
