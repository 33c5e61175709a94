"""From the values of a scenario to the rows that they rest on, and on to published figures."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from calibration.evidence.reading import read_evidence
from simulator.results.evidence import EvidenceRow, EvidenceStatus
from simulator.results.sources import Source, SourceKind
from simulator.scenario.errors import Problem, ScenarioError, nearest
from simulator.scenario.loaded import LoadedScenario

_ANY = "trialsim evidence lists the rows"


def evidence_of(loaded: LoadedScenario) -> dict[str, EvidenceRow]:
    """Return the rows that a scenario can name: the shipped ones and those of its own file.

    Raises
    ------
    ScenarioError
        If its own file cannot be read, or a row of it breaks a rule.
    """
    shipped = read_evidence()
    named = loaded.scenario.evidence_file
    if named is None:
        return shipped
    folder = Path(loaded.location("evidence_file").file).parent
    return {**shipped, **read_evidence(folder / named, shipped)}


def cited_rows(
    loaded: LoadedScenario, evidence: Mapping[str, EvidenceRow] | None = None
) -> dict[str, EvidenceRow]:
    """Return the rows that a scenario names, also to hold them out, and what they derive from.

    Parameters
    ----------
    evidence
        The rows that there are; None: `evidence_of` the scenario.

    Raises
    ------
    ScenarioError
        If a source names a row that does not exist, or one that is not of its kind.
    """
    known = evidence_of(loaded) if evidence is None else evidence
    sources = dict.fromkeys(loaded.provenance.values())
    problems = [found for source in sources for found in _wrong_rows(loaded, source, known)]
    if problems:
        raise ScenarioError(*problems)
    held_out = [row for check in loaded.scenario.acceptance or [] for row in check.rows]
    named = [row for source in sources for row in source.rows]
    return unfolded([*named, *(row for row in held_out if row in known)], known)


def unfolded(rows: Iterable[str], evidence: Mapping[str, EvidenceRow]) -> dict[str, EvidenceRow]:
    """Return rows by id, each before those that it is derived from."""
    found: dict[str, EvidenceRow] = {}
    left = list(rows)
    while left:
        one = left.pop(0)
        if one not in found:
            found[one] = evidence[one]
            left = [*evidence[one].derived_from, *left]
    return found


def _wrong_rows(
    loaded: LoadedScenario, source: Source, known: Mapping[str, EvidenceRow]
) -> list[Problem]:
    found = []
    for part in source.parts:
        for name in part.rows:
            wrong = _wrong(part.kind, name, known)
            if wrong is not None:
                key, place = loaded.first_place(source)
                found.append(Problem(place.file, place.line, key, f"[{name}]", *wrong))
    return found


def _wrong(kind: SourceKind, name: str, known: Mapping[str, EvidenceRow]) -> tuple[str, str] | None:
    """Return rule and remedy where a row does not exist, or is not what the source says."""
    if name not in known:
        near = nearest(name, known)
        remedy = f"did you mean {near}? {_ANY}" if near else _ANY
        return "is not a row of the evidence", remedy
    row = known[name]
    if kind is SourceKind.PUBLISHED and row.status is not EvidenceStatus.PUBLISHED:
        return f"the source is called published, and row {name} is derived", "call it derived"
    if kind is SourceKind.REGISTRY and not row.registry_id:
        remedy = "call it published, or name a row of the registry record"
        return f"the source is called registry, and row {name} is of no registry", remedy
    return None
