"""The answer of a baseline hazard: its shape from published survival, several sources together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, table

_DECIMALS = 4  # of shares as a scenario file gets them


@dataclass(frozen=True, repr=False)
class BaselineSource(Record):
    """One source, and its own level.

    Attributes
    ----------
    name
        A file, or rows of evidence and who published them.
    kind
        points: survival at given days; curve: patients reconstructed from a Kaplan-Meier curve.
    patients
        On day 0; NaN where it is not known. Of a pooled survival with an interval, the number that
        would have its standard error.
    deaths
        Of what is used, up to `last_day`; of points, worked back from survival.
    censored
        Before the horizon; of points none, by assumption.
    last_day
        To which the source is used: the horizon or, of points, the first of its days from there on.
    mortality_at_horizon, mortality_se
        Under the shape of all sources together and the source's own level.
    largest_gap
        Between the curve as read and that of the reconstructed patients, to the horizon; NaN for
        points.
    mean_fit_gap, largest_fit_gap
        Of survival fitted, at the source's own level, less that read, over the readings up to the
        horizon: the mean, and the one farthest from 0. NaN where nothing was read by then.
    """

    name: str
    kind: str
    patients: float
    deaths: float
    censored: float
    last_day: float
    mortality_at_horizon: float
    mortality_se: float
    largest_gap: float
    mean_fit_gap: float
    largest_fit_gap: float


@dataclass(frozen=True, repr=False)
class BaselineInterval(Record):
    """One piece of the hazard.

    Attributes
    ----------
    share, share_se, share_low, share_high
        Of the cumulative hazard at the horizon; standard error and 95 % interval (on the logit
        scale), heterogeneity between sources taken in. NaN where no source says how many patients.
    share_by_end, share_by_end_se
        Of this piece and all before it.
    hazard_per_day
        Deaths per patient-day at risk, at the pooled level.
    """

    start_day: float
    end_day: float
    share: float
    share_se: float
    share_low: float
    share_high: float
    share_by_end: float
    share_by_end_se: float
    hazard_per_day: float


@dataclass(frozen=True, repr=False)
class Heterogeneity(Record):
    """Test of whether sources agree.

    Attributes
    ----------
    chi_square, degrees_of_freedom, p_value
        0, 0 and NaN where there is nothing to compare.
    error_factor
        What standard errors are multiplied by for it: the root of chi-square per degree of freedom,
        1 at least.
    """

    chi_square: float
    degrees_of_freedom: int
    p_value: float
    error_factor: float


@dataclass(frozen=True, repr=False)
class BaselinePoint(Record):
    """A point of a source's curve beside what was made of it; NaN where there is none.

    The days are those of the source, and some between the ends of pieces for the fit.

    Attributes
    ----------
    survival
        As published.
    reconstructed
        Kaplan-Meier estimate of the reconstructed patients.
    fitted
        Under the pooled shape and the source's own level.
    """

    source: str
    day: float
    survival: float
    reconstructed: float
    fitted: float


@dataclass(frozen=True, repr=False)
class BaselineHazard(Answer):
    """A piecewise constant hazard, as `hazard.baseline` takes it, with its errors.

    Attributes
    ----------
    horizon_days
        Day to which shares and mortality refer.
    mortality_at_horizon, mortality_se
        At the pooled level: the mean of the sources' log cumulative hazards, weighted by their
        information. What is meant by it in a scenario is mortality where all multipliers are 1.
    shape, level
        Whether sources agree in shape, and in how many die.
    points
        Of the sources' curves; not in the JSON, but kept as a table beside it.
    """

    KIND: ClassVar[str] = "baseline"
    SHOWN_COLUMNS: ClassVar[tuple[str, ...]] = (
        "start_day",
        "end_day",
        "share",
        "share_se",
        "share_low",
        "share_high",
        "share_by_end",
        "share_by_end_se",
        "hazard_per_day",
    )

    horizon_days: float
    sources: tuple[BaselineSource, ...]
    intervals: tuple[BaselineInterval, ...]
    mortality_at_horizon: float
    mortality_se: float
    shape: Heterogeneity
    level: Heterogeneity
    version: str
    points: tuple[BaselinePoint, ...] = field(default=(), metadata={"json": False})

    @property
    def days(self) -> tuple[float, ...]:
        """Ends of the pieces, as `hazard.baseline.days`."""
        return tuple(piece.end_day for piece in self.intervals)

    @property
    def shares(self) -> tuple[float, ...]:
        """Shares as a scenario file gets them: four decimals that sum to 1.

        What rounding leaves over goes to the largest, where it matters least.
        """
        units = 10**_DECIMALS
        whole = [max(round(piece.share * units), 1) for piece in self.intervals]
        whole[whole.index(max(whole))] += units - sum(whole)
        return tuple(count / units for count in whole)

    def rows(self) -> list[Row]:
        """One row per piece."""
        return table(self.intervals)

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """The sources, and the points of their curves."""
        return {"sources": table(self.sources), "curves": table(self.points)}

    def headline(self) -> list[str]:
        """The sources in number, then one line per piece."""
        number = len(self.sources)
        return [
            f"baseline hazard to day {self.horizon_days:g} from {number} source"
            f"{'s' * (number != 1)}, mortality {self.mortality_at_horizon:.3f}",
            *(
                f"  days {piece.start_day:g} to {piece.end_day:g}: share {piece.share:.3f}"
                + (f" (SE {piece.share_se:.3f})" if math.isfinite(piece.share_se) else "")
                for piece in self.intervals
            ),
        ]
