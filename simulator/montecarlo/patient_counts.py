"""Compiled passes over the patients of trials: how many of each arm, and of their sessions."""

import numpy as np

from simulator.analysis.kernel import inlined, kernel, minimum
from simulator.records import ADVERSE_EVENTS, SESSIONS_GIVEN, Floats, Ints, SessionStatus

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
_DUE, _BEYOND_PLAN, _NOT_DUE, _LEFT_WAITING, _BROKEN_OFF = range(8, len(OF_SESSIONS))
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
_IN_FULL, _IN_PART = map(int, SESSIONS_GIVEN)
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
    found = np.empty(places.size, np.int64)
    for trial in range(first_row.size - 1):
        rows = slice(first_row[trial], first_row[trial + 1])
        for a in range(arms):
            _count_arm(
                a,
                arm[rows],
                death[rows],
                cause[rows],
                transplant[rows],
                withdrawal[rows],
                loss[rows],
                infection[rows],
                horizon,
                found,
            )
            for k in range(places.size):
                if places[k] >= 0:
                    counts[places[k] + a, trial] = found[k]


@inlined
def _count_arm(
    ours: int,
    arm: Ints,
    death: Floats,
    cause: Ints,
    transplant: Floats,
    withdrawal: Floats,
    loss: Floats,
    infection: Floats,
    horizon: float,
    found: Ints,
) -> None:
    """Count an arm's patients of a trial.

    Sums of their own without a branch, so that several patients are taken at once.
    """
    patients, deaths, by_tumour, transplants, withdrawn, lost, infections = 0, 0, 0, 0, 0, 0, 0
    deaths_seen, transplants_seen, withdrawals_seen = 0, 0, 0
    for i in range(arm.size):
        mine, seen_until = int(arm[i] == ours), minimum(loss[i], horizon)
        patients += mine
        deaths += mine & int(death[i] <= horizon)
        by_tumour += mine & int(cause[i] == _BY_TUMOUR)
        transplants += mine & int(transplant[i] <= horizon)
        withdrawn += mine & int(withdrawal[i] <= horizon)
        lost += mine & int(loss[i] <= horizon)
        infections += mine & int(infection[i] <= horizon)
        deaths_seen += mine & int(death[i] <= seen_until)
        transplants_seen += mine & int(transplant[i] <= seen_until)
        withdrawals_seen += mine & int(withdrawal[i] <= seen_until)
    # In the order of `OF_PATIENTS`.
    found[0], found[1], found[2], found[3] = patients, deaths, by_tumour, transplants
    found[4], found[5], found[6] = withdrawn, lost, infections
    found[7], found[8], found[9] = deaths_seen, transplants_seen, withdrawals_seen


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
    simple = places.size - 2
    found, sums = np.empty(simple, np.int64), np.empty((arms, amount_places.size))
    events, given = np.empty((arms, ADVERSE_EVENTS), np.int64), np.empty(modalities + 1, np.int64)
    states = np.empty((arms, 2, _STATES), np.int64)
    for trial in range(first_row.size - 1):
        low, high = first_row[trial], first_row[trial + 1]
        rows = slice(low, high)
        sums[:], events[:], given[:], states[:] = 0.0, 0, 0, 0
        for i in range(low, high):
            a = arm[i]
            for k in range(ADVERSE_EVENTS):
                events[a, k] += adverse_events[i, k]
            sums[a, 0] += equivalent[i]
            sums[a, 1] += wait_days[i]
            sums[a, 2] += plasma_litres[i]
            sums[a, 3] += machine_hours[i]
        _count_states(arm[rows], planned[rows], status[rows], modality[rows], states, given)
        for a in range(arms):
            _count_arm_sessions(
                a,
                arm[rows],
                planned[rows],
                delivered[rows],
                cut_short[rows],
                late[rows],
                missed[rows],
                short_of_plasma[rows],
                found,
            )
            _add_states(states[a], found)
            for k in range(simple):
                counts[places[k] + a, trial] = found[k]
            for k in range(ADVERSE_EVENTS):
                counts[places[simple] + a * ADVERSE_EVENTS + k, trial] = events[a, k]
            for k in range(amount_places.size):
                amounts[amount_places[k] + a, trial] = sums[a, k]
        for k in range(modalities):
            counts[places[simple + 1] + k, trial] = given[k + 1]


@inlined
def _count_arm_sessions(
    ours: int,
    arm: Ints,
    planned: Ints,
    delivered: Ints,
    cut_short: Ints,
    late: Ints,
    missed: Ints,
    short_of_plasma: Ints,
    found: Ints,
) -> None:
    """Count an arm's sessions of a trial, several patients at once."""
    treated, not_treated, of_plan, given, in_part = 0, 0, 0, 0, 0
    begun_late, window_ended, short = 0, 0, 0
    for i in range(arm.size):
        mine = int(arm[i] == ours)
        treated += mine & int(delivered[i] > 0)
        not_treated += mine & int(delivered[i] == 0)
        of_plan += mine * planned[i]
        given += mine * delivered[i]
        in_part += mine * cut_short[i]
        begun_late += mine * late[i]
        window_ended += mine * missed[i]
        short += mine * short_of_plasma[i]
    # In the order of `OF_SESSIONS`.
    found[0], found[1], found[2], found[3] = treated, not_treated, of_plan, given
    found[4], found[5], found[6], found[7] = in_part, begun_late, window_ended, short


@inlined
def _count_states(
    arm: Ints, planned: Ints, status: Ints, modality: Ints, states: Ints, given: Ints
) -> None:
    """Count sessions by arm, whether they are beyond the plan, and status.

    `given` has those given by modality, behind a first place for all others.
    """
    for i in range(arm.size):
        for k in range(status.shape[1]):
            state = status[i, k]
            states[arm[i], int(k >= planned[i]), state] += 1
            is_given = int((state == _IN_FULL) | (state == _IN_PART))
            given[is_given * (modality[i, k] + 1)] += 1


@inlined
def _add_states(states: Ints, found: Ints) -> None:
    """Fill in what the sessions of an arm come to, by plan and status, (2, states)."""
    all_planned, all_beyond = 0, 0
    for state in range(_STATES):
        all_planned += states[0, state]
        all_beyond += states[1, state]
    found[_NOT_DUE] = states[0, _STATE_NOT_DUE]
    found[_BEYOND_PLAN] = all_beyond - states[1, _STATE_NOT_DUE]
    found[_DUE] = all_planned - found[_NOT_DUE] + found[_BEYOND_PLAN]
    waiting, broken = 0, 0
    for beyond in range(2):
        waiting += states[beyond, _STATE_WAITING] + states[beyond, _STATE_LEFT]
        broken += states[beyond, _STATE_RUNNING] + states[beyond, _STATE_ENDED]
    found[_LEFT_WAITING], found[_BROKEN_OFF] = waiting, broken
