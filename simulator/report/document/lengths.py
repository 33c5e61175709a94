"""The same justification as a paragraph, as a page and in full."""

from collections.abc import Sequence

from simulator.report.document.assumptions import assumption_blocks, main_assumptions
from simulator.report.document.blocks import Block, Heading, Paragraph, literal
from simulator.report.document.events import event_blocks, loss_sentence
from simulator.report.document.feasibility import (
    SCARCE,
    feasibility_blocks,
    on_time_sentence,
    plasma_sentence,
    recruitment_sentence,
    sessions_sentence,
    target_sentence,
)
from simulator.report.document.figures import pictures
from simulator.report.document.limits import limit_blocks, no_result_sentence
from simulator.report.document.material import Material, primary, test_in_words
from simulator.report.document.numbers import count, uncapital, whole_percent
from simulator.report.document.outcome import (
    analysis_sentence,
    analysis_source,
    difference_blocks,
    difference_sentence,
    effect_sentence,
    effect_status,
    estimand_table,
    no_effect_words,
    other_analyses,
    outcome_sentence,
    registry_words,
)
from simulator.report.document.rejections import (
    planned_words,
    power_blocks,
    power_heading,
    power_sentence,
    power_table,
    size_words,
    wrong_sign_sentence,
)
from simulator.report.document.simulation import simulation_blocks
from simulator.report.document.size import consequence, formula_blocks, size_blocks
from simulator.report.document.sweeps import sweep_blocks
from simulator.report.document.verdict import (
    is_power,
    judgement,
    mortality_words,
    rate,
    rate_name,
)

_PAGE_METHOD = (
    "Intervals tell of Monte Carlo error alone, not of doubt about the assumptions. This page "
    "follows DELTA2 [@delta2], the simulation ADEMP [@ademp]."
)


def _joined(words: Sequence[str]) -> str:
    return " ".join(filter(None, words))


def paragraph_text(material: Material) -> str:
    """Return the justification as one paragraph, for the box of a form."""
    first = primary(material)
    level = whole_percent(first["alpha"])
    variable = first["estimand_attributes"]["variable"]
    if is_power(material):
        first_words, effect = [], f" for the effect assumed, {_effect_in_short(material)}"
    else:
        first_words, effect = [no_effect_words(material)], ""
    words = [
        *first_words,
        f"The primary outcome, {literal(variable)}, is analysed by {test_in_words(first)} at a "
        f"two-sided level of {level}.",
        f"With {planned_words(material)}, {count(first['trials'])} simulated trials (seed "
        f"{material.power['seed']}, trialsim {literal(material.power['version'])}) give a "
        f"{rate_name(material)} of {rate(material, first, error=False)}{effect}.",
        judgement(material),
        consequence(material, short=True),
        effect_status(material),
        loss_sentence(material, short=True),
        recruitment_sentence(material),
        target_sentence(material),
        on_time_sentence(material),
        plasma_sentence(material, least=SCARCE, short=True),
    ]
    return _joined(words)


def _effect_in_short(material: Material) -> str:
    return f"mortality of {mortality_words(material)}"


def page_blocks(material: Material) -> tuple[Block, ...]:
    """Return the justification as about a page, with one table."""
    recruitment = [
        recruitment_sentence(material, error=True),
        target_sentence(material),
        on_time_sentence(material),
        sessions_sentence(material),
        plasma_sentence(material, short=True),
    ]
    power = [
        power_sentence(material),
        wrong_sign_sentence(material),
        no_result_sentence(material),
    ]
    if is_power(material):
        difference = [effect_sentence(material), difference_sentence(material)]
    else:
        difference = [no_effect_words(material)]
    return (
        Heading("Primary outcome and analysis"),
        Paragraph(
            _joined(
                [
                    _registered(material).replace(" [@registry]", ""),
                    outcome_sentence(material),
                    analysis_sentence(material),
                ]
            )
        ),
        Heading("Target difference and assumptions"),
        Paragraph(_joined([*difference, main_assumptions(material)])),
        Heading(f"Size and {uncapital(power_heading(material))}"),
        Paragraph(_joined(power)),
        power_table(material, short=True),
        Heading("Loss to follow-up, recruitment and feasibility"),
        Paragraph(_joined([loss_sentence(material, short=True), *recruitment, _PAGE_METHOD])),
    )


def _registered(material: Material) -> str:
    record = registry_words(material)
    return f"The trial is registered as {record}." if record else ""


def full_blocks(material: Material) -> tuple[Block, ...]:
    """Return everything: DELTA2's items, then the simulation by ADEMP."""
    blocks: list[Block] = [
        Heading("Summary"),
        Paragraph(paragraph_text(material)),
        *_design(material),
        *_size_and_power(material),
        *_conduct(material),
        *_varied(material),
        Heading("Limits"),
        *limit_blocks(material),
        Heading("The simulation"),
        *simulation_blocks(material),
        *pictures(material, "meld"),
    ]
    return tuple(blocks)


def _design(material: Material) -> list[Block]:
    order = "This justification follows the order of DELTA2 [@delta2]."
    return [
        Heading("Primary outcome"),
        Paragraph(
            _joined(
                [
                    order,
                    _registered(material),
                    outcome_sentence(material),
                    "[#estimand] has its estimand in terms of ICH E9(R1) [@e9].",
                ]
            )
        ),
        estimand_table(material),
        Heading("Analysis"),
        Paragraph(
            _joined(
                [analysis_sentence(material), analysis_source(material), other_analyses(material)]
            )
        ),
        Heading("Target difference"),
        *difference_blocks(material),
        *pictures(material, "survival"),
        Heading("Assumptions"),
        *assumption_blocks(material),
    ]


def _size_and_power(material: Material) -> list[Block]:
    return [
        Heading("Sample size"),
        Paragraph(f"The plan is for {size_words(material)}."),
        *pictures(material, "flow"),
        Heading(power_heading(material)),
        *power_blocks(material),
    ]


def _conduct(material: Material) -> list[Block]:
    return [
        Heading("Loss to follow-up and other intercurrent events"),
        *event_blocks(material),
        Heading("Recruitment and feasibility"),
        *feasibility_blocks(material),
        *pictures(material, "recruitment", "sessions"),
    ]


def _varied(material: Material) -> list[Block]:
    found: list[Block] = [
        *sweep_blocks(material),
        *pictures(material, "power_curve", "heat_map"),
        *size_blocks(material),
        *pictures(material, "size"),
    ]
    if not found:
        return formula_blocks(material, 1)
    return [Heading("What was varied"), *found, *formula_blocks(material, 2)]
