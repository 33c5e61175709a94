"""Sorting in lanes against NumPy's sort."""

import numpy as np
import pytest

from simulator.lanes.sorting import (
    MOST_ROWS,
    network,
    network_for,
    networks,
    padded,
    sort_block,
    sort_filled,
    sort_lanes,
)


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


@pytest.mark.parametrize("rows", [8, 16, 32, 64, MOST_ROWS])
def test_blocks_are_sorted_however_few_of_their_rows_are_filled(rows):
    numbers, rng, filled_by = np.iinfo(np.uint32), np.random.default_rng(rows), networks(rows)
    for filled in range(rows + 1):
        values = np.full((rows, 40), numbers.max, np.uint32)
        most = rng.integers(1, numbers.max, 40, np.uint32)  # some lanes have many alike
        values[:filled] = rng.integers(0, most, (filled, 40), np.uint32)
        expected = np.sort(values, axis=0)
        sort_filled(values, filled, filled_by)
        np.testing.assert_array_equal(values, expected)


def test_few_rows_take_few_comparisons():
    networks_of_64 = np.diff(networks(64).first)
    assert (np.diff(networks_of_64) >= 0).all()
    assert networks_of_64[8] < networks_of_64[-1] / 2  # 32 of 64 rows


@pytest.mark.parametrize("asked", [(0,), (14, 29), (59,)])
def test_some_rows_alone_are_sorted_by_less(asked):
    values = np.random.default_rng(3).integers(0, 2**31, (64, 40), np.uint32)
    values[60:] = np.iinfo(np.uint32).max
    expected = np.sort(values, axis=0)
    found = network_for(64, 60, asked)
    assert found[1].size < network(64, 60)[1].size
    sort_block(values, *found)
    np.testing.assert_array_equal(values[list(asked)], expected[list(asked)])
