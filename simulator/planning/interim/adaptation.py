"""What a look of a running trial changes beside stopping it, at the data observed."""

import math
from datetime import timedelta

import numpy as np

from simulator.declarations.analyses import Information
from simulator.monitoring import reestimation
from simulator.monitoring.adaptation import BlindedPlan, SlowPlan, ZonePlan
from simulator.monitoring.adaptation_checks import final_critical
from simulator.monitoring.after_stopping import combined_of
from simulator.monitoring.reestimation import Zone
from simulator.planning.interim.asked import Asked
from simulator.planning.interim.keys import Observed
from simulator.planning.interim.looks import Now
from simulator.results.interim import (
    NoTarget,
    ReestimatedNow,
    SlowNow,
    Verdict,
    WeightedNow,
)
from simulator.scenario.schema import Scenario


def reestimated_of(observed: Observed, asked: Asked, now: Now | None) -> ReestimatedNow | None:
    """Return the target that this look sets, or why it sets none; None: none is re-estimated."""
    plan = None if asked.looks is None else asked.looks.adaptation
    if plan is None or asked.looks is None or (plan.blinded is None and plan.zone is None):
        return None
    place = len(asked.looks.looks) - 1 if plan.blinded is None else plan.blinded.place
    most = plan.most if plan.blinded is None else plan.blinded.most
    kind = "promising_zone" if plan.blinded is None else "blinded_reestimation"
    found = ReestimatedNow(kind, place + 1, plan.target, most, None, None, None, None)

    def missing(why: NoTarget) -> ReestimatedNow:
        return ReestimatedNow(kind, place + 1, plan.target, most, None, None, None, why)

    if (now is not None and now.final) or len(observed.earlier_looks) != place:
        return missing(NoTarget.ANOTHER_LOOK)
    if plan.blinded is not None:
        return _blinded(observed, asked, plan.blinded, found) or missing(NoTarget.NOT_POOLED)
    assert plan.zone is not None
    if now is None or now.z is None:
        return missing(NoTarget.NO_STATISTIC)
    if now.verdict is not Verdict.GO_ON:
        return missing(NoTarget.STOPS)
    return _promising(asked, plan.zone, now, found)


def _blinded(
    observed: Observed, asked: Asked, plan: BlindedPlan, found: ReestimatedNow
) -> ReestimatedNow | None:
    """By pooled mortality, as if nobody were lost; None: it is not in the file."""
    assert asked.looks is not None
    assert asked.looks.adaptation is not None
    deaths, known = observed.total("deaths"), observed.total("followed_up")
    if asked.declared.information is not Information.COMPLETED or deaths is None or not known:
        return None
    pooled = deaths / known
    level = asked.looks.alpha / asked.looks.sides
    share = asked.looks.adaptation.share_second
    patients = reestimation.patients_for_difference(
        np.array([pooled]), plan.difference, level, plan.power, share
    )
    caps = plan.least, plan.most, found.planned
    target = int(reestimation.within_caps(patients, *caps)[0])
    return ReestimatedNow(
        found.kind, found.look, found.planned, found.most, pooled, None, target, None
    )


def _promising(asked: Asked, plan: ZonePlan, now: Now, found: ReestimatedNow) -> ReestimatedNow:
    """By conditional power under the estimate, as `montecarlo.adapted` has it."""
    assert now.z is not None
    z, share = np.array([now.z]), np.array([now.fraction])
    critical = np.array([final_critical(asked.sides, now.stage)])
    power = reestimation.conditional_power(z, share, critical, 1.0 - share)
    zone = Zone(int(reestimation.zones(power, plan.low, plan.high)[0]))
    target = found.planned
    if zone is Zone.PROMISING:
        needed = (share + reestimation.gain_needed(z, share, critical, plan.power)) * target
        target = int(reestimation.within_caps(needed, target, plan.most, target)[0])
    return ReestimatedNow(
        found.kind,
        found.look,
        found.planned,
        found.most,
        float(power[0]),
        zone.name.lower(),
        target,
        None,
    )


def slow_of(observed: Observed, asked: Asked, scenario: Scenario) -> SlowNow | None:
    """Return whether recruitment is so slow that it closes; None: nothing is asked for.

    Fewer at a later cut were fewer on the day too; as many later may or may not have been.
    """
    adaptation = None if asked.looks is None else asked.looks.adaptation
    plan: SlowPlan | None = None if adaptation is None else adaptation.slow
    if plan is None:
        return None
    randomised, day, slow = observed.randomised, None, None
    if plan.place >= 0:
        is_due = len(observed.earlier_looks) == plan.place
    else:
        day = scenario.trial.start_date + timedelta(days=plan.day)
        is_due = observed.cut >= day
    if is_due and randomised is not None:
        slow = randomised < plan.fewest
        if not slow and day is not None and observed.cut > day:
            slow = None
    return SlowNow(
        fewest=plan.fewest,
        look=plan.place + 1 if plan.place >= 0 else None,
        date=None if day is None else day.isoformat(),
        randomised=randomised,
        due=is_due,
        slow=slow,
        unanswered=plan.unanswered,
    )


def weighted_at_the_end(
    observed: Observed, asked: Asked, fraction: float | None, z: float | None
) -> WeightedNow | None:
    """Return the final statistic with planned weights; None: it is the usual one.

    It is held to the boundary of the planned end, wherever the last look before judged the zone.
    """
    looks = asked.looks
    if looks is None or looks.adaptation is None or looks.adaptation.zone is None:
        return None
    if not looks.adaptation.zone.weighted or asked.planned is None:
        return None
    is_final = (fraction or 0.0) >= 1 if observed.final is None else observed.final
    if not is_final or len(observed.earlier_looks) != len(looks.looks):
        return None
    before = observed.earlier_looks[-1]
    weight = before.information / asked.planned
    if fraction is None or z is None or before.z is None or not weight < min(fraction, 1.0):
        return WeightedNow(None, weight, None, None)
    start, end = (np.array([x]) for x in (weight, fraction))
    found = reestimation.weighted_z(np.array([before.z]), start, np.array([z]), end, start)
    combined = combined_of(np.array([before.z]), start, np.array([z]), end)
    moved, stretch = (float(column[0]) for column in combined)
    root = math.sqrt(fraction)
    return WeightedNow(float(found[0]), weight, (z + moved) / root, root / stretch)
