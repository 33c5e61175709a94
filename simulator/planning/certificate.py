"""Certificate of level: the largest type I error over a whole region of nuisance values.

For tests of two proportions it is exact: over every common mortality, at the planned sizes of the
arms, with outcomes independent given the arm. For every analysis it is also simulated under the
strong null hypothesis, over a family that is named, with a bound that holds for all of it at once.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

from scipy import special

from calibration.targets import solve_targets
from simulator.analysis import AnalysisPlan, exact_power, plans_of
from simulator.analysis.exact_tables import HOLD_THEIR_LEVEL
from simulator.analysis.nuisance import Largest
from simulator.declarations.baselines import WeibullBaseline
from simulator.montecarlo.loop import (
    Engine,
    Evaluation,
    MonteCarlo,
    Stop,
    monte_carlo,
    standard_error,
)
from simulator.params.lower import lower
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario
from simulator.truth import true_values

MORTALITIES = (0.2, 0.4, 0.6, 0.8)
SHAPES = (0.5, 1.0, 2.0)
LOSSES = (0.0, 0.1, 0.2)
CONFIDENCE = 0.95


class Cell(NamedTuple):
    """Nuisance values: common mortality by the end, Weibull shape, net probability of loss."""

    mortality: float
    shape: float
    loss: float


class Level(NamedTuple):
    """Level of an analysis.

    Attributes
    ----------
    exact
        Largest type I error over the common mortality, where it is, and what none exceeds; None
        for analyses that are not of one 2 x 2 table.
    simulated, mcse, at
        Largest rate of rejection among the cells, its Monte Carlo error, and the cell.
    low, high
        Bounds of the largest type I error of the family: each with the stated confidence for all
        cells together (Clopper and Pearson's, with Bonferroni's correction).
    """

    name: str
    test: str
    alpha: float
    exact: Largest | None
    simulated: float
    mcse: float
    at: Cell
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Whether the level is held, in a few words."""
        if self.exact is not None and self.exact.probability > self.alpha * (1 + 1e-9):
            return "EXCEEDS its level (exact)"
        if self.low > self.alpha:
            return "EXCEEDS its level"
        holds = self.exact is not None and self.exact.bound <= self.alpha
        if holds and self.test in HOLD_THEIR_LEVEL:
            return "holds its level (exact)"
        if self.high <= self.alpha:
            return "holds its level"
        return "holds it at the planned sizes" if holds else "not shown to exceed its level"


class Certificate(NamedTuple):
    """Levels of all analyses, the family that they cover, and trials simulated a cell."""

    levels: tuple[Level, ...]
    cells: tuple[Cell, ...]
    trials: int
    refused: tuple[tuple[Cell, str], ...]


def cells_of(scenario: Scenario) -> tuple[Cell, ...]:
    """Return the family; without exits in the scenario nobody is lost."""
    losses = LOSSES if scenario.exits is not None else (0.0,)
    return tuple(Cell(*values) for values in product(MORTALITIES, SHAPES, losses))


def under(scenario: Scenario, cell: Cell) -> Scenario:
    """Return the scenario under the strong null hypothesis with the nuisance values of a cell."""
    baseline = WeibullBaseline(
        kind="weibull",
        horizon_days=float(scenario.trial.follow_up_days),
        mortality_at_horizon="solved",
        shape=cell.shape,
    )
    target = {scenario.arms[0].name: cell.mortality}
    changed: dict[str, Any] = {
        "null_hypothesis": "strong",
        "hazard": scenario.hazard.model_copy(
            update={"baseline": baseline, "mortality_targets": target}
        ),
    }
    if scenario.exits is not None:
        loss = scenario.exits.loss.model_copy(
            update={
                "net_probability": cell.loss,
                "by_day": float(scenario.trial.follow_up_days),
            }
        )
        changed["exits"] = scenario.exits.model_copy(update={"loss": loss})
    return scenario.model_copy(update=changed)


