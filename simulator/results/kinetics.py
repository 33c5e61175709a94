"""What a session does to a lab, and what MELD does to the hazard, as evidence has them."""

from dataclasses import dataclass

from simulator.results.base import Record


@dataclass(frozen=True, repr=False)
class KineticEstimate(Record):
    """A figure with its standard error; NaN where the evidence gives none."""

    value: float
    se: float


@dataclass(frozen=True, repr=False)
class SlowHalfLife(Record):
    """What the 72 h point says of the slow part's half-life, in days.

    Attributes
    ----------
    most_likely
        Infinity where the lab does not come back between 24 and 72 h.
    low, high
        95 % profile likelihood interval; `high` is infinity where 72 h do not limit it.
    chi_square, degrees_of_freedom, p_value
        Of the half-life assumed against the most likely one: how far the data speak against it.
    """

    assumed: float
    most_likely: float
    low: float
    high: float
    chi_square: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True, repr=False)
class SessionKinetics(Record):
    """Removal and rebound of one lab under one modality (model page, section 7.2).

    Attributes
    ----------
    rows
        Of evidence that it rests on.
    remains_at_once, remains_at_24h, remains_at_72h
        Mean share of the lab before the session, as published.
    geometric_at_once, geometric_at_24h
        The same as a geometric mean, if the share is lognormal: a log shift is a mean of logs.
    log_shift, fast_share, fast_half_life_hours
        a, rho and ln 2 / k_fast of the model page, for the half-life assumed of the slow part.
    fraction_lost_by_24h
        Of the fall at once, in per cent points.
    modelled_at_72h
        Share that the model leaves after 72 h.
    slow_half_life
        What is identified of it.
    """

    modality: str
    lab: str
    rows: tuple[str, ...]
    patients: int
    remains_at_once: KineticEstimate
    remains_at_24h: KineticEstimate
    remains_at_72h: KineticEstimate
    geometric_at_once: float
    geometric_at_24h: float
    log_shift: KineticEstimate
    fast_share: KineticEstimate
    fast_half_life_hours: KineticEstimate
    fraction_lost_by_24h: KineticEstimate
    modelled_at_72h: KineticEstimate
    slow_half_life: SlowHalfLife


@dataclass(frozen=True, repr=False)
class MeldHazardRatio(Record):
    """Log hazard ratio of death per point of MELD by one source.

    Attributes
    ----------
    basis
        How it follows from the rows.
    log_hazard_ratio
        Its standard error is NaN where the source gives neither interval nor test.
    against_base_case
        Standard errors by which it lies above the value compared with; NaN without one.
    """

    rows: tuple[str, ...]
    basis: str
    log_hazard_ratio: KineticEstimate
    against_base_case: float
