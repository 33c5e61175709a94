"""Comparison of allocation schemes in one trial: the same patients under each of them.

Every scheme meets the same candidates, who would die on the same days under the same treatment
(common random numbers); errors of differences are those of paired trials. So the deaths that one
scheme spares are known far better than the deaths under either. Rejections gain little: another
scheme gives other patients to the arms, and a p value hangs on who is where.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from simulator.allocation.metrics import Sums, exact_metrics, metrics_of
from simulator.allocation.sequences import LARGEST, mean_with_error
from simulator.analysis import AnalysisPlan
from simulator.montecarlo.intervals import standard_error
from simulator.montecarlo.loop import (
    Engine,
    Evaluation,
    Stop,
    UnitResult,
    monte_carlo,
)
from simulator.params.types import Params
from simulator.planning.candidate_schemes import CandidateScheme
from simulator.planning.observed import LABS, SequenceRows, observer
from simulator.planning.paired import UNKNOWN
from simulator.records import Floats


class Estimate(NamedTuple):
    """A mean over trials with its Monte Carlo error, and the same of its difference to the first
    scheme's, trial by trial.
    """

    mean: float
    mcse: float
    difference: float
    paired_mcse: float


class Rejections(NamedTuple):
    """How often an analysis rejects: as the scenario is, and under the strong null hypothesis.

    Of either, those in favour of the second arm: what an investigator who favours it is after.
    """

    name: str
    alpha: float
    power: Estimate
    favours_second: Estimate
    level: Estimate | None
    level_favours_second: Estimate | None


@dataclass(frozen=True)
class SchemeOutcome:
    """What a scheme does in the trial.

    Attributes
    ----------
    exact
        Its metrics for the whole trial, summed exactly; None where that cannot be done, or where
        it works within strata.
    simulated
        Its metrics over the simulated trials: mean and Monte Carlo error, NaN for those that are
        not means of trials.
    strata, margins
        By combination of levels and by level: patients, |D| at the end and, for strata, max|D_j|
        and the share of right guesses.
    covariates
        Absolute standardised difference of each baseline lab.
    """

    candidate_scheme: CandidateScheme
    trials: int
    exact: dict[str, float] | None
    simulated: dict[str, tuple[float, float]]
    analyses: tuple[Rejections, ...]
    trial: dict[str, Estimate]
    covariates: dict[str, Estimate]
    strata: list[dict[str, float]]
    margins: list[dict[str, float]]


TRIAL = "patients", "deaths", "first_arm_share", "recruitment_days", "outcomes_known"


class _Found(NamedTuple):
    """Trials of one scheme, a row each, by analysis: rejected or not; and what was seen of them."""

    rejected: Floats
    favours: Floats
    level: Floats
    level_favours: Floats
    seen: SequenceRows


@dataclass
class _Run:
    """Trials of one scheme, one after another."""

    rejected: list[Floats] = field(default_factory=list)
    favours_second: list[Floats] = field(default_factory=list)
    observed: list[tuple[Floats, ...]] = field(default_factory=list)

    def keep(self, alpha: Floats, unit: UnitResult) -> None:
        rejected = unit.table.p_value <= alpha
        self.rejected.append(rejected.astype(np.float64))
        self.favours_second.append((rejected & (unit.table.favours == 1)).astype(np.float64))
        self.observed.append(unit.observed)

    def whole(self) -> tuple[Floats, Floats]:
        return np.concatenate(self.rejected), np.concatenate(self.favours_second)

    def seen(self) -> SequenceRows:
        return SequenceRows(*(np.concatenate(parts) for parts in zip(*self.observed, strict=True)))


def compare(
    params: Params,
    null: Params | None,
    plans: tuple[AnalysisPlan, ...],
    candidate_schemes: Sequence[CandidateScheme],
    trials: int,
    seed: int,
    jobs: int,
    say: Callable[[str], None],
) -> list[SchemeOutcome]:
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
    found: list[SchemeOutcome] = []
    first: _Found | None = None
    for number, candidate_scheme in enumerate(candidate_schemes, start=1):
        say(f"scheme {number} of {len(candidate_schemes)}: {candidate_scheme.text}")
        try:
            run = _simulate(params, candidate_scheme, plans, trials, seed, jobs, with_records=True)
            rejected, favours = run.whole()
            level = level_favours = np.full(rejected.shape, math.nan)
            if null is not None:
                under = _simulate(
                    null, candidate_scheme, plans, trials, seed, jobs, with_records=False
                )
                level, level_favours = under.whole()
        except KeyboardInterrupt:
            if not found:
                raise
            break
        now = _Found(rejected, favours, level, level_favours, run.seen())
        first = first or now
        found.append(_outcome(candidate_scheme, plans, params, now, first, null is not None))
    return found


def only_metrics(
    params: Params,
    candidate_schemes: Sequence[CandidateScheme],
    trials: int,
    seed: int,
    jobs: int,
    say: Callable[[str], None],
) -> list[SchemeOutcome]:
    """Return balance and predictability alone: exact where they can be, else from simulated trials.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the first scheme is done.
    """
    found: list[SchemeOutcome] = []
    for number, candidate_scheme in enumerate(candidate_schemes, start=1):
        say(f"scheme {number} of {len(candidate_schemes)}: {candidate_scheme.text}")
        exact = None
        if candidate_scheme.use == "none":
            exact = exact_metrics(candidate_scheme.plan, params.trial.target_randomised)
        if exact is not None:
            found.append(SchemeOutcome(candidate_scheme, 0, exact, {}, (), {}, {}, [], []))
            continue
        try:
            run = _simulate(params, candidate_scheme, (), trials, seed, jobs, with_records=True)
        except KeyboardInterrupt:
            if not found:
                raise
            break
        seen = run.seen()
        empty = np.empty((seen.overall.shape[0], 0))
        now = _Found(empty, empty, empty, empty, seen)
        whole = _outcome(candidate_scheme, (), params, now, now, has_level=False)
        found.append(replace(whole, trial={}, covariates={}))
    return found


def _simulate(
    params: Params,
    candidate_scheme: CandidateScheme,
    plans: tuple[AnalysisPlan, ...],
    trials: int,
    seed: int,
    jobs: int,
    *,
    with_records: bool,
) -> _Run:
    run, alpha = _Run(), np.array([plan.alpha for plan in plans])
    truths = (UNKNOWN,) * len(plans)
    asked = Evaluation(plans, truths, ())
    if with_records:
        asked = asked._replace(observe=observer(candidate_scheme.plan))
    done = monte_carlo(
        params._replace(allocation=candidate_scheme.params),
        asked,
        seed,
        Stop(trials, None),
        jobs,
        Engine.COMPILED,
        lambda *_: None,
        lambda _, unit: run.keep(alpha, unit),
    )
    if done.interrupted:
        raise KeyboardInterrupt
    return run


def _estimate(values: Floats, first: Floats) -> Estimate:
    """Mean and its difference to the first scheme's; a trial without a value is left out."""
    own, pairs = values[~np.isnan(values)], (values - first)[~np.isnan(values - first)]
    nothing = math.nan, math.nan
    mean = mean_with_error(own) if own.size else nothing
    return Estimate(*mean, *(mean_with_error(pairs) if pairs.size else nothing))


