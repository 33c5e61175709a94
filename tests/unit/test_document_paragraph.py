"""The paragraph for a form's box: what a funding panel looks for, for every kind of outcome."""

import math
from dataclasses import replace

import pytest
from answers import (
    ARMS,
    LOG_RANK,
    analysis_power,
    by_arm,
    closed_form,
    closed_forms,
    detectable_difference,
    operations,
    performance,
    power_answer,
    sweep_answer,
)
from documents import VALUES, dossier, searched, valued, words

from simulator.report.document.arm_words import the_arm, with_arm
from simulator.report.document.justification import justification
from simulator.report.document.sources import source_in_brackets
from simulator.results.closed_forms import Contrast, DetectableBy, Formula
from simulator.results.measures import Estimate, NullHypothesis, Scale, Share
from simulator.results.power import EffectKind, FamilyPower
from simulator.results.reconciled import Recruitable

FIVE_YEARS = Recruitable(138.2, 0.3, 1825.0, 2.32, at_full_rate=True)


def paragraph(power=None, **changes):
    return words(justification(dossier(power, **changes), "paragraph"))


def test_it_says_what_is_compared_how_and_what_becomes_of_the_lost():
    assert paragraph().startswith(
        "The primary outcome is death by day 84, compared between DPMAS+LPE and PE in all "
        "randomised patients (1:1) using Fisher's exact test (two-sided "
        "\N{GREEK SMALL LETTER ALPHA} = 5%); patients lost to follow-up before day 84 are excluded."
    )


def test_each_proportion_stands_with_its_source():
    """44.9 less 41.6 is 3.3. The control arm has a target; the other arm a hazard ratio."""
    assert (
        "Assuming 84-day mortality of 44.9% with PE (*borrowed* [0.3]) and 41.6% with "
        "DPMAS+LPE (assumption), an absolute difference of 3.3 percentage points" in paragraph()
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "assumption"),
        ("the usual rate", "assumption"),
        ("assumption", "assumption"),
        ("assumption: from HBV-related ACLF (30 to 65 %)", "assumption: from HBV-related ACLF, "
         "30 to 65%"),
        ("derived, Xu 2023; consequence is an assumption", "derived: Xu 2023, in part an "
         "assumption"),
    ],
)  # fmt: skip
def test_a_source_is_shortened_and_an_assumption_stays_one(source, said):
    assert source_in_brackets(valued("a.b", 0.4, source)) == said


def test_a_long_source_ends_at_a_word():
    found = source_in_brackets(valued("a.b", 0.4, "published: " + "words " * 40))
    assert len(found) <= 92
    assert found.endswith("words \N{HORIZONTAL ELLIPSIS}")


def test_power_has_its_interval_its_trials_and_loss():
    """1.045 of 29.994 and 1.091 of 30.006 patients: 3.5 and 3.6 % are lost."""
    assert (
        "60 patients (30 per arm) provide 3.8% power (Monte Carlo 95% CI 3.4-4.2%; 10,000 "
        "simulated trials, trialsim 0.1.0, seed 7), allowing for 3.5-3.6% loss to "
        "follow-up (5% if nobody died)." in paragraph()
    )


def test_nobody_lost_is_said():
    o = operations(lost=by_arm(0.0, mcse=0.0))
    assert "with no loss to follow-up assumed" in paragraph(power_answer(operations=o))


def test_patients_needed_stand_beside_those_who_can_be_recruited():
    assert (
        "The standard formula indicates about 7,100 patients for 80% power (Monte Carlo standard "
        "error 460), whereas about 138 could be recruited in five years at 2.32 per month."
        in paragraph(recruitable=FIVE_YEARS)
    )
    many = replace(FIVE_YEARS, patients=9000.0, days=800.0, at_full_rate=False)
    assert (
        "(Monte Carlo standard error 460); about 9,000 could be recruited in 26 months at up to "
        "2.32 per month." in paragraph(recruitable=many)
    )


def test_where_no_formula_applies_it_is_said_beside_who_can_be_recruited():
    none = replace(closed_forms(contrast=Contrast.NO_FORMULA), needed=())
    none = replace(none, test_name="the MaxCombo test")
    assert (
        "No standard formula applies to the MaxCombo test; about 138 could be recruited in five "
        "years at 2.32 per month." in paragraph(closed_forms=none, recruitable=FIVE_YEARS)
    )


def test_a_size_found_by_simulation_stands_beside_who_can_be_recruited():
    text = words(justification(searched(recruitable=FIVE_YEARS), "paragraph"))
    assert "the 60 planned are fewer, whereas about 138 could be recruited" in text


def test_formulas_for_events_give_a_range_and_the_detectable_hazard_ratio():
    forms = closed_forms(
        closed_form(Formula.SCHOENFELD, 188.07, events=91.96),
        closed_form(Formula.FREEDMAN, 198.2, events=96.9),
        exact_inputs=True,
    )
    found = detectable_difference(
        by=DetectableBy.SCHOENFELD, hazard_ratio=0.5, events=40.0, control=0.6, experimental=0.368
    )
    text = paragraph(closed_forms=forms, detectable=found)
    assert "requires a hazard ratio of 0.5, a reduction from 60.0% to 36.8% (23.2 perc" in text
    assert "Standard formulas indicate about 189-199 patients for 80% power (92-97 events)." in text


