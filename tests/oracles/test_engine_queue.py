"""The ALSS unit as a queue: closed forms of queueing theory and slow recursions (section 6)."""

import heapq
import math

import numpy as np
import pytest
from scenario_builder import (
    ALWAYS_OPEN,
    EPSILON,
    NOBODY_DIES,
    arm,
    assert_mean,
    bare,
    changed,
    modality,
    poisson_accrual,
    run,
    unit,
)
from scipy import stats

from simulator.engines.reference import simulate
from simulator.params.lower import lower
from simulator.records import SessionStatus

MONTH = 30.4375


def one_session_each(patients, per_day, sessions, alss_unit, plans=None):
    """Return a trial whose patients come as a Poisson process, each for one session at once."""
    names = [given["name"] for given in sessions]
    plans = plans or [{}, {}]
    return bare(
        patients,
        {
            "accrual": poisson_accrual({"randomised_per_month": per_day * MONTH}),
            "trial.max_recruitment_days": 36_600.0,
            "hazard.baseline.mortality_at_horizon": NOBODY_DIES,
            "modalities": sessions,
            "arms": [arm(f"arm {i}", names[min(i, len(names) - 1)], **plans[i]) for i in range(2)],
            "unit": alss_unit,
        },
    )


def times(records):
    """Arrival, start and end of each patient's session."""
    assert (records.sessions.status[:, 0] == SessionStatus.DELIVERED).all()
    return tuple(
        column[:, 0]
        for column in (
            records.sessions.due_day,
            records.sessions.start_day,
            records.sessions.end_day,
        )
    )


def assert_same_times(seen, expected):
    """Compare trial times up to the rounding of a sum."""
    np.testing.assert_allclose(seen, expected, rtol=8 * EPSILON, atol=0)


@pytest.mark.parametrize(
    ("log_sd", "load"), [(0.0, 0.4), (0.0, 0.7), (0.6, 0.7)], ids=["M/D/1", "M/D/1 busy", "M/G/1"]
)
def test_the_mean_wait_for_one_machine_is_pollaczek_and_khinchines(log_sd, load):
    """W = rate E(S^2) / (2 (1 - load)); with equal sessions load S / (2 (1 - load))."""
    hours = 6.0
    per_day = load * 24 / hours
    scenario = one_session_each(
        300, per_day, [modality("PE", hours, log_sd)], unit(machines=1, nurses=5)
    )
    trials = 24
    records = run(scenario, seed=401, trials=trials)
    due, start, end = times(records)
    mean_square = (hours / 24) ** 2 * math.exp(log_sd**2)
    expected = per_day * mean_square / (2 * (1 - load))
    if log_sd == 0:
        assert expected == pytest.approx(load * hours / 24 / (2 * (1 - load)))
        assert_same_times(end, start + hours / 24)
    else:
        spread = log_sd
        assert stats.kstest(
            end - start, stats.lognorm(spread, scale=hours / 24 * math.exp(-(spread**2) / 2)).cdf
        ).pvalue > 2 * stats.norm.sf(4)
    # The first 100 see a queue that is still filling; trials are independent of each other.
    wait = (start - due).reshape(trials, -1)[:, 100:].mean(axis=1)
    assert_mean(wait, expected)
    # Poisson arrivals see time averages: the share who need not wait is 1 - load.
    assert_mean((start == due).reshape(trials, -1)[:, 100:].mean(axis=1), 1 - load)


def kiefer_wolfowitz(arrival, length, servers):
    """Start of each service: first come, first served, by the server that is free first."""
    free, start = [0.0] * servers, []
    for comes, lasts in zip(arrival, length, strict=True):
        begins = max(comes, heapq.heappop(free))
        heapq.heappush(free, begins + lasts)
        start.append(begins)
    return np.array(start)


@pytest.mark.parametrize("log_sd", [0.0, 0.8])
@pytest.mark.parametrize("machines", [1, 3, 7])
def test_every_session_starts_when_the_kiefer_wolfowitz_recursion_says(machines, log_sd):
    hours = 9.0
    per_day = 0.95 * machines * 24 / hours
    scenario = one_session_each(
        1_000, per_day, [modality("PE", hours, log_sd)], unit(machines=machines)
    )
    due, start, end = times(run(scenario, seed=402))
    expected = kiefer_wolfowitz(due, end - start, machines)
    # Each start is a sum of at most 1,000 lengths after an arrival, and a length a difference.
    np.testing.assert_allclose(start, expected, rtol=4 * 1_000 * EPSILON, atol=0)
    assert (start > due).mean() > 0.3  # a queue worth the test


