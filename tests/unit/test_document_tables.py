"""Tables of a document: what stands in them, and how wide they are."""

from dataclasses import replace

import pytest
from answers import (
    CHI_SQUARE,
    FISHER,
    NEWCOMBE,
    analysis_power,
    performance,
    power_answer,
    sweep_answer,
)
from documents import VALUES, dossier, plain, table_of, valued, words

from simulator.planning.reconcile import reconcile
from simulator.report.document.blocks import (
    Table,
    literal,
    spans,
)
from simulator.report.document.column_widths import set_table
from simulator.report.document.dossier import Provenance
from simulator.report.document.justification import justification
from simulator.results.measures import (
    Estimate,
    Share,
)
from simulator.results.power import FamilyPower


def test_test_is_named_with_its_details_once():
    newcombe = analysis_power(NEWCOMBE, name="newcombe")
    power = power_answer(analyses=(analysis_power(CHI_SQUARE), newcombe))
    document = justification(dossier(power), "full")
    assert "is analysed by Pearson's chi-square test (asymptotic) at" in words(document)
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "power")
    assert [row[0] for row in table.rows] == ["Chi-square", "newcombe"]


def test_analyses_judged_together_are_in_a_table():
    half = Estimate(0.06, 0.002)
    any_of = Estimate(0.07, 0.002)
    family = FamilyPower("main", "hochberg", 0.05, {"fisher": half}, any_of, half, 10_000, 0)
    document = justification(dossier(power_answer(multiplicity=(family,))), "full")
    said = words(document)
    assert "Judged together are Fisher by the Hochberg procedure at 5%." in said
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "families")
    rows = [tuple(map(plain, row)) for row in table.rows]
    assert rows == [
        ("main: Hochberg procedure, 5%", "at least one", "7.0 ± 0.2"),
        ("main: Hochberg procedure, 5%", "all", "6.0 ± 0.2"),
        ("main: Hochberg procedure, 5%", "Fisher", "6.0 ± 0.2"),
    ]


def test_analyses_of_one_test_are_told_apart_in_tables_and_lists():
    worst = replace(FISHER, distinction="lost count as dead")
    named = analysis_power(worst, name="worst_case")
    document = justification(dossier(power_answer(analyses=(analysis_power(), named))), "full")
    table = next(b for b in document.blocks if isinstance(b, Table) and b.name == "power")
    assert [row[0] for row in table.rows] == [
        "Fisher", r"Fisher, lost count as dead (worst\_case)".replace("\\", ""),
    ]  # fmt: skip
    assert "Fisher's exact test, lost count as dead (worst_case)" in words(document)


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
    assert [row[:2] for row in table.rows] == [("60 (plan)", "60"), ("200", literal("139*"))]
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


def test_the_cost_of_a_session_is_told_in_its_currency_with_its_source():
    key = "costs.per_session.PE"
    costs = valued("costs.currency", "CNY", ""), valued(key, 15_000, "published: hospital list")
    document = justification(dossier(values=(*VALUES, *costs)), "full")
    rows = table_of(document, "assumed-treatment").rows
    assert rows == (("Cost per session, PE", "15,000 CNY", "published: hospital list"),)


def test_a_row_of_a_sweep_is_of_its_own_run_and_a_note_has_the_best_estimate_for_the_plan():
    """4.0 % in 2,000 trials of the sweep; the run of power has 3.8 % of 10,000."""
    sweep = replace(sweep_answer(), trials=2_000)
    plan, more = sweep.points
    own = replace(plan.analyses[0], power=0.040, ci_low=0.032, ci_high=0.05)
    sweep = replace(sweep, points=(replace(plan, analyses=(own,)), more))
    agreed = reconcile(power_answer(), [sweep], 60)
    table = table_of(justification(dossier(agreed.power, sweeps=agreed.more), "full"), "sweep-0")
    (planned,) = (row for row in table.rows if "(plan)" in row[0])
    assert "4.0%" in planned
    assert "best estimate for the plan is 3.8%, of 10,000 trials" in table.note


def test_commands_of_every_run_are_told():
    made = Provenance("trialsim power mine", more=("trialsim size mine", "trialsim sweep mine"))
    text = words(justification(dossier(provenance=made), "full"))
    assert "are made by “trialsim size mine" in text
    assert "trialsim sweep mine" in text


def test_true_values_are_not_said_to_be_of_another_scenario_than_the_estimands():
    """Treatment policy and composite strategies suppose nothing hypothetical but full follow-up."""
    text = words(justification(dossier(), "full"))
    assert "counterfactual" not in text
    assert "simulated patients of the scenario with complete follow-up" in text
