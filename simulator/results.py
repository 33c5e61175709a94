"""What the simulator answers: a summary, a table, and the tables that figures are drawn from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.montecarlo.loop import AnalysisEstimate
from simulator.planning.size import Answer
from simulator.report.tracing import Traced

if TYPE_CHECKING:
    import pandas

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Result:
    """An answer.

    Attributes
    ----------
    summary
        Everything that it tells, as the command prints it with --json.
    rows
        Its estimates as a table.
    data
        The tidy tables that its figures are drawn from, by name.
    finished
        False if it was stopped before its end; what is told is of what was done.
    """

    summary: dict[str, Any]
    rows: Rows
    data: dict[str, Rows]
    finished: bool

    def to_frame(self) -> "pandas.DataFrame":
        """Return the estimates as a data frame."""
        import pandas

        return pandas.DataFrame(self.rows)


@dataclass(frozen=True)
class Power(Result):
    """Power of each analysis: a row an analysis. `estimates` has the same, typed."""

    estimates: list[AnalysisEstimate]


@dataclass(frozen=True)
class Sweep(Result):
    """Power at several values of some keys: a row for each point and analysis."""


@dataclass(frozen=True)
class Size(Result):
    """Where an analysis reaches a power: a row for each value tried. None: out of reach."""

    answer: Answer | None


@dataclass(frozen=True)
class Trace(Result):
    """One trial: a row a patient. `traced` has every event."""

    traced: Traced
