"""Numbers as text, with the digits that `report.digits` gives them."""

import math
from collections.abc import Sequence

from simulator.report import digits
from simulator.results.base import Value
from simulator.results.flow import flow
from simulator.results.measures import Estimate, Share

NO_NUMBER = "-"
LEFT_OUT = "+- is the Monte Carlo standard error; below half of the last digit it is left out."


def percent(entry: Estimate) -> str:
    """Return a share and its error in per cent; a dash where there is none."""
    error = 100 * entry.mcse
    decimals = digits.of_percentage(error)
    return _with_error(100 * entry.mean, error, decimals, "%")


def number(entry: Estimate) -> str:
    """Return a mean and its error; a dash where there is none."""
    if math.isnan(entry.mean):
        return NO_NUMBER
    return _with_error(entry.mean, entry.mcse, digits.of_mean(entry.mean, entry.mcse))


def mean(entry: Estimate) -> str:
    """Return a mean with the digits that its error supports, the error left out."""
    if math.isnan(entry.mean):
        return NO_NUMBER
    return rounded(entry.mean, digits.of_mean(entry.mean, entry.mcse))


def error_of(entry: Estimate) -> str:
    """Return the error of a mean, to its own first digit."""
    if not entry.mcse > 0:
        return rounded(entry.mcse, 0)
    return rounded(entry.mcse, digits.of_error(entry.mcse))


def rounded(value: float, decimals: int) -> str:
    """Return a number to so many decimals; below 0 to tens, hundreds and so on."""
    if not math.isfinite(value):
        return NO_NUMBER
    shown = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return shown[1:] if shown.startswith("-") and not shown.strip("-0.,") else shown


def _with_error(value: float, error: float, decimals: int, unit: str = "") -> str:
    """Return a value and, where it is not below half of the last digit, its error."""
    if math.isnan(value):
        return NO_NUMBER
    shown = f"{rounded(value, decimals)}{unit}"
    if not digits.is_shown(error, decimals):
        return shown
    return f"{shown} +- {rounded(error, decimals)}{unit}"


def plain(value: float | None) -> str:
    """Return a number of which no error is told, to three digits; a dash for no value."""
    if value is None or not math.isfinite(value):
        return NO_NUMBER
    return rounded(value, digits.of_mean(value, 0.0))


def value_or_dash(value: float | None, error: float | None = None, *, share: bool = False) -> str:
    """Return a value with its error, if there is one; a dash for no value."""
    if value is None or math.isnan(value):
        return NO_NUMBER
    if error is None:
        return plain(value)
    return (percent if share else number)(Estimate(value, error))


def plain_percent(value: float | None) -> str:
    """Return a share in per cent; a dash for no value."""
    if value is None or math.isnan(value):
        return NO_NUMBER
    return f"{100 * value:.1f}%"


def in_points(value: float, error: float) -> tuple[str, str]:
    """Return a difference of shares in percentage points, and its error; dashes for none."""
    if math.isnan(value):
        return NO_NUMBER, NO_NUMBER
    decimals = digits.of_percentage(100 * error)
    shown = f"{100 * value:+.{decimals}f}"
    return shown, NO_NUMBER if math.isnan(error) else f"{100 * error:.{decimals}f}"


def rates_decimals(errors: Sequence[float]) -> int:
    """Return the decimals, in per cent, of a column of shares: those of its smallest error."""
    return max((digits.of_percentage(100 * error) for error in errors), default=1)


def rate(share: float, error: float, decimals: int) -> tuple[str, str]:
    """Return a share of trials in per cent, and its error."""
    smallest = 10.0**-decimals
    shown = f"{100 * error:.{decimals}f}%"
    if not digits.is_shown(100 * error, decimals):
        shown = f"<{smallest:.{decimals}f}%"
    return f"{100 * share:.{decimals}f}%", shown


def interval(low: float, high: float, decimals: int, threshold: float | None = None) -> str:
    """Return an interval in per cent, both ends with as many decimals.

    Where an end would be rounded onto the threshold that it is held against, both have more.
    """
    if threshold is not None:
        decimals = digits.beside(100 * threshold, (100 * low, 100 * high), decimals)
    return f"{100 * low:.{decimals}f}% to {100 * high:.{decimals}f}%"


def share_with_interval(
    share: float, low: float, high: float, error: float, threshold: float
) -> str:
    """Return a share of trials with its 95 % interval, all on the side of a threshold they are."""
    decimals = digits.beside(
        100 * threshold, (100 * share, 100 * low, 100 * high), digits.of_percentage(100 * error)
    )
    return f"{100 * share:.{decimals}f}% (95 % interval {interval(low, high, decimals)})"


def count_of(count: int, trials: int) -> str:
    """Return how many of so many trials, and their share; 0 alone where there are none."""
    if not count:
        return "0"
    share = f"{count / trials:.1%}" if count >= 0.0005 * trials else "<0.1%"
    return f"{count:,} ({share})"


def share_in_words(share: Share) -> str:
    """Return a share of trials with its interval."""
    if math.isnan(share.mean):
        return "no estimate"
    return f"{share.mean:.1%} (95 % interval {interval(share.ci_low, share.ci_high, 1)})"


def target_in_words(power: float) -> str:
    """Return a target power or a level in per cent, without zeros behind its last digit."""
    return f"{100 * power:.10g}%"


def value_in_words(value: Value) -> str:
    """Return a value as a scenario file would have it."""
    return f"{value:g}" if isinstance(value, float) else flow(value)
