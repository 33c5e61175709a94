"""What is decided at a look, of one analysis of one trial (model page, section 12).

Positive z favours the second arm or, of a one-sided hypothesis, what it is to show. Where the
analysis is two-sided each arm's favour is shown at half of the level, by a boundary of its own:
that in favour of the first is the mirror of the second's, futility apart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.boundaries import Looks, next_look
from simulator.monitoring.characteristics import assuming, drift_for
from simulator.monitoring.checks import check_plan
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import THRESHOLD, needs_drift, read_futility
from simulator.monitoring.interpolated import Interpolated, values
from simulator.monitoring.ordering import more_extreme, outcomes_of
from simulator.monitoring.plan import Look, Plan
from simulator.monitoring.recursion import is_new
from simulator.records import Floats, Ints


class Decision(IntEnum):
    """What a look comes to; the first two reject."""

    FAVOURS_FIRST = 0
    FAVOURS_SECOND = 1
    FUTILITY = 2
    GO_ON = 3  # at the final analysis: no rejection


_NEVER = "haybittle_peto(19)"  # spends next to nothing, 4e-81, before the end


@dataclass(frozen=True)
class Sides:
    """The plan of boundaries in favour of the second arm, and that of the first.

    A one-sided hypothesis has one, `second`. `shows_early`: whether a look before the end can
    reject.
    """

    second: Plan
    first: Plan | None
    shows_early: bool = True


@dataclass(frozen=True)
class Stage:
    """Looks so far of one trial, by the information that they had.

    Without `first` the hypothesis is one-sided. `binding`: whether the boundary in favour of the
    second arm counts on futility being obeyed.
    """

    second: Looks = ()
    first: Looks = ()
    binding: bool = False


@lru_cache(maxsize=64)
def sides_of(asked: MonitoringPlan) -> Sides:
    """Return the plans of boundaries of what is asked.

    A look whose information is not known before it is taken stands, where the plan needs it, as if
    looks were equally spaced.

    Raises
    ------
    BoundaryError
        If they cannot be made.
    """
    known = asked.fractions
    if any(math.isnan(fraction) for fraction in known):
        known = tuple((k + 1) / len(known) for k in range(len(known)))
    alpha = asked.alpha / asked.sides
    shows_early = bool(asked.spending)
    efficacy = read_efficacy(asked.spending or _NEVER)
    plain = Plan(information=known, efficacy=efficacy, alpha=alpha)
    check_plan(plain)
    first = plain if asked.sides == 2 else None
    if asked.futility is None:
        return Sides(plain, first, shows_early)
    futility = read_futility(asked.futility.rule)
    second = Plan(known, efficacy, alpha, futility=futility, binding=asked.futility.binding)
    if needs_drift(futility):
        power = asked.futility.power
        second = assuming(second, drift_for(second, power), power)
    check_plan(second)
    return Sides(second, first, shows_early)


def looked(sides: Sides, before: Stage, place: int, fraction: float, final: bool) -> Stage:
    """Return the looks of a trial with the next one.

    Parameters
    ----------
    place
        Of the look among those planned: an earlier one may not have been taken.
    fraction
        Its share of the planned information.
    """
    shows = final or sides.shows_early
    plan = sides.second if final else _with_own_threshold(sides.second, place)
    second = (*before.second, _look(plan, before.second, fraction, final, shows))
    if sides.first is None:
        return Stage(second, (), sides.second.binding)
    if sides.first == sides.second:
        return Stage(second, second)
    first = (*before.first, _look(sides.first, before.first, fraction, final, shows))
    return Stage(second, first, sides.second.binding)


def _with_own_threshold(plan: Plan, place: int) -> Plan:
    """The plan with one futility threshold, that of a look, where each has its own."""
    rule = plan.futility
    if rule is None or rule.word != THRESHOLD.word or len(rule.values) == 1:
        return plan
    return replace(plan, futility=replace(rule, values=rule.values[place : place + 1]))


def _look(plan: Plan, before: Looks, fraction: float, final: bool, shows: bool) -> Look:
    look = next_look(plan, before, fraction, final)
    return look if shows else replace(look, efficacy_z=math.inf, upper_spent=0.0)


class Limits(NamedTuple):
    """Critical values of the last look of some trials, one row per trial.

    Without `first_z` the hypothesis is one-sided.
    """

    efficacy_z: Floats
    futility_z: Floats
    first_z: Floats | None


def limits_of(stages: Sequence[Stage], which: Ints) -> Limits:
    """Return the critical values of trials; each has had the looks of one of some stages."""
    second = [stage.second[-1] for stage in stages]
    first = [stage.first[-1].efficacy_z for stage in stages if stage.first]
    return Limits(
        np.array([look.efficacy_z for look in second])[which],
        np.array([look.futility_z for look in second])[which],
        np.array(first)[which] if first else None,
    )


def decided(limits: Limits, z: Floats, final: bool) -> Ints:
    """Return the `Decision` that the last look of trials comes to.

    A statistic that is NaN decides nothing.
    """
    found = np.full(z.shape, Decision.GO_ON, dtype=np.int64)
    if not final:
        found[z <= limits.futility_z] = Decision.FUTILITY
    if limits.first_z is not None:
        found[z <= -limits.first_z] = Decision.FAVOURS_FIRST
    found[z >= limits.efficacy_z] = Decision.FAVOURS_SECOND
    return found


def p_values(stages: Sequence[Stage], which: Ints, z: Floats, *, futile: bool) -> Floats:
    """P values of trials that ended at their last look, by the stage-wise ordering.

    At most alpha where a boundary was crossed. Of a two-sided analysis twice the one-sided one in
    the direction of z. That is the chance under no effect of an earlier crossing or of a statistic
    as far at this look, futility obeyed where the boundary counts on it. A trial that stopped for
    futility gave up what was left of the level: the outcomes more extreme than its own are then all
    but earlier stops for futility and smaller statistics here (Jennison and Turnbull 2000, section
    8.4).

    Parameters
    ----------
    stages, which
        Looks that trials had, and the place among them of each trial's.
    z
        Of each trial; NaN gives NaN.
    futile
        Whether they stopped for futility.
    """
    found = values([_smooth(stage, futile) for stage in stages], which, z)
    return np.minimum(1.0, found) if stages[0].first else found


@lru_cache(maxsize=1024)
def _smooth(stage: Stage, futile: bool) -> Interpolated:
    """P values of trials with these looks; those of two-sided analyses may be above 1."""
    return Interpolated(partial(_p_values, stage, futile))


def _p_values(stage: Stage, futile: bool, z: Floats) -> Floats:
    if futile:
        return _of_sides(stage, more_extreme(stage.second, z, 0.0, obeyed=True))
    if not stage.first:
        return _one_sided(stage.second, z, obeyed=stage.binding)
    far = np.abs(z)
    if stage.first is stage.second:
        return _of_sides(stage, _one_sided(stage.second, far, obeyed=False))
    first = _one_sided(stage.first, far, obeyed=False)
    second = _one_sided(stage.second, far, obeyed=stage.binding)
    return _of_sides(stage, np.where(z < 0.0, first, second))


def _of_sides(stage: Stage, one_sided: Floats) -> Floats:
    return 2.0 * one_sided if stage.first else one_sided


def _one_sided(looks: Looks, z: Floats, *, obeyed: bool) -> Floats:
    # What earlier looks spent is known to the last digit, so that p is alpha on the boundary.
    earlier = [look for look in looks[:-1] if is_new(looks[-1].information, look.information)]
    spent = earlier[-1].upper_spent if earlier else 0.0
    return spent + outcomes_of(looks, obeyed).above(z)
