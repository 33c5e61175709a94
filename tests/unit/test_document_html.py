"""A document as an HTML page."""

import itertools
import re
from html.parser import HTMLParser

import pytest
from answers import (
    power_answer,
)
from documents import dossier, word_file

from simulator.report.document.blocks import (
    Document,
    Equation,
    Heading,
    Paragraph,
    Picture,
    Reference,
    References,
    Table,
)
from simulator.report.document.html import write_html
from simulator.report.document.justification import justification
from simulator.report.document.word import write_word
from simulator.results.power import Drift, SelectionBias


class Page(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def page(document, path):
    write_html(document, path)
    text = path.read_text(encoding="utf-8")
    return Page(text), text


def test_html_asks_for_nothing_outside_itself(tmp_path, everything):
    found, text = page(justification(everything, "full"), tmp_path / "a.html")
    sources = [a["src"] for _, a in found.elements if "src" in a]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert {tag for tag, a in found.elements if a.get("href", "").startswith("http")} == {"a"}
    assert not found.all("link")
    assert not found.all("script")
    assert "url(" not in text
    assert "@import" not in text


def test_html_is_accessible(tmp_path, everything):
    found, text = page(justification(everything, "full"), tmp_path / "a.html")
    assert found.all("html") == [{"lang": "en-GB"}]
    assert all(image["alt"] for image in found.all("img"))
    assert len(found.all("img")) == 8
    assert {header.get("scope") for header in found.all("th")} == {"col", "row"}
    assert len(found.all("figcaption")) == len(found.all("figure"))
    assert all(formula["alttext"] for formula in found.all("math"))
    assert found.all("math")
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert "@media print" in text
    anchors = {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    assert anchors <= {a["id"] for _, a in found.elements if "id" in a}


def test_html_escapes_what_comes_from_elsewhere(tmp_path):
    bias = SelectionBias("shift", "<i>B</i>", hazard_ratio=0.7)
    drift = Drift("linear", 2.0)
    title = '<script>alert(1)</script> & "x"'
    power = power_answer(title=title, selection_bias=bias, drift=drift)
    found, text = page(justification(dossier(power), "full"), tmp_path / "a.html")
    assert not found.all("script")
    assert not found.all("i")
    assert "&lt;script&gt;" in text
    assert "the next arm is guessed, &lt;i&gt;B&lt;/i&gt; is to look better" in text
    assert "mortality drifts (linear): the last patient&#39;s hazard is 2 times the first" in text
    assert "*borrowed* [0.3]" in text


def test_plain_document_is_written_by_both(tmp_path):
    document = Document(
        "T",
        (
            Heading("H"),
            Paragraph("See [@a] and [#t]."),
            Table("C", ("x", "y"), (("1", "2"),), name="t"),
            Equation("x", "x"),
            References((Reference("a", "A work.", ""),)),
        ),
    )
    found = word_file(document, tmp_path / "a.docx")
    assert "See [1] and Table 1." in [paragraph.text for paragraph in found.paragraphs]
    _, text = page(document, tmp_path / "a.html")
    assert 'href="#ref-a">[1]</a>' in text


def test_missing_picture_is_an_os_error(tmp_path):
    none = tmp_path / "none"
    document = Document("T", (Picture("C", "alt", none, none),))
    with pytest.raises(OSError, match="none"):
        write_word(document, tmp_path / "a.docx")
    with pytest.raises(OSError, match="none"):
        write_html(document, tmp_path / "a.html")


def test_contents_of_html_lead_to_the_sections(tmp_path, everything):
    found, text = page(justification(everything, "full"), tmp_path / "a.html")
    assert len(found.all("nav")) == 1
    listed = re.findall(r'<li><a href="#(section-[\w-]+)">', text)
    headed = re.findall(r'<h2 id="(section-[\w-]+)">', text)
    assert listed == headed
    assert len(listed) > 10
    short, _ = page(justification(everything, "page"), tmp_path / "b.html")
    assert not short.all("nav")


def test_html_has_the_date_of_its_writing(tmp_path):
    found, text = page(justification(dossier(), "page"), tmp_path / "a.html")
    dates = [a["content"] for a in found.all("meta") if a.get("name") == "date"]
    assert dates == ["2026-11-27T04:30:00+00:00"]
    assert "27 November 2026, scenario mine, trialsim 0.1.0" in text
