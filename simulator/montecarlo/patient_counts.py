"""Compiled passes over the patients of trials: how many of each arm, and of their sessions."""

import numpy as np

from simulator.analysis.kernel import kernel, minimum
from simulator.records import SESSIONS_GIVEN, Floats, Ints, SessionStatus

OF_PATIENTS = (
    "patients",
    "deaths",
    "deaths_from_tumour",
    "transplants",
    "withdrawn",
    "lost",
    "infections",
    "deaths_seen",
    "transplants_seen",
    "withdrawals_seen",
)
(
    _PATIENTS,
    _DEATHS,
    _TUMOUR,
    _TRANSPLANTS,
    _WITHDRAWN,
    _LOST,
    _INFECTIONS,
    _DEATHS_SEEN,
    _TRANSPLANTS_SEEN,
    _WITHDRAWALS_SEEN,
) = range(len(OF_PATIENTS))
OF_SESSIONS = (
    "treated",
    "not_treated",
    "sessions_planned",
    "sessions_delivered",
    "sessions_cut_short",
    "sessions_late",
    "sessions_missed",
    "sessions_short_of_plasma",
    "sessions_due",
    "sessions_beyond_plan",
    "sessions_not_due",
    "sessions_left_waiting",
    "sessions_broken_off",
)
(
    _TREATED,
    _NOT_TREATED,
    _PLANNED,
    _DELIVERED,
    _CUT_SHORT,
    _LATE,
    _MISSED,
    _SHORT_OF_PLASMA,
    _DUE,
    _BEYOND_PLAN,
    _NOT_DUE,
    _LEFT_WAITING,
    _BROKEN_OFF,
) = range(len(OF_SESSIONS))
SUMS_OF_SESSIONS = "sessions_equivalent", "wait_days", "plasma_litres", "machine_hours"
_STATES = len(SessionStatus)
_STATE_NOT_DUE, _STATE_WAITING, _STATE_RUNNING, _STATE_LEFT, _STATE_ENDED = (
    int(status)
    for status in (
        SessionStatus.NOT_DUE,
        SessionStatus.WAITING,
        SessionStatus.RUNNING,
        SessionStatus.LEFT,
        SessionStatus.ENDED_BY_EXIT,
    )
)
_GIVEN_FULL, _GIVEN_PART = map(int, SESSIONS_GIVEN)
_BY_TUMOUR = 2  # a DeathCause


@kernel
def count_patients(
    first_row: Ints,
    arm: Ints,
    death: Floats,
    cause: Ints,
    transplant: Floats,
    withdrawal: Floats,
    loss: Floats,
    infection: Floats,
    horizon: float,
    places: Ints,
    arms: int,
    counts: Ints,
) -> None:
    """Fill in `OF_PATIENTS` from their places on, a row an arm; a place of -1 is left out."""
    found = np.empty((arms, places.size), np.int64)
    for trial in range(first_row.size - 1):
        found[:] = 0
        for i in range(first_row[trial], first_row[trial + 1]):
            ours, seen_until = found[arm[i]], minimum(loss[i], horizon)
            ours[_PATIENTS] += 1
            ours[_DEATHS] += death[i] <= horizon
            ours[_TUMOUR] += cause[i] == _BY_TUMOUR
            ours[_TRANSPLANTS] += transplant[i] <= horizon
            ours[_WITHDRAWN] += withdrawal[i] <= horizon
            ours[_LOST] += loss[i] <= horizon
            ours[_INFECTIONS] += infection[i] <= horizon
            ours[_DEATHS_SEEN] += death[i] <= seen_until
            ours[_TRANSPLANTS_SEEN] += transplant[i] <= seen_until
            ours[_WITHDRAWALS_SEEN] += withdrawal[i] <= seen_until
        for k in range(places.size):
            if places[k] >= 0:
                for a in range(arms):
                    counts[places[k] + a, trial] = found[a, k]


@kernel
def count_sessions(
    first_row: Ints,
    arm: Ints,
    planned: Ints,
    delivered: Ints,
    cut_short: Ints,
    late: Ints,
    missed: Ints,
    short_of_plasma: Ints,
    adverse_events: Ints,
    equivalent: Floats,
    wait_days: Floats,
    plasma_litres: Floats,
    machine_hours: Floats,
    status: Ints,
    modality: Ints,
    places: Ints,
    amount_places: Ints,
    arms: int,
    modalities: int,
    counts: Ints,
    amounts: Floats,
) -> None:
    """Fill in `OF_SESSIONS` and `SUMS_OF_SESSIONS` from their places on, a row an arm.

    Behind the places of `OF_SESSIONS` stand those of adverse events, by arm and kind, and of the
    sessions given, by modality.
    """
    kinds, sessions, simple = adverse_events.shape[1], status.shape[1], places.size - 2
    found, events = np.empty((arms, simple), np.int64), np.empty((arms, kinds), np.int64)
    sums, given = np.empty((arms, amount_places.size)), np.empty(modalities, np.int64)
    for trial in range(first_row.size - 1):
        found[:], events[:], sums[:], given[:] = 0, 0, 0.0, 0
        for i in range(first_row[trial], first_row[trial + 1]):
            a = arm[i]
            ours, amount = found[a], sums[a]
            ours[_TREATED] += delivered[i] > 0
            ours[_NOT_TREATED] += delivered[i] == 0
            ours[_PLANNED] += planned[i]
            ours[_DELIVERED] += delivered[i]
            ours[_CUT_SHORT] += cut_short[i]
            ours[_LATE] += late[i]
            ours[_MISSED] += missed[i]
            ours[_SHORT_OF_PLASMA] += short_of_plasma[i]
            due, beyond, not_due, waiting, broken = 0, 0, 0, 0, 0
            for k in range(sessions):
                state = status[i, k]
                is_due, is_beyond = state != _STATE_NOT_DUE, k >= planned[i]
                due += is_due
                beyond += is_due & is_beyond
                not_due += (not is_due) & (not is_beyond)
                waiting += (state == _STATE_WAITING) | (state == _STATE_LEFT)
                broken += (state == _STATE_RUNNING) | (state == _STATE_ENDED)
                if state == _GIVEN_FULL or state == _GIVEN_PART:
                    given[modality[i, k]] += 1
            ours[_DUE] += due
            ours[_BEYOND_PLAN] += beyond
            ours[_NOT_DUE] += not_due
            ours[_LEFT_WAITING] += waiting
            ours[_BROKEN_OFF] += broken
            for k in range(kinds):
                events[a, k] += adverse_events[i, k]
            amount[0] += equivalent[i]
            amount[1] += wait_days[i]
            amount[2] += plasma_litres[i]
            amount[3] += machine_hours[i]
        for a in range(arms):
            for k in range(simple):
                counts[places[k] + a, trial] = found[a, k]
            for k in range(kinds):
                counts[places[simple] + a * kinds + k, trial] = events[a, k]
            for k in range(amount_places.size):
                amounts[amount_places[k] + a, trial] = sums[a, k]
        for k in range(modalities):
            counts[places[simple + 1] + k, trial] = given[k]
