"""Boundaries of a group-sequential design, as they are asked for and answered."""

import math
from collections.abc import Sequence

from simulator.monitoring.characteristics import (
    assuming,
    drift_for,
    exits,
    expected_information,
    fixed_drift,
    inflation,
    level_of,
)
from simulator.monitoring.checks import check_information, check_plan
from simulator.monitoring.declared import BoundaryError, is_number
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import read_futility
from simulator.monitoring.normal import upper_tail
from simulator.monitoring.plan import Look, Lower, Plan
from simulator.results.boundaries import Boundaries, BoundaryLook, MeanInformation, Stops
from simulator.version import program_version

_CALLED = {"efficacy": "spending", "lower": "lower_spending"}
_MOST_POWER = 0.999999


def boundaries(
    information: Sequence[float],
    spending: str,
    alpha: float = 0.025,
    sides: int = 1,
    *,
    power: float | None = None,
    futility: str | None = None,
    binding: bool = False,
    lower_spending: str | None = None,
    lower_alpha: float | None = None,
) -> Boundaries:
    """Critical values of a group-sequential design and, with a power, what it costs.

    Parameters
    ----------
    information
        Information fraction of each look; the last is 1.
    spending
        Rule for efficacy on one line, as `lan_demets_obrien_fleming` or `hwang_shih_decani(-4)`.
    alpha, sides
        Level, of both sides together if there are two.
    power
        Of the design, in favour of the experimental arm.
    futility
        Rule for futility on one line: a spending function of beta, `conditional_power(0.2)` or
        `z(0)`.
    binding
        Whether the boundary for efficacy counts on futility being obeyed.
    lower_spending, lower_alpha
        Spending function and level of the other arm's efficacy, where the two sides differ.

    Raises
    ------
    BoundaryError
        If there is no such design; says what is wrong and how to mend it.

    Examples
    --------
    >>> import simulator
    >>> found = simulator.boundaries((0.5, 1), "lan_demets_obrien_fleming")
    >>> [round(look.efficacy_z, 4) for look in found.looks]
    [2.9626, 1.9686]
    """
    plan = Plan(
        _fractions(information),
        read_efficacy(spending),
        alpha,
        sides,
        None if futility is None else read_futility(futility),
        binding,
        lower=_lower(lower_spending, lower_alpha),
    )
    return boundaries_answer(plan, power)


def boundaries_answer(plan: Plan, power: float | None) -> Boundaries:
    """Return the boundaries of a plan and, with a power, what it costs.

    Raises
    ------
    BoundaryError
        If there is no such design.
    """
    check_information(plan.information)
    plan = _with_effect(plan, power)
    try:
        looks = check_plan(plan, _CALLED)
        drift = None if power is None else drift_for(plan, power)
    except ArithmeticError:
        rule = "no boundary has this level and power with it"
        shown = plan.efficacy if plan.futility is None else plan.futility
        raise BoundaryError(
            "futility", shown.text, rule, "stop for futility less readily"
        ) from None
    if power is not None and drift is not None:
        plan = assuming(plan, drift, power)
        looks = check_plan(plan, _CALLED)
    return _answer(plan, looks, power, drift)


def _fractions(information: Sequence[float]) -> tuple[float, ...]:
    listed = isinstance(information, Sequence) and not isinstance(information, str)
    if not listed or not all(map(is_number, information)):
        raise BoundaryError("information", information, "must be a list of numbers", "as (0.5, 1)")
    return tuple(float(fraction) for fraction in information)


def _lower(spending: str | None, alpha: float | None) -> Lower | None:
    if spending is None and alpha is None:
        return None
    if spending is None:
        raise BoundaryError("lower_alpha", alpha, "needs lower_spending", "as kim_demets(1)")
    if alpha is None:
        raise BoundaryError("lower_spending", spending, "needs lower_alpha", "as 0.005")
    return Lower(read_efficacy(spending, "lower_spending"), alpha)


def _with_effect(plan: Plan, power: float | None) -> Plan:
    """The plan with the effect that a trial without looks would need, to begin with."""
    if plan.binding and plan.futility is None:
        raise BoundaryError("binding", "true", "says how futility is read", "give futility too")
    if power is None or not is_number(plan.alpha) or not 0 < plan.alpha < 0.5 * plan.sides:
        return plan
    if not is_number(power) or not plan.upper_alpha < power <= _MOST_POWER:
        rule = f"must be above alpha, {plan.upper_alpha:g}, at most {_MOST_POWER}"
        raise BoundaryError("power", power, rule, "as 0.9")
    return assuming(plan, fixed_drift(plan.upper_alpha, power), power)


def _answer(
    plan: Plan, looks: tuple[Look, ...], power: float | None, drift: float | None
) -> Boundaries:
    null = exits(looks, 0.0)
    design = None if drift is None else exits(looks, drift)
    return Boundaries(
        spending=plan.efficacy.text,
        spending_title=plan.efficacy.family.title,
        alpha=plan.alpha,
        sides=plan.sides,
        lower_spending=None if plan.lower is None else plan.lower.rule.text,
        lower_alpha=None if plan.lower is None else plan.lower.alpha,
        futility=None if plan.futility is None else plan.futility.text,
        futility_title=None if plan.futility is None else plan.futility.family.title,
        binding=plan.binding,
        looks=tuple(
            _look(plan, look, Stops(*at_null), None if at_design is None else Stops(*at_design))
            for look, at_null, at_design in zip(
                looks,
                null.by_look,
                [None] * len(looks) if design is None else design.by_look,
                strict=True,
            )
        ),
        level=level_of(looks, obeyed=True),
        level_futility_ignored=level_of(looks, obeyed=False),
        mean_information=MeanInformation(
            expected_information(looks, 0.0),
            None if drift is None else expected_information(looks, drift / 2),
            None if drift is None else expected_information(looks, drift),
        ),
        power=power,
        drift=drift,
        fixed_drift=None if power is None else fixed_drift(plan.upper_alpha, power),
        inflation=None if drift is None or power is None else inflation(plan, drift, power),
        version=program_version(),
    )


def _look(plan: Plan, look: Look, null: Stops, design: Stops | None) -> BoundaryLook:
    smallest = _finite(look.efficacy_z / math.sqrt(look.information))
    tails = 2 if plan.is_symmetric else 1
    return BoundaryLook(
        information=look.information,
        efficacy_z=_finite(look.efficacy_z),
        lower_z=_finite(look.lower_z),
        futility_z=_finite(look.futility_z),
        alpha_spent=look.alpha_spent,
        nominal_p=tails * upper_tail(look.efficacy_z),
        beta_spent=None if plan.futility is None or design is None else look.beta_spent,
        smallest_effect=smallest,
        under_null=null,
        under_design=design,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
