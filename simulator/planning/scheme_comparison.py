"""Comparison of allocation schemes in one trial: the same patients under each of them.

Every scheme meets the same candidates, who would die on the same days under the same treatment
(common random numbers); errors of differences are those of paired trials. So the deaths that one
scheme spares are known far better than the deaths under either. Rejections gain little: another
scheme gives other patients to the arms, and a p value hangs on who is where.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simulator.allocation import levels_of
from simulator.allocation.metrics import Sums, exact_metrics, metrics_of
from simulator.allocation.selection_effect import biased_levels
from simulator.allocation.sequences import GUESSERS, LARGEST, mean_with_error
from simulator.analysis import AnalysisPlan
from simulator.declarations.estimands import tests_of
from simulator.montecarlo import exact_stages
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.multiplicity import Family, families_of
from simulator.montecarlo.workers import Workers
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.planning.candidate_schemes import CandidateScheme
from simulator.planning.observed import LABS, SequenceRows
from simulator.planning.power import drift_of, selection_bias_of
from simulator.planning.prepared import Prepared
from simulator.planning.scheme_trials import Rejections, simulate_scheme
from simulator.planning.sequence import level_in_words, level_names
from simulator.records import Floats
from simulator.results.allocation import (
    Allocation,
    FactorUse,
    Guesser,
    MarginBalance,
    Method,
    SchemeAnalysis,
    SchemeFamily,
    SchemeResult,
    StratumBalance,
)
from simulator.results.measures import Estimate, NullHypothesis, PairedEstimate
from simulator.scenario.schema import Scenario
from simulator.version import program_version

_TEST_ALPHA = 0.05
TRIAL = "patients", "deaths", "first_arm_share", "recruitment_days", "outcomes_known"


class _Found(NamedTuple):
    """What a scheme's trials reject, also under the null hypothesis, and what was seen of them."""

    trials: int
    power: Rejections
    level: Rejections | None
    seen: SequenceRows


def compare_schemes(
    prepared: Prepared,
    candidate_schemes: Sequence[CandidateScheme],
    trials: int,
    seed: int,
    workers: Workers,
    say: Callable[[str], None],
    *,
    metrics_only: bool = False,
    effect: float | None = None,
) -> Allocation:
    """Compare allocation schemes in a scenario; the first is what the others are compared with.

    Parameters
    ----------
    metrics_only
        Whether balance and predictability are all that is asked.
    effect
        Shift of a response, in standard deviations, for the exact levels of a Z and a t test
        under selection bias; None: not asked.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the first scheme is done.
    """
    solved, params = prepared.solved, prepared.params
    if metrics_only:
        found = only_metrics(solved, params, candidate_schemes, trials, seed, workers, say)
    else:
        null = under_strong_null(solved)
        found = compare(
            solved, params, null, prepared.plans, candidate_schemes, trials, seed, workers, say
        )
    if effect is not None:
        chosen = zip(found, candidate_schemes, strict=False)
        found = [_with_levels(result, scheme, params, effect) for result, scheme in chosen]
    return Allocation(
        scenario=solved.name,
        seed=seed,
        version=program_version(),
        patients=params.trial.target_randomised,
        trials=max((result.trials for result in found), default=0),
        null_hypothesis=NullHypothesis(solved.null_hypothesis),
        arms=tuple(prepared.arms),
        selection_bias=selection_bias_of(solved),
        drift=drift_of(solved),
        z_test_effect=effect,
        schemes=tuple(found),
        interrupted=len(found) < len(candidate_schemes),
    )


def under_strong_null(solved: Scenario) -> Params | None:
    """Return the scenario with nothing but the label between the arms; None if it is that.

    None too where an analysis has a margin: no effect is then no null hypothesis of it.
    """
    if solved.null_hypothesis == "strong" or any(
        analysis.hypothesis.has_margin for analysis in solved.analyses
    ):
        return None
    return lower(solved.model_copy(update={"null_hypothesis": "strong"}))


