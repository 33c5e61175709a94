"""What is said of runs on disk: which there are, by what one was made, and two side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, Value, flat
from simulator.results.comparison import DifferentValue


@dataclass(frozen=True, repr=False)
class KeptRun(Record):
    """A run on disk.

    Attributes
    ----------
    folder
        Of it.
    command, scenario
        What was asked, of which scenario; empty where that cannot be read.
    trials, precision
        That were asked for; null where the command has none.
    ended
        When, in UTC.
    finished
        False if it was stopped before its end.
    bytes
        On disk, with all that the folder holds.
    is_current
        Whether it is by this version of the program.
    fault
        What is wrong with it; empty if nothing was found.
    """

    folder: str
    command: str
    scenario: str
    trials: int | None
    precision: float | None
    ended: str
    finished: bool
    bytes: int
    is_current: bool
    fault: str


@dataclass(frozen=True, repr=False)
class KeptRuns(Answer):
    """The runs of a folder.

    Attributes
    ----------
    folder
        In which they are.
    runs
        The latest first.
    units, units_bytes
        Units of work kept there: of how many questions, and what they take on disk.
    litter, litter_bytes
        Folders that processes left which were killed.
    """

    KIND: ClassVar[str] = "runs"
    SHOWN_COLUMNS: ClassVar[tuple[str, ...]] = (
        "folder", "command", "scenario", "trials", "ended", "finished", "bytes", "is_current",
    )  # fmt: skip

    folder: str
    runs: tuple[KeptRun, ...]
    units: int
    units_bytes: int
    litter: int
    litter_bytes: int

    def rows(self) -> list[Row]:
        """One row per run."""
        return [flat(run) for run in self.runs]

    def headline(self) -> list[str]:
        """How many there are, and where."""
        return [
            f"{len(self.runs)} runs in {self.folder}",
            *(f"  {run.folder}" for run in self.runs),
        ]


@dataclass(frozen=True, repr=False)
class KeptFile(Record):
    """A file: its path, its size in bytes and the SHA-256 of what it holds."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, repr=False)
class SourceCount(Record):
    """How many values of a scenario are of a kind of source, as published."""

    kind: str
    values: int


@dataclass(frozen=True, repr=False)
class Provenance(Answer):
    """By what a run was made, of what, and what it holds: all checksums were compared.

    Attributes
    ----------
    command_line
        As it was given.
    command, scenario, title, seed, digest, asked
        The question: its digest is of all of it and of the program's sources.
    scenario_sha256
        Of the scenario in full, as JSON with sorted keys.
    sources
        Values of the scenario by the kind of their sources.
    evidence
        Rows of evidence that the sources rest on, by id.
    read
        Files that were read: the scenario, those that it extends, and others.
    began, ended, seconds
        When, in UTC, and how long it took.
    versions, machine
        Of the program, its libraries and the system; what it ran on.
    files
        Of the run, as the manifest has them.
    finished
        False if it was stopped before its end.
    is_current
        Whether it is by this version of the program.
    answer
        The answer's own JSON.
    """

    KIND: ClassVar[str] = "run"

    folder: str
    command_line: str
    command: str
    scenario: str
    title: str
    seed: int
    digest: str
    asked: Mapping[str, Value]
    scenario_sha256: str
    sources: tuple[SourceCount, ...]
    evidence: tuple[str, ...]
    read: tuple[KeptFile, ...]
    began: str | None
    ended: str
    seconds: float | None
    versions: Mapping[str, str]
    machine: Mapping[str, str | int]
    files: tuple[KeptFile, ...]
    is_finished: bool
    is_current: bool
    answer: Value

    @property
    def finished(self) -> bool:
        """False if it was stopped before its end."""
        return self.is_finished

    def rows(self) -> list[Row]:
        """One row per file of the run."""
        return [flat(file) for file in self.files]

    def headline(self) -> list[str]:
        """What it is, and the command."""
        return [
            f"{self.folder}: {self.command} of {self.scenario}, {self.ended}",
            self.command_line,
        ]


@dataclass(frozen=True, repr=False)
class RatesOfRuns(Record):
    """How often an analysis rejects in either run.

    Attributes
    ----------
    first, first_mcse, second, second_mcse
        Share of trials, and its Monte Carlo standard error.
    difference, mcse
        The second less the first, and its error.
    difference_low, difference_high
        95 % interval of the difference: 1.96 standard errors to either side.
    pairs
        Trials that were compared one by one; null: the runs are taken for independent.
    """

    name: str
    first: float
    first_mcse: float
    second: float
    second_mcse: float
    difference: float
    mcse: float
    difference_low: float
    difference_high: float
    pairs: int | None

    @property
    def differs(self) -> bool:
        """Whether the 95 % interval of the difference leaves 0 out."""
        return not self.difference_low <= 0 <= self.difference_high


@dataclass(frozen=True, repr=False)
class RunsCompared(Answer):
    """Two runs of power side by side: the analyses that both have, by name.

    Attributes
    ----------
    first, second
        Folders.
    scenarios, seeds, trials
        Of the first and of the second.
    not_compared
        Analyses that only one of them has.
    different
        Keys in which the scenarios differ, labels apart.
    """

    KIND: ClassVar[str] = "runs_compared"

    first: str
    second: str
    scenarios: tuple[str, str]
    seeds: tuple[int, int]
    trials: tuple[int, int]
    analyses: tuple[RatesOfRuns, ...]
    not_compared: tuple[str, ...]
    different: tuple[DifferentValue, ...]

    def rows(self) -> list[Row]:
        """One row per analysis."""
        return [{**flat(one), "differs": one.differs} for one in self.analyses]

    def headline(self) -> list[str]:
        """The runs, then one line per analysis."""
        return [
            f"{self.second} against {self.first}",
            *(
                f"  {a.name}: {a.second:.1%} against {a.first:.1%}, difference "
                f"{100 * a.difference:+.2f} points (MCSE {100 * a.mcse:.2f})"
                for a in self.analyses
            ),
        ]


@dataclass(frozen=True, repr=False)
class Prunable(Record):
    """Something that can be worked out again: what it is, where, and its bytes on disk."""

    path: str
    what: str
    bytes: int


@dataclass(frozen=True, repr=False)
class Pruned(Answer):
    """What can go of a folder of runs, or is gone.

    Attributes
    ----------
    gone
        What can go; if `removed`, what is gone.
    left
        What would be of the kind, and was left, with the reason in place of what it is.
    """

    KIND: ClassVar[str] = "runs_pruned"

    folder: str
    removed: bool
    gone: tuple[Prunable, ...]
    left: tuple[Prunable, ...]

    def rows(self) -> list[Row]:
        """One row per thing."""
        return [
            {**flat(one), "left": found is self.left}
            for found in (self.gone, self.left)
            for one in found
        ]

    def headline(self) -> list[str]:
        """How much it is."""
        size = sum(one.bytes for one in self.gone)
        done = "removed" if self.removed else "to be removed"
        return [f"{len(self.gone)} {done} in {self.folder}, {size:,} bytes"]
