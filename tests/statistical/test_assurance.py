"""Assurance by simulation against the closed form, against brute force, and trial for trial."""

import math
from typing import Any

import numpy as np
import pytest
from scenario_builder import changed
from scipy import stats

import simulator
from calibration import targets
from calibration.targets import Runs, SharedRuns, solve_with
from calibration.uncertainty import draws
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.study import Study

LOG_RATIO = {
    "keys": "hazard.effect.hazard_ratio",
    "distribution": "lognormal",
    "parameters": {"median": math.exp(-0.35), "log_sd": 0.2},
}


def study(name: str, **changes: Any) -> Study:
    """Return a shipped scenario with other values, __ for a point in a key."""
    return simulator.load(name).with_values({k.replace("__", "."): v for k, v in changes.items()})


def everyone_dies(patients: int) -> Study:
    """Return the bare trial in which the number of events is the number of patients, or nearly."""
    return study(
        "two-arm-survival",
        n=patients,
        accrual__candidates=patients,
        hazard__baseline__mortality_at_horizon=0.99999,
        exits=None,
        uncertain=[LOG_RATIO],
    )


def power_of(log_ratio: np.ndarray, events: float) -> np.ndarray:
    """Power of the two-sided log-rank test at .05 (Schoenfeld 1981)."""
    drift, z = np.abs(log_ratio) * math.sqrt(events) / 2, stats.norm.ppf(0.975)
    return stats.norm.cdf(drift - z) + stats.norm.cdf(-drift - z)


def assurance_of(mean: float, sd: float, events: float) -> float:
    """Average it over a normal prior of the log hazard ratio (O'Hagan, Stevens, Campbell 2005)."""
    drift = mean * math.sqrt(events) / 2
    spread, z = math.sqrt(1 + sd**2 * events / 4), stats.norm.ppf(0.975)
    return float(stats.norm.cdf((-drift - z) / spread) + stats.norm.cdf((drift - z) / spread))


def check_closed_form(patients: int, number: int, trials: int) -> None:
    """Hold assurance, in favour of the second arm and for either, to the closed form."""
    one = everyone_dies(patients)
    found = one.assurance(number, trials)
    (log_rank,) = found.analyses
    right = assurance_of(-0.35, 0.2, patients)
    assert abs(log_rank.assurance - right) < 4 * log_rank.averaged.se
    # At the very draws the error of their number is gone: the closed form is met to .01.
    ratios = np.log([draw.values["hazard.effect.hazard_ratio"] for draw in found.drawn])
    here = power_of(ratios, patients)
    assert abs(log_rank.assurance - here.mean()) < 0.01
    # And so is the distribution of power, freed of the error of the trials at each draw.
    freed = np.array([draw.power["log_rank"] for draw in found.drawn])
    assert np.abs(freed - here).mean() < 0.015
    reached = float(
        stats.norm.cdf((-(stats.norm.ppf([0.8, 0.975]).sum()) * 2 / patients**0.5 + 0.35) / 0.2)
    )
    share = log_rank.probability_of_target
    assert abs(share.mean - reached) < 4 * math.sqrt(reached * (1 - reached) / number) + 0.01


def test_assurance_is_that_of_the_closed_form():
    check_closed_form(patients=200, number=100, trials=200)


@pytest.mark.slow
def test_assurance_is_that_of_the_closed_form_with_many_draws():
    check_closed_form(patients=200, number=2_000, trials=100)


def test_assurance_is_that_of_brute_force_and_its_draws_are_those_of_power():
    one = study("two-arm-survival", uncertain=[LOG_RATIO])
    number, trials = 12, 200
    found = one.assurance(number, trials, seed=3)
    (log_rank,) = found.analyses
    by_hand = []
    for draw in found.drawn:
        # The same trials at the first draw, others at the rest: errors are independent.
        power = one.with_values(draw.values).power(trials, seed=3 + draw.number)
        by_hand.append(power.analyses[0])
    assert by_hand[0].rejections == found.drawn[0].rejections["log_rank"]
    assert by_hand[0].favouring["experimental"] <= by_hand[0].rejections
    apart = log_rank.assurance - np.mean([one.power for one in by_hand])
    assert abs(apart) < 4 * math.sqrt(2) * log_rank.inner_se
    assert log_rank.base_power.mean == one.power(number * trials, seed=3).analyses[0].power


def test_the_first_draw_of_the_real_trial_is_that_of_power_with_its_values():
    one = simulator.load("nct05484908")
    drawn = one.assurance(2, 40).drawn[0]
    power = one.with_values(drawn.values).power(40)
    assert drawn.rejections == {a.name: a.rejections for a in power.analyses}
    arms = power.operations.mortality
    assert drawn.mortality == {arm: share.mean for arm, share in arms.items()}


def test_an_assurance_is_the_same_for_any_number_of_workers_and_its_draws_do_not_depend_on_others():
    one = study("two-arm-survival", uncertain=[LOG_RATIO])
    few, more = one.assurance(6, 50, jobs=1), one.assurance(12, 50, jobs=2)
    for first, second in zip(few.drawn, more.drawn, strict=False):
        assert (first.values, first.rejections) == (second.values, second.rejections)
    assert one.assurance(6, 50, jobs=2).to_dict() == few.to_dict()


