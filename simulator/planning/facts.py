"""What formulas of sizes take of a scenario and an analysis."""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from calibration.targets import solve_targets
from simulator.analysis import AnalysisPlan, plans_of
from simulator.analysis.margins import Border
from simulator.analysis.score import DIFFERENCE, RATIO
from simulator.declarations.analyses import STATISTICS, SizeFormula
from simulator.declarations.analyses.hypothesis import AWAY, BELOW
from simulator.planning.means import Means, changes_of_meld
from simulator.planning.risks import Risk, exact_risks, simulated_risks
from simulator.results.measures import Scale
from simulator.results.operations import Operations
from simulator.scenario.schema import Scenario

OF_MEANS = SizeFormula.MEANS, SizeFormula.ADJUSTED_MEANS


class Facts(NamedTuple):
    """What the formulas take of a scenario and an analysis.

    Attributes
    ----------
    risks
        Of the control arm and the other.
    exact, proportional
        Whether the risks follow from the scenario's numbers alone, and whether the ratio of the
        hazards of the event is the same at all times.
    ratio
        Patients of each arm, in lowest terms.
    means
        Of an analysis of means.
    has_sessions
        Whether treatment is given in sessions, which may be late, missed or cut short.
    has_effect
        False under a null hypothesis.
    others_count
        Whether the analysis looks at rescue, withdrawal or having been treated.
    ends_otherwise
        Whether it uses another follow-up than `follow_up_days` of each patient.
    """

    plan: AnalysisPlan
    risks: tuple[Risk, Risk]
    exact: bool
    proportional: bool
    ratio: tuple[int, int]
    means: Means | None
    has_sessions: bool
    has_effect: bool
    others_count: bool
    ends_otherwise: bool = False

    @property
    def formula(self) -> SizeFormula:
        """Closed forms that are made for the analysis."""
        declared = STATISTICS.get(self.plan.test)  # a randomisation test has none
        asked = self.plan.hypothesis
        odds = self.plan.test == "odds_ratio" and asked.has_margin
        if declared is None or odds:
            return SizeFormula.NONE
        return declared.size_formula

    @property
    def level(self) -> float:
        """The two-sided level with the critical value of the test."""
        return self.plan.interval_alpha

    @property
    def null(self) -> float:
        """Null value of the estimate, a logarithm where it is one."""
        declared = STATISTICS.get(self.plan.test)
        if declared is None or self.plan.hypothesis.equivalence is not None:
            return 0.0
        return self.plan.hypothesis.tested(declared.measure.scale).null

    @property
    def border(self) -> Border:
        """Border of the null hypothesis of a test of proportions."""
        return self.border_at(self.null)

    def border_at(self, null: float) -> Border:
        """Border of a test of proportions at a null value, a logarithm where it is one."""
        return Border(RATIO if self.plan.test == "risk_ratio" else DIFFERENCE, null)

    @property
    def nulls(self) -> tuple[float, float] | None:
        """Both null values of equivalence, as `null` has one; None where it is not to be shown."""
        asked, declared = self.plan.hypothesis.equivalence, STATISTICS.get(self.plan.test)
        if asked is None or declared is None:
            return None
        ratio = declared.measure.scale is Scale.LOG_RATIO
        low, high = (math.log(one) if ratio else one for one in asked)
        return low, high

    @property
    def apart(self) -> float:
        """What is assumed less the null value, on the scale that the formula has.

        Of equivalence the distance from the nearer margin, negative beyond it.
        """
        if self.nulls is not None:
            low, high = self.nulls
            return min(self._apart(low), -self._apart(high))
        return self._apart(self.null)

    def _apart(self, null: float) -> float:
        if self.formula in OF_MEANS:
            return math.nan if self.means is None else self.means.difference - null
        if self.formula is SizeFormula.HAZARDS:
            first, second = self.risks
            known = first.hazard > 0 and second.hazard > 0
            return math.log(second.hazard / first.hazard) - null if known else math.nan
        control, other = self.analysed
        if self.plan.test == "risk_ratio":
            return other - math.exp(null) * control
        return other - control - null

    @property
    def off_margin(self) -> dict[str, Any]:
        """What a formula's answer has with a margin."""
        asked = self.plan.hypothesis
        if asked.equivalence is not None:
            return {"equivalence": asked.equivalence, "apart": self.apart}
        margin = asked.margin
        return {} if margin is None else {"margin": margin, "apart": self.apart}

    @property
    def on_the_side(self) -> bool:
        """Whether what is assumed is what is to be shown, on one side."""
        if self.nulls is not None:
            return self.apart > 0.0
        side = self.plan.hypothesis.tested(Scale.PROPORTION).side
        return side == AWAY or (self.apart < 0) == (side == BELOW)

    @property
    def of_second(self) -> float:
        """Patients of the second arm for each of the first."""
        return self.ratio[1] / self.ratio[0]

    def mean(self, values: tuple[float, float]) -> float:
        """Mean over the patients of both arms."""
        return (values[0] + self.of_second * values[1]) / (1 + self.of_second)

    @property
    def seen(self) -> float:
        """Probability that an event is seen in a patient."""
        return self.mean((_seen(self.risks[0], self.plan), _seen(self.risks[1], self.plan)))

    @property
    def lost(self) -> float:
        """Share of patients lost before an event."""
        return self.mean((self.risks[0].lost, self.risks[1].lost))

    @property
    def analysed(self) -> tuple[float, float]:
        """Risks of the event among those analysed."""
        return _analysed(self.risks[0], self.plan), _analysed(self.risks[1], self.plan)

    @property
    def inflation(self) -> float:
        """Patients for each that a test of proportions analyses."""
        return 1 / (1 - self.lost) if self.plan.lost == "excluded" else 1.0


