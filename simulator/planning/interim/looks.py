"""Looks that were taken at a running trial, and what follows from the last of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from simulator.monitoring.after_stopping import Tails, corrected
from simulator.monitoring.boundaries import looks_to_come
from simulator.monitoring.characteristics import drift_for
from simulator.monitoring.conditional import conditional_power, predictive_power
from simulator.monitoring.decisions import Stage, decided, looked, p_values, sides_of
from simulator.monitoring.held import Decision
from simulator.monitoring.normal import upper_tail
from simulator.monitoring.plan import Look
from simulator.monitoring.repeated import repeated_interval
from simulator.planning.interim.asked import Asked
from simulator.planning.interim.effect import Effect, enumerated
from simulator.planning.interim.file import ObservedFile
from simulator.planning.interim.keys import Observed
from simulator.planning.interim.levels import own_z, sizes_so_far
from simulator.results.interim import (
    InformationNow,
    Interval,
    LookTaken,
    Prospects,
    Stopped,
    Verdict,
    WeightedNow,
)
from simulator.scenario.loaded import LoadedScenario

Sizes = tuple[tuple[int, int], ...]
_ALONE = np.zeros(1, np.int64)  # one trial, of the only stage
_VERDICTS = {
    Decision.FAVOURS_FIRST: Verdict.EFFICACY_FIRST,
    Decision.FAVOURS_SECOND: Verdict.EFFICACY_SECOND,
    Decision.FUTILITY: Verdict.FUTILITY,
}


class Usual(NamedTuple):
    """The usual statistic and estimate, at the share of the planned information; None: unknown."""

    fraction: float | None
    z: float | None
    effect: Effect | None


@dataclass(frozen=True)
class Now:
    """A look with all that is known at it."""

    stage: Stage
    fraction: float
    final: bool
    z: float | None
    effect: Effect | None
    verdict: Verdict


def looks_of(
    file: ObservedFile,
    asked: Asked,
    information: InformationNow,
    z: float | None,
    effect: Effect | None,
    arms: Sequence[str],
    weighted: WeightedNow | None = None,
) -> tuple[tuple[LookTaken, ...], Now]:
    """Every look so far at its information, and what is known at this one.

    Parameters
    ----------
    weighted
        The final statistic of planned weights, which is held to the boundary of the planned end.
    """
    observed = file.observed
    assert information.now is not None
    assert information.fraction is not None
    assert asked.planned is not None
    stage, taken = Stage(), []
    sizes = _own_sizes(asked, observed, arms, information.now)
    for place, look in enumerate(observed.earlier_looks, start=1):
        fraction = look.information / asked.planned
        stage = _next(asked, stage, fraction, sizes[:place], final=False)
        verdict = _verdict(stage, look.z, final=False)
        taken.append(_taken(stage, look.cut.isoformat(), look.information, look.z, None, verdict))
    final = information.fraction >= 1 if observed.final is None else observed.final
    judged_at = information.fraction
    if weighted is not None:
        judged_at, z, effect = 1.0, weighted.z, None
    stage = _next(asked, stage, judged_at, sizes, final=final)
    now = Now(stage, judged_at, final, z, effect, _verdict(stage, z, final=final))
    cut = observed.cut.isoformat()
    taken.append(_taken(stage, cut, information.now, z, effect, now.verdict))
    return tuple(taken), now


def _own_sizes(asked: Asked, observed: Observed, arms: Sequence[str], now: float) -> Sizes:
    """Patients by arm at each look, where exact levels are those of the trial's own sizes."""
    if asked.looks is None or not asked.looks.own_sizes:
        return ()
    return sizes_so_far(asked.looks, observed, arms, now)


def _next(asked: Asked, stage: Stage, fraction: float, sizes: Sizes, *, final: bool) -> Stage:
    """The looks with the next one, which has no boundary where none is planned."""
    if asked.looks is not None or final:
        found = looked(asked.sides, stage, len(stage.second), fraction, final)
        if asked.looks is None or not sizes:
            return found
        return replace(found, exact_z=own_z(asked.plan, asked.looks, sizes, final=final))
    free = Look(fraction, math.inf)
    first = () if asked.sides.first is None else (*stage.first, free)
    return Stage((*stage.second, free), first)


def _verdict(stage: Stage, z: float | None, *, final: bool) -> Verdict:
    if z is None:
        return Verdict.NOT_KNOWN
    found = Decision(int(decided(stage, np.array([z]), final)[0]))
    return _VERDICTS.get(found, Verdict.NO_REJECTION if final else Verdict.GO_ON)


