"""The question of one run: how often each analysis rejects, and what the trial takes."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

from simulator.analysis import REASONS, AnalysisPlan, Reason, estimand, estimand_attributes
from simulator.analysis.bayes import prior_report
from simulator.declarations.claims import is_claim, is_of_trial
from simulator.declarations.estimands import day_of, scale_of, tests_of
from simulator.declarations.keys import key_path, steps_of
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.intervals import interval, standard_error
from simulator.montecarlo.judgement import judge, trials_to_settle
from simulator.montecarlo.loop import MonteCarlo, Run, Stop, monte_carlo
from simulator.montecarlo.multiplicity import families_of
from simulator.montecarlo.open_unit import UnitResult
from simulator.montecarlo.operations import operations_of
from simulator.montecarlo.workers import Workers
from simulator.planning.accepted import accepted
from simulator.planning.averaged_deaths import AveragedDeaths
from simulator.planning.curves import CurveRecorder, CurveRows, grid_of, observer
from simulator.planning.effects import effect_of, null_in_effect
from simulator.planning.look_effects import effect_scale
from simulator.planning.look_paths import PathRecorder, see_looks
from simulator.planning.looks import looks_of
from simulator.planning.low_power import why_below_level
from simulator.planning.prepared import Prepared
from simulator.planning.trial_end import trial_end_of
from simulator.results.acceptance import Acceptance
from simulator.results.curves import TRIALS_SEEN, Curves
from simulator.results.measures import CONVENTIONAL_POWER, Estimate, Judgement
from simulator.results.operations import Operations
from simulator.results.power import (
    AnalysisPower,
    Assumption,
    DirectionalPower,
    Drift,
    EstimandAttributes,
    FamilyPower,
    PairAgreement,
    Power,
    PriorReport,
    RecruitmentKey,
    SelectionBias,
    ToBeShown,
)
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.schema import Scenario
from simulator.truth import true_values
from simulator.version import program_version


def estimate_power(
    prepared: Prepared,
    stop: Stop,
    seed: int,
    workers: Workers,
    engine: Engine,
    watch: Callable[[int, list[int]], None],
    keep: Callable[[int, UnitResult], None] | None,
    *,
    target_power: float = CONVENTIONAL_POWER,
    conditional: bool = False,
) -> Power:
    """Simulate and analyse trials from 0 on until `stop`.

    Parameters
    ----------
    watch, keep
        As `montecarlo.loop.Run` has them; who keeps units has their table of single trials.
    target_power
        What the verdict holds the power against.
    conditional
        Whether to estimate each power by conditional expectation too, and judge precision by that.

    Raises
    ------
    KeyboardInterrupt
        If not even the first unit of work was done.
    """
    params, plans = prepared.params, prepared.plans
    acceptance = accepted(prepared, workers.jobs)
    curves, paths = CurveRecorder(grid_of(params)), PathRecorder(TRIALS_SEEN)
    seen_by = observer(curves.grid)
    if prepared.monitoring is not None:
        seen_by = seen_by._replace(asked=(*seen_by.asked, "looks"), at_looks=see_looks)
    averaged = AveragedDeaths(params, plans) if conditional else None
    evaluation = Evaluation(
        plans,
        true_values(params, plans, workers.jobs),
        families_of(prepared.asked, plans),
        seen_by,
        table=keep is not None,
        control=None if averaged is None else averaged.controls,
        monitoring=prepared.monitoring,
    )

    def take(first: int, unit: UnitResult) -> None:
        if keep is not None:
            keep(first, unit)
        of_records = len(CurveRows._fields)
        curves.keep(first, unit._replace(observed=unit.observed[:of_records]))
        paths.keep(unit.observed[of_records:])
        if averaged is not None:
            averaged.add(unit)

    precise = None if averaged is None else averaged.precise_after
    asked = Run(params, evaluation, seed, stop, watch, take, precise_after=precise)
    run = monte_carlo(asked, workers, engine)
    answer = _answer(prepared, run, curves, paths, target_power, acceptance)
    return answer if averaged is None else averaged.beside(answer)


def _answer(
    prepared: Prepared,
    run: MonteCarlo,
    curves: CurveRecorder,
    paths: PathRecorder,
    target_power: float,
    acceptance: Acceptance | None,
) -> Power:
    loaded, solved, params = prepared.loaded, prepared.solved, prepared.params
    operations = operations_of(solved, params, run.totals)
    null = null_in_effect(prepared.asked, solved)
    analyses = tuple(_analysis(prepared, run, index, operations) for index in range(len(run.plans)))
    first = analyses[0]
    limits = first.ci_low, first.ci_high
    verdict = judge(null, *limits, first.alpha, target_power, trials=run.trials)
    is_looked_at = run.asked.monitoring is not None and 0 in run.asked.monitoring.columns
    if verdict.is_power and first.ci_high < first.alpha and not is_looked_at:
        low = why_below_level(run.plans[0], first, params.allocation.ratio, operations)
        verdict = replace(verdict, below_level=low)
    if verdict.judgement is Judgement.INCONCLUSIVE:
        needed = trials_to_settle(first.power, target_power)
        verdict = replace(verdict, trials_to_settle=needed)
    return Power(
        scenario=solved.name,
        title=solved.title,
        files=tuple(loaded.files),
        asked=loaded.asked,
        seed=run.seed,
        engine=run.engine.value,
        trials=run.trials,
        version=program_version(),
        interrupted=run.interrupted,
        null_hypothesis=null,
        arms=tuple(prepared.arms),
        effect=effect_of(prepared.asked, solved),
        selection_bias=selection_bias_of(solved),
        drift=drift_of(solved),
        analyses=analyses,
        agreement=_agreement(run),
        multiplicity=_multiplicity(run),
        operations=operations,
        assumptions=assumptions(loaded),
        defaults=sum(is_of_trial(key) and loaded.is_default(key) for key in loaded.provenance),
        verdict=verdict,
        acceptance=acceptance,
        looks=looks_of(prepared, run),
        trial_end=trial_end_of(prepared, run),
        recruitment_key=_recruitment_key(solved, params.eligibility.randomised_share),
        curves=_curves(prepared, run, curves, paths),
    )


def _curves(
    prepared: Prepared, run: MonteCarlo, curves: CurveRecorder, paths: PathRecorder
) -> Curves:
    """Tables over time, those of looks too."""
    found, asked = curves.tables(prepared.params, prepared.arms), run.asked.monitoring
    if asked is None:
        return found
    looks, stops = paths.tables(effect_scale(run.plans[asked.column]), prepared.arms)
    return replace(found, looks=looks, stops=stops)


def _analysis(
    prepared: Prepared, run: MonteCarlo, index: int, operations: Operations
) -> AnalysisPower:
    plans, arms = run.plans, prepared.arms
    plan, trial = plans[index], prepared.params.trial
    days = day_of(plan, plans, trial.follow_up_days, trial.max_follow_up_days)
    rejections, reasons = int(run.rejections[index]), run.reasons[index]
    low, high = interval(rejections, run.trials)
    favouring = {arm: int(run.favouring[index, a]) for a, arm in enumerate(arms)}
    return AnalysisPower(
        name=plan.name,
        test=tests_of(plans)[index],
        estimand=estimand(plan, days, arms, plans),
        scale=scale_of(plan, plans),
        alpha=plan.alpha,
        trials=run.trials,
        rejections=rejections,
        favouring=favouring,
        power=rejections / run.trials,
        mcse=standard_error(rejections, run.trials),
        ci_low=low,
        ci_high=high,
        in_favour_of={arm: _directional(count, run.trials) for arm, count in favouring.items()},
        not_analysable=run.trials - int(reasons[Reason.ANALYSED]),
        reasons={
            REASONS[why]: int(reasons[why])
            for why in Reason
            if why is not Reason.ANALYSED and reasons[why]
        },
        performance=run.estimation.performance(index),
        estimand_attributes=_attributes(plan, days, arms, plans),
        hypothesis=ToBeShown(*plan.hypothesis),
        prior=_priors(plan, operations),
    )


def _directional(rejections: int, trials: int) -> DirectionalPower:
    error, limits = standard_error(rejections, trials), interval(rejections, trials)
    return DirectionalPower(rejections / trials, error, *limits)


def _attributes(
    plan: AnalysisPlan, days: int, arms: list[str], plans: tuple[AnalysisPlan, ...]
) -> EstimandAttributes:
    found = {"death": None, **estimand_attributes(plan, days, arms, plans)}
    return EstimandAttributes.from_dict(found)


def _priors(plan: AnalysisPlan, operations: Operations) -> dict[str, PriorReport]:
    """What the priors of an analysis say beside the patients and the mortality simulated."""
    if "prior_control" not in plan.options:
        return {}
    priors = plan.options["prior_control"], plan.options["prior_experimental"]
    found = {}
    for (arm, deaths), prior in zip(operations.mortality.items(), priors, strict=True):
        patients = operations.patients[arm].mean
        if patients > 0 and math.isfinite(deaths.mean):
            found[arm] = prior_report(tuple(prior), round(patients), deaths.mean)
    return found


def _agreement(run: MonteCarlo) -> tuple[PairAgreement, ...]:
    """How often each pair of analyses rejects together, and each without the other."""
    names, both = [plan.name for plan in run.plans], run.joint.both
    return tuple(
        PairAgreement(
            first=names[i],
            second=names[j],
            both=int(both[i, j]),
            only_first=int(both[i, i] - both[i, j]),
            only_second=int(both[j, j] - both[i, j]),
            trials=run.trials,
            not_analysable=run.trials - int(run.joint.both_analysable[i, j]),
        )
        for i, j in itertools.combinations(range(len(names)), 2)
    )


def _multiplicity(run: MonteCarlo) -> tuple[FamilyPower, ...]:
    """Rejections of analyses that are judged together."""
    found = []
    for index, family in enumerate(run.asked.families):
        counts = run.joint.by_analysis[index].tolist()
        names = [run.plans[column].name for column in family.columns]
        found.append(
            FamilyPower(
                name=family.name,
                method=family.method,
                alpha=family.alpha,
                by_analysis={
                    name: _proportion(count, run.trials)
                    for name, count in zip(names, counts, strict=True)
                },
                any=_proportion(run.joint.any_of[index], run.trials),
                all=_proportion(run.joint.all_of[index], run.trials),
                trials=run.trials,
                not_analysable=run.trials - run.joint.analysable[index],
            )
        )
    return tuple(found)


def _proportion(count: int, trials: int) -> Estimate:
    return Estimate(count / trials, standard_error(count, trials))


def selection_bias_of(solved: Scenario) -> SelectionBias | None:
    """The investigator who guesses, if there is one."""
    bias = solved.selection_bias
    return None if bias is None else SelectionBias(**bias.model_dump())


def drift_of(solved: Scenario) -> Drift | None:
    """The drift of mortality, if there is one."""
    drift = solved.hazard.drift
    return None if drift is None else Drift(**drift.model_dump())


def _recruitment_key(solved: Scenario, randomised_share: float) -> RecruitmentKey:
    """The key by which more are recruited: the rate of every site if alike, else of the fastest."""
    if solved.accrual.kind == "uniform":
        return RecruitmentKey("accrual.candidates", float(solved.accrual.candidates))
    sites = solved.accrual.sites
    rates = [(site.rate_key, getattr(site, site.rate_key)) for site in sites]
    randomised = [site.randomised(randomised_share) for site in sites]
    fastest = randomised.index(max(randomised))
    place = "*" if len(rates) > 1 and len(set(rates)) == 1 else fastest
    key, value = rates[fastest]
    return RecruitmentKey(f"accrual.sites[{place}].{key}", value)


def assumptions(loaded: LoadedScenario) -> tuple[Assumption, ...]:
    """Lines of the scenario that are assumptions, in whole or in part, said or not.

    A line that holds several values is named by what their keys have in common. What is changed by
    an option has no line, and is named by its key. A name needs no source, nor does what is off.
    """
    lines: dict[tuple[str, int, str], list[str]] = {}
    for key, value, source in loaded.values():
        claims = is_of_trial(key) and (source.is_given or is_claim(key, value))
        if claims and source.is_assumed and not loaded.is_default(key):
            file, line = loaded.location(key)
            lines.setdefault((file, line, "" if line else key), []).append(key)
    found = ((keys, loaded.provenance[keys[0]]) for keys in lines.values())
    return tuple(
        Assumption(_enclosing(keys), source.text, source.kind, source.rows)
        for keys, source in found
    )


def _enclosing(keys: list[str]) -> str:
    """The key itself or, of several, what they all begin with: `a.b` of `a.b.c` and `a.b[0]`."""
    if len(keys) == 1:
        return keys[0]
    steps = [steps_of(key) or () for key in keys]
    shared = itertools.takewhile(lambda step: len(set(step)) == 1, zip(*steps, strict=False))
    return key_path(step[0] for step in shared)
