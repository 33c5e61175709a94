"""The compiled engine with a conduct (model page, section 11).

A trial whose conduct changes on a day is the same up to that day, bit by bit; the day and what
follows it are held to slow and obvious versions.
"""

import numpy as np
import pytest
from differences import (
    HAZARD,
    assert_meaningful,
    assert_same,
    differences,
    joined,
    only_trial,
)
from generated_conducts import generated_conduct, same_until
from generated_scenarios import cases, quick_screening
from hypothesis import HealthCheck, given, reject, seed, settings
from known_by import EVENTS, known_by
from scenario_builder import (
    NEVER,
    arm,
    bare,
    base_case,
    changed,
    modality,
    poisson_accrual,
    shipped,
    unit,
)
from scheme_options import options_of

from simulator import draws
from simulator.allocation import SCHEMES
from simulator.conduct import as_planned
from simulator.engines import compiled
from simulator.errors import ConductError
from simulator.params.lower import lower
from simulator.records import SESSIONS_GIVEN, SessionStatus
from simulator.scenario.errors import RuleError
from simulator.scenario.shipped import shipped_names

SEED, TRIALS = 20_261_127, 5
FACTORS = [{"variable": "inr", "cut_points": [1.9, 2.2]}]
DEFERS = {
    "kind": "defer",
    "favours": "PE",
    "variable": "inr",
    "poor_above": 2.0,
    "probability": 0.9,
    "returns_after_days": 20.0,
}
COMPLETE = {"allocation.scheme": "complete", "allocation.options": {}}
DRIFT = {"kind": "logarithmic", "hazard_ratio": 3.0}
SITES = [
    {"randomised_per_month": 1.2, "unit": unit(machines=1, nurses=1)},
    {"randomised_per_month": 0.8, "opens_day": 40.0},
    {"randomised_per_month": 0.9, "unit": unit(machines=2)},
]


def target_of(params):
    return params.trial.target_randomised


def plan(params, trial):
    return as_planned(np.asarray(trial), target_of(params))


def paused(conduct, *pauses):
    """The conduct with pauses, each a pair of days for all trials or one for each."""
    pairs = [np.broadcast_arrays(*pause, conduct.recruitment_closes_day)[:2] for pause in pauses]
    return conduct._replace(
        pause_from_day=np.array([first for first, _ in pairs], np.float64).T,
        pause_until_day=np.array([until for _, until in pairs], np.float64).T,
    )


def hold_to_plan_until_it_changes(params, expect_change=True):
    """Close, cap, pause and stop trials on days within recruitment; return the five records."""
    planned = compiled.simulate(params, SEED, 0, TRIALS)
    t = planned.trials
    conduct = plan(params, t.trial)
    share = np.linspace(0.25, 0.85, TRIALS)
    day = share * t.recruitment_end_day
    cap = np.maximum((share * t.randomised).astype(np.int64), 1)
    changes = {
        "closed": (conduct._replace(recruitment_closes_day=day), day),
        "capped": (
            conduct._replace(most_randomised=cap),
            planned.patients.entry_day[t.first_row + cap - 1],
        ),
        "paused": (paused(conduct, (day, day + 45.0)), day),
        "stopped": (conduct._replace(treatment_stops_day=day), day),
        "all": (
            paused(conduct, (day + 10.0, np.inf))._replace(
                treatment_stops_day=day, recruitment_closes_day=day + 50.0
            ),
            day,
        ),
    }
    found = {}
    for name, (changed_conduct, until) in changes.items():
        seen = compiled.conducted(params, SEED, changed_conduct)
        assert_same(known_by(seen, params, until), known_by(planned, params, until))
        assert_counts(seen)
        if expect_change or name != "stopped":
            whole = np.full(TRIALS, np.inf)
            assert differences(known_by(seen, params, whole), known_by(planned, params, whole))
        found[name] = seen
    assert (known_by(planned, params, day).trials.randomised > 0).any()
    np.testing.assert_array_equal(found["closed"].trials.recruitment_end_day, day)
    np.testing.assert_array_equal(found["capped"].trials.randomised, cap)
    np.testing.assert_array_equal(found["capped"].trials.recruitment_end_day, changes["capped"][1])
    return planned, found


def assert_counts(records):
    t = records.trials
    out = t.failed_first.sum(axis=1) + t.refused_consent + t.turned_away
    np.testing.assert_array_equal(t.screened, out + t.randomised)
    np.testing.assert_array_equal(t.first_row, np.cumsum(t.randomised) - t.randomised)


