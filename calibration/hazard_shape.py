"""The shape of a hazard from several sources together, by maximum likelihood.

Sources differ in how many die, so each has a level of its own; what is pooled is the shape. With J
intervals, the cumulative hazard of source s is

    H_s(t) = level_s * sum_j share_j f_j(t)

where f_j(t) is the part of interval j that lies before t; after the last interval its hazard goes
on. Hazards are thus proportional between sources, and the test of heterogeneity is the likelihood
ratio of that against a shape for each source.

Survival at given days of n patients, none of them censored, is binomial from day to day. Patients
one by one, as reconstructed from a curve, give deaths and time at risk by interval: the Poisson
likelihood of a piecewise constant hazard (Holford 1980, *Biometrics* 36, 299-305). A source so
weighs as much as it knows of each interval, and one that reports days 28 and 90 alone tells of the
share before day 28 without saying anything of the weeks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from scipy import special

from calibration.hazard_cells import Cells, HazardSource, cells_of
from calibration.kaplan_meier import Floats
from simulator.scenario.errors import RuleError

_STEPS, _PRECISE = 100, 1e-9
_ROUNDING = 1e-13  # of a log likelihood, relative
_NO_HAZARD = 1e-8  # a share below it is on its way to 0: nobody dies there
_SINGULAR = 1e-9  # smallest eigenvalue of a scaled information matrix that says something


@dataclass(frozen=True)
class HazardShape:
    """A shape that sources share, and the level of each.

    Attributes
    ----------
    days
        Ends of the intervals.
    shares, covariance
        Share of the cumulative hazard at the last day that each interval adds; its covariance,
        from the expected information, where the sources agree. NaN where the number of patients is
        not known.
    log_levels, log_level_covariance
        Log cumulative hazard at the last day of each source.
    chi_square, degrees_of_freedom, p_value
        Of heterogeneity of the shape between sources; 0, 0 and NaN where nothing can differ.
    """

    days: Floats
    shares: Floats
    covariance: Floats
    log_levels: Floats
    log_level_covariance: Floats
    chi_square: float
    degrees_of_freedom: int
    p_value: float

    @property
    def dispersion(self) -> float:
        """Chi-square per degree of freedom, 1 at least: what heterogeneity multiplies variances by.

        As in a meta-analysis with a multiplicative factor (Thompson and Sharp 1999, *Statistics in
        Medicine* 18, 2693-2708).
        """
        return max(1.0, self.chi_square / max(self.degrees_of_freedom, 1))

    def error_of(self, weights: Floats) -> float:
        """Standard error of a weighted sum of shares, heterogeneity taken in."""
        variance = float(weights @ self.covariance @ weights)
        return math.sqrt(max(variance, 0.0) * self.dispersion) if variance == variance else math.nan


def hazard_shape(sources: Sequence[HazardSource], days: Sequence[float] | Floats) -> HazardShape:
    """Return the shape that is most likely in view of all sources together.

    Parameters
    ----------
    days
        Ends of the intervals, which climb; the last is the horizon. What a source says after the
        first day at or past the horizon is left out.

    Raises
    ------
    RuleError
        If no source has deaths in an interval, or the sources cannot tell intervals apart.
    """
    ends = np.asarray(days, dtype=float)
    if ends.size == 0 or not (np.isfinite(ends).all() and (np.diff(ends, prepend=0) > 0).all()):
        raise RuleError("must climb, the first above 0", "order the days", "days")
    if len(sources) > 1 and any(math.isnan(source.size) for source in sources):
        unknown = next(source.name for source in sources if math.isnan(source.size))
        raise RuleError(
            f"{unknown} does not say of how many patients, so that it has no weight",
            "add their number: column n",
            "n",
        )
    cells = [cells_of(source, ends) for source in sources]
    _refuse_without_deaths(sources, cells, ends)
    joint = _Joint(cells, ends)
    found = joint.most_likely()
    shares, jacobian = _shares(found[: ends.size])
    if shares.min() < _NO_HAZARD:
        _refuse_interval(ends, int(shares.argmin()))
    known = 1.0 if all(math.isfinite(source.size) for source in sources) else math.nan
    covariance = np.linalg.inv(joint.derivatives(found)[1]) * known
    to_levels = joint.level_jacobian(shares)
    chi_square, freedom = joint.heterogeneity(found)
    return HazardShape(
        days=ends,
        shares=shares,
        covariance=jacobian @ covariance[: ends.size, : ends.size] @ jacobian.T,
        log_levels=joint.log_levels(found),
        log_level_covariance=to_levels @ covariance @ to_levels.T,
        chi_square=chi_square,
        degrees_of_freedom=freedom,
        p_value=float(special.chdtrc(freedom, chi_square)) if freedom else math.nan,
    )


def _shares(log_hazards: Floats) -> tuple[Floats, Floats]:
    """Shares of the sum of exponentials, and their derivatives."""
    shares = np.exp(log_hazards - np.logaddexp.reduce(log_hazards))
    return shares, np.diag(shares) - np.outer(shares, shares)


class _Joint:
    """The likelihood of all sources.

    Its parameters are the log cumulative hazard of each interval in the first source, and the log
    hazard ratio of every other source against the first.
    """

    def __init__(self, cells: Sequence[Cells], ends: Floats) -> None:
        self.cells, self.ends = cells, ends
        self.size = ends.size + len(cells) - 1

    def most_likely(self) -> Floats:
        """Find the maximum by Fisher scoring, halving steps that lead down."""
        at = self._start()
        value = self.log_likelihood(at)
        for _ in range(_STEPS):
            score, information = self.derivatives(at)
            self._refuse_unidentified(information)
            step = np.clip(np.linalg.solve(information, score), -3.0, 3.0)
            new = self.log_likelihood(at + step)
            while not new >= value - _ROUNDING * abs(value) and np.abs(step).max() > _PRECISE:
                step /= 2
                new = self.log_likelihood(at + step)
            at, value = at + step, max(new, value)
            if np.abs(step).max() <= _PRECISE or (_shares(at[: self.ends.size])[0].min() < 1e-12):
                break
        return at

    def _start(self) -> Floats:
        """One constant hazard for each source."""
        widths = np.diff(self.ends, prepend=0.0)
        rates = np.array([c.deaths.sum() / c.time_at_risk(widths) for c in self.cells])
        return np.concatenate([np.log(rates[0] * widths), np.log(rates[1:] / rates[0])])

    def _ratios(self, at: Floats) -> Floats:
        ratios: Floats = np.exp(np.append(0.0, at[self.ends.size :]))
        return ratios

    def log_likelihood(self, at: Floats) -> float:
        hazards = np.exp(at[: self.ends.size])
        return sum(
            cells.log_likelihood(ratio * cells.covered @ hazards)
            for cells, ratio in zip(self.cells, self._ratios(at), strict=True)
        )

    def derivatives(self, at: Floats) -> tuple[Floats, Floats]:
        """Score and expected information."""
        hazards, intervals = np.exp(at[: self.ends.size]), self.ends.size
        score, information = np.zeros(self.size), np.zeros((self.size, self.size))
        for number, (cells, ratio) in enumerate(zip(self.cells, self._ratios(at), strict=True)):
            by_interval = ratio * cells.covered * hazards
            of_cell = by_interval.sum(axis=1)
            slope = np.zeros((of_cell.size, self.size))
            slope[:, :intervals] = by_interval
            if number:
                slope[:, intervals + number - 1] = of_cell
            score += slope.T @ cells.score(of_cell)
            information += slope.T @ (cells.information(of_cell)[:, None] * slope)
        return score, information

    def _refuse_unidentified(self, information: Floats) -> None:
        """Refuse where moving some hazards against each other changes no likelihood."""
        scale = np.sqrt(np.diag(information))
        if scale[: self.ends.size].min() == 0:
            _refuse_unknown(self.ends, scale[: self.ends.size] == 0)
        values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
        if values[0] < _SINGULAR:
            moving = np.abs(vectors[: self.ends.size, 0]) > 1e-4
            _refuse_unknown(self.ends, moving)

    def log_levels(self, at: Floats) -> Floats:
        """Log cumulative hazard at the horizon of each source."""
        total = float(np.logaddexp.reduce(at[: self.ends.size]))
        levels: Floats = np.append(0.0, at[self.ends.size :]) + total
        return levels

    def level_jacobian(self, shares: Floats) -> Floats:
        """Derivatives of `log_levels`."""
        ratios = np.eye(len(self.cells))[:, 1:]
        return np.hstack([np.tile(shares, (len(self.cells), 1)), ratios])

    def heterogeneity(self, at: Floats) -> tuple[float, int]:
        """Likelihood ratio of a shape for each source against one for all, and its freedom."""
        freedom = sum(int(np.linalg.matrix_rank(c.covered)) for c in self.cells) - self.size
        if freedom <= 0:
            return 0.0, 0
        hazards = np.exp(at[: self.ends.size])
        apart = sum(
            _largest(cells, ratio * hazards)
            for cells, ratio in zip(self.cells, self._ratios(at), strict=True)
        )
        return max(0.0, 2 * (apart - self.log_likelihood(at))), freedom


def _largest(cells: Cells, start: Floats) -> float:
    """Largest log likelihood of a source alone, whether or not it tells intervals apart."""

    def downhill(hazards: Floats) -> tuple[float, Floats]:
        of_cell = cells.covered @ hazards
        return -cells.log_likelihood(of_cell), -cells.covered.T @ cells.score(of_cell)

    found = scipy.optimize.minimize(
        downhill,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(1e-12, None)] * start.size,
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 2_000},
    )
    return -float(found.fun)


def _refuse_without_deaths(
    sources: Sequence[HazardSource], cells: Sequence[Cells], ends: Floats
) -> None:
    for source, of_source in zip(sources, cells, strict=True):
        if of_source.deaths.sum() <= 0:
            raise RuleError(
                f"nobody dies in {source.name} before day {ends[-1]:g}",
                "leave it out: it says nothing of the shape",
                "source",
            )
    for place in range(ends.size):
        said = sum(float(c.deaths[c.covered[:, place] > 0].sum()) for c in cells)
        covered = any((c.covered[:, place] > 0).any() for c in cells)
        if covered and said <= 0:
            _refuse_interval(ends, place)


def _name(ends: Floats, place: int) -> str:
    return f"{ends[place - 1] if place else 0:g} to {ends[place]:g}"


def _refuse_interval(ends: Floats, place: int) -> None:
    raise RuleError(
        f"nobody dies from day {_name(ends, place)} in any source",
        "join it with a neighbour: leave a day out",
        "days",
    )


def _refuse_unknown(ends: Floats, moving: "np.typing.NDArray[np.bool_]") -> None:
    names = ", ".join(_name(ends, int(place)) for place in np.flatnonzero(moving))
    raise RuleError(
        f"no source tells how the hazard is divided among the days {names}",
        "leave days out, or add a source that reports survival there",
        "days",
    )
