"""Known truth: evidence simulated from known values, calibrated to, gives them back.

200 repeats, of which each makes its evidence anew and calibrates with random numbers of its own.
The interval of a value holds the truth as often as it says. Run as a program this file writes what
each repeat found to results/reference/calibration-coverage.csv:

    PYTHONPATH=tests python tests/statistical/test_calibration_coverage.py
"""

import csv
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest

from calibration.fit import fit
from calibration.measures import measure, simulate_to_measure
from simulator.params.lower import lower
from simulator.scenario.calibrated import Measured
from simulator.scenario.loader import load_scenario

STORED = Path(__file__).parents[2] / "results" / "reference" / "calibration-coverage.csv"
TRUTH = {"hazard.baseline.mortality_at_horizon": 0.45, "hazard.effect.hazard_ratio": 0.8}
LIMITS = {
    "hazard.baseline.mortality_at_horizon": (0.2, 0.8),
    "hazard.effect.hazard_ratio": (0.3, 1.8),
}
REPEATS, EVIDENCE, TRIALS = 200, 100, 40  # trials of 60 patients
TOLERANCE = 0.005


def repeat(number: int, folder: Path) -> list[dict[str, float | int | str]]:
    """Make evidence, calibrate to it, and return what was found of each key."""
    truth = load_scenario("two-arm-survival").changed(TRUTH, "test").scenario
    names = [arm.name for arm in truth.arms]
    seen = simulate_to_measure(lower(truth), names, EVIDENCE, seed=10_000 + number)
    figures = [
        measure(seen, Measured.model_validate({"measure": "mortality", "arm": name}))
        for name in names
    ]
    by = ", ".join(f"{{key: {k}, low: {low}, high: {high}}}" for k, (low, high) in LIMITS.items())
    lines = [
        f"  - {{measure: mortality, arm: {name}, value: {figure.value}, tolerance: {TOLERANCE}, "
        f"source: simulated, by: [{by}]}}"
        for name, figure in zip(names, figures, strict=True)
    ]
    path = folder / "known.yaml"
    text = "extends: two-arm-survival\nname: known\ncalibrated:\n"
    path.write_text(text + "\n".join(lines) + "\n")
    found = fit(load_scenario(path), TRIALS, number, 1, lambda *_: None)
    # Evidence of so many trials has the error of the calibration's own, scaled.
    scale = math.sqrt(1 + TRIALS / EVIDENCE)
    return [
        {
            "repeat": number,
            "key": key.key,
            "truth": TRUTH[key.key],
            "found": key.new,
            "standard_error": (key.error or math.nan) * scale,
            "covered": int(abs(key.new - TRUTH[key.key]) <= 1.96 * (key.error or 0) * scale),
            "met": int(all(target.met for target in found.targets)),
        }
        for key in found.keys
    ]


@pytest.mark.slow
def test_intervals_of_calibrated_values_hold_the_truth_as_often_as_they_say(tmp_path):
    rows = [row for number in range(REPEATS) for row in repeat(number, tmp_path)]
    for key in TRUTH:
        mine = [row for row in rows if row["key"] == key]
        covered = np.mean([row["covered"] for row in mine])
        assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / REPEATS), key
        z = [(row["found"] - row["truth"]) / row["standard_error"] for row in mine]
        assert abs(np.mean(z)) < 4 / math.sqrt(REPEATS), key
    assert all(row["met"] for row in rows)


def test_a_few_repeats_are_what_the_stored_file_has(tmp_path):
    with STORED.open(newline="", encoding="utf-8") as file:
        stored = list(csv.DictReader(file))
    assert len(stored) == REPEATS * len(TRUTH)
    covered = {
        key: np.mean([int(r["covered"]) for r in stored if r["key"] == key]) for key in TRUTH
    }
    for key, share in covered.items():
        assert abs(share - 0.95) < 4 * math.sqrt(0.95 * 0.05 / REPEATS), key
    again = repeat(0, tmp_path)
    for row, kept in zip(again, stored[: len(again)], strict=True):
        assert float(kept["found"]) == pytest.approx(row["found"], abs=1e-9)


def main() -> None:
    """Write what every repeat found, and print how often the truth was covered."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for number in range(REPEATS) for row in repeat(number, Path(folder))]
    with STORED.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for key in TRUTH:
        mine = [row for row in rows if row["key"] == key]
        z = [(row["found"] - row["truth"]) / row["standard_error"] for row in mine]
        print(key, np.mean([r["covered"] for r in mine]), np.mean(z), np.std(z))
    print("met", np.mean([row["met"] for row in rows]))


if __name__ == "__main__":
    main()
