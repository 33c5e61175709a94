"""The allocations of one simulated trial as one mapping and as text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from simulator.planning.candidate_schemes import CandidateScheme
from simulator.planning.sequence import Step, level_names
from simulator.report.tables import new_table, print_table
from simulator.report.version import program_version
from simulator.scenario.schema import Scenario


def sequence_summary(
    scenario: Scenario,
    candidate_scheme: CandidateScheme,
    seed: int,
    trial: int,
    steps: Sequence[Step],
) -> dict[str, Any]:
    """One trial's allocations."""
    arms = [arm.name for arm in scenario.arms]
    return {
        "scenario": scenario.name,
        "seed": seed,
        "trial": trial,
        "scheme": candidate_scheme.text,
        "version": program_version(),
        "arms": arms,
        "sequence": [
            {
                "patient": s.patient,
                "day": s.day,
                "stratum": level_names(scenario, np.array(s.levels)) if s.levels else "",
                "before": dict(zip(arms, s.before, strict=True)),
                "before_in_stratum": dict(zip(arms, s.before_in_stratum, strict=True)),
                "known": {
                    arm: {"survived": known[0], "died": known[1]}
                    for arm, known in zip(arms, s.known, strict=True)
                },
                "probability": {arms[0]: s.probability, arms[1]: 1.0 - s.probability},
                "draw": s.draw,
                "arm": arms[s.arm],
                "guess_right": s.right,
            }
            for s in steps
        ],
    }


def print_sequence(summary: dict[str, Any], console: Console) -> None:
    """Print a trial's allocations, a line a patient."""
    title = f"{summary['scenario']}: allocations of trial {summary['trial']}, seed "
    title += f"{summary['seed']}, under {summary['scheme']}"
    console.print(Text(title, style="bold"))
    first, second = summary["arms"]
    table = new_table(
        "patient",
        "day",
        "stratum",
        "before",
        "in stratum",
        "known dead",
        "known alive",
        f"P({first})",
        "draw",
        "arm",
        "guess",
        words=("stratum", "arm", "guess"),
    )
    for s in summary["sequence"]:
        known = s["known"]
        table.add_row(
            str(s["patient"]),
            f"{s['day']:.2f}",
            s["stratum"],
            _pair(s["before"]),
            _pair(s["before_in_stratum"]),
            f"{known[first]['died']} v {known[second]['died']}",
            f"{known[first]['survived']} v {known[second]['survived']}",
            f"{s['probability'][first]:.4f}",
            f"{s['draw']:.4f}",
            s["arm"],
            "-" if s["guess_right"] is None else "right" if s["guess_right"] else "wrong",
        )
    print_table(table, console)
    console.print(
        f"the draw gives {first} below P({first}); guess: of the arm behind in the stratum"
    )


def _pair(counts: dict[str, int]) -> str:
    return " v ".join(map(str, counts.values()))
