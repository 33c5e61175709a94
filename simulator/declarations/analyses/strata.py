"""Tests within strata."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Beside, Information, Options
from simulator.declarations.analyses.measure import (
    STRATIFIED_LOG_HAZARD_RATIO,
    STRATIFIED_RISK_DIFFERENCE,
)
from simulator.declarations.analyses.variable import DEATH_BY_DAY, TIME_TO_DEATH, Need
from simulator.errors import RuleError


class Stratified(Options):
    """A test within strata."""

    strata: Literal["randomisation", "site"] | Annotated[list[float], Field(min_length=1)] = Field(
        description="randomisation: its strata; site; or a list of cut points of MELD at the first "
        "visit"
    )

    def broken_rules(self, beside: Beside) -> Iterator[RuleError]:
        """Yield strata that are not there and cut points that do not climb."""
        if self.strata == "randomisation" and not beside.has_factors:
            yield RuleError(
                "the allocation has no factors, so that there is one stratum",
                "give allocation.factors, or cut points of MELD",
                "strata",
            )
        if isinstance(self.strata, list) and any(a >= b for a, b in pairwise(self.strata)):
            yield RuleError("must climb", "order the cut points", "strata")

    def also_needs(self) -> frozenset[Need]:
        """Return MELD at the first visit where it makes the strata."""
        return frozenset({Need.FIRST_MELD} if isinstance(self.strata, list) else ())

    @classmethod
    def spoken(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the strata as they are made."""
        strata = options["strata"]
        if isinstance(strata, str):
            return {"strata": {"randomisation": "those of randomisation"}.get(strata, strata)}
        *others, last = (f"{cut:g}" for cut in strata)
        cuts = f"{', '.join(others)} and {last}" if others else last
        return {"strata": f"MELD at the first visit cut at {cuts}"}


CMH = Analysis(
    word="cmh",
    full_name="Cochran-Mantel-Haenszel test",
    short_name="CMH",
    details="strata: {strata}",
    takes_the=True,
    options=Stratified,
    variable=DEATH_BY_DAY,
    information=Information.COMPLETED,
    measure=STRATIFIED_RISK_DIFFERENCE,
    kernel="simulator.analysis.proportions:cmh",
)
STRATIFIED_MIETTINEN_NURMINEN = Analysis(
    word="stratified_miettinen_nurminen",
    full_name="Miettinen and Nurminen's stratified score test",
    short_name="Stratified score",
    details="strata: {strata}",
    in_estimand="Miettinen and Nurminen's score test, strata: {strata}",
    options=Stratified,
    variable=DEATH_BY_DAY,
    information=Information.COMPLETED,
    measure=STRATIFIED_RISK_DIFFERENCE,
    kernel="simulator.analysis.proportions:stratified_score",
)
STRATIFIED_LOG_RANK = Analysis(
    word="stratified_log_rank",
    full_name="stratified log-rank test",
    short_name="Stratified log-rank",
    details="strata: {strata}",
    in_estimand="log-rank test, strata: {strata}",
    takes_the=True,
    options=Stratified,
    variable=TIME_TO_DEATH,
    information=Information.DEATHS,
    measure=STRATIFIED_LOG_HAZARD_RATIO,
    kernel="simulator.analysis.survival:stratified_log_rank",
)
