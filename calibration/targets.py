"""Solve a scenario's mortality targets through the simulation itself (model page, section 7).

The reference condition is that no resource is scarce: every session starts when it is due. All
else is the scenario's own. A patient's cumulative hazard of death from the liver depends on their
labs, sessions and other exits but not on when they die of it, so one run in which next to nobody
dies shows everybody's, G. Under a baseline s times as high a patient dies by the end of follow-up
with probability 1 - exp(-s G), or 1 if the tumour kills them; its mean over patients climbs with s.
The second arm's hazard ratio is found by running again at each value tried, with the same random
numbers, so that mortality climbs with it too.
"""

import hashlib
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from simulator.caches import MODEL_DIGEST, digest_folder, keep, read_kept
from simulator.constants import FIRST_CALIBRATION_TRIAL
from simulator.declarations.exits import DRAWN
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.params.null import under_null
from simulator.params.types import Params
from simulator.records import DeathCause, Floats
from simulator.scenario.disease import Exits
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Allocation, Scenario

_SEED = 0  # its own, so that the solution is the same whatever seed the run has that uses it
PATIENTS = (
    12_000  # Monte Carlo error of a mortality: .002 for the first target, .003 for the second
)
# Where a patient's hazard is the same on every day a patient is cheap; where patients differ in it
# there are so many times as many: Monte Carlo error .0004 and .0006.
_TIMES_AS_MANY = 16
_PATIENTS_A_TRIAL = 60
_TINY = 1e-9  # baseline mortality of the run in which next to nobody dies
_TINY_HAZARD = -math.log1p(-_TINY)
_LARGEST_HAZARD = 30.0  # cumulative baseline hazard: survival 1e-13
_RATIOS = 1e-3, 1e3
_TOLERANCE = 1e-9
_LONG_DAYS = 1e6  # for recruitment that nothing ends


def solve_targets(scenario: Scenario, report: Callable[[str], None]) -> Scenario:
    """Return the scenario with each word solved replaced by the number that meets its target.

    Parameters
    ----------
    report
        Called with a line on what is being solved: it takes seconds to a minute, once. Solutions
        are kept in the user's cache, under a key made of the scenario and the program.

    Raises
    ------
    RuleError
        If no hazard reaches a target: deaths from the tumour alone exceed it, or the hazard ratio
        would have to leave 0.001 to 1000.
    """
    scenario = under_null(scenario)
    targets = scenario.hazard.mortality_targets
    if not targets:
        return scenario
    kept = solution_file(scenario)
    solution = _read(kept)
    if solution is None:
        solution = _solution(scenario, Runs(), report)
        keep(kept, solution)
    return _with(scenario, solution)


def solve_with(scenario: Scenario, runs: "Runs") -> Scenario:
    """Do what `solve_targets` does, for one of many scenarios: what is found is not kept.

    Parameters
    ----------
    runs
        What makes the runs: `SharedRuns` where the scenarios differ in their targets alone.

    Raises
    ------
    RuleError
        As `solve_targets`.
    """
    scenario = under_null(scenario)
    if not scenario.hazard.mortality_targets:
        return scenario
    return _with(scenario, _solution(scenario, runs, lambda _: None))


def _solution(scenario: Scenario, runs: "Runs", report: Callable[[str], None]) -> dict[str, float]:
    targets = scenario.hazard.mortality_targets or {}
    solution: dict[str, float] = {}
    for arm, name in enumerate(arm.name for arm in scenario.arms):
        if name in targets:
            report(f"solving for a mortality of {targets[name]:g} under {name}")
            solution |= _solve(scenario, solution, arm, targets[name], runs)
    return solution


def implied_hazard_ratio(scenario: Scenario) -> tuple[float, float]:
    """Hazard ratio that sessions' effect on labs implies, under the reference condition.

    The ratio of mean cumulative hazards of liver death, where next to nobody has died, of the same
    patients treated all as the second arm is and all as the first is. For a solved scenario under
    `by_labs`.

    Returns
    -------
    tuple
        The ratio and its Monte Carlo standard error (delta method on the pairs).
    """
    tiny = _with(scenario, {"mortality_at_horizon": _TINY})
    first, second = (_run(_all_treated_as(tiny, arm)).hazard for arm in (0, 1))
    ratio = float(second.mean() / first.mean())
    error = float((second - ratio * first).std(ddof=1) / first.mean() / math.sqrt(first.size))
    return ratio, error


