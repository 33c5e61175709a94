"""How many patients can be recruited in the time that a scenario allows."""

from dataclasses import replace

import pytest
from answers import operations, size_answer

from simulator.planning.recruitable import recruitable
from simulator.results.measures import Estimate, Share
from simulator.scenario.loader import load_scenario

FIVE_YEARS = 1825
DAYS_PER_MONTH = 30.4375


def scenario(days=FIVE_YEARS, **site):
    """The trial as planned, whose one site recruits as given, as plain values."""
    plain = load_scenario("nct05484908").scenario.model_dump(mode="json")
    plain["trial"]["max_recruitment_days"] = days
    plain["accrual"]["sites"][0].update(site)
    return plain


def daily(rate_on, days):
    """A slow and obvious sum: the rate at the middle of every hundredth of a day."""
    return sum(rate_on((k + 0.5) / 100) for k in range(int(100 * days))) / 100


def test_a_rate_by_the_time_gives_the_patients():
    """2.32 a month for 1825 days of which a month has 30.4375: 139.1."""
    found = recruitable(scenario(), operations(), None)
    assert found.patients == pytest.approx(2.32 * FIVE_YEARS / DAYS_PER_MONTH)
    assert (found.mcse, found.days, found.per_month) == (0.0, FIVE_YEARS, 2.32)
    assert found.at_full_rate


def test_a_site_that_opens_late_and_climbs_recruits_what_its_rate_sums_to():
    site = {"opens_day": 100, "ramp_days": 60, "rate_steps": [
        {"from_day": 0, "multiplier": 1}, {"from_day": 90, "multiplier": 0.5}]}  # fmt: skip

    def rate_on(day):
        since = day - 100
        if since < 0:
            return 0.0
        return 2.32 / DAYS_PER_MONTH * min(since / 60, 1) * (0.5 if since >= 90 else 1)

    found = recruitable(scenario(400, **site), operations(), None)
    assert found.patients == pytest.approx(daily(rate_on, 400), rel=1e-6)
    assert not found.at_full_rate


def test_a_site_that_opens_after_the_end_recruits_nobody():
    found = recruitable(scenario(400, opens_day=500), operations(), None)
    assert found.patients == 0.0


def test_what_trials_that_went_on_to_the_end_recruited_goes_before_the_rate():
    searched = recruitable(scenario(), operations(), size_answer(reached=False))
    assert (searched.patients, searched.mcse) == (141.2, 0.3)
    short = replace(
        operations(), target_reached=Share(0.0, 0.0, 0.001), randomised=Estimate(138.6, 0.1)
    )
    assert recruitable(scenario(), short, None).patients == 138.6


def test_referrals_that_are_a_given_number_tell_nothing_of_what_can_be_had():
    plain = load_scenario("two-arm-survival").scenario.model_dump(mode="json")
    assert recruitable(plain, operations(), None) is None
