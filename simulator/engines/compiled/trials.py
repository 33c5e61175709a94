"""The kernel: trials one after another, from their addresses to the rows of the records."""

import math
from typing import Any

import numpy as np

from simulator import draws
from simulator.engines.compiled.ahead import draw_normals
from simulator.engines.compiled.assessment import (
    last_visit_before,
    plan_visits,
    settle_sessions,
)
from simulator.engines.compiled.columns import (
    add_unit,
    add_up_sessions,
    write_patients,
    write_sessions,
)
from simulator.engines.compiled.disease import die_at_constant_factor
from simulator.engines.compiled.exits import (
    cumulative_hazard,
    draw_exits,
    leaves_at,
    settle_exits,
)
from simulator.engines.compiled.inputs import Inputs
from simulator.engines.compiled.kernel import entry, kernel
from simulator.engines.compiled.loop import bring, bring_seen, treat
from simulator.engines.compiled.recruitment import recruit
from simulator.engines.compiled.state import (
    CANDIDATE,
    CHOSEN,
    CONSTANT,
    COUNTS,
    DEATH,
    ENTRY_AT,
    FRAILTY,
    LOG_BILIRUBIN,
    LOSS,
    NUMBERS,
    OPENED,
    SERVES_AT,
    SLOPE_BILIRUBIN,
    TRANSPLANT,
    WITHDRAWAL,
    Floats,
    Ints,
    People,
    Sites,
)
from simulator.engines.compiled.tables import LIMITED, Tables
from simulator.engines.compiled.treatment import reset
from simulator.engines.compiled.unit import catch_up, set_up
from simulator.engines.compiled.workspace import Rooms
from simulator.params.types import HazardParams, LabParams
from simulator.records import Patients, Sessions, Trials
from simulator.rules import hazard as hazard_rule
from simulator.rules import labs as lab_rule
from simulator.rules.calendar import opening
from simulator.rules.normal import normal_quantile

_SLOPE = draws.code_of(draws.Purpose.SLOPE)
_LAB_ERROR = draws.code_of(draws.Purpose.LAB_ERROR)
_SESSION_LENGTH = draws.code_of(draws.Purpose.SESSION_LENGTH)
_FRAILTY = draws.code_of(draws.Purpose.FRAILTY)
_LABS, _MELD_LABS = 4, 3


@kernel
def begin_patients(number: Floats, count: Ints, patients: int) -> None:
    """Set what changes with time to what it is before the first opening."""
    for i in range(CONSTANT, NUMBERS):
        for p in range(patients):
            number[i, p] = 0.0
    for p in range(patients):
        number[DEATH, p] = math.inf
        number[FRAILTY, p] = 1.0
    for i in range(OPENED, COUNTS):
        for p in range(patients):
            count[i, p] = 0
    for p in range(patients):
        count[OPENED, p] = -1


@kernel
def draw_multipliers(
    h: HazardParams,
    seed: int,
    trial: int,
    patients: int,
    profile: Floats,
    number: Floats,
    count: Ints,
) -> None:
    """Work out what multiplies each patient's hazard for good: covariates, frailty, biases."""
    for p in range(patients):
        number[CONSTANT, p] = hazard_rule.covariate_log_factor(
            profile[p], h.covariate_variable, h.covariate_coefficient, h.covariate_centre
        )
        if h.frailty_log_sd > 0.0:
            z = normal_quantile(draws.uniform(seed, trial, _FRAILTY, count[CANDIDATE, p], 0))
            log_frailty = hazard_rule.log_frailty(h.frailty_log_sd, z)
            number[CONSTANT, p] += log_frailty
            number[FRAILTY, p] = hazard_rule.frailty(log_frailty)
        if h.drift.size > 0:
            number[CONSTANT, p] += h.drift[p]
        number[CONSTANT, p] += number[CHOSEN, p]


@kernel
def draw_labs(
    lab: LabParams,
    variable: Ints,
    patients: int,
    profile: Floats,
    latents: Floats,
    number: Floats,
    normals: Floats,
    baseline_lab: Floats,
    baseline_meld: Floats,
    row: int,
    own: Floats,
) -> None:
    """Note each patient's labs at randomisation, and their slopes, from `normals`."""
    for p in range(patients):
        for j in range(_LABS):
            baseline_lab[row + p, j] = math.nan if variable[j] < 0 else profile[p, variable[j]]
        baseline_meld[row + p] = math.nan
        if not lab.modelled:
            continue
        for j in range(_LABS):
            number[LOG_BILIRUBIN + j, p] = lab_rule.log_of(baseline_lab[row + p, j])
        baseline_meld[row + p] = lab_rule.meld_of(
            number[LOG_BILIRUBIN, p],
            number[LOG_BILIRUBIN + 1, p],
            number[LOG_BILIRUBIN + 2, p],
            lab.meld_bounded,
        )
        for j in range(_MELD_LABS):
            own[j] = normals[j, p]
        for j in range(_MELD_LABS):
            number[SLOPE_BILIRUBIN + j, p] = lab_rule.slope(
                lab.slope_mean[j],
                lab.slope_sd[j],
                lab.slope_on_baseline,
                latents[p, variable[j]],
                lab.slope_cholesky[j],
                own,
            )


@kernel
def open_units(units: Floats, sites: Sites, start_weekday: int) -> None:
    """Make every unit as it is before the trial; nobody waits at any site."""
    for site in range(units.shape[0]):
        sites.number[site, SERVES_AT] = math.inf
        if units[site, LIMITED]:
            set_up(units, sites, site, start_weekday)


