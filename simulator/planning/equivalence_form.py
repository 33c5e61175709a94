"""What formulas say of a scenario whose hypothesis is equivalence."""

import math

from simulator.declarations.analyses import SizeFormula
from simulator.planning.equivalence_sizes import (
    equivalence_events,
    equivalence_patients,
    equivalence_t_test_patients,
)
from simulator.planning.facts import OF_MEANS, Facts
from simulator.results.closed_forms import ClosedForm, Formula


def equivalence_form(facts: Facts, power: float) -> ClosedForm:
    """Return the size at which both one-sided tests reject with the power, loss allowed for."""
    if facts.formula is SizeFormula.HAZARDS:
        return _of_hazards(facts, power)
    if facts.formula in OF_MEANS:
        return _of_means(facts, power)
    assert facts.nulls is not None
    low, high = map(facts.border_at, facts.nulls)
    control, other = facts.analysed
    patients = facts.inflation * equivalence_patients(
        control, other, (low, high), facts.level, power, facts.of_second
    )
    error = math.hypot(facts.risks[0].mcse, facts.risks[1].mcse)
    return ClosedForm(
        Formula.EQUIVALENT_PROPORTIONS,
        patients,
        mcse=_left(facts, patients, error),
        **facts.off_margin,
    )


def equivalence_start(facts: Facts, power: float) -> float | None:
    """Return where a search may begin; None where no formula tells, or it finds none."""
    formulas = facts.formula is not SizeFormula.NONE
    if not formulas or not facts.has_effect or not facts.apart > 0.0:
        return None
    control, other = facts.analysed
    if facts.formula not in OF_MEANS and not (0 < control < 1 and 0 < other < 1):
        return None
    patients = equivalence_form(facts, power).patients
    return patients if patients is not None and math.isfinite(patients) else None


def _of_hazards(facts: Facts, power: float) -> ClosedForm:
    assert facts.plan.hypothesis.equivalence is not None
    first, second = facts.risks
    hazard_ratio = second.hazard / first.hazard
    asked = facts.plan.hypothesis.equivalence, facts.level, power, facts.of_second
    events = equivalence_events(hazard_ratio, *asked)
    patients = events / facts.seen
    return ClosedForm(
        Formula.EQUIVALENT_HAZARDS,
        patients,
        events=events,
        mcse=_left(facts, patients, math.hypot(first.mcse, second.mcse)),
        hazard_ratio=hazard_ratio,
        proportional=facts.proportional,
        event_probability=facts.seen,
        **facts.off_margin,
    )


def _of_means(facts: Facts, power: float) -> ClosedForm:
    assert facts.nulls is not None
    assert facts.means is not None  # they differ from a margin by more than chance
    adjusted, means = facts.formula is SizeFormula.ADJUSTED_MEANS, facts.means
    asked = facts.nulls, means.sds, facts.level, power, facts.of_second, 3 if adjusted else 2
    patients = equivalence_t_test_patients(means.difference, *asked) / means.analysed
    return ClosedForm(
        Formula.EQUIVALENT_ADJUSTED_MEANS if adjusted else Formula.EQUIVALENT_MEANS,
        patients,
        mcse=2 * patients * means.mcse / abs(facts.apart),
        difference=means.difference,
        standard_deviation=means.sds,
        analysed=means.analysed,
        **facts.off_margin,
    )


def _left(facts: Facts, patients: float, error: float) -> float:
    """Error that estimated risks leave: a size goes at most as 1 over the distance squared."""
    return 0.0 if facts.exact else 2 * patients * error / abs(facts.apart)
