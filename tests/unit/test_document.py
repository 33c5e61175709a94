import datetime
import io
import itertools
import math
import re
import sys
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import docx
import pytest
from answers import (
    CHI_SQUARE,
    FISHER,
    NEWCOMBE,
    NOTHING_BY_ARM,
    analysis_power,
    by_arm,
    closed_form,
    closed_forms,
    curve_point,
    detectable_difference,
    operations,
    operations_without_sessions,
    performance,
    power_answer,
    size_answer,
    sweep_answer,
)
from docx.oxml.ns import qn
from latex2mathml.exceptions import ExtraLeftOrMissingRightError

from simulator.planning.reconcile import reconcile
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
from simulator.report.document.column_widths import set_table
from simulator.report.document.dossier import Dossier, Provenance, ScenarioValue
from simulator.report.document.html import write_html
from simulator.report.document.justification import justification
from simulator.report.document.omml import equation
from simulator.report.document.word import write_word
from simulator.report.saved_picture import SavedPicture
from simulator.report.text.size import size_in_words
from simulator.results.closed_forms import Contrast, DetectableBy, Formula, Missing
from simulator.results.measures import (
    BelowLevel,
    Estimate,
    LowReason,
    NullHypothesis,
    Scale,
    Share,
)
from simulator.results.operations import Operations
from simulator.results.power import Drift, Effect, EffectKind, FamilyPower, SelectionBias
from simulator.results.size import (
    LargestPower,
    NoSize,
    NoSizeKind,
    SizeBasis,
    SizeEstimate,
)

LENGTHS = ("paragraph", "page", "full")
# A PNG of one point, and an SVG.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


VALUES = (
    ScenarioValue("trial.registry_id", "NCT05484908", ""),
    ScenarioValue("trial.planned_completion_date", datetime.date(2024, 12, 31), ""),
    ScenarioValue("trial.target_randomised", 60, "registry"),
    ScenarioValue("trial.follow_up_days", 84, "registry: 12 weeks"),
    ScenarioValue("allocation.ratio[0]", 1, "registry"),
    ScenarioValue("allocation.ratio[1]", 1, "registry"),
    ScenarioValue("hazard.mortality_targets.PE", 0.45, "assumption: *borrowed* [0.3]"),
    ScenarioValue("hazard.baseline.mortality_at_horizon", "solved", ""),
    ScenarioValue("hazard.effect.hazard_ratio", 0.85, ""),
    ScenarioValue("hazard.frailty_log_sd", 0, "assumption"),
    ScenarioValue("exits.loss.net_probability", 0.05, "assumption"),
)


def dossier(power=None, **changes):
    given = {
        "power": power or power_answer(),
        "values": VALUES,
        "provenance": Provenance("trialsim grant mine", {"numpy": "2.1"}),
        "closed_forms": closed_forms(),
        "detectable": detectable_difference(),
    }
    return Dossier(**(given | changes))


def searched(power=None, found=None, planned=60, **changes):
    """A dossier with a search for the size, made to agree as a justification does."""
    agreed = reconcile(power or power_answer(), (found or size_answer(),), planned)
    given = {"power": agreed.power, "sizes": agreed.more, "needed": agreed.needed}
    return dossier(**given, run=agreed.run, sizes_quoting=agreed.quoting, **changes)


def with_operations(**changes):
    return dossier(power_answer(operations=operations(**changes)))


@pytest.fixture
def everything(tmp_path):
    """A dossier with all that may be there."""
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
    pictures = dict.fromkeys(names, SavedPicture(png, svg, tmp_path / "p.pdf", "What is shown."))
    return dossier(sweeps=(sweep_answer(),), sizes=(size_answer(),), pictures=pictures)


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
    ("low", "high", "said"),
    [
        (0.78, 0.7999999, "underpowered"),
        (0.78, 0.80, "inconclusive"),
        (0.7999999, 0.82, "inconclusive"),
        (0.80, 0.82, "adequately powered"),
    ],
)
def test_power_is_read_by_the_limits_of_its_interval(low, high, said):
    text = words(justification(dossier(power_answer(0.8, low, high)), "paragraph"))
    judgements = ("underpowered", "inconclusive", "adequately powered")
    assert [word for word in judgements if word in text] == [said]


