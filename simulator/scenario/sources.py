"""The grammar of sources: `# kind [rows]: words` behind a value of a scenario, parsed once.

A source has a part for each kind, with a semicolon between: `# derived [E22a]: from flows;
assumption: 0.75 h of set-up`. A part begins with the word of its kind; without one, what follows a
semicolon belongs to the words before it. Where words say that something is an assumption, a part
of the value is one. A comment that does not begin with a kind is no source; its words are kept.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from simulator.errors import RuleError
from simulator.results.sources import NO_SOURCE, Source, SourceKind, SourcePart
from simulator.scenario.errors import Problem, nearest
from simulator.scenario.yaml_reader import Node

WORDS = {
    kind.value: kind
    for kind in (
        SourceKind.REGISTRY,
        SourceKind.PUBLISHED,
        SourceKind.DERIVED,
        SourceKind.ASSUMPTION,
    )
}
FORM = "write it as: published [A42]: what it says"

_PART = re.compile(
    r"(?P<word>[A-Za-z]+)\b\s*(?P<list>\[(?P<rows>[^\]]*)\])?\s*[:,]?\s*(?P<rest>.*)"
)
_ROW = re.compile(r"[A-Za-z][A-Za-z_-]*[0-9][A-Za-z0-9_-]*")
_ROWS_SOMEWHERE = re.compile(r"\[[A-Z]\d{2,}[a-z]?(?:[\s,]+[A-Z]\d{2,}[a-z]?)*\]")
_SAYS_SO = re.compile(r"\bassum(?:ptions?|ed)\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def source_of(comment: str) -> Source:
    """Return the source that a comment is.

    Raises
    ------
    RuleError
        If it is meant as a source and is none: a kind is misspelled, or a row is no id.
    """
    parts: list[SourcePart] = []
    for clause in filter(None, (text.strip() for text in comment.split(";"))):
        found = _part(clause)
        if found is not None:
            parts.append(found)
        elif not parts:
            return _refused(comment)
        elif _SAYS_SO.search(clause):
            parts.append(SourcePart(SourceKind.ASSUMPTION, (), clause))
        else:
            last = parts[-1]
            words = f"{last.words}; {clause}" if last.words else clause
            parts[-1] = SourcePart(last.kind, last.rows, words)
    if not parts:
        return NO_SOURCE
    told = [part for part in parts if _SAYS_SO.search(part.words)]
    if told and not any(part.kind is SourceKind.ASSUMPTION for part in parts):
        parts.append(SourcePart(SourceKind.ASSUMPTION, (), ""))
    return Source(tuple(parts))


def _part(clause: str) -> SourcePart | None:
    """Return the part that a clause begins; None where it does not begin with a kind."""
    match = _PART.fullmatch(clause)
    if match is None:
        return None
    word = match["word"].lower()
    kind = WORDS.get("assumption" if word == "assumptions" else word)
    rows = tuple((match["rows"] or "").replace(",", " ").split())
    if kind is None:
        if rows and all(map(_ROW.fullmatch, rows)):
            near = nearest(word, WORDS)
            remedy = f"did you mean {near}?" if near else f"one of {', '.join(WORDS)}"
            raise RuleError(f"{match['word']} is no kind of source", remedy)
        return None
    if match["list"] is not None and not rows:
        raise RuleError("the brackets of a source name no row", FORM)
    for row in rows:
        if not _ROW.fullmatch(row):
            raise RuleError(f"{row[:60]} is no id of a row of evidence", FORM)
    return SourcePart(kind, rows, match["rest"].strip())


def _refused(comment: str) -> Source:
    """Return no source for a comment without a kind; refuse it if it names rows all the same."""
    if found := _ROWS_SOMEWHERE.search(comment):
        rule = f"the comment names rows, {found[0]}, but does not begin with a kind"
        raise RuleError(rule, f"begin it with one of {', '.join(WORDS)}")
    return Source((SourcePart(SourceKind.NONE, (), comment),))


def wrong_sources(nodes: Mapping[str, Node]) -> list[Problem]:
    """Comments that are meant as sources and are none, each at the first key that it covers."""
    first: dict[tuple[str, str], tuple[str, Node]] = {}
    for key, node in nodes.items():
        first.setdefault((node.file, node.comment), (key, node))
    found = []
    for key, node in first.values():
        try:
            source_of(node.comment)
        except RuleError as error:
            said = f"# {node.comment}"[:80]
            found.append(Problem(node.file, node.line, key, said, error.rule, error.remedy))
    return found
