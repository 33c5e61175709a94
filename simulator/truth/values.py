"""True value of each analysis's estimand, from many trials of the scenario's own size.

A larger trial would meet other queues, so the patients of many trials are put together. They are
simulated in the world that the estimand supposes (`worlds`): nobody is lost, nothing is missing and
nobody guesses the next arm, so that every patient's end is known, the summary can be taken as it is
defined, and it is the effect of treatment alone.
"""

import hashlib
import math
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from simulator.analysis import AnalysisPlan, design_of
from simulator.analysis.cut import rows_of
from simulator.analysis.data import Block
from simulator.analysis.ends import end_days
from simulator.analysis.intercurrent import handled, handling_of
from simulator.analysis.outcomes import EVENT, NOT_ENTERED, outcome, treatment_of
from simulator.caches import MODEL_DIGEST, digest_folder, keep, read_kept
from simulator.constants import FIRST_AUXILIARY_TRIAL
from simulator.declarations.analyses import STATISTICS, Need
from simulator.declarations.analyses.measure import SUBDISTRIBUTION_LOG_HAZARD_RATIO
from simulator.declarations.estimands import statistic_of
from simulator.engines.compiled import simulate
from simulator.params.types import Params
from simulator.records import Floats, Ints, TrialRecords
from simulator.truth.measures import PooledPatients, measure
from simulator.truth.worlds import arms_alike, exchanged, in_world, world_of

_SEED = 0  # its own, so that the truth is the same whatever seed the run has
_PATIENTS = 240_000
_BATCHES = 20


class Truth(NamedTuple):
    """True value of an estimand, with its Monte Carlo standard error over batches of trials.

    `survivor_average`, with its error, is the effect of treatment on the change of MELD in those
    who would survive in either arm; NaN where an analysis is not of survivors.
    """

    value: float
    mcse: float
    survivor_average: float
    survivor_average_mcse: float


# Who ended otherwise stays at risk until the trial's end, of which the causes tell nothing.
_UNKNOWN = Truth(math.nan, math.nan, math.nan, math.nan)


def true_values(params: Params, plans: Sequence[AnalysisPlan], jobs: int = 1) -> tuple[Truth, ...]:
    """True values of all analyses of a scenario: 0 where nothing differs but the label.

    They are kept in the user's cache, under a key made of the scenario and the program, and are the
    same for any number of jobs.
    """
    if arms_alike(params):
        inner = (statistic_of(plan, plans) for plan in plans)
        averages = (0.0 if _of_survivors(plan) else math.nan for plan in inner)
        return tuple(Truth(0.0, 0.0, average, average) for average in averages)
    content = pickle.dumps((MODEL_DIGEST, params, tuple(plans)), protocol=4)
    kept = digest_folder("truths", MODEL_DIGEST) / f"{hashlib.sha256(content).hexdigest()}.json"
    try:
        return tuple(Truth(*map(float, row)) for row in read_kept(kept))
    except (TypeError, ValueError):
        values = _work_out(params, plans, jobs)
    keep(kept, values)
    return values


def _of_survivors(plan: AnalysisPlan) -> bool:
    return STATISTICS[plan.test].variable.survivors_only


def _work_out(params: Params, plans: Sequence[AnalysisPlan], jobs: int) -> tuple[Truth, ...]:
    inner = [statistic_of(plan, plans) for plan in plans]
    found: dict[int, Truth] = {}
    worlds = {index: world_of(plan) for index, plan in enumerate(inner)}
    for world in dict.fromkeys(worlds.values()):
        mine = [index for index, other in worlds.items() if other == world]
        supposed = in_world(params, world)
        with ThreadPoolExecutor(jobs) as pool:
            of_batch = partial(_batch, supposed, {index: inner[index] for index in mine})
            parts = list(pool.map(of_batch, range(_BATCHES)))
        batches = {index: [part.patients[index] for part in parts] for index in mine}
        pairs = {index: [part.pairs[index] for part in parts] for index in parts[0].pairs}
        for index in mine:
            found[index] = _truth(batches[index], pairs.get(index), inner[index], supposed)
    for index, plan in enumerate(inner):
        asked = STATISTICS[plan.test].measure
        if params.has_common_end and asked is SUBDISTRIBUTION_LOG_HAZARD_RATIO:
            found[index] = _UNKNOWN
    return tuple(found[index] for index in range(len(plans)))


class _Batch(NamedTuple):
    """Patients of a batch of trials by analysis, and differences of those of survivors."""

    patients: dict[int, PooledPatients]
    pairs: dict[int, Floats]


