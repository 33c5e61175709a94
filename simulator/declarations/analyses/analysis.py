"""What is declared of an analysis."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple, Self

from simulator.declarations.analyses.hypothesis import Hypothesis, broken_rules
from simulator.declarations.analyses.measure import Measure
from simulator.declarations.analyses.variable import Need, Variable
from simulator.declarations.parts import Part
from simulator.errors import RuleError


class SizeFormula(StrEnum):
    """Which closed-form sample sizes are made for an analysis."""

    NONE = "none"
    PROPORTIONS = "proportions"  # two independent proportions
    HAZARDS = "hazards"  # the unweighted log-rank statistic, or the hazard ratio
    MEANS = "means"  # two means, by Student's distribution
    ADJUSTED_MEANS = "adjusted_means"  # the same at one baseline


class Information(StrEnum):
    """What is counted as statistical information where an analysis is monitored."""

    NONE = "none"  # it cannot be monitored: its statistic has no independent increments, or no z
    DEATHS = "deaths"  # events of the analysis
    COMPLETED = "completed"  # patients followed to their end
    INVERSE_VARIANCE = "inverse variance"  # of the estimate


class NoMargin(NamedTuple):
    """Why an analysis takes no margin, and what to do."""

    rule: str
    remedy: str


class Beside(NamedTuple):
    """What an analysis's own keys are read beside.

    Attributes
    ----------
    alpha
        Level of the analysis.
    follow_up_days
        For which patients are followed at the longest.
    has_factors
        Whether allocation has factors, so that there is more than one stratum.
    """

    alpha: float
    follow_up_days: int
    has_factors: bool


class Options(Part):
    """A test that needs no number of its own."""

    def broken_rules(self, beside: Beside) -> Iterator[RuleError]:
        """Yield what is wrong with the keys beside the rest of the scenario."""
        del beside
        yield from ()

    def also_needs(self) -> frozenset[Need]:
        """Return data that these very options ask for."""
        return frozenset()

    @classmethod
    def spoken(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options as a sentence has them: words as written, others as they are."""
        return {
            key: value.replace("_", " ") if isinstance(value, str) else value
            for key, value in options.items()
        }


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What an analysis and a randomisation test have in common.

    Attributes
    ----------
    word
        Its name in a scenario.
    full_name, short_name
        For prose, with options in braces, and for tables, in at most 22 characters.
    details
        How it is done, beyond its name; with options in braces.
    takes_the
        Whether "the" stands before its full name within a sentence.
    options
        Model of the keys that only it has.
    kernel
        Place of the function that computes it, as `module:name`.
    most_patients
        The largest trial that it can take; None: any.
    populations
        Words of `population` that it can take.
    with_margin
        Its full and its short name with a margin, where that is somebody else's test; None: as
        without.
    """

    word: str
    full_name: str
    short_name: str
    kernel: str
    details: str = ""
    takes_the: bool = False
    options: type[Options] = Options
    most_patients: int | None = None
    populations: tuple[str, ...] = ("randomised", "treated")
    with_margin: tuple[str, str] | None = None

    def named_for(self, *, has_margin: bool) -> Self:
        """Return it with the names that it has with a margin, or without."""
        if not has_margin or self.with_margin is None:
            return self
        full, short = self.with_margin
        return replace(self, full_name=full, short_name=short)

    def name(self, options: Mapping[str, Any]) -> str:
        """Return the full name with these options."""
        return self.full_name.format(**self.options.spoken(options))

    def in_sentence(self, options: Mapping[str, Any]) -> str:
        """Return the full name as it stands within a sentence, "the" before it if it needs it."""
        return f"the {self.name(options)}" if self.takes_the else self.name(options)

    def how(self, options: Mapping[str, Any]) -> str:
        """Return the details with these options; empty where the name says all."""
        return self.details.format(**self.options.spoken(options))


@dataclass(frozen=True, kw_only=True)
class Analysis(Declaration):
    """A test or an estimate with a statistic of its own.

    Attributes
    ----------
    variable
        What it takes of each patient.
    measure
        What it estimates.
    kernel
        A function of (block, plan, table, column).
    lanes
        Place of such a function whose block is an `analysis.lanes.LaneBlock`, of trials at their
        end without sessions; None: it takes what trials in lanes do not keep. Most that read
        nothing but times of death, or the dead and the living, are the kernel itself.
    in_estimand
        Template of how it is done as the estimand has it; empty: full name and details.
    needs_too
        Data that it asks for beyond those of the variable.
    table
        Place of the function (n0, n1, side, **options) that gives the p values of all tables of a
        test of one 2 x 2 table, for exact power; empty: it is no such test.
    holds_level
        Whether no trial of fixed arms can take the type I error above alpha.
    two_sided_only
        Whether it has no one-sided version.
    no_margin
        Why it takes no margin; None: it takes one.
    size_formula
        Closed-form sample sizes that are made for it.
    information
        By which looks at it are planned (model page, section 12).
    """

    variable: Variable
    measure: Measure
    lanes: str | None = None
    in_estimand: str = ""
    needs_too: frozenset[Need] = frozenset()
    table: str = ""
    holds_level: bool = False
    two_sided_only: bool = False
    no_margin: NoMargin | None = None
    size_formula: SizeFormula = SizeFormula.NONE
    information: Information = Information.NONE

    @property
    def needs(self) -> frozenset[Need]:
        """Data that it asks for."""
        return self.variable.needs | self.needs_too

    def hypothesis_rules(self, asked: Hypothesis, alpha: float) -> Iterator[RuleError]:
        """Yield why it cannot show what is asked at this level."""
        if self.two_sided_only and not asked.is_two_sided:
            key = "alternative" if asked.equivalence is None else "equivalence"
            rule = f"{self.word} is two-sided by its definition"
            yield RuleError(rule, "leave it out, or use another test", key)
        elif self.no_margin is not None and asked.has_margin:
            key = "margin" if asked.equivalence is None else "equivalence"
            yield RuleError(*self.no_margin, key)
        else:
            yield from broken_rules(asked, alpha, self.measure.scale)

    def estimand_how(self, options: Mapping[str, Any]) -> str:
        """Return how it is done as the estimand has it, options by the names of the field."""
        words = self.in_estimand or ", ".join(filter(None, (self.full_name, self.details)))
        return words.format(**self.options.spoken(options))


@dataclass(frozen=True, kw_only=True)
class RandomisationTest(Declaration):
    """A test of the statistic of another analysis under allocations drawn anew.

    `kernel` is the function of (trial, arms) that draws the allocations of one trial.
    """
