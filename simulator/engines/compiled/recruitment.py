"""Referral, screening, consent and allocation of one trial (model page, sections 1 to 4)."""

import math
from typing import Any

import numpy as np

from simulator import allocation, draws
from simulator.engines.compiled.inputs import FactorArrays, Recruitment
from simulator.engines.compiled.kernel import entry, inlined, kernel
from simulator.engines.compiled.state import Patient, Run, Screening, Source
from simulator.engines.compiled.structures import Floats, Ints, Records
from simulator.params.types import AccrualParams, EligibilityParams
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
def draw_entries(over_days: float, seed: int, trials: Ints, out: Floats) -> None:
    """Fill `out`, one row per trial, with entries under uniform accrual, not yet in order."""
    candidates = out.shape[1]
    blocks = candidates >> 2
    for row in range(out.shape[0]):
        mine, trial = out[row], trials[row]
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
def open_sites(accrual: AccrualParams, run: Run, screening: Screening) -> None:
    """Draw the sites' rates and the first referral of each."""
    table = accrual.gamma_log_table
    for site in range(screening.source.size):
        source = screening.source[site]
        source.multiplier = 1.0
        if table.size > 0:
            z = normal_quantile(draws.uniform(run.seed, run.trial, _SITE_RATE, site, 0))
            source.multiplier = accrual_rule.rate_multiplier(
                table, candidate_rule.TABLE_LOW, candidate_rule.TABLE_STEP, z
            )
        source.reached, source.referred = 0.0, 0
        refer_next(accrual, run, site, screening)


@inlined
def refer_next(accrual: AccrualParams, run: Run, site: int, screening: Screening) -> None:
    """Find when a site refers its next candidate."""
    source, wait = screening.source[site], screening.wait[site]
    referral = source.referred
    if referral % BATCH_SIZE == 0:
        draws.fill(run.seed, run.trial, _REFERRAL, site, referral, wait)
        for k in range(wait.size):
            wait[k] = accrual_rule.waiting_time(wait[k])
    source.reached += wait[referral % BATCH_SIZE]
    a, b = accrual.first_knot[site], accrual.first_knot[site + 1]
    source.due_at = accrual_rule.referral_day(
        source.reached,
        source.multiplier,
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
def draw_and_screen(r: Recruitment, run: Run, first: int, screening: Screening) -> None:
    """Draw candidates `first` to `first + BATCH_SIZE - 1` and screen them."""
    c, e = r.candidate, r.eligibility
    for i in range(c.kind.size):
        draws.fill(run.seed, run.trial, _PROFILE, i, first, screening.uniform[i])
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
        r.wants_normal,
        screening.independent,
        screening.values,
        screening.latents,
        screening.failed,
    )
    screen_batch(e, screening)
    if e.consent_probability < 1.0:
        draws.fill(run.seed, run.trial, _CONSENT, 0, first, screening.consent)


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
def next_referral(
    accrual: AccrualParams, entries: Floats, referred: int, source: Records[Source]
) -> Referral:
    """Return site and time of the next referral, infinity if there is none."""
    site: Any = np.int64(0)
    now = math.inf
    if accrual.uniform:
        if referred < entries.size:
            now = entries[referred]
    else:
        for other in range(source.size):
            if source[other].due_at < now:
                site, now = other, source[other].due_at
    return site, now


@inlined
def is_wanted(
    r: Recruitment,
    state: allocation.State,
    levels: Ints,
    values: Floats,
    run: Run,
    who: int,
) -> bool:
    """Whether an investigator who chooses lets a candidate be randomised now."""
    s = r.selection
    guessed = allocation.guess(r.plan, state, levels)
    if selection.suits(guessed, s.favoured, values[s.variable], s.poor_above):
        return True
    return draws.uniform(run.seed, run.trial, _SELECTION, 0, who) >= s.probability


@inlined
def defer(screening: Screening, place: int, back_at: float, who: int, site: int, p: int) -> None:
    """Defer a candidate, whose values are those of the patient to come, `p`."""
    mine = screening.deferred[place]
    mine.back_at, mine.candidate, mine.site = back_at, who, site
    for i in range(screening.profile.shape[1]):
        screening.deferred_profile[place, i] = screening.profile[p, i]
        screening.deferred_latents[place, i] = screening.latent[p, i]


