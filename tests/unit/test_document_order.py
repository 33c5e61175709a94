"""What a document cites: each figure, table and work, in the order of the text."""

import pytest
from answers import FISHER, analysis_power, power_answer
from documents import LENGTHS, dossier, words

from simulator.report.document.blocks import (
    Heading,
    Paragraph,
    Picture,
    Table,
    citation_numbers,
    pointers,
    spans,
)
from simulator.report.document.justification import justification


def test_every_figure_and_table_is_cited_in_the_text_before_it_stands(everything):
    """The reader's order: a label is pointed at by a paragraph above what bears it."""
    document = justification(everything, "full")
    names, pointed = set(), set()
    for block in document.blocks:
        if isinstance(block, Paragraph):
            pointed |= {span.text for span in spans(block.text) if span.kind == "pointer"}
        elif isinstance(block, Table | Picture):
            assert block.name in pointed, block.caption
            names.add(block.name)
    assert names <= pointed <= set(pointers(document))


def test_figures_are_in_the_order_in_which_the_text_cites_them(everything):
    document = justification(everything, "full")
    cited_in_text = [
        span.text
        for block in document.blocks
        if isinstance(block, Paragraph)
        for span in spans(block.text)
        if span.kind == "pointer" and span.text.startswith("figure-")
    ]
    drawn = [block.name for block in document.blocks if isinstance(block, Picture)]
    assert drawn == list(dict.fromkeys(cited_in_text))


def test_paragraph_fits_the_box_of_a_form():
    document = justification(dossier(), "paragraph")
    assert len(document.blocks) == 1
    assert 100 <= len(words(document).split()) <= 230


@pytest.mark.parametrize("length", LENGTHS)
def test_only_what_is_cited_is_listed_and_all_that_is_pointed_at_is_there(length, everything):
    document = justification(everything, length)
    used = {s.kind: set() for s in [*spans("[@a][#b]")]}
    for block in document.blocks:
        texts = [block.text] if isinstance(block, Heading | Paragraph) else []
        if isinstance(block, Table):
            texts = [block.caption, block.note, *(cell for row in block.rows for cell in row)]
        for span in (s for text in texts for s in spans(text) if s.kind in used):
            used[span.kind].add(span.text)
    assert used["citation"] == set(citation_numbers(document))
    assert used["pointer"] <= set(pointers(document))


def test_a_page_has_the_primary_analysis_and_three_more_at_most():
    """What the page of three designs takes was looked at; this holds its one table short."""
    many = tuple(analysis_power(FISHER, name=f"fisher_{k}") for k in range(9))
    document = justification(dossier(power_answer(analyses=many)), "page")
    (table,) = (block for block in document.blocks if isinstance(block, Table))
    assert document.is_compact
    assert len(table.rows) == 4
    assert "Five further analyses are in the full document." in table.note
    assert len(words(document).split()) < 550
