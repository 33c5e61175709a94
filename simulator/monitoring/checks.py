"""What a plan of looks must be before it is computed."""

import math
from itertools import pairwise

from simulator.monitoring.boundaries import planned_looks
from simulator.monitoring.declared import BoundaryError, Rule, is_number
from simulator.monitoring.futility import THRESHOLD, is_of_tables, needs_drift, spends_beta
from simulator.monitoring.plan import Look, Plan
from simulator.monitoring.recursion import SAME, is_new

MOST_LOOKS = 50
LEAST_ALPHA = 1e-12
_ROUNDING = 1e-9


def check_information(information: tuple[float, ...], name: str = "information") -> None:
    """Refuse information fractions that are no plan.

    Raises
    ------
    BoundaryError
        If they do not increase from above 0 to 1.
    """
    shown = ",".join(f"{value:g}" for value in information) or '""'
    if len(shown) > 60:
        shown = f"{shown[:57]}..."
    remedy = "as 0.5,1"
    if not information:
        raise BoundaryError(name, shown, "needs a look", remedy)
    if len(information) > MOST_LOOKS:
        raise BoundaryError(name, shown, f"has more than {MOST_LOOKS} looks", remedy)
    for value in information:
        if not 0 < value <= 1:
            rule = f"a fraction of the planned information must be above 0, at most 1: {value:g}"
            raise BoundaryError(name, shown, rule, "give fractions of that at the end, as 0.5,1")
    for before, value in pairwise(information):
        if not is_new(value, before):
            rule = f"looks must come in order, with more information each: {before:g}, {value:g}"
            if value > before:
                rule += f" differ by less than {100 * SAME:g} %, which counts as none"
            raise BoundaryError(name, shown, rule, remedy)
    if information[-1] != 1:
        rule = f"the last look is the planned end, of information 1, not {information[-1]:g}"
        raise BoundaryError(name, shown, rule, f"add 1, as {shown},1")


def check_plan(plan: Plan, names: dict[str, str] | None = None) -> tuple[Look, ...]:
    """Refuse a plan that cannot be followed, and return its looks.

    Parameters
    ----------
    names
        What messages call `information`, `efficacy`, `alpha`, `sides`, `futility` and `lower`,
        where that is another name; `level`: words that messages add to alpha.

    Raises
    ------
    BoundaryError
        If a number is out of its range, a rule spends more than alpha, or the boundary for
        futility is above that for efficacy.
    """
    called = {"efficacy": "spending"} | (names or {})
    check_information(plan.information, called.get("information", "information"))
    _check_levels(plan, called)
    name = called.get("efficacy", "efficacy")
    _check_rule(plan, plan.efficacy, plan.alpha, name, called.get("level", ""))
    if plan.futility is not None:
        _check_futility(plan, called.get("futility", "futility"))
    looks = planned_looks(plan)
    _check_spent(plan, looks, called.get("efficacy", "efficacy"))
    _check_left(plan, looks, called.get("futility", "futility"))
    _check_order(plan, looks, called.get("futility", "futility"))
    return looks


def _check_levels(plan: Plan, called: dict[str, str]) -> None:
    if plan.sides not in (1, 2):
        raise BoundaryError(called.get("sides", "sides"), plan.sides, "must be 1 or 2", "as 1")
    name = called.get("alpha", "alpha")
    most = 0.5 * plan.sides
    if not is_number(plan.alpha) or not LEAST_ALPHA <= plan.alpha < most:
        rule = f"must be at least {LEAST_ALPHA:g}, below {most:g}"
        raise BoundaryError(name, plan.alpha, rule, "as 0.025")
    if plan.lower is not None:
        name = called.get("lower", "lower")
        if plan.sides != 2:
            raise BoundaryError(name, plan.lower.rule.text, "the plan is one-sided", "use 2 sides")
        allowed = is_number(plan.lower.alpha)
        if not allowed or not LEAST_ALPHA <= plan.lower.alpha < plan.alpha:
            rule = "alpha of the lower side must be above 0, below that of both"
            name = called.get("lower_alpha", "lower_alpha")
            raise BoundaryError(name, plan.lower.alpha, rule, "as 0.005 of 0.05")
        for rule_given in (plan.efficacy, plan.lower.rule):
            if rule_given.family.value is not None and rule_given.family.has_constant:
                rule = f"{rule_given.text} is a shape of one boundary for both sides"
                raise BoundaryError(name, rule_given.text, rule, "use a spending function")
        _check_rule(plan, plan.lower.rule, plan.lower.alpha, name)


