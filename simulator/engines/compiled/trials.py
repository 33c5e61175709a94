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
from simulator.engines.compiled.loop import run_event_loop, update_hazard, update_labs
from simulator.engines.compiled.recruitment import recruit
from simulator.engines.compiled.state import (
    CANDIDATE,
    CHOSEN,
    CONSTANT,
    DEATH,
    ENTRY_AT,
    FRAILTY,
    INTEGERS,
    LOG_BILIRUBIN,
    LOSS,
    OPENED,
    REALS,
    SERVES_AT,
    SLOPE_BILIRUBIN,
    TRANSPLANT,
    WITHDRAWAL,
    Floats,
    Ints,
    People,
    UnitState,
)
from simulator.engines.compiled.tables import LIMITED, Tables
from simulator.engines.compiled.treatment import reset
from simulator.engines.compiled.unit import catch_up, set_up
from simulator.engines.compiled.workspace import Workspace
from simulator.params.types import HazardParams, LabParams
from simulator.records import LABS, MELD_LABS, Patients, Sessions, Trials
from simulator.rules import hazard as hazard_rule
from simulator.rules import labs as lab_rule
from simulator.rules.calendar import opening
from simulator.rules.normal import normal_quantile

_SLOPE = draws.code_of(draws.Purpose.SLOPE)
_LAB_ERROR = draws.code_of(draws.Purpose.LAB_ERROR)
_SESSION_LENGTH = draws.code_of(draws.Purpose.SESSION_LENGTH)
_FRAILTY = draws.code_of(draws.Purpose.FRAILTY)


@kernel
def begin_patients(real: Floats, integer: Ints, patients: int) -> None:
    """Set what changes with time to what it is before the first opening."""
    for i in range(CONSTANT, REALS):
        for p in range(patients):
            real[i, p] = 0.0
    for p in range(patients):
        real[DEATH, p] = math.inf
        real[FRAILTY, p] = 1.0
    for i in range(OPENED, INTEGERS):
        for p in range(patients):
            integer[i, p] = 0
    for p in range(patients):
        integer[OPENED, p] = -1


@kernel
def draw_multipliers(
    h: HazardParams,
    seed: int,
    trial: int,
    patients: int,
    profile: Floats,
    real: Floats,
    integer: Ints,
) -> None:
    """Work out what multiplies each patient's hazard for good: covariates, frailty, biases."""
    for p in range(patients):
        real[CONSTANT, p] = hazard_rule.covariate_log_factor(
            profile[p], h.covariate_variable, h.covariate_coefficient, h.covariate_centre
        )
        if h.frailty_log_sd > 0.0:
            z = normal_quantile(draws.uniform(seed, trial, _FRAILTY, integer[CANDIDATE, p], 0))
            log_frailty = hazard_rule.log_frailty(h.frailty_log_sd, z)
            real[CONSTANT, p] += log_frailty
            real[FRAILTY, p] = hazard_rule.frailty(log_frailty)
        if h.drift.size > 0:
            real[CONSTANT, p] += h.drift[p]
        real[CONSTANT, p] += real[CHOSEN, p]


@kernel
def draw_labs(
    lab: LabParams,
    variable: Ints,
    patients: int,
    profile: Floats,
    latents: Floats,
    real: Floats,
    normals: Floats,
    baseline_lab: Floats,
    baseline_meld: Floats,
    row: int,
    own: Floats,
) -> None:
    """Note each patient's labs at randomisation, and their slopes, from `normals`."""
    for p in range(patients):
        for j in range(LABS):
            baseline_lab[row + p, j] = math.nan if variable[j] < 0 else profile[p, variable[j]]
        baseline_meld[row + p] = math.nan
        if not lab.modelled:
            continue
        for j in range(LABS):
            real[LOG_BILIRUBIN + j, p] = lab_rule.log_of(baseline_lab[row + p, j])
        baseline_meld[row + p] = lab_rule.meld_of(
            real[LOG_BILIRUBIN, p],
            real[LOG_BILIRUBIN + 1, p],
            real[LOG_BILIRUBIN + 2, p],
            lab.meld_bounded,
        )
        for j in range(MELD_LABS):
            own[j] = normals[j, p]
        for j in range(MELD_LABS):
            real[SLOPE_BILIRUBIN + j, p] = lab_rule.slope(
                lab.slope_mean[j],
                lab.slope_sd[j],
                lab.slope_on_baseline,
                latents[p, variable[j]],
                lab.slope_cholesky[j],
                own,
            )


@kernel
def open_units(units: Floats, unit_state: UnitState, start_weekday: int) -> None:
    """Make every unit as it is before the trial; nobody waits at any site."""
    for site in range(units.shape[0]):
        unit_state.real[site, SERVES_AT] = math.inf
        if units[site, LIMITED]:
            set_up(units, unit_state, site, start_weekday)


