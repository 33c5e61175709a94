import copy
import datetime
import io
import itertools
import re
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn
from latex2mathml.exceptions import ExtraLeftOrMissingRightError

from simulator.report.document import numbers
from simulator.report.document.blocks import (
    Document,
    Equation,
    Heading,
    Paragraph,
    Picture,
    Reference,
    References,
    Table,
    citation_numbers,
    literal,
    pointers,
    spans,
)
from simulator.report.document.html import write_html
from simulator.report.document.justification import justification
from simulator.report.document.material import Material
from simulator.report.document.omml import equation
from simulator.report.document.verdict import Reading, reading
from simulator.report.document.word import write_word

LENGTHS = ("paragraph", "page", "full")
ARMS = ("PE", "DPMAS+LPE")
# A PNG of one point, and an SVG.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


def mean(value, mcse=0.0):
    return {"mean": value, "mcse": mcse}


def by_arm(first, second=None, mcse=0.01):
    return {ARMS[0]: mean(first, mcse), ARMS[1]: mean(first if second is None else second, mcse)}


def analysis(name, test, power, low, high, **changed):
    summary = "difference of 84-day mortality"
    return {
        "name": name,
        "estimand": f"{summary} ({test}), DPMAS+LPE against PE, of all randomised; transplant "
        "counts as death",
        "alpha": 0.05,
        "trials": 10_000,
        "rejections": round(10_000 * power),
        "favouring": {ARMS[0]: 88, ARMS[1]: round(10_000 * power) - 88},
        "power": power,
        "mcse": 0.0019,
        "ci_low": low,
        "ci_high": high,
        "not_analysable": 0,
        "reasons": {},
        "performance": {
            "truth": -0.0324, "truth_mcse": 0.0021, "bias": -0.0006, "bias_mcse": 0.0025,
            "coverage": 0.9445, "coverage_mcse": 0.0023, "sign_error": 0.234,
            "sign_error_mcse": 0.022, "exaggeration": 10.14, "exaggeration_mcse": 0.66,
        },
        "estimand_attributes": {
            "population": "all randomised", "treatment": "DPMAS+LPE against PE",
            "variable": "death by day 84", "transplant": "composite: counts as death",
            "rescue": "treatment policy", "withdrawal": "treatment policy",
            "loss": "those lost before are left out", "summary": summary,
        },
    } | changed  # fmt: skip


def operations():
    shares = ("ci_low", 0.5000), ("ci_high", 0.5196)
    return {
        "enrolment_days": mean(791.64, 1.02) | {"p5": 633.0, "p95": 968.2},
        "trial_days": mean(875.6, 1.0),
        "target_reached": {"mean": 1.0, "ci_low": 0.9996, "ci_high": 1.0},
        "on_time": {"mean": 0.5098, **dict(shares)},
        "screened": mean(148.98, 0.15),
        "randomised": mean(60.0),
        "funnel": [
            {"step": "I6", "text": "INR above 1.5", "first_failed": mean(0.097, 0.0005)},
            {"step": "randomised", "text": "", "first_failed": mean(0.4, 0.001)},
        ],
        "mortality": by_arm(0.44858, 0.41575, 0.0009),
        "mortality_from_tumour": by_arm(0.0428, 0.0436, 0.0004),
        "patients": by_arm(29.994, 30.006, 0.005),
        "withdrawn": by_arm(0.892), "lost": by_arm(1.045, 1.091), "transplants": by_arm(0.208),
        "infections": by_arm(3.12), "sessions_planned": by_arm(89.98),
        "sessions_due": by_arm(80.52, 80.26), "sessions_delivered": by_arm(79.81),
        "sessions_equivalent": by_arm(76.9), "sessions_cut_short": by_arm(5.65),
        "sessions_late": by_arm(6.3, 8.18), "sessions_missed": by_arm(0.279, 0.187),
        "plasma_litres": by_arm(159.76, 79.59), "machine_hours": by_arm(154.1, 322.2),
        "short_of_plasma_share": by_arm(0.0535, 0.0418, 0.0003), "wait_days": by_arm(0.37, 0.55),
        "unit": {
            "days_open": mean(750.5, 0.9), "days_short_of_plasma": mean(10.71, 0.06),
            "machine_use": mean(0.29, 0.001),
        },
    }  # fmt: skip


