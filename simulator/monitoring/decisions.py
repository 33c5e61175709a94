"""What is decided at a look, of one analysis of one trial (model page, section 12).

Positive z favours the second arm or, of a one-sided hypothesis, what it is to show. Where the
analysis is two-sided each arm's favour is shown at half of the level, by a boundary of its own:
that in favour of the first is the mirror of the second's, futility apart, unless it has a part of
the level and a rule of its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.boundaries import Looks, next_look
from simulator.monitoring.characteristics import assuming, drift_for
from simulator.monitoring.checks import check_plan
from simulator.monitoring.declared import BoundaryError
from simulator.monitoring.exact_z import exact_z_of, moved_to
from simulator.monitoring.families import read_efficacy
from simulator.monitoring.futility import THRESHOLD, is_of_tables, needs_drift, read_futility
from simulator.monitoring.held import Limits, decide
from simulator.monitoring.interpolated import Interpolated, Smooth
from simulator.monitoring.ordering import more_extreme, outcomes_of
from simulator.monitoring.plan import Look, Plan
from simulator.monitoring.recursion import is_new
from simulator.monitoring.unplanned import refuse_unplanned
from simulator.records import Floats, Ints

_NEVER = "haybittle_peto(19)"  # spends next to nothing, 4e-81, before the end


class _HashedOnce:
    """What is looked up very often: its hash is worked out once, in this process alone."""

    def __hash__(self) -> int:
        found: int | None = self.__dict__.get("_hash")
        if found is None:
            found = hash(tuple(getattr(self, field.name) for field in fields(self)))  # type: ignore[arg-type]
            object.__setattr__(self, "_hash", found)
        return found

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: words have another hash elsewhere."""
        return {name: value for name, value in self.__dict__.items() if name != "_hash"}


@dataclass(frozen=True)
class Sides(_HashedOnce):
    """The plan of boundaries in favour of the second arm, and that of the first.

    A one-sided hypothesis has one, `second`. `shows_early`: whether a look before the end can
    reject. `differ`: whether each arm's favour has a rule or a part of the level of its own.
    `exact_z`: critical values that are used in the place of those of the plans, of each
    look and the end; empty: none.
    """

    second: Plan
    first: Plan | None
    shows_early: bool = True
    exact_z: tuple[float, ...] = ()
    differ: bool = False

    __hash__ = _HashedOnce.__hash__

    @property
    def times(self) -> tuple[float, float]:
        """The level over that of the side of the second arm, and over that of the first."""
        if self.first is None:
            return 1.0, 1.0
        level = self.second.alpha + self.first.alpha
        return level / self.second.alpha, level / self.first.alpha


@dataclass(frozen=True)
class Stage(_HashedOnce):
    """Looks so far of one trial, by the information that they had.

    Without `first` the hypothesis is one-sided. `binding`: whether the boundary in favour of the
    second arm counts on futility being obeyed. `times`: by what the one-sided p value of each side,
    the second arm's first, is multiplied to be held to the whole level. `exact_z`: the critical
    value that is used at the last look in the place of those that were spent; None: none is.
    """

    second: Looks = ()
    first: Looks = ()
    binding: bool = False
    times: tuple[float, float] = (2.0, 2.0)
    exact_z: float | None = None

    __hash__ = _HashedOnce.__hash__

    @property
    def second_z(self) -> float:
        """The critical value in favour of the second arm at the last look."""
        return self.second[-1].efficacy_z if self.exact_z is None else self.exact_z

    @property
    def first_z(self) -> float:
        """That in favour of the first arm, of minus z; infinite of a one-sided hypothesis."""
        if not self.first:
            return math.inf
        return self.first[-1].efficacy_z if self.exact_z is None else self.exact_z


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
    if asked.lower_spending:
        alpha = asked.alpha - asked.lower_alpha
    shows_early = bool(asked.spending)
    efficacy = read_efficacy(asked.spending or _NEVER)
    refuse_unplanned(asked, efficacy)
    plain = Plan(information=known, efficacy=efficacy, alpha=alpha)
    check_plan(plain, {"level": _level_in_words(asked)})
    first = plain if asked.sides == 2 else None
    if asked.lower_spending:
        first = _lower(asked, known)
    rest = first, shows_early, exact_z_of(asked), first is not None and first != plain
    if asked.futility is None:
        return Sides(plain, *rest)
    futility = read_futility(asked.futility.rule)
    if is_of_tables(futility):
        if asked.futility.binding:
            told = "has no boundary of Z, which that for efficacy could count on"
            raise BoundaryError("futility", futility.text, told, "use binding: false")
        return Sides(plain, *rest)
    second = Plan(known, efficacy, alpha, futility=futility, binding=asked.futility.binding)
    if needs_drift(futility):
        power = asked.futility.power
        second = assuming(second, drift_for(second, power), power)
    check_plan(second, {"level": _level_in_words(asked)})
    return Sides(second, *rest)


def _level_in_words(asked: MonitoringPlan) -> str:
    """Say of what the level of one side is a part; empty: it is all of it."""
    if asked.lower_spending:
        return f", what lower_alpha leaves of the two-sided alpha of {asked.alpha:g}"
    return f", half of the two-sided alpha of {asked.alpha:g}" if asked.sides == 2 else ""


def _lower(asked: MonitoringPlan, known: tuple[float, ...]) -> Plan:
    """The plan of boundaries in favour of the first arm, where it has a rule of its own."""
    name = "lower_spending"
    efficacy = read_efficacy(asked.lower_spending, name)
    refuse_unplanned(asked, efficacy, name)
    plan = Plan(information=known, efficacy=efficacy, alpha=asked.lower_alpha)
    check_plan(plan, {"efficacy": name, "alpha": "lower_alpha"})
    return plan


