"""What a look holds against a boundary: the statistic, and the information that it has."""

import math

import numpy as np
from scipy.special import ndtri

from simulator.analysis import AnalysisTable
from simulator.analysis.cut import Bools
from simulator.analysis.looked_at import Known
from simulator.declarations.analyses import Information
from simulator.kernels import njit
from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.decisions import Stage
from simulator.records import Floats, Ints


def signed(table: AnalysisTable, sides: int, taken: Bools | None = None) -> Floats:
    """Statistic of each trial: positive in favour of the second arm, NaN without a result.

    That of a one-sided hypothesis is positive in favour of what is to be shown. With `taken`, of
    these trials alone.
    """
    p_value, favours = table.p_value[:, 0], table.favours[:, 0]
    found = np.full(p_value.size, math.nan)
    ndtri(p_value / sides, out=found, where=True if taken is None else taken)
    if sides == 1:
        np.negative(found, out=found)
    else:
        _sign(favours, found)
    return found


@njit(error_model="numpy", nogil=True)
def _sign(favours: Ints, z: Floats) -> None:
    for k in range(z.size):
        z[k] = abs(z[k]) * (1.0 if favours[k] == 1 else (-1.0 if favours[k] == 0 else 0.0))


def fraction_of(asked: MonitoringPlan, table: AnalysisTable, known: Known) -> Floats:
    """Share of the planned information; NaN or 0 where there is none."""
    if asked.information == Information.DEATHS:
        found = known.events.astype(float)
    elif asked.information == Information.COMPLETED:
        found = known.completed.astype(float)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = 1.0 / table.standard_error[:, 0] ** 2
    return np.asarray(found / asked.max_information)


def adds_nothing(earlier: Stage, fraction: float) -> bool:
    """Whether a look has no more information than the one before: they are one."""
    return bool(earlier.second) and fraction <= earlier.second[-1].information


def alike_among(history: Ints, information: Floats, informed: Bools) -> tuple[Ints, Ints]:
    """Return trials of which no two are alike, and the place among them of that like each trial.

    Trials are alike whose history and information are the same; of trials that are not informed
    the place is -1.
    """
    places, of_trial = np.empty(history.size, np.int64), np.empty(history.size, np.int64)
    number = _alike(history, information, informed, places, of_trial)
    return places[:number], of_trial


@njit(error_model="numpy", nogil=True)
def _alike(
    history: Ints, information: Floats, informed: Bools, places: Ints, of_trial: Ints
) -> int:
    number = 0
    for k in range(history.size):
        of_trial[k] = -1
        if informed[k]:
            of_trial[k] = number
            for j in range(number):
                first = places[j]
                if history[k] == history[first] and information[k] == information[first]:
                    of_trial[k] = j
                    break
            if of_trial[k] == number:
                places[number] = k
                number += 1
    return number
