"""What an answer depends on, and the name that this gives it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.caches import PROGRAM_DIGEST
from simulator.results.evidence import EvidenceRow
from simulator.results.sources import Source
from simulator.store.writing import plain_json

if TYPE_CHECKING:
    from simulator.scenario.loaded import LoadedScenario

RESULTS = Path("results")
PROGRAM = PROGRAM_DIGEST  # by which the digest of a question tells versions of the program apart
UNITS = RESULTS / "units"


def units_beside(run: Path) -> Path:
    """Return the folder of the units of a run that is to stand in a folder: one for all runs.

    But never within the run's folder, nor around it.
    """
    mine, units = run.resolve(), UNITS.resolve()
    if units.is_relative_to(mine) or mine.is_relative_to(units):
        return run.with_name(f"{run.name}-units")
    return UNITS


@dataclass(frozen=True)
class Question:
    """All that the answer depends on.

    Attributes
    ----------
    command
        As power.
    scenario, sources
        The scenario in full as plain values, and where each of its keys comes from, plain too.
    seed
        Of all random numbers.
    asked
        The command's own options that bear on the answer: trials, engine, keys that are varied.
    evidence
        Rows that the sources name, and those that these are derived from, by id; plain.
    """

    command: str
    scenario: Mapping[str, Any]
    sources: Mapping[str, Any]
    seed: int
    asked: Mapping[str, Any]
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Twelve digits that another question, or another version of the program, changes."""
        return digest_of(self.plain(), PROGRAM)

    def plain(self) -> dict[str, Any]:
        """Return its parts by their names, as JSON holds them."""
        return dict(plain_json({part.name: getattr(self, part.name) for part in fields(self)}))

    def source(self, key: str) -> Source:
        """Return where the value of a key comes from."""
        return Source.from_dict(self.sources[key])

    @cached_property
    def evidence_rows(self) -> dict[str, EvidenceRow]:
        """The rows of evidence that the sources name, by id."""
        return {key: EvidenceRow.from_dict(row) for key, row in self.evidence.items()}

    @property
    def folder(self) -> Path:
        """Where its answer is kept if nothing else is said."""
        name = self.scenario["name"]
        return RESULTS / f"{self.command}-{name}-seed{self.seed}-{self.digest}"


def digest_of(plain: Mapping[str, Any], program: str) -> str:
    """Return the digest that a version of the program gives a question.

    Parameters
    ----------
    plain
        Its parts by their names, as JSON holds them.

    Raises
    ------
    KeyError
        If a part is missing.
    """
    whole = [*(plain[part.name] for part in fields(Question)), program]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def question_of(
    loaded: "LoadedScenario",
    command: str,
    seed: int,
    *,
    evidence: Mapping[str, EvidenceRow] | None = None,
    **asked: Any,
) -> Question:
    """Return what an answer of a scenario depends on.

    Parameters
    ----------
    evidence
        The rows that the scenario rests on (`calibration.evidence.cited_rows`), for documents.
    """
    plain = loaded.scenario.model_dump(mode="json")
    sources = {key: source.to_dict() for key, source in loaded.provenance.items()}
    rows = {key: row.to_dict() for key, row in (evidence or {}).items()}
    return Question(command, plain, sources, seed, asked, rows)
