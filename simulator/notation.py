"""A word with options on one line, as `chen(2/3,3)` or `hwang_shih_decani(-4)`."""

import math
import re
from fractions import Fraction

_WRITTEN = re.compile(r"\s*([a-z_]+)\s*(?:\(([^()]*)\))?\s*")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def split_written(text: str) -> tuple[str, list[str]] | None:
    """Return a word and its options as they stand, in their order; None for another text."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    return found[1], [word.strip() for word in found[2].split(",")] if found[2] else []


def split_list(text: str) -> list[str]:
    """Return the parts of a list with commas between; those within brackets separate options."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", text)]


def read_option(word: str) -> int | float | str | None:
    """Return a whole number, a number, a fraction, or a word; None for another text."""
    if re.fullmatch(r"[a-z_]+", word):
        return word
    if re.fullmatch(r"[+-]?\d{1,18}", word):
        return int(word)
    if re.fullmatch(r"[+-]?\d{1,18}/0*[1-9]\d{0,17}", word):
        return float(Fraction(word))
    number = float(word) if _DECIMAL.fullmatch(word) else math.nan
    return number if math.isfinite(number) else None


def cut_short(word: str) -> str:
    """Return what stands for an option in a message."""
    return f"{word[:57]}..." if len(word) > 60 else word or "nothing"
