"""The gate where conduct changes in trials whose patients do not touch each other.

The compiled engine settles these without an event, and lanes side by side without records; SimPy
knows neither. Criteria, labs and units are absent, so everybody who comes while recruitment is open
is randomised.
"""

import math

import numpy as np
import pytest
from conducts import conduct_of, gate, together
from conducts_at_ties import TRIALS, conducts, planned
from differences import assert_same
from generated_scenarios import _OPTIONS as OPTIONS
from generated_units import Draw, pick
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from lane_records import as_lanes
from scenario_builder import bare

from simulator.allocation import SCHEMES
from simulator.conduct import Conduct, as_planned
from simulator.declarations.schemes import Factors
from simulator.engines import reference
from simulator.engines.independence import are_independent
from simulator.engines.lanes import conduct_lanes, simulate_lanes
from simulator.lanes.records import by_trial
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.records import TrialRecords

SEED = 2**40 + 9
LANES = 4


@st.composite
def bare_trials(draw: Draw) -> Params:
    """Up to 30 patients of as many candidates or more; any exits, any scheme without factors."""
    scheme = pick(
        draw,
        *(w for w, s in SCHEMES.items() if s.factors is not Factors.NEEDED and not s.adaptive),
    )
    options = {
        key: pick(draw, *OPTIONS[key]) if key in OPTIONS else standard
        for key, standard in SCHEMES[scheme].standard.items()
    }
    options |= {"block_size": 2} if scheme == "permuted_block" else {}
    options |= {"block_sizes": [2, 4]} if scheme == "random_blocks" else {}
    target = 2 * draw(st.integers(2, 15))
    exits = {
        f"exits.{name}": {"net_probability": pick(draw, 0.0, 0.3), "by_day": pick(draw, 84.0, 5.0)}
        for name in ("tumour_death", "transplant", "withdrawal", "loss")
    }
    frame = {
        "accrual.candidates": target + pick(draw, 0, 0, 1, 9),
        "accrual.over_days": pick(draw, 730.0, 100.0, 1.0),
        "trial.max_recruitment_days": pick(draw, 730.0, 60.0, 0.5),
        "trial.follow_up_days": 84,
        "allocation.scheme": scheme,
        "allocation.options": options,
        "hazard.drift": pick(draw, None, None, {"kind": "linear", "hazard_ratio": 3.0}),
        "hazard.frailty_log_sd": pick(draw, 0.0, 0.0, 0.0, 0.5),
    }
    return lower(bare(target, exits | frame))


@pytest.mark.parametrize("batch", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_engines_agree_on_conducts_of_bare_trials(batch):
    independent = []

    @seed(batch)
    @settings(derandomize=True, max_examples=400 if batch else 60, print_blob=True)
    @given(bare_trials(), st.data())
    def agree(params, data):
        trials = tuple(planned(params, SEED, k) for k in range(TRIALS))
        gate(params, SEED, data.draw(conducts(params, trials)))
        independent.append(are_independent(params))

    agree()
    assert any(independent)


def without_a_pause(draw: Draw, params: Params, first: int) -> Conduct:
    """Closing days and caps of trials in their order, which is what lanes can do."""
    target = params.trial.target_randomised
    rows = []
    for trial in range(first, first + 2 * LANES - 1):
        entry = reference.simulate(params, SEED, trial, 1).patients.entry_day.tolist()
        day = pick(draw, math.inf, *entry, 0.0)
        closes = float(pick(draw, day, np.nextafter(day, -1.0), np.nextafter(day, math.inf)))
        most = pick(draw, target, draw(st.integers(1, target)))
        rows.append(conduct_of(params, trial, closes=max(closes, 0.0), most=most, stops=closes + 1))
    return together(rows)


@pytest.mark.parametrize("batch", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_lanes_agree_with_the_reference_engine_on_conducts_without_a_pause(batch):
    compared = []

    @seed(batch)
    @settings(derandomize=True, max_examples=200 if batch else 30, print_blob=True)
    @given(bare_trials(), st.data())
    def agree(params, data):
        if not are_independent(params):
            return
        first = data.draw(st.sampled_from([0, 5, 64]))
        conduct = data.draw(st.composite(without_a_pause)(params, first))
        records = reference.conducted(params, SEED, conduct)
        trials = conduct.trial.size
        found = conduct_lanes(params, SEED, conduct, LANES)
        expected = lanes_of(records, params, found.transplant_after_days.shape[1] > 0)
        for name in ("entry_day", "key", "transplant_after_days"):
            ours, theirs = (by_trial(getattr(lane, name), trials) for lane in (found, expected))
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
        compared.append(trials)

    agree()
    assert len(compared) > 10


def lanes_of(records: TrialRecords, params: Params, has_transplant: bool):
    """The reference engine's records as lanes hold them."""
    target, follow_up = params.trial.target_randomised, params.trial.follow_up_days
    return as_lanes(records, follow_up, target, LANES, has_transplant)


def test_a_pause_moves_candidates_up_to_earlier_numbers_with_their_own_fate():
    """Who comes after a pause is the same person under another patient number, so another arm."""
    params = lower(bare(20))
    whole = reference.conducted(params, SEED, as_planned(np.array([0]), 20)).patients
    entry = whole.entry_day
    paused = conduct_of(params, 0, pauses=((entry[3], entry[6]),))
    p = gate(params, SEED, paused).patients
    stay = np.r_[0:4, 6:20]
    np.testing.assert_array_equal(p.candidate, stay)
    np.testing.assert_array_equal(p.entry_day, entry[stay])
    np.testing.assert_array_equal(p.arm, whole.arm[: len(stay)])
    np.testing.assert_array_equal(p.loss_after_days, whole.loss_after_days[stay])
    same_arm = p.arm == whole.arm[stay]
    assert 0 < same_arm.sum() < len(stay)
    np.testing.assert_array_equal(
        p.death_after_days[same_arm], whole.death_after_days[stay][same_arm]
    )


def test_what_is_conducted_as_planned_is_the_same_in_lanes():
    params = lower(bare(20))
    conduct = as_planned(np.arange(8), 20)
    for a, b in zip(
        conduct_lanes(params, SEED, conduct, LANES),
        simulate_lanes(params, SEED, 0, 8, LANES),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    assert_same(reference.conducted(params, SEED, conduct), reference.simulate(params, SEED, 0, 8))
