"""What candidates are like before anybody is screened: marginals, copula, share eligible."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from simulator import draws
from simulator.caches import MODEL_DIGEST, digest_folder, keep, read_kept
from simulator.kernels import njit
from simulator.params.types import CandidateParams
from simulator.rules import candidate as rule
from simulator.rules.eligibility import holds
from simulator.rules.normal import normal_cdf
from simulator.scenario.errors import RuleError
from simulator.scenario.population import Bernoulli, Candidates, Categorical, Variable

SAMPLE_SIZE = 131_072
_LEAST_SHARE_WITHIN_BOUNDS = 1e-6
_PROFILE = int(draws.Purpose.PROFILE)
_SAMPLE_SEED = 0
_SAMPLE_TRIAL = 0xFFFFFFFF  # an index that no simulated trial has

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def lower_candidates(
    candidates: Candidates | None, lab_variables: Sequence[str]
) -> CandidateParams:
    """Turn the candidate population into codes and tables."""
    variables: Sequence[Variable] = candidates.variables if candidates else []
    names = [variable.name for variable in variables]
    rows = [_marginal(variable) for variable in variables]
    matrix = candidates.latent_correlation() if candidates else np.eye(0)
    widest = max([row[3].size for row in rows], default=1)
    table = np.full((len(rows), widest), np.inf)
    for i, row in enumerate(rows):
        table[i, : row[3].size] = row[3]
    spans = [_truncation(variable) for variable in variables]
    for index, (low, high) in enumerate(spans):
        if high - low < _LEAST_SHARE_WITHIN_BOUNDS:
            raise RuleError(
                f"next to nothing of the distribution ({high - low:.2g}) lies within the bounds",
                "check the distribution, the bounds and their unit",
                f"candidates.variables[{index}].bounds",
            )
    return CandidateParams(
        kind=np.array([row[0] for row in rows], dtype=np.int64),
        a=np.array([row[1] for row in rows], dtype=np.float64),
        b=np.array([row[2] for row in rows], dtype=np.float64),
        u_low=np.array([low for low, _ in spans], dtype=np.float64),
        u_span=np.array([high - low for low, high in spans], dtype=np.float64),
        correlated=np.array([(row != 0).sum() > 1 for row in matrix], dtype=np.bool_),
        cholesky=np.linalg.cholesky(matrix),
        table=table,
        lab_variable=np.array(
            [names.index(name) if name in names else -1 for name in lab_variables], dtype=np.int64
        ),
    )


def _marginal(variable: Variable) -> tuple[int, float, float, Floats]:
    """Code, two parameters and table of a variable's quantile function."""
    z = rule.TABLE_LOW + rule.TABLE_STEP * np.arange(rule.TABLE_SIZE)
    empty = np.zeros(1)
    match variable.kind:
        case "normal":
            return rule.NORMAL, variable.mean, variable.sd, empty
        case "lognormal":
            return rule.LOGNORMAL, float(np.log(variable.median)), variable.log_sd, empty
        case "uniform":
            return rule.UNIFORM, variable.lower, variable.upper - variable.lower, empty
        case "exponential":
            return rule.EXPONENTIAL, variable.mean, 0.0, empty
        case "gamma":
            return rule.LOG_TABLE, 0.0, 0.0, log_gamma_quantiles(variable.shape, variable.mean)
        case "beta":
            return rule.TABLE, 0.0, 0.0, special.betaincinv(variable.a, variable.b, special.ndtr(z))
        case "bernoulli":
            return rule.CATEGORICAL, 0.0, 0.0, np.array([1 - variable.probability, np.inf])
        case "categorical":
            cumulative = np.cumsum(variable.probabilities)
            cumulative[-1] = np.inf
            return rule.CATEGORICAL, 0.0, 0.0, cumulative


def log_gamma_quantiles(shape: float, mean: float) -> Floats:
    """Log quantiles of a gamma distribution over the normal quantile (see `rules.candidate`).

    The table is of the logarithm: near zero a gamma quantile falls like a power of u, its
    logarithm smoothly in the normal quantile, so that linear interpolation stays within 1e-5 of
    the quantile for shapes from 0.1 up (tested).
    """
    z = rule.TABLE_LOW + rule.TABLE_STEP * np.arange(rule.TABLE_SIZE)
    upper = special.gammainccinv(shape, special.ndtr(-z))
    lower = special.gammaincinv(shape, special.ndtr(z))
    quantile = np.where(z > 0, upper, lower)
    log_quantile: Floats = np.log(np.maximum(quantile, 1e-300)) + np.log(mean / shape)
    return log_quantile