def _with_levels(
    result: SchemeResult, scheme: CandidateScheme, params: Params, effect: float
) -> SchemeResult:
    if scheme.use is not FactorUse.NONE:
        return result
    levels = biased_levels(scheme.plan, params.trial.target_randomised, effect, _TEST_ALPHA)
    if levels is None:
        return result
    return replace(result, z_test_level=levels.z, t_test_level=levels.t)


def compare(
    scenario: Scenario,
    params: Params,
    null: Params | None,
    plans: tuple[AnalysisPlan, ...],
    candidate_schemes: Sequence[CandidateScheme],
    trials: int,
    seed: int,
    workers: Workers,
    say: Callable[[str], None],
) -> list[SchemeResult]:
    """Simulate the trial under each scheme.

    Parameters
    ----------
    params, null
        The scenario, and the same under the strong null hypothesis; None if it is that already.
    trials
        Of each scheme, and as many under the null hypothesis.
    say
        Called with a line before each scheme.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the first scheme is done; later, the schemes that are done are returned.
    """
    found: list[SchemeResult] = []
    first: _Found | None = None
    families, looks = families_of(scenario, plans), exact_stages.monitoring_of(scenario, plans)
    for number, candidate_scheme in enumerate(candidate_schemes, start=1):
        told = _teller(say, number, candidate_schemes, trials)
        told(0)
        try:
            asked = plans, families, trials, seed, workers, told
            run = simulate_scheme(
                params, candidate_scheme, *asked, with_records=True, monitoring=looks
            )
            level = None
            if null is not None:
                level = simulate_scheme(
                    null, candidate_scheme, *asked, with_records=False, monitoring=looks
                ).whole()
        except KeyboardInterrupt:
            if not found:
                raise
            break
        now = _Found(trials, run.whole(), level, run.seen())
        first = first or now
        found.append(_result(scenario, candidate_scheme, plans, families, params, now, first))
    return found


def only_metrics(
    scenario: Scenario,
    params: Params,
    candidate_schemes: Sequence[CandidateScheme],
    trials: int,
    seed: int,
    workers: Workers,
    say: Callable[[str], None],
) -> list[SchemeResult]:
    """Return balance and predictability alone: exact where they can be, else from simulated trials.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the first scheme is done.
    """
    found: list[SchemeResult] = []
    for number, candidate_scheme in enumerate(candidate_schemes, start=1):
        told = _teller(say, number, candidate_schemes, trials)
        told(0)
        exact = None
        if candidate_scheme.use is FactorUse.NONE:
            exact = exact_metrics(candidate_scheme.plan, params.trial.target_randomised)
        if exact is not None:
            found.append(_exact_result(candidate_scheme, exact))
            continue
        try:
            run = simulate_scheme(
                params, candidate_scheme, (), (), trials, seed, workers, told, with_records=True
            )
        except KeyboardInterrupt:
            if not found:
                raise
            break
        now = _Found(trials, run.whole(), None, run.seen())
        whole = _result(scenario, candidate_scheme, (), (), params, now, now)
        found.append(replace(whole, trial={}, covariate_imbalance={}))
    return found


def _teller(
    say: Callable[[str], None], number: int, schemes: Sequence[CandidateScheme], trials: int
) -> Callable[[int], None]:
    """Say how far a scheme's trials are."""
    name = f"scheme {number} of {len(schemes)}: {schemes[number - 1].text}"
    return lambda done: say(f"{name}, {done:,} of {trials:,} trials" if done else name)


def _estimate(values: Floats, first: Floats) -> PairedEstimate:
    """Mean and its difference to the first scheme's; a trial without a value is left out."""
    own, pairs = values[~np.isnan(values)], (values - first)[~np.isnan(values - first)]
    nothing = math.nan, math.nan
    mean = mean_with_error(own) if own.size else nothing
    return PairedEstimate(*mean, *(mean_with_error(pairs) if pairs.size else nothing))


def _rate(values: Floats, first: Floats) -> PairedEstimate:
    """Share of trials, its error from (r + 2) / (n + 4), so that none of few is no certainty."""
    error = standard_error(int(values.sum()), values.size)
    return replace(_estimate(values, first), mcse=error)


