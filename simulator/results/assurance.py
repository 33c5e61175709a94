"""The answer of assurance: power averaged over what is not known, and what that rests on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, flat
from simulator.results.measures import Estimate, NullHypothesis, Share


@dataclass(frozen=True, repr=False)
class AveragedPower(Record):
    """A mean over draws of what is not known.

    Attributes
    ----------
    outer_se
        Standard error from the number of draws.
    inner_se
        Standard error from the number of trials at each draw.
    """

    mean: float
    outer_se: float
    inner_se: float

    @property
    def se(self) -> float:
        """Standard error from both."""
        return math.hypot(self.outer_se, self.inner_se)


@dataclass(frozen=True, repr=False)
class UncertainParameter(Record):
    """A key whose value is not known.

    Attributes
    ----------
    key, name
        As the scenario has it, and what it is called.
    base, base_level
        Value in the scenario, and the probability of a smaller one.
    q025, median, q975
        Quantiles of its distribution.
    distribution, source
        Its family, and where it comes from; empty where nothing is said.
    correlated
        Whether it is drawn together with other keys.
    """

    key: str
    name: str
    base: float
    base_level: float
    q025: float
    median: float
    q975: float
    distribution: str
    source: str
    correlated: bool


@dataclass(frozen=True, repr=False)
class VarianceShare(Record):
    """What a key has to do with the variance of power over the draws.

    Attributes
    ----------
    first_order, first_order_se
        Share that knowing the key would be expected to remove.
    total, total_se
        Share that would be expected to remain if all other keys were known.
    """

    key: str
    first_order: float
    first_order_se: float
    total: float
    total_se: float


@dataclass(frozen=True, repr=False)
class PowerSurface(Record):
    """How well power is told by a smooth function of the keys.

    Attributes
    ----------
    terms
        Of the polynomial in the keys' normal scores, on the probit scale.
    lack_of_fit
        P value of the test that the function fits; NaN where there is nothing to test.
    unexplained
        Share of the variance of power that the function misses.
    """

    terms: int
    lack_of_fit: float
    unexplained: float


@dataclass(frozen=True, repr=False)
class AnalysisAssurance(Record):
    """An analysis, or a family of those judged together, over the draws.

    Attributes
    ----------
    name, test
        In the scenario, and what it is called in a sentence. Of a family any rejection counts.
    base_power
        At the scenario's own values.
    assurance, outer_se, inner_se
        Power averaged over the draws, with its two standard errors.
    in_favour_of
        The same of rejections that favour each arm; empty for a family.
    probability_of_target
        That power is at least the target, with its 95 % interval from the number of draws.
    sd, quantiles
        Of the power over the draws, freed of the error of the trials at each.
    worthwhile
        Averaged over the draws whose effect is at least worthwhile.
    shares
        Of the variance of power, by key.
    not_analysable
        Of all trials, those without a result, which count as no rejection.
    """

    name: str
    test: str
    alpha: float
    base_power: Estimate
    assurance: float
    outer_se: float
    inner_se: float
    in_favour_of: Mapping[str, AveragedPower]
    probability_of_target: Share
    sd: float
    quantiles: Mapping[str, float]
    worthwhile: AveragedPower
    shares: tuple[VarianceShare, ...]
    surface: PowerSurface
    not_analysable: int

    @property
    def averaged(self) -> AveragedPower:
        """The assurance with its errors."""
        return AveragedPower(self.assurance, self.outer_se, self.inner_se)


@dataclass(frozen=True, repr=False)
class Worthwhile(Record):
    """What makes an effect worthwhile.

    Attributes
    ----------
    quantity
        An uncertain key, or hazard_ratio or mortality_difference: second arm against first.
    at_most
        Whether it is to be at most the value; else at least.
    is_default
        Whether it is the scenario's own effect, or better, since nothing else was said.
    probability
        Share of the draws, with its 95 % interval.
    """

    quantity: str
    at_most: bool
    value: float
    is_default: bool
    probability: Share


@dataclass(frozen=True, repr=False)
class FailedDraws(Record):
    """Draws that could not be simulated for one reason; each counts as a power of 0.

    Attributes
    ----------
    key, rule
        What is broken, in words of the first of them.
    draws
        How many.
    first
        The number of the first.
    """

    key: str
    rule: str
    draws: int
    first: int


@dataclass(frozen=True, repr=False)
class Draw(Record):
    """One draw, and what its trials gave.

    Attributes
    ----------
    number
        From 0; its trials are those from number times the trials per draw on.
    values
        Of the uncertain keys.
    hazard_ratio
        Of the second arm against the first, where the scenario has one; NaN where it has none.
    mortality
        Simulated, by arm.
    rejections, power
        By analysis: trials that reject, and power freed of their number's error.
    failed
        Whether it could not be simulated.
    """

    number: int
    values: Mapping[str, float]
    hazard_ratio: float
    mortality: Mapping[str, float]
    rejections: Mapping[str, int]
    power: Mapping[str, float]
    failed: bool


@dataclass(frozen=True, repr=False)
class OptionValue(Record):
    """An option of a decision.

    Attributes
    ----------
    assurance
        Of the analysis that concludes; NaN where there is no trial.
    utility, se
        Expected utility and its standard error.
    difference, difference_se
        To the best option, draw by draw.
    """

    name: str
    assurance: float
    utility: float
    se: float
    difference: float
    difference_se: float


@dataclass(frozen=True, repr=False)
class InformationValue(Record):
    """Expected value of knowing a key before deciding (EVPPI), and its standard error."""

    key: str
    value: float
    se: float


@dataclass(frozen=True, repr=False)
class DecisionValue(Record):
    """What is to be chosen, and what better evidence would be worth to the choice.

    Attributes
    ----------
    unit
        Of utility.
    analysis
        That concludes.
    best
        The option of the highest expected utility.
    evpi, evpi_se
        Expected value of knowing all uncertain keys.
    evppi
        Of knowing each alone.
    """

    unit: str
    analysis: str
    best: str
    options: tuple[OptionValue, ...]
    evpi: float
    evpi_se: float
    evppi: tuple[InformationValue, ...]


@dataclass(frozen=True, repr=False)
class Assurance(Answer):
    """Power averaged over what is not known of a scenario.

    The fields `assurance`, `outer_se`, `inner_se`, `probability_of_target` and `quantiles` are
    those of the first analysis.

    Attributes
    ----------
    draws, trials
        Draws that were done, and trials at each.
    base_trials
        At the scenario's own values.
    target_power
        That the design is to have.
    parameters
        What is not known.
    failures
        Draws that could not be simulated, by reason.
    drawn
        Every draw.
    decision
        Where the scenario has one.
    interrupted
        Whether it was stopped before all draws that were asked for.
    """

    KIND: ClassVar[str] = "assurance"
    SHOWN_COLUMNS: ClassVar[tuple[str, ...]] = (
        *("analysis", "base_power", "assurance", "outer_se", "inner_se"),
        *("probability_of_target", "q05", "q50", "q95"),
    )

    scenario: str
    title: str
    asked: str
    seed: int
    draws: int
    draws_asked: int
    trials: int
    base_trials: int
    version: str
    null_hypothesis: NullHypothesis
    arms: tuple[str, ...]
    target_power: float
    assurance: float
    outer_se: float
    inner_se: float
    probability_of_target: float
    quantiles: Mapping[str, float]
    parameters: tuple[UncertainParameter, ...]
    analyses: tuple[AnalysisAssurance, ...]
    worthwhile: Worthwhile
    failures: tuple[FailedDraws, ...]
    drawn: tuple[Draw, ...]
    decision: DecisionValue | None
    interrupted: bool

    @property
    def finished(self) -> bool:
        """False if it was stopped before its end; it tells of what was done."""
        return not self.interrupted

    @property
    def failed(self) -> int:
        """Draws that could not be simulated."""
        return sum(failure.draws for failure in self.failures)

    def rows(self) -> list[Row]:
        """One row per analysis."""
        return [
            {
                "analysis": a.name,
                "base_power": a.base_power.mean,
                "base_mcse": a.base_power.mcse,
                "assurance": a.assurance,
                "outer_se": a.outer_se,
                "inner_se": a.inner_se,
                **{f"in_favour_of_{arm}": _mean(a.in_favour_of.get(arm)) for arm in self.arms},
                "probability_of_target": a.probability_of_target.mean,
                "sd": a.sd,
                **{f"q{level[2:]:0<2}": value for level, value in a.quantiles.items()},
                "worthwhile": a.worthwhile.mean,
                "worthwhile_outer_se": a.worthwhile.outer_se,
                "worthwhile_inner_se": a.worthwhile.inner_se,
                "not_analysable": a.not_analysable,
            }
            for a in self.analyses
        ]

    def tables(self) -> dict[str, list[Row]]:
        """Return the draws, and the shares of variance, as tidy tables."""
        shares = [{"analysis": a.name, **flat(share)} for a in self.analyses for share in a.shares]
        return {"draws": [_row(draw) for draw in self.drawn], "variance_shares": shares}

    def headline(self) -> list[str]:
        """The assurance of each analysis beside its power at the scenario's own values."""
        return [
            f"Assurance of {self.scenario}: {self.draws:,} draws of {self.trials:,} trials each, "
            f"seed {self.seed}",
            *(
                f"  {a.name}: power {a.base_power.mean:.1%} at the scenario's own values, "
                f"{a.assurance:.1%} averaged (outer SE {a.outer_se:.1%}, inner SE {a.inner_se:.1%})"
                for a in self.analyses
            ),
        ]


def _mean(found: AveragedPower | None) -> float | None:
    return None if found is None else found.mean


def _row(draw: Draw) -> Row:
    return {
        "draw": draw.number,
        **draw.values,
        "hazard_ratio": draw.hazard_ratio,
        **{f"mortality_{arm}": share for arm, share in draw.mortality.items()},
        **{f"rejections_{name}": count for name, count in draw.rejections.items()},
        **{f"power_{name}": power for name, power in draw.power.items()},
        "failed": draw.failed,
    }
