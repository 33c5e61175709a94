"""Arguments from Python, checked at the door: a wrong one is named with its value and the rule."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from joblib import cpu_count

from simulator.montecarlo.cluster import Cluster
from simulator.montecarlo.workers import Workers
from simulator.store.units import UnitStore

Jobs = int | Workers | None


def workers(jobs: Jobs) -> Workers:
    """Return who works: so many workers on this machine, one per core if None."""
    if isinstance(jobs, Workers):
        return jobs
    if jobs is None:
        return Workers(int(cpu_count()))
    whole("jobs", jobs, 1, 1024)
    return Workers(jobs)


def hired(
    jobs: int | None = None,
    *,
    units: str | Path | None = None,
    scheduler: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Workers:
    """Return who is to work for a study, where its methods take `jobs`.

    Parameters
    ----------
    jobs
        Workers on this machine; one per core if None.
    units
        Folder in which sums of trials that are done are kept and found, as the commands keep theirs
        in results/units; None: nowhere.
    scheduler
        Address of a dask scheduler, whose workers simulate, as tcp://host:8786; "local" for a
        cluster of this machine. The caller closes it: `workers.cluster.close()`.
    say
        Called with a line on what was found damaged, and on what is waited for.

    Raises
    ------
    ClusterError
        Once it is needed: if dask is not installed, or no scheduler answers.
    """
    store = None if units is None else UnitStore(Path(units), say)
    here = workers(jobs)
    if scheduler is None:
        return replace(here, units=store)
    cluster = Cluster(None if scheduler == "local" else scheduler, here.jobs, say)
    return replace(here, units=store, cluster=cluster)


def require(holds: bool, name: str, value: object, rule: str) -> None:
    """Refuse an argument that breaks a rule.

    Raises
    ------
    ValueError
        If the rule does not hold.
    """
    if not holds:
        raise ValueError(f"{name} = {value!r}: {rule}")


def whole(name: str, value: object, low: int, high: int) -> None:
    """Refuse what is no whole number from `low` to `high`.

    Raises
    ------
    TypeError, ValueError
        If it is of another type; if it is out of range.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} = {value!r}: must be a whole number")
    require(low <= int(cast("int", value)) <= high, name, value, f"must be from {low} to {high}")


def number(name: str, value: object, above: float, most: float) -> None:
    """Refuse what is no number above one and at most another.

    Raises
    ------
    TypeError, ValueError
        If it is of another type; if it is out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} = {value!r}: must be a number")
    require(above < value <= most, name, value, f"must be above {above:g}, at most {most:g}")


def pair_of(name: str, value: Any) -> tuple[Any, Any]:
    """Return two values, one for each arm.

    Raises
    ------
    TypeError
        If they are not two.
    """
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise TypeError(f"{name} = {value!r}: must be two numbers, one for each arm")
    return value[0], value[1]
