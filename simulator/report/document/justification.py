"""The justification of a sample size, in the order of DELTA2 and then of ADEMP."""

from typing import Literal

from simulator.report.document.assumptions import assumption_blocks, main_assumptions
from simulator.report.document.blocks import (
    Block,
    Document,
    Heading,
    Paragraph,
    literal,
    pointed_at,
    printable,
)
from simulator.report.document.checklist import checklist_blocks
from simulator.report.document.committee import committee_blocks
from simulator.report.document.dossier import Dossier, date_in_words, switched_off
from simulator.report.document.feasibility import (
    feasibility_blocks,
    plasma_sentence,
    recruitment_in_short,
    sessions_sentence,
)
from simulator.report.document.figure_citations import FIGURE, shown_in
from simulator.report.document.figures import pictures
from simulator.report.document.held_out import at_odds_sentence
from simulator.report.document.inputs import effect_status, interim_status
from simulator.report.document.limits import limit_blocks
from simulator.report.document.looks import interim_sentence, look_blocks
from simulator.report.document.losses import event_blocks, loss_in_short
from simulator.report.document.numbers import joined, uncapital
from simulator.report.document.outcome import (
    analysis_sentence,
    analysis_source,
    difference_blocks,
    difference_sentence,
    effect_sentence,
    estimand_table,
    no_effect_sentence,
    other_analyses,
    outcome_sentence,
)
from simulator.report.document.paragraph import paragraph
from simulator.report.document.planned_size import (
    limit_sentence,
    size_in_words,
    size_origin_sentence,
)
from simulator.report.document.power import (
    not_analysable_sentence,
    other_targets_sentence,
    power_blocks,
    power_heading,
    power_sentence,
    power_table,
    type_s_and_m_sentence,
)
from simulator.report.document.simulation import simulation_blocks
from simulator.report.document.size_search import comparison_blocks, size_blocks
from simulator.report.document.sweeps import sensitivity_sentence, sweep_blocks
from simulator.report.document.trial_end import end_in_short
from simulator.report.document.works import references

Length = Literal["paragraph", "page", "full"]

_PAGE_METHOD = (
    "Intervals (CI) reflect Monte Carlo error only, not uncertainty in the assumptions. This page "
    "follows DELTA2 [@delta2], the simulation ADEMP [@ademp]. Why the difference matters to "
    "patients is for the applicants to add."
)


def justification(dossier: Dossier, length: Length) -> Document:
    """Write the justification of a trial's size.

    Parameters
    ----------
    dossier
        Results that it rests on.
    length
        `paragraph` for the box of a form, `page` for an application, `full` for its appendix.
    """
    power, blocks = dossier.power, tuple[Block, ...]()
    if length == "paragraph":
        blocks = (Paragraph(paragraph(dossier)),)
    elif length == "page":
        blocks = _page(dossier)
    else:
        blocks = _full(dossier)
    drawn = _figures(dossier, blocks) if length == "full" else ()
    works = references(dossier, (*blocks, *drawn))
    if works.entries:
        blocks = (*blocks, Heading("References", is_numbered=False), works)
    blocks = (*blocks, *drawn)
    return Document(
        "Sample size justification",
        blocks,
        subtitle=printable(power.title),
        byline=_byline(dossier),
        made=dossier.provenance.made,
        is_compact=length == "page",
        has_contents=length == "full",
    )


def _byline(dossier: Dossier) -> str:
    """Say when the document was made, and from what."""
    power, made = dossier.power, dossier.provenance.made
    date = "" if made is None else date_in_words(made.date())
    of = f"scenario {printable(power.scenario)}, trialsim {printable(power.version)}"
    return ", ".join(filter(None, (date, of)))


