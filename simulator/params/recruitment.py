"""Referral, eligibility and the factors of allocation as numbers."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from simulator.constants import DAYS_PER_MONTH
from simulator.params.population import SAMPLE_SIZE, log_gamma_quantiles, screen_sample
from simulator.params.types import (
    AccrualParams,
    AllocationParams,
    CandidateParams,
    EligibilityParams,
    SelectionParams,
)
from simulator.rules import eligibility as rule
from simulator.rules import selection
from simulator.scenario.errors import RuleError
from simulator.scenario.population import (
    ENZYME_VARIABLES,
    LAB_VARIABLES,
    Accrual,
    Condition,
    Criterion,
    Eligibility,
    EnzymesAndBilirubin,
    Site,
)
from simulator.scenario.schema import Factor, Scenario

_LEAST_ELIGIBLE_IN_SAMPLE = 50
_COMPARISON = {
    "<": rule.LESS,
    "<=": rule.AT_MOST,
    ">": rule.GREATER,
    ">=": rule.AT_LEAST,
    "==": rule.EQUAL,
}

Floats = npt.NDArray[np.float64]


def lower_accrual(accrual: Accrual, randomised_share: float) -> AccrualParams:
    """Turn accrual into cumulative referral rates, in candidates and days.

    `randomised_share` is the probability that a candidate is eligible and consents: a site that is
    to randomise r a month must be referred r / randomised_share.
    """
    nothing = np.empty(0)
    if accrual.kind == "uniform":
        return AccrualParams(
            uniform=True,
            candidates=accrual.candidates,
            over_days=accrual.over_days,
            opens_day=np.zeros(1),
            first_knot=np.zeros(2, dtype=np.int64),
            knot_day=nothing,
            knot_cumulative=nothing,
            knot_rate=nothing,
            knot_slope=nothing,
            gamma_log_table=nothing,
        )
    knots = [_knots(site, randomised_share) for site in accrual.sites]
    joined = np.concatenate(knots)
    return AccrualParams(
        uniform=False,
        candidates=0,
        over_days=0.0,
        opens_day=np.array([site.opens_day for site in accrual.sites], dtype=np.float64),
        first_knot=np.cumsum([0] + [len(k) for k in knots]),
        knot_day=joined[:, 0].copy(),
        knot_cumulative=joined[:, 1].copy(),
        knot_rate=joined[:, 2].copy(),
        knot_slope=joined[:, 3].copy(),
        gamma_log_table=(
            log_gamma_quantiles(accrual.site_rates.shape, 1.0)
            if accrual.site_rates.kind == "gamma"
            else nothing
        ),
    )


def _knots(site: Site, randomised_share: float) -> Floats:
    """Rows (day since opening, cumulative rate, rate, slope) of a site's referral rate."""
    if site.referred_per_month is not None:
        full_rate = site.referred_per_month / DAYS_PER_MONTH
    else:
        full_rate = site.randomised(randomised_share) / DAYS_PER_MONTH / randomised_share
    steps = [(step.from_day, step.multiplier) for step in site.rate_steps or []] or [(0.0, 1.0)]
    days = sorted({0.0, site.ramp_days} | {day for day, _ in steps})
    rows: list[tuple[float, float, float, float]] = []
    cumulative = 0.0
    for i, day in enumerate(days):
        rate_now = full_rate * [m for from_day, m in steps if from_day <= day][-1]
        climbing = day < site.ramp_days
        rate = rate_now * day / site.ramp_days if climbing else rate_now
        slope = rate_now / site.ramp_days if climbing else 0.0
        rows.append((day, cumulative, rate, slope))
        if i + 1 < len(days):
            length = days[i + 1] - day
            cumulative += rate * length + 0.5 * slope * length * length
    return np.array(rows)


def lower_eligibility(
    eligibility: Eligibility | None, names: tuple[str, ...], candidates: CandidateParams
) -> EligibilityParams:
    """Turn criteria into groups of conditions and find what share of candidates they admit.

    Raises
    ------
    RuleError
        If hardly any of a large sample of candidates is eligible; it names the criterion that
        most of them fail.
    """
    criteria = eligibility.criteria if eligibility else []
    limits = eligibility.upper_limits_of_normal if eligibility else {}
    first = [0]
    rows: list[tuple[int, int, int, float]] = []
    for criterion in criteria:
        for group, conditions in enumerate(_groups(criterion)):
            for one in conditions:
                factor = 1.0 if one.unit == "own" else limits[one.variable]
                code = _COMPARISON[one.comparison]
                rows.append((group, names.index(one.variable), code, one.threshold * factor))
        first.append(len(rows))
    integers = np.array([row[:3] for row in rows], dtype=np.int64).reshape(-1, 3)
    conditions_of = (
        np.array(first, dtype=np.int64),
        integers[:, 0].copy(),
        integers[:, 1].copy(),
        integers[:, 2].copy(),
        np.array([row[3] for row in rows], dtype=np.float64),
    )
    share, fails = screen_sample(candidates, *conditions_of)
    if eligibility and share * SAMPLE_SIZE < _LEAST_ELIGIBLE_IN_SAMPLE:
        _refuse(eligibility, share, fails)
    return EligibilityParams(
        *conditions_of,
        consent_probability=eligibility.consent_probability if eligibility else 1.0,
        eligible_share=share,
        fails_share=fails,
        sample_size=SAMPLE_SIZE,
    )


