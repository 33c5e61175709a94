"""Figures on disk: SVG, PNG and PDF, the same bytes again, and the caption with each."""

import re
import zlib
from datetime import UTC, datetime

import pytest
from figure_gallery import FIGURES
from PIL import Image

from simulator.report.figures.saving import save


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A drawing, and the stem that it was saved under."""
    drawing = FIGURES["survival"]().made_of("Scenario small: 10 simulated trials")
    stem = tmp_path_factory.mktemp("saved") / "once.1"
    return drawing, stem, save(drawing, stem)


def file_of(stem, kind):
    return stem.with_name(f"{stem.name}.{kind}")


@pytest.mark.parametrize("name", ["survival", "heat map, one cell", "flow"])
def test_a_figure_drawn_again_is_saved_as_the_same_bytes(name, tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    for stem in ("once.1", "again"):
        save(FIGURES[name](), tmp_path / stem)
    for kind in ("svg", "png", "pdf", "txt"):
        one, other = (file_of(tmp_path / stem, kind) for stem in ("once.1", "again"))
        assert one.read_bytes() == other.read_bytes()
    assert len(list(tmp_path.iterdir())) == 8  # nothing is left of what was written aside


def test_a_png_has_300_dots_an_inch_at_16_cm(saved):
    """16 cm at 300 dots an inch: 16 / 2.54 * 300 = 1889.8 dots."""
    _, stem, _ = saved
    with Image.open(file_of(stem, "png")) as image:
        assert image.format == "PNG"
        assert image.size[0] in (1889, 1890)
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_pdf_is_of_lines_and_holds_its_fonts_as_truetype(saved):
    """A TrueType font of a PDF is a descendant of Type 0 with its file in FontFile2."""
    _, stem, _ = saved
    found = file_of(stem, "pdf").read_bytes()
    assert found.startswith(b"%PDF-1.")
    assert b"/FontFile2" in found
    assert b"/Subtype /CIDFontType2" in found
    assert b"/Type3" not in found
    assert b"/Subtype /Image" not in found
    assert b"CreationDate" not in found


def test_an_svg_is_of_lines_and_asks_nothing_of_the_network(saved):
    text = file_of(saved[1], "svg").read_text("utf-8")
    assert "<svg" in text
    assert "<image" not in text
    assert not re.findall(r'(?:href|src)="http', text)
    assert "<dc:date>" not in text


def test_the_caption_is_beside_the_figure_and_in_each_format(saved):
    """So that whoever pastes a picture finds what to write under it."""
    drawing, stem, caption = saved
    assert caption == drawing.caption
    assert file_of(stem, "txt").read_text("utf-8") == f"{caption}\n"
    with Image.open(file_of(stem, "png")) as image:
        assert image.info["Description"] == caption
        assert image.info["Title"] == drawing.shows
    svg = file_of(stem, "svg").read_text("utf-8").replace("&apos;", "'")
    assert caption in svg
    assert f"<title>{drawing.shows}</title>" in svg
    pdf = file_of(stem, "pdf").read_bytes().decode("latin-1")
    assert f"({drawing.shows})" in pdf


def test_only_what_is_asked_for_is_written(tmp_path):
    save(FIGURES["power"](), tmp_path / "p", ("pdf",))
    assert {path.name for path in tmp_path.iterdir()} == {"p.pdf", "p.txt"}


def test_a_date_is_that_of_source_date_epoch(tmp_path, monkeypatch):
    """86,400 seconds after 1 January 1970 it was the 2nd."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    save(FIGURES["power"](), tmp_path / "p")
    assert datetime.fromtimestamp(86400, UTC).strftime("%Y%m%d") == "19700102"
    assert b"(D:19700102" in (tmp_path / "p.pdf").read_bytes()
    assert "1970-01-02" in (tmp_path / "p.svg").read_text("utf-8")


def test_what_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    drawing = FIGURES["power"]()

    def fail(path, **options):
        raise OSError("the disk is full")

    monkeypatch.setattr(drawing.figure, "savefig", fail)
    with pytest.raises(OSError, match="the disk is full"):
        save(drawing, tmp_path / "p")
    assert list(tmp_path.iterdir()) == []


def test_text_of_a_pdf_can_be_searched(saved):
    """Each glyph of a Type 0 font has its character in the font's ToUnicode map."""
    found = file_of(saved[1], "pdf").read_bytes()
    assert b"/ToUnicode" in found
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", found, re.DOTALL)
    texts = [zlib.decompress(s) for s in streams if s[:1] == b"\x78"]
    assert any(b"begincmap" in text for text in texts)
