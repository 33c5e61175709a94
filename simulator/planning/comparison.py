"""Two scenarios under the same random numbers: what one change, or many, do to power."""

from collections.abc import Callable, Mapping

from simulator.params.types import Bools
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
    by_name = [
        {
            plan.name: (run.rejected[:, k], run.analysable[:, k])
            for k, plan in enumerate(prepared.plans)
        }
        for prepared, run in zip((first, second), runs, strict=True)
    ]
    together = [{f.family.name: (f.any_of, f.analysable) for f in run.families} for run in runs]
    return Comparison(
        first=first.solved.name,
        second=second.solved.name,
        seed=seed,
        trials=trials,
        version=program_version(),
        analyses=_compared(*by_name),
        families=_compared(*together),
    )


def _compared(
    first: Mapping[str, tuple[Bools, Bools]], second: Mapping[str, tuple[Bools, Bools]]
) -> tuple[ComparedPower, ...]:
    """What both have, by name, side by side: each (trials,) rejected and (trials,) analysable."""
    found = []
    for name, (before, known) in first.items():
        if name in second:
            base = rate_beside(before, before, known)
            rate = rate_beside(second[name][0], before, second[name][1])
            found.append(
                ComparedPower(
                    name=name,
                    first=base.power,
                    first_mcse=base.mcse,
                    second=rate.power,
                    second_mcse=rate.mcse,
                    difference=rate.difference,
                    paired_mcse=rate.paired_mcse,
                    first_not_analysable=base.not_analysable,
                    second_not_analysable=rate.not_analysable,
                )
            )
    return tuple(found)
