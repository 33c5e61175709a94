"""Values of a key as they are typed: with commas between, as ranges, as lists and as mappings."""

import math
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from simulator.errors import RuleError
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loaded import values_of
from simulator.scenario.yaml_reader import Reader

MOST_VALUES = 2_000  # of one range
_WORDS = {"null": None, "true": True, "false": False}
# A number with a leading zero, as in 08:30, is part of a time or a date.
_NUMBER = r"-?(?:0|[1-9]\d*|(?=\.\d)|0(?=\.))(?:\.\d+)?(?:[eE][+-]?\d{1,2})?"
_RANGE = re.compile(rf"({_NUMBER})\s*:\s*({_NUMBER})(?:\s*:\s*({_NUMBER}))?", re.ASCII)
_WORDED = re.compile(rf"({_NUMBER})\s+to\s+({_NUMBER})\s+by\s+({_NUMBER})", re.ASCII)
_DOTTED = re.compile(rf"({_NUMBER})\s*(?:\.\.+|-)\s*({_NUMBER})", re.ASCII)
_TIGHT = re.compile(r"([{,]\s*[A-Za-z_]\w*):(?=\S)")  # {a:1}, which to YAML is a word
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def typed_values(text: str) -> list[Any]:
    """Return the values that a text on the command line lists.

    Commas separate them, but not within brackets or quotes. `60:600:60` is 60, 120, ... 600, both
    ends included; `[1,1]` a list and `{a: 1}` a mapping, as YAML writes them; what stands in quotes
    is text.

    Raises
    ------
    RuleError
        If it cannot be read.
    """
    found: list[Any] = []
    for part in _parts(text):
        found += _values(part)
    return found


def plain_value(text: str) -> Any:
    """Value that a word on the command line stands for, as a scenario file would have it."""
    text = text.strip()
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float, date.fromisoformat):
        try:
            value = kind(text)
        except ValueError:
            continue
        if isinstance(value, float) and value.is_integer() and "e" in text.lower():
            return int(value)  # 1e3 patients
        if not isinstance(value, float) or math.isfinite(value):
            return value
    return text


def _values(part: str) -> list[Any]:
    if not part:
        raise RuleError("has nothing between two commas", "leave the comma out, or write null")
    if part[0] in "[{":
        return [_in_flow(part)]
    if part[0] in "\"'":
        return [_quoted(part)]
    worded = _WORDED.fullmatch(part)
    if worded is not None:
        raise RuleError(f"{part} is a range in words", f"write {':'.join(worded.groups())}")
    dotted = _DOTTED.fullmatch(part)
    if dotted is not None:
        first, last = dotted.groups()
        raise RuleError(f"{part} is a range without a step", f"as {_stepped(first, last)}")
    found = _RANGE.fullmatch(part)
    return [plain_value(part)] if found is None else list(_range(part, *found.groups()))


def _stepped(first: str, last: str) -> str:
    """Return a range of eleven numbers as it is to be written."""
    return f"{first}:{last}:{((Decimal(last) - Decimal(first)) / 10).normalize():f}"


def _range(text: str, first: str, last: str, step: str | None) -> Iterator[Any]:
    """Yield the numbers of a range, without the dirt that adding floats would leave."""
    begin, end = Decimal(first), Decimal(last)
    if step is None:
        example = _stepped(first, last)
        raise RuleError(f"{text} is a range without a step", f"as {example}, or in quotes if text")
    by = Decimal(step)
    if by == 0:
        raise RuleError(f"{text} has a step of 0", "give another step")
    if (end - begin) / by < 0:
        other = f"{first}:{last}:{-by}"
        raise RuleError(f"the step of {text} leads away from its end", f"write {other}")
    number = int((end - begin) // by) + 1
    if number > MOST_VALUES:
        rule = f"{text} has {number:,} values, at most {MOST_VALUES:,} are allowed"
        raise RuleError(rule, "take a larger step")
    is_whole = all(value == value.to_integral_value() for value in (begin, end, by))
    for place in range(number):
        value = begin + place * by
        yield int(value) if is_whole else float(value)


def _in_flow(text: str) -> Any:
    """Return a list or a mapping as YAML reads it."""
    spaced = _TIGHT.sub(r"\1: ", text)
    reader = Reader(f"value: {spaced}", "")
    try:
        read = reader.root().value
        problems = reader.problems
    except ScenarioError as error:
        read, problems = {}, list(error.problems)
    if problems or read.keys() != {"value"}:
        why = f": {problems[0].rule}" if problems else ""
        raise RuleError(f"{text} cannot be read{why}", "as [1, 1] or {randomised_per_month: 2}")
    return values_of(read["value"])


def _quoted(text: str) -> str:
    if len(text) < 2 or text[-1] != text[0]:
        raise RuleError(f"{text} lacks a closing quote", "close it")
    return text[1:-1]


def _parts(text: str) -> Iterator[str]:
    """Yield what stands between commas that are within no brackets and no quotes."""
    open_until: list[str] = []
    quote, begun = "", 0
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'" and (open_until or not text[begun:place].strip()):
            quote = sign
        elif sign in _CLOSING:
            open_until.append(_CLOSING[sign])
        elif open_until and sign == open_until[-1]:
            open_until.pop()
        elif sign == "," and not open_until:
            yield text[begun:place].strip()
            begun = place + 1
    if open_until:
        raise RuleError(f"{text[begun:].strip()} lacks a closing {open_until[-1]}", "close it")
    yield text[begun:].strip()
