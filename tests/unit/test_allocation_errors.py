"""What cannot be run is refused by key, value, rule and remedy."""

import pickle
from typing import Any

import pytest
from scheme_options import factors_of, options_of

from simulator import allocation

MINIMISATION = {"measure": "range", "weights": [1], "probability": 0.8}


def refusal(
    scheme: str,
    options: dict[str, Any],
    ratio: tuple[int, ...] = (1, 1),
    factor_levels: tuple[int, ...] = (),
    target: int = 60,
) -> allocation.AllocationError:
    with pytest.raises(allocation.AllocationError) as caught:
        allocation.build_plan(scheme, options, list(ratio), factor_levels, target)
    error = caught.value
    assert error.rule
    assert error.remedy
    assert str(error).startswith(f"allocation.{error.key} = {error.value!r}: ")
    return error


@pytest.mark.parametrize("size", [True, 4.0, "4", None, [4]])
def test_block_size_that_is_no_whole_number_is_refused(size: object) -> None:
    error = refusal("permuted_block", {"block_size": size})
    assert (error.key, error.value) == ("options.block_size", size)
    assert "whole number" in error.rule


@pytest.mark.parametrize(
    ("size", "ratio", "near"),
    [(5, (1, 1), ("4", "6")), (1, (1, 1), ("2",)), (7, (2, 1), ("6", "9")), (2, (2, 1), ("3",))],
)
def test_block_size_off_the_ratio_is_told_the_multiples_nearest(
    size: int, ratio: tuple[int, ...], near: tuple[str, ...]
) -> None:
    error = refusal("permuted_block", {"block_size": size}, ratio)
    assert (error.key, error.value) == ("options.block_size", size)
    assert f"multiple of {sum(ratio)}" in error.rule
    assert [word for word in error.remedy.split() if word.isdigit()] == list(near)


@pytest.mark.parametrize("size", [0, -4, 10**30])
@pytest.mark.parametrize(
    ("scheme", "key"), [("permuted_block", "block_size"), ("big_stick", "bound")]
)
def test_count_out_of_range_is_refused(scheme: str, key: str, size: int) -> None:
    error = refusal(scheme, {key: size})
    assert (error.key, error.value) == (f"options.{key}", size)


def test_wrong_block_size_in_a_list_is_named_by_its_place() -> None:
    error = refusal("random_blocks", {"block_sizes": [4, 5]})
    assert (error.key, error.value) == ("options.block_sizes[1]", 5)


@pytest.mark.parametrize("sizes", [[], 4, "4,6"])
def test_block_sizes_that_are_no_list_are_refused(sizes: object) -> None:
    error = refusal("random_blocks", {"block_sizes": sizes})
    assert (error.key, error.value) == ("options.block_sizes", sizes)


@pytest.mark.parametrize("value", [0.49, 1.01, -1, float("nan"), float("inf"), True, "0.7", None])
def test_probability_of_efron_coin_out_of_range_is_refused(value: object) -> None:
    error = refusal("efron", {"probability": value})
    assert error.key == "options.probability"
    assert "0.5" in error.rule + error.remedy


@pytest.mark.parametrize("value", [0.5, 1, 1.0, 2 / 3])
def test_probability_of_efron_coin_may_be_a_half_to_one(value: float) -> None:
    plan = allocation.build_plan("efron", {"probability": value}, [1, 1], [], 60)
    assert plan.numbers[0] == value


@pytest.mark.parametrize("bound", [2.5, True, "3"])
def test_bound_of_the_big_stick_that_is_no_whole_number_is_refused(bound: object) -> None:
    assert refusal("big_stick", {"bound": bound}).key == "options.bound"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"measure": "rang"}, "options.measure"),
        ({"measure": 1}, "options.measure"),
        ({"weights": 1}, "options.weights"),
        ({"weights": [1, 1]}, "options.weights"),
        ({"weights": [0]}, "options.weights"),
        ({"weights": [-1]}, "options.weights[0]"),
        ({"weights": [True]}, "options.weights[0]"),
        ({"weights": [float("nan")]}, "options.weights[0]"),
        ({"weights": [float("inf")]}, "options.weights[0]"),
        ({"probability": 0.4}, "options.probability"),
        ({"probability": 1.1}, "options.probability"),
    ],
)
def test_wrong_option_of_minimisation_is_refused_by_its_key(
    change: dict[str, object], key: str
) -> None:
    assert refusal("minimisation", MINIMISATION | change, factor_levels=(2,)).key == key


