"""Chunks of trials, analysed at once, against one trial after another the slow way."""

import functools
import itertools
import math

import numpy as np
import pytest
from analysis_records import Result, design, plan_of, records_of_columns
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_analysis import (
    MELDS,
    NEVER,
    PROPORTIONS,
    TIMES,
    F,
    slow_cut_day,
    slow_result,
    trials_in,
)
from scenario_builder import base_case, run, shipped

from simulator.analysis import END, AnalysisPlan, Cut, Reason, analyse
from simulator.records import Patients, TrialRecords, Trials

ALLOWED = {
    **dict.fromkeys(PROPORTIONS, ("excluded", "worst_case", "best_case")),
    **dict.fromkeys(TIMES, ("excluded", "worst_case", "best_case", "censored")),
    **dict.fromkeys(MELDS, ("excluded",)),
}
PLANS = [
    plan_of(test, lost, transplant, name=f"{test} {lost} {transplant}")
    for test, allowed in ALLOWED.items()
    for lost in allowed
    for transplant in ("event", "censored", "competing")
]
CUTS = (END, Cut("day", 300.0), Cut("deaths", 12), Cut("completed", 25), Cut("deaths", 10_000))
# Sums of some hundred terms in another order are equal to 1e-13 of the terms; MELD changes, whose
# differences are a tenth of them, and p values of |z| < 10, which magnify by z^2, to 1e-9.
RELATIVE = 1e-9


def assert_slow(records: TrialRecords, plans: list[AnalysisPlan], at: Cut) -> set[int]:
    """Compare every result with the slow version; return the reasons that were seen."""
    table = analyse(records, plans, design(F), at)
    for k, trial in enumerate(trials_in(records)):
        limit = slow_cut_day(trial, at)
        for j, plan in enumerate(plans):
            ours = Result(*(column[k, j].item() for column in table))
            slow = slow_result(trial, plan, limit)
            where = f"trial {k}, {plan.name}, {at}: {ours} {slow}"
            assert ours.reason == slow.reason, where
            assert ours[:3] == pytest.approx(slow[:3], rel=RELATIVE, abs=1e-12, nan_ok=True), where
            if slow.reason != Reason.ANALYSED or abs(slow.estimate) > 1e-9:
                assert ours.favours == slow.favours, where
    return set(table.reason.ravel().tolist())


@functools.cache
def simulated(name: str) -> TrialRecords:
    if name == "two-arm-survival":
        return run(shipped(name), 5, 12)
    exits = {
        "exits.transplant": {"net_probability": 0.15, "by_day": 84.0},
        "exits.loss": {"net_probability": 0.2, "by_day": 84.0},
    }
    return run(base_case(name, exits), 5, 8)


@pytest.mark.parametrize("at", CUTS)
@pytest.mark.parametrize(
    "name", ["two-arm-survival", "nct05484908", "nct05484908-scarce", "nct05484908-slow"]
)
def test_simulated_trials_have_the_results_of_the_slow_version(name, at):
    assert_slow(simulated(name), PLANS, at)


def made(sizes, seed: int, whole_days: bool, deaths=(20, 60), arms=(0, 1)) -> TrialRecords:
    """Records of made-up patients; on whole days nearly all times are tied, 0 and F among them."""
    rng, n = np.random.default_rng(seed), int(np.sum(sizes))

    def days(mean: float, never: float) -> np.ndarray:
        times = rng.exponential(mean, n)
        if whole_days:
            times = np.minimum(np.floor(times / 12) * 12, 84.0)
        return np.where(rng.random(n) < never, NEVER, times)

    arm = rng.choice(arms, n)
    meld = rng.normal(25, 5, (n, 3))
    if whole_days:
        meld = np.round(meld / 4) * 4
    meld[rng.random(n) < 0.1, 2] = math.nan
    return records_of_columns(
        np.array(sizes),
        {
            "arm": arm,
            "entry_day": rng.integers(0, 400, n).astype(float),
            "death_after_days": np.where(arm == 1, days(deaths[1], 0.2), days(deaths[0], 0.2)),
            "loss_after_days": days(150, 0.4),
            "transplant_after_days": days(200, 0.5),
            "visit_after_days": np.tile([0.0, 28.0, 84.0], (n, 1)),
            "visit_meld": meld,
        },
    )


SIZES = [0, 1, 2, 3, 5, 8, 0, 13, 40, 61, 64, 17, 1, 2, 3, 4, 4, 4, 5, 5, 6, 6, 7, 7]


