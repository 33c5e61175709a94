"""Posterior probability that mortality is lower in one arm."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from simulator.declarations.analyses.analysis import Analysis, Options
from simulator.declarations.analyses.measure import RISK_DIFFERENCE
from simulator.declarations.analyses.variable import DEATH_BY_DAY

BetaPrior = Annotated[
    list[Annotated[float, Field(ge=0.01, le=10_000)]], Field(min_length=2, max_length=2)
]


class BetaBinomial(Options):
    """Posterior probability that mortality is lower in one arm."""

    prior_control: BetaPrior = Field(description="a and b of the beta prior, as [1, 1]")
    prior_experimental: BetaPrior = Field(description="the same of the second arm")

    @classmethod
    def spoken(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the priors as distributions."""
        return {key: "Beta({:g}, {:g})".format(*options[key]) for key in options}


BETA_BINOMIAL = Analysis(
    word="beta_binomial",
    full_name="Bayesian beta-binomial comparison",
    short_name="Beta-binomial",
    details="priors {prior_control} and {prior_experimental}",
    in_estimand="Bayesian, priors {prior_control} and {prior_experimental}",
    takes_the=True,
    options=BetaBinomial,
    variable=DEATH_BY_DAY,
    measure=RISK_DIFFERENCE,
    kernel="simulator.analysis.bayes:beta_binomial",
    lanes="simulator.analysis.bayes:beta_binomial",
    table="simulator.analysis.bayes:posterior_table",
)
