"""The reference engine: the trial as SimPy processes, to be read beside docs/model.md.

    SimulatedTrial.refer         candidates come, are screened, randomised   sections 1-4  `trial`
    Patient.treatment            sessions fall due, wait and run             section 5     `patient`
    TreatmentUnit.days, serve    machines, nurses and plasma                 section 6     `unit`
    Course.days                  labs, MELD and the hazard of death, by day  section 7     `course`
    Patient.exit                 death, transplant, withdrawal, loss         section 8     `patient`
    Course.take_visit            what is seen of the labs                    section 9     `course`

Arithmetic is in `rules` and randomness in `draws`; what is left here is who does what, and when.
"""

from simulator import allocation
from simulator.engines.reference.collect import collect
from simulator.engines.reference.numbers import Numbers
from simulator.engines.reference.trial import Observer, SimulatedTrial
from simulator.params.types import Params
from simulator.records import TrialRecords

__all__ = ["Observer", "simulate"]


def simulate(
    params: Params, seed: int, first_trial: int, trials: int, observer: Observer | None = None
) -> TrialRecords:
    """Simulate trials `first_trial` to `first_trial + trials - 1`.

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
    p = params.allocation
    plan = allocation.build_plan(
        p.scheme, p.options, p.ratio, p.factor_levels, params.trial.target_randomised
    )
    numbers = Numbers(params)
    done = [
        SimulatedTrial(params, numbers, plan, seed, index, observer)
        for index in range(first_trial, first_trial + trials)
    ]
    for trial in done:
        trial.run()
    return collect(params, done)
