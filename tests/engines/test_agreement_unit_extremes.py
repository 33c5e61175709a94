"""The gate at extremes of the unit: never free, empty, always open, full, left by its patients."""

import numpy as np
import pytest
from extremes import EXITS, a_day_each, counted, exponential, gate, on_one_day, only
from scenario_builder import ALWAYS_OPEN, NOBODY_DIES, arm, base_case, modality, unit

from simulator.records import SessionStatus


def test_a_unit_that_never_can_serve():
    busy = {
        "sessions_per_day": 500.0,
        "hours_per_session": 24.0,
        "plasma_litres_per_session": 0.0,
        "served": "before",
    }
    records = gate(base_case(changes={"unit.background": busy}))
    assert (records.sessions.modality == -1).all()
    assert counted(records, SessionStatus.MISSED) > 100
    assert (records.patients.sessions_equivalent == 0).all()


def test_plasma_that_runs_out():
    supply = {
        "capacity_litres": 9.0,
        "initial_litres": 9.0,
        "delivery_days": [],
        "delivery_litres_mean": 0.0,
        "delivery_litres_sd": 0.0,
    }
    records = gate(base_case(changes={"unit.plasma": supply, "unit.background": None}))
    used = np.add.reduceat(records.patients.plasma_litres, records.trials.first_row)
    np.testing.assert_array_equal(used, 9.0)
    assert (records.trials.unit_days_short > 0).all()
    assert (records.trials.plasma_delivered_litres == 0).all()


def test_a_unit_open_round_the_clock():
    records = gate(base_case("nct05484908-scarce", {"unit.opening_hours": ALWAYS_OPEN}))
    s = records.sessions
    assert (np.floor(s.start_day) < np.floor(s.end_day)).any()
    np.testing.assert_array_equal(
        records.trials.unit_days_open, np.floor(records.trials.trial_end_day) + 1
    )


def test_two_sites_with_different_units():
    hours = dict.fromkeys(ALWAYS_OPEN) | {"monday": [6.0, 12.0], "tuesday": [0.0, 24.0]}
    supply = {
        "capacity_litres": 4.0,
        "initial_litres": 4.0,
        "delivery_days": ["tuesday"],
        "delivery_litres_mean": 3.0,
        "delivery_litres_sd": 1.0,
    }
    sites = (
        {"unit": unit(1, queue="sickest_first")},
        {"unit": unit(3, opening_hours=hours, plasma=supply, queue="shortest_window")},
    )
    records = gate(base_case(changes=on_one_day(40, *sites)))
    p, status = records.patients, records.sessions.status
    for site in range(2):
        assert (status[p.site == site] == SessionStatus.DELIVERED).any()
    for only_at_second in (p.sessions_short_of_plasma > 0, p.sessions_missed > 0):
        assert not only_at_second[p.site == 0].any()
        assert only_at_second[p.site == 1].any()


@pytest.mark.parametrize("queue", ["first_come", "shortest_window"])
def test_windows_that_end_while_every_machine_is_busy(queue):
    changes = on_one_day(30, {"unit": unit(2, queue=queue)}) | a_day_each(1.0) | {"exits": None}
    records = gate(base_case(changes=changes))
    assert counted(records, SessionStatus.MISSED) > 100
    assert counted(records, SessionStatus.DELIVERED) > 10
    began_late = records.sessions.start_day > records.sessions.due_day
    assert began_late.any()  # as a machine came free


@pytest.mark.parametrize("name", ["liver_death", *EXITS])
def test_patients_who_leave_while_a_session_waits_or_runs(name):
    changes = on_one_day(30, {"unit": unit(4)}) | a_day_each(50.0) | {"exits": only(name)}
    if name == "liver_death":
        changes["hazard.baseline"] = exponential(0.95, 3.0)
    else:
        changes["hazard.baseline"] = exponential(NOBODY_DIES)
    records = gate(base_case(changes=changes))
    assert counted(records, SessionStatus.LEFT) > 20
    assert counted(records, SessionStatus.ENDED_BY_EXIT) > 10
    assert counted(records, SessionStatus.DELIVERED) > 10
    of_left = records.sessions.end_day[records.sessions.status == SessionStatus.ENDED_BY_EXIT]
    assert np.isin(records.sessions.start_day, of_left).any()  # the machine was busy to its end


def _background(sessions_per_day: float, served: str, litres: float = 0.0) -> dict[str, object]:
    return {
        "sessions_per_day": sessions_per_day,
        "hours_per_session": 2.5,
        "plasma_litres_per_session": litres,
        "served": served,
    }


def test_the_one_nurse_goes_on_to_the_next_patient_as_a_session_ends():
    # The background's claim at midnight reaches past the end of a session that runs on then: its
    # machine is busy, but the nurse and other machines are free.
    site = {"unit": unit(30, nurses=1, background=_background(2.0, "before"))}
    changes = on_one_day(20, site) | a_day_each(50.0) | {"exits": None}
    changes["hazard.baseline"] = exponential(NOBODY_DIES)
    changes["modalities"] = [modality("long", hours=12.0)]
    changes["arms"] = [arm(name, "long", window_days=50.0) for name in ("PE", "other")]
    changes["accrual"]["sites"][0]["randomised_per_month"] = 1.5 * 30.4375
    records = gate(base_case(changes=changes))
    s, waited = records.sessions, 0
    for trial in records.trials.trial:
        rows = np.flatnonzero(records.patients.trial == trial)
        start, end, due = (column[rows, 0] for column in (s.start_day, s.end_day, s.due_day))
        order = np.argsort(start)
        free = np.maximum(end[order][:-1], due[order][1:])
        # Over 10 background sessions, a claim on each machine of over .035 d: 8e-6 a day.
        by_day = free % 1 > 10 * 2.5 / 30 / 24
        waited += (by_day & (end[order][:-1] > due[order][1:])).sum()
        np.testing.assert_array_equal(start[order][1:][by_day], free[by_day])
    assert waited > 20


def test_background_that_claims_more_than_a_day_of_a_unit_that_never_closes():
    supply = {
        "capacity_litres": 20.0,
        "initial_litres": 0.0,
        "delivery_days": list(ALWAYS_OPEN),
        "delivery_litres_mean": 3.0,
        "delivery_litres_sd": 1.0,
    }
    background = _background(30.0, "after", litres=1.5)
    changes = {"unit.opening_hours": ALWAYS_OPEN, "unit.plasma": supply}
    changes |= {"unit.background": background, "unit.machines": 3}
    records = gate(base_case(changes=changes))
    assert (records.trials.unit_days_short > 0).any()
    assert counted(records, SessionStatus.MISSED) > 100
