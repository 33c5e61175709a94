"""Assurance: power averaged over what is not known (O'Hagan, Stevens and Campbell 2005,
Pharmaceutical Statistics 4:187-201), by simulation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.uncertainty import correlated, draws, standard_scores
from simulator.constants import LARGEST_TRIAL
from simulator.montecarlo.workers import Workers
from simulator.planning.assurance_draws import (
    Design,
    DrawTrials,
    each_draw,
    runs_for,
    told,
    trials_at,
)
from simulator.planning.averages import averaged
from simulator.planning.goals import asked_for
from simulator.planning.paired import run_trials
from simulator.planning.prepared import Goal, Prepared, prepare
from simulator.planning.variation import changed
from simulator.planning.worthwhile import Criterion, criterion_of, default_criterion
from simulator.records import Floats
from simulator.results.assurance import AveragedPower
from simulator.scenario.errors import Problem, RuleError, ScenarioError
from simulator.scenario.schema import Scenario
from simulator.scenario.uncertain_rules import UncertainKey, uncertain_keys

BASE_TRIALS = 10_000  # at the scenario's own values: those of `power`

Watch = Callable[[int, AveragedPower], None]  # draws done, and the first analysis's assurance


@dataclass(frozen=True)
class PlannedAssurance:
    """What is to be run, checked.

    Attributes
    ----------
    asked
        The scenario, with what is not known of it.
    base
        The same at its own values, narrowed to what is asked for.
    known
        The uncertain keys.
    design
        Of every draw.
    options
        Of the decision: what each is called, and its design; None: no trial.
    criterion
        What makes an effect worthwhile; None: the scenario's own, or better.
    """

    asked: Scenario
    base: Prepared
    known: tuple[UncertainKey, ...]
    design: Design
    options: tuple[tuple[str, Design | None], ...]
    criterion: Criterion | None


@dataclass(frozen=True)
class AssuranceRun:
    """Draws, and what their trials gave.

    Attributes
    ----------
    values, scores
        (draws, keys), and their normal scores.
    own
        Trials at the scenario's own values, `own_trials` of them.
    found
        Of each draw.
    options
        Of each draw, those of each option; None: no trial.
    """

    planned: PlannedAssurance
    seed: int
    trials: int
    asked: int
    values: Floats
    scores: Floats
    own: DrawTrials
    own_trials: int
    found: tuple[DrawTrials, ...]
    options: tuple[tuple[DrawTrials | None, ...], ...]
    criterion: Criterion


def plan_assurance(
    base: Prepared, analysis: str | None = None, worthwhile: str | None = None
) -> PlannedAssurance:
    """Check what is asked of a scenario.

    Parameters
    ----------
    analysis
        Name of the analysis, or family of those judged together, that alone is asked for.
    worthwhile
        As `hazard_ratio<=0.8`.

    Raises
    ------
    ScenarioError
        If nothing is uncertain, or what is asked for is not there.
    """
    if not base.asked.uncertain:
        rule = "nothing in this scenario is uncertain: its assurance is its power"
        remedy = "add uncertain, a list of {keys, distribution, parameters}"
        raise ScenarioError(Problem(base.loaded.files[0], 0, "uncertain", "", rule, remedy))
    try:
        known = uncertain_keys(base.asked)
    except RuleError as error:
        raise base.loaded.located(error) from None
    criterion = None
    if worthwhile is not None:
        try:
            criterion = criterion_of(worthwhile, [one.written for one in known])
        except RuleError as error:
            problem = Problem("", 0, "worthwhile", worthwhile, error.rule, error.remedy)
            raise ScenarioError(problem) from None
    narrow, goal = asked_for(base, analysis)
    certain = changed(narrow(base.loaded), {"uncertain": None, "decision": None}, "uncertain")
    own = replace(prepare(certain, lambda _: None), goal=goal)
    keys = tuple(base.loaded.key(one.written, "uncertain") for one in known)
    design = Design(
        loaded=certain,
        goal=goal,
        names=_names(own, goal),
        keys=keys,
        whole=tuple(one.range.whole for one in known),
        runs=runs_for(keys),
    )
    return PlannedAssurance(
        base.asked, own, known, design, _options(base, design, known), criterion
    )


def _names(own: Prepared, goal: Goal | None) -> tuple[str, ...]:
    if goal is not None:
        return (goal.name,)
    families = own.asked.multiplicity or []
    return (*(plan.name for plan in own.plans), *(family.name for family in families))


def _options(
    base: Prepared, design: Design, known: Sequence[UncertainKey]
) -> tuple[tuple[str, Design | None], ...]:
    """Designs of the options of a decision; none where its analysis is not asked for."""
    decision = base.asked.decision
    if decision is None or (decision.analysis or base.plans[0].name) not in design.names:
        return ()
    drawn = {key for one in known for key in one.keys}
    found: list[tuple[str, Design | None]] = []
    for place, option in enumerate(decision.options):
        if option.changes is None:
            found.append((option.name, None))
            continue
        here = f"decision.options[{place}].changes"
        try:
            values = {
                design.loaded.key(key, "", (value,)): value for key, value in option.changes.items()
            }
            for key in values:
                if key in drawn:
                    raise base.loaded.problem(here, f"{key} is uncertain", "vary another key")
            loaded = changed(design.loaded, values, "") if values else design.loaded
        except ScenarioError as error:
            problem = error.problems[0]
            rule = f"{problem.key}: {problem.rule}" if problem.key != here else problem.rule
            raise base.loaded.problem(here, rule, problem.remedy) from None
        found.append((option.name, design._replace(loaded=loaded)))
    return tuple(found)


def run_assurance(
    planned: PlannedAssurance,
    number: int,
    trials: int,
    seed: int,
    workers: Workers,
    watch: Watch,
) -> AssuranceRun:
    """Simulate draws, each with trials of its own.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the second draw; later, the draws that are done are returned.
    ScenarioError
        If there are more trials than numbers for them.
    """
    if number * trials > LARGEST_TRIAL:
        rule = f"{number:,} draws of {trials:,} trials are more than {LARGEST_TRIAL:,} trials"
        raise ScenarioError(Problem("", 0, "trials", str(trials), rule, "ask for fewer"))
    design, own_trials = planned.design, min(BASE_TRIALS, number * trials)
    own = told(planned.base, run_trials(planned.base, own_trials, seed, workers, lambda _: None))
    values = draws(planned.asked, number, seed).values
    scores = correlated(planned.asked, standard_scores(number, values.shape[1], seed))

    alone = workers.of_one_job()  # draws are shared out, not the trials of one

    def work(draw: int) -> tuple[DrawTrials, tuple[DrawTrials | None, ...]]:
        first = draw * trials
        base = trials_at(design, values[draw], trials, seed, alone, first)
        options = tuple(
            None
            if option is None
            else base
            if option.loaded is design.loaded
            else trials_at(option, values[draw], trials, seed, alone, first)
            for _, option in planned.options
        )
        return base, options

    found: list[DrawTrials] = []
    of_options: list[tuple[DrawTrials | None, ...]] = []
    try:
        for done in each_draw(work, range(number), workers.jobs):
            if done is not None:
                found.append(done[0])
                of_options.append(done[1])
            if found:
                counts = np.array([one.rejections[0] for one in found], np.float64)
                watch(len(found), averaged(counts, trials))
    except KeyboardInterrupt:
        if len(found) < 2:
            raise
    done = len(found)
    return AssuranceRun(
        planned=planned,
        seed=seed,
        trials=trials,
        asked=number,
        values=values[:done],
        scores=scores[:done],
        own=own,
        own_trials=own_trials,
        found=tuple(found),
        options=tuple(of_options),
        criterion=planned.criterion or default_criterion(own.hazard_ratio, own.mortality),
    )
