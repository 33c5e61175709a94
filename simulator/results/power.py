"""The answer of `power`: how often each analysis rejects, and what the trial takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, Self

from simulator.results.acceptance import Acceptance
from simulator.results.base import Answer, Record, Row, flat, table
from simulator.results.conditional import ConditionalPower
from simulator.results.curves import Curves
from simulator.results.looks import Looks
from simulator.results.measures import (
    Estimate,
    NullHypothesis,
    Scale,
    Verdict,
    without_result,
)
from simulator.results.operations import Operations
from simulator.results.sources import SourceKind
from simulator.results.trial_end import TrialEnd


@dataclass(frozen=True, repr=False)
class Performance(Record):
    """What the estimates of an analysis are like; None where that does not exist.

    Each has its Monte Carlo standard error (`_mcse`), which holds that of the truth where the truth
    is part of it. Definitions: Morris, White and Crowther (2019); sign and exaggeration: Gelman and
    Carlin (2014).

    Attributes
    ----------
    truth, survivor_average
        True value of the estimand; effect of treatment in those who would survive in either arm.
    estimates, standard_errors, intervals, significant
        What the rest rests on: trials with an estimate; those among them with a standard error
        (`model_se`), with an interval (`coverage`), and that reject (`sign_error`, `exaggeration`).
    mean, bias, empirical_se, model_se, rmse
        Of the estimates: mean, less the truth, their standard deviation, the mean of their
        standard errors, and the root of the mean squared error.
    coverage
        Share of intervals that hold the truth.
    sign_error, exaggeration
        Type S error, the share of estimates on the wrong side of 0, and type M error, the mean size
        of an estimate over that of the truth: among the trials that reject.
    """

    truth: float | None
    truth_mcse: float | None
    survivor_average: float | None
    survivor_average_mcse: float | None
    estimates: int
    standard_errors: int
    intervals: int
    significant: int
    mean: float | None
    bias: float | None
    bias_mcse: float | None
    empirical_se: float | None
    empirical_se_mcse: float | None
    model_se: float | None
    model_se_mcse: float | None
    rmse: float | None
    rmse_mcse: float | None
    coverage: float | None
    coverage_mcse: float | None
    sign_error: float | None
    sign_error_mcse: float | None
    exaggeration: float | None
    exaggeration_mcse: float | None


@dataclass(frozen=True, repr=False)
class EstimandAttributes(Record):
    """The attributes of ICH E9(R1), and what becomes of missing outcomes, which is none of them.

    Attributes
    ----------
    death
        None where death is the outcome itself.
    loss, loss_bias
        How missing outcomes are treated, and how that biases the estimate where loss tells nothing
        of the patient.
    """

    population: str
    treatment: str
    variable: str
    transplant: str
    rescue: str
    withdrawal: str
    death: str | None
    loss: str
    loss_bias: str
    summary: str


@dataclass(frozen=True, repr=False)
class Test(Record):
    """What an analysis is called.

    Attributes
    ----------
    word
        In a scenario.
    name
        In prose, as it stands in mid-sentence with its article: `the log-rank test`.
    full, short
        Its full name without an article, and its name in a table.
    details
        What the name leaves out, as `asymptotic`; empty if nothing.
    distinction
        What tells it from the first analysis of the same short name, as `lost count as dead`;
        empty if it is that first.
    """

    word: str
    name: str
    full: str
    short: str
    details: str
    distinction: str = ""

    @property
    def label(self) -> str:
        """Name in a table or a figure, of which no two analyses of a scenario share one.

        Those that a scenario asks for twice, word for word, do: their own names tell them apart.
        """
        return ", ".join(filter(None, (self.short, self.distinction)))

    @property
    def full_label(self) -> str:
        """Full name with all that was chosen, for a list in prose."""
        distinction = "" if self.distinction == self.details else self.distinction
        # A margin, or the side of a test, is part of the full name.
        own = [part for part in distinction.split(", ") if f", {part}" not in self.full]
        return ", ".join(filter(None, (self.full, self.details, *own)))


@dataclass(frozen=True, repr=False)
class PriorReport(Record):
    """What a beta prior of a mortality says beside the data expected.

    Attributes
    ----------
    mean, low, high
        Its mean and central 95 %.
    effective_patients, patients
        What it is worth, beside the patients in the data.
    predictive_p
        Prior predictive probability of deaths no more likely than those expected (Box 1980).
    mortality
        That the expectation is of.
    """

    mean: float
    low: float
    high: float
    effective_patients: float
    patients: int
    predictive_p: float
    mortality: float


@dataclass(frozen=True, repr=False)
class DirectionalPower(Record):
    """Share of all trials that reject in favour of an arm, its error and 95 % interval.

    As those of the power, of which the arms' shares are the parts.
    """

    power: float
    mcse: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, repr=False)
class ToBeShown(Record):
    """The hypothesis of an analysis, whose level alpha is.

    Attributes
    ----------
    alternative
        two_sided, less or greater: of the second arm minus the first, or of their ratio.
    margin, equivalence
        Null value, a difference or a ratio, or the two of equivalence; else None.
    """

    alternative: str = "two_sided"
    margin: float | None = None
    equivalence: tuple[float, float] | None = None

    @property
    def sides(self) -> str:
        """Whether alpha is two-sided or one-sided, as the word before "level"."""
        both = self.alternative == "two_sided" and self.equivalence is None
        return "two-sided" if both else "one-sided"


_TWO_SIDED = ToBeShown()


@dataclass(frozen=True, repr=False)
class AnalysisPower(Record):
    """How often an analysis rejects, and how good its estimates are.

    Attributes
    ----------
    trials, rejections, favouring
        All trials; those with p <= alpha; those among them that favour each arm.
    power, mcse
        Share of all trials that reject (a trial that is not analysable does not), and its Monte
        Carlo standard error, from (r + 2) / (n + 4) (Agresti and Coull 1998).
    ci_low, ci_high
        95 % interval by Wilson's score (1927).
    in_favour_of
        By arm: power in that direction. A trial that rejects with an estimate of no difference
        favours neither.
    not_analysable, reasons
        Trials without a result, and how many for each reason.
    estimand, estimand_attributes
        In a sentence, and by attribute.
    scale
        Unit of the estimate.
    prior
        By arm, of a Bayesian analysis.
    conditional
        The same power by conditional expectation, where it was asked for.
    hypothesis
        What a rejection shows.
    """

    name: str
    test: Test
    estimand: str
    scale: Scale
    alpha: float
    trials: int
    rejections: int
    favouring: Mapping[str, int]
    power: float
    mcse: float
    ci_low: float
    ci_high: float
    in_favour_of: Mapping[str, DirectionalPower]
    not_analysable: int
    reasons: Mapping[str, int]
    performance: Performance
    estimand_attributes: EstimandAttributes
    prior: Mapping[str, PriorReport]
    conditional: ConditionalPower | None = None
    hypothesis: ToBeShown = _TWO_SIDED


@dataclass(frozen=True, repr=False)
class PairAgreement(Record):
    """How often two analyses reject the same trial.

    `not_analysable`: trials in which one of the two, or both, have no result; that one does not
    reject.
    """

    first: str
    second: str
    both: int
    only_first: int
    only_second: int
    trials: int
    not_analysable: int


@dataclass(frozen=True, repr=False)
class FamilyPower(Record):
    """Rejections of analyses that are judged together, as shares of all trials.

    Attributes
    ----------
    by_analysis, any, all
        Trials in which the procedure rejects each hypothesis, at least one, and all of them.
    trials, not_analysable
        All trials; those in which none of the analyses has a result, so that none is rejected. How
        often each has none is told of it alone.
    """

    name: str
    method: str
    alpha: float
    by_analysis: Mapping[str, Estimate]
    any: Estimate
    all: Estimate
    trials: int
    not_analysable: int

    def rows(self) -> list[Row]:
        """One row per hypothesis, then any and all of them."""
        shares = {**self.by_analysis, "any": self.any, "all": self.all}
        return [
            {
                "family": self.name,
                "method": self.method,
                "alpha": self.alpha,
                "hypothesis": name,
                "power": share.mean,
                "mcse": share.mcse,
                "trials": self.trials,
                "not_analysable": self.not_analysable,
            }
            for name, share in shares.items()
        ]


class EffectKind(StrEnum):
    """How treatment acts."""

    NONE = "none"  # strong null hypothesis: both arms are treated as the control arm
    EQUAL_HAZARDS = "equal_hazards"  # hazard ratio 1; plans, sessions and labs differ
    DIRECT = "direct"  # a hazard ratio between the arms
    BY_SESSION = "by_session"  # accrues with each session delivered
    BY_LABS = "by_labs"  # only through what sessions do to MELD


@dataclass(frozen=True, repr=False)
class Effect(Record):
    """The treatment effect that was simulated; what a kind does not have is None or empty.

    Attributes
    ----------
    hazard_ratio, waning_half_life_days
        Of the second arm against the first, and how it wanes.
    full_course_hazard_ratios
        By modality: a full course against none.
    implied_hazard_ratio
        Of the second arm against the first with every session on time.
    delay_days
        The patient-day with which the effect begins: the hazard is held for a day.
    combined_with_labs
        Whether sessions act through MELD a second time, on purpose.
    acts
        Whether it changes the hazard of one arm against the other's within follow-up.
    """

    kind: EffectKind
    hazard_ratio: float | None = None
    delay_days: float | None = None
    waning_half_life_days: float | None = None
    full_course_hazard_ratios: Mapping[str, float] = field(default_factory=dict)
    implied_hazard_ratio: Estimate | None = None
    combined_with_labs: bool = False
    acts: bool = True


@dataclass(frozen=True, repr=False)
class SelectionBias(Record):
    """An investigator who guesses the next arm and favours one; None: not of this kind."""

    kind: str
    favours: str
    hazard_ratio: float | None = None
    probability: float | None = None
    variable: str | None = None
    poor_above: float | None = None
    returns_after_days: float | None = None


@dataclass(frozen=True, repr=False)
class Drift(Record):
    """A drift of mortality: the last patient's hazard over the first's."""

    kind: str
    hazard_ratio: float
    after_share: float | None = None


@dataclass(frozen=True, repr=False)
class RecruitmentKey(Record):
    """The key of the scenario by which more patients are recruited, and its own value.

    Patients randomised or candidates referred a month, as the scenario gives them: at every site
    where all are alike, else at the fastest. Where a fixed number is referred, all candidates.
    """

    key: str
    value: float


@dataclass(frozen=True, repr=False)
class Assumption(Record):
    """A line of the scenario that is an assumption, in whole or in part.

    Attributes
    ----------
    key
        Of its value or, of several, what their keys have in common.
    source
        Where the value comes from, in words.
    kind
        What the value is in the first place: published, say, where only a part is assumed; none
        where no source is given.
    rows
        Rows of evidence that it names.
    """

    key: str
    source: str
    kind: SourceKind
    rows: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Power(Answer):
    """Power of each analysis, and what the trial takes.

    Attributes
    ----------
    files, asked
        The scenario's files, the first that was named; the name or path by which it was asked for.
    engine, trials, seed, version
        By what it was answered.
    interrupted
        Whether it was stopped early: it tells of the trials that were done.
    null_hypothesis
        That holds in the trials: asked for by name, or because the effect never acts.
    analyses
        In the order of the scenario; the first is the primary one.
    agreement
        Of each pair of analyses.
    multiplicity
        Analyses judged together.
    assumptions
        Lines of the scenario whose source is an assumption.
    defaults
        How many values are the schema's, since no file gives them.
    verdict
        On the primary analysis.
    recruitment_key
        By which more patients would be recruited.
    acceptance
        Of the scenario, against published figures that it was not set by; None: none are held out.
    looks
        Before the end, at one of the analyses; None: none.
    trial_end
        How trials end; None: each patient is followed for `trial.follow_up_days`.
    curves
        Tables over time, which travel as CSV.
    """

    KIND: ClassVar[str] = "power"
    SHOWN_COLUMNS = (
        *("name", "trials", "power", "mcse", "ci_low", "ci_high", "not_analysable"),
        *("truth", "bias", "coverage"),
    )

    scenario: str
    title: str
    files: tuple[str, ...]
    asked: str
    seed: int
    engine: str
    trials: int
    version: str
    interrupted: bool
    null_hypothesis: NullHypothesis
    arms: tuple[str, ...]
    effect: Effect
    selection_bias: SelectionBias | None
    drift: Drift | None
    analyses: tuple[AnalysisPower, ...]
    agreement: tuple[PairAgreement, ...]
    multiplicity: tuple[FamilyPower, ...]
    operations: Operations
    assumptions: tuple[Assumption, ...]
    defaults: int
    verdict: Verdict
    recruitment_key: RecruitmentKey
    acceptance: Acceptance | None = None
    looks: Looks | None = None
    trial_end: TrialEnd | None = None
    curves: Curves = field(default_factory=Curves, metadata={"json": False})

    @property
    def finished(self) -> bool:
        """False if it was stopped before its end; it tells of what was done."""
        return not self.interrupted

    @property
    def primary(self) -> AnalysisPower:
        """The primary analysis, which is the first."""
        return self.analyses[0]

    def rows(self) -> list[Row]:
        """One row per analysis: how often it rejects, and how good its estimates are."""
        return [
            {
                **{key: getattr(a, key) for key in _FIRST},
                **{f"favouring_{arm}": count for arm, count in a.favouring.items()},
                **{
                    f"{key}_favouring_{arm}": value
                    for arm, direction in a.in_favour_of.items()
                    for key, value in flat(direction).items()
                },
                **flat(a.performance),
                **_conditional_cells(a.conditional),
                "estimand": a.estimand,
            }
            for a in self.analyses
        ]

    def tables(self) -> dict[str, list[Row]]:
        """Return the tidy tables that travel as CSV beside its JSON, by name."""
        families = [row for family in self.multiplicity for row in family.rows()]
        agreement = table(self.agreement)
        assumed = [{**flat(a), **_source_cells(a)} for a in self.assumptions]
        beside = {"families": families, "agreement": agreement, "assumptions": assumed}
        if self.looks is not None:
            beside |= self.looks.tables()
        return {**self.curves.tables(), **{name: rows for name, rows in beside.items() if rows}}

    def with_tables(self, tables: Mapping[str, Sequence[Mapping[str, str]]]) -> Self:
        """Return it with the curves that those tables hold."""
        return replace(self, curves=Curves.of_tables(tables))

    def headline(self) -> list[str]:
        """Scenario and trials, then one line per analysis, the first few."""
        lines = [f"Power of {self.scenario}: {self.trials:,} trials, seed {self.seed}"]
        lines += [
            f"  {a.name}: {a.power:.1%} (MCSE {a.mcse:.1%}, 95 % interval {a.ci_low:.1%} to "
            f"{a.ci_high:.1%}){without_result(a.not_analysable, a.trials)}"
            for a in self.analyses
        ]
        return lines


_FIRST = (
    "name",
    "alpha",
    "trials",
    "rejections",
    "power",
    "mcse",
    "ci_low",
    "ci_high",
    "not_analysable",
)


def _conditional_cells(found: ConditionalPower | None) -> Row:
    """The conditional estimate as cells of a table, none where it was not asked for."""
    return {} if found is None else {f"conditional_{k}": v for k, v in flat(found).items()}


def _source_cells(line: Assumption) -> Row:
    """Kind and rows of a line as cells of a table."""
    return {"kind": line.kind.value, "rows": " ".join(line.rows)}
