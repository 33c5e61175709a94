"""Single trials at their looks, and when trials end: tables that figures are drawn from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from simulator.constants import DAYS_PER_MONTH
from simulator.monitoring.held import Decision
from simulator.montecarlo.evaluation import Observed
from simulator.montecarlo.look_rows import LookRows
from simulator.planning.look_effects import EffectScale
from simulator.records import Floats
from simulator.results.curves import LookPoint, StopPoint

PATHS = 100  # trials of a run, from its first on, that are told of look by look
_MOST_INTERVALS = 48


class PathRows(NamedTuple):
    """Columns of `LookRows`, as they are seen; each (trials, looks)."""

    decision: Floats
    cut_day: Floats
    decision_day: Floats
    fraction: Floats
    z: Floats
    standard_error: Floats


def see_looks(looks: LookRows) -> Observed:
    """Return what is told of looks, a row a trial."""
    return tuple(np.asarray(getattr(looks, name), np.float64) for name in PathRows._fields)


@dataclass
class PathRecorder:
    """What was seen of the looks of a run so far; its units come in their order."""

    trials: int  # the most that are taken in
    _parts: list[PathRows] = field(default_factory=list)
    _taken: int = 0

    def keep(self, seen: Observed) -> None:
        """Take in the looks of the trials that come next."""
        left = self.trials - self._taken
        if seen and left > 0:
            self._parts.append(PathRows(*(column[:left] for column in seen)))
            self._taken += self._parts[-1].z.shape[0]

    def _whole(self) -> PathRows | None:
        if not self._taken:
            return None
        parts = zip(*self._parts, strict=True)
        return PathRows(*(np.concatenate(columns) for columns in parts))

    def tables(
        self, scale: EffectScale, arms: Sequence[str]
    ) -> tuple[tuple[LookPoint, ...], tuple[StopPoint, ...]]:
        """Return the looks of the first trials, and when trials end."""
        seen = self._whole()
        if seen is None:
            return (), ()
        return _paths(PathRows(*(column[:PATHS] for column in seen)), scale, arms), _stops(seen)


def _paths(seen: PathRows, scale: EffectScale, arms: Sequence[str]) -> tuple[LookPoint, ...]:
    found = []
    final = seen.z.shape[1] - 1
    for trial, place in zip(*np.nonzero(seen.decision >= 0), strict=True):
        at: dict[str, Any] = {
            name: float(getattr(seen, name)[trial, place]) for name in PathRows._fields
        }
        decision = Decision(int(at["decision"]))
        rejects = decision <= Decision.FAVOURS_SECOND
        distance = at["z"] * at["standard_error"]
        found.append(
            LookPoint(
                trial=int(trial),
                look=int(place) + 1,
                day=at["cut_day"],
                information=at["fraction"],
                z=at["z"],
                effect=scale.at(distance) if math.isfinite(distance) else math.nan,
                decision="rejects" if rejects else _words(decision, is_final=place == final),
                favours=arms[decision] if rejects else "",
            )
        )
    return tuple(found)


def _words(decision: Decision, *, is_final: bool) -> str:
    if decision is Decision.FUTILITY:
        return "futility"
    return "does not reject" if is_final else "goes on"


def _stops(seen: PathRows) -> tuple[StopPoint, ...]:
    """Shares of trials by how and when they end, in months or several of them.

    Those whose recruitment was so slow that nothing is tested have no analysis with which they end,
    and are in none.
    """
    early = seen.decision[:, :-1]
    futility = early == Decision.FUTILITY
    efficacy = (early >= 0) & (early <= Decision.FAVOURS_SECOND)
    stopped = futility | efficacy
    days = np.where(
        stopped.any(axis=1),
        np.where(stopped, seen.decision_day[:, :-1], 0.0).sum(axis=1),
        seen.decision_day[:, -1],
    )
    ends = ~np.isnan(days)
    if not ends.any():
        return ()
    apart = math.ceil(days[ends].max() / DAYS_PER_MONTH / _MOST_INTERVALS) * DAYS_PER_MONTH
    interval = np.where(ends, days // apart, -1).astype(np.int64)
    trials = days.size
    table = []
    for k in range(int(interval.max()) + 1):
        here = interval == k
        shares = [
            float((here & how).sum()) / trials
            for how in (efficacy.any(axis=1), futility.any(axis=1), ~stopped.any(axis=1))
        ]
        table.append(StopPoint(k + 1, k * apart, (k + 1) * apart, *shares))
    first = next(k for k, point in enumerate(table) if _any(point))
    return tuple(table[first:])


def _any(point: StopPoint) -> bool:
    return point.efficacy + point.futility + point.planned > 0