@pytest.mark.parametrize("length", LENGTHS)
def test_underpowered_trial_is_told_what_it_could_detect_and_what_it_would_need(length):
    text = words(justification(dossier(), length))
    assert "The trial is underpowered" in text
    assert "from 44.9% under PE to 12.0% under DPMAS+LPE, 32.9 percentage points" in text
    assert "7,100" in text
    assert "adequate" not in text


@pytest.mark.parametrize("length", LENGTHS)
def test_size_found_by_simulation_goes_before_formulas(length):
    text = words(justification(searched(), length))
    assert (
        "would need 7,040 patients (95% confidence interval 6,950 to 7,130, by simulation); the 60 "
        "planned are fewer." in text
    )


@pytest.mark.parametrize("length", LENGTHS)
def test_adequate_power_is_not_called_underpowered(length):
    text = words(justification(dossier(power_answer(0.81, 0.80, 0.82)), length))
    assert "The trial is adequately powered for this effect" in text
    assert "underpowered" not in text
    assert "smallest reduction" not in text


@pytest.mark.parametrize("length", LENGTHS)
def test_power_about_eighty_percent_is_inconclusive(length):
    text = words(justification(dossier(power_answer(0.8, 0.79, 0.81)), length))
    assert "inconclusive: the interval contains the conventional target of 80%" in text
    assert "underpowered" not in text
    assert "adequate" not in text


def test_target_that_the_user_names_is_not_called_conventional():
    text = words(justification(dossier(power_answer(0.81, 0.80, 0.82, target=0.9)), "page"))
    assert "underpowered for this effect: the target of 90% is not reached" in text
    assert "conventional" not in text


@pytest.mark.parametrize("null", [NullHypothesis.STRONG, NullHypothesis.MORTALITY])
@pytest.mark.parametrize("length", LENGTHS)
def test_run_without_an_effect_claims_no_power(null, length):
    given = {"sweeps": (sweep_answer(null),), "sizes": (size_answer(),)}
    text = words(justification(dossier(power_answer(null=null), **given), length))
    claims = [s for s in re.split(r"(?<=[.!?]) ", text) if "power" in s.lower()]
    assert all("neither a power" in claim for claim in claims)
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
         "act only through what sessions do to MELD, which implies a hazard ratio of 0.8123 ± "
         "0.0012 of DPMAS+LPE against PE, every session on time."),
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
        (Scale.DAYS, 3.0, "is 3.000 (Monte Carlo standard error 0.002)"),
    ],
)  # fmt: skip
def test_true_value_has_the_unit_of_its_scale(scale, truth, said):
    first = analysis_power(scale=scale, performance=performance(truth=truth))
    text = words(justification(dossier(power_answer(analyses=(first,))), "full"))
    assert f"The true value of the estimand, the difference of 84-day mortality, {said}." in text


def test_test_is_named_with_its_details_once():
    newcombe = analysis_power(NEWCOMBE, name="newcombe")
    power = power_answer(analyses=(analysis_power(CHI_SQUARE), newcombe))
    document = justification(dossier(power), "full")
    assert "is analysed by Pearson's chi-square test (asymptotic) at" in words(document)
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "power")
    assert [row[0] for row in table.rows] == ["Chi-square (chi_square)", "newcombe"]


def test_analyses_judged_together_are_in_a_table():
    half = Estimate(0.06, 0.002)
    any_of = Estimate(0.07, 0.002)
    family = FamilyPower("main", "hochberg", 0.05, {"fisher": half}, any_of, half, 10_000, 0)
    document = justification(dossier(power_answer(multiplicity=(family,))), "full")
    said = words(document)
    assert "Judged together are Fisher (fisher) by the Hochberg procedure at 5%." in said
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "families")
    rows = [tuple(map(plain, row)) for row in table.rows]
    assert rows == [
        ("main: Hochberg procedure, 5%", "at least one", "7.0 ± 0.2"),
        ("main: Hochberg procedure, 5%", "all", "6.0 ± 0.2"),
        ("main: Hochberg procedure, 5%", "Fisher (fisher)", "6.0 ± 0.2"),
    ]


