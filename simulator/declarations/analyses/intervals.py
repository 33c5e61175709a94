"""Differences and ratios of mortality whose interval decides."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Information, Options, SizeFormula
from simulator.declarations.analyses.measure import (
    LOG_ODDS_RATIO,
    LOG_RISK_RATIO,
    RISK_DIFFERENCE,
)
from simulator.declarations.analyses.variable import DEATH_BY_DAY

_TABLES = "simulator.analysis.interval_tables"
_NAMES = {
    "newcombe": "Newcombe",
    "miettinen_nurminen": "Miettinen-Nurminen",
    "farrington_manning": "Farrington-Manning",
    "wald": "Wald",
    "log": "log-scale Wald",
}


class _Interval(Options):
    @classmethod
    def spoken(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the interval by the name of those who proposed it."""
        return {"interval": _NAMES[options["interval"]]}


class RiskDifference(_Interval):
    """The difference of mortality with an interval, which decides."""

    interval: Literal["newcombe", "miettinen_nurminen", "farrington_manning", "wald"] = Field(
        description="kind of interval; farrington_manning: score, as miettinen_nurminen without "
        "the factor N/(N - 1); wald: normal, unpooled"
    )


class Ratio(_Interval):
    """A ratio of mortalities or of their odds with an interval, which decides."""

    interval: Literal["log", "miettinen_nurminen", "farrington_manning"] = Field(
        description="log: normal on the log scale, half a patient added to each cell; "
        "miettinen_nurminen: score; farrington_manning: the same without the factor N/(N - 1)"
    )


RISK_DIFFERENCE_INTERVAL = Analysis(
    word="risk_difference",
    full_name="{interval} interval for the risk difference",
    short_name="Risk difference",
    takes_the=True,
    in_estimand="{interval} interval",
    options=RiskDifference,
    variable=DEATH_BY_DAY,
    information=Information.COMPLETED,
    measure=RISK_DIFFERENCE,
    kernel="simulator.analysis.proportions:risk_difference",
    lanes="simulator.analysis.proportions:risk_difference",
    table=f"{_TABLES}:risk_difference",
    size_formula=SizeFormula.PROPORTIONS,
)
RISK_RATIO = Analysis(
    word="risk_ratio",
    full_name="{interval} interval for the risk ratio",
    short_name="Risk ratio",
    takes_the=True,
    in_estimand="{interval} interval",
    options=Ratio,
    variable=DEATH_BY_DAY,
    information=Information.COMPLETED,
    measure=LOG_RISK_RATIO,
    kernel="simulator.analysis.proportions:ratio",
    lanes="simulator.analysis.proportions:ratio",
    table=f"{_TABLES}:risk_ratio",
    size_formula=SizeFormula.PROPORTIONS,
)
ODDS_RATIO = Analysis(
    word="odds_ratio",
    full_name="{interval} interval for the odds ratio",
    short_name="Odds ratio",
    takes_the=True,
    in_estimand="{interval} interval",
    options=Ratio,
    variable=DEATH_BY_DAY,
    information=Information.COMPLETED,
    measure=LOG_ODDS_RATIO,
    kernel="simulator.analysis.proportions:ratio",
    lanes="simulator.analysis.proportions:ratio",
    table=f"{_TABLES}:odds_ratio",
    size_formula=SizeFormula.PROPORTIONS,
)
