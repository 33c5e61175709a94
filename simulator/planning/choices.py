"""What a designer can choose: the words for it, its value in a scenario, what another value means.

A word stands for all keys that go with a choice: `sites` for a list of sites, `sessions` for the
plans of all arms. What is no choice is an assumption: nature decides, and a designer can only learn
more about it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from simulator.declarations.keys import key_path
from simulator.results.size import PATIENTS
from simulator.scenario.schema import Scenario

Values = dict[str, Any]  # by key
_CHOSEN = (
    *("trial", "accrual", "eligibility", "allocation", "analyses", "multiplicity", "assessment"),
    *("arms", "selection_bias", "exits.loss"),
    *("unit.machines", "unit.nurses", "unit.sessions_per_nurse", "unit.opening_hours"),
    *("unit.plasma", "unit.queue"),
)
FOLLOW_UP = "trial.follow_up_days"
RATE_KEYS = "randomised_per_month", "referred_per_month"  # of a site, which has one of them


class Choice(NamedTuple):
    """A choice of a designer.

    Attributes
    ----------
    word, label
        By which it is asked for, and what it is called in tables.
    own
        Its value in a scenario; None where the scenario has no such thing, or not one value.
    values
        What another value means, by key.
    """

    word: str
    label: str
    own: Callable[[Scenario], Any]
    values: Callable[[Scenario, Any], Values]


def is_choice(key: str) -> bool:
    """Whether a designer decides on the value of a key."""
    return any(key == part or key.startswith((f"{part}.", f"{part}[")) for part in _CHOSEN)


def _of_key(word: str, label: str, key: str) -> Choice:
    """Return the choice of a single key."""

    def own(scenario: Scenario) -> Any:
        found: Any = scenario
        for step in key.split("."):
            found = None if found is None else getattr(found, step)
        return found

    return Choice(word, label, own, lambda _, value: {key: value})


# Sites


def _sites(scenario: Scenario) -> int | None:
    return len(scenario.accrual.sites) if scenario.accrual.kind == "poisson" else None


def _with_sites(scenario: Scenario, count: int) -> Values:
    """As many sites: those there are, and copies of the first; or without the last ones."""
    sites = list(scenario.accrual.sites) if scenario.accrual.kind == "poisson" else []
    changes: dict[str, Any] = {site.name: None for site in sites[max(int(count), 0) :]}
    names = {site.name for site in sites}
    first = sites[0].model_dump()
    del first["name"]
    number = len(sites)
    while len(names) + sum(v is not None for v in changes.values()) < count:
        number += 1
        if f"{sites[0].name} {number}" not in names:
            changes[f"{sites[0].name} {number}"] = first
    return {"accrual.sites": changes}


# Rates


def rates_of(scenario: Scenario) -> dict[str, float]:
    """Return the monthly rate of every site by its key; none where candidates are a number."""
    if scenario.accrual.kind != "poisson":
        return {}
    found = {}
    for number, site in enumerate(scenario.accrual.sites):
        for name in RATE_KEYS:
            rate = getattr(site, name, None)
            if rate is not None:
                found[key_path(("accrual", "sites", number, name))] = rate
    return found


def _rate(scenario: Scenario) -> float | None:
    return sum(rates_of(scenario).values()) or None


def _with_rate(scenario: Scenario, value: float) -> Values:
    rates = rates_of(scenario)
    share = value / sum(rates.values())
    return {key: rate * share for key, rate in rates.items()}


# Sessions, follow-up, ratio


def _sessions(scenario: Scenario) -> int | None:
    counts = {arm.plan.sessions for arm in scenario.arms if arm.plan is not None}
    return counts.pop() if len(counts) == 1 else None


def _with_sessions(scenario: Scenario, value: int) -> Values:
    return {
        f"arms[{number}].plan.sessions": value
        for number, arm in enumerate(scenario.arms)
        if arm.plan is not None
    }


def rates_until(scenario: Scenario, days: int, names: Sequence[str]) -> Values:
    """Return the rates of exits that end with the follow-up, going on as they are until a day."""
    before = scenario.trial.follow_up_days
    values: Values = {}
    for name in names:
        rate = getattr(scenario.exits, name, None)
        if rate is not None and rate.by_day == before:
            hazard = -math.log1p(-rate.net_probability)
            values[f"exits.{name}.net_probability"] = -math.expm1(-hazard * days / before)
            values[f"exits.{name}.by_day"] = float(days)
    return values


def _with_follow_up(scenario: Scenario, days: int) -> Values:
    """Another follow-up of the same patients: loss goes on, the last visit moves with its end."""
    before = scenario.trial.follow_up_days
    values: Values = {FOLLOW_UP: days, **rates_until(scenario, days, ("loss",))}
    if scenario.assessment is not None:
        visits = [visit.model_dump() for visit in scenario.assessment.visits]
        kept = [visit for visit in visits if visit["day"] < min(days, before)]
        if visits[-1]["day"] == before:
            kept.append({**visits[-1], "day": days})
        values["assessment.visits"] = kept or visits[:1]
    return values


def _with_ratio(scenario: Scenario, ratio: list[int]) -> Values:
    """Another ratio; blocks are as long as they can be filled in it, and no shorter than before."""
    whole = sum(ratio)
    options: dict[str, Any] = {}
    for name, value in scenario.allocation.options.items():
        if name == "block_size" and isinstance(value, int):
            options[name] = -(-value // whole) * whole
        if name == "block_sizes" and isinstance(value, list):
            longer = {-(-int(size) // whole) * whole for size in value}
            options[name] = sorted(longer)
    values: Values = {"allocation.ratio": list(ratio)}
    if options:
        values["allocation.options"] = {**scenario.allocation.options, **options}
    return values


CHOICES: Mapping[str, Choice] = {
    choice.word: choice
    for choice in (
        _of_key("n", "patients", PATIENTS),
        Choice("sites", "sites", _sites, _with_sites),
        Choice("rate", "patients randomised per month", _rate, _with_rate),
        _of_key("machines", "machines of the unit", "unit.machines"),
        _of_key("nurses", "nurses for the trial", "unit.nurses"),
        _of_key("plasma", "plasma per delivery, L", "unit.plasma.delivery_litres_mean"),
        Choice("sessions", "sessions planned", _sessions, _with_sessions),
        Choice(
            "follow_up",
            "follow-up, days",
            lambda scenario: scenario.trial.follow_up_days,
            _with_follow_up,
        ),
        _of_key("consent", "consent of the eligible", "eligibility.consent_probability"),
        _of_key("loss", "loss to follow-up", "exits.loss.net_probability"),
        Choice(
            "ratio",
            "allocation ratio",
            lambda scenario: list(scenario.allocation.ratio),
            _with_ratio,
        ),
        _of_key("scheme", "allocation scheme", "allocation.scheme"),
    )
}


def moved_to(key: str, value: Any, scenario: Scenario) -> Values:
    """Return what another value of a key means: of the follow-up's, what it means as a choice."""
    return CHOICES["follow_up"].values(scenario, value) if key == FOLLOW_UP else {key: value}
