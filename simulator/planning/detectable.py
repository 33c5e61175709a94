"""The smallest difference that a design detects with a power."""

import math
from collections.abc import Callable

from simulator.analysis import exact_power
from simulator.analysis.exact_tables import EXACT_TESTS
from simulator.declarations.analyses import MOST_PATIENTS, SizeFormula
from simulator.planning.closed_forms import normal_patients, schoenfeld_events, t_test_patients
from simulator.planning.exact import takes_gamma
from simulator.planning.facts import Facts
from simulator.results.closed_forms import DetectableBy, DetectableDifference

_GAMMA = 0.001  # of the tests of Berger and Boos
_MOST_DETECTABLE = 1_000  # patients of a table of p values
_HALVINGS = 60
_NEAR = 1e-6  # of a risk, to 0, 1 and the control arm's
_RATIOS = 1e-4, 1e4


def detectable(
    facts: Facts, patients: tuple[int, int], power: float
) -> DetectableDifference | None:
    """Difference of the analysis's own outcome that patients, all followed up, detect.

    In the direction of the assumed effect. None where no formula is made for the analysis, where it
    has a margin, and where it is to show the other direction.
    """
    if facts.others_count or facts.ends_otherwise or not facts.has_effect or min(patients) < 1:
        return None
    if facts.plan.hypothesis.has_margin or not facts.on_the_side:
        return None
    if facts.formula is SizeFormula.PROPORTIONS:
        return _of_proportions(facts, patients, power)
    if facts.formula is SizeFormula.HAZARDS:
        return _of_hazards(facts, patients, power)
    if facts.formula is SizeFormula.NONE or facts.means is None:
        return None
    return _of_means(facts, patients, power)


def _of_proportions(
    facts: Facts, patients: tuple[int, int], power: float
) -> DetectableDifference | None:
    control, other = facts.analysed
    if not 0 < control < 1:
        return None
    test, lower, alpha = facts.plan.test, not other > control, facts.plan.alpha
    exact = test in ("chi_square", "yates", *EXACT_TESTS)
    most = min(MOST_PATIENTS.get(test, _MOST_DETECTABLE), _MOST_DETECTABLE)
    if exact and sum(patients) <= most:
        by = DetectableBy.ENUMERATION
        gamma = facts.plan.options.get("gamma", _GAMMA) if takes_gamma(test) else 0.0
        side = facts.plan.hypothesis.alternative
        question = exact_power.ExactQuestion(test, *patients, alpha, side, gamma)
        significant = exact_power.rejection_set(question)
        found = exact_power.detectable(significant, control, power, lower=lower)
    else:
        by = DetectableBy.NORMAL
        near, far = (control - _NEAR, _NEAR) if lower else (control + _NEAR, 1 - _NEAR)
        ratio = patients[1] / patients[0]
        found = _nearest(
            near,
            far,
            lambda risk: normal_patients(control, risk, facts.level, power, ratio) <= sum(patients),
        )
    return DetectableDifference(
        by, patients, power, alpha, control=control, experimental=_or_nan(found)
    )


def _or_nan(found: float | None) -> float:
    return math.nan if found is None else found


def _of_hazards(
    facts: Facts, patients: tuple[int, int], power: float
) -> DetectableDifference | None:
    """Hazard ratio whose events the patients would have."""
    first, second = facts.risks
    ratio, alpha = patients[1] / patients[0], facts.plan.alpha

    def events(hazard_ratio: float) -> float:
        dead = (-math.expm1(-first.hazard * h) for h in (1.0, hazard_ratio))
        return sum(n * share for n, share in zip(patients, dead, strict=True))

    far = _RATIOS[1] if second.hazard > first.hazard else _RATIOS[0]
    found = _nearest(
        0.0,
        math.log(far),
        lambda x: (
            x != 0
            and schoenfeld_events(math.exp(x), facts.level, power, ratio) <= events(math.exp(x))
        ),
    )
    hazard_ratio = math.nan if found is None else math.exp(found)
    known = found is not None
    return DetectableDifference(
        DetectableBy.SCHOENFELD,
        patients,
        power,
        alpha,
        control=-math.expm1(-first.hazard),
        experimental=-math.expm1(-first.hazard * hazard_ratio),
        hazard_ratio=hazard_ratio if known else None,
        events=events(hazard_ratio) if known else None,
    )


def _of_means(facts: Facts, patients: tuple[int, int], power: float) -> DetectableDifference | None:
    """Difference of means among those of the patients who are analysed."""
    means = facts.means
    if means is None:
        return None
    sds, alpha, ratio = means.sds, facts.plan.alpha, patients[1] / patients[0]
    coefficients = 3 if facts.formula is SizeFormula.ADJUSTED_MEANS else 2
    analysed = sum(patients) * means.analysed
    found = _nearest(
        _NEAR * max(sds),
        100 * max(sds),
        lambda d: t_test_patients(d, sds, facts.level, power, ratio, coefficients) <= analysed,
    )
    sign = math.copysign(1.0, means.difference)
    difference = None if found is None else sign * found
    return DetectableDifference(DetectableBy.T_TEST, patients, power, alpha, difference=difference)


def _nearest(near: float, far: float, enough: Callable[[float], bool]) -> float | None:
    """The value nearest to `near` from which on, towards `far`, there is enough; None if none."""
    if not enough(far):
        return None
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        near, far = (near, middle) if enough(middle) else (middle, far)
    return far
