"""Answers as pages of text, for a terminal or for a run's summary.txt.

An answer has sections, each declared once with its name; the full text is all of them. Answers that
are long have a screen as well, which is made of the same answer.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from simulator.named import Late
from simulator.report.text.page import Block, Section, apart, as_text, print_blocks
from simulator.results import Answer

Screen = Callable[[Any, int, Path | None], list[Block]]

# By the kind of answer; imported when one of that kind is shown.
SECTIONS: Mapping[str, tuple[Section, ...]] = Late(
    {
        "power": "simulator.report.text.power:POWER_SECTIONS",
        "sweep": "simulator.report.text.sweep:SWEEP_SECTIONS",
        "size": "simulator.report.text.size:SIZE_SECTIONS",
        "trace": "simulator.report.text.trace:TRACE_SECTIONS",
        "allocation": "simulator.report.text.allocation:ALLOCATION_SECTIONS",
        "allocation_sequence": "simulator.report.text.sequence:SEQUENCE_SECTIONS",
        "boundaries": "simulator.report.text.boundaries:BOUNDARY_SECTIONS",
        "monitor": "simulator.report.text.interim:INTERIM_SECTIONS",
        "exact": "simulator.report.text.exact:EXACT_SECTIONS",
        "certificate": "simulator.report.text.certificate:CERTIFICATE_SECTIONS",
        "comparison": "simulator.report.text.comparison:COMPARISON_SECTIONS",
        "calibration": "simulator.report.text.calibration:CALIBRATION_SECTIONS",
        "baseline": "simulator.report.text.baseline:BASELINE_SECTIONS",
        "prior": "simulator.report.text.prior:PRIOR_SECTIONS",
        "assurance": "simulator.report.text.assurance:ASSURANCE_SECTIONS",
        "levers": "simulator.report.text.levers:LEVER_SECTIONS",
        "design": "simulator.report.text.design:DESIGN_SECTIONS",
        "evidence": "simulator.report.text.evidence:EVIDENCE_SECTIONS",
    }
)

SCREENS: Mapping[str, Screen] = Late(
    {
        "power": "simulator.report.text.power_screen:power_screen",
        "sweep": "simulator.report.text.sweep:sweep_screen",
        "calibration": "simulator.report.text.calibration:calibration_screen",
        "baseline": "simulator.report.text.baseline:baseline_screen",
        "prior": "simulator.report.text.prior:prior_screen",
        "monitor": "simulator.report.text.interim:interim_screen",
        "assurance": "simulator.report.text.assurance_screen:assurance_screen",
        "levers": "simulator.report.text.levers:levers_screen",
        "design": "simulator.report.text.design:design_screen",
        "evidence": "simulator.report.text.evidence:evidence_screen",
    }
)


def full_text(answer: Answer) -> str:
    """Return the whole text of an answer, as a run's summary.txt holds it."""
    return as_text(_full(answer))


def print_answer(
    answer: Answer, console: Console, *, full: bool = False, run: Path | None = None
) -> None:
    """Print what a command answers: its screen or, of an answer that has none, the full text.

    Parameters
    ----------
    full
        The full text in any case.
    run
        The folder in which the answer is kept.
    """
    screen = SCREENS.get(answer.KIND)
    if screen is None or full:
        print_blocks(_full(answer), console)
    else:
        print_blocks(screen(answer, console.width, run), console)


def sections_of(answer: Answer) -> dict[str, list[Block]]:
    """Return the sections that an answer has something of, by name, in their order."""
    found = {section.name: list(section.blocks(answer)) for section in SECTIONS[answer.KIND]}
    return {name: blocks for name, blocks in found.items() if blocks}


def _full(answer: Answer) -> Iterator[Block]:
    return apart(sections_of(answer).values())
