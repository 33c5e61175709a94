"""What a trial costs: prices put to what it takes, trial by trial or on average."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from simulator.constants import DAYS_PER_MONTH
from simulator.montecarlo.totals import Totals
from simulator.records import Floats
from simulator.results.operations import Cost, Costed
from simulator.scenario.schema import Scenario


class Prices(NamedTuple):
    """Prices of a scenario.

    Attributes
    ----------
    by_column
        Of each element of some columns of `TrialMetrics`.
    fixed
        What every trial costs, whatever becomes of it.
    counted
        What has a price above 0.
    """

    currency: str
    by_column: Mapping[str, tuple[float, ...]]
    fixed: float
    counted: tuple[Costed, ...]


def prices_of(scenario: Scenario) -> Prices | None:
    """Return the prices of a scenario; None where it counts no costs."""
    costs = scenario.costs
    if costs is None:
        return None
    sites = len(scenario.accrual.sites) if scenario.accrual.kind == "poisson" else 1
    litre = costs.per_plasma_litre
    priced = {
        Costed.SESSIONS: any(costs.per_session.values()),
        Costed.PATIENTS: costs.per_patient,
        Costed.SITES: costs.per_site,
        Costed.MONTHS: costs.per_month,
        Costed.PLASMA: litre,
    }
    return Prices(
        currency=costs.currency,
        by_column={
            "sessions_by_modality": tuple(
                costs.per_session.get(m.name, 0.0) for m in scenario.modalities
            ),
            "randomised": (costs.per_patient,),
            "plasma_litres": (litre,) * len(scenario.arms),
            "trial_days": (costs.per_month / DAYS_PER_MONTH,),
        },
        fixed=sites * costs.per_site,
        counted=tuple(what for what, price in priced.items() if price),
    )


def cost_of(prices: Prices | None, o: Totals) -> Cost | None:
    """Return the mean cost of the trials that were added up; None without prices."""
    if prices is None:
        return None
    found = o.weighed(prices.by_column)
    return Cost(prices.currency, prices.fixed + found.mean, found.mcse, prices.counted)


def trial_costs(prices: Prices, columns: Mapping[str, Any], trials: int) -> Floats:
    """Return the cost of each trial, (trials,), from the columns that have a price."""
    found: Floats = np.full(trials, prices.fixed)
    for name, weights in prices.by_column.items():
        column = np.asarray(columns[name], np.float64)
        found += column.reshape(trials, -1) @ np.array(weights)
    return found
