"""Who works for a command, and where what they do is kept."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from simulator.cli.shared import say

if TYPE_CHECKING:
    from simulator.montecarlo.workers import Workers
    from simulator.store.units import UnitStore


class _Command:
    """The command that is under way: where it keeps units, and the stores that it opened."""

    units: Path | None = None
    stores: ClassVar[list["UnitStore"]] = []


def crew(jobs: int | None) -> "Workers":
    """Return so many workers on this machine, one per core if None; they keep their units."""
    from dataclasses import replace

    from simulator.arguments import workers
    from simulator.store.units import UnitStore

    if _Command.units is None:
        return workers(jobs)
    store = UnitStore(_Command.units, say)
    _Command.stores.append(store)
    return replace(workers(jobs), units=store)


def begin(units: Path) -> None:
    """Begin a command that keeps its units in a folder."""
    _Command.units, _Command.stores = units, []


def trials() -> dict[str, int]:
    """Return how many trials were simulated, and how many were found kept, since `begin`."""
    return {
        "trials_simulated": sum(store.made for store in _Command.stores),
        "trials_found": sum(store.found for store in _Command.stores),
    }
