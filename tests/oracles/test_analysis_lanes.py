"""Analyses of lanes give what those of records give, to the last bit, ties and all."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from simulator.analysis import END, analyse
from simulator.analysis.lanes import LaneBlock, analyse_lanes
from simulator.declarations.analyses import ALL, STATISTICS, Need
from simulator.named import named
from tests.analysis_records import design, every_plan, plan_of, records_of_columns
from tests.lane_records import as_lanes

FOLLOW_UP = 84
# Tables of p values that take seconds for each pair of sizes have the code of `fisher`.
SLOW = {test for test in STATISTICS if test.startswith(("barnard", "boschloo", "z_pooled"))}
TAKEN = [plan for plan in every_plan() if STATISTICS[plan.test].lanes and plan.test not in SLOW]


def test_whatever_reads_no_more_than_deaths_and_their_times_takes_lanes():
    simple = {
        declared.word
        for declared in STATISTICS.values()
        if declared.needs <= {Need.TIMES} and "strata" not in declared.options.model_fields
    }
    assert {d.word for d in ALL if d.word in STATISTICS and STATISTICS[d.word].lanes} == simple
    for word in simple:
        place = STATISTICS[word].lanes
        assert place is not None
        assert callable(named(place))


@st.composite
def trials(draw):
    """Records of small trials whose times are whole days: many tie, with the last day too."""
    sizes = np.array(draw(st.lists(st.integers(0, 30), min_size=1, max_size=6)))
    n = int(sizes.sum())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    days = draw(st.sampled_from([2, 5, 20]))

    def times(share):
        when = rng.integers(0, days + 1, n) * (FOLLOW_UP / days)
        return np.where(rng.random(n) < share, when, math.inf)

    death, loss = times(draw(st.sampled_from([0.1, 0.6, 1.0]))), times(0.3)
    transplant = times(draw(st.sampled_from([0.0, 0.4])))
    # As an engine settles them: death comes first, then transplant, then loss.
    transplant = np.where(death <= transplant, math.inf, transplant)
    death = np.where(transplant < death, math.inf, death)
    loss = np.where(np.minimum(death, transplant) <= loss, math.inf, loss)
    columns = {
        "arm": (rng.random(n) < draw(st.sampled_from([0.5, 0.1, 1.0]))).astype(np.int64),
        "death_after_days": death,
        "loss_after_days": loss,
        "transplant_after_days": transplant,
        "visit_after_days": np.empty((n, 0)),
        "visit_meld": np.empty((n, 0)),
    }
    return records_of_columns(sizes, columns)


@pytest.mark.parametrize("lost", ["excluded", "worst_case", "best_case", "censored"])
def test_tied_trials_give_the_same_table(lost):
    @seed(1)
    @settings(derandomize=True, max_examples=40, deadline=None, suppress_health_check=HealthCheck)
    @given(trials(), st.sampled_from(["event", "censored", "ignored"]), st.sampled_from([1, 4, 64]))
    def agree(records, transplant, lanes):
        found = as_lanes(records, FOLLOW_UP, int(records.trials.randomised.max()), lanes, True)
        plans = [
            plan._replace(lost=lost, transplant=transplant)
            for plan in TAKEN
            if lost in STATISTICS[plan.test].variable.lost
        ]
        ours = analyse_lanes(LaneBlock(found, FOLLOW_UP), plans)
        theirs = analyse(records, plans, design(FOLLOW_UP), END)
        for name in ours._fields:
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)

    agree()


def test_the_exact_tests_take_counts_from_lanes():
    rng = np.random.default_rng(2)
    death = np.where(rng.random(20) < 0.5, rng.random(20), math.inf)
    never = np.full(20, math.inf)
    columns = {
        "arm": np.arange(20) % 2, "death_after_days": death, "loss_after_days": never,
        "transplant_after_days": never, "visit_after_days": np.empty((20, 0)),
        "visit_meld": np.empty((20, 0)),
    }  # fmt: skip
    records = records_of_columns(np.array([12, 8]), columns)
    plans = [plan_of(test, gamma=0.001) for test in sorted(SLOW)]
    ours = analyse_lanes(LaneBlock(as_lanes(records, FOLLOW_UP, 12, 2, False), FOLLOW_UP), plans)
    theirs = analyse(records, plans, design(FOLLOW_UP), END)
    for name in ours._fields:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
