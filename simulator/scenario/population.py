"""Who comes, how fast, and who may enter: accrual, candidates, eligibility (model page, 1 to 3)."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, cast

from pydantic import Field, model_validator

from simulator.declarations.parts import (
    Correlation,
    Count,
    Line,
    NotNegative,
    Part,
    Positive,
    Probability,
    Word,
    follows,
)
from simulator.scenario.errors import RuleError
from simulator.scenario.matrices import too_small_eigenvalue
from simulator.scenario.treatment import Unit

if TYPE_CHECKING:
    import numpy as np

# The candidate variables that are labs, and the enzymes of the record's fifth criterion.
LAB_VARIABLES = (
    "bilirubin_umol_per_l",
    "inr",
    "creatinine_umol_per_l",
    "platelets_1e9_per_l",
)
ENZYME_VARIABLES = ("ast_u_per_l", "alt_u_per_l")

# Quantiles are tabulated; the error bound of the tables is tested for shapes from .1 up.
Shape = Annotated[float, Field(ge=0.1)]
LogSpread = Annotated[float, Field(gt=0, le=5)]  # at 5, one standard deviation is a factor of 148


class RateStep(Part):
    """From a day on, a site's rate is multiplied by a constant."""

    from_day: NotNegative = Field(description="days since the site opened")
    multiplier: NotNegative = Field(description="factor on the site's rate from that day on")


class Site(Part):
    """A site that refers candidates."""

    name: Word = Field(description="the site's name")
    opens_day: NotNegative = Field(default=0.0, description="trial day on which the site opens")
    randomised_per_month: Positive | None = Field(
        default=None,
        description="patients randomised a month (30.4375 d) at full rate; the referral rate is "
        "this divided by the probability that a candidate is eligible and consents, so that "
        "eligibility does not change how long recruitment takes; null: referred_per_month is given",
    )
    referred_per_month: Positive | None = Field(
        default=None,
        description="candidates referred a month (30.4375 d) at full rate, of whom those are "
        "randomised who are eligible and consent; null: randomised_per_month is given",
    )
    ramp_days: NotNegative = Field(
        default=0.0, description="days over which the rate climbs linearly to full"
    )
    rate_steps: list[RateStep] | None = Field(
        default=None, description="piecewise-constant multipliers of the rate; null: none"
    )
    unit: Unit | None = Field(
        default=None, description="the site's own ALSS unit; null: the common one"
    )

    @property
    def rate_key(self) -> Literal["randomised_per_month", "referred_per_month"]:
        """The key that gives its rate."""
        return "randomised_per_month" if self.referred_per_month is None else "referred_per_month"

    def randomised(self, randomised_share: float) -> float:
        """Patients randomised a month at full rate, of candidates randomised with a probability."""
        if self.referred_per_month is not None:
            return self.referred_per_month * randomised_share
        return self.randomised_per_month or 0.0  # checked below: one of the two is given

    @model_validator(mode="after")
    def _one_rate(self) -> "Site":
        if self.randomised_per_month is None and self.referred_per_month is None:
            raise RuleError(
                "is needed, or referred_per_month",
                "give the patients randomised a month, or the candidates referred",
                "randomised_per_month",
            )
        if self.randomised_per_month is not None and self.referred_per_month is not None:
            raise RuleError(
                "is given beside randomised_per_month: a site has one of the two",
                "leave one out, or set the one that is inherited to null",
                "referred_per_month",
            )
        return self

    @model_validator(mode="after")
    def _steps_climb(self) -> "Site":
        days = [step.from_day for step in self.rate_steps or []]
        if days and (days[0] != 0 or any(a >= b for a, b in pairwise(days))):
            raise RuleError(
                "must start at day 0 and climb", "order the steps by from_day", "rate_steps"
            )
        if self.rate_steps and self.rate_steps[-1].multiplier == 0:
            raise RuleError(
                "the last multiplier must be > 0, else recruitment may never end",
                "end recruitment with trial.max_recruitment_days instead",
                "rate_steps",
            )
        return self


class FixedRates(Part):
    """Sites recruit at the rates given."""

    kind: Literal["fixed"]


class GammaRates(Part):
    """Each trial draws each site's rate from a gamma distribution (Anisimov and Fedorov 2007)."""

    kind: Literal["gamma"]
    shape: Shape = Field(description="shape of the gamma distribution with mean 1")


class PoissonAccrual(Part):
    """Candidates are referred by independent Poisson processes, one per site."""

    kind: Literal["poisson"]
    sites: list[Site] = Field(min_length=1, max_length=1000, description="the referring sites")
    site_rates: Annotated[FixedRates | GammaRates, Field(discriminator="kind")] = Field(
        default=cast("Any", {"kind": "fixed"}),
        description="whether a site's rate is known or varies from trial to trial",
    )


