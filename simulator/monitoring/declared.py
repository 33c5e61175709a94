"""What a rule of a boundary is: a word, its options with their limits, a formula and its source."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulator.errors import TrialsimError
from simulator.notation import cut_short, read_option, split_written

Values = tuple[float, ...]


class BoundaryError(TrialsimError, ValueError):
    """A boundary that cannot be made: the argument's name, its value, the rule and the remedy."""

    def __init__(self, name: str, value: object, rule: str, remedy: str) -> None:
        # All four go to the base class: another process rebuilds the exception from them.
        super().__init__(name, value, rule, remedy)
        self.name, self.value, self.rule, self.remedy = name, value, rule, remedy

    def __str__(self) -> str:
        """Say what a door says."""
        return f"{self.name} = {self.value}: {self.rule}; {self.remedy}"


class Option(NamedTuple):
    """An option of a rule: a number between limits, which count if `closed`."""

    name: str
    least: float
    most: float
    closed: bool = True

    def allows(self, value: float) -> bool:
        """Whether a value is within the limits."""
        if self.closed:
            return self.least <= value <= self.most
        return self.least < value < self.most

    @property
    def limits(self) -> str:
        """The limits in words."""
        if self.closed:
            return f"from {self.least:g} to {self.most:g}"
        return f"above {self.least:g}, below {self.most:g}"


class Family(NamedTuple):
    """Rules that share a formula.

    Attributes
    ----------
    word, title, source
        In a scenario and on the command line; in a sentence; a citation.
    example
        As it is written on one line.
    options
        In their order; of a rule with `any_number` the only one, which is repeated.
    spent
        Of a spending function: alpha spent at an information fraction of at most 1, by alpha,
        fraction and options; None of other rules.
    value
        Of a shape: the critical value by its constant, information fraction and options.
    has_constant
        Whether a shape has a constant that is chosen so that alpha is spent at the planned end.
    choices
        Words that may follow the options; the first where none does.
    """

    word: str
    title: str
    source: str
    example: str
    options: tuple[Option, ...] = ()
    any_number: bool = False
    spent: Callable[[float, float, Values], float] | None = None
    value: Callable[[float, float, Values], float] | None = None
    has_constant: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule with its options, as `hwang_shih_decani(-4)`."""

    family: Family
    values: Values
    choice: str = ""

    @property
    def word(self) -> str:
        """The word of its family."""
        return self.family.word

    @property
    def text(self) -> str:
        """As it is written on one line."""
        words = [f"{value:g}" for value in self.values]
        if self.choice:
            words.append(self.choice)
        return f"{self.word}({','.join(words)})" if words else self.word

    @property
    def is_table(self) -> bool:
        """Whether it is a spending function given by its values at the planned looks."""
        return self.family.any_number and self.family.value is None


def is_number(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_rule(name: str, text: str, families: Mapping[str, Family]) -> Rule:
    """Read a rule from one line.

    Parameters
    ----------
    name
        Of the argument, for messages.

    Raises
    ------
    BoundaryError
        If it is none of the families, or has options that it does not take.
    """
    found = split_written(text)
    if found is None or found[0] not in families:
        word = (text if found is None else found[0]).strip()
        remedy = _near(word.split("(")[0], families)
        raise BoundaryError(name, cut_short(text), "is not a rule for a boundary", remedy)
    family, words = families[found[0]], found[1]
    choice = family.choices[0] if family.choices else ""
    if family.choices and words and words[-1] in family.choices:
        choice = words.pop()
    values = tuple(_number(name, text, word, family) for word in words)
    if not values if family.any_number else len(values) != len(family.options):
        takes = ", ".join(option.name for option in family.options)
        rule = f"{family.word} takes {takes}" if takes else f"{family.word} takes no number"
        raise BoundaryError(name, cut_short(text), rule, f"write {family.example}")
    options = family.options * len(values) if family.any_number else family.options
    for option, value in zip(options, values, strict=True):
        if not option.allows(value):
            rule = f"{option.name} must be {option.limits}"
            raise BoundaryError(name, cut_short(text), rule, f"as {family.example}")
    return Rule(family, values, choice)


def _number(name: str, text: str, word: str, family: Family) -> float:
    value = read_option(word)
    if value is None or isinstance(value, str):
        rule = f"{cut_short(word)} is not a number"
        if family.choices:
            rule += f", nor one of {', '.join(family.choices)}"
        raise BoundaryError(name, cut_short(text), rule, f"as {family.example}")
    return float(value)


def _near(word: str, known: Iterable[str]) -> str:
    words = list(known)
    near = difflib.get_close_matches(word[:100], words, 1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(words)}"
