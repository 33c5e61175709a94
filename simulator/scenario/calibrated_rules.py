"""The rules between the targets and checks of a scenario and the rest of it."""

from collections.abc import Iterator

from simulator.scenario.calibrated import Measured
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario


def calibrated_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule that `calibrated` and `acceptance` break.

    A figure that the scenario does not have breaks none: a scenario that extends another may leave
    out a part, or name its arms otherwise (`why_not`).
    """
    targets, checks = scenario.calibrated or [], scenario.acceptance or []
    yield from _twice(scenario)
    yield from _limits(scenario)
    used = {row: target.label for target in targets for row in target.rows}
    for place, check in enumerate(checks):
        for number, row in enumerate(check.rows):
            if row in used:
                yield RuleError(
                    f"row {row} is a source of calibrated ({used[row]}): what was used cannot "
                    "be held out",
                    "leave it out of one of the two",
                    f"acceptance[{place}].rows[{number}]",
                )


def why_not(scenario: Scenario, one: Measured) -> str:
    """Say why a scenario has no such figure; empty where it has."""
    arms = {arm.name: arm for arm in scenario.arms}
    if one.arm is not None and one.arm not in arms:
        return f"no arm is called {one.arm}; known: {', '.join(arms)}"
    of = [arms[one.arm]] if one.arm is not None else list(scenario.arms)
    if one.measure.startswith("sessions_") and all(arm.plan is None for arm in of):
        return "no sessions are planned"
    if one.measure == "screen_failure" and scenario.eligibility is None:
        return "nobody is screened"
    if scenario.labs is None and (
        "meld" in one.measure or one.lab is not None or one.baseline_meld is not None
    ):
        return "labs are not modelled"
    last = scenario.trial.follow_up_days
    if one.by_day is not None and one.by_day > last:
        return f"follow-up ends on day {last}"
    return ""


def _twice(scenario: Scenario) -> Iterator[RuleError]:
    """A figure cannot be aimed at twice."""
    labels = [target.label for target in scenario.calibrated or []]
    for place, label in enumerate(labels):
        if label in labels[:place]:
            yield RuleError(
                f"{label} is a target already", "leave one out", f"calibrated[{place}].measure"
            )


def _limits(scenario: Scenario) -> Iterator[RuleError]:
    """A key that several targets may move has one pair of limits."""
    limits: dict[str, tuple[float, float]] = {}
    for place, target in enumerate(scenario.calibrated or []):
        for number, movable in enumerate(target.by):
            pair = limits.setdefault(movable.key, (movable.low, movable.high))
            if pair != (movable.low, movable.high):
                yield RuleError(
                    f"this key moves from {pair[0]:g} to {pair[1]:g} for another target",
                    "give the same limits",
                    f"calibrated[{place}].by[{number}].low",
                )
