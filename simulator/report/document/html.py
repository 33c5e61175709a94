"""A document as one HTML file that asks for nothing else: pictures and equations are in it."""

import base64
from pathlib import Path
from typing import Any

import jinja2
from latex2mathml.converter import convert
from markupsafe import Markup, escape

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
    pointers,
    section_numbers,
    spans,
)
from simulator.store import written_aside

_LANGUAGE = "en-GB"
_TEMPLATE = "document.html.j2"


def write_html(document: Document, path: Path, *, replace: bool = True) -> None:
    """Write a document as one HTML file; the same document gives the same bytes.

    Parameters
    ----------
    replace
        Whether a file that is there is replaced.

    Raises
    ------
    OSError
        If the file, or a picture, cannot be written or read; what was there is still there.
    """
    page = _page(document)
    with written_aside(path, replace=replace) as part:
        part.write_text(page, encoding="utf-8", newline="\n")


def _page(document: Document) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found, marked = labels(document), _Marks(document)
    sections = section_numbers(document)
    parts = [
        _part(block, found.get(place, ""), marked)
        | (_heading(block, place, sections) if isinstance(block, Heading) else {})
        for place, block in enumerate(document.blocks)
    ]
    template = environment.get_template(_TEMPLATE)
    page = template.render(
        document=document,
        language=_LANGUAGE,
        parts=parts,
        contents=[(name, number, marked(text)) for name, number, text in contents(document)],
    )
    return page + "\n"


class _Marks:
    """Turns marked text into HTML; what is not a mark is escaped."""

    def __init__(self, document: Document) -> None:
        self._numbers, self._pointers = citation_numbers(document), pointers(document)

    def __call__(self, text: str) -> Markup:
        return Markup("").join(self._span(kind, content) for kind, content in spans(text))

    def _span(self, kind: str, content: str) -> Markup:
        if kind == "emphasis":
            return Markup("<em>{}</em>").format(content)
        if kind == "citation":
            link = Markup('<a class="citation" href="#ref-{}">[{}]</a>')
            return link.format(content, self._numbers[content])
        if kind == "pointer":
            link = Markup('<a class="pointer" href="#{}">{}</a>')
            return link.format(content, self._pointers[content])
        return escape(content)


def _part(block: Block, label: str, marked: _Marks) -> dict[str, Any]:
    """Return a block as the template wants it."""
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level + 1, "text": marked(block.text)}
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": marked(block.text)}
    if isinstance(block, Table):
        return _table(block, label, marked)
    if isinstance(block, Picture):
        return {
            "kind": "picture",
            "name": block.name,
            "label": label,
            "caption": marked(block.caption),
            "alternative": block.alternative,
            "source": _inline(block),
        }
    if isinstance(block, Equation):
        return {"kind": "equation", "math": _math(block), "spoken": block.spoken}
    return _references(block, marked)


def _heading(block: Heading, place: int, sections: dict[int, str]) -> dict[str, str]:
    return {"name": anchor(block, place), "number": sections.get(place, "")}


def _table(block: Table, label: str, marked: _Marks) -> dict[str, Any]:
    return {
        "kind": "table",
        "name": block.name,
        "label": label,
        "caption": marked(block.caption),
        "header": [marked(cell) for cell in block.header],
        "rows": [[marked(cell) for cell in row] for row in block.rows],
        "note": marked(block.note),
        "words": block.words,
    }


def _references(block: References, marked: _Marks) -> dict[str, Any]:
    entries = [
        {"key": entry.key, "text": marked(entry.text), "address": entry.address}
        for entry in block.entries
    ]
    return {"kind": "references", "entries": entries}


def _inline(picture: Picture) -> str:
    """Picture as a data: URI. An SVG within an image loads nothing and runs no script."""
    content = base64.b64encode(picture.svg.read_bytes()).decode("ascii")
    return f"data:image/svg+xml;base64,{content}"


def _math(equation: Equation) -> Markup:
    mathml = convert(equation.latex, display="block")
    # The converter escapes the text of the formula; what it returns is markup.
    spoken = Markup('<math alttext="{}" ').format(equation.spoken)
    return spoken + Markup(mathml.removeprefix("<math "))
