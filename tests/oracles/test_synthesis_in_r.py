"""Studies pooled without a prior, and the binomial-normal likelihood, against R's metafor."""

import csv
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from calibration.synthesis import frequentist
from calibration.synthesis.frequentist import Estimate
from calibration.synthesis.likelihood import mortality_of_counts
from calibration.synthesis.studies import read_studies
from calibration.synthesis.synthesis import own_estimate, used_of
from simulator.results.prior import Parameter

PACKAGES = ("metafor", "lme4")
INSTALL = "apt-get install r-base-core r-cran-metafor r-cran-lme4"
SCRIPT = Path(__file__).with_name("synthesis_in_r.R")
ARMS = (((15, 54), (29, 77)), ((6, 33), (6, 31)))
ODD_ARMS = (((0, 20), (3, 20)), ((20, 20), (20, 20)), ((5, 30), (0, 25)))
COUNTS = {
    "alike": ((42, 104), (26, 78), (36, 103)),
    "unlike": ((42, 104), (9, 78), (60, 103), (4, 40), (25, 30)),
}


def sets() -> dict[str, list[Estimate]]:
    """The shipped studies of each parameter, and some that differ more."""
    shipped = read_studies()
    found = {p.value: [own_estimate(s) for s in used_of(shipped, p)] for p in Parameter}
    found["unlike"] = [Estimate(*pair) for pair in ((-0.9, 0.2), (0.4, 0.3), (0.1, 0.15), (1, 0.5))]
    found["two_unlike"] = [Estimate(-0.9, 0.2), Estimate(0.4, 0.3)]
    return found


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> dict[str, float]:
    """What metafor finds, by name."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip(f"Rscript is not installed: {INSTALL}")
    lacking = "; ".join(
        f'if (!requireNamespace("{p}", quietly=TRUE)) cat("{p} ")' for p in PACKAGES
    )
    missing = subprocess.run([rscript, "-e", lacking], capture_output=True, text=True).stdout
    if missing.strip():
        pytest.skip(f"R lacks {missing.strip()}: {INSTALL}")
    folder = tmp_path_factory.mktemp("synthesis")
    rows = [(name, e.value, e.standard_error**2) for name, s in sets().items() for e in s]
    write(folder / "estimates.csv", ("set", "yi", "vi"), rows)
    arms = [
        (name, *one, *other)
        for name, pairs in (("rr", ARMS), ("odd_rr", ODD_ARMS))
        for one, other in pairs
    ]
    write(folder / "arms.csv", ("set", "a", "n", "b", "m"), arms)
    counts = [(name, *pair) for name, pairs in COUNTS.items() for pair in pairs]
    write(folder / "counts.csv", ("set", "deaths", "n"), counts)
    done = subprocess.run([rscript, str(SCRIPT), str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (folder / "found.csv").open() as file:
        return {row["name"]: float(row["value"]) for row in csv.DictReader(file)}


def write(path, head, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def agree(theirs, name, pooled):
    ours = (pooled.value, pooled.low, pooled.high)
    found = [theirs[f"{name}.{part}"] for part in ("value", "low", "high")]
    assert ours == pytest.approx(found, abs=2e-5), name


def test_fixed_effect_estimates_are_those_of_metafor(theirs):
    for name, estimates in sets().items():
        agree(theirs, f"{name}.fixed", frequentist.fixed_effect(estimates))
    for name, pairs in (("rr", ARMS), ("odd_rr", ODD_ARMS)):
        logs = [frequentist.log_risk_ratio(*arms) for arms in pairs]
        agree(theirs, name, frequentist.fixed_effect(logs))
    assert round(math.exp(theirs["rr.value"]), 3) == 0.775


def test_random_effects_are_those_of_metafor(theirs):
    for name, estimates in sets().items():
        tau2 = frequentist.restricted_likelihood(estimates)
        assert tau2 == pytest.approx(theirs[f"{name}.REML.tau2"], abs=1e-5), name
        agree(theirs, f"{name}.REML.kh", frequentist.knapp_hartung(estimates, tau2))


def test_the_likelihood_of_counts_is_that_of_the_binomial_normal_model(theirs):
    """Its maximum is where rma.glmm's is: adaptive Gauss-Hermite quadrature there."""
    for name, pairs in COUNTS.items():
        studies = [mortality_of_counts(deaths, n, 84.0, 1.0) for deaths, n in pairs]

        def minus_log(x, studies=studies):
            mean, tau = np.array([x[0]]), abs(float(x[1])) + 1e-9
            return -sum(math.log(study.averaged(mean, tau)[0]) for study in studies)

        best = optimize.minimize(minus_log, (-0.3, 0.5), method="Nelder-Mead", tol=1e-10).x
        assert best[0] == pytest.approx(theirs[f"{name}.glmm.value"], abs=1e-3)
        assert best[1] ** 2 == pytest.approx(theirs[f"{name}.glmm.tau2"], abs=2e-3)
