"""What a document assumes beside what the trials gave, and where the numbers of a plan are from."""

from dataclasses import replace

import pytest
from answers import analysis_power, by_arm, operations, performance, power_answer
from documents import VALUES, dossier, valued, words

from calibration.evidence import read_evidence
from simulator.report.document.justification import justification
from simulator.report.document.mortality import assumed_difference, assumed_mortality
from simulator.results.measures import Share

PE = "hazard.mortality_targets.PE"
OTHER = "hazard.mortality_targets.DPMAS+LPE"
RATE = "accrual.sites[0].randomised_per_month"


def given(*more, without=()):
    """The values of a scenario with some added, which come first, or left out."""
    keys = {entry.key for entry in more} | set(without)
    return (*more, *(entry for entry in VALUES if entry.key not in keys))


def with_mortality(first, second, values=VALUES):
    o = operations(mortality=by_arm(first, second, 0.001))
    return dossier(power_answer(operations=o), values=values)


def paragraph(power=None, **changes):
    return words(justification(dossier(power, **changes), "paragraph"))


def test_mortality_near_its_target_has_the_target_source():
    """44.6 is 0.4 points from 45."""
    assert "44.6% with PE (" in assumed_mortality(with_mortality(0.446, 0.42))


def test_mortality_that_departs_from_its_target_is_told_apart_from_it():
    """46.2 is 1.2 points from 45, which was borrowed; 46.2 was not."""
    made = with_mortality(0.462, 0.426)
    assert "46.2% with PE (45% is assumed if no session is late or missed; " in assumed_mortality(
        made
    )
    for length in ("page", "full"):
        text = words(justification(made, length))
        assert "; with PE 45% is assumed if no session is late or missed." in text


def test_source_of_a_hazard_ratio_is_told_as_of_the_ratio():
    values = given(
        valued("arms[1].modality", "DPMAS+LPE", ""),
        valued("modalities[0].name", "DPMAS+LPE", ""),
        valued("modalities[0].full_course_hazard_ratio", 0.595, "assumption: 0.85 against"),
        without=("hazard.effect.hazard_ratio",),
    )
    assert (
        "41.6% with DPMAS+LPE (assumed full-course hazard ratio 0.595: 0.85 against)"
        in assumed_mortality(with_mortality(0.449, 0.416, values))
    )


def test_source_that_repeats_the_mortality_is_an_assumption():
    ratio = valued("hazard.effect.hazard_ratio", 0.557, "assumption: mortality of 40 %; ln")
    found = assumed_mortality(with_mortality(0.45, 0.4, given(ratio)))
    assert found.endswith("40.0% with DPMAS+LPE (assumption)")


def test_targets_of_both_arms_are_told_as_typed():
    """Of 35 and 22 % the difference is 13; 34.9 and 22.2 are within 0.3 points of them."""
    both = given(valued(PE, 0.35, "registry"), valued(OTHER, 0.22, "assumption"))
    made = with_mortality(0.349, 0.222, both)
    assert assumed_mortality(made) == (
        "84-day mortality of 35% with PE (registry) and 22% with DPMAS+LPE (assumption)"
    )
    assert assumed_difference(made) == "13 percentage points"


def test_targets_that_the_trials_miss_have_beside_them_what_these_gave():
    """36.0 less 22.1 is 13.9."""
    both = given(valued(PE, 0.35, "registry"), valued(OTHER, 0.22, "assumption"))
    made = with_mortality(0.36, 0.221, both)
    assert "35% with PE (registry; 36.0% in the simulated trials)" in assumed_mortality(made)
    assert assumed_difference(made) == "13 percentage points (13.9 in the simulated trials)"


@pytest.mark.parametrize("length", ["page", "full"])
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("registry", "60 patients is the registered size (registry); it was not derived from a "
         "power calculation here."),
        ("", "Why 60 patients were chosen is left to the applicants."),
        ("derived: from a search", "The scenario gives as the source of 60 patients: “derived: "
         "from a search”."),
    ],
)  # fmt: skip
def test_it_is_said_where_the_planned_number_is_from(source, said, length):
    values = given(valued("trial.target_randomised", 60, source))
    assert said in words(justification(dossier(values=values), length))


def test_rate_that_was_derived_from_the_planned_date_says_so():
    said = "31 December 2024; the rate was set to meet that date."
    evidence = read_evidence()  # H02 is the planned date, H19 the number of patients
    values = given(valued(RATE, 2.32, "derived [H01, H02]: what the plan needs"))
    assert said in paragraph(values=values, evidence=evidence)
    for source in ("derived [H19]: 28 a year", "registry [H02]", "derived: by 2024-12-31", ""):
        values = given(valued(RATE, 2.32, source))
        assert said not in paragraph(values=values, evidence=evidence)


def test_date_to_come_is_no_retrospective_appraisal():
    planned = valued("trial.planned_completion_date", "2030-12-31", "registry")
    assert "retrospective" not in paragraph(values=given(planned))
    past = replace(planned, value="2024-12-31")
    assert "This is a retrospective appraisal." in paragraph(values=given(past))


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.999, "with more than 99% probability of completion"),
        (0.001, "with less than 1% probability of completion"),
        (0.8, "with an 80% probability of completion"),
        (0.18, "with an 18% probability of completion"),
    ],
)
def test_probability_has_the_article_that_it_is_read_with(share, said):
    o = operations(on_time=Share(share, share - 0.0005, share + 0.0005))
    assert said in paragraph(power_answer(operations=o))


def test_adequate_power_holds_if_its_assumptions_do():
    """Every input of the dossier is one; with a published one not all are."""
    power = power_answer(0.86, 0.853, 0.867)
    said = "adequately powered for this difference (conventional target 80%)"
    assert f"{said} if the assumptions hold." in paragraph(power)
    values = given(valued("hazard.effect.hazard_ratio", 0.85, "published: Xu 2023"))
    assert f"{said}." in paragraph(power, values=values)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        ("published: Xu 2023", "Neither of the two inputs defining the difference is an"),
        (None, "The input defining the difference is not an assumption."),
    ],
)
def test_inputs_without_an_assumption_are_counted_in_words(ratio, said):
    values = given(valued(PE, 0.45, "published: Xu 2023"))
    values = [entry for entry in values if entry.key != "hazard.effect.hazard_ratio"]
    more = [] if ratio is None else [valued("hazard.effect.hazard_ratio", 0.85, ratio)]
    assert said in paragraph(values=(*values, *more))


def test_share_with_an_error_of_points_is_in_whole_per_cent():
    """23.4 with an error of 2.2 is 23; with an error of 0.1 it is 23.4."""
    page = words(justification(dossier(), "page"))
    assert "type S error (an estimate of the wrong sign) is 23% and" in page
    sharp = analysis_power(performance=performance(sign_error_mcse=0.001))
    page = words(justification(dossier(power_answer(analyses=(sharp,))), "page"))
    assert "is 23.4% and" in page


def test_loss_by_another_day_than_the_last_names_it():
    day = valued("exits.loss.by_day", 90, "assumption")
    assert "loss to follow-up (5% by day 90 if nobody died)." in paragraph(values=given(day))
