"""The answer of `evidence` as a page of text: values, the rows behind them, citations."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from simulator.report.evidence_words import counted, figure, interval, of_whom, reference_text
from simulator.report.text.numbers import value_in_words
from simulator.report.text.page import Block, Bold, Command, Section, line_count
from simulator.report.text.tables import new_table
from simulator.results.evidence import EvidenceRow, EvidenceStatus, Statistic
from simulator.results.evidence_answer import Evidence, EvidenceView
from simulator.results.sources import SourceKind

_LINES = 30  # of a screen
_MOST = 12  # rows or values of a screen; --full has all
_KINDS = {
    SourceKind.REGISTRY: "registry",
    SourceKind.PUBLISHED: "published",
    SourceKind.DERIVED: "derived",
    SourceKind.ASSUMPTION: "assumption",
    SourceKind.DEFAULT: "the program's default: an assumption",
    SourceKind.NONE: "no source: an assumption",
}


def evidence_screen(answer: Evidence, width: int, _run: Path | None) -> list[Block]:
    """Return what fits a screen: without notes, and of long tables the first rows."""
    blocks: list[Block] = []
    for most, with_notes in ((_MOST, True), *((few, False) for few in range(_MOST, 0, -1))):
        blocks = [*_body(answer, most, with_notes=with_notes), *_advice(answer)]
        if line_count(blocks, width) <= _LINES:
            break
    return blocks


def _body(answer: Evidence, most: int | None, *, with_notes: bool = True) -> Iterator[Block]:
    yield from _head(answer)
    if answer.topics:
        yield from _topics(answer)
    if answer.kinds:
        yield ""
        yield from _kinds(answer)
    if answer.view is EvidenceView.KEY:
        yield from _values(answer, most)
    if answer.evidence:
        yield from _rows(answer, most, with_notes=with_notes)
    if answer.view is EvidenceView.ROW:
        yield from _resting(answer, most)


def _head(answer: Evidence) -> Iterator[Block]:
    rows = sum(topic.published + topic.derived for topic in answer.topics)
    if answer.view is EvidenceView.OVERVIEW:
        yield Bold(f"{answer.scenario}: what its values rest on")
        yield f"{rows} rows of evidence"
        yield ""
    elif answer.view is EvidenceView.FILE:
        noun = "row" if rows == 1 else "rows"
        yield Bold(f"{answer.about}: {rows} {noun} of evidence, all within the rules")
        yield ""
    else:
        yield Bold(f"{answer.about} in {answer.scenario}")


def _topics(answer: Evidence) -> Iterator[Block]:
    is_of_scenario = answer.view is EvidenceView.OVERVIEW
    heads = ("Rows by topic", "published", "derived", *(["named"] if is_of_scenario else []))
    table = new_table(*heads)
    for topic in answer.topics:
        cells = [topic.topic.value.replace("_", " "), str(topic.published), str(topic.derived)]
        table.add_row(*cells, *([str(topic.named)] if is_of_scenario else []))
    yield table


def _kinds(answer: Evidence) -> Iterator[Block]:
    table = new_table("Values by source", "values", "assumed in part")
    for kind in answer.kinds:
        table.add_row(_KINDS[kind.kind], str(kind.values), str(kind.assumed_in_part or ""))
    yield table


def _values(answer: Evidence, most: int | None) -> Iterator[Block]:
    for value in answer.values[:most]:
        yield f"{value.key} = {value_in_words(value.value)}: {value.source}"
    yield from _more(len(answer.values), most, "values")
    if not answer.evidence:
        yield "No row of evidence stands behind it."


def _rows(answer: Evidence, most: int | None, *, with_notes: bool) -> Iterator[Block]:
    """Rows with their figures, each derived one before its own; then the works cited."""
    shown = answer.evidence[:most]
    works = list(dict.fromkeys(row.citation for row in answer.evidence if row.citation))
    cells: dict[str, list[str]] = {
        "Row": [row.id for row in shown],
        "figure": [_told(row) for row in shown],
        "95 % CI": [interval(row) for row in shown],
        "n": ["" if row.n is None else f"{row.n:,}" for row in shown],
        "of": [of_whom(row) for row in shown],
        "work": [_work(row, works) for row in shown],
    }
    told = {head: column for head, column in cells.items() if any(column)}
    table = new_table(*told, words=("Row", "figure", "of"))
    for row in zip(*told.values(), strict=True):
        table.add_row(*row)
    yield ""
    yield table
    yield from _more(len(answer.evidence), most, "rows")
    yield from _derivations(shown, with_notes=with_notes)
    yield ""
    yield from _cited(shown, works)


def _work(row: EvidenceRow, works: list[str]) -> str:
    return f"[{works.index(row.citation) + 1}]" if row.citation else "derived"


def _told(row: EvidenceRow) -> str:
    """Return quantity and figure, with the count and the words that stand beside it."""
    beside = "" if row.statistic is Statistic.COUNT else counted(row)
    words = "" if row.statistic is Statistic.TEXT else row.value_text
    return "; ".join(filter(None, (f"{row.quantity}: {figure(row)}", beside, words)))


def _derivations(rows: Iterable[EvidenceRow], *, with_notes: bool) -> Iterator[Block]:
    for row in rows:
        if row.status is EvidenceStatus.DERIVED:
            yield f"{row.id} is derived from {', '.join(row.derived_from)}: {row.derivation}"
        if row.note and with_notes:
            yield f"{row.id}: {row.note}"


def _cited(rows: Iterable[EvidenceRow], works: list[str]) -> Iterator[Block]:
    told = set()
    for row in rows:
        if row.citation and row.citation not in told:
            told.add(row.citation)
            yield f"[{works.index(row.citation) + 1}] {reference_text(row)} {row.address}".rstrip()


def _resting(answer: Evidence, most: int | None) -> Iterator[Block]:
    yield ""
    if not answer.values:
        yield f"No value of {answer.scenario} rests on it."
        return
    yield f"On it rest in {answer.scenario}:"
    for value in answer.values[:most]:
        yield f"  {value.key} = {value_in_words(value.value)}: {value.source}"


def _more(count: int, most: int | None, noun: str) -> Iterator[Block]:
    if most is not None and count > most:
        yield f"and {count - most} more {noun}, which --full shows"


def _keys(answer: Evidence) -> Iterator[Block]:
    """Every value that names rows, in the overview."""
    if answer.view is not EvidenceView.OVERVIEW:
        return
    table = new_table("Value", "source", words=("Value", "source"))
    for value in answer.values:
        table.add_row(f"{value.key} = {value_in_words(value.value)}", value.source)
    yield table


def _advice(answer: Evidence) -> Iterator[Block]:
    asked = "" if answer.asked in ("", "nct05484908") else f" --scenario {answer.asked}"
    yield ""
    if answer.view is EvidenceView.OVERVIEW:
        assumed = sum(k.assumed_in_part for k in answer.kinds)
        whole = sum(k.values for k in answer.kinds if k.kind.is_assumed)
        every = sum(k.values for k in answer.kinds)
        yield Bold(
            f"{whole:,} of {every:,} values are assumptions, and {assumed:,} more in part; "
            f"{len(answer.values):,} name rows."
        )
        yield Command(f"which values name which rows: trialsim evidence{asked} --full")
        yield Command(f"from a value to its sources:  trialsim evidence {_example(answer)}{asked}")
    elif answer.view is EvidenceView.FILE:
        yield "name it in a scenario, as evidence_file: my-evidence.csv, and its rows beside values"
    elif answer.view is EvidenceView.KEY and answer.evidence:
        yield Command(f"what rests on a row: trialsim evidence {answer.evidence[0].id}{asked}")
    else:
        yield Command(f"all values by source: trialsim evidence{asked}")


def _example(answer: Evidence) -> str:
    chains = [value for value in answer.values if value.kind is SourceKind.DERIVED]
    return next((value.key for value in (*chains, *answer.values)), "trial.target_randomised")


def _whole(answer: Evidence) -> Iterator[Block]:
    yield from _body(answer, None)


EVIDENCE_SECTIONS = (Section("evidence", _whole), Section("values", _keys))
