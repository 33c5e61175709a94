"""What a run of a trial that adapts tells: parts agree with one another, and words with them."""

import dataclasses

import pytest
from documents import dossier

import simulator
from simulator.report.document.adaptation import (
    adaptation_for_committee,
    adaptation_sentences,
    adaptation_tables,
)
from simulator.report.document.blocks import Paragraph, Table
from simulator.report.document.committee import committee_blocks
from simulator.report.document.looks import interim_sentence, look_blocks
from simulator.report.text.numbers import percent
from simulator.report.text.page import as_text
from simulator.report.text.power_adaptation import adaptation_in_short, rule_in_words
from simulator.report.text.power_looks import looks_in_short, looks_section
from simulator.report.text.power_screen import power_screen

TRIALS = 200
SOLVED = {  # a baseline that need not be solved for
    "hazard.mortality_targets": None,
    "hazard.baseline.mortality_at_horizon": 0.5,
}
BLINDED = {
    "monitoring.efficacy": None,
    "monitoring.futility": None,
    "monitoring.blinded_reestimation": {
        "difference": 0.35,
        "least_randomised": 40,
        "most_randomised": 64,
    },
    "monitoring.slow_recruitment": {"day": 400, "fewer_than": 25, "then": "analyse"},
}
ZONE = {
    "monitoring.futility": None,
    "monitoring.promising_zone": {"from_conditional_power": 0.2, "most_randomised": 90},
}


def answer_of(changes):
    study = simulator.load("nct05484908-looks").with_values(SOLVED | changes)
    return study.power(TRIALS, jobs=1)


@pytest.fixture(scope="module")
def blinded():
    return answer_of(BLINDED)


@pytest.fixture(scope="module")
def zone():
    return answer_of(ZONE)


@pytest.mark.parametrize("name", ["blinded", "zone"])
def test_groups_are_all_trials_and_all_rejections(name, request):
    answer = request.getfixturevalue(name)
    groups = answer.looks.reestimation.groups
    assert sum(group.share.mean for group in groups) == pytest.approx(1)
    rejected = sum(group.share.mean * group.power.mean for group in groups if group.power)
    assert rejected == pytest.approx(answer.looks.power.with_looks.mean)
    mean = sum(group.share.mean * group.mean_target for group in groups if group.mean_target)
    assert mean == pytest.approx(answer.looks.reestimation.target.mean)


def test_quantiles_of_the_target_are_within_its_range_and_climb(blinded):
    found = blinded.looks.reestimation
    order = [
        *(found.target_min, found.target_p10, found.target_median, found.target_p90),
        found.target_max,
    ]
    assert order == sorted(order)
    assert found.least <= order[0] < found.planned < order[-1] <= found.most
    assert found.at_most.mean > 0
    assert 0.3 < found.decided_by.mean < 0.6  # mortality is near .45


def test_trials_that_reach_their_last_target_are_those_not_closed(blinded):
    """Recruitment lasts long enough for all others: a target is reached or the trial is slow."""
    assert blinded.operations.target_reached.mean == pytest.approx(
        1 - blinded.looks.slow_recruitment.closed.mean, abs=0.02
    )


def test_a_promising_trial_alone_has_a_higher_target(zone):
    found = zone.looks.reestimation
    by_name = {group.name: group for group in found.groups}
    assert list(by_name) == ["unfavourable", "promising", "favourable", "not asked"]
    assert by_name["unfavourable"].mean_target == 60
    assert by_name["promising"].mean_target > 60
    assert found.final_test == "cui_hung_wang"
    assert found.least_promising is None
    assert zone.looks.looks[-1].smallest_effect is None


@pytest.mark.parametrize("name", ["blinded", "zone"])
def test_it_travels_as_json(name, request):
    answer = request.getfixturevalue(name)
    assert type(answer).from_dict(answer.to_dict()).looks == answer.looks


def test_words_hold_the_numbers(blinded):
    found = blinded.looks
    target = found.reestimation
    assert "difference of 0.35" in rule_in_words(target)
    assert "within 40 to 64 patients (60 planned)" in rule_in_words(target)
    assert f"{target.target_p10} to {target.target_p90}" in adaptation_in_short(found)
    assert adaptation_in_short(found) not in looks_in_short(found)
    assert f"{target.most} in {percent(target.at_most)}" in adaptation_in_short(found)
    closed = percent(found.slow_recruitment.closed)
    assert f"{closed} close for slow recruitment" in adaptation_in_short(found)
    assert any("Recruitment closes with fewer than 25" in str(b) for b in looks_section(blinded))


