"""An analysis as a scenario asks for it."""

from typing import Any, NamedTuple


class AnalysisPlan(NamedTuple):
    """An analysis: see `scenario.analyses` for what the words mean.

    `options` holds what only this test has, as `{"rho": 0.0, "gamma": 1.0}`.
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
