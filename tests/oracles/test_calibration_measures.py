"""Figures of simulated trials against closed forms, and their errors against brute force."""

import math

import numpy as np
import pytest
from scenario_builder import bare, changed, shipped
from scipy import stats

from calibration.measures import FIRST_TRIAL, Simulated, measure, simulate_to_measure
from calibration.targets import solve_targets
from simulator.declarations.measures import MEASURES
from simulator.params.lower import lower
from simulator.scenario.calibrated import Measured
from simulator.scenario.errors import RuleError


def simulated_of(scenario, trials, seed=0):
    solved = solve_targets(scenario, lambda _: None)
    return simulate_to_measure(lower(solved), [a.name for a in scenario.arms], trials, seed)


def asked(word, **keys):
    return Measured.model_validate({"measure": word, **keys})


@pytest.fixture(scope="module")
def base() -> Simulated:
    return simulated_of(shipped("nct05484908"), 200)


def test_mortality_and_its_early_share_of_an_exponential_are_the_closed_form():
    # Nobody differs: S(84) = .4 in the control arm of the bare trial, whose hazard is constant.
    scenario = bare(60, {"hazard.baseline.mortality_at_horizon": 0.6})
    simulated = simulated_of(scenario, 500)
    control = scenario.arms[0].name
    found = measure(simulated, asked("mortality", arm=control))
    patients = 500 * 30
    assert found.error == pytest.approx(math.sqrt(0.6 * 0.4 / patients), rel=0.1)
    assert abs(found.value - 0.6) < 4 * found.error
    share = measure(simulated, asked("share_of_cumulative_hazard_by_day", arm=control, by_day=28))
    assert abs(share.value - 28 / 84) < 4 * share.error
    deaths = measure(simulated, asked("share_of_deaths_by_day", arm=control, by_day=28))
    assert abs(deaths.value - (1 - 0.4 ** (1 / 3)) / 0.6) < 4 * deaths.error


def test_screen_failure_of_one_normal_criterion_is_the_closed_form():
    variable = {"name": "age", "kind": "normal", "mean": 50.0, "sd": 10.0, "bounds": None}
    criterion = {
        "kind": "conditions",
        "label": "I1",
        "text": "below 60",
        "all_of": [[{"variable": "age", "comparison": "<", "threshold": 60.0, "unit": "own"}]],
    }
    scenario = bare(
        60,
        {
            "candidates": {"variables": [variable], "rank_correlations": []},
            "eligibility": {
                "upper_limits_of_normal": {},
                "criteria": [criterion],
                "consent_probability": 0.8,
            },
        },
    )
    found = measure(simulated_of(scenario, 300), asked("screen_failure"))
    # Trials end with a success, so the share of failures is of a negative binomial sample; its
    # bias, about p (1 - p) / candidates, is a hundredth of its error here.
    assert abs(found.value - stats.norm.sf(1)) < 4 * found.error


def test_errors_are_those_of_repeats():
    """Two hundred sets of 25 trials: the spread of a figure is what each set says it is."""
    whole = simulated_of(shipped("nct05484908"), 5_000)
    sets = [part_of(whole, 25 * k, 25) for k in range(200)]
    for word, keys in EVERY.items():
        figures = [measure(one, asked(word, **keys)) for one in sets]
        spread = np.std([f.value for f in figures], ddof=1)
        told = math.sqrt(np.mean([f.error**2 for f in figures]))
        # The sd of a spread over 200 repeats is 5 % of it; figures near normal.
        assert told == pytest.approx(spread, rel=4 * 0.05), word


EVERY = {
    "mortality": {"arm": "PE"},
    "death_or_transplant": {"by_day": 28},
    "share_of_deaths_by_day": {"by_day": 28},
    "share_of_cumulative_hazard_by_day": {"by_day": 28},
    "hazard_ratio_per_meld_point": {},
    "mean_meld": {"arm": "PE"},
    "sd_meld": {},
    "mean_lab": {"lab": "bilirubin"},
    "median_lab": {"lab": "inr"},
    "screen_failure": {},
    "sessions_per_patient": {"arm": "PE"},
    "sessions_short_of_plasma": {"arm": "DPMAS+LPE"},
}


def part_of(whole: Simulated, first: int, trials: int) -> Simulated:
    mine = (whole.trial >= first) & (whole.trial < first + trials)
    return whole._replace(
        metrics=type(whole.metrics)(*(c[first : first + trials] for c in whole.metrics)),
        trial=whole.trial[mine] - first,
        patients={name: column[mine] for name, column in whole.patients.items()},
    )


def test_every_measure_is_tried_here():
    assert set(EVERY) == set(MEASURES)


def test_the_hazard_ratio_of_meld_is_that_of_statsmodels(base):
    phreg = pytest.importorskip("statsmodels.duration.hazard_regression").PHReg
    p = base.patients
    time = np.minimum(p["death_after_days"], 84.0)
    fitted = phreg(time, p["baseline_meld"][:, None], status=p["death_after_days"] <= 84).fit()
    found = measure(base, asked("hazard_ratio_per_meld_point"))
    assert math.log(found.value) == pytest.approx(fitted.params[0], rel=1e-6)
    # The robust error is near the model's where hazards are near proportional.
    assert found.error / found.value == pytest.approx(fitted.bse[0], rel=0.2)


def test_figures_of_the_base_case_are_those_of_its_records(base):
    p = base.patients
    pe = p["arm"] == 0
    stratum = pe & (p["baseline_meld"] >= 30) & (p["baseline_meld"] < 40)
    keys = {"arm": "PE", "baseline_meld": [30.0, 40.0]}
    assert measure(base, asked("mortality", **keys)).value == pytest.approx(
        (p["death_after_days"][stratum] <= 84).mean()
    )
    assert measure(base, asked("median_lab", lab="inr")).value == np.median(p["baseline_lab"][:, 1])
    assert measure(base, asked("sd_meld")).value == pytest.approx(p["baseline_meld"].std())


def test_figures_do_not_depend_on_the_number_of_jobs(base):
    params = lower(solve_targets(shipped("nct05484908"), lambda _: None))
    other = simulate_to_measure(params, base.arms, 200, jobs=2)
    np.testing.assert_array_equal(other.trial, base.trial)
    np.testing.assert_array_equal(other.patients["baseline_meld"], base.patients["baseline_meld"])


def test_what_has_no_patients_is_refused(base):
    with pytest.raises(RuleError, match="nothing to make it of"):
        measure(base, asked("mortality", baseline_meld=[200.0, 300.0]))


def test_trials_are_not_those_that_solve_targets():
    assert FIRST_TRIAL > (1 << 31) + 12_000
    assert FIRST_TRIAL + (1 << 20) < 3 << 30


def test_seeds_give_other_trials(base):
    scenario = changed(shipped("nct05484908"), {})
    assert (
        simulated_of(scenario, 20, seed=5).patients["baseline_meld"][0]
        != (base.patients["baseline_meld"][0])
    )