def summary(power=0.0376, low=0.0340, high=0.0415, null="none", **changed):
    effect = {
        "none": "hazard ratio 0.85 of DPMAS+LPE against PE",
        "strong": "none: under the strong null both arms are treated as the control arm is",
        "mortality": "a hazard ratio of 1 between the arms; plans, sessions and labs differ",
    }
    return {
        "scenario": "mine", "title": "A trial of <b>& 60 patients", "seed": 7,
        "engine": "compiled", "trials": 10_000, "version": "0.1.0", "interrupted": False,
        "null_hypothesis": null, "effect": effect[null], "biases": [], "multiplicity": [],
        "analyses": [
            analysis("fisher", "Fisher's exact test", power, low, high),
            analysis("log_rank", "log-rank test", 0.0611, 0.0566, 0.0660),
        ],
        "operations": operations(),
        "assumptions": [{"key": "hazard.effect.hazard_ratio", "source": "assumption"}],
    } | changed  # fmt: skip


VALUES = [
    {"key": "trial.registry_id", "value": "NCT05484908", "source": ""},
    {"key": "trial.planned_completion_date", "value": datetime.date(2024, 12, 31), "source": ""},
    {"key": "trial.target_randomised", "value": 60, "source": "registry"},
    {"key": "trial.follow_up_days", "value": 84, "source": "registry: 12 weeks"},
    {"key": "allocation.ratio[0]", "value": 1, "source": "registry"},
    {"key": "allocation.ratio[1]", "value": 1, "source": "registry"},
    {"key": "hazard.mortality_targets.PE", "value": 0.45, "source": "assumption: *borrowed* [0.3]"},
    {"key": "hazard.baseline.mortality_at_horizon", "value": "solved", "source": ""},
    {"key": "hazard.effect.hazard_ratio", "value": 0.85, "source": ""},
    {"key": "hazard.frailty_log_sd", "value": 0, "source": "assumption"},
    {"key": "exits.loss.net_probability", "value": 0.05, "source": "assumption"},
]  # fmt: skip
DETECTABLE = {"test": "fisher", "patients": [30, 30], "control": 0.449, "experimental": 0.12,
              "power": 0.8, "alpha": 0.05}  # fmt: skip
CLOSED_FORMS = {
    "target_power": 0.8,
    "needed": [
        {"method": "Normal approximation, two proportions", "patients": 7100,
         "formula_latex": r"n = \frac{(z_1+z_2)^2\,\bar{p}}{(p_1-p_2)^2}", "assumes": "no loss"},
        {"method": "Schoenfeld's formula", "patients": 7300, "formula_latex": r"d = \sqrt{x}",
         "assumes": "proportional hazards"},
    ],
    "why": "the simulation loses patients and uses an exact test",
}  # fmt: skip


def sweep():
    points = [
        {"values": {"trial.target_randomised": n},
         "mortality": {ARMS[0]: mean(0.449, 0.001), ARMS[1]: mean(0.416, 0.001)},
         "analyses": [{"name": "fisher", "power": power, "mcse": 0.002, "ci_low": power - 0.004,
                       "ci_high": power + 0.004, "difference": difference, "paired_mcse": error}]}
        for n, power, difference, error in ((60, 0.0376, 0.0, 0.0), (120, 0.0512, 0.0136, 0.0021))
    ]  # fmt: skip
    return {"scenario": "mine", "seed": 7, "trials": 10_000, "keys": ["trial.target_randomised"],
            "base": {"trial.target_randomised": 60}, "points": points}  # fmt: skip


