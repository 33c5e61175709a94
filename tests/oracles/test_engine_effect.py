"""Sessions earn their effect: scarcity, no session, every session (sections 5 to 7)."""

import math

import numpy as np
import pytest
from scenario_builder import (
    ALWAYS_OPEN,
    EPSILON,
    arm,
    assert_mean,
    assert_share,
    bare,
    base_case,
    changed,
    modality,
    run,
    unit,
)

from simulator.records import SessionStatus

MORTALITY = 0.5
RATIOS = 0.55, 0.3  # of a full course against medical treatment
DAYS = (3.25, 7.0, 12.5, 28.0, 84.0)
HOURS = 6.0
PLAN = {"sessions": 3, "first_after_days": 1.0, "least_interval_days": 3.0, "window_days": 5.0}


def treated(patients, changes=None):
    """Return a trial of two modalities under the effect by_session, nothing being scarce."""
    sessions = [
        modality("PE", HOURS, 0.0, 2.0, RATIOS[0]),
        modality("other", HOURS, 0.0, 1.0, RATIOS[1]),
    ]
    return bare(
        patients,
        {
            "modalities": sessions,
            "arms": [arm("PE", "PE", **PLAN), arm("other", "other", **PLAN)],
            "hazard.baseline.mortality_at_horizon": MORTALITY,
            "hazard.effect": {"kind": "by_session", "combined_with_labs": False},
        }
        | (changes or {}),
    )


def medical(day):
    """Mortality of medical treatment alone, from its exponential hazard."""
    return 1 - (1 - MORTALITY) ** (day / 84)


def assert_mortality(records, arm_index, deaths_by):
    times = records.patients.death_after_days[records.patients.arm == arm_index]
    for day in DAYS:
        assert_share(int((times <= day).sum()), times.size, deaths_by(day))


def test_every_session_on_time_earns_the_course_in_thirds_at_the_next_openings():
    """Sessions of 6 h due on days 1, 4.25 and 7.5 act from the openings of days 2, 5 and 8."""
    records = run(treated(3_000), seed=501)
    ends = records.sessions.end_day - records.patients.entry_day[:, np.newaxis]
    given = records.sessions.status == SessionStatus.DELIVERED
    planned = np.broadcast_to([1.25, 4.5, 7.75], ends.shape)
    # Differences of trial times of at most 1,000 days.
    np.testing.assert_allclose(ends[given], planned[given], rtol=0, atol=8 * 1_000 * EPSILON)
    day = np.arange(84)
    earned = ((day >= 2).astype(int) + (day >= 5) + (day >= 8)) / 3
    daily = -math.log(1 - MORTALITY) / 84
    for arm_index, ratio in enumerate(RATIOS):

        def deaths_by(time, ratio=ratio):
            spent = np.clip(time - day, 0, 1)
            return -math.expm1(-daily * float(np.sum(ratio**earned * spent)))

        assert_mortality(records, arm_index, deaths_by)


def test_a_session_that_ends_at_an_opening_acts_from_the_next_one():
    """Sessions of a day from day 1 on end at openings, as nearly as trial times allow."""
    plan = PLAN | {"least_interval_days": 0.0}
    changes = {
        "arms": [arm("PE", "PE", **plan), arm("other", "other", **plan)],
        "modalities.0.machine_hours": 24.0,
        "modalities.1.machine_hours": 24.0,
    }
    records = run(treated(400, changes), seed=507)
    patients, ends = records.patients, records.sessions.end_day
    daily = -math.log(1 - MORTALITY) / 84
    day = np.arange(84.0)
    ties = 0
    for row in range(patients.arm.size):
        openings = patients.entry_day[row] + day
        given = records.sessions.status[row] == SessionStatus.DELIVERED
        ended = given[:, np.newaxis] & (ends[row][:, np.newaxis] < openings)
        ties += int((ends[row][given][:, np.newaxis] == openings).sum())
        until = min(patients.death_after_days[row], 84.0)
        factors = RATIOS[patients.arm[row]] ** (ended.sum(axis=0) / 3)
        expected = daily * float(np.sum(factors * np.clip(until - day, 0, 1)))
        seen = patients.liver_cumulative_hazard[row]
        assert seen == pytest.approx(expected, rel=4 * 84 * EPSILON)
    assert ties > 300


