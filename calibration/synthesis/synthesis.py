"""Studies to a joint prior: of mortality under PE, and of two hazard ratios.

Page: docs/synthesis.md.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

from calibration.synthesis import conversions as convert
from calibration.synthesis import frequentist
from calibration.synthesis.hazard_shape import relative_hazard
from calibration.synthesis.heterogeneity import HALF_NORMAL, HeterogeneityPrior
from calibration.synthesis.likelihood import (
    LogLikelihood,
    contrast_of_counts,
    mortality_of_counts,
    normal_estimate,
)
from calibration.synthesis.posterior import Distribution, NormalPrior, Posterior
from calibration.synthesis.studies import Study, on_own_scale
from simulator.errors import RuleError
from simulator.records import Floats
from simulator.results.prior import (
    Fitted,
    Frequentist,
    Interval,
    Parameter,
    ParameterPrior,
    PriorFor,
    StudyUse,
)

# Of the mean of the studies, on the logit or log scale. Mortality: nearly uniform from 0 to 1.
# Hazard ratios: sceptical of large effects (Spiegelhalter 1994); 95 % from 0.38 to 2.7 for PE
# against medical treatment, from 0.50 to 2.0 between two ways of artificial liver support.
PRIORS = {
    Parameter.MORTALITY: NormalPrior(0.0, 1.5),
    Parameter.COURSE: NormalPrior(0.0, 0.5),
    Parameter.CONTRAST: NormalPrior(0.0, 0.35),
}
# The step from HBV-related acute-on-chronic liver failure to ICI-related liver failure with HCC:
# sd on the logit scale and on the log scale. Nothing is published on it.
EXTRAPOLATION = {
    Parameter.MORTALITY: 0.25,
    Parameter.COURSE: 0.1,
    Parameter.CONTRAST: 0.1,
}
_LARGEST_STEP = 3.0
_LIMITS = (0.5, 0.025, 0.975)
_SHARES = 10_000


class Assumptions(NamedTuple):
    """What a synthesis takes for granted beside its studies.

    Attributes
    ----------
    heterogeneity
        Prior of the between-study standard deviation, on the logit or log scale.
    prior_for
        Whether the prior is of a new study's parameter or of the mean.
    priors, extrapolation
        By parameter: prior of the mean, and sd of the step to the trial's patients.
    """

    heterogeneity: HeterogeneityPrior = HALF_NORMAL
    prior_for: PriorFor = PriorFor.NEW_STUDY
    priors: Mapping[Parameter, NormalPrior] = PRIORS
    extrapolation: Mapping[Parameter, float] = EXTRAPOLATION


def extrapolation_of(of_mortality: float, of_ratios: float) -> dict[Parameter, float]:
    """Return the sd of the step to the trial's patients by parameter.

    Raises
    ------
    RuleError
        If one of them is none.
    """
    for sd in (of_mortality, of_ratios):
        if not 0 <= sd <= _LARGEST_STEP:
            raise RuleError(f"each must be a number from 0 to {_LARGEST_STEP:g}", "as 0.25,0.1")
    return {
        parameter: of_mortality if parameter is Parameter.MORTALITY else of_ratios
        for parameter in Parameter
    }


def likelihood_of(study: Study, weight: float) -> LogLikelihood:
    """Return what a study says of its parameter, to the power of a weight above 0."""
    if study.has_counts:
        deaths, n = float(study.deaths or 0), float(study.n or 0)
        if study.parameter is Parameter.MORTALITY:
            return mortality_of_counts(deaths, n, study.day, weight)
        control = float(study.control_deaths or 0), float(study.control_n or 0)
        return contrast_of_counts((deaths, n), control, weight)
    return normal_estimate(*own_estimate(study), weight)


def own_estimate(study: Study) -> frequentist.Estimate:
    """Return a study's own estimate on the logit or log scale, at full weight."""
    if study.has_counts:
        deaths, n = float(study.deaths or 0), float(study.n or 0)
        if study.parameter is Parameter.MORTALITY:
            return frequentist.logit_mortality(deaths, n, study.day)
        control = float(study.control_deaths or 0), float(study.control_n or 0)
        return frequentist.log_hazard_ratio((deaths, n), control)
    values = on_own_scale(study)
    if study.parameter is Parameter.MORTALITY:
        share = relative_hazard(study.day)
        values = tuple(convert.logit(convert.risk_by_day(x, 1 / share)) for x in values)  # type: ignore[assignment]
    else:
        values = tuple(math.log(x) for x in values)  # type: ignore[assignment]
    return frequentist.Estimate(values[0], convert.standard_error(*values[1:]))


def own_interval(study: Study) -> Interval:
    """Return a study's own estimate with its interval: mortality by day 84, or hazard ratio."""
    if study.deaths is None and study.estimate is None:
        return Interval(math.nan, math.nan, math.nan)
    value, error = own_estimate(study)
    half = convert.Z95 * error
    return _back(study.parameter, (value, value - half, value + half))


def posterior_of(
    parameter: Parameter,
    studies: Sequence[LogLikelihood],
    assumed: Assumptions,
) -> Posterior:
    """Return the posterior of a parameter."""
    return Posterior(studies, assumed.priors[parameter], assumed.heterogeneity)