@kernel
def close_units(
    units: Floats,
    background: Floats,
    start_weekday: int,
    seed: int,
    trial: int,
    trial_end: float,
    sites: Sites,
    t: Trials,
    index: int,
) -> None:
    """Go through the units' days to the end of the trial, its very instant included."""
    after = np.nextafter(trial_end, math.inf)
    for site in range(units.shape[0]):
        if units[site, LIMITED]:
            catch_up(units, background, sites, site, start_weekday, seed, trial, after)
            add_unit(t, index, sites, site)


@kernel
def settle(
    tables: Tables,
    follow_up_days: int,
    patients: int,
    people: People,
    r: Patients,
    row: int,
) -> None:
    """Let every patient's follow-up run to its end and say what became of them."""
    number, most = people.number, follow_up_days
    for p in range(patients):
        if tables.disease.varies_by_day:
            bring(tables, people, p, most)
        entry = number[ENTRY_AT, p]
        leaves = leaves_at(number, people.whole, p)
        r.death_cause[row + p] = settle_exits(number, p, most)
        ends = min(min(number[DEATH, p], number[TRANSPLANT, p]), float(most))
        r.liver_cumulative_hazard[row + p] = cumulative_hazard(
            tables.disease, tables.baseline, people, p, ends
        )
        gone_at = min(
            min(entry + number[DEATH, p], entry + number[TRANSPLANT, p]),
            min(entry + number[WITHDRAWAL, p], entry + number[LOSS, p]),
        )
        if tables.disease.labs_modelled and people.visit_day.shape[1] > 0:
            last = last_visit_before(people, p, gone_at)
            if last >= 0:
                bring_seen(tables, people, p, last)
            for visit in range(people.visit_day.shape[1]):
                day = people.visit_day[p, visit]
                r.visit_after_days[row + p, visit] = day
                r.visit_meld[row + p, visit] = (
                    math.nan if math.isnan(day) else people.visit_meld[p, visit]
                )
        # An exit at the very end of follow-up comes before it.
        by_exit = gone_at <= opening(entry, most)
        settle_sessions(people.session, people.session_count, p, leaves, by_exit)


@entry
def run_trials(
    inputs: Inputs,
    rooms: Rooms,
    seed: int,
    first_trial: int,
    entries: Floats,
    t: Trials,
    r: Patients,
    s: Sessions,
) -> int:
    """Simulate a trial a row of `t`; return how many rows of `r` and `s` were filled."""
    target, tables = inputs.trial.target_randomised, inputs.tables
    start_weekday, most = inputs.trial.start_weekday, inputs.trial.follow_up_days
    people, sites, profile, latents = rooms.people, rooms.sites, rooms.profile, rooms.latents
    number, count, width = people.number, people.whole, s.status.shape[1]
    row: Any = np.int64(0)  # a literal would have the kernels below compiled a second time
    for index in range(t.trial.size):
        trial = first_trial + index
        t.trial[index], t.first_row[index] = trial, row
        (
            n,
            t.screened[index],
            t.refused_consent[index],
            t.turned_away[index],
            t.deferred[index],
            end,
        ) = recruit(
            inputs.accrual,
            inputs.candidate,
            inputs.eligibility,
            inputs.wants_normal,
            inputs.selection,
            target,
            inputs.trial.max_recruitment_days,
            seed,
            trial,
            entries[index],
            rooms.screen,
            t.failed_first[index],
            number,
            count,
            profile,
            latents,
            inputs.allocation,
            inputs.factors,
            rooms.allocation,
            rooms.levels,
            r.allocation_probability,
            r.allocation_draw,
            row,
        )
        trial_end = end if n == 0 else max(end, opening(number[ENTRY_AT, n - 1], most))
        t.randomised[index], t.recruitment_end_day[index] = n, end
        t.trial_end_day[index] = trial_end
        draw_exits(inputs.exits, seed, trial, most, n, number, count)
        begin_patients(number, count, n)
        draw_multipliers(inputs.hazard, seed, trial, n, profile, number, count)
        if inputs.lab.modelled:
            draw_normals(seed, trial, _SLOPE, count[CANDIDATE], n, people.uniform, people.slope)
            draw_normals(seed, trial, _LAB_ERROR, count[CANDIDATE], n, people.uniform, people.error)
        if width > 0:
            draw_normals(
                seed, trial, _SESSION_LENGTH, count[CANDIDATE], n, people.uniform, people.length
            )
        draw_labs(
            inputs.lab,
            inputs.candidate.lab_variable,
            n,
            profile,
            latents,
            number,
            people.slope,
            r.baseline_lab,
            r.baseline_meld,
            row,
            people.lab[0],
        )
        if inputs.lab.modelled:
            people.shift[:n] = 0.0
            plan_visits(inputs.assessment, seed, trial, most, n, people)
        adaptive = inputs.allocation.adaptive
        if not tables.disease.varies_by_day and not adaptive:
            die_at_constant_factor(tables.disease, tables.baseline, people, 0, n)
        open_units(tables.units, sites, start_weekday)
        if width > 0 or adaptive:
            reset(people, n)
            treat(
                tables,
                seed,
                trial,
                start_weekday,
                most,
                trial_end,
                n,
                people,
                sites,
                rooms.times,
                rooms.codes,
                inputs.allocation,
                rooms.allocation,
                r.allocation_probability,
                r.allocation_draw,
                row,
            )
        close_units(
            tables.units, tables.background, start_weekday, seed, trial, trial_end, sites, t, index
        )
        settle(tables, most, n, people, r, row)
        write_patients(r, row, trial, n, tables.plans, number, count)
        if width > 0:
            write_sessions(s, row, n, people)
            add_up_sessions(r, s, row, n)
        row += n
    return row
