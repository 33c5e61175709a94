"""Referral, screening, consent and allocation of one trial (model page, sections 1 to 4)."""

import math
from typing import Any

import numpy as np

from simulator import allocation, draws
from simulator.engines.compiled.inputs import Bools, Factors
from simulator.engines.compiled.kernel import entry, inlined, kernel
from simulator.engines.compiled.state import (
    CANDIDATE,
    ENTRY_AT,
    SITE,
    Floats,
    Ints,
    Screen,
)
from simulator.params.types import AccrualParams, CandidateParams, EligibilityParams
from simulator.rules import accrual as accrual_rule
from simulator.rules import candidate as candidate_rule
from simulator.rules import eligibility as eligibility_rule
from simulator.rules.eligibility import level_of
from simulator.rules.normal import normal_quantile

_SITE_RATE = draws.code_of(draws.Purpose.SITE_RATE)
_REFERRAL = draws.code_of(draws.Purpose.REFERRAL)
_UNIFORM_ENTRY = draws.code_of(draws.Purpose.UNIFORM_ENTRY)
_PROFILE = draws.code_of(draws.Purpose.PROFILE)
_CONSENT = draws.code_of(draws.Purpose.CONSENT)
_ALLOCATION = draws.code_of(draws.Purpose.ALLOCATION)
_BLOCK_SIZE = draws.code_of(draws.Purpose.BLOCK_SIZE)

ELIGIBLE = -1
AT_ONCE = 32  # candidates: enough for a processor that takes eight, few to be worked out in vain


@entry
def draw_entries(over_days: float, seed: int, first_trial: int, out: Floats) -> None:
    """Fill `out`, a row a trial, with entries under uniform accrual, not yet in order."""
    candidates = out.shape[1]
    blocks = candidates >> 2
    for row in range(out.shape[0]):
        mine, trial = out[row], first_trial + row
        for block in range(blocks):
            w0, w1, w2, w3 = draws.block(seed, trial, _UNIFORM_ENTRY, 0, block)
            mine[4 * block] = accrual_rule.uniform_entry(over_days, draws.to_uniform(w0))
            mine[4 * block + 1] = accrual_rule.uniform_entry(over_days, draws.to_uniform(w1))
            mine[4 * block + 2] = accrual_rule.uniform_entry(over_days, draws.to_uniform(w2))
            mine[4 * block + 3] = accrual_rule.uniform_entry(over_days, draws.to_uniform(w3))
        for k in range(4 * blocks, candidates):
            u = draws.uniform(seed, trial, _UNIFORM_ENTRY, 0, k)
            mine[k] = accrual_rule.uniform_entry(over_days, u)


@kernel
def open_sites(accrual: AccrualParams, seed: int, trial: int, room: Screen) -> None:
    """Draw the sites' rates and the first referral of each."""
    table = accrual.gamma_log_table
    for site in range(room.due.size):
        room.multiplier[site] = 1.0
        if table.size > 0:
            z = normal_quantile(draws.uniform(seed, trial, _SITE_RATE, site, 0))
            room.multiplier[site] = accrual_rule.rate_multiplier(
                table, candidate_rule.TABLE_LOW, candidate_rule.TABLE_STEP, z
            )
        room.reached[site] = 0.0
        room.referred[site] = 0
        refer_next(accrual, seed, trial, site, room)


@inlined
def refer_next(accrual: AccrualParams, seed: int, trial: int, site: int, room: Screen) -> None:
    """Find when a site refers its next candidate."""
    number, wait = room.referred[site], room.wait[site]
    if number % AT_ONCE == 0:
        draws.fill(seed, trial, _REFERRAL, site, number, wait)
        for k in range(wait.size):
            wait[k] = accrual_rule.waiting_time(wait[k])
    room.reached[site] += wait[number % AT_ONCE]
    a, b = accrual.first_knot[site], accrual.first_knot[site + 1]
    room.due[site] = accrual_rule.referral_day(
        room.reached[site],
        room.multiplier[site],
        accrual.opens_day[site],
        accrual.knot_day[a:b],
        accrual.knot_cumulative[a:b],
        accrual.knot_rate[a:b],
        accrual.knot_slope[a:b],
    )


@inlined
def compare(values: Floats, comparison: int, threshold: float, met: Ints) -> None:
    """Let `met` be 1 also where a condition holds."""
    for k in range(met.size):
        met[k] |= eligibility_rule.compare(values[k], comparison, threshold)