def test_probability_of_minimisation_begins_at_one_in_the_number_of_arms() -> None:
    options = MINIMISATION | {"probability": 0.4}
    plan = allocation.build_plan("minimisation", options, [1, 1, 1], [2], 60)
    assert plan.numbers[1] == 0.4
    below = MINIMISATION | {"probability": 0.3}
    assert refusal("minimisation", below, (1, 1, 1), (2,)).key == "options.probability"


def test_minimisation_without_factors_is_refused() -> None:
    assert refusal("minimisation", MINIMISATION).key == "factors"


@pytest.mark.parametrize(
    ("scheme", "options", "factors"),
    [
        ("efron", {"probability": 0.7}, ()),
        ("big_stick", {"bound": 3}, ()),
        ("minimisation", MINIMISATION, (2,)),
    ],
)
def test_scheme_that_would_not_keep_an_unequal_ratio_names_those_that_do(
    scheme: str, options: dict[str, Any], factors: tuple[int, ...]
) -> None:
    error = refusal(scheme, options, (2, 1), factors)
    assert (error.key, error.value) == ("ratio", [2, 1])
    for able in ("complete", "random_allocation", "permuted_block", "random_blocks"):
        assert able in error.remedy


@pytest.mark.parametrize(
    ("scheme", "options"), [("efron", {"probability": 0.7}), ("big_stick", {"bound": 3})]
)
def test_scheme_for_two_arms_refuses_three(scheme: str, options: dict[str, Any]) -> None:
    error = refusal(scheme, options, (1, 1, 1))
    assert error.key == "ratio"
    assert "two arms" in error.rule


def test_random_allocation_refuses_strata() -> None:
    error = refusal("random_allocation", {}, factor_levels=(2, 3))
    assert (error.key, error.value) == ("factors", [2, 3])


def test_random_allocation_refuses_a_target_that_the_ratio_does_not_divide() -> None:
    error = refusal("random_allocation", {}, target=61)
    assert "61" in error.rule
    assert "multiple of 2" in error.remedy


def test_more_strata_than_memory_holds_are_refused() -> None:
    error = refusal("efron", {"probability": 0.7}, factor_levels=(1000,) * 20)
    assert error.key == "factors"


def test_unknown_scheme_is_told_the_nearest_known_one() -> None:
    error = refusal("permuted_blocks", {})
    assert (error.key, error.value) == ("scheme", "permuted_blocks")
    assert "permuted_block" in error.remedy


@pytest.mark.parametrize(
    ("scheme", "typed", "meant"),
    [
        ("permuted_block", "blocksize", "block_size"),
        ("permuted_block", "size", "block_size"),
        ("efron", "p", "probability"),
        ("minimisation", "weight", "weights"),
    ],
)
def test_misspelt_option_is_told_the_nearest_known_one(scheme: str, typed: str, meant: str) -> None:
    error = refusal(scheme, {typed: 4}, factor_levels=(2,))
    assert (error.key, error.value) == (f"options.{typed}", 4)
    assert meant in error.remedy


def test_option_of_a_scheme_without_any_is_to_be_removed() -> None:
    error = refusal("complete", {"block_size": 4})
    assert error.key == "options.block_size"
    assert "remove" in error.remedy


@pytest.mark.parametrize("scheme", allocation.SCHEMES)
def test_each_missing_option_is_named(scheme: str) -> None:
    complete, factors = options_of(scheme), factors_of(scheme)
    allocation.build_plan(scheme, complete, [1, 1], factors, 60)
    for missing in complete:
        rest = {key: value for key, value in complete.items() if key != missing}
        error = refusal(scheme, rest, factor_levels=factors)
        assert missing in f"{error.key} {error.rule}"


def test_error_survives_the_way_from_a_worker_process() -> None:
    error = refusal("permuted_block", {"block_size": 5})
    back = pickle.loads(pickle.dumps(error))
    assert str(back) == str(error)
    assert (back.key, back.value, back.rule, back.remedy) == (
        error.key,
        error.value,
        error.rule,
        error.remedy,
    )