# As planned


@pytest.mark.parametrize("name", ["nct05484908-scarce", "two-arm-survival"])
def test_trials_as_planned_are_those_of_simulate_in_any_order(name):
    params = lower(base_case(name) if name != "two-arm-survival" else shipped(name))
    consecutive = compiled.simulate(params, SEED, 3, 12)
    assert_same(compiled.conducted(params, SEED, plan(params, np.arange(3, 15))), consecutive)
    order = np.array([14, 3, 3, 9, 2**32 - 1, 4], np.int64)
    seen = compiled.conducted(params, SEED, plan(params, order))
    last = compiled.simulate(params, SEED, 2**32 - 1, 1)
    parts = [only_trial(consecutive, k - 3) if k < 15 else last for k in order]
    number = seen.trials.randomised
    expected = joined(parts)
    first_row = np.cumsum(number) - number
    assert_same(seen, expected._replace(trials=expected.trials._replace(first_row=first_row)))


def test_columns_of_other_kinds_and_layouts_are_taken():
    params = lower(shipped("two-arm-survival"))
    conduct = paused(plan(params, np.arange(4)), (100.0, 200.0), (300.0, 310.0))
    expected = compiled.conducted(params, SEED, conduct)
    assert conduct.pause_from_day.flags.f_contiguous
    other = conduct._replace(
        trial=np.arange(8, dtype=np.int32)[::2] // 2,
        most_randomised=np.full(4, 60, np.uint16),
        recruitment_closes_day=np.full(4, np.inf, np.float32),
    )
    other.treatment_stops_day.flags.writeable = False
    assert_same(compiled.conducted(params, SEED, other), expected)


@pytest.mark.parametrize("name", ["nct05484908", "two-arm-survival"])
def test_no_trials_are_conducted(name):
    params = lower(base_case(name) if name != "two-arm-survival" else shipped(name))
    none = compiled.conducted(params, SEED, plan(params, np.empty(0, np.int64)))
    assert none.trials.trial.size == none.patients.trial.size == len(none.sessions.status) == 0


# The same up to the day of the change


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_scenarios_are_the_same_up_to_the_day_of_the_change(name):
    own_baseline = name != "two-arm-survival"
    params = lower(base_case(name) if own_baseline else shipped(name))
    hold_to_plan_until_it_changes(params, own_baseline)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_is_the_same_up_to_the_day_of_the_change(scheme):
    taken = SCHEMES[scheme].factors.name in ("STRATA", "NEEDED", "USED")
    allocation = {
        "scheme": scheme,
        "ratio": [1, 1],
        "options": options_of(scheme, (3,)),
        "factors": FACTORS if taken else None,
    }
    params = lower(base_case("nct05484908-scarce", {"allocation": allocation}))
    planned, _ = hold_to_plan_until_it_changes(params)
    longer = plan(params, planned.trials.trial)._replace(
        most_randomised=np.full(TRIALS, target_of(params) + 15)
    )
    if SCHEMES[scheme].fixed_size:
        with pytest.raises(ConductError, match="exactly as many places"):
            compiled.conducted(params, SEED, longer)
        return
    seen = compiled.conducted(params, SEED, longer)
    full = planned.trials.randomised == target_of(params)
    until = np.where(full, planned.trials.recruitment_end_day, np.inf)
    assert full.any()
    assert_same(known_by(seen, params, until), known_by(planned, params, until))
    assert_counts(seen)
    assert (seen.trials.randomised[full] > target_of(params)).any()
    chance = seen.patients.allocation_probability
    np.testing.assert_allclose(chance.sum(axis=1), 1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        {"selection_bias": DEFERS, "hazard.drift": DRIFT},
        {"accrual": poisson_accrual(*SITES), "hazard.drift": DRIFT},
        {"hazard.effect": {"kind": "by_labs"}, "arms.0.plan.rescue": None},
    ],
    ids=["deferred", "three sites", "by labs"],
)
def test_other_trials_are_the_same_up_to_the_day_of_the_change(changes):
    hold_to_plan_until_it_changes(lower(base_case("nct05484908-scarce", changes)))


