"""A unit of work: some trials, simulated, analysed and added up.

Its result is a pure function of the scenario lowered, the seed, the first trial, the number of
trials and what is asked: it depends neither on the worker, nor on the engine, nor on the blocks in
which the trials were simulated.
"""

import math

from simulator.analysis import AnalysisPlan
from simulator.declarations.analyses import RANDOMISATION_TESTS
from simulator.engines.lanes import lanes_of
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.lane_metrics import come_in_lanes
from simulator.montecarlo.lane_parts import run_lane_part
from simulator.montecarlo.monitored_lanes import are_looked_at_in_lanes
from simulator.montecarlo.open_unit import OpenUnit, UnitResult
from simulator.montecarlo.parts import run_part
from simulator.params.types import Params

_LEAST_TRIALS = 50
_SECONDS_A_UNIT = 0.1  # short enough to show progress and to share out, long against its overhead
_LONGEST_SECONDS = 1.0  # of the least trials
# Seconds a patient, roughly: with a funnel, labs or sessions, and without any; a patient drawn
# anew by a randomisation test.
_SECONDS_A_PATIENT, _SECONDS_A_SIMPLE_PATIENT, _SECONDS_A_DRAW = 2e-6, 0.03e-6, 5e-9
_PATIENTS_A_BLOCK = 30_000  # simulated and analysed together: their records stay small ...
_SIMPLE_PATIENTS_A_BLOCK = 60_000  # ... those without sessions or labs smaller
_MONITORED_PATIENTS_A_BLOCK = 1_600_000  # ... those in lanes, whose looks cost as much a block


def run_unit(
    params: Params,
    asked: Evaluation,
    engine: Engine,
    seed: int,
    first_trial: int,
    trials: int,
) -> UnitResult:
    """Simulate, analyse and add up trials `first_trial` to `first_trial + trials - 1`."""
    unit = OpenUnit(params, asked)
    in_lanes = engine is Engine.COMPILED and come_in_lanes(params, asked.plans)
    if asked.monitoring is not None:
        in_lanes &= are_looked_at_in_lanes(asked.plans, asked.monitoring)
    together = lanes_of(params.trial.target_randomised, trials) if in_lanes else 1
    first, end = first_trial, first_trial + trials
    while first < end:
        whole = in_lanes and not asked.is_looked_at(first)
        patients = _patients_a_block(params, asked, whole)
        size = max(1, patients // (params.trial.target_randomised * together)) * together
        size = min(size, end - first)
        if whole:
            part = run_lane_part(params, asked, unit.sums.totals.layout, seed, first, size)
        else:
            part = run_part(params, asked, engine, seed, first, size)
        if asked.control is not None:  # apart from how the block was simulated
            part = part._replace(controls=asked.control(seed, first, size))
        unit.add(part, size)
        first += size
    return unit.close()


def _patients_a_block(params: Params, asked: Evaluation, in_lanes: bool) -> int:
    if in_lanes and asked.monitoring is not None:
        return _MONITORED_PATIENTS_A_BLOCK
    return _SIMPLE_PATIENTS_A_BLOCK if _is_simple(params) else _PATIENTS_A_BLOCK


def _is_simple(params: Params) -> bool:
    """Whether there is neither a funnel, nor labs, nor sessions."""
    return params.candidate.kind.size == 0 and params.max_sessions == 0


def trials_a_unit(params: Params, plans: tuple[AnalysisPlan, ...]) -> int:
    """Trials of a unit of work: 50 or that times a power of 2, by the scenario alone.

    Fewer where 50 would be long, and one at the least: a trial of 100,000 patients shows progress
    by itself.
    """
    a_patient = _SECONDS_A_SIMPLE_PATIENT if _is_simple(params) else _SECONDS_A_PATIENT
    draws = (plan.options["draws"] for plan in plans if plan.test in RANDOMISATION_TESTS)
    seconds = params.trial.target_randomised * (a_patient + _SECONDS_A_DRAW * sum(draws))
    if _LEAST_TRIALS * seconds > _LONGEST_SECONDS:
        return max(1, int(_SECONDS_A_UNIT / seconds))
    doublings = math.floor(math.log2(max(1.0, _SECONDS_A_UNIT / seconds / _LEAST_TRIALS)))
    trials: int = _LEAST_TRIALS * 2**doublings
    return trials
