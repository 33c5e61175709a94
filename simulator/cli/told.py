"""What a designer tells of a trial, as it is typed: a wrong value ends the command with a word."""

import math
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simulator.cli.shared import count, number, refuse

if TYPE_CHECKING:
    from simulator.planning.own_baseline import Points

Reader = Callable[[str, str], Any]  # option and text

LARGEST_FOLLOW_UP = 3660


def share(option: str, text: str) -> float:
    """Read a share above 0 and below 1: 35% or 0.35."""
    value = number(option)(text)
    if not 0 < value < 1:
        remedy = f"write {value:g}%" if 1 <= value < 100 else "as 35% or 0.35"
        refuse(option, text, "must be above 0 and below 100%", remedy)
    return value


def whole_share(option: str, text: str) -> float:
    """Read a share from 0 to 1."""
    value = number(option)(text)
    if not 0 <= value <= 1:
        remedy = f"write {value:g}%" if 1 < value <= 100 else "as 90% or 0.9"
        refuse(option, text, "must be from 0 to 100%", remedy)
    return value


def loss(option: str, text: str) -> float:
    """Read a share from 0 to below 1."""
    value = whole_share(option, text)
    if value == 1:
        refuse(option, text, "must be below 100%", "as 5%")
    return value


def positive(option: str, text: str) -> float:
    """Read a number above 0."""
    value = number(option)(text)
    if not (0 < value < math.inf):
        refuse(option, text, "must be above 0", "as 3")
    return value


def rate(option: str, text: str) -> float:
    """Read a number above 0, or a fraction of two: 4/3."""
    over, is_fraction, under = text.partition("/")
    if not is_fraction:
        return positive(option, text)
    value = positive(option, over) / positive(option, under)
    if not 0 < value < math.inf:
        refuse(option, text, "must be above 0", "as 4/3")
    return value


def not_negative(option: str, text: str) -> float:
    """Read a number of at least 0."""
    value = number(option)(text)
    if not (0 <= value < math.inf):
        refuse(option, text, "must be at least 0", "as 60")
    return value


def days(option: str, text: str) -> int:
    """Read a whole number of days of follow-up."""
    return count(option, 1, LARGEST_FOLLOW_UP)(text)


def patients(option: str, text: str) -> int:
    """Read a number of patients."""
    return count(option, 1, 100_000)(text)


def each(read: Reader, most: int, example: str) -> Reader:
    """Return what reads one to `most` values with commas between."""

    def listed(option: str, text: str) -> tuple[Any, ...]:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) > most or not all(parts):
            rule = f"needs 1 to {most} values with commas between"
            refuse(option, text or '""', rule, f"as {example}")
        return tuple(read(option, part) for part in parts)

    return listed


def two(read: Reader, example: str) -> Reader:
    """Return what reads two values with a comma between."""

    def both(option: str, text: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = each(read, 2, example)(option, text)
        if len(found) != 2:
            refuse(option, text, "needs two values, the control's first", f"as {example}")
        return found

    return both


def name(option: str, text: str) -> str:
    """Read a name."""
    if not text.strip() or len(text) > 80 or not text.strip().isprintable():
        refuse(option, text or '""', "must be a name of 1 to 80 printable characters", "as control")
    return text.strip()


def arms(option: str, text: str) -> tuple[str, str]:
    """Read the names of the two arms."""
    first, second = two(name, "'usual care,new care'")(option, text)
    if first == second:
        refuse(option, text, "names both arms alike", "as 'usual care,new care'")
    return first, second


def sites(option: str, text: str) -> tuple[str, ...]:
    """Read the names of sites, or how many there are."""
    if text.strip().isdigit():
        number_of = count(option, 1, 1000)(text)
        return tuple(f"site {k + 1}" for k in range(number_of))
    found: tuple[str, ...] = each(name, 1000, "Lyon,Leuven or 5")(option, text)
    if len(set(found)) < len(found):
        refuse(option, text, "names a site twice", "as Lyon,Leuven or 5")
    return found


def points(option: str, text: str) -> "Points":
    """Read survival at days, in the order of days: 28=.8,90=.65."""
    example = "as 28=.8,90=.65 or 28=80%,90=65%"
    found = []
    for part in text.split(","):
        day, is_pair, alive = part.partition("=")
        if not is_pair or not day.strip() or not alive.strip():
            refuse(option, text or '""', "needs a day and the survival at it", example)
        found.append((positive(option, day), share(option, alive)))
    if any(a[0] >= b[0] for a, b in pairwise(found)):
        refuse(option, text, "days must climb", example)
    if any(a[1] < b[1] for a, b in pairwise(found)):
        refuse(option, text, "survival must not climb", example)
    return tuple(found)


def ratio(option: str, text: str) -> tuple[int, int]:
    """Read an allocation ratio: 2:1."""
    first, _, second = text.replace(",", ":").partition(":")
    if not (first.strip().isdigit() and second.strip().isdigit()):
        refuse(option, text or '""', "must be two whole numbers", "as 2:1, the control first")
    return count(option, 1, 20)(first), count(option, 1, 20)(second)


def tests(option: str, text: str) -> tuple[str, ...]:
    """Read the words of analyses, the primary one first."""
    from simulator.declarations.analyses import ANALYSES
    from simulator.scenario.errors import nearest

    found: tuple[str, ...] = each(name, 50, "log_rank,chi_square")(option, text)
    for word in found:
        if word not in ANALYSES:
            near = nearest(word, ANALYSES)
            remedy = f"did you mean {near}?" if near else "as log_rank, chi_square or fisher"
            refuse(option, word, "is no analysis", remedy)
    return found


def day(option: str, text: str) -> date:
    """Read a date."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        refuse(option, text or '""', "must be a date", "as 2027-01-04")


def title(option: str, text: str) -> str:
    """Read a line of text."""
    if not text.strip() or not text.isprintable():
        refuse(option, text or '""', "must be one line of printable text", "as 'New against usual'")
    return text.strip()
