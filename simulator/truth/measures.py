"""Summaries of very many patients, whose ends are all known: the slow and obvious formulas."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from simulator.analysis.cut import Bools
from simulator.declarations.analyses import STATISTICS, AnalysisPlan
from simulator.named import named
from simulator.records import Floats, Ints

_BRACKET = 20.0  # log hazard ratios


class PooledPatients(NamedTuple):
    """PooledPatients of many trials, a row each.

    Attributes
    ----------
    second
        Of the second arm.
    dead, time_days
        Counts as dead by the end of follow-up; when, or the end of follow-up.
    ended_by
        1 if the death is of the cause of interest, 2 if another end competes, 0 if neither.
    stratum
        Stratum of the analysis.
    seen, baseline, change
        Alive with a MELD at the last visit; MELD at the first, and its change.
    """

    second: Bools
    dead: Bools
    time_days: Floats
    ended_by: Ints
    stratum: Ints
    seen: Bools
    baseline: Floats
    change: Floats


def measure(patients: PooledPatients, plan: AnalysisPlan, follow_up_days: int) -> float:
    """Value of an analysis's summary; NaN where it does not exist, as without patients."""
    if patients.second.all() or not patients.second.any():
        return math.nan
    truth = named(STATISTICS[plan.test].measure.truth)
    with np.errstate(all="ignore"):
        return float(truth(patients, plan.options, float(follow_up_days)))


def _shares(p: PooledPatients) -> tuple[float, float]:
    return float(p.dead[~p.second].mean()), float(p.dead[p.second].mean())


def risk_difference(p: PooledPatients, _: Any, __: float) -> float:
    """Mortality of the second arm less that of the first."""
    first, second = _shares(p)
    return second - first


def log_risk_ratio(p: PooledPatients, _: Any, __: float) -> float:
    """Log of the ratio of mortalities."""
    first, second = _shares(p)
    return math.log(second / first) if first > 0 < second else math.nan


def log_odds_ratio(p: PooledPatients, _: Any, __: float) -> float:
    """Log of the ratio of the odds of death."""
    first, second = _shares(p)
    return float(special.logit(second) - special.logit(first))


def stratified_risk_difference(p: PooledPatients, _: Any, __: float) -> float:
    """Differences within strata, weighted as Mantel and Haenszel's."""
    total = weights = 0.0
    for stratum in np.unique(p.stratum):
        mine = p.stratum == stratum
        n1, n0 = int((mine & p.second).sum()), int((mine & ~p.second).sum())
        if n0 and n1:
            weight = n0 * n1 / (n0 + n1)
            weights += weight
            rates = p.dead[mine & p.second].mean() - p.dead[mine & ~p.second].mean()
            total += weight * float(rates)
    return total / weights if weights else math.nan


def adjusted_log_odds_ratio(p: PooledPatients, _: Any, __: float) -> float:
    """Maximum likelihood of the logistic model with intercept, arm and MELD."""
    spread = p.baseline.std()
    meld = (p.baseline - p.baseline.mean()) / (spread if spread > 0 else 1.0)
    design = np.column_stack([np.ones(meld.size), p.second, meld])
    if spread == 0:
        design = design[:, :2]
    beta = np.zeros(design.shape[1])
    for _step in range(50):
        probability = special.expit(design @ beta)
        weight = probability * (1 - probability)
        information = design.T @ (design * weight[:, None])
        try:
            move = np.linalg.solve(information, design.T @ (p.dead - probability))
        except np.linalg.LinAlgError:
            break  # nobody, or everybody, of an arm died
        beta += move
        if np.abs(move).max() < 1e-10:
            return float(beta[1])
    return math.nan


