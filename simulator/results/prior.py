"""The answer of `prior`: what published studies say of mortality and hazard ratios, and how surely.

Mortality is a probability of death by day 84, an effect a hazard ratio; intervals are of 95 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, flat


class Parameter(str, Enum):
    """What a study informs."""

    MORTALITY = "mortality"
    COURSE = "course_hazard_ratio"
    CONTRAST = "hazard_ratio"


class StudyUse(str, Enum):
    """What a study is for: the synthesis, or a check of the scenario."""

    USED = "used"
    HELD_OUT = "held_out"


class PriorFor(str, Enum):
    """Whose parameter the prior is of."""

    NEW_STUDY = "new_study"
    MEAN = "mean"


@dataclass(frozen=True, repr=False)
class PriorStudy(Record):
    """A study as it enters.

    Attributes
    ----------
    rows
        Rows of evidence that it is made of.
    deaths, n, control_deaths, control_n
        Counts, of the treated or only arm and of the control; None where only an estimate is known.
    day, endpoint
        By when, and of what: `death` or `death_or_transplant`.
    weight
        Power of its likelihood; 0: set aside.
    estimate, low, high
        Mortality by day 84, or hazard ratio, by itself and at full weight; NaN where it has none.
    """

    parameter: Parameter
    rows: tuple[str, ...]
    study: str
    deaths: int | None
    n: int | None
    control_deaths: int | None
    control_n: int | None
    day: float
    endpoint: str
    weight: float
    use: StudyUse
    estimate: float
    low: float
    high: float
    why: str


@dataclass(frozen=True, repr=False)
class Interval(Record):
    """An estimate or a median with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Frequentist(Record):
    """Studies pooled without a prior, each at full weight: normal approximation, inverse variance.

    Attributes
    ----------
    fixed
        One common parameter.
    random, tau
        Random effects: restricted maximum likelihood, interval by Knapp and Hartung; and the
        between-study standard deviation. None with fewer than two studies.
    """

    fixed: Interval
    random: Interval | None
    tau: float | None


@dataclass(frozen=True, repr=False)
class Fitted(Record):
    """The distribution that goes into a scenario: normal on the logit or log scale.

    Attributes
    ----------
    distribution
        `logit_normal` or `lognormal`.
    median, sd
        Of the parameter; on the logit or log scale.
    low, high
        Its 95 % interval.
    largest_error
        Largest difference of its distribution function from the one that it is fitted to.
    """

    distribution: str
    median: float
    sd: float
    low: float
    high: float
    largest_error: float


@dataclass(frozen=True, repr=False)
class ParameterPrior(Record):
    """What is known of a parameter.

    Attributes
    ----------
    prior_mean, prior_sd
        Of the mean of the studies, on the logit or log scale: an assumption.
    extrapolation_sd
        Of the step from the patients studied to those of the trial, on that scale: an assumption.
    studies
        How many have a weight above 0.
    mean, new_study
        Posterior of the mean of all studies, and prediction for a new one, before extrapolation.
    tau
        Between-study standard deviation, on that scale: median and interval.
    used
        The prior: of what was asked for, extrapolation included.
    fitted
        The same as a distribution that a scenario can hold.
    """

    parameter: Parameter
    prior_mean: float
    prior_sd: float
    extrapolation_sd: float
    studies: int
    frequentist: Frequentist
    mean: Interval
    new_study: Interval
    tau: Interval
    used: Interval
    fitted: Fitted


@dataclass(frozen=True, repr=False)
class SensitivityAnalysis(Record):
    """The prior under another assumption, named in `change`."""

    parameter: Parameter
    change: str
    interval: Interval


@dataclass(frozen=True, repr=False)
class UncertainKeys(Record):
    """An item of a scenario's `uncertain`: keys and their joint distribution.

    Attributes
    ----------
    medians, sds
        Of each key; the second on the logit or log scale.
    correlation
        Of their logits or logs; None for one key.
    source
        As a scenario has it beside a value.
    """

    keys: tuple[str, ...]
    distribution: str
    medians: tuple[float, ...]
    sds: tuple[float, ...]
    correlation: float | None
    source: str


@dataclass(frozen=True, repr=False)
class Prior(Answer):
    """A synthesis of studies into a prior distribution.

    Attributes
    ----------
    file
        The studies: a path, or `shipped`.
    heterogeneity
        Prior of the between-study standard deviation, as half_normal(0.5).
    prior_for
        Whether the prior is that of a new study or of the mean.
    without_evidence
        Parameters of which no study has a weight above 0.
    risk_ratio
        Of studies of the hazard ratio with counts, whatever their days: fixed effect; else None.
    sensitivity
        The same prior under other assumptions.
    uncertain
        What a scenario is to hold; fitted.
    draws
        Joint draws by key, which travel as CSV.
    """

    KIND: ClassVar[str] = "prior"
    SHOWN_COLUMNS = ("parameter", "studies", "estimate", "low", "high", "tau_estimate")

    file: str
    heterogeneity: str
    prior_for: PriorFor
    seed: int
    version: str
    studies: tuple[PriorStudy, ...]
    parameters: tuple[ParameterPrior, ...]
    without_evidence: tuple[Parameter, ...]
    risk_ratio: Interval | None
    sensitivity: tuple[SensitivityAnalysis, ...]
    uncertain: tuple[UncertainKeys, ...]
    draws: tuple[Row, ...] = field(default=(), metadata={"json": False})

    def rows(self) -> list[Row]:
        """One row per parameter: the prior first, then the summaries that stand beside it."""
        return [_row(parameter) for parameter in self.parameters]

    def tables(self) -> Mapping[str, Sequence[Row]]:
        """Joint draws, the studies and the sensitivity analyses."""
        return {
            "draws": self.draws,
            "studies": [{**flat(s), "rows": " ".join(s.rows)} for s in self.studies],
            "sensitivity": [{**flat(s), **flat(s.interval)} for s in self.sensitivity],
        }

    def headline(self) -> list[str]:
        """One line per parameter."""
        whose = "a new study" if self.prior_for is PriorFor.NEW_STUDY else "the mean of the studies"
        return [
            f"prior of {whose}, {self.heterogeneity}",
            *(
                f"  {p.parameter.value}: {p.used.estimate:.3g} ({p.used.low:.3g} to "
                f"{p.used.high:.3g}), {p.studies} studies"
                for p in self.parameters
            ),
        ]


def _row(p: ParameterPrior) -> Row:
    shown: Row = {"parameter": p.parameter.value, "studies": p.studies, **flat(p.used)}
    for name, interval in (
        *(("mean", p.mean), ("new_study", p.new_study), ("tau", p.tau)),
        *(("fixed", p.frequentist.fixed), ("random", p.frequentist.random)),
    ):
        for part in ("estimate", "low", "high"):
            shown[f"{name}_{part}"] = None if interval is None else getattr(interval, part)
    more = flat(p.fitted)
    return shown | {f"fitted_{name}": value for name, value in more.items()}