@pytest.mark.parametrize("at", CUTS)
@pytest.mark.parametrize("whole_days", [True, False])
def test_trials_of_any_size_with_ties_have_the_results_of_the_slow_version(whole_days, at):
    reasons = assert_slow(made(SIZES, 1, whole_days), PLANS, at)
    if at == END:
        assert reasons >= {Reason.ANALYSED, Reason.EMPTY_ARM, Reason.TOO_FEW_SEEN}


@pytest.mark.parametrize("whole_days", [True, False])
@pytest.mark.parametrize(
    ("deaths", "arms"),
    [((1e-3, 1e-3), (0, 1)), ((1e9, 1e9), (0, 1)), ((1e9, 1e-3), (0, 1)), ((20, 20), (1,))],
    ids=["all die at once", "nobody dies", "one arm dies", "an empty arm"],
)
def test_trials_at_the_edge_have_the_results_of_the_slow_version(deaths, arms, whole_days):
    records = made([1, 12, 30], 2, whole_days, deaths, arms)
    never = np.where(records.patients.arm >= 0, NEVER, 0.0)
    without_exits = records.patients._replace(loss_after_days=never, transplant_after_days=never)
    for patients in (records.patients, without_exits):
        assert_slow(records._replace(patients=patients), PLANS, END)


@pytest.mark.parametrize("at", [END, Cut("day", 300.0)])
def test_a_trial_of_3000_patients_has_the_results_of_the_slow_version(at):
    # Boschloo's test of so many would take days.
    plans = [plan for plan in PLANS if "boschloo" not in plan.test]
    records = made([30, 3000, 12], 3, False, (60, 70))
    assert_slow(records, plans, at)
    assert (analyse(records, plans, design(F), at).reason[1] == Reason.ANALYSED).all()


whole = st.integers(0, 8).map(lambda k: 12.0 * k)
moments = st.one_of(whole, st.sampled_from([0.0, 1e-320, 83.99999999999999, 84.0, NEVER]))
patient = st.tuples(
    st.integers(0, 1), whole, moments, moments, moments, st.sampled_from([20.0, 24.0, math.nan])
)


@settings(max_examples=60)
@given(
    st.lists(st.lists(patient, max_size=9), min_size=1, max_size=4),
    st.one_of(
        st.just(END),
        st.builds(Cut, st.just("day"), whole.map(lambda day: 1.5 * day)),
        st.builds(Cut, st.sampled_from(["deaths", "completed"]), st.integers(1, 6)),
    ),
)
def test_any_few_patients_have_the_results_of_the_slow_version(trials, at):
    rows = np.array([p for trial in trials for p in trial], float).reshape(-1, 6)
    # Times below 2^-1003 days tie with 0: to the slow version they are 0.
    rows[:, 2:5][rows[:, 2:5] == 1e-320] = 0.0
    records = records_of_columns(
        np.array([len(trial) for trial in trials]),
        {
            "arm": rows[:, 0].astype(np.int64),
            "entry_day": rows[:, 1],
            "death_after_days": rows[:, 2],
            "loss_after_days": rows[:, 3],
            "transplant_after_days": rows[:, 4],
            "visit_after_days": np.tile([0.0, 84.0], (len(rows), 1)),
            "visit_meld": np.column_stack([np.full(len(rows), 22.0) + rows[:, 1] / 24, rows[:, 5]]),
        },
    )
    assert_slow(records, [plan for plan in PLANS if "boschloo" not in plan.test], at)


def part(records: TrialRecords, trials: list[int]) -> TrialRecords:
    """Records of some trials, in that order."""
    ends = np.cumsum(records.trials.randomised)
    sizes = records.trials.randomised[trials]
    rows = [np.arange(ends[k] - n, ends[k]) for k, n in zip(trials, sizes, strict=True)]
    whom = np.concatenate([*rows, np.empty(0, np.int64)]).astype(np.int64)
    chosen = Trials(*(column[trials] for column in records.trials))
    return TrialRecords(
        chosen._replace(first_row=np.cumsum(sizes) - sizes),
        Patients(*(column[whom] for column in records.patients)),
        records.sessions,
    )


