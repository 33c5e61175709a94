"""The exact power of a test of two proportions in a scenario whose outcomes are known beforehand.

That is where nothing but death and loss, the same for every patient of an arm, becomes of patients
who all are randomised: outcomes are then independent given the arm. The tables are summed over what
each arm may keep.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy

from simulator.analysis import AnalysisPlan
from simulator.analysis.exact_power import ExactQuestion, power, question_of, rejection_set
from simulator.declarations.exits import Exit
from simulator.params.types import Params
from simulator.records import Floats
from simulator.rules.hazard import cumulative_baseline

# Tests whose tables are made in under a millisecond, so that hundreds of pairs of arms are cheap.
_TESTS = "chi_square", "yates", "fisher", "mid_p"
_MOST = 1_000  # patients
_MOST_IF_RANDOM = 400  # where arms or losses vary from trial to trial
_PASSED_OVER = 1e-8  # probability of the sizes of an arm that are left out
_SCHEMES = "complete", "random_allocation", "truncated_binomial", "permuted_block"
_WIDER = 1.2  # a factor


class Law(NamedTuple):
    """How patients are shared out: the scheme, the share of the first arm, the size of a block."""

    scheme: str
    share: float
    block: int | None

    def arm_sizes(self, patients: int) -> dict[int, float]:
        """Sizes of the first arm with their probabilities."""
        if self.scheme == "complete":
            return _binomial(patients, self.share)
        block = self.block or patients
        whole, rest = divmod(patients, block)
        of_first = round(block * self.share)
        sizes = np.arange(rest + 1)
        weights = scipy.stats.hypergeom.pmf(sizes, block, of_first, rest)
        return {
            whole * of_first + int(size): float(weight)
            for size, weight in zip(sizes, weights, strict=True)
            if weight > 0.0
        }


class Fates(NamedTuple):
    """What becomes of the patients of each arm by the end of follow-up: shares."""

    counted_dead: tuple[float, float]
    left_out: tuple[float, float]


@dataclass
class ExactPower:
    """Power by number of patients.

    Attributes
    ----------
    asked
        The test, of any numbers of patients.
    favoured
        Whether only tables with less mortality in the second arm count as rejected.
    """

    asked: ExactQuestion
    favoured: bool
    fates: Fates
    law: Law
    _pairs: dict[tuple[int, int], float] = field(default_factory=dict)
    _powers: dict[int, float] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        """Number of patients up to which it is cheap."""
        is_fixed = self.law.scheme != "complete" and not any(self.fates.left_out)
        return _MOST if is_fixed else _MOST_IF_RANDOM

    def __call__(self, patients: int) -> float:
        """Return the power of a trial of so many patients."""
        if patients not in self._powers:
            self._powers[patients] = self._worked_out(patients)
        return self._powers[patients]

    def _worked_out(self, patients: int) -> float:
        found = 0.0
        for first, weight in self.law.arm_sizes(patients).items():
            kept = [
                _binomial(size, 1.0 - lost)
                for size, lost in zip((first, patients - first), self.fates.left_out, strict=True)
            ]
            found += weight * math.fsum(
                w0 * w1 * self._of(k0, k1)
                for k0, w0 in kept[0].items()
                for k1, w1 in kept[1].items()
            )
        return found

    def _of(self, n0: int, n1: int) -> float:
        """Power of arms of these sizes; an arm without patients leaves nothing to reject."""
        if min(n0, n1) == 0:
            return 0.0
        if (n0, n1) not in self._pairs:
            significant = rejection_set(self.asked._replace(n0=n0, n1=n1))
            if self.favoured:
                x0, x1 = np.ogrid[: n0 + 1, : n1 + 1]
                significant = significant & (x1 * n0 < x0 * n1)
            rates = [
                dead / (1.0 - lost)
                for dead, lost in zip(self.fates.counted_dead, self.fates.left_out, strict=True)
            ]
            self._pairs[n0, n1] = power(significant, *rates)
        return self._pairs[n0, n1]


def exact_power_of(params: Params, plan: AnalysisPlan, *, favoured: bool) -> ExactPower | None:
    """Return the exact power of an analysis by number of patients; None where it is not known."""
    if plan.test not in _TESTS or plan.population != "randomised":
        return None
    if params.has_common_end:  # which may come before the follow-up of the last is over
        return None
    if not _all_alike(params) or not _all_randomised(params):
        return None
    a = params.allocation
    block = a.options.get("block_size") if a.scheme == "permuted_block" else None
    law = Law(a.scheme, a.ratio[0] / sum(a.ratio), None if block is None else int(str(block)))
    return _kept(question_of(plan, 0, 0), favoured, _fates(params, plan.lost), law)


@lru_cache(maxsize=16)
def _kept(asked: ExactQuestion, favoured: bool, fates: Fates, law: Law) -> ExactPower:
    """The same for the same question, so that what was summed is not summed again."""
    return ExactPower(asked, favoured, fates, law)


def _all_alike(params: Params) -> bool:
    """Whether nothing but the arm decides on a patient's chances, and nothing but loss on exits."""
    h, rates = params.hazard, params.exits.rate_per_day
    others = [rate for exit_, rate in zip(tuple(Exit), rates.tolist(), strict=False)]
    others.pop(Exit.LOSS)
    return not (
        h.varies_by_day
        or h.by_session
        or h.covariate_variable.size
        or h.frailty_log_sd
        or h.drift.size
        or params.selection.kind
        or any(others)
    )


