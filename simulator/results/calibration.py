"""The answer of `calibrate`: targets through the simulation, and what was held out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from simulator.results.acceptance import Acceptance
from simulator.results.base import Answer, Record, Row, flat, table


@dataclass(frozen=True, repr=False)
class TargetReached(Record):
    """A target, and what the trials give before and after the keys moved.

    Attributes
    ----------
    label, measure, is_share
        What it is called, its word, and whether it is a share.
    target, tolerance
        What it is to be, and how far from that it may be.
    before, before_mcse, reached, reached_mcse
        With the scenario's own values and with those found, each with its Monte Carlo standard
        error.
    met_before, met
        Whether each is within the tolerance.
    movable
        Whether a key that may move changes it by as much as its tolerance within its limits.
    keys
        That may move for it.
    rows, source, note
        What the target rests on, and what a reader should know.
    """

    label: str
    measure: str
    is_share: bool
    target: float
    tolerance: float
    before: float
    before_mcse: float
    reached: float
    reached_mcse: float
    met_before: bool
    met: bool
    movable: bool
    keys: tuple[str, ...]
    rows: tuple[str, ...]
    source: str
    note: str


@dataclass(frozen=True, repr=False)
class MovedKey(Record):
    """A key that was moved.

    Attributes
    ----------
    key, name
        Its path, and what it is called: an item of a list by its name.
    old, new, error
        The scenario's own value, the one found, and its standard error from the simulation; None
        where the targets do not tell it.
    low, high, at_limit
        Between which it may lie, and whether it ended at one of the two.
    """

    key: str
    name: str
    old: float
    new: float
    error: float | None
    low: float
    high: float
    at_limit: bool


@dataclass(frozen=True, repr=False)
class WithoutTarget(Record):
    """What is reached if one of the targets is given up.

    Attributes
    ----------
    label, target
        Of the target that is given up.
    others_met
        Whether all others are then met.
    reached
        By label, what is then reached, the target given up included.
    """

    label: str
    target: float
    others_met: bool
    reached: Mapping[str, float]


@dataclass(frozen=True, repr=False)
class Calibration(Answer):
    """Parameters solved so that the simulated trials meet targets, all at once.

    Attributes
    ----------
    trials, patients
        Simulated at each set of values, the same ones.
    runs
        How many sets of values were simulated.
    targets
        In the order of the scenario.
    keys
        Each key that may move.
    contradictions
        Where targets are missed: what giving up each of those concerned would do.
    left_out
        Targets that the scenario has no such figure for, with the reason.
    block
        Lines of a scenario file with the values found.
    acceptance
        Of the scenario as it is, against published figures that it was not set by.
    """

    KIND: ClassVar[str] = "calibration"
    SHOWN_COLUMNS = ("label", "target", "tolerance", "before", "reached", "reached_mcse", "met")

    scenario: str
    title: str
    asked: str
    seed: int
    trials: int
    patients: int
    runs: int
    version: str
    targets: tuple[TargetReached, ...]
    keys: tuple[MovedKey, ...]
    contradictions: tuple[WithoutTarget, ...]
    left_out: Mapping[str, str]
    block: str
    acceptance: Acceptance | None

    @property
    def missed(self) -> tuple[TargetReached, ...]:
        """Targets that are not met."""
        return tuple(target for target in self.targets if not target.met)

    def rows(self) -> list[Row]:
        """One row per target; of a scenario without, one per figure held out."""
        if not self.targets and self.acceptance is not None:
            return table(self.acceptance.checks)
        return [{**flat(one), "keys": " ".join(one.keys)} for one in self.targets]

    def tables(self) -> dict[str, list[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        checks = () if self.acceptance is None else self.acceptance.checks
        rows = {
            "targets": self.rows() if self.targets else [],
            "keys": table(self.keys),
            "acceptance": [{**flat(one), "rows": " ".join(one.rows)} for one in checks],
        }
        return {name: found for name, found in rows.items() if found}

    def headline(self) -> list[str]:
        """How many targets are met, then one line per target."""
        met = len(self.targets) - len(self.missed)
        return [
            f"Calibration of {self.scenario}: {met} of {len(self.targets)} targets met, "
            f"{self.trials:,} trials, seed {self.seed}",
            *(
                f"  {one.label}: {one.reached:.4g} (MCSE {one.reached_mcse:.2g}) for "
                f"{one.target:g} +- {one.tolerance:g}"
                for one in self.targets
            ),
        ]
