"""Which plans are refused, and what an analysis says of itself."""

import math

import numpy as np
import pytest
from analysis_records import every_plan, meld_test, plan_of, time_test

from simulator.analysis import REASONS, Reason, estimand
from simulator.declarations.analyses import STATISTICS
from simulator.declarations.estimands import estimand_attributes
from simulator.scenario.cross_checks import disagreements
from simulator.scenario.loader import load_scenario
from simulator.scenario.schema import Scenario

ARMS = ("PE", "DPMAS+LPE")
PROPORTION_TESTS = ("chi_square", "fisher", "boschloo", "boschloo_minlike")
TIME_TESTS = ("log_rank", "km_difference")
MELD_TESTS = ("meld_ancova", "meld_worst_rank")
TREATMENTS = ("excluded", "worst_case", "best_case", "censored")


def allows(test, lost):
    """Nobody lost has a MELD at the last visit, and a proportion cannot be censored."""
    if test in MELD_TESTS:
        return lost == "excluded"
    return lost != "censored" or test in TIME_TESTS


def plan(test, lost="excluded", transplant="event"):
    return plan_of(test, lost, transplant)


def refused(test, lost):
    """What the cross-checks say of a plan: where, why and what to do instead."""
    asked = load_scenario("nct05484908").scenario.model_dump()
    words = plan(test, lost)._asdict()
    words |= words.pop("hypothesis")._asdict()
    asked["analyses"] = [words | words.pop("options")]
    return list(disagreements(Scenario.model_validate(asked)))


@pytest.mark.parametrize("test", PROPORTION_TESTS + TIME_TESTS + MELD_TESTS)
@pytest.mark.parametrize("lost", TREATMENTS)
def test_a_scenario_may_ask_what_its_test_can_do_with_the_lost(test, lost):
    problems = refused(test, lost)
    assert (not problems) == allows(test, lost)
    if problems:
        assert [problem.key for problem in problems] == ["analyses[0].lost"]
        assert "excluded" in problems[0].remedy


@pytest.mark.parametrize("test", PROPORTION_TESTS + TIME_TESTS + MELD_TESTS)
def test_an_estimand_names_day_or_visit_arms_loss_and_transplant(test):
    text = estimand(plan(test, transplant="competing"), 84, ARMS)
    assert "DPMAS+LPE against PE" in text
    assert "patients lost to follow-up before day 84 are excluded" in text
    assert "transplant counts as survival" in text
    assert ("84" in text.partition(";")[0]) == (test not in MELD_TESTS)


def test_estimands_say_what_meld_does_with_the_dead():
    assert "survivors" in estimand(plan("meld_ancova"), 84, ARMS)
    assert "not a causal contrast" in estimand(plan("meld_ancova"), 84, ARMS)
    assert "the dead ranked worst by time of death" in estimand(plan("meld_worst_rank"), 84, ARMS)


def test_two_plans_that_differ_have_different_estimands():
    plans = [
        plan(test, lost, transplant)
        for test in PROPORTION_TESTS + TIME_TESTS + MELD_TESTS
        for lost in TREATMENTS
        for transplant in ("event", "censored", "competing")
    ]
    allowed = [p for p in plans if allows(p.test, p.lost)]
    texts = [estimand(p, 84, ARMS) for p in allowed]
    assert len(texts) == 4 * 9 + 2 * 12 + 2 * 3
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("plan", every_plan(), ids=lambda plan: plan.name)
def test_every_estimand_has_the_five_attributes_and_every_event_its_strategy(plan):
    attributes = estimand_attributes(plan, 84, ARMS)
    assert list(attributes)[:3] == ["population", "treatment", "variable"]
    assert {
        "transplant",
        "rescue",
        "withdrawal",
        "loss",
        "loss_bias",
        "summary",
    } <= attributes.keys()
    assert all(attributes.values())
    assert "{" not in "".join(attributes.values()) + estimand(plan, 84, ARMS)
    assert attributes["rescue"] == "treatment policy"
    assert attributes["transplant"].split(":")[0] in ("composite", "competing event")
    # Survivors, and those who are treated, are selected by what treatment does.
    of_survivors = plan.test in ("meld_welch", "meld_ancova")
    assert ("no causal contrast" in attributes.get("death", "")) == of_survivors


@pytest.mark.parametrize("word", ["ignored", "event", "censored"])
@pytest.mark.parametrize("event", ["rescue", "withdrawal"])
def test_an_estimand_says_what_rescue_and_withdrawal_are(event, word):
    asked = plan_of("chi_square", **{event: word})
    strategy = {"ignored": "treatment policy", "event": "composite", "censored": "hypothetical"}
    assert estimand_attributes(asked, 84, ARMS)[event].startswith(strategy[word])
    text = estimand(asked, 84, ARMS)
    assert ("withdrawal" in text or "rescue" in text) == (word != "ignored")


def test_a_randomisation_test_has_the_estimand_of_what_it_replays():
    inner = plan_of("risk_ratio", name="ratio", interval="log")
    randomisation_test = plan_of("rerandomisation", name="r", of="ratio", draws=999)
    both = (inner, randomisation_test)
    assert estimand_attributes(randomisation_test, 84, ARMS, both) == estimand_attributes(
        inner, 84, ARMS, both
    )
    assert "re-randomisation test, 999 draws: log-scale Wald interval" in estimand(
        randomisation_test, 84, ARMS, both
    )


def test_all_tests_are_told_apart_by_their_estimands():
    texts = [estimand(plan, 84, ARMS) for plan in every_plan()]
    assert len(set(texts)) == len(texts)
    assert {plan.test for plan in every_plan()} == set(STATISTICS)


def test_every_reason_has_a_text_of_its_own():
    assert set(REASONS) == set(Reason)
    assert len(set(REASONS.values())) == len(Reason)


def test_a_log_rank_of_deaths_with_nobody_left_to_compare_is_no_result():
    # The first arm is gone before the second begins to die.
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])
    result = time_test("log_rank", time, event, np.array([0, 0, 1, 1]))
    assert result.reason == Reason.NOT_ESTIMABLE
    assert math.isnan(result.p_value)


def test_kaplan_meier_without_a_variance_is_no_result_even_if_the_arms_differ():
    time, event = np.array([5.0, 5.0, 84.0, 84.0]), np.array([True, True, False, False])
    result = time_test("km_difference", time, event, np.array([0, 0, 1, 1]), 84)
    assert result.reason == Reason.NOT_ESTIMABLE


@pytest.mark.parametrize("value", [20.1, 1e-3, 37.77])
def test_ancova_needs_baselines_that_differ_and_a_fit_that_is_not_perfect(value):
    arm = np.array([0, 1] * 5)
    change = np.arange(10.0) ** 2
    alive = np.full(10, np.inf)
    result = meld_test("meld_ancova", change, np.full(10, value), alive, arm)
    assert result.reason == Reason.NOT_ESTIMABLE
    baseline = value * np.arange(10.0)
    result = meld_test("meld_ancova", 3 * baseline + arm, baseline, alive, arm)
    assert result.reason == Reason.NOT_ESTIMABLE


def test_worst_ranks_that_are_all_tied_are_no_result():
    alive, arm = np.full(6, math.inf), np.array([0, 1] * 3)
    result = meld_test("meld_worst_rank", np.full(6, -2.0), np.full(6, 25.0), alive, arm)
    assert result.reason == Reason.NOT_ESTIMABLE
