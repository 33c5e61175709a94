"""What formulas say of a scenario: the size it would need, the difference it could detect."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.analysis import exact_power
from simulator.analysis.exact_tables import EXACT_TESTS
from simulator.declarations.analyses import MOST_PATIENTS
from simulator.planning.closed_forms import (
    exact_patients,
    freedman_events,
    normal_patients,
    schoenfeld_events,
)
from simulator.planning.exact import takes_gamma
from simulator.results.closed_forms import (
    ClosedForm,
    ClosedForms,
    Contrast,
    DetectableDifference,
    Formula,
    Missing,
)
from simulator.results.operations import Operations

_ENUMERATED = "fisher", "chi_square", "yates", "mid_p"
MOST_ENUMERATED = 600  # patients: beyond, tables of every size take too long
_GAMMA = 0.001  # of the tests of Berger and Boos
_FROM = 0.7  # of the normal approximation, where enumeration begins
_MOST_LOST = 0.999  # beyond it there is nobody of whom a size could be worked out
_MOST_DETECTABLE = 1_000  # patients of a table of p values


class Facts(NamedTuple):
    """What the formulas take of a simulated scenario.

    Attributes
    ----------
    mortality, mortality_mcse
        Of the control arm and the other, by the end of follow-up, and their Monte Carlo errors.
    lost
        Share of patients lost to follow-up.
    ratio
        Patients of the second arm for each of the first.
    has_sessions
        Whether treatment is given in sessions, which may be late, missed or cut short.
    """

    test: str
    alpha: float
    mortality: tuple[float, float]
    mortality_mcse: tuple[float, float]
    lost: float
    ratio: float
    has_sessions: bool


def facts_of(scenario: Mapping[str, Any], analysis: int, operations: Operations) -> Facts:
    """Take the facts from a scenario's plain values and what its simulation tells."""
    chosen, (first, second) = scenario["analyses"][analysis], scenario["allocation"]["ratio"]
    patients = sum(entry.mean for entry in operations.patients.values())
    lost = sum(entry.mean for entry in operations.lost.values())
    control, other = operations.mortality.values()
    return Facts(
        test=chosen["test"],
        alpha=chosen["alpha"],
        mortality=(control.mean, other.mean),
        mortality_mcse=(control.mcse, other.mcse),
        lost=lost / patients if patients else 0.0,
        ratio=second / first,
        has_sessions=any(arm["plan"] is not None for arm in scenario["arms"]),
    )


def closed_forms(facts: Facts, power: float) -> ClosedForms:
    """Patients that each formula asks for, what it assumes, and why the simulation differs.

    Each has the Monte Carlo error that the mortalities leave: a size goes as one over the square of
    their difference. A difference within two of its errors is none that a formula could size.
    """
    control, other = facts.mortality
    contrast = Contrast.SESSIONS if facts.has_sessions else Contrast.APPROXIMATION
    needed: tuple[ClosedForm, ...] = ()
    if facts.lost > _MOST_LOST:
        contrast = Contrast.ALL_LOST
    elif _differ(facts):
        error = math.hypot(*facts.mortality_mcse)
        needed = tuple(_needed(facts, power, error, abs(control - other)))
    else:
        contrast = Contrast.NO_DIFFERENCE
    return ClosedForms(
        target_power=power,
        control=control,
        experimental=other,
        lost=facts.lost,
        largest_enumerated=MOST_ENUMERATED,
        needed=needed,
        contrast=contrast,
    )


def _differ(facts: Facts) -> bool:
    """Whether mortality differs by more than chance, so that a formula could size it."""
    control, other = facts.mortality
    error, apart = math.hypot(*facts.mortality_mcse), abs(control - other)
    return 0 < control < 1 and 0 < other < 1 and apart > max(2 * error, 1e-6)


def normal_size(facts: Facts, power: float) -> float | None:
    """Patients by the normal approximation, inflated for loss; None where it cannot tell."""
    if facts.lost > _MOST_LOST or not _differ(facts):
        return None
    patients = normal_patients(*facts.mortality, facts.alpha, power, facts.ratio)
    inflated = patients * (1 / (1 - facts.lost))
    return inflated if math.isfinite(inflated) else None


def _needed(facts: Facts, power: float, error: float, apart: float) -> Iterator[ClosedForm]:
    control, other = facts.mortality
    inflation = 1 / (1 - facts.lost)
    hazard_ratio = math.log1p(-other) / math.log1p(-control)
    mortality = (control + facts.ratio * other) / (1 + facts.ratio)
    for formula, events in (
        (Formula.SCHOENFELD, schoenfeld_events),
        (Formula.FREEDMAN, freedman_events),
    ):
        deaths = events(hazard_ratio, facts.alpha, power, facts.ratio)
        patients = deaths / mortality * inflation
        mcse = 2 * patients * error / apart
        yield ClosedForm(formula, patients, deaths, mcse, None, None, hazard_ratio, mortality)
    normal = normal_patients(control, other, facts.alpha, power, facts.ratio)
    patients = normal * inflation
    mcse = 2 * patients * error / apart
    yield ClosedForm(Formula.NORMAL, patients, None, mcse, None, None, None, None)
    test = facts.test if facts.test in _ENUMERATED else "fisher"
    found = _enumerated(facts, test, power, normal)
    if isinstance(found, Missing):
        yield ClosedForm(Formula.EXACT_BINOMIAL, None, None, None, found, test, None, None)
    else:
        patients = found * inflation
        mcse = 2 * patients * error / apart
        yield ClosedForm(Formula.EXACT_BINOMIAL, patients, None, mcse, None, test, None, None)


def _enumerated(facts: Facts, test: str, power: float, normal: float) -> int | Missing:
    """Patients by enumeration, or why there is no number."""
    if facts.ratio != int(facts.ratio):
        return Missing.RATIO_NOT_WHOLE
    if normal > MOST_ENUMERATED / 1.3:
        return Missing.TOO_LARGE
    found = exact_patients(
        test,
        *facts.mortality,
        facts.alpha,
        power,
        MOST_ENUMERATED,
        int(facts.ratio),
        math.floor(_FROM * normal),
    )
    return Missing.NOT_REACHED if found is None else found


def detectable(
    facts: Facts, patients: tuple[int, int], power: float
) -> DetectableDifference | None:
    """Mortality of the second arm that the design could tell from the control arm's.

    Exact for tests of two proportions, by the normal approximation for others. None if no
    mortality has the power.
    """
    control, _ = facts.mortality
    if not 0 < control < 1:
        return None
    exact = facts.test in ("chi_square", "yates", *EXACT_TESTS)
    most = min(MOST_PATIENTS.get(facts.test, _MOST_DETECTABLE), _MOST_DETECTABLE)
    test = facts.test if exact and sum(patients) <= most else "normal"
    if test == "normal":
        found = _detectable_by_normal(facts, sum(patients), power)
    else:
        gamma = _GAMMA if takes_gamma(test) else 0.0
        question = exact_power.ExactQuestion(test, *patients, facts.alpha, "two_sided", gamma)
        significant = exact_power.rejection_set(question)
        found = exact_power.detectable(significant, control, power, lower=True)
    if found is None:
        return None
    return DetectableDifference(test, patients, control, found, power, facts.alpha)


def _detectable_by_normal(facts: Facts, patients: int, power: float) -> float | None:
    low, high = 1e-6, facts.mortality[0] - 1e-6

    def enough(other: float) -> bool:
        needed = normal_patients(facts.mortality[0], other, facts.alpha, power, facts.ratio)
        return needed <= patients

    if high <= 0 or not enough(low):
        return None
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low