WITHOUT_SESSION = {
    "withdrawal": {"exits.withdrawal": {"net_probability": 1 - 1e-9, "by_day": 1e-3}},
    "no plasma": {
        "unit": unit(
            machines=1000,
            plasma={
                "capacity_litres": 10.0,
                "initial_litres": 0.0,
                "delivery_days": list(ALWAYS_OPEN),
                "delivery_litres_mean": 0.0,
                "delivery_litres_sd": 0.0,
            },
        )
    },
    "too little plasma": {
        "unit": unit(
            machines=1000,
            plasma={
                "capacity_litres": 0.9,
                "initial_litres": 0.9,
                "delivery_days": list(ALWAYS_OPEN),
                "delivery_litres_mean": 5.0,
                "delivery_litres_sd": 1.0,
            },
        )
    },
}


@pytest.mark.parametrize("changes", WITHOUT_SESSION.values(), ids=WITHOUT_SESSION)
def test_who_has_no_session_is_treated_medically_in_either_arm(changes):
    scenario = treated(1_000, changes)
    records = run(scenario, seed=502)
    assert (records.patients.sessions_delivered == 0).all()
    assert (records.patients.plasma_litres == 0).all()
    for arm_index in (0, 1):
        assert_mortality(records, arm_index, medical)
    # And each dies when they would have died where no effect exists (addressed random numbers).
    without = changed(
        scenario,
        {f"modalities.{i}.full_course_hazard_ratio": 1.0 for i in (0, 1)},
    )
    expected = run(without, seed=502).patients.death_after_days
    seen = records.patients.death_after_days
    died = np.isfinite(expected)
    np.testing.assert_array_equal(died, np.isfinite(seen))
    # Sums of 84 daily hazards below 1, each uncertain by a rounding, over the daily hazard.
    allowed = 4 * 84 * EPSILON / (-math.log(1 - MORTALITY) / 84)
    np.testing.assert_allclose(seen[died], expected[died], rtol=0, atol=allowed)


def test_missed_sessions_are_missed_and_not_left():
    """Without plasma the windows of days 1, 6 and 11 end one after another."""
    records = run(treated(300, WITHOUT_SESSION["no plasma"]), seed=503)
    after = records.patients.entry_day[:, np.newaxis]
    # A missed session's window end is when the next one falls due.
    due = records.sessions.due_day - after
    fell_due = records.sessions.status != SessionStatus.NOT_DUE
    planned = np.broadcast_to([1.0, 6.0, 11.0], due.shape)
    np.testing.assert_allclose(due[fell_due], planned[fell_due], rtol=0, atol=8 * 1_000 * EPSILON)
    long_alive = records.patients.death_after_days > 16
    assert (records.sessions.status[long_alive] == SessionStatus.MISSED).all()
    early = records.patients.death_after_days < 1
    assert (records.sessions.status[early] == SessionStatus.NOT_DUE).all()
    dies_waiting = (due < records.patients.death_after_days[:, np.newaxis]) & (
        records.patients.death_after_days[:, np.newaxis] < due + 5
    )
    assert (records.sessions.status[dies_waiting] == SessionStatus.LEFT).all()
    assert dies_waiting.any()


