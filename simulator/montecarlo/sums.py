"""What trials add up to: everything that an answer is made of, whatever the number of trials.

`Sums.add` takes a table of results and the metrics of trials, a chunk at a time; `Sums.merge` the
sums of the trials that come next. A unit of work is added up trial by trial wherever it is done,
and units are merged in their order, so that the bits of an answer depend on neither.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.analysis import AnalysisPlan, AnalysisTable, Reason
from simulator.analysis.cut import Bools
from simulator.analysis.kernel import inlined, kernel
from simulator.analysis.types import reaches
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.columns import Layout, MetricRows
from simulator.montecarlo.look_sums import LooksOfTrials, LookSums
from simulator.montecarlo.multiplicity import Family, Joint
from simulator.montecarlo.performance import Estimation
from simulator.montecarlo.totals import Totals
from simulator.records import Floats, Ints
from simulator.truth import Truth


class Verdicts(NamedTuple):
    """Single trials in their order, some bits each.

    Attributes
    ----------
    bits
        (rows, bytes): of each analysis whether it rejects, then of each whether it has a result,
        then of each whether it rejects in favour of the second arm; then of each hypothesis of each
        family whether it is rejected. Eight trials a byte.
    trials, analyses
        How many.
    """

    bits: npt.NDArray[np.uint8]
    trials: int
    analyses: int

    def _rows(self, first: int, end: int) -> Bools:
        rows = np.unpackbits(self.bits[first:end], axis=1, count=self.trials)
        return np.ascontiguousarray(rows.T).view(np.bool_)

    @property
    def rejected(self) -> Bools:
        """(trials, analyses): whether each rejects."""
        return self._rows(0, self.analyses)

    @property
    def analysable(self) -> Bools:
        """(trials, analyses): whether each has a result."""
        return self._rows(self.analyses, 2 * self.analyses)

    @property
    def second_favoured(self) -> Bools:
        """(trials, analyses): whether each rejects in favour of the second arm."""
        return self._rows(2 * self.analyses, 3 * self.analyses)

    @property
    def together(self) -> Bools:
        """(trials, hypotheses of all families): whether each is rejected."""
        return self._rows(3 * self.analyses, len(self.bits))


class Sums:
    """Sums over the trials added so far.

    Parameters
    ----------
    plans, truths, families
        The analyses, what each estimates, and those judged together.

    Attributes
    ----------
    trials
        How many.
    rejections
        (analyses,): trials with p <= alpha.
    favouring
        (analyses, arms): those among them that favour each arm.
    reasons
        (analyses, reasons): trials by `Reason`.
    joint, estimation, totals
        What analyses do together, how their estimates compare with the truth, what trials took.
    looks
        What looks came to; None without any.
    """

    def __init__(
        self,
        layout: Layout,
        plans: Sequence[AnalysisPlan],
        truths: tuple[Truth, ...],
        families: tuple[Family, ...],
        monitoring: MonitoringPlan | None = None,
    ) -> None:
        analyses = len(plans)
        if len(truths) != analyses:  # compiled sums would write beside their arrays
            raise ValueError(f"{analyses} analyses need as many truths, not {len(truths)}")
        self.trials = 0
        self.rejections = np.zeros(analyses, np.int64)
        self.favouring = np.zeros((analyses, layout.arms), np.int64)
        self.reasons = np.zeros((analyses, len(Reason)), np.int64)
        self.joint = Joint(analyses, families)
        self.estimation = Estimation(truths)
        self.totals = Totals(layout)
        self.looks: LookSums | None = None
        self._looked_at = 0
        if monitoring is not None:
            self._looked_at = column = monitoring.column
            self.looks = LookSums(monitoring, layout, plans[column], truths[column])
        self._alpha = np.array([plan.alpha for plan in plans])
        self._hypotheses = sum(len(family.columns) for family in families)

    def add(
        self,
        table: AnalysisTable,
        rows: MetricRows,
        trials: int,
        looks: LooksOfTrials | None = None,
    ) -> Bools:
        """Add the first so many trials of a table and of rows, which come next.

        Their arrays are in C order and may be used again afterwards.

        Returns
        -------
        (rows of `Verdicts`, trials): what they come to, trial by trial.
        """
        analyses = self.rejections.size
        found = np.zeros((3 * analyses + self._hypotheses, trials), np.bool_)
        table = AnalysisTable._make(map(_in_c_order, table))
        judged = table.p_value, table.favours, table.reason, self._alpha, trials
        _judge(*judged, found, self.rejections, self.favouring, self.reasons)
        self.joint.add(table.p_value, found, found[3 * analyses :], trials)
        self.estimation.add(table, found, trials)
        self.totals.add(rows, trials)
        if self.looks is not None and looks is not None:
            self.looks.add(looks, rows, table, found[self._looked_at], trials)
        self.trials += trials
        return found

    def merge(self, later: "Sums") -> None:
        """Take in the sums of the trials that come next."""
        self.trials += later.trials
        self.rejections += later.rejections
        self.favouring += later.favouring
        self.reasons += later.reasons
        self.joint.merge(later.joint)
        self.estimation.merge(later.estimation)
        self.totals.merge(later.totals)
        if self.looks is not None and later.looks is not None:
            self.looks.merge(later.looks)

    @property
    def verdict_rows(self) -> int:
        """Rows of the `Verdicts` of its trials."""
        return 3 * self.rejections.size + self._hypotheses

    def _arrays(self) -> list[npt.NDArray[Any]]:
        """All that is summed in arrays of fixed shapes, in a fixed order."""
        mine = self.rejections, self.favouring, self.reasons
        of_looks = [] if self.looks is None else self.looks.arrays()
        whole = *self.joint.arrays(), *self.estimation.arrays(), *self.totals.arrays()
        return [*mine, *whole, *of_looks]

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the sums of a unit of work as arrays: whole numbers, amounts, and days."""
        arrays = self._arrays()
        return {
            "trials": np.array([self.trials], np.int64),
            "counts": _joined(arrays, np.dtype(np.int64)),
            "amounts": _joined(arrays, np.dtype(np.float64)),
            "days": self.totals.enrolment_days.state(),
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Become, from sums over no trial, what `state` was taken of.

        Raises
        ------
        KeyError, ValueError
            If it was taken of other sums than these.
        """
        arrays = self._arrays()
        for name in ("counts", "amounts"):
            _hand_out(state[name], [a for a in arrays if a.dtype == state[name].dtype])
        if sum(a.size for a in arrays) != state["counts"].size + state["amounts"].size:
            raise ValueError("sums of another kind")
        self.trials = int(state["trials"][0])
        self.totals.restore(self.trials, state["days"])


def packed(verdicts: Sequence[Bools], analyses: int) -> Verdicts:
    """Return what `Sums.add` said of some trials, in their order."""
    whole = verdicts[0] if len(verdicts) == 1 else np.concatenate(verdicts, axis=1)
    return Verdicts(np.packbits(whole, axis=1), whole.shape[1], analyses)


def joined(verdicts: Sequence[Verdicts]) -> Verdicts:
    """Return verdicts that come one after another as one."""
    bits: list[Any] = [np.unpackbits(v.bits, axis=1, count=v.trials) for v in verdicts]
    whole = np.concatenate(bits, axis=1)
    return Verdicts(np.packbits(whole, axis=1), whole.shape[1], verdicts[0].analyses)


def _joined(arrays: Sequence[npt.NDArray[Any]], kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return the arrays of a type, one after another."""
    return np.concatenate([np.zeros(0, kind), *(a.ravel() for a in arrays if a.dtype == kind)])


def _hand_out(values: npt.NDArray[Any], arrays: Sequence[npt.NDArray[Any]]) -> None:
    """Fill arrays with values, one after another."""
    if values.ndim != 1 or values.size != sum(a.size for a in arrays):
        raise ValueError(f"{values.shape} values of {values.dtype}")
    first = 0
    for array in arrays:
        array[...] = values[first : first + array.size].reshape(array.shape)
        first += array.size


def _in_c_order(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(column)


_ANALYSED = int(Reason.ANALYSED)
_reaches = inlined(reaches)


@kernel
def _judge(
    p_values: Floats,
    favours: Ints,
    reason: Ints,
    alpha: Floats,
    trials: int,
    found: Bools,
    rejections: Ints,
    favouring: Ints,
    reasons: Ints,
) -> None:
    """Count what each analysis comes to, and fill in the bits of single trials."""
    analyses = alpha.size
    for trial in range(trials):
        for j in range(analyses):
            rejects, arm = _reaches(p_values[trial, j], alpha[j]), favours[trial, j]
            found[j, trial] = rejects
            found[analyses + j, trial] = reason[trial, j] == _ANALYSED
            found[2 * analyses + j, trial] = rejects & (arm == 1)
            rejections[j] += rejects
            reasons[j, reason[trial, j]] += 1
            if rejects and arm >= 0:
                favouring[j, arm] += 1
