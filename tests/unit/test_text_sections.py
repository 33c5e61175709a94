"""Answers of every kind have sections by name; none is wider than the page."""

import pytest
from answers import power_answer, size_answer, sweep_answer
from rich.cells import cell_len

from simulator.report.text import SECTIONS, full_text, sections_of
from simulator.report.text.page import as_text
from simulator.report.text.size import size_in_words
from simulator.results import ANSWERS
from simulator.results.measures import NullHypothesis

MADE = {
    "power": power_answer(),
    "sweep": sweep_answer(),
    "sweep under the null": sweep_answer(NullHypothesis.STRONG),
    "size": size_answer(),
    "no size": size_answer(reached=False),
}


def test_every_kind_of_answer_has_sections_with_names_of_their_own():
    assert set(SECTIONS) == set(ANSWERS)
    for sections in SECTIONS.values():
        names = [section.name for section in sections]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("kind", MADE)
def test_no_section_is_wider_than_the_page(kind, width):
    for blocks in sections_of(MADE[kind]).values():
        assert max(map(cell_len, as_text(blocks, width).splitlines())) <= width


@pytest.mark.parametrize("kind", ["size", "no size"])
def test_what_a_search_found_is_the_end_of_its_text(kind):
    found = " ".join(size_in_words(MADE[kind]).split())
    assert " ".join(full_text(MADE[kind]).split()).endswith(found)


def test_a_sweep_has_no_column_for_what_no_trial_has():
    text = full_text(sweep_answer())
    assert "not analysable" not in text
