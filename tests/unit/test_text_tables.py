"""Tables and lines of text fit the page and lose nothing that matters."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from simulator.report.text.tables import new_table, table_lines
from simulator.report.text.wrapping import command_lines, short_names, shortened, wrapped

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=50)


def lines_of(table, width):
    return [line.text for line in table_lines(table, width)]


@given(st.lists(WORDS, max_size=30), st.integers(10, 120))
def test_a_paragraph_keeps_every_character_in_its_order(words, width):
    lines = wrapped(" ".join(words), width)
    assert max(map(cell_len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(" ".join(words).split())


def test_only_a_word_wider_than_the_page_is_broken_and_after_a_separator():
    assert wrapped("one results/power-of-a-long-name two", 20) == [
        "one",
        "results/power-of-a-",
        "long-name two",
    ]


def test_a_number_stays_on_a_line_with_its_error_and_its_unit():
    assert wrapped("a mean of 30.0 +- 0.2 of 95 % of them", 14) == [
        "a mean of",
        "30.0 +- 0.2 of",
        "95 % of them",
    ]


def test_a_table_folds_its_heads_before_anything_else():
    table = new_table("Analysis", "trials with an estimate", "bias")
    table.add_row("fisher", "10,000", "-0.001")
    assert lines_of(table, 41)[0] == "Analysis  trials with an estimate    bias"
    assert lines_of(table, 34)[-1].split() == ["fisher", "10,000", "-0.001"]
    assert max(map(len, lines_of(table, 30))) <= 30


def test_a_spare_column_is_given_up_where_folded_heads_do_not_do():
    table = new_table("Analysis", "power", "+-", "interval", spare=("+-",))
    table.add_row("fisher", "3.8%", "0.2%", "3.4% to 4.2%")
    assert "0.2%" in "".join(lines_of(table, 40))
    narrow = lines_of(table, 31)
    assert "0.2%" not in "".join(narrow)
    assert "3.4% to 4.2%" in narrow[-1]


def test_numbers_that_do_not_fit_beside_stand_below_with_their_name():
    table = new_table("Estimates", *(f"number {k}" for k in range(9)))
    table.add_row("fisher", *(f"{k}.25 +- 0.25" for k in range(9)))
    lines = lines_of(table, 40)
    assert max(map(len, lines)) <= 40
    assert all(any(f"{k}.25 +- 0.25" in line for line in lines) for k in range(9))
    assert sum(line.startswith("fisher") for line in lines) == 5  # two numbers beside a name


def test_a_page_too_narrow_for_the_keys_of_a_row_lists_its_cells():
    keys = [f"quite_a_long_key_{k}" for k in range(5)]
    table = new_table(*keys, "power", words=("",), keys=5)
    table.add_row("1", "2", "3", "4", "5", "3.8%")
    lines = lines_of(table, 40)
    assert max(map(len, lines)) <= 40
    assert [line.split()[-1] for line in lines] == ["1", "2", "3", "4", "5", "3.8%"]


@given(
    st.lists(st.tuples(WORDS, *[st.floats(-1e6, 1e6)] * 5), min_size=1, max_size=4),
    st.lists(WORDS, min_size=6, max_size=6),
    st.integers(40, 140),
)
def test_every_number_is_whole_whatever_the_width(rows, heads, width):
    table = new_table(*heads, words=heads[:1])
    for name, *values in rows:
        table.add_row(name, *(f"{value:,.3f}" for value in values))
    lines = lines_of(table, width)
    assert max(map(cell_len, lines)) <= width
    if len(set(heads)) == 6:
        for _, *values in rows:
            assert all(any(f"{v:,.3f}" in line for line in lines) for v in values)


def test_wide_characters_count_two_cells():
    table = new_table("名前", "power")
    table.add_row("肝不全肝不全肝不全肝不全", "3.8%")
    assert max(map(cell_len, lines_of(table, 22))) <= 22


def test_a_shortened_text_ends_with_a_word_and_dots():
    assert shortened("a trial of sixty patients", 16) == "a trial of..."
    assert shortened("a trial", 16) == "a trial"


def test_names_that_differ_stay_different_when_shortened():
    names = ["plasma exchange, every other day, low", "plasma exchange, every other day, big"]
    short = short_names(names, 12)
    assert len(set(short)) == 2
    assert all(cell_len(name) <= 12 for name in short)


@pytest.mark.parametrize("width", [30, 60, 100])
def test_a_broken_command_is_still_the_same_to_a_shell(width):
    command = "trialsim sweep mine.yaml --vary 'accrual.sites[0].randomised_per_month=2.32,4.64'"
    lines = command_lines(command, width)
    assert max(map(len, lines)) <= width
    if width >= 60:
        assert shlex.split("\n".join(lines).replace("\\\n", "")) == shlex.split(command)
