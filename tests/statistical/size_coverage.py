"""How often the confidence interval of a size holds the exact size: 50 searches a case.

The bare scenario with one chi-square test, losses left out, has its power by enumeration
(`reference_sizes`), and so the size that the search looks for. Here trials are simulated; hundreds
of searches whose trials are drawn from known powers are in `test_size_seeds`. Run as a program,
which takes a few minutes, it writes what every search found, for `test_size_search` to read, and
prints a summary:

    PYTHONPATH=tests:tests/oracles python tests/statistical/size_coverage.py
"""

import csv
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from reference_sizes import exact_size

from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.workers import Workers
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.search import Search, SizeTarget
from simulator.planning.simulated import SimulatedTrials
from simulator.planning.size import find_size, seek
from simulator.planning.variation import changed
from simulator.results.size import PATIENTS, Size
from simulator.scenario.loader import load_scenario

ROOT = Path(__file__).parents[2]
STORED = ROOT / "results" / "reference" / "size-coverage.csv"
BARE = ROOT / "scenarios" / "two-arm-survival.yaml"
MORTALITIES, DROPOUT = (0.60, 0.40), 0.05
POWERS = 0.8, 0.9
STARTS = (60,)  # the search starts from the scenario's own number of patients
SEEDS = range(1, 51)
MOST_PATIENTS = 50_000_000


class Found(NamedTuple):
    """What one search found: a row of the file.

    Attributes
    ----------
    start, power, seed
        The scenario's own number of patients, the power asked, the seed.
    value, low, high
        Where the fitted curve crosses the power, in whole pairs, and its confidence interval.
    power_there, mcse
        Power at the value, as it is quoted, and its Monte Carlo standard error.
    covered
        Whether the exact size lies in the confidence interval.
    """

    start: int
    power: float
    seed: int
    value: int
    low: int
    high: int
    power_there: float
    mcse: float
    trials: int
    precise: bool
    covered: bool


@functools.cache
def base(start: int) -> Prepared:
    """The bare scenario of so many patients, with one chi-square test, losses left out."""
    loaded = load_scenario(BARE).changed(
        {"analyses[0].test": "chi_square", "analyses[0].lost": "excluded"}, "size_coverage"
    )
    at_start = changed(loaded, {PATIENTS: start}, "size_coverage")
    return prepare(at_start, lambda _: None)


@functools.cache
def target(power: float) -> int:
    """The exact size; with 150 patients the power is .68, and with fewer it is less."""
    return exact_size(power, *MORTALITIES, DROPOUT, smallest=150)


def search(start: int, power: float, seed: int, jobs: int = 1) -> Size:
    """Search for the size with the defaults of the command."""
    asked = SizeTarget(PATIENTS, power, 4, 10_000, None, MOST_PATIENTS)
    return find_size(
        base(start), asked, seed, Workers(jobs), lambda _: None, whole=True, guess=None
    )


def found(start: int, power: float, seed: int) -> Found:
    """Search by trials alone, and compare with the exact size."""
    asked = SizeTarget(PATIENTS, power, 4, 10_000, None, MOST_PATIENTS)
    run = SimulatedTrials(base(start), PATIENTS, True, seed, Workers(), lambda _: None)
    search = Search(asked, run, float(start), True, 2.0)
    crossing = seek(search, None, None, 730.0).crossing
    assert crossing is not None
    value, low, high = int(crossing.value), int(crossing.low), int(crossing.high)
    trials, rejections = search.count(crossing.value)
    return Found(
        start,
        power,
        seed,
        value,
        low,
        high,
        rejections / trials,
        standard_error(rejections, trials),
        sum(tally.trials for tally in search.tallies.values()),
        crossing.precise,
        low <= target(power) <= high,
    )


def stored() -> list[Found]:
    """Rows of the file."""
    with STORED.open(newline="") as file:
        return [
            Found(
                start=int(row["start"]),
                power=float(row["power"]),
                seed=int(row["seed"]),
                value=int(row["value"]),
                low=int(row["low"]),
                high=int(row["high"]),
                power_there=float(row["power_there"]),
                mcse=float(row["mcse"]),
                trials=int(row["trials"]),
                precise=row["precise"] == "True",
                covered=row["covered"] == "True",
            )
            for row in csv.DictReader(file)
        ]


def by_case(rows: Sequence[Found]) -> Iterator[tuple[int, float, list[Found]]]:
    """The rows of every case: its starting size and power, and what its seeds found."""
    for start in STARTS:
        for power in POWERS:
            yield start, power, [row for row in rows if (row.start, row.power) == (start, power)]


def summary(start: int, power: float, rows: Sequence[Found]) -> str:
    """Coverage of a case with its interval, width and error."""
    covered, exact = sum(row.covered for row in rows), target(power)
    low, high = interval(covered, len(rows))
    half = np.mean([(row.high - row.low) / 2 for row in rows])
    errors = np.array([row.value - exact for row in rows])
    error = errors.std(ddof=1) / np.sqrt(len(rows))
    return (
        f"from {start}, power {power}: exact size {exact}, covered by {covered} of {len(rows)}, "
        f"{covered / len(rows):.3f} ({low:.3f} to {high:.3f}); half-width {half:.2f} patients, "
        f"error {errors.mean():+.2f} (standard error {error:.2f}, largest {np.abs(errors).max()}); "
        f"{np.mean([row.trials for row in rows]):,.0f} trials; "
        f"{sum(not row.precise for row in rows)} not precise"
    )


def main() -> None:
    """Run every search, write the rows and print the summaries."""
    STORED.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with STORED.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Found._fields)
        for start in STARTS:
            for power in POWERS:
                for seed in SEEDS:
                    rows.append(found(start, power, seed))
                    table.writerow(rows[-1])
                    file.flush()
    for start, power, case in by_case(rows):
        print(summary(start, power, case))


if __name__ == "__main__":
    main()
