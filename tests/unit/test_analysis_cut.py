"""What is known at a cut, and what is done with those lost and transplanted."""

import math

import numpy as np
import pytest
from analysis_records import design, outcome_at, plan_of

from simulator.analysis import END, AnalysisPlan, Cut, Reason, analyse, cut, estimand
from simulator.analysis.outcomes import COMPLETE, EVENT, LOST, NOT_ENTERED, PENDING
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.records import TrialRecords
from simulator.scenario.loader import load_scenario

FOLLOW_UP = 84
NEVER = math.inf


@pytest.fixture(scope="module")
def bare() -> TrialRecords:
    """Twenty bare trials, to be given other patients."""
    return simulate(lower(load_scenario("two-arm-survival").scenario), 1, 0, 20)


def made(bare, entry=(), death=(), loss=(), transplant=(), arm=None) -> TrialRecords:
    """One trial of the patients given."""
    size = len(entry)
    first = TrialRecords(*(type(t)(*(column[:1] for column in t)) for t in bare))
    trials = first.trials._replace(first_row=np.array([0]), randomised=np.array([size]))
    rows = {
        name: np.repeat(column, size, axis=0) for name, column in first.patients._asdict().items()
    }
    rows |= {
        "arm": np.array(arm if arm is not None else np.arange(size) % 2),
        "entry_day": np.array(entry, float),
        "death_after_days": np.array(death, float),
        "loss_after_days": np.array(loss or [NEVER] * size, float),
        "transplant_after_days": np.array(transplant or [NEVER] * size, float),
    }
    return first._replace(trials=trials, patients=type(first.patients)(**rows))


def plan(test="log_rank", lost="censored", transplant="event") -> AnalysisPlan:
    return plan_of(test, lost, transplant)


def at(records, when: Cut, **how):
    return outcome_at(records, FOLLOW_UP, when, plan(**how))


def test_a_death_on_the_last_day_is_an_event_and_a_later_one_is_not(bare):
    records = made(bare, entry=[0, 0], death=[84.0, 84.0000001])
    assert at(records, END).status.tolist() == [EVENT, COMPLETE]


def test_a_death_after_loss_is_not_known(bare):
    records = made(bare, entry=[0, 0, 0], death=[30, 30, 30], loss=[20, 30, 40])
    known = at(records, END)
    assert known.status.tolist() == [LOST, EVENT, EVENT]
    assert known.time_days.tolist() == [20, 30, 30]


def test_an_event_driven_cut_holds_the_event_that_made_it(bare):
    # Subtracting the entry from the cut would lose some of these deaths to rounding.
    rng = np.random.default_rng(3)
    entry, death = np.sort(rng.uniform(0, 730, 200)), rng.exponential(60, 200)
    records = made(bare, entry=entry, death=death)
    assert any((e + d) - e < d for e, d in zip(entry, death, strict=True))
    for number in range(1, 120):
        assert (at(records, Cut("deaths", number)).status == EVENT).sum() == number


def test_at_a_calendar_cut_later_patients_are_not_there_and_others_are_pending(bare):
    records = made(bare, entry=[0, 50, 90, 101], death=[NEVER, 60, 5, 1])
    known = at(records, Cut("day", 100.0))
    assert known.status.tolist() == [COMPLETE, PENDING, EVENT, NOT_ENTERED]
    assert known.time_days[1] == 50.0


def test_completed_patients_are_the_dead_the_lost_and_those_followed_to_the_end(bare):
    records = made(bare, entry=[0, 10, 20], death=[NEVER, 5, NEVER], loss=[NEVER, NEVER, 30])
    days = [cut(records, FOLLOW_UP, Cut("completed", k)).cut_day[0] for k in (1, 2, 3)]
    assert days == [15, 50, 84]


@pytest.mark.parametrize("kind", ["deaths", "completed"])
def test_a_number_that_is_never_reached_means_the_end(bare, kind):
    records = made(bare, entry=[0, 1], death=[NEVER, NEVER])
    data = cut(records, FOLLOW_UP, Cut(kind, 3))
    assert data.cut_day[0] == math.inf
    assert not data.reached[0]


