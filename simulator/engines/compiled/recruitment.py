"""Referral, screening, consent and allocation of one trial (model page, sections 1 to 4)."""

import math
from typing import Any

import numpy as np

from simulator import allocation, draws
from simulator.engines.compiled.inputs import Bools, FactorArrays
from simulator.engines.compiled.kernel import entry, inlined, kernel
from simulator.engines.compiled.state import (
    ARM,
    CANDIDATE,
    CHOSEN,
    ENTRY_AT,
    SITE,
    STRATUM,
    Floats,
    Ints,
    Screening,
)
from simulator.params.types import (
    AccrualParams,
    CandidateParams,
    EligibilityParams,
    SelectionParams,
)
from simulator.rules import accrual as accrual_rule
from simulator.rules import candidate as candidate_rule
from simulator.rules import eligibility as eligibility_rule
from simulator.rules import selection
from simulator.rules.eligibility import level_of
from simulator.rules.normal import normal_quantile

_SITE_RATE = draws.code_of(draws.Purpose.SITE_RATE)
_REFERRAL = draws.code_of(draws.Purpose.REFERRAL)
_UNIFORM_ENTRY = draws.code_of(draws.Purpose.UNIFORM_ENTRY)
_PROFILE = draws.code_of(draws.Purpose.PROFILE)
_CONSENT = draws.code_of(draws.Purpose.CONSENT)
_ALLOCATION = draws.code_of(draws.Purpose.ALLOCATION)
_SCHEME_DRAW = draws.code_of(draws.Purpose.SCHEME_DRAW)
_SELECTION = draws.code_of(draws.Purpose.SELECTION)

Referral = tuple[Any, float]

ELIGIBLE = -1
BATCH_SIZE = 32  # candidates: a multiple of the vector width, with few drawn in vain


@entry
def draw_entries(over_days: float, seed: int, first_trial: int, out: Floats) -> None:
    """Fill `out`, one row per trial, with entries under uniform accrual, not yet in order."""
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
def open_sites(accrual: AccrualParams, seed: int, trial: int, screening: Screening) -> None:
    """Draw the sites' rates and the first referral of each."""
    table = accrual.gamma_log_table
    for site in range(screening.due.size):
        screening.multiplier[site] = 1.0
        if table.size > 0:
            z = normal_quantile(draws.uniform(seed, trial, _SITE_RATE, site, 0))
            screening.multiplier[site] = accrual_rule.rate_multiplier(
                table, candidate_rule.TABLE_LOW, candidate_rule.TABLE_STEP, z
            )
        screening.reached[site] = 0.0
        screening.referred[site] = 0
        refer_next(accrual, seed, trial, site, screening)


