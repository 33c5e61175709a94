"""Looks at a trial before its end, and what is decided at them (model page, section 12)."""

import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulator.declarations.analyses.bayes import BetaPrior
from simulator.declarations.parts import Count, Part, Positive, Word
from simulator.scenario.adaptation import BlindedReestimation, PromisingZone, SlowRecruitment
from simulator.scenario.errors import RuleError
from simulator.scenario.monitored_family import MonitoredFamily, refuse_information_twice

MOST_LOOKS = 20
Moments = Annotated[list["Moment"], Field(min_length=2, max_length=2)]


class Moment(Part):
    """When data are cut: one of these."""

    deaths: Count | None = Field(default=None, description="at so many known deaths")
    randomised: Count | None = Field(default=None, description="at so many patients randomised")
    completed: Count | None = Field(
        default=None,
        description="at so many patients whose follow-up is due to have ended, dead or not",
    )
    information: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="at this share of max_information"
    )
    day: Positive | None = Field(default=None, description="on this day of the trial")
    date: datetime.date | None = Field(
        default=None, description="on this date, as 2027-03-01; trial.start_date is trial day 0"
    )
    every_months: Annotated[float, Field(gt=0, le=1200)] | None = Field(
        default=None,
        description="so many months after trial.start_date, and again after so many more, for as "
        "many looks as the trial comes to; see times",
    )
    earlier: Moments | None = Field(default=None, description="at the earlier of two moments")
    later: Moments | None = Field(default=None, description="at the later of two moments")

    @model_validator(mode="after")
    def _one_of_them(self) -> "Moment":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            keys = ", ".join(type(self).model_fields)
            rule = f"takes one of {keys}" if not given else f"has {' and '.join(given)}"
            raise RuleError(rule, "give one, as {deaths: 15}; of two the earlier or the later", "")
        return self


class Look(Part):
    """A look: when the data are cut, and how long it takes to decide."""

    at: Moment = Field(description="when the data are cut, as {deaths: 15}")
    times: Annotated[int, Field(ge=1, le=MOST_LOOKS)] | None = Field(
        default=None,
        description="how many looks every_months stands for at the most; null: as many as fall "
        "before the last day that the trial can have",
    )
    cleaning_days: Annotated[float, Field(ge=0, le=3660)] = Field(
        default=0.0,
        description="from the cut to the decision; patients are recruited and treated meanwhile",
    )
    pause: bool = Field(
        default=False, description="whether recruitment pauses from the cut to the decision"
    )

    @model_validator(mode="after")
    def _times_of_many(self) -> "Look":
        if self.times is not None and self.at.every_months is None:
            rule = "is of looks every so many months"
            raise RuleError(rule, "leave it out, or look at {every_months: 6}", "times")
        return self

    @model_validator(mode="after")
    def _pause_of_some_days(self) -> "Look":
        if self.pause and self.cleaning_days == 0.0:
            rule = "is from the cut to the decision, and without cleaning_days that takes no time"
            raise RuleError(rule, "give cleaning_days, as 14, or set it to false", "pause")
        return self


class Efficacy(Part):
    """The boundary beyond which a look rejects."""

    spending: Word = Field(
        default="lan_demets_obrien_fleming",
        description="how the level is spent, as trialsim boundaries has it: "
        "lan_demets_obrien_fleming, lan_demets_pocock, hwang_shih_decani(-4), kim_demets(3); or a "
        "boundary fixed for the looks as planned: obrien_fleming, pocock, wang_tsiatis(0.3), "
        "haybittle_peto(3). Each arm's favour has half of alpha, which a table ends with: "
        "table(0.005,0.025)",
    )
    lower_spending: Word | None = Field(
        default=None,
        description="of a two-sided analysis: how what is in favour of the first arm is spent, "
        "where the two sides differ; spending is then of the second arm. Needs lower_alpha",
    )
    lower_alpha: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None,
        description="the part of the analysis's alpha that is spent in favour of the first arm; "
        "the second has the rest",
    )

    exact: bool = Field(
        default=False,
        description="of tests of mortality at the end: whether the nominal level of each look is "
        "enumerated over the tables at the planned sizes, so that there the type I error is as "
        "large as spending allows; false: it is that of the normal boundary",
    )
    exact_sizes: Literal["planned", "actual"] = Field(
        default="planned",
        description="at which sizes exact levels are enumerated: once at those planned, or anew at "
        "those that each trial turns out to have, which holds the level where patients are lost. "
        "Needs exact: true",
    )

    @model_validator(mode="after")
    def _both_of_lower(self) -> "Efficacy":
        if self.lower_alpha is None and self.lower_spending is not None:
            raise RuleError("needs lower_alpha", "give it, as 0.005 of 0.05", "lower_spending")
        if self.lower_spending is None and self.lower_alpha is not None:
            raise RuleError("needs lower_spending", "give it, as kim_demets(1)", "lower_alpha")
        if self.exact_sizes == "actual" and not self.exact:
            rule = "says at which sizes exact levels are enumerated, and exact is false"
            raise RuleError(rule, "add exact: true, or leave exact_sizes out", "exact_sizes")
        return self


