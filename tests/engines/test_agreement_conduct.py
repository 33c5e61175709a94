"""The gate between the engines on trials whose conduct was changed: every column, bit for bit.

Days coincide with entries, sessions, exits and openings of the trials as planned.
"""

import numpy as np
import pytest
from differences import assert_same
from generated_conducts import generated_conduct
from generated_scenarios import cases, quick_screening
from hypothesis import HealthCheck, given, reject, seed, settings
from scenario_builder import base_case, shipped
from scheme_options import options_of

from simulator.allocation import SCHEMES
from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.scenario.errors import RuleError
from simulator.scenario.shipped import shipped_names

SEED = 20_261_128
FACTORS = [{"variable": "inr", "cut_points": [1.9, 2.2]}]
IN_REFERENCE = getattr(reference, "conducted", None)

pytestmark = pytest.mark.skipif(
    IN_REFERENCE is None, reason="the reference engine takes no conduct"
)


def gate(params, of_seed, first_trial, trials, changes):
    planned = compiled.simulate(params, of_seed, first_trial, trials)
    conduct = generated_conduct(planned, params, changes)
    asked = params, of_seed, conduct.of(np.arange(trials)[::-1])
    assert_same(compiled.conducted(*asked), IN_REFERENCE(*asked))


@pytest.mark.parametrize("name", shipped_names())
def test_engines_agree_on_conducts_of_shipped_scenarios(name):
    params = lower(base_case(name) if name != "two-arm-survival" else shipped(name))
    gate(params, SEED, 0, 6, 1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_engines_agree_on_conducts_under_every_scheme(scheme):
    taken = SCHEMES[scheme].factors.name in ("STRATA", "NEEDED", "USED")
    allocation = {
        "scheme": scheme,
        "ratio": [1, 1],
        "options": options_of(scheme, (3,)),
        "factors": FACTORS if taken else None,
    }
    params = lower(base_case("nct05484908-scarce", {"allocation": allocation}))
    gate(params, SEED, 2**32 - 4, 3, 2)


@pytest.mark.parametrize(
    "batch", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in range(1, 9))]
)
def test_engines_agree_on_conducts_of_generated_scenarios(batch):
    @seed(batch)
    @settings(
        derandomize=True,
        max_examples=60,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases())
    def agree(case):
        try:
            params = lower(case.scenario)
        except RuleError:  # the criteria admit next to nobody
            reject()
        gate(params, case.seed, case.first_trial, 5, case.seed % 2**32 + batch)

    with quick_screening():
        agree()
