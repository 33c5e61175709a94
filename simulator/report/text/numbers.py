"""Numbers as text: as many digits as show the first digit of their Monte Carlo error."""

import math
from collections.abc import Callable

from simulator.results.base import Value
from simulator.results.flow import flow
from simulator.results.measures import Estimate, Share

_MOST_DIGITS = 6


def percent(entry: Estimate) -> str:
    """Return a share and its error in per cent; a dash where there is none."""
    if math.isnan(entry.mean):
        return "-"
    digits = _digits(100 * entry.mcse, 1)
    return _with(f"{entry.mean:.{digits}%}", entry.mcse, f".{digits}%")


def number(entry: Estimate) -> str:
    """Return a mean and its error; a dash where there is none."""
    if math.isnan(entry.mean):
        return "-"
    digits = _digits(entry.mcse, 1)
    return _with(f"{entry.mean:.{digits}f}", entry.mcse, f".{digits}f")


def _with(shown: str, error: float, form: str) -> str:
    """Put its error beside a number; one trial has none."""
    return shown if math.isnan(error) else f"{shown} +- {error:{form}}"


def plain(value: float | None, form: str) -> str:
    """Return a number in a format; a dash where there is none, as of nobody."""
    return "-" if value is None or math.isnan(value) else format(value, form)


def value_or_dash(
    value: float | None,
    error: float | None = None,
    show: Callable[[Estimate], str] = number,
) -> str:
    """Return a value with its error or, without one, to three digits; a dash for no value."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.3g}" if error is None else show(Estimate(value, error))


def plain_percent(value: float | None) -> str:
    """Return a share in per cent; a dash for no value."""
    return plain(value, ".1%")


def count_of(count: int, trials: int) -> str:
    """Return how many of so many trials, and their share; 0 alone where there are none."""
    return f"{count:,} ({count / trials:.1%})" if count else "0"


def _digits(error: float, least: int) -> int:
    """Decimals that show an error's first digit; an error of 0 needs no more than `least`."""
    if not error > 0:
        return least
    return min(max(least, -math.floor(math.log10(error))), _MOST_DIGITS)


def share_in_words(share: Share) -> str:
    """Return a share of trials with its interval."""
    if math.isnan(share.mean):
        return "no estimate"
    return f"{share.mean:.1%} (95 % interval {share.ci_low:.1%} to {share.ci_high:.1%})"


def value_in_words(value: Value) -> str:
    """Return a value as a scenario file would have it."""
    return f"{value:g}" if isinstance(value, float) else flow(value)
