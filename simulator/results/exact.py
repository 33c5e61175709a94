"""The answer of `exact`: power and size of a test of two proportions, by enumeration."""

from dataclasses import dataclass
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, flat
from simulator.results.power import PriorReport


@dataclass(frozen=True, repr=False)
class Detectable(Record):
    """Mortality of the second arm, nearest to the control arm's, that is detected with a power.

    `lower` and `higher` than the control arm's, or than the margin makes of it; None if no
    mortality has the power, or none is asked for.
    """

    power: float
    control: float
    lower: float | None
    higher: float | None


@dataclass(frozen=True, repr=False)
class Exact(Answer):
    """An exact power calculation.

    Attributes
    ----------
    n, p
        Patients and death probabilities of the two arms.
    size, size_at, size_bound
        Largest type I error found over a common mortality, where it is, and what none exceeds. With
        a margin: over the control arm's mortality, the other's being as far off as the margin.
    exceeds_level
        Whether the largest type I error is above alpha.
    gamma
        Of the tests of Berger and Boos; else None.
    interval
        Which decides, of tests that decide by one; else None.
    posterior_threshold, prior
        Of a Bayesian analysis: at what posterior probability it decides, and what its priors say.
    margin, equivalence
        Null value of the estimate, second arm against first, or the two of equivalence; else None.
    """

    KIND: ClassVar[str] = "exact"
    SHOWN_COLUMNS = (
        *("test", "n_1", "n_2", "p_1", "p_2", "alpha"),
        *("power", "size", "detectable_lower", "detectable_higher"),
    )

    test: str
    n: tuple[int, int]
    p: tuple[float, float]
    alpha: float
    alternative: str
    power: float
    size: float
    size_at: float
    size_bound: float
    exceeds_level: bool
    detectable: Detectable
    version: str
    gamma: float | None
    posterior_threshold: float | None
    prior: tuple[PriorReport, ...]
    interval: str | None = None
    margin: float | None = None
    equivalence: tuple[float, float] | None = None

    def rows(self) -> list[Row]:
        """One row."""
        arms: Row = {"n_1": self.n[0], "n_2": self.n[1], "p_1": self.p[0], "p_2": self.p[1]}
        found = self.detectable
        lower_higher: Row = {"detectable_lower": found.lower, "detectable_higher": found.higher}
        return [{"test": self.test, **arms, **flat(self), **lower_higher}]

    def headline(self) -> list[str]:
        """Power and size."""
        return [
            f"{self.test}, {self.n[0]} v {self.n[1]}: power {self.power:.6f} at "
            f"{self.p[0]:g} v {self.p[1]:g}, size {self.size:.6f}"
        ]
