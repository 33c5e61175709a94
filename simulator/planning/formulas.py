"""What formulas say of a scenario: the size it would need, the difference it could detect.

Each analysis declares which formulas are made for it (`SizeFormula`); for others there is none.
"""

import math
from collections.abc import Iterator

from simulator.analysis.margins import Border
from simulator.analysis.score import DIFFERENCE
from simulator.declarations.analyses import STATISTICS, SizeFormula
from simulator.declarations.estimands import tests_of
from simulator.planning.closed_forms import (
    exact_patients,
    freedman_events,
    margin_patients,
    normal_patients,
    schoenfeld_events,
    t_test_patients,
)
from simulator.planning.equivalence_form import equivalence_form, equivalence_start
from simulator.planning.facts import OF_MEANS, Facts
from simulator.results.closed_forms import ClosedForm, ClosedForms, Contrast, Formula, Missing
from simulator.results.measures import Scale

_ENUMERATED = "fisher", "chi_square", "yates", "mid_p"  # whose tables take milliseconds
MOST_ENUMERATED = 600  # patients: beyond, tables of every size take too long
_FAR = 1.3  # of the normal approximation's size, which an exact one may exceed
_LEAST = 1e-9  # difference that formulas can size
_MOST_LOST = 0.999  # beyond it there is nobody of whom a size could be worked out


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
        if facts.nulls is not None:
            needed = (equivalence_form(facts, power),)
        else:
            needed = tuple(makers[facts.formula](facts, power))
    control, experimental = _shown_risks(facts)
    return ClosedForms(
        target_power=power,
        test_name=tests_of((facts.plan,))[0].name,
        control=control,
        experimental=experimental,
        lost=facts.lost,
        exact_inputs=facts.exact and facts.formula not in OF_MEANS,
        largest_enumerated=MOST_ENUMERATED,
        needed=needed,
        contrast=contrast,
        sides="two-sided" if facts.plan.hypothesis.is_two_sided else "one-sided",
    )


def _contrast(facts: Facts) -> Contrast:
    """Why formulas and simulation differ, or why there is no formula."""
    if facts.formula is SizeFormula.NONE:
        return Contrast.NO_FORMULA
    if facts.others_count:
        return Contrast.OTHER_EVENTS
    if facts.ends_otherwise:
        return Contrast.OTHER_FOLLOW_UP
    if facts.lost > _MOST_LOST:
        return Contrast.ALL_LOST
    if not facts.has_effect or not _differ(facts):
        return Contrast.NO_DIFFERENCE
    if not facts.on_the_side:
        return Contrast.OTHER_SIDE
    return Contrast.SESSIONS if facts.has_sessions else Contrast.APPROXIMATION


def _shown_risks(facts: Facts) -> tuple[float | None, float | None]:
    if facts.formula in OF_MEANS or facts.formula is SizeFormula.NONE:
        return None, None
    if facts.formula is SizeFormula.HAZARDS:
        first, second = (-math.expm1(-risk.hazard) for risk in facts.risks)
        return first, second
    return facts.analysed


def _differ(facts: Facts) -> bool:
    """Whether the outcome differs by more than chance, so that a formula could size it."""
    if facts.formula in OF_MEANS:
        means = facts.means
        return means is not None and abs(facts.apart) > max(2 * means.mcse, _LEAST)
    control, other = facts.analysed
    no_margin = facts.null == 0.0 and facts.nulls is None
    apart = abs(control - other) if no_margin else abs(facts.apart)
    return 0 < control < 1 and 0 < other < 1 and apart > max(2 * _error(facts), _LEAST)


def _error(facts: Facts) -> float:
    """Monte Carlo standard error of the difference of risks; 0 where they are exact."""
    return math.hypot(facts.risks[0].mcse, facts.risks[1].mcse)


