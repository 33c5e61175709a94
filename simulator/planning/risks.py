"""Risk of an analysis's event by arm, which closed forms start from.

Where every patient of an arm has the same hazard, risks follow from the scenario's numbers alone.
Elsewhere, as where the effect accrues with sessions or acts through labs, they are estimated.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from calibration.targets import solve_targets
from simulator.declarations.analyses import AnalysisPlan
from simulator.declarations.exits import Exit
from simulator.params.disease import baseline_points, lower_exits
from simulator.params.types import ExitParams
from simulator.records import Floats
from simulator.results.operations import Operations
from simulator.rules.hazard import cumulative_baseline, direct_log_hazard_ratio
from simulator.scenario.schema import Scenario

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)  # of a segment, on which hazards are smooth


class Risk(NamedTuple):
    """What becomes of the patients of an arm by the end of follow-up.

    Attributes
    ----------
    event
        Probability that an event is seen: one that comes before loss.
    lost
        Probability of being lost before an event.
    hazard
        Cumulative hazard of the event.
    mcse
        Monte Carlo standard error of the event's probability; 0 where it is exact.
    """

    event: float
    lost: float
    hazard: float
    mcse: float = 0.0


class ExactRisks(NamedTuple):
    """Risks of both arms that follow from the scenario alone.

    `proportional` says whether the hazard ratio of the event is the same at all times.
    """

    risks: tuple[Risk, Risk]
    proportional: bool


def exact_risks(asked: Scenario, plan: AnalysisPlan) -> ExactRisks | None:
    """Risks by competing constant and baseline hazards; None where patients of an arm differ."""
    if not _same_for_all(asked):
        return None
    solved = solve_targets(asked, lambda _: None)
    exits, days = lower_exits(solved.exits, solved.trial), solved.trial.follow_up_days
    first, second = (_risk(_liver_hazard(solved, arm), exits, days, plan) for arm in (0, 1))
    others = [Exit.TUMOUR, *([Exit.TRANSPLANT] if plan.transplant == "event" else [])]
    effect = solved.hazard.effect
    constant = effect.kind != "direct" or (
        effect.delay_days == 0 and effect.waning_half_life_days is None
    )
    return ExactRisks((first, second), constant and not exits.rate_per_day[others].any())


def _same_for_all(s: Scenario) -> bool:
    """Whether nothing but the arm changes a patient's hazard of death."""
    hazard, exits = s.hazard, s.exits
    treated = any(arm.plan is not None for arm in s.arms)
    by_patient = (
        hazard.log_hazard_ratio_per_meld_point != 0,
        bool(hazard.covariates),
        hazard.frailty_log_sd != 0,
        hazard.drift is not None,
        s.selection_bias is not None and s.selection_bias.kind == "shift",
        exits is not None
        and exits.infection.net_probability > 0
        and exits.infection.hazard_ratio != 1,
        exits is not None and treated and exits.serious_adverse_event_hazard_ratio != 1,
        hazard.effect.kind != "direct" and treated,
    )
    return not any(by_patient)


class _LiverHazard(NamedTuple):
    """Cumulative hazard of liver-related death of an arm: its knots, and at each day's opening."""

    baseline: tuple[int, Floats, Floats, float]
    factors: Floats  # of each patient-day, held for that day as the engines hold it
    at_opening: Floats

    def at(self, day: float) -> float:
        """Cumulative hazard at a patient time."""
        opening = min(int(day), self.factors.size - 1)
        since = cumulative_baseline(*self.baseline, day) - cumulative_baseline(
            *self.baseline, float(opening)
        )
        return float(self.at_opening[opening] + self.factors[opening] * since)


def _liver_hazard(s: Scenario, arm: int) -> _LiverHazard:
    baseline, days = baseline_points(s.hazard), s.trial.follow_up_days
    factors = np.ones(days)
    effect = s.hazard.effect
    if arm == 1 and effect.kind == "direct":
        waning = effect.waning_half_life_days
        rate = 0.0 if waning is None else math.log(2.0) / waning
        ratio = math.log(float(effect.hazard_ratio))
        factors = np.array(
            [
                math.exp(direct_log_hazard_ratio(ratio, effect.delay_days, rate, float(day)))
                for day in range(days)
            ]
        )
    steps = np.diff([cumulative_baseline(*baseline, float(day)) for day in range(days + 1)])
    return _LiverHazard(baseline, factors, np.concatenate([[0.0], np.cumsum(factors * steps)]))


def _risk(liver: _LiverHazard, exits: ExitParams, days: int, plan: AnalysisPlan) -> Risk:
    """Risk under competing hazards, integrated over segments on which each hazard is smooth."""
    leaving = (Exit.TUMOUR, Exit.TRANSPLANT, Exit.LOSS)
    rate, until = exits.rate_per_day[list(leaving)], exits.until_day[list(leaving)]
    knots = {*map(float, range(days + 1)), *until[until < days], *liver.baseline[1]}
    left = np.zeros(len(leaving))
    for start, end in itertools.pairwise(sorted(knot for knot in knots if 0 <= knot <= days)):
        nodes = 0.5 * (end - start) * _NODES + 0.5 * (end + start)
        hazards = np.array([liver.at(t) + rate @ np.minimum(until, t) for t in nodes])
        stay = 0.5 * (end - start) * float(_WEIGHTS @ np.exp(-hazards))
        left += np.where(start < until, rate, 0.0) * stay
    staying = math.exp(-liver.at(days) - float(rate @ np.minimum(until, days)))
    tumour, transplant, lost = left.tolist()
    died = 1.0 - staying - float(left.sum()) + tumour
    hazard = liver.at(days) + float((rate * np.minimum(until, days))[0])
    if plan.transplant == "event":
        died, hazard = died + transplant, hazard + float((rate * np.minimum(until, days))[1])
    elif plan.transplant == "censored":
        lost += transplant
    return Risk(died, lost, hazard)


def simulated_risks(operations: Operations, plan: AnalysisPlan) -> tuple[Risk, Risk]:
    """Risks as they came out in simulated trials, with their Monte Carlo standard errors.

    Deaths are counted known or not, so that the risk is that without loss; NaN without patients.
    """
    first, second = (_simulated(operations, arm, plan) for arm in operations.arms)
    return first, second


def _simulated(o: Operations, arm: str, plan: AnalysisPlan) -> Risk:
    patients, deaths = o.patients[arm].mean, o.mortality[arm]
    if not patients > 0:
        return Risk(math.nan, math.nan, math.nan, math.nan)
    transplanted, moved = o.transplants[arm].mean / patients, 0.0
    event, lost, mcse = deaths.mean, o.lost[arm].mean / patients, deaths.mcse
    if plan.transplant == "event":
        event += transplanted
        moved = o.transplants[arm].mcse / patients
    elif plan.transplant == "censored":
        lost += transplanted
    hazard = -math.log1p(-event) if event < 1 else math.inf
    return Risk(event * (1 - lost), lost, hazard, math.hypot(mcse, moved))
