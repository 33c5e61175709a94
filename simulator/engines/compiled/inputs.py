"""What the kernels read: the arrays of `Params`, and what can be worked out of them beforehand."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.allocation import Plan, build_plan
from simulator.engines.compiled.structures import Floats, Ints
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
    SelectionParams,
    TrialParams,
)
from simulator.records import MELD_LABS
from simulator.rules.candidate import takes_uniform

Bools = npt.NDArray[np.bool_]


class FactorArrays(NamedTuple):
    """FactorArrays of allocation: variable (-1: site) and cut points."""

    variable: Ints  # (F,)
    first: Ints  # (F + 1,)
    cut_points: Floats


class Recruitment(NamedTuple):
    """What referral, screening and allocation read."""

    limit_day: float
    accrual: AccrualParams
    candidate: CandidateParams
    wants_normal: Bools  # (V,): of each variable, whether its own normal is read
    eligibility: EligibilityParams
    factors: FactorArrays
    selection: SelectionParams
    plan: Plan


class Inputs(NamedTuple):
    """Everything that the kernels read."""

    trial: TrialParams
    accrual: AccrualParams
    candidate: CandidateParams
    wants_normal: Bools  # (V,): of each variable, whether its own normal is read
    eligibility: EligibilityParams
    allocation: Plan
    factors: FactorArrays
    selection: SelectionParams
    tables: Tables
    lab: LabParams
    hazard: HazardParams
    exits: ExitParams
    assessment: AssessmentParams

    @property
    def recruitment(self) -> Recruitment:
        """What referral, screening and allocation read."""
        return Recruitment(
            self.trial.max_recruitment_days,
            self.accrual,
            self.candidate,
            self.wants_normal,
            self.eligibility,
            self.factors,
            self.selection,
            self.allocation,
        )


_latest: list[tuple[Params, Inputs]] = []


def inputs_of(params: Params) -> Inputs:
    """Return what the kernels read; that of the latest scenario is kept, for its next trials."""
    for known, inputs in _latest[-1:]:
        if known is params:
            return inputs
    inputs = alike(_inputs_of(params))
    _latest[:] = [(params, inputs)]
    return inputs


def alike(part: Any) -> Any:
    """Return a copy whose arrays are contiguous and can be written to.

    Arrays that differ in that are of different types to Numba: kernels would be compiled for each.
    """
    if isinstance(part, np.ndarray):
        return np.array(part, order="C")
    if hasattr(part, "_fields"):
        return type(part)(*map(alike, part))
    return part


def _inputs_of(params: Params) -> Inputs:
    a = params.allocation
    plan = build_plan(a.scheme, a.options, a.ratio, a.factor_levels, params.trial.target_randomised)
    cuts = [np.asarray(points, dtype=np.float64) for points in a.factor_cut_points]
    return Inputs(
        trial=params.trial,
        accrual=params.accrual,
        candidate=params.candidate,
        wants_normal=_wants_normal(params),
        eligibility=params.eligibility,
        allocation=plan,
        factors=FactorArrays(
            variable=a.factor_variable,
            first=np.cumsum([0, *(points.size for points in cuts)]),
            cut_points=np.concatenate([np.empty(0), *cuts]),
        ),
        selection=params.selection,
        tables=tables_of(params),
        lab=params.lab,
        hazard=params.hazard,
        exits=params.exits,
        assessment=params.assessment,
    )


def _wants_normal(params: Params) -> Bools:
    """Whose own normal is read: for its value, for one correlated with it, or for a lab's slope."""
    c = params.candidate
    uniform = np.array([takes_uniform(k, s) for k, s in zip(c.kind, c.u_span, strict=True)], bool)
    wanted: Bools = c.correlated | ~uniform
    if params.lab.modelled:
        wanted[c.lab_variable[:MELD_LABS]] = True
    return wanted