def test_analyses_of_one_test_are_told_apart_in_tables_and_lists():
    worst = replace(FISHER, distinction="lost count as dead")
    named = analysis_power(worst, name="worst_case")
    document = justification(dossier(power_answer(analyses=(analysis_power(), named))), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "power")
    assert [row[0] for row in table.rows] == [
        "Fisher (fisher)", r"Fisher, lost count as dead (worst\_case)".replace("\\", ""),
    ]  # fmt: skip
    assert "Fisher's exact test, lost count as dead (worst_case)" in words(document)


def test_sessions_due_are_those_of_the_rows_below():
    """80.52 = 79.81 + 0.279 + 0.431, and 89.98 = 80.52 + 9.46: nothing is without a row."""
    document = justification(dossier(), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "sessions")
    cells = {row[0]: float(plain(row[1]).split(" ")[0]) for row in table.rows}
    due = sum(
        cells[row]
        for row in (
            "Delivered",
            "Missed: not begun within the window",
            "Not begun: treatment ended first",
        )
    )
    # Each cell is rounded to two decimals.
    assert cells["Due"] == pytest.approx(due, abs=0.02)
    never = cells["Of these, never due: treatment had ended"]
    assert cells["Planned"] == pytest.approx(cells["Due"] + never, abs=0.01)


def test_sweep_shows_who_is_randomised_and_where_recruitment_is_the_limit():
    """A target of 200 brings 138.6: power is theirs."""
    plan, more = sweep_answer().points
    short = replace(
        more,
        values={"trial.target_randomised": 200},
        randomised=Estimate(138.6, 0.1),
        target_reached=Share(0.0, 0.0, 0.001),
    )
    sweep = sweep_answer(points=(plan, short))
    document = justification(dossier(sweeps=(sweep,)), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "sweep-0")
    assert table.header[:2] == ("Patients to be randomised", "Randomised")
    assert [row[:2] for row in table.rows] == [("60 (plan)", "60"), ("200", literal("138.6*"))]
    assert "recruitment is the limit, at 1 of 2 points" in table.note
    assert "limit" not in justification_note(sweep_answer())


def justification_note(sweep):
    document = justification(dossier(sweeps=(sweep,)), "full")
    return next(b.note for b in document.blocks if isinstance(b, Table) and b.name == "sweep-0")


def test_no_word_is_broken_within_a_cell(everything):
    """Words are measured in DejaVu Sans, which stands in where Arial is not installed."""
    style = pytest.importorskip("simulator.report.figures.style")
    long = analysis_power(FISHER, name="stratified_miettinen_nurminen")
    power = power_answer(analyses=(analysis_power(), long), multiplicity=())
    document = justification(replace(everything, power=power), "full")
    for block in (block for block in document.blocks if isinstance(block, Table)):
        table, widths, points = set_table(block, 16.6)
        assert sum(widths) == pytest.approx(16.6)
        for column, width in zip(zip(table.header, *table.rows, strict=True), widths, strict=True):
            for word in (w for cell in column for w in shown(cell).split(" ")):
                needed = style.text_width(word, points) * 2.54 / 72 + 0.38
                assert needed <= width, (table.caption, word)


def shown(cell):
    return "".join(span.text for span in spans(cell))


def test_words_that_no_table_could_hold_share_its_width():
    table = Table("C", ("a" * 80, "b" * 80), (("c", "d"),))
    _, widths, points = set_table(table, 16.6)
    assert widths == [pytest.approx(8.3, abs=0.5)] * 2
    assert points == 7.0


def test_a_sweep_is_told_in_the_order_of_its_values():
    sixty, more = sweep_answer().points
    sweep = sweep_answer(points=(more, sixty))
    document = justification(dossier(sweeps=(sweep,)), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "sweep-0")
    assert [row[0] for row in table.rows] == ["60 (plan)", "120"]


def test_intervals_are_broken_before_words_are():
    wide = tuple(f"Probability {'x' * 9}" for _ in range(8))
    table, _, _ = set_table(Table("C", wide, (("1%\u00a0to\u00a0100.00%",) * 8,)), 16.6)
    assert table.rows[0][0] == "1% to 100.00%"
    few, _, points = set_table(Table("C", wide[:2], (("1%\u00a0to\u00a02%",) * 2,)), 16.6)
    assert few.rows[0][0] == "1%\u00a0to\u00a02%"
    assert points == 9.0


