"""Boundaries of the looks of a run beside its trials: critical values, and what they spend."""

from dataclasses import dataclass

from simulator.results.base import Record


@dataclass(frozen=True, repr=False)
class PlannedLook(Record):
    """A look with its critical values; positive z favours the second arm, or what is to be shown.

    Attributes
    ----------
    moment
        When its data are cut; empty: at the end of the trial.
    fraction, information
        Share of the planned information, and how much that is.
    efficacy_z
        At or above it the look rejects; None: it cannot.
    lower_z
        At or below it the look rejects in favour of the first arm; None: it cannot.
    futility_z
        At or below it the trial stops for futility; None: never. At the end: none.
    nominal_p
        P value that just rejects, by the sides of the analysis; None: none does.
    alpha_spent
        So far, by both sides.
    efficacy_effect, lower_effect, futility_effect
        Effects that stand on the boundaries with the mean standard error that the look has in the
        trials, on the scale of `Looks.measure`; None: no boundary, or the look was never taken.
    """

    moment: str
    fraction: float
    information: float
    efficacy_z: float | None
    lower_z: float | None
    futility_z: float | None
    nominal_p: float | None
    alpha_spent: float
    efficacy_effect: float | None = None
    lower_effect: float | None = None
    futility_effect: float | None = None


@dataclass(frozen=True, repr=False)
class LookLevels(Record):
    """Probability under no effect to cross a boundary for efficacy, in favour of either arm.

    By the canonical joint distribution at the information of the boundaries.

    Attributes
    ----------
    nominal
        Level of the analysis.
    futility_obeyed, futility_ignored
        Where a trial that crosses the boundary for futility always stops, and where it never does.
    """

    nominal: float
    futility_obeyed: float
    futility_ignored: float


@dataclass(frozen=True, repr=False)
class PlannedBoundaries(Record):
    """Boundaries at one set of information fractions.

    Attributes
    ----------
    as_planned
        Whether these are the planned ones; else the information of a look is not known before it
        is taken, and they are means over the trials.
    looks
        In their order, the final analysis last.
    level
        Of the analysis with these looks.
    """

    as_planned: bool
    looks: tuple[PlannedLook, ...]
    level: LookLevels
