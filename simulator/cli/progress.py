"""Progress of a Monte Carlo run on standard error: trials, rate, time left, running estimate."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulator.cli.compiling import is_compiling
from simulator.cli.display import display, is_live
from simulator.log import counted
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.loop import LEAST_TRIALS_FOR_PRECISION, Stop

_SECONDS_FOR_A_PACE = 0.2  # shorter, blocks of trials that end together look like haste
_SECONDS_BETWEEN_LINES = 10.0  # where standard error is no terminal

Watch = Callable[[int, list[int]], None]


@contextmanager
def watched(stop: Stop, primary: str) -> Iterator[Watch]:
    """Give a function that shows how far a run is: a bar or, off a terminal, lines.

    Parameters
    ----------
    primary
        Name of the analysis whose running estimate is shown.
    """
    if is_live():
        with display() as progress:
            task = progress.add_task("trials", total=stop.trials, said="")
            pace = _Pace()

            def show(trials: int, rejections: list[int]) -> None:
                rate = pace.at(trials)
                if not rate:
                    return
                needed = _needed(stop, trials, rejections)
                said = f"{_told(trials, needed, rate)}, {_estimate(primary, trials, rejections)}"
                progress.update(task, completed=trials, total=needed, said=said)

            yield show
            progress.remove_task(task)
        return
    last, pace = time.monotonic(), _Pace()

    def tell(trials: int, rejections: list[int]) -> None:
        nonlocal last
        now = time.monotonic()
        is_time, rate = now - last >= _SECONDS_BETWEEN_LINES, pace.at(trials)
        if is_time and trials == 0 and not is_compiling():
            last = now
            print("the first trials are being simulated ...", file=sys.stderr)
        elif is_time and rate:
            last = now
            needed = _needed(stop, trials, rejections)
            print(
                f"{trials:,} of {needed:,} trials, {_told(trials, needed, rate)}, "
                f"{_estimate(primary, trials, rejections)}",
                file=sys.stderr,
            )

    yield tell


@contextmanager
def lines() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done: one line that changes or, off a terminal, all.

    Off a terminal a line is printed no more often than every ten seconds.
    """
    if is_live():
        with display() as progress:
            task = progress.add_task("", total=None, said="")
            yield lambda line: progress.update(task, description=line)
            progress.remove_task(task)
        return
    last = time.monotonic()

    def tell(line: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            print(line, file=sys.stderr)

    yield tell


class _Pace:
    """Trials a second since the first that were simulated: what came before was compiling.

    Those that were found kept come at once, and foretell nothing.
    """

    def __init__(self) -> None:
        self.first: tuple[int, float] | None = None
        self.kept = counted().kept

    def at(self, trials: int) -> float:
        now, simulated = time.monotonic(), trials - (counted().kept - self.kept)
        if simulated <= 0:
            return 0.0
        if self.first is None:
            self.first = simulated, now
            return 0.0
        if now - self.first[1] < _SECONDS_FOR_A_PACE:
            return 0.0
        return (simulated - self.first[0]) / (now - self.first[1])


def _told(trials: int, needed: int, rate: float) -> str:
    return f"{rate:.0f} a second, {(needed - trials) / rate:.0f} s left"


def _estimate(primary: str, trials: int, rejections: list[int]) -> str:
    error = standard_error(rejections[0], trials)
    return f"{primary} {rejections[0] / trials:.1%} +- {error:.1%}"


def _needed(stop: Stop, trials: int, rejections: list[int]) -> int:
    """Trials to run: as asked, or as the running estimates foretell for the precision asked."""
    if stop.trials is not None:
        return stop.trials
    if stop.standard_error is None:
        return trials
    worst = max(standard_error(count, trials) for count in rejections)
    foretold = round(trials * (worst / stop.standard_error) ** 2)
    return max(LEAST_TRIALS_FOR_PRECISION, foretold, trials)