def _cox(
    time: Floats, event: Bools, second: Bools, stratum: Ints, weigh: Callable[[Floats], Floats]
) -> float:
    """Root of the score of the partial likelihood, deaths weighted by survival just before them."""
    of_second, first_risk, second_risk, weight = [], [], [], []
    for label in np.unique(stratum):
        mine = stratum == label
        one, other = np.sort(time[mine & ~second]), np.sort(time[mine & second])
        when = time[mine & event]
        of_second.append(second[mine & event])
        first_risk.append(one.size - np.searchsorted(one, when, "left"))
        second_risk.append(other.size - np.searchsorted(other, when, "left"))
        at_risk = first_risk[-1] + second_risk[-1]
        weight.append(weigh(_survival(time[mine], event[mine], when, at_risk)))
    if not weight:
        return math.nan  # no patient at all
    hit, r0, r1, w = map(np.concatenate, (of_second, first_risk, second_risk, weight))

    def score(log_ratio: float) -> float:
        at_risk = r1 * math.exp(log_ratio)
        return float((w * (hit - at_risk / (r0 + at_risk))).sum())

    if hit.size == 0 or not score(-_BRACKET) > 0 > score(_BRACKET):
        return math.nan
    from scipy import optimize  # slow to load, and the truth is mostly known from before

    return float(optimize.brentq(score, -_BRACKET, _BRACKET, xtol=1e-10))


def _survival(time: Floats, event: Bools, when: Floats, at_risk: Ints) -> Floats:
    """Survival just before each death, of which `when` and `at_risk` tell.

    The share still at risk where nobody is censored before the last; else Kaplan and Meier's curve.
    """
    if not (~event & (time < time.max(initial=0.0))).any():
        return np.asarray(at_risk / time.size)
    order = np.argsort(when, kind="stable")
    left = np.cumprod(1.0 - 1.0 / at_risk[order])
    survival = np.empty(when.size)
    survival[order] = np.concatenate(([1.0], left[:-1]))
    return survival


def _equal(survival: Floats) -> Floats:
    return np.ones_like(survival)


def log_hazard_ratio(p: PooledPatients, _: Any, __: float) -> float:
    """Root of the score of Cox's partial likelihood."""
    nobody = np.zeros(p.dead.size, np.int64)
    return _cox(p.time_days, p.dead, p.second, nobody, _equal)


def stratified_log_hazard_ratio(p: PooledPatients, _: Any, __: float) -> float:
    """The same within strata."""
    return _cox(p.time_days, p.dead, p.second, p.stratum, _equal)


def weighted_log_hazard_ratio(p: PooledPatients, options: Any, __: float) -> float:
    """As many as survive to a time are at risk then, since nobody is lost."""
    if "rho" in options:

        def weigh(survival: Floats) -> Floats:
            rho, gamma = float(options["rho"]), float(options["gamma"])
            return np.power(survival, rho) * np.power(1 - survival, gamma)

    else:
        floor = _survival_at(p, options["t_star_days"])

        def weigh(survival: Floats) -> Floats:
            return 1.0 / np.maximum(survival, floor)

    nobody = np.zeros(p.dead.size, np.int64)
    return _cox(p.time_days, p.dead, p.second, nobody, weigh)


def _survival_at(p: PooledPatients, day: float) -> float:
    """Survival at a day."""
    dead = p.dead & (p.time_days <= day)
    if not (~p.dead & (p.time_days < day)).any():
        return float((~dead).mean())
    time = np.sort(p.time_days)
    at_risk = time.size - np.searchsorted(time, np.sort(p.time_days[dead]), "left")
    return float(np.prod(1.0 - 1.0 / at_risk))


def rmst_difference(p: PooledPatients, options: Any, __: float) -> float:
    """Difference of the mean time alive up to a day."""
    time = np.minimum(p.time_days, options["day"])
    return float(time[p.second].mean() - time[~p.second].mean())


def log_cumulative_hazard_ratio(p: PooledPatients, options: Any, __: float) -> float:
    """Log of the ratio of cumulative hazards at a day."""
    dead = p.dead & (p.time_days <= options["day"])
    first, second = 1 - dead[~p.second].mean(), 1 - dead[p.second].mean()
    return float(np.log(-np.log(second)) - np.log(-np.log(first)))