def _batch(supposed: Params, plans: dict[int, AnalysisPlan], batch: int) -> _Batch:
    size = -(-_PATIENTS // (_BATCHES * supposed.trial.target_randomised))
    first = FIRST_AUXILIARY_TRIAL + batch * size
    records = simulate(supposed, _SEED, first, size)
    patients = {index: _patients(records, supposed, plan) for index, plan in plans.items()}
    survivors = [index for index, plan in plans.items() if _of_survivors(plan)]
    if not survivors:
        return _Batch(patients, {})
    swapped = exchanged(supposed)
    other = simulate(swapped, _SEED, first, size)
    pairs = {
        index: _always_survivors(patients[index], _patients(other, swapped, plans[index]))
        for index in survivors
    }
    return _Batch(patients, pairs)


def _truth(
    batches: list[PooledPatients], pairs: list[Floats] | None, plan: AnalysisPlan, params: Params
) -> Truth:
    days = params.trial.follow_up_days
    whole = PooledPatients(*map(np.concatenate, zip(*batches, strict=True)))
    value = measure(whole, plan, days)
    parts = np.array([measure(batch, plan, days) for batch in batches])
    error = float(parts.std(ddof=1)) / math.sqrt(parts.size)
    if pairs is None:
        return Truth(value, error, math.nan, math.nan)
    differences = np.concatenate(pairs)
    if differences.size < 2:
        return Truth(value, error, math.nan, math.nan)
    spread = float(differences.std(ddof=1)) / math.sqrt(differences.size)
    return Truth(value, error, float(differences.mean()), spread)


def _always_survivors(now: PooledPatients, exchanged_arms: PooledPatients) -> Floats:
    """Change under the second treatment less that under the first, in those who survive both."""
    both = now.seen & exchanged_arms.seen
    difference = now.change[both] - exchanged_arms.change[both]
    return np.where(now.second[both], difference, -difference)


def _patients(records: TrialRecords, params: Params, plan: AnalysisPlan) -> PooledPatients:
    """Put what an analysis looks at into rows of patients, all of whose ends are known.

    Where the summary is of all follow-up, of as much as the trial's end leaves.
    """
    design = design_of(params, _SEED)
    of_all = STATISTICS[plan.test].measure.of_all_follow_up
    rows = handled(records, rows_of(records), handling_of(plan), design.arm_modality)
    cut_day = np.full(records.trials.trial.size, math.inf)
    if of_all and params.has_common_end:
        cut_day = end_days(params, records)
    longer = of_all or "day" in plan.options  # or of a day of its own
    horizon = design.max_follow_up_days if longer else design.follow_up_days
    block = Block(rows, cut_day, design.follow_up_days, design.max_follow_up_days)
    if "strata" in plan.options:
        block = block.cells(plan).block
        rows = block.rows
    if Need.CAUSES in STATISTICS[plan.test].needs:
        causes = block.causes(plan, horizon)
        used = np.isfinite(causes.time_days)
        nothing = np.zeros(int(used.sum()))
        return PooledPatients(
            second=causes.arm[used] == 1,
            dead=causes.ended_by[used] == 1,
            time_days=causes.time_days[used],
            ended_by=causes.ended_by[used].astype(np.int64),
            stratum=nothing.astype(np.int64),
            seen=nothing.astype(np.bool_),
            baseline=nothing,
            change=nothing,
        )
    known = outcome(rows, block.cut_day, horizon, treatment_of(plan))
    changes = block.changes(plan)
    patients = PooledPatients(
        second=rows.arm == 1,
        dead=known.status == EVENT,
        time_days=known.time_days,
        ended_by=np.zeros(rows.arm.size, np.int64),
        stratum=_labels(block, plan),
        seen=changes.seen,
        baseline=np.nan_to_num(changes.baseline),
        change=changes.change,
    )
    if known.status.size and known.status.max() == NOT_ENTERED:  # the trial ended before
        return PooledPatients._make(column[known.status != NOT_ENTERED] for column in patients)
    return patients


def _labels(block: Block, plan: AnalysisPlan) -> Ints:
    """Strata that mean the same in every trial."""
    strata = plan.options.get("strata")
    if strata is None:
        return np.zeros(block.rows.arm.size, np.int64)
    if isinstance(strata, str):
        return block.rows.site if strata == "site" else block.rows.stratum
    labels: Ints = np.searchsorted(np.array(strata), block.meld()[0], side="right")
    return labels
