"""Solve several targets at once through the simulation (docs/calibration.md).

The same trials are run at every set of values, so that the figures move smoothly with the keys.
Scaled least squares: each target counts in units of its tolerance. Where not all targets of a group
can be met, each that is part of the compromise is given up in turn, which shows what contradicts
what.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from calibration.least_squares import Group, groups_of, jacobian_at, least_squares
from calibration.measures import Figure, measure, simulate_to_measure
from calibration.movable import Movable, movable_keys, scaled, values_of, with_values
from calibration.targets import SharedRuns, solve_with
from simulator.declarations.measures import MEASURES
from simulator.declarations.quantities import name_with_unit
from simulator.params.lower import lower
from simulator.records import Floats
from simulator.results.calibration import MovedKey, TargetReached, WithoutTarget
from simulator.scenario.calibrated import CalibrationTarget
from simulator.scenario.calibrated_rules import why_not
from simulator.scenario.errors import RuleError, ScenarioError
from simulator.scenario.loaded import LoadedScenario

_AT_LIMIT = 0.005
_LEAST_SHARE = 1e-4  # whose log odds are taken
_CONCERNED = 0.25  # tolerances: a target further off than that is part of a compromise
_MOST_GIVEN_UP = 6

Watch = Callable[[int, float], None]


class Fit(NamedTuple):
    """What a calibration found; the block is made of it by `calibration.block`."""

    targets: tuple[TargetReached, ...]
    keys: tuple[MovedKey, ...]
    contradictions: tuple[WithoutTarget, ...]
    values: dict[str, float]
    runs: int
    patients: int


def fit(loaded: LoadedScenario, trials: int, seed: int, jobs: int, watch: Watch) -> Fit:
    """Move the keys of a scenario's targets until the simulated trials meet them.

    Parameters
    ----------
    trials
        At each set of values, the same ones.
    watch
        Called after each with how many were simulated, and how far the worst target is off, in
        tolerances.

    Raises
    ------
    ScenarioError
        If a key cannot be moved, or a figure cannot be made.
    """
    search = _Search(loaded, trials, seed, jobs, watch)
    start = scaled(search.keys, np.array([key.own for key in search.keys]))
    # The scenario's own values as they stand, not as they would be written.
    before = search.figures_of(np.array([key.own for key in search.keys]))
    if not search.keys:
        targets = search.targets_of(before, before, np.zeros((len(before), 0)))
        return Fit(targets, (), (), {}, search.runs, search.patients)
    every = np.arange(start.size)
    first = jacobian_at(search.residuals, start, every)
    position = least_squares(search.residuals, start, search.groups, first)
    jacobian, after = jacobian_at(search.residuals, position, every), search.figures(position)
    found = search.targets_of(before, after, jacobian)
    return Fit(
        found,
        search.keys_of(position, after, jacobian),
        search.contradictions(position, after, jacobian),
        dict(zip((k.key for k in search.keys), values_of(search.keys, position), strict=True)),
        search.runs,
        search.patients,
    )


def applicable(loaded: LoadedScenario) -> dict[int, CalibrationTarget]:
    """Targets that the scenario has a figure of, by their places."""
    targets = loaded.scenario.calibrated or []
    return {k: one for k, one in enumerate(targets) if not why_not(loaded.scenario, one)}


class _Search:
    """A scenario's targets at any position of its keys, from 0, low, to 1, high."""

    def __init__(
        self, loaded: LoadedScenario, trials: int, seed: int, jobs: int, watch: Watch
    ) -> None:
        self.loaded, self.trials, self.seed, self.jobs = loaded, trials, seed, jobs
        self.watch, self.runs, self.patients = watch, 0, 0
        self.solutions = SharedRuns()
        self.places = applicable(loaded)
        self.asked: Sequence[CalibrationTarget] = list(self.places.values())
        self.keys: tuple[Movable, ...] = movable_keys(loaded, self.places)
        self.known: dict[bytes, list[Figure]] = {}
        places = {key.key: place for place, key in enumerate(self.keys)}
        self.groups = groups_of(
            [
                (target, places[loaded.key(movable.key, "calibrated")])
                for target, one in enumerate(self.asked)
                for movable in one.by
            ]
        )

    def figures(self, position: Floats) -> list[Figure]:
        """Figures of the targets at a position, as its values would be written."""
        return self.figures_of(values_of(self.keys, position))

    def figures_of(self, values: Floats) -> list[Figure]:
        """Figures of the targets with these values of the keys; each set is simulated once."""
        known = self.known.get(values.tobytes())
        if known is None:
            known = self.known[values.tobytes()] = self._simulated(values)
            self.runs += 1
            self.watch(self.runs, float(np.abs(self._residuals(known)).max()))
        return known

    def _simulated(self, values: Floats) -> list[Figure]:
        by_key = dict(zip((key.key for key in self.keys), map(float, values), strict=True))
        try:
            changed = with_values(self.loaded, by_key) if by_key else self.loaded
            solved = solve_with(changed.scenario, self.solutions)
            params = lower(solved)
        except (RuleError, ScenarioError) as error:
            raise self._beyond(error, by_key) from None
        names = [arm.name for arm in solved.arms]
        simulated = simulate_to_measure(params, names, self.trials, self.seed, self.jobs)
        self.patients = int(simulated.trial.size)
        found = []
        for place, target in self.places.items():
            try:
                found.append(measure(simulated, target))
            except RuleError as error:
                key = f"calibrated[{place}].{error.key}"
                raise self.loaded.problem(key, error.rule, error.remedy) from None
        return found

    def _beyond(
        self, error: RuleError | ScenarioError, values: Mapping[str, float]
    ) -> ScenarioError:
        """The error of values within the limits that make no scenario."""
        first = error.problems[0] if isinstance(error, ScenarioError) else error
        tried = ", ".join(f"{key} = {value:g}" for key, value in values.items())
        rule = f"{first.rule}, where the calibration tried {tried}" if values else first.rule
        return self.loaded.problem(first.key, rule, "narrow the limits of the keys that may move")

    def _residuals(self, figures: Sequence[Figure]) -> Floats:
        """How far each figure is off, as `_distance` has it."""
        pairs = zip(figures, self.asked, strict=True)
        return np.array([_distance(one, figure.value)[0] for figure, one in pairs])

    def residuals(self, position: Floats) -> Floats:
        """How far each target is off at a position, in tolerances."""
        return self._residuals(self.figures(position))

    def targets_of(
        self, before: Sequence[Figure], after: Sequence[Figure], jacobian: Floats
    ) -> tuple[TargetReached, ...]:
        """The targets, with what was reached."""
        reach = np.zeros(len(self.asked))
        for group in self.groups:  # from one end of its keys to the other
            reach[group.targets] = np.abs(jacobian[np.ix_(group.targets, group.keys)]).sum(axis=1)
        return tuple(
            TargetReached(
                label=one.label,
                measure=one.measure,
                is_share=MEASURES[one.measure].is_share,
                target=one.value,
                tolerance=one.tolerance,
                before=before[k].value,
                before_mcse=before[k].error,
                reached=after[k].value,
                reached_mcse=after[k].error,
                met_before=_is_met(one, before[k]),
                met=_is_met(one, after[k]),
                movable=bool(reach[k] >= 1),
                keys=tuple(movable.key for movable in one.by),
                rows=tuple(one.rows),
                source=one.source,
                note=one.note,
            )
            for k, one in enumerate(self.asked)
        )

    def keys_of(
        self, position: Floats, after: Sequence[Figure], jacobian: Floats
    ) -> tuple[MovedKey, ...]:
        """The keys, with the standard errors that the trials leave (delta method)."""
        pairs = zip(after, self.asked, strict=True)
        scores = np.stack([f.influence * _distance(one, f.value)[1] for f, one in pairs])
        covariance = np.atleast_2d(np.cov(scores)) / scores.shape[1]
        inverse = np.linalg.pinv(jacobian, rcond=1e-3)
        variance = np.diag(inverse @ covariance @ inverse.T)
        told = np.diag(inverse @ jacobian) > 0.99  # else other values do as well
        values = values_of(self.keys, position)
        return tuple(
            MovedKey(
                key=key.key,
                name=name_with_unit(key.key, self.loaded.value),
                old=key.own,
                new=float(values[k]),
                error=float(np.sqrt(variance[k])) * (key.high - key.low) if told[k] else None,
                low=key.low,
                high=key.high,
                at_limit=bool(min(position[k], 1 - position[k]) < _AT_LIMIT),
            )
            for k, key in enumerate(self.keys)
        )

    def contradictions(
        self, position: Floats, after: Sequence[Figure], jacobian: Floats
    ) -> tuple[WithoutTarget, ...]:
        """What giving up each target would do that is part of a compromise; none if all are met."""
        off, found = np.abs(self._residuals(after)), []
        for group in self.groups:
            places = [int(k) for k in group.targets]
            if all(_is_met(self.asked[k], after[k]) for k in places):
                continue
            concerned = [k for k in places if off[k] > _CONCERNED] if len(places) > 1 else []
            found += [self._without(k, group, position, jacobian) for k in concerned]
        return tuple(found[:_MOST_GIVEN_UP])

    def _without(
        self, given_up: int, group: Group, position: Floats, jacobian: Floats
    ) -> WithoutTarget:
        """Give up one target of a group, and solve for the others from the solution on."""
        kept = Group(group.targets[group.targets != given_up], group.keys)
        best = least_squares(self.residuals, position, [kept], jacobian)
        figures = self.figures(best)
        reached = {self.asked[k].label: figures[k].value for k in group.targets}
        met = all(_is_met(self.asked[k], figures[k]) for k in kept.targets)
        target = self.asked[given_up]
        return WithoutTarget(target.label, target.value, met, reached)


def _is_met(target: CalibrationTarget, figure: Figure) -> bool:
    return abs(figure.value - target.value) <= target.tolerance


def _distance(target: CalibrationTarget, value: float) -> tuple[float, float]:
    """How far a value is off in tolerances, and the derivative of that.

    A share is off on the scale of its log odds, on which keys act more evenly: shortages of .05 and
    .20 are a few tenths of a litre apart. Near the target the two scales agree.
    """
    aim = target.value
    if not MEASURES[target.measure].is_share or not 0 < aim < 1:
        return (value - aim) / target.tolerance, 1 / target.tolerance
    held = min(max(value, _LEAST_SHARE), 1 - _LEAST_SHARE)
    scale = aim * (1 - aim) / target.tolerance
    distance = scale * (math.log(held / (1 - held)) - math.log(aim / (1 - aim)))
    return distance, scale / (held * (1 - held))