@pytest.mark.parametrize(
    ("transplant", "status"),
    [("event", [EVENT, EVENT]), ("censored", [LOST, LOST]), ("competing", [COMPLETE, COMPLETE])],
)
def test_a_transplant_counts_as_the_plan_says(bare, transplant, status):
    records = made(bare, entry=[0, 0], death=[NEVER, NEVER], loss=[NEVER, 40], transplant=[30, 30])
    assert at(records, END, transplant=transplant).status.tolist() == status


@pytest.mark.parametrize(
    ("lost", "status", "time"),
    [
        ("worst_case", EVENT, 20.0),
        ("best_case", COMPLETE, 84.0),
        ("excluded", LOST, 20.0),
        ("censored", LOST, 20.0),
    ],
)
def test_those_lost_count_as_the_plan_says(bare, lost, status, time):
    records = made(bare, entry=[0, 0], death=[NEVER, 10], loss=[20, NEVER])
    known = at(records, END, lost=lost)
    assert (known.status[0], known.time_days[0]) == (status, time)
    assert known.status[1] == EVENT


def test_a_proportion_leaves_out_the_lost_or_counts_them_as_declared(bare):
    # Arm 0: one dead, one alive, two lost; arm 1: four alive.
    records = made(
        bare,
        entry=[0] * 8,
        death=[9, *[NEVER] * 7],
        loss=[NEVER, NEVER, 5, 6, *[NEVER] * 4],
        arm=[0, 0, 0, 0, 1, 1, 1, 1],
    )
    for lost, mortality in (("excluded", 1 / 2), ("worst_case", 3 / 4), ("best_case", 1 / 4)):
        table = analyse(records, [plan("fisher", lost)], design(FOLLOW_UP), END)
        assert table.estimate[0, 0] == pytest.approx(-mortality)
        assert table.favours[0, 0] == 1


def test_excluding_the_lost_from_a_test_on_time_drops_them_altogether(bare):
    records = made(bare, entry=[0] * 4, death=[9, 8, 7, NEVER], loss=[NEVER] * 3 + [2])
    without = made(bare, entry=[0] * 3, death=[9, 8, 7])
    a = analyse(records, [plan("log_rank", "excluded")], design(FOLLOW_UP), END)
    b = analyse(without, [plan("log_rank", "excluded")], design(FOLLOW_UP), END)
    assert a.p_value[0, 0] == b.p_value[0, 0]


def test_a_trial_is_analysed_alike_alone_and_among_others(bare):
    plans = [plan(), plan("chi_square", "excluded"), plan("boschloo", "excluded")]
    together = analyse(bare, plans, design(FOLLOW_UP), END)
    params = lower(load_scenario("two-arm-survival").scenario)
    for trial in (0, 7, 19):
        alone = analyse(simulate(params, 1, trial, 1), plans, design(FOLLOW_UP), END)
        for column, same in zip(together, alone, strict=True):
            np.testing.assert_array_equal(column[trial], same[0])


def test_a_trial_without_patients_has_no_result_and_says_why(bare):
    table = analyse(made(bare), [plan(), plan("fisher", "excluded")], design(FOLLOW_UP), END)
    assert np.isnan(table.p_value).all()
    assert (table.reason == Reason.EMPTY_ARM).all()


@pytest.mark.parametrize("test", ["chi_square", "log_rank", "meld_ancova", "meld_worst_rank"])
def test_an_estimand_names_arms_and_the_treatment_of_lost_and_transplanted(test):
    lost = "censored" if test == "log_rank" else "excluded"
    words = estimand(plan(test, lost), 84, ["PE", "DPMAS+LPE"])
    assert "DPMAS+LPE against PE" in words
    assert ("censored" if lost == "censored" else "excluded") in words
    assert "transplant counts as death" in words
