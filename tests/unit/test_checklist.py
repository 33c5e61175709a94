"""The checklists of a justification: every item of each guideline, and where it is answered.

The items are those of Cook et al. (2018, table 2), Chan et al. (2025, table 1), Morris, White and
Crowther (2019, table 1) and Monks et al. (2019, STRESS-DES 1.0), by their numbers.
"""

import re
import zipfile
from dataclasses import replace

import pytest
from answers import (
    analysis_power,
    by_arm,
    operations,
    operations_without_sessions,
    power_answer,
    size_answer,
    sweep_answer,
)
from documents import valued

from simulator.report.document.blocks import Heading, Table, pointers, spans
from simulator.report.document.checklist import checklist_blocks, guidelines
from simulator.report.document.dossier import Dossier, Provenance
from simulator.report.document.html import write_html
from simulator.report.document.justification import justification
from simulator.report.document.word import write_word
from simulator.results.measures import NullHypothesis, Scale

STRESS = [
    "1.1",
    "1.2",
    "1.3",
    "2.1",
    "2.2",
    "2.3",
    "2.4",
    "2.5.1",
    "2.5.2",
    "2.5.3",
    "2.5.4",
    "2.5.5",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "4.1",
    "4.2",
    "4.3",
    "5.1",
    "5.2",
    "5.3",
    "5.4",
    "6.1",
]
DELTA2 = ["1", "2", "3a-c", "4", "5a", "5b", "5c", "5d", "6", "7", "8"]
SPIRIT = ["16", "19", "19", "20", "27a", "27b", "27c", "27d", "28a", "28b"]
ADEMP = ["3.1", "3.2", "3.2", "3.3", "3.4", "3.5", "5.3", "4", "4", "5.1", "5.2", "6", "6", "6"]
VALUES = (
    valued("trial.registry_id", "NCT05484908", ""),
    valued("trial.target_randomised", 60, "registry"),
    valued("allocation.ratio[0]", 1, "registry"),
    valued("allocation.ratio[1]", 1, "registry"),
    valued("arms[0].plan.sessions", 3, "registry"),
    valued("hazard.mortality_targets.PE", 0.45, "assumption: *borrowed* [0.3]"),
    valued("hazard.effect.hazard_ratio", 0.85, "published: Du 2021"),
)


def dossier(power=None, **changes):
    given = {"power": power or power_answer(), "values": VALUES}
    return Dossier(**(given | changes))


MEAN = power_answer(analyses=(analysis_power(scale=Scale.MELD_POINTS),))
NONE = by_arm(0.0, mcse=0.0)
SCARCE = operations(short_of_plasma_share=by_arm(0.356, 0.225, 0.001))
DOSSIERS = {
    "underpowered": dossier(),
    "adequate": dossier(power_answer(0.81, 0.80, 0.82), sweeps=(sweep_answer(),)),
    "with_a_search": dossier(sizes=(size_answer(),), provenance=Provenance("x", {"numpy": "2"})),
    "scarce": dossier(power_answer(operations=SCARCE)),
    "without_sessions": dossier(power_answer(operations=operations_without_sessions())),
    "null": dossier(power_answer(null=NullHypothesis.STRONG)),
    "equal_hazards": dossier(power_answer(null=NullHypothesis.MORTALITY)),
    "of_means": dossier(MEAN),
    "without_values": dossier(values=()),
}
every = pytest.mark.parametrize("given", DOSSIERS.values(), ids=DOSSIERS)


def written(given):
    """The document, and the guidelines' items that its appendix has."""
    document = justification(given, "full")
    before = [
        block
        for block in document.blocks
        if not (isinstance(block, Table) and block.name.startswith("checklist-"))
    ]
    return document, guidelines(given, before)


def item(given, key, number):
    _, found = written(given)
    return next(
        i
        for guideline in found
        if guideline.key == key
        for i in guideline.items
        if i.number == number
    )


@every
def test_every_item_of_each_guideline_is_answered_or_left_to_the_author_or_does_not_apply(given):
    _, found = written(given)
    numbers = {g.key: [item.number for item in g.items] for g in found}
    assert numbers == {"delta2": DELTA2, "spirit": SPIRIT, "ademp": ADEMP, "stress": STRESS}
    for one in (item for guideline in found for item in guideline.items):
        assert one.at or one.left or one.without, one
        assert not (one.without and (one.at or one.left)), one


@every
def test_every_place_that_is_pointed_at_is_in_the_document(given):
    document, _ = written(given)
    places = pointers(document)
    tables = [
        b for b in document.blocks if isinstance(b, Table) and b.name.startswith("checklist-")
    ]
    assert len(tables) == 4
    asked = {
        span.text
        for table in tables
        for row in table.rows
        for span in spans(row[2])
        if span.kind == "pointer"
    }
    assert asked
    assert asked <= set(places)
    assert "section-checklists" not in asked


@every
def test_the_checklists_are_the_last_part_before_the_references(given):
    document, _ = written(given)
    headings = [block.text for block in document.blocks if isinstance(block, Heading)]
    place = headings.index("Appendix: reporting checklists")
    assert headings[place + 1] == "References"


