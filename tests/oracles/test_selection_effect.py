"""What guessing does to Student's t test: each sequence by itself, and trials simulated anew."""

import itertools
import math
from functools import cache

import numpy as np
import pytest
from scenario_builder import assert_share
from scipy import integrate, stats

from simulator import allocation
from simulator.allocation.selection_effect import biased_levels

LAWS = {
    "complete": ({}, lambda past: 0.5),
    "efron": ({"probability": 2 / 3}, lambda past: efron(past)),
    "permuted_block": ({"block_size": 4}, lambda past: block(past)),
    "big_stick": ({"bound": 2}, lambda past: {2: 0.0, -2: 1.0}.get(ahead(past), 0.5)),
}


def ahead(past):
    return past.count(0) - past.count(1)


def efron(past):
    return (0.5, 1 / 3, 2 / 3)[int(np.sign(ahead(past)))]


def block(past):
    now = past[len(past) // 4 * 4 :]
    return (2 - now.count(0)) / (4 - len(now))


def plan_of(name: str, n: int):
    return allocation.build_plan(name, LAWS[name][0], (1, 1), (), n)


def guesses_of(sequence):
    return [-int(np.sign(ahead(sequence[:j]))) for j in range(len(sequence))]


@cache
def t_rejects(shift: float, within: float, freedom: int) -> float:
    """P(|T| > critical): T is normal about `shift` over the root of a noncentral chi-square."""
    critical = stats.t.isf(0.025, freedom)
    law = stats.ncx2(freedom, within) if within > 1e-12 else stats.chi2(freedom)

    def tails(x):
        limit = critical * math.sqrt(x / freedom)
        return (stats.norm.sf(limit - shift) + stats.norm.cdf(-limit - shift)) * law.pdf(x)

    top = law.isf(1e-13)
    return integrate.quad(tails, 0, top, epsabs=1e-11, epsrel=1e-11, limit=200)[0]


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("n", [5, pytest.param(8, marks=pytest.mark.slow)])
def test_the_level_of_a_t_test_is_the_sum_over_every_sequence(name, n):
    expected, effect, law = 0.0, 0.9, LAWS[name][1]
    for sequence in itertools.product((0, 1), repeat=n):
        chance = 1.0
        for j, arm in enumerate(sequence):
            phi = law(sequence[:j])
            chance *= phi if arm == 0 else 1 - phi
        arms, guesses = np.array(sequence), effect * np.array(guesses_of(sequence))
        if chance == 0 or arms.sum() in (0, n):
            continue
        first, second = guesses[arms == 0], guesses[arms == 1]
        shift = (first.mean() - second.mean()) / math.sqrt(1 / first.size + 1 / second.size)
        within = float(((first - first.mean()) ** 2).sum() + ((second - second.mean()) ** 2).sum())
        expected += chance * t_rejects(round(float(shift), 12), round(within, 12), n - 2)
    assert biased_levels(plan_of(name, n), n, effect, 0.05).t == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", ["complete", "permuted_block"])
def test_levels_at_fifty_patients_are_those_of_simulated_trials(name):
    """40,000 trials drawn with NumPy and tested with SciPy; Z takes the deviation to be 1."""
    n, trials, effect, rng = 50, 40_000, 0.5, np.random.default_rng(8)
    arms, guesses = np.empty((trials, n), int), np.empty((trials, n), int)
    d, in_block = np.zeros(trials, int), np.zeros((2, trials))
    for j in range(n):
        if name == "complete":
            phi, behind = 0.5, np.sign(-d)
        else:
            in_block[:] = 0 if j % 4 == 0 else in_block
            phi, behind = (2 - in_block[0]) / (4 - j % 4), np.sign(in_block[1] - in_block[0])
        guesses[:, j] = behind
        arms[:, j] = rng.random(trials) >= phi
        d += 1 - 2 * arms[:, j]
        in_block[arms[:, j], np.arange(trials)] += 1
    response = rng.normal(size=(trials, n)) + effect * guesses
    first = np.where(arms == 0, response, np.nan)
    second = np.where(arms == 1, response, np.nan)
    sizes = (arms == 0).sum(axis=1), (arms == 1).sum(axis=1)
    means = np.nanmean(first, axis=1), np.nanmean(second, axis=1)
    spreads = np.nanstd(first, axis=1, ddof=1), np.nanstd(second, axis=1, ddof=1)
    of_arms = zip(means, spreads, sizes, strict=True)
    p = stats.ttest_ind_from_stats(*itertools.chain.from_iterable(of_arms)).pvalue
    z = (means[0] - means[1]) / np.sqrt(1 / sizes[0] + 1 / sizes[1])
    found = biased_levels(plan_of(name, n), n, effect, 0.05)
    assert_share(int((p <= 0.05).sum()), trials, found.t)
    assert_share(int((np.abs(z) >= stats.norm.isf(0.025)).sum()), trials, found.z)
    assert found.t < found.z


def test_without_an_effect_both_tests_hold_their_level():
    found = biased_levels(plan_of("permuted_block", 20), 20, 0.0, 0.05)
    assert found.z == pytest.approx(0.05, abs=1e-12)
    assert found.t == pytest.approx(0.05, abs=1e-10)


def test_unequal_arms_have_no_level_of_a_t_test():
    plan = allocation.build_plan("permuted_block", {"block_size": 6}, (2, 1), (), 12)
    found = biased_levels(plan, 12, 0.5, 0.05)
    assert found.t is None
    assert 0.05 < found.z < 1
