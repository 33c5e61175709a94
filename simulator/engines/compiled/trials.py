"""A block of trials, from their addresses to the rows of the records, in three stages.

All trials of a block are recruited, then treated, then settled. Each stage is compiled by itself:
two processes can share the work, and no stage holds a copy of another's kernels.
"""

import math
from typing import Any, NamedTuple

from simulator import allocation, draws
from simulator.conduct import Conduct
from simulator.engines.compiled.ahead import WORDS, draw_normals
from simulator.engines.compiled.assessment import (
    last_visit_before,
    plan_visits,
    settle_sessions,
)
from simulator.engines.compiled.baseline import begin_patients, draw_multipliers, note_labs
from simulator.engines.compiled.columns import (
    add_up_sessions,
    write_patients,
    write_sessions,
    write_trial,
)
from simulator.engines.compiled.disease import die_at_constant_factor, take_visits
from simulator.engines.compiled.exits import (
    cumulative_hazard,
    draw_exits,
    leaves_at,
    settle_exits,
)
from simulator.engines.compiled.inputs import Recruitment
from simulator.engines.compiled.kernel import kernel, stage
from simulator.engines.compiled.loop import Adaptive, run_event_loop, update_hazard
from simulator.engines.compiled.recruitment import recruit
from simulator.engines.compiled.safety import mark_safe
from simulator.engines.compiled.state import Event, People, Run, Screening, UnitState
from simulator.engines.compiled.structures import Floats, Ints, Records
from simulator.engines.compiled.tables import Tables
from simulator.engines.compiled.treatment import reset
from simulator.engines.compiled.unit import catch_up, serve_background, set_up
from simulator.engines.compiled.workspace import Drawing
from simulator.params.types import AssessmentParams, ExitParams, HazardParams, LabParams
from simulator.records import MELD_LABS, Patients, Sessions, Trials
from simulator.rules.calendar import opening

_SLOPE = draws.code_of(draws.Purpose.SLOPE)
_LAB_ERROR = draws.code_of(draws.Purpose.LAB_ERROR)
_SESSION_LENGTH = draws.code_of(draws.Purpose.SESSION_LENGTH)


class Course(NamedTuple):
    """What is read of a patient's course when they are randomised."""

    hazard: HazardParams
    lab: LabParams
    exits: ExitParams
    assessment: AssessmentParams


class Randomised(NamedTuple):
    """Columns of the records that are filled when patients are randomised."""

    failed_first: Ints  # (trials, criteria)
    allocation_probability: Floats  # (patients, A)
    allocation_draw: Floats  # (patients,)
    baseline_lab: Floats  # (patients, L)
    baseline_meld: Floats  # (patients,)


@kernel
def of_trial(everyone: Any, place: int) -> People:
    """Return the patients of one trial of a block."""
    return People(
        everyone.patient[place],
        everyone.session[place],
        everyone.visit[place],
        everyone.shift[place],
        everyone.flat_shift[place],
        everyone.hazard[place],
        everyone.factor[place],
        everyone.lab,
        everyone.length[place],
        everyone.error[place],
    )


@kernel
def draw_courses(
    recruitment: Recruitment,
    course: Course,
    run: Run,
    people: People,
    screening: Screening,
    drawing: Drawing,
    baseline_lab: Floats,
    baseline_meld: Floats,
) -> None:
    """Draw of those who were randomised all that does not wait for what becomes of them."""
    patient, n = people.patient, run.patients
    draw_exits(course.exits, run, patient, drawing.uniform[0])
    begin_patients(patient, n)
    draw_multipliers(course.hazard, run, screening.profile, patient)
    if course.lab.modelled:
        draw_normals(run, _SLOPE, patient, MELD_LABS, drawing.uniform, drawing.place, drawing.slope)
        draw_normals(
            run, _LAB_ERROR, patient, MELD_LABS, drawing.uniform, drawing.place, people.error
        )
    if people.session.shape[1] > 0:
        draw_normals(
            run, _SESSION_LENGTH, patient, WORDS, drawing.uniform, drawing.place, people.length
        )
    note_labs(
        course.lab,
        recruitment.candidate.lab_variable,
        n,
        screening.profile,
        screening.latent,
        patient,
        drawing.slope,
        baseline_lab,
        baseline_meld,
        people.lab[0],
    )
    if course.lab.modelled:
        people.shift[:n] = 0.0
        plan_visits(course.assessment, run, people, drawing.uniform, drawing.other_uniform)


