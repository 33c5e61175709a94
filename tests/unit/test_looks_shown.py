"""What a run with looks tells: its parts agree with one another, and with the words for them."""

import dataclasses

import pytest
from answers import closed_forms, detectable_difference
from command_line import run_here
from documents import dossier, valued
from documents import words as words_of

import simulator
from simulator.report.document.after_stopping import after_stopping_blocks
from simulator.report.document.blocks import Paragraph, Table
from simulator.report.document.column_widths import set_table
from simulator.report.document.committee import committee_blocks
from simulator.report.document.feasibility import on_time_sentence, recruitment_in_short
from simulator.report.document.inputs import interim_status
from simulator.report.document.justification import justification
from simulator.report.document.look_tables import looks_table
from simulator.report.document.looks import interim_sentence, look_blocks
from simulator.report.document.needed_size import detectable_clause, needed_sentence
from simulator.report.document.numbers import percent_with_error, with_error
from simulator.report.document.power import power_table
from simulator.report.text.attained import attained_in_words, attained_over_trials_in_words
from simulator.report.text.numbers import mean
from simulator.report.text.power_after_stopping import estimates_with_looks
from simulator.report.text.power_estimates import estimates_section
from simulator.report.text.power_looks import looks_in_short, looks_section, rules_in_words
from simulator.results.measures import Estimate

TRIALS = 400


@pytest.fixture(scope="module")
def answer():
    return simulator.load("nct05484908-looks").power(TRIALS, jobs=1)


@pytest.fixture(scope="module")
def plain():
    return simulator.load("nct05484908").power(TRIALS, jobs=1)


def test_looks_add_up_to_the_power_of_the_analysis(answer):
    found, analysis = answer.looks, answer.primary
    by_arm = {
        arm: sum(look.in_favour_of[arm].mean for look in found.looks) * TRIALS
        for arm in answer.arms
    }
    assert {arm: round(count) for arm, count in by_arm.items()} == dict(analysis.favouring)
    assert found.looks[-1].cumulative_power.mean == found.power.with_looks.mean == analysis.power


def test_who_is_not_stopped_comes_to_the_final_analysis(answer):
    first, last = answer.looks.looks
    stopped = first.futility.mean + sum(share.mean for share in first.in_favour_of.values())
    assert last.taken.mean == pytest.approx(1 - stopped)
    assert 0.5 < stopped < 1


def test_without_looks_is_the_scenario_without_them(answer, plain):
    """The same trials, asked for by another scenario and without a look."""
    assert answer.looks.power.without.mean == plain.primary.power
    o, compared = plain.operations, answer.looks.compared
    assert compared["patients"].without.mean == pytest.approx(o.randomised.mean)
    assert compared["plasma_litres"].without.mean == pytest.approx(
        sum(litres.mean for litres in o.plasma_litres.values())
    )
    for row in compared.values():
        assert row.difference.mean == pytest.approx(row.with_looks.mean - row.without.mean)


BY_DEATHS = """\
extends: two-arm-survival
name: by_deaths
title: a trial that ends at 40 deaths, with a look at 20
trial: {max_follow_up_days: 3000, end: {deaths: 40}}
exits: {loss: {net_probability: 0}}
monitoring: {looks: [{at: {deaths: 20}}], futility: {rule: z(0)}}
"""


def test_deaths_of_a_trial_that_ends_by_them_are_those_by_the_end(tmp_path):
    """Not those within the horizon of the main outcome, which is shorter than follow-up."""
    (tmp_path / "by_deaths.yaml").write_text(BY_DEATHS)
    found = simulator.load(tmp_path / "by_deaths.yaml").power(200, jobs=1)
    compared = found.looks.compared
    assert "deaths" not in compared
    assert compared["deaths_by_the_end"].without.mean == 40
    assert 20 < compared["deaths_by_the_end"].with_looks.mean < 40
    *_, table = [block for block in looks_section(found) if not isinstance(block, str)]
    assert "known deaths by the end" in [row[0] for row in table.rows]
    *_, table = [block for block in look_blocks(found) if isinstance(block, Table)]
    assert "Known deaths by the end" in [row[0] for row in table.rows]
    assert "deaths_by_the_end" in found.to_dict()["looks"]["compared"]
    rows = found.looks.tables()["look_savings"]
    assert "deaths_by_the_end" in [row["compared"] for row in rows]