def _seen(risk: Risk, plan: AnalysisPlan) -> float:
    return risk.event + (risk.lost if plan.lost == "worst_case" else 0.0)


def _analysed(risk: Risk, plan: AnalysisPlan) -> float:
    known = 1 - risk.lost if plan.lost in ("excluded", "censored") else 1.0
    return _seen(risk, plan) / known if known > 0 else math.nan


def facts_of(scenario: Mapping[str, Any], analysis: int, operations: Operations) -> Facts:
    """Take the facts from a scenario's plain values and, what these do not tell, its simulation."""
    asked = Scenario.of_plain(scenario)
    plan = plans_of(asked)[analysis]
    exact = exact_risks(asked, plan)
    first, second = asked.allocation.ratio
    shared = math.gcd(first, second)
    facts = Facts(
        plan=plan,
        risks=simulated_risks(operations, plan) if exact is None else exact.risks,
        exact=exact is not None,
        proportional=exact is not None and exact.proportional,
        ratio=(first // shared, second // shared),
        means=None,
        has_sessions=any(arm.plan is not None for arm in asked.arms),
        has_effect=asked.null_hypothesis == "none",
        others_count=_others_count(asked, plan),
        ends_otherwise=_ends_otherwise(asked, plan),
    )
    if not facts.has_effect or facts.formula not in OF_MEANS:
        return facts
    adjusted = facts.formula is SizeFormula.ADJUSTED_MEANS
    return facts._replace(means=_means(json.dumps(scenario), analysis, adjusted))


@lru_cache(maxsize=8)
def _means(scenario: str, analysis: int, adjusted: bool) -> Means | None:
    """Means of a scenario written as JSON; kept, since a search asks twice."""
    asked = Scenario.of_plain(json.loads(scenario))
    solved = solve_targets(asked, lambda _: None)
    return changes_of_meld(solved, plans_of(asked)[analysis], adjusted=adjusted)


def _ends_otherwise(s: Scenario, plan: AnalysisPlan) -> bool:
    """Whether deaths count after `follow_up_days`, or a patient may not be followed so long."""
    declared = STATISTICS.get(plan.test)
    longer = s.trial.longest_follow_up_days > s.trial.follow_up_days
    on_time = declared is not None and declared.measure.of_all_follow_up
    return s.trial.end is not None or (longer and on_time)


def _others_count(s: Scenario, plan: AnalysisPlan) -> bool:
    """Whether what the risks leave out may change who is analysed, or what counts."""
    leaves = s.exits is not None and s.exits.withdrawal.net_probability > 0
    plans = [arm.plan for arm in s.arms if arm.plan is not None]
    rescued = any(p.rescue is not None or p.switch_if_plasma_short_to is not None for p in plans)
    return (
        plan.population != "randomised"
        or (plan.withdrawal != "ignored" and leaves)
        or (plan.rescue != "ignored" and rescued)
    )
