"""What a Word file needs beside its text: page and fonts, and parts python-docx has no words for.

A4, en-GB, page numbers and fixed dates; fields, bookmarks, links and labels of lists.
"""

import datetime
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

_DATE = datetime.datetime(2000, 1, 1)  # of a document that is given none
# The same document is to give the same bytes: the parts of the archive carry no time of their own.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FONT = "Arial"
_LANGUAGE = "en-GB"
_INK = RGBColor(0x1F, 0x2A, 0x37)
_REFERENCE_LIST = 90  # an id that the template's own lists do not use


class Layout(NamedTuple):
    """Measures of a page: margins in centimetres, sizes and spaces of type in points.

    Attributes
    ----------
    small
        Size of notes.
    references, between_references
        Size of references, and the space after each.
    sizes, spaces
        By style: its size, and the space before and after.
    """

    side_cm: float
    top_cm: float
    line_spacing: float
    small: float
    references: float
    between_references: float
    sizes: Mapping[str, float]
    spaces: Mapping[str, tuple[float, float]]

    @property
    def width_cm(self) -> float:
        """Width of the text."""
        return _A4_CM[0] - 2 * self.side_cm


_A4_CM = 21.0, 29.7
_HEADINGS = "Heading 1", "Heading 2", "Heading 3"
LAYOUT = Layout(
    side_cm=2.2,
    top_cm=1.7,
    line_spacing=1.1,
    small=9.0,
    references=9.0,
    between_references=2.0,
    sizes={"Normal": 10, "Title": 16, "Subtitle": 11.5, "Caption": 9.5}
    | dict(zip(_HEADINGS, (12.5, 11, 10), strict=True)),
    spaces={"Normal": (0, 6), "Title": (0, 2), "Subtitle": (0, 4), "Caption": (8, 3)}
    | dict.fromkeys(_HEADINGS, (8, 3)),
)
COMPACT = Layout(
    side_cm=1.6,
    top_cm=1.1,
    line_spacing=1.0,
    small=8.0,
    references=7.5,
    between_references=0.0,
    sizes={"Normal": 9.5, "Title": 14, "Subtitle": 10.5, "Caption": 9}
    | dict(zip(_HEADINGS, (10.5, 10, 9.5), strict=True)),
    spaces={"Normal": (0, 2), "Title": (0, 0), "Subtitle": (0, 2), "Caption": (3, 2)}
    | dict.fromkeys(_HEADINGS, (4, 1)),
)


def set_style(document: WordDocument, layout: Layout) -> None:
    """Set page, fonts, language and footer."""
    _set_page(document, layout)
    _set_fonts(document, layout)
    _set_language(document)


def _set_page(document: WordDocument, layout: Layout) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = map(Cm, _A4_CM)
    section.left_margin = section.right_margin = Cm(layout.side_cm)
    section.top_margin = section.bottom_margin = Cm(layout.top_cm)
    section.footer_distance = Cm(min(layout.top_cm, 1.0) - 0.2)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run("Page ")
    add_field(footer, "PAGE", "1")
    footer.add_run(" of ")
    add_field(footer, "NUMPAGES", "1")
    footer.paragraph_format.space_after = Pt(0)
    for run in footer.runs:
        run.font.size = Pt(layout.small)


def _set_fonts(document: WordDocument, layout: Layout) -> None:
    for name, size in layout.sizes.items():
        style: Any = document.styles[name]
        style.font.name, style.font.size = _FONT, Pt(size)
        _use_everywhere(style)
        before, after = layout.spaces[name]
        style.paragraph_format.space_before = Pt(before)
        style.paragraph_format.space_after = Pt(after)
        if name != "Normal":
            style.font.bold, style.font.color.rgb = True, _INK
            style.font.italic = False
            for spacing in style.element.findall(f"{qn('w:rPr')}/{qn('w:spacing')}"):
                spacing.getparent().remove(spacing)  # letters of the template's stand apart
    document.styles["Normal"].paragraph_format.line_spacing = layout.line_spacing
    document.styles["Normal"].paragraph_format.widow_control = True
    _add_contents_style(document, layout)


def _add_contents_style(document: WordDocument, layout: Layout) -> None:
    """Add the style that Word gives the lines of a table of contents."""
    style: Any = document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Normal"]
    style.font.size = Pt(layout.small)
    style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)