def size(reached=True):
    answer = {
        "value": 7040,
        "low": 6950,
        "high": 7130,
        "confidence": 0.95,
        "power": 0.801,
        "mcse": 0.002,
    }
    return {
        "scenario": "mine", "seed": 7, "key": "trial.target_randomised", "analysis": "fisher",
        "target_power": 0.8, "reached": reached, "answer": answer if reached else None,
        "reason": "141 patients are the most that are allowed", "trials": 90_000,
        "largest": {"value": 141, "power": 0.09, "mcse": 0.003},
        "operations": {"enrolment_days": mean(92_373.2, 14.2) | {"p5": 9e4, "p95": 9.4e4},
                       "sessions_delivered": mean(18_712.3, 1.2), "plasma_litres": mean(28_110, 3),
                       "on_time": None},
        "curve": [{"value": 60, "power": 0.04, "mcse": 0.004, "ci_low": 0.032, "ci_high": 0.048}],
        "closed_forms": CLOSED_FORMS,
    }  # fmt: skip


def material(power=None, **changed):
    given = {
        "power": power or summary(),
        "values": VALUES,
        "manifest": {"command": "trialsim grant mine", "versions": {"numpy": "2.1"}},
        "closed_forms": CLOSED_FORMS,
        "detectable": DETECTABLE,
    }
    return Material(**(given | changed))


@pytest.fixture
def everything(tmp_path):
    """Material with all that may be there."""
    png, svg = tmp_path / "p.png", tmp_path / "p.svg"
    png.write_bytes(PNG)
    svg.write_bytes(SVG)
    names = (
        "survival",
        "flow",
        "recruitment",
        "meld",
        "sessions",
        "power_curve",
        "heat_map",
        "size",
    )
    pictures = dict.fromkeys(names, (png, svg))
    return material(sweeps=[sweep()], sizes=[size()], pictures=pictures)


def words(document):
    """All text of a document, without marks and with plain spaces."""
    found = []
    for block in document.blocks:
        if isinstance(block, Heading | Paragraph):
            found.append(block.text)
        elif isinstance(block, Table):
            found += [
                block.caption,
                block.note,
                *(c for row in (block.header, *block.rows) for c in row),
            ]
    said = [[s.text for s in spans(text) if s.kind in ("text", "emphasis")] for text in found]
    return plain(" ".join("".join(parts) for parts in said))


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def word_file(document, path):
    write_word(document, path)
    return docx.Document(str(path))


# Numbers


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.0376, 0.0019, "3.8%"),
        (0.04, 0.014, "4%"),
        (0.0, 0.0, "0%"),
        (1.0, 0.0, "100%"),
        (0.0001, 0.0019, "under 0.1%"),
        (0.99995, 0.0019, "over 99.9%"),
        (None, None, "not available"),
        (float("nan"), 0.1, "not available"),
    ],
)
def test_percentage_has_the_digits_that_its_error_supports(value, error, shown):
    assert numbers.percent(value, error) == shown


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (2_388_681, 916, "2,388,700"),
        (791.64, 1.02, "792"),
        (10.14, 0.66, "10.1"),
        (-0.098, 0.006, "\N{MINUS SIGN}0.098"),
        (-0.0004, 0.01, "0.00"),
        (60.0, 0.0, "60"),
    ],
)
def test_number_is_rounded_to_the_first_digit_of_its_error(value, error, shown):
    assert numbers.number(value, error) == shown


def test_limit_that_is_short_of_a_threshold_is_not_rounded_onto_it():
    assert plain(numbers.interval(0.784, 0.79996, threshold=0.8)) == "78.4% to 79.996%"
    assert plain(numbers.interval(0.8, 0.816, threshold=0.8)) == "80.0% to 81.6%"


# Marks


@pytest.mark.parametrize("text", ["a*b*c", "[@key] [#name]", "back\\slash", "sites[0] <b>&"])
def test_literal_text_carries_no_mark(text):
    assert [span.kind for span in spans(literal(text))] == ["text"]
    assert spans(literal(text))[0].text == text


def test_literal_text_loses_characters_that_no_xml_file_can_hold():
    assert literal("a\x00b\x1fc\ud800") == "abc"


def test_marks_are_split_into_spans():
    found = spans("an *italic* word [@wilson] in [#power]")
    kinds = [(span.kind, span.text) for span in found]
    assert kinds == [("text", "an "), ("emphasis", "italic"), ("text", " word "),
                     ("citation", "wilson"), ("text", " in "), ("pointer", "power")]  # fmt: skip