def test_worthwhile_effects_have_the_power_of_their_draws_alone():
    one = study("two-arm-survival", uncertain=[LOG_RATIO])
    found = one.assurance(40, 50, worthwhile="hazard_ratio<=0.7")
    kept = [draw for draw in found.drawn if draw.values["hazard.effect.hazard_ratio"] <= 0.7]
    share = np.mean([draw.rejections["log_rank"] / 50 for draw in kept])
    assert found.analyses[0].worthwhile.mean == pytest.approx(share)
    assert found.worthwhile.probability.mean == len(kept) / 40
    by_key = one.assurance(40, 50, worthwhile="hazard.effect.hazard_ratio<=0.7")
    assert by_key.analyses == found.analyses
    none = one.assurance(3, 50, worthwhile="mortality_difference<=-0.9")
    assert math.isnan(none.analyses[0].worthwhile.mean)
    # If nothing is said, the effect that is planned, or better.
    assert one.assurance(3, 50).worthwhile.value == pytest.approx(0.55749, abs=1e-5)


def test_draws_that_cannot_be_simulated_are_counted_and_told():
    """Half of the targets are below what the tumour alone kills."""
    one = study(
        "two-arm-survival",
        hazard__baseline__mortality_at_horizon="solved",
        hazard__mortality_targets={"control": 0.6},
        exits={"tumour_death": {"net_probability": 0.3}},
        uncertain=[
            {
                "keys": "hazard.mortality_targets.control",
                "distribution": "uniform",
                "parameters": {"low": 0.05, "high": 0.55},
            }
        ],
    )
    found = one.assurance(40, 40)
    lost = [draw for draw in found.drawn if draw.values["hazard.mortality_targets.control"] < 0.29]
    assert 0 < len(lost) <= found.failed < 40
    assert found.failures[0].key == "hazard.mortality_targets.control"
    assert "deaths from the tumour alone" in found.failures[0].rule
    assert all(draw.failed and not draw.rejections["log_rank"] for draw in lost)
    shares = [draw.rejections["log_rank"] / 40 for draw in found.drawn]
    assert found.assurance == pytest.approx(np.mean(shares))


def test_a_scenario_without_uncertainty_is_refused():
    with pytest.raises(ScenarioError, match="nothing in this scenario is uncertain"):
        simulator.load("two-arm-survival").assurance(2, 2)


# Many targets from few runs


@pytest.fixture
def _few_patients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "PATIENTS", 1_200)


@pytest.mark.usefixtures("_few_patients")
def test_shared_runs_solve_as_runs_of_their_own_do(monkeypatch: pytest.MonkeyPatch):
    scenario = changed(
        load_scenario("two-arm-survival").scenario,
        {
            "hazard.baseline.mortality_at_horizon": "solved",
            "hazard.effect.hazard_ratio": "solved",
            "exits.tumour_death": {"net_probability": 0.05, "by_day": 84.0},
            "hazard.mortality_targets": {"control": 0.6, "experimental": 0.4},
        },
    )
    shared, made = SharedRuns(), []
    simulate = targets._run
    monkeypatch.setattr(targets, "_run", lambda one: made.append(1) or simulate(one))
    for control, experimental in ((0.6, 0.4), (0.5, 0.42), (0.62, 0.45), (0.55, 0.6)):
        asked = {"hazard.mortality_targets": {"control": control, "experimental": experimental}}
        own = solve_with(changed(scenario, asked), Runs())
        many = solve_with(changed(scenario, asked), shared)
        assert many.hazard.baseline == own.hazard.baseline
        ratio, right = many.hazard.effect.hazard_ratio, own.hazard.effect.hazard_ratio
        # The solver's own tolerance is 1e-5 of the logarithm, and so is the interpolation's.
        assert math.log(ratio / right) == pytest.approx(0.0, abs=4e-5)
    before = len(made)
    for target in np.linspace(0.3, 0.55, 20):
        asked = {"hazard.mortality_targets": {"control": 0.6, "experimental": float(target)}}
        solve_with(changed(scenario, asked), shared)
    assert len(made) - before < 20 * 2  # of about ten each, were they not shared


@pytest.mark.usefixtures("_few_patients")
def test_draws_of_the_control_target_alone_take_one_run(monkeypatch: pytest.MonkeyPatch):
    made = []
    simulate = targets._run
    target = {
        "keys": "hazard.mortality_targets.PE",
        "distribution": "logit_normal",
        "parameters": {"interval_95": [0.3, 0.65]},
    }
    one = simulator.load("nct05484908").with_values({"uncertain": [target]})
    monkeypatch.setattr(targets, "_run", lambda it: made.append(1) or simulate(it))
    planned = one.plan_assurance(analysis="fisher")
    made.clear()
    found = one.run_assurance(planned, 4, 10)
    assert len(made) == 1
    expected = draws(one.prepared.asked, 4, 1).values[:, 0]
    assert [draw.values["hazard.mortality_targets.PE"] for draw in found.drawn] == list(expected)
    # Simulated mortality is that of the draw, sessions late or missed apart.
    for draw in found.drawn:
        assert draw.mortality["PE"] == pytest.approx(
            draw.values["hazard.mortality_targets.PE"], abs=4 * 0.5 / math.sqrt(10 * 29) + 0.02
        )
