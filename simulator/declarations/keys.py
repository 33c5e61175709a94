"""Key paths: the steps to a value of a scenario, and how they are written.

A step is the key of a mapping (text) or the place of an item in a list (a whole number from 0):
`("arms", 1, "plan")` is written `arms[1].plan`. A key that would be misread stands in brackets and
quotes, as in `costs.per_session["LPE 1.0 L"]`, so that a path and its text say the same.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

Step = str | int

EVERY = "[*]"  # in place of an item: every item of the list has the value
SHORT = {"n": "trial.target_randomised"}  # keys that have a shorter word wherever one is asked for

_PLAIN = re.compile(r"[^\s.,=\[\]\"]+(?: +[^\s.,=\[\]\"]+)*")  # needs no quotes
_NEXT = re.compile(
    r"""\[\s*(?P<quoted>"(?:[^"\\]|\\.)*")\s*\]   # ["any text"]
    | \[\s*'(?P<single>[^']*)'\s*\]             # ['any text without that quote']
    | \[(?P<number>\d{1,9})\]                     # [3]
    | \[(?P<name>[^\[\]"]+)\]                     # [a name]
    | (?:^|\.)(?P<word>[^.\[\]"]+)                # .word""",
    re.VERBOSE,
)


def key_path(steps: Iterable[Step]) -> str:
    """Return steps as a key path, `("arms", 1, "plan")` as `arms[1].plan`."""
    path = ""
    for step in steps:
        path = joined(path, _written(step))
    return path


def joined(key: str, relative: str) -> str:
    """Return a key path followed by one that is relative to it."""
    return f"{key}.{relative}" if key and relative and relative[0] != "[" else key + relative


def below(key: str, *steps: Step) -> str:
    """Return the path of what lies some steps below a key."""
    for step in steps:
        key = joined(key, _written(step))
    return key


@lru_cache(maxsize=4096)
def _written(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return step if _PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]"


@lru_cache(maxsize=4096)
def steps_of(path: str) -> tuple[Step, ...] | None:
    """Return the steps that a key path is written for, the inverse of `key_path`.

    A name in brackets without quotes, as in `sites[Guangzhou]`, is a step of text too; None if the
    text is no path.
    """
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _NEXT.match(path, at)
        if found is None:
            return None
        if found["quoted"] is not None:
            try:
                steps.append(str(json.loads(found["quoted"])))
            except ValueError:
                return None
        elif found["number"] is not None:
            steps.append(int(found["number"]))
        else:
            steps.append(found["single"] or found["name"] or found["word"] or "")
        at = found.end()
    return tuple(steps)


def value_at(values: Any, path: str) -> Any:
    """Return the value at a key path, as arms[1].plan.sessions, of plain values; None for none."""
    found = values
    for step in steps_of(path) or ():
        if found is None:
            return None
        found = found[step]
    return found


def matched(pattern: str, key: str) -> tuple[Step, ...] | None:
    """Return the steps of a key that the stars of a pattern stand for; None where it is no such.

    `arms[*].plan.sessions` is the pattern of `arms[1].plan.sessions`, whose star is 1.
    """
    asked, steps = steps_of(pattern), steps_of(key)
    if asked is None or steps is None or len(asked) != len(steps):
        return None
    pairs = list(zip(asked, steps, strict=True))
    if any(want not in ("*", step) for want, step in pairs):
        return None
    return tuple(step for want, step in pairs if want == "*")


def every(pattern: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Return the keys that a pattern with `[*]` stands for, as `accrual.sites[*].opens_day`."""
    return tuple(key for key in keys if matched(pattern, key) is not None)


def divided(text: str) -> tuple[str, str] | None:
    """Return a key path and what follows the `=` after it; None where there is no such sign.

    An `=` within quotes is part of the path.
    """
    bare = re.match(r'(?:[^="]|"(?:[^"\\]|\\.)*")*=', text)
    return None if bare is None else (text[: bare.end() - 1].strip(), text[bare.end() :])
