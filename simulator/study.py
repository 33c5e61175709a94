"""The simulator from Python: load a scenario, ask it, get a typed answer.

Everything that a command can be asked, a `Study` can: the commands parse options, show progress and
keep runs.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from calibration.baseline import baseline_hazard
from calibration.evidence import cited_rows
from calibration.survival_sources import survival_sources
from calibration.synthesis.heterogeneity import heterogeneity_prior
from calibration.synthesis.joint import MOST_DRAWS, synthesise
from calibration.synthesis.synthesis import Assumptions, extrapolation_of
from simulator.analysis import exact_power
from simulator.arguments import Jobs, number, pair_of, require, whole, workers
from simulator.constants import LARGEST_SEED, LARGEST_TRIAL
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.loop import Stop
from simulator.montecarlo.open_unit import UnitResult
from simulator.planning.assurance import (
    PlannedAssurance,
    plan_assurance,
    run_assurance,
)
from simulator.planning.assurance import (
    Watch as AssuranceWatch,
)
from simulator.planning.assurance_answer import assurance_of
from simulator.planning.averaged_deaths import why_not
from simulator.planning.calibrate import calibrate, refuse_without_targets
from simulator.planning.candidate_schemes import CandidateScheme, candidate_scheme_of
from simulator.planning.certificate import certify
from simulator.planning.comparison import compare_scenarios, refuse_without_shared
from simulator.planning.designs import (
    DESIGN_TRIALS,
    DesignQuestion,
    design_question,
    find_designs,
)
from simulator.planning.evidence import evidence_about, evidence_overview
from simulator.planning.exact import exact_answer, refusal
from simulator.planning.goals import place_of
from simulator.planning.interim.answer import interim
from simulator.planning.interim.file import read_observed
from simulator.planning.levers import LEVER_TRIALS, PlannedLevers, plan_levers, run_levers
from simulator.planning.observed import refuse_if_nothing_is_known
from simulator.planning.power import estimate_power
from simulator.planning.prepared import Prepared, prepare
from simulator.planning.scheme_comparison import compare_schemes
from simulator.planning.search import SizeTarget
from simulator.planning.sequence import Code, allocation_sequence, randomisation_list
from simulator.planning.size import find_size, guess_of
from simulator.planning.size_question import is_whole_number, size_question
from simulator.planning.sweep import Planned, plan_sweep, run_sweep
from simulator.planning.trace import trace_trial
from simulator.planning.tried import Limits
from simulator.planning.variation import changed
from simulator.results import (
    Allocation,
    AllocationSequence,
    Assurance,
    BaselineHazard,
    Calibration,
    Certificate,
    Comparison,
    DesignSearch,
    Evidence,
    Exact,
    Interim,
    Levers,
    Power,
    Prior,
    Size,
    Sweep,
    Trace,
)
from simulator.results.base import cell_of
from simulator.results.flow import flow
from simulator.results.measures import CONVENTIONAL_POWER
from simulator.results.prior import PriorFor
from simulator.results.shown import html_table
from simulator.results.size import PATIENTS
from simulator.results.sources import source_cells
from simulator.scenario.errors import RuleError
from simulator.scenario.loader import load_scenario
from simulator.store import Question, question_of

if TYPE_CHECKING:
    import pandas

Watch = Callable[[int, list[int]], None]

PATIENTS_SIMULATED = 50_000_000


def _silent(*_: object) -> None:
    """Say nothing."""


def load(
    name_or_path: str | Path,
    *,
    say: Callable[[str], None] = _silent,
) -> "Study":
    """Load a scenario and prepare it to be simulated.

    Parameters
    ----------
    name_or_path
        Name of a shipped scenario, or path of a file.
    say
        Called with a line on what takes time.

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
    if not isinstance(name_or_path, str | Path):
        raise TypeError(f"name_or_path = {name_or_path!r}: must be a name or a path")
    return Study(prepare(load_scenario(str(name_or_path)), say))


