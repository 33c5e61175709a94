"""How many digits a number is shown with: what its Monte Carlo error supports and a reader can use.

Pages of text and documents share these rules; JSON and CSV files hold every digit. A mean of
29.994 with an error of 0.005 is 30.0, and its error, smaller than half of the last digit shown, is
left out: each table says so.
"""

import math
from collections.abc import Iterable

SIGNIFICANT = 3  # digits of a mean that anybody compares
_EXTRA = 6  # decimals added at most to show on which side of a threshold a share lies


def of_error(error: float) -> int:
    """Return the decimals that show the first digit of an error; below 0 for tens and more."""
    return -math.floor(math.log10(error))


def of_mean(value: float, error: float, significant: int = SIGNIFICANT) -> int:
    """Return the decimals of a mean: those of its error, but no more than its significant digits.

    Parameters
    ----------
    value, error
        The mean and its Monte Carlo standard error; an error of 0 or NaN supports every digit.

    Returns
    -------
    int
        Below 0 where tens, hundreds and so on are to be rounded.
    """
    most = 0 if value == 0 else significant - 1 - math.floor(math.log10(abs(value)))
    return min(most, of_error(error)) if error > 0 and math.isfinite(error) else most


def of_percentage(error: float) -> int:
    """Return the decimals of a share of trials in per cent: one, or two where its error is small.

    Parameters
    ----------
    error
        Monte Carlo standard error of the share, in percentage points.
    """
    return min(max(of_error(error), 1), 2) if error > 0 and math.isfinite(error) else 1


def is_shown(error: float, decimals: int) -> bool:
    """Whether an error is at least half of the last digit shown, so that it is set beside it."""
    return math.isfinite(error) and error >= 0.5 * 10.0**-decimals


def beside(threshold: float, values: Iterable[float], decimals: int) -> int:
    """Return the decimals with which values are not rounded onto a threshold that they are not at.

    All of them have as many, so that both ends of an interval do: 79.96 and 81.2 beside a threshold
    of 80 are shown as 79.96 and 81.20.

    Parameters
    ----------
    threshold, values
        In the same unit, as per cent.
    decimals
        That they have if no value is so near.
    """
    apart = [value for value in values if abs(value - threshold) > 10.0 ** -(decimals + _EXTRA)]
    for more in range(decimals, decimals + _EXTRA):
        if all(f"{value:.{more}f}" != f"{threshold:.{more}f}" for value in apart):
            return more
    return decimals + _EXTRA
