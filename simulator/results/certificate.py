"""The answer of `power --certify`: the largest type I error over a family of nuisance values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, flat
from simulator.results.measures import without_result
from simulator.results.power import Drift, SelectionBias


@dataclass(frozen=True, repr=False)
class Cell(Record):
    """Nuisance values: common mortality by the end, Weibull shape, net probability of loss."""

    mortality: float
    shape: float
    loss: float


@dataclass(frozen=True, repr=False)
class RefusedCell(Cell):
    """A cell that cannot be simulated, and why."""

    reason: str


@dataclass(frozen=True, repr=False)
class ExactLevel(Record):
    """Largest type I error over the common mortality, where it is, and what none exceeds."""

    probability: float
    at: float
    bound: float


class LevelVerdict(StrEnum):
    """Whether an analysis holds its level."""

    EXCEEDS_EXACT = "exceeds_exact"  # by enumeration
    EXCEEDS = "exceeds"  # by simulation, with the stated confidence
    HOLDS_EXACT = "holds_exact"  # by enumeration, at any sizes of the arms
    EXCEEDS_AMONG_ANALYSABLE = "exceeds_among_analysable"  # by simulation, in trials with a result
    HOLDS = "holds"  # by simulation, with the stated confidence, in trials with a result too
    HOLDS_AT_PLANNED_SIZES = "holds_at_planned_sizes"  # by enumeration
    HOLDS_AMONG_ALL = "holds_among_all"  # by simulation, only if no result counts as no rejection
    NOT_SHOWN_TO_EXCEED = "not_shown_to_exceed"


@dataclass(frozen=True, repr=False)
class SimulatedLevel(Record):
    """The largest share of rejections that a cell has, among its trials with a result.

    `rejections` of `trials` in the cell `at`, with bounds as `Level` has them; both bounds are of
    all cells, and `high` is 1 where one has no trial with a result.
    """

    simulated: float
    mcse: float
    at: Cell
    trials: int
    rejections: int
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class NotAnalysable(Record):
    """The cell in which most trials have no result: `count` of `trials`."""

    share: float
    count: int
    trials: int
    at: Cell


@dataclass(frozen=True, repr=False)
class Level(Record):
    """Level of an analysis, or of analyses judged together.

    Attributes
    ----------
    test
        Its word in a scenario or, of analyses judged together, the procedure.
    exact
        None for analyses that are not of one 2 x 2 table.
    simulated, mcse, at
        Largest share of rejections among the cells, its Monte Carlo error, and the cell: of all
        trials, so that one without a result counts as no rejection.
    low, high
        Bounds of the largest type I error of the family: each with the stated confidence for all
        cells together (Clopper and Pearson 1934, with Bonferroni's correction).
    trials, rejections
        What the largest share is of.
    among_analysable
        The same among trials with a result; None if none has.
    not_analysable
        How many have none, at the most.
    """

    name: str
    test: str
    alpha: float
    exact: ExactLevel | None
    simulated: float
    mcse: float
    at: Cell
    low: float
    high: float
    trials: int
    rejections: int
    among_analysable: SimulatedLevel | None
    not_analysable: NotAnalysable
    verdict: LevelVerdict

    @property
    def mostly_without_result(self) -> bool:
        """Whether most trials of a cell have no result, so that a level says little."""
        return self.not_analysable.share > 0.5


class NoLevel(StrEnum):
    """Why no level at the margin is known."""

    NO_TABLE = "no_table"  # the test is not of one 2 x 2 table, whose law is known
    TREATED = "treated"  # who was treated depends on the arm
    LOOKED_AT = "looked_at"  # looks decide, and the law of their tables at a margin is not built
    TOGETHER = "together"  # analyses judged together have no common border


@dataclass(frozen=True, repr=False)
class MarginLevel(Record):
    """Largest type I error at the margin, of an analysis with one or of a family with such.

    Attributes
    ----------
    test
        Its word in a scenario or, of analyses judged together, the procedure.
    shows
        What is to be shown, in words; empty of analyses judged together.
    exact
        By enumeration at the planned sizes, the largest over the first arm's mortality with the
        second's at the margin; of equivalence at either margin. None: it is not known.
    missing
        Why it is not; None: it is.
    verdict
        None without a level.
    """

    name: str
    test: str
    alpha: float
    shows: str
    exact: ExactLevel | None
    missing: NoLevel | None
    verdict: LevelVerdict | None


@dataclass(frozen=True, repr=False)
class Family(Record):
    """The values that the cells combine, and how many cells were simulated."""

    mortality: tuple[float, ...]
    weibull_shape: tuple[float, ...]
    loss: tuple[float, ...]
    cells: int


@dataclass(frozen=True, repr=False)
class Certificate(Answer):
    """Levels of all analyses, and the family of nuisance values that they cover.

    `judged_together` are the levels of analyses that the scenario judges together, the
    probability that any hypothesis is rejected. `selection_bias` and `drift` distort every cell.
    `at_margins` are of analyses with a margin, which arms treated alike are no null hypothesis of:
    these are enumerated, and nothing of them is simulated. Where all have one there are no cells.
    """

    KIND: ClassVar[str] = "certificate"
    SHOWN_COLUMNS = (
        *("name", "alpha", "exact", "simulated", "mcse", "low", "high"),
        *("trials", "verdict"),
    )

    scenario: str
    seed: int
    version: str
    trials_per_cell: int
    confidence: float
    family: Family
    refused: tuple[RefusedCell, ...]
    levels: tuple[Level, ...]
    judged_together: tuple[Level, ...]
    selection_bias: SelectionBias | None
    drift: Drift | None
    at_margins: tuple[MarginLevel, ...] = ()

    def rows(self) -> list[Row]:
        """One row per analysis: its level, the cell where it is, and the exact one if any.

        Below stand the analyses judged together, a row each, and those with a margin.
        """
        return [
            *(_row(level, together=False) for level in self.levels),
            *(_row(level, together=True) for level in self.judged_together),
            *map(_margin_row, self.at_margins),
        ]

    def headline(self) -> list[str]:
        """One line per analysis."""
        return [
            f"Certificate of level of {self.scenario}, {self.family.cells} cells of "
            f"{self.trials_per_cell:,} trials, seed {self.seed}",
            *(
                f"  {level.name}: {level.verdict.value.replace('_', ' ')} {level.alpha:g}; largest "
                f"simulated {level.simulated:.1%} (MCSE {level.mcse:.1%})"
                f"{without_result(level.not_analysable.count, level.not_analysable.trials)}"
                for level in (*self.levels, *self.judged_together)
            ),
            *(
                f"  {level.name}: no level at the margin"
                if level.exact is None or level.verdict is None
                else f"  {level.name}: {level.verdict.value.replace('_', ' ')} {level.alpha:g}; at "
                f"the margin {level.exact.probability:.4f}"
                for level in self.at_margins
            ),
        ]


def _margin_row(level: MarginLevel) -> Row:
    """As `_row`, of what is enumerated alone."""
    return {
        "name": level.name,
        "test": level.test,
        "judged_together": level.missing is NoLevel.TOGETHER,
        "alpha": level.alpha,
        "exact": level.exact.probability if level.exact else None,
        **dict.fromkeys(_SIMULATED),
        "verdict": level.verdict.value if level.verdict else None,
    }


def _row(level: Level, *, together: bool) -> Row:
    """The same keys for every level, whether or not it has an exact one or trials with a result."""
    among, none = level.among_analysable, level.not_analysable
    return {
        "name": level.name,
        "test": level.test,
        "judged_together": together,
        "alpha": level.alpha,
        "exact": level.exact.probability if level.exact else None,
        "simulated": level.simulated,
        "mcse": level.mcse,
        "low": level.low,
        "high": level.high,
        "trials": level.trials,
        "rejections": level.rejections,
        **{f"at_{key}": cell for key, cell in flat(level.at).items()},
        "analysable_simulated": among.simulated if among else None,
        "analysable_mcse": among.mcse if among else None,
        "analysable_low": among.low if among else None,
        "analysable_high": among.high if among else None,
        "analysable_trials": among.trials if among else 0,
        "not_analysable_most": none.count,
        "not_analysable_of": none.trials,
        "verdict": level.verdict.value,
    }


_SIMULATED = (
    *("simulated", "mcse", "low", "high", "trials", "rejections"),
    *("at_mortality", "at_shape", "at_loss"),
    *("analysable_simulated", "analysable_mcse", "analysable_low", "analysable_high"),
    *("analysable_trials", "not_analysable_most", "not_analysable_of"),
)
