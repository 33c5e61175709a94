"""What formulas say of a scenario: the size it would need, the difference it could detect."""

import math
from collections.abc import Iterable
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

_ENUMERATED = "fisher", "chi_square", "yates", "mid_p"
MOST_ENUMERATED = 600  # patients: beyond, tables of every size take too long
_FROM = 0.7  # of the normal approximation, where enumeration begins
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


def facts_of(scenario: dict[str, Any], analysis: int, operations: dict[str, Any]) -> Facts:
    """Take the facts from a scenario's plain values and what its simulation tells."""
    chosen, (first, second) = scenario["analyses"][analysis], scenario["allocation"]["ratio"]
    patients = sum(entry["mean"] for entry in operations["patients"].values())
    lost = sum(entry["mean"] for entry in operations["lost"].values())
    mortality = operations["mortality"].values()
    return Facts(
        test=chosen["test"],
        alpha=chosen["alpha"],
        mortality=_pair(entry["mean"] for entry in mortality),
        mortality_mcse=_pair(entry["mcse"] for entry in mortality),
        lost=lost / patients if patients else 0.0,
        ratio=second / first,
        has_sessions=any(arm["plan"] is not None for arm in scenario["arms"]),
    )


def _pair(numbers: Iterable[float | None]) -> tuple[float, float]:
    """Two numbers, NaN for those that do not exist, as after one trial."""
    first, second = (math.nan if number is None else number for number in numbers)
    return first, second


def sizes_by_formula(facts: Facts, power: float) -> dict[str, Any]:
    """Patients that each formula asks for, what it assumes, and why the simulation differs.

    Each has the Monte Carlo error that the mortalities leave: a size goes as one over the square of
    their difference. A difference within two of its errors is none that a formula could size.
    """
    control, other = facts.mortality
    inflation = 1 / (1 - facts.lost)
    error = math.hypot(*facts.mortality_mcse)
    apart = abs(control - other)
    if not (0 < control < 1 and 0 < other < 1 and apart > max(2 * error, 1e-6)):
        why = "in the simulation the arms do not differ in mortality by more than chance"
        return {"target_power": power, "needed": [], "why": why}
    hazard_ratio = math.log1p(-other) / math.log1p(-control)
    mortality = (control + facts.ratio * other) / (1 + facts.ratio)
    needed: list[dict[str, Any]] = []
    for method, formula, latex in (
        ("Schoenfeld, log-rank", schoenfeld_events, _SCHOENFELD),
        ("Freedman, log-rank", freedman_events, _FREEDMAN),
    ):
        deaths = formula(hazard_ratio, facts.alpha, power, facts.ratio)
        needed.append(
            {
                "method": method,
                "patients": deaths / mortality * inflation,
                "deaths": deaths,
                "formula_latex": latex,
                "assumes": f"proportional hazards with a ratio of {hazard_ratio:.3f}, "
                f"{mortality:.1%} of patients dying, and {facts.lost:.1%} lost without a trace",
            }
        )
    normal = normal_patients(control, other, facts.alpha, power, facts.ratio)
    needed.append(
        {
            "method": "Normal approximation, two proportions",
            "patients": normal * inflation,
            "deaths": None,
            "formula_latex": _NORMAL,
            "assumes": f"mortality {control:.1%} v {other:.1%}, no correction for continuity, and "
            f"{facts.lost:.1%} left out as lost",
        }
    )
    needed.append(_enumerated(facts, power, normal, inflation))
    for entry in needed:
        size = entry["patients"]
        entry["mcse"] = None if size is None else 2 * size * error / apart
    return {"target_power": power, "needed": needed, "why": _why(facts)}


def _enumerated(facts: Facts, power: float, normal: float, inflation: float) -> dict[str, Any]:
    test = facts.test if facts.test in _ENUMERATED else "fisher"
    control, other = facts.mortality
    found, assumes = None, f"{test}, arms of fixed size, {facts.lost:.1%} left out as lost"
    if facts.ratio != int(facts.ratio):
        assumes = "not worked out: arms of whole numbers need a ratio of 1:k"
    elif normal > MOST_ENUMERATED / 1.3:
        assumes = f"not worked out: far beyond {MOST_ENUMERATED} patients"
    else:
        ratio = int(facts.ratio)
        found = exact_patients(
            test,
            control,
            other,
            facts.alpha,
            power,
            MOST_ENUMERATED,
            ratio,
            math.floor(_FROM * normal),
        )
    return {
        "method": "Exact binomial",
        "patients": None if found is None else found * inflation,
        "deaths": None,
        "formula_latex": None,
        "assumes": assumes,
    }


def _why(facts: Facts) -> str:
    if facts.has_sessions:
        return (
            "The formulas know two mortalities and a share lost; in the simulation a larger trial "
            "meets other queues, sessions that come late or not at all earn less effect, hazards "
            "are not proportional and arms and losses vary from trial to trial."
        )
    return (
        "The formulas are approximations for large trials with a fixed share lost; the simulation "
        "follows each patient, and counts what the test does at this very size."
    )


def detectable(facts: Facts, patients: tuple[int, int], power: float) -> dict[str, Any] | None:
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
        gamma = 0.001 if test.endswith("berger_boos") else 0.0
        question = exact_power.ExactQuestion(test, *patients, facts.alpha, "two_sided", gamma)
        significant = exact_power.rejection_set(question)
        found = exact_power.detectable(significant, control, power, lower=True)
    if found is None:
        return None
    return {
        "test": test,
        "patients": list(patients),
        "control": control,
        "experimental": found,
        "power": power,
        "alpha": facts.alpha,
    }


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


_SCHOENFELD = r"d = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r)^2}{r \, (\ln \mathrm{HR})^2}"
_FREEDMAN = (
    r"d = \frac{(z_{1-\alpha/2} + z_{1-\beta})^2 (1 + r\,\mathrm{HR})^2}{r \, (1 - \mathrm{HR})^2}"
)
_NORMAL = (
    r"n_1 = \frac{\left(z_{1-\alpha/2} \sqrt{(1 + 1/r) \bar{p} (1 - \bar{p})} + z_{1-\beta} "
    r"\sqrt{p_1 (1 - p_1) + p_2 (1 - p_2) / r}\right)^2}{(p_1 - p_2)^2}"
)
