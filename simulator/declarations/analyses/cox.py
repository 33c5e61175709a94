"""Proportional hazards regression on the arm."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Information, Options, SizeFormula
from simulator.declarations.analyses.measure import LOG_HAZARD_RATIO
from simulator.declarations.analyses.variable import TIME_TO_DEATH

_NAMES = {
    "efron": "Efron",
    "breslow": "Breslow",
    "score": "score",
    "wald": "Wald",
    "likelihood_ratio": "likelihood ratio",
}


class Cox(Options):
    """Proportional hazards regression on the arm."""

    ties: Literal["efron", "breslow"] = Field(description="how deaths at one time are taken")
    statistic: Literal["score", "wald", "likelihood_ratio"] = Field(description="which decides")

    @classmethod
    def spoken(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options by their proper names."""
        return {key: _NAMES[options[key]] for key in ("ties", "statistic")}


COX = Analysis(
    word="cox",
    full_name="Cox regression",
    short_name="Cox",
    details="{statistic} test, {ties} ties",
    in_estimand="Cox regression, {statistic} test, {ties} ties",
    options=Cox,
    variable=TIME_TO_DEATH,
    information=Information.DEATHS,
    measure=LOG_HAZARD_RATIO,
    kernel="simulator.analysis.cox:cox",
    lanes="simulator.analysis.cox:cox",
    size_formula=SizeFormula.HAZARDS,
)
