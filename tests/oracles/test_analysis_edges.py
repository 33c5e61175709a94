"""Every analysis where data are fewest and oddest: a result or a reason, never half of each.

What holds whatever the test is: a trial has a p value or a reason; an estimate that exists lies in
its interval; exchanging the arms changes the sign and nothing else; a trial alone and among others
has the same bits.
"""

import math

import numpy as np
import pytest
from analysis_records import Result, design, every_plan, one_trial, plan_of, records_of_columns
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.analysis import END, REASONS, Cut, Reason, analyse
from simulator.records import Patients, TrialRecords, Trials

NEVER = math.inf
PLANS = every_plan()
DAYS = 84
# A table of p values is that of the arms' sizes; its two orders differ by the maximisation.
RELATIVE = 1e-6


def trial_of(arm, death, meld=25.0, change=0.0, site=0, **columns) -> TrialRecords:
    """Return a trial with a MELD at the first visit and, of survivors, at the last."""
    n = len(arm)
    first, last = np.full(n, 0.0) + meld, np.full(n, 0.0) + meld + change
    last = np.where(np.asarray(death) <= DAYS, math.nan, last)
    return one_trial(
        np.asarray(arm),
        **{
            "death_after_days": np.asarray(death, float),
            "death_cause": np.ones(n, np.int64),
            "site": np.full(n, 0) + site,
            "visit_after_days": np.tile([0.0, 84.0], (n, 1)),
            "visit_meld": np.column_stack([first, last]),
        }
        | columns,
    )


def results(records: TrialRecords, plans=PLANS, at: Cut = END) -> list[list[Result]]:
    """Return a row a trial, a result a plan."""
    table = analyse(records, plans, design(DAYS), at)
    return [
        [Result(*(column[k, j].item() for column in table)) for j in range(len(plans))]
        for k in range(table.reason.shape[0])
    ]


def assert_whole(result: Result, where: str) -> None:
    """Require a result or a reason."""
    assert result.reason in REASONS, where
    numbers = result.p_value, result.estimate, result.standard_error, result.low, result.high
    if result.reason != Reason.ANALYSED:
        assert all(map(math.isnan, numbers)), f"{where}: {result}"
        return
    assert 0.0 <= result.p_value <= 1.0, f"{where}: {result}"
    if not math.isnan(result.estimate):
        assert math.isfinite(result.estimate), f"{where}: {result}"
        if not math.isnan(result.low):
            slack = 1e-9 * (1 + abs(result.estimate))
            assert result.low - slack <= result.estimate <= result.high + slack, (
                f"{where}: {result}"
            )
        if result.estimate > 1e-9:
            assert result.favours in (0, 1), f"{where}: {result}"
    assert not result.standard_error < 0, f"{where}: {result}"


def exchanged(records: TrialRecords) -> TrialRecords:
    return records._replace(patients=records.patients._replace(arm=1 - records.patients.arm))


def assert_exchangeable(records: TrialRecords, where: str) -> None:
    """Require that the names of the arms do not matter."""
    for ours, theirs in zip(results(records), results(exchanged(records)), strict=True):
        for plan, one, other in zip(PLANS, ours, theirs, strict=True):
            told = f"{where}, {plan.name}: {one} {other}"
            assert one.reason == other.reason, told
            if one.reason != Reason.ANALYSED:
                continue
            same = {"rel": RELATIVE, "abs": 1e-9, "nan_ok": True}
            assert one.p_value == pytest.approx(other.p_value, **same), told
            # Ratios of chances are not symmetric where half a patient is added; their logs are.
            assert one.estimate == pytest.approx(-other.estimate, **same), told
            assert one.standard_error == pytest.approx(other.standard_error, **same), told
            assert one.low == pytest.approx(-other.high, **same), told
            sides = {-1: -1, 0: 1, 1: 0}
            if abs(one.estimate) > 1e-7:
                assert one.favours == sides[other.favours], told