def test_other_analyses_are_of_all_who_were_randomised(answer):
    assert answer.operations.randomised.mean == pytest.approx(
        answer.looks.compared["patients"].with_looks.mean
    )


def test_looks_travel_as_json(answer):
    assert type(answer).from_dict(answer.to_dict()).looks == answer.looks


def test_a_scenario_without_looks_tells_of_none(plain):
    assert plain.looks is None
    assert list(looks_section(plain)) == look_blocks(plain) == []
    assert committee_blocks(dossier(plain)) == []
    assert interim_sentence(plain) == ""


def test_the_level_attained_is_told_and_lies_below_the_nominal_one(answer):
    found = answer.looks.attained
    assert len(found.first_arm) == len(found.normal_p) == len(found.exact_p) == 2
    assert 0.02 < found.normal_level < found.exact_level <= 0.055
    assert found.normal_most >= found.normal_level
    # 14 v 15, then 29 v 28: another parity, another level: 0.06355 by itself.
    assert found.exact_most == pytest.approx(0.0635, abs=0.002)
    words = attained_in_words(found, "here")
    assert f"{100 * found.normal_level:.2f}%" in words
    text = " ".join(block.text for block in look_blocks(answer) if isinstance(block, Paragraph))
    assert f"a level of {100 * found.normal_level:.1f}%" in text


def test_a_level_above_the_nominal_one_is_called_that(answer):
    found = dataclasses.replace(answer.looks.attained, normal_level=0.0561)
    words = attained_in_words(found, "here")
    assert "5.61%, ABOVE IT, at a mortality" in words
    assert words.count("ABOVE IT") == 1 + (found.exact_most > found.level)
    looks = dataclasses.replace(answer.looks, attained=found)
    blocks = look_blocks(dataclasses.replace(answer, looks=looks))
    text = " ".join(block.text for block in blocks if isinstance(block, Paragraph))
    assert "a level of 5.6%, above the nominal one (by enumeration" in text


def test_the_level_over_trials_is_told_in_text_and_document(answer):
    found = answer.looks.attained_over_trials
    assert found.trials == TRIALS
    assert 1 < found.distinct < TRIALS
    assert found.normal_mean < found.own_mean <= found.own_largest.level <= 0.05
    assert 0.05 < found.exact_mean < found.exact_largest.level
    assert 0.5 < found.exact_above < 1
    words = attained_over_trials_in_words(found)
    assert words.startswith(
        f"Level attained at the sizes of 400 trials, {found.distinct} different"
    )
    assert f"exact levels {100 * found.exact_mean:.2f}% on average, ABOVE IT, at most" in words
    assert f"at each trial's own sizes {100 * found.own_mean:.2f}% on average, at most" in words
    assert words in [block for block in looks_section(answer) if isinstance(block, str)]
    text = " ".join(block.text for block in look_blocks(answer) if isinstance(block, Paragraph))
    said = f"sizes of 400 simulated trials the level attained is {100 * found.normal_mean:.1f}%"
    assert said in text
    exact = dataclasses.replace(answer, looks=dataclasses.replace(answer.looks, exact=True))
    text = " ".join(block.text for block in look_blocks(exact) if isinstance(block, Paragraph))
    assert f"attained is {100 * found.exact_mean:.1f}% on average and at most" in text
    assert f"own sizes would have {100 * found.own_mean:.1f}% on average." in text
    looks = dataclasses.replace(answer.looks, exact=True, own_sizes=True)
    text = " ".join(
        block.text
        for block in look_blocks(dataclasses.replace(answer, looks=looks))
        if isinstance(block, Paragraph)
    )
    assert f"the level attained is {100 * found.own_mean:.1f}% on average and at most" in text
    assert "enumerated at the sizes that the arms then have" in text
    assert "exact nominal levels at each trial's own sizes" in rules_in_words(looks)
    assert answer.to_dict()["looks"]["attained_over_trials"]["own_mean"] == found.own_mean


