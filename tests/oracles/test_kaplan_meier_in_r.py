"""Curves that R's survival package draws of its own data are reconstructed (Guyot 2012)."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas
import pytest
import statsmodels.api as sm

from calibration.kaplan_meier import Patients, reconstruct

SCRIPT = Path(__file__).with_name("kaplan_meier_in_r.R")
INSTALL = "apt-get install r-base-core r-cran-survival"
SETS = "aml", "lung", "veteran"
READ = 0.0005  # survival is printed to three decimals
# Mean absolute error of the program in the appendix of Guyot 2012 (test_baseline_recovery).
LARGEST_LOG_RATIO = 0.0214


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What R prints: curves, numbers at risk, ratios."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip(f"Rscript is not installed: {INSTALL}")
    folder = tmp_path_factory.mktemp("r")
    done = subprocess.run(
        [rscript, "--vanilla", str(SCRIPT)], cwd=folder, capture_output=True, text=True, check=False
    )
    if "no package called" in done.stderr:
        pytest.skip(f"R lacks survival: {INSTALL}")
    assert done.returncode == 0, done.stderr
    return [pandas.read_csv(folder / f"{name}.csv") for name in ("curves", "risk", "ratios")]


def of(table, name, arm):
    return table[(table["name"] == name) & (table["arm"] == arm)]


def remade(printed, name: str, arm: int) -> Patients:
    curve, risk = (of(table, name, arm) for table in printed[:2])
    return reconstruct(
        curve["day"].to_numpy(),
        curve["survival"].round(3).to_numpy(),
        risk["day"].to_numpy(),
        risk["at_risk"].to_numpy(),
        int(risk["deaths"].iloc[0]),
    )


@pytest.mark.parametrize("arm", [0, 1])
@pytest.mark.parametrize("name", SETS)
def test_survival_numbers_at_risk_and_deaths_come_back(printed, name, arm):
    """At each death the curve is met to half a patient: the number who die is whole.

    Up to the last number at risk; beyond it who is censored when is not known.
    """
    found = remade(printed, name, arm)
    curve, risk = (of(table, name, arm) for table in printed[:2])
    assert [found.at_risk(day) for day in risk["day"]] == risk["at_risk"].tolist()
    assert abs(found.event.sum() - risk["deaths"].iloc[0]) <= 1
    known = curve[curve["day"] <= risk["day"].iloc[-1]]
    off = np.abs(found.survival(known["day"].to_numpy()) - known["survival"])
    at_risk = np.array([found.at_risk(day) for day in known["day"]])
    assert (off <= READ + 0.5 * known["survival"] / np.maximum(at_risk - 1, 1)).all()


@pytest.mark.parametrize("name", SETS)
def test_hazard_ratio_comes_back(printed, name):
    arms = [remade(printed, name, arm) for arm in (0, 1)]
    time = np.concatenate([arm.time_days for arm in arms])
    died = np.concatenate([arm.event for arm in arms])
    group = np.repeat([0.0, 1.0], [arm.time_days.size for arm in arms])
    fit = sm.PHReg(time, group, status=died, ties="efron").fit(disp=0)
    ratio = printed[2].set_index("name").loc[name]
    assert abs(fit.params[0] - ratio["log_ratio"]) < LARGEST_LOG_RATIO
    assert fit.bse[0] == pytest.approx(ratio["se"], rel=0.05)
