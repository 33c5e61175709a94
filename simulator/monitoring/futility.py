"""Rules for futility: when a trial stops because it will hardly show an effect."""

import math
from collections.abc import Callable
from dataclasses import replace

from simulator.monitoring.conditional import conditional_power
from simulator.monitoring.declared import Family, Option, Rule, Values, read_rule
from simulator.monitoring.normal import upper_quantile
from simulator.monitoring.plan import Look, Plan, regions_of
from simulator.monitoring.recursion import Region, spending_value
from simulator.monitoring.roots import root_from
from simulator.monitoring.spending import SPENDING, spent_at

DESIGN, ESTIMATE, NONE = "design", "estimate", "none"

CONDITIONAL_POWER = Family(
    "conditional_power",
    "conditional power",
    "Lan, Simon and Halperin 1982",
    "conditional_power(0.2,design)",
    (Option("the conditional power below which the trial stops", 0, 1, closed=False),),
    choices=(DESIGN, ESTIMATE, NONE),
)


def _threshold(_: float, __: float, values: Values) -> float:
    return values[0]


THRESHOLD = Family(
    "z",
    "a threshold of Z",
    "chosen as it stands",
    "z(0)",
    (Option("Z at each look before the last, or one for all,", -20, 20),),
    any_number=True,
    value=_threshold,
)

PREDICTIVE_PROBABILITY = Family(
    "predictive_probability",
    "predictive probability",
    "Lee and Liu 2008",
    "predictive_probability(0.05)",
    (Option("the predictive probability below which the trial stops", 0, 1, closed=False),),
)

FUTILITY = {
    family.word: family
    for family in (*SPENDING, CONDITIONAL_POWER, PREDICTIVE_PROBABILITY, THRESHOLD)
}

Later = Callable[[Look], tuple[Region, ...]]


def read_futility(text: str, name: str = "futility") -> Rule:
    """Read a rule for futility from one line.

    A spending function spends beta; `conditional_power(0.2)`, under the effect of the `design`,
    `estimate` or `none`; or `z(0)`, one threshold for all looks or one for each before the last.

    Raises
    ------
    BoundaryError
        If it is none, or has options that it does not take.
    """
    return read_rule(name, text, FUTILITY)


def needs_drift(rule: Rule | None) -> bool:
    """Whether a rule looks at the effect of the design."""
    if rule is None or rule.word == THRESHOLD.word or is_of_tables(rule):
        return False
    return rule.word != CONDITIONAL_POWER.word or rule.choice == DESIGN


def is_of_tables(rule: Rule) -> bool:
    """Whether a rule looks at the deaths of each arm, and has no boundary of Z."""
    return rule.word == PREDICTIVE_PROBABILITY.word


def spends_beta(rule: Rule | None) -> bool:
    """Whether a rule is a beta-spending function."""
    return rule is not None and rule.family.spent is not None


def futility_z(plan: Plan, looks: tuple[Look, ...], look: Look, later: Later) -> float:
    """Return the futility boundary at a look before the last.

    Parameters
    ----------
    looks
        Those before.
    look
        With its efficacy boundary.
    later
        Returns the later looks, given this one with its futility boundary.
    """
    rule = plan.futility
    assert rule is not None
    if rule.word == THRESHOLD.word:
        place = min(len(looks), len(rule.values) - 1)
        found = rule.values[place]
    elif spends_beta(rule):
        found = _beta_spending(plan, looks, look)
    else:
        found = _by_conditional_power(plan, look, later)
    return min(found, look.efficacy_z)


def _beta_spending(plan: Plan, looks: tuple[Look, ...], look: Look) -> float:
    assert plan.futility is not None
    assert plan.drift is not None
    assert plan.beta is not None
    spent = looks[-1].beta_spent if looks else 0.0
    now = spent_at(plan.futility, plan.beta, look.information, plan.information)
    regions = regions_of(looks, obeyed=True)
    return spending_value(regions, plan.drift, look.information, max(now - spent, 0.0), -1)


def _by_conditional_power(plan: Plan, look: Look, later: Later) -> float:
    """The value of Z whose conditional power is the threshold."""
    assert plan.futility is not None
    (least,), choice = plan.futility.values, plan.futility.choice
    ahead = later(look)
    shows = [region for region in ahead if math.isfinite(region.upper)]
    if not shows:
        return look.efficacy_z
    t, end, last = look.information, shows[-1].information, shows[-1].upper
    drift = (plan.drift or 0.0) if choice == DESIGN else 0.0

    def excess(z: float) -> float:
        to_come = later(_with_futility(look, z)) if plan.binding else ahead
        assumed = z / math.sqrt(t) if choice == ESTIMATE else drift
        # On the normal scale it is almost a straight line.
        return _probit(conditional_power(to_come, t, z, assumed)) - _probit(least)

    # The score that the look needs, did it have to wait for the last one; it needs less.
    score = last * math.sqrt(end) + math.sqrt(end - t) * _probit(least) - drift * (end - t)
    most = score * math.sqrt(t) / end if choice == ESTIMATE else score / math.sqrt(t)
    return root_from(excess, most + 0.001, -0.0625)


def _probit(probability: float) -> float:
    return -upper_quantile(min(max(probability, 1e-15), 1 - 1e-15))


def _with_futility(look: Look, z: float) -> Look:
    return replace(look, futility_z=min(z, look.efficacy_z))
