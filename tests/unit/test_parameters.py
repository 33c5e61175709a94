"""The parameters of the base case are what its scenario has, within their ranges."""

import math

import pytest

from calibration.evidence import read_evidence
from calibration.evidence.parameters import read_parameters
from simulator.results.evidence import Parameter, Role
from simulator.results.sources import SourceKind
from simulator.scenario.loader import load_scenario

KEYS = [p for p in read_parameters() if p.role is Role.KEY]


@pytest.fixture(scope="module")
def scenarios():
    return {name: load_scenario(name) for name in {p.scenario for p in KEYS}}


def test_every_parameter_of_the_base_case_is_there():
    """Sixty were proposed, 37 with a range; plasma unavailable is parted by arm."""
    assert len({p.parameter for p in read_parameters()}) == 60 + 1
    assert len({p.parameter for p in read_parameters() if p.has_range}) == 37 + 1
    outputs = {p.parameter for p in read_parameters() if p.role is Role.OUTPUT}
    assert len(outputs) == 6


@pytest.mark.parametrize("parameter", KEYS, ids=lambda p: f"{p.parameter}: {p.key}")
def test_base_values_are_those_of_the_scenario(scenarios, parameter):
    loaded = scenarios[parameter.scenario]
    whole = isinstance(parameter.base, tuple)
    found = loaded.value(loaded.key(parameter.key, "test", ([],) if whole else (0,)))
    assert (tuple(found) if whole else found) == parameter.base


@pytest.mark.parametrize("end", ["low", "high"])
@pytest.mark.parametrize("name", sorted({p.parameter for p in KEYS if p.has_range}))
def test_both_ends_of_a_range_are_a_scenario(scenarios, name, end):
    """What moves together is changed together, and the scenario that this makes breaks no rule."""
    moved = [p for p in KEYS if p.parameter == name]
    loaded = scenarios[moved[0].scenario]
    whole = {p.key for p in moved if isinstance(p.base, int)}
    values = {
        loaded.key(p.key, "test"): int(getattr(p, end)) if p.key in whole else getattr(p, end)
        for p in moved
    }
    changed = loaded.changed(values, "test")
    assert all(changed.value(key) == value for key, value in values.items())
    if "split" not in name:  # a split is of one shape or another, not more or less
        assert all(min(p.low, p.high) <= p.base <= max(p.low, p.high) for p in moved)


def test_rows_exist_and_what_is_published_or_derived_names_some():
    for parameter in read_parameters():
        assert set(parameter.rows) <= set(read_evidence()), parameter.parameter
        is_given = parameter.status in (SourceKind.PUBLISHED, SourceKind.DERIVED)
        assert parameter.rows or not is_given, parameter.parameter


def test_a_parameter_goes_and_comes_as_json():
    for parameter in read_parameters():
        back = Parameter.from_dict(parameter.to_dict())
        assert (back.key, back.base, back.rows) == (parameter.key, parameter.base, parameter.rows)
        assert math.isnan(back.low) == math.isnan(parameter.low)
