"""Futility by predictive probability at the interim of a running trial."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulator.monitoring.futility import read_futility
from simulator.montecarlo.predictive_looks import probabilities
from simulator.planning.interim.asked import Asked
from simulator.planning.interim.file import ObservedFile
from simulator.planning.interim.looks import Now
from simulator.results.interim import LookTaken, Verdict


def judged_by_tables(
    file: ObservedFile, asked: Asked, taken: tuple[LookTaken, ...], now: Now, arms: Sequence[str]
) -> tuple[tuple[LookTaken, ...], Now]:
    """Return looks with the verdict of a rule that looks at the deaths of each arm, if it is one.

    Raises
    ------
    ScenarioError
        If these are not known.
    """
    looks = asked.looks
    goes_on = not now.final and now.verdict is Verdict.GO_ON
    if looks is None or looks.futility is None or not looks.futility.is_of_tables or not goes_on:
        return taken, now
    given = file.observed.arms or {}
    counts = [(given[name].deaths, given[name].followed_up) for name in arms if name in given]
    if len(counts) < len(arms) or any(None in pair for pair in counts):
        rule = f"futility is judged by {looks.futility.rule}, which counts the deaths of each arm"
        raise file.problem("arms", rule, "give deaths and followed_up of both arms")
    (found,) = probabilities(asked.plan, looks, np.array([counts], dtype=np.int64))
    if found >= read_futility(looks.futility.rule).values[0]:
        return taken, now
    last = replace(taken[-1], verdict=Verdict.FUTILITY)
    return (*taken[:-1], last), replace(now, verdict=Verdict.FUTILITY)
