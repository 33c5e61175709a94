"""The answers of `allocation`: schemes side by side, and every allocation of one trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from simulator.results.base import Answer, Record, Row, Value, flat
from simulator.results.measures import Estimate, NullHypothesis, PairedEstimate
from simulator.results.power import Drift, SelectionBias


class FactorUse(StrEnum):
    """What a scheme does with the scenario's factors."""

    NONE = "none"
    STRATA = "strata"
    MARGINS = "margins"


class Guesser(StrEnum):
    """By which imbalance somebody guesses that the arm behind comes next."""

    OVERALL = "overall"
    WITHIN_STRATUM = "within_stratum"
    OVER_MARGINS = "over_margins"  # the sum over the patient's levels of the factors


class Method(StrEnum):
    """How metrics were worked out."""

    EXACT = "exact"
    SIMULATED = "simulated"


@dataclass(frozen=True, repr=False)
class SchemeAnalysis(Record):
    """How often an analysis rejects under a scheme, beside the first scheme's same trials.

    Attributes
    ----------
    power, favours_second
        As the scenario is; of these, in favour of the second arm.
    level, level_favours_second
        The same under the strong null hypothesis; None if the scenario is that already.
    label
        What the analysis is called in a table or a figure.
    not_analysable, level_not_analysable
        Trials of the scheme without a result, which count as no rejection; the same of the level.
    """

    name: str
    alpha: float
    power: PairedEstimate
    favours_second: PairedEstimate
    level: PairedEstimate | None
    level_favours_second: PairedEstimate | None
    label: str = ""
    not_analysable: int = 0
    level_not_analysable: int | None = None


@dataclass(frozen=True, repr=False)
class SchemeFamily(Record):
    """How often analyses that are judged together reject under a scheme.

    Attributes
    ----------
    any, all
        At least one hypothesis is rejected, and all are.
    level_any
        The familywise type I error: any is, under the strong null hypothesis.
    not_analysable, level_not_analysable
        Trials in which none of the analyses has a result.
    """

    name: str
    method: str
    alpha: float
    any: PairedEstimate
    all: PairedEstimate
    level_any: PairedEstimate | None
    not_analysable: int
    level_not_analysable: int | None


@dataclass(frozen=True, repr=False)
class StratumBalance(Record):
    """Balance within a stratum: mean patients, |D| at the end, largest |D|, right guesses."""

    stratum: str
    patients: float
    mean_abs_imbalance: float
    max_imbalance: float
    correct_guesses: float


@dataclass(frozen=True, repr=False)
class MarginBalance(Record):
    """Balance within a level of a factor: mean patients and |D| at the end."""

    level: str
    patients: float
    mean_abs_imbalance: float


@dataclass(frozen=True, repr=False)
class SchemeResult(Record):
    """What a scheme does.

    Attributes
    ----------
    name, scheme, options
        As written, its word, and its options in full.
    trials
        That were simulated, as many under the null hypothesis; 0 if all is exact.
    metrics, method
        Balance and predictability by metric (docs/allocation.md), and how they were worked out.
    simulated_metrics
        The same over simulated trials, with Monte Carlo errors; empty if none were simulated.
    best_guesser
        Whose share of right guesses `correct_guesses` is: the largest of those below.
    guessers
        Share of right guesses by the word of each `Guesser`, over simulated trials; by stratum and
        margins too where the scheme looks at factors.
    trial, covariate_imbalance
        Means per trial, and absolute standardised differences, beside the first scheme's.
    z_test_level, t_test_level
        Exact levels under guessing of a 5 % test of means that knows the standard deviation, and of
        Student's, which estimates it; None if not asked for, or where it cannot be summed.
    """

    name: str
    scheme: str
    options: Mapping[str, Value]
    factors_as: FactorUse
    trials: int
    method: Method
    metrics: Mapping[str, float]
    simulated_metrics: Mapping[str, Estimate]
    best_guesser: Guesser
    guessers: Mapping[str, Estimate]
    trial: Mapping[str, PairedEstimate]
    covariate_imbalance: Mapping[str, PairedEstimate]
    analyses: tuple[SchemeAnalysis, ...]
    strata: tuple[StratumBalance, ...]
    margins: tuple[MarginBalance, ...]
    z_test_level: float | None
    t_test_level: float | None
    families: tuple[SchemeFamily, ...] = ()