def test_trials_that_are_not_analysable_are_counted_with_their_reasons():
    first = analysis_power(FISHER, not_analysable=25, reasons={"nobody died": 25})
    text = words(justification(dossier(power_answer(analyses=(first,))), "full"))
    assert "Of 10,000 trials 25 (0.2%; nobody died: 25) are not analysable" in text


@pytest.mark.parametrize("length", ["paragraph", "page", "full"])
def test_trials_that_are_not_analysable_are_told_at_every_length(length):
    first = analysis_power(FISHER, not_analysable=7_400, reasons={"nobody died": 7_400})
    text = words(justification(dossier(power_answer(analyses=(first,))), length))
    assert "Of 10,000 trials 7,400 (74.0%; nobody died: 7,400) are not analysable" in text


def test_performance_says_on_how_many_trials_it_rests():
    few = performance(estimates=521, standard_errors=521, intervals=500, significant=76)
    answer = power_answer(analyses=(analysis_power(FISHER, performance=few),))
    document = justification(dossier(answer), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "performance")
    assert table.header[1] == "Trials with an estimate"
    assert table.rows[0][1] == "521"
    assert "Of 10,000 simulated trials." in table.note
    assert "Trials with an interval: fisher 500." in table.note
    assert "the trials that reject: fisher 76." in table.note
    assert "Among the 76 trials that reject, the type S error" in words(document)


def test_a_sweep_says_how_many_trials_have_no_result():
    sweep = sweep_answer()
    first, second = sweep.points
    (a,) = second.analyses
    missing = replace(second, analyses=(replace(a, not_analysable=7_400),))
    text = words(justification(dossier(sweeps=(replace(sweep, points=(first, missing)),)), "full"))
    assert "Of the 10,000 trials per point 0 to 7,400 (at most 74.0%) are not analysable" in text


def test_detectable_difference_that_does_not_exist_is_told():
    none = detectable_difference(experimental=math.nan)
    text = words(justification(dossier(detectable=none), "page"))
    assert "no effect on death by day 84 has 80% power" in text


def test_detectable_difference_says_how_it_was_worked_out():
    exact = words(justification(dossier(), "page"))
    by_normal = detectable_difference(by=DetectableBy.NORMAL)
    normal = words(justification(dossier(detectable=by_normal), "page"))
    assert "32.9 percentage points (exact calculation)" in exact
    assert "32.9 percentage points (normal approximation)" in normal


def test_recruitment_is_a_risk_only_where_it_is_slow():
    slow = with_operations(target_reached=Share(0.4, 0.39, 0.41), randomised=Estimate(51.3, 0.1))
    text = words(justification(slow, "full"))
    assert "Recruitment is a risk" in text
    assert "Recruitment is the limit: 51.3 are randomised on average" in text
    assert "Recruitment is the limit: a mean of 51.3 patients are randomised." in text
    assert "The probability of reaching 60 patients is 40.0% (95% interval 39.0% to 41.0%)" in text
    assert "51.3 randomised on average" in text
    assert "Recruitment is a risk" not in words(justification(dossier(), "full"))


def test_late_completion_is_a_risk_below_an_even_chance():
    late = with_operations(on_time=Share(0.4999, 0.49, 0.51))
    assert "Recruitment is a risk" in words(justification(late, "full"))


def test_recruitment_has_its_range_over_trials():
    text = words(justification(dossier(), "paragraph"))
    assert "90% range 633 to 968 days, 5th to 95th percentile" in text


def test_plasma_is_told_only_where_it_is_short():
    assert "Plasma is short" in words(justification(dossier(), "full"))
    assert "Plasma is short" not in words(justification(dossier(), "paragraph"))
    scarce = with_operations(short_of_plasma_share=by_arm(0.356, 0.225, 0.001))
    none = with_operations(short_of_plasma_share=by_arm(0.0, 0.0, 0.0))
    assert "35.6% under PE" in words(justification(scarce, "paragraph"))
    assert "Plasma is short" not in words(justification(none, "full"))


def test_trial_without_sessions_is_told_nothing_of_them():
    bare = dossier(power_answer(operations=operations_without_sessions()))
    text = words(justification(bare, "full"))
    assert "Sessions per trial" not in text
    assert "Sessions per trial" in words(justification(dossier(), "full"))
    assert "plasma is" not in text.lower()


