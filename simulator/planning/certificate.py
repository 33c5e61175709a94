"""Certificate of level: the largest type I error over a whole region of nuisance values.

For tests of two proportions it is exact: over every common mortality, at the planned sizes of the
arms, with outcomes independent given the arm. For every analysis it is also simulated under the
strong null hypothesis, over a family that is named, with a bound that holds for all of it at once.
Arms treated alike are no null hypothesis of an analysis with a margin: of these the exact level
alone is told, on the border of the hypothesis, and nothing where no exact law is known.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from calibration.targets import solve_targets
from simulator.analysis import AnalysisPlan, Reason, exact_power, plans_of
from simulator.analysis.exact_tables import HOLD_THEIR_LEVEL
from simulator.analysis.proportion_intervals import clopper_pearson
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.baselines import WeibullBaseline
from simulator.declarations.margins import to_be_shown
from simulator.montecarlo import exact_stages
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.loop import MonteCarlo, Run, Stop, monte_carlo_runs
from simulator.montecarlo.multiplicity import Family as JointFamily
from simulator.montecarlo.multiplicity import families_of
from simulator.montecarlo.workers import Workers
from simulator.params.lower import lower
from simulator.planning.power import drift_of, selection_bias_of
from simulator.results.certificate import (
    Cell,
    Certificate,
    ExactLevel,
    Family,
    Level,
    LevelVerdict,
    MarginLevel,
    NoLevel,
    NotAnalysable,
    RefusedCell,
    SimulatedLevel,
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
            update={
                "baseline": baseline,
                "mortality_targets": target,
                "mortality_target_day": None,
            }
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
    scenario: Scenario, trials: int, seed: int, workers: Workers, say: Callable[[str], None]
) -> Certificate:
    """Work out the level of every analysis of a scenario.

    Parameters
    ----------
    trials
        Simulated for each cell of the family.
    say
        Called with a line on the cell that is worked at.

    Raises
    ------
    RuleError
        If no cell can be simulated: the scenario's other ways to die exceed every mortality.
    """
    plans = plans_of(scenario)
    families, monitoring = families_of(scenario, plans), exact_stages.monitoring_of(scenario, plans)
    begun: deque[Cell] = deque()
    refused: list[tuple[Cell, str]] = []

    def asked() -> Iterator[Run]:
        """Solve one cell after another; those before it are still worked at."""
        # Of analyses with a margin nothing is simulated.
        cells = () if all(plan.hypothesis.has_margin for plan in plans) else cells_of(scenario)
        for number, cell in enumerate(cells, start=1):
            name = (
                f"cell {number} of {len(cells)}: mortality {cell.mortality:g}, Weibull shape "
                f"{cell.shape:g}, loss {cell.loss:g}"
            )
            if not begun:
                say(name)
            try:
                params = lower(solve_targets(under(scenario, cell), lambda _: None))
            except RuleError as error:
                refused.append((cell, error.rule))
                continue
            begun.append(cell)
            yield Run(
                params,
                Evaluation(
                    plans, true_values(params, plans, workers.jobs), families, monitoring=monitoring
                ),
                seed,
                Stop(trials, None),
                lambda done, _, name=name: say(f"{name}, {done:,} of {trials:,} trials"),  # type: ignore[misc]
                lambda *_: None,
            )

    runs: dict[Cell, MonteCarlo] = {}
    for run in monte_carlo_runs(asked(), workers, Engine.COMPILED):
        if run.interrupted:
            raise KeyboardInterrupt
        runs[begun.popleft()] = run
    if refused and not runs:
        _, rule = refused[0]
        key = f"hazard.mortality_targets.{scenario.arms[0].name}"
        raise RuleError(f"no common mortality can be simulated: {rule}", "lower the exits", key)
    looked_at = () if monitoring is None else monitoring.columns
    levels = tuple(
        _level(scenario, plan, index, runs, is_looked_at=index in looked_at)
        for index, plan in enumerate(plans)
        if not plan.hypothesis.has_margin
    )
    with_margin = {k for k, plan in enumerate(plans) if plan.hypothesis.has_margin}
    mixed = [family for family in families if with_margin & set(family.columns)]
    together = tuple(
        _level_of_family(family, index, runs)
        for index, family in enumerate(families)
        if family not in mixed
    )
    at_margins = (
        *(_at_margin(scenario, plans[k], is_looked_at=k in looked_at) for k in sorted(with_margin)),
        *(MarginLevel(f.name, f.method, f.alpha, "", None, NoLevel.TOGETHER, None) for f in mixed),
    )
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
        judged_together=together,
        selection_bias=selection_bias_of(scenario),
        drift=drift_of(scenario),
        at_margins=at_margins,
    )


def _at_margin(scenario: Scenario, plan: AnalysisPlan, *, is_looked_at: bool) -> MarginLevel:
    """Level of an analysis with a margin, by enumeration where the law of its table is known."""
    measure = STATISTICS[plan.test].measure
    exact = missing = verdict = None
    if plan.test not in exact_power.TESTS:
        missing = NoLevel.NO_TABLE
    elif plan.population != "randomised":
        missing = NoLevel.TREATED
    elif is_looked_at:
        missing = NoLevel.LOOKED_AT
    else:
        exact = exact_level(plan, scenario.allocation.ratio, scenario.trial.target_randomised)
        assert exact is not None
        verdict = verdict_on(plan.test, plan.alpha, exact, (0.0, 1.0), (0.0, 1.0))
    shows = to_be_shown(plan.hypothesis, measure.name, measure.scale)
    return MarginLevel(plan.name, plan.test, plan.alpha, shows, exact, missing, verdict)


class CellCount(NamedTuple):
    """Trials of a cell: all, those with a result, and those that reject."""

    trials: int
    analysable: int
    rejections: int


Counts = Mapping[Cell, CellCount]
Limits = tuple[float, float]


def _level(
    scenario: Scenario,
    plan: AnalysisPlan,
    index: int,
    runs: Mapping[Cell, MonteCarlo],
    *,
    is_looked_at: bool,
) -> Level:
    counts = {
        cell: CellCount(
            run.trials, int(run.reasons[index][Reason.ANALYSED]), int(run.rejections[index])
        )
        for cell, run in runs.items()
    }
    exact = None
    if not is_looked_at:  # looks have no exact level here
        exact = exact_level(plan, scenario.allocation.ratio, scenario.trial.target_randomised)
    return _level_of(plan.name, plan.test, plan.alpha, exact, counts)


def _level_of_family(family: JointFamily, index: int, runs: Mapping[Cell, MonteCarlo]) -> Level:
    """Level of analyses judged together: any hypothesis is rejected."""
    counts = {
        cell: CellCount(run.trials, run.joint.analysable[index], run.joint.any_of[index])
        for cell, run in runs.items()
    }
    return _level_of(family.name, family.method, family.alpha, None, counts)


def _level_of(
    name: str, test: str, alpha: float, exact: ExactLevel | None, counts: Counts
) -> Level:
    of_all = {cell: count._replace(analysable=count.trials) for cell, count in counts.items()}
    every, among = _largest(of_all), _largest(counts)
    assert every is not None  # a cell has trials
    return Level(
        name=name,
        test=test,
        alpha=alpha,
        exact=exact,
        simulated=every.simulated,
        mcse=every.mcse,
        at=every.at,
        low=every.low,
        high=every.high,
        trials=every.trials,
        rejections=every.rejections,
        among_analysable=among,
        not_analysable=_most_without_result(counts),
        verdict=verdict_on(
            test,
            alpha,
            exact,
            (every.low, every.high),
            (among.low, among.high) if among else (0.0, 1.0),
        ),
    )


def _largest(counts: Counts) -> SimulatedLevel | None:
    """Largest share of rejections among the trials with a result, and bounds for all cells."""
    known = {cell: count for cell, count in counts.items() if count.analysable}
    if not known:
        return None
    worst = max(known, key=lambda cell: known[cell].rejections / known[cell].analysable)
    share = (1.0 - CONFIDENCE) / len(counts)
    bounds = [clopper_pearson(c.rejections, c.analysable, share) for c in known.values()]
    low, high = (max(float(limit) for limit in limits) for limits in zip(*bounds, strict=True))
    found = known[worst]
    return SimulatedLevel(
        simulated=found.rejections / found.analysable,
        mcse=standard_error(found.rejections, found.analysable),
        at=worst,
        trials=found.analysable,
        rejections=found.rejections,
        low=low,
        high=high if len(known) == len(counts) else 1.0,
    )


def _most_without_result(counts: Counts) -> NotAnalysable:
    def share(cell: Cell) -> float:
        return 1.0 - counts[cell].analysable / counts[cell].trials

    worst = max(counts, key=share)
    found = counts[worst]
    return NotAnalysable(share(worst), found.trials - found.analysable, found.trials, worst)


def verdict_on(
    test: str,
    alpha: float,
    exact: ExactLevel | None,
    every: Limits,
    among: Limits,
) -> LevelVerdict:
    """Whether the level is held: by enumeration where it can be, else by simulation.

    A type I error is a share of all trials, and one without a result rejects nothing. But an
    analysis that mostly has no result would hold any level. So it holds its level by simulation
    only if it also does among the trials that have a result, of which the share is never smaller;
    an exact test does so by itself, since it holds its level at all sizes of the arms.

    Parameters
    ----------
    every, among
        Lower and upper limit of the largest share, of all trials and of those with a result.
    """
    if exact is not None and exact.probability > alpha * (1 + 1e-9):
        return LevelVerdict.EXCEEDS_EXACT
    if every[0] > alpha:
        return LevelVerdict.EXCEEDS
    holds = exact is not None and exact.bound <= alpha
    if holds and test in HOLD_THEIR_LEVEL:
        return LevelVerdict.HOLDS_EXACT
    if among[0] > alpha:
        return LevelVerdict.EXCEEDS_AMONG_ANALYSABLE
    if among[1] <= alpha:
        return LevelVerdict.HOLDS
    if holds:
        return LevelVerdict.HOLDS_AT_PLANNED_SIZES
    if every[1] <= alpha:
        return LevelVerdict.HOLDS_AMONG_ALL
    return LevelVerdict.NOT_SHOWN_TO_EXCEED


def exact_level(plan: AnalysisPlan, ratio: Sequence[int], patients: int) -> ExactLevel | None:
    """Largest type I error of a test of two proportions at the planned sizes; else None.

    Who was treated depends on the arm: then outcomes are not independent given it.
    """
    if plan.test not in exact_power.TESTS or plan.population != "randomised":
        return None
    n0 = round(patients * ratio[0] / sum(ratio))
    question = exact_power.question_of(plan, n0, patients - n0)
    found = exact_power.size(exact_power.rejection_set(question), question)
    return ExactLevel(found.probability, found.at, found.bound)
