"""Boundaries at planned and at actual information.

Both come from one step: the critical values of the next look, given those of the looks before. A
plan is the fold of that step over the planned fractions; a trial's boundaries are its fold over the
fractions as they turned out.
"""

import math
from dataclasses import replace
from functools import lru_cache

from simulator.monitoring.futility import futility_z, needs_drift
from simulator.monitoring.normal import upper_quantile
from simulator.monitoring.plan import Look, Plan, regions_of
from simulator.monitoring.recursion import LEAST, Region, is_new, newly_beyond, spending_value
from simulator.monitoring.roots import root_from
from simulator.monitoring.spending import spent_at

_NOTHING = 1e-12  # of what is spent: less than this is left by rounding alone

Looks = tuple[Look, ...]


@lru_cache(maxsize=4096)
def next_look(plan: Plan, looks: Looks, information: float, final: bool) -> Look:
    """Return the critical values at a look, by the information that it has.

    A spending function spends by the actual fraction. A shape has the constant of the plan, at the
    actual fraction, as long as alpha lasts. The final look spends all that is left, whatever its
    information (underrun, overrun); a look that comes when nothing is left shows nothing.

    Parameters
    ----------
    looks
        Those before, as they were.
    information
        Actual fraction of the planned information. One no larger than that of the look before adds
        nothing: the statistic is that of the look before.
    final
        Whether no look follows.
    """
    return _Steps(plan, constant_of(plan)).step(looks, information, final)


@lru_cache(maxsize=4096)
def boundaries_at(plan: Plan, information: tuple[float, ...], *, final: bool = True) -> Looks:
    """Return the looks of a trial, by the information that each has.

    Parameters
    ----------
    information
        Actual fractions of the planned information so far.
    final
        Whether the last of them is the end of the trial.
    """
    if not information:
        return ()
    earlier = boundaries_at(plan, information[:-1], final=False)
    return (*earlier, next_look(plan, earlier, information[-1], final))


def planned_looks(plan: Plan) -> Looks:
    """Return the looks as planned."""
    return boundaries_at(plan, plan.information)


def looks_to_come(plan: Plan, looks: Looks) -> tuple[Region, ...]:
    """Return when trials go on at later looks as planned, given those so far.

    That is between the boundaries for efficacy; futility is not looked at there.
    """
    return _Steps(plan, constant_of(plan)).to_come(looks)


@lru_cache(maxsize=256)
def constant_of(plan: Plan) -> float:
    """Return the constant of a shape with which the planned looks spend alpha; NaN without one."""
    family = plan.efficacy.family
    if family.value is None or not family.has_constant:
        return math.nan
    if plan.futility is not None and not plan.binding:
        return constant_of(replace(plan, futility=None, drift=None, beta=None))

    if plan.drift is not None and not needs_drift(plan.futility):
        return constant_of(replace(plan, drift=None, beta=None))

    def excess(constant: float) -> float:
        steps = _Steps(plan, constant, sets_constant=True)
        looks: Looks = ()
        for place, information in enumerate(plan.information):
            last = place == len(plan.information) - 1
            # The last look has the shape too: that it spends just what is left is what is sought.
            step = steps.efficacy if last else steps.step
            looks = (*looks, step(looks, information, False))
        return math.log(max(looks[-1].upper_spent, LEAST) / plan.upper_alpha)

    start = upper_quantile(plan.upper_alpha)
    return root_from(excess, start, 0.125 if excess(start) > 0 else -0.125)


class _Steps:
    """The step from look to look, for a plan and a constant of its shape."""

    def __init__(self, plan: Plan, constant: float, *, sets_constant: bool = False) -> None:
        self.plan, self.constant, self.sets_constant = plan, constant, sets_constant

    def step(self, looks: Looks, information: float, final: bool) -> Look:
        """The next look."""
        look = self.efficacy(looks, information, final)
        if self.plan.futility is None:
            return look
        z = look.efficacy_z if final else self._futility(looks, look)
        return replace(look, futility_z=z, beta_spent=look.beta_spent + self._beta(looks, look, z))

    def efficacy(self, looks: Looks, information: float, final: bool) -> Look:
        """The next look with its boundary for efficacy alone."""
        plan = self.plan
        before = looks[-1] if looks else Look(0.0, math.inf)
        now = information if is_new(information, before.information) else before.information
        upper, spent = self._side(looks, now, final, 1)
        look = Look(now, upper, upper_spent=spent, beta_spent=before.beta_spent)
        if plan.is_symmetric:
            return replace(look, lower_z=-upper, lower_spent=spent)
        if plan.lower is not None:
            lower, spent = self._side(looks, now, final, -1)
            return replace(look, lower_z=lower, lower_spent=spent)
        return look

    def _side(self, looks: Looks, now: float, final: bool, sign: int) -> tuple[float, float]:
        """The critical value of one side, and the alpha that it has spent with it."""
        plan, regions = self.plan, regions_of(looks, obeyed=self.plan.binding)
        rule, alpha = plan.efficacy, plan.upper_alpha
        before = looks[-1].upper_spent if looks else 0.0
        if sign < 0 and plan.lower is not None:
            rule, alpha = plan.lower.rule, plan.lower.alpha
            before = looks[-1].lower_spent if looks else 0.0
        amount = left = alpha - before
        if rule.family.value is not None and not final:
            z = sign * rule.family.value(self.constant, now, rule.values)
            takes = newly_beyond(regions, 0.0, now, z, sign)
            if takes < left or self.sets_constant:
                return z, before + takes
        elif not final:
            amount = min(spent_at(rule, alpha, now, plan.information) - before, left)
        if amount <= _NOTHING * before:
            return sign * math.inf, before
        return spending_value(regions, 0.0, now, amount, sign), before + amount

    def _futility(self, looks: Looks, look: Look) -> float:
        return futility_z(self.plan, looks, look, lambda now: self.to_come((*looks, now)))

    def to_come(self, looks: Looks) -> tuple[Region, ...]:
        """The later looks as planned, with their boundaries for efficacy."""
        ahead = [t for t in self.plan.information if is_new(t, looks[-1].information)]
        every = looks
        for place, information in enumerate(ahead):
            every = (*every, self.efficacy(every, information, place == len(ahead) - 1))
        return regions_of(every[len(looks) :], obeyed=False)

    def _beta(self, looks: Looks, look: Look, z: float) -> float:
        """Beta that a look spends with its futility boundary; 0 without a drift."""
        if self.plan.drift is None:
            return 0.0
        regions = regions_of(looks, obeyed=True)
        return newly_beyond(regions, self.plan.drift, look.information, z, -1)