@kernel
def judge(e: EligibilityParams, room: Screen) -> None:
    """Find the first criterion that each candidate fails (`rules.eligibility.first_failed`)."""
    failed, group_met, met = room.failed, room.met[0], room.met[1]
    for k in range(failed.size):
        failed[k] = ELIGIBLE
    for criterion in range(e.first.size - 2, -1, -1):
        for k in range(met.size):
            met[k] = 1
            group_met[k] = 0
        for i in range(e.first[criterion], e.first[criterion + 1]):
            values, threshold, how = room.values[e.variable[i]], e.threshold[i], e.comparison[i]
            if how == eligibility_rule.LESS:
                compare(values, eligibility_rule.LESS, threshold, group_met)
            elif how == eligibility_rule.EQUAL:
                compare(values, eligibility_rule.EQUAL, threshold, group_met)
            else:
                compare(values, how, threshold, group_met)
            if i + 1 == e.first[criterion + 1] or e.group[i + 1] != e.group[i]:
                for k in range(met.size):
                    met[k] &= group_met[k]
                    group_met[k] = 0
        for k in range(failed.size):
            failed[k] = failed[k] if met[k] else criterion


@kernel
def screen(
    c: CandidateParams,
    e: EligibilityParams,
    wants_normal: Bools,
    seed: int,
    trial: int,
    first: int,
    room: Screen,
) -> None:
    """Work out candidates `first` to `first + AT_ONCE - 1`, and what they would fail."""
    for i in range(c.kind.size):
        draws.fill(seed, trial, _PROFILE, i, first, room.uniform[i])
    candidate_rule.profiles(
        room.uniform,
        c.kind,
        c.a,
        c.b,
        c.u_low,
        c.u_span,
        c.correlated,
        c.cholesky,
        c.table,
        wants_normal,
        room.independent,
        room.values,
        room.latents,
    )
    judge(e, room)
    if e.consent_probability < 1.0:
        draws.fill(seed, trial, _CONSENT, 0, first, room.consent)


@kernel
def recruit(
    accrual: AccrualParams,
    c: CandidateParams,
    e: EligibilityParams,
    wants_normal: Bools,
    target: int,
    limit_day: float,
    seed: int,
    trial: int,
    entries: Floats,
    room: Screen,
    failed_first: Ints,
    number: Floats,
    count: Ints,
    profile: Floats,
    latent: Floats,
) -> tuple[int, int, int, float]:
    """Refer and screen candidates until the target is met or recruitment is over.

    Fills for each patient their entry, site and number as a candidate, and rows of `profile` and
    `latent` with the values and latent normals of the variables that are read later. Candidates who
    fail a criterion are counted in `failed_first`.

    Returns
    -------
    tuple
        Patients, candidates, refusals, and the day on which recruitment ended.
    """
    sites, variables = accrual.opens_day.size, c.kind.size
    if not accrual.uniform:
        open_sites(accrual, seed, trial, room)
    patients, refused = 0, 0
    screened: Any = np.int64(0)  # a literal would have the kernels below compiled a second time
    end = min(limit_day, accrual.over_days) if accrual.uniform else limit_day
    while patients < target:
        site: Any = np.int64(0)
        now = math.inf
        if accrual.uniform:
            if screened < entries.size:
                now = entries[screened]
        else:
            for other in range(sites):
                if room.due[other] < now:
                    site, now = other, room.due[other]
        if now > limit_day or now == math.inf:
            return patients, screened, refused, end
        who, k = screened, screened % AT_ONCE
        if k == 0:
            screen(c, e, wants_normal, seed, trial, who, room)
        screened += 1
        if not accrual.uniform:
            room.referred[site] += 1
            refer_next(accrual, seed, trial, site, room)
        if room.failed[k] != ELIGIBLE:
            failed_first[room.failed[k]] += 1
            continue
        if e.consent_probability < 1.0 and room.consent[k] >= e.consent_probability:
            refused += 1
            continue
        number[ENTRY_AT, patients] = now
        count[CANDIDATE, patients] = who
        count[SITE, patients] = site
        for i in range(variables):
            profile[patients, i] = room.values[i, k]
            latent[patients, i] = room.latents[i, k]
        patients += 1
        end_now = now
    return patients, screened, refused, end_now


@inlined
def levels_of(f: Factors, values: Floats, site: int, levels: Ints) -> None:
    """Fill in the levels of a patient's factors."""
    for factor in range(f.variable.size):
        i = f.variable[factor]
        value = float(site) if i < 0 else values[i]
        levels[factor] = level_of(value, f.cut_points[f.first[factor] : f.first[factor + 1]])


@inlined
def allocate(
    plan: allocation.Plan,
    state: allocation.State,
    seed: int,
    trial: int,
    patient: int,
    levels: Ints,
    chances: Floats,
) -> tuple[int, int, float]:
    """Allocate a patient; return combination of levels, arm and the uniform that decided."""
    stratum = allocation.stratum_of(plan, levels)
    block = allocation.block_to_start(plan, state, levels)
    if block >= 0:
        u = draws.uniform(seed, trial, _BLOCK_SIZE, stratum, block)
        allocation.start_block(plan, state, levels, u)
    allocation.probabilities(plan, state, levels, chances)
    u = draws.uniform(seed, trial, _ALLOCATION, 0, patient)
    arm = allocation.choose(chances, u)
    allocation.record(plan, state, levels, arm)
    return allocation.combination_of(plan, levels), arm, u
