"""Criteria against Python's own comparison and quantifiers."""

import operator
from itertools import product

import numpy as np
import pytest

from simulator.rules import eligibility as rule

OPERATORS = {
    rule.LESS: operator.lt,
    rule.AT_MOST: operator.le,
    rule.GREATER: operator.gt,
    rule.AT_LEAST: operator.ge,
    rule.EQUAL: operator.eq,
}


@pytest.mark.parametrize("code", OPERATORS)
def test_a_comparison_is_the_one_that_its_code_names(code):
    for value, threshold in product([-1.0, 0.0, 2.0, 2.5], repeat=2):
        assert rule.compare(value, code, threshold) == OPERATORS[code](value, threshold)


def as_arrays(criteria):
    """Criteria, each a list of groups of (variable, comparison, threshold), as the rule reads."""
    first, rows = [0], []
    for criterion in criteria:
        for group, conditions in enumerate(criterion):
            rows += [(group, *condition) for condition in conditions]
        first.append(len(rows))
    columns = list(zip(*rows, strict=True))
    integers = [np.array(c, dtype=np.int64) for c in (first, *columns[:3])]
    return (*integers, np.array(columns[3], dtype=float))


def test_a_criterion_holds_if_each_of_its_groups_has_a_condition_that_does():
    generator = np.random.default_rng(5484908)
    for _ in range(300):
        criteria = [
            [
                [
                    (int(generator.integers(3)), int(generator.integers(5)), float(t))
                    for t in generator.integers(0, 4, generator.integers(1, 4))
                ]
                for _ in range(generator.integers(1, 4))
            ]
            for _ in range(generator.integers(1, 5))
        ]
        values = generator.integers(0, 4, 3).astype(float)
        expected = [
            all(any(OPERATORS[code](values[v], t) for v, code, t in group) for group in criterion)
            for criterion in criteria
        ]
        arrays = as_arrays(criteria)
        found = [rule.holds(c, values, *arrays) for c in range(len(criteria))]
        assert found == expected
        failed = -1 if all(expected) else expected.index(False)
        assert rule.first_failed(values, *arrays) == failed


def test_without_criteria_nobody_fails():
    nothing = np.empty(0, dtype=np.int64)
    found = rule.first_failed(
        np.empty(0), np.zeros(1, dtype=np.int64), nothing, nothing, nothing, np.empty(0)
    )
    assert found == -1


def test_a_value_on_a_cut_point_is_in_the_upper_level():
    cuts = np.array([2.0, 5.0])
    levels = [rule.level_of(x, cuts) for x in (1.9, 2.0, 4.9, 5.0, 100.0)]
    assert levels == [0, 1, 1, 2, 2]
    assert rule.level_of(3.0, np.empty(0)) == 0