def _taken(
    stage: Stage,
    cut: str,
    information: float,
    z: float | None,
    effect: Effect | None,
    verdict: Verdict,
) -> LookTaken:
    second = stage.second[-1]
    sides = 2 if stage.first else 1
    finite = math.isfinite(stage.second_z)
    return LookTaken(
        cut=cut,
        information=information,
        fraction=second.information,
        efficacy_z=_finite(stage.second_z),
        lower_z=_finite(-stage.first_z),
        futility_z=_finite(second.futility_z),
        nominal_p=sides * upper_tail(stage.second_z),
        alpha_spent=sum(looks[-1].upper_spent for looks in (stage.second, stage.first) if looks),
        z=z,
        p_value=None if z is None else _nominal(z, sides),
        on_boundary=None if effect is None or not finite else effect.at(stage.second_z),
        verdict=verdict,
    )


def _nominal(z: float, sides: int) -> float:
    return 2 * upper_tail(abs(z)) if sides == 2 else upper_tail(z)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def prospects_of(
    observed: Observed, asked: Asked, now: Now, arms: Sequence[str], loaded: LoadedScenario
) -> Prospects | None:
    """Return how probably the trial will show what it is to show; None: it is not known."""
    if now.z is None or now.final:
        return None
    later = looks_to_come(asked.sides.second, now.stage.second)
    if not later:
        return None
    power, at = asked.power, (later, now.fraction, now.z)
    last = asked.sides.exact_z[-1] if asked.sides.exact_z else later[-1].upper
    if asked.looks is not None and asked.looks.own_sizes:  # at the end as planned
        so_far = _own_sizes(asked, observed, arms, now.fraction * asked.looks.max_information)
        to_come = asked.looks.sizes[len(so_far) :] or asked.looks.sizes[-1:]
        last = own_z(asked.plan, asked.looks, (*so_far, *to_come), final=True)
    level = upper_tail(last) * (1 if asked.sides.first is None else 2)
    found = None
    if observed.arms is not None and asked.declared.table and asked.planned is not None:
        by_arm = [observed.arms[name] for name in arms]
        ratio = loaded.scenario.allocation.ratio
        found = enumerated(asked.plan, by_arm, round(asked.planned), ratio, level)
    return Prospects(
        power=power,
        design=conditional_power(*at, drift_for(asked.sides.second, power)),
        estimate=conditional_power(*at, now.z / math.sqrt(now.fraction)),
        none=conditional_power(*at, 0.0),
        predictive=predictive_power(*at),
        final_p=level,
        enumerated=None if found is None else found.probability,
        to_come=None if found is None else found.to_come,
    )


def repeated_of(now: Now) -> Interval | None:
    """Return the repeated interval; None: there is no boundary, or no statistic."""
    second = now.stage.second[-1]
    first = now.stage.first[-1] if now.stage.first else second
    if now.z is None or math.isinf(second.efficacy_z) or math.isinf(first.efficacy_z):
        return None
    low, high = repeated_interval(second, now.z).low, repeated_interval(first, now.z).high
    return _interval(now, now.z / math.sqrt(now.fraction), low, high)


def repeated_of_weighted(now: Now, weighted: WeightedNow, usual: Usual) -> Interval | None:
    """Return the repeated interval by planned weights, and its centre; None: no statistic."""
    drift, root = weighted.drift, weighted.root
    if drift is None or root is None or usual.fraction is None:
        return None
    second = now.stage.second[-1]
    first = now.stage.first[-1] if now.stage.first else second
    low, high = (repeated_interval(one, drift * root, root) for one in (second, first))
    # An effect is told from the usual estimate, and how far a drift is from its.
    by_usual = replace(now, fraction=usual.fraction, z=usual.z, effect=usual.effect)
    return _interval(by_usual, drift, low.low, high.high)


def stopped_of(asked: Asked, now: Now) -> Stopped | None:
    """Return what follows if the trial stops here; None: there is no statistic."""
    if now.z is None:
        return None
    futile, tails = now.verdict is Verdict.FUTILITY, tails_of(asked)
    z = np.array([now.z])
    p = float(p_values([now.stage], _ALONE, z, futile=futile)[0])
    if asked.looks is not None and asked.looks.no_order:
        return Stopped(p, None)
    found = corrected([now.stage], _ALONE, z, np.array([futile]), tails)
    drifts = (float(now.z + shift[0]) / math.sqrt(now.fraction) for shift in found[:3])
    return Stopped(p, _interval(now, *drifts))


def tails_of(asked: Asked) -> Tails:
    """Return the probabilities beyond the limits of the stage-wise interval."""
    tail = asked.plan.interval_alpha / 2
    return Tails(tail, tail) if asked.looks is None else Tails.of(sides_of(asked.looks), tail)


def _interval(now: Now, estimate: float, low: float, high: float) -> Interval:
    if now.effect is None or now.z is None:
        return Interval(estimate, low, high, None, None, None)
    root, z, effect = math.sqrt(now.fraction), now.z, now.effect
    at, *ends = (effect.shown(effect.moved(d * root - z)) for d in (estimate, low, high))
    return Interval(estimate, low, high, at, min(ends), max(ends))
