"""How often intervals of a synthesis hold what they are of, over evidence simulated from its prior.

Mean, heterogeneity and each study's own parameter are drawn from the prior, then deaths; if the
quadrature and the likelihoods are right, a 95 % interval holds the truth in 95 % of repeats, and
the posterior probability of what lies below the truth is uniform (Cook, Gelman and Rubin 2006).
Run as a program, which takes a few minutes, it writes what every repeat found, for
`test_synthesis_coverage` to read, and prints a summary:

    PYTHONPATH=tests:tests/oracles python tests/statistical/synthesis_coverage.py
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import special

from calibration.synthesis.hazard_shape import relative_hazard
from calibration.synthesis.heterogeneity import HALF_CAUCHY, HALF_NORMAL, HeterogeneityPrior
from calibration.synthesis.likelihood import (
    LogLikelihood,
    contrast_of_counts,
    mortality_of_counts,
)
from calibration.synthesis.posterior import NormalPrior, Posterior
from calibration.synthesis.synthesis import EXTRAPOLATION, PRIORS
from simulator.montecarlo.intervals import interval
from simulator.results.prior import Parameter

STORED = Path(__file__).parents[2] / "results" / "reference" / "synthesis-coverage.csv"
REPEATS = 200
SIZES = {
    Parameter.MORTALITY: ((104, 90.0), (78, 28.0), (103, 84.0)),
    Parameter.CONTRAST: ((54, 28.0), (33, 84.0)),
}
SCALES = {"half_normal": HALF_NORMAL, "half_cauchy": HALF_CAUCHY}


class Found(NamedTuple):
    """One repeat: a row of the file.

    Attributes
    ----------
    mean, mean_below, mean_covered
        The true mean, its posterior probability of less, whether its 95 % interval holds it.
    new, new_below, new_covered
        The same of a new study's parameter, extrapolation included.
    """

    parameter: str
    scale: str
    repeat: int
    mean: float
    mean_below: float
    mean_covered: bool
    new: float
    new_below: float
    new_covered: bool


def cases() -> list[tuple[Parameter, str]]:
    """What is synthesised: a parameter under a prior of the heterogeneity."""
    return [(parameter, scale) for parameter in SIZES for scale in SCALES]


def found(parameter: Parameter, scale: str, repeat: int) -> Found:
    """Simulate evidence from the prior, synthesise it, and compare with what it came from."""
    place = cases().index((parameter, scale))
    generator = np.random.default_rng([place, repeat])
    prior, heterogeneity = PRIORS[parameter], SCALES[scale]
    mean = generator.normal(prior.mean, prior.sd)
    tau = float(heterogeneity.quantile(generator.uniform()))
    extra = EXTRAPOLATION[parameter]
    new = mean + np.hypot(tau, extra) * generator.normal()
    studies = [
        _study(parameter, mean + tau * generator.normal(), n, day, generator)
        for n, day in SIZES[parameter]
    ]
    return _compared(parameter, scale, repeat, mean, new, studies, prior, heterogeneity)


def _compared(
    parameter: Parameter,
    scale: str,
    repeat: int,
    mean: float,
    new: float,
    studies: Sequence[LogLikelihood],
    prior: NormalPrior,
    heterogeneity: HeterogeneityPrior,
) -> Found:
    posterior = Posterior(studies, prior, heterogeneity)
    of_mean = posterior.mean_effect()
    of_new = posterior.new_study(EXTRAPOLATION[parameter])
    below = [float(of_mean.cdf(mean)), float(of_new.cdf(new))]
    covered = [0.025 <= share <= 0.975 for share in below]
    return Found(
        parameter.value,
        scale,
        repeat,
        round(mean, 6),
        round(below[0], 6),
        covered[0],
        round(new, 6),
        round(below[1], 6),
        covered[1],
    )


def _study(
    parameter: Parameter, own: float, n: int, day: float, generator: np.random.Generator
) -> LogLikelihood:
    """Deaths of a study whose own parameter this is."""
    if parameter is Parameter.MORTALITY:
        with np.errstate(divide="ignore"):  # everybody dies
            risk = -np.expm1(relative_hazard(day) * np.log1p(-special.expit(own)))
        return mortality_of_counts(int(generator.binomial(n, risk)), n, day, 1.0)
    control = generator.uniform()
    treated = -np.expm1(np.exp(own) * np.log1p(-control))
    deaths = int(generator.binomial(n, treated)), int(generator.binomial(n, control))
    return contrast_of_counts((deaths[0], n), (deaths[1], n), 1.0)


def stored() -> list[Found]:
    """Rows of the file."""
    with STORED.open(newline="") as file:
        return [
            Found(
                row["parameter"],
                row["scale"],
                int(row["repeat"]),
                float(row["mean"]),
                float(row["mean_below"]),
                row["mean_covered"] == "True",
                float(row["new"]),
                float(row["new_below"]),
                row["new_covered"] == "True",
            )
            for row in csv.DictReader(file)
        ]


def by_case(rows: Sequence[Found]) -> Iterator[tuple[str, str, list[Found]]]:
    """The rows of every case."""
    for parameter, scale in cases():
        mine = [r for r in rows if (r.parameter, r.scale) == (parameter.value, scale)]
        yield parameter.value, scale, mine


def main() -> None:
    """Write the file and print a summary."""
    rows = [found(*case, repeat) for case in cases() for repeat in range(1, REPEATS + 1)]
    with STORED.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([Found._fields, *rows])
    for parameter, scale, mine in by_case(rows):
        for name in ("mean_covered", "new_covered"):
            covered = sum(getattr(row, name) for row in mine)
            low, high = interval(covered, len(mine))
            print(
                f"{parameter}, {scale}, {name}: {covered} of {len(mine)} ({low:.3f} to {high:.3f})"
            )


if __name__ == "__main__":
    main()