def _all_randomised(params: Params) -> bool:
    """Whether as many as are planned are randomised, in arms whose sizes have a known law."""
    a, trial = params.accrual, params.trial
    comes = a.uniform and a.candidates >= trial.target_randomised
    no_criteria = params.eligibility.first.size <= 1
    all_consent = params.eligibility.consent_probability == 1.0
    known = params.allocation.scheme in _SCHEMES and not params.allocation.factor_levels
    in_time = a.over_days <= trial.max_recruitment_days
    return comes and no_criteria and all_consent and known and in_time


def _fates(params: Params, lost: str) -> Fates:
    """Shares that count as dead, and that are left out."""
    h, days = params.hazard, float(params.trial.follow_up_days)
    rate = float(params.exits.rate_per_day[Exit.LOSS])
    until = min(float(params.exits.until_day[Exit.LOSS]), days)
    dead, left = [], []
    for arm in range(2):
        ratio = math.exp(h.direct_log_hazard_ratio) if arm == h.direct_arm else 1.0

        def alive(day: float, ratio: float = ratio) -> float:
            total = cumulative_baseline(h.kind, h.day, h.cumulative, h.shape, day)
            return math.exp(-ratio * total)

        lost_first = 0.0
        if rate > 0.0:
            lost_first, _ = scipy.integrate.quad(
                lambda day: rate * math.exp(-rate * day) * alive(day), 0.0, until, epsabs=1e-12
            )
        seen_alive = alive(days) * math.exp(-rate * until)
        died = 1.0 - lost_first - seen_alive
        dead.append(died + lost_first if lost == "worst_case" else died)
        left.append(lost_first if lost == "excluded" else 0.0)
    return Fates((dead[0], dead[1]), (left[0], left[1]))


def _binomial(n: int, share: float) -> dict[int, float]:
    """Probabilities of a binomial number, but for the least likely, which are left out."""
    if share >= 1.0:
        return {n: 1.0}
    kept = np.arange(n + 1)
    weights: Floats = scipy.stats.binom.pmf(kept, n, share)
    order = np.argsort(weights)
    likely = np.sort(order[np.cumsum(weights[order]) > _PASSED_OVER])
    return {int(k): float(weights[k]) for k in likely}


def lasting(
    power_at: Callable[[int], float], target: float, low: int, high: int, most: int, step: int
) -> int | None:
    """Smallest number from which on power stays at or above the target; None if none is known.

    Looked for downward from where power is half-way from the target to certainty: teeth are less
    deep than that, and beyond power only grows.

    Parameters
    ----------
    low, high
        Multiples of `step`, between which the number is to lie.
    most
        Largest number whose power may be worked out, to see that it lasts.
    """
    enough, top = 0.5 * (1.0 + target), low
    while power_at(top) < enough:
        if top >= most:
            return None
        top = min(max(math.ceil(top * _WIDER / step) * step, top + 10 * step), most)
    found = None
    for patients in range(top, low - 1, -step):
        if power_at(patients) < target:
            break
        found = patients
    return found if found is not None and found <= high else None
