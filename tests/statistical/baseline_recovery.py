"""Known truth put into curves and rows, and taken out again: 200 repeats a case.

`reconstruction` draws two arms of 100 patients with a hazard ratio of .6 and censoring, prints
their Kaplan-Meier curves to three decimals with the numbers at risk every 28 days, reconstructs
both, and compares the log hazard ratio with that of the patients themselves. `coverage` draws
sources of a known piecewise hazard and asks how often the intervals of shares and mortality hold
the truth. Run as a program, which takes a few minutes, it writes two files, for
`test_baseline_recovery` to read:

    PYTHONPATH=tests/statistical python tests/statistical/baseline_recovery.py
"""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import statsmodels.api as sm

from calibration.baseline import baseline_hazard
from calibration.hazard_cells import PatientTimes, SurvivalPoints
from calibration.kaplan_meier import Patients, reconstruct
from calibration.survival_files import SurvivalSource

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results" / "reference"
RECONSTRUCTION = REFERENCE / "kaplan-meier-reconstruction.csv"
COVERAGE = REFERENCE / "baseline-coverage.csv"
REPEATS = 200
RATIO = 0.6
SIZE = 100
KINDS = "exponential", "weibull", "piecewise"
KNOWN = "all", "no_events", "no_risk", "neither"
DAYS = (7.0, 14.0, 21.0, 28.0, 84.0)
SHARES = (0.0689, 0.18135, 0.2197, 0.18005, 0.35)  # those of the base case


# ---- reconstruction -----------------------------------------------------------------------------


def times(kind: str, size: int, level: float, random: np.random.Generator) -> np.ndarray:
    """Death times with a cumulative hazard of `level` times the kind's own."""
    reached = random.exponential(size=size) / level
    if kind == "exponential":
        return 80 * reached
    if kind == "weibull":
        return 100 * reached ** (1 / 1.4)
    cumulative, ends = np.append(0, np.cumsum(SHARES)), np.append(0, DAYS)
    beyond = 84 + (reached - 1) / (SHARES[-1] / 56)
    return np.where(reached <= 1, np.interp(reached, cumulative, ends), beyond)


def patients(
    kind: str, size: int, level: float, random: np.random.Generator, leaving: float = 250
) -> Patients:
    """Patients of whom some are censored: at random, and by the end of the trial."""
    dying = times(kind, size, level, random)
    left = np.minimum(random.exponential(leaving, size), random.uniform(60, 150, size))
    seen = np.minimum(dying, left)
    order = np.argsort(seen)
    return Patients(seen[order], (dying <= left)[order])


def reprinted(made: Patients, known: str = "all") -> Patients:
    """The patients that come back from the curve of some others."""
    end = made.time_days[-1]
    days = np.append(np.unique(made.time_days[made.event]), end)
    has_table = known in ("all", "no_events")
    table = [day for day in (0, 28, 56, 84) if day < end] if has_table else [0]
    deaths = int(made.event.sum()) if known in ("all", "no_risk") else None
    at_risk = [made.at_risk(day) for day in table]
    return reconstruct(days.round(2), made.survival(days).round(3), table, at_risk, deaths)


def log_ratio(arms: Sequence[Patients]) -> float:
    """Log hazard ratio of the second arm by a Cox model."""
    group = np.repeat([0.0, 1.0], [arm.time_days.size for arm in arms])
    time = np.concatenate([arm.time_days for arm in arms])
    died = np.concatenate([arm.event for arm in arms])
    return float(sm.PHReg(time, group, status=died, ties="efron").fit(disp=0).params[0])


def reconstruction(
    kind: str, repeats: int, asked: Sequence[str] = KNOWN
) -> Iterator[dict[str, object]]:
    """How far log hazard ratios are off, for each of what may be known beside the curve."""
    random = np.random.default_rng([1, KINDS.index(kind)])
    off: dict[str, list[float]] = {known: [] for known in asked}
    for _ in range(repeats):
        arms = [patients(kind, SIZE, level, random) for level in (1.0, RATIO)]
        truth = log_ratio(arms)
        for known, found in off.items():
            found.append(log_ratio([reprinted(arm, known) for arm in arms]) - truth)
    for known, found in off.items():
        errors = np.array(found)
        yield {
            "hazard": kind,
            "known": known,
            "repeats": repeats,
            "mean_error": errors.mean(),
            "sd": errors.std(ddof=1),
            "mean_absolute_error": np.abs(errors).mean(),
            "largest": np.abs(errors).max(),
        }