def _use_everywhere(style: Any) -> None:
    """Take the font for every script, and no longer from the theme."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        if name.endswith("Theme"):
            del fonts.attrib[name]
    for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), _FONT)


def _set_language(document: WordDocument) -> None:
    styles: Any = document.styles.element
    for language in styles.iter(qn("w:lang")):
        language.set(qn("w:val"), _LANGUAGE)
    theme: Any = document.settings.element.find(qn("w:themeFontLang"))
    if theme is not None:
        theme.set(qn("w:val"), _LANGUAGE)
    normal = document.styles["Normal"].element.get_or_add_rPr()
    if normal.find(qn("w:lang")) is None:
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), _LANGUAGE)
        normal.append(language)


def set_properties(document: WordDocument, title: str, made: datetime.datetime | None) -> None:
    """Set the properties of the file; without a date it has one that is always the same."""
    properties = document.core_properties
    properties.title = title[:255]  # more than python-docx takes
    properties.subject = "Sample size justification"
    properties.author = properties.last_modified_by = "trialsim"
    properties.comments = properties.keywords = ""
    properties.language = _LANGUAGE
    properties.created = properties.modified = made or _DATE
    properties.revision = 1


def saved(document: WordDocument) -> bytes:
    """Return the bytes of a document, whose archive has one date throughout."""
    found, result = io.BytesIO(), io.BytesIO()
    document.save(found)
    with zipfile.ZipFile(found) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            target.writestr(entry, source.read(name))
    return result.getvalue()


def add_field(paragraph: WordParagraph, instruction: str, shown: str) -> None:
    """Append a field with the text that it shows until Word computes it again."""
    _begin_field(paragraph, instruction)
    paragraph.add_run(shown)
    _mark_field(paragraph, "end")


def _begin_field(paragraph: WordParagraph, instruction: str) -> None:
    _mark_field(paragraph, "begin")
    code = OxmlElement("w:instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = f" {instruction} "
    paragraph.add_run()._r.append(code)
    _mark_field(paragraph, "separate")


def _mark_field(paragraph: WordParagraph, kind: str) -> None:
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    paragraph.add_run()._r.append(mark)


def add_contents(document: WordDocument, entries: Sequence[tuple[str, str]]) -> None:
    """Add a table of contents: each heading, by its bookmark, is there before Word updates it.

    It has links and no page numbers, which Word alone knows: the sections are numbered.
    """
    for place, (bookmark, heading) in enumerate(entries):
        paragraph = document.add_paragraph(style="toc 1")
        paragraph.paragraph_format.keep_with_next = place < len(entries) - 1
        if place == 0:
            _begin_field(paragraph, 'TOC \\o "1-1" \\h \\z \\n')
        add_link(paragraph, bookmark, heading)
        if place == len(entries) - 1:
            _mark_field(paragraph, "end")


class Bookmarks:
    """Bookmarks of a document, numbered in the order in which they are set."""

    def __init__(self) -> None:
        self._count = 0

    def enclose(self, paragraph: WordParagraph, name: str, first: int) -> None:
        """Set a bookmark about the runs of a paragraph from the one numbered `first`."""
        start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
        for mark in (start, end):
            mark.set(qn("w:id"), str(self._count))
        start.set(qn("w:name"), name)
        self._count += 1
        paragraph.runs[first]._r.addprevious(start)
        paragraph._p.append(end)


def bookmark_name(key: str) -> str:
    """Return a name that Word allows: letters, digits and underscores."""
    return "_Ref_" + "".join(c if c.isalnum() else "_" for c in key)[:30]


def add_link(paragraph: WordParagraph, bookmark: str, text: str) -> None:
    """Append text that leads to a bookmark."""
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), bookmark)
    run = paragraph.add_run(text)
    link.append(run._r)
    paragraph._p.append(link)


def number_references(document: WordDocument) -> None:
    """Add the list whose items are labelled [1], [2] and so on."""
    numbering: Any = document.part.numbering_part.element
    abstract = parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{_REFERENCE_LIST}">'
        '<w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="decimal"/><w:lvlText w:val="[%1]"/><w:lvlJc w:val="left"/>'
        '<w:pPr><w:ind w:left="567" w:hanging="567"/></w:pPr></w:lvl></w:abstractNum>'
    )
    # All abstract lists come before the lists that use them.
    numbering.find(qn("w:num")).addprevious(abstract)
    numbering.append(
        parse_xml(
            f'<w:num {nsdecls("w")} w:numId="{_REFERENCE_LIST}">'
            f'<w:abstractNumId w:val="{_REFERENCE_LIST}"/></w:num>'
        )
    )


def as_reference(paragraph: WordParagraph) -> None:
    """Make a paragraph an item of the references' list."""
    properties: Any = paragraph._p.get_or_add_pPr()
    number = properties.get_or_add_numPr()
    number.get_or_add_ilvl().val = 0
    number.get_or_add_numId().val = _REFERENCE_LIST


def repeat_header(row: Any) -> None:
    """Repeat a row of a table on every page that the table goes on to."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def keep_whole(row: Any) -> None:
    """Keep a row of a table on one page."""
    row._tr.get_or_add_trPr().insert(0, OxmlElement("w:cantSplit"))