def test_mean_that_does_not_exist_is_a_dash():
    document = justification(with_operations(mortality_from_tumour=NOTHING_BY_ARM), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "patients")
    assert "nan" not in words(document)
    assert not any("tumour" in row[0] for row in table.rows)


@pytest.mark.parametrize("length", LENGTHS)
def test_single_trial_has_no_errors_to_show(length):
    one = Operations.from_dict(without_errors(operations().to_dict()))
    unsure = performance(truth_mcse=None, bias_mcse=None, coverage_mcse=None, sign_error_mcse=None)
    first = analysis_power(FISHER, performance=unsure)
    document = justification(dossier(power_answer(operations=one, analyses=(first,))), length)
    assert "792 days" in words(document)
    assert not re.search(r"\bnan\b", words(document))


def without_errors(plain):
    if isinstance(plain, dict):
        return {key: None if key == "mcse" else without_errors(v) for key, v in plain.items()}
    return [without_errors(item) for item in plain] if isinstance(plain, list) else plain


def test_search_that_finds_no_size_says_why():
    text = words(justification(dossier(sizes=(size_answer(reached=False),)), "full"))
    why = "in the 1825 days that recruitment may take, 141 patients can be recruited on average"
    assert f"No attainable sample size gave 80% power: {why}." in text
    assert f"In the simulation no attainable sample size gave 80% power: {why}." in text
    assert "The largest power found is 9.0%" in text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            NoSizeKind.NOT_CONVERGED,
            "The search over the number of patients for 80% power did not converge: with values "
            "from 60 to 7000 the trials do not tell",
        ),
        (NoSizeKind.ALWAYS, "Every number of patients from 60 to 7,000 gave more than 80% power."),
        (NoSizeKind.NEVER, "no value tried, from 60 to 7000, has the power asked"),
    ],
)
def test_reason_for_no_size_follows_its_kind(kind, said):
    found = replace(size_answer(reached=False), reason=NoSize(kind, 60.0, 7000.0))
    text = words(justification(dossier(sizes=(found,)), "full"))
    assert said in text
    if kind is NoSizeKind.NOT_CONVERGED:
        assert "No attainable sample size" not in text
        assert "this says nothing of the trial: allow more patients" in text


def table_of(document, name):
    return next(b for b in document.blocks if isinstance(b, Table) and b.name == name)


def test_the_answer_and_the_table_of_a_size_tell_one_power():
    """The row of the answer, the sentence and the answer itself: 80.1 % (21,627 of 27,000)."""
    curve = (*(curve_point(60.0 + k, 60.0 + k, 1000, 50) for k in range(41)),)
    found = size_answer()
    found = replace(found, curve=(*curve, found.curve[-1]))
    document = justification(dossier(sizes=(found,)), "full")
    assert "where power is 80.1%" in words(document)
    rows = table_of(document, "size-0").rows
    assert len(rows) < len(found.curve)
    assert next(row for row in rows if row[0] == "7,040")[4] == "80.1%"


def test_the_table_of_a_size_shows_who_is_randomised_and_what_is_analysable():
    document = justification(dossier(sizes=(size_answer(reached=False),)), "full")
    last = table_of(document, "size-0").rows[-1]
    assert last[:4] == (
        "7,000",
        "141.2\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.3",
        "25,000",
        "23,750",
    )
    assert (
        "Recruitment is the limit: from 154 planned patients on most trials end before the target; "
        "in the 1825 days that recruitment may take, at most 141.2 patients (MCSE 0.3) are "
        "randomised on average." in words(document)
    )


def test_a_largest_power_near_the_one_asked_is_not_called_out_of_reach():
    """79.7 % with an error of .3 points: its 95 % interval contains 80 %."""
    found = replace(size_answer(reached=False), largest=LargestPower(7000.0, 0.797, 0.003))
    text = words(justification(dossier(sizes=(found,)), "full"))
    assert (
        "The trials do not tell whether a number of patients gives 80% power: in the 1825" in text
    )
    assert "attainable" not in text
    assert "UNDECIDED: the trials do not tell whether" in size_in_words(found)
    far = replace(found, largest=LargestPower(7000.0, 0.79, 0.003))
    assert "OUT OF REACH" in size_in_words(far)