def _truncation(variable: Variable) -> tuple[float, float]:
    """Probabilities of the lower and upper bound."""
    if isinstance(variable, Bernoulli | Categorical) or variable.bounds is None:
        return 0.0, 1.0
    low, high = variable.bounds
    return (
        0.0 if low is None else _distribution(variable, low),
        1.0 if high is None else _distribution(variable, high),
    )


def _distribution(variable: Variable, x: float) -> float:
    """Distribution function of a continuous variable without truncation."""
    match variable.kind:
        case "normal":
            return float(normal_cdf((x - variable.mean) / variable.sd))
        case "lognormal":
            return (
                0.0 if x <= 0 else float(normal_cdf(np.log(x / variable.median) / variable.log_sd))
            )
        case "uniform":
            return float(np.clip((x - variable.lower) / (variable.upper - variable.lower), 0, 1))
        case "exponential":
            return float(-np.expm1(-max(x, 0.0) / variable.mean))
        case "gamma":
            return float(
                special.gammainc(variable.shape, max(x, 0.0) * variable.shape / variable.mean)
            )
        case "beta":
            return float(special.betainc(variable.a, variable.b, np.clip(x, 0, 1)))
        case _:
            raise TypeError(f"{variable.kind} cannot be truncated")


@njit(error_model="numpy")
def _screen_sample(
    size: int,
    kind: Ints,
    a: Floats,
    b: Floats,
    u_low: Floats,
    u_span: Floats,
    correlated: npt.NDArray[np.bool_],
    cholesky: Floats,
    table: Floats,
    first: Ints,
    group: Ints,
    variable: Ints,
    comparison: Ints,
    threshold: Floats,
) -> tuple[int, Ints]:
    """Count who is eligible, and who fails each criterion at all, in a fixed sample."""
    uniforms = np.empty(kind.size)
    work = np.empty(kind.size)
    values = np.empty(kind.size)
    latents = np.empty(kind.size)
    fails = np.zeros(first.size - 1, np.int64)
    eligible = 0
    for who in range(size):
        for i in range(kind.size):
            uniforms[i] = draws.uniform(_SAMPLE_SEED, _SAMPLE_TRIAL, _PROFILE, i, who)
        rule.profile(
            uniforms, kind, a, b, u_low, u_span, correlated, cholesky, table, work, values, latents
        )
        passed = True
        for criterion in range(first.size - 1):
            if not holds(criterion, values, first, group, variable, comparison, threshold):
                fails[criterion] += 1
                passed = False
        if passed:
            eligible += 1
    return eligible, fails


_screened: dict[str, tuple[float, Floats]] = {}
_MOST_SCREENED_KEPT = 64


def screen_sample(
    candidates: CandidateParams,
    first: Ints,
    group: Ints,
    variable: Ints,
    comparison: Ints,
    threshold: Floats,
) -> tuple[float, Floats]:
    """Share of candidates who are eligible, and who fail each criterion at all.

    From SAMPLE_SIZE candidates at addresses that no trial uses: a property of the scenario, the
    same for every seed (Monte Carlo error of a share of one half: 0.0014). A search and a solver
    ask for the same sample over and over, and so does every run: they are kept, the last ones here
    and all in the user's cache.
    """
    asked = (
        candidates.kind,
        candidates.a,
        candidates.b,
        candidates.u_low,
        candidates.u_span,
        candidates.correlated,
        candidates.cholesky,
        candidates.table,
        first,
        group,
        variable,
        comparison,
        threshold,
    )
    digest = hashlib.sha256(f"{MODEL_DIGEST} {SAMPLE_SIZE}".encode())
    for array in asked:
        digest.update(f"{array.shape}".encode() + array.tobytes())
    key = digest.hexdigest()[:32]
    if key not in _screened:
        if len(_screened) == _MOST_SCREENED_KEPT:
            _screened.clear()
        _screened[key] = _kept_sample(key, asked)
    return _screened[key]


def _kept_sample(key: str, asked: tuple[Any, ...]) -> tuple[float, Floats]:
    """Read the sample of a key, or take it and keep it."""
    kept = digest_folder("screened", MODEL_DIGEST) / f"{key}.json"
    found = read_kept(kept)
    if found is None:
        eligible, fails = _screen_sample(SAMPLE_SIZE, *asked)
        found = [eligible, *fails.tolist()]
        keep(kept, found)
    shares: Floats = np.array(found, dtype=np.float64) / SAMPLE_SIZE
    return float(shares[0]), shares[1:]