# ---- coverage -----------------------------------------------------------------------------------


def points(size: int, level: float, days: Sequence[float], random: np.random.Generator):
    """Survival at some days, as a paper gives it in per cent to one decimal."""
    dying = times("piecewise", size, level, random)
    alive = np.array([(dying > day).mean() for day in days]).round(3)
    found = SurvivalPoints(f"{size} patients", np.array(days), alive, size)
    return SurvivalSource(found, found.days, found.survival)


def curve(size: int, level: float, random: np.random.Generator) -> SurvivalSource:
    """A curve with numbers at risk, reconstructed."""
    found = reprinted(patients("piecewise", size, level, random, leaving=300))
    return SurvivalSource(PatientTimes("curve", found), found.time_days, found.time_days)


CASES = {
    "one curve": lambda random: [curve(200, 0.8, random)],
    "survival at five days": lambda random: [points(240, 0.6, DAYS, random)],
    "three of points": lambda random: [
        points(240, 0.5, DAYS[:4], random),
        points(150, 0.6, (28.0, 90.0), random),
        points(80, 0.4, (28.0, 90.0), random),
    ],
    "curve and points": lambda random: [
        curve(150, 0.8, random),
        points(240, 0.5, DAYS[:4], random),
        points(150, 0.6, (28.0, 90.0), random),
    ],
}


def coverage(case: str, repeats: int) -> Iterator[dict[str, object]]:
    """How often 95 % intervals of the shares hold the truth, with and without heterogeneity."""
    random = np.random.default_rng([2, list(CASES).index(case)])
    rows: dict[str, list[tuple[float, float, bool, bool]]] = {}
    p_values = []
    for _ in range(repeats):
        found = baseline_hazard(CASES[case](random), DAYS)
        p_values.append(found.shape.p_value)
        for piece, truth in zip(found.intervals, SHARES, strict=True):
            name = f"share of days {piece.start_day:g} to {piece.end_day:g}"
            logit = math.log(piece.share / (1 - piece.share)) - math.log(truth / (1 - truth))
            error = piece.share_se / (piece.share * (1 - piece.share))
            plain = abs(logit) <= 1.959963984540054 * error / found.shape.error_factor
            held = piece.share_low <= truth <= piece.share_high
            rows.setdefault(name, []).append((piece.share - truth, piece.share_se, held, plain))
        by_28, truth = found.intervals[3], sum(SHARES[:4])
        held = abs(by_28.share_by_end - truth) <= 1.959963984540054 * by_28.share_by_end_se
        plain = (
            abs(by_28.share_by_end - truth)
            <= 1.959963984540054 * by_28.share_by_end_se / found.shape.error_factor
        )
        told = by_28.share_by_end - truth, by_28.share_by_end_se, held, plain
        rows.setdefault("share by day 28", []).append(told)
    for name, found_rows in rows.items():
        errors, ses, held_in, plainly = (np.array(x, float) for x in zip(*found_rows, strict=True))
        yield {
            "case": case,
            "quantity": name,
            "repeats": repeats,
            "mean_error": errors.mean(),
            "sd": errors.std(ddof=1),
            "mean_se": ses.mean(),
            "covered": int(held_in.sum()),
            "covered_without_factor": int(plainly.sum()),
            "heterogeneity_below_0.05": int((np.array(p_values) < 0.05).sum()),
        }


def write(path: Path, rows: Sequence[dict[str, object]]) -> None:
    """Write rows with the digits that their error supports, and more."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def read(path: Path) -> list[dict[str, str]]:
    """Rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Write both files, and print them."""
    made = [row for kind in KINDS for row in reconstruction(kind, REPEATS)]
    write(RECONSTRUCTION, made)
    covered = [row for case in CASES for row in coverage(case, REPEATS)]
    write(COVERAGE, covered)
    for row in [*made, *covered]:
        print(row)


if __name__ == "__main__":
    main()
