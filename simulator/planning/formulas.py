"""What formulas say of a scenario: the size it would need, the difference it could detect.

Each analysis declares which formulas are made for it (`SizeFormula`); for others there is none.
"""

import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from calibration.targets import solve_targets
from simulator.analysis import AnalysisPlan, plans_of
from simulator.declarations.analyses import STATISTICS, SizeFormula
from simulator.declarations.estimands import tests_of
from simulator.planning.closed_forms import (
    exact_patients,
    freedman_events,
    normal_patients,
    schoenfeld_events,
    t_test_patients,
)
from simulator.planning.means import Means, changes_of_meld
from simulator.planning.risks import Risk, exact_risks, simulated_risks
from simulator.results.closed_forms import ClosedForm, ClosedForms, Contrast, Formula, Missing
from simulator.results.operations import Operations
from simulator.scenario.schema import Scenario

_ENUMERATED = "fisher", "chi_square", "yates", "mid_p"  # whose tables take milliseconds
MOST_ENUMERATED = 600  # patients: beyond, tables of every size take too long
_FAR = 1.3  # of the normal approximation's size, which an exact one may exceed
_LEAST = 1e-9  # difference that formulas can size
_MOST_LOST = 0.999  # beyond it there is nobody of whom a size could be worked out
_OF_MEANS = SizeFormula.MEANS, SizeFormula.ADJUSTED_MEANS


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

    @property
    def formula(self) -> SizeFormula:
        """Closed forms that are made for the analysis."""
        declared = STATISTICS.get(self.plan.test)  # a randomisation test has none
        return SizeFormula.NONE if declared is None else declared.size_formula

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
    )
    if not facts.has_effect or facts.formula not in _OF_MEANS:
        return facts
    adjusted = facts.formula is SizeFormula.ADJUSTED_MEANS
    return facts._replace(means=_means(json.dumps(scenario), analysis, adjusted))


@lru_cache(maxsize=8)
def _means(scenario: str, analysis: int, adjusted: bool) -> Means | None:
    """Means of a scenario written as JSON; kept, since a search asks twice."""
    asked = Scenario.of_plain(json.loads(scenario))
    solved = solve_targets(asked, lambda _: None)
    return changes_of_meld(solved, plans_of(asked)[analysis], adjusted=adjusted)


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


def closed_forms(facts: Facts, power: float) -> ClosedForms:
    """Patients that the formulas made for the analysis ask for, and why the simulation differs.

    Each has the Monte Carlo error that estimated inputs leave: a size goes as one over the square
    of the difference. A difference within two of its errors is none that a formula could size.
    """
    needed: tuple[ClosedForm, ...] = ()
    contrast = _contrast(facts)
    if contrast in (Contrast.SESSIONS, Contrast.APPROXIMATION):
        makers = {
            SizeFormula.PROPORTIONS: _of_proportions,
            SizeFormula.HAZARDS: _of_hazards,
            SizeFormula.MEANS: _of_means,
            SizeFormula.ADJUSTED_MEANS: _of_means,
        }
        needed = tuple(makers[facts.formula](facts, power))
    control, experimental = _shown_risks(facts)
    return ClosedForms(
        target_power=power,
        test_name=tests_of((facts.plan,))[0].name,
        control=control,
        experimental=experimental,
        lost=facts.lost,
        exact_inputs=facts.exact and facts.formula not in _OF_MEANS,
        largest_enumerated=MOST_ENUMERATED,
        needed=needed,
        contrast=contrast,
    )


def _contrast(facts: Facts) -> Contrast:
    """Why formulas and simulation differ, or why there is no formula."""
    if facts.formula is SizeFormula.NONE:
        return Contrast.NO_FORMULA
    if facts.others_count:
        return Contrast.OTHER_EVENTS
    if facts.lost > _MOST_LOST:
        return Contrast.ALL_LOST
    if not facts.has_effect or not _differ(facts):
        return Contrast.NO_DIFFERENCE
    return Contrast.SESSIONS if facts.has_sessions else Contrast.APPROXIMATION


def _shown_risks(facts: Facts) -> tuple[float | None, float | None]:
    if facts.formula in _OF_MEANS or facts.formula is SizeFormula.NONE:
        return None, None
    if facts.formula is SizeFormula.HAZARDS:
        first, second = (-math.expm1(-risk.hazard) for risk in facts.risks)
        return first, second
    return facts.analysed


