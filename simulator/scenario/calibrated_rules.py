"""The rules between the targets and checks of a scenario and the rest of it."""

from collections.abc import Iterator

from simulator.scenario.calibrated import Measured
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario


def calibrated_rules(scenario: Scenario) -> Iterator[RuleError]:
    """Yield every rule that `calibrated` and `acceptance` break."""
    targets, checks = scenario.calibrated or [], scenario.acceptance or []
    for name, measured in (("calibrated", targets), ("acceptance", checks)):
        for place, one in enumerate(measured):
            yield from _of_whom(scenario, one, f"{name}[{place}]")
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


def _of_whom(scenario: Scenario, one: Measured, key: str) -> Iterator[RuleError]:
    arms = {arm.name: arm for arm in scenario.arms}
    if one.arm is not None and one.arm not in arms:
        listed = ", ".join(arms)
        yield RuleError(f"unknown name '{one.arm}'; known: {listed}", "use one", f"{key}.arm")
        return
    of = [arms[one.arm]] if one.arm is not None else list(scenario.arms)
    if one.measure.startswith("sessions_") and all(arm.plan is None for arm in of):
        yield RuleError("no sessions are planned there", "leave it out", f"{key}.measure")
    if one.measure == "screen_failure" and scenario.eligibility is None:
        yield RuleError("nobody is screened: eligibility is null", "leave it out", f"{key}.measure")
    if scenario.labs is None and (
        "meld" in one.measure or one.lab is not None or one.baseline_meld is not None
    ):
        yield RuleError("needs labs, which are not modelled", "leave it out", f"{key}.measure")
    last = scenario.trial.follow_up_days
    if one.by_day is not None and one.by_day > last:
        yield RuleError(f"follow-up ends on day {last}", "give an earlier day", f"{key}.by_day")


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