@pytest.mark.parametrize(
    "batch", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in range(1, 9))]
)
def test_generated_trials_are_the_same_up_to_the_instant_of_the_change(batch):
    """Days coincide with entries, sessions, exits and openings."""

    @seed(batch)
    @settings(
        derandomize=True,
        max_examples=60,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases())
    def hold(case):
        try:
            params = lower(case.scenario)
        except RuleError:  # the criteria admit next to nobody
            reject()
        planned = compiled.simulate(params, case.seed, case.first_trial, TRIALS)
        conduct = generated_conduct(planned, params, case.seed % 2**32 + batch)
        seen = compiled.conducted(params, case.seed, conduct)
        until = same_until(planned, params, conduct)
        assert_same(known_by(seen, params, until), known_by(planned, params, until))
        assert_meaningful(seen, with_target(params, conduct.most_randomised.max()))
        assert_counts(seen)
        assert_conducted(seen, conduct)
        some = compiled.conducted(params, case.seed, conduct, with_hazard=False)
        assert_same(some, seen, HAZARD)
        for row in range(TRIALS):
            alone = compiled.conducted(params, case.seed, conduct.of(np.array([row])))
            assert_same(without_place(only_trial(seen, row)), alone)

    with quick_screening():
        hold()


def with_target(params, patients):
    return params._replace(trial=params.trial._replace(target_randomised=int(patients)))


def without_place(records):
    return records._replace(trials=records.trials._replace(first_row=np.zeros(1, np.int64)))


def assert_conducted(records, conduct):
    """Hold what happened to what was to be."""
    t, p, s = records
    row = np.repeat(np.arange(t.trial.size), t.randomised)
    assert (p.entry_day <= conduct.recruitment_closes_day[row]).all()
    assert (t.randomised <= conduct.most_randomised).all()
    entry = p.entry_day[:, None]
    assert not (
        (conduct.pause_from_day[row] < entry) & (entry < conduct.pause_until_day[row])
    ).any()
    stops = conduct.treatment_stops_day[row]
    assert not (s.due_day >= stops[:, None]).any()
    assert not (s.start_day >= stops[:, None]).any()
    assert (s.status[p.entry_day >= stops] == SessionStatus.NOT_DUE).all()
    given = np.isin(s.status, SESSIONS_GIVEN)
    assert not (given & (s.end_day >= stops[:, None])).any()


@pytest.mark.parametrize("name", ["nct05484908-scarce", "nct05484908", "two-arm-survival"])
def test_changes_that_come_when_all_is_over_change_nothing(name):
    params = lower(base_case(name) if name != "two-arm-survival" else shipped(name))
    planned = compiled.simulate(params, SEED, 0, TRIALS)
    t = planned.trials
    late = paused(plan(params, t.trial), (t.recruitment_end_day, np.inf), (5.0, 5.0))._replace(
        recruitment_closes_day=t.recruitment_end_day, treatment_stops_day=t.trial_end_day
    )
    assert_same(compiled.conducted(params, SEED, late), planned)


def test_closing_changes_those_treated_already_where_plasma_is_scarce():
    """A finished trial that is cut would miss it: those left have the plasma of those not come."""
    params = lower(base_case("nct05484908-scarce"))
    planned = compiled.simulate(params, SEED, 0, 400)
    day = np.full(400, 400.0)
    closed = plan(params, np.arange(400))._replace(recruitment_closes_day=day)
    seen = compiled.conducted(params, SEED, closed)
    assert_same(known_by(seen, params, day), known_by(planned, params, day))
    entered = planned.patients.entry_day <= 400.0
    before = planned.sessions.start_day[entered]
    assert ((before != seen.sessions.start_day) & (before > 400.0)).any()


def test_a_trial_does_not_depend_on_those_beside_it():
    """Nor on the room that a larger one needs."""
    params = lower(base_case("nct05484908-scarce", {"selection_bias": DEFERS}))
    conduct = paused(
        plan(params, [5, 1, 5, 8]), ([np.inf, 90.0, 80.0, np.inf], [np.inf, 300.0, 300.0, np.inf])
    )._replace(
        most_randomised=np.array([60, 25, 110, 75]),
        treatment_stops_day=np.array([np.inf, 200.0, 350.0, 0.0]),
        recruitment_closes_day=np.array([400.0, np.inf, 700.0, 600.0]),
    )
    together = compiled.conducted(params, SEED, conduct)
    for row in range(4):
        alone = compiled.conducted(params, SEED, conduct.of(np.array([row])))
        assert_same(without_place(only_trial(together, row)), alone)


# Closing, caps and pauses, against slow and obvious versions


def entries_by_hand(trial, patients, over_days):
    """Entries under uniform accrual, worked out one by one."""
    purpose = int(draws.code_of(draws.Purpose.UNIFORM_ENTRY))
    u = [draws.uniform(SEED, trial, purpose, 0, which) for which in range(patients)]
    return sorted(over_days * x for x in u)


