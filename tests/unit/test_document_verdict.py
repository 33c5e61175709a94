"""Words of a document that follow its power: verdict, target, effect, what it would need."""

import re
from dataclasses import replace

import pytest
from answers import (
    FISHER,
    analysis_power,
    conditional_power,
    curve_point,
    performance,
    power_answer,
    size_answer,
    sweep_answer,
)
from documents import LENGTHS, dossier, searched, words

from simulator.report.document.justification import justification
from simulator.results.measures import (
    BelowLevel,
    Estimate,
    LowReason,
    NullHypothesis,
    Scale,
)
from simulator.results.power import Effect, EffectKind


def test_a_conditional_estimate_is_told_with_its_method_beside_the_counts():
    first = analysis_power(conditional=conditional_power())
    said = words(justification(dossier(power=power_answer(analyses=(first,))), "full"))
    assert "By conditional expectation" in said
    assert "as exact as the counts of 9 times the trials" in said
    assert "serves as a control variate" in said
    assert "By conditional expectation" not in words(justification(dossier(), "full"))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.78, 0.7999999, "not powered"),
        (0.77, 0.80, "inconclusive"),
        (0.7999999, 0.83, "inconclusive"),
        (0.78, 0.80, "powered at"),
        (0.7999999, 0.82, "powered at"),
        (0.80, 0.82, "adequately powered"),
    ],
)
def test_power_is_read_by_the_limits_of_its_interval(low, high, said):
    text = words(justification(dossier(power_answer(0.8, low, high)), "paragraph"))
    judgements = ("not powered", "inconclusive", "powered at", "adequately powered")
    assert [word for word in judgements if word in text] == [said]


@pytest.mark.parametrize("length", LENGTHS)
def test_underpowered_trial_is_told_what_it_could_detect_and_what_it_would_need(length):
    text = words(justification(dossier(), length))
    assert (
        "The trial is therefore not powered for this difference (conventional target 80%): with 30 "
        "patients per arm fully followed up, 80% power requires a reduction of the outcome from "
        "44.9% to 12.0% (32.9 percentage points). The standard formula indicates about 7,100 "
        "patients for 80% power (Monte Carlo standard error 460)." in text
    )
    assert "adequate" not in text


@pytest.mark.parametrize("length", LENGTHS)
def test_size_found_by_simulation_goes_before_formulas(length):
    text = words(justification(searched(), length))
    assert (
        "By simulation 80% power requires 7,040 patients (95% confidence interval 6,950-7,130) and "
        "about 7,100 by standard formulas (Monte Carlo standard error 460); the 60 planned are "
        "fewer." in text
    )


@pytest.mark.parametrize("length", LENGTHS)
def test_adequate_power_is_not_called_underpowered(length):
    text = words(justification(dossier(power_answer(0.81, 0.80, 0.82)), length))
    assert "The trial is therefore adequately powered for this difference" in text
    assert "not powered" not in text
    assert "requires a reduction" not in text


@pytest.mark.parametrize("length", LENGTHS)
def test_power_close_about_eighty_percent_is_at_the_target(length):
    text = words(justification(dossier(power_answer(0.8, 0.79, 0.81)), length))
    assert (
        "The trial is therefore powered at the conventional target of 80% for this difference, to "
        "within the Monte Carlo error" in text
    )
    assert "not powered" not in text
    assert "inconclusive" not in text


@pytest.mark.parametrize("length", LENGTHS)
def test_power_wide_about_eighty_percent_is_inconclusive(length):
    text = words(justification(dossier(power_answer(0.8, 0.77, 0.83)), length))
    assert (
        "Whether the trial reaches the conventional target of 80% for this difference is "
        "inconclusive: the interval contains it" in text
    )
    assert "not powered" not in text
    assert "adequate" not in text


def test_target_that_the_user_names_is_not_called_conventional():
    text = words(justification(dossier(power_answer(0.81, 0.80, 0.82, target=0.9)), "page"))
    assert "not powered for this difference (target 90%)" in text
    assert "conventional" not in text


@pytest.mark.parametrize("null", [NullHypothesis.STRONG, NullHypothesis.MORTALITY])
@pytest.mark.parametrize("length", LENGTHS)
def test_run_without_an_effect_claims_no_power(null, length):
    given = {"sweeps": (sweep_answer(null),), "sizes": (size_answer(),)}
    text = words(justification(dossier(power_answer(null=null), **given), length))
    text = text.partition("Appendix: reporting checklists")[0]  # whose items name what is asked for
    claims = [s for s in re.split(r"(?<=[.!?]) ", text) if "power" in s.lower()]
    # A checklist names the run that would have a power.
    denied = "neither a power", "which has the power"
    assert all(any(words in claim for words in denied) for claim in claims)
    assert "target difference" in text
    assert "7,100" not in text


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.0501, 0.06, "exceeds"), (0.04, 0.05, "is within"), (0.05, 0.0501, "is compatible with")],
)
def test_type_i_error_is_held_against_its_level(low, high, said):
    power = power_answer(0.05, low, high, NullHypothesis.STRONG)
    text = words(justification(dossier(power), "paragraph"))
    assert f"{said} the nominal level of 5%" in text


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Effect(EffectKind.DIRECT, hazard_ratio=0.85),
         "The assumed effect is a hazard ratio of 0.85 for DPMAS+LPE against PE."),
        (Effect(EffectKind.DIRECT, 0.85, delay_days=7.0, waning_half_life_days=30.0),
         "0.85 for DPMAS+LPE against PE from day 7, waning with a half-life of 30 d."),
        (Effect(EffectKind.BY_SESSION, full_course_hazard_ratios={"PE": 0.5, "LPE": 0.4567},
                combined_with_labs=True),
         "accrue with each session delivered (hazard ratio of a full course against none: PE 0.5, "
         "LPE 0.457; and, on purpose a second time, through what sessions do to MELD)."),
        (Effect(EffectKind.BY_LABS, implied_hazard_ratio=Estimate(0.81234, 0.00123)),
         "act only through what sessions do to MELD, which implies a hazard ratio of 0.812 ± "
         "0.001 of DPMAS+LPE against PE, every session on time."),
    ],
)  # fmt: skip
def test_effect_is_told_by_its_kind(effect, said):
    assert said in words(justification(dossier(power_answer(effect=effect)), "page"))


