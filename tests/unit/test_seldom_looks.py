"""A look that most trials do not come to is told, with how often it is taken."""

import pytest
from scipy import stats

import simulator
from simulator.report.document.blocks import Paragraph
from simulator.report.document.looks import look_blocks
from simulator.report.text.power_looks import looks_in_short, looks_section
from simulator.results.power import Power

TRIALS = 600
SELDOM = """\
extends: two-arm-survival
name: seldom
title: sixty patients of whom each dies with probability one half
hazard: {baseline: {mortality_at_horizon: 0.5}, effect: {hazard_ratio: 1.0}}
exits: {loss: {net_probability: 0}}
monitoring:
  max_information: 40
  looks: [{at: {deaths: 24}}, {at: {deaths: 35}}]
  futility: {rule: z(0)}
"""


def answer(folder, text=SELDOM, trials=TRIALS):
    (folder / "seldom.yaml").write_text(text)
    return simulator.load(folder / "seldom.yaml").power(trials, jobs=1)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return answer(tmp_path_factory.mktemp("seldom"))


def test_a_look_that_seldom_comes_is_told_with_its_share(found):
    """Deaths are binomial, so that it is known how often the number comes."""
    first, second, _ = found.looks.looks
    (one,) = found.looks.seldom_taken
    assert (one.look, one.moment) == (2, "35 deaths")
    stopped = first.futility.mean + sum(share.mean for share in first.in_favour_of.values())
    assert one.going_on == round(TRIALS * (1 - stopped))
    assert one.share.mean * one.going_on == pytest.approx(second.taken.mean * TRIALS)
    assert one.share.ci_low < one.share.mean < one.share.ci_high < 0.5
    # Who has the better of 24 deaths says nothing of how many die, without an effect.
    comes = stats.binom.sf(34, 60, 0.5) / stats.binom.sf(23, 60, 0.5)
    reach_first = stats.binom.sf(23, 60, 0.5)
    half = 0.5 * reach_first
    going_on = half + 1 - reach_first
    assert one.share.mean == pytest.approx(comes * half / going_on, abs=4 * one.mcse)


def test_it_is_said_on_the_screen_in_the_text_the_document_and_the_json(found):
    (one,) = found.looks.seldom_taken
    share = f"{one.share.mean:.1%}"
    assert f", look 2 seldom taken: {share}; " in looks_in_short(found.looks)
    (line,) = [b for b in looks_section(found) if isinstance(b, str) and "SELDOM" in b]
    assert f"LOOK 2 IS SELDOM TAKEN: of the {one.going_on:,} trials" in line
    assert f"{share} (95 % interval {one.share.ci_low:.1%} to" in line
    assert f"MCSE {one.mcse:.1%}" in line
    paragraphs = [b.text for b in look_blocks(found) if isinstance(b, Paragraph)]
    (said,) = [text for text in paragraphs if "seldom" in text]
    assert "Interim analysis 2, at 35 deaths, is seldom taken" in said
    assert f"of the {one.going_on:,} simulated trials" in said
    (told,) = found.to_dict()["looks"]["seldom_taken"]
    assert told["look"] == 2
    assert told["share"]["ci_high"] == one.share.ci_high
    assert Power.from_dict(found.to_dict()).looks.seldom_taken == (one,)


@pytest.mark.parametrize(
    "change",
    [
        ("deaths: 35", "deaths: 26"),  # comes to most trials that go on
        ("{at: {deaths: 24}}, {at: {deaths: 35}}", "{at: {every_months: 9}}"),  # as many as come
    ],
)
def test_a_look_that_comes_as_planned_is_not(change, tmp_path):
    told = answer(tmp_path, SELDOM.replace(*change), 200).looks
    assert told.seldom_taken == ()
    assert "seldom" not in looks_in_short(told)


def test_too_few_trials_do_not_tell(tmp_path):
    """Of ninety-nine trials all go on to a look that none comes to."""
    text = SELDOM.replace("{at: {deaths: 24}}, {at: {deaths: 35}}", "{at: {deaths: 39}}")
    assert answer(tmp_path, text, 99).looks.seldom_taken == ()
    (one,) = answer(tmp_path, text, 100).looks.seldom_taken
    assert one.going_on == 100
