"""Who works at units of work, and where units that are done are kept."""

from dataclasses import dataclass, replace

from simulator.montecarlo.cluster import Cluster
from simulator.store.units import UnitStore


@dataclass(frozen=True)
class Workers:
    """Who simulates; no estimate depends on it.

    Attributes
    ----------
    jobs
        Workers on this machine.
    units
        Where units that are done are kept and found; None: nowhere.
    cluster
        Whose workers simulate; None: those of this machine.
    """

    jobs: int = 1
    units: UnitStore | None = None
    cluster: Cluster | None = None

    def of_one_job(self) -> "Workers":
        """Return the same with one worker on this machine."""
        return replace(self, jobs=1)
