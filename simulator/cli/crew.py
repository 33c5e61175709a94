"""Who works for a command, and where what they do is kept."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.shared import refuse, say

if TYPE_CHECKING:
    from simulator.montecarlo.cluster import Cluster
    from simulator.montecarlo.workers import Workers
    from simulator.store.units import UnitStore

BackendOption = Annotated[
    str, typer.Option("--backend", help="local, or dask: workers of a cluster.")
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Of dask, as tcp://host:8786 [default: a cluster of this machine].",
        show_default=False,
    ),
]
_MOST_KEYS = 1_000
_ADDRESS = re.compile(r"(tcp|tls|ucx|wss?)://(?:[^\s/:@]+|\[[0-9a-fA-F:.]+\]):\d{1,5}", re.ASCII)


class _Command:
    """The command that is under way: where it keeps units, and its cluster."""

    units: Path | None = None
    store: "UnitStore | None" = None
    cluster: "Cluster | None" = None


def crew(jobs: int | None, backend: str, scheduler: str | None) -> "Callable[[], Workers]":
    """Return what gives the workers of a command, once it is to work; a wrong option ends it."""
    if backend not in ("local", "dask"):
        refuse("--backend", backend, "is not a backend", "use local or dask")
    if scheduler is not None:
        if backend != "dask":
            refuse("--scheduler", scheduler, "goes with --backend dask", "add that")
        if _ADDRESS.fullmatch(scheduler) is None or int(scheduler.rpartition(":")[2]) > 65_535:
            refuse("--scheduler", scheduler, "is not an address", "as tcp://127.0.0.1:8786")
        if jobs is not None:
            rule = "are workers of this machine, and those of a cluster are its own"
            refuse("--jobs", jobs, rule, "leave --jobs or --scheduler out")
        _cluster(scheduler, 0).client()  # before what takes long: it may not be there
    return lambda: _workers(jobs, backend, scheduler)


def _workers(jobs: int | None, backend: str, scheduler: str | None) -> "Workers":
    """Return who works; they keep their units, if the command keeps any."""
    from dataclasses import replace

    from simulator.arguments import workers
    from simulator.store.units import UnitStore

    found = workers(jobs)
    if _Command.units is not None:
        _Command.store = _Command.store or UnitStore(_Command.units, _tell)
        found = replace(found, units=_Command.store)
    if backend != "dask":
        return found
    cluster = _cluster(scheduler, found.jobs)
    threads = cluster.threads()
    say(f"{cluster.name}: {threads} threads; each worker compiles its kernels once")
    return replace(found, jobs=threads, cluster=cluster)


def _cluster(scheduler: str | None, jobs: int) -> "Cluster":
    """Return the cluster of the command, one for all that it asks."""
    if _Command.cluster is None:
        from simulator.montecarlo.cluster import Cluster

        _Command.cluster = Cluster(scheduler, jobs, say)
    return _Command.cluster


def _tell(line: str) -> None:
    """Say what became of units, and log it."""
    from simulator.log import event

    say(line)
    event("units", level=logging.WARNING, said=line)


def begin(units: Path) -> None:
    """Begin a command that keeps its units in a folder."""
    _Command.units, _Command.store = units, None


def keys_of_units() -> list[str]:
    """Return which units the command asked for, if not of very many questions about trials."""
    keys = list(_Command.store.keys) if _Command.store is not None else []
    return keys if len(keys) <= _MOST_KEYS else []


def dismiss() -> None:
    """Let the workers of the command go."""
    cluster, _Command.cluster = _Command.cluster, None
    if cluster is not None:
        cluster.close()
