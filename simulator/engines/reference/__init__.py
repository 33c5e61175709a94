"""The reference engine: the trial as SimPy processes, to be read beside docs/model.md.

    SimulatedTrial.refer         candidates come, are screened, randomised   sections 1-4  `trial`
    Patient.treatment            sessions fall due, wait and run             section 5     `patient`
    TreatmentUnit.days, serve    machines, nurses and plasma                 section 6     `unit`
    Course.days                  labs, MELD and the hazard of death, by day  section 7     `course`
    Patient.exit                 death, transplant, withdrawal, loss         section 8     `patient`
    Course.take_visit            what is seen of the labs                    section 9     `course`
    SimulatedTrial.pause         what a decision at a look changes           section 11    `trial`

Arithmetic is in `rules` and randomness in `draws`; what is left here is who does what, and when.
"""

import numpy as np

from simulator import allocation
from simulator.conduct import Conduct, as_planned, check_conduct
from simulator.engines.reference.collect import collect
from simulator.engines.reference.numbers import Numbers, by_trial
from simulator.engines.reference.trial import Observer, SimulatedTrial
from simulator.params.types import Params
from simulator.records import TrialRecords

__all__ = ["Observer", "conducted", "simulate"]


def simulate(
    params: Params, seed: int, first_trial: int, trials: int, observer: Observer | None = None
) -> TrialRecords:
    """Simulate trials `first_trial` to `first_trial + trials - 1`, conducted as planned.

    Parameters
    ----------
    params
        The scenario, lowered.
    seed
        Seed of every address, 0 to 2^63 - 1.
    observer
        Called at every event with the trial, the event's name, the patient if there is one, and
        what else is known of it.

    Returns
    -------
    TrialRecords
        A function of the arguments alone: a trial's bits do not depend on which others are
        simulated beside it.

    Raises
    ------
    allocation.AllocationError
        If the scheme cannot honour its options or the ratio.
    """
    indices = np.arange(first_trial, first_trial + trials, dtype=np.int64)
    planned = as_planned(indices, params.trial.target_randomised)
    return conducted(params, seed, planned, observer)


def conducted(
    params: Params, seed: int, conduct: Conduct, observer: Observer | None = None
) -> TrialRecords:
    """Simulate trials whose conduct decisions changed (model page, section 11).

    Parameters
    ----------
    params, seed, observer
        As for `simulate`.
    conduct
        One row per trial, in any order; the same trial may be there more than once.

    Returns
    -------
    TrialRecords
        The trials in the order of the rows. Each is the same, bit by bit, as under another conduct
        up to the first day on which the two differ.

    Raises
    ------
    ConductError
        If trials of this scenario cannot be conducted so.
    allocation.AllocationError
        If the scheme cannot honour its options or the ratio.
    """
    check_conduct(params, conduct)
    p = params.allocation
    plan = allocation.build_plan(
        p.scheme, p.options, p.ratio, p.factor_levels, params.trial.target_randomised
    )
    numbers = Numbers(params)
    done = [SimulatedTrial(params, numbers, plan, seed, row, observer) for row in by_trial(conduct)]
    for trial in done:
        trial.run()
    return collect(params, done)