NO_ESTIMATES = {
    "exact": ({"efficacy.exact": True}, "reject by exact levels"),
    "predictive_futility": (
        {"futility": {"rule": "predictive_probability(0.05)", "binding": False}},
        "goes by the tables of deaths",
    ),
}


@pytest.mark.parametrize("reason", NO_ESTIMATES)
def test_why_no_estimate_allows_for_looks_stands_where_it_is_looked_for(reason):
    keys, words = NO_ESTIMATES[reason]
    keys = {f"monitoring.{key}": value for key, value in keys.items()}
    answer = simulator.load("nct05484908-looks").with_values(keys).power(50, jobs=1)
    assert not answer.looks.estimates
    assert [one.value for one in answer.looks.no_estimates] == [reason]
    (text,) = (b for b in estimates_section(answer) if isinstance(b, str) and "that allows" in b)
    assert words in text
    (paragraph,) = after_stopping_blocks(answer)
    assert words in paragraph.text
    assert answer.to_dict()["looks"]["no_estimates"] == [reason]


ADAPTS = {
    "promising_zone": {"from_conditional_power": 0.05, "most_randomised": 120},
    "promising_zone, the usual test": {
        "from_conditional_power": 0.42,
        "most_randomised": 120,
        "final_test": "conventional",
    },
    "blinded_reestimation": {"difference": 0.3, "most_randomised": 80},
}


@pytest.mark.parametrize("rule", ADAPTS)
def test_a_trial_that_adapts_has_the_repeated_interval_alone(rule):
    keys = {f"monitoring.{rule.split(',')[0]}": ADAPTS[rule]}
    answer = simulator.load("nct05484908-looks").with_values(keys).power(100, jobs=1)
    kinds = ["all_data", "at_stop", "repeated"]
    assert list(answer.looks.estimates) == kinds
    assert answer.to_dict()["looks"]["no_estimates"] == ["adaptation"]
    assert [row["kind"] for row in answer.tables()["look_estimates"]] == kinds
    found, at_stop = (answer.looks.estimates[kind] for kind in ("repeated", "at_stop"))
    assert found.intervals == at_stop.intervals > 90
    assert found.coverage >= at_stop.coverage
    weighs = rule == "promising_zone"  # else the centre is the usual estimate at the stop
    assert (found.bias is None, found.bias == at_stop.bias) == (not weighs, False)
    text = list(estimates_section(answer))
    _, table = (block for block in text if not isinstance(block, str))
    assert table.rows[-1][0] == "repeated interval at the stop" + ", and its centre" * weighs
    said = " ".join(b for b in text if isinstance(b, str))
    why = "No median-unbiased estimate and no stage-wise interval of fisher is made: what was seen"
    assert why in said
    assert ("keeps its level at no effect" in said) == ("usual" in rule)
    assert "half of all trials" not in said
    paragraph, shown = after_stopping_blocks(answer)
    assert why in paragraph.text
    assert "the repeated confidence interval, by the data" in paragraph.text
    assert [row[0] for row in shown.rows][-1].startswith("Repeated interval")
    assert ("centre" in shown.rows[-1][0]) == weighs
    assert "half of all trials" not in shown.note


def test_sides_that_differ_have_estimates_that_allow_for_looks():
    """Of 5 % the first arm's favour has 1 %, which the upper limit misses at most."""
    keys = {"efficacy.lower_spending": "kim_demets(1)", "efficacy.lower_alpha": 0.01}
    keys = {f"monitoring.{key}": value for key, value in keys.items()}
    answer = simulator.load("nct05484908-looks").with_values(keys).power(200, jobs=1)
    assert not answer.looks.no_estimates
    found = answer.looks.estimates["median_unbiased"]
    assert found.intervals == answer.looks.estimates["at_stop"].intervals > 190
    text = [b for b in estimates_section(answer) if isinstance(b, str)]
    assert any("each limit misses the true value with the part of alpha" in b for b in text)
    (said, _) = after_stopping_blocks(answer)
    assert "with the part of the level of its own side" in said.text


