"""Referral, screening, consent and allocation of one trial (model page, sections 1 to 4)."""

import math

from simulator import allocation, draws
from simulator.engines.compiled.inputs import Factors, Screening
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
from simulator.rules.eligibility import holds, level_of
from simulator.rules.normal import normal_cdf, normal_quantile

_SITE_RATE = draws.code_of(draws.Purpose.SITE_RATE)
_REFERRAL = draws.code_of(draws.Purpose.REFERRAL)
_UNIFORM_ENTRY = draws.code_of(draws.Purpose.UNIFORM_ENTRY)
_PROFILE = draws.code_of(draws.Purpose.PROFILE)
_CONSENT = draws.code_of(draws.Purpose.CONSENT)
_ALLOCATION = draws.code_of(draws.Purpose.ALLOCATION)
_BLOCK_SIZE = draws.code_of(draws.Purpose.BLOCK_SIZE)

ELIGIBLE = -1


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
    u = draws.uniform(seed, trial, _REFERRAL, site, room.referred[site])
    room.reached[site] += accrual_rule.waiting_time(u)
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
def screen(
    c: CandidateParams,
    e: EligibilityParams,
    s: Screening,
    seed: int,
    trial: int,
    who: int,
    room: Screen,
) -> int:
    """Return the first criterion that candidate `who` fails, ELIGIBLE if none.

    Variables are worked out as the criteria ask for them.
    """
    words, drawn, independent = room.words, room.drawn, room.independent
    values, latents = room.values, room.latents
    criteria = e.first.size - 1
    for step in range(criteria + 1):
        for k in range(s.first[step], s.first[step + 1]):
            i = s.variable[k]
            block = i >> 2
            if drawn[block] != who:
                drawn[block] = who
                w0, w1, w2, w3 = draws.block(seed, trial, _PROFILE, who, block)
                words[4 * block] = draws.to_uniform(w0)
                words[4 * block + 1] = draws.to_uniform(w1)
                words[4 * block + 2] = draws.to_uniform(w2)
                words[4 * block + 3] = draws.to_uniform(w3)
            u = words[i]
            z = 0.0
            if s.wants_normal[i]:
                z = normal_quantile(u)
                independent[i] = z
            if s.wants_value[i]:
                if c.correlated[i]:
                    z = candidate_rule.latent(c.cholesky[i], independent, i)
                    if s.takes_uniform[i]:
                        u = normal_cdf(z)
                latents[i] = z
                values[i] = candidate_rule.marginal(
                    c.kind[i], c.a[i], c.b[i], c.u_low[i], c.u_span[i], z, u, c.table[i]
                )
        if step < criteria and not holds(
            step, values, e.first, e.group, e.variable, e.comparison, e.threshold
        ):
            return step
    return ELIGIBLE


@kernel
def recruit(
    accrual: AccrualParams,
    c: CandidateParams,
    e: EligibilityParams,
    s: Screening,
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
    for block in range(room.drawn.size):
        room.drawn[block] = -1
    if not accrual.uniform:
        open_sites(accrual, seed, trial, room)
    patients, screened, refused = 0, 0, 0
    end = min(limit_day, accrual.over_days) if accrual.uniform else limit_day
    while patients < target:
        site, now = 0, math.inf
        if accrual.uniform:
            if screened < entries.size:
                now = entries[screened]
        else:
            for other in range(sites):
                if room.due[other] < now:
                    site, now = other, room.due[other]
        if now > limit_day or now == math.inf:
            return patients, screened, refused, end
        who = screened
        screened += 1
        if not accrual.uniform:
            room.referred[site] += 1
            refer_next(accrual, seed, trial, site, room)
        failed = screen(c, e, s, seed, trial, who, room)
        if failed != ELIGIBLE:
            failed_first[failed] += 1
            continue
        if (
            e.consent_probability < 1.0
            and draws.uniform(seed, trial, _CONSENT, who, 0) >= e.consent_probability
        ):
            refused += 1
            continue
        number[ENTRY_AT, patients] = now
        count[CANDIDATE, patients] = who
        count[SITE, patients] = site
        for i in range(variables):
            profile[patients, i] = room.values[i]
            latent[patients, i] = room.latents[i]
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
    """Allocate a patient; return stratum, arm and the uniform that decided."""
    stratum = allocation.stratum_of(plan, levels)
    block = allocation.block_to_start(plan, state, levels)
    if block >= 0:
        u = draws.uniform(seed, trial, _BLOCK_SIZE, stratum, block)
        allocation.start_block(plan, state, levels, u)
    allocation.probabilities(plan, state, levels, chances)
    u = draws.uniform(seed, trial, _ALLOCATION, 0, patient)
    arm = allocation.choose(chances, u)
    allocation.record(plan, state, levels, arm)
    return stratum, arm, u