@pytest.mark.parametrize("at", CUTS)
@pytest.mark.parametrize("records", [made(SIZES, 4, False), made(SIZES, 5, True)])
def test_a_trial_has_the_same_bits_alone_in_any_company_and_in_any_order(records, at):
    together = analyse(records, PLANS, design(F), at)
    number = len(SIZES)
    for trials in (*([k] for k in range(number)), list(range(number))[::-1], [3, 9, 9, 0]):
        apart = analyse(part(records, trials), PLANS, design(F), at)
        for column, expected in zip(apart, together, strict=True):
            np.testing.assert_array_equal(column, expected[trials])


def test_a_chunk_of_many_blocks_has_the_bits_of_its_trials():
    # 64 patients at most in a trial and 60,000 in a block: three blocks.
    one, times = made(SIZES, 6, False), 110
    plans = [plan for plan in PLANS if plan.lost == "excluded"]
    many = part(one, list(range(len(SIZES))) * times)
    expected = analyse(one, plans, design(F), END)
    for column, alone in zip(analyse(many, plans, design(F), END), expected, strict=True):
        np.testing.assert_array_equal(column, np.tile(alone, (times, 1)))


def test_plans_do_not_depend_on_which_others_are_asked_for():
    records = made(SIZES, 7, False)
    together = analyse(records, PLANS, design(F), END)
    for j, plan in enumerate(PLANS):
        alone = analyse(records, [plan], design(F), END)
        for column, expected in zip(alone, together, strict=True):
            np.testing.assert_array_equal(column[:, 0], expected[:, j])


def test_columns_may_be_read_only_shared_or_strided_and_nothing_is_written_to_them():
    records = made(SIZES, 8, False)
    never = np.full(records.patients.arm.size, NEVER)
    patients = records.patients._replace(loss_after_days=never, transplant_after_days=never)
    expected = analyse(records._replace(patients=patients), PLANS, design(F), END)

    def locked(column):
        column = column.copy()
        column.flags.writeable = False
        return column

    def strided(column):
        wide = np.repeat(column, 2, axis=0)[::2]
        assert column.size < 2 or not wide.flags.c_contiguous
        return wide

    for change in (locked, strided):
        once = {id(column): change(column) for column in patients}
        trials = Trials(*(change(column) for column in records.trials))
        same = TrialRecords(trials, Patients(*(once[id(c)] for c in patients)), records.sessions)
        for column, other in zip(analyse(same, PLANS, design(F), END), expected, strict=True):
            np.testing.assert_array_equal(column, other)


def test_no_trials_or_no_plans_are_an_empty_table():
    records = made([4, 4], 9, False)
    assert analyse(records, [], design(F), END).p_value.shape == (2, 0)
    assert analyse(part(records, []), PLANS, design(F), END).p_value.shape == (0, len(PLANS))


@pytest.mark.parametrize(
    ("smaller", "larger"),
    list(itertools.pairwise([0.0, 1e-300, 1e-9, 1.0, np.nextafter(1.0, 2.0)])),
)
def test_times_that_differ_in_the_last_bit_are_not_tied(smaller, larger):
    # Dead first: the second arm's patient is alone at risk at the second death.
    days = np.array([larger, smaller])
    records = records_of_columns(
        np.array([2]),
        {
            "arm": np.array([0, 1]),
            "death_after_days": days,
            "loss_after_days": np.full(2, NEVER),
            "transplant_after_days": np.full(2, NEVER),
        }
        | dict.fromkeys(("visit_after_days", "visit_meld"), np.empty((2, 0))),
    )
    table = analyse(records, [plan_of("log_rank", "censored")], design(F), END)
    # Apart: O - E = 1 - 1/2, V = 1/4. Tied: O - E = 0, V = 0.
    assert table.estimate[0, 0] == 2.0


def test_a_death_that_makes_a_cut_keeps_its_time_and_its_ties():
    # The cut is on entry + death; less the entry it would be a last bit before the death it ties.
    entry, death = next(
        (e / 10, d / 10)
        for e in range(1, 100)
        for d in range(1, 100)
        if (e / 10 + d / 10) - e / 10 < d / 10
    )
    records = made([6], 10, False)
    never = np.full(6, NEVER)
    patients = records.patients._replace(
        arm=np.array([0, 1, 0, 1, 0, 1]),
        entry_day=np.array([0.0, entry, 0.0, 0.0, 0.0, 0.0]),
        death_after_days=np.array([death, death, NEVER, NEVER, NEVER, NEVER]),
        loss_after_days=never,
        transplant_after_days=never,
    )
    plans = [plan for plan in PLANS if plan.test == "log_rank"]
    assert_slow(records._replace(patients=patients), plans, Cut("deaths", 2))
