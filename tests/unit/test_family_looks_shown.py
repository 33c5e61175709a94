"""What a run with looks at a family tells: its parts agree with one another, and with the words."""

import dataclasses

import pytest
from documents import dossier
from test_monitored_family_scenario import LOOKS

import simulator
from simulator.report.document.blocks import Paragraph, Table
from simulator.report.document.committee import committee_blocks
from simulator.report.document.looks import look_blocks
from simulator.report.document.power import power_table
from simulator.report.text.page import as_text
from simulator.report.text.power_looks import looks_in_short, looks_section
from simulator.report.text.power_screen import power_screen

TRIALS = 400


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    path = tmp_path_factory.mktemp("family") / "together.yaml"
    effect = "hazard: {effect: {kind: direct, hazard_ratio: 0.35}}\n"
    path.write_text(LOOKS + effect)
    return simulator.load(path).power(TRIALS, jobs=1)


def test_looks_add_up_to_what_the_family_rejects(answer):
    """The rejections of looks are those that the graph finds in the p values at the end."""
    found, judged = answer.looks.family, answer.multiplicity[0]
    assert (found.name, judged.name) == ("pair", "pair")
    assert found.any[-1] == judged.any
    assert found.all[-1] == judged.all
    for one in found.hypotheses:
        assert one.looks[-1].cumulative_power == judged.by_analysis[one.analysis]
        early = sum(look.rejected.mean for look in one.looks)
        assert early == pytest.approx(one.looks[-1].cumulative_power.mean)
    assert answer.looks.power.with_looks == judged.by_analysis["log_rank"]
    assert 0.2 < judged.all.mean < judged.any.mean < 1


def test_a_trial_stops_where_the_analysis_that_leads_is_rejected(answer):
    first = answer.looks.looks[0]
    stopped = sum(share.mean for share in first.in_favour_of.values())
    assert stopped == pytest.approx(answer.looks.family.hypotheses[0].looks[0].rejected.mean)
    assert stopped > 0.03
    assert answer.looks.looks[1].taken.mean == pytest.approx(1 - stopped - first.futility.mean)


def test_levels_are_those_of_the_family(answer):
    one, other = answer.looks.family.hypotheses
    assert one.first_level == other.first_level == 0.025
    assert (one.spending, other.spending) == ("lan_demets_pocock", "kim_demets(2)")
    assert (one.max_information, other.max_information) == (30, 60)
    # A level that grew has lower boundaries; that at first is the boundary of the same level alone.
    first = simulator.boundaries(
        information=[0.4, 1], spending="lan_demets_pocock", alpha=0.0125, sides=1
    )
    grown = simulator.boundaries(
        information=[0.4, 1], spending="lan_demets_pocock", alpha=0.025, sides=1
    )
    shown = answer.looks.looks[0].boundary_z.mean
    assert grown.looks[0].efficacy_z < shown <= first.looks[0].efficacy_z


def test_looks_at_a_family_travel_as_json(answer):
    assert type(answer).from_dict(answer.to_dict()).looks == answer.looks


def test_the_text_has_each_hypothesis_at_each_look(answer):
    told = [str(getattr(block, "rows", block)) for block in looks_section(answer)]
    assert "stops when log_rank is rejected" in told[0]
    (table,) = (rows for rows in told if "at least one" in rows)
    for one in answer.looks.family.hypotheses:
        assert f"{100 * one.looks[-1].cumulative_power.mean:.1f}%" in table


def test_the_document_says_how_the_level_is_kept(answer):
    blocks = look_blocks(answer)
    text = " ".join(block.text for block in blocks if isinstance(block, Paragraph))
    assert "tested together by the Holm procedure, at the familywise level of 5%" in text
    assert "[@maurer]" in text
    tables = {block.name: block for block in blocks if isinstance(block, Table)}
    rows = tables["looks-together"].rows
    assert [row[0] for row in rows][2:] == ["At least one", "All"]
    assert all(len(row) == len(tables["looks-together"].header) for row in rows)


@pytest.mark.parametrize(
    ("stop_when", "said"),
    [
        ("primary", "once Log-rank is rejected, by its boundary."),
        ("any", "once any hypothesis is rejected, by its boundary."),
        (
            "all",
            "once all hypotheses are rejected, each by its boundary; one that is rejected before",
        ),
    ],
)
def test_the_committee_is_told_which_rejection_stops_the_trial(answer, stop_when, said):
    """One crossed boundary stops nothing where all are to be crossed."""
    family = dataclasses.replace(answer.looks.family, stop_when=stop_when)
    looks = dataclasses.replace(answer.looks, family=family)
    blocks = committee_blocks(dossier(dataclasses.replace(answer, looks=looks)))
    page = " ".join(block.text for block in blocks if isinstance(block, Paragraph))
    assert f"It may recommend to stop for efficacy {said}" in page
    assert "once a boundary for efficacy is crossed" not in page
    assert "by arm" in page
    for one in answer.looks.family.hypotheses:
        assert one.analysis.split("_")[0] in page.lower()
    assert "Each hypothesis has boundaries of the level that it has by then" in page
    (table,) = (
        b
        for b in look_blocks(dataclasses.replace(answer, looks=looks))
        if getattr(b, "name", "") == "looks"
    )
    power = {"primary": "power of this analysis", "any": "at least one", "all": "all hypotheses"}
    assert power[stop_when] in table.note


@pytest.mark.parametrize(
    ("stop_when", "said"),
    [("primary", "; power without"), ("any", "; any rejected without"), ("all", "; all rejected")],
)
def test_a_screen_says_of_which_rejection_it_tells(answer, stop_when, said):
    """Beside the power of an analysis `power without looks` of all of them reads as its own."""
    family = dataclasses.replace(answer.looks.family, stop_when=stop_when)
    looks = dataclasses.replace(answer.looks, family=family)
    assert said in looks_in_short(looks)
    screen = as_text(power_screen(dataclasses.replace(answer, looks=looks), 100), 100)
    assert looks_in_short(looks) in " ".join(screen.split())  # whole, not cut


def test_the_table_of_power_says_that_a_family_is_looked_at(answer):
    note = power_table(dossier(answer)).note
    assert "are tested at the interim analyses too, each by itself at its own level" in note