def test_no_reason_is_given_where_estimates_allow_for_looks(answer):
    assert answer.looks.estimates
    assert not answer.looks.no_estimates
    assert not [b for b in estimates_section(answer) if isinstance(b, str) and "is made" in b]


def test_words_hold_the_numbers(answer):
    futility = f"{100 * answer.looks.looks[0].futility.mean:.1f}%"
    assert futility in looks_in_short(answer.looks)
    assert futility in interim_sentence(answer)
    tables = [block for block in look_blocks(answer) if isinstance(block, Table)]
    words, found = (block.text for block in look_blocks(answer) if isinstance(block, Paragraph))
    assert "simulated trials" in found
    assert "simulated trials" not in words
    assert [table.name for table in tables] == ["looks", "with-looks"]
    assert "by Fisher's exact test is planned, at 30 patients followed up" in words
    assert all(len(row) == len(table.header) for table in tables for row in table.rows)


def test_the_committees_table_is_the_typed_result(answer):
    (table,) = (b for b in committee_blocks(dossier(answer)) if isinstance(b, Table))
    assert table.name == "boundaries"
    minus = "\N{MINUS SIGN}"
    heads = [head.replace("*", "") for head in table.header]
    for row, planned, look in zip(
        table.rows, answer.looks.boundaries.looks, answer.looks.looks, strict=True
    ):
        cells = dict(zip(heads, (cell.replace(minus, "-") for cell in row), strict=True))
        assert cells["Analysis at"] == (look.moment or "the end")
        assert float(cells["Information, followed up"]) == planned.information
        assert float(cells["z for DPMAS+LPE, at least"]) == round(planned.efficacy_z, 2)
        assert float(cells["z for PE, at most"]) == round(planned.lower_z, 2)
        assert float(cells["Nominal p"]) == pytest.approx(planned.nominal_p, abs=5e-5)
        assert float(cells["Smallest effect"]) == pytest.approx(
            100 * look.smallest_effect.mean, abs=0.06
        )
    assert [bool(row[heads.index("Futility z, at most")]) for row in table.rows] == [True, False]


def test_what_binds_the_committee_and_what_is_left_to_the_applicants_is_said(answer):
    page = dossier(
        answer,
        values=(
            valued("monitoring.looks[0].cleaning_days", 14),
            valued("monitoring.looks[0].pause", False),
        ),
    )
    words = " ".join(b.text for b in committee_blocks(page) if isinstance(b, Paragraph))
    assert "at 30 patients followed up (about day" in words
    assert "decided 14 days after the cut while recruitment goes on" in words
    assert "Stopping is not binding" in words
    assert "To be filled in by the applicants" in words
    assert "who prepares the closed report and is unblinded" in words


def test_the_level_is_told_in_both_readings(answer):
    level = answer.looks.boundaries.level
    assert level.futility_obeyed < level.futility_ignored == pytest.approx(0.05, abs=1e-4)
    shown = f"{100 * level.futility_obeyed:.2f}% if futility is obeyed and "
    shown += f"{100 * level.futility_ignored:.2f}% if it is ignored"
    assert any(isinstance(block, str) and shown in block for block in looks_section(answer))
    words = " ".join(b.text for b in look_blocks(answer) if isinstance(b, Paragraph))
    assert shown in words
    assert "counts as none" in words


def test_estimates_with_looks_are_told_as_they_are(answer):
    found, usual = answer.looks.estimates, answer.primary.performance
    assert list(found) == ["all_data", "at_stop", "median_unbiased", "repeated"]
    for name in ("estimates", "intervals", "bias", "bias_mcse", "rmse", "coverage", "exaggeration"):
        assert getattr(found["all_data"], name) == getattr(usual, name), name
    assert found["repeated"].bias is found["repeated"].above_truth is None
    assert found["repeated"].coverage >= found["median_unbiased"].coverage


