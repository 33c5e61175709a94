"""An investigator who guesses, and a drift of mortality: what must hold of every patient."""

import math

import numpy as np
import pytest
from scenario_builder import assert_share, bare, base_case, changed, run

import simulator
from simulator.scenario.schema import Scenario

SEED = 31_415
CUT = 380.0
BLOCKS_OF_TWO = {
    "scheme": "permuted_block",
    "ratio": [1, 1],
    "options": {"block_size": 2},
    "factors": None,
}
CHOOSES = {
    "favours": "DPMAS+LPE",
    "variable": "bilirubin_umol_per_l",
    "poor_above": CUT,
    "probability": 1.0,
}


def biased(bias, **changes):
    return base_case(changes={"allocation": BLOCKS_OF_TWO, "selection_bias": bias} | changes)


def second_of_blocks(records):
    return records.patients.patient % 2 == 1


@pytest.mark.parametrize("favours", [0, 1])
def test_whoever_does_not_suit_the_certain_arm_is_turned_away(favours):
    """In blocks of two every second arm is certain, and every guess right."""
    arms = [arm.name for arm in base_case().arms]
    bias = CHOOSES | {"kind": "turn_away", "favours": arms[favours]}
    records = run(biased(bias), SEED, 20)
    p, t = records.patients, records.trials
    poor, second = p.baseline_lab[:, 0] > CUT, second_of_blocks(records)
    assert (poor[second] == (p.arm[second] != favours)).all()
    assert 0 < poor[~second].mean() < 1  # without a guess anybody is taken
    counted = t.failed_first.sum(axis=1) + t.refused_consent + t.turned_away + t.randomised
    assert (counted == t.screened).all()
    assert (t.deferred == 0).all()


def test_an_investigator_who_never_acts_changes_nothing():
    plain = run(biased(None), SEED, 5)
    for kind in ({"kind": "turn_away"}, {"kind": "defer", "returns_after_days": 3.0}):
        idle = run(biased(CHOOSES | kind | {"probability": 0.0}), SEED, 5)
        for one, other in zip(plain.patients, idle.patients, strict=True):
            np.testing.assert_array_equal(one, other)


def test_investigator_acts_with_the_probability_given():
    """Of those who came for a certain arm and did not suit, that share was sent away."""
    records = run(biased(CHOOSES | {"kind": "turn_away", "probability": 0.4}), SEED, 150)
    p, second = records.patients, second_of_blocks(records)
    poor = p.baseline_lab[:, 0] > CUT
    kept = int((poor[second] == (p.arm[second] == 1)).sum())
    sent = int(records.trials.turned_away.sum())
    # Each decision is a coin of its own, and those who are sent away are followed by others.
    assert_share(sent, sent + kept, 0.4)


def test_whoever_is_put_off_comes_back_on_the_day_and_is_taken():
    days = 11.0
    bias = CHOOSES | {"kind": "defer", "returns_after_days": days}
    records, plain = run(biased(bias), SEED, 6), run(biased(None), SEED, 6)
    p, t = records.patients, records.trials
    assert (t.deferred > 0).all()
    assert (t.deferred >= t.turned_away).all()
    for trial in t.trial:
        mine = p.trial == trial
        # Candidates are numbered by referral: whoever comes back does so out of order.
        referred = {
            int(c): float(e)
            for c, e in zip(
                plain.patients.candidate[plain.patients.trial == trial],
                plain.patients.entry_day[plain.patients.trial == trial],
                strict=True,
            )
        }
        late = 0
        for candidate, entry in zip(p.candidate[mine], p.entry_day[mine], strict=True):
            if candidate in referred:
                expected = referred[candidate]
                assert entry in (expected, expected + days)
                late += entry != expected
        back = int(t.deferred[trial] - t.turned_away[trial])
        assert late == back or len(referred) < t.randomised[trial] + back
        assert (np.diff(p.entry_day[mine]) >= 0).all()