@pytest.mark.parametrize("slots", [{"nurses": 3}, {"nurses": 1, "sessions_per_nurse": 3}])
def test_nurses_hold_up_sessions_just_as_machines_do(slots):
    sessions = [modality("PE", 9.0, 0.8)]
    per_machine = one_session_each(700, 7.6, sessions, unit(machines=3))
    per_nurse = changed(per_machine, {"unit": unit(machines=50, **slots)})
    by_machines, by_nurses = (run(asked, seed=403) for asked in (per_machine, per_nurse))
    for seen, expected in zip(by_nurses.sessions, by_machines.sessions, strict=True):
        np.testing.assert_array_equal(seen, expected)
    due, start, _ = times(by_nurses)
    assert (start > due).mean() > 0.3


def test_the_scarcer_of_machines_and_nurses_decides():
    sessions = [modality("PE", 9.0, 0.8)]
    alss_unit = unit(machines=3, nurses=2, sessions_per_nurse=2)
    both = one_session_each(500, 7.6, sessions, alss_unit)
    machines_alone = changed(both, {"unit": unit(machines=3)})
    np.testing.assert_array_equal(
        run(both, seed=404).sessions.start_day, run(machines_alone, seed=404).sessions.start_day
    )


# Opening hours

DAYTIME = {day: [8.0, 20.0] for day in ALWAYS_OPEN}
WEEK = DAYTIME | {"sunday": None, "wednesday": [10.0, 14.0]}


def slow_days_of_unit(due, lengths, hours, machines, weekdays, first_weekday):
    """Starts in a unit with opening hours, found by walking from one possible moment to the next.

    A session may start while the unit is open, if a machine is free and its mean length ends by
    closing; first come, first served.
    """
    names = list(DAYTIME)
    free = [0.0] * machines
    starts = []
    for comes, length in zip(due, lengths, strict=True):
        moment = max([comes, min(free), *starts[-1:]])
        while True:
            day = math.floor(moment)
            span = weekdays[names[(first_weekday + day) % 7]]
            if span is not None:
                begins = max(moment, day + span[0] / 24)
                if begins + hours / 24 <= day + span[1] / 24:
                    break
            moment = float(day + 1)
        starts.append(begins)
        free[free.index(min(free))] = begins + length
    return np.array(starts)


@pytest.mark.parametrize("log_sd", [0.0, 0.3])
@pytest.mark.parametrize("weekdays", [DAYTIME, WEEK], ids=["every day", "with a day off"])
def test_sessions_start_only_when_they_are_expected_to_end_by_closing(weekdays, log_sd):
    """Against a walk over moments, patient by patient; equal lengths keep the order of arrival."""
    hours, machines = 3.5, 2
    alss_unit = unit(machines=machines, opening_hours=weekdays)
    scenario = one_session_each(400, 3.6, [modality("PE", hours, log_sd)], alss_unit)
    due, start, end = times(run(scenario, seed=405))
    first_weekday = scenario.trial.start_date.weekday()
    expected = slow_days_of_unit(due, end - start, hours, machines, weekdays, first_weekday)
    np.testing.assert_allclose(start, expected, rtol=4 * 600 * EPSILON, atol=0)
    assert (start > due).mean() > 0.5


# Plasma


def slow_blood_bank(due, litres, stock, capacity, delivery):
    """Starts where plasma alone is short, and what is taken in and refused, by day and patient.

    Plasma comes at midnight and is served out at once; who needs more than there is, is passed
    over. All are in whole litres, so that the sums are exact.
    """
    start = np.full(len(due), np.nan)
    taken_in = refused = 0.0
    day, waiting, coming = 0, [], 0
    while coming < len(due) or waiting:
        if coming < len(due) and due[coming] < day:
            now, waiting = due[coming], [*waiting, coming]
            coming += 1
        else:
            now = float(day)
            taken = min(delivery, capacity - stock)
            stock, taken_in, refused = stock + taken, taken_in + taken, refused + delivery - taken
            day += 1
        for patient in list(waiting):
            if litres[patient] <= stock:
                stock -= litres[patient]
                start[patient] = now
                waiting.remove(patient)
    return start, taken_in, refused, stock


def plasma(stock, capacity, delivery, sd=0.0):
    return {
        "capacity_litres": capacity,
        "initial_litres": stock,
        "delivery_days": list(DAYTIME),
        "delivery_litres_mean": delivery,
        "delivery_litres_sd": sd,
    }


