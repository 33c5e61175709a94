"""What each part of conduct does, held to the model page (section 11) by counting.

The planned trial is the oracle: who comes when is known from it, and so who must be there, and what
must not happen, under another conduct.
"""

import functools
import math

import numpy as np
import pytest
from conducts import conduct_of, observed
from scenario_builder import NOBODY_DIES, arm, bare, base_case, poisson_accrual, unit

from simulator.conduct import as_planned
from simulator.engines import reference
from simulator.errors import ConductError
from simulator.params.lower import lower
from simulator.params.types import Params
from simulator.records import SessionStatus, TrialRecords

SEED, TRIAL = 5, 3
PATIENTS = 20
FOREVER = math.inf


@functools.cache
def small(**changes: object) -> Params:
    """The trial with scarce plasma and fewer patients."""
    return lower(base_case("nct05484908-scarce", {"trial.target_randomised": PATIENTS} | changes))


@functools.cache
def planned() -> TrialRecords:
    return reference.conducted(small(), SEED, as_planned(np.array([TRIAL]), PATIENTS))


def under(params: Params | None = None, **changes: object) -> TrialRecords:
    params = params or small()
    return reference.conducted(params, SEED, conduct_of(params, TRIAL, **changes))


# Closing


def test_who_comes_on_the_closing_day_itself_is_randomised_before_recruitment_ends():
    day = planned().patients.entry_day[7]
    t = under(closes=day).trials
    assert t.randomised[0] == 8
    assert t.recruitment_end_day[0] == day


def test_who_comes_a_float_after_the_closing_day_is_not_even_screened():
    day = planned().patients.entry_day[7]
    t = under(closes=np.nextafter(day, 0.0)).trials
    assert t.randomised[0] == 7
    assert t.recruitment_end_day[0] == np.nextafter(day, 0.0)
    assert t.screened[0] == under(closes=day).trials.screened[0] - 1


def test_closing_on_the_first_day_leaves_a_trial_of_nobody_that_ends_at_once():
    t = under(closes=0.0).trials
    assert (t.randomised[0], t.screened[0], t.trial_end_day[0]) == (0, 0, 0.0)


def test_the_earlier_of_closing_day_and_limit_of_recruitment_counts():
    limit = float(planned().patients.entry_day[9]) + 0.01
    params = small(**{"trial.max_recruitment_days": limit})
    assert under(params, closes=limit + 5.0).trials.recruitment_end_day[0] == limit
    assert under(params, closes=limit - 5.0).trials.recruitment_end_day[0] == limit - 5.0


def test_closing_ends_uniform_accrual_before_its_period():
    params = lower(bare(30))
    day = reference.simulate(params, SEED, TRIAL, 1).patients.entry_day[11]
    t = under(params, closes=day).trials
    assert (t.randomised[0], t.recruitment_end_day[0]) == (12, day)


def test_closing_after_the_period_of_uniform_accrual_changes_nothing():
    params = lower(bare(30, {"accrual.over_days": 100.0, "trial.max_recruitment_days": 700.0}))
    early = ((1.0, FOREVER),)  # so that the target is not met
    for closes, ends in ((99.0, 99.0), (101.0, 100.0), (FOREVER, 100.0)):
        assert under(params, closes=closes, pauses=early).trials.recruitment_end_day[0] == ends


# Cap


@pytest.mark.parametrize("most", [1, 7, PATIENTS])
def test_recruitment_ends_with_the_patient_of_the_cap(most):
    t = under(most=most).trials
    assert t.randomised[0] == most
    assert t.recruitment_end_day[0] == planned().patients.entry_day[most - 1]


def test_above_the_target_the_first_patients_are_those_planned():
    records = under(most=PATIENTS + 13)
    assert records.trials.randomised[0] == PATIENTS + 13
    for name in ("entry_day", "candidate", "arm", "allocation_draw", "baseline_meld"):
        a, b = (getattr(r.patients, name) for r in (records, planned()))
        np.testing.assert_array_equal(a[:PATIENTS], b)


def test_patients_beyond_the_target_have_the_drift_of_the_last_one_planned():
    """Where nobody differs, cumulative hazards over all follow-up differ by the drift alone."""
    changes = {
        "accrual": poisson_accrual({}),
        "trial.max_recruitment_days": 1000.0,
        "hazard.drift": {"kind": "linear", "hazard_ratio": 4.0},
        "hazard.effect.hazard_ratio": 1.0,
        "hazard.baseline.mortality_at_horizon": 1e-9,
    }
    params = lower(bare(10, changes))
    hazard = under(params, most=14).patients.liver_cumulative_hazard
    ratio = np.log(hazard / hazard[0])
    np.testing.assert_allclose(ratio[:10], np.linspace(0.0, math.log(4.0), 10), atol=1e-12)
    np.testing.assert_allclose(ratio[10:], math.log(4.0), atol=1e-12)


