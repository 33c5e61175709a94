"""What a trial team knows at a cut of the data: the keys of its file, and their rules."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from simulator.declarations.parts import Part, Positive, Word
from simulator.scenario.errors import RuleError
from simulator.scenario.yaml_reader import YEARS

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
Number = Annotated[int, Field(ge=0, le=100_000)]
Statistic = Annotated[float, Field(ge=-40, le=40)]


class Counts(Part):
    """Patients at the cut."""

    randomised: Number = Field(description="patients randomised by the cut")
    followed_up: Number | None = Field(
        default=None,
        description="patients whose follow-up was due by the cut and who are known to be dead or "
        "alive at its end: what a test of mortality counts; null: not known",
    )
    deaths: Number | None = Field(
        default=None,
        description="deaths, or events of the analysis where it counts others: for a test of "
        "mortality among those followed up, for a test on time all that are known; null: not known",
    )

    @model_validator(mode="after")
    def _no_more_than_patients(self) -> "Counts":
        for name in ("followed_up", "deaths"):
            number = getattr(self, name)
            if number is not None and number > self.randomised:
                rule = f"are more than the {self.randomised} patients randomised"
                raise RuleError(rule, "correct one of the two", name)
        return self


class Result(Part):
    """The monitored analysis at this cut, as the statistician has it."""

    z: Statistic | None = Field(
        default=None,
        description="its statistic; positive z favours the second arm or, of a one-sided "
        "hypothesis, what it is to show",
    )
    difference: float | None = Field(
        default=None, description="estimate of a difference, second arm minus first"
    )
    ratio: Positive | None = Field(
        default=None, description="estimate of a ratio, as a hazard ratio, second arm to first"
    )
    standard_error: Positive | None = Field(
        default=None, description="of the difference, or of the logarithm of the ratio"
    )
    information: Positive | None = Field(
        default=None,
        description="in the unit of monitoring.max_information; null: from the counts, or 1 / "
        "standard_error^2",
    )

    @model_validator(mode="after")
    def _estimate_has_an_error(self) -> "Result":
        if self.difference is not None and self.ratio is not None:
            raise RuleError("stands beside difference", "give one of the two", "ratio")
        has_estimate = self.difference is not None or self.ratio is not None
        if has_estimate and self.standard_error is None:
            rule = "an estimate needs its standard_error"
            raise RuleError(rule, "give that of the difference or of the log ratio", "")
        if self.standard_error is not None and not has_estimate:
            rule = "is given without an estimate"
            raise RuleError(rule, "give difference or ratio too", "standard_error")
        return self


class EarlierLook(Part):
    """A look that was taken before."""

    cut: date = Field(description="date of its cut, as 2023-06-30")
    information: Positive = Field(
        description="that it had, in the unit of monitoring.max_information, as 15 deaths"
    )
    z: Statistic | None = Field(
        default=None, description="its statistic, with the sign that it has now; null: not known"
    )


class HypothesisSeen(Part):
    """An analysis of a family that is looked at, beside the one that leads."""

    analysis: Word = Field(description="its name in the scenario")
    rejected: bool = Field(default=False, description="whether an earlier look rejected it")
    z: Statistic | None = Field(
        default=None, description="its statistic at this cut; null: not known"
    )
    information: Positive | None = Field(
        default=None,
        description="that it has, in its own unit; null: that of the analysis which leads, where "
        "it is counted alike",
    )
    earlier_information: list[Positive] = Field(
        default=[], max_length=20, description="that it had at each of earlier_looks"
    )


class SiteCounts(Part):
    """A site and what it has recruited."""

    name: Word = Field(description="its name; that of a site of the scenario has that one's rate")
    opened: date = Field(
        description="first day on which it recruited; a later one than the cut: it is to open then"
    )
    closed: date | None = Field(
        default=None, description="last day on which it recruits; null: it goes on"
    )
    days_open: Positive | None = Field(
        default=None,
        description="days on which it could recruit by the cut, if it paused; null: all since then",
    )
    randomised: Number | None = Field(
        default=None, description="patients by the cut; null: the sum of by_month"
    )
    by_month: dict[str, Number] | None = Field(
        default=None, description="patients by calendar month, as {2023-01: 2}; others had none"
    )

    @property
    def patients(self) -> int:
        """Patients by the cut."""
        return sum((self.by_month or {}).values()) if self.randomised is None else self.randomised

    @model_validator(mode="after")
    def _dates_and_counts_agree(self) -> "SiteCounts":
        if self.closed is not None and self.closed < self.opened:
            rule = f"is before {self.opened}, when it opened"
            raise RuleError(rule, "correct one of the two", "closed")
        if self.randomised is None and self.by_month is None:
            raise RuleError("must be given, or by_month", "as randomised: 12", "randomised")
        for month in self.by_month or {}:
            if not _MONTH.fullmatch(month):
                rule = f"{month[:20]} is not a month"
                raise RuleError(rule, "write year-month, as 2023-01", "by_month")
        total = sum((self.by_month or {}).values())
        if self.by_month is not None and self.randomised not in (None, total):
            rule = f"{self.randomised} patients, and {total} by month"
            raise RuleError(rule, "correct one of the two, or leave one out", "randomised")
        return self


class FurtherSite(Part):
    """A site that might be added."""

    opens: date = Field(description="first day on which it would recruit")
    randomised_per_month: Positive | None = Field(
        default=None, description="expected patients a month; null: as those of the present sites"
    )


class Recruited(Part):
    """Recruitment by site."""

    sites: list[SiteCounts] = Field(
        min_length=1, max_length=1000, description="every site that recruits, did or is to"
    )
    further_site: FurtherSite | None = Field(
        default=None,
        description="a site that might be added; null: one like the present ones, open in 90 days",
    )


class Observed(Part):
    """What is known at a cut."""

    cut: date = Field(description="last day whose data are in, as 2024-03-31")
    final: bool | None = Field(
        default=None,
        description="whether it is the final analysis; null: if information is all that is planned",
    )
    arms: dict[str, Counts] | None = Field(
        default=None, description="counts by arm, by the arms' names in the scenario; null: pooled"
    )
    pooled: Counts | None = Field(
        default=None, description="counts of both arms together, for a team that is blinded"
    )
    result: Result | None = Field(
        default=None, description="the monitored analysis at this cut; null: from the counts"
    )
    earlier_looks: list[EarlierLook] = Field(
        default=[], max_length=20, description="looks before this one, in their order"
    )
    hypotheses: list[HypothesisSeen] = Field(
        default=[], max_length=6, description="other analyses of a family that is looked at"
    )
    recruitment: Recruited | None = Field(
        default=None, description="recruitment by site, for the forecast; null: none is made"
    )

    @property
    def randomised(self) -> int | None:
        """Patients randomised, of both arms; None: not known."""
        found = self.total("randomised")
        if found is None and self.recruitment is not None:
            return sum(site.patients for site in self.recruitment.sites)
        return found

    def total(self, name: str) -> int | None:
        """Return a count of both arms together; None: not known."""
        parts = [self.pooled] if self.pooled is not None else list((self.arms or {}).values())
        numbers = [getattr(part, name) for part in parts]
        return None if not numbers or None in numbers else sum(numbers)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Observed":
        if not any((self.arms, self.pooled, self.result, self.recruitment)):
            rule = "nothing is known at the cut"
            raise RuleError(rule, "give arms, pooled, result or recruitment", "")
        rules = (_date_rules, _look_rules, _count_rules, _site_rules)
        for error in (error for rule in rules for error in rule(self)):
            raise error
        return self


def _date_rules(observed: Observed) -> Iterator[RuleError]:
    """Years that a file cannot have, but a mapping can."""
    sites = [] if observed.recruitment is None else observed.recruitment.sites
    dates: dict[str, date | None] = {"cut": observed.cut}
    for place, site in enumerate(sites):
        dates[f"recruitment.sites[{place}].opened"] = site.opened
        dates[f"recruitment.sites[{place}].closed"] = site.closed
    if observed.recruitment is not None and observed.recruitment.further_site is not None:
        dates[_FURTHER] = observed.recruitment.further_site.opens
    for key, day in dates.items():
        if day is not None and day.year not in YEARS:
            rule = f"must be a date in the years {YEARS.start} to {YEARS.stop - 1}"
            yield RuleError(rule, "correct the year", key)


def _look_rules(observed: Observed) -> Iterator[RuleError]:
    looks = observed.earlier_looks
    for place, (before, look) in enumerate(pairwise(looks), start=1):
        if look.cut <= before.cut:
            rule = f"is not after the look before it, of {before.cut}"
            yield RuleError(rule, "put looks in their order", f"earlier_looks[{place}].cut")
        if look.information <= before.information:
            rule = f"does not rise: the look before it had {before.information:g}"
            yield RuleError(rule, "correct one of them", f"earlier_looks[{place}].information")
    named = [one.analysis for one in observed.hypotheses]
    for place, name in enumerate(named):
        if name in named[:place]:
            yield RuleError("is named twice", "name it once", f"hypotheses[{place}].analysis")
    if looks and looks[-1].cut >= observed.cut:
        rule = f"is not before the cut, {observed.cut}"
        yield RuleError(rule, "correct one of the two", f"earlier_looks[{len(looks) - 1}].cut")


def _count_rules(observed: Observed) -> Iterator[RuleError]:
    if observed.arms is not None and observed.pooled is not None:
        yield RuleError("stands beside arms", "give one of the two", "pooled")
    by_site, total = observed.recruitment, observed.total("randomised")
    if by_site is not None and total is not None:
        sites = sum(site.patients for site in by_site.sites)
        if sites != total:
            where = "pooled" if observed.pooled is not None else "arms"
            rule = f"have {sites} patients, and {where} {total}"
            yield RuleError(rule, "give both as they were at the cut", "recruitment.sites")


def _site_rules(observed: Observed) -> Iterator[RuleError]:
    sites = [] if observed.recruitment is None else observed.recruitment.sites
    names: set[str] = set()
    for place, site in enumerate(sites):
        key = f"recruitment.sites[{place}]"
        if site.name in names:
            yield RuleError("is the name of two sites", "give each its own", f"{key}.name")
        names.add(site.name)
        if site.opened > observed.cut and site.patients:
            rule = f"{site.patients} patients before the site opens, on {site.opened}"
            yield RuleError(rule, "correct one of the two", f"{key}.opened")
        last = observed.cut if site.closed is None else min(observed.cut, site.closed)
        days = (last - site.opened).days + 1
        if site.days_open is not None and site.days_open > days:
            rule = f"are more than the {max(days, 0)} days from its opening to the cut"
            yield RuleError(rule, "correct one of the two", f"{key}.days_open")
        for month in site.by_month or {}:
            if not f"{site.opened:%Y-%m}" <= month <= f"{last:%Y-%m}":
                rule = f"{month} is not between opening and cut, {site.opened} to {last}"
                yield RuleError(rule, "correct one of them", f"{key}.by_month")
    further = None if observed.recruitment is None else observed.recruitment.further_site
    if further is not None and further.opens <= observed.cut:
        rule = f"is not after the cut, {observed.cut}"
        yield RuleError(rule, "name a site that recruits under sites", _FURTHER)


_FURTHER = "recruitment.further_site.opens"
