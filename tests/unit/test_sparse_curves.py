"""A curve read now and then says between which readings patients died, and no more."""

import math
from itertools import pairwise

import numpy as np
import pytest

from calibration.baseline import baseline_hazard
from calibration.hazard_cells import CurveReadings, PatientTimes
from calibration.kaplan_meier import Patients
from calibration.survival_files import read_survival
from simulator.planning.own_curves import of_curve, of_two_curves

DAY, ALIVE = 90, 0.65
RATE = -math.log(ALIVE) / DAY


def written(folder, every, size=200, rate=RATE, name="curve.csv", until=DAY):
    """An exponential survival curve read every few days."""
    rows = [f"{day},{math.exp(-rate * day):.9f}," for day in range(every, until + 1, every)]
    path = folder / name
    path.write_text("\n".join(["day,survival,at_risk", f"0,1,{size}", *rows, ""]))
    return path


def hazard(path, days=(30, 90)):
    return baseline_hazard([read_survival(path)], days)


@pytest.mark.parametrize("size", [20, 200, 10_000])
@pytest.mark.parametrize("every", [1, 15, 30])
def test_mortality_is_that_of_the_curve_however_seldom_it_is_read(tmp_path, every, size):
    """Oracle: the exponential distribution of which the curve is."""
    found = hazard(written(tmp_path, every, size))
    assert found.mortality_at_horizon == pytest.approx(1 - ALIVE, abs=1e-6)
    assert [piece.share for piece in found.intervals] == pytest.approx([1 / 3, 2 / 3], abs=1e-6)
    # Nobody is censored: the error of mortality is at most binomial, and at least that of one
    # constant hazard whose deaths are known to the moment.
    binomial = math.sqrt(0.35 * 0.65 / size)
    constant = 0.65 * RATE * DAY / math.sqrt(0.35 * size)
    rounding = 0.5 / (ALIVE * size)  # of those at risk, who are whole patients
    assert constant * (1 - rounding) <= found.mortality_se <= binomial * (1 + rounding)
    (source,) = found.sources
    assert source.kind == "curve"
    assert abs(source.largest_fit_gap) < 1e-6


@pytest.mark.parametrize("every", [1, 15, 30])
def test_a_scenario_of_its_own_has_the_mortality_of_the_curve(tmp_path, every):
    baseline = of_curve(written(tmp_path, every), DAY)
    assert baseline.mortality == pytest.approx(1 - ALIVE, abs=1e-6)
    for day in (30, 60):
        assert baseline.log_survival(day) == pytest.approx(-RATE * day, abs=1e-5)


@pytest.mark.parametrize("every", [1, 15, 30])
def test_two_seldom_read_curves_give_their_ratio(tmp_path, every):
    files = [written(tmp_path, every, 300, RATE * r, f"{r}.csv") for r in (1, 0.6)]
    block = of_two_curves(files, DAY)
    assert block["effect"].value["hazard_ratio"] == pytest.approx(0.6, abs=1e-4)
    held = block["baseline"]
    mortality = held["mortality_at_horizon"] if isinstance(held, dict) else held
    value = mortality.value
    value = value["mortality_at_horizon"] if isinstance(value, dict) else value
    assert value == pytest.approx(1 - ALIVE, abs=1e-6)


def test_the_error_with_censoring_is_that_of_greenwood(tmp_path):
    """Patients who die and leave at constant rates, read every 10 days off their own curve."""
    random = np.random.default_rng(5)
    dying, leaving = random.exponential(1 / RATE, 2_000), random.exponential(180, 2_000)
    seen = np.minimum(dying, leaving)
    order = np.argsort(seen)
    patients = Patients(seen[order], (dying <= leaving)[order])
    days = np.arange(10, 91, 10)
    risk = [patients.at_risk(day) for day in (0, *days)]
    alive = [1.0, *patients.survival(days)]
    rows = [f"{d},{s:.6f},{n}" for d, s, n in zip((0, *days), alive, risk, strict=True)]
    (tmp_path / "curve.csv").write_text("\n".join(["day,survival,at_risk", *rows, ""]))
    found = hazard(tmp_path / "curve.csv", tuple(map(float, days)))
    at = np.flatnonzero(patients.event & (patients.time_days <= 90))
    number = 2_000 - at
    greenwood = alive[-1] * math.sqrt((1 / (number * (number - 1.0))).sum())
    assert found.mortality_at_horizon == pytest.approx(1 - alive[-1], abs=1e-6)
    # The number at risk on a reading's day has lost those who died since the one before, 4.7 % of
    # them: at most so much is the variance too large.
    largest = max(before / after for before, after in pairwise(alive))
    assert greenwood * 0.995 <= found.mortality_se <= greenwood * math.sqrt(largest)


def test_a_curve_read_at_its_steps_says_when_each_patient_died(tmp_path):
    days = np.sort(np.random.default_rng(1).exponential(100, 60))
    rows = [f"{day:.3f},{1 - (k + 1) / 60:.5f}," for k, day in enumerate(days[:40])]
    path = tmp_path / "curve.csv"
    path.write_text("\n".join(["day,survival,at_risk", "0,1,60", *rows, ""]))
    source = read_survival(path).source
    assert isinstance(source, PatientTimes)
    assert source.patients.time_days[:40] == pytest.approx(days[:40], abs=1e-3)


def test_pieces_shorter_than_the_gaps_between_readings_are_refused_and_others_offered(tmp_path):
    from simulator.scenario.errors import ScenarioError

    path = written(tmp_path, 15)
    with pytest.raises(ScenarioError, match="no source tells how") as refused:
        hazard(path, (7, 14, 21, 28, 84))
    assert "use 15,30,84, or add a source" in str(refused.value)
    assert hazard(path, (15, 30, 84)).mortality_at_horizon == pytest.approx(
        -math.expm1(-RATE * 84), abs=1e-6
    )


def test_a_curve_that_comes_to_nobody_and_one_that_climbs_are_read(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("day,survival,at_risk\n0,1,40\n20,.5,\n40,.52,\n60,.2,\n80,0,\n100,0,\n")
    source = read_survival(path).source
    assert isinstance(source, CurveReadings)
    assert source.survival == pytest.approx([0.51, 0.51, 0.51, 0.2, 0, 0][1:], abs=0.01)
    found = hazard(path, (20, 100))
    assert 0.9 < found.mortality_at_horizon < 1
    assert math.isfinite(found.mortality_se)
