"""Mortality targets come out as they are typed, by whatever day they refer to."""

import math

import numpy as np
import pytest
from scenario_builder import checked

from calibration.targets import solve_targets
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.planning.certificate import under
from simulator.results.certificate import Cell
from simulator.scenario.cross_checks import disagreements
from simulator.scenario.loader import load_scenario

TYPED = 0.35, 0.22
COEFFICIENT, SD = 0.077, 6.0  # log hazard ratio a point, of a normal variable
PATIENTS = 16 * 12_000


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def scenario(day=None, follow_up_days=90, **hazard):
    """The bare trial with both mortalities as targets."""
    asked = load_scenario("two-arm-survival").scenario.model_dump()
    asked["trial"]["follow_up_days"] = follow_up_days
    asked["exits"] = None
    asked["hazard"]["baseline"] = {
        "kind": "exponential",
        "mortality_at_horizon": "solved",
        "horizon_days": 90.0,
    }
    asked["hazard"]["effect"]["hazard_ratio"] = "solved"
    targets = dict(zip(("control", "experimental"), TYPED, strict=True))
    asked["hazard"] |= {"mortality_targets": targets, "mortality_target_day": day} | hazard
    return asked


def test_with_a_covariate_the_mortality_is_the_one_typed_to_a_tenth_of_a_point():
    """Oracle: mortality under the solution by Gauss-Hermite quadrature over the covariate."""
    variable = {"name": "meld", "kind": "normal", "mean": 25.0, "sd": SD}
    covariate = {"variable": "meld", "log_hazard_ratio": COEFFICIENT, "centre": 25.0}
    asked = scenario(covariates=[covariate])
    asked["candidates"] = {"variables": [variable]}
    solved = solve_targets(checked(asked), lambda _: None).hazard
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    multiplier, weights = np.exp(COEFFICIENT * SD * nodes), weights / weights.sum()
    hazard = -math.log1p(-solved.baseline.mortality_at_horizon)
    for ratio, typed, share in zip((1.0, solved.effect.hazard_ratio), TYPED, (1, 2), strict=True):
        die = -np.expm1(-hazard * ratio * multiplier)
        mean = float(weights @ die)
        spread = math.sqrt(float(weights @ (die - mean) ** 2))
        # The second arm is half of the patients, and stands on the first one's solution.
        assert abs(mean - typed) <= 4 * spread * math.sqrt((2 * share - 1) / PATIENTS)
        assert round(100 * mean, 1) == pytest.approx(100 * typed, abs=0.15)


def test_the_day_of_targets_is_none_of_a_certificate_and_of_no_scenario_without_targets():
    asked = checked(scenario(day=28))
    assert under(asked, Cell(0.4, 1.0, 0.0)).hazard.mortality_target_day is None
    hazard = asked.hazard.model_copy(update={"mortality_targets": None})
    broken = [e.key for e in disagreements(asked.model_copy(update={"hazard": hazard}))]
    assert "hazard.mortality_target_day" in broken


@pytest.mark.parametrize(("day", "follow_up_days"), [(90, 180), (28, 90), (180, 90), (90, 90)])
def test_a_target_refers_to_its_day_whatever_the_follow_up(day, follow_up_days):
    """Constant hazards: ln(1 - .35) on that day, so that much a day."""
    solved = solve_targets(checked(scenario(day, follow_up_days)), lambda _: None)
    daily = -math.log1p(-solved.hazard.baseline.mortality_at_horizon) / 90
    assert daily == pytest.approx(-math.log1p(-TYPED[0]) / day, rel=1e-7)
    ratio = math.log1p(-TYPED[1]) / math.log1p(-TYPED[0])
    assert solved.hazard.effect.hazard_ratio == pytest.approx(ratio, rel=2e-5)
    assert solved.trial.follow_up_days == follow_up_days
    p = simulate(lower(solved), 5, 0, 100).patients
    last = min(day, follow_up_days)
    for arm, typed in enumerate(TYPED):
        died = p.death_after_days[p.arm == arm] <= last
        expected = 1 - (1 - typed) ** (last / day)
        assert abs(died.mean() - expected) <= 4 * math.sqrt(expected * (1 - expected) / died.size)