def certify(
    scenario: Scenario,
    trials: int,
    seed: int,
    jobs: int,
    say: Callable[[str], None],
) -> Certificate:
    """Work out the level of every analysis of a scenario.

    Parameters
    ----------
    trials
        Simulated for each cell of the family.
    say
        Called with a line before each cell.

    Raises
    ------
    RuleError
        If no cell can be simulated: the scenario's other ways to die exceed every mortality.
    """
    plans = plans_of(scenario)
    runs: dict[Cell, MonteCarlo] = {}
    refused: list[tuple[Cell, str]] = []
    cells = cells_of(scenario)
    for number, cell in enumerate(cells, start=1):
        say(
            f"cell {number} of {len(cells)}: mortality {cell.mortality:g}, Weibull shape "
            f"{cell.shape:g}, loss {cell.loss:g}"
        )
        try:
            params = lower(solve_targets(under(scenario, cell), lambda _: None))
        except RuleError as error:
            refused.append((cell, error.rule))
            continue
        asked = Evaluation(plans, true_values(params, plans, arms_alike=True), ())
        runs[cell] = monte_carlo(
            params,
            asked,
            seed,
            Stop(trials, None),
            jobs,
            Engine.COMPILED,
            lambda *_: None,
            lambda *_: None,
        )
        if runs[cell].interrupted:
            raise KeyboardInterrupt
    if not runs:
        cell, rule = refused[0]
        key = f"hazard.mortality_targets.{scenario.arms[0].name}"
        raise RuleError(f"no common mortality can be simulated: {rule}", "lower the exits", key)
    levels = tuple(_level(scenario, plan, index, runs) for index, plan in enumerate(plans))
    return Certificate(levels, tuple(runs), trials, tuple(refused))


def _level(
    scenario: Scenario, plan: AnalysisPlan, index: int, runs: dict[Cell, MonteCarlo]
) -> Level:
    counts = {cell: (int(run.rejections[index]), run.trials) for cell, run in runs.items()}
    worst = max(counts, key=lambda cell: counts[cell][0] / counts[cell][1])
    rejections, trials = counts[worst]
    share = (1.0 - CONFIDENCE) / len(runs)
    bounds = [_bounds(*count, share) for count in counts.values()]
    return Level(
        name=plan.name,
        test=plan.test,
        alpha=plan.alpha,
        exact=exact_level(plan, scenario.allocation.ratio, scenario.trial.target_randomised),
        simulated=rejections / trials,
        mcse=standard_error(rejections, trials),
        at=worst,
        low=max(low for low, _ in bounds),
        high=max(high for _, high in bounds),
    )


def _bounds(rejections: int, trials: int, tail: float) -> tuple[float, float]:
    """One-sided limits of a share, each of confidence 1 - tail (Clopper and Pearson 1934)."""
    low, high = 0.0, 1.0
    if rejections > 0:
        low = float(special.betaincinv(rejections, trials - rejections + 1, tail))
    if rejections < trials:
        high = float(special.betaincinv(rejections + 1, trials - rejections, 1.0 - tail))
    return low, high


def exact_level(plan: AnalysisPlan, ratio: Sequence[int], patients: int) -> Largest | None:
    """Largest type I error of a test of two proportions at the planned sizes; else None.

    Who was treated depends on the arm: then outcomes are not independent given it.
    """
    if plan.test not in exact_power.TESTS or plan.population != "randomised":
        return None
    n0 = round(patients * ratio[0] / sum(ratio))
    question = exact_power.ExactQuestion(
        plan.test,
        n0,
        patients - n0,
        plan.alpha,
        gamma=plan.options.get("gamma", 0.0),
        prior_0=tuple(plan.options.get("prior_control", (1.0, 1.0))),
        prior_1=tuple(plan.options.get("prior_experimental", (1.0, 1.0))),
    )
    return exact_power.size(exact_power.rejection_set(question))
