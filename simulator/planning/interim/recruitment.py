"""Recruitment at an interim: from counts by site to dates, and what a further site would bring."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from scipy.stats import binomtest

from simulator.constants import DAYS_PER_MONTH
from simulator.monitoring.forecast import MOST_DAYS, Forecast, Pace, Rate, Site, updated
from simulator.params.lower import randomised_share
from simulator.planning.interim.keys import FurtherSite as AskedSite
from simulator.planning.interim.keys import Observed, SiteCounts
from simulator.results.interim import Assumption
from simulator.results.interim_recruitment import (
    Dates,
    FurtherSite,
    PaceChange,
    PatientsBy,
    RecruitmentForecast,
    SiteRate,
)
from simulator.scenario.population import Site as PlannedSite
from simulator.scenario.schema import Scenario

WEAK_SHAPE = 1.0  # a prior that weighs as one patient
ACTIVATION_DAYS = 90  # until a further site would recruit
_MONTHS_SHOWN = (3, 6, 12, 24, 36)
_LATEST = date(9999, 1, 1)
_SHARES = (0.5, 0.1, 0.9, 0.025, 0.975)


class _Known(NamedTuple):
    """A site, what is assumed of it and what is known."""

    counts: SiteCounts
    prior: Rate
    pace: Pace
    exposure: float
    days_open: float

    @property
    def posterior(self) -> Rate:
        return updated(self.prior, self.counts.patients, self.exposure)

    def going_on(self, cut: date) -> Site:
        opened, closed = self.counts.opened, self.counts.closed
        return Site((self.posterior,), _to_come(self.pace, opened, closed, cut))


def forecast_of(
    scenario: Scenario, observed: Observed
) -> tuple[RecruitmentForecast, tuple[Assumption, ...]] | None:
    """Return the forecast of recruitment, and what it assumes; None: no counts by site."""
    if observed.recruitment is None:
        return None
    cut, trial = observed.cut, scenario.trial
    known = _known_sites(scenario, observed.recruitment.sites, cut)
    randomised = sum(site.counts.patients for site in known)
    wanted = max(trial.target_randomised - randomised, 0)
    forecast = Forecast([site.going_on(cut) for site in known], wanted)
    first = min(site.counts.opened for site in known)
    limit = _after(first, trial.max_recruitment_days)
    plan = trial.planned_completion_date
    last = None if plan is None else plan - timedelta(days=trial.last_follow_up_days)
    more = _further(observed.recruitment.further_site, known, cut) if wanted else None
    assumed = [Assumption.RATES_STAY]
    if scenario.accrual.kind == "uniform" or scenario.accrual.site_rates.kind == "fixed":
        assumed.append(Assumption.WEAK_PRIOR_OF_RATES)
    per_month = sum(s.posterior.mean for s in known if _is_open(s, cut)) * DAYS_PER_MONTH
    answer = RecruitmentForecast(
        randomised=randomised,
        target=trial.target_randomised,
        per_month=per_month,
        sites=tuple(map(_rate, known)),
        patients=tuple(_patients(forecast, cut, randomised)),
        closing=_dates(forecast, cut),
        completion=_dates(forecast, cut, trial.last_follow_up_days),
        planned_completion=None if plan is None else plan.isoformat(),
        last_randomisation=None if last is None else last.isoformat(),
        per_month_needed=_needed(wanted, cut, last),
        chance_as_planned=_chance(forecast, cut, last),
        limit=limit.isoformat(),
        chance_by_limit=forecast.chance((limit - cut).days),
        change=_change([site.counts for site in known], cut),
        further_site=None if more is None else _with_further(more, forecast, cut, last),
    )
    return answer, (*assumed, *(() if more is None else more.assumed))


def _known_sites(scenario: Scenario, counts: Sequence[SiteCounts], cut: date) -> list[_Known]:
    accrual = scenario.accrual
    planned: dict[str, PlannedSite] = {}
    shape, share = WEAK_SHAPE, 1.0
    if accrual.kind == "uniform":
        usual = scenario.trial.target_randomised / accrual.over_days / len(counts)
    else:
        planned = {site.name: site for site in accrual.sites}
        if any(site.referred_per_month is not None for site in accrual.sites):
            share = randomised_share(scenario)
        rates = [site.randomised(share) / DAYS_PER_MONTH for site in accrual.sites]
        usual = sum(rates) / len(rates)
        if accrual.site_rates.kind == "gamma":
            shape = accrual.site_rates.shape
    found = []
    for one in counts:
        site = planned.get(one.name)
        mean = usual if site is None else site.randomised(share) / DAYS_PER_MONTH
        pace = Pace() if site is None else _pace(site)
        last = cut if one.closed is None else min(cut, one.closed)
        since = max((last - one.opened).days + 1, 0)
        open_days = float(since) if one.days_open is None else one.days_open
        # Days on which the site paused are lost evenly over its days so far.
        exposure = pace.full_days(since) * (open_days / since if since else 0.0)
        found.append(_Known(one, Rate(shape, shape / mean), pace, exposure, open_days))
    return found


def _pace(site: PlannedSite) -> Pace:
    steps = tuple((step.from_day, step.multiplier) for step in site.rate_steps or [])
    return Pace(site.ramp_days, steps or ((0.0, 1.0),))


def _to_come(pace: Pace, opened: date, closed: date | None, cut: date) -> Callable[[float], float]:
    """Days at full pace by day since the cut."""
    since = float((cut - opened).days + 1)
    last = float("inf") if closed is None else float((closed - opened).days + 1)

    def full_days(days: float) -> float:
        until = min(since + days, last)
        return max(pace.full_days(until) - pace.full_days(min(since, last)), 0.0)

    return full_days


def _is_open(site: _Known, cut: date) -> bool:
    counts = site.counts
    return counts.opened <= cut and (counts.closed is None or counts.closed > cut)


def _rate(site: _Known) -> SiteRate:
    found, prior = site.posterior, site.prior
    return SiteRate(
        name=site.counts.name,
        opened=site.counts.opened.isoformat(),
        randomised=site.counts.patients,
        days_open=site.days_open,
        planned_per_month=prior.mean * DAYS_PER_MONTH,
        prior_shape=prior.shape,
        per_month=found.mean * DAYS_PER_MONTH,
        low=found.quantile(0.025) * DAYS_PER_MONTH,
        high=found.quantile(0.975) * DAYS_PER_MONTH,
    )


def _patients(forecast: Forecast, cut: date, randomised: int) -> list[PatientsBy]:
    """By date, until the target is more probably met than not."""
    found = []
    for months in _MONTHS_SHOWN if forecast.wanted else ():
        days = round(months * DAYS_PER_MONTH)
        numbers = [randomised + forecast.patients(days, share) for share in _SHARES]
        found.append(PatientsBy(_after(cut, days).isoformat(), *numbers))
        if numbers[0] == randomised + forecast.wanted:
            break
    return found


def _dates(forecast: Forecast, cut: date, later_days: int = 0) -> Dates:
    days = [forecast.closing_day(share) for share in _SHARES]
    return Dates(*(None if d is None else _after(cut, d + later_days).isoformat() for d in days))


def _after(day: date, days: float) -> date:
    return min(day + timedelta(days=min(int(days), MOST_DAYS * 2)), _LATEST)


def _chance(forecast: Forecast, cut: date, last: date | None) -> float | None:
    return None if last is None else forecast.chance((last - cut).days)


def _needed(wanted: int, cut: date, last: date | None) -> float | None:
    if last is None or last <= cut:
        return None
    return wanted / (last - cut).days * DAYS_PER_MONTH


def _change(counts: Sequence[SiteCounts], cut: date) -> PaceChange | None:
    """Later months against earlier ones, where every site has its counts by month."""
    if any(site.by_month is None and site.patients for site in counts):
        return None
    patients: Counter[str] = Counter()
    days: Counter[str] = Counter()
    for site in counts:
        patients.update(site.by_month or {})
        last = cut if site.closed is None else min(cut, site.closed)
        for number in range(max((last - site.opened).days + 1, 0)):
            days[f"{site.opened + timedelta(days=number):%Y-%m}"] += 1
    months = sorted(days)
    total, so_far = sum(days.values()), 0
    ends = []
    for month in months[:-1]:
        so_far += days[month]
        ends.append((abs(so_far - total / 2), month, so_far))
    if not ends or not sum(patients.values()):
        return None
    _, until, early_days = min(ends)
    early = sum(number for month, number in patients.items() if month <= until)
    late = sum(patients.values()) - early
    test = binomtest(late, early + late, 1 - early_days / total)
    before, after = _calendar_days(counts, cut, until)
    return PaceChange(
        until=until,
        earlier_per_month=early / before * DAYS_PER_MONTH,
        later_per_month=late / after * DAYS_PER_MONTH,
        p_value=float(test.pvalue),
    )


def _calendar_days(counts: Sequence[SiteCounts], cut: date, until: str) -> tuple[int, int]:
    """Days before and after the end of a month, from the first opening to the cut."""
    first = min(site.opened for site in counts)
    year, month = map(int, until.split("-"))
    turn = date(year + month // 12, month % 12 + 1, 1)
    return max((turn - first).days, 1), max((cut - turn).days + 1, 1)


class _More(NamedTuple):
    """A further site as it would recruit, with what is assumed of it."""

    site: Site
    opens: date
    per_month: float
    assumed: tuple[Assumption, ...]


def _further(asked: AskedSite | None, known: Sequence[_Known], cut: date) -> _More:
    assumed = []
    if asked is None:
        opens = cut + timedelta(days=ACTIVATION_DAYS)
        assumed.append(Assumption.FURTHER_SITE_OPENS)
    else:
        opens = asked.opens
    if asked is not None and asked.randomised_per_month is not None:
        shape = known[0].prior.shape
        days = shape * DAYS_PER_MONTH / asked.randomised_per_month
        rates: tuple[Rate, ...] = (Rate(shape, days),)
    else:
        rates = tuple(site.posterior for site in known)
        assumed.append(Assumption.FURTHER_SITE_LIKE_PRESENT)
    mean = sum(rate.mean for rate in rates) / len(rates) * DAYS_PER_MONTH
    return _More(Site(rates, _to_come(Pace(), opens, None, cut)), opens, mean, tuple(assumed))


def _with_further(more: _More, without: Forecast, cut: date, last: date | None) -> FurtherSite:
    forecast = Forecast([*without.sites, more.site], without.wanted)
    before, after = without.closing_day(0.5), forecast.closing_day(0.5)
    earlier = None if before is None or after is None else (before - after) / DAYS_PER_MONTH
    return FurtherSite(
        opens=more.opens.isoformat(),
        per_month=more.per_month,
        closing=_dates(forecast, cut),
        months_earlier=earlier,
        chance_as_planned=_chance(forecast, cut, last),
    )
