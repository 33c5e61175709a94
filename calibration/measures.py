"""Figures of simulated trials, each with its Monte Carlo error (docs/calibration.md).

A figure comes with the *influence* of each trial on it: had trial t been drawn twice, the figure
would change by its influence over the number of trials. So the standard error of any figure, be it
a ratio of totals, a median or a hazard ratio, is the standard deviation of the influences over the
root of the number of trials, and two figures of the same trials have a covariance.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.constants import FIRST_CALIBRATION_TRIAL
from simulator.declarations.measures import LABS
from simulator.engines.compiled import simulate
from simulator.montecarlo.columns import TrialMetrics, layout_of, metrics_of
from simulator.montecarlo.trial_ends import metric_rows_at_the_end
from simulator.params.types import Bools, Params
from simulator.records import Floats, Ints
from simulator.results.measures import Estimate
from simulator.scenario.calibrated import Measured
from simulator.scenario.errors import RuleError

FIRST_TRIAL = FIRST_CALIBRATION_TRIAL + (1 << 20)
"""First trial of what is measured: behind those that solve mortality targets, which it judges."""

_PATIENTS_A_CHUNK = 3_000
_PATIENT_COLUMNS = (
    "arm",
    "baseline_lab",
    "baseline_meld",
    "death_after_days",
    "transplant_after_days",
)


@dataclass(frozen=True)
class Figure:
    """A figure of simulated trials.

    Attributes
    ----------
    value
        NaN where there is nothing to make it of, as the mortality of an arm without patients.
    influence
        (trials,): of each trial, in the figure's unit.
    """

    value: float
    influence: Floats

    @property
    def error(self) -> float:
        """Monte Carlo standard error."""
        return float(self.influence.std(ddof=1) / math.sqrt(self.influence.size))

    @property
    def estimate(self) -> Estimate:
        """Value and error."""
        return Estimate(self.value, self.error)


class Simulated(NamedTuple):
    """Trials to be measured.

    Attributes
    ----------
    arms
        Their names.
    metrics
        One row per trial.
    trial
        (patients,): row of the patient's trial.
    patients
        Columns of the records by name, one row per patient.
    """

    arms: tuple[str, ...]
    follow_up_days: int
    metrics: TrialMetrics
    trial: Ints
    patients: dict[str, Floats]

    @property
    def trials(self) -> int:
        """How many."""
        return int(self.metrics.screened.size)


def simulate_to_measure(
    params: Params, arms: Sequence[str], trials: int, seed: int = 0, jobs: int = 1
) -> Simulated:
    """Simulate trials at addresses of the calibration's own; the same for any number of jobs."""
    size = max(1, _PATIENTS_A_CHUNK // params.trial.target_randomised)
    spans = [(start, min(size, trials - start)) for start in range(0, trials, size)]

    layout = layout_of(params, ())

    def run(span: tuple[int, int]) -> tuple[TrialMetrics, Ints, dict[str, Floats]]:
        start, count = span
        records = simulate(params, seed, FIRST_TRIAL + start, count)
        trial = start + np.repeat(np.arange(count), records.trials.randomised)
        columns = {name: getattr(records.patients, name) for name in _PATIENT_COLUMNS}
        metrics = metrics_of(layout, metric_rows_at_the_end(params, layout, records, ()))
        return metrics, trial, columns

    with ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(run, spans))
    metrics = TrialMetrics(*map(np.concatenate, zip(*(one[0] for one in found), strict=True)))
    patients = {n: np.concatenate([one[2][n] for one in found]) for n in _PATIENT_COLUMNS}
    trial = np.concatenate([one[1] for one in found])
    return Simulated(tuple(arms), params.trial.follow_up_days, metrics, trial, patients)


