"""Comparisons of Kaplan-Meier curves at, or up to, a day."""

from collections.abc import Iterator

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Beside, Information, Options
from simulator.declarations.analyses.measure import (
    LOG_CUMULATIVE_HAZARD_RATIO,
    RISK_DIFFERENCE,
    RMST_DIFFERENCE,
)
from simulator.declarations.analyses.variable import DEATH_BY_DAY_OF_CURVE, TIME_TO_DEATH
from simulator.declarations.parts import Positive
from simulator.errors import RuleError


class UntilDay(Options):
    """A comparison of Kaplan-Meier curves at, or up to, a day."""

    day: Positive = Field(description="patient day, at the latest the end of follow-up")

    def broken_rules(self, beside: Beside) -> Iterator[RuleError]:
        """Yield a day after the end of follow-up."""
        if self.day > beside.follow_up_days:
            rule = f"follow-up ends on day {beside.follow_up_days}"
            yield RuleError(rule, "choose an earlier day", "day")


KM_DIFFERENCE = Analysis(
    word="km_difference",
    full_name="difference between Kaplan-Meier curves at the end of follow-up",
    short_name="KM difference",
    details="normal test, Greenwood's variance",
    in_estimand="Kaplan-Meier curves, normal test, Greenwood",
    takes_the=True,
    variable=DEATH_BY_DAY_OF_CURVE,
    information=Information.INVERSE_VARIANCE,
    measure=RISK_DIFFERENCE,
    kernel="simulator.analysis.survival:km_difference",
    lanes="simulator.analysis.survival:km_difference",
)
KM_MILESTONE = Analysis(
    word="km_milestone",
    full_name="Kaplan-Meier milestone test at day {day:g}",
    short_name="KM milestone",
    details="complementary log-log scale",
    in_estimand="Kaplan-Meier curves, log-log",
    takes_the=True,
    options=UntilDay,
    variable=TIME_TO_DEATH,
    information=Information.INVERSE_VARIANCE,
    measure=LOG_CUMULATIVE_HAZARD_RATIO,
    kernel="simulator.analysis.survival:km_milestone",
    lanes="simulator.analysis.survival:km_milestone",
)
RMST_DIFFERENCE_TEST = Analysis(
    word="rmst_difference",
    full_name="test of restricted mean survival time to day {day:g}",
    short_name="RMST difference",
    details="areas under Kaplan-Meier curves, normal test",
    in_estimand="Kaplan-Meier areas, normal test",
    takes_the=True,
    options=UntilDay,
    variable=TIME_TO_DEATH,
    information=Information.INVERSE_VARIANCE,
    measure=RMST_DIFFERENCE,
    kernel="simulator.analysis.survival:rmst_difference",
    lanes="simulator.analysis.survival:rmst_difference",
)
