"""How many patients can be recruited in the time that a scenario allows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from simulator.params.lower import randomised_share
from simulator.params.recruitment import lower_accrual
from simulator.results.operations import Operations
from simulator.results.reconciled import Recruitable
from simulator.results.size import Size
from simulator.scenario.population import PoissonAccrual, Site
from simulator.scenario.schema import Scenario


def recruitable(
    scenario: Mapping[str, Any], operations: Operations, search: Size | None
) -> Recruitable | None:
    """Patients who can be recruited; None where referrals are a given number, not a rate.

    Simulated where trials went on to the longest recruitment: at the largest number of a search, or
    where no trial reaches the plan's. Else the mean of the Poisson processes of the sites, which is
    their cumulative rate (model page, section 1).
    """
    asked = Scenario.of_plain(scenario)
    accrual, days = asked.accrual, float(asked.trial.max_recruitment_days)
    if not isinstance(accrual, PoissonAccrual):
        return None
    share = randomised_share(asked)
    patients, mcse = expected(accrual, days, share), 0.0
    if search is not None and search.recruitment is not None:
        patients, mcse = search.recruitment.randomised, search.recruitment.mcse
    elif operations.target_reached.mean == 0:
        patients, mcse = operations.randomised.mean, operations.randomised.mcse
    return Recruitable(
        patients=patients,
        mcse=mcse,
        days=days,
        per_month=sum(site.randomised(share) for site in accrual.sites),
        at_full_rate=all(_at_full_rate(site) for site in accrual.sites),
    )


def _at_full_rate(site: Site) -> bool:
    steps = site.rate_steps or []
    return not (site.opens_day or site.ramp_days or any(step.multiplier != 1 for step in steps))


def expected(accrual: PoissonAccrual, days: float, share: float) -> float:
    """Patients randomised on average: of the candidates who are referred, a share."""
    found, patients = lower_accrual(accrual, share), 0.0
    for site, opens_day in enumerate(found.opens_day):
        knots = slice(*found.first_knot[site : site + 2])
        last = int(np.searchsorted(found.knot_day[knots], days - opens_day, side="right")) - 1
        if last >= 0:
            since = days - opens_day - found.knot_day[knots][last]
            rate, slope = found.knot_rate[knots][last], found.knot_slope[knots][last]
            patients += found.knot_cumulative[knots][last] + since * (rate + 0.5 * slope * since)
    return float(patients * share)
