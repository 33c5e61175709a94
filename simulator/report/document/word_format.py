"""What a Word file needs beside its text: page and fonts, and parts python-docx has no words for.

A4, en-GB, page numbers and fixed dates; fields, bookmarks, links and labels of lists.
"""

import datetime
import io
import zipfile
from typing import Any

from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

# The same run is to give the same bytes, so a file carries no time of its own.
_DATE = datetime.datetime(2000, 1, 1)
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FONT = "Arial"
_LANGUAGE = "en-GB"
_INK = RGBColor(0x1F, 0x2A, 0x37)
_REFERENCE_LIST = 90  # an id that the template's own lists do not use


def set_style(document: WordDocument, title: str) -> None:
    """Set page, fonts, language, footer and properties."""
    _set_page(document)
    _set_fonts(document)
    _set_language(document)
    _set_properties(document, title)


def _set_page(document: WordDocument) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin = section.bottom_margin = Cm(1.7)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run("Page ")
    add_field(footer, "PAGE", "1")
    footer.add_run(" of ")
    add_field(footer, "NUMPAGES", "1")
    for run in footer.runs:
        run.font.size = Pt(9)


def _set_fonts(document: WordDocument) -> None:
    sizes = {
        "Normal": 10,
        "Title": 15,
        "Heading 1": 12.5,
        "Heading 2": 11,
        "Heading 3": 10,
        "Caption": 9.5,
    }
    spaces = {
        "Normal": (0, 6),
        "Title": (0, 10),
        "Heading 1": (8, 3),
        "Heading 2": (8, 3),
        "Heading 3": (8, 3),
        "Caption": (8, 3),
    }
    for name, size in sizes.items():
        style: Any = document.styles[name]
        style.font.name, style.font.size = _FONT, Pt(size)
        _use_everywhere(style)
        before, after = spaces[name]
        style.paragraph_format.space_before = Pt(before)
        style.paragraph_format.space_after = Pt(after)
        if name != "Normal":
            style.font.bold, style.font.color.rgb = True, _INK
    document.styles["Normal"].paragraph_format.line_spacing = 1.1
    document.styles["Normal"].paragraph_format.widow_control = True


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


def _set_properties(document: WordDocument, title: str) -> None:
    properties = document.core_properties
    properties.title = title[:255]  # more than python-docx takes
    properties.subject = "Sample size justification"
    properties.author = properties.last_modified_by = "trialsim"
    properties.comments = properties.keywords = ""
    properties.language = _LANGUAGE
    properties.created = properties.modified = _DATE
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
    for kind in ("begin", None, "separate", shown, "end"):
        run = paragraph.add_run()
        if kind is None:
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = f" {instruction} "
            run._r.append(code)
        elif kind == shown:
            run.text = shown
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


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
