"""Certificate of level: the largest type I error over a whole region of nuisance values.

For tests of two proportions it is exact: over every common mortality, at the planned sizes of the
arms, with outcomes independent given the arm. For every analysis it is also simulated under the
strong null hypothesis, over a family that is named, with a bound that holds for all of it at once.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from calibration.targets import solve_targets
from simulator.analysis import AnalysisPlan, exact_power, plans_of
from simulator.analysis.exact_tables import HOLD_THEIR_LEVEL
from simulator.analysis.proportion_intervals import clopper_pearson
from simulator.declarations.baselines import WeibullBaseline
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.loop import (
    Engine,
    Evaluation,
    MonteCarlo,
    Stop,
    monte_carlo,
)
from simulator.params.lower import lower
from simulator.results.certificate import (
    Cell,
    Certificate,
    ExactLevel,
    Family,
    Level,
    LevelVerdict,
    RefusedCell,
)
from simulator.scenario.errors import RuleError
from simulator.scenario.schema import Scenario
from simulator.truth import true_values
from simulator.version import program_version

MORTALITIES = (0.2, 0.4, 0.6, 0.8)
SHAPES = (0.5, 1.0, 2.0)
LOSSES = (0.0, 0.1, 0.2)
CONFIDENCE = 0.95


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
    scenario: Scenario, trials: int, seed: int, jobs: int, say: Callable[[str], None]
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
        name = (
            f"cell {number} of {len(cells)}: mortality {cell.mortality:g}, Weibull shape "
            f"{cell.shape:g}, loss {cell.loss:g}"
        )
        say(name)
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
            lambda done, _, name=name: say(f"{name}, {done:,} of {trials:,} trials"),  # type: ignore[misc]
            lambda *_: None,
        )
        if runs[cell].interrupted:
            raise KeyboardInterrupt
    if not runs:
        cell, rule = refused[0]
        key = f"hazard.mortality_targets.{scenario.arms[0].name}"
        raise RuleError(f"no common mortality can be simulated: {rule}", "lower the exits", key)
    levels = tuple(_level(scenario, plan, index, runs) for index, plan in enumerate(plans))
    return Certificate(
        scenario=scenario.name,
        seed=seed,
        version=program_version(),
        trials_per_cell=trials,
        confidence=CONFIDENCE,
        family=Family(
            mortality=tuple(sorted({cell.mortality for cell in runs})),
            weibull_shape=tuple(sorted({cell.shape for cell in runs})),
            loss=tuple(sorted({cell.loss for cell in runs})),
            cells=len(runs),
        ),
        refused=tuple(RefusedCell(c.mortality, c.shape, c.loss, why) for c, why in refused),
        levels=levels,
    )


def _level(
    scenario: Scenario, plan: AnalysisPlan, index: int, runs: dict[Cell, MonteCarlo]
) -> Level:
    counts = {cell: (int(run.rejections[index]), run.trials) for cell, run in runs.items()}
    worst = max(counts, key=lambda cell: counts[cell][0] / counts[cell][1])
    rejections, trials = counts[worst]
    share = (1.0 - CONFIDENCE) / len(runs)
    bounds = [clopper_pearson(*count, share) for count in counts.values()]
    low, high = (max(float(limit) for limit in limits) for limits in zip(*bounds, strict=True))
    exact = exact_level(plan, scenario.allocation.ratio, scenario.trial.target_randomised)
    return Level(
        name=plan.name,
        test=plan.test,
        alpha=plan.alpha,
        exact=exact,
        simulated=rejections / trials,
        mcse=standard_error(rejections, trials),
        at=worst,
        low=low,
        high=high,
        verdict=verdict_on(plan, exact, low, high),
    )


def verdict_on(
    plan: AnalysisPlan, exact: ExactLevel | None, low: float, high: float
) -> LevelVerdict:
    """Whether the level is held: by enumeration where it can be, else by simulation."""
    if exact is not None and exact.probability > plan.alpha * (1 + 1e-9):
        return LevelVerdict.EXCEEDS_EXACT
    if low > plan.alpha:
        return LevelVerdict.EXCEEDS
    holds = exact is not None and exact.bound <= plan.alpha
    if holds and plan.test in HOLD_THEIR_LEVEL:
        return LevelVerdict.HOLDS_EXACT
    if high <= plan.alpha:
        return LevelVerdict.HOLDS
    return LevelVerdict.HOLDS_AT_PLANNED_SIZES if holds else LevelVerdict.NOT_SHOWN_TO_EXCEED


def exact_level(plan: AnalysisPlan, ratio: Sequence[int], patients: int) -> ExactLevel | None:
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
    found = exact_power.size(exact_power.rejection_set(question))
    return ExactLevel(found.probability, found.at, found.bound)