def _refuse(eligibility: Eligibility, share: float, fails: Floats) -> None:
    worst = int(np.argmax(fails))
    criterion = eligibility.criteria[worst]
    raise RuleError(
        f"the criteria admit next to nobody: {share * SAMPLE_SIZE:.0f} of {SAMPLE_SIZE} sampled "
        f"candidates are eligible; {criterion.label} ({criterion.text}) is failed by most, "
        f"{fails[worst]:.2%}",
        "loosen its threshold, or check the variable's distribution and unit",
        f"eligibility.criteria[{worst}]",
    )


def _groups(criterion: Criterion | EnzymesAndBilirubin) -> list[list[Condition]]:
    """Groups of conditions: a criterion holds if any condition of each group does."""
    if isinstance(criterion, Criterion):
        return criterion.all_of
    enzymes = [_exceeds(name, criterion.enzymes_times_upper_limit) for name in ENZYME_VARIABLES]
    bilirubin = _exceeds(LAB_VARIABLES[0], criterion.bilirubin_times_upper_limit)
    either = [enzymes] if criterion.enzymes == "either" else [[one] for one in enzymes]
    if criterion.join == "and":
        return [*either, [bilirubin]]
    return [[*group, bilirubin] for group in either]


def _exceeds(variable: str, times_upper_limit: float) -> Condition:
    return Condition(
        variable=variable,
        comparison=">",
        threshold=times_upper_limit,
        unit="times_upper_limit_of_normal",
    )


NOBODY_GUESSES = SelectionParams(selection.NOBODY, 0, -1, 0.0, 0.0, 0.0, 0.0)


def lower_allocation(scenario: Scenario) -> AllocationParams:
    """Turn the factors of allocation into variables and cut points."""
    factors = list(_factors(scenario))
    return AllocationParams(
        scheme=scenario.allocation.scheme,
        ratio=tuple(scenario.allocation.ratio),
        options=dict(scenario.allocation.options),
        factor_variable=np.array([variable for variable, _ in factors], dtype=np.int64),
        factor_cut_points=tuple(cuts for _, cuts in factors),
        factor_levels=tuple(cuts.size + 1 for _, cuts in factors),
    )


def lower_selection(scenario: Scenario) -> SelectionParams:
    """Turn the investigator who guesses into numbers."""
    bias = scenario.selection_bias
    if bias is None:
        return NOBODY_GUESSES
    favoured = [arm.name for arm in scenario.arms].index(bias.favours)
    if bias.kind == "shift":
        log_ratio = math.log(bias.hazard_ratio)
        return SelectionParams(selection.SHIFTS, favoured, -1, 0.0, 0.0, 0.0, log_ratio)
    return SelectionParams(
        kind=selection.TURNS_AWAY if bias.kind == "turn_away" else selection.DEFERS,
        favoured=favoured,
        variable=scenario.variable_names().index(bias.variable),
        poor_above=bias.poor_above,
        probability=bias.probability,
        returns_after_days=bias.returns_after_days if bias.kind == "defer" else 0.0,
        log_hazard_ratio=0.0,
    )


def _factors(scenario: Scenario) -> Iterator[tuple[int, Floats]]:
    for factor in scenario.allocation.factors or []:
        levels = _discrete_levels(scenario, factor)
        variable = (
            -1 if factor.variable == "site" else scenario.variable_names().index(factor.variable)
        )
        cuts = np.arange(1.0, levels) if levels else np.array(factor.cut_points, dtype=np.float64)
        yield variable, cuts


def _discrete_levels(scenario: Scenario, factor: Factor) -> int:
    """Count the levels of a discrete factor; 0 for a continuous one, which is cut."""
    if factor.variable == "site":
        return len(scenario.accrual.sites) if scenario.accrual.kind == "poisson" else 1
    variables = scenario.candidates.variables if scenario.candidates else []
    variable = next(v for v in variables if v.name == factor.variable)
    if variable.kind == "bernoulli":
        return 2
    return len(variable.probabilities) if variable.kind == "categorical" else 0
