"""The question of a size: which analysis, which key, and between which values to look."""

import math
from dataclasses import replace

from simulator.declarations.analyses import MOST_PATIENTS
from simulator.planning.goals import goal_named
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.variation import changed
from simulator.results.size import PATIENTS
from simulator.scenario.errors import Problem, ScenarioError

MOST_PATIENTS_SOUGHT = 10_000
_FEWEST_PATIENTS = 4


def size_question(
    prepared: Prepared,
    power: float,
    analysis: str | None,
    by: str,
    between: tuple[float, float] | None,
    *,
    favoured: bool,
) -> tuple[Prepared, str, tuple[float, float]]:
    """Check what is asked; return the scenario with that goal alone, the key, where to look.

    `analysis` is the name of an analysis, or of a family of those judged together, whose power is
    that any hypothesis is rejected or, as `all:NAME`, every one.

    Raises
    ------
    ScenarioError
        If the question is none that the scenario can answer.
    """
    base, key = _sized_by(prepared, analysis, by)
    _check_power(power, base.sought.alpha)
    if favoured and base.sought.is_family:
        rule = "a family of analyses favours no arm: each of them may favour another"
        raise _problem("favoured", "true", rule, "ask for one of its analyses")
    low, high = between or _range_of(base, key)
    if not -math.inf < low < high < math.inf:
        raise _problem("between", f"{low:g},{high:g}", "must be a lower and a higher value")
    return base, key, (low, high)


def _sized_by(prepared: Prepared, analysis: str | None, by: str) -> tuple[Prepared, str]:
    loaded = prepared.loaded
    narrow, goal = goal_named(prepared, analysis)
    key = loaded.key(by, "by")
    own = loaded.value(key)
    if isinstance(own, bool) or not isinstance(own, int | float):
        raise _problem("by", key, "does not hold a number", "as trial.target_randomised")
    return replace(prepare(narrow(loaded), lambda _: None), goal=goal), key


def _range_of(base: Prepared, key: str) -> tuple[float, float]:
    if key != PATIENTS:
        rule = "is needed to look for a value of"
        raise _problem(
            "between", "", f"{rule} {key}", "give a lower and a higher value, as 0.3,0.9"
        )
    most = min(MOST_PATIENTS.get(plan.test, MOST_PATIENTS_SOUGHT) for plan in base.plans)
    return _FEWEST_PATIENTS, float(min(most, MOST_PATIENTS_SOUGHT))


def is_whole_number(base: Prepared, key: str, low: float, high: float) -> bool:
    """Whether a key takes whole numbers only: its value may be one that could have decimals."""
    if not isinstance(base.loaded.value(key), int):
        return False
    half = math.floor(low) + 0.5
    try:
        changed(base.loaded, {key: half if low <= half <= high else (low + high) / 2}, "by")
    except ScenarioError:
        return True
    return False


def _check_power(power: float, alpha: float) -> None:
    if not alpha < power < 1:
        rule = f"must be between alpha ({alpha:g}) and 1"
        raise _problem("power", f"{power:g}", rule, "as 0.8")


def _problem(option: str, value: str, rule: str, remedy: str = "as 0.3,0.9") -> ScenarioError:
    return ScenarioError(Problem("", 0, option, value, rule, remedy))
