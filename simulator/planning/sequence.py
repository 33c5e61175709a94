"""Sequences of allocation: that of a simulated trial, and lists of codes drawn beforehand."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simulator import allocation, draws
from simulator.allocation import AllocationError, levels_of
from simulator.analysis.cut import rows_of
from simulator.analysis.randomisation_tests import known_outcomes
from simulator.draws import Purpose
from simulator.engines.compiled import simulate
from simulator.planning.candidate_schemes import CandidateScheme
from simulator.planning.prepared import Prepared
from simulator.results.allocation import (
    AllocationSequence,
    AllocationStep,
    FactorUse,
    OutcomesKnown,
)
from simulator.scenario.schema import Scenario
from simulator.version import program_version

_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without those that are taken for another


def allocation_sequence(
    prepared: Prepared, candidate_scheme: CandidateScheme, seed: int, trial: int
) -> AllocationSequence:
    """Return the allocations of one trial under a scheme, in the order in which they were made."""
    arms = tuple(prepared.arms)
    return AllocationSequence(
        scenario=prepared.solved.name,
        seed=seed,
        trial=trial,
        scheme=candidate_scheme.text,
        version=program_version(),
        arms=arms,
        sequence=tuple(_steps(prepared, candidate_scheme, seed, trial)),
    )


def _steps(
    prepared: Prepared, candidate_scheme: CandidateScheme, seed: int, trial: int
) -> Iterator[AllocationStep]:
    params, arms = prepared.params._replace(allocation=candidate_scheme.params), prepared.arms
    records = simulate(params, seed, trial, 1)
    p, plan = records.patients, candidate_scheme.plan
    known = known_outcomes(rows_of(records), params.trial.follow_up_days)
    in_stratum: dict[int, list[int]] = {}
    counts, outcomes, learnt = [0, 0], [[0, 0], [0, 0]], 0
    levels = np.empty(plan.levels.size, np.int64)
    for i in range(p.arm.size):
        while learnt < known.day.size and known.day[learnt] <= p.entry_day[i]:
            who = known.patient[learnt]
            outcomes[p.arm[who]][int(known.died[learnt])] += 1
            learnt += 1
        levels_of(plan, int(p.stratum[i]), levels)
        stratum = int(p.stratum[i]) if plan.counts_strata else 0
        mine, arm = in_stratum.setdefault(stratum, [0, 0]), int(p.arm[i])
        ahead = mine[0] * plan.ratio[1] - mine[1] * plan.ratio[0]
        probability = float(p.allocation_probability[i, 0])
        yield AllocationStep(
            patient=i,
            day=float(p.entry_day[i]),
            stratum=level_names(prepared.solved, levels) if levels.size else "",
            before=dict(zip(arms, counts, strict=True)),
            before_in_stratum=dict(zip(arms, mine, strict=True)),
            known={name: OutcomesKnown(*o) for name, o in zip(arms, outcomes, strict=True)},
            probability={arms[0]: probability, arms[1]: 1.0 - probability},
            draw=float(p.allocation_draw[i]),
            arm=arms[arm],
            guess_right=None if ahead == 0 else bool((ahead < 0) == (arm == 0)),
        )
        counts[arm] += 1
        mine[arm] += 1


class Code(NamedTuple):
    """A line of a randomisation list."""

    stratum: str
    number: int  # from 1, within the stratum
    code: str
    arm: str
    probability: float  # of that arm, given those before in the stratum


def randomisation_list(
    scenario: Scenario, candidate_scheme: CandidateScheme, seed: int
) -> Iterator[Code]:
    """Draw a list of codes, as many in each stratum as the trial has patients.

    How many patients a stratum will have is not known, but none can have more.

    Raises
    ------
    AllocationError
        If the scheme looks at patients or outcomes: what comes next is then not known beforehand.
    """
    scheme, plan = candidate_scheme.scheme, candidate_scheme.plan
    if not scheme.counts_alone:
        what = "outcomes" if scheme.adaptive else "the patients as they come"
        rule = f"{scheme.word} looks at {what}: no list can be drawn beforehand"
        raise AllocationError(
            "scheme", candidate_scheme.text, rule, "use a scheme that looks at numbers"
        )
    return _codes(scenario, candidate_scheme, seed, np.empty(plan.levels.size, np.int64))


def _codes(
    scenario: Scenario, candidate_scheme: CandidateScheme, seed: int, levels: "np.ndarray"
) -> Iterator[Code]:
    plan, out = candidate_scheme.plan, np.empty(candidate_scheme.plan.ratio.size)
    arms = [arm.name for arm in scenario.arms]
    used: set[str] = set()
    for stratum in range(int(np.prod(plan.levels))):
        state = allocation.new_state(plan)
        levels_of(plan, stratum, levels)
        name = level_names(scenario, levels) if candidate_scheme.use is FactorUse.STRATA else ""
        for number in range(scenario.trial.target_randomised):
            due = allocation.draw_due(plan, state, levels)
            if due >= 0:
                u = draws.uniform(seed, 0, int(Purpose.LIST_DRAW), stratum, due)
                allocation.apply_draw(plan, state, levels, u)
            allocation.probabilities(plan, state, levels, out)
            u = draws.uniform(seed, 0, int(Purpose.LIST), stratum, number)
            arm = int(allocation.choose(out, u))
            allocation.record(plan, state, levels, arm)
            code = _code(f"{candidate_scheme.text} {seed} {stratum} {number}", used)
            yield Code(name, number + 1, code, arms[arm], float(out[arm]))


def _code(text: str, used: set[str]) -> str:
    """Return six letters that tell nothing of the arm and that no other line has."""
    again = 0
    while True:
        number = int.from_bytes(hashlib.sha256(f"{text} {again}".encode()).digest()[:8], "big")
        code = "".join(_CODE_LETTERS[number >> 5 * i & 31] for i in range(6))
        if code not in used:
            used.add(code)
            return code
        again += 1


def level_names(scenario: Scenario, levels: "np.ndarray") -> str:
    """Return a combination of levels in words."""
    names = []
    for factor, level in zip(scenario.allocation.factors or [], levels.tolist(), strict=True):
        names.append(f"{factor.variable} {level_in_words(scenario, factor.variable, level)}")
    return ", ".join(names)


def level_in_words(scenario: Scenario, variable: str, level: int) -> str:
    """Return a level of a factor in words: a site's name, a value, or a range between cuts."""
    factor = next(f for f in scenario.allocation.factors or [] if f.variable == variable)
    cuts = [f"{cut:g}" for cut in factor.cut_points]
    if cuts:
        if level == 0:
            return f"below {cuts[0]}"
        upper = f" to below {cuts[level]}" if level < len(cuts) else " or more"
        return f"{cuts[level - 1]}{upper}"
    if variable == "site" and scenario.accrual.kind == "poisson":
        return scenario.accrual.sites[level].name
    return str(level)
