"""Exact power and size of the bare trial by enumeration: SciPy, and nothing of the simulator.

The bare trial puts exactly half of its patients in each arm. Death is exponential with a given
mortality by the horizon; loss is exponential and independent of it, with a given share lost by the
horizon were nobody to die. A patient dies, is left out (lost before death and horizon), or is
alive at the horizon, with probabilities in closed form, so the analysed table of an arm is
trinomial. The power is the sum over what each arm keeps (binomial) of the sum over its deaths
(binomial given what it keeps) of the tables rejected. Written for the planning tests, from the
mathematics alone.
"""

import itertools
import math
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from scipy import stats

ALPHA = 0.05
CRITICAL = float(stats.chi2.isf(ALPHA, 1))
# Sizes of an arm after losses that together weigh less than this are passed over: an error of
# the power of at most twice as much.
PASSED_OVER = 1e-12
# Tables as unlikely as the one seen, but for rounding, count as unlikely: the rule of R's
# fisher.test.
TIE = 1 + 1e-7
# 1 v 19, one death, in the first arm: the p value is 1/20, whatever the floats make of it.
ROUNDING = 1 + 1e-10


def fates(mortality: float, dropout: float, horizon_days: float = 84) -> tuple[float, float, float]:
    """Probabilities that a patient dies by the horizon, is left out, and is alive at it.

    With hazards d of death and l of loss, the first of the two is at d + l, and is a death with
    probability d / (d + l).
    """
    death_rate = -math.log1p(-mortality) / horizon_days
    loss_rate = -math.log1p(-dropout) / horizon_days
    alive = math.exp(-(death_rate + loss_rate) * horizon_days)
    if death_rate + loss_rate == 0:
        return 0.0, 0.0, 1.0
    dead = (1 - alive) * death_rate / (death_rate + loss_rate)
    lost = (1 - alive) * loss_rate / (death_rate + loss_rate)
    return dead, lost, alive


@lru_cache(maxsize=4096)
def chi_square_rejects(control: int, experimental: int) -> np.ndarray:
    """Tables [deaths of control, deaths of experimental] with Pearson's p value at most .05."""
    x0 = np.arange(control + 1)[:, None]
    x1 = np.arange(experimental + 1)[None, :]
    total, deaths = control + experimental, x0 + x1
    margins = control * experimental * deaths * (total - deaths)
    # Whole numbers against an irrational one: no table is at the critical value itself.
    return (margins > 0) & (total * (x0 * experimental - x1 * control) ** 2 >= CRITICAL * margins)


@lru_cache(maxsize=4096)
def fisher_rejects(control: int, experimental: int) -> np.ndarray:
    """Tables [deaths of control, deaths of experimental] with Fisher's p value at most .05.

    The p value is the share of all tables with the same margins that are no likelier. A row below
    is one total of deaths; its tables are sorted by likelihood, and at most two are as likely.
    """
    total = control + experimental
    deaths = np.arange(total + 1)[:, None]
    x0 = np.arange(control + 1)[None, :]
    x1 = deaths - x0
    possible = (x1 >= 0) & (x1 <= experimental)
    weights = np.where(
        possible,
        np.exp(
            ways(control)[x0] + ways(experimental)[np.where(possible, x1, 0)] - ways(total)[deaths]
        ),
        0.0,
    )
    order = np.argsort(weights, axis=1)
    weights = np.take_along_axis(weights, order, axis=1)
    p_values = np.cumsum(weights, axis=1)
    tied = weights[:, 1:] <= weights[:, :-1] * TIE
    p_values[:, :-1] = np.where(tied, p_values[:, 1:], p_values[:, :-1])
    by_total = np.empty(possible.shape, dtype=bool)
    np.put_along_axis(by_total, order, p_values <= ALPHA * ROUNDING, axis=1)
    x0, x1 = np.ogrid[: control + 1, : experimental + 1]
    return by_total[x0 + x1, x0]


@lru_cache(maxsize=4096)
def ways(n: int) -> np.ndarray:
    """Logarithms of the binomial coefficients of n."""
    return np.log([float(math.comb(n, k)) for k in range(n + 1)])