@dataclass(frozen=True, repr=False, eq=False)
class Study:
    """A scenario that can be asked.

    All estimates are functions of the scenario, the seed and the number of trials: neither the
    number of workers (`jobs`, one per core if None) nor the engine changes a bit of them.

    Attributes
    ----------
    prepared
        The scenario, ready to be simulated.
    changes
        What `with_values` changed, by key.
    """

    prepared: Prepared
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return name, title and size."""
        s = self.prepared.solved
        return f"Study of {s.name}: {s.title}; {s.trial.target_randomised} patients"

    def _repr_html_(self) -> str:
        """Return what is planned as a small table, for notebooks."""
        s, plans = self.prepared.solved, self.prepared.plans
        ratio = " : ".join(map(str, s.allocation.ratio))
        rows = [
            ("patients", s.trial.target_randomised),
            ("follow-up, days", s.trial.follow_up_days),
            ("arms", f"{', '.join(self.prepared.arms)} ({ratio})"),
            ("allocation", s.allocation.scheme),
            ("sites", len(s.accrual.sites) if s.accrual.kind == "poisson" else 1),
            ("analyses, the primary one first", [plan.name for plan in plans]),
        ]
        rows += [("changed", _written(self.changes))] if self.changes else []
        notes = ["to_frame() lists every value with its source"]
        return html_table(f"{s.name}: {s.title}", ("", "planned"), rows, notes)

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.prepared.solved.name

    def to_frame(self) -> "pandas.DataFrame":
        """Return every value of the scenario as a row: its key, the value, where it comes from."""
        import pandas

        rows = [
            (key, value if isinstance(value, date) else cell_of(value), *source_cells(source))
            for key, value, source in self.prepared.loaded.values()
        ]
        return pandas.DataFrame(rows, columns=["key", "value", "source", "kind", "rows"])

    def evidence(self, about: str | None = None) -> Evidence:
        """Return what the values rest on.

        Parameters
        ----------
        about
            A key, or the id of a row of evidence; None: an overview.

        Raises
        ------
        ScenarioError
            If there is no such key and no such row.
        """
        loaded = self.prepared.loaded
        if about is None:
            return evidence_overview(loaded)
        return evidence_about(loaded, about, "about")

    def with_values(self, values: Mapping[str, Any]) -> "Study":
        """Return the study of the scenario with other values, which its title then names.

        Parameters
        ----------
        values
            By key, as {"trial.target_randomised": 120}, of which "n" is short; `to_frame` lists the
            keys. A mapping is laid over what is there, as in a file that extends: {"accrual.sites":
            {"Wuhan": {"randomised_per_month": 1}}} adds a site or changes it, and None removes one.
            A `name` or a `title` among them is how answers call it.

        Raises
        ------
        ScenarioError
            If a key or a value is none of the scenario's.
        """
        require(isinstance(values, Mapping), "values", values, "must be a mapping by key")
        loaded = self.prepared.loaded
        named = {loaded.key(key, "with_values", (it,)): it for key, it in values.items()}
        titled = named
        if named and "title" not in named:
            titled = {**named, "title": f"{loaded.scenario.title}, with {_written(named)}"}
        study = prepare(changed(loaded, titled, "with_values"), _silent)
        return Study(study, {**self.changes, **named})

    def question(self, command: str, seed: int, **asked: Any) -> Question:
        """Return what an answer of this scenario depends on, for keeping it."""
        loaded = self.prepared.loaded
        return question_of(loaded, command, seed, evidence=cited_rows(loaded), **asked)

    def power(
        self,
        trials: int | None = 10_000,
        *,
        precision: float | None = None,
        seed: int = 1,
        engine: str = "compiled",
        jobs: Jobs = None,
        target_power: float = CONVENTIONAL_POWER,
        estimator: str = "counts",
        watch: Watch = _silent,
        keep: Callable[[int, UnitResult], None] | None = None,
    ) -> Power:
        """Estimate the power of each analysis, and what the trial takes.

        Parameters
        ----------
        trials
            To simulate; ignored where `precision` is given.
        precision
            Stop once every analysis has this Monte Carlo standard error.
        target_power
            What the verdict holds the power against.
        estimator
            counts or conditional: the latter gives, beside the counts, each power with the deaths
            of each trial averaged out, and judges precision by that.
        watch, keep
            As `planning.power.estimate_power` has them.
        """
        if precision is None:
            whole("trials", trials, 1, LARGEST_TRIAL)
        else:
            number("precision", precision, 0, 0.5)
        number("target_power", target_power, 0, 1)
        whole("seed", seed, 0, LARGEST_SEED)
        require(engine in tuple(Engine), "engine", engine, "must be compiled or reference")
        known = estimator in ("counts", "conditional")
        require(known, "estimator", estimator, "must be counts or conditional")
        if estimator == "conditional":
            why = why_not(self.prepared.asked, engine, trials if precision is None else None)
            require(why is None, "estimator", estimator, f"{why.rule}: {why.remedy}" if why else "")
        stop = Stop(None, precision) if precision is not None else Stop(trials, None)
        return estimate_power(
            self.prepared,
            stop,
            seed,
            workers(jobs),
            Engine(engine),
            watch,
            keep,
            target_power=target_power,
            conditional=estimator == "conditional",
        )

    def certify(
        self,
        trials: int = 10_000,
        *,
        seed: int = 1,
        jobs: Jobs = None,
        say: Callable[[str], None] = _silent,
    ) -> Certificate:
        """Work out the largest type I error of every analysis over a family of nuisance values.

        Parameters
        ----------
        trials
            Of each member of the family.

        Raises
        ------
        ScenarioError
            If no member can be simulated.
        """
        whole("trials", trials, 1, LARGEST_TRIAL)
        whole("seed", seed, 0, LARGEST_SEED)
        loaded = self.prepared.loaded
        try:
            return certify(loaded.scenario, trials, seed, workers(jobs), say)
        except RuleError as error:
            raise loaded.located(error) from None

    def assurance(
        self,
        draws: int = 400,
        trials: int = 500,
        *,
        analysis: str | None = None,
        worthwhile: str | None = None,
        seed: int = 1,
        jobs: Jobs = None,
        target_power: float = CONVENTIONAL_POWER,
    ) -> Assurance:
        """Average power over what is not known of the scenario (its key `uncertain`).

        Parameters
        ----------
        draws
            Of the uncertain keys.
        trials
            At each draw, none of which are those of another.
        analysis
            Name of the one that is asked for, or of a family of those judged together; None: all.
        worthwhile
            What makes an effect worthwhile, as "hazard_ratio<=0.8", "mortality_difference<=-0.1",
            or "KEY>=VALUE" of an uncertain key; if None, the scenario's own effect, or better.
        target_power
            Of which the probability is asked that power is at least as much.

        Raises
        ------
        ScenarioError
            If nothing is uncertain, or what is asked for is not there.
        """
        planned = self.plan_assurance(analysis=analysis, worthwhile=worthwhile)
        return self.run_assurance(
            planned, draws, trials, seed=seed, jobs=jobs, target_power=target_power
        )

    def plan_assurance(
        self, *, analysis: str | None = None, worthwhile: str | None = None
    ) -> PlannedAssurance:
        """Check what is asked of `assurance` without running it."""
        return plan_assurance(self.prepared, analysis, worthwhile)

    def run_assurance(
        self,
        planned: PlannedAssurance,
        draws: int,
        trials: int,
        *,
        seed: int = 1,
        jobs: Jobs = None,
        target_power: float = CONVENTIONAL_POWER,
        watch: AssuranceWatch = _silent,
    ) -> Assurance:
        """Run an assurance that was planned; `watch` hears of each draw that is done."""
        whole("draws", draws, 2, 1_000_000)
        whole("trials", trials, 2, LARGEST_TRIAL)
        whole("seed", seed, 0, LARGEST_SEED)
        number("target_power", target_power, 0, 1)
        run = run_assurance(planned, draws, trials, seed, workers(jobs), watch)
        return assurance_of(self.prepared.loaded, run, target_power)

    def compare(
        self,
        other: "Study",
        trials: int = 10_000,
        *,
        analysis: str | None = None,
        seed: int = 1,
        jobs: Jobs = None,
        watch: Callable[[int, int], None] = _silent,
    ) -> Comparison:
        """Compare another study's power with this one's, trial by trial.

        Parameters
        ----------
        analysis
            Name of the one that is compared, or of a family of those judged together; if None, all
            that both have.
        watch
            Called with the number of the study, 1 or 2, and how many of its trials are done.

        Raises
        ------
        ScenarioError
            If no analysis of one has the name of one of the other.
        """
        require(isinstance(other, Study), "other", other, "must be a Study")
        whole("trials", trials, 2, LARGEST_TRIAL)
        whole("seed", seed, 0, LARGEST_SEED)
        self.check_comparison(other, analysis)
        pair, names = (self.prepared, other.prepared), self.told_apart(other)
        return compare_scenarios(*pair, names, trials, seed, workers(jobs), watch, analysis)

    def check_comparison(self, other: "Study", analysis: str | None) -> None:
        """Check what is asked of `compare`."""
        refuse_without_shared(self.prepared, other.prepared, analysis)

    def told_apart(self, other: "Study") -> tuple[str, str]:
        """What two studies are called beside each other: of one name, by what makes the other."""
        if self.name != other.name:
            return self.name, other.name
        if self._label != other._label:
            return self._label, other._label
        return self.prepared.loaded.asked, other.prepared.loaded.asked

    @property
    def _label(self) -> str:
        return f"{self.name} with {_written(self.changes)}" if self.changes else self.name

    def calibrate(
        self,
        trials: int | None = None,
        *,
        seed: int = 1,
        jobs: Jobs = None,
        watch: Callable[[int, float], None] = _silent,
    ) -> Calibration:
        """Find values that meet the targets of `calibrated`, and check `acceptance`.

        Parameters
        ----------
        trials
            Of each set of values; if None, as many as have 60,000 patients.
        watch
            Called after each set with how many there were, and how far the worst target is off,
            in tolerances.

        Raises
        ------
        ScenarioError
            If the scenario has neither targets nor checks, or a key cannot be moved.
        """
        if trials is not None:
            whole("trials", trials, 20, 1_000_000)
        whole("seed", seed, 0, LARGEST_SEED)
        return calibrate(self.prepared, trials, seed, workers(jobs).jobs, watch)

    def check_calibration(self) -> None:
        """Check what is asked of `calibrate`."""
        refuse_without_targets(self.prepared)

    def sweep(
        self,
        vary: Mapping[str, Sequence[Any]],
        trials: int = 10_000,
        *,
        analysis: str | None = None,
        seed: int = 1,
        jobs: Jobs = None,
        target_power: float = CONVENTIONAL_POWER,
    ) -> Sweep:
        """Estimate power at every combination of values of some keys, with the same trials at each.

        Parameters
        ----------
        vary
            Values by key, as {"trial.target_randomised": [60, 120]}, of which "n" is short; lists,
            mappings and None are values too, as `with_values` takes them.
        analysis
            Name of the one that the answer is of, or of a family of those judged together; if
            None, it is of all.
        target_power
            What each power is judged by.

        Raises
        ------
        ScenarioError
            If a key or a value is none of the scenario's.
        """
        planned = self.plan_sweep(vary, analysis=analysis)
        return self.run_sweep(planned, trials, seed=seed, jobs=jobs, target_power=target_power)

    def plan_sweep(
        self,
        vary: Mapping[str, Sequence[Any]],
        origin: str = "vary",
        say: Callable[[str], None] = _silent,
        *,
        analysis: str | None = None,
    ) -> Planned:
        """Check a sweep without running it."""
        require(isinstance(vary, Mapping), "vary", vary, "must be a mapping of key to values")
        require(bool(vary), "vary", dict(vary), "needs a key")
        for key, values in vary.items():
            # The letters of a word would pass for values.
            listed = isinstance(values, Iterable) and not isinstance(values, str | Mapping)
            require(listed, f"vary[{key!r}]", values, "must be a list of values")
        loaded = self.prepared.loaded
        named = {loaded.key(key, origin, list(v)): list(v) for key, v in vary.items()}
        return plan_sweep(self.prepared, named, origin, say, analysis)

    def run_sweep(
        self,
        planned: Planned,
        trials: int,
        *,
        seed: int = 1,
        jobs: Jobs = None,
        target_power: float = CONVENTIONAL_POWER,
        watch: Callable[[int, int], None] = _silent,
    ) -> Sweep:
        """Run a sweep that was planned."""
        whole("trials", trials, 2, LARGEST_TRIAL)
        whole("seed", seed, 0, LARGEST_SEED)
        number("target_power", target_power, 0, 1)
        return run_sweep(planned, trials, seed, workers(jobs), watch, target_power=target_power)

    def size(
        self,
        power: float = CONVENTIONAL_POWER,
        *,
        analysis: str | None = None,
        by: str = PATIENTS,
        between: tuple[float, float] | None = None,
        within: float | None = None,
        patients: int = PATIENTS_SIMULATED,
        favoured: bool = False,
        seed: int = 1,
        jobs: Jobs = None,
        say: Callable[[str], None] = _silent,
    ) -> Size:
        """Find the number of patients, or the value of another key, at which a power is reached.

        Parameters
        ----------
        analysis
            Name of the one that is to have it, or of a family of those judged together, of which
            any hypothesis is then to be rejected or, as `all:NAME`, every one; the scenario's first
            analysis if None.
        by
            A numeric key.
        between
            Values between which to look; must be given for a key other than the number of patients.
        within
            Half the width that the 95 % confidence interval may have; if None, 3 patients or 2 %.
        patients
            To simulate at the most, over all trials.
        favoured
            Count only rejections in favour of the second arm, the treatment arm.

        Raises
        ------
        ScenarioError
            If the question is none that the scenario can answer.
        """
        whole("seed", seed, 0, LARGEST_SEED)
        number("power", power, 0, 1)
        if within is not None:
            number("within", within, 0, math.inf)
        whole("patients", patients, 1, 2**62)
        base, key, (low, high) = self.check_size(power, analysis, by, between, favoured=favoured)
        return find_size(
            base,
            SizeTarget(key, power, low, high, within, patients, favoured),
            seed,
            workers(jobs),
            say,
            whole=is_whole_number(base, key, low, high),
            guess=guess_of(base, power, seed, say) if key == PATIENTS else None,
        )

    def check_size(
        self,
        power: float,
        analysis: str | None,
        by: str,
        between: tuple[float, float] | None,
        *,
        favoured: bool = False,
    ) -> tuple[Prepared, str, tuple[float, float]]:
        """Check what is asked of `size`; return the scenario, the key and where to look."""
        return size_question(self.prepared, power, analysis, by, between, favoured=favoured)

    def levers(
        self,
        trials: int = LEVER_TRIALS,
        *,
        analysis: str | None = None,
        seed: int = 1,
        jobs: Jobs = None,
    ) -> Levers:
        """Rank what matters most: every assumption with a range, and every choice of a designer.

        Parameters
        ----------
        trials
            Of the scenario and of each move, the same ones.
        analysis
            Name of the one whose power it is, or of a family of those judged together; the
            scenario's first analysis if None.

        Raises
        ------
        ScenarioError
            If the scenario has none of that name.
        """
        return self.run_levers(self.plan_levers(analysis), trials, seed=seed, jobs=jobs)

    def plan_levers(
        self, analysis: str | None = None, say: Callable[[str], None] = _silent
    ) -> PlannedLevers:
        """Find the levers of the scenario without moving any."""
        return plan_levers(self.prepared, analysis, say)

    def run_levers(
        self,
        planned: PlannedLevers,
        trials: int = LEVER_TRIALS,
        *,
        seed: int = 1,
        jobs: Jobs = None,
        watch: Callable[[int, int, str], None] = _silent,
    ) -> Levers:
        """Move levers that were planned."""
        whole("trials", trials, 2, LARGEST_TRIAL)
        whole("seed", seed, 0, LARGEST_SEED)
        return run_levers(planned, trials, seed, workers(jobs), watch)

    def design(
        self,
        power: float = CONVENTIONAL_POWER,
        *,
        within_days: float | None = None,
        budget: float | None = None,
        choose: Mapping[str, Sequence[Any]] | None = None,
        analysis: str | None = None,
        trials: int = DESIGN_TRIALS,
        seed: int = 1,
        jobs: Jobs = None,
        say: Callable[[str], None] = _silent,
    ) -> DesignSearch:
        """Find the designs with a power, in a time, for a budget, that no other one beats.

        Parameters
        ----------
        within_days
            Longest mean duration, from the first opening to the end of the last follow-up.
        budget
            Largest mean cost, in the scenario's currency.
        choose
            Values by choice: a word, as `n`, `sites`, `rate`, `machines`, `sessions`, or a key of
            the scenario. Where `n` is not among them the number of patients is looked for. If
            None, once, twice, four and eight times as many sites.
        analysis
            As in `size`.
        trials
            By which a design that is named is judged.

        Raises
        ------
        ScenarioError
            If the question is none that the scenario can answer.
        """
        asked = self.check_design(power, within_days, budget, choose, analysis)
        whole("trials", trials, 100, LARGEST_TRIAL)
        whole("seed", seed, 0, LARGEST_SEED)
        return find_designs(asked, trials, seed, workers(jobs), say)

    def check_design(
        self,
        power: float = CONVENTIONAL_POWER,
        within_days: float | None = None,
        budget: float | None = None,
        choose: Mapping[str, Sequence[Any]] | None = None,
        analysis: str | None = None,
    ) -> DesignQuestion:
        """Check what is asked of `design`."""
        for name, limit in (("within_days", within_days), ("budget", budget)):
            if limit is not None:
                number(name, limit, 0, math.inf)
        for key, values in (choose or {}).items():
            listed = isinstance(values, Iterable) and not isinstance(values, str | Mapping)
            require(listed, f"choose[{key!r}]", values, "must be a list of values")
        return design_question(self.prepared, Limits(power, within_days, budget), choose, analysis)

    def trace(self, trial: int, *, patient: int | None = None, seed: int = 1) -> Trace:
        """Simulate one trial with every event, the very one that `power` counts.

        Looks before the end are not taken: it goes on as planned.

        Parameters
        ----------
        patient
            Show this one alone, by order of randomisation from 0.

        Raises
        ------
        IndexError
            If the trial has no such patient.
        """
        whole("seed", seed, 0, LARGEST_SEED)
        whole("trial", trial, 0, LARGEST_TRIAL)
        traced = trace_trial(self.prepared, seed, trial)
        return traced if patient is None else traced.of_patient(patient)

    def schemes(self, texts: Sequence[str]) -> list[CandidateScheme]:
        """Return allocation schemes, each written on one line, as they would run in this scenario.

        Raises
        ------
        AllocationError
            If a text is no scheme, or the scheme cannot be followed here.
        """
        found = []
        for text in texts:
            scheme = candidate_scheme_of(self.prepared.solved, text)
            refuse_if_nothing_is_known(self.prepared.params._replace(allocation=scheme.params))
            found.append(scheme)
        return found

    def allocation(
        self,
        schemes: Sequence[str] | Sequence[CandidateScheme],
        trials: int = 10_000,
        *,
        metrics_only: bool = False,
        effect: float | None = None,
        seed: int = 1,
        jobs: Jobs = None,
        say: Callable[[str], None] = _silent,
    ) -> Allocation:
        """Compare allocation schemes in this scenario: level, power, balance, predictability.

        Parameters
        ----------
        schemes
            Each on one line, as `efron(2/3)`; the first is what the others are compared with.
        trials
            Of each scheme, and as many for the level.
        metrics_only
            Whether balance and predictability are all that is asked, exact if possible.
        effect
            Add the exact levels of a Z and a t test if guesses shift responses by so many standard
            deviations.

        Raises
        ------
        AllocationError
            If a text is no scheme, or the scheme cannot be followed here.
        """
        whole("trials", trials, 2, LARGEST_TRIAL)
        whole("seed", seed, 0, LARGEST_SEED)
        require(not isinstance(schemes, str), "schemes", schemes, "must be a list of schemes")
        require(bool(schemes), "schemes", schemes, "needs a scheme")
        chosen = self._chosen(schemes)
        return compare_schemes(
            self.prepared,
            chosen,
            trials,
            seed,
            workers(jobs),
            say,
            metrics_only=metrics_only,
            effect=effect,
        )

    def _chosen(
        self, schemes: Sequence[str] | Sequence[CandidateScheme]
    ) -> Sequence[CandidateScheme]:
        if all(isinstance(scheme, str) for scheme in schemes):
            return self.schemes(cast("Sequence[str]", schemes))
        return cast("Sequence[CandidateScheme]", schemes)

    def allocation_sequence(self, scheme: str, trial: int, *, seed: int = 1) -> AllocationSequence:
        """Return every allocation of one trial under a scheme."""
        whole("seed", seed, 0, LARGEST_SEED)
        whole("trial", trial, 0, LARGEST_TRIAL)
        return allocation_sequence(self.prepared, self.schemes([scheme])[0], seed, trial)

    def randomisation_list(self, scheme: str, *, seed: int) -> Iterator[Code]:
        """Draw a randomisation list, as many codes in each stratum as the trial has patients.

        Raises
        ------
        AllocationError
            If the scheme looks at patients or outcomes, so that no list can be drawn beforehand.
        """
        whole("seed", seed, 0, LARGEST_SEED)
        return randomisation_list(self.prepared.solved, self.schemes([scheme])[0], seed)

    def exact(
        self,
        p: tuple[float, float],
        *,
        analysis: str | None = None,
        n: tuple[int, int] | None = None,
        power: float = CONVENTIONAL_POWER,
    ) -> Exact:
        """Power and size of one of its tests of two proportions, exactly.

        Parameters
        ----------
        p
            Death probabilities of the two arms.
        analysis
            Name; the scenario's first if None.
        n
            Patients of the two arms; as planned if None.

        Raises
        ------
        ValueError
            If it is no test of two proportions, or a number is out of range.
        """
        plan = self.prepared.plans[0 if analysis is None else place_of(self.prepared, analysis)]
        first, second = self.prepared.params.allocation.ratio
        total = self.prepared.params.trial.target_randomised
        n0 = round(total * first / (first + second))
        n0, n1 = pair_of("n", (n0, total - n0) if n is None else n)
        return _exact(exact_power.question_of(plan, n0, n1), pair_of("p", p), power)

    def monitor(self, observed: str | Path | Mapping[str, Any]) -> Interim:
        """Where the trial stands at a cut of its data, and what is to come, without simulation.

        Parameters
        ----------
        observed
            Path of a file of what is known, or a mapping as it would hold, its dates of type
            `datetime.date`; `trialsim monitor --example` prints such a file.

        Raises
        ------
        ScenarioError
            If it cannot be used; says line, key, value, rule and remedy.
        """
        known = isinstance(observed, str | Path | Mapping)
        require(known, "observed", observed, "must be a path or a mapping")
        source = observed if isinstance(observed, Mapping) else Path(observed)
        return interim(self.prepared.loaded, read_observed(source))

    def report(
        self,
        path: str | Path,
        power: Power,
        *more: Sweep | Size,
        kind: Literal["docx", "html"] | None = None,
        length: Literal["paragraph", "page", "full"] = "full",
        target_power: float | None = None,
    ) -> Path:
        """Write the justification of the sample size as a Word or HTML document.

        Parameters
        ----------
        power, more
            Answers of this study: of `power`, and of `sweep` and `size` that are to be told of.
        kind
            What the path ends in, if None.
        target_power
            Power that the design is to have; that of the answers, if None.

        Raises
        ------
        ImportError
            If a library that it needs is not installed (`pip install 'trialsim[report]'`).
        ValueError
            If the path ends in neither .docx nor .html, an answer is of another kind or study, or
            it has fewer than 100 trials.
        """
        from simulator.justification import write_justification

        require(isinstance(power, Power), "power", power, "must be an answer of Study.power")
        for answer in more:
            known = isinstance(answer, Sweep | Size)
            require(known, "more", answer, "must be answers of Study.sweep and Study.size")
        title = self.prepared.solved.title
        for given in (power, *more):
            require(given.title == title, given.KIND, given, f"must be of this study, {title}")
        question = self.question("power", power.seed)
        if target_power is not None:
            number("target_power", target_power, 0, 1)
        return write_justification(
            Path(path), power, more, question, kind=kind, length=length, target_power=target_power
        )


def baseline(
    sources: Sequence[str | Path], days: Sequence[float] = (7, 14, 21, 28, 84)
) -> BaselineHazard:
    """Baseline hazard from published survival, several sources together.

    Parameters
    ----------
    sources
        CSV files with columns day,survival,n, or day,survival,at_risk for a Kaplan-Meier curve; and
        ids of rows of evidence.
    days
        Ends of the pieces; the last is the horizon.

    Raises
    ------
    ScenarioError
        If a source cannot be used, or they do not tell the pieces apart.

    Examples
    --------
    >>> import simulator
    >>> found = simulator.baseline(["B05", "B06", "B07", "B08"], days=(7, 14, 21, 28))
    >>> [round(share, 3) for share in found.shares]
    [0.106, 0.279, 0.338, 0.277]
    """
    return baseline_hazard(survival_sources([str(source) for source in sources]), days)


def exact(
    test: str,
    n: tuple[int, int],
    p: tuple[float, float],
    alpha: float = 0.05,
    *,
    alternative: str = "two_sided",
    power: float = CONVENTIONAL_POWER,
    gamma: float = 0.001,
    prior: tuple[tuple[float, ...], tuple[float, ...]] = ((1.0, 1.0), (1.0, 1.0)),
    interval: str | None = None,
    margin: float | None = None,
    equivalence: tuple[float, float] | None = None,
) -> Exact:
    """Power, size and smallest detectable difference of a test of two proportions, exactly.

    Parameters
    ----------
    test
        Its word in a scenario, as boschloo.
    n, p
        Patients and death probabilities of the two arms.
    alternative
        two_sided, less (lower mortality in the second arm) or greater.
    power
        Of the difference to detect.
    gamma, prior
        Of the tests of Berger and Boos, and of beta_binomial: (a, b) of each arm.
    interval
        Which decides, of risk_difference, risk_ratio and odds_ratio.
    margin
        Null value of the second arm minus the first, or of their ratio, to be shown with
        `alternative`: 0.1 for a difference that is less.
    equivalence
        Two margins between which the difference or ratio is to be shown to lie.

    Raises
    ------
    ValueError
        If the question is none that can be answered; says what is wrong and how to mend it.

    Examples
    --------
    >>> import simulator
    >>> round(simulator.exact("boschloo", (28, 30), (0.6, 0.3)).power, 6)
    0.645121
    """
    n, p = pair_of("n", n), pair_of("p", p)
    first, second = prior
    asked = exact_power.ExactQuestion(
        test,
        *n,
        alpha,
        cast("Any", alternative),
        gamma,
        cast("Any", tuple(first)),
        cast("Any", tuple(second)),
        interval,
        margin,
        None if equivalence is None else pair_of("equivalence", equivalence),
    )
    return _exact(asked, p, power)


def prior(
    studies: str | Path | None = None,
    *,
    heterogeneity: str = "half_normal(0.5)",
    prior_for: str = "new_study",
    extrapolation: tuple[float, float] = (0.25, 0.1),
    draws: int = 1_000,
    seed: int = 1,
) -> Prior:
    """Make a prior of mortality and hazard ratios from published studies.

    Parameters
    ----------
    studies
        A CSV file of studies with their weights; those that come with the program if None.
    heterogeneity
        Prior of the between-study standard deviation, half_normal(...) or half_cauchy(...).
    prior_for
        Of what the prior is: `new_study`, or `mean` of the studies.
    extrapolation
        Standard deviation of the step to the trial's patients: of the logit of mortality, and of a
        log hazard ratio.
    draws
        Joint draws, in `frames()["draws"]`.

    Raises
    ------
    ScenarioError
        If the file cannot be used; says line, column, value, rule and remedy.

    Examples
    --------
    >>> import simulator
    >>> round(simulator.prior().risk_ratio.estimate, 3)
    0.775
    """
    whole("draws", draws, 1, MOST_DRAWS)
    whole("seed", seed, 0, LARGEST_SEED)
    require(prior_for in tuple(PriorFor), "prior_for", prior_for, "must be new_study or mean")
    assumed = Assumptions(
        heterogeneity_prior(heterogeneity),
        PriorFor(prior_for),
        extrapolation=extrapolation_of(*extrapolation),
    )
    path = None if studies is None else Path(studies)
    return synthesise(path, assumed, draws=draws, seed=seed)


def _exact(asked: exact_power.ExactQuestion, p: tuple[float, float], power: float) -> Exact:
    wrong = refusal(asked, p, power)
    if wrong is not None:
        raise ValueError(f"{wrong.name} = {wrong.value}: {wrong.rule}; {wrong.remedy}")
    return exact_answer(asked, p, power)


def _written(values: Mapping[str, Any]) -> str:
    """Values by key on one line, as a title has them."""
    return " ".join(", ".join(f"{key} = {flow(value)}" for key, value in values.items()).split())