@pytest.mark.parametrize("changes", [{}, {"allocation.scheme": "random_allocation"}])
def test_more_than_the_target_is_refused_where_there_is_no_place_for_it(changes):
    with pytest.raises(ConductError, match="most_randomised"):
        under(lower(bare(30, changes)), most=31)


# Pauses


def test_a_pause_takes_out_who_comes_within_it_and_nobody_else():
    """The others are the same candidates on the same days, and those after make up the number."""
    entry = planned().patients.entry_day
    p = under(pauses=((entry[4], entry[9]),)).patients
    before = planned().patients
    stay = np.r_[0:5, 9:PATIENTS]
    for name in ("entry_day", "candidate", "site", "baseline_meld", "lab_slope_per_day"):
        np.testing.assert_array_equal(
            getattr(p, name)[: len(stay)], getattr(before, name)[stay], err_msg=name
        )
    assert len(p.arm) == PATIENTS


def test_who_is_referred_in_a_pause_is_not_counted():
    """With the closing day fixed, the candidates of the two trials are the same people."""
    entry, end = planned().patients.entry_day, float(planned().patients.entry_day[-1])
    start, stop = float(entry[3]), float(entry[12])
    params = small()
    _, log = observed(params, SEED, conduct_of(params, TRIAL, closes=end, most=PATIENTS))
    named = "randomised", "screening failed", "consent refused"
    inside = [e for e in log if e.name in named and start < e.day < stop]
    records, its_log = observed(
        params, SEED, conduct_of(params, TRIAL, closes=end, pauses=((start, stop),))
    )
    paused = [e for e in its_log if e.name == "not screened: recruitment paused"]
    assert [e.day for e in paused] == [e.day for e in inside]
    assert records.trials.screened[0] == planned().trials.screened[0] - len(inside)
    words = [(e.name, e.day) for e in its_log if e.name.startswith("recruitment")]
    assert words == [
        ("recruitment pauses", start),
        ("recruitment resumes", stop),
        ("recruitment ends", end),
    ]


def test_pauses_that_overlap_keep_out_who_comes_in_either_and_those_that_meet_let_one_in():
    entry = planned().patients.entry_day
    closed = {"closes": float(entry[-1])}
    overlap = under(pauses=((entry[2], entry[8]), (entry[5], entry[11])), **closed)
    whole = under(pauses=((entry[2], entry[11]),), **closed)
    assert overlap.patients.candidate.tolist() == whole.patients.candidate.tolist()
    meeting = under(pauses=((entry[8], entry[11]), (entry[2], entry[8])), **closed)
    assert meeting.patients.entry_day.tolist() == [*entry[:3], entry[8], *entry[11:]]
    assert under(pauses=((entry[5], entry[5]),)).patients.arm.size == PATIENTS


def test_a_pause_without_end_lasts_to_the_limit_of_recruitment():
    entry = planned().patients.entry_day
    t = under(pauses=((entry[6], FOREVER),)).trials
    assert t.randomised[0] == 7
    assert t.recruitment_end_day[0] == small().trial.max_recruitment_days


PUTS_OFF = {
    "kind": "defer",
    "favours": "PE",
    "variable": "inr",
    "poor_above": 2.0,
    "probability": 1.0,
    "returns_after_days": 20.0,
}


def test_who_comes_back_in_a_pause_is_counted_with_those_who_did_not_come_back():
    params = lower(
        base_case("nct05484908", {"trial.target_randomised": PATIENTS, "selection_bias": PUTS_OFF})
    )
    end = 200.0
    _, log = observed(params, SEED, conduct_of(params, TRIAL, closes=end))
    put_off = [event for event in log if event.name == "deferred"]
    candidate, back = dict(put_off[0].details)["candidate"], put_off[0].day + 20.0
    assert back in [event.day for event in log if event.name == "randomised"]
    until = np.nextafter(back, FOREVER)
    gone = under(params, closes=end, pauses=((np.nextafter(back, 0.0), until),))
    assert candidate not in gone.patients.candidate
    there = under(params, closes=end, pauses=((np.nextafter(back, 0.0), back),))
    assert candidate in there.patients.candidate
    assert there.trials.turned_away[0] == sum(event.day + 20.0 > end for event in put_off)
    t = gone.trials
    assert t.turned_away[0] > 0
    counted = t.failed_first.sum() + t.refused_consent[0] + t.turned_away[0] + t.randomised[0]
    assert t.screened[0] == counted


# Treatment