def _solve(
    scenario: Scenario, known: dict[str, float], arm: int, target: float, runs: "Runs"
) -> dict[str, float]:
    """Solve for the baseline (arm 0) or, that being known or given, the hazard ratio (arm 1)."""
    key = f"hazard.mortality_targets.{scenario.arms[arm].name}"
    tiny = {"mortality_at_horizon": _TINY}
    if arm == 0:
        run = runs.hazards(_all_treated_as(_with(scenario, tiny | {"hazard_ratio": 1.0}), 0))
        largest = math.log(_LARGEST_HAZARD / _TINY_HAZARD)
        _refuse_unless(
            run.mortality(0.0) < target < run.mortality(math.exp(largest)),
            f"no hazard reaches it: deaths from the tumour alone are {run.mortality(0.0):.4f}, "
            f"and no hazard gives more than {run.mortality(math.exp(largest)):.4f}",
            "choose a target between the two, or change exits.tumour_death",
            key,
        )
        log_scale = scipy.optimize.brentq(
            lambda x: run.mortality(math.exp(x)) - target, -largest, largest, xtol=_TOLERANCE
        )
        return {"mortality_at_horizon": -math.expm1(-math.exp(log_scale) * _TINY_HAZARD)}
    given = scenario.hazard.baseline.mortality_at_horizon
    baseline = known["mortality_at_horizon"] if isinstance(given, str) else given
    scale = -math.log1p(-baseline) / _TINY_HAZARD

    def excess(log_ratio: float) -> float:
        return runs.second_mortality(_with(scenario, tiny), log_ratio, scale) - target

    low, high = (math.log(ratio) for ratio in _RATIOS)
    _refuse_unless(
        excess(low) < 0 < excess(high),
        f"no hazard ratio between {_RATIOS[0]:g} and {_RATIOS[1]:g} reaches it",
        "choose a target nearer to the control arm's mortality",
        key,
    )
    return {"hazard_ratio": math.exp(scipy.optimize.brentq(excess, low, high, xtol=1e-5))}


def _refuse_unless(reachable: bool, rule: str, remedy: str, key: str) -> None:
    if not reachable:
        raise RuleError(rule, remedy, key)


class _SimulatedMortality:
    """Patients of a run in which next to nobody died from the liver."""

    def __init__(self, arm: Any, hazard: Floats, certain: Any) -> None:
        self.arm, self.hazard, self.certain = arm, hazard, certain

    @property
    def alike(self) -> bool:
        """Whether every patient of an arm has the same fate."""
        by_arm = [self.hazard[self.arm == arm] for arm in np.unique(self.arm)]
        same = all(np.ptp(hazard) <= _TOLERANCE * hazard.max() for hazard in by_arm)
        return same and not self.certain.any()

    def mortality(self, scale: float, arm: int | None = None) -> float:
        """All-cause mortality, of an arm or all, under a baseline `scale` times the run's."""
        mine = np.full(self.arm.size, True) if arm is None else self.arm == arm
        dead = np.where(self.certain[mine], 1.0, -np.expm1(-scale * self.hazard[mine]))
        return float(dead.mean())


class Runs:
    """Runs in which next to nobody dies, each made as it is asked for."""

    def hazards(self, scenario: Scenario) -> _SimulatedMortality:
        """Return the patients of a scenario without the word solved."""
        return _run(scenario)

    def second_mortality(self, scenario: Scenario, log_ratio: float, scale: float) -> float:
        """Mortality of the second arm under a hazard ratio and a baseline `scale` times the run's.

        The ratio stands in the place of the word solved.
        """
        ratio = math.exp(log_ratio)
        return self.hazards(_with(scenario, {"hazard_ratio": ratio})).mortality(scale, arm=1)


class SharedRuns(Runs):
    """Runs for scenarios that differ in their targets alone: one serves them all.

    The control's target takes one. The second arm's takes one at each of the log hazard ratios of a
    grid, between which its mortality, smooth in the ratio, is interpolated by cubics: at spacing h
    these err by at most 3 h^4 / 128 of the fourth derivative, which a test holds to 1e-5.
    """

    _SPACING = 0.125

    def __init__(self) -> None:
        self._made: dict[str, _SimulatedMortality] = {}
        self._lock = threading.Lock()

    def hazards(self, scenario: Scenario) -> _SimulatedMortality:
        """Return the patients of a scenario, simulated but once whatever its targets."""
        hazard = scenario.hazard.model_copy(update={"mortality_targets": None})
        course = scenario.model_copy(update={"hazard": hazard})
        key = _reference(course).model_dump_json()
        with self._lock:
            if key not in self._made:
                self._made[key] = _run(course)
            return self._made[key]

    def second_mortality(self, scenario: Scenario, log_ratio: float, scale: float) -> float:
        """Mortality of the second arm, interpolated between the four nearest points of the grid."""
        at = log_ratio / self._SPACING
        first = math.floor(at) - 1
        nodes = np.arange(first, first + 4)
        found = [super(SharedRuns, self).second_mortality(scenario, n * self._SPACING, scale)
                 for n in nodes.tolist()]  # fmt: skip
        weights = [
            math.prod((at - other) / (node - other) for other in nodes if other != node)
            for node in nodes
        ]
        return float(np.dot(weights, found))


def _run(scenario: Scenario) -> _SimulatedMortality:
    params = lower(_reference(scenario))
    found = _patients(scenario, params, PATIENTS)
    if params.hazard.varies_by_day or found.alike:
        return found
    return _patients(scenario, params, _TIMES_AS_MANY * PATIENTS)