HALVES = np.repeat([0, 1], 10)
CLIMBING = np.arange(20.0)
EDGES = {
    "no patient": trial_of([], []),
    "one patient": trial_of([0], [NEVER]),
    "two alive": trial_of([0, 1], [NEVER, NEVER]),
    "two dead": trial_of([0, 1], [3.0, 5.0]),
    "no death": trial_of(HALVES, np.full(20, NEVER), CLIMBING, CLIMBING % 7),
    "all dead at once": trial_of(HALVES, np.full(20, 5.0), CLIMBING),
    "all dead": trial_of(HALVES, 1.0 + CLIMBING, CLIMBING),
    "all dead on the first day": trial_of(HALVES, np.zeros(20), CLIMBING),
    "one arm empty": trial_of(np.zeros(20, int), np.where(CLIMBING < 5, 3.0, NEVER), CLIMBING),
    "other arm empty": trial_of(np.ones(20, int), np.where(CLIMBING < 5, 3.0, NEVER), CLIMBING),
    "one arm dies": trial_of(HALVES, np.where(HALVES == 0, 9.0, NEVER), CLIMBING),
    "one arm dies, one survivor": trial_of(
        HALVES, np.where(HALVES + (CLIMBING == 0) == 0, 9.0, NEVER), CLIMBING
    ),
    "separated by MELD": trial_of(
        np.tile([0, 1], 10), np.where(CLIMBING > 9, 20.0, NEVER), CLIMBING
    ),
    "no variance of MELD": trial_of(HALVES, np.where(CLIMBING % 3 == 0, 20.0, NEVER), 25.0, -2.0),
    "MELD by arm": trial_of(HALVES, np.where(CLIMBING % 3 == 0, 20.0, NEVER), 10.0 * HALVES, 1.0),
    "one stratum without an arm": trial_of(
        HALVES, np.where(CLIMBING % 3 == 0, 20.0, NEVER), CLIMBING, site=(CLIMBING < 3).astype(int)
    ),
    "every patient a stratum": trial_of(
        HALVES, np.where(CLIMBING % 3 == 0, 20.0, NEVER), CLIMBING, site=np.arange(20)
    ),
    "deaths in one stratum": trial_of(
        np.tile([0, 1], 10), np.where(CLIMBING < 7, 20.0, NEVER), CLIMBING, site=np.arange(20) // 10
    ),
    "all lost at once": trial_of(
        HALVES, np.full(20, NEVER), CLIMBING, loss_after_days=np.zeros(20)
    ),
    "all transplanted": trial_of(
        HALVES, np.full(20, NEVER), CLIMBING, transplant_after_days=1.0 + CLIMBING
    ),
    "one arm lost": trial_of(
        HALVES,
        np.where(CLIMBING % 3 == 0, 20.0, NEVER),
        CLIMBING,
        loss_after_days=np.where(HALVES == 0, 4.0, NEVER),
    ),
    "one arm gone before the other dies": trial_of(
        HALVES,
        np.where(HALVES == 1, 20.0, NEVER),
        CLIMBING,
        loss_after_days=np.where(HALVES == 0, 4.0, NEVER),
    ),
    "deaths of the other cause only": trial_of(
        HALVES, 1.0 + CLIMBING, CLIMBING, death_cause=np.full(20, 2)
    ),
    "nobody measured": trial_of(HALVES, np.where(CLIMBING % 3 == 0, 20.0, NEVER), math.nan),
    "huge MELD": trial_of(HALVES, np.where(CLIMBING % 3 == 0, 20.0, NEVER), 1e9 * CLIMBING, 1e8),
    "times a bit apart": trial_of(
        HALVES, np.nextafter(5.0, 6.0 * (CLIMBING % 2)), CLIMBING, CLIMBING
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_every_analysis_has_a_result_or_a_reason(name):
    (row,) = results(EDGES[name])
    for plan, result in zip(PLANS, row, strict=True):
        assert_whole(result, f"{name}, {plan.name}")


@pytest.mark.parametrize("name", EDGES)
def test_the_names_of_the_arms_do_not_matter(name):
    assert_exchangeable(EDGES[name], name)


SURVIVORS = dict.fromkeys(["meld_welch", "meld_ancova"], Reason.TOO_FEW_SEEN)
NOBODY = dict.fromkeys([plan.test for plan in PLANS], Reason.EMPTY_ARM) | SURVIVORS
REASONS_KNOWN = {
    "no patient": NOBODY,
    "one arm empty": NOBODY,
    "no death": {
        "chi_square": Reason.NO_EVENT,
        "fisher": Reason.ANALYSED,
        "risk_difference": Reason.ANALYSED,
        "log_rank": Reason.NO_EVENT,
        "max_combo": Reason.NO_EVENT,
        "cox": Reason.NO_EVENT,
        "gray": Reason.NO_EVENT,
        "beta_binomial": Reason.ANALYSED,
        "meld_welch": Reason.ANALYSED,
        "win_ratio": Reason.ANALYSED,
    },
    "all dead": {"chi_square": Reason.NO_EVENT, "meld_welch": Reason.TOO_FEW_SEEN},
    "separated by MELD": {"firth_logistic": Reason.ANALYSED},
    "one arm dies": {"firth_logistic": Reason.ANALYSED, "log_rank": Reason.ANALYSED},
    "MELD by arm": {"firth_logistic": Reason.NOT_ESTIMABLE},
    "no variance of MELD": {"meld_welch": Reason.NOT_ESTIMABLE},
    "one stratum without an arm": {"cmh": Reason.ANALYSED, "stratified_log_rank": Reason.ANALYSED},
    "deaths of the other cause only": {"cause_specific": Reason.NO_EVENT, "gray": Reason.NO_EVENT},
}


@pytest.mark.parametrize("name", REASONS_KNOWN)
def test_the_reason_is_the_one_that_the_pages_give(name):
    (row,) = results(EDGES[name])
    expected = REASONS_KNOWN[name]
    found = {
        plan.name: (REASONS[result.reason], REASONS[expected[plan.test]])
        for plan, result in zip(PLANS, row, strict=True)
        if plan.test in expected and result.reason != expected[plan.test]
    }
    assert found == {}


def test_cox_with_deaths_in_one_arm_alone_has_a_test_but_no_estimate_and_so_no_wald_test():
    (row,) = results(EDGES["one arm dies"])
    found = {p.name: r for p, r in zip(PLANS, row, strict=True) if p.test == "cox"}
    for name, result in found.items():
        if name.endswith("wald"):
            assert result.reason == Reason.NOT_ESTIMABLE
        else:
            assert result.p_value < 0.01
            assert math.isnan(result.estimate)


def made(sizes, seed: int) -> TrialRecords:
    """Return made-up trials with ties, losses, transplants, two causes and visits missed."""
    rng, n = np.random.default_rng(seed), int(np.sum(sizes))
    death = np.where(rng.random(n) < 0.4, NEVER, np.floor(rng.exponential(40, n)))
    meld = np.round(rng.normal(24, 5, (n, 2)))
    meld[rng.random((n, 2)) < 0.1] = math.nan
    return records_of_columns(
        np.array(sizes),
        {
            "arm": rng.integers(0, 2, n),
            "entry_day": rng.integers(0, 300, n).astype(float),
            "death_after_days": death,
            "death_cause": rng.integers(1, 3, n),
            "loss_after_days": np.where(rng.random(n) < 0.8, NEVER, rng.integers(0, 84, n)),
            "transplant_after_days": np.where(rng.random(n) < 0.9, NEVER, rng.integers(0, 84, n)),
            "visit_after_days": np.tile([0.0, 84.0], (n, 1)),
            "visit_meld": meld,
            "site": rng.integers(0, 3, n),
            "stratum": rng.integers(0, 4, n),
        },
    )


SIZES = [0, 1, 2, 3, 60, 8, 0, 13, 40, 61, 64, 17, 4, 30, 0]
CUTS = (END, Cut("day", 200.0), Cut("deaths", 5))


@pytest.mark.parametrize("at", CUTS)
def test_trials_of_any_size_are_whole_and_exchangeable(at):
    records = made(SIZES, 11)
    for row in results(records, at=at):
        for plan, result in zip(PLANS, row, strict=True):
            assert_whole(result, plan.name)
    if at == END:
        assert_exchangeable(records, "made up")


@pytest.mark.parametrize("at", CUTS)
def test_a_trial_has_the_same_bits_alone_and_among_others(at):
    records = made(SIZES, 12)
    together = analyse(records, PLANS, design(DAYS), at)
    first = records.trials.first_row
    for k, size in enumerate(SIZES):
        rows = slice(first[k], first[k] + size)
        patients = Patients(*(column[rows] for column in records.patients))
        trials = Trials(*(column[k : k + 1] for column in records.trials))
        trials = trials._replace(first_row=np.zeros(1, np.int64))
        sessions = type(records.sessions)(*(column[rows] for column in records.sessions))
        alone = analyse(TrialRecords(trials, patients, sessions), PLANS, design(DAYS), at)
        for name, one, other in zip(alone._fields, alone, together, strict=True):
            same = one[0].tobytes() == other[k].tobytes()
            differ = [p.name for p, a, b in zip(PLANS, one[0], other[k], strict=True) if a != b]
            assert same, f"trial {k}, {name}: {differ}"


moments = st.sampled_from([0.0, 1.0, 12.0, 12.5, 84.0, NEVER])
points = st.sampled_from([6.0, 20.0, 25.0, 40.0, math.nan])
patient = st.tuples(
    st.integers(0, 1),
    moments,
    moments,
    moments,
    points,
    points,
    st.integers(1, 2),
    st.integers(0, 2),
)


@settings(max_examples=60)
@given(st.lists(patient, max_size=12))
def test_any_few_patients_have_a_result_or_a_reason(patients):
    rows = np.array(patients, float).reshape(-1, 8)
    records = one_trial(
        rows[:, 0].astype(np.int64),
        death_after_days=rows[:, 1],
        loss_after_days=rows[:, 2],
        transplant_after_days=rows[:, 3],
        visit_after_days=np.tile([0.0, 84.0], (len(rows), 1)),
        visit_meld=rows[:, 4:6],
        death_cause=rows[:, 6].astype(np.int64),
        site=rows[:, 7].astype(np.int64),
    )
    (row,) = results(records)
    for plan, result in zip(PLANS, row, strict=True):
        assert_whole(result, f"{plan.name} {patients}")


@pytest.mark.parametrize("test", ["log_rank", "cause_specific", "gray"])
def test_the_death_that_makes_a_cut_is_seen_though_the_cut_less_the_entry_rounds_below_it(test):
    entry, death = np.array([0.5, 0, 0, 0]), np.array([0.1, 70, 80, 80])
    assert (entry[0] + death[0]) - entry[0] < death[0]
    trial = trial_of([0, 1, 0, 1], death, entry_day=entry)
    own = {} if test == "log_rank" else {"cause": "liver", "transplant": "censored"}
    plan = plan_of(test, lost="censored", **own)
    ((result,),) = results(trial, [plan], Cut("deaths", 1))
    # One death among two and two: 1/2 less than expected, variance 1/4.
    assert result.p_value == pytest.approx(2 * stats.norm.sf(1.0), rel=1e-12)


@pytest.mark.parametrize("test", ["cmh", "stratified_miettinen_nurminen", "stratified_log_rank"])
def test_patients_without_a_first_visit_are_a_stratum_of_their_own(test):
    arm, death = np.tile([0, 1], 8), np.where(np.arange(16) % 5 < 2, 9.0 + np.arange(16), NEVER)
    meld = np.repeat([22.0, 32.0, math.nan, 26.0], 4)
    lost = {"lost": "censored"} if test == "stratified_log_rank" else {}
    plans = [plan_of(test, strata=strata, **lost) for strata in ([25.0, 30.0], "site")]
    trial = trial_of(arm, death, meld, site=np.repeat([0, 1, 2, 3], 4))
    by_meld, by_label = results(trial, plans)[0]
    assert by_meld == by_label


def test_firths_estimate_of_six_patients_is_at_the_root_of_its_score():
    """Where scoring converges slowly; the root was found by Newton's method in R."""
    arm, meld = [1, 0, 0, 1, 0, 1], np.array([22.0, 35, 34, 22, 17, 21])
    death = np.where(np.arange(6) == 5, 9.0, NEVER)
    ((result,),) = results(trial_of(arm, death, meld), [plan_of("firth_logistic")])
    assert result.estimate == pytest.approx(0.68004, abs=5e-6)


def test_alpha_moves_the_interval_and_not_the_p_value():
    records = made([60, 40], 13)
    for plan in PLANS:
        wide, narrow = (
            [row[0] for row in results(records, [plan._replace(alpha=alpha)])]
            for alpha in (0.01, 0.2)
        )
        for one, other in zip(wide, narrow, strict=True):
            assert one.p_value == pytest.approx(other.p_value, nan_ok=True)
            if math.isfinite(one.low) and math.isfinite(other.high):
                assert one.low <= other.low
                assert other.high <= one.high
