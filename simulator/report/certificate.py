"""A certificate of level as one mapping and as text."""

from typing import Any

from rich.console import Console
from rich.text import Text

from simulator.planning.certificate import CONFIDENCE, Certificate
from simulator.report.tables import new_table, print_table
from simulator.report.version import program_version


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
            {
                **level._asdict(),
                "exact": level.exact and level.exact._asdict(),
                "at": level.at._asdict(),
                "verdict": level.verdict,
            }
            for level in certificate.levels
        ],
    }


def print_certificate(summary: dict[str, Any], console: Console) -> None:
    """Print the levels and what they cover."""
    family = summary["family"]
    console.print(Text(f"{summary['scenario']}: certificate of level", style="bold"))
    columns = "level", "exact", "at mortality", "simulated", "+-", "bound"
    table = new_table("Analysis", *columns, "verdict", words=("Analysis", "verdict"))
    for level in summary["levels"]:
        exact = level["exact"]
        table.add_row(
            level["name"],
            f"{level['alpha']:g}",
            f"{exact['probability']:.4f}" if exact else "-",
            f"{exact['at']:.3f}" if exact else "-",
            f"{level['simulated']:.4f}",
            f"{level['mcse']:.4f}",
            f"{level['high']:.4f}",
            level["verdict"],
        )
    print_table(table, console)
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
