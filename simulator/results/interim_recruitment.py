"""The forecast of recruitment, as the answer of `monitor` has it."""

from dataclasses import dataclass

from simulator.results.base import Record


@dataclass(frozen=True, repr=False)
class SiteRate(Record):
    """A site's rate, patients a month at full pace.

    Attributes
    ----------
    opened
        Date.
    days_open
        By the cut.
    planned_per_month
        Mean of the prior.
    prior_shape
        Shape of the gamma prior: it weighs as so many patients.
    per_month, low, high
        Mean of the posterior and its 95 % interval.
    """

    name: str
    opened: str
    randomised: int
    days_open: float
    planned_per_month: float
    prior_shape: float
    per_month: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Dates(Record):
    """Predictive distribution of a date; None: later than a century from the cut, or never."""

    median: str | None
    low_80: str | None
    high_80: str | None
    low_95: str | None
    high_95: str | None


@dataclass(frozen=True, repr=False)
class PatientsBy(Record):
    """Predictive distribution of the patients randomised by a date, those so far included."""

    date: str
    median: int
    low_80: int
    high_80: int
    low_95: int
    high_95: int


@dataclass(frozen=True, repr=False)
class PaceChange(Record):
    """Whether recruitment has changed: earlier and later months, by the exact binomial test.

    Attributes
    ----------
    until
        Last month of the earlier ones, as 2023-01.
    earlier_per_month, later_per_month
        Patients a month of the sites open, all together.
    """

    until: str
    earlier_per_month: float
    later_per_month: float
    p_value: float


@dataclass(frozen=True, repr=False)
class FurtherSite(Record):
    """What a further site would bring.

    Attributes
    ----------
    opens
        Date.
    per_month
        Expected patients a month.
    closing
        Of recruitment with it.
    months_earlier
        By which the median of the closing date comes earlier; None: there is no such date.
    chance_as_planned
        To complete the trial by the planned date with it.
    """

    opens: str
    per_month: float
    closing: Dates
    months_earlier: float | None
    chance_as_planned: float | None


@dataclass(frozen=True, repr=False)
class RecruitmentForecast(Record):
    """Recruitment to come, by the Poisson-gamma model.

    Attributes
    ----------
    randomised, target
        So far, and planned.
    per_month
        Expected of all sites open at the cut.
    closing
        When the last patient is randomised.
    completion
        When follow-up of the last patient ends.
    planned_completion
        Date in the scenario; None: there is none.
    last_randomisation
        The latest date with which that is met.
    per_month_needed
        From the cut, to meet it; None: there is no such date, or it has passed.
    chance_as_planned
        To complete the trial by then.
    limit, chance_by_limit
        Date at which recruitment ends at the latest, and the probability that the target is met.
    """

    randomised: int
    target: int
    per_month: float
    sites: tuple[SiteRate, ...]
    patients: tuple[PatientsBy, ...]
    closing: Dates
    completion: Dates
    planned_completion: str | None
    last_randomisation: str | None
    per_month_needed: float | None
    chance_as_planned: float | None
    limit: str
    chance_by_limit: float
    change: PaceChange | None
    further_site: FurtherSite | None
