"""A scenario made ready to be simulated: checked, its targets solved, lowered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from calibration.acceptance import refuse_used_rows
from calibration.evidence import cited_rows
from calibration.targets import solve_targets
from simulator.allocation import AllocationError, build_plan
from simulator.analysis import AnalysisPlan, plans_of
from simulator.declarations.estimands import tests_of
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo import exact_stages
from simulator.params.lower import lower
from simulator.params.recruitment import lower_allocation
from simulator.params.types import Params
from simulator.planning.observed import refuse_if_nothing_is_known
from simulator.planning.refused_looks import refuse_boundaries
from simulator.scenario.errors import RuleError
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.schema import Scenario


class Goal(NamedTuple):
    """What a size is looked for: that an analysis rejects, or any or every one of a family.

    Attributes
    ----------
    name, test_name, alpha
        Of the analysis or the family; the second as it stands within a sentence.
    is_family
        Whether it is the scenario's one family; else it is the scenario's first analysis.
    of_all
        Whether every hypothesis of the family is to be rejected; else any of them.
    """

    name: str
    test_name: str
    alpha: float
    is_family: bool
    of_all: bool = False


def goal_of(plans: Sequence[AnalysisPlan], place: int) -> Goal:
    """Return the goal that the analysis of that place rejects."""
    plan = plans[place]
    return Goal(plan.name, tests_of(plans)[place].name, plan.alpha, False)


@dataclass(frozen=True, repr=False)
class Prepared:
    """A scenario and what simulating it needs.

    Attributes
    ----------
    loaded
        As the file has it, with the place and source of every value.
    solved
        The same with each word solved replaced by a number.
    goal
        What alone is counted of its trials; None: every analysis.
    """

    loaded: LoadedScenario
    solved: Scenario
    params: Params
    plans: tuple[AnalysisPlan, ...]
    goal: Goal | None = None

    def __repr__(self) -> str:
        """Return the scenario's name, not every number of it."""
        return f"Prepared({self.solved.name})"

    @property
    def arms(self) -> list[str]:
        """Names of the arms, the control arm first."""
        return [arm.name for arm in self.solved.arms]

    @property
    def monitoring(self) -> MonitoringPlan | None:
        """Looks before the end; None: none."""
        return exact_stages.monitoring_of(self.asked, self.plans)

    @property
    def asked(self) -> Scenario:
        """The scenario as it is written."""
        return self.loaded.scenario

    @property
    def sought(self) -> Goal:
        """What a size is looked for: the goal or, without one, that the first analysis rejects."""
        return self.goal or goal_of(self.plans, 0)

    @property
    def sources(self) -> dict[str, Any]:
        """Where each value comes from, as plain values."""
        return {key: source.to_dict() for key, source in self.loaded.provenance.items()}

    @property
    def plain(self) -> dict[str, Any]:
        """The scenario in full, as plain values."""
        return self.asked.model_dump(mode="json")


def prepare(
    loaded: LoadedScenario,
    say: Callable[[str], None],
    solve: Callable[[Scenario, Callable[[str], None]], Scenario] = solve_targets,
) -> Prepared:
    """Solve a scenario's targets and lower it.

    Parameters
    ----------
    say
        Called with a line on what is being solved.
    solve
        What puts numbers in the place of the word solved.

    Raises
    ------
    ScenarioError
        If it cannot be simulated, or a source names a row that is none, with the place of the key
        that is why.
    """
    asked = loaded.scenario
    cited_rows(loaded)  # a source that names no row is refused before what takes long
    refuse_used_rows(loaded)
    try:
        a = lower_allocation(asked)  # before what takes long
        build_plan(a.scheme, a.options, a.ratio, a.factor_levels, asked.trial.target_randomised)
        refuse_boundaries(asked)
        solved = solve(asked, say)
        params = lower(solved)
        refuse_if_nothing_is_known(params)
    except AllocationError as error:
        key = f"allocation.{error.key}"
        raise loaded.located(RuleError(error.rule, error.remedy, key)) from None
    except RuleError as error:
        raise loaded.located(error) from None
    return Prepared(loaded, solved, params, plans_of(asked))