def one_session(window_days: float, **others: object) -> Params:
    """Patients a day apart or so; each has a session of a day, one machine, nobody dies."""
    plan = {"sessions": 2, "window_days": window_days, "first_after_days": 1.0}
    return lower(
        bare(
            12,
            {
                "accrual": poisson_accrual({"unit": None}),
                "trial.max_recruitment_days": 1000.0,
                "hazard.baseline.mortality_at_horizon": NOBODY_DIES,
                "unit": unit(1),
                "modalities": [A_DAY],
                "arms": [arm(name, "long", **plan) for name in ("control", "experimental")],
            }
            | others,
        )
    )


A_DAY = {
    "name": "long",
    "machine_hours": 24.0,
    "machine_hours_log_sd": 0.0,
    "plasma_litres": 0.0,
    "full_course_hazard_ratio": None,
    "shifts": None,
    "adverse_events": None,
}


def test_nothing_falls_due_begins_or_counts_from_the_day_on_which_treatment_stops():
    for stops in (0.0, 30.0, float(planned().patients.entry_day[8])):
        records = under(stops=stops)
        s, p = records.sessions, records.patients
        never = p.entry_day >= stops
        assert (s.status[never] == SessionStatus.NOT_DUE).all()
        for name in ("due_day", "start_day"):
            day = getattr(s, name)
            assert not (day >= stops).any(), name
        assert not (s.end_day[s.fraction > 0] >= stops).any()
        assert not np.isin(s.status, (SessionStatus.WAITING, SessionStatus.RUNNING)).any()
        expected = planned().patients
        np.testing.assert_array_equal(p.withdrawal_after_days, expected.withdrawal_after_days)


def test_a_session_that_would_end_as_treatment_stops_is_not_delivered_but_used_its_machine():
    params = one_session(10_000.0)
    before = under(params)
    end = before.sessions.end_day[0, 0]
    records = under(params, stops=end)
    assert records.sessions.status[0, 0] == SessionStatus.ENDED_BY_EXIT
    assert records.sessions.end_day[0, 0] == end
    assert records.patients.machine_hours[0] == pytest.approx(24.0, rel=1e-12)
    assert under(params, stops=np.nextafter(end, FOREVER)).sessions.fraction[0, 0] == 1.0


def test_a_window_that_would_end_as_treatment_stops_is_left_and_not_missed():
    params = one_session(0.5)
    before = under(params)
    row, column = np.argwhere(before.sessions.status == SessionStatus.MISSED)[0]
    end = before.sessions.due_day[row, column] + 0.5
    status = under(params, stops=end).sessions.status
    assert status[row, column] == SessionStatus.LEFT
    later = under(params, stops=np.nextafter(end, FOREVER)).sessions.status
    assert later[row, column] == SessionStatus.MISSED


def test_a_session_that_falls_due_as_treatment_stops_never_does():
    params = one_session(10_000.0)
    due = under(params).sessions.due_day[3, 0]
    assert under(params, stops=due).sessions.status[3, 0] == SessionStatus.NOT_DUE
    later = under(params, stops=np.nextafter(due, FOREVER)).sessions
    assert later.status[3, 0] in (SessionStatus.LEFT, SessionStatus.ENDED_BY_EXIT)


def test_as_follow_up_ends_the_stop_of_treatment_comes_first():
    params = one_session(10_000.0, **{"trial.follow_up_days": 5})
    before = under(params)
    waiting = np.argwhere(before.sessions.status == SessionStatus.WAITING)[0]
    end = before.patients.entry_day[waiting[0]] + 5
    assert under(params, stops=end).sessions.status[tuple(waiting)] == SessionStatus.LEFT


def test_who_has_no_session_left_is_untouched_by_the_stop():
    """Where sessions are over the trial is the same in every column."""
    params = one_session(10_000.0)
    before = under(params)
    last = np.nextafter(np.nanmax(before.sessions.end_day), FOREVER)
    after = under(params, stops=float(last))
    for table, its in zip(before, after, strict=True):
        for name, a, b in zip(table._fields, table, its, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


def test_the_log_tells_of_every_patient_whose_treatment_stops():
    params = one_session(10_000.0)
    records, log = observed(params, SEED, conduct_of(params, TRIAL, stops=8.0))
    told = [(e.day, e.patient) for e in log if e.name == "treatment stops"]
    treated = np.flatnonzero(records.patients.entry_day < 8.0)
    over = (records.sessions.fraction == 1.0).all(axis=1)
    assert told == [(8.0, patient) for patient in treated if not over[patient]]


def test_nobody_lost_of_those_whose_treatment_stopped():
    """Visits and labs go on: only what a later exit ends is missing."""
    records, before = under(stops=40.0), planned()
    taken = np.isfinite(records.patients.visit_after_days)
    alive = np.isinf(records.patients.death_after_days) & np.isinf(before.patients.death_after_days)
    rows = np.flatnonzero(alive)
    np.testing.assert_array_equal(taken[rows], np.isfinite(before.patients.visit_after_days)[rows])