def test_trials_without_a_result_are_told_of_beside_the_power():
    """A twentieth of 27,000 trials have none."""
    text = words(justification(dossier(sizes=(size_answer(),)), "full"))
    assert (
        "Of the 27,000 trials at 7040, 1,350 (5.0%) are not analysable and count as not rejecting."
        in text
    )


def test_planned_patients_of_whom_fewer_are_randomised_are_not_called_what_is_needed():
    found = size_answer()
    row = replace(found.curve[-1], randomised=6100.0, randomised_mcse=0.4)
    found = replace(found, curve=(row,))
    text = words(justification(searched(found=found), "full"))
    assert "would need 7,040 patients planned (6100.0 randomised on average)" in text


def test_an_exact_size_is_called_exact_and_a_trend_a_trend():
    trend = words(justification(dossier(sizes=(size_answer(),)), "full"))
    assert "The number is where the fitted trend crosses 80 %." in trend
    assert "climbs in teeth about that trend" in trend
    exact = SizeEstimate(216.0, 216.0, 216.0, 0.8019, 0.0, 0.95, SizeBasis.LASTING)
    found = replace(size_answer(), answer=exact, n_lasting=216.0)
    text = words(justification(searched(found=found), "full"))
    assert "It is reached with 216 (exact), where power is 80.2%." in text
    assert "would need 216 patients (exact: from there on power stays at or above this)" in text
    assert "from 216 patients on the power stays at or above 80 %" in text
    assert "7040 (95 % confidence interval 6950 to 7130)" in text


def test_size_that_is_no_number_of_patients_keeps_its_decimals():
    found = size_answer(key="hazard.effect.hazard_ratio")
    answer = replace(found.answer, value=0.612, low=0.598, high=math.nan)
    text = words(justification(dossier(sizes=(replace(found, answer=answer),)), "full"))
    assert "It is reached at 0.612 (95% confidence interval 0.598 or more)" in text
    assert "would need about 7,100" in text


def test_patients_of_a_formula_are_rounded_up():
    forms = closed_forms(closed_form(Formula.NORMAL, 7100.2))
    text = words(justification(dossier(closed_forms=forms), "page"))
    assert "would need about 7,101 patients" in text


def test_patients_of_a_formula_are_rounded_to_their_error():
    forms = closed_forms(closed_form(Formula.NORMAL, 7101.2, mcse=130.0))
    text = words(justification(dossier(closed_forms=forms), "page"))
    assert "would need about 7,200 patients" in text


def test_closed_forms_say_what_they_assume_or_why_there_is_none():
    exact = Formula.EXACT_BINOMIAL
    forms = closed_forms(
        closed_form(Formula.NORMAL, 7100.0, mcse=468.0),
        closed_form(exact, 7200.0),
        closed_form(exact, None, missing=Missing.TOO_LARGE),
        closed_form(exact, None, missing=Missing.NOT_ENUMERATED),
    )
    document = justification(dossier(closed_forms=forms), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "closed-forms")
    assert table.header[1:] == ("Patients", "Monte Carlo error", "Assumptions")
    assert table.rows == (
        ("Normal approximation, two proportions", "7,100", "470", "risk 44.9% v 41.6%, 3.6% lost "
         "to follow-up, no correction for continuity"),
        ("Exact binomial", "7,200", "exact", "Fisher's exact test, whole arms of fixed size, risk "
         "44.9% v 41.6%, 3.6% lost to follow-up"),
        ("Exact binomial", "none", numbers.DASH, "not worked out: far beyond 600 patients"),
        ("Exact binomial", "none", numbers.DASH, "not worked out: Fisher's exact test is not "
         "enumerated at every size"),
    )  # fmt: skip
    assert sum(isinstance(block, Equation) for block in document.blocks) == 1 + 3


def test_formulas_of_a_log_rank_test_have_their_events_in_table_and_text():
    inputs = {"hazard_ratio": 0.5575, "proportional": True, "event_probability": 0.489}
    forms = closed_forms(
        closed_form(Formula.SCHOENFELD, 188.07, events=91.96, **inputs),
        closed_form(Formula.FREEDMAN, 198.2, events=96.9, **inputs),
        test_name="the log-rank test",
        exact_inputs=True,
    )
    text = words(justification(dossier(closed_forms=forms), "paragraph"))
    assert "would need about 189 to 199 patients (closed-form sample size, 92 to 97 events)" in text
    document = justification(dossier(closed_forms=forms), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "closed-forms")
    assert [row[1:4] for row in table.rows] == [("92", "189", "exact"), ("96.9", "199", "exact")]
    assert "hazard ratio 0.557, an event seen in 48.9% of patients" in table.rows[0][4]