def measure(simulated: Simulated, asked: Measured) -> Figure:
    """Return a figure of simulated trials, as `declarations.measures` has it by its word.

    Raises
    ------
    RuleError
        If the trials have nothing to make it of.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        figure = _MEASURES[asked.measure](simulated, asked)
    if not math.isfinite(figure.value) or not np.isfinite(figure.influence).all():
        raise RuleError(
            f"the simulated trials have nothing to make it of: {asked.label}",
            "simulate more trials, or leave it out",
            "measure",
        )
    return figure


def _ratio(part: Floats | Ints, whole: Floats | Ints) -> Figure:
    """Ratio of totals over trials (delta method, the trial being the unit)."""
    total = float(whole.sum())
    value = float(part.sum()) / total if total else math.nan
    influence: Floats = np.asarray(part - value * whole, np.float64) / (total / whole.size)
    return Figure(value, influence)


def _of_patients(simulated: Simulated, who: Bools, influence: Floats, value: float) -> Figure:
    """Return a figure of some patients from the influence of each, which average 0."""
    sums = np.bincount(simulated.trial[who], influence, simulated.trials)
    return Figure(value, sums * simulated.trials / max(int(who.sum()), 1))


def _who(simulated: Simulated, asked: Measured) -> Bools:
    """Say which patients are meant: of an arm, of a range of baseline MELD."""
    arm, meld = simulated.patients["arm"], simulated.patients["baseline_meld"]
    who: Bools = np.full(arm.shape, True)
    if asked.arm is not None:
        who &= arm == simulated.arms.index(asked.arm)
    if asked.baseline_meld is not None:
        low, high = asked.baseline_meld
        who &= (meld >= low) & (meld < high)
    return who


def _share(simulated: Simulated, part: Bools, whole: Bools) -> Figure:
    """Share of some patients who are part, a part of them."""
    counts = (np.bincount(simulated.trial[w], minlength=simulated.trials) for w in (part, whole))
    return _ratio(*counts)


def _mean(simulated: Simulated, who: Bools, values: Floats) -> Figure:
    mean = float(values[who].mean()) if who.any() else math.nan
    return _of_patients(simulated, who, values[who] - mean, mean)


def _day(simulated: Simulated, asked: Measured) -> float:
    return simulated.follow_up_days if asked.by_day is None else asked.by_day


def _mortality(simulated: Simulated, asked: Measured) -> Figure:
    who, dead = _who(simulated, asked), simulated.patients["death_after_days"]
    return _share(simulated, who & (dead <= _day(simulated, asked)), who)


def _death_or_transplant(simulated: Simulated, asked: Measured) -> Figure:
    p, who = simulated.patients, _who(simulated, asked)
    first = np.minimum(p["death_after_days"], p["transplant_after_days"])
    return _share(simulated, who & (first <= _day(simulated, asked)), who)


def _share_of_deaths(simulated: Simulated, asked: Measured) -> Figure:
    dead = simulated.patients["death_after_days"]
    whole = _who(simulated, asked) & (dead <= simulated.follow_up_days)
    return _share(simulated, whole & (dead <= _day(simulated, asked)), whole)


def _share_of_hazard(simulated: Simulated, asked: Measured) -> Figure:
    """Share of a cohort's cumulative hazard of death, -ln S, that it has by a day."""
    who, dead = _who(simulated, asked), simulated.patients["death_after_days"]
    early, late = (_share(simulated, who & (dead <= day), who) for day in _ends(simulated, asked))
    a, b = -np.log1p(-early.value), -np.log1p(-late.value)
    influence = early.influence / (1 - early.value) / b
    influence = influence - a / b**2 * late.influence / (1 - late.value)
    return Figure(float(np.divide(a, b)), influence)


def _ends(simulated: Simulated, asked: Measured) -> tuple[float, float]:
    return _day(simulated, asked), simulated.follow_up_days


def _mean_meld(simulated: Simulated, asked: Measured) -> Figure:
    return _mean(simulated, _who(simulated, asked), simulated.patients["baseline_meld"])


def _sd_meld(simulated: Simulated, asked: Measured) -> Figure:
    who = _who(simulated, asked)
    values = simulated.patients["baseline_meld"][who]
    sd = float(values.std()) if who.any() else math.nan
    return _of_patients(simulated, who, ((values - values.mean()) ** 2 - sd**2) / (2 * sd), sd)


