"""The analyses that a scenario may ask for, one model for each set of keys."""

from typing import Annotated, Literal

from pydantic import Field

from simulator.scenario.base import NotNegative, OpenProbability, Part, Positive, Word

Strata = Literal["randomisation", "site"] | Annotated[list[float], Field(min_length=1)]
Cause = Literal["liver", "tumour"]
Exponent = Annotated[float, Field(ge=0, le=10)]
BetaPrior = Annotated[
    list[Annotated[float, Field(ge=0.01, le=10_000)]], Field(min_length=2, max_length=2)
]
_STRATA = "randomisation: its strata; site; or a list of cut points of MELD at the first visit"
_CAUSE = "death of interest; death of another cause competes"
_MARGIN = "survivors whose changes of MELD differ by no more are tied"
_OF = "name of the analysis whose statistic is compared"


class AnalysisBase(Part):
    """What every analysis declares, in the order of ICH E9(R1)."""

    name: Word = Field(description="name in results")
    alpha: OpenProbability = Field(
        description="two-sided level; the intervals have 1 - alpha. beta_binomial decides at a "
        "posterior probability of 1 - alpha/2"
    )
    population: Literal["randomised", "treated"] = Field(
        description="randomised: all; treated: those with a session delivered in full or in part"
    )
    transplant: Literal["event", "censored", "competing"] = Field(
        description="event: counts as death; censored: as lost; competing: as alive, or as a "
        "competing event where the test has causes"
    )
    rescue: Literal["ignored", "event", "censored"] = Field(
        description="a rescue session or one of another modality than the arm's: nothing, counts "
        "as death, or as lost"
    )
    withdrawal: Literal["ignored", "event", "censored"] = Field(
        description="withdrawal from treatment: nothing, counts as death, or as lost"
    )
    lost: Literal["excluded", "worst_case", "best_case", "censored"] = Field(
        description="those lost before the end of follow-up: left out, dead, alive, or censored"
    )


class PlainAnalysis(AnalysisBase):
    """A test that needs no number of its own."""

    test: Literal[
        "chi_square",
        "yates",
        "fisher",
        "mid_p",
        "z_pooled",
        "barnard",
        "boschloo",
        "boschloo_minlike",
        "firth_logistic",
        "standardised_risk_difference",
        "log_rank",
        "km_difference",
        "meld_welch",
        "meld_ancova",
        "meld_worst_rank",
    ] = Field(description="the test")


class BergerBoosAnalysis(AnalysisBase):
    """An unconditional test whose nuisance parameter is kept to a confidence interval."""

    test: Literal["z_pooled_berger_boos", "boschloo_berger_boos"] = Field(description="the test")
    gamma: Annotated[float, Field(gt=0, lt=0.05)] = Field(
        description="one minus the confidence of the interval, as 0.001; added to the p value"
    )


class RiskDifferenceAnalysis(AnalysisBase):
    """The difference of mortality with an interval, which decides."""

    test: Literal["risk_difference"] = Field(description="the test")
    interval: Literal["newcombe", "miettinen_nurminen"] = Field(description="kind of interval")


class RatioAnalysis(AnalysisBase):
    """A ratio of mortalities or of their odds with an interval, which decides."""

    test: Literal["risk_ratio", "odds_ratio"] = Field(description="the test")
    interval: Literal["log", "miettinen_nurminen"] = Field(
        description="log: normal on the log scale, half a patient added to each cell; "
        "miettinen_nurminen: score"
    )


class StratifiedAnalysis(AnalysisBase):
    """A test within strata."""

    test: Literal["cmh", "stratified_miettinen_nurminen", "stratified_log_rank"] = Field(
        description="the test"
    )
    strata: Strata = Field(description=_STRATA)


class FlemingHarringtonAnalysis(AnalysisBase):
    """A log-rank test with weights S^rho (1 - S)^gamma."""

    test: Literal["fleming_harrington"] = Field(description="the test")
    rho: Exponent = Field(description="above 0: early deaths weigh more")
    gamma: Exponent = Field(description="above 0: late deaths weigh more")


