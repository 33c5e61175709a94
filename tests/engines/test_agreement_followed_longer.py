"""The gate between the engines where patients are followed for longer than `follow_up_days`."""

from collections import Counter

import numpy as np
import pytest
from differences import HAZARD, assert_meaningful, assert_same
from generated_scenarios import cases, quick_screening
from generated_units import pick
from hypothesis import HealthCheck, given, reject, seed, settings
from hypothesis import strategies as st
from scenario_builder import changed

from simulator.declarations.exits import DRAWN
from simulator.declarations.schemes import SCHEMES
from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.scenario.errors import RuleError

TRIALS = 5


@st.composite
def followed_longer(draw):
    """A generated scenario whose patients are followed on, and exits that say what they do."""
    case = draw(cases())
    scenario, days = case.scenario, case.scenario.trial.follow_up_days
    if SCHEMES[scenario.allocation.scheme].adaptive:
        reject()
    changes = {"trial.max_follow_up_days": days + pick(draw, 1, 7, 40)}
    if scenario.exits is not None:
        for drawn in DRAWN:
            changes[f"exits.{drawn.key}.goes_on"] = pick(draw, None, None, True, False)
    return case._replace(scenario=changed(scenario, changes))


@pytest.mark.parametrize(
    "examples", [40, pytest.param(400, marks=pytest.mark.slow)], ids=["daily", "deep"]
)
def test_engines_agree_where_patients_are_followed_longer(examples):
    seen: Counter[str] = Counter()

    @seed(3)
    @settings(
        derandomize=True,
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(followed_longer())
    def agree(case):
        try:
            params = lower(case.scenario)
        except RuleError:  # the criteria admit next to nobody
            reject()
        asked = params, case.seed, case.first_trial, TRIALS
        expected = reference.simulate(*asked)
        assert_meaningful(expected, params)
        assert_same(compiled.simulate(*asked), expected)
        assert_same(compiled.simulate(*asked, with_hazard=False), expected, but=HAZARD)
        later, patients = params.trial.follow_up_days, expected.patients
        for name in ("death", "transplant", "withdrawal", "loss", "infection"):
            after = getattr(patients, f"{name}_after_days")
            seen[name] += int((np.isfinite(after) & (after > later)).sum())
            seen["none beyond"] += int((np.isfinite(after) & (after > later + 40)).sum())

    with quick_screening():
        agree()
    assert seen.pop("none beyond") == 0
    assert all(seen.values()), seen
