"""An analysis as a scenario asks for it."""

from typing import Any, NamedTuple

from simulator.declarations.analyses.hypothesis import TWO_SIDED, Hypothesis


class AnalysisPlan(NamedTuple):
    """An analysis: see `scenario.analyses` for what the words mean.

    `options` holds what only this test has, as `{"rho": 0.0, "gamma": 1.0}`; `hypothesis` is what
    is to be shown at the level alpha.
    """

    name: str
    test: str
    alpha: float
    population: str
    transplant: str
    rescue: str
    withdrawal: str
    lost: str
    options: dict[str, Any]
    hypothesis: Hypothesis = TWO_SIDED

    @property
    def interval_alpha(self) -> float:
        """One minus the confidence of the interval."""
        return self.hypothesis.interval_alpha(self.alpha)