def normal_size(facts: Facts, power: float) -> float | None:
    """Patients by the normal approximation, loss allowed for; None where it cannot tell.

    A place to look first for any analysis, whatever its outcome.
    """
    control, other = facts.analysed
    if facts.nulls is not None:
        return equivalence_start(facts, power) if facts.lost <= _MOST_LOST else None
    border = _border_of_risk(facts)
    apart = abs(control - other) if border is None else abs(other - control - border.null)
    is_lost = facts.lost > _MOST_LOST
    if is_lost or not (
        0 < control < 1 and 0 < other < 1 and apart > max(2 * _error(facts), _LEAST)
    ):
        return None
    if border is None:
        patients = normal_patients(control, other, facts.level, power, facts.of_second)
    else:
        patients = margin_patients(control, other, border, facts.level, power, facts.of_second)
    inflated = patients * facts.inflation
    return inflated if math.isfinite(inflated) else None


def _border_of_risk(facts: Facts) -> Border | None:
    """A margin as a difference of risks, roughly where it is none; None without one."""
    asked, control = facts.plan.hypothesis, facts.analysed[0]
    if asked.margin is None or facts.plan.test not in STATISTICS:
        return None
    scale = STATISTICS[facts.plan.test].measure.scale
    if scale is Scale.PROPORTION:
        return Border(DIFFERENCE, asked.margin)
    if scale is not Scale.LOG_RATIO or not 0 < control < 1:
        return None
    if facts.plan.test == "risk_ratio":
        return Border(DIFFERENCE, min(asked.margin * control, 1 - _LEAST) - control)
    return Border(DIFFERENCE, 1 - control - (1 - control) ** asked.margin)


def _of_hazards(facts: Facts, power: float) -> Iterator[ClosedForm]:
    """Events over the probability that one is seen, which allows for loss."""
    first, second = facts.risks
    hazard_ratio = second.hazard / first.hazard
    known = ((Formula.SCHOENFELD, schoenfeld_events), (Formula.FREEDMAN, freedman_events))
    for formula, events_of in known if facts.null == 0.0 else known[:1]:
        over_null = hazard_ratio / math.exp(facts.null)
        events = events_of(over_null, facts.level, power, facts.of_second)
        yield ClosedForm(
            formula,
            events / facts.seen,
            events=events,
            mcse=_left(facts, events / facts.seen),
            hazard_ratio=hazard_ratio,
            proportional=facts.proportional,
            event_probability=facts.seen,
            **facts.off_margin,
        )


def _of_proportions(facts: Facts, power: float) -> Iterator[ClosedForm]:
    if facts.null == 0.0:
        normal = normal_patients(*facts.analysed, facts.level, power, facts.of_second)
    else:
        normal = margin_patients(*facts.analysed, facts.border, facts.level, power, facts.of_second)
    patients = normal * facts.inflation
    formula = Formula.NORMAL if facts.null == 0.0 else Formula.FARRINGTON_MANNING
    yield ClosedForm(formula, patients, mcse=_left(facts, patients), **facts.off_margin)
    if facts.null != 0.0:
        return
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
    apart = control - other if facts.null == 0.0 else facts.apart
    return 2 * patients * _error(facts) / abs(apart)


def _enumerated(facts: Facts, power: float, normal: float) -> int | Missing:
    """Patients by enumeration, or why there is no number."""
    if facts.plan.test not in _ENUMERATED:
        return Missing.NOT_ENUMERATED
    if normal > MOST_ENUMERATED / _FAR:
        return Missing.TOO_LARGE
    found = exact_patients(
        facts.plan.test,
        *facts.analysed,
        facts.plan.alpha,
        power,
        MOST_ENUMERATED,
        facts.ratio,
        facts.plan.hypothesis.alternative,
    )
    return Missing.NOT_REACHED if found is None else found


def _of_means(facts: Facts, power: float) -> Iterator[ClosedForm]:
    means = facts.means
    if means is None:
        return
    adjusted = facts.formula is SizeFormula.ADJUSTED_MEANS
    patients = t_test_patients(
        facts.apart,
        means.sds,
        facts.level,
        power,
        facts.of_second,
        coefficients=3 if adjusted else 2,
    )
    patients /= means.analysed
    yield ClosedForm(
        Formula.ANCOVA if adjusted else Formula.T_TEST,
        patients,
        mcse=2 * patients * means.mcse / abs(facts.apart),
        difference=means.difference,
        standard_deviation=means.sds,
        analysed=means.analysed,
        **facts.off_margin,
    )
