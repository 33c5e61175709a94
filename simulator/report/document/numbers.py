"""Numbers in words: as many digits as their Monte Carlo error supports, and no more."""

import math
from collections.abc import Iterable
from typing import TypeGuard

from simulator.constants import DAYS_PER_MONTH, NORMAL_QUANTILE_975
from simulator.results.measures import CONVENTIONAL_POWER, Estimate

DASH = "\N{EN DASH}"  # stands where there is no number
MINUS = "\N{MINUS SIGN}"
_MANY_MONTHS = 120
_MOST_DECIMALS = 6
_EXTRA = 4  # decimals added at most to show on which side of a threshold a share lies
_UNBROKEN = "\N{NO-BREAK SPACE}"
_WIDTH_IN_ERRORS = 2 * NORMAL_QUANTILE_975


def known(value: object) -> TypeGuard[float]:
    """Whether a value is a number that can be shown."""
    return isinstance(value, int | float) and math.isfinite(value)


def decimals(error: float | None, most: int) -> int:
    """Decimals that show an error's first digit; negative where tens or hundreds are uncertain."""
    if error is None or not error > 0 or not math.isfinite(error):
        return most
    return min(most, -math.floor(math.log10(error)))


def number(value: float | None, error: float | None = None, most: int = _MOST_DECIMALS) -> str:
    """Return a number, rounded to the first digit of its error, with at most `most` decimals."""
    if not known(value):
        return "not available"
    if not known(error) or error == 0:
        shown = _trimmed(value, most)
    else:
        digits = decimals(error, most)
        shown = f"{round(value, digits):,.{max(digits, 0)}f}"
    return _signed(shown)


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
    digits = decimals(error, most)
    smallest = 10.0**-most
    if 0 < error < smallest / 2:
        return f"under {smallest:.{most}f}"
    return f"{round(error, digits):,.{max(digits, 0)}f}" if error else "0"


def with_error(found: Estimate, most: int = _MOST_DECIMALS) -> str:
    """Return a mean and its Monte Carlo error, as in `792 ± 1`; an exact one alone."""
    if not known(found.mean):
        return DASH
    if not known(found.mcse) or found.mcse == 0:
        return number(found.mean, None, 1)
    return plus_minus(number(found.mean, found.mcse, most), error_of(found.mcse, 1, most))


def percent_with_error(found: Estimate) -> str:
    """Return a proportion in per cent, without the sign, and its error."""
    return with_error(Estimate(100 * found.mean, 100 * found.mcse), 2)


def rounded_mean(found: Estimate) -> str:
    """Return a mean with the digits that its error supports, one decimal at the most."""
    return number(found.mean, found.mcse, 1)


def range_of_days(low: float, high: float) -> str:
    """Return the 5th and the 95th percentile over trials."""
    return f"90% range {count(low)} to {count(high)} days, 5th to 95th percentile"


def plus_minus(shown: str, error: str) -> str:
    """Return a number and its error, on one line."""
    return _UNBROKEN.join((shown, "±", error))


def count(value: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{round(value):,}"


def percent(value: float | None, error: float | None = None, most: int = 1) -> str:
    """Return a proportion as a percentage; what rounds to none or all, but is not, says so."""
    if not known(value):
        return "not available"
    digits = max(decimals(None if error is None else 100 * error, most), 0)
    smallest = 10.0**-digits
    if 0 < 100 * value < smallest / 2:
        return f"under {smallest:.{digits}f}%"
    if 100 - smallest / 2 < 100 * value < 100:
        return f"over {100 - smallest:.{digits}f}%"
    if value in (0, 1):
        digits = 0
    return f"{100 * value:.{digits}f}%"


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
    """Return the limits of a 95% interval in per cent, as precise as its error is.

    A limit that rounding would move onto a threshold gets as many decimals as keep it off.
    """
    error = 100 * (high - low) / _WIDTH_IN_ERRORS
    digits = max(decimals(error if error > 0 else None, 2), 0)
    return _UNBROKEN.join((_limit(low, digits, threshold), "to", _limit(high, digits, threshold)))


def _limit(value: float, digits: int, threshold: float | None) -> str:
    if value in (0, 1):
        return f"{100 * value:.0f}%"
    if threshold is not None and abs(value - threshold) > 1e-9:
        most = digits + _EXTRA
        while digits < most and _percentage(value, digits) == _percentage(threshold, digits):
            digits += 1
    return _percentage(value, digits)


def _percentage(value: float, digits: int) -> str:
    return f"{100 * value:.{digits}f}%"


def points(value: float, error: float | None = None, most: int = 1) -> str:
    """Return a difference of proportions in percentage points, without the unit."""
    digits = max(decimals(None if error is None else 100 * error, most), 0)
    return _signed(f"{100 * value:.{digits}f}")


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