@lru_cache(maxsize=4096)
def looked(sides: Sides, before: Stage, place: int, fraction: float, final: bool) -> Stage:
    """Return the looks of a trial with the next one.

    Parameters
    ----------
    place
        Of the look among those planned: an earlier one may not have been taken.
    fraction
        Its share of the planned information.
    """
    stage = _spent(sides, before, place, fraction, final)
    return replace(stage, exact_z=sides.exact_z[-1 if final else place]) if sides.exact_z else stage


def _spent(sides: Sides, before: Stage, place: int, fraction: float, final: bool) -> Stage:
    """The looks of a trial with the next one, by what each spends."""
    shows = final or sides.shows_early
    plan = sides.second if final else _with_own_threshold(sides.second, place)
    second = (*before.second, _look(plan, before.second, fraction, final, shows))
    if sides.first is None:
        return Stage(second, (), sides.second.binding, sides.times)
    if sides.first == sides.second:
        return Stage(second, second)
    first = (*before.first, _look(sides.first, before.first, fraction, final, shows))
    return Stage(second, first, sides.second.binding, sides.times)


def _with_own_threshold(plan: Plan, place: int) -> Plan:
    """The plan with one futility threshold, that of a look, where each has its own."""
    rule = plan.futility
    if rule is None or rule.word != THRESHOLD.word or len(rule.values) == 1:
        return plan
    return replace(plan, futility=replace(rule, values=rule.values[place : place + 1]))


def _look(plan: Plan, before: Looks, fraction: float, final: bool, shows: bool) -> Look:
    look = next_look(plan, before, fraction, final)
    return look if shows else replace(look, efficacy_z=math.inf, upper_spent=0.0)


def limits_of(stages: Sequence[Stage]) -> Limits:
    """Return the critical values of the last look of some stages."""
    two_sided = bool(stages[0].first)
    return Limits(
        np.array([stage.second_z for stage in stages]),
        np.array([stage.second[-1].futility_z for stage in stages]),
        np.array([stage.first_z for stage in stages]) if two_sided else np.empty(0),
    )


def decided(stage: Stage, z: Floats, final: bool) -> Ints:
    """Return the `Decision` that the last look of trials of one stage comes to.

    A statistic that is NaN decides nothing.
    """
    found = np.empty(z.shape, np.int64)
    decide(limits_of([stage]), z, final, found)
    return found


def p_values(stages: Sequence[Stage], which: Ints, z: Floats, *, futile: bool) -> Floats:
    """P values of trials that ended at their last look, by the stage-wise ordering.

    At most alpha where a boundary was crossed. Of a two-sided analysis twice the one-sided one in
    the direction of z or, where the arms have unequal parts of alpha, as many times as alpha is
    that direction's part. The one-sided one is the chance under no effect of an earlier crossing or
    of a statistic as far at this look, futility obeyed where the boundary counts on it. A trial
    that stopped for futility gave up what was left of the level: the outcomes more extreme than its
    own are then all but earlier stops for futility and smaller statistics here (Jennison and
    Turnbull 2000, section 8.4).

    Parameters
    ----------
    stages, which
        Looks that trials had, and the place among them of each trial's.
    z
        Of each trial; NaN gives NaN.
    futile
        Whether they stopped for futility.
    """
    if not futile and stages[0].exact_z is not None:
        z = _all_moved(stages, which, z)
    found: Floats = _P_VALUES.values([(stage, futile) for stage in stages], which, z)[0]
    return np.minimum(1.0, found) if stages[0].first else found


_FAR, _CELLS_A_UNIT = 10, 4


def _smooth(of: tuple[Stage, bool]) -> Smooth:
    """P values of trials with some looks; those of two-sided analyses may be above 1."""
    stage, futile = of
    return Smooth(lambda z: _p_values(stage, futile, z)[None], _FAR * _CELLS_A_UNIT)


_P_VALUES = Interpolated(_smooth, outputs=1, farthest=_FAR)


def _p_values(stage: Stage, futile: bool, z: Floats) -> Floats:
    if futile:
        times = stage.times[0] if stage.first else 1.0
        return np.asarray(times * more_extreme(stage.second, z, 0.0, obeyed=True))
    if not stage.first:
        return _one_sided(stage.second, z, obeyed=stage.binding)
    far = np.abs(z)
    second = _one_sided(stage.second, far, obeyed=stage.binding)
    alike = stage.first is stage.second and not stage.binding
    first = second if alike else _one_sided(stage.first, far, obeyed=False)
    of_second, of_first = stage.times
    return np.where(z < 0.0, of_first * first, of_second * second)


def _all_moved(stages: Sequence[Stage], which: Ints, z: Floats) -> Floats:
    """Statistics, each moved by its stage; in both directions alike of a two-sided analysis."""
    found = z.copy()
    for place, stage in enumerate(stages):
        mine = which == place
        far = np.abs(z[mine]) if stage.first else z[mine]
        moved = moved_to(stage.exact_z or 0.0, stage.second[-1].efficacy_z, far)
        found[mine] = np.copysign(moved, z[mine]) if stage.first else moved
    return found


def _one_sided(looks: Looks, z: Floats, *, obeyed: bool) -> Floats:
    # What earlier looks spent is known to the last digit, so that p is alpha on the boundary.
    earlier = [look for look in looks[:-1] if is_new(looks[-1].information, look.information)]
    spent = earlier[-1].upper_spent if earlier else 0.0
    return spent + outcomes_of(looks, obeyed).above(z)
