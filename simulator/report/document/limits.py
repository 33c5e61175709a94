"""What the numbers of a simulation do not tell: limits of the run and of the model."""

from simulator.report.document.blocks import Block, Paragraph, literal
from simulator.report.document.dossier import Dossier
from simulator.report.document.feasibility import (
    SCARCE,
    is_slow,
    on_time_sentence,
    plasma_sentence,
    target_sentence,
)
from simulator.report.document.held_out import held_out_blocks
from simulator.report.document.inputs import effect_sources
from simulator.report.document.numbers import (
    count,
    joined,
    known,
)
from simulator.report.document.sources import is_assumed
from simulator.report.words import biases_in_words
from simulator.results.power import Power


def limit_blocks(dossier: Dossier) -> list[Block]:
    """Limits of the numbers and of the model, those alone that hold for this run."""
    power = dossier.power
    biases = biases_in_words(power.selection_bias, power.drift)
    groups = (
        [
            "Monte Carlo errors and intervals tell how well the simulation answers for the values "
            "given. They do not tell how true those values are.",
            _assumed(dossier),
            *(f"The trial is biased on purpose: {literal(bias)}." for bias in biases),
            _interrupted(power),
        ],
        [_slow(dossier), plasma_sentence(power.operations, least=SCARCE)],
        _limits_of_model(dossier),
    )
    told: list[Block] = [Paragraph(text) for group in groups if (text := joined(group))]
    return [*told, *held_out_blocks(dossier)]


def _assumed(dossier: Dossier) -> str:
    assumed = [entry for entry in effect_sources(dossier) if is_assumed(entry)]
    if not assumed or not dossier.power.verdict.is_power:
        return ""
    verb = "is an assumption" if len(assumed) == 1 else "are assumptions"
    return (
        f"Of the values behind the target difference {count(len(assumed))} {verb}, in whole or in "
        "part; another mortality or effect gives another power."
    )


def _interrupted(power: Power) -> str:
    if not power.interrupted:
        return ""
    return (
        f"The run was interrupted: these are the partial results of {count(power.trials)} trials."
    )


def _slow(dossier: Dossier) -> str:
    if not is_slow(dossier.power.operations):
        return ""
    words = joined([target_sentence(dossier), on_time_sentence(dossier)])
    return f"Recruitment is a risk. {words}"


def _analysed(power: Power) -> str:
    """Say when the trial is analysed."""
    if power.looks is None:
        return "the trial is analysed once, at its end"
    if not power.analyses[1:]:
        return "stopping rules are followed as they are written"
    return (
        "stopping rules are followed as they are written; an analysis that they do not look at is "
        "made once, at the actual end of the trial"
    )


def _limits_of_model(dossier: Dossier) -> list[str]:
    """Limits of the model page that bear on what this scenario uses."""
    power = dossier.power
    found = [
        "In the model loss, withdrawal and transplant do not depend on how ill a patient is, and "
        f"{_analysed(power)}."
    ]
    slope = dossier.value("hazard.log_hazard_ratio_per_meld_point")
    if known(slope) and slope:
        found.append(
            "The hazard ratio per point of MELD was published for MELD at baseline and is used for "
            "MELD as it changes, an approximation."
        )
    if power.operations.has_sessions:
        found.append(
            "Plasma has no blood groups, deliveries are independent from day to day, and sessions "
            "cause no infections."
        )
    if len(power.arms) == 2 and power.verdict.is_power:
        counted = "rejections in favour of either arm"
        if power.primary.hypothesis.sides == "one-sided":
            counted = "the trials that show what was asked, and no others"
        found.append(
            f"Power counts {counted}. The simulated trials do not show whether each analysis holds "
            "its level: one that rejects too often gains power by it."
        )
    return found