def test_estimates_with_looks_in_text_and_document_hold_their_numbers(answer):
    found = answer.looks.estimates
    *_, table, words = estimates_with_looks(answer.looks)
    assert [row[0] for row in table.rows][1:3] == [
        "usual, of the data at the stop",
        "median-unbiased, at the stop",
    ]
    for row, one in zip(table.rows, found.values(), strict=True):
        assert row[-1] == f"{100 * one.coverage:.1f}%"
    assert "half of all trials" in words
    paragraph, document = after_stopping_blocks(answer)
    assert "[#after-stopping]" in paragraph.text
    for row, one in zip(document.rows, found.values(), strict=True):
        share = with_error(Estimate(100 * one.coverage, 100 * one.coverage_mcse))
        assert row[-1] == share, row
    # In percentage points.
    assert document.rows[0][2].lstrip("\N{MINUS SIGN}") == with_error(
        Estimate(100 * abs(found["all_data"].bias), 100 * found["all_data"].bias_mcse)
    )


def test_trials_without_an_estimate_at_the_stop_are_counted(answer):
    looks = answer.looks
    fewer = {
        kind: dataclasses.replace(one, estimates=one.estimates - 3)
        for kind, one in looks.estimates.items()
    }
    *_, said = estimates_with_looks(dataclasses.replace(looks, estimates=fewer))
    assert said == f"3 of {TRIALS} trials end without an estimate at the stop."


def test_a_scenario_without_looks_has_no_second_table(plain):
    assert after_stopping_blocks(plain) == []
    assert not any("stop" in str(block) for block in estimates_section(plain))


def test_the_overrun_after_a_stop_is_told_in_text_and_to_the_committee(answer):
    """All analysed patients of stopped trials: those of the look, and the overrun."""
    first, last = answer.looks.looks
    assert last.overrun_patients is last.overrun_events is None
    at_look = first.fraction.mean * answer.looks.max_information
    assert 4 < first.overrun_patients.mean < 12  # six are randomised and not followed up by then
    assert at_look + first.overrun_patients.mean < first.randomised.mean + 4
    text = " ".join(block for block in looks_section(answer) if isinstance(block, str))
    more = f"{mean(first.overrun_patients)} patients with a known end and "
    assert f"{more}{mean(first.overrun_events)} events after look 1." in text
    page = " ".join(b.text for b in committee_blocks(dossier(answer)) if isinstance(b, Paragraph))
    more = f"{with_error(first.overrun_patients)} patients with a known end and "
    assert f"{more}{with_error(first.overrun_events)} events after look 1" in page


def test_tables_hold_the_typed_results(answer, plain):
    tables, found = answer.tables(), answer.looks
    assert [row["kind"] for row in tables["look_estimates"]] == list(found.estimates)
    for row in tables["look_estimates"]:
        kept = found.estimates[row.pop("kind")]
        assert row.pop("analysis") == "fisher"
        assert row == dataclasses.asdict(kept)
    assert [row["moment"] for row in tables["look_means"]] == ["30 patients followed up", "end"]
    first = tables["look_means"][0]
    assert first["overrun_events"] == found.looks[0].overrun_events.mean
    saved = {row["compared"]: row for row in tables["look_savings"]}
    assert list(saved) == ["power", *found.compared]
    assert saved["patients"]["difference"] == found.compared["patients"].difference.mean
    assert saved["power"]["without_mcse"] == found.power.without.mcse
    assert not [name for name in plain.tables() if name.startswith("look_")]


