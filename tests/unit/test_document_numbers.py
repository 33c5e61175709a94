"""Numbers of documents: digits, intervals, marks in text."""

import math

import pytest
from documents import plain

from simulator.report.document import numbers
from simulator.report.document.blocks import (
    literal,
    spans,
)
from simulator.results.measures import (
    Estimate,
)


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.0376, 0.0019, "3.8%"),
        (0.04, 0.014, "4.0%"),
        (0.0088, 0.0009, "0.88%"),
        (0.0, 0.0, "0%"),
        (1.0, 0.0, "100%"),
        (0.0001, 0.0019, "less than 0.1%"),
        (0.99995, 0.0019, "more than 99.9%"),
        (None, None, "not available"),
        (float("nan"), 0.1, "not available"),
    ],
)
def test_percentage_has_the_digits_that_its_error_supports(value, error, shown):
    assert numbers.percent(value, error) == shown


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (2_388_681, 916, "2,390,000"),
        (791.64, 1.02, "792"),
        (10.14, 0.66, "10.1"),
        (-0.098, 0.006, "\N{MINUS SIGN}0.098"),
        (-0.0004, 0.01, "0.00"),
        (60.0, 0.0, "60"),
    ],
)
def test_number_has_the_digits_that_its_error_supports_and_three_at_most(value, error, shown):
    assert numbers.number(value, error) == shown


def test_limit_that_is_short_of_a_threshold_is_not_rounded_onto_it():
    """Both ends have the decimals that one of them needs: 79.996 is below 80, 4.997 below 5."""
    assert plain(numbers.interval(0.784, 0.79996, threshold=0.8)) == "78.400-79.996%"
    assert plain(numbers.interval(0.042, 0.04997, threshold=0.05)) == "4.200-4.997%"
    assert plain(numbers.interval(0.8, 0.816, threshold=0.8)) == "80.0-81.6%"
    assert plain(numbers.interval(0.0, 0.0004)) == "0.00-0.04%"


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (29.994, 0.005, "30.0"),
        (791.64, 1.02, "792 ± 1"),
        (79.81, 0.01, "79.8"),
        (0.279, 0.006, "0.279 ± 0.006"),
        (-0.06, 0.25, "\N{MINUS SIGN}0.1 ± 0.2"),
        (60.0, 0.0, "60"),
        (math.nan, math.nan, "-"),
    ],
)
def test_error_below_half_of_the_last_digit_is_left_out(value, error, shown):
    assert plain(numbers.with_error(Estimate(value, error))) == shown


@pytest.mark.parametrize("text", ["a*b*c", "[@key] [#name]", "back\\slash", "sites[0] <b>&"])
def test_literal_text_carries_no_mark(text):
    assert [span.kind for span in spans(literal(text))] == ["text"]
    assert spans(literal(text))[0].text == text


def test_literal_text_loses_characters_that_no_xml_file_can_hold():
    assert literal("a\x00b\x1fc\ud800") == "abc"


def test_marks_are_split_into_spans():
    found = spans("an *italic* word [@wilson] in [#power]")
    kinds = [(span.kind, span.text) for span in found]
    assert kinds == [("text", "an "), ("emphasis", "italic"), ("text", " word "),
                     ("citation", "wilson"), ("text", " in "), ("pointer", "power")]  # fmt: skip