def fisher_p_value(x0: int, n0: int, x1: int, n1: int) -> float:
    """Fisher's p value in whole numbers, ties exact: the slowest way, to check the rest by."""
    deaths = x0 + x1
    tables = {
        x: math.comb(n0, x) * math.comb(n1, deaths - x)
        for x in range(max(0, deaths - n1), min(n0, deaths) + 1)
    }
    return sum(table for table in tables.values() if table <= tables[x0]) / math.comb(
        n0 + n1, deaths
    )


def likely_sizes(patients: int, lost: float) -> list[tuple[int, float]]:
    """What an arm may keep after losses, with its probability, but for a share PASSED_OVER."""
    kept = np.arange(patients + 1)
    weight = stats.binom.pmf(kept, patients, 1 - lost)
    order = np.argsort(weight)
    needed = order[np.cumsum(weight[order]) > PASSED_OVER]
    return [(int(k), float(weight[k])) for k in np.sort(needed)]


def exact_power(
    rejects: Callable[[int, int], np.ndarray],
    patients: int,
    control_mortality: float,
    experimental_mortality: float,
    dropout: float,
    horizon_days: float = 84,
) -> float:
    """Probability that the bare trial's table is among those that `rejects` says are rejected."""
    arms = []
    for mortality in (control_mortality, experimental_mortality):
        dead, lost, alive = fates(mortality, dropout, horizon_days)
        arms.append(
            [
                (kept, weight, stats.binom.pmf(np.arange(kept + 1), kept, dead / (dead + alive)))
                for kept, weight in likely_sizes(patients // 2, lost)
            ]
        )
    return math.fsum(
        weight0 * weight1 * float(deaths0 @ rejects(kept0, kept1) @ deaths1)
        for (kept0, weight0, deaths0), (kept1, weight1, deaths1) in itertools.product(*arms)
    )


def exact_chi_square_power(
    patients: int,
    control_mortality: float,
    experimental_mortality: float,
    dropout: float,
    horizon_days: float = 84,
) -> float:
    """Exact power of Pearson's chi-square test, two-sided at 5 %, in the bare trial."""
    return exact_power(
        chi_square_rejects,
        patients,
        control_mortality,
        experimental_mortality,
        dropout,
        horizon_days,
    )


def exact_fisher_power(
    patients: int,
    control_mortality: float,
    experimental_mortality: float,
    dropout: float,
    horizon_days: float = 84,
) -> float:
    """Exact power of Fisher's test by minimum likelihood, two-sided at 5 %, in the bare trial."""
    return exact_power(
        fisher_rejects, patients, control_mortality, experimental_mortality, dropout, horizon_days
    )


POWERS = {"chi_square": exact_chi_square_power, "fisher": exact_fisher_power}


def exact_curve(
    ns: Iterable[int],
    control_mortality: float,
    experimental_mortality: float,
    dropout: float,
    test: str = "chi_square",
) -> dict[int, float]:
    """Exact power at each of the even numbers of patients `ns`."""
    return {n: POWERS[test](n, control_mortality, experimental_mortality, dropout) for n in ns}


def exact_size(
    power: float,
    control_mortality: float,
    experimental_mortality: float,
    dropout: float,
    test: str = "chi_square",
    smallest: int = 4,
) -> int:
    """The smallest even number of patients, from `smallest` up, whose exact power is `power`.

    The curve is a saw: a larger number may again have less power.
    """
    for patients in itertools.count(smallest, 2):
        if POWERS[test](patients, control_mortality, experimental_mortality, dropout) >= power:
            return patients
    raise AssertionError("an infinite count has no end")


def schoenfeld_power(events: float, hazard_ratio: float, alpha: float, ratio: float = 1.0) -> float:
    """Power of a log-rank test with so many deaths, by Schoenfeld."""
    drift = abs(math.log(hazard_ratio)) * math.sqrt(events * ratio) / (1 + ratio)
    return float(stats.norm.cdf(drift - stats.norm.isf(alpha / 2)))


def freedman_power(events: float, hazard_ratio: float, alpha: float, ratio: float = 1.0) -> float:
    """Power of a log-rank test with so many deaths, by Freedman."""
    drift = abs(1 - hazard_ratio) * math.sqrt(events * ratio) / (1 + ratio * hazard_ratio)
    return float(stats.norm.cdf(drift - stats.norm.isf(alpha / 2)))
