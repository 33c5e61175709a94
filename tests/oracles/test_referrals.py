"""Sites that say how many candidates are referred: what eligibility does to recruitment."""

import math

import pytest
from answers import operations
from scenario_builder import assert_mean, base_case, changed, poisson_accrual, run

from simulator.declarations.keys import key_path
from simulator.params.lower import lower, randomised_share
from simulator.planning.power import _recruitment_key
from simulator.planning.recruitable import recruitable

MONTH = 30.4375
REFERRED = 60.0  # a month
SAMPLE = 131_072  # candidates among whom the eligible share is counted


def referring(*sites, **changes):
    """Return the base case with sites that say what is referred, its unit left out."""
    plain = {"accrual": poisson_accrual(*sites), "unit": None}
    return base_case(changes=plain | {"trial.max_recruitment_days": 1e4} | changes)


def by_referral(rate=REFERRED, **site):
    return {"randomised_per_month": None, "referred_per_month": rate} | site


def mean_enrolment_days(records):
    return records.trials.recruitment_end_day


def test_a_site_randomises_the_share_of_its_referrals_that_is_eligible_and_consents():
    """Oracle: a Poisson process of referrals, thinned; the trials count the eligible anew."""
    scenario = referring(by_referral(), **{"trial.target_randomised": 50})
    records = run(scenario, seed=11, trials=400)
    t = records.trials
    screened, failed, refused = t.screened.sum(), t.failed_first.sum(), t.refused_consent.sum()
    eligible = 1 - failed / screened
    share = eligible * 0.9  # the scenario's probability of consent
    rate = REFERRED * share / MONTH  # randomised a day
    # The n-th of a Poisson process comes after n/rate days on average; the share's own error,
    # binomial, is added to that of the mean.
    expected = 50 / rate
    days = mean_enrolment_days(records)
    error = math.hypot(
        days.std(ddof=1) / math.sqrt(days.size),
        expected * math.sqrt(eligible * (1 - eligible) / screened) / eligible,
    )
    assert abs(days.mean() - expected) <= 4 * error
    consent = 1 - refused / (screened - failed)
    assert abs(consent - 0.9) <= 4 * math.sqrt(0.9 * 0.1 / (screened - failed))


def test_the_lowered_rate_is_that_of_the_patients_randomised_turned_round():
    """r randomised a month and r / share referred a month are one process, knot by knot."""
    by_target = referring({"randomised_per_month": 12.0, "ramp_days": 40.0, "opens_day": 9.0})
    share = randomised_share(by_target)
    by_candidates = referring(by_referral(12.0 / share, ramp_days=40.0, opens_day=9.0))
    one, other = lower(by_target).accrual, lower(by_candidates).accrual
    for name in ("knot_day", "knot_cumulative", "knot_rate", "knot_slope", "opens_day"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-14)


def test_without_criteria_recruitment_is_shorter_by_the_share_that_was_eligible():
    """The same referrals bring the 50 patients in .405 of the time; by randomised, in the same."""
    with_criteria = referring(by_referral(), **{"trial.target_randomised": 50})
    without = changed(with_criteria, {"eligibility": None})
    share = randomised_share(with_criteria)
    days = [mean_enrolment_days(run(s, seed=12, trials=400)) for s in (with_criteria, without)]
    # Both are sums of 50 exponential times: relative error 1/sqrt(50 x 400) each. The share's own
    # is that of its sample.
    relative = math.sqrt(2 / (50 * 400) + (1 / share - 1) / SAMPLE)
    assert abs(days[1].mean() / days[0].mean() / share - 1) <= 4 * relative
    assert randomised_share(without) == 1.0
    kept = referring({"randomised_per_month": 12.0}, **{"trial.target_randomised": 50})
    times = [
        mean_enrolment_days(run(s, seed=12, trials=400))
        for s in (kept, changed(kept, {"eligibility": None}))
    ]
    assert abs(times[1].mean() / times[0].mean() - 1) <= 4 * math.sqrt(2 / (50 * 400))


def test_referrals_of_everybody_are_poisson():
    without = referring(by_referral(30.0), eligibility=None, **{"trial.target_randomised": 20})
    assert_mean(mean_enrolment_days(run(without, seed=13, trials=400)), 20 * MONTH / 30.0)


def test_the_key_that_recruits_more_is_the_one_that_the_fastest_site_gives():
    slow, fast = {"randomised_per_month": 2.0}, by_referral(20.0)
    mixed = referring(slow, fast)
    share = randomised_share(mixed)
    assert 20.0 * share > 2.0
    found = _recruitment_key(mixed, share)
    assert (found.key, found.value) == ("accrual.sites[1].referred_per_month", 20.0)
    alike = _recruitment_key(referring(fast, fast), share)
    assert (alike.key, alike.value) == ("accrual.sites[*].referred_per_month", 20.0)
    # 3 candidates a month are fewer patients than 2 randomised.
    found = _recruitment_key(referring(slow, by_referral(3.0)), share)
    assert found.key == key_path(("accrual", "sites", 0, "randomised_per_month"))


def test_what_can_be_recruited_counts_the_eligible_alone():
    scenario = referring(by_referral(10.0), **{"trial.max_recruitment_days": 1825.0})
    found = recruitable(scenario.model_dump(mode="json"), operations(), None)
    share = randomised_share(scenario)
    assert found.per_month == pytest.approx(10.0 * share)
    assert found.patients == pytest.approx(10.0 * share * 1825 / MONTH)