@kernel
def close_units(
    units: Floats,
    background: Floats,
    start_weekday: int,
    seed: int,
    trial: int,
    trial_end: float,
    unit_state: UnitState,
    t: Trials,
    index: int,
) -> None:
    """Go through the units' days to the end of the trial, its very instant included."""
    after = np.nextafter(trial_end, math.inf)
    for site in range(units.shape[0]):
        if units[site, LIMITED]:
            catch_up(units, background, unit_state, site, start_weekday, seed, trial, after)
            add_unit(t, index, unit_state, site)


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
    real, most = people.real, follow_up_days
    for p in range(patients):
        if tables.disease.varies_by_day:
            update_hazard(tables, people, p, most)
        entry = real[ENTRY_AT, p]
        leaves = leaves_at(real, people.integer, p)
        r.death_cause[row + p] = settle_exits(real, p, most)
        ends = min(min(real[DEATH, p], real[TRANSPLANT, p]), float(most))
        r.liver_cumulative_hazard[row + p] = cumulative_hazard(
            tables.disease, tables.baseline, people, p, ends
        )
        gone_at = min(
            min(entry + real[DEATH, p], entry + real[TRANSPLANT, p]),
            min(entry + real[WITHDRAWAL, p], entry + real[LOSS, p]),
        )
        if tables.disease.labs_modelled and people.visit_day.shape[1] > 0:
            last = last_visit_before(people, p, gone_at)
            if last >= 0:
                update_labs(tables, people, p, last)
            for visit in range(people.visit_day.shape[1]):
                day = people.visit_day[p, visit]
                r.visit_after_days[row + p, visit] = day
                r.visit_meld[row + p, visit] = (
                    math.nan if math.isnan(day) else people.visit_meld[p, visit]
                )
        # An exit at the very end of follow-up comes before it.
        by_exit = gone_at <= opening(entry, most)
        settle_sessions(people.session, people.session_integer, p, leaves, by_exit)


@entry
def run_trials(
    inputs: Inputs,
    workspace: Workspace,
    seed: int,
    first_trial: int,
    entries: Floats,
    t: Trials,
    r: Patients,
    s: Sessions,
) -> int:
    """Simulate one trial per row of `t`; return how many rows of `r` and `s` were filled."""
    target, tables = inputs.trial.target_randomised, inputs.tables
    start_weekday, most = inputs.trial.start_weekday, inputs.trial.follow_up_days
    people, unit_state, profile, latents = (
        workspace.people,
        workspace.unit_state,
        workspace.profile,
        workspace.latents,
    )
    real, integer, width = people.real, people.integer, s.status.shape[1]
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
            workspace.screening,
            t.failed_first[index],
            real,
            integer,
            profile,
            latents,
            inputs.allocation,
            inputs.factors,
            workspace.allocation,
            workspace.levels,
            r.allocation_probability,
            r.allocation_draw,
            row,
        )
        trial_end = end if n == 0 else max(end, opening(real[ENTRY_AT, n - 1], most))
        t.randomised[index], t.recruitment_end_day[index] = n, end
        t.trial_end_day[index] = trial_end
        draw_exits(inputs.exits, seed, trial, most, n, real, integer)
        begin_patients(real, integer, n)
        draw_multipliers(inputs.hazard, seed, trial, n, profile, real, integer)
        if inputs.lab.modelled:
            draw_normals(seed, trial, _SLOPE, integer[CANDIDATE], n, people.uniform, people.slope)
            draw_normals(
                seed, trial, _LAB_ERROR, integer[CANDIDATE], n, people.uniform, people.error
            )
        if width > 0:
            draw_normals(
                seed, trial, _SESSION_LENGTH, integer[CANDIDATE], n, people.uniform, people.length
            )
        draw_labs(
            inputs.lab,
            inputs.candidate.lab_variable,
            n,
            profile,
            latents,
            real,
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
        open_units(tables.units, unit_state, start_weekday)
        if width > 0 or adaptive:
            reset(people, n)
            run_event_loop(
                tables,
                seed,
                trial,
                start_weekday,
                most,
                trial_end,
                n,
                people,
                unit_state,
                workspace.times,
                workspace.codes,
                inputs.allocation,
                workspace.allocation,
                r.allocation_probability,
                r.allocation_draw,
                row,
            )
        close_units(
            tables.units,
            tables.background,
            start_weekday,
            seed,
            trial,
            trial_end,
            unit_state,
            t,
            index,
        )
        settle(tables, most, n, people, r, row)
        write_patients(r, row, trial, n, tables.plans, real, integer)
        if width > 0:
            write_sessions(s, row, n, people)
            add_up_sessions(r, s, row, n)
        row += n
    return row