@stage
def recruit_trials(
    recruitment: Recruitment,
    course: Course,
    runs: Records[Run],
    everyone: People,
    screening: Screening,
    drawing: Drawing,
    state: allocation.State,
    conduct: Conduct,
    entries: Floats,
    first: int,
    end: int,
    first_row: int,
    filled: Randomised,
) -> int:
    """Recruit the trials in rows `first` to `end - 1` of the conduct, and draw their patients.

    `entries` and what is counted have the same rows; patients go to the rows from `first_row` on.
    Returns the row after the last.
    """
    row = first_row
    for k in range(first, end):
        run, people = runs[k - first], of_trial(everyone, k - first)
        run.trial, run.row = conduct.trial[k], row
        run.recruitment_closes_day = conduct.recruitment_closes_day[k]
        run.most_randomised = conduct.most_randomised[k]
        run.treatment_stops_day = conduct.treatment_stops_day[k]
        recruit(
            recruitment,
            run,
            conduct.pause_from_day[k],
            conduct.pause_until_day[k],
            entries[k],
            screening,
            people.patient,
            state,
            filled.failed_first[k],
            filled.allocation_probability[row:],
            filled.allocation_draw[row:],
        )
        n = run.patients
        run.end_at = run.recruitment_end
        if n > 0:
            run.end_at = max(
                run.end_at, opening(people.patient[n - 1].entry_at, run.follow_up_days)
            )
        draw_courses(
            recruitment,
            course,
            run,
            people,
            screening,
            drawing,
            filled.baseline_lab[row:],
            filled.baseline_meld[row:],
        )
        row += n
    return row


@kernel
def open_units(t: Tables, unit_state: UnitState, start_weekday: int) -> None:
    """Make every unit as it is before the trial; nobody waits at any site."""
    for site in range(t.units.size):
        unit_state.unit[site].serves_at = math.inf
        if t.units[site].limited:
            set_up(t.units[site], unit_state, site, start_weekday)


@kernel
def close_units(t: Tables, run: Run, unit_state: UnitState) -> None:
    """Go through the units' days to the end of the trial, its very instant included."""
    run.days_open = run.days_short = 0
    run.delivered_litres = run.refused_litres = 0.0
    run.background_litres = run.background_short_litres = 0.0
    run.background_hours = run.hours_open = 0.0
    for site in range(t.units.size):
        if t.units[site].limited:
            catch_up(t, run, unit_state, site, run.end_at)
            unit = unit_state.unit[site]
            if unit.left_for_after >= 0:
                serve_background(t.units[site], unit_state, site, unit.left_for_after, run.end_at)
                unit.left_for_after = -1
            run.days_open += unit.days_open
            run.days_short += unit.days_short
            run.delivered_litres += unit.delivered_litres
            run.refused_litres += unit.refused_litres
            run.background_litres += unit.background_litres
            run.background_short_litres += unit.background_short_litres
            run.background_hours += unit.background_hours
            run.hours_open += unit.hours_open


@stage
def treat_trials(
    t: Tables,
    runs: Records[Run],
    everyone: People,
    unit_state: UnitState,
    heap: Records[Event],
    trials: int,
    adaptive: Adaptive | None,
) -> None:
    """Run the events of the first `trials` of a block.

    Where a scheme adapts to outcomes it allocates on the way, and these lines are compiled anew.
    """
    for place in range(trials):
        run, people = runs[place], of_trial(everyone, place)
        if adaptive is None and not t.disease[0].varies_by_day:
            die_at_constant_factor(t, people, 0, run.patients)
        if t.disease[0].has_ceiling and not run.with_hazard:
            mark_safe(t, run, people)
        open_units(t, unit_state, run.start_weekday)
        if adaptive is not None:
            allocation.clear(adaptive.state)
        if adaptive is not None or people.session.shape[1] > 0:
            reset(people, run.patients)
            run_event_loop(t, run, people, unit_state, heap, adaptive)
        close_units(t, run, unit_state)


@kernel
def settle(t: Tables, run: Run, people: People, r: Patients) -> None:
    """Let every patient's follow-up run to its end and say what became of them."""
    most, row, d = run.follow_up_days, run.row, t.disease[0]
    for p in range(run.patients):
        one = people.patient[p]
        if d.varies_by_day:
            update_hazard(t, people, p, most)
        entry = one.entry_at
        leaves = leaves_at(one)
        r.death_cause[row + p] = settle_exits(one, most)
        ends = min(min(one.death, one.transplant), float(most))
        r.liver_cumulative_hazard[row + p] = math.nan
        if run.with_hazard:
            r.liver_cumulative_hazard[row + p] = cumulative_hazard(t, people, p, ends)
        gone_at = min(
            min(entry + one.death, entry + one.transplant),
            min(entry + one.withdrawal, entry + one.loss),
        )
        if d.labs_modelled and people.visit.shape[1] > 0:
            last = last_visit_before(people, p, gone_at)
            if last >= 0:
                take_visits(t, people, p, last)
            for k in range(people.visit.shape[1]):
                visit = people.visit[p, k]
                r.visit_after_days[row + p, k] = visit.day
                r.visit_meld[row + p, k] = math.nan if math.isnan(visit.day) else visit.meld
        gone_at = min(gone_at, run.treatment_stops_day)
        # An exit at the very end of follow-up comes before it.
        settle_sessions(people, p, leaves, gone_at <= opening(entry, most))


@stage
def settle_trials(
    t: Tables,
    runs: Records[Run],
    everyone: People,
    trials: int,
    first: int,
    of_trials: Trials,
    r: Patients,
    s: Sessions,
) -> None:
    """Settle the first `trials` of a block, and fill their rows, from `first` on of `of_trials`."""
    for place in range(trials):
        run, people = runs[place], of_trial(everyone, place)
        settle(t, run, people, r)
        write_trial(of_trials, first + place, run)
        write_patients(r, t, run, people)
        if people.session.shape[1] > 0:
            write_sessions(s, run, people)
            add_up_sessions(r, s, run)
