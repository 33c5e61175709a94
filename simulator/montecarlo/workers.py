"""Who works at units of work, and where units that are done are kept."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Workers:
    """Who simulates; no estimate depends on it.

    Attributes
    ----------
    jobs
        Workers on this machine.
    """

    jobs: int = 1

    def of_one_job(self) -> "Workers":
        """Return the same with one worker on this machine."""
        return replace(self, jobs=1)
