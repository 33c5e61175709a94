"""Compiling in two processes: recruitment in a child, the other stages meanwhile here.

Threads would wait for each other: Numba compiles one function at a time. What the child has
compiled is found in the cache that both share; where there is no child, or it fails, all is
compiled here. One processor gains nothing by it, and what is in the cache needs no child. What is
not the engine's and will be needed anyway is compiled by both: by the parent from its first piece
on, by the child from the last, until each finds in the cache what the other has made.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numba.core import event

from simulator.conduct import as_planned
from simulator.engines.compiled.blocks import Stages
from simulator.engines.compiled.inputs import inputs_of
from simulator.engines.compiled.tabled import new_table, read_only
from simulator.engines.compiled.trials import recruit_trials
from simulator.params.types import Params
from simulator.records import Patients, Sessions, TrialRecords, Trials

_CHILD = "from simulator.engines.compiled.sharing import compile_for_parent; compile_for_parent()"

Tell = Callable[[str], None]
Piece = Callable[[Params], None]
_wish: list[Tell] = []
_pieces: list[Piece] = []


def share_compiling(tell: Tell) -> None:
    """Let the next simulation that has to compile do it in two processes.

    `tell` is told the name of every function that the child has compiled, from another thread.
    """
    _wish[:] = [tell]


def compile_meanwhile(pieces: Iterable[Piece]) -> None:
    """Let pieces be compiled, for the parameters simulated, when a child is at work anyway."""
    _pieces[:] = pieces


def compile_alone() -> None:
    """Let no simulation start a child any more."""
    _wish.clear()
    _pieces.clear()


def compile_together(params: Params) -> None:
    """Compile the stages of a scenario in two processes, if that was asked for and pays."""
    if not _wish:
        return
    tell = _wish.pop()
    if _processors() < 2 or _is_in_cache():
        return
    child = _start(params)
    if child is None:
        return
    recruited = threading.Event()
    listener = threading.Thread(target=_listen, args=(child, tell, recruited), daemon=True)
    listener.start()
    try:
        stages = _stages_of_nothing(params)
        stages.treat(0)
        stages.settle(0, 0)
        while _pieces and child.poll() is None:
            _pieces.pop(0)(params)
        with event.trigger_event("numba:compile", data={"dispatcher": recruit_trials}):
            recruited.wait()
    finally:  # an interrupt too
        child.kill()
        child.wait()
        listener.join()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_in_cache() -> bool:
    """Whether recruitment has been compiled on this machine, as far as can be seen."""
    try:
        kept = os.listdir(recruit_trials.stats.cache_path)
    except (OSError, TypeError):
        return False
    return any(name.startswith("trials.recruit_trials") for name in kept)


def _start(params: Params) -> "subprocess.Popen[bytes] | None":
    """Start a child that compiles recruitment; None where the system lets no process start."""
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
    except OSError:
        return None
    try:
        assert child.stdin is not None
        child.stdin.write(pickle.dumps((params, _pieces)))
        child.stdin.close()
    except OSError:  # it has died; what it leaves undone is done here
        pass
    return child


def _listen(child: "subprocess.Popen[bytes]", tell: Tell, recruited: threading.Event) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        name = line.decode(errors="replace").strip()
        if name == recruit_trials.__name__:
            recruited.set()
        elif not recruited.is_set():  # later names are those of pieces, which the parent counts
            tell(name)
    recruited.set()  # or the child has died


class _Names(event.Listener):
    """Prints the name of every function that is compiled."""

    def on_start(self, _of: Any) -> None:
        """Do nothing: what has begun is not done."""

    def on_end(self, of: Any) -> None:
        """Print it."""
        print(of.data["dispatcher"].py_func.__name__, flush=True)


def compile_for_parent() -> None:
    """Compile recruitment, then the pieces, for the parameters on standard input."""
    params, pieces = pickle.load(sys.stdin.buffer)
    with event.install_listener("numba:compile", _Names()):
        _stages_of_nothing(params).recruit(np.empty((0, params.accrual.candidates)), 0, 0, 0)
    for piece in reversed(pieces):
        piece(params)


def blank_trial(params: Params) -> TrialRecords:
    """Records of one trial of a patient an arm, of the types of all records, filled with zeros."""
    t, p, s = (new_table(kind, 2, params) for kind in (Trials, Patients, Sessions))
    t = Trials._make(column[:1] for column in t)
    t.randomised[0], p.arm[1] = 2, 1
    return read_only(t, p, s, 2)


def _stages_of_nothing(params: Params) -> Stages:
    t, r, s = (new_table(kind, 0, params) for kind in (Trials, Patients, Sessions))
    conduct = as_planned(np.empty(0, np.int64), params.trial.target_randomised)
    return Stages(inputs_of(params), conduct, params.max_sessions, 0, t, r, s)
