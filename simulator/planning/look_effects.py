"""The statistic of a look as an effect, on the scale on which people speak of it."""

import math
from typing import NamedTuple

from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.results.measures import Estimate, Scale


class EffectScale(NamedTuple):
    """Where effects stand on the scale of an analysis, of which a ratio is the exponential.

    Attributes
    ----------
    null
        No effect, or the margin; of a ratio its logarithm.
    sign
        1: what is to be shown, or the second arm's favour, lies above; -1: below.
    is_ratio
        Whether estimates are logarithms of ratios.
    """

    null: float
    sign: int
    is_ratio: bool

    def at(self, distance: float) -> float:
        """Effect that lies so far from the null value, towards what is to be shown."""
        value = self.null + self.sign * distance
        return math.exp(value) if self.is_ratio else value

    def estimate(self, distance: Estimate) -> Estimate:
        """The same of a mean, of a ratio the geometric one; its error is by the delta method."""
        value = self.at(distance.mean)
        return Estimate(value, distance.mcse * (value if self.is_ratio else 1.0))


def effect_scale(plan: AnalysisPlan) -> EffectScale:
    """Return where the effects of an analysis stand."""
    measure = STATISTICS[plan.test].measure
    more = measure.more_is_better
    if not plan.hypothesis.is_two_sided:
        more = plan.hypothesis.alternative == "greater"
    null = plan.hypothesis.tested(measure.scale).null
    return EffectScale(null, 1 if more else -1, measure.scale is Scale.LOG_RATIO)
