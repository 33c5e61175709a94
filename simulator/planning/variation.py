"""Scenarios that differ in some keys: what is varied, and what goes with it."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from simulator.allocation import AllocationError
from simulator.allocation.notation import parse_scheme
from simulator.planning.prepared import Prepared, prepare
from simulator.results.flow import flow
from simulator.scenario.errors import Problem, ScenarioError
from simulator.scenario.loaded import LoadedScenario

_READY = 64  # of a sweep's points, each of a quarter of a megabyte
BESIDE_THE_TRIAL = "acceptance", "calibrated", "decision", "ranges", "uncertain"
_SCHEME, _OPTIONS = "allocation.scheme", "allocation.options"

Values = Mapping[str, Any]  # by key


def value_at(loaded: LoadedScenario) -> Callable[[str], Any]:
    """Return what looks up the value of a key; None where the scenario has none."""
    return {key: value for key, value, _ in loaded.values()}.get


def changed(loaded: LoadedScenario, values: Values, origin: str) -> LoadedScenario:
    """Return a scenario with other values, and with what cannot stay as it is beside them.

    A scheme written on one line, as efron(2/3), brings its options.

    Raises
    ------
    ScenarioError
        If it breaks a rule.
    """
    new = dict(values)
    if _SCHEME in new:
        written = flow(new[_SCHEME])
        try:
            new[_SCHEME], options = parse_scheme(written)
            new = {_OPTIONS: options, **new}
        except AllocationError as error:
            problem = Problem(origin, 0, _SCHEME, written, error.rule, error.remedy)
            raise ScenarioError(problem) from None
    return loaded.changed(new, origin, whole=(_OPTIONS,))


def varied(loaded: LoadedScenario, values: Values, origin: str) -> LoadedScenario:
    """Return a scenario with other values, and the trial alone: nothing of what is beside it.

    What is known of the values, and what they are held to, is of the scenario as it is: of another
    it may name keys that are no more.

    Raises
    ------
    ScenarioError
        If it breaks a rule.
    """
    return changed(loaded, {**dict.fromkeys(BESIDE_THE_TRIAL), **values}, origin)


def combinations(vary: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination of the values, the last key's changing fastest."""
    for values in itertools.product(*vary.values()):
        yield dict(zip(vary, values, strict=True))


class Variants:
    """A scenario at points, each made ready when it is asked for; a few stay ready.

    Parameters
    ----------
    say
        Called with a line on what takes time.
    narrow
        Leaves of a scenario what is asked for.
    """

    def __init__(
        self,
        base: LoadedScenario,
        points: Sequence[Values],
        origin: str,
        say: Callable[[str], None],
        narrow: Callable[[LoadedScenario], LoadedScenario],
    ) -> None:
        self._base, self._points, self._origin = base, points, origin
        self._say, self._narrow = say, narrow
        self._checked = lru_cache(_READY)(self._check)
        self.at = lru_cache(_READY)(self._make_ready)

    def check(self) -> list[int]:
        """Check all points, then make all ready once; return how many patients each has.

        Raises
        ------
        ScenarioError
            If one is no scenario that can be simulated.
        """
        for number in range(len(self._points)):
            self._checked(number)
        patients = []
        for number in range(len(self._points)):
            self._say(f"preparing point {number + 1} of {len(self._points)}")
            patients.append(self.at(number).params.trial.target_randomised)
        return patients

    def _check(self, number: int) -> LoadedScenario:
        return self._narrow(varied(self._base, self._points[number], self._origin))

    def _make_ready(self, number: int) -> Prepared:
        return prepare(self._checked(number), self._say)
