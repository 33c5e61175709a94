"""Variants of a scenario in which a designer changes the trial, and nature stays as it is.

Where a scenario is told in mortality, the hazards that are solved for it belong to its own design.
Another design meets the same hazards: they are kept as numbers, and not solved anew for the same
mortality, which would undo what the change does. And as many candidates are referred as before: of
other criteria, more or fewer of them are randomised.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.planning.choices import FOLLOW_UP, RATE_KEYS, is_choice, rates_of, rates_until
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.variation import changed, varied
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.schema import Scenario

_SOLVED = "solved"
_OF_NATURE = "tumour_death", "transplant", "withdrawal", "infection"  # exits by which patients go


def solved_values(base: Prepared) -> dict[str, Any]:
    """Return what a scenario's hazards are, by key: numbers for the word solved, and their horizon.

    The horizon follows the follow-up by default: were it not held, a shorter follow-up would have
    as many deaths.
    """
    asked, solved = base.asked, base.solved
    found: dict[str, Any] = {"hazard.baseline.horizon_days": solved.hazard.baseline.horizon_days}
    if not asked.hazard.mortality_targets:
        return found
    found |= {"hazard.mortality_targets": None, "hazard.mortality_target_day": None}
    if asked.hazard.baseline.mortality_at_horizon == _SOLVED:
        mortality = solved.hazard.baseline.mortality_at_horizon
        found["hazard.baseline.mortality_at_horizon"] = mortality
    if getattr(asked.hazard.effect, "hazard_ratio", None) == _SOLVED:
        found["hazard.effect.hazard_ratio"] = getattr(solved.hazard.effect, "hazard_ratio", None)
    for number, (one, other) in enumerate(zip(asked.modalities, solved.modalities, strict=True)):
        if one.full_course_hazard_ratio == _SOLVED:
            key = f"modalities[{number}].full_course_hazard_ratio"
            found[key] = other.full_course_hazard_ratio
    return found


Step = Mapping[str, Any] | Callable[[Scenario], Mapping[str, Any]]


def variant(
    base: Prepared,
    steps: Sequence[Step],
    origin: str,
    say: Callable[[str], None],
    narrow: Callable[[LoadedScenario], LoadedScenario] = lambda loaded: loaded,
) -> Prepared:
    """Return a scenario with other values, ready: of choices alone, with nature as it is.

    Parameters
    ----------
    steps
        Values by key, one mapping after another; or what gives them for the scenario so far.

    Raises
    ------
    ScenarioError
        If no such trial can be simulated.
    """
    keys = [key for step in steps for key in (step(base.asked) if callable(step) else step)]
    only_choices = all(map(is_choice, keys))
    start = solved_values(base) if only_choices else {}
    # What is not asked for goes first: it may not suit the numbers tried.
    loaded = narrow(varied(base.loaded, start, origin))
    for step in steps:
        values = step(loaded.scenario) if callable(step) else step
        if only_choices and FOLLOW_UP in values:
            values = {**rates_until(loaded.scenario, values[FOLLOW_UP], _OF_NATURE), **values}
        loaded = changed(loaded, values, origin)
    found = prepare(loaded, say)
    before, after = (_randomised_share(one) for one in (base, found))
    rates = {key: rate for key, rate in rates_of(found.asked).items() if key.endswith(RATE_KEYS[0])}
    if not only_choices or before == after or not rates:
        return found
    scaled = {key: rate * after / before for key, rate in rates.items()}
    return prepare(loaded.changed(scaled, origin), say)


def _randomised_share(prepared: Prepared) -> float:
    """Probability that a candidate is eligible and consents."""
    eligibility = prepared.params.eligibility
    return eligibility.eligible_share * eligibility.consent_probability