# Words that follow the numbers


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.78, 0.7999999, Reading.UNDERPOWERED),
        (0.78, 0.80, Reading.UNCLEAR),
        (0.7999999, 0.82, Reading.UNCLEAR),
        (0.80, 0.82, Reading.ADEQUATE),
    ],
)
def test_power_is_read_by_the_limits_of_its_interval(low, high, found):
    assert reading(material(summary(0.8, low, high))) is found


@pytest.mark.parametrize("length", LENGTHS)
def test_underpowered_trial_is_told_what_it_could_detect_and_what_it_would_need(length):
    text = words(justification(material(), length))
    assert "The trial is underpowered" in text
    assert "from 44.9% under PE to 12.0% under DPMAS+LPE, 32.9 percentage points" in text
    assert "7,100" in text
    assert "adequate" not in text


@pytest.mark.parametrize("length", LENGTHS)
def test_size_found_by_simulation_goes_before_formulas(length):
    text = words(justification(material(sizes=[size()]), length))
    assert "would need 7,040 patients (95% confidence set 6,950 to 7,130, by simulation)" in text


@pytest.mark.parametrize("length", LENGTHS)
def test_adequate_power_is_not_called_underpowered(length):
    text = words(justification(material(summary(0.81, 0.80, 0.82)), length))
    assert "The size is adequate for this effect" in text
    assert "underpowered" not in text
    assert "smallest reduction" not in text


@pytest.mark.parametrize("length", LENGTHS)
def test_power_about_eighty_percent_cannot_be_told_from_it(length):
    text = words(justification(material(summary(0.8, 0.79, 0.81)), length))
    assert "cannot be told from 80%" in text
    assert "underpowered" not in text
    assert "adequate" not in text


@pytest.mark.parametrize("null", ["strong", "mortality"])
@pytest.mark.parametrize("length", LENGTHS)
def test_run_without_an_effect_claims_no_power(null, length, everything):
    given = {"sweeps": everything.sweeps, "sizes": everything.sizes}
    text = words(justification(material(summary(null=null), **given), length))
    claims = [s for s in re.split(r"(?<=[.!?]) ", text) if "power" in s.lower()]
    assert all("neither a power" in claim for claim in claims)
    assert "target difference" in text
    assert "7,100" not in text


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.0501, 0.06, "exceeds"), (0.04, 0.05, "is within"), (0.05, 0.0501, "is compatible with")],
)
def test_type_i_error_is_held_against_its_level(low, high, said):
    text = words(justification(material(summary(0.05, low, high, "strong")), "paragraph"))
    assert f"{said} the nominal level of 5%" in text


def test_detectable_difference_that_does_not_exist_is_told():
    text = words(justification(material(detectable=DETECTABLE | {"experimental": None}), "page"))
    assert "no mortality under DPMAS+LPE has 80% power" in text


def test_recruitment_is_a_risk_only_where_it_is_slow():
    slow, given = summary(), operations()
    given["target_reached"] = {"mean": 0.4, "ci_low": 0.39, "ci_high": 0.41}
    given["randomised"] = mean(51.3, 0.1)
    slow["operations"] = given
    text = words(justification(material(slow), "full"))
    assert "Recruitment is a risk" in text
    assert "The chance to reach 60 patients is 40.0% (95% interval 39.0% to 41.0%)" in text
    assert "51.3 randomised on average" in text
    assert "Recruitment is a risk" not in words(justification(material(), "full"))


def test_late_completion_is_a_risk_below_an_even_chance():
    late = summary()
    late["operations"]["on_time"] = {"mean": 0.4999, "ci_low": 0.49, "ci_high": 0.51}
    assert "Recruitment is a risk" in words(justification(material(late), "full"))