@pytest.mark.parametrize("in_table", [True, False])
def test_independent_trials_have_those_whom_the_conduct_lets_in(monkeypatch, in_table):
    if not in_table:
        monkeypatch.setattr(compiled, "are_independent", lambda params: False)
    scenario = bare(8, {"accrual.candidates": 11, "exits.withdrawal": NEVER})
    params = lower(scenario)
    trial = np.array([6, 2, 6, 40, 41, 6])
    closes = np.array([300.0, np.inf, 500.0, 0.0, np.inf, 730.0])
    cap = np.array([8, 3, 7, 8, 1, 8])
    pauses = [(np.array([np.inf, 100.0, 150.0, np.inf, 0.0, 0.0]), 350.0 + np.zeros(6))]
    pauses[0][1][0] = pauses[0][1][3] = np.inf
    conduct = paused(plan(params, trial), *pauses, (600.0, 650.0))._replace(
        recruitment_closes_day=closes, most_randomised=cap
    )
    seen = compiled.conducted(params, SEED, conduct)
    t, p = seen.trials, seen.patients
    for row in range(trial.size):
        expected = [
            (number, day)
            for number, day in enumerate(entries_by_hand(trial[row], 11, 730.0))
            if day <= closes[row]
            and not pauses[0][0][row] < day < pauses[0][1][row]
            and not 600.0 < day < 650.0
        ][: cap[row]]
        mine = slice(t.first_row[row], t.first_row[row] + t.randomised[row])
        assert list(zip(p.candidate[mine], p.entry_day[mine], strict=True)) == expected
        assert p.patient[mine].tolist() == list(range(len(expected)))
        ended = expected[-1][1] if len(expected) == cap[row] else min(730.0, closes[row])
        assert t.recruitment_end_day[row] == ended
        assert t.screened[row] == t.randomised[row] == len(expected)
        assert t.trial_end_day[row] == max([ended, *(day + 84.0 for _, day in expected[-1:])])
    assert (p.trial == np.repeat(trial, t.randomised)).all()
    assert set(t.randomised.tolist()) > {0, 1, 3}


def test_both_ways_of_independent_trials_agree_on_conducts(monkeypatch):
    exits = {
        "exits.transplant": {"net_probability": 0.2, "by_day": 84.0},
        "exits.tumour_death": {"net_probability": 0.2, "by_day": 50.0},
        "exits.loss": {"net_probability": 0.2, "by_day": 84.0},
        "accrual.candidates": 50,
        "allocation.scheme": "random_blocks",
        "allocation.options": {"block_sizes": [2, 4]},
    }
    params, trial = lower(bare(40, exits)), np.arange(30) * 3
    conduct = paused(plan(params, trial), (10.0 * trial, 10.0 * trial + 60.0))._replace(
        recruitment_closes_day=np.where(trial % 2, 400.0 + trial, np.inf),
        most_randomised=np.where(trial % 5, 40, 11),
    )
    as_table = compiled.conducted(params, SEED, conduct)
    monkeypatch.setattr(compiled, "are_independent", lambda params: False)
    assert_same(as_table, compiled.conducted(params, SEED, conduct))


def test_who_is_referred_in_a_pause_is_missing_and_those_later_are_who_they_were():
    """The oracle is a trial without a pause and with room for all who come."""
    params = lower(base_case("nct05484908-scarce", COMPLETE))
    target, trials = target_of(params), np.arange(8)
    conduct = plan(params, trials)
    longer = compiled.conducted(
        params, SEED, conduct._replace(most_randomised=np.full(8, 2 * target))
    )
    limit, pauses = params.trial.max_recruitment_days, ((100.0, 200.0), (250.0, 350.0))
    seen = compiled.conducted(params, SEED, paused(conduct, *pauses))
    for row in trials:
        everybody, mine = only_trial(longer, row).patients, only_trial(seen, row).patients
        entry = everybody.entry_day
        missing = np.zeros(entry.size, bool)
        for first, until in pauses:
            missing |= (entry > first) & (entry < until)
        assert missing.any()
        stay = np.flatnonzero(~missing)[:target]
        for name in ("candidate", "entry_day", "site", "baseline_lab", "lab_slope_per_day"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(everybody, name)[stay])
        draw = everybody.allocation_draw[: stay.size]
        np.testing.assert_array_equal(mine.allocation_draw, draw)
        ended = entry[stay[-1]] if stay.size == target else limit
        assert seen.trials.recruitment_end_day[row] == ended
    assert (seen.trials.screened < longer.trials.screened).all()
    assert_counts(seen)


