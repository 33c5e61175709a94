"""Two scenarios under the same random numbers: what one change, or many, do to power."""

from collections.abc import Callable

from simulator.planning.paired import rate_beside, run_trials
from simulator.planning.prepared import Prepared
from simulator.results.comparison import ComparedPower, Comparison
from simulator.version import program_version


def compare_scenarios(
    first: Prepared,
    second: Prepared,
    trials: int,
    seed: int,
    jobs: int,
    watch: Callable[[int], None],
) -> Comparison:
    """Run the same trials of both; analyses are matched by name.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the last trial.
    """
    runs = [run_trials(one, trials, seed, jobs, watch) for one in (first, second)]
    places = {plan.name: k for k, plan in enumerate(second.plans)}
    analyses = []
    for k, plan in enumerate(first.plans):
        if plan.name in places:
            before = runs[0].rejected[:, k]
            base = rate_beside(before, before)
            rate = rate_beside(runs[1].rejected[:, places[plan.name]], before)
            numbers = base.power, base.mcse, rate.power, rate.mcse
            analyses.append(ComparedPower(plan.name, *numbers, rate.difference, rate.paired_mcse))
    return Comparison(
        first=first.solved.name,
        second=second.solved.name,
        seed=seed,
        trials=trials,
        version=program_version(),
        analyses=tuple(analyses),
    )