def _differ(facts: Facts) -> bool:
    """Whether the outcome differs by more than chance, so that a formula could size it."""
    if facts.formula in _OF_MEANS:
        means = facts.means
        return means is not None and abs(means.difference) > max(2 * means.mcse, _LEAST)
    control, other = facts.analysed
    apart = abs(control - other)
    return 0 < control < 1 and 0 < other < 1 and apart > max(2 * _error(facts), _LEAST)


def _error(facts: Facts) -> float:
    """Monte Carlo standard error of the difference of risks; 0 where they are exact."""
    return math.hypot(facts.risks[0].mcse, facts.risks[1].mcse)


def normal_size(facts: Facts, power: float) -> float | None:
    """Patients by the normal approximation, loss allowed for; None where it cannot tell.

    A place to look first for any analysis, whatever its outcome.
    """
    control, other = facts.analysed
    apart = abs(control - other)
    is_lost = facts.lost > _MOST_LOST
    if is_lost or not (
        0 < control < 1 and 0 < other < 1 and apart > max(2 * _error(facts), _LEAST)
    ):
        return None
    patients = normal_patients(control, other, facts.plan.alpha, power, facts.of_second)
    inflated = patients * facts.inflation
    return inflated if math.isfinite(inflated) else None


def _of_hazards(facts: Facts, power: float) -> Iterator[ClosedForm]:
    """Events over the probability that one is seen, which allows for loss."""
    first, second = facts.risks
    hazard_ratio = second.hazard / first.hazard
    for formula, events_of in (
        (Formula.SCHOENFELD, schoenfeld_events),
        (Formula.FREEDMAN, freedman_events),
    ):
        events = events_of(hazard_ratio, facts.plan.alpha, power, facts.of_second)
        yield ClosedForm(
            formula,
            events / facts.seen,
            events=events,
            mcse=_left(facts, events / facts.seen),
            hazard_ratio=hazard_ratio,
            proportional=facts.proportional,
            event_probability=facts.seen,
        )


def _of_proportions(facts: Facts, power: float) -> Iterator[ClosedForm]:
    normal = normal_patients(*facts.analysed, facts.plan.alpha, power, facts.of_second)
    patients = normal * facts.inflation
    yield ClosedForm(Formula.NORMAL, patients, mcse=_left(facts, patients))
    found, test = _enumerated(facts, power, normal), facts.plan.test
    if isinstance(found, Missing):
        yield ClosedForm(Formula.EXACT_BINOMIAL, None, missing=found, test=test)
    else:
        patients = found * facts.inflation
        yield ClosedForm(Formula.EXACT_BINOMIAL, patients, mcse=_left(facts, patients), test=test)


def _left(facts: Facts, patients: float) -> float:
    """Error that estimated risks leave of a size, which goes as 1 over their difference squared."""
    if facts.exact:
        return 0.0
    control, other = facts.analysed
    return 2 * patients * _error(facts) / abs(control - other)


def _enumerated(facts: Facts, power: float, normal: float) -> int | Missing:
    """Patients by enumeration, or why there is no number."""
    if facts.plan.test not in _ENUMERATED:
        return Missing.NOT_ENUMERATED
    if normal > MOST_ENUMERATED / _FAR:
        return Missing.TOO_LARGE
    found = exact_patients(
        facts.plan.test, *facts.analysed, facts.plan.alpha, power, MOST_ENUMERATED, facts.ratio
    )
    return Missing.NOT_REACHED if found is None else found


def _of_means(facts: Facts, power: float) -> Iterator[ClosedForm]:
    means = facts.means
    if means is None:
        return
    adjusted = facts.formula is SizeFormula.ADJUSTED_MEANS
    patients = t_test_patients(
        means.difference,
        means.sds,
        facts.plan.alpha,
        power,
        facts.of_second,
        coefficients=3 if adjusted else 2,
    )
    patients /= means.analysed
    yield ClosedForm(
        Formula.ANCOVA if adjusted else Formula.T_TEST,
        patients,
        mcse=2 * patients * means.mcse / abs(means.difference),
        difference=means.difference,
        standard_deviation=means.sds,
        analysed=means.analysed,
    )