def test_a_session_that_is_cut_short_earns_its_fraction():
    """Clotting in every session: the fractions on record are uniform, and so is what they earn."""
    never = {"probability": 0.0, "consequence": "none", "serious": False}
    events = dict.fromkeys(("allergy", "hypotension", "bleeding"), never) | {
        "clotting": {"probability": 1.0, "consequence": "cut_short", "serious": False}
    }
    asked = treated(1_000, {"modalities.0.adverse_events": events})
    records = run(asked, seed=504)
    patients, sessions = records.patients, records.sessions
    first = (patients.arm == 0) & (sessions.status[:, 0] == SessionStatus.CUT_SHORT)
    fractions = sessions.fraction[first, 0]
    assert_mean(fractions, 0.5)
    lasted = (sessions.end_day - sessions.start_day)[first, 0]
    np.testing.assert_allclose(lasted, fractions * HOURS / 24, rtol=0, atol=8 * 1_000 * EPSILON)
    assert (sessions.plasma_litres[first, 0] == 2.0).all()  # all of its plasma is used
    # The cumulative hazard, by daily products over the fractions earned.
    daily = -math.log(1 - MORTALITY) / 84
    day = np.arange(84.0)
    for row in np.flatnonzero(patients.arm == 0)[:400]:
        openings = patients.entry_day[row] + day
        ended = sessions.end_day[row][:, np.newaxis] < openings
        earned = (sessions.fraction[row][:, np.newaxis] * ended).sum(axis=0) / 3
        until = min(patients.death_after_days[row], 84.0)
        expected = daily * float(np.sum(RATIOS[0] ** earned * np.clip(until - day, 0, 1)))
        seen = patients.liver_cumulative_hazard[row]
        assert seen == pytest.approx(expected, rel=4 * 84 * EPSILON)


def test_an_adverse_event_that_stops_treatment_makes_its_session_the_last():
    never = {"probability": 0.0, "consequence": "none", "serious": False}
    events = dict.fromkeys(("allergy", "hypotension", "clotting"), never) | {
        "bleeding": {"probability": 0.4, "consequence": "stop_treatment", "serious": True}
    }
    changes = {"modalities.0.adverse_events": events, "hazard.baseline.mortality_at_horizon": 1e-9}
    records = run(treated(800, changes), seed=508)
    bled = records.sessions.adverse_events == 1 << 2  # third of the four kinds
    status = records.sessions.status
    assert (status[bled] == SessionStatus.CUT_SHORT).all()
    after = np.cumsum(bled, axis=1) - bled > 0
    assert (status[after] == SessionStatus.NOT_DUE).all()
    assert (status[~after & ~bled] == SessionStatus.DELIVERED).all()
    given = (records.patients.arm == 0)[:, np.newaxis] & ~after
    assert_share(int((bled & given).sum()), int(given.sum()), 0.4)
    assert not bled[records.patients.arm == 1].any()


def test_the_arm_that_needs_more_plasma_loses_more_sessions_when_plasma_is_short():
    records = run(base_case("nct05484908-scarce"), seed=505, trials=40)
    patients = records.patients
    reached = ~np.isin(
        records.sessions.status, (SessionStatus.NOT_DUE, SessionStatus.LEFT, SessionStatus.WAITING)
    )
    missed = patients.sessions_missed
    for column in (missed, patients.sessions_short_of_plasma):
        by_arm = [column[patients.arm == a] for a in (0, 1)]
        error = math.sqrt(sum(np.var(part) / part.size for part in by_arm))
        assert by_arm[0].mean() - by_arm[1].mean() > 4 * error
    share = [missed[patients.arm == a].sum() / reached[patients.arm == a].sum() for a in (0, 1)]
    assert share[0] > share[1]


def test_plenty_of_everything_is_the_same_as_no_unit():
    plenty = unit(
        machines=1000,
        plasma={
            "capacity_litres": 1e6,
            "initial_litres": 1e6,
            "delivery_days": [],
            "delivery_litres_mean": 0.0,
            "delivery_litres_sd": 0.0,
        },
    )
    asked = treated(300)
    free, limited = run(asked, seed=506), run(changed(asked, {"unit": plenty}), seed=506)
    for table in ("patients", "sessions"):
        for name, column in getattr(free, table)._asdict().items():
            np.testing.assert_array_equal(getattr(getattr(limited, table), name), column, name)
