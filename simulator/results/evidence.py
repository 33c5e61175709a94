"""Rows of evidence: published figures with their citations, and figures derived from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite

from simulator.results.base import Record, Value
from simulator.results.sources import SourceKind


class Topic(Enum):
    """What a row of evidence is about."""

    MORTALITY = "mortality"
    COURSE = "course"  # survival or hazard over time
    BASELINE = "baseline"  # patients as treatment begins
    SESSION_EFFECT = "session_effect"
    PRACTICE = "practice"  # schedules, volumes, durations, costs
    ADVERSE_EVENTS = "adverse_events"
    COMPETING_EVENTS = "competing_events"
    RECRUITMENT = "recruitment"
    MELD = "meld"
    OTHER = "other"


class Statistic(Enum):
    """What the figure of a row is."""

    ESTIMATE = "estimate"  # a proportion, a ratio or another single figure
    MEAN = "mean"
    MEDIAN = "median"
    RANGE = "range"  # from `low` to `high`
    BELOW = "below"  # less than `value`
    ABOVE = "above"  # more than `value`
    COUNT = "count"  # `count` alone, of `n` where that is known
    TEXT = "text"  # `value_text` alone


class CountKind(Enum):
    """What a count counts."""

    DEATHS = "deaths"
    SURVIVORS = "survivors"
    DEATHS_OR_TRANSPLANTS = "deaths_or_transplants"
    PATIENTS_WITH_EVENT = "patients_with_event"
    PATIENTS_TREATED = "patients_treated"
    PATIENTS = "patients"
    SESSIONS = "sessions"
    EVENTS = "events"

    @property
    def is_of_patients(self) -> bool:
        """Whether a patient counts once at most, so that the count is at most n."""
        return self not in (CountKind.SESSIONS, CountKind.EVENTS)


class EvidenceStatus(Enum):
    """Whether a figure is printed in a source or worked out from other rows."""

    PUBLISHED = "published"
    DERIVED = "derived"


@dataclass(frozen=True, repr=False)
class EvidenceRow(Record):
    """One published figure, or one derived from published ones.

    Attributes
    ----------
    id
        As scenarios name it in brackets: A42.
    topic, statistic, status
        See their types.
    quantity, population, arm
        What was measured, in whom, under which treatment.
    n
        Patients behind the figure; None where the source does not say.
    count, count_kind
        Whole number and what it counts; None where there is none.
    value
        The figure in `unit`; NaN where it is a range, a count or words.
    sd
        Standard deviation of a mean, in `unit`.
    q1, q3
        Quartiles beside a median, in `unit`.
    low, high
        Ends of a range as the source gives it, in `unit`.
    value_text
        What no number holds.
    unit
        A unit of `calibration.evidence.UNITS`.
    ci_low, ci_high
        95 % confidence or credible interval of `value`, in `unit`.
    time_days
        Day that the figure is of, or to which it reaches.
    citation
        The source in full; empty for what is derived.
    doi, pmid, registry_id, url
        Identifiers of the source; empty where there is none. An address stands only where it is the
        source's own or there is no identifier.
    derived_from, derivation
        Rows that a derived figure was worked out from, and how.
    note
        What else a reader must know.
    """

    id: str
    topic: Topic
    quantity: str
    population: str
    arm: str
    n: int | None
    count: int | None
    count_kind: CountKind | None
    statistic: Statistic
    value: float
    sd: float
    q1: float
    q3: float
    low: float
    high: float
    value_text: str
    unit: str
    ci_low: float
    ci_high: float
    time_days: float
    citation: str
    doi: str
    pmid: str
    registry_id: str
    url: str
    status: EvidenceStatus
    derived_from: tuple[str, ...]
    derivation: str
    note: str

    @property
    def has_interval(self) -> bool:
        """Whether a confidence or credible interval is known."""
        return isfinite(self.ci_low) and isfinite(self.ci_high)

    @property
    def address(self) -> str:
        """Where the source is found: by its DOI, else its PMID, its registry, its own address."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        if self.pmid:
            return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/"
        if self.registry_id.startswith("NCT"):
            return f"https://clinicaltrials.gov/study/{self.registry_id}"
        return self.url


def works_behind(
    rows: Iterable[str], evidence: Mapping[str, EvidenceRow]
) -> tuple[EvidenceRow, ...]:
    """Return the published rows that rows are or are derived from, one row per work.

    A work stands under the first row of the evidence that cites it.
    """
    first: dict[str, EvidenceRow] = {}
    for row in evidence.values():
        first.setdefault(row.citation, row)
    found: dict[str, EvidenceRow] = {}
    left = list(rows)
    while left:
        row = evidence[left.pop(0)]
        if row.status is EvidenceStatus.PUBLISHED:
            found.setdefault(row.citation, first[row.citation])
        left = [*row.derived_from, *left]
    return tuple(found.values())


class Role(Enum):
    """How a parameter of the base case stands in a scenario."""

    KEY = "key"  # it is, or is one of, the values of keys
    OUTPUT = "output"  # it follows from others, and is no lever


@dataclass(frozen=True, repr=False)
class Parameter(Record):
    """A parameter of the base case, at one key.

    Attributes
    ----------
    parameter
        Its name; those of one name move together.
    stated
        Value and range as they are thought of: 0.85 (0.55 to 1.30).
    role, note
        Whether it is a key; if it is an output, the note says what it follows from.
    scenario
        Shipped scenario that has the base value; empty for an output.
    key
        Key path, items of lists by name; empty for an output.
    base
        Value of the key, or of the output.
    low, high
        The same where the parameter is at the low and at the high end of its range, so that `low`
        can be above `high`; NaN without a range.
    rows
        Rows of evidence behind it.
    status
        What the value is: published, derived or assumption. Its range is an assumption.
    """

    parameter: str
    stated: str
    role: Role
    scenario: str
    key: str
    base: Value
    low: float
    high: float
    rows: tuple[str, ...]
    status: SourceKind
    note: str

    @property
    def has_range(self) -> bool:
        """Whether there is a range to move it over."""
        return isfinite(self.low) and isfinite(self.high)
