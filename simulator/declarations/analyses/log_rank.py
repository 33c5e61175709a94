"""Log-rank tests: plain, weighted, and the largest of several weighted ones."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from simulator.declarations.analyses.analysis import (
    Analysis,
    Beside,
    Information,
    NoMargin,
    Options,
    SizeFormula,
)
from simulator.declarations.analyses.measure import LOG_HAZARD_RATIO, WEIGHTED_LOG_HAZARD_RATIO
from simulator.declarations.analyses.variable import TIME_TO_DEATH
from simulator.declarations.parts import Positive
from simulator.errors import RuleError

_Exponent = Annotated[float, Field(ge=0, le=10)]


class FlemingHarrington(Options):
    """A log-rank test with weights S^rho (1 - S)^gamma."""

    rho: _Exponent = Field(description="above 0: early deaths weigh more")
    gamma: _Exponent = Field(description="above 0: late deaths weigh more")


class ModestlyWeighted(Options):
    """A log-rank test whose weights grow up to a day and are equal after it."""

    t_star_days: Positive = Field(description="day from which deaths weigh the same")

    def broken_rules(self, beside: Beside) -> Iterator[RuleError]:
        """Yield a day after the end of follow-up."""
        if self.t_star_days > beside.follow_up_days:
            rule = f"follow-up ends on day {beside.follow_up_days}"
            yield RuleError(rule, "choose an earlier day", "t_star_days")


class MaxCombo(Options):
    """The largest of several weighted log-rank statistics."""

    weights: Annotated[
        list[Annotated[list[_Exponent], Field(min_length=2, max_length=2)]],
        Field(min_length=2, max_length=4),
    ] = Field(description="rho and gamma of each, as [[0, 0], [0, 1]]")

    @classmethod
    def spoken(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the weights in Fleming and Harrington's notation."""
        *others, last = (f"G({rho:g}, {gamma:g})" for rho, gamma in options["weights"])
        return {"weights": f"{', '.join(others)} and {last}"}


LOG_RANK = Analysis(
    word="log_rank",
    full_name="log-rank test",
    short_name="Log-rank",
    takes_the=True,
    variable=TIME_TO_DEATH,
    information=Information.DEATHS,
    measure=LOG_HAZARD_RATIO,
    kernel="simulator.analysis.survival:log_rank",
    lanes="simulator.analysis.lane_log_rank:log_rank",
    size_formula=SizeFormula.HAZARDS,
)
FLEMING_HARRINGTON = Analysis(
    word="fleming_harrington",
    full_name="Fleming and Harrington's log-rank test",
    short_name="Fleming-Harrington",
    details="rho {rho:g}, gamma {gamma:g}",
    options=FlemingHarrington,
    variable=TIME_TO_DEATH,
    information=Information.DEATHS,
    measure=WEIGHTED_LOG_HAZARD_RATIO,
    kernel="simulator.analysis.weighted:fleming_harrington",
    lanes="simulator.analysis.weighted:fleming_harrington",
)
MODESTLY_WEIGHTED = Analysis(
    word="modestly_weighted",
    full_name="modestly weighted log-rank test",
    short_name="Modestly weighted",
    details="t* day {t_star_days:g}",
    takes_the=True,
    options=ModestlyWeighted,
    variable=TIME_TO_DEATH,
    information=Information.DEATHS,
    measure=WEIGHTED_LOG_HAZARD_RATIO,
    kernel="simulator.analysis.weighted:modestly_weighted",
    lanes="simulator.analysis.weighted:modestly_weighted",
)
MAX_COMBO = Analysis(
    word="max_combo",
    full_name="MaxCombo test",
    short_name="MaxCombo",
    details="weights {weights}",
    in_estimand="MaxCombo test of {weights}",
    takes_the=True,
    options=MaxCombo,
    variable=TIME_TO_DEATH,
    measure=LOG_HAZARD_RATIO,
    kernel="simulator.analysis.weighted:max_combo",
    lanes="simulator.analysis.weighted:max_combo",
    no_margin=NoMargin(
        "its largest statistic has no hazard ratio of its own",
        "use cox, or log_rank",
    ),
)