@inlined
def refer_next(
    accrual: AccrualParams, seed: int, trial: int, site: int, screening: Screening
) -> None:
    """Find when a site refers its next candidate."""
    referral, wait = screening.referred[site], screening.wait[site]
    if referral % BATCH_SIZE == 0:
        draws.fill(seed, trial, _REFERRAL, site, referral, wait)
        for k in range(wait.size):
            wait[k] = accrual_rule.waiting_time(wait[k])
    screening.reached[site] += wait[referral % BATCH_SIZE]
    a, b = accrual.first_knot[site], accrual.first_knot[site + 1]
    screening.due[site] = accrual_rule.referral_day(
        screening.reached[site],
        screening.multiplier[site],
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
def screen_batch(e: EligibilityParams, screening: Screening) -> None:
    """Find the first criterion that each candidate of a batch fails.

    The rule is `rules.eligibility.first_failed`, worked out criterion by criterion.
    """
    failed, group_met, met = screening.failed, screening.met[0], screening.met[1]
    for k in range(failed.size):
        failed[k] = ELIGIBLE
    for criterion in range(e.first.size - 2, -1, -1):
        for k in range(met.size):
            met[k] = 1
            group_met[k] = 0
        for i in range(e.first[criterion], e.first[criterion + 1]):
            values, threshold, how = (
                screening.values[e.variable[i]],
                e.threshold[i],
                e.comparison[i],
            )
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
def draw_and_screen(
    c: CandidateParams,
    e: EligibilityParams,
    wants_normal: Bools,
    seed: int,
    trial: int,
    first: int,
    screening: Screening,
) -> None:
    """Draw candidates `first` to `first + BATCH_SIZE - 1` and screen them."""
    for i in range(c.kind.size):
        draws.fill(seed, trial, _PROFILE, i, first, screening.uniform[i])
    candidate_rule.profiles(
        screening.uniform,
        c.kind,
        c.a,
        c.b,
        c.u_low,
        c.u_span,
        c.correlated,
        c.cholesky,
        c.table,
        wants_normal,
        screening.independent,
        screening.values,
        screening.latents,
    )
    screen_batch(e, screening)
    if e.consent_probability < 1.0:
        draws.fill(seed, trial, _CONSENT, 0, first, screening.consent)


@inlined
def levels_of(f: FactorArrays, values: Floats, site: int, levels: Ints) -> None:
    """Fill in the levels of a patient's factors."""
    for factor in range(f.variable.size):
        i = f.variable[factor]
        value = float(site) if i < 0 else values[i]
        levels[factor] = level_of(value, f.cut_points[f.first[factor] : f.first[factor + 1]])


@kernel
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
    due = allocation.draw_due(plan, state, levels)
    if due >= 0:
        stratum = allocation.stratum_of(plan, levels)
        u = draws.uniform(seed, trial, _SCHEME_DRAW, stratum, due)
        allocation.apply_draw(plan, state, levels, u)
    allocation.probabilities(plan, state, levels, chances)
    u = draws.uniform(seed, trial, _ALLOCATION, 0, patient)
    arm = allocation.choose(chances, u)
    allocation.record(plan, state, levels, arm)
    return allocation.combination_of(plan, levels), arm, u


@inlined
def next_referral(accrual: AccrualParams, entries: Floats, screened: int, due: Floats) -> Referral:
    """Return site and time of the next referral, infinity if there is none."""
    site: Any = np.int64(0)
    now = math.inf
    if accrual.uniform:
        if screened < entries.size:
            now = entries[screened]
    else:
        for other in range(due.size):
            if due[other] < now:
                site, now = other, due[other]
    return site, now


@inlined
def is_wanted(
    s: SelectionParams,
    plan: allocation.Plan,
    state: allocation.State,
    levels: Ints,
    values: Floats,
    seed: int,
    trial: int,
    who: int,
) -> bool:
    """Whether an investigator who chooses lets a candidate be randomised now."""
    guessed = allocation.guess(plan, state, levels)
    if selection.suits(guessed, s.favoured, values[s.variable], s.poor_above):
        return True
    return draws.uniform(seed, trial, _SELECTION, 0, who) >= s.probability


@inlined
def defer(
    screening: Screening, first: int, waiting: int, back_at: float, who: int, site: int
) -> int:
    """Defer a candidate; return the number of those who will come back.

    Those beyond the trial's size would come back to a trial that is full.
    """
    size = screening.back_at.size
    if waiting >= size:
        return waiting
    place = (first + waiting) % size
    screening.back_at[place] = back_at
    screening.back_who[place, 0], screening.back_who[place, 1] = who, site
    return waiting + 1


@kernel
def recruit(
    accrual: AccrualParams,
    c: CandidateParams,
    e: EligibilityParams,
    wants_normal: Bools,
    s: SelectionParams,
    target: int,
    limit_day: float,
    seed: int,
    trial: int,
    entries: Floats,
    screening: Screening,
    failed_first: Ints,
    real: Floats,
    integer: Ints,
    profile: Floats,
    latent: Floats,
    plan: allocation.Plan,
    factors: FactorArrays,
    state: allocation.State,
    levels: Ints,
    probability: Floats,
    uniform: Floats,
    row: int,
) -> tuple[int, int, int, int, int, float]:
    """Refer and screen candidates until the target is met or recruitment is over.

    Fills for each patient their entry, site and number as a candidate, rows of `profile` and
    `latent` with the values and latent normals of the variables that are read later, and, unless
    the scheme adapts to outcomes, the arm. Candidates who fail a criterion are counted in
    `failed_first`.

    Returns
    -------
    tuple
        Patients, candidates, refusals, candidates kept out by an investigator, candidates deferred,
        and the day on which recruitment ended.
    """
    variables, waits = c.kind.size, screening.back_at.size
    if not accrual.uniform:
        open_sites(accrual, seed, trial, screening)
    allocation.clear(state)
    patients, refused, turned_away, deferred = 0, 0, 0, 0
    first_back, waiting, never_back = 0, 0, 0
    screened: Any = np.int64(0)  # a literal would have the kernels below compiled a second time
    end = min(limit_day, accrual.over_days) if accrual.uniform else limit_day
    while patients < target:
        site, now = next_referral(accrual, entries, screened, screening.due)
        back = screening.back_at[first_back] if waiting > 0 else math.inf
        if min(now, back) > end or min(now, back) == math.inf:
            return patients, screened, refused, turned_away + waiting + never_back, deferred, end
        if back < now:
            now, who = back, screening.back_who[first_back, 0]
            site = screening.back_who[first_back, 1]
            for i in range(variables):
                profile[patients, i] = screening.back_profile[first_back, i]
                latent[patients, i] = screening.back_latent[first_back, i]
            first_back, waiting = (first_back + 1) % waits, waiting - 1
            levels_of(factors, profile[patients], site, levels)
        else:
            who, k = screened, screened % BATCH_SIZE
            if k == 0:
                draw_and_screen(c, e, wants_normal, seed, trial, who, screening)
            screened += 1
            if not accrual.uniform:
                screening.referred[site] += 1
                refer_next(accrual, seed, trial, site, screening)
            if screening.failed[k] != ELIGIBLE:
                failed_first[screening.failed[k]] += 1
                continue
            if e.consent_probability < 1.0 and screening.consent[k] >= e.consent_probability:
                refused += 1
                continue
            for i in range(variables):
                profile[patients, i] = screening.values[i, k]
                latent[patients, i] = screening.latents[i, k]
            values = profile[patients]
            levels_of(factors, values, site, levels)
            chooses = s.kind == selection.TURNS_AWAY or s.kind == selection.DEFERS
            if chooses and not is_wanted(s, plan, state, levels, values, seed, trial, who):
                if s.kind == selection.TURNS_AWAY:
                    turned_away += 1
                    continue
                deferred += 1
                place = (first_back + waiting) % waits
                before = waiting
                waiting = defer(
                    screening, first_back, waiting, now + s.returns_after_days, who, site
                )
                if waiting == before:
                    never_back += 1
                    continue
                for i in range(variables):
                    screening.back_profile[place, i] = profile[patients, i]
                    screening.back_latent[place, i] = latent[patients, i]
                continue
        real[ENTRY_AT, patients] = now
        real[CHOSEN, patients] = 0.0
        integer[CANDIDATE, patients] = who
        integer[SITE, patients] = site
        if s.kind == selection.SHIFTS:
            guessed = allocation.guess(plan, state, levels)
            real[CHOSEN, patients] = selection.shift(guessed, s.favoured, s.log_hazard_ratio)
        if not plan.adaptive:
            chances = probability[row + patients]
            integer[STRATUM, patients], integer[ARM, patients], uniform[row + patients] = allocate(
                plan, state, seed, trial, patients, levels, chances
            )
        patients += 1
        end_now = now
    return patients, screened, refused, turned_away + waiting + never_back, deferred, end_now
