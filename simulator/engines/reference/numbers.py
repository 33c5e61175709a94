"""Parameters and conduct as Python numbers, for an engine that asks for them one at a time."""

import math

import numpy as np

from simulator.conduct import Conduct
from simulator.engines.reference.types import TrialConduct
from simulator.params.types import Params


class Numbers:
    """What the reference engine reads often, taken out of the arrays of `Params` once.

    An element of an array costs ten times what an element of a list does; the bits are the same.
    The shifts of labs have the axes modality, lab, part (fast, slow).
    """

    def __init__(self, params: Params) -> None:
        m = params.modality
        self.hours: list[float] = m.hours.tolist()
        self.log_sd: list[float] = m.log_sd.tolist()
        self.litres: list[float] = m.plasma_litres.tolist()
        self.log_hazard_ratio: list[float] = m.log_hazard_ratio.tolist()
        self.event_probability: list[list[float]] = m.event_probability.tolist()
        self.event_consequence: list[list[int]] = m.event_consequence.tolist()
        self.event_serious: list[list[bool]] = m.event_serious.tolist()
        self.shift_of_session = np.stack([m.fast_shift, m.slow_shift], axis=-1)
        self.shift_rate = np.stack([m.fast_rate, m.slow_rate], axis=-1)
        self.shift_left = np.stack([m.fast_left, m.slow_left], axis=-1)
        self.baseline_at_opening: list[float] = params.hazard.at_opening.tolist()
        self.lab_variable: list[int] = params.candidate.lab_variable.tolist()


def by_trial(conduct: Conduct) -> list[TrialConduct]:
    """Return the conduct of each trial, in the order given."""
    trial, closes, most, begin, end, stops = (column.tolist() for column in conduct)
    pauses = [
        [(a, b) for a, b in zip(begins, ends, strict=True) if a < math.inf]
        for begins, ends in zip(begin, end, strict=True)
    ]
    return [TrialConduct(*row) for row in zip(trial, closes, most, pauses, stops, strict=True)]
