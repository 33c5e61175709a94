"""The answer of `power --certify`: the largest type I error over a family of nuisance values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, flat


@dataclass(frozen=True)
class Cell(Record):
    """Nuisance values: common mortality by the end, Weibull shape, net probability of loss."""

    mortality: float
    shape: float
    loss: float


@dataclass(frozen=True)
class RefusedCell(Cell):
    """A cell that cannot be simulated, and why."""

    reason: str


@dataclass(frozen=True)
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
    HOLDS = "holds"  # by simulation, with the stated confidence
    HOLDS_AT_PLANNED_SIZES = "holds_at_planned_sizes"  # by enumeration
    NOT_SHOWN_TO_EXCEED = "not_shown_to_exceed"


@dataclass(frozen=True)
class Level(Record):
    """Level of an analysis.

    Attributes
    ----------
    exact
        None for analyses that are not of one 2 x 2 table.
    simulated, mcse, at
        Largest share of rejections among the cells, its Monte Carlo error, and the cell.
    low, high
        Bounds of the largest type I error of the family: each with the stated confidence for all
        cells together (Clopper and Pearson 1934, with Bonferroni's correction).
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
    verdict: LevelVerdict


@dataclass(frozen=True)
class Family(Record):
    """The values that the cells combine, and how many cells were simulated."""

    mortality: tuple[float, ...]
    weibull_shape: tuple[float, ...]
    loss: tuple[float, ...]
    cells: int


@dataclass(frozen=True, repr=False)
class Certificate(Answer):
    """Levels of all analyses, and the family that they cover."""

    KIND: ClassVar[str] = "certificate"

    scenario: str
    seed: int
    version: str
    trials_per_cell: int
    confidence: float
    family: Family
    refused: tuple[RefusedCell, ...]
    levels: tuple[Level, ...]

    def rows(self) -> list[Row]:
        """One row per analysis: its level, the cell where it is, and the exact one if any."""
        return [
            {
                **{
                    key: cell
                    for key, cell in flat(level).items()
                    if key not in ("exact", "verdict")
                },
                **{f"at_{key}": cell for key, cell in flat(level.at).items()},
                "exact": level.exact.probability if level.exact else None,
                "verdict": level.verdict.value,
            }
            for level in self.levels
        ]

    def headline(self) -> list[str]:
        """One line per analysis."""
        return [
            f"Certificate of level of {self.scenario}, {self.family.cells} cells of "
            f"{self.trials_per_cell:,} trials, seed {self.seed}",
            *(
                f"  {level.name}: {level.verdict.value.replace('_', ' ')} {level.alpha:g}; largest "
                f"simulated {level.simulated:.1%} (MCSE {level.mcse:.1%})"
                for level in self.levels
            ),
        ]