def test_plasma_is_told_only_where_it_is_short():
    assert "Plasma is short" in words(justification(material(), "full"))
    assert "Plasma is short" not in words(justification(material(), "paragraph"))
    scarce, none = summary(), summary()
    scarce["operations"]["short_of_plasma_share"] = by_arm(0.356, 0.225, 0.001)
    none["operations"]["short_of_plasma_share"] = by_arm(0.0, 0.0, 0.0)
    assert "35.6% under PE" in words(justification(material(scarce), "paragraph"))
    assert "Plasma is short" not in words(justification(material(none), "full"))


def test_trial_without_sessions_is_told_nothing_of_them():
    bare = summary()
    o = bare["operations"]
    for key in o:
        if key.startswith("sessions_"):
            o[key] = by_arm(0.0, 0.0, 0.0)
    o["short_of_plasma_share"] = o["wait_days"] = by_arm(None, None, None)
    text = words(justification(material(bare), "full"))
    assert "Sessions of a trial" not in text
    assert "plasma is" not in text.lower()


def test_search_that_finds_no_size_says_why():
    text = words(justification(material(sizes=[size(reached=False)]), "full"))
    assert "It found none: 141 patients are the most that are allowed." in text
    assert "The largest power found is 9.0%" in text


def test_size_that_is_no_number_of_patients_keeps_its_decimals():
    found = size() | {"key": "hazard.effect.hazard_ratio"}
    found["answer"] = found["answer"] | {"value": 0.612, "low": 0.598, "high": None}
    text = words(justification(material(sizes=[found]), "full"))
    assert "It is reached at 0.612 (95% confidence set 0.598 or more)" in text
    assert "would need about 7,100" in text


def test_patients_of_a_formula_are_rounded_up():
    forms = CLOSED_FORMS | {"needed": [CLOSED_FORMS["needed"][0] | {"patients": 7100.2}]}
    text = words(justification(material(closed_forms=forms), "page"))
    assert "would need about 7,101 patients" in text


def test_value_without_a_source_counts_as_an_assumption():
    blocks = justification(material(), "full").blocks
    table = next(b for b in blocks if isinstance(b, Table) and b.name == "assumed-effect")
    sources = {row[0]: row[2] for row in table.rows}
    assert sources["Hazard ratio between the arms"] == "assumption (no source is given)"


def test_paragraph_fits_the_box_of_a_form():
    document = justification(material(), "paragraph")
    assert len(document.blocks) == 1
    assert 100 <= len(words(document).split()) <= 200


@pytest.mark.parametrize("length", LENGTHS)
def test_only_what_is_cited_is_listed_and_all_that_is_pointed_at_is_there(length, everything):
    document = justification(everything, length)
    used = {s.kind: set() for s in [*spans("[@a][#b]")]}
    for block in document.blocks:
        texts = [block.text] if isinstance(block, Heading | Paragraph) else []
        if isinstance(block, Table):
            texts = [block.caption, block.note, *(cell for row in block.rows for cell in row)]
        for span in (s for text in texts for s in spans(text) if s.kind in used):
            used[span.kind].add(span.text)
    assert used["citation"] == set(citation_numbers(document))
    assert used["pointer"] <= set(pointers(document))


# Word