def test_who_comes_back_in_a_pause_is_not_randomised_but_on_its_first_and_last_day():
    bias = {"selection_bias": DEFERS, "allocation.scheme": "big_stick"}
    params = lower(base_case("nct05484908", bias | {"allocation.options": {"bound": 2}}))
    planned = compiled.simulate(params, SEED, 0, 8)
    p, back = planned.patients, []
    for row in range(8):
        mine = only_trial(planned, row).patients
        # Candidates come back out of the order of referral.
        late = np.flatnonzero(mine.candidate < np.maximum.accumulate(mine.candidate))
        back.append(mine.entry_day[late[0]])
    back = np.array(back)
    conduct = plan(params, np.arange(8))
    for pause in ((back, back + 30.0), (back - 10.0, back)):
        seen = compiled.conducted(params, SEED, paused(conduct, pause))
        stays = known_by(seen, params, pause[0])
        assert_same(stays, known_by(planned, params, pause[0]))
        assert all(day in only_trial(seen, k).patients.entry_day for k, day in enumerate(back))
    within = (np.nextafter(back, 0.0), np.nextafter(back, np.inf))
    seen = compiled.conducted(params, SEED, paused(conduct, within))
    for k, day in enumerate(back):
        assert day in only_trial(planned, k).patients.entry_day
        assert day not in only_trial(seen, k).patients.entry_day
        mine = only_trial(seen, k).patients.candidate
        assert p.candidate[(p.trial == k) & (p.entry_day == day)][0] not in mine
    assert_counts(seen)
    assert (seen.trials.deferred > 0).all()


def test_recruitment_closes_after_those_of_that_very_instant():
    params = lower(base_case("nct05484908-scarce"))
    planned = compiled.simulate(params, SEED, 0, 4)
    tenth = planned.patients.entry_day[planned.trials.first_row + 9]
    for day, number in ((tenth, 10), (np.nextafter(tenth, 0.0), 9)):
        closed = plan(params, np.arange(4))._replace(recruitment_closes_day=day)
        t = compiled.conducted(params, SEED, closed).trials
        assert t.randomised.tolist() == [number] * 4
        np.testing.assert_array_equal(t.recruitment_end_day, day)


@pytest.mark.parametrize("drift", ["linear", "logarithmic", "step"])
def test_patients_beyond_the_target_have_the_drift_of_the_last_one_planned(drift):
    """Survivors of the whole follow-up have its cumulative hazard, the same for all but drift."""
    given = {"kind": drift, "hazard_ratio": 2.0}
    given |= {"after_share": 0.5} if drift == "step" else {}
    scenario = changed(
        bare(20, {"hazard.effect.hazard_ratio": 1.0, "hazard.drift": given}),
        {"accrual": poisson_accrual({}), "trial.max_recruitment_days": 9000.0},
    )
    params = lower(scenario)
    conduct = plan(params, np.arange(40))._replace(most_randomised=np.full(40, 35))
    p = compiled.conducted(params, SEED, conduct).patients
    lives = np.isinf(p.death_after_days)
    hazard = np.array([p.liver_cumulative_hazard[lives & (p.patient == k)][0] for k in range(35)])
    np.testing.assert_array_equal(hazard[19:], hazard[19])
    np.testing.assert_allclose(hazard[19] / hazard[0], 2.0, rtol=1e-12)


# Treatment stops


STOPPED = np.array([90.0, 200.5, 0.0, 333.25])


