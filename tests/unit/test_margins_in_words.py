"""A margin is told with the unit of its scale, and a verdict says that it is of that margin."""

from dataclasses import replace

import pytest
from answers import FISHER, analysis_power, power_answer
from documents import dossier, valued

from simulator.analysis import AnalysisPlan
from simulator.declarations.analyses import ANALYSES
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.declarations.estimands import tests_of as names_of
from simulator.declarations.margins import to_be_shown, told_apart
from simulator.report.document.inputs import effect_status
from simulator.report.document.limits import limit_blocks
from simulator.report.document.outcome import difference_blocks
from simulator.report.document.power import judgement_clause, power_sentence
from simulator.results.measures import Scale
from simulator.results.power import ToBeShown


@pytest.mark.parametrize(
    ("scale", "margin", "shown"),
    [
        (Scale.PROPORTION, 0.15, "15 percentage points"),
        (Scale.PROPORTION, 0.07, "7 percentage points"),  # 100 times .07 is 7.000000000000001
        (Scale.DAYS, -9.0, "-9 days"),
        (Scale.MELD_POINTS, 4.0, "4 points"),
        (Scale.LOG_RATIO, 1.53, "1.53"),
    ],
)
def test_a_margin_has_the_unit_of_its_scale(scale, margin, shown):
    side = "greater" if margin < 0 else "less"
    asked = Hypothesis(side, margin)
    assert told_apart(asked, scale) == f"margin {shown}"
    word = "above" if margin < 0 else "below"
    assert to_be_shown(asked, "effect", scale) == f"non-inferiority: effect {word} {shown}"


def test_two_margins_share_their_unit():
    asked = Hypothesis(equivalence=(-0.1, 0.1))
    assert told_apart(asked, Scale.PROPORTION) == "equivalence between -10 and 10 percentage points"


def test_without_a_margin_nothing_is_told_of_one():
    assert told_apart(Hypothesis(), Scale.PROPORTION) == ""
    assert to_be_shown(Hypothesis(), "effect", Scale.PROPORTION) == ""
    assert "one-sided" in told_apart(Hypothesis("less"), Scale.PROPORTION)
    assert "superiority" in to_be_shown(Hypothesis("less"), "effect", Scale.PROPORTION)


def test_an_exact_test_with_a_margin_is_chans_and_without_one_suissa_and_shusters():
    """Chan (1998) ordered tables by the z at the margin; Suissa and Shuster (1985) have none."""
    declared = ANALYSES["z_pooled"]
    assert declared.named_for(has_margin=True).full_name == "Chan's unconditional exact test"
    assert declared.named_for(has_margin=True).short_name == "Chan"
    assert "Suissa" in declared.named_for(has_margin=False).full_name
    plan = AnalysisPlan(
        *("exact", "z_pooled", 0.025, "randomised", "event", "ignored", "ignored", "excluded"),
        options={},
        hypothesis=Hypothesis("less", 0.15),
    )
    (told,) = names_of((plan,))
    assert told.full == "Chan's unconditional exact test, margin 15 percentage points"


NON_INFERIOR = ToBeShown("less", 0.15)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (ToBeShown(), "not powered for this difference ("),
        (NON_INFERIOR, "not powered for non-inferiority with this margin ("),
        (ToBeShown(equivalence=(-0.1, 0.1)), "not powered for equivalence within these margins ("),
    ],
)
def test_a_verdict_is_of_what_is_to_be_shown(asked, said):
    answer = power_answer(analyses=(analysis_power(FISHER, hypothesis=asked),))
    assert said in judgement_clause(answer)


@pytest.mark.parametrize("asked", [ToBeShown(), NON_INFERIOR])
def test_power_counts_either_arm_only_where_both_sides_are_asked_for(asked):
    answer = power_answer(analyses=(analysis_power(FISHER, hypothesis=asked),))
    text = " ".join(getattr(b, "text", "") for b in limit_blocks(dossier(answer)))
    assert ("in favour of either arm" in text) == (asked is not NON_INFERIOR)
    assert ("trials that show what was asked" in text) == (asked is NON_INFERIOR)


@pytest.mark.parametrize("assumed", [True, False])
def test_a_margin_that_is_assumed_is_called_so(assumed):
    answer = power_answer(analyses=(analysis_power(FISHER, hypothesis=NON_INFERIOR),))
    source = "assumption: a third" if assumed else "published: Smith 2020"
    page = dossier(answer, values=(valued("analyses[0].margin", 0.15, source),))
    assert ("The margin is an assumption" in effect_status(page)) == assumed


def test_a_name_with_a_margin_is_closed_before_its_sentence_goes_on():
    margin = replace(FISHER, name="the interval, margin 15 percentage points")
    answer = power_answer(analyses=(analysis_power(margin, hypothesis=NON_INFERIOR),))
    assert "of the interval, margin 15 percentage points, is " in power_sentence(dossier(answer))
    assert "of Fisher's exact test is " in power_sentence(dossier(power_answer()))


def test_the_table_of_sources_is_not_said_to_have_the_margin():
    answer = power_answer(analyses=(analysis_power(FISHER, hypothesis=NON_INFERIOR),))
    values = (
        valued("analyses[0].margin", 0.15, "assumption: a third"),
        valued("hazard.effect.hazard_ratio", 0.7, "assumption"),
    )
    text = " ".join(b.text for b in difference_blocks(dossier(answer, values=values)))
    assert "is an assumption. [#assumed-effect] has each with its source." in text
    assert "The margin is an assumption too. The scenario records no judgement" in text
