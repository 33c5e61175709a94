"""The gate where conduct changes in trials whose patients do not touch each other.

The compiled engine settles these without an event, and lanes side by side without records; SimPy
knows neither. Criteria, labs and units are absent, so everybody who comes while recruitment is open
is randomised.
"""

import math

import numpy as np
import pytest
from analysis_records import plan_of
from conducts import conduct_of, gate, together
from conducts_at_ties import TRIALS, conducts, planned
from differences import assert_same
from generated_scenarios import _OPTIONS as OPTIONS
from generated_units import Draw, pick
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from lane_records import as_lanes, assert_same_results
from scenario_builder import bare

from simulator.allocation import SCHEMES
from simulator.analysis.lanes import take_lanes
from simulator.conduct import Conduct, as_planned
from simulator.declarations.schemes import Factors
from simulator.engines import reference
from simulator.engines.independence import are_independent
from simulator.engines.lanes import close_lanes, simulate_lanes
from simulator.lanes.records import by_trial
from simulator.params.lower import lower
from simulator.params.types import Params

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


def closing_early(draw: Draw, params: Params, first: int) -> Conduct:
    """Closing days of some trials, which is what lanes can do; the first of them apart."""
    rows = []
    for trial in (first + 9, *range(first, first + 2 * LANES - 1)):
        entry = reference.simulate(params, SEED, trial, 1).patients.entry_day.tolist()
        day = pick(draw, math.inf, *entry, 0.0)
        closes = float(pick(draw, day, np.nextafter(day, -1.0), np.nextafter(day, math.inf)))
        rows.append(conduct_of(params, trial, closes=max(closes, 0.0), stops=closes + 1))
    return together(rows)


@pytest.mark.parametrize("batch", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_lanes_that_close_agree_with_the_reference_engine(batch):
    compared = []
    analyses = plan_of("log_rank", "censored", name="a"), plan_of("chi_square", name="b")

    @seed(batch)
    @settings(derandomize=True, max_examples=200 if batch else 30, print_blob=True)
    @given(bare_trials(), st.data())
    def agree(params, data):
        if not are_independent(params):
            return
        first = data.draw(st.sampled_from([0, 5, 64]))
        conduct = data.draw(st.composite(closing_early)(params, first))
        records = reference.conducted(params, SEED, conduct)
        trials = conduct.trial.size
        planned = simulate_lanes(params, SEED, first, 10, 3, can_close=True)
        closes = conduct.recruitment_closes_day
        found = close_lanes(planned, conduct.trial - first, closes, LANES)
        target, follow_up = params.trial.target_randomised, params.trial.follow_up_days
        has_transplant = found.transplant_after_days.shape[1] > 0
        expected = as_lanes(records, follow_up, target, LANES, has_transplant)
        for name in ("entry_day", "key", "transplant_after_days"):
            ours, theirs = (by_trial(getattr(lane, name), trials) for lane in (found, expected))
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
        plans = tuple(plan for plan in analyses if take_lanes(params, [plan]))
        assert_same_results(found, records, params, plans, SEED)
        compared.append(trials)

    agree()
    assert len(compared) > 10


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


def test_trials_that_close_after_everybody_came_are_what_was_planned():
    params = lower(bare(20))
    planned = simulate_lanes(params, SEED, 0, 8, LANES, can_close=True)
    never = close_lanes(planned, np.arange(8), np.full(8, math.inf), LANES)
    for ours, theirs in zip(never[:-1], planned[:-1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    conduct = as_planned(np.arange(8), 20)
    assert_same(reference.conducted(params, SEED, conduct), reference.simulate(params, SEED, 0, 8))
