"""Answers as pages of text, for a terminal or for a run's summary.txt."""

from collections.abc import Callable
from typing import Any

from rich.console import Console

from simulator.report.text.allocation import print_allocation, print_sequence
from simulator.report.text.certificate import print_certificate
from simulator.report.text.comparison import print_comparison
from simulator.report.text.exact import print_exact
from simulator.report.text.power import print_power
from simulator.report.text.size import print_size
from simulator.report.text.sweep import print_sweep
from simulator.report.text.trace import print_trace
from simulator.results import (
    Allocation,
    AllocationSequence,
    Answer,
    Certificate,
    Comparison,
    Exact,
    Power,
    Size,
    Sweep,
    Trace,
)

_PRINT: dict[type[Answer], Callable[[Any, Console], None]] = {
    Power: print_power,
    Sweep: print_sweep,
    Size: print_size,
    Trace: print_trace,
    Allocation: print_allocation,
    AllocationSequence: print_sequence,
    Exact: print_exact,
    Certificate: print_certificate,
    Comparison: print_comparison,
}


def print_answer(answer: Answer, console: Console) -> None:
    """Print an answer of any kind."""
    _PRINT[type(answer)](answer, console)
