"""The gate where platelets put sessions off for long: the compiled engine jumps, SimPy steps."""

import pytest
from extremes import gate
from scenario_builder import base_case

from simulator.records import SessionStatus


def put_off(below: float, window_days: float, **plan: object) -> dict[str, object]:
    """Changes to the base case in which sessions wait for platelets."""
    changes: dict[str, object] = {"trial.target_randomised": 30}
    for arm in (0, 1):
        changes[f"arms.{arm}.plan.postpone_if_platelets_below_1e9_per_l"] = below
        changes[f"arms.{arm}.plan.window_days"] = window_days
        for key, value in plan.items():
            changes[f"arms.{arm}.plan.{key}"] = value
    return changes


@pytest.mark.parametrize("window_days", [0.5, 3.0, 7.25, 30.0, 1000.0])
def test_platelets_that_never_suffice_have_every_session_missed_or_left(window_days):
    records = gate(base_case(changes=put_off(100_000.0, window_days)), compared=2)
    assert not (records.sessions.status == SessionStatus.DELIVERED).any()


def test_some_patients_have_enough_platelets_and_others_never():
    records = gate(base_case(changes=put_off(120.0, 21.0, sessions=5)), compared=3)
    status = records.sessions.status
    assert (status == SessionStatus.DELIVERED).sum() > 20
    assert (status == SessionStatus.MISSED).sum() > 20


def test_ten_years_of_follow_up_pass_while_a_session_waits():
    """3,660 attempts a patient; the follow-up, and so the labs, go to their end all the same."""
    changes = put_off(100_000.0, 10_000.0) | {"trial.follow_up_days": 3_660}
    changes["trial.target_randomised"] = 10
    records = gate(base_case(changes=changes), compared=1)
    assert not (records.sessions.status == SessionStatus.DELIVERED).any()
