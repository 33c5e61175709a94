"""Who works for a command, and where what they do is kept."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.shared import say

if TYPE_CHECKING:
    from simulator.montecarlo.workers import Workers


class _Command:
    """The command that is under way, and where it keeps units."""

    units: Path | None = None


def crew(jobs: int | None) -> "Workers":
    """Return so many workers on this machine, one per core if None; they keep their units."""
    from dataclasses import replace

    from simulator.arguments import workers
    from simulator.store.units import UnitStore

    if _Command.units is None:
        return workers(jobs)
    return replace(workers(jobs), units=UnitStore(_Command.units, _tell))


def _tell(line: str) -> None:
    """Say what became of units, and log it."""
    from simulator.log import event

    say(line)
    event("units", level=logging.WARNING, said=line)


def begin(units: Path) -> None:
    """Begin a command that keeps its units in a folder."""
    _Command.units = units
