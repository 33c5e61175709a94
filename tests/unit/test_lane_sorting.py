"""Sorting in lanes against NumPy's sort."""

import numpy as np
import pytest

from simulator.lanes.sorting import MOST_ROWS, padded, sort_lanes


@pytest.mark.parametrize("kind", [np.int64, np.uint32])
@pytest.mark.parametrize("lanes", [1, 5, 64])
@pytest.mark.parametrize("rows", [1, 2, 8, 9, 16, 33, 60, 64, 65, MOST_ROWS, MOST_ROWS + 1, 300])
def test_each_lane_is_sorted_ties_and_all(rows, lanes, kind):
    numbers = np.iinfo(kind)
    values = np.full((3, padded(rows), lanes), numbers.max, kind)
    drawn = np.random.default_rng(rows).integers(numbers.min, numbers.max, (3, rows, lanes))
    drawn[:, : rows // 2] = drawn[:, rows - rows // 2 :] // 2**29 * 2**29  # many alike
    values[:, :rows] = drawn
    expected = np.sort(values, axis=1)
    sort_lanes(values)
    np.testing.assert_array_equal(values, expected)


def test_rows_are_padded_to_what_a_network_takes():
    assert [padded(n) for n in (1, 8, 9, 60, 64, 65, 128, 129)] == [8, 8, 16, 64, 64, 128, 128, 129]


def test_all_patterns_of_zeros_and_ones_are_sorted():
    # A network that sorts these sorts all (the zero-one principle, Knuth 5.3.4).
    for rows in (8, 16):
        patterns = (np.arange(2**rows)[None, :] >> np.arange(rows)[:, None]) & 1
        values = np.ascontiguousarray(patterns[None])
        expected = np.sort(values, axis=1)
        sort_lanes(values)
        np.testing.assert_array_equal(values, expected)
