"""Equations as Word has them (Office Math), from LaTeX by way of MathML.

Brackets become delimiters about what they hold, so that an exponent behind one is an exponent of
the whole; converters that leave them as text lose it in some word processors.
"""

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from latex2mathml.converter import convert

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SCRIPTS = {"msub": "m:sSub", "msup": "m:sSup", "msubsup": "m:sSubSup"}
_ACCENTS = {
    "^": "\u0302",
    "\u02c6": "\u0302",
    "~": "\u0303",
    "\u02dc": "\u0303",
    "\u2192": "\u20d7",
}
_BARS = ("\u00af", "\u2015", "\u203e", "_", "\u0305")
_BIG = ("\u2211", "\u220f", "\u222b")  # sum, product, integral
_WIDE_EM = 0.5  # a narrower space is one that Word sets by itself


def equation(latex: str) -> Any:
    """Return a displayed equation as an `m:oMathPara` element.

    Raises
    ------
    latex2mathml.exceptions.LaTeXError
        Of one of its kinds, if the formula is not one.
    """
    mathml = ElementTree.fromstring(convert(latex, display="block"))
    return _element("m:oMathPara", _element("m:oMath", *_row(list(mathml))))


def _element(tag: str, *children: Any) -> Any:
    found = OxmlElement(tag)
    for child in children:
        found.append(child)
    return found


def _property(tag: str, value: str) -> Any:
    found = OxmlElement(tag)
    found.set(qn("m:val"), value)
    return found


def _tag(node: Any) -> str:
    return str(node.tag).rpartition("}")[2]


def _text(node: Any) -> str:
    return "".join(node.itertext()).strip()


def _flat(nodes: list[Any]) -> Iterator[Any]:
    """Nodes with rows within the row opened."""
    for node in nodes:
        if _tag(node) in ("mrow", "mstyle"):
            yield from _flat(list(node))
        else:
            yield node


def _row(nodes: list[Any]) -> list[Any]:
    """Elements of a row, with what stands between brackets gathered."""
    open_brackets: list[str] = []
    levels: list[list[Any]] = [[]]
    pending = list(_flat(nodes))[::-1]
    while pending:
        node = pending.pop()
        inner = _base(node)
        mark = _text(inner) if _tag(inner) == "mo" else ""
        if node is inner and mark in _CLOSING:
            open_brackets.append(mark)
            levels.append([])
        elif open_brackets and mark == _CLOSING[open_brackets[-1]]:
            group = _delimited(open_brackets.pop(), mark, levels.pop())
            levels[-1].append(group if node is inner else _script(node, [group]))
        elif mark in _BIG:
            operand = [pending.pop()] if pending else []
            levels[-1].append(_big(node, mark, _row(operand)))
        elif _is_word(node):
            letters = [_text(node)]
            while pending and _is_word(pending[-1]):
                letters.append(_text(pending.pop()))
            levels[-1].append(_run("".join(letters), upright=True))
        else:
            levels[-1] += _converted(node)
    while open_brackets:  # one that is never closed is a sign like others
        inside = levels.pop()
        levels[-1] += [_run(open_brackets.pop(), upright=True), *inside]
    return levels[0]


def _base(node: Any) -> Any:
    """What a script stands at; any other node itself."""
    tags = (*_SCRIPTS, "munder", "mover", "munderover")
    if _tag(node) in tags and len(node) and _tag(node[0]) == "mo":
        return node[0]
    return node


def _is_word(node: Any) -> bool:
    """Whether a node is upright text, or a letter of it."""
    if _tag(node) == "mtext":
        return True
    return _tag(node) == "mi" and (node.get("mathvariant") == "normal" or len(_text(node)) > 1)


def _converted(node: Any) -> list[Any]:
    convert_node = _BY_TAG.get(_tag(node))
    return [convert_node(node)] if convert_node else _other(node)


