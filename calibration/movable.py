"""Keys of a scenario that a calibration may move, as one vector within limits."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.declarations.claims import is_of_trial
from simulator.declarations.keys import steps_of
from simulator.records import Floats
from simulator.scenario.calibrated import CalibrationTarget
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.numeric_range import numeric_range
from simulator.scenario.schema import Scenario

_SHARES = ("hazard", "baseline", "shares")  # which sum to 1
_DIGITS = 5  # significant, of a value that is written


@dataclass(frozen=True)
class Movable:
    """A key that may move.

    Attributes
    ----------
    key
        Its path.
    own, low, high
        The scenario's value, and between which it may lie.
    """

    key: str
    own: float
    low: float
    high: float


def movable_keys(
    loaded: LoadedScenario, targets: Mapping[int, CalibrationTarget]
) -> tuple[Movable, ...]:
    """Return the keys that targets of a scenario, by their places, may move, each once.

    Raises
    ------
    ScenarioError
        If one is no key, has no number that may vary continuously, or lies outside its limits.
    """
    found: dict[str, Movable] = {}
    for place, target in targets.items():
        for number, asked in enumerate(target.by):
            here = f"calibrated[{place}].by[{number}]"
            path, own = _numeric(loaded, asked.key, f"{here}.key")
            if not asked.low <= own <= asked.high:
                rule = f"{asked.key} is {own:g}, outside {asked.low:g} to {asked.high:g}"
                raise loaded.problem(f"{here}.low", rule, "widen the limits, or change the value")
            valid = numeric_range(loaded.scenario, path)
            if asked.low < valid.low or asked.high > valid.high:
                rule = f"{asked.key} must be {valid}"
                raise loaded.problem(f"{here}.low", rule, "narrow the limits")
            found[path] = Movable(path, own, asked.low, asked.high)
    return tuple(found.values())


def _numeric(loaded: LoadedScenario, written: str, here: str) -> tuple[str, float]:
    """Path and value of a key that holds a number."""
    try:
        path = loaded.key(written, here)
    except ScenarioError as error:
        problem = error.problems[0]
        raise loaded.problem(here, problem.rule, problem.remedy) from None
    value = loaded.value(path)
    if not is_of_trial(path):
        raise loaded.problem(here, "is no part of the trial's course", "name another key")
    if value == "solved":
        rule = "is solved from a mortality target"
        raise loaded.problem(here, rule, "move the target: hazard.mortality_targets")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise loaded.problem(here, "holds no number", "name a numeric key")
    if numeric_range(loaded.scenario, path).whole:
        rule = "holds a whole number, and a calibration moves keys by small steps"
        raise loaded.problem(here, rule, "name another key, or compare values by trialsim sweep")
    return path, float(value)


def scaled(keys: Sequence[Movable], values: Floats) -> Floats:
    """Return values as shares of the way from low to high."""
    return np.array([(v - k.low) / (k.high - k.low) for k, v in zip(keys, values, strict=True)])


def values_of(keys: Sequence[Movable], position: Floats) -> Floats:
    """Return the values at a position from 0, low, to 1, high, as they would be written."""
    raw = (k.low + x * (k.high - k.low) for k, x in zip(keys, position, strict=True))
    return np.array([_rounded(value) for value in raw])


def _rounded(value: float) -> float:
    if value == 0:
        return 0.0
    return round(value, _DIGITS - 1 - math.floor(math.log10(abs(value))))


def with_values(loaded: LoadedScenario, values: Mapping[str, float]) -> LoadedScenario:
    """Return the scenario with other values of its keys."""
    return loaded.changed(changes_of(loaded.scenario, values), "calibrate")


def changes_of(scenario: Scenario, values: Mapping[str, float]) -> dict[str, object]:
    """Return what to change: of shares that sum to 1, the others keep their proportions."""
    moved = {steps: v for key, v in values.items() if (steps := steps_of(key) or ())[:3] == _SHARES}
    plain: dict[str, object] = {
        key: value for key, value in values.items() if (steps_of(key) or ())[:3] != _SHARES
    }
    if moved:
        own: list[float] = list(getattr(scenario.hazard.baseline, "shares"))  # noqa: B009
        places = {int(steps[3]): value for steps, value in moved.items()}
        rest = sum(share for place, share in enumerate(own) if place not in places)
        left = 1 - sum(places.values())
        shares = [places.get(place, share * left / rest) for place, share in enumerate(own)]
        # Rounded as they are written; the last that did not move takes up what rounding leaves.
        shares = [round(share, 6) for share in shares]
        last = max(place for place in range(len(own)) if place not in places)
        shares[last] = round(shares[last] + 1 - sum(shares), 12)
        plain[".".join(_SHARES)] = shares
    return plain
