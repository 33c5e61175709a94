"""How good estimates with looks are, as a result."""

import math

from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.after_stopping import KINDS, MEDIAN_UNBIASED, REPEATED, AfterStopping
from simulator.results.after_stopping import EstimatesWithLooks

_OF_ESTIMATES = (
    *("mean", "bias", "bias_mcse", "empirical_se", "empirical_se_mcse", "rmse", "rmse_mcse"),
    *("exaggeration", "exaggeration_mcse"),
)


def estimates_of(sums: AfterStopping, asked: MonitoringPlan) -> dict[str, EstimatesWithLooks]:
    """Return how good each kind of estimate is that is made."""
    kinds = (kind for kind in KINDS if kind != MEDIAN_UNBIASED or not asked.no_order)
    # The centre of a repeated interval is the usual estimate, but where stages have weights.
    return {kind: _of(sums, kind, kind != REPEATED or asked.weighs_stages) for kind in kinds}


def _of(sums: AfterStopping, kind: str, is_estimate: bool) -> EstimatesWithLooks:
    found, above = sums.performance(kind), sums.above_truth(kind)
    knows = is_estimate and found.truth is not None and not math.isnan(above.mean)
    numbers = {name: getattr(found, name) if is_estimate else None for name in _OF_ESTIMATES}
    return EstimatesWithLooks(
        estimates=found.estimates,
        intervals=found.intervals,
        above_truth=above.mean if knows else None,
        above_truth_mcse=above.mcse if knows else None,
        coverage=found.coverage,
        coverage_mcse=found.coverage_mcse,
        **numbers,
    )