def cause_log_hazard_ratio(p: PooledPatients, _: Any, __: float) -> float:
    """Log hazard ratio of deaths of the cause, other ends censoring."""
    nobody = np.zeros(p.dead.size, np.int64)
    return _cox(p.time_days, p.ended_by == 1, p.second, nobody, _equal)


def subdistribution_log_hazard_ratio(p: PooledPatients, _: Any, __: float) -> float:
    """Log hazard ratio where those who end otherwise stay at risk (Fine and Gray 1999)."""
    nobody = np.zeros(p.dead.size, np.int64)
    time = np.where(p.ended_by == 2, np.inf, p.time_days)
    return _cox(time, p.ended_by == 1, p.second, nobody, _equal)


def incidence_difference(p: PooledPatients, _: Any, __: float) -> float:
    """Difference of the shares who die of the cause."""
    of_cause = p.ended_by == 1
    return float(of_cause[p.second].mean() - of_cause[~p.second].mean())


def mean_change(p: PooledPatients, _: Any, __: float) -> float:
    """Difference of the mean change of MELD of those seen at the last visit."""
    return float(p.change[p.seen & p.second].mean() - p.change[p.seen & ~p.second].mean())


def adjusted_change(p: PooledPatients, _: Any, __: float) -> float:
    """The same at the same MELD at the first visit, by least squares."""
    seen = p.seen
    design = np.column_stack([np.ones(seen.sum()), p.second[seen], p.baseline[seen]])
    return float(np.linalg.lstsq(design, p.change[seen], rcond=None)[0][1])


def _pairs(p: PooledPatients, margin: float, *, unseen_take_part: bool) -> tuple[float, float]:
    """Shares of pairs that the second arm wins and loses, by sorting each arm."""
    alive = ~p.dead
    if not unseen_take_part:
        alive = alive & p.seen
    death = np.where(p.dead, p.time_days, np.inf)
    death_0, death_1 = (np.sort(death[p.dead & side]) for side in (~p.second, p.second))
    change_0, change_1 = (
        np.sort(p.change[alive & p.seen & side]) for side in (~p.second, p.second)
    )
    alive_0, alive_1 = int((alive & ~p.second).sum()), int((alive & p.second).sum())
    n0, n1 = death_0.size + alive_0, death_1.size + alive_1
    earlier = np.searchsorted(death_0, death_1, "left").sum()
    later = (death_0.size - np.searchsorted(death_0, death_1, "right")).sum()
    better = (change_0.size - np.searchsorted(change_0, change_1 + margin, "right")).sum()
    worse = np.searchsorted(change_0, change_1 - margin, "left").sum()
    won = float(earlier) + alive_1 * death_0.size + float(better)
    lost = float(later) + alive_0 * death_1.size + float(worse)
    return won / (n0 * n1), lost / (n0 * n1)


def worst_rank(p: PooledPatients, _: Any, __: float) -> float:
    """Share of pairs that the second arm wins less that which it loses, the unseen left out."""
    won, lost = _pairs(p, 0.0, unseen_take_part=False)
    return won - lost


def net_benefit(p: PooledPatients, options: Any, __: float) -> float:
    """Share of pairs that the second arm wins less that which it loses."""
    won, lost = _pairs(p, options["margin_points"], unseen_take_part=True)
    return won - lost


def log_win_ratio(p: PooledPatients, options: Any, __: float) -> float:
    """Log of the ratio of pairs won to pairs lost."""
    won, lost = _pairs(p, options["margin_points"], unseen_take_part=True)
    return math.log(won / lost) if won > 0 < lost else math.nan


def log_win_odds(p: PooledPatients, options: Any, __: float) -> float:
    """Log of the win odds, in which ties count half to each."""
    won, lost = _pairs(p, options["margin_points"], unseen_take_part=True)
    return math.log((1 + won - lost) / (1 - won + lost))
