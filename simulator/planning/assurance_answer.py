"""From draws and what their trials gave to the answer of assurance."""

import math

import numpy as np
import scipy

from simulator.declarations.estimands import tests_of
from simulator.declarations.quantities import name_with_unit
from simulator.montecarlo.intervals import interval
from simulator.params.types import Bools
from simulator.planning.assurance import AssuranceRun, PlannedAssurance
from simulator.planning.assurance_draws import base_power
from simulator.planning.averages import averaged, jackknife
from simulator.planning.decision_value import decide, utility_of
from simulator.planning.effects import null_in_effect
from simulator.planning.power_surface import Surface, fit_surface, freed_powers, variance_shares
from simulator.planning.variation import value_at
from simulator.planning.worthwhile import HAZARD_RATIO, MORTALITY_DIFFERENCE
from simulator.records import Floats, Ints
from simulator.results.assurance import (
    AnalysisAssurance,
    Assurance,
    DecisionValue,
    Draw,
    FailedDraws,
    PowerSurface,
    UncertainParameter,
    VarianceShare,
    Worthwhile,
)
from simulator.results.measures import Share
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.uncertain_rules import UncertainKey
from simulator.version import program_version

LEVELS = 0.05, 0.25, 0.5, 0.75, 0.95


def assurance_of(loaded: LoadedScenario, run: AssuranceRun, target_power: float) -> Assurance:
    """Return the answer.

    Parameters
    ----------
    loaded
        The scenario as it is written.
    target_power
        That the design is to have.
    """
    planned, scenario = run.planned, loaded.scenario
    simulated = np.array([one.problem is None for one in run.found])
    correlation = np.asarray(
        scipy.linalg.block_diag(*(np.array(one.matrix()) for one in scenario.uncertain or []))
    )
    worthwhile = _worthwhile(run)
    powers = np.zeros((len(run.found), len(planned.design.names)))
    analyses = []
    for goal in range(len(planned.design.names)):
        made, powers[:, goal] = _analysis(
            run, goal, simulated, correlation, worthwhile, target_power
        )
        analyses.append(made)
    first = analyses[0]
    return Assurance(
        scenario=scenario.name,
        title=scenario.title,
        asked=loaded.asked,
        seed=run.seed,
        draws=len(run.found),
        draws_asked=run.asked,
        trials=run.trials,
        base_trials=run.own_trials,
        version=program_version(),
        null_hypothesis=null_in_effect(planned.base.asked, planned.base.solved),
        arms=tuple(planned.base.arms),
        target_power=target_power,
        assurance=first.assurance,
        outer_se=first.outer_se,
        inner_se=first.inner_se,
        probability_of_target=first.probability_of_target.mean,
        quantiles=first.quantiles,
        parameters=tuple(_parameter(loaded, one) for one in planned.known),
        analyses=tuple(analyses),
        worthwhile=Worthwhile(
            quantity=run.criterion.quantity,
            at_most=run.criterion.at_most,
            value=run.criterion.value,
            is_default=run.criterion.is_default,
            probability=_share(worthwhile),
        ),
        failures=_failures(run),
        drawn=_drawn(run, powers),
        decision=_decision(run),
        interrupted=len(run.found) < run.asked,
    )


def _share(holds: Bools) -> Share:
    count = int(holds.sum())
    return Share(count / holds.size, *interval(count, holds.size))


def _worthwhile(run: AssuranceRun) -> Bools:
    """(draws,): whether the effect is worthwhile."""
    quantity = run.criterion.quantity
    if quantity == HAZARD_RATIO:
        found = np.array([one.hazard_ratio for one in run.found])
    elif quantity == MORTALITY_DIFFERENCE:
        found = np.array([one.mortality[1] - one.mortality[0] for one in run.found])
    else:
        written = [one.written for one in run.planned.known]
        found = run.values[:, written.index(quantity)]
    return run.criterion.holds(found)


def _analysis(
    run: AssuranceRun,
    goal: int,
    simulated: Bools,
    correlation: Floats,
    worthwhile: Bools,
    target_power: float,
) -> tuple[AnalysisAssurance, Floats]:
    """Return what an analysis has over the draws, and its power at each, freed of inner error."""
    trials, planned = run.trials, run.planned
    counts = np.array([one.rejections[goal] for one in run.found], np.float64)
    z, seen = run.scores[simulated], counts[simulated]
    freed = np.zeros(counts.size)
    shares: tuple[VarianceShare, ...] = ()
    told = PowerSurface(0, math.nan, math.nan)
    if seen.size >= 2:
        surface = fit_surface(z, seen, trials)
        freed[simulated] = freed_powers(surface, z, seen, trials)
        shares, unexplained = _shares(planned, surface, z, seen, trials, correlation)
        told = PowerSurface(len(surface.terms), surface.lack_of_fit, unexplained)
    mean = averaged(counts, trials)
    name, test, alpha, is_family = _goal(planned, goal)
    favouring = np.array([one.favouring[goal] for one in run.found], np.float64)
    return (
        AnalysisAssurance(
            name=name,
            test=test,
            alpha=alpha,
            base_power=base_power(run.own, run.own_trials)[goal],
            assurance=mean.mean,
            outer_se=mean.outer_se,
            inner_se=mean.inner_se,
            in_favour_of={}
            if is_family
            else {
                arm: averaged(favouring[:, a], trials) for a, arm in enumerate(planned.base.arms)
            },
            probability_of_target=_share(freed >= target_power),
            sd=float(freed.std(ddof=1)) if freed.size > 1 else math.nan,
            quantiles={f"{level:g}": float(np.quantile(freed, level)) for level in LEVELS},
            worthwhile=averaged(counts[worthwhile], trials),
            shares=shares,
            surface=told,
            not_analysable=sum(int(one.not_analysable[goal]) for one in run.found),
        ),
        freed,
    )


