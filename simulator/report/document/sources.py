"""Where a value comes from, in the words of a document, with the works that it cites."""

import re

from simulator.report.document.blocks import literal
from simulator.report.document.dossier import ScenarioValue
from simulator.results.sources import SourceKind, SourcePart

NO_SOURCE = "assumption (no source is given)"
BY_DEFAULT = "assumption (the program's default)"
_ASSUMPTION = SourceKind.ASSUMPTION.value
_LONGEST = 90  # characters within a sentence


def source_in_words(entry: ScenarioValue) -> str:
    """Where a value comes from; one without a source counts as an assumption."""
    if entry.source.kind is SourceKind.DEFAULT:
        return BY_DEFAULT
    if not entry.source.is_given:
        words = entry.source.parts[0].words
        return f"{NO_SOURCE[:-1]}: {literal(words)})" if words else NO_SOURCE
    return "; ".join(_part(part, entry, _said(part)) for part in entry.source.parts)


def source_in_brackets(entry: ScenarioValue) -> str:
    """Where a value comes from, for brackets within a sentence: the first part of its source.

    That a value is an assumption is never left out.
    """
    if not entry.source.is_given:
        return _ASSUMPTION
    first = entry.source.parts[0]
    words = re.sub(r"\s*\(([^()]*)\)", r", \1", _said(first).split(";")[0].strip())
    words = words.replace(" %", "%")
    if len(words) > _LONGEST:
        words = f"{words[:_LONGEST].rsplit(' ', 1)[0].rstrip(',:')} \N{HORIZONTAL ELLIPSIS}"
    found = _part(first, entry, words)
    return f"{found}, in part an assumption" if entry.source.is_assumed_in_part else found


def _said(part: SourcePart) -> str:
    return f"{part.kind.value}: {part.words}" if part.words else part.kind.value


def _part(part: SourcePart, entry: ScenarioValue, words: str) -> str:
    """Return words of a part with the works that it cites."""
    works = dict.fromkeys(key for row in part.rows for key in entry.works.get(row, ()))
    marks = "".join(f"[@{key}]" for key in works)
    return f"{literal(words)} {marks}" if marks else literal(words)


def is_assumed(entry: ScenarioValue) -> bool:
    """Whether a value is an assumption, in whole or in part, said or not."""
    return entry.source.is_assumed


def wants_reference(entry: ScenarioValue) -> bool:
    """Whether a value is said to be published or derived, and names no row that could be cited."""
    kinds = SourceKind.PUBLISHED, SourceKind.DERIVED
    return any(part.kind in kinds and not part.rows for part in entry.source.parts)
