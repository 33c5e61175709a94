"""Death from the liver in the whole engine against survival curves in closed form (section 7)."""

import math

import numpy as np
import pytest
from scenario_builder import EPSILON, NEVER, assert_share, bare, changed, run
from scipy import integrate, stats

PATIENTS = 3_000
DAYS = (1.5, 7.0, 20.25, 28.0, 60.0, 84.0)
RATIO = 0.6
BASELINES = {
    "exponential": {"kind": "exponential"},
    "weibull early": {"kind": "weibull", "shape": 0.7},
    "weibull late": {"kind": "weibull", "shape": 1.8},
    "piecewise": {
        "kind": "piecewise",
        "days": [7.0, 14.0, 21.0, 28.0, 84.0],
        "shares": [0.0689, 0.18135, 0.2197, 0.18005, 0.35],
    },
    "piecewise that pauses": {
        "kind": "piecewise",
        "days": [3.5, 20.0, 84.0],
        "shares": [0.4, 0.0, 0.6],
    },
}
each_baseline = pytest.mark.parametrize("words", BASELINES.values(), ids=BASELINES)
MORTALITY = 0.55
# The daily path is taken when infections raise the hazard, even where none ever happens.
BY_DAY = {"exits.infection": NEVER | {"hazard_ratio": 2.0}}


def baseline(words):
    return {"hazard.baseline": {"horizon_days": 84.0, "mortality_at_horizon": MORTALITY} | words}


def cumulative(words, day):
    """Cumulative baseline hazard, from the definition: a share of the whole is used up by a day."""
    whole = -math.log(1 - MORTALITY)
    if words["kind"] == "piecewise":
        return whole * np.interp(day, [0, *words["days"]], [0, *np.cumsum(words["shares"])])
    return whole * (np.asarray(day) / 84) ** words.get("shape", 1.0)


def by_daily_factors(words, factors, day):
    """Cumulative hazard by a time within follow-up, `factors` being held for a patient-day each."""
    opening = np.arange(84)
    spent = cumulative(words, np.minimum(opening + 1, day)) - cumulative(
        words, np.minimum(opening, day)
    )
    return float(np.sum(factors * spent))


def assert_mortality(records, arm, deaths_by):
    """Compare the deaths of an arm with `deaths_by(day)` on every one of DAYS."""
    times = records.patients.death_after_days[records.patients.arm == arm]
    for day in DAYS:
        assert_share(int((times <= day).sum()), times.size, deaths_by(day))


@each_baseline
def test_survival_of_both_arms_is_the_closed_form_under_a_direct_hazard_ratio(words):
    records = run(bare(PATIENTS, baseline(words) | {"hazard.effect.hazard_ratio": RATIO}), seed=101)
    assert_mortality(records, 0, lambda day: -math.expm1(-cumulative(words, day)))
    assert_mortality(records, 1, lambda day: -math.expm1(-RATIO * cumulative(words, day)))


@each_baseline
@pytest.mark.parametrize(
    ("delay", "half_life"), [(10.4, None), (0.0, 9.0), (5.0, 20.0)], ids=["delay", "waning", "both"]
)
def test_delay_and_waning_change_the_hazard_at_patient_day_openings(words, delay, half_life):
    effect = {
        "hazard.effect.hazard_ratio": 0.3,
        "hazard.effect.delay_days": delay,
        "hazard.effect.waning_half_life_days": half_life,
    }
    records = run(bare(600, baseline(words) | effect), seed=102)
    day = np.arange(84)
    log_ratio = np.where(day >= delay, math.log(0.3), 0.0)
    if half_life is not None:
        log_ratio = log_ratio * 0.5 ** ((day - delay) / half_life)
    assert_mortality(records, 0, lambda t: -math.expm1(-cumulative(words, t)))
    assert_mortality(
        records, 1, lambda t: -math.expm1(-by_daily_factors(words, np.exp(log_ratio), t))
    )
    # And patient by patient, where nothing hides a small difference.
    patients = records.patients
    until = np.minimum(patients.death_after_days, 84.0)
    for row in np.flatnonzero(patients.arm == 1)[:60]:
        expected = by_daily_factors(words, np.exp(log_ratio), until[row])
        # 84 terms of some ten roundings each, and a time rounded at hazards below 10 a day.
        assert patients.liver_cumulative_hazard[row] == pytest.approx(
            expected, rel=10 * 84 * EPSILON, abs=10 * 84 * EPSILON
        )


