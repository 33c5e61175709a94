"""The question of what the values of a scenario rest on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from calibration.evidence import cited_rows, evidence_of, read_evidence, unfolded
from simulator.declarations.claims import is_claim
from simulator.results.evidence import EvidenceRow, EvidenceStatus, Topic
from simulator.results.evidence_answer import (
    Evidence,
    EvidenceView,
    KindCount,
    SourcedValue,
    TopicCount,
)
from simulator.results.sources import SourceKind
from simulator.scenario.errors import Problem, ScenarioError, nearest
from simulator.scenario.loaded import LoadedScenario


def evidence_overview(loaded: LoadedScenario) -> Evidence:
    """Return the rows by topic, the values by kind, and which values name rows.

    Raises
    ------
    ScenarioError
        If the evidence is wrong, or a source names a row that is none.
    """
    evidence = evidence_of(loaded)
    cited_rows(loaded, evidence)
    values = [v for v in _values(loaded) if is_claim(v.key, v.value)]
    return Evidence(
        view=EvidenceView.OVERVIEW,
        scenario=loaded.scenario.name,
        asked=loaded.asked,
        about="",
        topics=_topics(evidence, {row for v in values for row in v.rows}),
        kinds=_kinds(loaded),
        values=tuple(v for v in values if v.rows),
        evidence=(),
    )


def evidence_about(loaded: LoadedScenario, about: str, origin: str) -> Evidence:
    """Return what a key, or a row, of a scenario is connected with.

    Parameters
    ----------
    about
        Id of a row, or a key as every command takes it: by names, with stars, n in short, or of
        several values.
    origin
        Where it was written, for the message.

    Raises
    ------
    ScenarioError
        If there is no such key and no such row.
    """
    evidence = evidence_of(loaded)
    cited_rows(loaded, evidence)
    wanted = about.strip()
    if wanted in evidence:
        return _about_row(loaded, wanted, evidence)
    parted = [key for key in evidence if key[:-1] == wanted and key[-1].isalpha()]
    near = parted or _like_a_row(wanted, evidence)
    if near:
        remedy = f"it is in parts: {', '.join(near)}" if parted else f"did you mean {near[0]}?"
        rule = "is not a row of the evidence"
        raise ScenarioError(Problem(origin, 0, wanted[:100], "", rule, remedy))
    key = loaded.key(wanted, origin, ({},))
    keys = set(loaded.leaves(key))
    found = tuple(value for value in _values(loaded) if value.key in keys)
    rows = dict.fromkeys(row for value in found for row in value.rows)
    return Evidence(
        view=EvidenceView.KEY,
        scenario=loaded.scenario.name,
        asked=loaded.asked,
        about=key,
        topics=(),
        kinds=(),
        values=found,
        evidence=tuple(unfolded(rows, evidence).values()),
    )


def evidence_in_file(path: Path) -> Evidence:
    """Return the rows of a file of one's own, which may name shipped rows.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or a row breaks a rule.
    """
    rows = read_evidence(path, read_evidence())
    return Evidence(
        view=EvidenceView.FILE,
        scenario="",
        asked="",
        about=str(path),
        topics=_topics(rows, set()),
        kinds=(),
        values=(),
        evidence=tuple(rows.values()),
    )


def _about_row(
    loaded: LoadedScenario, wanted: str, evidence: Mapping[str, EvidenceRow]
) -> Evidence:
    resting = [
        value
        for value in _values(loaded)
        if value.rows and wanted in unfolded(value.rows, evidence)
    ]
    return Evidence(
        view=EvidenceView.ROW,
        scenario=loaded.scenario.name,
        asked=loaded.asked,
        about=wanted,
        topics=(),
        kinds=(),
        values=tuple(v for v in resting if is_claim(v.key, v.value)),
        evidence=tuple(unfolded([wanted], evidence).values()),
    )


def _like_a_row(wanted: str, evidence: Mapping[str, EvidenceRow]) -> list[str]:
    """Return the row that was meant, where a text looks like the id of one."""
    short = wanted.isalnum() and any(map(str.isdigit, wanted)) and len(wanted) <= 6
    same = [key for key in evidence if key.lower() == wanted.lower()]
    near = nearest(wanted.upper(), evidence) if short else ""
    return same or ([near] if near else [])


def _values(loaded: LoadedScenario) -> list[SourcedValue]:
    return [
        SourcedValue(key, value, source.text, source.kind, source.is_assumed, source.rows)
        for key, value, source in loaded.values()
    ]


def _kinds(loaded: LoadedScenario) -> tuple[KindCount, ...]:
    sources = [source for key, value, source in loaded.values() if is_claim(key, value)]
    counts = Counter(source.kind for source in sources)
    in_part = Counter(source.kind for source in sources if source.is_assumed_in_part)
    return tuple(KindCount(k, counts[k], in_part[k]) for k in SourceKind if counts[k])


def _topics(evidence: Mapping[str, EvidenceRow], named: Iterable[str]) -> tuple[TopicCount, ...]:
    found = []
    for topic in Topic:
        rows = [row for row in evidence.values() if row.topic is topic]
        published = sum(row.status is EvidenceStatus.PUBLISHED for row in rows)
        known = set(named) & {row.id for row in rows}
        if rows:
            found.append(TopicCount(topic, published, len(rows) - published, len(known)))
    return tuple(found)
