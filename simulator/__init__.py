"""Discrete-event simulation of the randomised trial NCT05484908 and of trials like it."""

from typing import TYPE_CHECKING, Any

from simulator.errors import TrialsimError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulator.montecarlo.workers import Workers
    from simulator.results import BaselineHazard, Boundaries, Exact, Prior
    from simulator.study import Study

    __version__: str


def __getattr__(name: str) -> str:
    """Return `__version__`, which is looked up when it is first asked for."""
    if name == "__version__":
        from simulator.version import program_version

        return program_version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load(name_or_path: "str | Path", **options: Any) -> "Study":
    """Load a scenario, by name or path, to be asked: `simulator.load("nct05484908").power()`.

    See `simulator.study.load`; imported here only when called, as it takes a second.
    """
    from simulator import study

    return study.load(name_or_path, **options)


def scenarios() -> dict[str, str]:
    """Return the title of each shipped scenario by its name."""
    from simulator.scenario.shipped import shipped_titles

    return shipped_titles()


def exact(test: str, n: tuple[int, int], p: tuple[float, float], **options: Any) -> "Exact":
    """Power and size of a test of two proportions, exactly; see `simulator.study.exact`."""
    from simulator import study

    return study.exact(test, n, p, **options)


def boundaries(information: "Sequence[float]", spending: str, **options: Any) -> "Boundaries":
    """Critical values of a group-sequential design; see `simulator.planning.boundaries`."""
    from simulator.planning import boundaries as planning

    return planning.boundaries(information, spending, **options)


def baseline(
    sources: "Sequence[str | Path]", days: "Sequence[float]" = (7, 14, 21, 28, 84)
) -> "BaselineHazard":
    """Baseline hazard from published survival; see `simulator.study.baseline`."""
    from simulator import study

    return study.baseline(sources, days)


def prior(studies: "str | Path | None" = None, **options: Any) -> "Prior":
    """Prior of mortality and hazard ratios from published studies; see `simulator.study.prior`."""
    from simulator import study

    return study.prior(studies, **options)


def workers(jobs: int | None = None, **options: Any) -> "Workers":
    """Who is to simulate, and where sums of trials are kept; see `simulator.arguments.hired`."""
    from simulator import arguments

    return arguments.hired(jobs, **options)


__all__ = [
    "TrialsimError",
    "__version__",
    "baseline",
    "boundaries",
    "exact",
    "load",
    "prior",
    "scenarios",
    "workers",
]