def _other(node: Any) -> list[Any]:
    if _tag(node) == "mspace":
        width = node.get("width", "0em").removesuffix("em")
        return [_run("\u2003", upright=True)] if float(width) > _WIDE_EM else []
    if len(node):
        return _row(list(node))
    return [_run(_text(node), upright=_tag(node) != "mi")] if _text(node) else []


def _run(text: str, *, upright: bool) -> Any:
    # A word is text within the formula; a style is for its signs alone.
    word = upright and len(text) > 1 and text.isalpha()
    style = _element(
        "m:rPr", OxmlElement("m:nor") if word else _property("m:sty", "p" if upright else "i")
    )
    fonts = OxmlElement("w:rFonts")
    for script in ("w:ascii", "w:hAnsi"):
        fonts.set(qn(script), "Cambria Math")
    shown = OxmlElement("m:t")
    shown.text = text
    shown.set(qn("xml:space"), "preserve")
    return _element("m:r", style, _element("w:rPr", fonts), shown)


def _part(tag: str, node: Any) -> Any:
    return _element(tag, *_row([node]))


def _delimited(begin: str, end: str, inside: list[Any]) -> Any:
    style = _element("m:dPr", _property("m:begChr", begin), _property("m:endChr", end))
    return _element("m:d", style, _element("m:e", *inside))


def _script(node: Any, base: list[Any] | None = None) -> Any:
    found = _element(_SCRIPTS[_tag(node)])
    found.append(_element("m:e", *(base if base is not None else _row([node[0]]))))
    for name, child in zip(_script_names(node), list(node)[1:], strict=True):
        found.append(_part(name, child))
    return found


def _script_names(node: Any) -> tuple[str, ...]:
    names = {"msub": ("m:sub",), "munder": ("m:sub",), "msup": ("m:sup",), "mover": ("m:sup",)}
    return names.get(_tag(node), ("m:sub", "m:sup"))


def _fraction(node: Any) -> Any:
    return _element("m:f", _part("m:num", node[0]), _part("m:den", node[1]))


def _square_root(node: Any) -> Any:
    hidden = _element("m:radPr", _property("m:degHide", "1"))
    return _element("m:rad", hidden, _element("m:deg"), _element("m:e", *_row(list(node))))


def _root(node: Any) -> Any:
    return _element("m:rad", _part("m:deg", node[1]), _part("m:e", node[0]))


def _over(node: Any) -> Any:
    mark = _text(node[1])
    if mark in _BARS:
        style = _element("m:barPr", _property("m:pos", "top"))
        return _element("m:bar", style, _part("m:e", node[0]))
    if mark in _ACCENTS:
        style = _element("m:accPr", _property("m:chr", _ACCENTS[mark]))
        return _element("m:acc", style, _part("m:e", node[0]))
    return _element("m:limUpp", _part("m:e", node[0]), _part("m:lim", node[1]))


def _under(node: Any) -> Any:
    return _element("m:limLow", _part("m:e", node[0]), _part("m:lim", node[1]))


def _big(node: Any, mark: str, operand: list[Any]) -> Any:
    """Return a sum and the like, with its limits and what it is of."""
    limits = (
        {} if _tag(node) == "mo" else dict(zip(_script_names(node), list(node)[1:], strict=True))
    )
    place = "subSup" if mark == "\u222b" else "undOvr"
    style = _element("m:naryPr", _property("m:chr", mark), _property("m:limLoc", place))
    found = _element("m:nary", style)
    for name in ("m:sub", "m:sup"):
        if name not in limits:
            style.append(_property(f"{name}Hide", "1"))
        found.append(_part(name, limits[name]) if name in limits else _element(name))
    found.append(_element("m:e", *operand))
    return found


_BY_TAG: dict[str, Callable[[Any], Any]] = {
    "msub": _script,
    "msup": _script,
    "msubsup": _script,
    "mfrac": _fraction,
    "msqrt": _square_root,
    "mroot": _root,
    "mover": _over,
    "munder": _under,
}
