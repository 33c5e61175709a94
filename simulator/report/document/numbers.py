"""Numbers in words, with the digits that `report/digits.py` gives them."""

import math
from collections.abc import Iterable
from typing import TypeGuard

from simulator.constants import DAYS_PER_MONTH, NORMAL_QUANTILE_975
from simulator.report import digits
from simulator.results.measures import CONVENTIONAL_POWER, Estimate

DASH = "\N{EN DASH}"  # stands where there is no number, and between the ends of a range
MINUS = "\N{MINUS SIGN}"
LEFT_OUT = (
    "\N{PLUS-MINUS SIGN} is the Monte Carlo standard error; one below half of the last digit shown "
    "is left out."
)
_MANY_MONTHS = 120
_MOST_DECIMALS = 6
_WHOLE_YEARS = 0.01  # of a year, by which a time may be off
_UNBROKEN = "\N{NO-BREAK SPACE}"
_WIDTH_IN_ERRORS = 2 * NORMAL_QUANTILE_975
_CARDINALS = dict(
    enumerate(("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
)


def known(value: object) -> TypeGuard[float]:
    """Whether a value is a number that can be shown."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: float | None, error: float | None = None, most: int = _MOST_DECIMALS) -> str:
    """Return a number with the digits that its error supports, and at most `most` decimals."""
    if not known(value):
        return "not available"
    if not known(error) or error == 0:
        return _signed(_trimmed(value, most))
    return _fixed(value, min(digits.of_mean(value, error), most))


def significant(value: float) -> str:
    """Return an exact number in the digits that anybody compares."""
    return _fixed(value, digits.of_mean(value, 0.0))


def _fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals; below 0 rounded to tens, hundreds and so on."""
    return _signed(f"{round(value, decimals):,.{max(decimals, 0)}f}")


def _trimmed(value: float, most: int) -> str:
    shown = f"{value:,.{most}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _signed(shown: str) -> str:
    if shown.startswith("-") and shown.strip("-0.,") == "":
        return shown[1:]
    return shown.replace("-", MINUS)


def error_of(error: float, scale: float = 1, most: int = _MOST_DECIMALS) -> str:
    """Monte Carlo standard error, scaled, to its first digit."""
    if not known(error):
        return "not available"
    error *= scale
    smallest = 10.0**-most
    if 0 < error < smallest / 2:
        return f"under {smallest:.{most}f}"
    return _fixed(error, min(digits.of_error(error), most)) if error else "0"


def with_error(found: Estimate) -> str:
    """Return a mean and its Monte Carlo error, as in `792 \N{PLUS-MINUS SIGN} 1`.

    An exact one stands alone, as does one whose error is below half of its last digit.
    """
    if not known(found.mean):
        return DASH
    if not known(found.mcse) or found.mcse == 0:
        return number(found.mean, None, 1)
    return _beside(found.mean, found.mcse, digits.of_mean(found.mean, found.mcse))


def _beside(mean: float, error: float, decimals: int) -> str:
    shown = _fixed(mean, decimals)
    if not digits.is_shown(error, decimals):
        return shown
    return _UNBROKEN.join((shown, "\N{PLUS-MINUS SIGN}", _fixed(error, decimals)))


def percent_with_error(found: Estimate) -> str:
    """Return a proportion in per cent, without the sign, and its error."""
    return with_error(Estimate(100 * found.mean, 100 * found.mcse))


def points_with_error(difference: float, error: float) -> str:
    """Return a difference of shares of trials in percentage points, without the unit."""
    return _beside(100 * difference, 100 * error, digits.of_percentage(100 * error))


def rounded_mean(found: Estimate) -> str:
    """Return a mean with the digits that its error supports, one decimal at the most."""
    return number(found.mean, found.mcse, 1)


def range_of_days(low: float, high: float) -> str:
    """Return the 5th and the 95th percentile over trials."""
    return f"90% range {span(count(low), count(high))} days, 5th to 95th percentile"


def span(low: str, high: str) -> str:
    """Return a range of numbers, as in `21\N{EN DASH}32`; one number where both are alike."""
    return low if low == high else f"{low}{DASH}{high}"


def count(value: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{round(value):,}"


def counted(value: int, *, noun: str) -> str:
    """Return a small whole number in words and what is counted, as in `three inputs`."""
    plural = f"{noun[:-2]}es" if noun.endswith("sis") else f"{noun}s"
    return f"{in_words(value)} {noun if value == 1 else plural}"


def in_words(value: int) -> str:
    """Return a small whole number in words."""
    return _CARDINALS.get(value, count(value))


def percent(value: float | None, error: float | None = None) -> str:
    """Return a proportion as a percentage; what rounds to none or all, but is not, says so.

    Parameters
    ----------
    error
        Monte Carlo standard error of a share of trials; None: one decimal.
    """
    if not known(value):
        return "not available"
    decimals = 1 if error is None else digits.of_percentage(100 * error)
    smallest = 10.0**-decimals
    if 0 < 100 * value < smallest / 2:
        return f"less than {smallest:.{decimals}f}%"
    if 100 - smallest / 2 < 100 * value < 100:
        return f"more than {100 - smallest:.{decimals}f}%"
    if value in (0, 1):
        decimals = 0
    return f"{100 * value:.{decimals}f}%"


def round_percent(value: float) -> str:
    """Return a probability in whole per cent; what rounds to none or all, but is not, says so."""
    if 0 < value < 0.005:
        return "less than 1%"
    return "more than 99%" if 0.995 <= value < 1 else f"{100 * value:.0f}%"


def whole_percent(value: float) -> str:
    """Return a level or an assumed probability, without zeros behind its last digit."""
    return f"{_trimmed(100 * value, 3)}%"


def points_of_error(error: float) -> str:
    """Monte Carlo standard error of a proportion, with its unit."""
    shown = error_of(error, 100, 2)
    return f"{shown} percentage point{'' if shown == '1' else 's'}"


def target_in_words(power: float) -> str:
    """Name the power that a design is to have."""
    kind = "conventional target" if power == CONVENTIONAL_POWER else "target"
    return f"the {kind} of {whole_percent(power)}"


def interval(low: float, high: float, *, threshold: float | None = None) -> str:
    """Return the limits of a 95% interval in per cent, both with the decimals of its error.

    Where rounding would move a limit onto a threshold, both get as many as keep it off.
    """
    error = 100 * (high - low) / _WIDTH_IN_ERRORS
    decimals = digits.of_percentage(error)
    if threshold is not None:
        decimals = digits.beside(100 * threshold, (100 * low, 100 * high), decimals)
    return f"{100 * low:.{decimals}f}{DASH}{100 * high:.{decimals}f}%"


def points(value: float, error: float | None = None) -> str:
    """Return a difference of proportions in percentage points, without the unit."""
    return _fixed(100 * value, 1 if error is None else digits.of_percentage(100 * error))


def in_months(days: float) -> str:
    """Return days as whole months, without the unit."""
    return f"{days / DAYS_PER_MONTH:.0f}"


def period(days: float) -> str:
    """Return a time in words: whole years where it is that, else months."""
    years = days / (12 * DAYS_PER_MONTH)
    if round(years) >= 1 and abs(years - round(years)) < _WHOLE_YEARS:
        return counted(round(years), noun="year")
    return months(days)


def months(days: float) -> str:
    """Return days as months, or as years where those would be many."""
    if days > _MANY_MONTHS * DAYS_PER_MONTH:
        return f"{days / (12 * DAYS_PER_MONTH):.0f} years"
    return f"{days / DAYS_PER_MONTH:.0f} months"


def joined(sentences: Iterable[str]) -> str:
    """Return sentences as one text; those that have nothing to say are empty and left out."""
    return " ".join(filter(None, sentences))


def listed(items: list[str], last: str = "and") -> str:
    """Return items as a list in a sentence: `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def closed(name: str) -> str:
    """Return a name within a sentence that goes on: a clause at its end is closed."""
    return f"{name}," if ", " in name else name


def sentence(text: str) -> str:
    """Return text as a sentence: a capital first, a full stop last."""
    text = capital(text.strip())
    return text + ("" if text[-1:] in ("", ".", "!", "?") else ".")


def capital(text: str) -> str:
    """Return text with a capital first."""
    return text[:1].upper() + text[1:]


def uncapital(text: str) -> str:
    """Return text as it stands in mid-sentence; what begins with an abbreviation stays."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
