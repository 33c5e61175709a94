"""What is wrong with a scenario, and how it is said."""

import difflib
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from simulator.errors import RuleError, TrialsimError, shown_safely

__all__ = [
    "EXTENDS",
    "Problem",
    "RuleError",
    "ScenarioError",
    "nearest",
    "shown",
]

EXTENDS = "extends"  # the one key of a file that is no part of a scenario
_LONGEST_KEY = 200
_MOST_LINES, _MOST_CHARACTERS = 250, 50_000  # of one message: what a reader can take in


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
        What to do about it.
    """

    file: str
    line: int
    key: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = self.key if len(self.key) <= _LONGEST_KEY else f"{self.key[: _LONGEST_KEY - 3]}..."
        subject = f"{key} = {self.value}" if self.value else key
        said = f"{self.rule}; {self.remedy}" if self.remedy else self.rule
        line = ": ".join(part for part in (place, subject, said) if part)
        return shown_safely(line)


class ScenarioError(TrialsimError):
    """A scenario cannot be used; `problems` has a problem for each reason why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        """All problems, a line each; of thousands, the first ones and how many more there are."""
        lines, size = [], 0
        for problem in self.problems[:_MOST_LINES]:
            lines.append(str(problem))
            size += len(lines[-1])
            if size > _MOST_CHARACTERS:
                break
        more = len(self.problems) - len(lines)
        return "\n".join([*lines, *([f"{more:,} more problems; correct these first"] * (more > 0))])


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