def test_how_many_inputs_are_assumptions_is_said():
    """Of a target with an assumption and a ratio without a source both are."""
    assert "Both inputs defining the difference are assumptions." in paragraph()
    three = (*VALUES, valued("hazard.effect.delay_days", 3, "published: Xu 2023"))
    text = paragraph(values=three)
    assert "Two of the three inputs defining the difference are assumptions." in text


def test_time_is_in_months_with_its_range_and_the_probability_of_the_date():
    """The document is of 2026: what it says of a date in 2024 looks back."""
    assert paragraph().endswith(
        "Recruitment is expected to take 26 months (90% range 21-32), with a 51% probability of "
        "completion by 31 December 2024. This is a retrospective appraisal."
    )


def test_recruitment_that_is_the_limit_is_told_with_who_is_recruited():
    o = operations(target_reached=Share(0.0, 0.0, 0.001), randomised=Estimate(41.3, 0.1))
    text = paragraph(power_answer(operations=o))
    assert "60 patients (30 per arm) planned, of whom 41.3 are recruited on average," in text
    assert (
        "goes on to its limit, 26 months, without reaching 60: 41.3 patients are recruited" in text
    )


def test_arms_named_for_their_role_are_arms():
    assert (the_arm("control"), with_arm("control")) == ("the control arm", "in the control arm")
    assert (the_arm("PE"), with_arm("PE")) == ("PE", "with PE")


@pytest.mark.parametrize(
    ("scale", "truth", "said"),
    [
        (Scale.DAYS, 3.27, "and 3.27 days in the outcome itself (difference in 84-day mortality)"),
        (Scale.MELD_POINTS, -0.24, "and \N{MINUS SIGN}0.240 points of MELD in the outcome itself"),
        (Scale.PROBABILITY, 0.03, "and 0.030 in the outcome itself"),
    ],
)
def test_an_outcome_that_is_no_proportion_has_its_difference_in_its_unit(scale, truth, said):
    first = analysis_power(scale=scale, performance=performance(truth=truth, truth_mcse=0.002))
    text = paragraph(power_answer(analyses=(first,)))
    assert said in text


def test_a_log_rank_test_of_an_effect_by_session_has_its_average_hazard_ratio():
    """exp(-0.1) is 0.905."""
    first = analysis_power(LOG_RANK, scale=Scale.LOG_RATIO, performance=performance(truth=-0.1))
    effect = replace(power_answer().effect, kind=EffectKind.BY_SESSION)
    text = paragraph(power_answer(analyses=(first,), effect=effect))
    assert "and an average hazard ratio of 0.905," in text


def test_a_composite_outcome_has_its_own_proportions_beside_mortality():
    forms = closed_forms(control=0.456, experimental=0.423)
    text = paragraph(closed_forms=forms)
    assert "3.3 percentage points (45.6% v 42.3% for the composite outcome) and" in text


def test_analyses_judged_together_have_the_power_of_the_family():
    half = Estimate(0.06, 0.002)
    by_name = {"fisher": half, "log_rank": half}
    family = FamilyPower("main", "hochberg", 0.05, by_name, Estimate(0.07, 0.002), half, 10_000, 0)
    assert (
        "Of two hypotheses judged together (Hochberg procedure, 5%), at least one is rejected in "
        "7.0% of trials and all in 6.0%." in paragraph(power_answer(multiplicity=(family,)))
    )


def test_a_sweep_tells_what_another_assumption_would_give():
    plan, more = sweep_answer().points
    (a,) = more.analyses
    key = "hazard.effect.hazard_ratio"
    points = tuple(
        replace(more, values={key: value}, analyses=(replace(a, power=power),))
        for value, power in ((0.6, 0.9), (1.0, 0.05))
    )
    own = replace(plan, values={key: 0.85})
    sweep = sweep_answer(keys=(key,), base={key: 0.85}, points=(points[1], own, points[0]))
    assert (
        "With the hazard ratio between the arms at 0.6 instead of 0.85, power would be 90.0%; at "
        "1, 5.0%." in paragraph(sweeps=(sweep,))
    )


@pytest.mark.parametrize("null", [NullHypothesis.STRONG, NullHypothesis.MORTALITY])
def test_without_an_effect_nothing_is_called_power_or_assumed(null):
    text = paragraph(power_answer(0.05, 0.046, 0.054, null))
    assert "Assuming" not in text
    assert "provide" not in text
    assert "could be recruited" not in paragraph(
        power_answer(0.05, 0.046, 0.054, null), recruitable=FIVE_YEARS
    )


def test_an_arm_without_patients_has_no_difference():
    nobody = {ARMS[0]: Estimate(math.nan, math.nan), ARMS[1]: Estimate(0.4, 0.01)}
    text = paragraph(power_answer(operations=operations(mortality=nobody)))
    assert "percentage points, 60" not in text
