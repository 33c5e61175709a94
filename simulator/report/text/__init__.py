"""Answers as pages of text, for a terminal or for a run's summary.txt.

An answer has sections, each declared once with its name; the full text is all of them. Answers that
are long have a screen as well, which is made of the same answer.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from simulator.report.text.allocation import ALLOCATION_SECTIONS
from simulator.report.text.assurance import ASSURANCE_SECTIONS
from simulator.report.text.assurance_screen import assurance_screen
from simulator.report.text.baseline import BASELINE_SECTIONS, baseline_screen
from simulator.report.text.calibration import CALIBRATION_SECTIONS, calibration_screen
from simulator.report.text.certificate import CERTIFICATE_SECTIONS
from simulator.report.text.comparison import COMPARISON_SECTIONS
from simulator.report.text.design import DESIGN_SECTIONS, design_screen
from simulator.report.text.evidence import EVIDENCE_SECTIONS, evidence_screen
from simulator.report.text.exact import EXACT_SECTIONS
from simulator.report.text.levers import LEVER_SECTIONS, levers_screen
from simulator.report.text.page import Block, Section, apart, as_text, print_blocks
from simulator.report.text.power import POWER_SECTIONS
from simulator.report.text.power_screen import power_screen
from simulator.report.text.prior import PRIOR_SECTIONS, prior_screen
from simulator.report.text.sequence import SEQUENCE_SECTIONS
from simulator.report.text.size import SIZE_SECTIONS
from simulator.report.text.sweep import SWEEP_SECTIONS, sweep_screen
from simulator.report.text.trace import TRACE_SECTIONS
from simulator.results import (
    Allocation,
    AllocationSequence,
    Answer,
    Assurance,
    BaselineHazard,
    Calibration,
    Certificate,
    Comparison,
    DesignSearch,
    Evidence,
    Exact,
    Levers,
    Power,
    Prior,
    Size,
    Sweep,
    Trace,
)

SECTIONS: dict[type[Answer], tuple[Section, ...]] = {
    Power: POWER_SECTIONS,
    Sweep: SWEEP_SECTIONS,
    Size: SIZE_SECTIONS,
    Trace: TRACE_SECTIONS,
    Allocation: ALLOCATION_SECTIONS,
    AllocationSequence: SEQUENCE_SECTIONS,
    Exact: EXACT_SECTIONS,
    Certificate: CERTIFICATE_SECTIONS,
    Comparison: COMPARISON_SECTIONS,
    Calibration: CALIBRATION_SECTIONS,
    BaselineHazard: BASELINE_SECTIONS,
    Prior: PRIOR_SECTIONS,
    Assurance: ASSURANCE_SECTIONS,
    Levers: LEVER_SECTIONS,
    DesignSearch: DESIGN_SECTIONS,
    Evidence: EVIDENCE_SECTIONS,
}

SCREENS: dict[type[Answer], Callable[[Any, int, Path | None], list[Block]]] = {
    Power: power_screen,
    Sweep: sweep_screen,
    Calibration: calibration_screen,
    BaselineHazard: baseline_screen,
    Prior: prior_screen,
    Assurance: assurance_screen,
    Levers: levers_screen,
    DesignSearch: design_screen,
    Evidence: evidence_screen,
}


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
    screen = SCREENS.get(type(answer))
    if screen is None or full:
        print_blocks(_full(answer), console)
    else:
        print_blocks(screen(answer, console.width, run), console)


def sections_of(answer: Answer) -> dict[str, list[Block]]:
    """Return the sections that an answer has something of, by name, in their order."""
    found = {section.name: list(section.blocks(answer)) for section in SECTIONS[type(answer)]}
    return {name: blocks for name, blocks in found.items() if blocks}


def _full(answer: Answer) -> Iterator[Block]:
    return apart(sections_of(answer).values())
