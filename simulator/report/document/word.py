"""A document as a Word file, by python-docx."""

from pathlib import Path
from typing import Any

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph as WordParagraph

from simulator.report.document.blocks import (
    Block,
    Document,
    Equation,
    Heading,
    Paragraph,
    Picture,
    References,
    Table,
    anchor,
    citation_numbers,
    contents,
    labels,
    numbered,
    pointers,
    section_numbers,
    spans,
)
from simulator.report.document.column_widths import set_table
from simulator.report.document.omml import equation
from simulator.report.document.word_format import (
    COMPACT,
    LAYOUT,
    Bookmarks,
    add_contents,
    add_field,
    add_link,
    as_reference,
    bookmark_name,
    keep_whole,
    number_references,
    repeat_header,
    saved,
    set_properties,
    set_style,
)
from simulator.store import written_aside

_TALLEST_CM = 9.5  # two figures that are lower and their captions fit on a page
_TALLEST_HIGH_CM = 23.0  # of a figure that is drawn higher
_LEAST_SHRUNK = 14 / 15  # of that figure, to leave room for a low one: its type is 7 points then
_TOGETHER = 6  # rows of a table that is kept on one page


def write_word(document: Document, path: Path, *, replace: bool = True) -> None:
    """Write a document as a Word file; the same document gives the same bytes.

    Parameters
    ----------
    replace
        Whether a file that is there is replaced.

    Raises
    ------
    OSError
        If the file, or a picture, cannot be written or read; what was there is still there.
    """
    content = _Writer(document).bytes()
    with written_aside(path, replace=replace) as part:
        part.write_bytes(content)


