"""A piecewise constant baseline hazard from published survival (model page, section 7.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.kaplan_meier import Floats, as_shares
from simulator.scenario.errors import RuleError


@dataclass(frozen=True)
class Piecewise:
    """A hazard as `hazard.baseline` of kind piecewise takes it.

    Attributes
    ----------
    days
        Ends of the pieces, the last being the horizon.
    shares
        Share of the cumulative hazard at the horizon that each piece adds; they sum to 1.
    mortality_at_horizon
        Probability of death by the horizon.
    """

    days: tuple[float, ...]
    shares: tuple[float, ...]
    mortality_at_horizon: float


def piecewise_from_survival(
    days: Sequence[float] | Floats, survival: Sequence[float] | Floats, horizon_days: float
) -> Piecewise:
    """Return the piecewise constant hazard that goes through survival at some days exactly.

    Parameters
    ----------
    days, survival
        Days after 0 and survival at each, as shares or in per cent.
    horizon_days
        Later than the last day, its hazard goes on; earlier, the rest is left out.

    Raises
    ------
    RuleError
        If the days do not climb, survival is not above 0 or climbs, or nobody dies on the last
        piece: its hazard goes on after the horizon.
    """
    ends, alive = np.asarray(days, dtype=float), as_shares(survival)
    if ends.size == 0 or ends.size != alive.size:
        raise RuleError("needs a survival for each day, and one at least", "add it", "survival")
    if not (np.isfinite(ends).all() and ends[0] > 0 and (np.diff(ends) > 0).all()):
        raise RuleError("must climb, the first above 0", "order the days", "days")
    if not (np.isfinite(horizon_days) and horizon_days > 0):
        raise RuleError("must be > 0", "give the day that mortality refers to", "horizon_days")
    if alive[-1] <= 0:
        raise RuleError("must be above 0", "leave the point out", "survival")
    if (np.diff(np.append(1.0, alive)) > 0).any():
        raise RuleError("must not climb", "correct the point that does", "survival")
    ends, cumulative = np.append(0.0, ends), np.append(0.0, -np.log(alive))
    at_horizon = cumulative_hazard_at(ends, cumulative, horizon_days)
    inner = (ends > 0) & (ends < horizon_days) & (ends < ends[-1])
    pieces = np.append(ends[inner], horizon_days)
    added = np.diff(np.concatenate([[0.0], cumulative[inner], [at_horizon]]))
    if added[-1] <= 0:
        raise RuleError(
            "must fall on the last piece: its hazard goes on",
            "leave the last point out, or give a later one",
            "survival",
        )
    return Piecewise(
        tuple(map(float, pieces)),
        tuple(map(float, added / at_horizon)),
        float(-np.expm1(-at_horizon)),
    )


def cumulative_hazard_at(ends: Floats, cumulative: Floats, day: float) -> float:
    """Return the cumulative hazard at a day, straight between the ends and going on after them.

    `ends` and `cumulative` begin with 0.
    """
    if day <= ends[-1]:
        return float(np.interp(day, ends, cumulative))
    rate = (cumulative[-1] - cumulative[-2]) / (ends[-1] - ends[-2])
    return float(cumulative[-1] + rate * (day - ends[-1]))
