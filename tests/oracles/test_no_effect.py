"""Scenarios in which nothing is to be found, and powers below the level, are called by name.

The right word follows from the scenario: with a hazard ratio of 1, or an effect that begins after
the end of follow-up, both arms are alike and a rejection is a type I error.
"""

import datetime

import numpy as np
import pytest
from reference_sizes import exact_curve, fisher_rejects
from scipy import stats

import simulator
from simulator.planning.effects import effect_of, null_in_effect
from simulator.report.text.verdict import verdict_in_words
from simulator.report.words import effect_in_words
from simulator.results.measures import Judgement, LowReason, NullHypothesis
from simulator.scenario.errors import ScenarioError

RATIO = "hazard.effect.hazard_ratio"
DELAY = "hazard.effect.delay_days"


@pytest.fixture(scope="module")
def bare():
    return simulator.load("two-arm-survival")


@pytest.mark.parametrize(
    ("values", "null"),
    [
        ({}, NullHypothesis.NONE),
        ({RATIO: 1.0}, NullHypothesis.STRONG),
        ({DELAY: 90.0}, NullHypothesis.STRONG),
        ({DELAY: 84.0}, NullHypothesis.STRONG),
        ({DELAY: 83.5}, NullHypothesis.STRONG),  # would begin with patient-day 84
        ({DELAY: 83.0}, NullHypothesis.NONE),  # acts on the last day
    ],
)
def test_an_effect_that_never_acts_is_none(bare, values, null):
    study = bare.with_values(values) if values else bare
    asked, solved = study.prepared.asked, study.prepared.solved
    assert null_in_effect(asked, solved) is null
    assert effect_of(asked, solved).acts is (null is NullHypothesis.NONE)


@pytest.mark.parametrize("values", [{RATIO: 1.0}, {DELAY: 90.0}])
def test_rejections_without_an_effect_are_the_type_i_error_and_no_want_of_power(bare, values):
    power = bare.with_values(values).power(400)
    assert power.null_hypothesis is NullHypothesis.STRONG
    assert power.verdict.is_level
    words = verdict_in_words(power)
    assert words.startswith("TYPE I ERROR")
    assert "UNDERPOWERED" not in words
    assert effect_in_words(power.effect, power.arms).startswith("none: hazard ratio")


def test_a_point_of_a_sweep_without_an_effect_is_judged_by_its_level(bare):
    found = bare.sweep({RATIO: [1.0, 0.2]}, 200)
    judged = {p.values[RATIO]: p.analyses[0].judgement for p in found.points}
    assert not judged[1.0].is_power
    assert judged[0.2] is Judgement.ADEQUATE


def test_modalities_of_one_hazard_ratio_leave_no_effect_between_unlike_arms():
    study = simulator.load("nct05484908").with_values(
        {"modalities[DPMAS+LPE].full_course_hazard_ratio": 0.7}
    )
    found = null_in_effect(study.prepared.asked, study.prepared.solved)
    assert found is NullHypothesis.MORTALITY


def test_a_delay_is_told_as_it_is_simulated(bare):
    """The hazard is held for a patient-day: 3.5 days of delay and 4 give the same trials."""
    half, whole = (bare.with_values({DELAY: delay}) for delay in (3.5, 4.0))
    effect = effect_of(half.prepared.asked, half.prepared.solved)
    assert effect.delay_days == 4.0
    assert "from day 4" in effect_in_words(effect, ("control", "experimental"))
    assert half.power(200).primary.rejections == whole.power(200).primary.rejections


def test_power_below_the_level_is_explained_by_the_conservative_test(tmp_path):
    """Fisher's exact test of 8 v 8: enumerated, it rejects about 1 % of trials of no effect."""
    (tmp_path / "few.yaml").write_text(
        "extends: two-arm-survival\nname: few\ntitle: t\n"
        "trial: {target_randomised: 16}\naccrual: {candidates: 16}\n"
        "exits: {loss: {net_probability: 0}}\n"
        "hazard: {effect: {hazard_ratio: 0.9}}\nanalyses:\n"
        "  - {name: fisher, test: fisher, alpha: 0.05, population: randomised, transplant: event,\n"
        "     rescue: ignored, withdrawal: ignored, lost: excluded}\n"
    )
    power = simulator.load(tmp_path / "few.yaml").power(2_000)
    low, mortality = power.verdict.below_level, power.operations.mortality["control"].mean
    assert low.reason is LowReason.CONSERVATIVE
    dead = stats.binom.pmf(np.arange(9), 8, mortality)
    assert low.type_i_error == pytest.approx(dead @ fisher_rejects(8, 8) @ dead, abs=1e-9)
    assert low.type_i_error < 0.05
    words = verdict_in_words(power)
    assert "below the nominal level of 5% because Fisher's exact test is conservative" in words
    assert exact_curve([16], 0.6, 0.6, 0.0, "fisher")[16] < 0.05


def test_power_above_the_level_needs_no_explanation(bare):
    assert bare.power(400).verdict.below_level is None


@pytest.mark.parametrize("date", [datetime.date(2021, 12, 31), datetime.date(2022, 1, 1)])
def test_a_completion_before_the_start_is_refused(bare, date):
    with pytest.raises(ScenarioError, match=r"planned_completion_date.*must be after the start"):
        bare.with_values({"trial.planned_completion_date": date})
