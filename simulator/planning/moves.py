"""The levers of a scenario, and where each is moved to.

A range is moved to its two ends, and so is the 95 % interval of an uncertain key that has no range.
A choice without a range is moved to half and double where it is a number; else to what a designer
would think of. What a scenario has not is no lever.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from calibration.uncertainty import quantiles
from simulator.declarations.keys import every
from simulator.declarations.quantities import name_with_unit
from simulator.planning.choices import CHOICES, FOLLOW_UP, Values, is_choice, moved_to
from simulator.planning.variation import value_at
from simulator.results.flow import flow
from simulator.results.levers import LeftOutLever, LeverKind
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.range_checks import RangeOf
from simulator.scenario.schema import Scenario
from simulator.scenario.uncertain_rules import absent_keys

_HALVED = "n", "rate", "machines", "nurses", "plasma", "follow_up", "loss"
_ENDS = 0.025, 0.975  # of what is uncertain
_LEAST_FOLLOWED, _LEAST_PATIENTS = 7, 4
_SCHEMES = "complete", "permuted_block(4)"


class Move(NamedTuple):
    """A lever's values by key, and in short; of another analysis, its name and no values."""

    to: tuple[Any, ...]
    values: Values
    analysis: str | None = None


class MovedLever(NamedTuple):
    """A lever before it is tried."""

    name: str
    kind: LeverKind
    keys: tuple[str, ...]
    own: tuple[Any, ...]
    moves: tuple[Move, ...]


def levers_of(loaded: LoadedScenario, analysis: str) -> tuple[list[MovedLever], list[LeftOutLever]]:
    """Return every lever of a scenario, and the ranges that do not fit it.

    Parameters
    ----------
    analysis
        Whose power is asked for: the others are levers.
    """
    ranges = loaded.ranges()
    fitting = [one for one in ranges if not one.why_not]
    left_out = [LeftOutLever(one.name, one.why_not) for one in ranges if one.why_not]
    scenario = loaded.scenario
    moved = [_of_range(one, scenario) for one in fitting]
    taken = {key for one in fitting for key in one.keys}
    moved += [lever for lever in _of_uncertain(loaded) if not taken & set(lever.keys)]
    taken |= {key for lever in moved for key in lever.keys}
    moved += [
        *(lever for lever in _of_choices(scenario) if not taken & lever.moves[0].values.keys()),
        *_of_criteria(scenario),
        *_of_analyses(scenario, analysis),
    ]
    return moved, left_out


def _of_range(one: RangeOf, scenario: Scenario) -> MovedLever:
    kind = LeverKind.CHOICE if all(map(is_choice, one.keys)) else LeverKind.ASSUMPTION
    moves = tuple(
        Move(end, _values(one.keys, end, scenario)) for end in (one.low, one.high) if end != one.own
    )
    return MovedLever(one.name, kind, one.keys, one.own, moves)


def _of_uncertain(loaded: LoadedScenario) -> Iterator[MovedLever]:
    """Yield uncertain keys, each by itself moved to the ends of its 95 % interval."""
    scenario = loaded.scenario
    known = bool(scenario.uncertain) and not any(absent_keys(scenario))
    ends = quantiles(scenario, _ENDS) if known else None
    for column, written in enumerate(ends.keys if ends else ()):
        path = loaded.key(written, "uncertain")
        keys = every(path, loaded.provenance) or (path,)
        own = tuple(loaded.value(key) for key in keys)
        moves = []
        for value in ends.values[:, column] if ends else ():
            to = round(float(value)) if isinstance(own[0], int) else float(f"{value:.4g}")
            moves.append(Move((to,) * len(keys), _values(keys, (to,) * len(keys), scenario)))
        kind = LeverKind.CHOICE if all(map(is_choice, keys)) else LeverKind.ASSUMPTION
        name = name_with_unit(path, value_at(loaded))
        yield MovedLever(name[:1].lower() + name[1:], kind, keys, own, tuple(moves))