@pytest.mark.parametrize(
    ("scale", "truth", "said"),
    [
        (Scale.PROPORTION, -0.0324, "is \N{MINUS SIGN}3.2 percentage points (Monte Carlo standard "
         "error 0.2)"),
        (Scale.LOG_RATIO, -0.1, "is \N{MINUS SIGN}0.100 (Monte Carlo standard error 0.002; as a "
         "ratio 0.905)"),
        (Scale.DAYS, 3.0, "is 3.00 days (Monte Carlo standard error 0.002)"),
    ],
)  # fmt: skip
def test_true_value_has_the_unit_of_its_scale(scale, truth, said):
    first = analysis_power(scale=scale, performance=performance(truth=truth))
    text = words(justification(dossier(power_answer(analyses=(first,))), "full"))
    assert f"The true value of the estimand, the difference in 84-day mortality, {said}." in text


def test_trials_that_are_not_analysable_are_counted_with_their_reasons():
    first = analysis_power(FISHER, not_analysable=25, reasons={"nobody died": 25})
    text = words(justification(dossier(power_answer(analyses=(first,))), "full"))
    assert "Of 10,000 trials 25 (0.2%; nobody died: 25) are not analysable" in text


@pytest.mark.parametrize("length", ["paragraph", "page", "full"])
def test_trials_that_are_not_analysable_are_told_at_every_length(length):
    first = analysis_power(FISHER, not_analysable=7_400, reasons={"nobody died": 7_400})
    text = words(justification(dossier(power_answer(analyses=(first,))), length))
    assert "Of 10,000 trials 7,400 (74.0%; nobody died: 7,400) are not analysable" in text


@pytest.mark.parametrize("length", LENGTHS)
def test_effect_that_never_acts_is_called_none_with_its_reason(length):
    late = Effect(EffectKind.DIRECT, 0.85, delay_days=90.0, acts=False)
    power = power_answer(0.05, 0.046, 0.054, NullHypothesis.STRONG, effect=late)
    text = words(justification(dossier(power), length))
    assert "from day 90, after the end of follow-up: within it there is none." in text
    assert "Rejections are therefore the type I error" in text
    assert "Under the strong null hypothesis" not in text
    assert "not powered" not in text


@pytest.mark.parametrize(
    ("planned", "said"),
    [(200, "the 200 planned are fewer"), (320, "the 320 planned are more")],
)
@pytest.mark.parametrize("length", LENGTHS)
def test_search_is_told_of_beside_a_power_that_is_adequate(length, planned, said):
    """252 patients needed, 200 or 320 planned: the search is no secret of the underpowered."""
    found = size_answer(answer=replace(size_answer().answer, value=252.0, low=240.0, high=264.0))
    text = words(justification(searched(power_answer(0.83, 0.82, 0.84), found, planned), length))
    assert "The trial is therefore adequately powered" in text
    assert "requires 252 patients (95% confidence interval 240-264)" in text
    assert said in text


@pytest.mark.parametrize("length", LENGTHS)
def test_search_for_ninety_percent_makes_ninety_the_target_of_the_document(length):
    found = size_answer(target_power=0.9)
    text = words(justification(searched(power_answer(0.83, 0.82, 0.84), found), length))
    assert "not powered for this difference (target 90%)" in text
    assert "conventional" not in text


def test_power_is_quoted_from_the_run_with_the_most_trials_and_the_table_says_so():
    point = curve_point(60.0, 60.0, 40_000, 1_720)
    text = words(justification(searched(found=size_answer(curve=(point,))), "full"))
    assert "provide 4.3% power (Monte Carlo 95% CI 4.1-4.5%; 40,000 simulated" in text
    assert "is quoted from the run of size, which has more trials of the same design" in text
    assert "3.8%" not in text


def test_conservative_test_explains_a_power_below_the_level():
    power = power_answer()
    low = BelowLevel(LowReason.CONSERVATIVE, 0.0268)
    power = replace(power, verdict=replace(power.verdict, below_level=low))
    text = words(justification(dossier(power), "paragraph"))
    assert (
        "Power is below the level of 5% because Fisher's exact test is conservative (type I error "
        "2.7% with 30 v 30 fully followed up)." in text
    )


def test_range_of_formulas_carries_its_error():
    text = words(justification(dossier(), "paragraph"))
    assert "about 7,100 patients for 80% power (Monte Carlo standard error 460)" in text