class UniformAccrual(Part):
    """A fixed number of candidates, referred at independent uniform times, at one site."""

    kind: Literal["uniform"]
    candidates: Count = follows(
        "trial.target_randomised",
        "number of candidates, at least as many as are to be randomised; by default just as many",
    )
    over_days: Positive = Field(description="length of the referral period")


Accrual = Annotated[PoissonAccrual | UniformAccrual, Field(discriminator="kind")]


class _Continuous(Part):
    name: Word = Field(description="the variable's name, with its unit")
    bounds: tuple[float | None, float | None] | None = Field(
        default=None,
        strict=False,
        description="lower and upper truncation, either may be null; null: none",
    )

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "_Continuous":
        if self.bounds:
            low, high = self.bounds
            if low is not None and high is not None and low >= high:
                raise RuleError(
                    "the lower bound must be below the upper", "exchange them", "bounds"
                )
        return self

    def is_positive(self) -> bool:
        """Whether every value is above 0."""
        return bool(self.bounds and self.bounds[0] is not None and self.bounds[0] > 0)


class _Positive(_Continuous):
    def is_positive(self) -> bool:
        """Whether every value is above 0."""
        return True


class Normal(_Continuous):
    """Normal distribution."""

    kind: Literal["normal"]
    mean: float = Field(description="mean before truncation")
    sd: Positive = Field(description="standard deviation before truncation")


class Lognormal(_Positive):
    """Lognormal distribution."""

    kind: Literal["lognormal"]
    median: Positive = Field(description="median before truncation")
    log_sd: LogSpread = Field(description="standard deviation of the natural logarithm")


class Gamma(_Positive):
    """Gamma distribution."""

    kind: Literal["gamma"]
    mean: Positive = Field(description="mean before truncation")
    shape: Shape = Field(description="shape parameter")


class Beta(_Positive):
    """Beta distribution."""

    kind: Literal["beta"]
    a: Shape = Field(description="first shape parameter")
    b: Shape = Field(description="second shape parameter")


class Uniform(_Continuous):
    """Uniform distribution."""

    kind: Literal["uniform"]
    lower: float = Field(description="lower end")
    upper: float = Field(description="upper end")

    def is_positive(self) -> bool:
        """Whether every value is above 0."""
        return self.lower > 0 or super().is_positive()

    @model_validator(mode="after")
    def _ends_in_order(self) -> "Uniform":
        if self.lower >= self.upper:
            raise RuleError("must be below upper", "exchange lower and upper", "lower")
        return self


class Exponential(_Positive):
    """Exponential distribution."""

    kind: Literal["exponential"]
    mean: Positive = Field(description="mean before truncation")


class _Discrete(Part):
    def is_positive(self) -> bool:
        """Whether every value is above 0."""
        return False


class Bernoulli(_Discrete):
    """1 with a probability, else 0."""

    kind: Literal["bernoulli"]
    name: Word = Field(description="the variable's name")
    probability: Probability = Field(description="probability of 1")


class Categorical(_Discrete):
    """0, 1, 2, ... with given probabilities."""

    kind: Literal["categorical"]
    name: Word = Field(description="the variable's name")
    probabilities: list[Probability] = Field(min_length=2, max_length=50, description="sum to 1")

    @model_validator(mode="after")
    def _sums_to_one(self) -> "Categorical":
        if abs(sum(self.probabilities) - 1) > 1e-9:
            raise RuleError(
                f"must sum to 1, sum is {sum(self.probabilities):.6g}",
                "correct one of them",
                "probabilities",
            )
        return self


Variable = Annotated[
    Normal | Lognormal | Gamma | Beta | Uniform | Exponential | Bernoulli | Categorical,
    Field(discriminator="kind"),
]


class RankCorrelation(Part):
    """Spearman's correlation of two variables (of their latent normals, if discrete)."""

    between: list[Word] = Field(min_length=2, max_length=2, description="two variables")
    value: Correlation = Field(description="Spearman's rank correlation")


