"""What a justification is written from, and the facts in it by name."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.declarations.keys import matched
from simulator.report.document.blocks import literal
from simulator.report.document.numbers import capital, count, known, percent
from simulator.report.saved_picture import SavedPicture
from simulator.results.base import Value
from simulator.results.closed_forms import ClosedForms, DetectableDifference
from simulator.results.evidence import EvidenceRow
from simulator.results.operations import ByArm
from simulator.results.power import AnalysisPower, Power
from simulator.results.reconciled import NeededSize, QuotedRun, Recruitable
from simulator.results.size import Size
from simulator.results.sources import Source
from simulator.results.sweep import Sweep

REGISTRY = "registry"  # key of the trial's own record among the works cited
EVIDENCE = "evidence-"  # keys of works behind values begin so; then comes a row that cites the work


@dataclass(frozen=True)
class ScenarioValue:
    """A value of the scenario and where it comes from.

    `works` has the keys of the works behind each row of evidence that the source names.
    """

    key: str
    value: Value
    source: Source
    works: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Provenance:
    """How the runs were made, and when they are told of.

    Attributes
    ----------
    command, more
        Commands that made the run of power, and each of the sweeps and searches.
    versions
        Of the libraries, by name.
    """

    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    made: datetime.datetime | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dossier:
    """Results that a justification rests on. It is written from these; nothing is worked out.

    Parameters
    ----------
    power
        Of the trial as planned.
    values
        Every value of the scenario.
    sweeps, sizes
        Sensitivity analyses, and searches for a size.
    run
        That the power of the primary analysis as planned is quoted from; None: `power` itself.
    needed
        The number of patients that a search found beside the plan's, or None.
    recruitable
        How many patients can be recruited in the time allowed, or None.
    other_targets
        Target powers that runs were made for, other than the one that all is judged by.
    pictures
        Saved pictures with their captions, by what is shown.
    closed_forms
        Closed-form sample sizes, or None.
    detectable
        The smallest difference that the planned size detects, or None.
    evidence
        Rows of evidence that the values rest on, by id.
    """

    power: Power
    values: tuple[ScenarioValue, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    sizes: tuple[Size, ...] = ()
    pictures: Mapping[str, SavedPicture] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    run: QuotedRun | None = None
    needed: NeededSize | None = None
    recruitable: Recruitable | None = None
    other_targets: tuple[float, ...] = ()
    closed_forms: ClosedForms | None = None
    detectable: DetectableDifference | None = None
    evidence: Mapping[str, EvidenceRow] = field(default_factory=dict)

    def value(self, key: str) -> Value:
        """Return the value of a key of the scenario; None where it has none."""
        return next((entry.value for entry in self.values if entry.key == key), None)


def quoted_run(dossier: Dossier) -> QuotedRun:
    """Return the run that the power of the plan is quoted from."""
    power = dossier.power
    return dossier.run or QuotedRun(power.KIND, power.primary.trials, power.seed)


def plan_note(dossier: Dossier, name: str, trials: int) -> str:
    """Say where a table of another run, with fewer trials, has a row of the plan: what is quoted.

    Parameters
    ----------
    name, trials
        Analysis of the row, and the trials that it rests on.
    """
    best = next((a for a in dossier.power.analyses if a.name == name), None)
    if best is None or best.trials <= trials:
        return ""
    return (
        f"Numbers are of this run alone; the best estimate for the plan is "
        f"{percent(best.power, best.mcse)}, of {count(best.trials)} trials ([#power])."
    )


def matching(dossier: Dossier, pattern: str) -> list[ScenarioValue]:
    """Values whose key is of a pattern with stars, but for those that are switched off."""
    return [
        entry
        for entry in dossier.values
        if matched(pattern, entry.key) is not None and not switched_off(entry.value)
    ]


def switched_off(found: object) -> bool:
    """Whether a value says that a part of the model is not used."""
    return found is None or found in ("null", "")


def planned_patients(dossier: Dossier) -> int:
    """Return how many patients are to be randomised; without the values, how many were."""
    found = dossier.value("trial.target_randomised")
    return round(found if known(found) else dossier.power.operations.randomised.mean)


def planned_by_arm(dossier: Dossier) -> list[int] | None:
    """Patients by arm under the allocation ratio; None where it does not divide the number."""
    total, power = planned_patients(dossier), dossier.power
    ratio = [dossier.value(f"allocation.ratio[{place}]") for place in range(len(power.arms))]
    if not all(known(part) for part in ratio):
        ratio = [power.operations.patients[arm].mean for arm in power.arms]
    shares = [total * part / sum(ratio) for part in ratio]
    rounded = [round(share) for share in shares]
    return rounded if sum(rounded) == total and _close(shares, rounded) else None


def _close(shares: list[float], rounded: list[int]) -> bool:
    # Without a ratio the means of the run stand in, which are a little off.
    return all(abs(a - b) < 0.1 for a, b in zip(shares, rounded, strict=True))


def happens(by_arm: ByArm) -> bool:
    """Whether a mean is known and not zero in any arm."""
    return any(known(entry.mean) and entry.mean != 0 for entry in by_arm.values())


def test_in_short(analysis: AnalysisPower) -> str:
    """Name of a test in mid-sentence, with its article."""
    return literal(analysis.test.name)


def test_in_full(analysis: AnalysisPower) -> str:
    """Name of a test in mid-sentence, with its article and its details in brackets."""
    details = analysis.test.details
    words = test_in_short(analysis)
    return f"{words} ({literal(details)})" if details else words


def title(analysis: AnalysisPower) -> str:
    """Short name of a test for the first column of a table, and of the analysis in brackets."""
    return _named(analysis.test.label, analysis.name)


def full_title(analysis: AnalysisPower) -> str:
    """Full name of a test with its options for a list, and of the analysis in brackets."""
    return _named(analysis.test.full_label, analysis.name)


def _named(test: str, name: str) -> str:
    if test == name:
        return literal(name)
    says_the_same = name == re.sub(r"[\W_]+", "_", test.lower())
    return literal(capital(test) if says_the_same else f"{capital(test)} ({name})")


def title_of(power: Power, name: str) -> str:
    """Short name of an analysis for a table, by its own name; that name where the run has none."""
    found = next((a for a in power.analyses if a.name == name), None)
    return literal(name) if found is None else title(found)


def analysis_named(power: Power, name: str) -> str:
    """Return the test of an analysis in mid-sentence; its name where the run has none of it."""
    found = next((a for a in power.analyses if a.name == name), None)
    return literal(name) if found is None else test_in_short(found)


def date_in_words(found: object) -> str:
    """Return a date as in `31 December 2024`; anything else as it is."""
    try:
        date = datetime.date.fromisoformat(str(found))
    except ValueError:
        return literal(found)
    return f"{date.day} {date:%B} {date.year}"