def _result(
    scenario: Scenario,
    candidate_scheme: CandidateScheme,
    plans: tuple[AnalysisPlan, ...],
    families: tuple[Family, ...],
    params: Params,
    now: _Found,
    first: _Found,
) -> SchemeResult:
    seen, before = now.seen, first.seen
    columns = dict(zip(TRIAL, zip(seen.outcomes.T, before.outcomes.T, strict=True), strict=True))
    sizes, sizes_before = columns["patients"]
    part, part_before = columns["first_arm_share"]
    columns["first_arm_share"] = _ratio(part, sizes), _ratio(part_before, sizes_before)
    if seen.kept_out.any():
        columns["kept_out"] = seen.kept_out[:, 0], before.kept_out[:, 0]
        columns["put_off"] = seen.kept_out[:, 1], before.kept_out[:, 1]
    target = params.trial.target_randomised
    exact = (
        exact_metrics(candidate_scheme.plan, target)
        if candidate_scheme.use is FactorUse.NONE
        else None
    )
    share = float(candidate_scheme.plan.ratio[0] / candidate_scheme.plan.ratio.sum())
    by_factor = candidate_scheme.use is not FactorUse.NONE
    guessers = _guessers(seen, by_factor=by_factor)
    best = max(guessers, key=lambda guesser: guessers[guesser].mean)
    right = seen.guesses[:, GUESSERS.index(best)]
    found = simulated_metrics(seen.overall, right, seen.outcomes[:, 0], share)
    simulated = {name: Estimate(*pair) for name, pair in found.items()}
    return SchemeResult(
        name=candidate_scheme.text,
        scheme=candidate_scheme.scheme.word,
        options=candidate_scheme.options,
        factors_as=candidate_scheme.use,
        trials=now.trials,
        method=Method.EXACT if exact else Method.SIMULATED,
        metrics=exact or {name: found.mean for name, found in simulated.items()},
        simulated_metrics=simulated,
        best_guesser=Guesser(best),
        guessers=guessers,
        trial={name: _estimate(*pair) for name, pair in columns.items()},
        covariate_imbalance={
            lab: _estimate(seen.covariates[:, i], before.covariates[:, i])
            for i, lab in enumerate(LABS)
            if not np.isnan(seen.covariates[:, i]).all()
        },
        analyses=tuple(
            _analysis(plan, test.label, i, now, first)
            for i, (plan, test) in enumerate(zip(plans, tests_of(plans), strict=True))
        ),
        families=tuple(_family(family, i, now, first) for i, family in enumerate(families)),
        strata=_strata(scenario, candidate_scheme, seen) if by_factor else (),
        margins=_margins(scenario, candidate_scheme, seen) if by_factor else (),
        z_test_level=None,
        t_test_level=None,
    )


def _analysis(plan: AnalysisPlan, label: str, i: int, now: _Found, first: _Found) -> SchemeAnalysis:
    power, before, level, level_before = now.power, first.power, now.level, first.level
    return SchemeAnalysis(
        name=plan.name,
        alpha=plan.alpha,
        power=_rate(power.rejected[:, i], before.rejected[:, i]),
        favours_second=_rate(power.favours[:, i], before.favours[:, i]),
        level=_rate(level.rejected[:, i], level_before.rejected[:, i])
        if level and level_before
        else None,
        level_favours_second=(
            _rate(level.favours[:, i], level_before.favours[:, i])
            if level and level_before
            else None
        ),
        label=label,
        not_analysable=int(power.not_analysable[i]),
        level_not_analysable=int(level.not_analysable[i]) if level else None,
    )


def _family(family: Family, i: int, now: _Found, first: _Found) -> SchemeFamily:
    power, before, level, level_before = now.power, first.power, now.level, first.level
    return SchemeFamily(
        name=family.name,
        method=family.method,
        alpha=family.alpha,
        any=_rate(power.any_of[:, i], before.any_of[:, i]),
        all=_rate(power.all_of[:, i], before.all_of[:, i]),
        level_any=_rate(level.any_of[:, i], level_before.any_of[:, i])
        if level and level_before
        else None,
        not_analysable=int(power.none_analysable[i]),
        level_not_analysable=int(level.none_analysable[i]) if level else None,
    )


