"""Mortality targets: what is solved for brings the mortality about."""

import math

import numpy as np
import pytest
from scenario_builder import checked

from calibration import targets
from calibration.targets import solve_targets
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.scenario.errors import RuleError
from simulator.scenario.loader import load_scenario
from simulator.scenario.schema import Scenario

FEW = 1_200  # enough where a test does not turn on the Monte Carlo error


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def _few_patients(monkeypatch):
    monkeypatch.setattr(targets, "PATIENTS", FEW)


def bare(**changes) -> Scenario:
    """Return the bare trial with its two mortalities as targets."""
    asked = load_scenario("two-arm-survival").scenario.model_dump()
    asked["hazard"]["baseline"]["mortality_at_horizon"] = "solved"
    asked["hazard"]["effect"]["hazard_ratio"] = "solved"
    asked["hazard"]["mortality_targets"] = {"control": 0.6, "experimental": 0.4}
    for path, value in changes.items():
        part = asked
        *parents, last = path.split("__")
        for name in parents:
            part = part[name]
        part[last] = value
    return checked(asked)


@pytest.mark.usefixtures("_few_patients")
def test_where_all_share_one_hazard_the_solution_is_the_closed_form():
    solved = solve_targets(bare(), lambda _: None)
    assert solved.hazard.baseline.mortality_at_horizon == pytest.approx(0.6, abs=1e-8)
    # The ratio is found to 1e-5 of its logarithm.
    ratio = math.log(0.6) / math.log(0.4)
    assert solved.hazard.effect.hazard_ratio == pytest.approx(ratio, rel=2e-5)


@pytest.mark.usefixtures("_few_patients")
def test_deaths_from_the_tumour_are_part_of_the_target():
    tumour = {"net_probability": 0.2, "by_day": 84}
    solved = solve_targets(bare(exits__tumour_death=tumour), lambda _: None)
    # All-cause survival .4 is the product of .8 and survival from the liver, 1/2, up to the
    # Monte Carlo error of the share that the tumour kills.
    error = math.sqrt(0.2 * 0.8 / FEW) / 0.8 * 0.5
    assert solved.hazard.baseline.mortality_at_horizon == pytest.approx(0.5, abs=4 * error)


@pytest.mark.usefixtures("_few_patients")
def test_a_target_below_the_tumour_alone_is_refused_at_its_key():
    tumour = {"net_probability": 0.7, "by_day": 84}
    with pytest.raises(RuleError, match="deaths from the tumour alone") as caught:
        solve_targets(bare(exits__tumour_death=tumour), lambda _: None)
    assert caught.value.key == "hazard.mortality_targets.control"


@pytest.mark.usefixtures("_few_patients")
def test_a_target_that_no_ratio_reaches_is_refused_at_its_key():
    effect = {
        "kind": "direct",
        "hazard_ratio": "solved",
        "delay_days": 83,
        "waning_half_life_days": None,
        "combined_with_labs": False,
    }
    with pytest.raises(RuleError, match="no hazard ratio") as caught:
        solve_targets(bare(hazard__effect=effect), lambda _: None)
    assert caught.value.key == "hazard.mortality_targets.experimental"


@pytest.mark.usefixtures("_few_patients")
def test_the_solution_does_not_change_with_the_allocation_scheme():
    solutions = {
        solve_targets(
            bare(allocation__scheme=scheme, **options), lambda _: None
        ).hazard.model_dump_json()
        for scheme, options in (
            ("random_allocation", {}),
            ("permuted_block", {"allocation__options": {"block_size": 4}}),
        )
    }
    assert len(solutions) == 1


@pytest.mark.usefixtures("_few_patients")
def test_a_kept_solution_is_used_again_and_a_broken_one_is_not(monkeypatch):
    solved = solve_targets(bare(), lambda _: None)
    kept = targets.solution_file(bare())

    def fail(*_: object) -> None:
        raise AssertionError("simulated again")

    monkeypatch.setattr(targets, "simulate", fail)
    assert solve_targets(bare(), lambda _: None) == solved
    kept.write_text("{")
    with pytest.raises(AssertionError, match="simulated again"):
        solve_targets(bare(), lambda _: None)


def test_the_base_case_has_its_target_mortality_with_every_session_on_time():
    solved = solve_targets(load_scenario("nct05484908").scenario, lambda _: None)
    plentiful = solved.model_copy(update={"unit": None, "assessment": None})
    p = simulate(lower(plentiful), 7, 0, 60).patients
    died = p.death_after_days[p.arm == 0] <= 84
    # Both the solution (12,000 patients) and this run have Monte Carlo error.
    error = math.sqrt(0.45 * 0.55 * (1 / died.size + 1 / 12_000))
    assert np.mean(died) == pytest.approx(0.45, abs=4 * error)
