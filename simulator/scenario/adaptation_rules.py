"""The rules that tie what looks change of a trial to the rest of a scenario."""

from collections.abc import Iterator

from simulator.declarations.analyses import Information
from simulator.declarations.schemes import SCHEMES
from simulator.scenario.adaptation import BlindedReestimation, PromisingZone
from simulator.scenario.errors import RuleError
from simulator.scenario.planned_numbers import highest_new_target
from simulator.scenario.schema import Scenario

_MEANS = "meld_welch", "meld_ancova"
_BLINDED, _ZONE, _SLOW = (
    f"monitoring.{key}" for key in ("blinded_reestimation", "promising_zone", "slow_recruitment")
)


def highest_target(scenario: Scenario) -> int:
    """Return the largest number of patients that looks may make the target of a scenario."""
    asked, target = scenario.monitoring, scenario.trial.target_randomised
    found = [target]
    if asked is not None:
        both = asked.blinded_reestimation, asked.promising_zone
        found += [highest_new_target(one, target) for one in both if one is not None]
    return max(found)


def adaptation_rules(
    scenario: Scenario, test: str, information: Information
) -> Iterator[RuleError]:
    """Yield every rule that re-estimation and slow recruitment of a scenario break.

    Parameters
    ----------
    test, information
        Of the analysis that is looked at.
    """
    asked = scenario.monitoring
    assert asked is not None
    if asked.blinded_reestimation is not None and asked.promising_zone is not None:
        rule = "the target is re-estimated blinded already"
        yield RuleError(rule, "give one of the two, the other null", _ZONE)
    if asked.blinded_reestimation is not None:
        yield from _blinded_rules(scenario, test, information)
    if asked.promising_zone is not None:
        yield from _zone_rules(scenario)
    if asked.slow_recruitment is not None:
        yield from _slow_rules(scenario)


def _blinded_rules(scenario: Scenario, test: str, information: Information) -> Iterator[RuleError]:
    asked, target = scenario.monitoring, scenario.trial.target_randomised
    assert asked is not None
    assert asked.blinded_reestimation is not None
    found = asked.blinded_reestimation
    yield from _look_rules(scenario, found.look, _BLINDED)
    yield from _cap_rules(scenario, found, _BLINDED)
    least = found.least_randomised
    if least is not None and least > target:
        rule = f"is above the target of {target}, which would then always be raised"
        yield RuleError(
            rule, "lower it, or raise trial.target_randomised", f"{_BLINDED}.least_randomised"
        )
    if information is Information.INVERSE_VARIANCE and test not in _MEANS:
        yield RuleError(
            f"{test} has neither a proportion nor a mean that could be pooled over arms",
            f"look at {' or '.join(_MEANS)}, at a test of mortality or at log_rank",
            _BLINDED,
        )
        return
    yield from _effect_rules(scenario, test, information)


def _effect_rules(scenario: Scenario, test: str, information: Information) -> Iterator[RuleError]:
    """The effect to be found is that of the analysis."""
    assert scenario.monitoring is not None
    found = scenario.monitoring.blinded_reestimation
    assert found is not None
    wanted, other = "difference", "hazard_ratio"
    if information is Information.DEATHS:
        wanted, other = other, wanted
    if getattr(found, other) is not None:
        rule = f"is no effect of {test}"
        yield RuleError(rule, f"give {wanted}", f"{_BLINDED}.{other}")
    elif getattr(found, wanted) is None:
        example = "0.7" if wanted == "hazard_ratio" else "3" if test in _MEANS else "0.2"
        rule = f"takes the {wanted} that is to be found, for {test}"
        yield RuleError(rule, f"give {wanted}: {example}", _BLINDED)
    elif found.hazard_ratio == 1.0:
        yield RuleError("is no effect", "give another, as 0.7", f"{_BLINDED}.hazard_ratio")
    elif information is Information.COMPLETED and (found.difference or 0.0) >= 1.0:
        rule = "is no difference of proportions"
        yield RuleError(rule, "give one below 1, as 0.2", f"{_BLINDED}.difference")


def _zone_rules(scenario: Scenario) -> Iterator[RuleError]:
    assert scenario.monitoring is not None
    found = scenario.monitoring.promising_zone
    assert found is not None
    yield from _cap_rules(scenario, found, _ZONE)
    end = scenario.trial.end
    if end is not None and end.min_follow_up_days is None:
        yield RuleError(
            "more patients are to bring more information, and a trial that ends by its deaths has "
            "as many whatever its patients",
            f"end it with trial.end: {{min_follow_up_days: {scenario.trial.follow_up_days}}}, or "
            "re-estimate its patients with blinded_reestimation",
            _ZONE,
        )
    high = found.to_conditional_power or found.conditional_power
    if found.from_conditional_power >= high:
        rule = f"is not below {high:g}, where the zone ends"
        yield RuleError(rule, "lower it, as 0.36", f"{_ZONE}.from_conditional_power")
    if high > found.conditional_power:
        rule = f"is above {found.conditional_power:g}, the power to be reached"
        yield RuleError(rule, "lower it, or leave it out", f"{_ZONE}.to_conditional_power")


def _slow_rules(scenario: Scenario) -> Iterator[RuleError]:
    asked, trial = scenario.monitoring, scenario.trial
    assert asked is not None
    assert asked.slow_recruitment is not None
    found = asked.slow_recruitment
    if found.look is not None:
        yield from _look_rules(scenario, found.look, _SLOW)
    if found.day is not None and found.day >= trial.max_recruitment_days:
        rule = f"recruitment has ended by day {trial.max_recruitment_days:g} in any case"
        yield RuleError(rule, "give an earlier day", f"{_SLOW}.day")
    if found.fewer_than is not None and found.fewer_than > trial.target_randomised:
        rule = f"{trial.target_randomised} patients are to be randomised: all trials have fewer"
        yield RuleError(rule, "lower it", f"{_SLOW}.fewer_than")


def _look_rules(scenario: Scenario, look: int, key: str) -> Iterator[RuleError]:
    assert scenario.monitoring is not None
    looks = len(scenario.monitoring.looks)
    if look > looks:
        rule = f"there {'is one look' if looks == 1 else f'are {looks} looks'} before the end"
        remedy = "give 1" if looks == 1 else f"give a look from 1 to {looks}"
        yield RuleError(rule, remedy, f"{key}.look")


def _cap_rules(
    scenario: Scenario, asked: BlindedReestimation | PromisingZone, key: str
) -> Iterator[RuleError]:
    """A target may be raised as far as accrual and allocation have a place for patients."""
    word = "most_randomised" if asked.most_times_target is None else "most_times_target"
    most = highest_new_target(asked, scenario.trial.target_randomised)
    target, scheme = scenario.trial.target_randomised, SCHEMES[scenario.allocation.scheme]
    if most < target:
        rule = f"is below the target of {target}, which is never lowered to it"
        yield RuleError(rule, f"give {target} or more", f"{key}.{word}")
    elif most > target and scenario.accrual.kind == "uniform":
        rule = (
            f"is above the target of {target}, and under accrual.kind: uniform the number of "
            "candidates is fixed"
        )
        yield RuleError(rule, "use accrual.kind: poisson", f"{key}.{word}")
    elif most > target and scheme.fixed_size:
        rule = (
            f"is above the target of {target}, and allocation.scheme: {scheme.word} has exactly as "
            "many places"
        )
        remedy = "use another scheme, as permuted_block"
        yield RuleError(rule, remedy, f"{key}.{word}")
