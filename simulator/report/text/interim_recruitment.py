"""The forecast of recruitment of an interim as text."""

from collections.abc import Iterator

from simulator.report.text.page import Block
from simulator.report.text.tables import new_table
from simulator.results.interim import Interim
from simulator.results.interim_recruitment import RecruitmentForecast

_NEVER = "not within a century"
_CHANGED = 0.05  # p value below which recruitment is said to have changed
_ROWS = 4  # of dates: a screen holds no more


def recruitment(answer: Interim) -> Iterator[Block]:
    """How many by when, when recruitment closes, and what a further site would bring."""
    found = answer.recruitment
    if found is None:
        return
    if found.randomised >= found.target:
        yield f"{found.randomised} of {found.target} patients: recruitment is complete"
        return
    yield (
        f"{found.randomised} of {found.target} patients; open sites are expected to recruit "
        f"{found.per_month:.2f} a month"
    )
    table = new_table("patients", "median", "80 % interval", "95 % interval", words=("patients",))
    for row in found.patients[:_ROWS]:
        eighty = f"{row.low_80} to {row.high_80}"
        most = f"{row.low_95} to {row.high_95}"
        table.add_row(f"by {row.date}", str(row.median), eighty, most)
    for name, dates in (
        ("last randomised", found.closing),
        ("last follow-up", found.completion),
    ):
        eighty, most = _range(dates.low_80, dates.high_80), _range(dates.low_95, dates.high_95)
        table.add_row(name, dates.median or _NEVER, eighty, most)
    yield table
    yield from _planned(found)
    yield from _further(found)
    yield from _change(found)


def _range(low: str | None, high: str | None) -> str:
    if low is None:
        return _NEVER
    return f"{low} to {high}" if high is not None else f"{low} or later"


def _planned(found: RecruitmentForecast) -> Iterator[Block]:
    if found.chance_as_planned is not None:
        text = (
            f"probability of completing by {found.planned_completion}, as planned: "
            f"{_share(found.chance_as_planned)}"
        )
        if found.per_month_needed:
            text += f"; it takes {found.per_month_needed:.2f} a month to {found.last_randomisation}"
        yield text
    if found.chance_by_limit < 0.995:
        yield (
            f"probability to meet the target by {found.limit}, the latest end of recruitment: "
            f"{_share(found.chance_by_limit)}"
        )


def _further(found: RecruitmentForecast) -> Iterator[Block]:
    site = found.further_site
    if site is None:
        return
    text = f"a further site from {site.opens}, {site.per_month:.2f} a month: median of the last "
    text += f"randomisation {site.closing.median or _NEVER}"
    if site.months_earlier is not None:
        text += f", {site.months_earlier:.1f} months earlier"
    if site.chance_as_planned is not None:
        text += f"; completing as planned {_share(site.chance_as_planned)}"
    yield text


def _change(found: RecruitmentForecast) -> Iterator[Block]:
    change = found.change
    if change is None:
        return
    text = (
        f"{change.earlier_per_month:.2f} a month until {change.until}, "
        f"{change.later_per_month:.2f} since (p {change.p_value:.2g})"
    )
    if change.p_value < _CHANGED:
        text += ": recruitment has changed, and the forecast takes it to go on as on average"
    yield text


def sites(answer: Interim) -> Iterator[Block]:
    """The rate of each site, before and after its counts."""
    if answer.recruitment is None:
        return
    table = new_table(
        "site", "opened", "days open", "patients", "planned a month", "prior shape",
        "expected a month", "95 % interval", words=("site", "opened"),
    )  # fmt: skip
    for site in answer.recruitment.sites:
        counts = f"{site.days_open:.0f}", str(site.randomised)
        prior = f"{site.planned_per_month:.2f}", f"{site.prior_shape:g}"
        limits = f"{site.low:.2f} to {site.high:.2f}"
        table.add_row(site.name, site.opened, *counts, *prior, f"{site.per_month:.2f}", limits)
    yield table


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
