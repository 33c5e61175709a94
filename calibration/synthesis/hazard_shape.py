"""When deaths come: what share of the cumulative hazard by day 84 has come by another day.

The base case's shape of the baseline (rows B05 to B10; model page, section 7.4): a test holds the
two together. It converts mortality by day 28 or 90 to mortality by day 84, and is an assumption.
"""

import numpy as np

HORIZON = 84.0
_DAYS = (0.0, 7.0, 14.0, 21.0, 28.0, 84.0)
_SHARES = (0.0689, 0.18135, 0.2197, 0.18005, 0.35)
LATEST = 180.0  # beyond, a shape of twelve weeks says nothing


def relative_hazard(day: float) -> float:
    """Return the cumulative hazard by a day, as a share of that by day 84.

    After day 84 the last weeks' hazard goes on.
    """
    reached = np.concatenate([[0.0], np.cumsum(_SHARES)])
    if day <= HORIZON:
        return float(np.interp(day, _DAYS, reached))
    return 1.0 + _SHARES[-1] * (day - HORIZON) / (HORIZON - _DAYS[-2])