def _check_rule(plan: Plan, rule: Rule, alpha: float, name: str, level: str = "") -> None:
    """Check a table; `level` says what alpha is, where it is no more than a part of one."""
    if not rule.is_table:
        return
    shown, values = rule.text, rule.values
    if len(values) != len(plan.information):
        told = f"needs a value for each of {len(plan.information)} looks, not {len(values)}"
        raise BoundaryError(name, shown, told, "give what is spent by each look")
    if any(b < a for a, b in pairwise(values)):
        told = "what is spent by the looks cannot fall"
        raise BoundaryError(name, shown, told, "give what is spent by each look, earlier ones too")
    if max(values) > alpha * (1 + _ROUNDING):
        told = f"spends {max(values):g}, more than {alpha:g}{level}"
        raise BoundaryError(name, shown, told, f"end with {alpha:g}")
    if values[-1] < alpha * (1 - _ROUNDING):
        told = f"spends {values[-1]:g}, and the last look spends all of {alpha:g}{level}"
        raise BoundaryError(name, shown, told, f"end with {alpha:g}")


def _check_futility(plan: Plan, name: str) -> None:
    rule = plan.futility
    assert rule is not None
    if plan.sides == 2:
        told = "of a two-sided plan is not supported"
        raise BoundaryError(name, rule.text, told, "use 1 side, with half of alpha")
    if is_of_tables(rule):
        told = "looks at the deaths of each arm, and has no boundary of Z"
        remedy = "use it in a scenario that looks at mortality at the end, or conditional_power"
        raise BoundaryError(name, rule.text, told, remedy)
    before = len(plan.information) - 1
    if not before:
        raise BoundaryError(name, rule.text, "needs a look before the last", "as 0.5,1")
    if rule.word == THRESHOLD.word and len(rule.values) not in (1, before):
        told = f"needs one value, or as many as looks before the last, {before}"
        raise BoundaryError(name, rule.text, told, "as z(0)")
    if needs_drift(rule) and plan.drift is None:
        told = "needs the effect of the design"
        raise BoundaryError(name, rule.text, told, "give the power, as 0.9")
    if spends_beta(rule):
        assert plan.beta is not None
        _check_rule(plan, rule, plan.beta, name)


def _check_spent(plan: Plan, looks: tuple[Look, ...], name: str) -> None:
    """Looks before the last must leave something, which only a fixed critical value can fail."""
    if plan.efficacy.family.has_constant or math.isfinite(looks[-1].efficacy_z):
        return
    z = plan.efficacy.values[0]
    told = f"the looks before the last spend all of {plan.alpha:g} with a critical value of {z:g}"
    raise BoundaryError(name, plan.efficacy.text, told, "raise it, as haybittle_peto(3)")


def _check_left(plan: Plan, looks: tuple[Look, ...], name: str) -> None:
    """Where futility counts, enough trials must be left for alpha to be spent on."""
    if plan.futility is not None and any(look.efficacy_z == -math.inf for look in looks):
        told = "leaves so few trials without an effect that alpha cannot be spent on them"
        raise BoundaryError(name, plan.futility.text, told, "stop for futility less readily")


def _check_order(plan: Plan, looks: tuple[Look, ...], name: str) -> None:
    for place, look in enumerate(looks[:-1]):
        if look.futility_z >= look.efficacy_z:
            assert plan.futility is not None
            told = (
                f"at look {place + 1} the boundary for futility is not below that for efficacy, "
                f"{look.efficacy_z:.4f}"
            )
            raise BoundaryError(name, plan.futility.text, told, "stop for futility less readily")