def test_no_formula_is_said_to_apply_where_none_does():
    none = closed_forms(contrast=Contrast.NO_FORMULA, test_name="the MaxCombo test")
    text = words(justification(dossier(closed_forms=replace(none, needed=())), "full"))
    assert "No closed-form sample size applies to the MaxCombo test." in text


def test_sweep_tells_how_many_points_reach_the_target():
    plan, more = sweep_answer().points
    enough = replace(more.analyses[0], judgement=power_answer(0.81, 0.8, 0.82).verdict.judgement)
    sweep = sweep_answer(points=(plan, replace(more, analyses=(enough,))))
    assert "Of 2 points, 1 reaches 80%," in words(justification(dossier(sweeps=(sweep,)), "full"))
    text = words(justification(dossier(sweeps=(sweep_answer(),)), "full"))
    assert "No point reaches 80%." in text
    assert "at 1 of the 1 other points" in text
    assert "60 (plan)" in text


def test_value_without_a_source_counts_as_an_assumption():
    blocks = justification(dossier(), "full").blocks
    table = next(b for b in blocks if isinstance(b, Table) and b.name == "assumed-effect")
    sources = {row[0]: row[2] for row in table.rows}
    assert sources["Hazard ratio between the arms"] == "assumption (no source is given)"


def test_paragraph_fits_the_box_of_a_form():
    document = justification(dossier(), "paragraph")
    assert len(document.blocks) == 1
    assert 100 <= len(words(document).split()) <= 230


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
    for row, a in zip(rows, everything.power.analyses, strict=True):
        assert a.name in row[0]
        assert row[1] == f"{a.power:.1%}"
        assert row[3] == f"{a.ci_low:.1%} to {a.ci_high:.1%}"
        assert row[4:] == [f"{d.power:.1%}" for d in a.in_favour_of.values()]


