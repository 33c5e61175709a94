"""Documents cite the works behind the values that they show, with a list of references."""

import pytest
from answers import power_answer
from documents import VALUES, dossier, plain, valued, word_file, words

from calibration.evidence import read_evidence
from simulator.justification import _works
from simulator.report.document.blocks import References, spans
from simulator.report.document.html import write_html
from simulator.report.document.justification import justification
from simulator.results.sources import SourceKind
from simulator.scenario.loader import load_scenario
from simulator.scenario.sources import source_of
from simulator.store import question_of

PE = "hazard.mortality_targets.PE"
LI_G = "Li G, Zhang P, Zhu Y."
LENGTHS = ("paragraph", "page", "full")


@pytest.fixture(scope="module")
def question():
    return question_of(load_scenario("nct05484908"), "power", 1, evidence=read_evidence())


def cited(question, comment, key=PE, value=0.45):
    works = _works(source_of(comment), question)
    values = (valued(key, value, comment, works), *(v for v in VALUES if v.key != key))
    return dossier(power_answer(), values=values, evidence=read_evidence())


def references(document):
    found = [e for b in document.blocks if isinstance(b, References) for e in b.entries]
    return ["".join(s.text for s in spans(e.text)) for e in found], [e.address for e in found]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_source_with_rows_has_its_work_among_the_references(question, length):
    texts, _ = references(justification(cited(question, "published [A21]: pooled"), length))
    assert [text for text in texts if text.startswith(LI_G)]
    texts, _ = references(justification(dossier(), length))
    assert not [text for text in texts if text.startswith(LI_G)]


def test_a_derived_source_cites_the_works_of_the_rows_behind_it(question):
    """A57 is derived from A58 to A61, these from two works, of which each is cited once."""
    texts, addresses = references(justification(cited(question, "derived [A57]"), "paragraph"))
    assert len(texts) == 2
    assert texts[0].startswith("Yao J, et al.")
    assert texts[1].startswith("[authors not stated")
    assert addresses[0] == "https://doi.org/10.1002/jca.21690"


def test_rows_of_one_work_are_one_reference_with_its_address(question):
    document = justification(cited(question, "derived [A20, A21]: pooled"), "paragraph")
    texts, _ = references(document)
    assert len(texts) == 1
    doi = "published [A43]: per point"
    _, addresses = references(justification(cited(question, doi), "paragraph"))
    assert addresses == ["https://doi.org/10.21037/apm-20-608"]


def test_the_registry_is_the_reference_that_the_document_has_already(question):
    key = "trial.target_randomised"
    document = justification(cited(question, "registry [H19]", key, 60), "full")
    texts, _ = references(document)
    assert sum("NCT05484908" in text for text in texts) == 1


def test_an_assumption_in_part_is_called_one_beside_its_work(question):
    made = cited(question, "published [A21]: pooled; assumption: the same here")
    assert "(published: pooled , in part an assumption)" in words(justification(made, "paragraph"))


@pytest.mark.parametrize("length", LENGTHS)
def test_html_and_word_have_the_citation_and_the_reference(question, length, tmp_path):
    document = justification(cited(question, "published [A43]: per point"), length)
    page = tmp_path / "a.html"
    write_html(document, page)
    text = page.read_text(encoding="utf-8")
    assert 'href="#ref-evidence-A42"' in text
    assert 'id="ref-evidence-A42"' in text
    assert '<a href="https://doi.org/10.21037/apm-20-608">' in text
    paragraphs = [p.text for p in word_file(document, tmp_path / "a.docx").paragraphs]
    found = [plain(p) for p in paragraphs if p.startswith("Li H, Zheng J")]
    assert len(found) == 1
    assert found[0].endswith("https://doi.org/10.21037/apm-20-608")


def test_references_are_left_to_the_author_only_where_a_source_names_no_row(question):
    said = "references of the source of 1 value"
    assert said in words(justification(cited(question, "published: Smith 2021"), "full"))
    assert said not in words(justification(cited(question, "published [A21]"), "full"))


def test_a_comment_that_is_no_source_is_not_told_as_one(question):
    text = words(justification(cited(question, "the usual rate"), "full"))
    assert "assumption (no source is given: the usual rate)" in text


def test_a_question_holds_sources_and_rows_as_json_has_them(question):
    assert question.source(PE).kind is SourceKind.ASSUMPTION
    row = question.evidence_rows["A43"]
    assert row.to_dict() == read_evidence()["A43"].to_dict()
