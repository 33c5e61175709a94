"""A certificate of level as one mapping and as text."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.planning.certificate import CONFIDENCE, Certificate
from simulator.report.summary import program_version


def certificate_summary(certificate: Certificate, name: str, seed: int) -> dict[str, Any]:
    """Everything that a certificate says."""
    cells = certificate.cells
    return {
        "scenario": name,
        "seed": seed,
        "version": program_version(),
        "trials_per_cell": certificate.trials,
        "confidence": CONFIDENCE,
        "family": {
            "mortality": sorted({cell.mortality for cell in cells}),
            "weibull_shape": sorted({cell.shape for cell in cells}),
            "loss": sorted({cell.loss for cell in cells}),
            "cells": len(cells),
        },
        "refused": [{**cell._asdict(), "reason": reason} for cell, reason in certificate.refused],
        "levels": [
            {**level._asdict(), "at": level.at._asdict(), "verdict": level.verdict}
            for level in certificate.levels
        ],
    }


def print_certificate(summary: dict[str, Any], console: Console) -> None:
    """Print the levels and what they cover."""
    family = summary["family"]
    console.print(Text(f"{summary['scenario']}: certificate of level", style="bold"))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Analysis", no_wrap=True)
    for heading in ("level", "exact", "at mortality", "simulated", "+-", "bound", "verdict"):
        table.add_column(heading, justify="left" if heading == "verdict" else "right")
    for level in summary["levels"]:
        known = level["exact_size"] is not None
        table.add_row(
            level["name"],
            f"{level['alpha']:g}",
            f"{level['exact_size']:.4f}" if known else "-",
            f"{level['exact_at']:.3f}" if known else "-",
            f"{level['simulated']:.4f}",
            f"{level['mcse']:.4f}",
            f"{level['high']:.4f}",
            level["verdict"],
        )
    console.print(table)
    listed = {key: ", ".join(f"{x:g}" for x in family[key]) for key in list(family)[:3]}
    console.print(
        "\nexact: largest type I error over every common mortality from 0 to 1, at the planned "
        "sizes of the arms, nobody lost.\nsimulated: largest among "
        f"{family['cells']} cells under the strong null hypothesis, {summary['trials_per_cell']:,} "
        f"trials each: mortality {listed['mortality']}; Weibull shape {listed['weibull_shape']}; "
        f"loss {listed['loss']}; all else as the scenario has it. bound: of the largest, "
        f"{summary['confidence']:.0%} confidence for all cells together. Nothing is said of other "
        "values."
    )
    for cell in summary["refused"]:
        console.print(
            f"Not simulated: mortality {cell['mortality']:g}, shape {cell['shape']:g}, loss "
            f"{cell['loss']:g}: {cell['reason']}."
        )