class Futility(Part):
    """The rule by which a look stops the trial because it would hardly reject."""

    rule: Word = Field(
        description="as trialsim boundaries has it: conditional_power(0.2,estimate), or under "
        "design or none; a threshold of z, as z(0); or a function that spends 1 - power, as "
        "hwang_shih_decani(-2). Of tests of mortality at the end also predictive_probability(0.05) "
        "that the final analysis rejects at the planned sizes. Positive z favours the second arm",
    )
    prior_control: BetaPrior | None = Field(
        default=None,
        description="of predictive_probability: a and b of the beta prior of the first arm's "
        "mortality; null: [1, 1], flat",
    )
    prior_experimental: BetaPrior | None = Field(
        default=None, description="the same of the second arm"
    )
    power: Annotated[float, Field(gt=0.5, lt=1)] = Field(
        default=0.8,
        description="of the design's effect: the one with which a trial of max_information has it",
    )
    binding: bool = Field(
        default=False,
        description="whether a trial that crosses it always stops, so that the efficacy boundary "
        "may count on it; false: it may be overruled, and the level holds without it",
    )


class Monitoring(Part):
    """Looks at one analysis, or at a family; others are tested once, at the actual end."""

    analysis: Word | None = Field(
        default=None,
        description="the analysis that is looked at; null: the first, or the family's first",
    )
    family: MonitoredFamily | None = Field(
        default=None,
        description="a family that is looked at, all of its analyses; null: one analysis alone",
    )
    max_information: Positive | None = Field(
        default=None,
        description="deaths (tests on time) or patients who completed (tests of mortality at the "
        "end) at which information is whole; null: as many patients as trial.target_randomised, "
        "for tests on time as many deaths as end the trial (trial.end), else no default",
    )
    max_information_per_patient: Positive | None = Field(
        default=None,
        description="the same for each patient of trial.target_randomised, as 0.45 deaths, so that "
        "it goes with the target; deaths and patients are rounded up; null: max_information",
    )
    looks: Annotated[list[Look], Field(min_length=1, max_length=MOST_LOOKS)] = Field(
        description="in their order, without the final analysis"
    )
    efficacy: Efficacy | None = Field(
        default=Efficacy(), description="null: no look stops for efficacy"
    )
    futility: Futility | None = Field(default=None, description="null: no look stops for futility")
    after_stopping: Literal["complete", "stop_treatment"] = Field(
        default="complete",
        description="once it is decided to stop, recruitment closes; complete: patients complete "
        "their course; stop_treatment: treatment stops that day; follow-up goes on in both cases",
    )
    blinded_reestimation: BlindedReestimation | None = Field(
        default=None, description="a new target from pooled data; null: none"
    )
    promising_zone: PromisingZone | None = Field(
        default=None, description="a higher target where a look is promising; null: none"
    )
    slow_recruitment: SlowRecruitment | None = Field(
        default=None, description="when recruitment closes because it is slow; null: never"
    )

    @model_validator(mode="after")
    def _given_once(self) -> "Monitoring":
        refuse_information_twice(self.max_information, self.max_information_per_patient)
        return self

    @model_validator(mode="after")
    def _decides(self) -> "Monitoring":
        changes = self.blinded_reestimation, self.promising_zone, self.slow_recruitment
        if self.efficacy is None and self.futility is None and not any(changes):
            rule = "no look can stop the trial"
            raise RuleError(rule, "give efficacy, futility or both", "efficacy")
        if self.efficacy is None and self.futility is None and self.after_stopping != "complete":
            rule = "no look stops the trial; after slow recruitment treatment is completed"
            raise RuleError(rule, "leave it out, or give efficacy or futility", "after_stopping")
        return self
