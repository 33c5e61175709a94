"""Procedures for several hypotheses against statsmodels and against whole closed tests."""

import itertools
import math

import numpy as np
import pytest
from analysis_records import plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_builder import SMALLEST_P_VALUE, changed, shipped
from scipy import stats
from statsmodels.stats.multitest import multipletests

from simulator.analysis import plans_of
from simulator.montecarlo.multiplicity import Family, Joint, families_of, rejected

METHODS = {"bonferroni": "bonferroni", "holm": "holm", "hochberg": "simes-hochberg"}


def family(method: str, size: int, alpha: float = 0.05, **own) -> Family:
    """Return the family as a scenario asks for it."""
    names = [f"h{i}" for i in range(size)]
    analyses = [(p := plan_of("chi_square", name=name))._asdict() | p.options for name in names]
    for words in analyses:
        words.pop("options")
        words.pop("hypothesis")
    asked = {"name": "all", "method": method, "alpha": alpha, "analyses": names} | own
    scenario = changed(shipped("two-arm-survival"), {"analyses": analyses, "multiplicity": [asked]})
    (found,) = families_of(scenario, plans_of(scenario))
    return found


def grid(size: int, number: int = 2_000) -> np.ndarray:
    """P values of which many are small, some tied."""
    rng = np.random.default_rng(size)
    p = rng.random((number, size)) ** 3
    return np.where(rng.random(p.shape) < 0.2, np.round(p, 1), p)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [2, 3, 5])
def test_step_procedures_are_those_of_statsmodels(method, size, monkeypatch):
    # Its Holm collects garbage at every call, which takes a second in a long-lived process.
    monkeypatch.setattr("gc.collect", lambda: 0)
    asked = family(method, size)
    p_values = grid(size, 100)
    ours = rejected(p_values, asked)
    theirs = [multipletests(row, 0.05, METHODS[method])[0] for row in p_values]
    assert (ours == np.array(theirs)).all()


def test_a_fixed_sequence_stops_at_the_first_that_is_not_rejected():
    p_values = grid(4)
    slow = [[all(p <= 0.05 for p in row[: i + 1]) for i in range(4)] for row in p_values]
    assert (rejected(p_values, family("fixed_sequence", 4)) == np.array(slow)).all()


def weights_within(asked: Family, kept: tuple[int, ...]) -> dict[int, float]:
    """Weights of an intersection: the others are taken out of the graph one by one.

    Algorithm 1 of Bretz, Maurer, Brannath and Posch (2009), written as they give it.
    """
    w = {i: float(x) for i, x in enumerate(asked.weights)}
    g = {(i, j): float(asked.transitions[i, j]) for i in w for j in w}
    for out in [i for i in w if i not in kept]:
        rest = [i for i in w if i != out]
        new = {}
        for i, j in itertools.product(rest, rest):
            loop = 1 - g[i, out] * g[out, i]
            new[i, j] = (g[i, j] + g[i, out] * g[out, j]) / loop if i != j and loop > 0 else 0.0
        w = {i: w[i] + w[out] * g[out, i] for i in rest}
        g = new
    return w


def closed_test(asked: Family, p: np.ndarray) -> list[bool]:
    """Reject what every intersection that holds it rejects (Marcus, Peritz and Gabriel 1976)."""
    m = len(p)
    every = [s for k in range(1, m + 1) for s in itertools.combinations(range(m), k)]
    out = {}
    for some in every:
        weights = weights_within(asked, some)
        out[some] = any(
            weights[i] > 0 and p[i] <= asked.alpha * weights[i] * (1 + 1e-12) for i in some
        )
    return [all(out[some] for some in every if i in some) for i in range(m)]


GRAPHS = {
    "two primary, two secondary": (
        [0.5, 0.5, 0.0, 0.0],
        [[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]],
    ),
    "fallback": ([0.5, 0.3, 0.2], [[0, 1, 0], [0, 0, 1], [0, 0, 0]]),
    "level thrown away": ([0.4, 0.2, 0.1], [[0, 0.3, 0.3], [0.2, 0, 0.1], [0.5, 0.5, 0]]),
    "a pair that hands back": ([1.0, 0.0, 0.0], [[0, 1, 0], [0.9, 0, 0.1], [0, 1, 0]]),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_graph_rejects_what_the_whole_closed_test_rejects(name):
    weights, transitions = GRAPHS[name]
    asked = family("graphical", len(weights), weights=weights, transitions=transitions)
    p_values = grid(len(weights), 600) ** 1.5
    ours = rejected(p_values, asked)
    assert 0.05 < ours.mean() < 0.95
    assert (ours == np.array([closed_test(asked, row) for row in p_values])).all()


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_any_graph_rejects_what_the_whole_closed_test_rejects(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 5))
    weights = rng.dirichlet(np.ones(size)) * rng.choice([1.0, 0.8])
    transitions = rng.dirichlet(np.ones(size), size) * rng.choice([1.0, 0.7])
    transitions[rng.random((size, size)) < 0.3] = 0.0
    np.fill_diagonal(transitions, 0.0)
    asked = Family("g", "graphical", 0.1, tuple(range(size)), weights, transitions)
    p_values = rng.random((20, size)) ** 3
    slow = np.array([closed_test(asked, row) for row in p_values])
    assert (rejected(p_values, asked) == slow).all()


@pytest.mark.parametrize("method", [*METHODS, "fixed_sequence"])
def test_under_the_null_the_chance_of_any_false_rejection_is_kept(method):
    # Equicorrelated normal statistics, for which Hochberg's procedure too is known to hold.
    rng = np.random.default_rng(8)
    z = math.sqrt(0.5) * (rng.normal(size=(100_000, 1)) + rng.normal(size=(100_000, 4)))
    any_of = int(rejected(2 * stats.norm.sf(np.abs(z)), family(method, 4)).any(axis=1).sum())
    assert stats.binom.sf(any_of - 1, 100_000, 0.05) >= SMALLEST_P_VALUE
    if method == "fixed_sequence":
        assert stats.binom.cdf(any_of, 100_000, 0.05) >= SMALLEST_P_VALUE


def test_a_trial_without_a_p_value_rejects_nothing_and_passes_nothing_on():
    p_values = np.array([[math.nan, 0.001, 0.001], [0.001, math.nan, 0.001]])
    assert rejected(p_values, family("fixed_sequence", 3)).tolist() == [
        [False] * 3,
        [True] + [False] * 2,
    ]
    assert rejected(p_values, family("holm", 3)).tolist() == [
        [False, True, True],
        [True, False, True],
    ]
    assert rejected(p_values, family("hochberg", 3)).tolist() == [
        [False, True, True],
        [True, False, True],
    ]


def test_counts_together_are_those_of_the_trials_one_by_one():
    p_values = grid(3, 500)
    asked = family("holm", 3)
    joint = Joint(3, (asked,))
    for part in np.array_split(p_values, 7):
        unit = Joint(3, (asked,))
        unit.add(part, (part <= 0.05).T.copy(), np.empty((3, len(part)), bool), len(part))
        joint.merge(unit)
    alone, together = p_values <= 0.05, np.array([rejected(p[None], asked)[0] for p in p_values])
    for i, j in itertools.product(range(3), range(3)):
        assert joint.both[i, j] == sum(bool(a[i] and a[j]) for a in alone)
    assert joint.by_analysis[0].tolist() == together.sum(axis=0).tolist()
    assert joint.any_of[0] == sum(any(t) for t in together)
    assert joint.all_of[0] == sum(all(t) for t in together)