@each_baseline
def test_the_daily_path_and_one_inversion_give_each_patient_the_same_death(words):
    asked = bare(500, baseline(words) | {"hazard.effect.hazard_ratio": RATIO})
    once, daily = (
        run(scenario, seed=103).patients.death_after_days
        for scenario in (asked, changed(asked, BY_DAY))
    )
    died = np.isfinite(once)
    np.testing.assert_array_equal(died, np.isfinite(daily))
    # 84 sums of numbers below 1 and an inversion: the cumulative hazard is uncertain by no more
    # than 4 x 84 roundings, the time by that over the hazard, which is at least half of what it
    # is on average on the day on which it is least.
    by_day = np.diff(cumulative(words, np.arange(85.0)))
    allowed = 4 * 84 * EPSILON / (RATIO * by_day[by_day > 0].min() / 2)
    np.testing.assert_allclose(daily[died], once[died], rtol=0, atol=allowed)


@pytest.mark.parametrize("path", [{}, BY_DAY], ids=["one inversion", "daily path"])
def test_covariates_multiply_the_hazard_from_their_centre(path):
    """The mixture over a normal and a Bernoulli covariate, by numerical integration."""
    candidates = {
        "variables": [
            {"name": "age", "kind": "normal", "mean": 52.0, "sd": 10.0, "bounds": None},
            {"name": "sex", "kind": "bernoulli", "probability": 0.3},
        ],
        "rank_correlations": None,
    }
    covariates = [
        {"variable": "age", "log_hazard_ratio": 0.06, "centre": 50.0},
        {"variable": "sex", "log_hazard_ratio": -0.8, "centre": 0.0},
    ]
    words = BASELINES["weibull early"]
    changes = {"candidates": candidates, "hazard.covariates": covariates} | baseline(words) | path
    number = 2_000 if path else PATIENTS
    records = run(bare(number, changes | {"hazard.effect.hazard_ratio": RATIO}), seed=104)

    def deaths_by(ratio):
        def share(day):
            hazard = ratio * cumulative(words, day)

            def alive(z, sex):
                factor = math.exp(0.06 * (2.0 + 10.0 * z) - 0.8 * sex)
                return stats.norm.pdf(z) * math.exp(-hazard * factor)

            by_sex = [integrate.quad(alive, -9, 9, args=(sex,))[0] for sex in (0, 1)]
            return 1 - (0.7 * by_sex[0] + 0.3 * by_sex[1])

        return share

    assert_mortality(records, 0, deaths_by(1.0))
    assert_mortality(records, 1, deaths_by(RATIO))


@pytest.mark.parametrize("path", [{}, BY_DAY], ids=["one inversion", "daily path"])
def test_lognormal_frailty_of_mean_1_gives_its_mixture_of_curves(path):
    words = BASELINES["piecewise"]
    sd = 0.9
    changes = baseline(words) | path | {"hazard.frailty_log_sd": sd}
    number = 2_000 if path else PATIENTS
    records = run(bare(number, changes | {"hazard.effect.hazard_ratio": RATIO}), seed=105)

    def deaths_by(ratio):
        def share(day):
            hazard = ratio * cumulative(words, day)

            def alive(z):
                return stats.norm.pdf(z) * math.exp(-hazard * math.exp(sd * z - sd * sd / 2))

            return 1 - integrate.quad(alive, -9, 9)[0]

        return share

    assert_mortality(records, 0, deaths_by(1.0))
    assert_mortality(records, 1, deaths_by(RATIO))
    # The frailty itself is on record: its log has mean -sd^2 / 2 and the sd stated.
    z = (np.log(records.patients.frailty) + sd * sd / 2) / sd
    assert stats.kstest(z, "norm").pvalue > 2 * stats.norm.sf(4)


def test_who_survives_follow_up_has_no_death_on_record():
    patients = run(bare(2_000), seed=106).patients
    times = patients.death_after_days
    assert ((times > 0) & (times <= 84) | np.isinf(times)).all()
    np.testing.assert_array_equal(patients.death_cause, np.where(np.isfinite(times), 1, 0))
