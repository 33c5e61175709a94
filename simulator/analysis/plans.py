"""What a scenario asks of the analyses, as the analyses take it."""

from simulator.allocation import build_plan
from simulator.analysis.types import Design
from simulator.declarations.analyses import AnalysisPlan
from simulator.params.types import Params
from simulator.scenario.schema import Scenario


def plans_of(scenario: Scenario) -> tuple[AnalysisPlan, ...]:
    """Return the plans of a scenario's analyses, in its order."""
    plans = []
    for analysis in scenario.analyses:
        words = analysis.model_dump(exclude={"alternative", "margin", "equivalence"})
        own = {name: words.pop(name) for name in list(words) if name not in AnalysisPlan._fields}
        plans.append(AnalysisPlan(**words, options=own, hypothesis=analysis.hypothesis))
    return tuple(plans)


def design_of(params: Params, seed: int) -> Design:
    """Return what analyses know of a trial beyond its patients."""
    a = params.allocation
    return Design(
        follow_up_days=params.trial.follow_up_days,
        max_follow_up_days=params.trial.max_follow_up_days,
        has_common_end=params.has_common_end,
        arm_modality=params.plan.modality,
        allocation=build_plan(
            a.scheme, a.options, a.ratio, a.factor_levels, params.trial.target_randomised
        ),
        seed=seed,
    )
