"""Parts of a Word file that python-docx has no words for: fields, bookmarks, labels of lists."""

from typing import Any

from docx.document import Document as WordDocument
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.text.paragraph import Paragraph as WordParagraph

_REFERENCE_LIST = 90  # an id that the template's own lists do not use


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