@dataclass(frozen=True, repr=False)
class Allocation(Answer):
    """Schemes side by side; the first is what the others are compared with.

    Attributes
    ----------
    patients, trials
        Planned patients; trials of each scheme, 0 if all is exact.
    z_test_effect
        Shift of a response, in standard deviations, for `z_test_level` and
        `t_test_level`; None if not asked.
    interrupted
        Whether it was stopped early; the schemes shown are complete.
    """

    KIND: ClassVar[str] = "allocation"
    SHOWN_COLUMNS = (
        *("scheme", "method", "mean_abs_imbalance", "sd_imbalance", "max_imbalance"),
        *("imbalance_index", "forcing_index", "deterministic_share", "correct_guesses", "trials"),
    )

    scenario: str
    seed: int
    version: str
    patients: int
    trials: int
    null_hypothesis: NullHypothesis
    arms: tuple[str, ...]
    selection_bias: SelectionBias | None
    drift: Drift | None
    z_test_effect: float | None
    schemes: tuple[SchemeResult, ...]
    interrupted: bool

    @property
    def finished(self) -> bool:
        """False if it was stopped before its end; it tells of what was done."""
        return not self.interrupted

    def rows(self) -> list[Row]:
        """One row per scheme: its metrics, then how often each analysis rejects."""
        rows = []
        for s in self.schemes:
            row: Row = {"scheme": s.name, "method": s.method.value, **s.metrics}
            row["trials"] = s.trials
            for a in s.analyses:
                row |= _cells(a.name, "power", a.power, a.not_analysable)
                row |= _cells(a.name, "level", a.level, a.level_not_analysable)
            for f in s.families:
                row |= _cells(f.name, "any_power", f.any, f.not_analysable)
                row |= _cells(f.name, "any_level", f.level_any, f.level_not_analysable)
            rows.append(row)
        return rows

    def headline(self) -> list[str]:
        """The schemes, and how well each balances."""
        lines = [f"{len(self.schemes)} allocation schemes in {self.scenario}, seed {self.seed}"]
        lines += [
            f"  {s.name}: E|D| {s.metrics['mean_abs_imbalance']:.3g}, correct guesses "
            f"{s.metrics['correct_guesses']:.3f}"
            for s in self.schemes
        ]
        return lines


def _cells(name: str, kind: str, found: PairedEstimate | None, none: int | None) -> Row:
    if found is None:
        return {}
    start = f"{name}_{kind}"
    return {start: found.mean, f"{start}_mcse": found.mcse, f"{start}_not_analysable": none}


@dataclass(frozen=True, repr=False)
class OutcomesKnown(Record):
    """Outcomes of an arm that were known at a randomisation."""

    survived: int
    died: int


@dataclass(frozen=True, repr=False)
class AllocationStep(Record):
    """One allocation of a simulated trial.

    Attributes
    ----------
    before, before_in_stratum
        Patients by arm before this one, of the trial and of the patient's stratum.
    known
        By arm, the outcomes known by then.
    probability, draw
        Of each arm, and the uniform that chose.
    guess_right
        Whether guessing the arm that is behind in the stratum was right; None in balance.
    """

    patient: int
    day: float
    stratum: str
    before: Mapping[str, int]
    before_in_stratum: Mapping[str, int]
    known: Mapping[str, OutcomesKnown]
    probability: Mapping[str, float]
    draw: float
    arm: str
    guess_right: bool | None


@dataclass(frozen=True, repr=False)
class AllocationSequence(Answer):
    """Every allocation of one trial, in the order in which they were made."""

    KIND: ClassVar[str] = "allocation_sequence"

    scenario: str
    seed: int
    trial: int
    scheme: str
    version: str
    arms: tuple[str, ...]
    sequence: tuple[AllocationStep, ...]

    def rows(self) -> list[Row]:
        """One row per allocation: patients by arm before it, and the probability of each arm."""
        return [
            {
                **flat(step),
                **{f"before_{arm}": count for arm, count in step.before.items()},
                **{f"probability_{arm}": share for arm, share in step.probability.items()},
            }
            for step in self.sequence
        ]

    def headline(self) -> list[str]:
        """The scheme and the trial."""
        return [
            f"Allocations of trial {self.trial} of {self.scenario} under {self.scheme}, seed "
            f"{self.seed}: {len(self.sequence)} patients"
        ]
