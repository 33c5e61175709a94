"""The cut and what follows from it, against a patient-by-patient version and counting by hand."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from analysis_records import Result, design, outcome_at, plan_of, records_of_columns, time_test
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from reference_log_rank_power import LOG_RANK_POWER
from scipy import stats

from simulator.analysis import END, Cut, Reason, analyse, cut
from simulator.analysis.outcomes import COMPLETE, EVENT, LOST, NOT_ENTERED, PENDING
from simulator.records import TrialRecords

NEVER = math.inf
F = 84
PROPORTION_TESTS = ("chi_square", "fisher", "boschloo", "boschloo_minlike")
TESTS = (*PROPORTION_TESTS, "log_rank", "km_difference", "meld_ancova", "meld_worst_rank")


class Patient(NamedTuple):
    entry: float
    arm: int = 0
    death: float = NEVER
    loss: float = NEVER
    transplant: float = NEVER
    first_meld: float = 25.0
    last_meld: float = math.nan
    last_visit: float = 84.0


def records_of(*trials: list[Patient]) -> TrialRecords:
    rows = [patient for trial in trials for patient in trial]
    table = np.array(rows, dtype=float).reshape(len(rows), len(Patient._fields))
    visits = np.column_stack([np.zeros(len(rows)), table[:, 7]])
    return records_of_columns(
        np.array([len(trial) for trial in trials]),
        {
            "entry_day": table[:, 0],
            "arm": table[:, 1].astype(np.int64),
            "death_after_days": table[:, 2],
            "loss_after_days": table[:, 3],
            "transplant_after_days": table[:, 4],
            "visit_after_days": visits,
            "visit_meld": table[:, 5:7],
        },
    )


def plan(test="log_rank", lost="excluded", transplant="event"):
    return plan_of(test, lost, transplant)


def assert_same(ours, expected):
    for column, other in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(column, other)


days = st.one_of(st.integers(0, 100).map(float), st.just(NEVER))
patients = st.builds(
    Patient,
    entry=st.integers(0, 60).map(float),
    arm=st.integers(0, 1),
    death=days,
    loss=days,
    transplant=days,
    first_meld=st.integers(10, 40).map(float),
    last_meld=st.one_of(st.integers(6, 40).map(float), st.just(math.nan)),
)
trials = st.lists(st.lists(patients, min_size=1, max_size=12), min_size=1, max_size=3)
cuts = st.one_of(
    st.just(END),
    st.integers(0, 160).map(lambda day: Cut("day", float(day))),
    st.integers(1, 12).map(lambda number: Cut("deaths", number)),
    st.integers(1, 12).map(lambda number: Cut("completed", number)),
)


def known_history(patient: Patient) -> list[tuple[float, str]]:
    """What can ever be known of a patient, each on its trial day; whole days make it exact."""
    history, day = [], 0.0
    while day <= F:
        if patient.transplant == day:
            history.append((patient.entry + day, "transplant"))
        if patient.death == day:
            return [*history, (patient.entry + day, "death")]
        if patient.loss == day and day < F:
            return [*history, (patient.entry + day, "loss")]
        day += 1.0
    return [*history, (patient.entry + F, "end")]


def slow_cut_day(trial: list[Patient], at: Cut) -> float:
    if at.kind == "end":
        return NEVER
    if at.kind == "day":
        return at.value
    wanted = ("death",) if at.kind == "deaths" else ("death", "loss", "end")
    found = sorted(day for p in trial for day, what in known_history(p) if what in wanted)
    return found[int(at.value) - 1] if len(found) >= at.value else NEVER


@settings(max_examples=200)
@given(trials, cuts)
def test_a_cut_knows_what_a_patients_history_holds_by_then(trial_list, at):
    data = cut(records_of(*trial_list), F, at)
    row = 0
    for k, trial in enumerate(trial_list):
        cut_day = slow_cut_day(trial, at)
        assert data.cut_day[k] == cut_day
        assert data.reached[k] == (at.kind in ("end", "day") or cut_day < NEVER)
        for patient in trial:
            known = {what: day for day, what in known_history(patient) if day <= cut_day}
            assert data.entered[row] == (patient.entry <= cut_day)
            assert data.died[row] == ("death" in known)
            assert data.lost[row] == ("loss" in known)
            assert data.due[row] == (patient.entry + F <= cut_day)
            transplant = known["transplant"] - patient.entry if "transplant" in known else NEVER
            assert data.transplant_after_days[row] == transplant
            if data.entered[row]:
                last = min(known.get(w, NEVER) for w in ("death", "loss", "end"))
                assert data.followed_days[row] == min(last, cut_day) - patient.entry
            row += 1


@settings(max_examples=300)
@given(st.floats(0, 800), st.floats(0.01, F))
@example(0.1, 0.7)
def test_the_death_that_makes_a_cut_is_in_it(entry, death):
    trial = [Patient(entry, death=death), Patient(entry, arm=1)]
    data = cut(records_of(trial), F, Cut("deaths", 1))
    assert data.died.tolist() == [True, False]


def test_judging_by_a_difference_would_lose_a_death_that_the_cut_keeps():
    entry, death = next(
        (e / 10, d / 10)
        for e in range(1, 100)
        for d in range(1, 100)
        if (e / 10 + d / 10) - e / 10 < d / 10
    )
    assert cut(records_of([Patient(entry, death=death)]), F, Cut("deaths", 1)).died.all()


@pytest.mark.parametrize(("death", "died"), [(84.0, True), (np.nextafter(84.0, 85.0), False)])
def test_a_death_counts_up_to_the_last_day(death, died):
    assert cut(records_of([Patient(0.0, death=death)]), F, END).died[0] == died


def test_meld_measured_after_the_cut_is_not_known():
    records = records_of([Patient(0.0, last_meld=20.0), Patient(10.0, last_meld=20.0)])
    last = cut(records, F, Cut("day", 84.0)).last_meld
    assert last[0] == 20.0
    assert math.isnan(last[1])


TRANSPLANTED_THEN_LOST = Patient(0.0, transplant=30.0, loss=50.0)
LOST_FIRST = Patient(0.0, transplant=50.0, loss=30.0)


@pytest.mark.parametrize(
    ("patient", "transplant", "lost", "status", "time"),
    [
        (TRANSPLANTED_THEN_LOST, "event", "censored", EVENT, 30.0),
        (TRANSPLANTED_THEN_LOST, "censored", "censored", LOST, 30.0),
        (TRANSPLANTED_THEN_LOST, "censored", "worst_case", EVENT, 30.0),
        (TRANSPLANTED_THEN_LOST, "censored", "best_case", COMPLETE, 84.0),
        (TRANSPLANTED_THEN_LOST, "competing", "censored", COMPLETE, 84.0),
        (LOST_FIRST, "event", "censored", LOST, 30.0),
        (LOST_FIRST, "competing", "excluded", LOST, 30.0),
        (LOST_FIRST, "event", "worst_case", EVENT, 30.0),
        (LOST_FIRST, "event", "best_case", COMPLETE, 84.0),
        (Patient(0.0, transplant=30.0, death=40.0), "competing", "excluded", COMPLETE, 84.0),
        (Patient(0.0, transplant=30.0, death=30.0), "competing", "excluded", EVENT, 30.0),
        (Patient(0.0, transplant=84.0), "censored", "excluded", COMPLETE, 84.0),
        (Patient(0.0, transplant=84.0), "event", "excluded", EVENT, 84.0),
        (Patient(0.0, loss=84.0), "event", "worst_case", COMPLETE, 84.0),
    ],
)
def test_transplant_and_loss_count_as_declared(patient, transplant, lost, status, time):
    result = outcome_at(records_of([patient]), F, END, plan("log_rank", lost, transplant))
    assert (result.status[0], result.time_days[0]) == (status, time)


@pytest.mark.parametrize(
    ("patient", "status", "time"),
    [
        (Patient(50.0), NOT_ENTERED, None),
        (Patient(10.0), PENDING, 30.0),
        (Patient(10.0, transplant=20.0), PENDING, 30.0),
        (Patient(10.0, loss=20.0), PENDING, 30.0),
        (Patient(10.0, loss=35.0), PENDING, 30.0),
    ],
)
def test_whoever_counts_as_alive_is_followed_to_an_early_cut(patient, status, time):
    how = plan("log_rank", "best_case", "competing")
    result = outcome_at(records_of([patient]), F, Cut("day", 40.0), how)
    assert result.status[0] == status
    assert time is None or result.time_days[0] == time


# 10 v 10; by arm: dead, lost and then dead unknown to the trial, alive.
COUNTED = [
    *[Patient(0.0, 0, death=20.0)] * 6,
    Patient(0.0, 0, death=60.0, loss=30.0),
    *[Patient(0.0, 0)] * 3,
    *[Patient(0.0, 1, death=20.0)] * 2,
    *[Patient(0.0, 1, loss=30.0)] * 3,
    *[Patient(0.0, 1)] * 5,
]


@pytest.mark.parametrize(
    ("lost", "table"),
    [
        ("excluded", [[6, 3], [2, 5]]),
        ("worst_case", [[7, 3], [5, 5]]),
        ("best_case", [[6, 4], [2, 8]]),
    ],
)
def test_fisher_sees_the_table_counted_by_hand(lost, table):
    result = analyse(records_of(COUNTED), [plan("fisher", lost)], design(F), END)
    assert result.p_value[0, 0] == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-12)
    shares = [dead / (dead + alive) for dead, alive in table]
    assert result.estimate[0, 0] == pytest.approx(shares[1] - shares[0], abs=1e-15)
    assert result.favours[0, 0] == 1


def test_early_deaths_of_late_entrants_do_not_inflate_mortality_at_a_cut():
    # The last of each arm cannot yet be known to be alive at day 84, only to be dead.
    late = [Patient(30.0, 0, death=5.0), Patient(30.0, 1, death=5.0)]
    early = [Patient(0.0, 0, death=40.0), Patient(0.0, 0), Patient(0.0, 1), Patient(0.0, 1)]
    at_84 = analyse(records_of([*early, *late]), [plan("fisher")], design(F), Cut("day", 84.0))
    without = analyse(records_of(early), [plan("fisher")], design(F), END)
    assert at_84.estimate[0, 0] == without.estimate[0, 0] == -0.5
    assert at_84.p_value[0, 0] == without.p_value[0, 0]


@pytest.mark.parametrize("test", ["log_rank", "km_difference"])
@pytest.mark.parametrize(
    ("lost", "as_if"),
    [
        ("excluded", lambda p: None),
        ("censored", lambda p: p._replace(death=NEVER)),
        ("worst_case", lambda p: p._replace(death=p.loss, loss=NEVER)),
        ("best_case", lambda p: p._replace(death=NEVER, loss=NEVER)),
    ],
)
def test_tests_on_time_treat_those_lost_as_declared(test, lost, as_if):
    rewritten = [p if p.loss == NEVER else as_if(p) for p in COUNTED]
    rewritten = [p for p in rewritten if p is not None]
    ours = analyse(records_of(COUNTED), [plan(test, lost)], design(F), END)
    expected = analyse(records_of(rewritten), [plan(test, "censored")], design(F), END)
    assert_same(ours, expected)
    assert ours.reason[0, 0] == Reason.ANALYSED


def test_worst_ranks_at_a_cut_leave_out_whoever_is_not_due():
    early = [
        Patient(0.0, arm, death=death, last_meld=last)
        for arm, death, last in [
            (0, 40.0, math.nan), (0, NEVER, 22.0), (0, NEVER, 27.0),
            (1, NEVER, 20.0), (1, NEVER, 24.0), (1, 60.0, math.nan),
        ]
    ]  # fmt: skip
    late = [Patient(30.0, 0, death=5.0), Patient(30.0, 0, death=6.0), Patient(30.0, 1)]
    plans = [plan("meld_worst_rank"), plan("meld_ancova")]
    at_84 = analyse(records_of([*early, *late]), plans, design(F), Cut("day", 84.0))
    assert_same(at_84, analyse(records_of(early), plans, design(F), END))
    assert at_84.reason[0, 0] == Reason.ANALYSED


@settings(max_examples=150)
@given(
    st.lists(patients, min_size=4, max_size=20),
    st.sampled_from(TESTS),
    st.sampled_from(["event", "censored", "competing"]),
    cuts,
)
def test_exchanging_the_arms_keeps_p_and_exchanges_whom_it_favours(trial, test, transplant, at):
    other = [patient._replace(arm=1 - patient.arm) for patient in trial]
    table = analyse(records_of(trial, other), [plan(test, "excluded", transplant)], design(F), at)
    first, second = (Result(*(column[k, 0] for column in table)) for k in (0, 1))
    assert first.reason == second.reason
    if first.reason == Reason.ANALYSED:
        # Sums of some twenty terms in another order; a spread of 1e-6 of MELD would be the least.
        assert first.p_value == pytest.approx(second.p_value, rel=1e-7)
        assert first.estimate == pytest.approx(-second.estimate, abs=1e-9)
        assert first.low == pytest.approx(-second.high, abs=1e-9, nan_ok=True)
        assume(abs(first.estimate) > 1e-9)
        assert {first.favours, second.favours} == {0, 1}


def test_trials_are_analysed_apart():
    one = [*COUNTED]
    two = [patient._replace(arm=1 - patient.arm, entry=3.0) for patient in COUNTED[:17]]
    plans = [plan(test) for test in TESTS]
    together = analyse(records_of(one, two, one), plans, design(F), END)
    for k, trial in enumerate((one, two, one)):
        alone = analyse(records_of(trial), plans, design(F), END)
        for column, expected in zip(together, alone, strict=True):
            np.testing.assert_array_equal(column[k], expected[0])


def test_a_trial_without_a_patient_in_it_yet_has_no_result():
    table = analyse(records_of(COUNTED), [plan(t) for t in TESTS], design(F), Cut("day", -1.0))
    assert (table.reason != Reason.ANALYSED).all()
    assert np.isnan(table.p_value).all()
    assert (table.favours == -1).all()


def test_a_curve_that_ends_early_gives_no_mortality_at_the_last_day():
    time, event = np.array([10.0, 50.0, 20.0, 84.0]), np.array([True, False, True, False])
    result = time_test("km_difference", time, event, np.array([0, 0, 1, 1]), 84)
    assert result.reason == Reason.NOT_FOLLOWED


def test_log_rank_on_the_bare_trial_has_the_power_that_numpy_alone_gives():
    # Random allocation of 30 v 30, exponential death, 84-day mortality .6 v .4, 5 % lost by day 84.
    rng, number = np.random.default_rng(20), 12_000
    arm = rng.permuted(np.tile(np.repeat([0, 1], 30), (number, 1)), axis=1).ravel()
    rate = -np.log(np.array([0.4, 0.6])) / F
    loss = rng.exponential(-F / math.log(0.95), arm.size)
    death = rng.exponential(1.0, arm.size) / rate[arm]
    never, no_visit = np.full(arm.size, NEVER), np.full((arm.size, 0), math.nan)
    records = records_of_columns(
        np.full(number, 60),
        {
            "arm": arm, "death_after_days": death, "loss_after_days": loss,
            "transplant_after_days": never, "visit_after_days": no_visit, "visit_meld": no_visit,
        },
    )  # fmt: skip
    table = analyse(records, [plan("log_rank", "censored")], design(F), END)
    power = float((table.p_value[:, 0] <= 0.05).mean())
    assert power == pytest.approx(
        LOG_RANK_POWER, abs=4 * math.sqrt(LOG_RANK_POWER * (1 - LOG_RANK_POWER) / number)
    )