class _Writer:
    """Writes the blocks of a document one after the other."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._word = docx.Document()
        self._layout = COMPACT if document.is_compact else LAYOUT
        self._numbers = citation_numbers(document)
        self._labels, self._pointers = labels(document), pointers(document)
        self._bookmarks = Bookmarks()

    def bytes(self) -> bytes:
        """Return the file."""
        document = self._document
        set_style(self._word, self._layout)
        full_title = ": ".join(filter(None, (document.title, document.subtitle)))
        set_properties(self._word, full_title, document.made)
        number_references(self._word)
        self._write_head()
        blocks, sections = document.blocks, section_numbers(document)
        for place, (block, following) in enumerate(zip(blocks, (*blocks[1:], None), strict=True)):
            if isinstance(block, Heading):
                self._write_heading(block, place, sections.get(place, ""))
            else:
                self._write(block, self._labels.get(place, ""))
            if isinstance(block, Paragraph) and isinstance(following, Equation):
                self._word.paragraphs[-1].paragraph_format.keep_with_next = True
        return saved(self._word)

    def _write_head(self) -> None:
        """Write the title, of what and when it is, and the contents."""
        document = self._document
        self._word.add_paragraph(document.title, style="Title")
        if document.subtitle:
            self._word.add_paragraph(document.subtitle, style="Subtitle")
        if document.byline:
            _shrink(self._word.add_paragraph(document.byline), self._layout.small)
        found = contents(document)
        if found:
            self._word.add_paragraph().add_run("Contents").bold = True
            self._word.paragraphs[-1].paragraph_format.space_after = Pt(2)
            entries = [
                (bookmark_name(name), numbered(number, text)) for name, number, text in found
            ]
            add_contents(self._word, entries)

    def _write_heading(self, block: Heading, place: int, number: str) -> None:
        heading = self._word.add_heading("", block.level)
        self._mark(heading, numbered(number, block.text))
        if block.name or (self._document.has_contents and block.level == 1):
            self._bookmarks.enclose(heading, bookmark_name(anchor(block, place)), 0)

    def _write(self, block: Block, label: str) -> None:
        if isinstance(block, Paragraph):
            self._mark(self._word.add_paragraph(), block.text)
        elif isinstance(block, Table):
            self._write_table(block, label)
        elif isinstance(block, Picture):
            self._write_picture(block, label)
        elif isinstance(block, Equation):
            self._write_equation(block)
        elif isinstance(block, References):
            self._write_references(block)

    def _mark(self, paragraph: WordParagraph, text: str) -> None:
        """Append marked text to a paragraph."""
        for kind, content in spans(text):
            if kind == "text":
                paragraph.add_run(content)
            elif kind == "emphasis":
                paragraph.add_run(content).italic = True
            elif kind == "citation":
                add_link(paragraph, bookmark_name(content), f"[{self._numbers[content]}]")
            else:
                shown = self._pointers[content]
                add_field(paragraph, f"REF {bookmark_name(content)} \\h", shown)

    def _caption(self, label: str, name: str, text: str) -> WordParagraph:
        kind, number = label.split()
        paragraph = self._word.add_paragraph(style="Caption")
        paragraph.add_run(f"{kind} ")
        add_field(paragraph, f"SEQ {kind} \\* ARABIC", number)
        if name:
            self._bookmarks.enclose(paragraph, bookmark_name(name), 0)
        paragraph.add_run(". ")
        label_runs = len(paragraph.runs)
        self._mark(paragraph, text)
        # The style is bold, so that the label needs no format, which a reference to it would copy.
        for run in paragraph.runs[label_runs:]:
            run.bold = False
        return paragraph

    def _write_table(self, block: Table, label: str) -> None:
        self._caption(label, block.name, block.caption).paragraph_format.keep_with_next = True
        table = self._word.add_table(rows=1 + len(block.rows), cols=len(block.header))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        _rule(table)
        block, widths, points = set_table(block, self._layout.width_cm)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        for row, cells in zip(table.rows, (block.header, *block.rows), strict=True):
            keep_whole(row)
            for column, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
                cell.width = Cm(widths[column])
                self._write_cell(cell.paragraphs[0], text, points, left=column in block.words)
        repeat_header(table.rows[0])
        for cell in table.rows[0].cells:
            for run in cell.paragraphs[0].runs:
                run.bold = True
        _keep_together(table, with_next=bool(block.note))
        self._write_note(block.note)

    def _write_note(self, text: str) -> None:
        """Write what stands under a table; Word needs a paragraph there in any case."""
        note = self._word.add_paragraph()
        note.paragraph_format.space_before = Pt(2)
        self._mark(note, text)
        _shrink(note, self._layout.small)
        if not text:
            note.paragraph_format.space_after = Pt(0)
            note.paragraph_format.line_spacing = Pt(6)

    def _write_cell(
        self, paragraph: WordParagraph, text: str, points: float, *, left: bool
    ) -> None:
        self._mark(paragraph, text)
        side = WD_ALIGN_PARAGRAPH.LEFT if left else WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.alignment = side
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
        paragraph.paragraph_format.line_spacing = 1.0
        _shrink(paragraph, points)

    def _write_picture(self, block: Picture, label: str) -> None:
        paragraph = self._word.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        inline: Any = paragraph.add_run().add_picture(str(block.png))
        # A picture's line is as high as the picture, not a multiple of it.
        paragraph.paragraph_format.line_spacing = 1.0
        paragraph.paragraph_format.space_after = Pt(0)
        shrunk = self._shrunk(inline)
        inline.width, inline.height = int(inline.width * shrunk), int(inline.height * shrunk)
        properties = inline._inline.docPr
        properties.set("descr", block.alternative)
        properties.set("name", label)
        self._caption(label, block.name, block.caption).paragraph_format.space_after = Pt(10)

    def _shrunk(self, inline: Any) -> float:
        """Return by how much a picture is made smaller: no more than keeps its type legible."""
        fitting = min(1.0, Cm(self._layout.width_cm) / inline.width)
        height = inline.height * fitting
        if height * _LEAST_SHRUNK <= Cm(_TALLEST_CM):
            return float(fitting * min(1.0, Cm(_TALLEST_CM) / height))
        return float(fitting * min(_LEAST_SHRUNK, Cm(_TALLEST_HIGH_CM) / height))

    def _write_equation(self, block: Equation) -> None:
        paragraph = self._word.add_paragraph()
        paragraph._p.append(equation(block.latex))

    def _write_references(self, block: References) -> None:
        for entry in block.entries:
            paragraph = self._word.add_paragraph()
            as_reference(paragraph)
            paragraph.paragraph_format.space_after = Pt(self._layout.between_references)
            self._mark(paragraph, entry.text)
            if entry.address:
                paragraph.add_run(f" {entry.address}")
            self._bookmarks.enclose(paragraph, bookmark_name(entry.key), 0)
            _shrink(paragraph, self._layout.references)


def _shrink(paragraph: WordParagraph, points: float) -> None:
    """Set a paragraph in small type, the runs within its links too."""
    for link in paragraph.hyperlinks:
        for run in link.runs:
            run.font.size = Pt(points)
    for run in paragraph.runs:
        run.font.size = Pt(points)


def _rule(table: Any) -> None:
    """Leave rules above and below the table and below its header alone."""
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        border = OxmlElement(f"w:{side}")
        drawn = side in ("top", "bottom", "insideH")
        border.set(qn("w:val"), "single" if drawn else "nil")
        if drawn:
            border.set(qn("w:sz"), "4" if side == "insideH" else "10")
            border.set(qn("w:space"), "0")
            border.set(qn("w:color"), "C4CAD2" if side == "insideH" else "1F2A37")
        borders.append(border)
    properties = table._tbl.tblPr
    properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")


def _keep_together(table: Any, *, with_next: bool) -> None:
    """Keep a short table on one page, and of any the first two rows and the last three.

    The last row is kept with its note.
    """
    rows = list(table.rows)
    kept = rows[:-1] if len(rows) <= _TOGETHER else [*rows[:2], *rows[-3:-1]]
    if with_next:
        kept.append(rows[-1])
    for row in kept:
        for cell in row.cells:
            cell.paragraphs[0].paragraph_format.keep_with_next = True
