"""Two scenarios under the same random numbers: what one change, or many, do to power."""

from collections.abc import Callable, Mapping
from functools import partial

from simulator.constants import NORMAL_QUANTILE_975
from simulator.declarations.claims import is_of_trial
from simulator.montecarlo.operations import operations_of
from simulator.montecarlo.workers import Workers
from simulator.params.types import Bools
from simulator.planning.accepted import accepted
from simulator.planning.effects import null_in_effect
from simulator.planning.goals import ALL_OF, family_named
from simulator.planning.paired import PairedTrials, paired_runs, rate_beside
from simulator.planning.prepared import Prepared
from simulator.results.acceptance import Acceptance
from simulator.results.comparison import ComparedPower, ComparedTrial, Comparison, DifferentValue
from simulator.scenario.errors import Problem, ScenarioError, nearest
from simulator.version import program_version

_LABELS = "name", "title"  # of a scenario: they say nothing of its course


def compare_scenarios(
    first: Prepared,
    second: Prepared,
    names: tuple[str, str],
    trials: int,
    seed: int,
    workers: Workers,
    watch: Callable[[int, int], None],
    analysis: str | None = None,
) -> Comparison:
    """Run the same trials of both; analyses are matched by name.

    Parameters
    ----------
    names
        What the answer calls them.
    watch
        Called with the number of the scenario, 1 or 2, and how many of its trials are done.
    analysis
        Name of the analysis, or family of those judged together, that alone is asked for.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the last trial.
    """
    pair = first, second
    acceptances = [accepted(one, workers.jobs) for one in pair]
    told = ((one, partial(watch, number)) for number, one in enumerate(pair, start=1))
    runs = list(paired_runs(told, trials, seed, workers))
    alone = [_by_name(one, run, analysis) for one, run in zip(pair, runs, strict=True)]
    together = [_of_families(run, analysis) for run in runs]
    lacking = [
        tuple(
            name
            for found in (alone, together)
            for name in found[place]
            if name not in found[1 - place]
        )
        for place in (0, 1)
    ]
    return Comparison(
        first=names[0],
        second=names[1],
        seed=seed,
        trials=trials,
        version=program_version(),
        analyses=_compared(*alone),
        families=_compared(*together),
        trials_of=(
            _trial(names[0], first, runs[0], lacking[0], acceptances[0]),
            _trial(names[1], second, runs[1], lacking[1], acceptances[1]),
        ),
        different=_different(first, second),
    )


def refuse_without_shared(first: Prepared, second: Prepared, analysis: str | None) -> None:
    """Refuse two scenarios that have no analysis in common, or not the one asked for.

    Raises
    ------
    ScenarioError
        If it is so.
    """
    (names, families), (others, other_families) = (_names(one) for one in (first, second))
    shared = [name for name in names if name in others]
    shared += [name for name in families if name in other_families]
    if analysis is not None:
        shared += [f"{ALL_OF}{name}" for name in families if name in other_families]
    if analysis is None and not shared:
        rule = f"the scenarios share no analysis by its name: {', '.join(names)} in the first"
        remedy = f"call alike what is alike; the second has {', '.join(others)}"
        raise ScenarioError(Problem("", 0, "analyses", "", rule, remedy))
    if analysis is not None and analysis not in shared:
        near = nearest(analysis, shared)
        remedy = f"did you mean {near}?" if near else f"both have {', '.join(shared) or 'none'}"
        rule = "is no analysis that both scenarios have"
        raise ScenarioError(Problem("", 0, "analysis", analysis, rule, remedy))


def _names(prepared: Prepared) -> tuple[list[str], list[str]]:
    """Names of a scenario's analyses, and of the families that are judged together."""
    families = prepared.asked.multiplicity or []
    return [plan.name for plan in prepared.plans], [family.name for family in families]


_Found = Mapping[str, tuple[Bools, Bools]]  # by name, (trials,) rejected and (trials,) analysable


def _by_name(prepared: Prepared, run: PairedTrials, analysis: str | None) -> _Found:
    return {
        plan.name: (run.rejected[:, k], run.analysable[:, k])
        for k, plan in enumerate(prepared.plans)
        if analysis in (None, plan.name)
    }


def _of_families(run: PairedTrials, analysis: str | None) -> _Found:
    """By family: trials that reject any hypothesis or, where that is asked for, all of them."""
    if analysis is not None:
        name, of_all = family_named(analysis, [f.family.name for f in run.families])
        found = next((f for f in run.families if f.family.name == name), None)
        if found is None:
            return {}
        return {analysis: (found.all_of if of_all else found.any_of, found.analysable)}
    return {f.family.name: (f.any_of, f.analysable) for f in run.families}


def _compared(first: _Found, second: _Found) -> tuple[ComparedPower, ...]:
    """What both have, side by side."""
    found = []
    for name, (before, known) in first.items():
        if name in second:
            base = rate_beside(before, before, known)
            rate = rate_beside(second[name][0], before, second[name][1])
            half = NORMAL_QUANTILE_975 * rate.paired_mcse
            found.append(
                ComparedPower(
                    name=name,
                    first=base.power,
                    first_mcse=base.mcse,
                    second=rate.power,
                    second_mcse=rate.mcse,
                    difference=rate.difference,
                    paired_mcse=rate.paired_mcse,
                    difference_low=max(rate.difference - half, -1.0),
                    difference_high=min(rate.difference + half, 1.0),
                    first_not_analysable=base.not_analysable,
                    second_not_analysable=rate.not_analysable,
                )
            )
    return tuple(found)


def _trial(
    name: str,
    prepared: Prepared,
    run: PairedTrials,
    lacking: tuple[str, ...],
    acceptance: Acceptance | None,
) -> ComparedTrial:
    o = operations_of(prepared.solved, prepared.params, run.totals)
    return ComparedTrial(
        name=name,
        title=prepared.solved.title,
        null_hypothesis=null_in_effect(prepared.asked, prepared.solved),
        not_compared=lacking,
        target_randomised=o.target_randomised,
        randomised=o.randomised,
        target_reached=o.target_reached,
        enrolment_days=o.enrolment_days,
        mortality=o.mortality,
        sessions_delivered=o.sessions_delivered,
        plasma_litres=o.plasma_litres,
        acceptance=acceptance,
    )


def _different(first: Prepared, second: Prepared) -> tuple[DifferentValue, ...]:
    """Keys whose values differ, in the order of the first scenario."""
    one, other = (
        {
            key: value
            for key, value, _ in prepared.loaded.values()
            if key not in _LABELS and is_of_trial(key)
        }
        for prepared in (first, second)
    )
    return tuple(
        DifferentValue(key, one.get(key), other.get(key))
        for key in dict.fromkeys([*one, *other])
        if one.get(key) != other.get(key)
    )