def _patients(scenario: Scenario, params: Params, patients: int) -> _SimulatedMortality:
    trials = -(-patients // params.trial.target_randomised)
    p = simulate(params, _SEED, FIRST_CALIBRATION_TRIAL, trials).patients
    both = np.unique(p.arm).size == len(scenario.arms)
    poisson = scenario.accrual.kind == "poisson"
    _refuse_unless(
        both,
        f"brings {p.arm.size} patients in {_LONG_DAYS:,.0f} days: too few to solve for mortality",
        "check the rates and their unit: patients a month",
        "accrual.sites" if poisson else "accrual.candidates",
    )
    return _SimulatedMortality(p.arm, p.liver_cumulative_hazard, p.death_cause == DeathCause.TUMOUR)


def _all_treated_as(scenario: Scenario, arm: int) -> Scenario:
    """Return the scenario with the plan of one arm for all, and no direct effect."""
    treated = scenario.arms[arm]
    effect: Any = scenario.hazard.effect
    if effect.kind == "direct":
        effect = effect.model_copy(update={"hazard_ratio": 1.0})
    return scenario.model_copy(
        update={
            "arms": [treated, treated.model_copy(update={"name": f"{treated.name} too"})],
            "hazard": scenario.hazard.model_copy(update={"effect": effect}),
        }
    )


def _reference(scenario: Scenario) -> Scenario:
    """Return the scenario with nothing scarce, and without what cannot matter for mortality.

    Allocation is by a fair coin and nothing is biased, so that a solution does not change with the
    scheme or a bias: else these would change when patients die by more than what they do. Nor does
    it change with the size of the trial, where candidates come without end.
    """
    accrual: Any = scenario.accrual
    frame: dict[str, Any] = {
        "max_recruitment_days": _LONG_DAYS,
        "planned_completion_date": None,
        "max_follow_up_days": None,
        "end": None,
    }
    if scenario.hazard.mortality_target_day is not None:
        frame["follow_up_days"] = scenario.hazard.mortality_target_day
    if accrual.kind == "poisson":
        sites = [site.model_copy(update={"unit": None}) for site in accrual.sites]
        accrual = accrual.model_copy(update={"sites": sites})
        frame["target_randomised"] = _PATIENTS_A_TRIAL
    trial = scenario.trial.model_copy(update=frame)
    return scenario.model_copy(
        update={
            "name": "reference",
            "title": "",
            "trial": trial,
            "accrual": accrual,
            "allocation": Allocation(scheme="complete", ratio=[1, 1], options={}, factors=None),
            "selection_bias": None,
            "hazard": scenario.hazard.model_copy(update={"drift": None}),
            "exits": _exits_until_the_target(scenario),
            "unit": None,
            "assessment": None,
            "analyses": [],
            "costs": None,
            "calibrated": None,
            "acceptance": None,
            "uncertain": None,
            "decision": None,
            "ranges": None,
            "evidence_file": None,
        }
    )


def _exits_until_the_target(scenario: Scenario) -> Exits | None:
    """Return the exits, each of which says whether it goes on as it does in the trial."""
    trial, exits = scenario.trial, scenario.exits
    if exits is None or trial.longest_follow_up_days == trial.follow_up_days:
        return exits
    days = trial.follow_up_days, trial.longest_follow_up_days
    given = {drawn.key: getattr(exits, drawn.key) for drawn in DRAWN}
    said = {key: part.model_copy(update={"goes_on": part.lasts(*days)})
            for key, part in given.items()}  # fmt: skip
    return exits.model_copy(update=said)


def _with(scenario: Scenario, values: dict[str, float]) -> Scenario:
    """Put solved values in the place of the word solved."""
    hazard = scenario.hazard
    changed: dict[str, Any] = {}
    if "mortality_at_horizon" in values:
        update = {"mortality_at_horizon": values["mortality_at_horizon"]}
        changed["baseline"] = hazard.baseline.model_copy(update=update)
    modalities = scenario.modalities
    if "hazard_ratio" in values:
        ratio = values["hazard_ratio"]
        if hazard.effect.kind == "direct" and hazard.effect.hazard_ratio == "solved":
            changed["effect"] = hazard.effect.model_copy(update={"hazard_ratio": ratio})
        update = {"full_course_hazard_ratio": ratio}
        modalities = [
            m.model_copy(update=update) if m.full_course_hazard_ratio == "solved" else m
            for m in modalities
        ]
    new = {"hazard": hazard.model_copy(update=changed), "modalities": modalities}
    return scenario.model_copy(update=new)


def solution_file(scenario: Scenario) -> Path:
    """Where the solution is kept: a name made of the question and of the program's sources."""
    digest = hashlib.sha256(MODEL_DIGEST.encode())
    digest.update(Path(__file__).read_bytes())
    digest.update(_reference(scenario).model_dump_json().encode())
    return digest_folder("targets", MODEL_DIGEST) / f"{digest.hexdigest()[:32]}.json"


def _read(path: Path) -> dict[str, float] | None:
    """Return a kept solution; None if there is none or it is not whole."""
    try:
        return {str(name): float(value) for name, value in read_kept(path).items()}
    except (AttributeError, TypeError, ValueError):
        return None
