"""Two runs of power that are kept, side by side."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from simulator.constants import NORMAL_QUANTILE_975
from simulator.declarations.keys import value_at
from simulator.montecarlo.sums import Verdicts
from simulator.params.types import Bools
from simulator.results.comparison import DifferentValue
from simulator.results.kept_runs import RatesOfRuns, RunsCompared
from simulator.results.power import AnalysisPower, Power
from simulator.store import UNITS, Question, Run, units_beside
from simulator.store.units import UnitStore

_LABELS = "name", "title"


class Pairs(NamedTuple):
    """Trials of the same numbers in both runs: how many, and how many only one of them rejects."""

    trials: int
    first_alone: int
    second_alone: int


def pairs_of(first: Run, second: Run) -> Mapping[str, Pairs]:
    """Return the pairs of each analysis by its name, from the units of work of both runs.

    There are none if the seeds differ, or units of either are no longer kept.
    """
    one, other = first.answer, second.answer
    assert isinstance(one, Power)
    assert isinstance(other, Power)
    if one.seed != other.seed:
        return {}
    trials = min(one.trials, other.trials)
    rejected = [_rejected(run, answer) for run, answer in ((first, one), (second, other))]
    if any(len(rows) < trials for rows in rejected):
        return {}
    places = {analysis.name: place for place, analysis in enumerate(other.analyses)}
    found = {}
    for place, analysis in enumerate(one.analyses):
        if analysis.name in places:
            a, b = rejected[0][:trials, place], rejected[1][:trials, places[analysis.name]]
            found[analysis.name] = Pairs(trials, int((a & ~b).sum()), int((b & ~a).sum()))
    return found


def _rejected(run: Run, answer: Power) -> Bools:
    """(trials, analyses): what each rejects in single trials, as far as units of them are kept."""
    analyses = len(answer.analyses)
    found = [np.empty((0, analyses), np.bool_)]
    keys = run.manifest.get("units", [])
    if len(keys) == 1:
        beside = [run.folder.parent / UNITS.name, units_beside(run.folder)]
        folder = next((it for it in beside if (it / str(keys[0])).is_dir()), beside[0])
        units = UnitStore(folder, lambda _: None).of(str(keys[0]), {})
        for unit in units.whole(answer.trials):
            verdicts = Verdicts(unit["bits"], int(unit["trials"][0]), analyses)
            found.append(verdicts.rejected)
    return np.concatenate(found)


def compare_runs(
    first: Run,
    second: Run,
    pairs: Mapping[str, Pairs] | None = None,
) -> RunsCompared:
    """Compare the power of the analyses that two runs have, by name.

    Where there are pairs of an analysis, the difference is over these and has the error that common
    random numbers leave; else the runs are taken for independent.

    Raises
    ------
    ValueError
        If one of them is no run of power, or they have no analysis in common.
    """
    one, other = first.answer, second.answer
    if not (isinstance(one, Power) and isinstance(other, Power)):
        raise ValueError("is no run of power")
    paired = pairs_of(first, second) if pairs is None else pairs
    by_name = {analysis.name: analysis for analysis in other.analyses}
    shared = [(a, by_name[a.name]) for a in one.analyses if a.name in by_name]
    if not shared:
        raise ValueError("has no analysis in common with the first run")
    names = {a.name for a, _ in shared}
    return RunsCompared(
        first=str(first.folder),
        second=str(second.folder),
        scenarios=(_name(first.question), _name(second.question)),
        seeds=(one.seed, other.seed),
        trials=(one.trials, other.trials),
        analyses=tuple(_rates(a, b, paired.get(a.name)) for a, b in shared),
        not_compared=tuple(a.name for a in (*one.analyses, *other.analyses) if a.name not in names),
        different=_different(first.question, second.question),
    )


def _rates(first: AnalysisPower, second: AnalysisPower, pairs: Pairs | None) -> RatesOfRuns:
    if pairs is None:
        difference = second.power - first.power
        error = math.hypot(first.mcse, second.mcse)
    else:
        n, gain = pairs.trials, pairs.second_alone - pairs.first_alone
        difference = gain / n
        # As `paired.paired_error` has it: two trials that differ added to it in four.
        squares, mean = pairs.first_alone + pairs.second_alone + 2, gain / (n + 4)
        error = math.sqrt((squares / (n + 4) - mean**2) / (n + 4))
    half = NORMAL_QUANTILE_975 * error
    return RatesOfRuns(
        name=first.name,
        first=first.power,
        first_mcse=first.mcse,
        second=second.power,
        second_mcse=second.mcse,
        difference=difference,
        mcse=error,
        difference_low=difference - half,
        difference_high=difference + half,
        pairs=None if pairs is None else pairs.trials,
    )


def _name(question: Question) -> str:
    return str(question.scenario["name"])


def _different(first: Question, second: Question) -> tuple[DifferentValue, ...]:
    """Keys whose values differ; what one scenario has not at all is null there."""
    values = [
        {key: value_at(question.scenario, key) for key in question.sources if key not in _LABELS}
        for question in (first, second)
    ]
    keys = dict.fromkeys([*values[0], *values[1]])
    told = ((key, values[0].get(key), values[1].get(key)) for key in keys)
    return tuple(DifferentValue(*one) for one in told if one[1] != one[2])