def test_word_is_built_of_its_own_styles_and_fields(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    styles = {paragraph.style.name for paragraph in found.paragraphs}
    assert {"Title", "Heading 1", "Heading 2", "Caption"} <= styles
    xml = found.element.xml
    assert xml.count("SEQ Table") == len(found.tables)
    assert xml.count("SEQ Figure") == 8
    assert "<m:oMathPara" in xml
    body = found.element
    assert len(body.xpath("//w:tbl/w:tr[1]/w:trPr/w:tblHeader")) == len(found.tables)
    assert len(body.xpath("//w:tr/w:trPr/w:cantSplit")) == len(body.xpath("//w:tr"))


def test_word_pictures_have_alternative_text_with_the_numbers(tmp_path, everything):
    found = word_file(justification(everything, "full"), tmp_path / "a.docx")
    texts = [node.get("descr") for node in found.element.iter(qn("wp:docPr"))]
    assert len(texts) == 8
    assert all(texts)
    assert "44.9% under PE and 41.6% under DPMAS+LPE have died" in texts[0]


def test_word_properties_are_fixed(tmp_path):
    found = word_file(justification(dossier(), "page"), tmp_path / "a.docx")
    properties = found.core_properties
    assert properties.title == "Sample size justification: A trial of <b>& 60 patients"
    assert properties.language == "en-GB"
    assert properties.created == properties.modified
    section = found.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    assert "PAGE" in section.footer.part.element.xml
    languages = {n.get(qn("w:val")) for n in found.styles.element.iter(qn("w:lang"))}
    assert languages == {"en-GB"}


def test_citations_of_word_lead_to_the_numbered_references(tmp_path):
    found = word_file(justification(dossier(), "page"), tmp_path / "a.docx")
    anchors = {n.get(qn("w:anchor")) for n in found.element.iter(qn("w:hyperlink"))}
    bookmarks = {n.get(qn("w:name")) for n in found.element.iter(qn("w:bookmarkStart"))}
    assert anchors
    assert anchors <= bookmarks


@pytest.mark.parametrize(
    ("null", "length"), [(NullHypothesis.NONE, "full"), (NullHypothesis.STRONG, "page")]
)
def test_same_input_gives_same_bytes(tmp_path, null, length):
    paths = [tmp_path / f"{n}.{end}" for end in ("docx", "html") for n in (1, 2)]
    for path in paths:
        write = write_word if path.suffix == ".docx" else write_html
        write(justification(dossier(power_answer(null=null)), length), path)
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
    bias = SelectionBias("shift", "<i>B</i>", hazard_ratio=0.7)
    drift = Drift("linear", 2.0)
    title = '<script>alert(1)</script> & "x"'
    power = power_answer(title=title, selection_bias=bias, drift=drift)
    found, text = page(justification(dossier(power), "full"), tmp_path / "a.html")
    assert not found.all("script")
    assert not found.all("i")
    assert "&lt;script&gt;" in text
    assert "the next arm is guessed, &lt;i&gt;B&lt;/i&gt; is to look better" in text
    assert "mortality drifts (linear): the last patient&#39;s hazard is 2 times the first" in text
    assert "*borrowed* [0.3]" in text


def test_word_takes_what_would_be_markup_elsewhere(tmp_path):
    power = power_answer(title="<b>& ]]> *x* [@none]\x00")
    found = word_file(justification(dossier(power), "full"), tmp_path / "a.docx")
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
    writers = {"word.py", "word_format.py", "omml.py", "html.py"}
    for path in folder.glob("*.py"):
        if path.name not in writers:
            assert not re.search(
                r"^\s*(import|from) (docx|jinja2|latex2mathml)", path.read_text(), re.M
            )


@pytest.mark.parametrize("length", LENGTHS)
def test_effect_that_never_acts_is_called_none_with_its_reason(length):
    late = Effect(EffectKind.DIRECT, 0.85, delay_days=90.0, acts=False)
    power = power_answer(0.05, 0.046, 0.054, NullHypothesis.STRONG, effect=late)
    text = words(justification(dossier(power), length))
    assert "from day 90, after the end of follow-up: within it there is none." in text
    assert "Rejections are therefore the type I error" in text
    assert "Under the strong null hypothesis" not in text
    assert "underpowered" not in text


@pytest.mark.parametrize(
    ("planned", "said"),
    [(200, "the 200 planned are fewer"), (320, "the 320 planned are more")],
)
@pytest.mark.parametrize("length", LENGTHS)
def test_search_is_told_of_beside_a_power_that_is_adequate(length, planned, said):
    """252 patients needed, 200 or 320 planned: the search is no secret of the underpowered."""
    found = size_answer(answer=replace(size_answer().answer, value=252.0, low=240.0, high=264.0))
    text = words(justification(searched(power_answer(0.83, 0.82, 0.84), found, planned), length))
    assert "The trial is adequately powered" in text
    assert (
        f"would need 252 patients (95% confidence interval 240 to 264, by simulation); {said}"
        in text
    )


@pytest.mark.parametrize("length", LENGTHS)
def test_search_for_ninety_percent_makes_ninety_the_target_of_the_document(length):
    found = size_answer(target_power=0.9)
    text = words(justification(searched(power_answer(0.83, 0.82, 0.84), found), length))
    assert "the target of 90% is not reached" in text
    assert "conventional" not in text


def test_power_is_quoted_from_the_run_with_the_most_trials_and_the_table_says_so():
    point = curve_point(60.0, 60.0, 40_000, 1_720)
    text = words(justification(searched(found=size_answer(curve=(point,))), "full"))
    assert "give a power of 4.3% (Monte Carlo 95% interval 4.1% to 4.5%; 40,000 simulated" in text
    assert "is quoted from the run of size, which has more trials of the same design" in text
    assert "3.8%" not in text


def test_conservative_test_explains_a_power_below_the_level():
    power = power_answer()
    low = BelowLevel(LowReason.CONSERVATIVE, 0.0268)
    power = replace(power, verdict=replace(power.verdict, below_level=low))
    text = words(justification(dossier(power), "paragraph"))
    assert "below the nominal level of 5% because Fisher's exact test is conservative" in text
    assert "its own type I error is 2.7%" in text


def test_range_of_formulas_carries_its_error():
    text = words(justification(dossier(), "paragraph"))
    assert "about 7,100 patients (closed-form sample size, Monte Carlo standard error 460)" in text
