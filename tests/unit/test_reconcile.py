"""Several answers on one scenario say one thing: one target, one estimate of each design."""

from dataclasses import replace

import pytest
from answers import TARGET, curve_point, power_answer, size_answer, sweep_answer

from simulator.planning.reconcile import reconcile
from simulator.results.measures import Judgement
from simulator.results.reconciled import QuotedRun, Relation
from simulator.results.size import SizeBasis, SizeEstimate


def size(value, low, high, power=TARGET, **changes):
    answer = SizeEstimate(value, low, high, power, 0.002, 0.95, SizeBasis.TREND)
    return size_answer(answer=answer, target_power=power, **changes)


def point(patients, trials, power):
    return curve_point(patients, patients, trials, round(trials * power))


# The user's target


def test_the_target_is_that_of_the_search_given_with_the_power():
    """81 % power is adequate for 80 %, and short of the 90 % that the user asked the search for."""
    power = power_answer(0.81, 0.802, 0.818)
    assert power.verdict.judgement is Judgement.ADEQUATE
    verdict = reconcile(power, [size(252, 240, 264, 0.9)], 200).power.verdict
    assert (verdict.judgement, verdict.target_power) == (Judgement.UNDERPOWERED, 0.9)
    assert verdict.threshold == 0.9


def test_sweeps_are_judged_by_the_same_target():
    sweep = sweep_answer()
    plan, more = sweep.points
    enough = replace(more.analyses[0], power=0.85, ci_low=0.84, ci_high=0.86)
    sweep = replace(sweep, points=(plan, replace(more, analyses=(enough,))))
    (found,) = reconcile(power_answer(target=0.9), [sweep], 60).more
    assert found.threshold == 0.9
    assert found.points[1].analyses[0].judgement is Judgement.UNDERPOWERED


def test_a_target_named_for_the_power_itself_is_kept():
    verdict = reconcile(power_answer(target=0.85), [size(252, 240, 264, 0.9)], 200).power.verdict
    assert verdict.target_power == 0.85


def test_a_target_named_for_the_document_goes_before_those_of_the_runs():
    """The others are told of; the search for 90 % is no answer for 95 %."""
    found = reconcile(power_answer(target=0.85), [size(252, 240, 264, 0.9)], 200, 0.95)
    assert found.power.verdict.target_power == 0.95
    assert found.other_targets == (0.85, 0.9)
    assert found.needed is None


def test_targets_that_agree_leave_none_to_tell_of():
    assert reconcile(power_answer(), [size(252, 240, 264)], 200).other_targets == ()


def test_without_another_the_target_is_the_conventional_one():
    assert reconcile(power_answer(), [sweep_answer()], 60).power.verdict.target_power == TARGET


def test_a_search_for_another_analysis_or_key_sets_no_target():
    others = size(252, 240, 264, 0.9, analysis="log_rank"), size(0.5, 0.4, 0.6, 0.9, key="a.b")
    found = reconcile(power_answer(), others, 60)
    assert found.power.verdict.target_power == TARGET
    assert found.needed is None


# The size needed beside the plan


@pytest.mark.parametrize(
    ("planned", "relation"),
    [
        (200, Relation.FEWER),
        (240, Relation.WITHIN),
        (252, Relation.EQUAL),
        (264, Relation.WITHIN),
        (320, Relation.MORE),
    ],
)
def test_the_plan_is_held_against_the_interval_of_the_size_needed(planned, relation):
    needed = reconcile(power_answer(), [size(252, 240, 264)], planned).needed
    assert (needed.planned, needed.needed, needed.relation) == (planned, 252, relation)


# One estimate of the plan; sweeps and searches keep their own numbers


def test_the_power_of_the_plan_is_that_with_the_most_trials():
    """3.8 % in 10,000 trials, 4.0 % at a sweep's plan, 4.3 % at 60 patients of a search."""
    sweep = replace(sweep_answer(), trials=2_000)
    plan, more = sweep.points
    own = replace(plan.analyses[0], power=0.040, ci_low=0.032, ci_high=0.05)
    sweep = replace(sweep, points=(replace(plan, analyses=(own,)), more))
    search = size(252, 240, 264, curve=(point(60, 1_000, 0.043), point(252, 4_000, 0.8)))
    found = reconcile(power_answer(), [sweep, search], 60)
    assert found.run == QuotedRun("power", 10_000, 7)
    assert found.power.primary.power == 0.0376
    assert found.more == (sweep, search)


def test_a_sweep_of_few_trials_is_judged_by_its_own():
    """At 86 % (84 to 88) a point is adequate, though the run of power has ten times the trials."""
    sweep = replace(sweep_answer(), trials=1_000)
    plan, more = sweep.points
    own = replace(plan.analyses[0], power=0.86, ci_low=0.84, ci_high=0.88)
    sweep = replace(sweep, points=(replace(plan, analyses=(own,)), more))
    (found,) = reconcile(power_answer(), [sweep], 60).more
    assert found.points[0].analyses[0].judgement is Judgement.ADEQUATE
    assert found.points[0].analyses[0].power == 0.86


def test_a_search_with_more_trials_at_the_plan_is_quoted_for_it():
    search = size(62, 58, 66, curve=(point(60.0, 40_000, 0.798),))
    found = reconcile(power_answer(0.81, 0.80, 0.82), [search], 60)
    first = found.power.primary
    assert found.run == QuotedRun("size", 40_000, 7)
    (tried,) = search.curve
    assert (first.power, first.trials) == (0.798, 40_000)
    assert (first.ci_low, first.ci_high) == (tried.ci_low, tried.ci_high)
    assert found.power.verdict.judgement is Judgement.AT_TARGET
    assert found.power.trials == 10_000


def test_powers_of_different_designs_and_analyses_are_left_alone():
    search = size(252, 240, 264, analysis="log_rank", curve=(point(60, 90_000, 0.2),))
    found = reconcile(power_answer(), [search, sweep_answer()], 60)
    assert found.power.primary.power == 0.0376
    assert found.power.analyses[1].power == 0.2
    assert found.more[1].points[1] == sweep_answer().points[1]


def test_a_design_of_a_sweep_and_a_search_keeps_the_number_of_each():
    """What the search found at 120 patients with more trials stands in the search alone."""
    search = size(252, 240, 264, curve=(point(120, 20_000, 0.06),))
    swept, searched = reconcile(power_answer(), [sweep_answer(), search], 60).more
    assert swept.points[1] == sweep_answer().points[1]
    assert searched == search
