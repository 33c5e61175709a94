"""Randomisation tests against enumeration and against one allocation after another the slow way."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from analysis_records import design, every_plan, one_trial, plan_of
from scenario_builder import SMALLEST_P_VALUE, base_case, run
from scipy import stats

from simulator import allocation
from simulator.analysis import END, Reason, analyse, design_of, randomisation_tests
from simulator.analysis.randomisation_tests import permute, reallocate
from simulator.declarations.analyses import STATISTICS
from simulator.params.lower import lower

NEVER = math.inf
SCHEMES = {
    "complete": {},
    "random_allocation": {},
    "permuted_block": {"block_size": 4},
    "random_blocks": {"block_sizes": [2, 4]},
    "efron": {"probability": 0.75},
    "big_stick": {"bound": 2},
}


def textbook(scheme: str, before: tuple[int, ...], size: int) -> float:
    """Probability of the first arm after these arms, `size` patients in all."""
    first, second = before.count(0), before.count(1)
    if scheme == "complete":
        return 0.5
    if scheme == "random_allocation":
        return (size / 2 - first) / (size - first - second)
    if scheme == "permuted_block":
        block = before[len(before) // 4 * 4 :]
        return (2 - block.count(0)) / (4 - len(block))
    if scheme == "efron":
        return {0: 0.5, 1: 0.25, -1: 0.75}[int(np.sign(first - second))]
    return {2: 0.0, -2: 1.0}.get(first - second, 0.5)


def of_random_blocks(sequence: tuple[int, ...]) -> float:
    """Probability of a sequence under blocks of 2 or 4, whose order is drawn."""
    if not sequence:
        return 1.0
    total = 0.0
    for length in (2, 4):
        block, chance = sequence[:length], 0.5
        for i, arm in enumerate(block):
            left = length / 2 - block[:i].count(0)
            first = left / (length - i)
            chance *= first if arm == 0 else 1 - first
        total += chance * of_random_blocks(sequence[length:]) if chance else 0.0
    return total


def probability_of(scheme: str, sequence: tuple[int, ...]) -> float:
    if scheme == "random_blocks":
        return of_random_blocks(sequence)
    chance = 1.0
    for i, arm in enumerate(sequence):
        first = textbook(scheme, sequence[:i], len(sequence))
        chance *= first if arm == 0 else 1 - first
    return chance


def drawn(scheme: str, options: dict, patients: int, draws: int, trial: int = 3) -> np.ndarray:
    plan = allocation.build_plan(scheme, options, (1, 1), (), patients)
    arms = np.empty((draws, patients), np.int64)
    reallocate(plan, 1, trial, np.zeros(patients, np.int64), arms)
    return arms


def assert_frequencies(arms: np.ndarray, expected: dict[tuple[int, ...], float]) -> None:
    """Require that whole sequences come as often as they should (chi-square)."""
    seen = dict.fromkeys(expected, 0)
    for row in arms.tolist():
        seen[tuple(row)] += 1
    assert sum(seen[s] for s, chance in expected.items() if chance == 0) == 0
    likely = [s for s, chance in expected.items() if chance > 0]
    test = stats.chisquare([seen[s] for s in likely], [expected[s] * len(arms) for s in likely])
    assert test.pvalue >= SMALLEST_P_VALUE


@pytest.mark.parametrize("scheme", SCHEMES)
def test_patients_are_allocated_anew_as_the_textbook_says(scheme):
    expected = {s: probability_of(scheme, s) for s in itertools.product((0, 1), repeat=6)}
    assert sum(expected.values()) == pytest.approx(1.0)
    assert_frequencies(drawn(scheme, SCHEMES[scheme], 6, 40_000), expected)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("levels", [(), (3, 2)])
@pytest.mark.parametrize("ratio", [(1, 1), (2, 1)])
def test_along_its_graph_a_scheme_allocates_as_when_it_is_asked(scheme, levels, ratio, monkeypatch):
    if ratio == (2, 1) and scheme in ("efron", "big_stick"):
        return  # schemes of equal arms
    if levels and scheme == "random_allocation":
        return  # has no strata
    options = SCHEMES[scheme]
    if ratio == (2, 1):
        options = {"block_size": 6} if scheme == "permuted_block" else options
        options = {"block_sizes": [3, 6]} if scheme == "random_blocks" else options
    plan = allocation.build_plan(scheme, options, ratio, levels, 60)
    combination = np.random.default_rng(2).integers(0, 6 if levels else 1, 60)
    along, asked = np.empty((203, 60), np.int64), np.empty((203, 60), np.int64)
    reallocate(plan, 9, 4, combination, along)
    monkeypatch.setattr(randomisation_tests, "MOST_PATIENTS", 0)  # no trial is small enough now
    reallocate(plan, 9, 4, combination, asked)
    assert (along == asked).all()


def test_strata_are_blocked_apart_by_the_levels_of_the_records():
    plan = allocation.build_plan("permuted_block", {"block_size": 2}, (1, 1), (3, 2), 12)
    combination = np.array([0, 5, 0, 5, 3, 3, 1, 0, 1, 0, 2, 4])
    arms = np.empty((500, 12), np.int64)
    reallocate(plan, 1, 2, combination, arms)
    for label in range(6):
        mine = arms[:, combination == label]
        for block in range(mine.shape[1] // 2):
            assert (mine[:, 2 * block : 2 * block + 2].sum(axis=1) == 1).all()
    # Where only one patient of a stratum came, either arm will do.
    assert set(arms[:, combination == 2].ravel().tolist()) == {0, 1}


def test_minimisation_is_replayed_patient_by_patient():
    options = {"probability": 1.0, "measure": "range", "weights": [1, 1]}
    plan = allocation.build_plan("minimisation", options, (1, 1), (2, 2), 8)
    combination = np.array([0, 0, 3, 3, 1, 2, 1, 2])
    arms = np.empty((200, 8), np.int64)
    reallocate(plan, 1, 2, combination, arms)
    # The second of two alike patients goes to the other arm, without exception.
    assert (arms[:, 0] != arms[:, 1]).all()
    assert (arms[:, 2] != arms[:, 3]).all()
    assert set(arms[:, 0].tolist()) == {0, 1}


def test_permutations_are_all_as_likely():
    arms = np.empty((30_000, 5), np.int64)
    permute(1, 4, np.array([0, 1, 1, 0, 1]), arms)
    sequences = {s: 0.1 for s in itertools.product((0, 1), repeat=5) if sum(s) == 3}
    assert_frequencies(arms, sequences)


def test_draws_differ_between_trials_and_seeds_and_not_between_runs():
    one, again, other = (drawn("complete", {}, 40, 50, trial) for trial in (3, 3, 4))
    assert (one == again).all()
    assert (one != other).any(axis=1).all()


TRIAL = {
    "death_after_days": np.array([3.0, NEVER, 8, 8, 30, NEVER, NEVER, 50, NEVER, NEVER, 2, NEVER]),
    "loss_after_days": np.array([NEVER] * 5 + [40.0] + [NEVER] * 6),
    "death_cause": np.array([1, 1, 2, 1, 1, 0, 0, 2, 0, 0, 1, 0]),
    "site": np.array([0, 1] * 6),
    "stratum": np.array([0, 1] * 6),
    "visit_after_days": np.tile([0.0, 84.0], (12, 1)),
    "visit_meld": np.column_stack([20.0 + np.arange(12) ** 2 % 7, 15.0 + np.arange(12) % 5]),
}
ARM = np.array([0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1])


def slow_p_value(inner, arms, scheme) -> float:
    """Analyse the trial once for each allocation, as if it had been that way."""
    asked = design(84)._replace(allocation=scheme)
    seen = analyse(one_trial(ARM, **TRIAL), [inner], asked, END).p_value[0, 0]
    extreme = 0
    for row in arms:
        again = analyse(one_trial(row, **TRIAL), [inner], asked, END).p_value[0, 0]
        extreme += again <= seen * (1 + 1e-9)
    return (1 + extreme) / (len(arms) + 1)


@pytest.mark.parametrize("inner", every_plan(), ids=lambda plan: plan.name)
@pytest.mark.parametrize("kind", ["rerandomisation", "permutation"])
def test_any_statistic_is_replayed_as_if_each_allocation_had_been_the_trial(kind, inner):
    scheme = allocation.build_plan("random_blocks", {"block_sizes": [2, 4]}, (1, 1), (2,), 12)
    asked = design(84)._replace(allocation=scheme)
    randomisation_test = inner._replace(
        name="r", test=kind, options={"of": inner.name, "draws": 99}
    )
    table = analyse(one_trial(ARM, **TRIAL), [inner, randomisation_test], asked, END)
    assert table.reason[0, 0] == Reason.ANALYSED
    arms = np.empty((99, 12), np.int64)
    if kind == "rerandomisation":
        reallocate(scheme, asked.seed, 0, TRIAL["stratum"], arms)
    else:
        permute(asked.seed, 0, ARM, arms)
    assert table.p_value[0, 1] == slow_p_value(inner, arms, scheme)
    assert table.estimate[0, 1] == pytest.approx(table.estimate[0, 0], nan_ok=True)


@pytest.mark.parametrize("test", ["fisher", "log_rank", "meld_worst_rank"])
def test_with_many_draws_the_p_value_is_that_of_all_allocations(test):
    inner = plan_of(test, lost="censored" if test == "log_rank" else "excluded")
    randomisation_test = inner._replace(
        name="r", test="permutation", options={"of": "a", "draws": 20_000}
    )
    records = one_trial(ARM, **TRIAL)
    table = analyse(records, [inner, randomisation_test], design(84), END)
    # All 924 splits of twelve into halves, analysed one by one.
    every = [
        np.isin(np.arange(12), chosen).astype(np.int64)
        for chosen in itertools.combinations(range(12), 6)
    ]
    seen = table.p_value[0, 0]
    p_values = np.array(
        [analyse(one_trial(a, **TRIAL), [inner], design(84), END).p_value[0, 0] for a in every]
    )
    exact = float((p_values <= seen * (1 + 1e-9)).mean())
    error = math.sqrt(exact * (1 - exact) / 20_000)
    assert abs(table.p_value[0, 1] - exact) <= 4 * error + 1 / 20_001


def log_rank_in_fractions(arm: np.ndarray) -> Fraction:
    """Square of the log-rank statistic of `TRIAL`: (O - E)^2 over the hypergeometric variance."""
    death, loss = TRIAL["death_after_days"], TRIAL["loss_after_days"]
    last = np.minimum(np.minimum(death, loss), 84)
    excess, variance = Fraction(0), Fraction(0)
    for day in sorted({d for d in death.tolist() if d <= 84}):
        at_risk, dead = last >= day, death == day
        n, n1, d = int(at_risk.sum()), int((at_risk & (arm == 1)).sum()), int(dead.sum())
        excess += int((dead & (arm == 1)).sum()) - Fraction(d * n1, n)
        if n > 1:
            variance += Fraction(d * n1 * (n - n1) * (n - d), n * n * (n - 1))
    return excess**2 / variance


def test_the_allocations_as_extreme_are_those_of_the_statistic_in_fractions():
    """Of all 924 splits: rounding neither parts statistics that are equal nor joins others."""
    every = [
        np.isin(np.arange(12), chosen).astype(np.int64)
        for chosen in itertools.combinations(range(12), 6)
    ]
    squares = [log_rank_in_fractions(arm) for arm in every]
    records = [one_trial(arm, **TRIAL) for arm in every]
    inner = plan_of("log_rank", lost="censored")
    p_values = np.array([analyse(r, [inner], design(84), END).p_value[0, 0] for r in records])
    assert len(set(squares)) < 924 / 2  # there are ties to be found
    for k in range(0, 924, 7):
        extreme = p_values <= p_values[k] * (1 + randomisation_tests.TIE)
        assert extreme.tolist() == [square >= squares[k] for square in squares]


@pytest.mark.parametrize("scheme", ["complete", "efron", "random_blocks"])
def test_under_the_strong_null_a_randomisation_test_keeps_its_level(scheme):
    # With 19 draws p <= .05 means that none is as extreme: at most 1 in 20, however the scheme is.
    options = SCHEMES[scheme]
    scenario = base_case(
        "nct05484908-null",
        {"allocation.scheme": scheme, "allocation.options": options, "allocation.factors": None},
    )
    records, params = run(scenario, 77, 2_000), lower(scenario)
    inner = plan_of("log_rank", "censored")
    randomisation_test = inner._replace(
        name="r", test="rerandomisation", options={"of": "a", "draws": 19}
    )
    table = analyse(records, [inner, randomisation_test], design_of(params, 77), END)
    known = table.reason[:, 1] == Reason.ANALYSED
    rejected = int((table.p_value[known, 1] <= 0.05 + 1e-12).sum())
    assert stats.binom.sf(rejected - 1, int(known.sum()), 0.05) >= SMALLEST_P_VALUE
    # The log-rank statistic hardly ever ties, so that the level is used up too.
    assert stats.binom.cdf(rejected, int(known.sum()), 0.04) >= SMALLEST_P_VALUE


def test_a_trial_without_a_statistic_has_the_reason_of_the_test_that_is_replayed():
    arm = np.zeros(12, np.int64)
    for test in STATISTICS:
        inner = next(plan for plan in every_plan() if plan.test == test)
        randomisation_test = inner._replace(
            name="r", test="permutation", options={"of": inner.name, "draws": 19}
        )
        table = analyse(one_trial(arm, **TRIAL), [inner, randomisation_test], design(84), END)
        assert table.reason[0, 0] == table.reason[0, 1] != Reason.ANALYSED
        assert math.isnan(table.p_value[0, 1])