@inlined
def is_paused(pause_from: Floats, pause_until: Floats, now: float) -> bool:
    """Whether recruitment pauses now."""
    paused = False
    for k in range(pause_from.size):
        paused |= pause_from[k] < now < pause_until[k]
    return paused


@kernel
def recruit(
    r: Recruitment,
    run: Run,
    pause_from: Floats,
    pause_until: Floats,
    entries: Floats,
    screening: Screening,
    patient: Records[Patient],
    state: allocation.State,
    failed_first: Ints,
    probability: Floats,
    uniform: Floats,
) -> None:
    """Refer and screen candidates until so many are randomised or recruitment is over.

    Fills for each patient their entry, site and number as a candidate, rows of the screening's
    `profile` and `latent` with the values and latent normals of the variables that are read later,
    and, unless the scheme adapts to outcomes, the arm. Counts are kept in `run`; candidates who
    fail a criterion are counted in `failed_first`.
    """
    accrual, s, plan = r.accrual, r.selection, r.plan
    profile, levels = screening.profile, screening.levels
    variables, waits = profile.shape[1], screening.deferred.size
    if not accrual.uniform:
        open_sites(accrual, run, screening)
    allocation.clear(state)
    patients, first_back, waiting, unscreened = 0, 0, 0, 0
    run.refused = run.turned_away = run.deferred = 0
    referred: Any = np.int64(0)  # a literal would have the kernels below compiled a second time
    end = min(r.limit_day, run.recruitment_closes_day)
    end = min(end, accrual.over_days) if accrual.uniform else end
    end_now = end
    while patients < run.most_randomised:
        site, now = next_referral(accrual, entries, referred, screening.source)
        back = screening.deferred[first_back].back_at if waiting > 0 else math.inf
        if min(now, back) > end or min(now, back) == math.inf:
            end_now = end
            break
        if back < now:
            now, who = back, screening.deferred[first_back].candidate
            site = screening.deferred[first_back].site
            for i in range(variables):
                profile[patients, i] = screening.deferred_profile[first_back, i]
                screening.latent[patients, i] = screening.deferred_latents[first_back, i]
            first_back, waiting = (first_back + 1) % waits, waiting - 1
            levels_of(r.factors, profile[patients], site, levels)
        else:
            who, k = referred, referred % BATCH_SIZE
            if k == 0:
                draw_and_screen(r, run, who, screening)
            referred += 1
            if not accrual.uniform:
                screening.source[site].referred += 1
                refer_next(accrual, run, site, screening)
            if is_paused(pause_from, pause_until, now):
                unscreened += 1
                continue
            if screening.failed[k] != ELIGIBLE:
                failed_first[screening.failed[k]] += 1
                continue
            consents = r.eligibility.consent_probability
            if consents < 1.0 and screening.consent[k] >= consents:
                run.refused += 1
                continue
            for i in range(variables):
                profile[patients, i] = screening.values[i, k]
                screening.latent[patients, i] = screening.latents[i, k]
            values = profile[patients]
            levels_of(r.factors, values, site, levels)
            chooses = s.kind == selection.TURNS_AWAY or s.kind == selection.DEFERS
            if chooses and not is_wanted(r, state, levels, values, run, who):
                if s.kind == selection.TURNS_AWAY:
                    run.turned_away += 1
                    continue
                run.deferred += 1
                back = now + s.returns_after_days
                # Who would come back in a pause never does; so all who wait will be randomised, and
                # those beyond the trial's size would come back to a trial that is full.
                if waiting < waits and not is_paused(pause_from, pause_until, back):
                    place = (first_back + waiting) % waits
                    defer(screening, place, back, who, site, patients)
                    waiting += 1
                else:
                    run.turned_away += 1
                continue
        one = patient[patients]
        one.entry_at, one.chosen, one.candidate, one.site = now, 0.0, who, site
        if s.kind == selection.SHIFTS:
            guessed = allocation.guess(plan, state, levels)
            one.chosen = selection.shift(guessed, s.favoured, s.log_hazard_ratio)
        if not plan.adaptive:
            one.stratum, one.arm, uniform[patients] = allocate(
                plan, state, run.seed, run.trial, patients, levels, probability[patients]
            )
        patients += 1
        end_now = now
    run.patients, run.screened, run.recruitment_end = patients, referred - unscreened, end_now
    run.turned_away += waiting
