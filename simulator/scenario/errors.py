"""What is wrong with a scenario, and how it is said."""

import difflib
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from simulator.declarations.parts import RuleError
from simulator.errors import TrialsimError

__all__ = [
    "EXTENDS",
    "Problem",
    "RuleError",
    "ScenarioError",
    "nearest",
    "shown",
]

EXTENDS = "extends"  # the one key of a file that is no part of a scenario


class Problem(NamedTuple):
    """One thing that is wrong with a scenario file, as one line of text.

    Attributes
    ----------
    file
        The file's name, as the user would write it.
    line
        Line of the key, from 1; 0 where the file as a whole is meant.
    key
        Dotted, with [i] for items of lists; empty where no key is meant.
    value
        The value as it would be written, shortened; empty where none is shown.
    rule
        What must hold.
    remedy
        What to do about it; may be empty.
    """

    file: str
    line: int
    key: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        subject = f"{self.key} = {self.value}" if self.value else self.key
        said = f"{self.rule}; {self.remedy}" if self.remedy else self.rule
        line = ": ".join(part for part in (place, subject, said) if part)
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class ScenarioError(TrialsimError):
    """A scenario cannot be used; `problems` has a problem for each reason why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like a word, or nothing."""
    near = difflib.get_close_matches(word[:100], list(known), 1)
    return near[0] if near else ""


def shown(value: object, most: int = 60) -> str:
    """Return a value as it would be written, shortened; nothing for what is not plain."""
    if isinstance(value, list):
        items = [shown(item, most) or "..." for item in value[:most]]
        text = f"[{', '.join(items)}]"
    elif isinstance(value, str):
        text = f'"{value}"'
    elif value is None or isinstance(value, bool):
        text = "null" if value is None else str(value).lower()
    elif isinstance(value, int | float | date):
        text = str(value)
    else:
        return ""
    return text if len(text) <= most else f"{text[: most - 3]}..."
