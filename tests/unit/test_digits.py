"""Digits of what is shown; the right ones are written by hand."""

import math

import pytest

from simulator.report.digits import beside, is_shown, of_mean, of_percentage


@pytest.mark.parametrize(
    ("value", "error", "decimals", "has_error"),
    [
        (29.994, 0.005, 1, False),  # 30.0
        (0.279, 0.006, 3, True),  # 0.279, error 0.006
        (159.76, 0.09, 0, False),  # 160
        (792.3, 1.02, 0, True),  # 792, error 1
        (7_632.0, 480.0, -2, True),  # 7,600, error 500
        (2_388_681.0, 916.0, -4, False),  # 2,390,000
        (-0.0324, 0.0021, 3, True),  # -0.032, error 0.002
        (0.0, 0.0, 0, False),  # 0
        (10.706, 0.06, 1, True),  # 10.7, error 0.1
        (60.0, 0.0, 1, False),  # 60.0
        (5.0, math.nan, 2, False),  # of one trial
    ],
)
def test_a_mean_has_three_digits_or_those_of_its_error(
    value: float, error: float, decimals: int, has_error: bool
) -> None:
    shown = of_mean(value, error)
    assert (shown, is_shown(error, shown)) == (decimals, has_error)


@pytest.mark.parametrize(
    ("points", "decimals"), [(2.0, 1), (0.19, 1), (0.048, 2), (0.004, 2), (0.0, 1), (math.nan, 1)]
)
def test_a_share_of_trials_has_a_second_decimal_only_where_its_error_is_small(
    points: float, decimals: int
) -> None:
    assert of_percentage(points) == decimals


@pytest.mark.parametrize(
    ("threshold", "values", "decimals"),
    [
        (80.0, (79.96, 81.2), 2),  # 80.0 would say that it is at 80
        (80.0, (77.0, 78.5), 1),
        (80.0, (80.0, 81.2), 1),  # it is at 80
        (5.0, (4.2, 4.997), 3),
        (5.0, (4.99996, 5.2), 5),
    ],
)
def test_both_ends_have_the_decimals_that_keep_them_off_a_threshold(threshold, values, decimals):
    assert beside(threshold, values, 1) == decimals
