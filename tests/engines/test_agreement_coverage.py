"""What the generated scenarios of the gate reach: a rare case that never happens proves nothing.

The sample is the one of test_agreement.py, or as near as its seeds make it: the same strategy,
seeds and settings. Only the compiled engine runs.
"""

from collections import Counter

import pytest
from cases_reached import cases_reached
from generated_scenarios import cases, quick_screening
from hypothesis import HealthCheck, Phase, given, seed, settings
from schema_words import words_of_schema, words_used
from test_agreement import GENERATED_A_BATCH, GENERATED_BATCHES, GENERATED_TRIALS

from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.scenario.errors import RuleError

MOST_REFUSED = 0.05


@pytest.fixture(scope="module")
def reached():
    """Counts of cases, of words used and of scenarios, over the whole sample."""
    seen, words, asked = Counter(), Counter(), Counter()
    for batch in GENERATED_BATCHES:

        @seed(batch)
        @settings(
            derandomize=True,
            max_examples=GENERATED_A_BATCH,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases())
        def count(case):
            asked["all"] += 1
            words.update(set(words_used(case.scenario)))
            try:
                params = lower(case.scenario)
            except RuleError:
                asked["refused"] += 1
                return
            records = simulate(params, case.seed, case.first_trial, GENERATED_TRIALS)
            seen.update(cases_reached(records, params))

        with quick_screening():
            count()
    return seen, words, asked


def test_generated_scenarios_reach_every_rare_case(reached):
    seen, _, _ = reached
    assert not [case for case, number in seen.items() if number == 0]


def test_generated_scenarios_use_every_word_of_the_schema(reached):
    _, words, _ = reached
    unused = words_of_schema() - set(words)
    assert not unused, sorted(map(str, unused))


def test_generated_scenarios_are_seldom_refused(reached):
    _, _, asked = reached
    assert asked["refused"] <= MOST_REFUSED * asked["all"]