def _page(dossier: Dossier) -> tuple[Block, ...]:
    """Return the justification as one page, with one table."""
    power, o = dossier.power, dossier.power.operations
    registered = _registered(dossier, cite=False)
    outcome = [registered, outcome_sentence(power), analysis_sentence(power)]
    if power.verdict.is_power:
        difference = [effect_sentence(power), difference_sentence(dossier), effect_status(dossier)]
    else:
        difference = [no_effect_sentence(power)]
    found = [
        size_origin_sentence(dossier),
        end_in_short(power),
        power_sentence(dossier),
        type_s_and_m_sentence(power),
        not_analysable_sentence(power),
        at_odds_sentence(dossier),
        sensitivity_sentence(dossier) if power.verdict.is_power else "",
        interim_sentence(power),
        other_targets_sentence(dossier),
        "[#power] has the other analyses too." if power.analyses[1:] else "",
    ]
    conduct = [
        loss_in_short(dossier),
        recruitment_in_short(dossier),
        sessions_sentence(o),
        plasma_sentence(o, short=True),
        _PAGE_METHOD,
    ]
    return (
        Heading("Primary outcome and analysis"),
        Paragraph(joined(outcome)),
        Heading("Target difference and assumptions"),
        Paragraph(joined([*difference, main_assumptions(dossier)])),
        Heading(f"Size and {uncapital(power_heading(power))}"),
        Paragraph(joined(found)),
        *([power_table(dossier, short=True)] if power.analyses[1:] else []),
        Heading("Loss to follow-up, recruitment and feasibility"),
        Paragraph(joined(conduct)),
    )


def _registered(dossier: Dossier, *, cite: bool = True) -> str:
    """Say where the trial is registered; empty where it is not."""
    found = dossier.value("trial.registry_id")
    if switched_off(found):
        return ""
    return f"The trial is registered as {literal(found)}{' [@registry]' if cite else ''}."


def _full(dossier: Dossier) -> tuple[Block, ...]:
    """Return everything: DELTA2's items, the simulation by ADEMP, and the checklists of both."""
    blocks: tuple[Block, ...] = (
        Heading("Summary", name="section-summary"),
        Paragraph(paragraph(dossier)),
        *_design(dossier),
        *_size_and_power(dossier),
        *look_blocks(dossier.power, shown_in(dossier, "looks", "stops"), interim_status(dossier)),
        *committee_blocks(dossier),
        *_conduct(dossier),
        *_sensitivity(dossier),
        Heading("Limits", name="section-limits"),
        *limit_blocks(dossier),
        Heading("The simulation", name="section-simulation"),
        *simulation_blocks(dossier),
    )
    return (*blocks, *checklist_blocks(dossier, (*blocks, *_figures(dossier, blocks))))


def _figures(dossier: Dossier, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the figures in the order in which the text cites them.

    They are together at the end: a figure that does not fit on a page of text leaves it half empty.
    """
    figures = [name for name in pointed_at(blocks) if name.startswith(FIGURE)]
    drawn = pictures(dossier, *(name.removeprefix(FIGURE) for name in figures))
    return (Heading("Figures", is_numbered=False), *drawn) if drawn else ()


def _design(dossier: Dossier) -> list[Block]:
    power = dossier.power
    outcome = [
        "This justification follows the order of DELTA2 [@delta2].",
        _registered(dossier),
        outcome_sentence(power),
        "[#estimand] gives its estimand in terms of ICH E9(R1) [@e9].",
    ]
    analysis = [analysis_sentence(power), analysis_source(dossier), other_analyses(power)]
    return [
        Heading("Primary outcome", name="section-outcome"),
        Paragraph(joined(outcome)),
        estimand_table(power),
        Heading("Analysis", name="section-analysis"),
        Paragraph(joined(analysis)),
        Heading("Target difference", name="section-difference"),
        *difference_blocks(dossier),
        Heading("Assumptions", name="section-assumptions"),
        *assumption_blocks(dossier),
    ]


def _size_and_power(dossier: Dossier) -> list[Block]:
    plan = [
        f"The plan is for {size_in_words(dossier)}.",
        size_origin_sentence(dossier),
        limit_sentence(dossier),
        end_in_short(dossier.power),
    ]
    return [
        Heading("Sample size", name="section-size"),
        Paragraph(joined(plan)),
        Heading(power_heading(dossier.power), name="section-power"),
        *power_blocks(dossier),
    ]


def _conduct(dossier: Dossier) -> list[Block]:
    return [
        Heading("Loss to follow-up and other intercurrent events", name="section-events"),
        *event_blocks(dossier),
        Heading("Recruitment and feasibility", name="section-feasibility"),
        *feasibility_blocks(dossier),
    ]


def _sensitivity(dossier: Dossier) -> list[Block]:
    found: list[Block] = [
        *sweep_blocks(dossier),
        *size_blocks(dossier),
    ]
    if not found:
        return comparison_blocks(dossier, 1)
    heading = Heading("Sensitivity analyses", name="section-sensitivity")
    return [heading, *found, *comparison_blocks(dossier, 2)]
