"""Boundaries of the looks of a run: as planned or, where that is not known, at the mean."""

import math
from collections.abc import Sequence
from itertools import pairwise

from simulator.monitoring.asked import MonitoringPlan
from simulator.monitoring.characteristics import level_of
from simulator.monitoring.decisions import Stage, looked, sides_of
from simulator.monitoring.normal import upper_tail
from simulator.monitoring.plan import Look
from simulator.monitoring.recursion import is_new
from simulator.planning.look_effects import EffectScale
from simulator.results.planned_looks import LookLevels, PlannedBoundaries, PlannedLook


def planned_boundaries(
    asked: MonitoringPlan,
    moments: Sequence[str],
    mean_fractions: Sequence[float | None],
    mean_errors: Sequence[float],
    effects: EffectScale,
) -> PlannedBoundaries | None:
    """Return the boundaries of looks at their planned information.

    Parameters
    ----------
    moments
        Of each look in words, empty for the final analysis.
    mean_fractions
        What the looks had of the planned information, on average; None: a look was never taken.
    mean_errors
        Standard errors of the estimate at the looks, on average; NaN where there is none.

    Returns
    -------
    None where the information is not planned and, on average, does not grow from look to look.
    """
    fractions: Sequence[float | None] = asked.fractions
    as_planned = not any(math.isnan(fraction) for fraction in asked.fractions)
    if not as_planned:
        fractions = mean_fractions
    known = [f for f in fractions if f is not None and f > 0.0]
    grows = all(is_new(later, earlier) for earlier, later in pairwise(known))
    if len(known) < len(moments) or not grows or any(f >= 1.0 for f in known[:-1]):
        return None
    looks = boundaries_on_both_sides(asked, known)
    level = LookLevels(
        nominal=asked.alpha,
        futility_obeyed=level_of(looks, obeyed=True),
        futility_ignored=level_of(looks, obeyed=False),
    )
    found = tuple(
        _shown(asked, moment, look, error, effects)
        for moment, look, error in zip(moments, looks, mean_errors, strict=True)
    )
    return PlannedBoundaries(as_planned, found, level)


def boundaries_on_both_sides(asked: MonitoringPlan, fractions: Sequence[float]) -> tuple[Look, ...]:
    """Return each look with the boundaries in favour of either arm, as `decisions` decides."""
    sides, stage = sides_of(asked), Stage()
    for place, fraction in enumerate(fractions):
        stage = looked(sides, stage, place, fraction, place == len(fractions) - 1)
    firsts = stage.first or (None,) * len(stage.second)
    return tuple(
        Look(
            information=second.information,
            efficacy_z=second.efficacy_z,
            lower_z=-math.inf if first is None else -first.efficacy_z,
            futility_z=second.futility_z,
            upper_spent=second.upper_spent,
            lower_spent=0.0 if first is None else first.upper_spent,
        )
        for second, first in zip(stage.second, firsts, strict=True)
    )


def _shown(
    asked: MonitoringPlan, moment: str, look: Look, error: float, effects: EffectScale
) -> PlannedLook:
    p_value = asked.sides * upper_tail(look.efficacy_z)
    futility_z = look.futility_z if moment else -math.inf

    def effect(z: float) -> float | None:
        return effects.at(z * error) if math.isfinite(z * error) else None

    return PlannedLook(
        moment=moment,
        fraction=look.information,
        information=look.information * asked.max_information,
        efficacy_z=_finite(look.efficacy_z),
        lower_z=_finite(look.lower_z),
        futility_z=_finite(futility_z),
        nominal_p=p_value if math.isfinite(look.efficacy_z) else None,
        alpha_spent=look.alpha_spent,
        efficacy_effect=effect(look.efficacy_z),
        lower_effect=effect(look.lower_z),
        futility_effect=effect(futility_z),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
