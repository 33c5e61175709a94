"""What the numbers do not tell."""

from simulator.report.document.blocks import Block, Paragraph, literal
from simulator.report.document.feasibility import (
    SCARCE,
    is_slow,
    on_time_sentence,
    plasma_sentence,
    target_sentence,
)
from simulator.report.document.material import Material, arms, has_sessions, primary, value
from simulator.report.document.numbers import count, known, percent
from simulator.report.document.outcome import effect_sources
from simulator.report.document.verdict import is_power


def limit_blocks(material: Material) -> list[Block]:
    """Limits of the numbers and of the model, those alone that hold for this run."""
    groups = (
        [_monte_carlo(), _assumed(material), *_biases(material), _interrupted(material)],
        [_slow(material), _scarce(material)],
        _model(material),
    )
    return [Paragraph(text) for group in groups if (text := " ".join(filter(None, group)))]


def _monte_carlo() -> str:
    return (
        "Monte Carlo errors and intervals tell how well the simulation answers for the values "
        "given. They do not tell how true those values are."
    )


def _assumed(material: Material) -> str:
    assumed = [e for e in effect_sources(material) if "assumption" in (e["source"] or "assumption")]
    if not assumed or not is_power(material):
        return ""
    verb = "is an assumption" if len(assumed) == 1 else "are assumptions"
    return (
        f"Of the values behind the target difference {count(len(assumed))} {verb}, in whole or in "
        "part; another mortality or effect gives another power."
    )


def _biases(material: Material) -> list[str]:
    return [f"The trial is biased on purpose: {literal(b)}." for b in material.power["biases"]]


def _interrupted(material: Material) -> str:
    if not material.power["interrupted"]:
        return ""
    return (
        f"The run was stopped after {count(material.power['trials'])} trials, all of which count."
    )


def _slow(material: Material) -> str:
    if not is_slow(material):
        return ""
    words = [target_sentence(material), on_time_sentence(material)]
    return f"Recruitment is a risk. {' '.join(filter(None, words))}"


def _scarce(material: Material) -> str:
    return plasma_sentence(material, least=SCARCE)


def no_result_sentence(material: Material) -> str:
    """Say how many trials have no result in the primary analysis; empty where all have one."""
    first = primary(material)
    if not first["not_analysable"]:
        return ""
    reasons = "; ".join(f"{literal(why)}: {count(n)}" for why, n in first["reasons"].items())
    share = percent(first["not_analysable"] / first["trials"])
    return (
        f"No result comes of {count(first['not_analysable'])} of {count(first['trials'])} trials "
        f"({share}{f'; {reasons}' if reasons else ''}), which count as no rejection."
    )


def _model(material: Material) -> list[str]:
    """Limits of the model page that bear on what this scenario uses."""
    found = [
        "In the model loss, withdrawal and transplant do not depend on how ill a patient is, and "
        "the trial is analysed once, at its end."
    ]
    if known(slope := value(material, "hazard.log_hazard_ratio_per_meld_point")) and slope:
        found.append(
            "The hazard ratio a point of MELD was published for MELD at baseline and is used for "
            "MELD as it changes, an approximation."
        )
    if has_sessions(material):
        found.append(
            "Plasma has no blood groups, deliveries are independent from day to day, and sessions "
            "cause no infections."
        )
    if len(arms(material)) == 2 and is_power(material):
        found.append(
            "Power counts rejections in favour of either arm. This run does not show whether each "
            "analysis holds its level: one that rejects too often gains power by it."
        )
    return found
