"""Which numbers of a plan stay while the number of patients is varied."""

from collections.abc import Collection, Iterator

from simulator.results.held_numbers import HeldNumber
from simulator.results.size import PATIENTS
from simulator.scenario.monitoring import Moment
from simulator.scenario.schema import Scenario

_OF_MOMENTS = "deaths", "randomised", "completed"


def held_numbers(scenario: Scenario, varied: Collection[str]) -> tuple[HeldNumber, ...]:
    """Return the numbers of looks and of the end that stay; none unless patients are varied.

    Parameters
    ----------
    varied
        Keys that are varied: a number among them does not stay.
    """
    if PATIENTS not in varied:
        return ()
    return tuple(held for held in _numbers(scenario) if held.key not in varied)


def _numbers(scenario: Scenario) -> Iterator[HeldNumber]:
    end, asked = scenario.trial.end, scenario.monitoring
    if end is not None and end.deaths is not None:
        yield HeldNumber("trial.end.deaths", end.deaths, "deaths_per_patient")
    if asked is None:
        return
    per_patient = "max_information_per_patient"
    if asked.max_information is not None:
        yield HeldNumber("monitoring.max_information", asked.max_information, per_patient)
    for place, look in enumerate(asked.looks):
        yield from _of_moment(look.at, f"monitoring.looks[{place}].at")
    for place, own in enumerate(asked.family.hypotheses or [] if asked.family else []):
        if own.max_information is not None:
            key = f"monitoring.family.hypotheses[{place}].max_information"
            yield HeldNumber(key, own.max_information, per_patient)
    for word in ("blinded_reestimation", "promising_zone"):
        found = getattr(asked, word)
        if found is not None and found.most_randomised is not None:
            key = f"monitoring.{word}.most_randomised"
            yield HeldNumber(key, found.most_randomised, "most_times_target")
    slow = asked.slow_recruitment
    if slow is not None and slow.fewer_than is not None:
        yield HeldNumber("monitoring.slow_recruitment.fewer_than", slow.fewer_than, "share_below")


def _of_moment(at: Moment, key: str) -> Iterator[HeldNumber]:
    for word in _OF_MOMENTS:
        number = getattr(at, word)
        if number is not None:
            yield HeldNumber(f"{key}.{word}", number, "information")
    for word in ("earlier", "later"):
        for place, inner in enumerate(getattr(at, word) or []):
            yield from _of_moment(inner, f"{key}.{word}[{place}]")