class ModestlyWeightedAnalysis(AnalysisBase):
    """A log-rank test whose weights grow up to a day and are equal after it."""

    test: Literal["modestly_weighted"] = Field(description="the test")
    t_star_days: Positive = Field(description="day from which deaths weigh the same")


class MaxComboAnalysis(AnalysisBase):
    """The largest of several weighted log-rank statistics."""

    test: Literal["max_combo"] = Field(description="the test")
    weights: Annotated[
        list[Annotated[list[Exponent], Field(min_length=2, max_length=2)]],
        Field(min_length=2, max_length=4),
    ] = Field(description="rho and gamma of each, as [[0, 0], [0, 1]]")


class UntilDayAnalysis(AnalysisBase):
    """A comparison of Kaplan-Meier curves at, or up to, a day."""

    test: Literal["rmst_difference", "km_milestone"] = Field(description="the test")
    day: Positive = Field(description="patient day, at the latest the end of follow-up")


class CoxAnalysis(AnalysisBase):
    """Proportional hazards regression on the arm."""

    test: Literal["cox"] = Field(description="the test")
    ties: Literal["efron", "breslow"] = Field(description="how deaths at one time are taken")
    statistic: Literal["score", "wald", "likelihood_ratio"] = Field(description="which decides")


class CauseAnalysis(AnalysisBase):
    """A test of deaths of one cause."""

    test: Literal["cause_specific", "cumulative_incidence", "gray"] = Field(description="the test")
    cause: Cause = Field(description=_CAUSE)


class WinAnalysis(AnalysisBase):
    """Pairs compared by death, then by the change of MELD."""

    test: Literal["win_ratio", "net_benefit", "win_odds"] = Field(description="the test")
    margin_points: NotNegative = Field(description=_MARGIN)


class RandomisationTestAnalysis(AnalysisBase):
    """A randomisation test."""

    test: Literal["rerandomisation", "permutation"] = Field(description="the test")
    of: Word = Field(description=_OF)
    draws: Annotated[int, Field(ge=19, le=99_999)] = Field(
        description="allocations drawn, as 999; the smallest p value is 1 / (draws + 1)"
    )


class BayesAnalysis(AnalysisBase):
    """Posterior probability that mortality is lower in one arm."""

    test: Literal["beta_binomial"] = Field(description="the test")
    prior_control: BetaPrior = Field(description="a and b of the beta prior, as [1, 1]")
    prior_experimental: BetaPrior = Field(description="the same of the second arm")


Analysis = Annotated[
    PlainAnalysis
    | BergerBoosAnalysis
    | RiskDifferenceAnalysis
    | RatioAnalysis
    | StratifiedAnalysis
    | FlemingHarringtonAnalysis
    | ModestlyWeightedAnalysis
    | MaxComboAnalysis
    | UntilDayAnalysis
    | CoxAnalysis
    | CauseAnalysis
    | WinAnalysis
    | RandomisationTestAnalysis
    | BayesAnalysis,
    Field(discriminator="test"),
]


class Multiplicity(Part):
    """Analyses judged together, so that the chance of any false rejection is kept."""

    name: Word = Field(description="name in results")
    alpha: OpenProbability = Field(description="two-sided level of all together")
    analyses: list[Word] = Field(
        min_length=2, max_length=20, description="names; their own levels are not used"
    )


class StepMultiplicity(Multiplicity):
    """A procedure that needs no number of its own; fixed_sequence tests in the order given."""

    method: Literal["bonferroni", "holm", "hochberg", "fixed_sequence"] = Field(
        description="the procedure"
    )


class GraphicalMultiplicity(Multiplicity):
    """The graphical procedure: weights, and where the level of a rejected hypothesis goes."""

    method: Literal["graphical"] = Field(description="the procedure")
    weights: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        description="shares of alpha, one per analysis, together at most 1"
    )
    transitions: list[list[Annotated[float, Field(ge=0, le=1)]]] = Field(
        description="one row per analysis: shares that the others get once it is rejected"
    )


Procedure = Annotated[StepMultiplicity | GraphicalMultiplicity, Field(discriminator="method")]
