"""The unit and the plan of sessions, event by event (model page, sections 5 and 6)."""

import numpy as np
import pytest
from scenario_builder import base_case

from simulator.engines.reference import simulate
from simulator.params.lower import lower
from simulator.records import SessionStatus

MONDAY_ONLY = {
    "monday": [8.0, 20.0],
    **dict.fromkeys(("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")),
}
NO_EVENTS = {
    name: {"probability": 0.0, "consequence": "none", "serious": False}
    for name in ("allergy", "hypotension", "bleeding", "clotting")
}


def records_of(changes, trials=4, observer=None):
    return simulate(lower(base_case(changes=changes)), 11, 0, trials, observer)


def busy(**more):
    """Many patients, two days' sessions a week on one machine, and time to wait for them."""
    return {
        "trial.target_randomised": 120,
        "accrual.sites.0.randomised_per_month": 60.0,
        "unit.machines": 1,
        "unit.opening_hours": MONDAY_ONLY | {"friday": [8.0, 20.0]},
        "unit.plasma": None,
        "unit.background": None,
        "arms.0.plan.window_days": 20.0,
        "arms.1.plan.window_days": 9.0,
        "arms.1.modality": "PE",
    } | more


@pytest.mark.parametrize("queue", ["first_come", "sickest_first", "shortest_window"])
def test_who_starts_is_first_by_the_discipline_among_those_waiting(queue):
    def place(patient, session):
        by = {
            "first_come": session.due_day,
            "sickest_first": -patient.course.meld_seen,
            "shortest_window": session.due_day + (20.0 if patient.arm == 0 else 9.0),
        }
        return by[queue], patient.number

    waited = []

    def watch(trial, event, patient, _):
        if event == "session starts":
            waiting = trial.units[0].queue
            waited.append(len(waiting))
            mine = place(patient, patient.sessions[-1])
            assert all(mine < place(r.patient, r.session) for r in waiting)

    records_of(busy(**{"unit.queue": queue}), 2, watch)
    assert max(waited) > 5  # there was a choice


def test_a_machine_stays_bound_to_the_planned_end_when_its_patient_dies():
    r = records_of(busy(**{"hazard.baseline.mortality_at_horizon": 0.999}), 8)
    began = r.sessions.status != SessionStatus.NOT_DUE
    began &= ~np.isnan(r.sessions.start_day)
    assert (r.sessions.status == SessionStatus.ENDED_BY_EXIT).sum() > 0
    trial = np.repeat(r.patients.trial[:, None], began.shape[1], axis=1)
    for index in range(8):
        mine = began & (trial == index)
        order = np.argsort(r.sessions.start_day[mine])
        start, end = r.sessions.start_day[mine][order], r.sessions.end_day[mine][order]
        assert (start[1:] >= end[:-1]).all()


def test_who_leaves_while_waiting_has_neither_had_nor_missed_the_session():
    r = records_of(busy(**{"hazard.baseline.mortality_at_horizon": 0.99}), 4)
    left = r.sessions.status == SessionStatus.LEFT
    assert left.sum() > 10
    assert np.isnan(r.sessions.start_day[left]).all()
    assert (r.sessions.fraction[left] == 0).all()
    died = r.patients.entry_day + np.minimum(
        r.patients.death_after_days,
        np.minimum(r.patients.withdrawal_after_days, r.patients.loss_after_days),
    )
    rows = np.nonzero(left)[0]
    assert (r.sessions.due_day[left] <= np.maximum(died[rows], 0)).all()


def test_after_a_miss_the_next_session_is_due_when_the_window_ended():
    r = records_of(busy(), 4)
    missed = (r.sessions.status[:, 0] == SessionStatus.MISSED) & (
        r.sessions.status[:, 1] != SessionStatus.NOT_DUE
    )
    window = np.where(r.patients.arm == 0, 20.0, 9.0)
    assert missed.sum() > 10
    np.testing.assert_array_equal(
        r.sessions.due_day[missed, 1], r.sessions.due_day[missed, 0] + window[missed]
    )


