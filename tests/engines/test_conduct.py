"""The gate between the engines where conduct changes (model page, section 11): bit for bit.

The reference engine is the oracle, as in test_agreement.py. Days of conduct are drawn so that they
coincide with what happens in the trial; that they do is asserted too.
"""

import functools
from collections import Counter

import numpy as np
import pytest
from conduct_cases import cases_of_conduct
from conduct_scenarios import SEED, shipped_params, under
from conducts import conduct_of, gate, may_grow, together
from conducts_at_ties import TRIALS, conducts, planned
from differences import assert_same
from generated_scenarios import cases, quick_screening
from hypothesis import HealthCheck, given, reject, seed, settings
from hypothesis import strategies as st

from simulator.allocation import SCHEMES
from simulator.conduct import Conduct, as_planned
from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.scenario.errors import RuleError
from simulator.scenario.shipped import shipped_names

SCENARIOS_A_BATCH = 25
SCENARIOS_A_SLOW_BATCH = 200
MOST_REFUSED = 0.05


# Generated scenarios with generated conducts


@functools.cache
def agreed(batch: int, scenarios: int) -> tuple[Counter[str], Counter[str]]:
    """Hold the engines to each other on a batch; return cases reached, and scenarios."""
    reached: Counter[str] = Counter()
    counted: Counter[str] = Counter()

    @seed(batch)
    @settings(
        derandomize=True,
        max_examples=scenarios,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases(), st.data())
    def agree(case, data):
        counted["all"] += 1
        try:
            params = lower(case.scenario)
        except RuleError:  # the criteria admit next to nobody
            counted["refused"] += 1
            reject()
        first = case.first_trial
        trials = tuple(planned(params, case.seed, first + k) for k in range(TRIALS))
        conduct = data.draw(conducts(params, trials))
        records = gate(params, case.seed, conduct)
        reached.update(cases_of_conduct(records, params, conduct, trials))

    with quick_screening():
        agree()
    return reached, counted


def test_engines_agree_on_generated_conducts_of_generated_scenarios():
    _, counted = agreed(0, SCENARIOS_A_BATCH)
    assert counted["all"] >= SCENARIOS_A_BATCH
    assert counted["refused"] <= MOST_REFUSED * counted["all"]


SLOW_BATCHES = range(1, 9)


@pytest.mark.slow
@pytest.mark.parametrize("batch", SLOW_BATCHES)
def test_engines_agree_on_more_generated_conducts(batch):
    _, counted = agreed(batch, SCENARIOS_A_SLOW_BATCH)
    assert counted["all"] >= SCENARIOS_A_SLOW_BATCH


@pytest.mark.slow
def test_generated_conducts_reach_every_rare_case():
    reached = sum((agreed(batch, SCENARIOS_A_SLOW_BATCH)[0] for batch in SLOW_BATCHES), Counter())
    named = {case for batch in SLOW_BATCHES for case in agreed(batch, SCENARIOS_A_SLOW_BATCH)[0]}
    assert not [case for case in sorted(named) if reached[case] == 0]


# Shipped scenarios and every scheme


def changed_at_ties(params: Params, trial: int) -> Conduct:
    """Conducts of one trial: each change alone, and all together, on days of its own events."""
    its = planned(params, SEED, trial)
    entry = its.records.patients.entry_day.tolist()
    half, target = len(entry) // 2, params.trial.target_randomised
    later = entry[half + 1]
    rows = [
        conduct_of(params, trial, closes=entry[half]),
        conduct_of(params, trial, most=half, pauses=((entry[2], entry[5]), (entry[4], entry[6]))),
        conduct_of(params, trial, pauses=((entry[half], later), (later, np.inf))),
        conduct_of(params, trial, pauses=((entry[3], later),), stops=entry[half]),
    ]
    for kind in ("session due", "session starts", "session ends"):
        if kind in its.days:
            day = its.days[kind][len(its.days[kind]) // 2]
            rows.append(conduct_of(params, trial, stops=day))
            rows.append(conduct_of(params, trial, closes=day, stops=day))
    if may_grow(params):
        pauses = ((entry[half], entry[-2]),)
        rows.append(conduct_of(params, trial, most=target + 7, pauses=pauses))
    return together(rows)


SHIPPED = sorted(shipped_names(), key=lambda name: name != "nct05484908-scarce")
RECRUITED = {
    "nct05484908-scarce",
    "nct05484908-slow",
    "nct05484908-strata",
    "nct05484908-events",
    "two-arm-survival",
}


@pytest.mark.parametrize(
    "name",
    [  # with looks or without, and under any analyses, they are the same trials
        pytest.param(name, marks=[] if name in RECRUITED else [pytest.mark.slow])
        for name in SHIPPED
    ],
)
def test_engines_agree_on_conducts_of_shipped_scenarios(name):
    params = shipped_params(name)
    gate(params, SEED, changed_at_ties(params, 3))


@pytest.mark.slow
@pytest.mark.parametrize("trial", range(4, 14))
@pytest.mark.parametrize("name", SHIPPED)
def test_engines_agree_on_conducts_of_more_trials_of_shipped_scenarios(name, trial):
    params = shipped_params(name)
    gate(params, SEED, changed_at_ties(params, trial))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_engines_agree_on_conducts_under_every_scheme(scheme):
    params = under(scheme)
    records = gate(params, SEED, changed_at_ties(params, 4))
    grown = records.trials.randomised.max() > params.trial.target_randomised
    assert grown == may_grow(params)


# As planned, and in any order


def test_what_is_conducted_as_planned_is_what_is_simulated():
    params = under("random_blocks")
    conduct = as_planned(np.arange(5, 9), params.trial.target_randomised)
    for engine in (reference, compiled):
        assert_same(engine.conducted(params, SEED, conduct), engine.simulate(params, SEED, 5, 4))


def test_engines_agree_on_trials_in_any_order_and_more_than_once():
    params = under("minimisation")
    conduct = as_planned(np.array([2**32 - 1, 3, 0, 3, 3]), params.trial.target_randomised)
    records = gate(params, SEED, conduct._replace(most_randomised=np.array([9, 4, 16, 23, 4])))
    assert records.trials.randomised.tolist() == [9, 4, 16, 23, 4]


def test_engines_agree_on_no_trials():
    gate(under("big_stick"), SEED, as_planned(np.empty(0, dtype=np.int64), 16))
