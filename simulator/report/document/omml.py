"""Equations as Word has them (Office Math), from LaTeX by way of MathML.

Brackets become delimiters about what they hold, so that an exponent behind one is an exponent of
the whole, and a root has its empty degree: without either some word processors set an equation
wrongly (docs/decisions/0007-dependencies.md).
"""

import re
from typing import Any
from xml.etree import ElementTree

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from latex2mathml.converter import convert

# MathML's elements whose children, in their order, are the parts of one of Word's.
_PARTS = {
    "mfrac": ("m:f", "m:num", "m:den"),
    "msub": ("m:sSub", "m:e", "m:sub"),
    "msup": ("m:sSup", "m:e", "m:sup"),
    "msubsup": ("m:sSubSup", "m:e", "m:sub", "m:sup"),
}
# As a hat, a tilde and a bar come, and as Word wants them.
_ABOVE = {
    "^": ("m:acc", "m:chr", "\u0302"),
    "~": ("m:acc", "m:chr", "\u0303"),
    "\u00af": ("m:bar", "m:pos", "top"),
}
_WIDE_EM = 0.5  # a narrower space is one that Word sets by itself


def equation(latex: str) -> Any:
    """Return a displayed equation as an `m:oMathPara` element.

    Its round and curly brackets are in pairs.

    Raises
    ------
    latex2mathml.exceptions.LaTeXError
        Of one of its kinds, if the formula is not one.
    ValueError
        If it holds what the documents' equations did not need so far.
    """
    mathml = ElementTree.fromstring(convert(_paired(latex), display="block"))
    return _element("m:oMathPara", _element("m:oMath", *_converted(mathml)))


def _paired(latex: str) -> str:
    """Every bracket said to open or to close, and every word to be one: then MathML groups them."""
    bare = re.sub(r"\\(left|right)(?=[()]|\\[{}])", "", latex).replace(r"\mathrm{", r"\text{")
    opened = re.sub(r"\(|\\\{", r"\\left\g<0>", bare)
    return re.sub(r"\)|\\\}", r"\\right\g<0>", opened)


def _element(tag: str, *children: Any, value: str | None = None) -> Any:
    found = OxmlElement(tag)
    found.extend(children)
    if value is not None:
        found.set(qn("m:val"), value)
    return found


def _converted(node: ElementTree.Element) -> list[Any]:
    """Word's elements for one of MathML's."""
    kind, text = node.tag.rpartition("}")[2], (node.text or "").strip()
    if kind in _PARTS:
        whole, *parts = _PARTS[kind]
        return [_element(whole, *map(_part, parts, node))]
    match kind:
        case "math" | "mrow" | "mstyle":
            return _row(list(node))
        case "mi" | "mn" | "mo" | "mtext":
            return [_run(text, upright=kind != "mi" or len(text) > 1)] if text else []
        case "mspace":
            width = float(node.get("width", "0em").removesuffix("em"))
            return [_run("\u2003", upright=True)] if width > _WIDE_EM else []
        case "msqrt":
            hidden = _element("m:radPr", _element("m:degHide", value="1"))
            under = _element("m:e", *_row(list(node)))
            return [_element("m:rad", hidden, _element("m:deg"), under)]
        case "mover" if node[1].text in _ABOVE:
            whole, name, value = _ABOVE[node[1].text]
            style = _element(f"{whole}Pr", _element(name, value=value))
            return [_element(whole, style, _part("m:e", node[0]))]
    raise ValueError(f"an equation for Word holds <{kind}>, which is not translated so far")


def _part(tag: str, node: ElementTree.Element) -> Any:
    return _element(tag, *_converted(node))


def _row(nodes: list[ElementTree.Element]) -> list[Any]:
    """Elements of a row, or the one with its brackets if it stands within them."""
    if nodes and nodes[0].get("form") == "prefix" and nodes[-1].get("form") == "postfix":
        begin = _element("m:begChr", value=nodes[0].text)
        end = _element("m:endChr", value=nodes[-1].text)
        inside = _element("m:e", *_row(nodes[1:-1]))
        return [_element("m:d", _element("m:dPr", begin, end), inside)]
    return [element for node in nodes for element in _converted(node)]


def _run(text: str, *, upright: bool) -> Any:
    # A word is text within the formula; a style is for its signs alone.
    word = upright and len(text) > 1 and text.isalpha()
    style = _element("m:nor") if word else _element("m:sty", value="p" if upright else "i")
    fonts = _element("w:rFonts")
    for script in ("w:ascii", "w:hAnsi"):
        fonts.set(qn(script), "Cambria Math")
    shown = _element("m:t")
    shown.text = text
    shown.set(qn("xml:space"), "preserve")
    return _element("m:r", _element("m:rPr", style), _element("w:rPr", fonts), shown)
