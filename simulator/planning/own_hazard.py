"""From what a designer knows of mortality to a scenario's hazard.

What is known of the control arm: mortality by a day, median survival, survival at several days, or
a published Kaplan-Meier curve; of the other arm one of these, or a hazard ratio. The first two mean
a constant hazard; the others a hazard constant between days (model page, section 7.4).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.planning.own_baseline import (
    KnownBaseline,
    Points,
    constant,
    direct,
    refuse_ratio,
    through,
)
from simulator.planning.own_curves import of_curve, of_two_curves
from simulator.scenario.errors import RuleError
from simulator.scenario.writing import Block, Line


@dataclass(frozen=True)
class Outcome:
    """What is known of mortality, each by arm with the control first.

    Attributes
    ----------
    mortality
        By `by_day`, of both arms; of the second alone where another key tells of the control.
    medians
        Median survival, days.
    survival
        Survival at some days.
    curves
        Files of `calibration.survival_files`.
    hazard_ratio
        Of the second arm against the control.
    """

    by_day: int
    mortality: tuple[float, ...] = ()
    medians: tuple[float, ...] = ()
    survival: tuple[Points, ...] = ()
    curves: tuple[Path, ...] = ()
    hazard_ratio: float | None = None


def hazard_of(known: Outcome, arms: tuple[str, str], follow_up_days: int) -> Block:
    """Return the part `hazard` of a scenario.

    Raises
    ------
    RuleError
        With the option that is at fault as its key: too little or too much is known, or no hazard
        ratio between 0.001 and 1000 leads from one arm to the other.
    ScenarioError
        If a file cannot be read.
    """
    _refuse_too_little_or_much(known)
    if known.medians:
        baseline = constant(0.5, known.medians[0], "median survival in days")
    elif known.survival:
        baseline = through(known.survival[0], "assumption: survival at days, the designer's figure")
    elif len(known.curves) == 1:
        baseline = of_curve(known.curves[0], follow_up_days)
    elif known.curves:
        return of_two_curves(known.curves, follow_up_days)
    elif len(known.mortality) > 1:
        return _of_targets(known, arms, follow_up_days)
    else:
        words = f"mortality by day {known.by_day}"
        baseline = constant(known.mortality[0], float(known.by_day), words)
    return {"baseline": baseline.part()} | _effect(known, arms, baseline, follow_up_days)


def _refuse_too_little_or_much(known: Outcome) -> None:
    ways = {
        "median": known.medians,
        "survival": known.survival,
        "curve": known.curves,
        "mortality": known.mortality,
    }
    control = [way for way, held in ways.items() if held and way != "mortality"]
    if len(control) > 1:
        raise RuleError(f"says the same as --{control[0]}", "give one of the two", control[1])
    if not control and not known.mortality:
        raise RuleError(
            "nothing tells of mortality",
            "as --mortality 35%,22%, --median 300,420, --survival 28=.8,90=.65 or --curve FILE",
            "mortality",
        )
    way = control[0] if control else "mortality"
    if control and len(known.mortality) > 1:
        rule = f"the first of the two is said by --{way} already"
        raise RuleError(rule, "give the second arm's alone", "mortality")
    others = {
        f"a second --{way}": len(ways[way]) > 1,
        "--mortality": bool(control and known.mortality),
        "--hazard-ratio": known.hazard_ratio is not None,
    }
    told = [name for name, is_told in others.items() if is_told]
    if not told:
        rule = "tells of the control arm alone"
        raise RuleError(rule, "add the other arm's, or --hazard-ratio", way)
    if len(told) > 1:
        rule = f"the other arm is told of twice: {' and '.join(told)}"
        raise RuleError(rule, "give one of the two", told[-1].split("--")[1])


def _of_targets(known: Outcome, arms: tuple[str, str], follow_up_days: int) -> Block:
    control, other = known.mortality
    refuse_ratio(math.log1p(-other) / math.log1p(-control), "mortality")
    kind = {"kind": "exponential", "mortality_at_horizon": "solved"}
    return {
        "baseline": Line(kind, "derived: from mortality_targets"),
        **_targets({arms[0]: control, arms[1]: other}, known.by_day, follow_up_days),
    }


def _targets(targets: dict[str, float], by_day: int, follow_up_days: int) -> Block:
    source = f"assumption: death by day {by_day}, the designer's figure"
    day = {} if by_day == follow_up_days else {"mortality_target_day": Line(by_day, source)}
    effect = {"kind": "direct", "hazard_ratio": "solved"}
    return {
        "effect": Line(effect, "derived: from mortality_targets"),
        "mortality_targets": Line(targets, source),
        **day,
    }


def _effect(
    known: Outcome, arms: tuple[str, str], baseline: KnownBaseline, follow_up_days: int
) -> dict[str, Any]:
    """Return what tells the second arm from the control, whose hazard is known."""
    source = "assumption: the designer's figure"
    if known.hazard_ratio is not None:
        ratio = known.hazard_ratio
    elif len(known.medians) > 1:
        first, second = known.medians
        ratio = float(f"{first / second:.6g}")
        source = (
            f"derived: medians of {first:g} and {second:g} days, constant hazards, "
            "the designer's figure"
        )
    else:
        day, share = _only_point(known)
        refuse_ratio(math.log(share) / baseline.log_survival(day), _way(known))
        return dict(_targets({arms[1]: round(1 - share, 12)}, day, follow_up_days))
    refuse_ratio(ratio, "hazard-ratio" if known.hazard_ratio is not None else "median")
    return {"effect": direct(ratio, source)}


def _way(known: Outcome) -> str:
    return "mortality" if known.mortality else "survival"


def _only_point(known: Outcome) -> tuple[int, float]:
    """Day and survival of the second arm."""
    if known.mortality:
        return known.by_day, 1 - known.mortality[-1]
    points = known.survival[1]
    if len(points) > 1 or points[0][0] != int(points[0][0]):
        raise RuleError(
            "the second arm's survival is known at one whole day: between arms hazards are "
            "proportional",
            "as --survival 28=.8,90=.65 --survival 90=.78",
            "survival",
        )
    return int(points[0][0]), points[0][1]
