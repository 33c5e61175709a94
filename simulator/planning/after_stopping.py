"""How good estimates with looks are, as a result."""

import math

from simulator.montecarlo.after_stopping import KINDS, REPEATED, AfterStopping
from simulator.results.after_stopping import EstimatesWithLooks

_OF_ESTIMATES = (
    *("mean", "bias", "bias_mcse", "empirical_se", "empirical_se_mcse", "rmse", "rmse_mcse"),
    *("exaggeration", "exaggeration_mcse"),
)


def estimates_of(sums: AfterStopping) -> dict[str, EstimatesWithLooks]:
    """Return how good each kind of estimate is."""
    return {kind: _of(sums, kind) for kind in KINDS}


def _of(sums: AfterStopping, kind: str) -> EstimatesWithLooks:
    found, above = sums.performance(kind), sums.above_truth(kind)
    is_estimate = kind != REPEATED
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
