"""Values of a key as they are typed are those that a person means, or are refused with a remedy."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.planning.listed import MOST_VALUES, typed_values
from simulator.scenario.errors import RuleError

# Each written out by hand.
LISTS = {
    "60": [60],
    "60,100,140": [60, 100, 140],
    "60, 100": [60, 100],
    "60:600:60": [60, 120, 180, 240, 300, 360, 420, 480, 540, 600],
    "0.5:0.9:0.1": [0.5, 0.6, 0.7, 0.8, 0.9],  # repeated adding gives 0.7999999999999999
    ".1:.3:.1": [0.1, 0.2, 0.3],
    "600:60:-270": [600, 330, 60],
    "60,100:200:50": [60, 100, 150, 200],
    "60:100:30": [60, 90],
    "60:60:10": [60],
    "1e2:3e2:1e2": [100, 200, 300],
    "1e3": [1000],
    "-1:1:1": [-1, 0, 1],
    "0:1:0.5": [0.0, 0.5, 1.0],
    "08:30": ["08:30"],
    "08:30:00": ["08:30:00"],
    "'12:00'": ["12:00"],
    '"60:600:60"': ["60:600:60"],
    "2022-08-12": [date(2022, 8, 12)],
    "2022-08-12T10:00:00": ["2022-08-12T10:00:00"],
    "a:b:c": ["a:b:c"],
    "defer:0.5:age>60:7": ["defer:0.5:age>60:7"],
    "null,true,false": [None, True, False],
    "efron(2/3),random_blocks(4,6)": ["efron(2/3)", "random_blocks(4,6)"],
    "[1,1],[2,1]": [[1, 1], [2, 1]],
    "[[1, 2], [3]]": [[[1, 2], [3]]],
    "{a: 1, b: [2, x]},null": [{"a": 1, "b": [2, "x"]}, None],
    "{}": [{}],
    "{a:1,b: {c:x}}": [{"a": 1, "b": {"c": "x"}}],
    "[]": [[]],
    "{'a, b': 1}": [{"a, b": 1}],
    "St Mary's": ["St Mary's"],
}


@pytest.mark.parametrize(("text", "values"), LISTS.items(), ids=LISTS)
def test_a_list_of_values_is_read_as_it_is_meant(text, values):
    found = typed_values(text)
    assert found == values
    assert [type(one) for one in found] == [type(one) for one in values]


REFUSED = {
    "60:600": ("a range without a step", "as 60:600:54"),
    "10:30": ("a range without a step", "in quotes if text"),
    "600:60": ("a range without a step", "as 600:60:-54"),
    "1:2001:1": (f"at most {MOST_VALUES:,}", "a larger step"),
    "60:600:0": ("a step of 0", "another step"),
    "600:60:60": ("leads away from its end", "write 600:60:-60"),
    "1:1e9:1": ("1,000,000,000 values", "a larger step"),
    "60 to 600 by 60": ("a range in words", "write 60:600:60"),
    "60,,100": ("nothing between two commas", "leave the comma out"),
    "60,": ("nothing between two commas", "leave the comma out"),
    "[1,1": ("lacks a closing ]", "close it"),
    "[1,1]]": ("cannot be read", "as [1, 1]"),
    "{a: 1": ("lacks a closing }", "close it"),
    "{a: &x 1}": ("cannot be read: the anchor", "as [1, 1]"),
    "{a: 1, a: 2}": ("cannot be read: given twice", "as [1, 1]"),
    "'x": ("lacks a closing quote", "close it"),
    "{a: 1e400}": ("cannot be read: ", "as [1, 1]"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_a_remedy(text, words):
    with pytest.raises(RuleError) as caught:
        typed_values(text)
    assert words[0] in caught.value.rule
    assert words[1] in caught.value.remedy


NUMBERS = st.decimals(-50, 50, places=2)


@given(NUMBERS, NUMBERS, st.decimals("0.25", 9, places=2))
def test_a_range_holds_every_multiple_of_its_step_up_to_its_end(first, last, step):
    """Counted in exact fractions."""
    down = last < first
    by = -Fraction(step) if down else Fraction(step)
    wanted, at = [], Fraction(first)
    while (at >= Fraction(last)) if down else (at <= Fraction(last)):
        wanted.append(float(at))
        at += by
    typed = f"{first}:{last}:{'-' if down else ''}{step}"
    assert typed_values(typed) == wanted


@given(st.text("0123456789:.,-e[]{}()'\" ab", max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        found = typed_values(text)
    except RuleError as error:
        found = error.rule and error.remedy
    assert found