def _exact_result(scheme: CandidateScheme, metrics: dict[str, float]) -> SchemeResult:
    """A scheme of which nothing was simulated."""
    return SchemeResult(
        name=scheme.text,
        scheme=scheme.scheme.word,
        options=scheme.options,
        factors_as=scheme.use,
        trials=0,
        method=Method.EXACT,
        metrics=metrics,
        simulated_metrics={},
        best_guesser=Guesser.OVERALL,
        guessers={},
        trial={},
        covariate_imbalance={},
        analyses=(),
        strata=(),
        margins=(),
        z_test_level=None,
        t_test_level=None,
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    return part / np.maximum(whole, 1.0)


def _guessers(seen: SequenceRows, *, by_factor: bool) -> dict[str, Estimate]:
    """Share of right guesses of each guesser; without factors there is but one."""
    size = np.maximum(seen.outcomes[:, 0], 1.0)
    which = GUESSERS if by_factor else GUESSERS[:1]
    return {
        name: Estimate(*mean_with_error(seen.guesses[:, i] / size)) for i, name in enumerate(which)
    }


def simulated_metrics(
    overall: Floats, right: Floats, patients: Floats, share: float
) -> dict[str, tuple[float, float]]:
    """Return each metric over simulated trials with its error, NaN for what is no mean of trials.

    `right` are the right guesses of the guesser who is reported.

    Each is the mean over trials of the trial's own, so that a trial that stays small counts as one.
    """
    size = np.maximum(patients, 1.0)
    sums_of = overall.copy()
    sums_of[:, Sums._fields.index("right")] = right
    mean = {name: sums_of[:, i] for i, name in enumerate(Sums._fields)}
    a_trial = {
        "mean_abs_imbalance": mean["last_abs"],
        "max_imbalance": overall[:, LARGEST],
        "loss": mean["last_square"] / size,
        "imbalance_index": mean["squares"] / size,
        "balanced_share": mean["balanced"] / size,
        "forcing_index": mean["forced"] / size,
        "deterministic_share": mean["certain"] / size,
        "correct_guesses": mean["right"] / size,
        "correct_guesses_maximum_probability": mean["right_knowing"] / size,
        "entropy": mean["entropy"] / size,
    }
    found = {name: mean_with_error(values) for name, values in a_trial.items()}
    typical = float(size.mean())
    sums = Sums._make(
        float(np.mean(sums_of[:, i] / size) * typical) for i in range(len(Sums._fields))
    )
    last = {n: float(mean[n].mean()) for n in ("last_abs", "last", "last_square")}
    rest = metrics_of(sums._replace(**last), typical, found["max_imbalance"][0], share)
    return {name: found.get(name, (value, math.nan)) for name, value in rest.items()}


def _strata(
    scenario: Scenario, scheme: CandidateScheme, seen: SequenceRows
) -> tuple[StratumBalance, ...]:
    rows, levels = [], np.empty(scheme.plan.levels.size, np.int64)
    for s in range(seen.strata_patients.shape[1]):
        patients = seen.strata_patients[:, s]
        guesses = float(seen.strata[:, s, 2].sum()) / max(float(patients.sum()), 1.0)
        levels_of(scheme.plan, s, levels)
        rows.append(
            StratumBalance(
                stratum=level_names(scenario, levels),
                patients=float(patients.mean()),
                mean_abs_imbalance=float(seen.strata[:, s, 0].mean()),
                max_imbalance=float(seen.strata[:, s, 1].mean()),
                correct_guesses=guesses if patients.any() else math.nan,
            )
        )
    return tuple(rows)


def _margins(
    scenario: Scenario, scheme: CandidateScheme, seen: SequenceRows
) -> tuple[MarginBalance, ...]:
    names = [
        f"{factor.variable} {level_in_words(scenario, factor.variable, level)}"
        for factor, levels in zip(
            scenario.allocation.factors or [], scheme.plan.levels, strict=False
        )
        for level in range(levels)
    ]
    return tuple(
        MarginBalance(
            name, float(seen.margin_patients[:, m].mean()), float(seen.margins[:, m].mean())
        )
        for m, name in enumerate(names)
    )
