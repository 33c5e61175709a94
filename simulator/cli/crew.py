"""Who works for a command, and where what they do is kept."""

from typing import TYPE_CHECKING

from simulator.cli.shared import say

if TYPE_CHECKING:
    from simulator.montecarlo.workers import Workers
    from simulator.store.units import UnitStore

_STORES: list["UnitStore"] = []  # of the command that is under way


def crew(jobs: int | None) -> "Workers":
    """Return so many workers on this machine, one per core if None; they keep their units."""
    from dataclasses import replace

    from simulator.arguments import workers
    from simulator.store import UNITS
    from simulator.store.units import UnitStore

    store = UnitStore(UNITS, say)
    _STORES.append(store)
    return replace(workers(jobs), units=store)


def begin() -> None:
    """Begin to count trials."""
    _STORES.clear()


def trials() -> dict[str, int]:
    """Return how many trials were simulated, and how many were found kept, since `begin`."""
    return {
        "trials_simulated": sum(store.made for store in _STORES),
        "trials_found": sum(store.found for store in _STORES),
    }
