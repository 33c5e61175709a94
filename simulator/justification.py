"""The justification of a sample size: answers and what closed forms add, handed to the writers."""

import datetime
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from simulator.analysis import estimand_attributes, plans_of
from simulator.declarations.estimands import day_of
from simulator.declarations.keys import value_at
from simulator.planning.detectable import detectable
from simulator.planning.facts import facts_of
from simulator.planning.formulas import closed_forms
from simulator.planning.reconcile import Reconciled, reconcile
from simulator.planning.recruitable import recruitable
from simulator.report.document.dossier import (
    EVIDENCE,
    REGISTRY,
    Dossier,
    Provenance,
    ScenarioValue,
)
from simulator.report.document.justification import justification
from simulator.report.pictures import (
    KINDS,
    Kinds,
    Pictures,
    draw_power,
    draw_size,
    draw_sweep,
    recruitment_plan,
)
from simulator.results import Power, Size, Sweep
from simulator.results.evidence import works_behind
from simulator.results.reconciled import Recruitable
from simulator.results.sources import Source, SourceKind
from simulator.scenario.schema import Scenario
from simulator.store import Question, folder_written_aside

Length = Literal["paragraph", "page", "full"]
Kind = Literal["docx", "html"]
LEAST_TRIALS = 100  # below it nothing is judged
_PICTURE = {"docx": "png", "html": "svg"}  # what each kind of document shows


def write_justification(
    path: Path,
    power: Power,
    more: Sequence[Sweep | Size],
    question: Question,
    *,
    kind: Kind | None = None,
    length: Length = "full",
    provenance: Provenance | None = None,
    target_power: float | None = None,
    overwrite: bool = True,
) -> Path:
    """Write the justification of a sample size.

    It bears the date of its writing or, where the environment has SOURCE_DATE_EPOCH, that: the same
    answers then give the same bytes.

    Parameters
    ----------
    power, more
        Answers of `power`, and of `sweep` and `size` that are to be told of.
    question
        That `power` answers: it holds the scenario in full, and the source of each value.
    kind
        docx or html; what the path ends in, if None.
    length
        A paragraph, a page or all, with figures.
    provenance
        How the answer was made, where that is known.
    target_power
        Power that the design is to have; that of the answers (`planning.reconcile`), if None.
    overwrite
        Whether a file that is there is replaced, once the new one is complete.

    Raises
    ------
    FileExistsError
        If it is there and is not to be replaced.
    ImportError
        If a library that it needs is not installed.
    ValueError
        If the kind is unknown, the answer rests on too few trials to justify anything, or
        SOURCE_DATE_EPOCH is no time.
    """
    chosen = kind or path.suffix.removeprefix(".")
    if chosen not in _PICTURE:
        raise ValueError(f"path = {path}: must end in .docx or .html")
    if power.trials < LEAST_TRIALS:
        raise ValueError(
            f"power: has {power.trials} trials, of which a justification needs {LEAST_TRIALS}"
        )
    made = replace(provenance or Provenance(), made=date_of_writing())
    if chosen == "docx":
        from simulator.report.document.word import write_word as write
    else:
        from simulator.report.document.html import write_html as write
    agreed = _agreed(power, more, question.scenario, target_power)
    with tempfile.TemporaryDirectory() as folder:
        pictures: Pictures = {}
        if length == "full":
            shown = (_PICTURE[chosen],)
            pictures = _drawn(agreed.power, agreed.more, question.scenario, Path(folder), shown)
        dossier = dossier_of(agreed, question, pictures, made)
        write(justification(dossier, length), path, replace=overwrite)
    return path


def date_of_writing() -> datetime.datetime:
    """Return the present time (UTC) or, where it is set, SOURCE_DATE_EPOCH, for the same bytes.

    Raises
    ------
    ValueError
        If that is no number of seconds.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given is None:
        return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    try:
        return datetime.datetime.fromtimestamp(int(given), datetime.UTC)
    except (ValueError, OverflowError, OSError) as error:
        rule = "must be a whole number of seconds since 1970"
        raise ValueError(f"SOURCE_DATE_EPOCH = {given}: {rule}") from error


def write_figures(
    folder: Path,
    power: Power,
    more: Sequence[Sweep | Size],
    scenario: Mapping[str, Any],
    target_power: float | None = None,
    *,
    overwrite: bool = True,
) -> Path:
    """Write every figure of the answers, and its caption, into a folder, which is made.

    A folder that is there is replaced as a whole, once all figures are drawn; files of other names
    in it are kept.

    Raises
    ------
    FileExistsError
        If it is there and is not to be replaced.
    """
    agreed = _agreed(power, more, scenario, target_power)
    with folder_written_aside(folder, replace=overwrite) as aside:
        draw_power(agreed.power, recruitment_plan(scenario), aside)
        for number, answer in enumerate(agreed.more):
            own = aside / str(number) if number else aside
            own.mkdir(exist_ok=True)
            _draw(answer, own)
    return folder


def _agreed(
    power: Power,
    more: Sequence[Sweep | Size],
    scenario: Mapping[str, Any],
    target_power: float | None,
) -> Reconciled:
    """The answers with one target and one estimate of the plan, whose size is the power run's."""
    planned = scenario["trial"]["target_randomised"]
    told = [
        replace(it, own_value=planned) if isinstance(it, Size) and it.is_of_patients else it
        for it in more
    ]
    return reconcile(power, told, planned, target_power)