def test_sensitivity_asks_for_a_sweep_over_mortality_or_effect_and_points_at_one_that_is():
    """A sweep over the number of patients, or machines, says nothing of the assumptions."""
    key = "hazard.mortality_targets.PE"
    wanted = f"trialsim sweep mine.yaml --vary '{key}=LOW,HIGH'"
    assert wanted in item(dossier(), "delta2", "5d").left
    of_size, points = sweep_answer(), sweep_answer().points
    assert wanted in item(dossier(sweeps=(of_size,)), "delta2", "5d").left
    assert item(dossier(sweeps=(of_size,)), "delta2", "5d").at == ()
    varied = [replace(p, values={key: 0.3 + 0.15 * k}) for k, p in enumerate(points)]
    of_mortality = replace(of_size, keys=(key,), base={key: 0.45}, points=tuple(varied))
    found = item(dossier(sweeps=(of_size, of_mortality)), "delta2", "5d")
    assert found.at == ("section-sensitivity", "sweep-1")
    assert not found.left


def test_a_null_scenario_has_no_target_difference_and_asks_for_a_run_with_the_effect():
    null = DOSSIERS["null"]
    assert item(null, "delta2", "3a-c").without == item(null, "delta2", "6").without
    assert "no target difference" in item(null, "delta2", "6").without
    assert item(null, "delta2", "2").left.startswith("a run of trialsim power")
    assert not item(dossier(), "delta2", "2").left


def test_evidence_is_asked_for_the_values_behind_the_difference_that_have_no_source():
    """Of the two values, that of PE is among the assumptions of the run; the other has a source."""
    assert item(dossier(), "delta2", "7").left == "evidence for the 1 value that is an assumption"
    sourced = tuple(v for v in VALUES if v.key != "hazard.mortality_targets.PE")
    assert not item(dossier(values=sourced), "delta2", "7").left


def test_an_unequal_ratio_is_to_be_justified():
    assert not item(dossier(), "delta2", "4").left
    unequal = tuple(replace(v, value=2) if v.key == "allocation.ratio[1]" else v for v in VALUES)
    assert item(dossier(values=unequal), "delta2", "4").left == "why the ratio is unequal"


def test_a_difference_of_means_needs_its_standard_deviation():
    assert "standard deviation" in item(DOSSIERS["of_means"], "delta2", "3a-c").left
    assert not item(dossier(), "delta2", "3a-c").left


def test_resources_and_queues_are_of_trials_with_a_unit():
    assert item(dossier(), "stress", "2.5.4").at == ("section-execution",)
    none = item(DOSSIERS["without_sessions"], "stress", "2.5.4")
    assert none.without == "nobody is treated in sessions"


def test_the_sample_size_is_item_19_of_spirit_2025():
    document, _ = written(dossier())
    table = next(
        b for b in document.blocks if isinstance(b, Table) and b.name == "checklist-spirit"
    )
    assert "item 14 of SPIRIT 2013" in table.note
    assert [row[0] for row in table.rows if row[1].startswith("Sample size")] == ["19"]


def test_a_checklist_points_at_nothing_that_was_not_written():
    blocks = checklist_blocks(dossier(), [Heading("Aims", 2, "section-aims")])
    rows = [row for block in blocks if isinstance(block, Table) for row in block.rows]
    asked = {s.text for row in rows for s in spans(row[2]) if s.kind == "pointer"}
    assert asked == {"section-aims"}


@every
def test_links_of_a_page_and_fields_of_a_word_file_lead_somewhere(given, tmp_path):
    document, _ = written(given)
    write_html(document, tmp_path / "it.html")
    page = (tmp_path / "it.html").read_text("utf-8")
    assert set(re.findall(r'href="#([\w-]+)"', page)) <= set(re.findall(r' id="([\w-]+)"', page))
    write_word(document, tmp_path / "it.docx")
    with zipfile.ZipFile(tmp_path / "it.docx") as archive:
        body = archive.read("word/document.xml").decode()
    marks = re.findall(r'w:bookmarkStart [^>]*w:name="(\w+)"', body)
    assert set(re.findall(r" REF (\w+) ", body)) <= set(marks)
    assert len(marks) == len(set(marks))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (dossier(), "The resources are machines, nurses and plasma; a session takes all three"),
        (DOSSIERS["without_sessions"], "fixed order: exits of patients, referrals, the daily"),
        (dossier(power_answer(engine="reference")), "used the reference engine, processes in"),
        (dossier(), "used the compiled engine, a loop over events"),
        (dossier(), "A patient leaves by death or transplant or loss to follow-up, or at the end "
         "of follow-up; withdrawal ends treatment and visits alone."),
        (dossier(power_answer(operations=operations(transplants=NONE, withdrawn=NONE))),
         "A patient leaves by death or loss to follow-up, or at the end of follow-up."),
        (dossier(), "ends when recruitment is over and the last follow-up has ended, after a mean "
         "of 876 days"),
        (dossier(), "standard error of 0.2 percentage points in the share of trials that reject"),
    ],
)  # fmt: skip
def test_the_execution_is_told_as_the_run_was(given, said):
    document, _ = written(given)
    text = " ".join(b.text for b in document.blocks if hasattr(b, "text"))
    assert said in text.replace("\N{NO-BREAK SPACE}", " ")
