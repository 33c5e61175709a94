"""What is wrong with a scenario, and how it is said."""

from typing import NamedTuple


class RuleError(ValueError):
    """A rule that a scenario breaks, before it is known where in a file.

    `key` is relative to the model that raises it, or to the scenario outside the schema; dotted,
    with [i] for the items of a list.
    """

    def __init__(self, rule: str, remedy: str = "", key: str = "") -> None:
        super().__init__(rule)
        self.rule, self.remedy, self.key = rule, remedy, key


class Problem(NamedTuple):
    """One thing that is wrong, and what to do; line 0 and key "" mean the file as a whole."""

    file: str
    line: int
    key: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        what = f"{self.key} = {self.value}" if self.key and self.value else self.key
        said = f"{self.rule}; {self.remedy}" if self.remedy else self.rule
        return ": ".join(part for part in (place, what, said) if part)


class ScenarioError(Exception):
    """A scenario that cannot be used; its text has a line for each problem."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
