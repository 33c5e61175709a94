"""Prior distributions of the between-study standard deviation."""

import math
import re
from typing import NamedTuple

import numpy as np
from scipy import special

from simulator.errors import RuleError
from simulator.records import Floats

_WRITTEN = re.compile(
    r"\s*(half_normal|half_cauchy)\s*\(\s*(\d*\.?\d+(?:e[+-]?\d{1,2})?)\s*\)\s*",
    re.ASCII | re.IGNORECASE,
)
_NODES = 40
LARGEST = 10.0


class HeterogeneityPrior(NamedTuple):
    """A half-normal or half-Cauchy distribution of a scale, on the logit or log scale."""

    kind: str
    scale: float

    def __str__(self) -> str:
        return f"{self.kind}({self.scale:g})"

    def quantile(self, share: Floats) -> Floats:
        """Return quantiles."""
        if self.kind == "half_normal":
            return np.asarray(self.scale * special.ndtri((1 + share) / 2))
        return np.asarray(self.scale * np.tan(np.pi * share / 2))

    def nodes(self) -> tuple[Floats, Floats]:
        """Return standard deviations and their weights: Gauss-Legendre over the distribution."""
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        return self.quantile((nodes + 1) / 2), weights / 2


HALF_NORMAL = HeterogeneityPrior("half_normal", 0.5)
HALF_CAUCHY = HeterogeneityPrior("half_cauchy", 0.5)


def heterogeneity_prior(text: str) -> HeterogeneityPrior:
    """Return the prior that a text such as half_normal(0.5) names.

    Raises
    ------
    RuleError
        If it names none.
    """
    found = _WRITTEN.fullmatch(text)
    remedy = "as half_normal(0.5) or half_cauchy(0.5)"
    if found is None:
        raise RuleError("names no prior of the between-study standard deviation", remedy)
    scale = float(found[2])
    if not (math.isfinite(scale) and 0.01 <= scale <= LARGEST):
        raise RuleError(f"the scale must be from 0.01 to {LARGEST:g}", remedy)
    return HeterogeneityPrior(found[1].lower(), scale)
