"""The simulator from Python: load a scenario, ask it, get the answer as a table."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joblib import cpu_count

from simulator.declarations.analyses import MOST_PATIENTS
from simulator.montecarlo.loop import (
    AnalysisEstimate,
    Engine,
    Evaluation,
    MonteCarlo,
    Stop,
    UnitResult,
    estimates,
    monte_carlo,
)
from simulator.montecarlo.multiplicity import families_of
from simulator.planning.curves import Curves, grid_of, observer
from simulator.planning.formulas import facts_of, sizes_by_formula
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.search import SizeTarget
from simulator.planning.size import find_size
from simulator.planning.sweep import Planned, plan_sweep, run_sweep
from simulator.planning.variation import PATIENTS, changed, present
from simulator.report.size import size_rows, size_summary
from simulator.report.summary import power_rows, power_summary
from simulator.report.sweep import sweep_rows, sweep_summary
from simulator.report.tracing import trace_trial
from simulator.results import Power, Size, Sweep, Trace
from simulator.scenario.errors import Problem, ScenarioError, nearest
from simulator.scenario.loader import load_scenario
from simulator.scenario.schema import Scenario
from simulator.store import Question
from simulator.truth import true_values

Watch = Callable[[int, list[int]], None]

MOST_PATIENTS_SOUGHT = 10_000
PATIENTS_SIMULATED = 50_000_000
_FEWEST_PATIENTS = 4


def _silent(*_: object) -> None:
    """Say nothing."""


def load(
    name_or_path: str,
    *,
    say: Callable[[str], None] = _silent,
    change: Callable[[Scenario], Scenario] | None = None,
) -> "Study":
    """Load a scenario and make it ready to be simulated.

    Parameters
    ----------
    name_or_path
        Name of a shipped scenario, or path of a file.
    say
        Called with a line on what takes time.
    change
        Made to the scenario once it is loaded.

    Raises
    ------
    ScenarioError
        If it cannot be used; says file, line, key, value, rule and remedy.

    Examples
    --------
    >>> import simulator
    >>> study = simulator.load("two-arm-survival")
    >>> round(study.power(2_000).to_frame().power[0], 1)
    0.4
    """
    return Study(prepare(load_scenario(name_or_path), say, change))


@dataclass(frozen=True)
class Study:
    """A scenario that can be asked."""

    prepared: Prepared

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.prepared.solved.name

    def question(self, command: str, seed: int, **asked: Any) -> Question:
        """Return what an answer of this scenario depends on, for keeping it."""
        loaded = self.prepared.loaded
        return Question(command, self.prepared.plain, loaded.provenance, seed, asked)

    def power(
        self,
        trials: int | None = 10_000,
        *,
        precision: float | None = None,
        seed: int = 1,
        engine: str = "compiled",
        jobs: int | None = None,
        watch: Watch = _silent,
        keep: Callable[[int, UnitResult], None] = _silent,
    ) -> Power:
        """Estimate the power of each analysis, and what the trial takes.

        Parameters
        ----------
        trials
            To simulate; None with `precision`.
        precision
            Stop once every analysis has this Monte Carlo standard error.
        jobs
            Workers; one a core if None. The answer does not depend on it, nor on the engine.
        watch, keep
            As `simulator.montecarlo.loop.monte_carlo` has them.
        """
        r = self.prepared
        _check(trials is not None or precision is not None, "trials", trials, "needs a number")
        _check(trials is None or trials >= 1, "trials", trials, "must be at least 1")
        _check(precision is None or 0 < precision <= 0.5, "precision", precision, "must be > 0")
        _check_seed(seed)
        stop = Stop(None, precision) if precision is not None else Stop(trials, None)
        alike = r.asked.null_hypothesis == "strong"
        truths = true_values(r.params, r.plans, arms_alike=alike)
        curves = Curves(grid_of(r.params))
        see = observer(curves.grid)
        asked = Evaluation(r.plans, truths, families_of(r.asked, r.plans), see)

        def take(first: int, unit: UnitResult) -> None:
            keep(first, unit)
            curves.keep(first, unit)

        workers = jobs or int(cpu_count())
        run = monte_carlo(r.params, asked, seed, stop, workers, Engine(engine), watch, take)
        summary = power_summary(r.loaded, r.solved, r.params, run)
        data = curves.tables(r.params, r.arms)
        return Power(summary, power_rows(summary), data, not run.interrupted, _typed(run, summary))

    def sweep(
        self,
        vary: Mapping[str, Sequence[Any]],
        trials: int = 10_000,
        *,
        seed: int = 1,
        jobs: int | None = None,
    ) -> Sweep:
        """Estimate power at every combination of values of some keys, with the same trials at each.

        Parameters
        ----------
        vary
            Values by key, as {"trial.target_randomised": [60, 120]}.

        Raises
        ------
        ScenarioError
            If a key or a value is none of the scenario's.
        """
        planned = self.plan_sweep(vary)
        return self.run_sweep(planned, trials, seed=seed, jobs=jobs)

    def plan_sweep(
        self,
        vary: Mapping[str, Sequence[Any]],
        origin: str = "vary",
        say: Callable[[str], None] = _silent,
    ) -> Planned:
        """Check a sweep without running it."""
        _check(bool(vary), "vary", dict(vary), "needs a key")
        named = {
            self.prepared.loaded.key(key, origin): list(values) for key, values in vary.items()
        }
        return plan_sweep(self.prepared, named, origin, say)

    def run_sweep(
        self,
        planned: Planned,
        trials: int,
        *,
        seed: int = 1,
        jobs: int | None = None,
        watch: Callable[[int, int], None] = _silent,
    ) -> Sweep:
        """Run a sweep that was planned."""
        _check(trials >= 2, "trials", trials, "must be at least 2")
        _check_seed(seed)
        points = run_sweep(planned, trials, seed, jobs or int(cpu_count()), watch)
        summary = sweep_summary(planned, points, seed, trials)
        rows = sweep_rows(summary)
        return Sweep(summary, rows, {"points": rows}, not summary["interrupted"])

    def size(
        self,
        power: float = 0.8,
        *,
        analysis: str | None = None,
        by: str = PATIENTS,
        between: tuple[float, float] | None = None,
        within: float | None = None,
        patients: int = PATIENTS_SIMULATED,
        seed: int = 1,
        jobs: int | None = None,
        say: Callable[[str], None] = _silent,
    ) -> Size:
        """Find the number of patients, or the value of another key, at which a power is reached.

        Parameters
        ----------
        analysis
            Name of the one that is to have it; the scenario's first if None.
        by
            A numeric key.
        between
            Values between which to look; must be given for a key other than the number of patients.
        within
            Half the width that the 95 % confidence set may have; if None, 3 patients or 2 %.
        patients
            To simulate at the most, over all trials.

        Raises
        ------
        ScenarioError
            If the question is none that the scenario can answer.
        """
        _check_seed(seed)
        _check(within is None or within > 0, "within", within, "must be > 0")
        _check(patients >= 1, "patients", patients, "must be at least 1")
        base, key, (low, high) = self.check_size(power, analysis, by, between)
        asked = SizeTarget(key, power, low, high, within, patients)
        found = find_size(
            base,
            asked,
            seed,
            jobs or int(cpu_count()),
            say,
            whole=_is_whole(base, key, low, high),
            guess=self._guess(base, power, seed, say) if key == PATIENTS else None,
        )
        summary = size_summary(base, found, seed)
        rows = size_rows(summary)
        return Size(summary, rows, {"curve": rows}, True, found.answer)

    def check_size(
        self,
        power: float,
        analysis: str | None,
        by: str,
        between: tuple[float, float] | None,
    ) -> tuple[Prepared, str, tuple[float, float]]:
        """Check what is asked of `size`; return the scenario, the key and where to look."""
        base, key = self._sized_by(analysis, by)
        _check_power(power, base.plans[0].alpha)
        low, high = between or _range_of(base, key)
        if not -math.inf < low < high < math.inf:
            raise _problem("--between", f"{low:g},{high:g}", "must be a lower and a higher value")
        return base, key, (low, high)

    def _sized_by(self, analysis: str | None, by: str) -> tuple[Prepared, str]:
        names = [plan.name for plan in self.prepared.plans]
        if analysis is not None and analysis not in names:
            near = nearest(analysis, names)
            remedy = f"did you mean {near}?" if near else f"use one of {', '.join(names)}"
            raise _problem("--analysis", analysis, "is no analysis of this scenario", remedy)
        key = self.prepared.loaded.key(by, "--by")
        own = present(self.prepared.loaded, key)
        if isinstance(own, bool) or not isinstance(own, int | float):
            raise _problem("--by", key, "does not hold a number", "as trial.target_randomised")
        index = names.index(analysis) if analysis is not None else 0
        loaded = self.prepared.loaded.with_one_analysis(index)
        return prepare(loaded, _silent), key

    @staticmethod
    def _guess(base: Prepared, power: float, seed: int, say: Callable[[str], None]) -> float | None:
        """Where a formula would look, from the mortality in a few trials."""
        from simulator.planning.paired import run_trials
        from simulator.report.summary import operations_summary

        say("a first look")
        seen = run_trials(base, _FIRST_LOOK, seed, 1, _silent)
        operations = operations_summary(base.solved, base.params, seen.totals)
        formulas = sizes_by_formula(facts_of(base.plain, 0, operations)._replace(test=""), power)
        found = [e["patients"] for e in formulas["needed"] if e["method"].startswith("Normal")]
        return found[0] if found and math.isfinite(found[0]) else None

    def trace(self, trial: int, *, seed: int = 1) -> Trace:
        """Simulate one trial with every event, the very one that `power` counts."""
        _check_seed(seed)
        _check(0 <= trial < 2**31, "trial", trial, "must be from 0 to 2147483647")
        r = self.prepared
        traced = trace_trial(r.solved, r.params, r.plans, seed, trial)
        return Trace(traced.summary, traced.summary["patients"], {}, True, traced)


_FIRST_LOOK = 500


def _range_of(base: Prepared, key: str) -> tuple[float, float]:
    if key != PATIENTS:
        rule = "is needed to look for a value of"
        raise _problem(
            "--between", "", f"{rule} {key}", "give a lower and a higher value, as 0.3,0.9"
        )
    most = MOST_PATIENTS.get(base.plans[0].test, MOST_PATIENTS_SOUGHT)
    return _FEWEST_PATIENTS, float(min(most, MOST_PATIENTS_SOUGHT))


def _is_whole(base: Prepared, key: str, low: float, high: float) -> bool:
    """Whether a key takes whole numbers only: its value may be one that could have decimals."""
    if not isinstance(present(base.loaded, key), int):
        return False
    half = math.floor(low) + 0.5
    try:
        changed(base.loaded, {key: half if low <= half <= high else (low + high) / 2}, "--by")
    except ScenarioError:
        return True
    return False


def _check_power(power: float, alpha: float) -> None:
    if not alpha < power < 1:
        rule = f"must be between alpha ({alpha:g}) and 1"
        raise _problem("--power", f"{power:g}", rule, "as 0.8")


def _problem(option: str, value: str, rule: str, remedy: str = "as 0.3,0.9") -> ScenarioError:
    return ScenarioError(Problem("", 0, option, value, rule, remedy))


def _check(holds: bool, name: str, value: object, rule: str) -> None:
    if not holds:
        raise ValueError(f"{name} = {value}: {rule}")


def _check_seed(seed: int) -> None:
    _check(0 <= seed < 2**63, "seed", seed, "must be from 0 to 9223372036854775807")


def _typed(run: MonteCarlo, summary: dict[str, Any]) -> list[AnalysisEstimate]:
    texts = [entry["estimand"] for entry in summary["analyses"]]
    return estimates(run, texts, len(summary["analyses"][0]["favouring"]))
