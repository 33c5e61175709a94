"""What the base case says of its uncertain keys is what the synthesis of its studies gives."""

import math

import pytest
from ruamel.yaml import YAML
from scipy import special

from calibration.synthesis.joint import COURSE_KEYS, MORTALITY_KEY
from calibration.synthesis.studies import read_studies
from calibration.synthesis.synthesis import Assumptions, parameter_prior
from simulator.report.text.prior import uncertain_yaml
from simulator.results.prior import Parameter
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_folder
from simulator.study import prior

CONVENTION = 3  # significant digits of numbers in the file


def in_the_file():
    """The items of `uncertain` of the base case."""
    text = (shipped_folder() / "nct05484908.yaml").read_text("utf-8")
    plain = YAML(typ="safe").load(text)
    if "uncertain" not in plain:
        pytest.skip("the base case has no uncertain keys")
    return {tuple(listed(item["keys"])): item for item in plain["uncertain"]}


def listed(value):
    return value if isinstance(value, list) else [value]


def test_the_uncertain_keys_of_the_base_case_are_those_of_the_synthesis():
    found = in_the_file()
    expected = YAML(typ="safe").load(uncertain_yaml(prior(draws=1)))["uncertain"]
    assert len(expected) == 2
    for item in expected:
        own = found[tuple(listed(item["keys"]))]
        assert own["distribution"] == item["distribution"]
        assert listed(own["parameters"]) == listed(item["parameters"])
        assert own.get("correlation") == item.get("correlation")


@pytest.fixture(scope="module")
def summaries():
    studies = read_studies()
    return {p: parameter_prior(p, studies, Assumptions())[0] for p in Parameter}


def test_the_values_of_the_base_case_are_well_within_the_prior(summaries):
    """They were chosen before it: .45 of mortality is a little more than the studies saw."""
    scenario = load_scenario("nct05484908").scenario
    mortality = scenario.hazard.mortality_targets["PE"]
    first, second = (m.full_course_hazard_ratio for m in scenario.modalities)
    for parameter, value, most in (
        (Parameter.MORTALITY, special.logit(mortality), 1.0),
        (Parameter.COURSE, math.log(first), 0.2),
        (Parameter.CONTRAST, math.log(second / first), 0.2),
    ):
        fit = summaries[parameter].fitted
        scale = special.logit if parameter is Parameter.MORTALITY else math.log
        assert abs(value - scale(fit.median)) < most * fit.sd, parameter


def test_the_prior_of_a_new_study_is_wider_than_that_of_the_mean(summaries):
    for one in summaries.values():
        assert one.mean.low > one.new_study.low > one.used.low
        assert one.mean.high < one.new_study.high < one.used.high
        assert one.used.low < one.fitted.median < one.used.high


def test_the_keys_are_those_of_the_base_case():
    keys = [key for key, *_ in load_scenario("nct05484908").values()]
    assert MORTALITY_KEY in keys
    for place, key in enumerate(COURSE_KEYS):
        assert f"modalities[{place}].full_course_hazard_ratio" in keys
        name = load_scenario("nct05484908").scenario.modalities[place].name
        assert key == f"modalities[{name}].full_course_hazard_ratio"