def test_word_has_the_numbers_of_the_summary(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    text = plain("\n".join(paragraph.text for paragraph in found.paragraphs))
    assert (
        "is 3.8% (Monte Carlo standard error 0.2 percentage points, 95% interval 3.4% to 4.2%)"
        in text
    )
    table = next(t for t in found.tables if t.cell(0, 1).text == "Power")
    rows = [[plain(cell.text) for cell in row.cells] for row in table.rows[1:]]
    for row, a in zip(rows, everything.power["analyses"], strict=True):
        assert a["name"] in row[0]
        assert row[1] == f"{a['power']:.1%}"
        assert row[3] == f"{a['ci_low']:.1%} to {a['ci_high']:.1%}"
        assert row[4:] == [f"{n / 10_000:.1%}" for n in a["favouring"].values()]


def test_word_is_built_of_its_own_styles_and_fields(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    styles = {paragraph.style.name for paragraph in found.paragraphs}
    assert {"Title", "Heading 1", "Heading 2", "Caption"} <= styles
    xml = found.element.xml
    assert xml.count("SEQ Table") == len(found.tables)
    assert xml.count("SEQ Figure") == 8
    assert "<m:oMathPara" in xml
    assert all(table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None for table in found.tables)
    rows = [row for table in found.tables for row in table.rows]
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in rows)


def test_word_pictures_have_alternative_text_with_the_numbers(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    texts = [node.get("descr") for node in found.element.iter(qn("wp:docPr"))]
    assert len(texts) == 8
    assert all(texts)
    assert "44.9% under PE and 41.6% under DPMAS+LPE have died" in texts[0]


def test_word_properties_are_fixed(tmp_path):
    found = word_file(justification(material(), "page"), tmp_path / "a.docx")
    properties = found.core_properties
    assert properties.title == "Sample size justification: A trial of <b>& 60 patients"
    assert properties.language == "en-GB"
    assert properties.created == properties.modified
    section = found.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    assert "PAGE" in section.footer._element.xml
    languages = {n.get(qn("w:val")) for n in found.styles.element.iter(qn("w:lang"))}
    assert languages == {"en-GB"}


def test_citations_of_word_lead_to_the_numbered_references(tmp_path):
    found = word_file(justification(material(), "page"), tmp_path / "a.docx")
    anchors = {n.get(qn("w:anchor")) for n in found.element.iter(qn("w:hyperlink"))}
    bookmarks = {n.get(qn("w:name")) for n in found.element.iter(qn("w:bookmarkStart"))}
    assert anchors
    assert anchors <= bookmarks


@pytest.mark.parametrize(
    ("power", "length"), [(summary(), "full"), (summary(null="strong"), "page")]
)
def test_same_input_gives_same_bytes(tmp_path, power, length):
    paths = [tmp_path / f"{n}.{end}" for end in ("docx", "html") for n in (1, 2)]
    for path in paths:
        write = write_word if path.suffix == ".docx" else write_html
        write(justification(material(copy.deepcopy(power)), length), path)
    first, second, third, fourth = (path.read_bytes() for path in paths)
    assert first == second
    assert third == fourth
    dates = {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(first)).infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}


# Equations


def test_exponent_behind_brackets_is_of_the_whole():
    found = equation(r"\left(\frac{1+x}{1-x}\right)^2 (a+b)^{2}")
    scripts = list(found.iter(qn("m:sSup")))
    assert len(scripts) == 2
    assert all(s.find(qn("m:e")).find(qn("m:d")) is not None for s in scripts)


def test_root_holds_what_is_under_it_and_nothing_else():
    found = equation(r"s = \sqrt{\frac{p(1-p)}{n}}, \quad p = x")
    (root,) = found.iter(qn("m:rad"))
    assert "".join(root.find(qn("m:e")).itertext()) == "p1\N{MINUS SIGN}pn"
    assert "".join(root.find(qn("m:deg")).itertext()) == ""


@pytest.mark.parametrize(("latex", "tag", "sign"), [
    (r"\hat{\pi}", "acc", "\u0302"), (r"\tilde{p}", "acc", "\u0303"), (r"\bar{p}", "bar", "top"),
])  # fmt: skip
def test_sign_above_a_letter_is_the_one_that_word_combines_with_it(latex, tag, sign):
    (above,) = equation(latex).iter(qn(f"m:{tag}"))
    assert above[0][0].get(qn("m:val")) == sign
    assert "".join(above.find(qn("m:e")).itertext()) in "\N{GREEK SMALL LETTER PI}p"


def test_words_and_numbers_are_upright_and_letters_slanted():
    found = equation(r"2 x \mathrm{HR}_i \exp\{y\}")
    runs = {"".join(run.itertext()): run[0][0] for run in found.iter(qn("m:r"))}
    assert [runs[word].tag for word in ("HR", "exp")] == [qn("m:nor")] * 2
    assert [runs[sign].get(qn("m:val")) for sign in "2xiy"] == ["p", "i", "i", "i"]


@pytest.mark.parametrize("latex", [r"\sum_{i=1}^{n} x_i", r"\vec{x}"])
def test_what_no_equation_needed_so_far_is_refused_rather_than_set_wrongly(latex):
    with pytest.raises(ValueError, match="not translated"):
        equation(latex)


def test_bracket_that_is_never_closed_is_refused():
    with pytest.raises(ExtraLeftOrMissingRightError):
        equation(r"(a + b")


# HTML


class Page(HTMLParser):
    """Collects the elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def page(document, path):
    write_html(document, path)
    text = path.read_text(encoding="utf-8")
    return Page(text), text


def test_html_asks_for_nothing_outside_itself(tmp_path, everything):
    found, text = page(justification(everything, "full"), tmp_path / "a.html")
    sources = [a["src"] for _, a in found.elements if "src" in a]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert {tag for tag, a in found.elements if a.get("href", "").startswith("http")} == {"a"}
    assert not found.all("link")
    assert not found.all("script")
    assert "url(" not in text
    assert "@import" not in text


def test_html_is_accessible(tmp_path, everything):
    found, text = page(justification(everything, "full"), tmp_path / "a.html")
    assert found.all("html") == [{"lang": "en-GB"}]
    assert all(image["alt"] for image in found.all("img"))
    assert len(found.all("img")) == 8
    assert {header.get("scope") for header in found.all("th")} == {"col", "row"}
    assert len(found.all("figcaption")) == len(found.all("figure"))
    assert all(formula["alttext"] for formula in found.all("math"))
    assert found.all("math")
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert "@media print" in text
    anchors = {a["href"][1:] for a in found.all("a") if a["href"].startswith("#")}
    assert anchors <= {a["id"] for _, a in found.elements if "id" in a}


def test_html_escapes_what_comes_from_elsewhere(tmp_path):
    power = summary(title='<script>alert(1)</script> & "x"', biases=["<i>drift</i>"])
    found, text = page(justification(material(power), "full"), tmp_path / "a.html")
    assert not found.all("script")
    assert not found.all("i")
    assert "&lt;script&gt;" in text
    assert "&lt;i&gt;drift&lt;/i&gt;" in text
    assert "*borrowed* [0.3]" in text


def test_word_takes_what_would_be_markup_elsewhere(tmp_path):
    power = summary(title="<b>& ]]> *x* [@none]\x00")
    found = word_file(justification(material(power), "full"), tmp_path / "a.docx")
    assert "<b>& ]]> *x* [@none]" in found.paragraphs[0].text


def test_plain_document_is_written_by_both(tmp_path):
    document = Document(
        "T",
        (
            Heading("H"),
            Paragraph("See [@a] and [#t]."),
            Table("C", ("x", "y"), (("1", "2"),), name="t"),
            Equation("x", "x"),
            References((Reference("a", "A work.", ""),)),
        ),
    )
    found = word_file(document, tmp_path / "a.docx")
    assert "See [1] and Table 1." in [paragraph.text for paragraph in found.paragraphs]
    _, text = page(document, tmp_path / "a.html")
    assert 'href="#ref-a">[1]</a>' in text


def test_missing_picture_is_an_os_error(tmp_path):
    none = tmp_path / "none"
    document = Document("T", (Picture("C", "alt", none, none),))
    with pytest.raises(OSError, match="none"):
        write_word(document, tmp_path / "a.docx")
    with pytest.raises(OSError, match="none"):
        write_html(document, tmp_path / "a.html")


@pytest.mark.parametrize(
    ("library", "module"),
    [("docx", "word"), ("latex2mathml.converter", "html"), ("jinja2", "html")],
)
def test_missing_library_is_an_import_error(monkeypatch, library, module):
    here = "simulator.report.document"
    for name in [name for name in sys.modules if name.startswith(f"{here}.{module}")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError):
        __import__(f"{here}.{module}")


def test_words_need_none_of_the_writers_libraries():
    folder = Path(sys.modules["simulator.report.document.justification"].__file__).parent
    writers = {"word.py", "word_parts.py", "word_style.py", "omml.py", "html.py"}
    for path in folder.glob("*.py"):
        if path.name not in writers:
            assert not re.search(
                r"^\s*(import|from) (docx|jinja2|latex2mathml)", path.read_text(), re.M
            )