def prior_distribution(
    parameter: Parameter, posterior: Posterior, assumed: Assumptions
) -> Distribution:
    """Return the prior of the trial's own parameter, on the logit or log scale."""
    extra = assumed.extrapolation[parameter]
    if assumed.prior_for is PriorFor.NEW_STUDY:
        return posterior.new_study(extra)
    return posterior.mean_effect(extra)


def used_of(studies: Sequence[Study], parameter: Parameter) -> list[Study]:
    """Return the studies of a parameter that have a weight."""
    return [
        study
        for study in studies
        if study.parameter is parameter and study.use is StudyUse.USED and study.weight > 0
    ]


def parameter_prior(
    parameter: Parameter, studies: Sequence[Study], assumed: Assumptions
) -> tuple[ParameterPrior, Distribution]:
    """Return all that is told of a parameter, and its prior on the logit or log scale."""
    used = used_of(studies, parameter)
    posterior = posterior_of(parameter, [likelihood_of(s, s.weight) for s in used], assumed)
    distribution = prior_distribution(parameter, posterior, assumed)
    prior = assumed.priors[parameter]
    summary = ParameterPrior(
        parameter=parameter,
        prior_mean=prior.mean,
        prior_sd=prior.sd,
        extrapolation_sd=assumed.extrapolation[parameter],
        studies=len(used),
        frequentist=_frequentist(parameter, [own_estimate(study) for study in used]),
        mean=interval_of(parameter, posterior.mean_effect()),
        new_study=interval_of(parameter, posterior.new_study()),
        tau=Interval(*(posterior.tau_quantile(share) for share in _LIMITS)),
        used=interval_of(parameter, distribution),
        fitted=fitted(parameter, distribution),
    )
    return summary, distribution


def interval_of(parameter: Parameter, distribution: Distribution) -> Interval:
    """Return median and 95 % interval, as a probability or a ratio."""
    return _back(parameter, [float(distribution.quantile(share)) for share in _LIMITS])


def fitted(parameter: Parameter, distribution: Distribution) -> Fitted:
    """Return the nearest normal distribution on the logit or log scale (Wasserstein distance).

    Its mean and sd are the integrals of the quantile function and of its product with the normal
    one: the long tails of a mixture over the between-study standard deviation count less than they
    do in the variance.
    """
    shares = (np.arange(_SHARES) + 0.5) / _SHARES
    quantiles, z = distribution.quantile(shares), special.ndtri(shares)
    mean, sd = float(quantiles.mean()), float((quantiles * z).mean())
    at = mean + sd * np.linspace(-5, 5, 1001)
    error = np.abs(distribution.cdf(at) - special.ndtr((at - mean) / sd)).max()
    word = "logit_normal" if parameter is Parameter.MORTALITY else "lognormal"
    half = convert.Z95 * sd
    shown = _back(parameter, (mean, mean - half, mean + half))
    return Fitted(word, shown.estimate, sd, shown.low, shown.high, float(error))


def draw(
    distributions: Mapping[Parameter, Distribution], count: int, seed: int
) -> dict[Parameter, Floats]:
    """Return joint draws of parameters, shape (draws,) each, as probabilities or ratios.

    The parameters are independent: no study informs two of them.
    """
    generator = np.random.default_rng(seed)
    found = {}
    for parameter, distribution in distributions.items():
        x = distribution.quantile(generator.uniform(size=count))
        found[parameter] = special.expit(x) if parameter is Parameter.MORTALITY else np.exp(x)
    return found


def risk_ratio(studies: Sequence[Study]) -> Interval | None:
    """Return the fixed-effect risk ratio of studies of the hazard ratio that have counts.

    Of deaths each by its own day and by its own endpoint: a description, not a 12-week effect.
    """
    counted = [s for s in used_of(studies, Parameter.CONTRAST) if s.has_counts]
    if not counted:
        return None
    pooled = frequentist.fixed_effect([
        frequentist.log_risk_ratio(
            (float(s.deaths or 0), float(s.n or 0)),
            (float(s.control_deaths or 0), float(s.control_n or 0)),
        )
        for s in counted
    ])  # fmt: skip
    return Interval(*(math.exp(x) for x in pooled[:3]))


def _frequentist(parameter: Parameter, estimates: list[frequentist.Estimate]) -> Frequentist:
    fixed = _back(parameter, frequentist.fixed_effect(estimates)[:3])
    if len(estimates) < 2:
        return Frequentist(fixed, None, None)
    tau2 = frequentist.restricted_likelihood(estimates)
    pooled = frequentist.knapp_hartung(estimates, tau2)
    return Frequentist(fixed, _back(parameter, pooled[:3]), math.sqrt(tau2))


def _back(parameter: Parameter, values: Sequence[float]) -> Interval:
    """An interval on the logit or log scale as probabilities or ratios."""
    with np.errstate(over="ignore"):
        back = special.expit if parameter is Parameter.MORTALITY else np.exp
        return Interval(*(float(back(value)) for value in values))
