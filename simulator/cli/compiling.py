"""What is compiled on the way, shown while it is.

Numba tells of every function that it compiles, and of none that it finds in its cache: nothing is
said where nothing is compiled.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from numba.core import event
from rich.progress import Progress

from simulator import log
from simulator.analysis import plans_of
from simulator.cli.display import display, is_live
from simulator.engines.compiled.sharing import compile_alone, compile_meanwhile, share_compiling
from simulator.engines.independence import are_independent
from simulator.montecarlo.compiling import pieces
from simulator.montecarlo.multiplicity import families_of
from simulator.params.types import Params
from simulator.scenario.schema import Scenario

_SECONDS_BEFORE_A_WORD = 1.0  # of compiling: a function or two are done before anybody reads of it
_SECONDS_BETWEEN_LINES = 10.0  # where standard error is no terminal
_SECONDS_A_TICK = 0.2
_WHAT = "compiling the simulation, once on this machine"
# Work is counted in functions of common size, as measured: these
# hold copies of all the kernels that they call,
_LARGE = {"recruit_trials": 60, "treat_trials": 60, "settle_trials": 30, "run_independent": 20}
# and so much is compiled in all for the engine, with events and without, and for an analysis.
_ENGINE, _SIMPLE_ENGINE, _ANALYSIS = 430, 230, 12
_ANALYSES = 7  # while the scenario is being made ready, and nobody has counted them


class _Work(event.Listener):
    """How much was compiled since the program began."""

    def __init__(self) -> None:
        self.expected = _ENGINE + _ANALYSIS * _ANALYSES
        self.done = 0.0
        self.seconds = 0.0  # spent before the function that is being compiled
        self.began = 0.0  # the outermost of those that are being compiled
        self.latest = 0.0  # event, and how much was done a second up to it
        self.pace = 0.0
        self.shown = 0.0
        self.names: list[str] = []  # of those that are being compiled, each for the one before
        self.elsewhere = 0.0  # of what is done, by another process
        self.told = 0.0  # how much was done when the log was told so

    def on_start(self, of: Any) -> None:
        """Note a function that is compiled from now on."""
        self.latest = time.monotonic()
        if not self.names:
            self.began = self.latest
            if self.done == self.told:
                log.event("compiling begun")
        self.names.append(of.data["dispatcher"].py_func.__name__)

    def on_end(self, _of: Any) -> None:
        """Note that it is compiled."""
        self.latest = time.monotonic()
        self.done += _LARGE.get(self.names.pop(), 1)
        self.pace = (self.done - self.elsewhere) / max(
            self.seconds + self.latest - self.began, _SECONDS_A_TICK
        )
        if not self.names:
            self.seconds += self.latest - self.began

    def on_end_elsewhere(self, name: str) -> None:
        """Note that another process has compiled a function for this one."""
        self.elsewhere += _LARGE.get(name, 1)
        self.done += _LARGE.get(name, 1)

    def close(self) -> None:
        """Tell the log that nothing is compiled any more, if something was."""
        if self.done > self.told:
            self.told = self.done
            log.event("compiling done", seconds=round(self.spent(), 3))

    def spent(self) -> float:
        """Seconds of compiling so far."""
        return self.seconds + (time.monotonic() - self.began if self.names else 0.0)

    def is_worth_a_word(self) -> bool:
        """Whether something is being compiled, and has been for longer than a blink."""
        return bool(self.names) and self.spent() > _SECONDS_BEFORE_A_WORD

    def share(self) -> float:
        """Share of the expected work that is done, below 1 and never less than it was.

        Of a function that is being compiled, what the pace so far makes of the time since the
        latest event.
        """
        done = self.done
        if self.names:
            since = time.monotonic() - self.latest
            done += min(self.pace * since, _LARGE.get(self.names[-1], 1))
        self.shown = max(self.shown, min(done / max(self.expected, 1), 0.99))
        return self.shown


_work = _Work()
_showing: list[threading.Thread] = []


def is_compiling() -> bool:
    """Whether something is being compiled now."""
    return bool(_work.names)


def expect(params: Params, analyses: int) -> None:
    """Foretell how much a scenario's first run compiles, by what one of its kind was seen to."""
    engine = _SIMPLE_ENGINE if are_independent(params) else _ENGINE
    _work.expected = engine + _ANALYSIS * analyses


@contextmanager
def compiling(scenario: Scenario | None = None) -> Iterator[None]:
    """Show how far compiling is while the block runs: a bar or, off a terminal, lines.

    Of a scenario that is going to be analysed, the analyses are compiled with the engine.
    """
    if _showing:
        yield
        return
    done = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(event.install_listener("numba:compile", _work))
        show = partial(_bar, stack.enter_context(display())) if is_live() else _lines
        _showing.append(threading.Thread(target=show, args=(done,), daemon=True))
        _showing[0].start()
        share_compiling(_work.on_end_elsewhere)
        if scenario is not None:
            plans = plans_of(scenario)
            compile_meanwhile(pieces(plans, families_of(scenario, plans)))
        try:
            yield
        finally:
            compile_alone()
            done.set()
            _showing.pop().join()
            _work.close()


def _bar(progress: Progress, done: threading.Event) -> None:
    """Show a bar while something is being compiled."""
    task = progress.add_task(_WHAT, total=1.0, said="", visible=False)
    while not done.wait(_SECONDS_A_TICK):
        share = _work.share()
        said = f"{share:.0%}, {_work.spent():.0f} s"
        progress.update(task, completed=share, said=said, visible=_work.is_worth_a_word())
    progress.remove_task(task)


def _lines(done: threading.Event) -> None:
    """Print a line once something is being compiled, and another every ten seconds."""
    last = -_SECONDS_BETWEEN_LINES
    while not done.wait(_SECONDS_A_TICK):
        now = time.monotonic()
        if _work.is_worth_a_word() and now - last >= _SECONDS_BETWEEN_LINES:
            last = now
            so_far = f"{_work.share():.0%}, {_work.spent():.0f} s"
            print(f"{_WHAT}: {so_far} ...", file=sys.stderr, flush=True)