def test_who_cannot_have_plasma_gets_the_other_modality_where_the_plan_says_so():
    changes = {
        "unit.plasma.capacity_litres": 1.5,  # a PE session takes 2.0
        "unit.plasma.initial_litres": 1.5,
        "unit.background": None,
        "arms.0.plan.switch_if_plasma_short_to": "DPMAS+LPE",
    }
    r = records_of(changes)
    first = (r.patients.arm == 0) & ~np.isnan(r.sessions.start_day[:, 0])
    assert first.sum() > 50
    assert (r.sessions.modality[first, 0] == 1).all()
    assert (r.sessions.plasma_litres[first, 0] == 1.0).all()
    assert (r.sessions.short_of_plasma[first, 0] == 1).all()


def test_without_another_modality_who_cannot_have_plasma_misses_every_session():
    changes = {
        "unit.plasma.capacity_litres": 1.5,
        "unit.plasma.initial_litres": 1.5,
        "unit.background": None,
    }
    r = records_of(changes)
    pe = r.patients.arm == 0
    assert r.patients.sessions_delivered[pe].sum() == 0
    assert r.patients.sessions_missed[pe].sum() > 100
    assert r.patients.sessions_delivered[~pe].sum() > 200


def test_plasma_that_is_exactly_enough_is_enough():
    changes = {
        "unit.plasma.capacity_litres": 2.0,
        "unit.plasma.initial_litres": 2.0,
        "unit.plasma.delivery_litres_mean": 1000.0,  # full every day
        "unit.background": None,
    }
    r = records_of(changes, 2)
    assert r.patients.sessions_delivered[r.patients.arm == 0].sum() > 100


def test_rescue_sessions_go_on_while_bilirubin_is_above_the_threshold():
    always = {"max_sessions": 2, "bilirubin_above_umol_per_l": 1.0}
    never = {"max_sessions": 2, "bilirubin_above_umol_per_l": 1e6}
    r = records_of({"unit": None, "arms.0.plan.rescue": always, "arms.1.plan.rescue": never})
    given = r.patients.sessions_delivered
    assert given[r.patients.arm == 0].max() == 5
    assert given[r.patients.arm == 1].max() == 3
    assert (r.patients.sessions_planned == 3).all()


def test_a_bilirubin_under_the_threshold_ends_the_sessions_before_they_begin():
    r = records_of({"arms.0.plan.stop_if_bilirubin_below_umol_per_l": 1e6})
    assert (r.sessions.status[r.patients.arm == 0] == SessionStatus.NOT_DUE).all()
    assert r.patients.sessions_delivered[r.patients.arm == 1].sum() > 0


def test_low_platelets_put_a_session_off_until_its_window_ends():
    r = records_of({"unit": None, "arms.0.plan.postpone_if_platelets_below_1e9_per_l": 1e6})
    pe = r.patients.arm == 0
    assert r.patients.sessions_delivered[pe].sum() == 0
    assert (r.sessions.status[pe, 0] == SessionStatus.MISSED).sum() > 50


def test_treatment_that_is_stopped_has_one_session_cut_short_and_no_more():
    stopping = NO_EVENTS | {
        "bleeding": {"probability": 1.0, "consequence": "stop_treatment", "serious": True}
    }
    r = records_of({"unit": None, "modalities.0.adverse_events": stopping})
    pe = r.patients.arm == 0
    had = r.sessions.status[pe, 0] == SessionStatus.CUT_SHORT
    assert had.sum() > 50
    assert (r.sessions.status[pe][had][:, 1:] == SessionStatus.NOT_DUE).all()
    assert ((r.sessions.fraction[pe][had, 0] > 0) & (r.sessions.fraction[pe][had, 0] < 1)).all()
    # It has used all of its plasma, and its machine-time so far.
    assert (r.patients.plasma_litres[pe][had] == 2.0).all()


@pytest.mark.parametrize(("served", "any_given"), [("before", False), ("after", True)])
def test_a_background_that_fills_the_day_leaves_only_what_policy_gives_first(served, any_given):
    background = {
        "sessions_per_day": 400.0,
        "hours_per_session": 5.0,
        "plasma_litres_per_session": 0.0,
        "served": served,
    }
    r = records_of({"unit.background": background, "unit.plasma": None})
    started = r.sessions.start_day[~np.isnan(r.sessions.start_day)]
    assert (started.size > 0) == any_given
    # Served first, they start as the unit opens, at 8:00; later in the day nothing is free.
    assert np.isin(started, np.arange(0, 3000) + 8.0 / 24.0).all()
