"""Trials of one allocation scheme: what they reject, and what is seen of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan
from simulator.monitoring.asked import MonitoringPlan
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.loop import Run, Stop, monte_carlo
from simulator.montecarlo.multiplicity import Family
from simulator.montecarlo.open_unit import UnitResult
from simulator.montecarlo.workers import Workers
from simulator.params.types import Params
from simulator.planning.candidate_schemes import CandidateScheme
from simulator.planning.observed import SequenceRows, observer
from simulator.planning.paired import UNKNOWN
from simulator.records import Floats, Ints


class Rejections(NamedTuple):
    """Trials of one scheme, a row each.

    Attributes
    ----------
    rejected, favours
        (trials, analyses): whether each rejects, and whether in favour of the second arm.
    any_of, all_of
        (trials, families): whether any hypothesis of those judged together is rejected, and all.
    not_analysable, none_analysable
        (analyses,), (families,): trials in which one has no result, and in which none of a family.
    """

    rejected: Floats
    favours: Floats
    any_of: Floats
    all_of: Floats
    not_analysable: Ints
    none_analysable: Ints


@dataclass
class SchemeTrials:
    """Trials of one scheme, one after another."""

    plans: tuple[AnalysisPlan, ...]
    families: tuple[Family, ...]
    rows: list[Rejections] = field(default_factory=list)
    observed: list[tuple[Floats, ...]] = field(default_factory=list)

    def keep(self, unit: UnitResult) -> None:
        """Take in the trials that come next."""
        verdicts, joint = unit.verdicts, unit.sums.joint
        ends = np.cumsum([len(family.columns) for family in self.families])[:-1]
        judged = np.split(verdicts.together, ends, axis=1) if self.families else []
        nothing = np.empty((verdicts.trials, 0))
        found = Rejections(
            rejected=verdicts.rejected.astype(np.float64),
            favours=verdicts.second_favoured.astype(np.float64),
            any_of=np.column_stack([nothing, *(rows.any(axis=1) for rows in judged)]),
            all_of=np.column_stack([nothing, *(rows.all(axis=1) for rows in judged)]),
            not_analysable=verdicts.trials - joint.both_analysable.diagonal(),
            none_analysable=verdicts.trials - np.array(joint.analysable, np.int64),
        )
        self.rows.append(found)
        self.observed.append(unit.observed)

    def whole(self) -> Rejections:
        """Return what all trials reject."""
        rejected, favours, any_of, all_of, *counts = zip(*self.rows, strict=True)
        trials = (np.concatenate(rows) for rows in (rejected, favours, any_of, all_of))
        return Rejections(*trials, *(np.sum(parts, axis=0) for parts in counts))

    def seen(self) -> SequenceRows:
        """Return what was seen of all trials."""
        return SequenceRows(*(np.concatenate(parts) for parts in zip(*self.observed, strict=True)))


def simulate_scheme(
    params: Params,
    candidate_scheme: CandidateScheme,
    plans: tuple[AnalysisPlan, ...],
    families: tuple[Family, ...],
    trials: int,
    seed: int,
    workers: Workers,
    told: Callable[[int], None],
    *,
    with_records: bool,
    monitoring: MonitoringPlan | None = None,
) -> SchemeTrials:
    """Simulate and analyse trials under a scheme; without records nothing else is seen of them.

    Raises
    ------
    KeyboardInterrupt
        If stopped before the last.
    """
    run = SchemeTrials(plans, families)
    truths = (UNKNOWN,) * len(plans)
    asked = Evaluation(plans, truths, families, monitoring=monitoring)
    if with_records:
        asked = asked._replace(observer=observer(candidate_scheme.plan))
    trials_asked = Run(
        params._replace(allocation=candidate_scheme.params),
        asked,
        seed,
        Stop(trials, None),
        lambda done, _: told(done),
        lambda _, unit: run.keep(unit),
    )
    done = monte_carlo(trials_asked, workers, Engine.COMPILED)
    if done.interrupted:
        raise KeyboardInterrupt
    return run