@pytest.mark.parametrize(
    ("litres", "stock", "capacity", "delivery", "per_day"),
    [((2, 2), 5.0, 9.0, 3.0, 1.45), ((3, 1), 0.0, 7.0, 4.0, 1.9), ((4, 1), 6.0, 6.0, 2.0, 0.75)],
)
def test_plasma_goes_to_those_whom_a_slow_blood_bank_serves(
    litres, stock, capacity, delivery, per_day
):
    sessions = [modality("PE", 0.5, 0, litres[0]), modality("other", 0.5, 0, litres[1])]
    alss_unit = unit(machines=1000, plasma=plasma(stock, capacity, delivery))
    scenario = one_session_each(500, per_day, sessions, alss_unit)
    records = run(scenario, seed=406)
    due, start, _ = times(records)
    needs = np.array(litres)[records.patients.arm]
    expected, taken_in, refused, left = slow_blood_bank(due, needs, stock, capacity, delivery)
    np.testing.assert_array_equal(start, expected)  # starts are arrivals or midnights: exact
    assert (start > due).sum() > 20
    np.testing.assert_array_equal(records.patients.plasma_litres, needs)
    # The walk ends with the last session, the trial weeks later: deliveries go on till it is full.
    trials = records.trials
    further_taken = trials.plasma_delivered_litres[0] - taken_in
    assert 0 <= further_taken <= capacity - left
    further_days = trials.unit_days_open[0] - (taken_in + refused) / delivery
    assert further_taken + trials.plasma_refused_litres[0] - refused == further_days * delivery
    assert further_taken == min(capacity - left, further_days * delivery)
    assert stock + trials.plasma_delivered_litres[0] >= needs.sum()


@pytest.mark.parametrize("served", ["before", "after"])
def test_plasma_is_conserved_and_never_negative(served):
    """Initial + delivered = used by the trial + used by others + left, at every event."""
    background = {
        "sessions_per_day": 3.0,
        "hours_per_session": 1.0,
        "plasma_litres_per_session": 0.7,
        "served": served,
    }
    bank = plasma(4.0, 9.0, 4.0, 2.5) | {"delivery_days": ["monday", "thursday", "friday"]}
    alss_unit = unit(machines=4, plasma=bank, background=background, opening_hours=DAYTIME)
    sessions = [modality("PE", 2.0, 0.2, 2.0), modality("other", 3.0, 0.2, 1.0)]
    scenario = one_session_each(60, 0.8, sessions, alss_unit)
    stocks, events, units = [], [], []

    def watch(trial, event, patient, details):
        units.append(trial.units[0])
        stocks.append(trial.units[0].stock_litres)
        events.append(event)

    records = simulate(lower(scenario), 407, 0, 3, watch)
    assert min(stocks) >= 0
    assert max(stocks) <= 9.0
    assert {"plasma delivered", "background served", "skipped: no plasma"} <= set(events)
    trials, patients = records.trials, records.patients
    assert (trials.plasma_background_short_litres > 0).all()
    last = {id(found): found for found in units}
    for row, found in enumerate(last.values()):
        used = patients.plasma_litres[patients.trial == trials.trial[row]].sum()
        left = 4.0 + trials.plasma_delivered_litres[row] - used
        left -= trials.plasma_background_litres[row]
        moves = 2 * trials.unit_days_open[row] + 60
        # Every move rounds a stock of at most 9 L, and every sum of moves at most their total.
        total = trials.plasma_delivered_litres[row] + 9
        assert abs(left - found.stock_litres) <= moves * EPSILON * total


def test_without_limit_of_plasma_or_background_nothing_of_them_is_on_record():
    scenario = one_session_each(50, 1.0, [modality("PE", 2.0, 0, 2.0)], unit(machines=9))
    trials = run(scenario, seed=408).trials
    assert trials.plasma_delivered_litres[0] == trials.plasma_background_litres[0] == 0
    assert trials.machine_hours_background[0] == trials.unit_days_short[0] == 0


def test_background_demand_is_poisson_and_takes_its_machine_hours():
    background = {
        "sessions_per_day": 2.5,
        "hours_per_session": 1.5,
        "plasma_litres_per_session": 1.0,
        "served": "before",
    }
    alss_unit = unit(machines=6, background=background, opening_hours=DAYTIME)
    scenario = one_session_each(60, 0.5, [modality("PE", 2.0)], alss_unit)
    trials = run(scenario, seed=409, trials=20).trials
    # The hours of 6 machines (72 a day) hold what any day asks for, so all of it is done.
    assert_mean(trials.machine_hours_background / 1.5 / trials.unit_days_open, 2.5)
    assert_mean(trials.plasma_background_litres / trials.unit_days_open, 2.5)
    np.testing.assert_array_equal(trials.machine_hours_open, trials.unit_days_open * 72.0)