def _values(keys: Sequence[str], end: Sequence[Any], scenario: Scenario) -> Values:
    found: Values = {}
    for key, value in zip(keys, end, strict=True):
        found |= moved_to(key, value, scenario)
    return found


def _of_choices(scenario: Scenario) -> Iterator[MovedLever]:
    """Yield the choices that have words, moved to what a designer would try first."""
    for word, choice in CHOICES.items():
        own = choice.own(scenario)
        if own is None:
            continue
        moves = []
        for value in _tried(word, own, scenario):
            values = choice.values(scenario, value)
            moves.append(Move((value,), values))
        if moves:
            keys = tuple(moves[0].values) if word != "follow_up" else (FOLLOW_UP,)
            keys = ("allocation.ratio",) if word == "ratio" else keys
            yield MovedLever(choice.label, LeverKind.CHOICE, keys, (own,), tuple(moves))


def _tried(word: str, own: Any, scenario: Scenario) -> list[Any]:
    """Values of a choice to try, the scenario's own left out."""
    if word == "sites":
        return [count for count in (own - 1, 2 * own) if count]
    if word == "sessions":
        return [count for count in (own - 1, own + 1) if count]
    if word == "consent":
        return [value for value in (max(own - 0.1, own / 2), min(own + 0.1, 1.0)) if value != own]
    if word == "ratio":
        return [ratio for ratio in ([1, 1], [2, 1], [1, 2]) if ratio != own]
    if word == "scheme":
        names = [scheme for scheme in _SCHEMES if scheme != own]
        return [] if scenario.allocation.factors else names
    if word not in _HALVED or not own:
        return []
    if not isinstance(own, int):
        return [own / 2, min(2 * own, 0.95) if word == "loss" else 2 * own]
    least = {"n": _LEAST_PATIENTS, "follow_up": _LEAST_FOLLOWED}.get(word, 1)
    whole = sum(scenario.allocation.ratio) if word == "n" else 1
    halved = max(own // 2 // whole * whole, least)
    return [value for value in (halved, 2 * own) if value != own]


def _of_criteria(scenario: Scenario) -> Iterator[MovedLever]:
    """Yield each criterion, and all of them, as what can be dropped."""
    criteria = scenario.eligibility.criteria if scenario.eligibility else []
    for number, criterion in enumerate(criteria if len(criteria) > 1 else []):
        key = f"eligibility.criteria[{number}]"
        name = f"criterion {criterion.label}: {criterion.text}"
        dropped = Move((None,), {"eligibility.criteria": {criterion.label: None}})
        yield MovedLever(name, LeverKind.CHOICE, (key,), (criterion.label,), (dropped,))
    if criteria:
        consent = scenario.eligibility.consent_probability if scenario.eligibility else 1.0
        everyone = {
            "kind": "conditions",
            "label": "all",
            "text": "every candidate",
            "all_of": [[_always(scenario)]],
        }
        values = {
            "eligibility": {
                "upper_limits_of_normal": {},
                "criteria": [everyone],
                "consent_probability": consent,
            }
        }
        own = flow([criterion.label for criterion in criteria])
        move = Move((None,), values)
        name = f"all {len(criteria)} criteria"
        yield MovedLever(name, LeverKind.CHOICE, ("eligibility.criteria",), (own,), (move,))


def _always(scenario: Scenario) -> dict[str, Any]:
    """Return a condition that every candidate meets."""
    variable = scenario.variable_names()[0]
    return {"variable": variable, "comparison": ">=", "threshold": -1e12, "unit": "own"}


def _of_analyses(scenario: Scenario, asked: str) -> Iterator[MovedLever]:
    """Yield the other analyses of the scenario, one lever for all of them."""
    others = [one.name for one in scenario.analyses if one.name != asked]
    moves = tuple(Move((name,), {}, name) for name in others)
    if moves:
        yield MovedLever("analysis", LeverKind.CHOICE, ("analyses",), (asked,), moves)
