"""Response-adaptive schemes in the trial: what each patient's probability was, worked out slowly.

From the records alone: who had died or survived by when, and the formulas in plain arithmetic.
"""

import math

import numpy as np
import pytest
from reference_allocation import chance_a_dies_less
from scenario_builder import bare, base_case, run

from simulator.draws import Purpose, uniform

SEED, TRIALS = 20_261_124, 12
FOLLOW_UP = 84.0
EVERYONE_LEAVES = {
    "exits.transplant": {"net_probability": 0.2, "by_day": 84.0},
    "exits.loss": {"net_probability": 0.2, "by_day": 84.0},
    "exits.tumour_death": {"net_probability": 0.2, "by_day": 84.0},
    "exits.withdrawal": {"net_probability": 0.3, "by_day": 84.0},
}
# Both fast accrual, in which most is learnt from deaths, and slow, in which survival is known too.
RATES = {"slow": 2.32, "fast": 20.0}


def under(scheme, options, rate):
    changes = {
        "allocation": {"scheme": scheme, "ratio": [1, 1], "options": options, "factors": None},
        "accrual.sites.0.randomised_per_month": rate,
    }
    return run(base_case(changes=EVERYONE_LEAVES | changes), SEED, TRIALS)


def outcomes_before(p, first, row):
    """Known when the patient of a row was randomised: [[survived, died] by arm]."""
    known = [[0, 0], [0, 0]]
    for q in range(first, row):
        died = math.isfinite(p.death_after_days[q])
        if math.isfinite(p.loss_after_days[q]):
            continue  # whatever became of a patient who was lost before
        if not died and math.isfinite(p.transplant_after_days[q]):
            continue
        at = p.entry_day[q] + (p.death_after_days[q] if died else FOLLOW_UP)
        if at <= p.entry_day[row]:
            known[p.arm[q]][died] += 1
    return known


def survival(known, arm):
    return (known[arm][0] + 1) / (sum(known[arm]) + 2)


def shares(known, target):
    a, b = survival(known, 0), survival(known, 1)
    weights = {
        "neyman": (math.sqrt(a * (1 - a)), math.sqrt(b * (1 - b))),
        "rsihr": (math.sqrt(a), math.sqrt(b)),
        "urn": (1 - b, 1 - a),
    }[target]
    return weights[0] / sum(weights)


def play_the_winner(known, counts, n):
    a = 1 + 2 * (known[0][0] + known[1][1])
    return a / (a + 1 + 2 * (known[1][0] + known[0][1]))


def coin(target):
    def phi(known, counts, n):
        if 0 in counts:
            return 0.5
        rho, x = shares(known, target), counts[0] / sum(counts)
        for_a = rho * (rho / x) ** 2
        return for_a / (for_a + (1 - rho) * ((1 - rho) / (1 - x)) ** 2)

    return phi


def erade(known, counts, n):
    if 0 in counts:
        return 0.5
    rho, x = shares(known, "neyman"), counts[0] / sum(counts)
    if math.isclose(x, rho, rel_tol=1e-12):
        return rho
    return 0.5 * rho if x > rho else 1 - 0.5 * (1 - rho)


def thompson(known, counts, n):
    if n < 10:
        return 0.5
    events = [
        ("outcome", arm, died == 1)
        for arm in (0, 1)
        for died in (0, 1)
        for _ in range(known[arm][died])
    ]
    better = float(chance_a_dies_less(events))
    phi = better**0.5 / (better**0.5 + (1 - better) ** 0.5)
    return min(max(phi, 0.1), 0.9)


CASES = {
    "play_the_winner": ({"initial_balls": 1, "added_balls": 2}, play_the_winner),
    "adaptive_coin": ({"target": "rsihr", "gamma": 2}, coin("rsihr")),
    "adaptive_coin ": ({"target": "urn", "gamma": 2}, coin("urn")),
    "erade": ({"target": "neyman", "alpha": 0.5}, erade),
    "thompson": ({"exponent": 0.5, "burn_in": 10, "clip": 0.1}, thompson),
}


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
@pytest.mark.parametrize("name", CASES)
def test_each_patient_is_allocated_by_what_was_known_then(name, rate):
    options, phi = CASES[name]
    p = (records := under(name.strip(), options, rate)).patients
    learnt = 0
    for first, size in zip(records.trials.first_row, records.trials.randomised, strict=True):
        for row in range(first, first + size):
            known = outcomes_before(p, first, row)
            learnt += sum(map(sum, known))
            counts = [int((p.arm[first:row] == arm).sum()) for arm in (0, 1)]
            # Some sixty roundings of 1e-16 each, in the sum of Thompson's.
            expected = phi(known, counts, row - first)
            assert p.allocation_probability[row, 0] == pytest.approx(expected, rel=1e-12)
    assert learnt > 0


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_urn_of_drop_the_loser_follows_from_its_draws_and_the_deaths_known(rate):
    options = {"initial_balls": 2, "immigration_balls": 1}
    p = (records := under("drop_the_loser", options, rate)).patients
    trials = records.trials
    for trial, first, size in zip(trials.trial, trials.first_row, trials.randomised, strict=True):
        immigrated = 0
        for row in range(first, first + size):
            died = [known[1] for known in outcomes_before(p, first, row)]
            u = uniform(SEED, int(trial), int(Purpose.SCHEME_DRAW), 0, row - first)
            while True:
                balls = [max(2 + immigrated - d, 0) for d in died]
                if u >= 1 / (1 + sum(balls)):
                    break
                u, immigrated = u * (1 + sum(balls)), immigrated + 1
            assert p.allocation_probability[row, 0] == pytest.approx(
                balls[0] / sum(balls), rel=1e-12
            )


def test_withdrawal_ends_treatment_but_not_what_is_learnt():
    """Nobody withdraws, everybody does: the first patient's outcome is known alike."""
    options = {"initial_balls": 1, "added_balls": 1}
    changes = {
        "allocation": {
            "scheme": "play_the_winner",
            "ratio": [1, 1],
            "options": options,
            "factors": None,
        },
        "exits.withdrawal": {"net_probability": 0.999, "by_day": 1.0},
    }
    p = run(bare(40, changes), SEED, 20).patients
    assert np.isfinite(p.withdrawal_after_days).mean() > 0.9
    assert (p.allocation_probability[:, 0] != 0.5).mean() > 0.5
