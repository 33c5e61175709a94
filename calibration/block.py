"""The values that a calibration found, as lines of a scenario file."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from calibration.movable import changes_of
from simulator.declarations.keys import steps_of
from simulator.results.calibration import MovedKey, TargetReached
from simulator.results.flow import flow
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.steps import list_of_names

_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_+-]*")


def block_of(
    loaded: LoadedScenario,
    keys: Sequence[MovedKey],
    targets: Sequence[TargetReached],
    values: Mapping[str, float],
) -> str:
    """Return YAML that lays the values found over the scenario; each says what it was set for.

    Items of lists stand under their names. A value that did not move is left out.
    """
    moved = {key.key: values[key.key] for key in keys if key.old != key.new}
    tree: dict[str, Any] = {}
    for path, value in changes_of(loaded.scenario, moved).items():
        steps = steps_of(path) or ()
        place, here = tree, list(steps)
        for end, step in enumerate(here[:-1], start=1):
            place = place.setdefault(_named(loaded, steps[:end], step), {})
        place[str(here[-1])] = flow(value), _source(loaded, path, targets)
    return "\n".join(_lines(tree, 0))


def _named(loaded: LoadedScenario, steps: tuple[Any, ...], step: Any) -> str:
    name_key = list_of_names(steps)
    if name_key is None or not isinstance(step, int):
        return str(step)
    item: Any = loaded.scenario
    for one in steps:
        item = item[one] if isinstance(one, int) else getattr(item, one)
    return str(getattr(item, name_key))


def _source(loaded: LoadedScenario, path: str, targets: Sequence[TargetReached]) -> str:
    """What a value was set for: `derived: so that screen failure is 0.5`."""
    mine = [
        one
        for one in targets
        if any(loaded.key(key, "calibrate").startswith(path) for key in one.keys)
    ]
    return f"derived: so that {' and '.join(f'{one.label} is {one.target:g}' for one in mine)}"


def _lines(tree: Mapping[str, Any], depth: int) -> list[str]:
    lines = []
    for key, value in tree.items():
        head = "  " * depth + (key if _BARE_KEY.fullmatch(key) else json.dumps(key))
        if isinstance(value, tuple):
            lines.append(f"{head}: {value[0]}  # {value[1]}")
        else:
            lines += [f"{head}:", *_lines(value, depth + 1)]
    return lines
