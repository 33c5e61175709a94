"""The engines agree on sessions against standard of care: an arm without any, by_session."""

import pytest
from differences import assert_same
from scenario_builder import arm, base_case

from simulator.engines import compiled, reference
from simulator.params.lower import lower


@pytest.mark.parametrize("control_first", [True, False])
def test_the_engines_agree_on_the_base_case_against_standard_of_care(control_first):
    without, pe = arm("standard of care", None), base_case().model_dump()["arms"][0]
    scenario = base_case(changes={"arms": [without, pe] if control_first else [pe, without]})
    asked = lower(scenario), 3, 0, 3
    expected = reference.simulate(*asked)
    assert_same(compiled.simulate(*asked), expected)
    p = expected.patients
    assert {0, 3} == set(p.sessions_planned.tolist())