def dossier_of(
    agreed: Reconciled,
    question: Question,
    pictures: Pictures,
    provenance: Provenance,
) -> Dossier:
    """Gather what a justification is written from: answers that agree, and what formulas add."""
    scenario = question.scenario
    facts = facts_of(scenario, 0, agreed.power.operations)
    first, second = scenario["allocation"]["ratio"]
    patients = scenario["trial"]["target_randomised"]
    control = round(patients * first / (first + second))
    target = agreed.power.verdict.target_power
    return Dossier(
        power=_as_simulated(agreed.power, scenario),
        values=tuple(
            ScenarioValue(key, value_at(scenario, key), source, _works(source, question))
            for key, source in ((key, question.source(key)) for key in question.sources)
        ),
        sweeps=tuple(answer for answer in agreed.more if isinstance(answer, Sweep)),
        sizes=tuple(answer for answer in agreed.more if isinstance(answer, Size)),
        pictures=pictures,
        provenance=provenance,
        run=agreed.run,
        needed=agreed.needed,
        recruitable=_recruitable(question, agreed),
        other_targets=agreed.other_targets,
        closed_forms=closed_forms(facts, target),
        detectable=detectable(facts, (control, patients - control), target),
        evidence=question.evidence_rows,
    )


def _works(source: Source, question: Question) -> dict[str, tuple[str, ...]]:
    """Return the keys of the works behind each row that a source names."""
    rows, own = question.evidence_rows, question.scenario["trial"]["registry_id"]
    return {
        name: tuple(
            REGISTRY if row.registry_id and row.registry_id == own else f"{EVIDENCE}{row.id}"
            for row in works_behind((name,), rows)
        )
        for name in source.rows
    }


def _recruitable(question: Question, agreed: Reconciled) -> Recruitable | None:
    """Patients who can be recruited; None where the program's default is all that limits them."""
    key = "trial.max_recruitment_days"
    if key in question.sources and question.source(key).kind is SourceKind.DEFAULT:
        return None
    return recruitable(question.scenario, agreed.power.operations, agreed.search)


def _as_simulated(power: Power, scenario: Mapping[str, Any]) -> Power:
    """Return an answer whose outcomes do not name transplantation where nobody is transplanted."""
    if value_at(scenario, "exits.transplant.net_probability"):
        return power
    asked, analyses = Scenario.of_plain(scenario), list(power.analyses)
    plans, trial = plans_of(asked), asked.trial
    for place, plan in enumerate(plans):
        if plan.transplant == "event":
            days = day_of(plan, plans, trial.follow_up_days, trial.longest_follow_up_days)
            bare = plan._replace(transplant="ignored")
            words = estimand_attributes(bare, days, power.arms, plans)
            outcome = replace(
                analyses[place].estimand_attributes,
                variable=words["variable"],
                summary=words["summary"],
                transplant="none is simulated",
            )
            analyses[place] = replace(analyses[place], estimand_attributes=outcome)
    return replace(power, analyses=tuple(analyses))


def _drawn(
    power: Power,
    more: Sequence[Sweep | Size],
    scenario: Mapping[str, Any],
    folder: Path,
    kinds: Kinds,
) -> Pictures:
    """Draw the figures of every answer; of several of a kind the first is shown."""
    found = dict(draw_power(power, recruitment_plan(scenario), folder, kinds))
    for number, answer in enumerate(more):
        own = folder / str(number)
        own.mkdir()
        for name, paths in _draw(answer, own, kinds).items():
            found.setdefault(name, paths)
    return found


def _draw(answer: Sweep | Size, folder: Path, kinds: Kinds = KINDS) -> Pictures:
    if isinstance(answer, Sweep):
        return draw_sweep(answer, folder, kinds)
    return draw_size(answer, folder, kinds)
