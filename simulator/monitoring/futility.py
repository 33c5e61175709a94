"""Rules for futility: when a trial stops because it will hardly show an effect."""

import math
from collections.abc import Callable
from dataclasses import replace

from simulator.monitoring.conditional import conditional_power
from simulator.monitoring.declared import Family, Option, Rule, Values, read_rule
from simulator.monitoring.plan import Look, Plan, regions_of
from simulator.monitoring.recursion import Region, spending_value
from simulator.monitoring.roots import root_from
from simulator.monitoring.spending import SPENDING, spent_at

DESIGN, ESTIMATE, NONE = "design", "estimate", "none"
_FARTHEST = 30.0

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

FUTILITY = {family.word: family for family in (*SPENDING, CONDITIONAL_POWER, THRESHOLD)}

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
    if rule is None or rule.word == THRESHOLD.word:
        return False
    return rule.word != CONDITIONAL_POWER.word or rule.choice == DESIGN


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
    fixed = None if plan.binding else later(look)
    root = math.sqrt(look.information)

    def excess(z: float) -> float:
        ahead = later(_with_futility(look, z)) if fixed is None else fixed
        drift = {DESIGN: plan.drift or 0.0, ESTIMATE: z / root, NONE: 0.0}[choice]
        return conditional_power(ahead, look.information, z, drift) - least

    if not later(look):
        return look.efficacy_z
    try:
        return root_from(excess, 0.0, 0.5 if excess(0.0) < 0 else -0.5)
    except ArithmeticError:
        return -math.inf


def _with_futility(look: Look, z: float) -> Look:
    return replace(look, futility_z=min(z, look.efficacy_z))
