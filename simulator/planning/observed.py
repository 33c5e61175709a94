"""What a comparison of schemes sees of simulated trials, a row a trial."""

import math
from typing import NamedTuple

import numpy as np

from simulator.allocation import SCHEMES, AllocationError, Plan
from simulator.allocation.sequences import describe
from simulator.constants import FIRST_AUXILIARY_TRIAL
from simulator.engines.compiled import simulate
from simulator.kernels import njit
from simulator.montecarlo.evaluation import Observed, Observer
from simulator.params.types import Params
from simulator.records import Floats, Ints, TrialRecords

_PATIENTS_TRIED = 6_000
LABS = "bilirubin", "inr", "creatinine", "platelets", "meld"


class SequenceRows(NamedTuple):
    """A row a trial; the first six as `allocation.sequences.Sequences` has them.

    Attributes
    ----------
    outcomes
        (trials, 5): patients, deaths, patients of the first arm, days to the last randomisation,
        mean number of outcomes known when a patient was randomised.
    covariates
        (trials, 5): absolute standardised difference of the means of each of `LABS` between arms.
    kept_out
        (trials, 2): candidates whom an investigator kept out, and put off.
    """

    overall: Floats
    strata: Floats
    strata_patients: Floats
    margins: Floats
    margin_patients: Floats
    guesses: Floats
    outcomes: Floats
    covariates: Floats
    kept_out: Floats


def refuse_if_nothing_is_known(params: Params) -> None:
    """Refuse a scheme that adapts to outcomes where nobody's is known in time.

    Raises
    ------
    AllocationError
        If, in some simulated trials, no outcome was known when any patient was randomised.
    """
    scheme = params.allocation.scheme
    if not SCHEMES[scheme].adaptive:
        return
    trials = max(1, _PATIENTS_TRIED // params.trial.target_randomised)
    records = simulate(params, 0, FIRST_AUXILIARY_TRIAL, trials)
    if not _known(params, records).any():
        days = float(records.trials.recruitment_end_day.mean())
        raise AllocationError(
            "scheme",
            scheme,
            f"adapts to outcomes, and none is ever known in time: recruitment is over after "
            f"{days:.3g} days on average, follow-up takes {params.trial.follow_up_days}",
            "slow accrual down, or use a scheme that does not adapt, as permuted_block",
        )


def _known(params: Params, records: TrialRecords) -> Floats:
    """Mean number of outcomes known when a patient of each trial was randomised."""
    t, p = records.trials, records.patients
    known = np.zeros(t.randomised.size)
    _count_known(
        t.randomised,
        p.entry_day,
        p.death_after_days,
        p.transplant_after_days,
        p.loss_after_days,
        float(params.trial.follow_up_days),
        known,
    )
    return known


def observer(plan: Plan) -> Observer:
    """Return what looks at the records of a run by this plan."""

    def observe(params: Params, records: TrialRecords) -> Observed:
        t, p = records.trials, records.patients
        chance = np.ascontiguousarray(p.allocation_probability[:, 0])
        sequences = describe(plan, t.randomised, p.arm, chance, p.stratum)
        trial = np.repeat(np.arange(t.randomised.size), t.randomised)
        died = p.death_after_days <= params.trial.follow_up_days
        outcomes = np.column_stack(
            [
                t.randomised,
                np.bincount(trial, died, t.randomised.size),
                np.bincount(trial, p.arm == 0, t.randomised.size),
                t.recruitment_end_day,
                _known(params, records),
            ]
        )
        kept_out = np.column_stack([t.turned_away, t.deferred]).astype(np.float64)
        return (*sequences, outcomes, _differences(records, trial), kept_out)

    return Observer(observe, None, ("sequences", plan))


def _differences(records: TrialRecords, trial: Ints) -> Floats:
    """Absolute standardised differences of the baseline labs and MELD; NaN where not modelled."""
    p, trials = records.patients, records.trials.randomised.size
    values = np.column_stack([p.baseline_lab, p.baseline_meld])
    found = np.full((trials, values.shape[1]), math.nan)
    cell = trial * 2 + p.arm
    size = np.bincount(cell, minlength=2 * trials).reshape(trials, 2).astype(np.float64)
    for column in range(values.shape[1]):
        x = values[:, column]
        if np.isnan(x).all():
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(cell, x, 2 * trials).reshape(trials, 2) / size
            squares = np.bincount(cell, (x - mean.ravel()[cell]) ** 2, 2 * trials)
            variance = squares.reshape(trials, 2) / (size - 1.0)
            gap = np.abs(mean[:, 0] - mean[:, 1])
            found[:, column] = gap / np.sqrt(variance.mean(axis=1))
    return found


@njit(error_model="numpy", nogil=True)
def _count_known(
    patients: Ints,
    entry_day: Floats,
    death: Floats,
    transplant: Floats,
    loss: Floats,
    follow_up_days: float,
    known: Floats,
) -> None:
    """Mean, over a trial's patients, of the outcomes known when each was randomised."""
    row = 0
    for trial in range(patients.size):
        total = 0
        for q in range(row, row + patients[trial]):
            if loss[q] < math.inf or (death[q] == math.inf and transplant[q] < math.inf):
                continue
            at = entry_day[q] + min(death[q], follow_up_days)
            later = entry_day[q + 1 : row + patients[trial]]  # in the order of time
            total += later.size - np.searchsorted(later, at)
        known[trial] = total / max(patients[trial], 1)
        row += patients[trial]