def test_when_treatment_stops_nobody_begins_and_all_else_goes_on():
    params = lower(base_case("nct05484908-scarce"))
    planned = compiled.simulate(params, SEED, 0, 4)
    conduct = plan(params, np.arange(4))._replace(treatment_stops_day=STOPPED)
    seen = compiled.conducted(params, SEED, conduct)
    s, p = seen.sessions, seen.patients
    stops = STOPPED[p.trial]
    assert not (s.start_day >= stops[:, None]).any()
    assert not (s.due_day >= stops[:, None]).any()
    after = p.entry_day >= stops
    assert (s.status[after] == SessionStatus.NOT_DUE).all()
    assert (p.sessions_planned[after] == 3).all()
    given = np.isin(s.status, (SessionStatus.DELIVERED, SessionStatus.CUT_SHORT))
    assert (s.end_day[given] < np.repeat(stops[:, None], 3, axis=1)[given]).all()
    assert not np.isin(s.status, (SessionStatus.WAITING, SessionStatus.RUNNING)).any()
    # Recruitment, screening, allocation and the exits as drawn are those of the plan.
    for name in ("candidate", "entry_day", "arm", "baseline_lab", "frailty"):
        np.testing.assert_array_equal(getattr(p, name), getattr(planned.patients, name))
    same = np.isinf(p.death_after_days) & np.isinf(planned.patients.death_after_days)
    for name in EVENTS:
        column = f"{name}_after_days"
        np.testing.assert_array_equal(
            getattr(p, column)[same], getattr(planned.patients, column)[same]
        )
    np.testing.assert_array_equal(p.visit_after_days[same], planned.patients.visit_after_days[same])
    assert (p.entry_day[:, None] + p.visit_after_days > stops[:, None]).any()
    np.testing.assert_array_equal(
        seen.trials.recruitment_end_day, planned.trials.recruitment_end_day
    )


def test_sessions_and_hazard_up_to_the_stop_by_hand():
    """Sessions of 18 h, a day apart from 1 day on, where nothing is scarce."""
    scenario = changed(
        bare(40, {"exits.loss": {"net_probability": 0.2, "by_day": 84.0}}),
        {
            "modalities": [modality("PE", hours=18.0, hazard_ratio=0.4)],
            "arms": [
                arm("a", "PE", sessions=4, first_after_days=1.0, least_interval_days=1.0),
                arm("b", "PE", sessions=4, first_after_days=1.0, least_interval_days=1.0),
            ],
            "hazard.effect": {"kind": "by_session", "combined_with_labs": False},
            "hazard.baseline": {
                "kind": "exponential",
                "horizon_days": 84.0,
                "mortality_at_horizon": 0.5,
            },
        },
    )
    params = lower(scenario)
    stops = np.arange(20) * 40.0
    conduct = plan(params, np.arange(20))._replace(treatment_stops_day=stops)
    seen = compiled.conducted(params, SEED, conduct)
    p, s = seen.patients, seen.sessions
    found = dict.fromkeys(SessionStatus, 0)
    for row in range(p.trial.size):
        entry, stop = p.entry_day[row], stops[p.trial[row]]
        leaves = min(stop, entry + min(p.death_after_days[row], p.loss_after_days[row], 84.0))
        due, ends = entry + 1.0, []
        for k in range(4):
            end = due + 18.0 / 24.0
            if due >= leaves:
                expected = SessionStatus.NOT_DUE
            elif end < leaves:
                expected = SessionStatus.DELIVERED
                ends.append(end)
            else:
                expected = SessionStatus.ENDED_BY_EXIT
            assert s.status[row, k] == expected
            found[expected] += 1
            due = end + 1.0
        horizon = min(p.death_after_days[row], 84.0)
        hazard = sum(
            (min(day + 1.0, horizon) - day)
            * (np.log(2.0) / 84.0)
            * 0.4 ** (sum(end < entry + day for end in ends) / 4.0)
            for day in range(int(np.ceil(horizon)))
        )
        np.testing.assert_allclose(p.liver_cumulative_hazard[row], hazard, rtol=1e-12)
    assert found[SessionStatus.ENDED_BY_EXIT] > 2
    assert min(found[SessionStatus.NOT_DUE], found[SessionStatus.DELIVERED]) > 100


@pytest.mark.parametrize("changes", [{}, {"modalities.0.full_course_hazard_ratio": 2.5}])
def test_days_that_are_skipped_change_nothing_where_treatment_stops(changes):
    params = lower(base_case("nct05484908", changes))
    trial = np.arange(40)
    conduct = plan(params, trial)._replace(treatment_stops_day=20.0 * trial)
    asked = params, SEED, conduct
    assert_same(compiled.conducted(*asked, with_hazard=False), compiled.conducted(*asked), HAZARD)


# What is refused


def test_what_cannot_be_is_refused():
    params = lower(shipped("two-arm-survival"))
    conduct = plan(params, np.arange(3))
    with pytest.raises(ConductError, match="uniform accrual"):
        compiled.conducted(params, SEED, conduct._replace(most_randomised=np.full(3, 61)))
    with pytest.raises(ConductError, match="0 or later"):
        compiled.conducted(params, SEED, conduct._replace(treatment_stops_day=np.full(3, np.nan)))
