"""Right guesses by all patients, by the stratum or by the margins, counted apart."""

import numpy as np
import pytest

from simulator import allocation
from simulator.allocation.sequences import GUESSERS, describe

LEVELS = (2, 3)
MINIMISATION = {"probability": 0.8, "measure": "range", "weights": [1, 1]}


def right(behind: float, phi: float) -> float:
    """Chance of a right guess, where `behind` is the second arm's lead."""
    return 0.5 if behind == 0 else phi if behind > 0 else 1 - phi


def slow_guesses(arms, phi, combination):
    """One patient after another, from lists of all who came before."""
    found = dict.fromkeys(GUESSERS, 0.0)
    for j in range(len(arms)):
        own = divmod(combination[j], LEVELS[1])
        before = [(divmod(combination[i], LEVELS[1]), arms[i]) for i in range(j)]
        lead = [(levels, 1 if arm == 1 else -1) for levels, arm in before]
        overall = sum(d for _, d in lead)
        stratum = sum(d for levels, d in lead if levels == own)
        margins = sum(d for f in range(2) for levels, d in lead if levels[f] == own[f])
        for name, behind in zip(GUESSERS, (overall, stratum, margins), strict=True):
            found[name] += right(behind, phi[j])
    return [found[name] for name in GUESSERS]


@pytest.mark.parametrize("seed", range(4))
def test_right_guesses_are_those_counted_patient_by_patient(seed):
    rng = np.random.default_rng(seed)
    sizes = np.array([25, 1, 40])
    arms, phi = rng.integers(0, 2, 66), rng.random(66)
    combination = rng.integers(0, 6, 66)
    plan = allocation.build_plan("complete", {}, (1, 1), LEVELS, 66)
    found = describe(plan, sizes, arms, phi, combination).guesses
    for trial, (first, last) in enumerate(((0, 25), (25, 26), (26, 66))):
        expected = slow_guesses(arms[first:last], phi[first:last], combination[first:last].tolist())
        assert found[trial] == pytest.approx(expected, abs=1e-12)


def sequences_of(scheme, options, patients, trials, seed):
    """Trials allocated one patient at a time by asking the scheme."""
    plan = allocation.build_plan(scheme, options, (1, 1), LEVELS, patients)
    rng, out = np.random.default_rng(seed), np.empty(2)
    arms, phi = np.empty((2, trials, patients))
    combination = rng.integers(0, 6, (trials, patients))
    for trial in range(trials):
        state = allocation.new_state(plan)
        for j in range(patients):
            own = np.array(divmod(int(combination[trial, j]), LEVELS[1]))
            if allocation.draw_due(plan, state, own) >= 0:
                allocation.apply_draw(plan, state, own, rng.random())
            allocation.probabilities(plan, state, own, out)
            phi[trial, j] = out[0]
            arms[trial, j] = rng.random() >= out[0]
            allocation.record(plan, state, own, int(arms[trial, j]))
    sizes = np.full(trials, patients)
    found = describe(
        plan, sizes, arms.ravel().astype(np.int64), phi.ravel(), combination.ravel()
    ).guesses
    return found / patients


@pytest.mark.parametrize(
    ("scheme", "options", "best"),
    [
        ("permuted_block", {"block_size": 4}, "within_stratum"),
        (
            "minimisation",
            MINIMISATION,
            "over_margins",
        ),
    ],
)
def test_who_goes_by_what_the_scheme_balances_guesses_best(scheme, options, best):
    share = sequences_of(scheme, options, 60, 400, 3)
    gap = share[:, [GUESSERS.index(best)]] - share
    others = [i for i, name in enumerate(GUESSERS) if name != best]
    for i in others:
        assert gap[:, i].mean() > 4 * gap[:, i].std(ddof=1) / 20