@pytest.mark.parametrize("name", ["blinded", "zone"])
def test_the_document_has_a_row_for_each_group(name, request):
    answer = request.getfixturevalue(name)
    (table,) = adaptation_tables(answer.looks)
    assert table in look_blocks(answer)
    assert len(table.rows) == 4
    assert all(len(row) == len(table.header) for row in table.rows)
    words = " ".join(adaptation_sentences(answer.looks))
    assert ("blinded" in words) == (name == "blinded")
    assert ("Cui, Hung and Wang" in words) == (name == "zone")
    assert ("because it is slow" in words) == (name == "blinded")
    clause = "re-estimated blinded" if name == "blinded" else "re-estimated in the promising zone"
    assert clause in interim_sentence(answer)


@pytest.mark.parametrize("name", ["blinded", "zone"])
def test_the_committee_is_told_what_it_has_to_do_with_the_number(name, request):
    """A page for a committee that is silent on the number leaves the trial's one decision out."""
    found = request.getfixturevalue(name).looks
    page = " ".join(
        b.text
        for b in committee_blocks(dossier(request.getfixturevalue(name)))
        if isinstance(b, Paragraph)
    )
    words = " ".join(adaptation_for_committee(found))
    assert words in page
    assert ("unblinds nobody" in words) == (name == "blinded")
    assert ("work out the estimate" in words) == (name == "zone")
    assert ("With fewer than 25 patients" in words) == (name == "blinded")
    if name == "zone":
        assert "from 20% to below 80%" in words
        assert "at most 90; elsewhere the 60 planned" in words


@pytest.mark.parametrize("name", ["blinded", "zone"])
def test_nothing_is_told_of_a_rule_for_futility_that_there_is_not(name, request):
    answer = request.getfixturevalue(name)
    assert answer.looks.futility is None
    told = " ".join(str(getattr(b, "text", "")) for b in look_blocks(answer))
    assert "futility" not in told
    for table in [b for b in look_blocks(answer) if isinstance(b, Table)]:
        assert not any("utility" in head for head in table.header)
        assert "utility" not in table.note
        assert all(len(row) == len(table.header) for row in table.rows)


@pytest.mark.parametrize("name", ["blinded", "zone"])
def test_no_level_is_enumerated_of_sizes_that_follow_from_outcomes(name, request):
    """The tables of a mean size are not those of a trial whose size its deaths decide."""
    assert request.getfixturevalue(name).looks.attained is None


def test_a_target_that_most_trials_keep_is_no_range(zone):
    found = zone.looks.reestimation
    assert found.target_p10 == 60
    for high, words in ((60, "and 60 in the middle"), (90, "and between 60 and 90 in the middle")):
        looks = dataclasses.replace(
            zone.looks, reestimation=dataclasses.replace(found, target_p90=high)
        )
        assert words in " ".join(adaptation_sentences(looks))


def test_the_highest_number_stands_in_the_paragraph(zone):
    assert "re-estimated in the promising zone, up to 90;" in interim_sentence(zone)


@pytest.mark.parametrize("name", ["blinded", "zone"])
def test_a_screen_tells_all_of_what_changes(name, request):
    """What stood at the end of another line was cut from it."""
    answer = request.getfixturevalue(name)
    lines = as_text(power_screen(answer, 100), 100)
    assert adaptation_in_short(answer.looks) in " ".join(lines.split())


def test_a_trial_that_does_not_adapt_tells_of_nothing():
    answer = answer_of({})
    assert answer.looks.reestimation is answer.looks.slow_recruitment is None
    assert adaptation_sentences(answer.looks) == adaptation_tables(answer.looks) == []
    assert adaptation_for_committee(answer.looks) == []
    assert answer.looks.attained is not None
    assert adaptation_in_short(answer.looks) == ""


def test_why_the_end_has_no_smallest_effect_is_said(zone, blinded):
    for answer, weighted in ((zone, True), (blinded, False)):
        notes = [b.note for b in committee_blocks(dossier(answer)) if isinstance(b, Table)]
        assert any("with planned weights no estimate alone" in note for note in notes) == weighted


def test_a_weighted_final_statistic_has_no_smallest_effect(zone):
    """Its few trials at which the zone was not judged do not stand for the others."""
    before, final = zone.looks.looks
    assert before.smallest_effect.mean < -0.25
    assert final.is_final
    assert final.smallest_effect is None
    assert final.boundary_z is not None
