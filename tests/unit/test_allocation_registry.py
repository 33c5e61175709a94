"""The list of schemes, and how they are written on one line."""

from typing import get_args

import pytest
from scheme_options import factors_of, options_of

from simulator import allocation
from simulator.allocation import SCHEMES, AllocationError
from simulator.allocation.notation import example_of, parse_scheme
from simulator.allocation.schemes import RULES
from simulator.declarations.schemes import ALL, CODES
from simulator.notation import split_list
from simulator.scenario.schema import Allocation


def test_scenario_knows_the_very_schemes_that_there_are():
    words = get_args(Allocation.model_fields["scheme"].annotation)
    assert list(words) == [scheme.word for scheme in ALL]


def test_every_scheme_has_a_number_and_a_word_of_its_own():
    assert len(SCHEMES) == len(ALL)
    assert [ALL[code].word for code in CODES.values()] == list(CODES)


@pytest.mark.parametrize("word", SCHEMES)
def test_the_number_chooses_the_scheme_s_own_function(word):
    """The tree of comparisons must lead to the scheme's leaf: against the leaf called alone."""
    import numba
    import numpy as np

    leaf = RULES[CODES[word]].chance

    @numba.njit
    def directly(plan, state, stratum, levels, out):
        leaf(plan, state, stratum, levels, out)

    factors = factors_of(word, (2, 3))
    plan = allocation.build_plan(word, options_of(word, (2, 3)), [1, 1], factors, 60)
    state, levels = allocation.new_state(plan), np.zeros(len(factors), np.int64)
    expected, found = np.empty(2), np.empty(2)
    for arm in (0, 0, 1, 0, 1, 1, 1):
        if allocation.draw_due(plan, state, levels) >= 0:
            allocation.apply_draw(plan, state, levels, 0.7)
        stratum = allocation.stratum_of(plan, levels)
        directly(plan, state, stratum, levels, expected)
        allocation.probabilities(plan, state, levels, found)
        assert found.tolist() == expected.tolist()
        allocation.record(plan, state, levels, arm)
        allocation.learn(state, arm, arm == 0)


@pytest.mark.parametrize(
    ("text", "word", "options"),
    [
        ("complete", "complete", {}),
        (" efron ( 2/3 ) ", "efron", {"probability": 2 / 3}),
        ("efron", "efron", {"probability": 2 / 3}),
        ("chen(0.7)", "chen", {"probability": 0.7, "bound": 3}),
        ("random_blocks(4,6, 8)", "random_blocks", {"block_sizes": [4, 6, 8]}),
        ("adaptive_coin(neyman,3)", "adaptive_coin", {"target": "neyman", "gamma": 3}),
        (
            "minimisation(variance,1)",
            "minimisation",
            {"measure": "variance", "weights": None, "probability": 1},
        ),
    ],
)
def test_scheme_on_a_line_has_its_options_in_order_and_the_standard_ones(text, word, options):
    assert parse_scheme(text) == (word, options)


def test_options_of_the_scenario_come_before_the_standard_ones():
    given = {"measure": "variance", "weights": [2, 1], "probability": 0.7}
    assert parse_scheme("minimisation", given) == ("minimisation", given)
    assert parse_scheme("minimisation(range)", given)[1] == given | {"measure": "range"}


@pytest.mark.parametrize("word", SCHEMES)
def test_example_of_every_scheme_can_be_read_and_built(word):
    read, options = parse_scheme(example_of(SCHEMES[word]))
    assert read == word
    factors = factors_of(word)
    assert allocation.build_plan(word, options, [1, 1], factors, 60).target == 60


@pytest.mark.parametrize(
    "text", ["", "efron(", "efron)", "efron(2/3)x", "efron((1))", "2/3", "ef-ron"]
)
def test_what_is_not_written_as_a_scheme_is_refused(text):
    with pytest.raises(AllocationError):
        parse_scheme(text)


@pytest.mark.parametrize("text", ["efron(1/0)", "efron(,)", "efron(1e)", "efron(½)", "chen(1,2,3)"])
def test_what_is_no_number_or_one_too_many_is_refused(text):
    with pytest.raises(AllocationError):
        parse_scheme(text)


def test_commas_within_brackets_do_not_part_schemes():
    assert split_list("a,chen(2/3,3), random_blocks(4,6)") == [
        "a",
        "chen(2/3,3)",
        "random_blocks(4,6)",
    ]