def test_a_run_writes_its_tables_and_reads_them_back(tmp_path):
    asked = "power nct05484908-looks --trials 100 --jobs 1 --out run"
    assert run_here(asked, folder=tmp_path).status == 0
    kept = tmp_path / "run" / "data"
    for name, rows in (("look_means", 2), ("look_estimates", 4), ("look_savings", 9)):
        lines = (kept / f"{name}.csv").read_text("utf-8").splitlines()
        assert len(lines) == rows + 1, name
    shown = run_here("show run looks", folder=tmp_path)
    assert shown.status == 0
    assert "Overrun" in shown.out


def test_what_is_of_a_trial_without_looks_is_said_to_be(answer, plain):
    """Formulas, and what sixty patients detect, know of no look; a stop is no want of patients."""
    forms, detected = closed_forms(), detectable_difference()
    assert answer.operations.randomised.mean < 50
    for power, looks in ((answer, True), (plain, False)):
        page = dossier(power, closed_forms=forms, detectable=detected)
        said = detectable_clause(page)
        assert ("fully followed up and no interim analyses, 80% power" in said) == looks
        assert "if they could be recruited" not in said
        assert ("80% power without interim analyses (" in needed_sentence(page)) == looks


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (("assumption", "assumption: a proposal"), "Every value of this plan is an assumption"),
        (("assumption", "registry"), "Of the 2 values of this plan 1 is an assumption."),
        (("registry", "registry"), ""),
    ],
)
def test_a_plan_of_looks_that_is_assumed_is_called_so(answer, plain, sources, said):
    keys = ("monitoring.looks[0].cleaning_days", "monitoring.efficacy.spending")
    values = tuple(valued(k, 1, source) for k, source in zip(keys, sources, strict=True))
    values += (valued("monitoring.family", None, ""),)  # not used: no part of the plan
    assert interim_status(dossier(answer, values=values)).startswith(said)
    assert bool(interim_status(dossier(answer, values=values))) == bool(said)
    assert interim_status(dossier(plain, values=values)) == ""
    told = words_of(justification(dossier(answer, values=values), "full"))
    assert said in told


def test_completion_counts_trials_that_stop(answer, plain):
    for power, looks in ((answer, True), (plain, False)):
        page = dossier(power)
        assert ("(early stops included)" in recruitment_in_short(page)) == looks
        assert ("; trials that stop early included)" in on_time_sentence(page)) == looks


def test_the_table_of_power_says_which_analysis_is_looked_at(answer, plain):
    """Beside the others' its power is of another trial: one that looks may end as a failure."""
    note = power_table(dossier(answer)).note
    assert "Fisher is tested at the interim analyses too; the others once, at the actual" in note
    assert "interim" not in power_table(dossier(plain)).note


def test_a_table_of_few_looks_has_a_column_for_each_and_of_many_a_row(answer):
    """Ten columns fit no page but in the smallest type, errors broken off their numbers."""
    table = looks_table(answer.looks)
    assert table.header == ("Analysis at", "1: 30 patients followed up", "2: the end")
    assert all(len(row) == 3 for row in table.rows)
    taken = {name: cells for name, *cells in table.rows}["Taken, %"]
    assert taken == [percent_with_error(look.taken) for look in answer.looks.looks]
    set_, _, points = set_table(table, 16.0)
    assert points == 9.0
    assert set_ == table  # no number is broken from its error
    many = looks_table(dataclasses.replace(answer.looks, looks=answer.looks.looks * 4))
    assert len(many.rows) == 8
    assert many.header[:2] == ("Analysis at", "Taken, %")


def test_a_screen_adds_up_what_many_looks_stop(answer):
    """A line has no room for each, and was cut before the patients that are expected."""
    found = answer.looks
    first = found.looks[0]
    many = dataclasses.replace(found, looks=(first, first, first, found.looks[-1]))
    said = looks_in_short(many)
    assert f"3 looks stop {3 * efficacy_of(first):.1f}% for efficacy" in said
    assert f"{300 * first.futility.mean:.1f}% for futility" in said
    assert "without looks" in said
    assert f"look 1 ({first.moment}) stops" in looks_in_short(found)


def efficacy_of(look):
    return 100 * sum(share.mean for share in look.in_favour_of.values())
