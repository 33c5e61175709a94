"""The answer of `levers`: what moving each assumption and each choice does, ranked."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from simulator.results.base import Answer, Cell, Record, Row, Value, cell_of
from simulator.results.measures import Estimate, NullHypothesis, PairedEstimate, Share
from simulator.results.operations import limited_by_recruitment


class LeverKind(StrEnum):
    """Who decides."""

    ASSUMPTION = "assumption"  # nature: the designer can only learn more about it
    CHOICE = "choice"  # the designer


@dataclass(frozen=True, repr=False)
class LeverMove(Record):
    """A lever moved to other values, beside the same trials of the base scenario.

    Attributes
    ----------
    to
        A value by key; null: what is there is left out.
    power
        Share of trials that reject, with its difference to the base.
    told_apart
        Whether the difference of power exceeds its error: of all moves together, at 95 %
        (Bonferroni).
    enrolment_days, trial_days
        From the first opening to the end of recruitment, and of the last follow-up.
    cost
        Of a trial, in the scenario's currency; None where it counts none.
    """

    to: tuple[Value, ...]
    power: PairedEstimate
    told_apart: bool
    enrolment_days: PairedEstimate
    trial_days: PairedEstimate
    cost: PairedEstimate | None
    randomised: Estimate
    target_reached: Share

    @property
    def recruitment_is_the_limit(self) -> bool:
        """Whether most trials randomise fewer patients than planned."""
        return limited_by_recruitment(self.target_reached)


@dataclass(frozen=True, repr=False)
class Lever(Record):
    """An assumption or a choice, and what its moves do.

    Attributes
    ----------
    keys, own
        Of the scenario, and the values that it has; several keys move together.
    moves
        To the low end first, if it is of a range.
    """

    name: str
    kind: LeverKind
    keys: tuple[str, ...]
    own: tuple[Value, ...]
    moves: tuple[LeverMove, ...]

    @property
    def largest(self) -> LeverMove:
        """The move that changes power the most."""
        return max(self.moves, key=lambda move: abs(move.power.difference))

    @property
    def swing(self) -> float:
        """Largest change of power, without its sign."""
        return abs(self.largest.power.difference)

    @property
    def told_apart(self) -> bool:
        """Whether any move changes power by more than its error."""
        return any(move.told_apart for move in self.moves)


@dataclass(frozen=True, repr=False)
class FailedMove(Record):
    """A move to values that no trial can be simulated with, and why."""

    lever: str
    kind: LeverKind
    to: tuple[Value, ...]
    why: str


@dataclass(frozen=True, repr=False)
class LeftOutLever(Record):
    """A range that says nothing of this scenario, and why."""

    name: str
    why: str


@dataclass(frozen=True, repr=False)
class BaseTrial(Record):
    """The scenario as it is."""

    power: Estimate
    enrolment_days: Estimate
    trial_days: Estimate
    cost: Estimate | None
    randomised: Estimate
    target_reached: Share


@dataclass(frozen=True, repr=False)
class Levers(Answer):
    """What matters most: levers, ranked by how far they move power.

    Attributes
    ----------
    trials
        Of the base and of each move, the same ones.
    analysis, test_name
        Whose power it is.
    currency
        Of costs; None where none are counted.
    levers
        Those that move power the most first.
    failed
        Moves that no trial could be simulated with.
    left_out
        Ranges that do not fit the scenario.
    interrupted
        Whether it was stopped early; the levers shown are complete.
    """

    KIND: ClassVar[str] = "levers"
    SHOWN_COLUMNS = ("lever", "kind", "from", "to", "power", "difference", "paired_mcse")

    scenario: str
    title: str
    seed: int
    trials: int
    version: str
    null_hypothesis: NullHypothesis
    analysis: str
    test_name: str
    currency: str | None
    base: BaseTrial
    levers: tuple[Lever, ...]
    failed: tuple[FailedMove, ...]
    left_out: tuple[LeftOutLever, ...]
    interrupted: bool = False

    @property
    def finished(self) -> bool:
        """False if it was stopped before its end; it tells of what was done."""
        return not self.interrupted

    def of_kind(self, kind: LeverKind) -> tuple[Lever, ...]:
        """Return the assumptions, or the choices, in their order."""
        return tuple(lever for lever in self.levers if lever.kind is kind)

    @property
    def moves(self) -> int:
        """How many moves there are."""
        return sum(len(lever.moves) for lever in self.levers)

    def rows(self) -> list[Row]:
        """One row per move, levers in the order of their ranks."""
        return [
            {
                "rank": rank,
                "lever": lever.name,
                "kind": lever.kind.value,
                "keys": "; ".join(lever.keys),
                "from": _cell(lever.own),
                "to": _cell(move.to),
                **_cells("power", move.power),
                "told_apart": move.told_apart,
                **_cells("enrolment_days", move.enrolment_days),
                **_cells("trial_days", move.trial_days),
                **_cells("cost", move.cost),
                "randomised": move.randomised.mean,
                "target_reached": move.target_reached.mean,
            }
            for rank, lever in enumerate(self.levers, start=1)
            for move in lever.moves
        ]

    def tables(self) -> dict[str, list[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        failed: list[Row] = [
            {"lever": one.lever, "kind": one.kind.value, "to": _cell(one.to), "why": one.why}
            for one in self.failed
        ]
        return {"moves": self.rows(), **({"failed": failed} if failed else {})}

    def headline(self) -> list[str]:
        """The base, then the levers that move power the most."""
        return [
            f"Levers of {self.scenario}: {self.trials:,} trials of each, seed {self.seed}; power "
            f"of {self.analysis} {self.base.power.mean:.1%} (MCSE {self.base.power.mcse:.1%})",
            *_lines(self.levers),
        ]


def _cell(values: tuple[Value, ...]) -> Cell:
    """Values of keys as one cell: a single one if all have the same; a list as 2:1."""
    if all(value == values[0] for value in values):
        value = values[0]
        return ":".join(map(str, value)) if isinstance(value, list | tuple) else cell_of(value)
    return "; ".join(str(cell_of(value)) for value in values)


def _cells(name: str, found: PairedEstimate | None) -> Row:
    if found is None:
        return dict.fromkeys((name, *_beside(name)))
    held = found.mean, found.mcse, found.difference, found.paired_mcse
    return dict(zip((name, *_beside(name)), held, strict=True))


def _beside(name: str) -> tuple[str, str, str]:
    if name == "power":
        return "mcse", "difference", "paired_mcse"
    return f"{name}_mcse", f"{name}_difference", f"{name}_paired_mcse"


def _lines(levers: tuple[Lever, ...]) -> Iterator[str]:
    for lever in levers:
        move = lever.largest.power
        yield (
            f"  {lever.name} ({lever.kind}): {100 * move.difference:+.2f} points (paired MCSE "
            f"{100 * move.paired_mcse:.2f})"
        )
