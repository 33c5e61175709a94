"""A document as a Word file, and its equations."""

import io
import re
import sys
import zipfile
from pathlib import Path

import pytest
from answers import (
    power_answer,
)
from documents import WRITTEN, dossier, plain, word_file
from docx.oxml.ns import qn
from latex2mathml.exceptions import ExtraLeftOrMissingRightError

from simulator.report.document import numbers
from simulator.report.document.blocks import Document, Heading, Picture
from simulator.report.document.html import write_html
from simulator.report.document.justification import justification
from simulator.report.document.omml import equation
from simulator.report.document.word import write_word
from simulator.results.measures import (
    NullHypothesis,
)


def test_word_has_the_numbers_of_the_summary(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    text = plain("\n".join(paragraph.text for paragraph in found.paragraphs))
    assert "the power of Fisher's exact test is 3.8% (Monte Carlo 95% CI 3.4-4.2%)" in text
    table = next(t for t in found.tables if t.cell(0, 1).text == "Power")
    rows = [[plain(cell.text) for cell in row.cells] for row in table.rows[1:]]
    for row, a in zip(rows, everything.power.analyses, strict=True):
        assert a.name in row[0].lower().replace("-", "_")
        assert row[1] == f"{a.power:.1%}"
        assert row[2] == f"{100 * a.ci_low:.1f}-{100 * a.ci_high:.1f}%"
        assert row[3:] == [numbers.percent(d.power, d.mcse) for d in a.in_favour_of.values()]


def test_word_is_built_of_its_own_styles_and_fields(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    styles = {paragraph.style.name for paragraph in found.paragraphs}
    assert {"Title", "Heading 1", "Heading 2", "Caption"} <= styles
    xml = found.element.xml
    assert xml.count("SEQ Table") == len(found.tables)
    assert xml.count("SEQ Figure") == 8
    assert "<m:oMathPara" in xml
    body = found.element
    assert len(body.xpath("//w:tbl/w:tr[1]/w:trPr/w:tblHeader")) == len(found.tables)
    assert len(body.xpath("//w:tr/w:trPr/w:cantSplit")) == len(body.xpath("//w:tr"))


def test_word_pictures_have_alternative_text_with_the_numbers(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    texts = [node.get("descr") for node in found.element.iter(qn("wp:docPr"))]
    assert len(texts) == 8
    assert all(texts)
    assert "44.9% with PE and 41.6% with DPMAS+LPE have died" in texts[0]


def test_word_has_the_date_of_its_writing_in_its_properties_and_on_its_first_page(tmp_path):
    document = justification(dossier(), "page")
    assert document.byline == "27 November 2026, scenario mine, trialsim 0.1.0"
    found = word_file(document, tmp_path / "a.docx")
    properties = found.core_properties
    assert properties.title == "Sample size justification: A trial of <b>& 60 patients"
    assert properties.language == "en-GB"
    assert properties.created == properties.modified == WRITTEN
    section = found.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    assert "PAGE" in section.footer.part.element.xml
    languages = {n.get(qn("w:val")) for n in found.styles.element.iter(qn("w:lang"))}
    assert languages == {"en-GB"}


def test_citations_of_word_lead_to_the_numbered_references(tmp_path):
    found = word_file(justification(dossier(), "page"), tmp_path / "a.docx")
    anchors = {n.get(qn("w:anchor")) for n in found.element.iter(qn("w:hyperlink"))}
    bookmarks = {n.get(qn("w:name")) for n in found.element.iter(qn("w:bookmarkStart"))}
    assert anchors
    assert anchors <= bookmarks


@pytest.mark.parametrize(
    ("null", "length"), [(NullHypothesis.NONE, "full"), (NullHypothesis.STRONG, "page")]
)
def test_same_input_gives_same_bytes(tmp_path, null, length):
    paths = [tmp_path / f"{n}.{end}" for end in ("docx", "html") for n in (1, 2)]
    for path in paths:
        write = write_word if path.suffix == ".docx" else write_html
        write(justification(dossier(power_answer(null=null)), length), path)
    first, second, third, fourth = (path.read_bytes() for path in paths)
    assert first == second
    assert third == fourth
    dates = {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(first)).infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}


def test_exponent_behind_brackets_is_of_the_whole():
    found = equation(r"\left(\frac{1+x}{1-x}\right)^2 (a+b)^{2}")
    scripts = list(found.iter(qn("m:sSup")))
    assert len(scripts) == 2
    assert all(s.find(qn("m:e")).find(qn("m:d")) is not None for s in scripts)


def test_root_holds_what_is_under_it_and_nothing_else():
    found = equation(r"s = \sqrt{\frac{p(1-p)}{n}}, \quad p = x")
    (root,) = found.iter(qn("m:rad"))
    assert "".join(root.find(qn("m:e")).itertext()) == "p1\N{MINUS SIGN}pn"
    assert "".join(root.find(qn("m:deg")).itertext()) == ""


@pytest.mark.parametrize(("latex", "tag", "sign"), [
    (r"\hat{\pi}", "acc", "\u0302"), (r"\tilde{p}", "acc", "\u0303"), (r"\bar{p}", "bar", "top"),
])  # fmt: skip
def test_sign_above_a_letter_is_the_one_that_word_combines_with_it(latex, tag, sign):
    (above,) = equation(latex).iter(qn(f"m:{tag}"))
    assert above[0][0].get(qn("m:val")) == sign
    assert "".join(above.find(qn("m:e")).itertext()) in "\N{GREEK SMALL LETTER PI}p"


def test_words_and_numbers_are_upright_and_letters_slanted():
    found = equation(r"2 x \mathrm{HR}_i \exp\{y\}")
    runs = {"".join(run.itertext()): run[0][0] for run in found.iter(qn("m:r"))}
    assert [runs[word].tag for word in ("HR", "exp")] == [qn("m:nor")] * 2
    assert [runs[sign].get(qn("m:val")) for sign in "2xiy"] == ["p", "i", "i", "i"]


@pytest.mark.parametrize("latex", [r"\sum_{i=1}^{n} x_i", r"\vec{x}"])
def test_what_no_equation_needed_so_far_is_refused_rather_than_set_wrongly(latex):
    with pytest.raises(ValueError, match="not translated"):
        equation(latex)


def test_bracket_that_is_never_closed_is_refused():
    with pytest.raises(ExtraLeftOrMissingRightError):
        equation(r"(a + b")


def test_word_takes_what_would_be_markup_elsewhere(tmp_path):
    power = power_answer(title="<b>& ]]> *x* [@none]\x00")
    found = word_file(justification(dossier(power), "full"), tmp_path / "a.docx")
    assert "<b>& ]]> *x* [@none]" in found.paragraphs[1].text


@pytest.mark.parametrize(
    ("library", "module"),
    [("docx", "word"), ("latex2mathml.converter", "html"), ("jinja2", "html")],
)
def test_missing_library_is_an_import_error(monkeypatch, library, module):
    here = "simulator.report.document"
    for name in [name for name in sys.modules if name.startswith(f"{here}.{module}")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError):
        __import__(f"{here}.{module}")


def test_words_need_none_of_the_writers_libraries():
    folder = Path(sys.modules["simulator.report.document.justification"].__file__).parent
    writers = {"word.py", "word_format.py", "omml.py", "html.py"}
    for path in folder.glob("*.py"):
        if path.name not in writers:
            assert not re.search(
                r"^\s*(import|from) (docx|jinja2|latex2mathml)", path.read_text(), re.M
            )


def test_contents_of_word_are_there_before_its_field_is_updated(tmp_path, everything):
    document = justification(everything, "full")
    found = word_file(document, tmp_path / "a.docx")
    entries = [p for p in found.paragraphs if p.style.name.lower() == "toc 1"]
    sections = [b.text for b in document.blocks if isinstance(b, Heading) and b.level == 1]
    assert [re.sub(r"^[0-9]+\s", "", p.text) for p in entries] == sections
    assert [p.text[:2] for p in entries[:2]] == ["1\N{EN SPACE}", "2\N{EN SPACE}"]
    assert 'TOC \\o "1-1"' in entries[0]._p.xml
    anchors = {p._p.find(qn("w:hyperlink")).get(qn("w:anchor")) for p in entries}
    bookmarks = {n.get(qn("w:name")) for n in found.element.iter(qn("w:bookmarkStart"))}
    assert len(anchors) == len(sections)
    assert anchors <= bookmarks


def test_short_documents_have_no_contents(tmp_path):
    found = word_file(justification(dossier(), "page"), tmp_path / "a.docx")
    assert "TOC" not in found.element.xml


def test_type_of_figures_is_of_seven_points_at_least(tmp_path, picture_of):
    """It is drawn with 7.5: a figure of up to 9.5 cm keeps its size, a higher one 14/15 of it."""
    sizes = ((630, 320), (630, 610), (630, 850))  # 16 cm wide at 100 to the inch
    pictures = tuple(picture_of(*size) for size in sizes)
    found = word_file(Document("T", pictures), tmp_path / "a.docx")
    shown = [(shape.width.cm, shape.height.cm) for shape in found.inline_shapes]
    kept = (1.0, 14 / 15, 14 / 15)
    for (width, height), found, share in zip(sizes, shown, kept, strict=True):
        assert found == pytest.approx([share * width * 0.0254, share * height * 0.0254], abs=0.01)


def test_figures_that_are_too_large_fit_on_the_page_with_their_captions(tmp_path, picture_of):
    """A page has 26.3 cm of text, 16.6 cm wide."""
    pictures = (picture_of(1600, 600), picture_of(600, 2400))
    found = word_file(Document("T", pictures), tmp_path / "a.docx")
    wide, tall = found.inline_shapes
    assert wide.width.cm == pytest.approx(16.6, abs=0.01)
    assert tall.height.cm == pytest.approx(23.0, abs=0.01)


@pytest.fixture
def picture_of(tmp_path):
    """Make a picture of so many points at 100 to the inch."""
    image = pytest.importorskip("PIL.Image")

    def made(width, height):
        path = tmp_path / f"{width}x{height}.png"
        image.new("L", (width, height)).save(path, dpi=(100, 100))
        return Picture("C", "alt", path, path, f"p{width}x{height}")

    return made