class Candidates(Part):
    """The population of candidates: marginal distributions joined by a Gaussian copula."""

    variables: list[Variable] = Field(min_length=1, max_length=200, description="the profile")
    rank_correlations: list[RankCorrelation] | None = Field(
        default=None, description="null: all independent"
    )

    @model_validator(mode="after")
    def _names_and_matrix(self) -> "Candidates":
        names = [variable.name for variable in self.variables]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise RuleError(
                    "this name is given twice", "rename one", f"variables[{index}].name"
                )
        pairs = set()
        for index, entry in enumerate(self.rank_correlations or []):
            for name in entry.between:
                if name not in names:
                    raise RuleError(
                        f"unknown variable '{name}'; variables are {', '.join(names)}",
                        "use the name of a variable",
                        f"rank_correlations[{index}].between",
                    )
            pair = frozenset(entry.between)
            if len(pair) < 2 or pair in pairs:
                raise RuleError(
                    "each pair of different variables may be given once",
                    "remove the second, or correct a name",
                    f"rank_correlations[{index}].between",
                )
            pairs.add(pair)
        self._refuse_invalid()
        return self

    def latent_correlation(self) -> "np.ndarray":
        """Pearson correlation of the latent normals, 2 sin(pi rho / 6) of the rank correlation."""
        import numpy as np

        return np.array(self._latent(np.sin))

    def _latent(self, sine: Callable[[float], float]) -> list[list[float]]:
        names = [variable.name for variable in self.variables]
        rows = [[float(i == j) for j in range(len(names))] for i in range(len(names))]
        for entry in self.rank_correlations or []:
            i, j = (names.index(name) for name in entry.between)
            rows[i][j] = rows[j][i] = 2 * sine(math.pi * entry.value / 6)
        return rows

    def _refuse_invalid(self) -> None:
        """Raise if the correlations are not positive definite, naming how far valid ones are."""
        smallest = too_small_eigenvalue(self._latent(math.sin))
        if smallest is not None:
            _refuse(self.latent_correlation(), smallest)


def _refuse(matrix: "np.ndarray", smallest: float) -> NoReturn:
    change = abs(_nearest_correlation(matrix) - matrix).max()
    raise RuleError(
        f"the correlation matrix is not positive definite: smallest eigenvalue {smallest:.4g}",
        f"weaken the correlations; the nearest valid matrix would change one by up to {change:.3g}",
        "rank_correlations",
    )


def _nearest_correlation(matrix: "np.ndarray") -> "np.ndarray":
    """Nearest correlation matrix in the Frobenius norm (Higham 2002, alternating projections)."""
    import numpy as np

    nearest, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(500):
        shifted = nearest - correction
        values, vectors = np.linalg.eigh(shifted)
        projected = vectors @ np.diag(np.maximum(values, 0)) @ vectors.T
        correction = projected - shifted
        nearest = projected.copy()
        np.fill_diagonal(nearest, 1.0)
    return nearest


class Condition(Part):
    """A variable compared with a threshold."""

    variable: Word = Field(description="a candidate variable")
    comparison: Literal["<", "<=", ">", ">=", "=="] = Field(description="how it is compared")
    threshold: float = Field(description="the threshold, in `unit`")
    unit: Literal["own", "times_upper_limit_of_normal"] = Field(
        default="own",
        description="own: the variable's unit; else a multiple of its upper limit of normal",
    )


class Criterion(Part):
    """A criterion that holds if, in each group, at least one condition holds."""

    kind: Literal["conditions"]
    label: Word = Field(description="label of the protocol, as I1 or E3")
    text: Line = Field(description="the criterion in words")
    reason: Line | None = Field(
        default=None,
        description="why it excludes a candidate, in words; null: that the criterion is not met",
    )
    all_of: list[list[Condition]] = Field(
        min_length=1, description="groups; a group holds if any of its conditions holds"
    )


class EnzymesAndBilirubin(Part):
    """The record's fifth inclusion criterion, which can be read in four ways."""

    kind: Literal["enzymes_and_bilirubin"]
    label: Word = Field(description="label of the protocol")
    text: Line = Field(description="the criterion in words")
    reason: Line | None = Field(
        default=None,
        description="why it excludes a candidate, in words; null: that the criterion is not met",
    )
    enzymes_times_upper_limit: Positive = Field(description="threshold of AST and ALT, x ULN")
    bilirubin_times_upper_limit: Positive = Field(description="threshold of bilirubin, x ULN")
    enzymes: Literal["either", "both"] = Field(
        description="either: AST or ALT must exceed its threshold; both: AST and ALT must"
    )
    join: Literal["and", "or"] = Field(
        description="and: enzymes and bilirubin must exceed; or: one of the two is enough"
    )


class Eligibility(Part):
    """Inclusion and exclusion criteria, in order, and consent."""

    upper_limits_of_normal: dict[str, Positive] = Field(
        default={}, description="upper limit of normal of a variable, in the variable's unit"
    )
    criteria: list[Annotated[Criterion | EnzymesAndBilirubin, Field(discriminator="kind")]] = Field(
        min_length=1,
        max_length=100,
        description="each must hold; an exclusion is put as its opposite",
    )
    consent_probability: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="probability that an eligible candidate consents"
    )
