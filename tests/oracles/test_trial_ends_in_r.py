"""Trials that end for all at once, cut patient by patient, and tested by R's survival package."""

import csv
import math
import shutil
import subprocess

import numpy as np
import pytest
from test_trial_ends import CASES, SEED, known_death, part_of

from simulator.conduct import as_planned
from simulator.engines import compiled
from simulator.params.lower import lower

TRIALS = 25
SCRIPT = """
library(survival)
d <- read.csv(commandArgs(TRUE)[1])
for (k in split(d, d$trial)) {
  test <- survdiff(Surv(time, dead) ~ arm, data = k)
  cat(sprintf("%.17g %.17g\\n", test$chisq, sum(test$obs) / nrow(k)))
}
"""


@pytest.mark.parametrize("case", ["deaths, which may not come", "a closing date"])
def test_r_has_the_log_rank_statistics_of_trials_cut_at_their_end(case, tmp_path):
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("Rscript is not installed: apt-get install r-base-core r-cran-survival")
    scenario = CASES[case]
    part, metric, _ = part_of(scenario, TRIALS)
    most, rows = scenario.trial.max_follow_up_days, []
    # The trial as planned: these ends come after recruitment.
    planned = as_planned(np.arange(TRIALS), scenario.trial.target_randomised)
    records = compiled.conducted(lower(scenario), SEED, planned, with_hazard=False)
    of_trial = np.repeat(np.arange(TRIALS), records.trials.randomised)
    for trial, patient in zip(of_trial.tolist(), range(of_trial.size), strict=True):
        one = {name: values[patient] for name, values in records.patients._asdict().items()}
        end = metric("trial_days")[trial]
        death, followed = known_death(one, most), min(most, end - one["entry_day"])
        dead = one["entry_day"] + death <= end
        time = death if dead else min(followed, one["loss_after_days"])
        rows.append([trial, one["arm"], repr(float(time)), int(dead)])
    file, script = tmp_path / "cut.csv", tmp_path / "cut.R"
    script.write_text(SCRIPT)
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["trial", "arm", "time", "dead"], *rows])
    done = subprocess.run(
        [rscript, "--vanilla", str(script), str(file)], capture_output=True, text=True
    )
    if "there is no package" in done.stderr:
        pytest.skip("R lacks survival: apt-get install r-cran-survival")
    assert done.returncode == 0, done.stderr
    found = np.array([line.split() for line in done.stdout.splitlines()], float)
    z = part.table.estimate[:, 0] / part.table.standard_error[:, 0]
    np.testing.assert_allclose(z**2, found[:, 0], rtol=1e-9)
    shares = metric("deaths_by_the_end").sum(axis=1) / metric("randomised")
    np.testing.assert_allclose(shares, found[:, 1], rtol=1e-12)
    assert not math.isnan(found.sum())
