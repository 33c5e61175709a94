"""Small scenarios and checks for the tests of the whole engine.

Every check allows what 4 standard errors of a normal variate allow: a probability of 6.3e-5 that a
correct engine fails it, for a seed chosen without looking. Seeds are fixed.
"""

import copy
import functools
import json
import math
from typing import Any

import numpy as np
from scipy import stats

from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.records import TrialRecords
from simulator.scenario.cross_checks import disagreements
from simulator.scenario.loader import load_scenario
from simulator.scenario.schema import Scenario
from simulator.scenario.treatment import WEEKDAYS

SMALLEST_P_VALUE = float(2 * stats.norm.sf(4))
EPSILON = float(np.finfo(float).eps)
ALWAYS_OPEN = {day: [0.0, 24.0] for day in WEEKDAYS}
NEVER = {"net_probability": 0.0, "by_day": 84.0}
NOBODY_DIES = 1e-12


@functools.cache
def shipped(name: str) -> Scenario:
    """Return a shipped scenario, read once."""
    return load_scenario(name).scenario


def changed(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    """Return the scenario with values replaced at paths such as `arms.0.plan.sessions`."""
    whole = scenario.model_dump()
    for path, value in changes.items():
        part: Any = whole
        *parents, last = (int(word) if word.isdigit() else word for word in path.split("."))
        for key in parents:
            part = part[key]
        part[last] = copy.deepcopy(value)  # a later path may lead into it
    return checked(whole)


def checked(values: dict[str, Any]) -> Scenario:
    """Return the scenario of plain values; its parts are valid and agree, as a loaded one's do."""
    scenario = Scenario.model_validate(values)
    broken = [f"{rule.key}: {rule}" for rule in disagreements(scenario)]
    assert not broken, broken
    return scenario


def bare(patients: int, changes: dict[str, Any] | None = None) -> Scenario:
    """Return the bare trial with `patients` patients, complete randomisation and no loss."""
    frame = {
        "trial.target_randomised": patients,
        "accrual.candidates": patients,
        "allocation.scheme": "complete",
        "exits.loss": NEVER,
    }
    return changed(shipped("two-arm-survival"), frame | (changes or {}))


def base_case(name: str = "nct05484908", changes: dict[str, Any] | None = None) -> Scenario:
    """Return a shipped scenario of the real trial with a baseline that needs no solving."""
    solved = {"hazard.baseline.mortality_at_horizon": 0.5, "hazard.mortality_targets": None}
    return changed(shipped(name), solved | (changes or {}))


def run(scenario: Scenario, seed: int, trials: int = 1, first_trial: int = 0) -> TrialRecords:
    """Simulate a scenario."""
    return simulate(_lowered(scenario.model_dump_json()), seed, first_trial, trials)


@functools.lru_cache(maxsize=4)
def _lowered(scenario: str) -> Params:
    return lower(Scenario.of_plain(json.loads(scenario)))


def modality(
    name: str,
    hours: float = 2.0,
    log_sd: float = 0.0,
    plasma_litres: float = 0.0,
    hazard_ratio: float = 1.0,
) -> dict[str, Any]:
    """Return a modality without labs and adverse events."""
    return {
        "name": name,
        "machine_hours": hours,
        "machine_hours_log_sd": log_sd,
        "plasma_litres": plasma_litres,
        "full_course_hazard_ratio": hazard_ratio,
        "shifts": None,
        "adverse_events": None,
    }


def arm(name: str, given: str | None, **plan: Any) -> dict[str, Any]:
    """Return an arm; the plan is one session, due at once, with a window that never ends."""
    whole = {
        "sessions": 1,
        "first_after_days": 0.0,
        "least_interval_days": 0.0,
        "window_days": 10_000.0,
        "stop_if_bilirubin_below_umol_per_l": None,
        "postpone_if_platelets_below_1e9_per_l": None,
        "rescue": None,
        "switch_if_plasma_short_to": None,
    }
    return {"name": name, "modality": given, "plan": whole | plan if given else None}


def unit(machines: int = 1, **parts: Any) -> dict[str, Any]:
    """Return a unit that never closes, with nurses and plasma to spare and no other patients."""
    return {
        "machines": machines,
        "nurses": 1000,
        "sessions_per_nurse": 1,
        "opening_hours": ALWAYS_OPEN,
        "plasma": None,
        "background": None,
        "queue": "first_come",
    } | parts


def poisson_accrual(*sites: dict[str, Any], gamma_shape: float | None = None) -> dict[str, Any]:
    """Return Poisson accrual; a site's keys are those that differ from 1 a day from day 0 on."""
    whole = {
        "opens_day": 0.0,
        "randomised_per_month": 30.4375,
        "ramp_days": 0.0,
        "rate_steps": None,
        "unit": None,
    }
    rates = {"kind": "gamma", "shape": gamma_shape} if gamma_shape else {"kind": "fixed"}
    return {
        "kind": "poisson",
        "sites": [{"name": f"site {i}"} | whole | site for i, site in enumerate(sites)],
        "site_rates": rates,
    }


def assert_share(count: int, number: int, probability: float) -> None:
    """Require that `count` of `number` is a likely value of a binomial distribution (exact)."""
    tails = (
        stats.binom.cdf(count, number, probability),
        stats.binom.sf(count - 1, number, probability),
    )
    expected = number * probability
    assert 2 * min(tails) >= SMALLEST_P_VALUE, f"{count} of {number}, expected {expected:.1f}"


def assert_law(values: np.ndarray, distribution: Any) -> None:
    """Require that independent values follow a continuous distribution (Kolmogorov-Smirnov)."""
    test = stats.kstest(values, distribution)
    assert test.pvalue >= SMALLEST_P_VALUE, f"D = {test.statistic:.4f}, p = {test.pvalue:.2g}"


def assert_mean(values: np.ndarray, mean: float) -> None:
    """Require that independent values have this mean, within 4 of their standard errors."""
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    assert abs(np.mean(values) - mean) <= 4 * error, f"{np.mean(values)} +- {error}, not {mean}"