def test_shifted_outcomes_have_the_hazard_of_the_guess():
    """Blocks of two, a constant hazard: e, e r or e / r by place and arm, in closed form."""
    ratio = 0.5
    shift = {"kind": "shift", "favours": "experimental", "hazard_ratio": ratio}
    scenario = bare(
        40,
        {
            "allocation": BLOCKS_OF_TWO,
            "selection_bias": shift,
            "hazard.effect.hazard_ratio": 1.0,
        },
    )
    records = run(scenario, SEED, 500)
    p, second = records.patients, second_of_blocks(records)
    whole = -math.log1p(-0.60)
    died = np.isfinite(p.death_after_days)
    for chosen, factor in (
        (~second, 1.0),
        (second & (p.arm == 1), ratio),
        (second & (p.arm == 0), 1 / ratio),
    ):
        assert_share(int(died[chosen].sum()), int(chosen.sum()), 1 - math.exp(-whole * factor))


DRIFTS = {
    "linear": ({"kind": "linear"}, lambda i, n: i / (n - 1)),
    "logarithmic": ({"kind": "logarithmic"}, lambda i, n: math.log(i + 1) / math.log(n)),
    "step": ({"kind": "step", "after_share": 0.3}, lambda i, n: float(i >= 0.3 * n)),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drifting_hazard_has_its_closed_form_patient_by_patient(name):
    parts, shape = DRIFTS[name]
    n, ratio, trials = 10, 4.0, 4_000
    drift = parts | {"hazard_ratio": ratio}
    scenario = bare(n, {"hazard.drift": drift, "hazard.effect.hazard_ratio": 1.0})
    p = run(scenario, SEED, trials).patients
    shapes = [shape(i, n) for i in range(n)]
    mean, whole = sum(shapes) / n, -math.log1p(-0.60)
    for i in range(n):
        mine = p.patient == i
        hazard = whole * ratio ** (shapes[i] - mean)
        died = int(np.isfinite(p.death_after_days[mine]).sum())
        assert_share(died, trials, 1 - math.exp(-hazard))
    assert shapes[-1] - shapes[0] == 1  # from first to last the whole ratio


def test_one_patient_drifts_nowhere():
    scenario = changed(bare(1), {"hazard.drift": {"kind": "logarithmic", "hazard_ratio": 9.0}})
    assert isinstance(scenario, Scenario)
    assert run(scenario, SEED, 3).trials.randomised.tolist() == [1, 1, 1]


GUESSED = """
extends: two-arm-survival
name: guessed
allocation: {scheme: permuted_block, options: {block_size: 2}}
selection_bias: {kind: shift, favours: experimental, hazard_ratio: 0.8}
hazard: {effect: {hazard_ratio: 1}}
exits: {loss: {net_probability: 0}}
analyses:
  - {name: difference, test: chi_square, alpha: 0.05, population: randomised, transplant: event,
     rescue: ignored, withdrawal: ignored, lost: excluded}
"""


def test_a_run_shows_guessing_as_bias_and_no_effect_as_a_truth_of_0(tmp_path):
    """Every second patient of a block of two is guessed rightly, and half of each arm is second.

    So half of the experimental arm has .8 times the hazard and half of the control arm 1/.8 times:
    the difference of mortality is -.081 on average where treatment does nothing.
    """
    (tmp_path / "guessed.yaml").write_text(GUESSED)
    (found,) = simulator.load(tmp_path / "guessed.yaml").power(4_000, jobs=1).analyses
    whole = -math.log1p(-0.60)
    expected = 0.5 * (math.exp(-whole / 0.8) - math.exp(-whole * 0.8))
    assert expected == pytest.approx(-0.081, abs=5e-4)
    shown = found.performance
    assert (shown.truth, shown.truth_mcse) == (0.0, 0.0)
    assert abs(shown.bias - expected) <= 4 * shown.bias_mcse
