"""Units of evidence and the least and greatest figure that each can have."""

from math import inf
from typing import NamedTuple


class Limits(NamedTuple):
    """Least and greatest figure of a unit, both allowed unless `is_open` excludes the least."""

    least: float
    greatest: float
    is_open: bool = False


_RATIO = Limits(0, inf, is_open=True)
_AMOUNT = Limits(0, inf)

UNITS: dict[str, Limits] = {
    "%": Limits(0, 100),
    "% change": Limits(-100, inf),
    "fraction": Limits(0, 1),
    "hazard ratio": _RATIO,
    "odds ratio": _RATIO,
    "risk ratio": _RATIO,
    "hazard ratio per MELD point": _RATIO,
    "odds ratio per MELD point": _RATIO,
    "INR": _RATIO,
    "INR difference": Limits(-inf, inf),
    "MELD points": Limits(-inf, inf),
    "umol/L": _AMOUNT,
    "U/L": _AMOUNT,
    "g/L": _AMOUNT,
    "1e9/L": _AMOUNT,
    "log10 IU/mL": Limits(-inf, inf),
    "mL": _AMOUNT,
    "mL/min": _AMOUNT,
    "L": _AMOUNT,
    "min": _AMOUNT,
    "hours": _AMOUNT,
    "days": _AMOUNT,
    "months": _AMOUNT,
    "years": _AMOUNT,
    "patients": _AMOUNT,
    "patients/month": _AMOUNT,
    "sessions": _AMOUNT,
    "events": _AMOUNT,
    "sites": _AMOUNT,
    "CNY": _AMOUNT,
    "EUR": _AMOUNT,
    "USD": _AMOUNT,
    "difference": Limits(-inf, inf),
    "date": Limits(0, 0),  # value_text holds it: 2022-08-12
    "formula": Limits(0, 0),  # value_text holds it
    "text": Limits(0, 0),  # value_text holds it
}
WORDS_ALONE = ("date", "formula", "text")