def _rate(values: Floats, first: Floats) -> Estimate:
    """Share of trials, its error from (r + 2) / (n + 4), so that none of few is no certainty."""
    error = standard_error(int(values.sum()), values.size)
    return _estimate(values, first)._replace(mcse=error)


def _outcome(
    candidate_scheme: CandidateScheme,
    plans: tuple[AnalysisPlan, ...],
    params: Params,
    now: _Found,
    first: _Found,
    has_level: bool,
) -> SchemeOutcome:
    seen, before = now.seen, first.seen
    analyses = tuple(
        Rejections(
            plan.name,
            plan.alpha,
            _rate(now.rejected[:, i], first.rejected[:, i]),
            _rate(now.favours[:, i], first.favours[:, i]),
            _rate(now.level[:, i], first.level[:, i]) if has_level else None,
            _rate(now.level_favours[:, i], first.level_favours[:, i]) if has_level else None,
        )
        for i, plan in enumerate(plans)
    )
    columns = dict(zip(TRIAL, zip(seen.outcomes.T, before.outcomes.T, strict=True), strict=True))
    sizes, sizes_before = columns["patients"]
    part, part_before = columns["first_arm_share"]
    columns["first_arm_share"] = _ratio(part, sizes), _ratio(part_before, sizes_before)
    if seen.kept_out.any():
        columns["kept_out"] = seen.kept_out[:, 0], before.kept_out[:, 0]
        columns["put_off"] = seen.kept_out[:, 1], before.kept_out[:, 1]
    target = params.trial.target_randomised
    exact = exact_metrics(candidate_scheme.plan, target) if candidate_scheme.use == "none" else None
    share = float(candidate_scheme.plan.ratio[0] / candidate_scheme.plan.ratio.sum())
    return SchemeOutcome(
        candidate_scheme=candidate_scheme,
        trials=now.rejected.shape[0],
        exact=exact,
        simulated=simulated_metrics(seen.overall, seen.outcomes[:, 0], share),
        analyses=analyses,
        trial={name: _estimate(*pair) for name, pair in columns.items()},
        covariates={
            lab: _estimate(seen.covariates[:, i], before.covariates[:, i])
            for i, lab in enumerate(LABS)
            if not np.isnan(seen.covariates[:, i]).all()
        },
        strata=_strata(seen) if candidate_scheme.use != "none" else [],
        margins=_margins(seen) if candidate_scheme.use != "none" else [],
    )


def _ratio(part: Floats, whole: Floats) -> Floats:
    return part / np.maximum(whole, 1.0)


def simulated_metrics(
    overall: Floats, patients: Floats, share: float
) -> dict[str, tuple[float, float]]:
    """Return each metric over simulated trials with its error, NaN for what is no mean of trials.

    Each is the mean over trials of the trial's own, so that a trial that stays small counts as one.
    """
    size = np.maximum(patients, 1.0)
    mean = {name: overall[:, i] for i, name in enumerate(Sums._fields)}
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
        float(np.mean(overall[:, i] / size) * typical) for i in range(len(Sums._fields))
    )
    last = {n: float(mean[n].mean()) for n in ("last_abs", "last", "last_square")}
    rest = metrics_of(sums._replace(**last), typical, found["max_imbalance"][0], share)
    return {name: found.get(name, (value, math.nan)) for name, value in rest.items()}


def _strata(seen: SequenceRows) -> list[dict[str, float]]:
    rows = []
    for s in range(seen.strata_patients.shape[1]):
        patients = seen.strata_patients[:, s]
        guesses = float(seen.strata[:, s, 2].sum()) / max(float(patients.sum()), 1.0)
        rows.append(
            {
                "patients": float(patients.mean()),
                "mean_abs_imbalance": float(seen.strata[:, s, 0].mean()),
                "max_imbalance": float(seen.strata[:, s, 1].mean()),
                "correct_guesses": guesses if patients.any() else math.nan,
            }
        )
    return rows


def _margins(seen: SequenceRows) -> list[dict[str, float]]:
    return [
        {
            "patients": float(seen.margin_patients[:, m].mean()),
            "mean_abs_imbalance": float(seen.margins[:, m].mean()),
        }
        for m in range(seen.margins.shape[1])
    ]
