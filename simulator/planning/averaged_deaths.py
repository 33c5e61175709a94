"""The estimator that averages the deaths of each trial out, beside a run that counts."""

from dataclasses import replace
from typing import NamedTuple

from simulator.analysis import AnalysisPlan
from simulator.montecarlo.conditional import LEAST_TRIALS, PILOT_TRIALS, Conditional
from simulator.montecarlo.controls import MOST_PATIENTS, Controls
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.loop import TRIALS_PER_CHUNK
from simulator.montecarlo.open_unit import UnitResult
from simulator.params.types import Params
from simulator.results.power import Power
from simulator.scenario.schema import Scenario


class Refusal(NamedTuple):
    """Why the estimator cannot be had, and what to do instead."""

    rule: str
    remedy: str


def why_not(scenario: Scenario, engine: str, trials: int | None) -> Refusal | None:
    """Say why the estimator cannot be had of a scenario and trials, None where it can."""
    patients = scenario.trial.target_randomised
    if scenario.monitoring is not None:
        return Refusal(
            "averages over the deaths of a trial that goes on to its end, and looks may end it",
            "use counts, or set monitoring to null",
        )
    trial = scenario.trial
    if trial.end is not None or trial.longest_follow_up_days > trial.follow_up_days:
        key = "end" if trial.end is not None else "max_follow_up_days"
        return Refusal(
            "averages over the deaths of patients who are followed for trial.follow_up_days each",
            f"use counts, or set trial.{key} to null",
        )
    if engine != Engine.COMPILED:
        return Refusal(
            "takes the compiled engine, which runs each trial again without liver deaths",
            "leave --engine out",
        )
    if trials is not None and trials < LEAST_TRIALS:
        return Refusal(
            f"takes at least {LEAST_TRIALS:,} trials, of which the first {PILOT_TRIALS} only set "
            "its coefficients",
            "raise --trials, or use counts",
        )
    if patients > MOST_PATIENTS:
        return Refusal(
            f"takes at most {MOST_PATIENTS} patients, as it adds up all tables of deaths that a "
            f"trial can have: trial.target_randomised is {patients:,}",
            "use counts",
        )
    return None


class AveragedDeaths:
    """What follows a run, unit by unit, and stands beside its counts in the end."""

    def __init__(self, params: Params, plans: tuple[AnalysisPlan, ...]) -> None:
        self.controls = Controls(params, plans)
        self._sums = Conditional(self.controls.columns, self.controls.kinds)

    def add(self, unit: UnitResult) -> None:
        """Take in the unit that comes next."""
        assert unit.controls is not None
        self._sums.add(unit.verdicts.rejected, unit.controls)

    def precise_after(self, unit: UnitResult, standard_error: float) -> int | None:
        """Trials of the next unit after which an estimate of each power is precise enough, or None.

        The conditional one or, where that has the larger error, the share of trials.
        """
        assert unit.controls is not None
        ahead, rejected = self._sums.copy(), unit.verdicts.rejected
        for first in range(0, len(rejected), TRIALS_PER_CHUNK):
            some = slice(first, first + TRIALS_PER_CHUNK)
            ahead.add(rejected[some], unit.controls[some])
            if ahead.trials >= LEAST_TRIALS and ahead.worst_error() <= standard_error:
                return min(first + TRIALS_PER_CHUNK, len(rejected))
        return None

    def beside(self, answer: Power) -> Power:
        """Return the answer with the estimates beside its counts."""
        pairs = zip(answer.analyses, self._sums.estimates(), strict=True)
        analyses = tuple(replace(counted, conditional=found) for counted, found in pairs)
        return replace(answer, analyses=analyses)