def _goal(planned: PlannedAssurance, goal: int) -> tuple[str, str, float, bool]:
    """Name and level of a goal, what it is called in a sentence, and whether it is a family."""
    own, chosen = planned.base, planned.design.goal
    if chosen is not None:
        return chosen.name, chosen.test_name, chosen.alpha, chosen.is_family
    if goal < len(own.plans):
        plan = own.plans[goal]
        return plan.name, tests_of(own.plans)[goal].name, plan.alpha, False
    family = (own.asked.multiplicity or [])[goal - len(own.plans)]
    return family.name, f"any hypothesis of {family.name}", family.alpha, True


def _shares(
    planned: PlannedAssurance,
    whole: Surface,
    z: Floats,
    counts: Floats,
    trials: int,
    correlation: Floats,
) -> tuple[tuple[VarianceShare, ...], float]:
    """Shares of variance by key with their errors, and the share that the surface misses."""

    def estimate(chosen: Ints) -> Floats:
        surface = fit_surface(z[chosen], counts[chosen], trials, whole.terms)
        found = variance_shares(surface, correlation)
        fitted = surface.power(z[chosen])
        missed = surface.overdispersion * float((fitted * (1 - fitted)).mean())
        every = float(fitted.var()) + missed
        unexplained = missed / every if every > 0 else math.nan
        return np.array([*(x for share in found for x in share), unexplained])

    values, errors = jackknife(estimate, len(counts))
    shares = tuple(
        VarianceShare(one.written, *map(float, (values[2 * k], errors[2 * k])),
                      *map(float, (values[2 * k + 1], errors[2 * k + 1])))
        for k, one in enumerate(planned.known)
    )  # fmt: skip
    return shares, float(values[-1])


def _parameter(loaded: LoadedScenario, one: UncertainKey) -> UncertainParameter:
    item = (loaded.scenario.uncertain or [])[one.item]
    low, middle, high = (float(one.marginal.quantile(p)) for p in (0.025, 0.5, 0.975))
    return UncertainParameter(
        key=one.written,
        name=name_with_unit(one.keys[0], value_at(loaded)),
        base=one.value,
        base_level=float(one.marginal.cdf(one.value)),
        q025=low,
        median=middle,
        q975=high,
        distribution=item.word(one.place),
        source=item.source or _comment(loaded, f"uncertain[{one.item}]", one.place),
        correlated=item.correlation is not None and len(item.keys) > 1,
    )


def _comment(loaded: LoadedScenario, item: str, place: int) -> str:
    """Return the comment on the parameters of a key, or another one of its item."""
    said = {key: source for key, source in loaded.provenance.items() if source.is_given}
    for part in (f".parameters[{place}]", ".parameters", f".keys[{place}]", "."):
        for key, source in said.items():
            if key.startswith(item + part):
                return source.text
    return ""


def _failures(run: AssuranceRun) -> tuple[FailedDraws, ...]:
    """Draws that could not be simulated, by the key and the rule that are broken."""
    found: dict[str, FailedDraws] = {}
    for number, one in enumerate(run.found):
        if one.problem is not None:
            key = one.problem.key
            before = found.get(key)
            first, rule = (
                (number, one.problem.rule) if before is None else (before.first, before.rule)
            )
            count = 1 if before is None else before.draws + 1
            found[key] = FailedDraws(key, rule, count, first)
    return tuple(found.values())


def _drawn(run: AssuranceRun, powers: Floats) -> tuple[Draw, ...]:
    names, arms = run.planned.design.names, run.planned.base.arms
    keys = [one.written for one in run.planned.known]
    return tuple(
        Draw(
            number=number,
            values=dict(zip(keys, map(float, run.values[number]), strict=True)),
            hazard_ratio=one.hazard_ratio,
            mortality=dict(zip(arms, one.mortality, strict=True)),
            rejections=dict(zip(names, map(int, one.rejections), strict=True)),
            power=dict(zip(names, map(float, powers[number]), strict=True)),
            failed=one.problem is not None,
        )
        for number, one in enumerate(run.found)
    )


def _decision(run: AssuranceRun) -> DecisionValue | None:
    """Return what is to be chosen, by the draws that could be simulated under every option."""
    decision, planned = run.planned.asked.decision, run.planned
    if decision is None or not planned.options:
        return None
    analysis = decision.analysis or planned.design.names[0]
    goal = planned.design.names.index(analysis)
    utilities = np.array(
        [
            [utility_of(one, decision.utility, goal, run.trials) for one in options]
            for options in run.options
        ]
    )
    rates = np.array(
        [
            [math.nan if one is None else one.rejections[goal] / run.trials for one in options]
            for options in run.options
        ]
    )
    known = np.isfinite(utilities).all(axis=1)
    if known.sum() < 2:
        return None
    return decide(
        [name for name, _ in planned.options],
        [one.written for one in planned.known],
        utilities[known],
        rates[known],
        run.scores[known],
        decision.utility.unit,
        analysis,
    )
