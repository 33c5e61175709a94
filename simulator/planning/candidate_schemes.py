"""Schemes to be compared, and the factors that each takes of a scenario."""

from typing import NamedTuple

from simulator.allocation import SCHEMES, AllocationError, Plan, Scheme, build_plan
from simulator.allocation.notation import UNSTRATIFIED, example_of, parse_scheme
from simulator.declarations.schemes import REQUIRED, Factors
from simulator.declarations.schemes import SCHEMES as DECLARED
from simulator.params.recruitment import lower_allocation
from simulator.params.types import AllocationParams
from simulator.results.allocation import FactorUse
from simulator.scenario.adaptation_rules import highest_target
from simulator.scenario.schema import Allocation, Scenario


class CandidateScheme(NamedTuple):
    """A scheme in a comparison.

    `text` is how it was written; `use` says what it does with the scenario's factors.
    """

    text: str
    scheme: Scheme
    options: dict[str, object]
    use: FactorUse
    params: AllocationParams
    plan: Plan

    def __repr__(self) -> str:
        """Return how it was written, not its arrays."""
        return f"CandidateScheme({self.text})"


def every_scheme(scenario: Scenario) -> list[str]:
    """Return each scheme with its standard options that a scenario can take."""
    found = []
    for scheme in SCHEMES.values():
        alone = REQUIRED not in scheme.standard.values()
        text = scheme.word if alone else example_of(scheme)
        try:
            candidate_scheme_of(scenario, text)
        except AllocationError:
            continue
        found.append(text)
    return found


def candidate_scheme_of(scenario: Scenario, text: str) -> CandidateScheme:
    """Return a scheme written on one line as it would run in a scenario.

    A scheme takes the scenario's factors as it can: as strata, as margins, or, if it can use none
    or the text begins with unstratified, not at all. Options that the line leaves out are those of
    the scenario if the scheme is its own, else the standard ones.

    Raises
    ------
    AllocationError
        If the text is not a scheme, or the scheme cannot be followed in the scenario.
    """
    own, unstratified = scenario.allocation, text.startswith(UNSTRATIFIED)
    written = text.removeprefix(UNSTRATIFIED)
    word, options = parse_scheme(written)
    if word == own.scheme:
        word, options = parse_scheme(written, own.options)
    scheme = SCHEMES[word]
    if scheme.adaptive and scenario.selection_bias is not None:
        raise AllocationError(
            "scheme",
            text,
            "follows outcomes, not the numbers by arm: an investigator's guess would be no guess",
            "compare it without selection bias",
        )
    target, highest = scenario.trial.target_randomised, highest_target(scenario)
    if DECLARED[word].fixed_size and highest > target:
        raise AllocationError(
            "scheme",
            text,
            f"has exactly as many places as the {target} patients planned, and monitoring may "
            f"raise the target to {highest}",
            "compare it without re-estimation, or another scheme",
        )
    if unstratified and scheme.factors is Factors.NEEDED:
        raise AllocationError(
            "scheme", text, f"{word} needs the factors", f"write {word} without unstratified"
        )
    needed = scheme.factors in (Factors.NEEDED, Factors.USED)
    takes = (needed or scheme.factors is Factors.STRATA) and not unstratified
    factors = own.factors if takes else None
    allocation = Allocation.model_construct(
        scheme=word, ratio=own.ratio, options=options, factors=factors
    )
    params = lower_allocation(scenario.model_copy(update={"allocation": allocation}))
    plan = build_plan(word, options, own.ratio, params.factor_levels, target)
    use = FactorUse.STRATA if not needed else FactorUse.MARGINS
    if not factors:
        use = FactorUse.NONE
    return CandidateScheme(text, scheme, options, use, params, plan)
