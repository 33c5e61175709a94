"""What the kernels read: the arrays of `Params`, and what can be worked out of them beforehand."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.allocation import Plan, build_plan
from simulator.engines.compiled.tables import Tables, tables_of
from simulator.params.types import (
    AccrualParams,
    AssessmentParams,
    CandidateParams,
    EligibilityParams,
    ExitParams,
    HazardParams,
    LabParams,
    Params,
    TrialParams,
)
from simulator.rules.candidate import takes_uniform

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Screening(NamedTuple):
    """Which variables of a candidate are worked out when, so that none is in vain.

    The variables of step c are variable[first[c]] .. variable[first[c + 1] - 1]: for each criterion
    those that it reads and no earlier one did, with what they are correlated with; in the last
    step what else a patient's course needs.
    """

    first: Ints  # (criteria + 2,)
    variable: Ints
    takes_uniform: Bools  # (V,): its value is made of a uniform, not of a normal
    wants_normal: Bools  # (V,): its own normal quantile is read
    wants_value: Bools  # (V,): its value is read, not only its part in another's


class Factors(NamedTuple):
    """Factors of allocation: variable (-1: site) and cut points."""

    variable: Ints  # (F,)
    first: Ints  # (F + 1,)
    cut_points: Floats


class Inputs(NamedTuple):
    """Everything that the kernels read."""

    trial: TrialParams
    accrual: AccrualParams
    candidate: CandidateParams
    screening: Screening
    eligibility: EligibilityParams
    allocation: Plan
    factors: Factors
    tables: Tables
    lab: LabParams
    hazard: HazardParams
    exits: ExitParams
    assessment: AssessmentParams


def inputs_of(params: Params) -> Inputs:
    """Make what the kernels read."""
    a = params.allocation
    plan = build_plan(a.scheme, a.options, a.ratio, a.factor_levels, params.trial.target_randomised)
    cuts = [np.asarray(points, dtype=np.float64) for points in a.factor_cut_points]
    return Inputs(
        trial=params.trial,
        accrual=params.accrual,
        candidate=params.candidate,
        screening=_screening(params),
        eligibility=params.eligibility,
        allocation=plan,
        factors=Factors(
            variable=a.factor_variable,
            first=np.cumsum([0, *(points.size for points in cuts)]),
            cut_points=np.concatenate([np.empty(0), *cuts]),
        ),
        tables=tables_of(params),
        lab=params.lab,
        hazard=params.hazard,
        exits=params.exits,
        assessment=params.assessment,
    )


def _screening(params: Params) -> Screening:
    c, e = params.candidate, params.eligibility
    labs = c.lab_variable[c.lab_variable >= 0]
    factors = params.allocation.factor_variable
    later = {*labs, *params.hazard.covariate_variable, *factors[factors >= 0]}
    read = [set(e.variable[a:b]) for a, b in zip(e.first[:-1], e.first[1:], strict=True)]
    done: set[int] = set()
    steps: list[list[int]] = []
    for wanted in [*read, later]:
        needed = _with_ancestors(wanted, c.cholesky)
        steps.append(sorted(needed - done))
        done |= needed
    uniform = np.array([takes_uniform(k, s) for k, s in zip(c.kind, c.u_span, strict=True)], bool)
    values = {int(i) for wanted in [*read, later] for i in wanted}
    slopes = set(labs[:3].tolist()) if params.lab.modelled else set()
    wants_value = np.array([i in values for i in range(c.kind.size)], bool)
    own = np.array([i in slopes for i in range(c.kind.size)], bool)
    return Screening(
        first=np.cumsum([0, *(len(step) for step in steps)]),
        variable=np.array([i for step in steps for i in step], dtype=np.int64),
        takes_uniform=uniform,
        wants_normal=c.correlated | ~uniform | own,
        wants_value=wants_value,
    )


def _with_ancestors(wanted: Iterable[int], cholesky: Floats) -> set[int]:
    """Variables, those that they are correlated with, those that these are, and so on."""
    needed: set[int] = set()
    new = {int(i) for i in wanted}
    while new:
        needed |= new
        new = {int(j) for i in new for j in np.flatnonzero(cholesky[i])} - needed
    return needed
