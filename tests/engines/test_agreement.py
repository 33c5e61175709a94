"""The gate between the engines: every column of every patient of every trial, bit for bit.

The reference engine is the oracle. The scenarios are generated, and ask for everything the schema
knows; what they reach is asserted here too, since a rare case that never happens proves nothing.
Shipped scenarios are in test_agreement_shipped.py, extremes made by hand in
test_agreement_extremes.py.
"""

import functools
from collections import Counter
from typing import NamedTuple

import pytest
from cases_reached import cases_reached
from differences import HAZARD, assert_meaningful, assert_same
from generated_scenarios import cases, quick_screening
from hypothesis import HealthCheck, given, reject, seed, settings
from schema_words import words_of_schema, words_used

from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.scenario.errors import RuleError

BATCHES = (1, 11, 17)  # seeds that together reach every rare case
MORE = (0, *range(2, 8))  # in depth
SCENARIOS_A_BATCH = 200
TRIALS = 5
MOST_REFUSED = 0.05


class Reached(NamedTuple):
    """How often a batch reached a rare case and used a word, and how many scenarios it had."""

    cases: Counter[str]
    words: Counter[object]
    scenarios: Counter[str]


@functools.cache
def agreed(batch: int) -> Reached:
    """Hold the engines to each other on a batch of generated scenarios; return what it reached."""
    reached = Reached(Counter(), Counter(), Counter())

    @seed(batch)
    @settings(
        derandomize=True,
        max_examples=SCENARIOS_A_BATCH,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],  # 100s of draws
    )
    @given(cases())
    def agree(case):
        reached.scenarios["all"] += 1
        reached.words.update(set(words_used(case.scenario)))
        try:
            params = lower(case.scenario)
        except RuleError:  # the criteria admit next to nobody
            reached.scenarios["refused"] += 1
            reject()
        asked = params, case.seed, case.first_trial, TRIALS
        expected = reference.simulate(*asked)
        assert_meaningful(expected, params)
        assert_same(compiled.simulate(*asked), expected)
        assert_same(compiled.simulate(*asked, with_hazard=False), expected, but=HAZARD)
        reached.cases.update(cases_reached(expected, params))

    with quick_screening():
        agree()
    return reached


@pytest.mark.parametrize(
    "batch", [*BATCHES, *(pytest.param(batch, marks=pytest.mark.slow) for batch in MORE)]
)
def test_engines_agree_on_generated_scenarios(batch):
    assert agreed(batch).scenarios["all"] >= SCENARIOS_A_BATCH


def reached_by_all() -> Reached:
    """What all batches reached together."""
    batches = [agreed(batch) for batch in BATCHES]
    return Reached(*(sum(part, Counter()) for part in zip(*batches, strict=True)))


def test_generated_scenarios_reach_every_rare_case():
    named = {case for batch in BATCHES for case in agreed(batch).cases}
    reached = reached_by_all().cases
    assert not [case for case in sorted(named) if reached[case] == 0]


def test_generated_scenarios_use_every_word_of_the_schema():
    unused = words_of_schema() - set(reached_by_all().words)
    assert not unused, sorted(map(str, unused))


def test_generated_scenarios_are_seldom_refused():
    scenarios = reached_by_all().scenarios
    assert scenarios["refused"] <= MOST_REFUSED * scenarios["all"]