def _lab(simulated: Simulated, asked: Measured) -> Floats:
    return simulated.patients["baseline_lab"][:, LABS.index(asked.lab or "")]


def _mean_lab(simulated: Simulated, asked: Measured) -> Figure:
    return _mean(simulated, _who(simulated, asked), _lab(simulated, asked))


def _median_lab(simulated: Simulated, asked: Measured) -> Figure:
    """Median, with the density there from the share of values near it."""
    who = _who(simulated, asked)
    values = _lab(simulated, asked)[who]
    if not values.size:
        return Figure(math.nan, np.zeros(simulated.trials))
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = (high - low) * values.size ** (-1 / 3)
    density = float((np.abs(values - median) <= reach).mean()) / (2 * reach)
    return _of_patients(simulated, who, (0.5 - (values <= median)) / density, float(median))


def _screen_failure(simulated: Simulated, _: Measured) -> Figure:
    m = simulated.metrics
    return _ratio(m.failed_first.sum(axis=1), m.screened)


def _of_arm(simulated: Simulated, asked: Measured, column: Ints) -> Ints:
    """Column of an arm, or summed over arms: (trials,)."""
    total: Ints = column.sum(axis=1)
    return total if asked.arm is None else column[:, simulated.arms.index(asked.arm)]


def _sessions(simulated: Simulated, asked: Measured) -> Figure:
    m = simulated.metrics
    columns = (m.sessions_delivered, m.patients)
    return _ratio(*(_of_arm(simulated, asked, column) for column in columns))


def _short_of_plasma(simulated: Simulated, asked: Measured) -> Figure:
    m = simulated.metrics
    columns = (m.sessions_short_of_plasma, m.sessions_due)
    return _ratio(*(_of_arm(simulated, asked, column) for column in columns))


def _hazard_ratio_of_meld(simulated: Simulated, asked: Measured) -> Figure:
    """Cox regression of death within follow-up on baseline MELD alone; ties have probability 0.

    The influence is that of Lin and Wei (1989), which holds where hazards are not proportional.
    """
    who, last = _who(simulated, asked), simulated.follow_up_days
    time = simulated.patients["death_after_days"][who]
    order = np.argsort(-time, kind="stable")  # the risk set of a patient: all before, and itself
    x = simulated.patients["baseline_meld"][who][order]
    dead = time[order] <= last
    if not dead.any() or x.std() == 0:
        return Figure(math.nan, np.zeros(simulated.trials))
    x, beta = x - x.mean(), 0.0
    for _ in range(20):
        weight = np.exp(beta * x)
        at_risk, sums, squares = (np.cumsum(weight * x**power) for power in (0, 1, 2))
        mean = sums / at_risk
        information = float((squares / at_risk - mean**2)[dead].sum())
        step = float((x - mean)[dead].sum()) / information
        beta += step
        if abs(step) < 1e-10:
            break
    # Patients in front, who live longer, are at risk at every death from the last one backwards.
    later = (dead / at_risk)[::-1].cumsum()[::-1]
    later_mean = (dead * mean / at_risk)[::-1].cumsum()[::-1]
    score = dead * (x - mean) - weight * (x * later - later_mean)
    influence = np.empty_like(score)
    influence[order] = score / information * x.size
    return _of_patients(simulated, who, math.exp(beta) * influence, math.exp(beta))


_MEASURES: dict[str, Callable[[Simulated, Measured], Figure]] = {
    "mortality": _mortality,
    "death_or_transplant": _death_or_transplant,
    "share_of_deaths_by_day": _share_of_deaths,
    "share_of_cumulative_hazard_by_day": _share_of_hazard,
    "hazard_ratio_per_meld_point": _hazard_ratio_of_meld,
    "mean_meld": _mean_meld,
    "sd_meld": _sd_meld,
    "mean_lab": _mean_lab,
    "median_lab": _median_lab,
    "screen_failure": _screen_failure,
    "sessions_per_patient": _sessions,
    "sessions_short_of_plasma": _short_of_plasma,
}
