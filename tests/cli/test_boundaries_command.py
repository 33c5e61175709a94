"""Boundaries without a scenario, as a user asks for them."""

import pytest
import typer.main
from command_line import ROOT

import simulator
from simulator import cli
from simulator.monitoring.families import EFFICACY
from simulator.monitoring.futility import FUTILITY

TWO = "boundaries --information 0.5,1 --spending"
OBRIEN = f"{TWO} lan_demets_obrien_fleming"
FUTILE = f"{OBRIEN} --power 0.9 --futility"
RULES = (
    *("lan_demets_obrien_fleming", "lan_demets_pocock", "hwang_shih_decani(-4)", "kim_demets(3)"),
    *("obrien_fleming", "pocock", "wang_tsiatis(0.3)", "haybittle_peto(3)", "table(0.005,0.025)"),
)


def test_looks_have_what_a_protocol_needs(answer_of):
    found = answer_of(OBRIEN, "--alpha 0.025 --sides 1")
    first, last = found["looks"]
    assert (round(first["efficacy_z"], 4), round(last["efficacy_z"], 4)) == (2.9626, 1.9686)
    assert first["futility_z"] is last["futility_z"] is None
    assert first["nominal_p"] == pytest.approx(first["alpha_spent"], rel=1e-9)
    assert last["alpha_spent"] == pytest.approx(0.025)
    assert first["smallest_effect"] == pytest.approx(first["efficacy_z"] * 2**0.5)
    assert (found["power"], found["drift"], found["inflation"]) == (None, None, None)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_taken_and_shown(run, answer_of, rule):
    found = answer_of(TWO, rule)
    assert found["spending"] == rule
    text = run(TWO, rule).out
    for look in found["looks"]:
        assert f"{look['efficacy_z']:.4f}" in text


def test_two_sides_share_alpha_and_nominal_p_counts_both(answer_of):
    one = answer_of(f"{TWO} pocock --alpha 0.025")
    two = answer_of(f"{TWO} pocock --alpha 0.05 --sides 2")
    for a, b in zip(one["looks"], two["looks"], strict=True):
        assert b["efficacy_z"] == pytest.approx(a["efficacy_z"], abs=1e-4)
        assert b["nominal_p"] == pytest.approx(2 * a["nominal_p"], rel=1e-3)
        assert b["lower_z"] == -b["efficacy_z"]
        assert a["lower_z"] is None


def test_a_power_adds_drift_inflation_and_when_trials_stop(run, answer_of):
    found = answer_of(f"{OBRIEN} --power 90%")
    assert found["power"] == 0.9
    assert found["inflation"] == pytest.approx((found["drift"] / found["fixed_drift"]) ** 2)
    assert sum(look["under_design"]["efficacy"] for look in found["looks"]) == pytest.approx(0.9)
    assert sum(look["under_null"]["efficacy"] for look in found["looks"]) == pytest.approx(0.025)
    text = run(f"{OBRIEN} --power 0.9").out
    assert f"drift {found['drift']:.4f}" in text
    assert f"inflation {found['inflation']:.4f}" in text


@pytest.mark.parametrize("rule", ["hwang_shih_decani(-2)", "z(0)", "conditional_power(0.2,none)"])
def test_futility_has_both_readings_of_the_level(run, answer_of, rule):
    loose = answer_of(FUTILE, rule)
    tight = answer_of(FUTILE, rule, "--binding")
    assert loose["level_futility_ignored"] == pytest.approx(0.025)
    assert loose["level"] < 0.025
    assert tight["level"] == pytest.approx(0.025)
    assert tight["level_futility_ignored"] > 0.025
    for look in (*loose["looks"], *tight["looks"]):
        assert look["futility_z"] <= look["efficacy_z"]
    assert loose["looks"][-1]["futility_z"] == loose["looks"][-1]["efficacy_z"]
    assert "not binding" in run(FUTILE, rule).out


def test_sides_may_have_rules_of_their_own(run, answer_of):
    asked = f"{TWO} kim_demets(2) --alpha 0.03 --sides 2 --lower-alpha 0.005 --lower-spending"
    found = answer_of(asked, "kim_demets(1)")
    assert found["looks"][0]["lower_z"] > -found["looks"][0]["efficacy_z"] - 1
    assert found["looks"][1]["alpha_spent"] == pytest.approx(0.03)
    assert "lower side: kim_demets(1), alpha 0.005" in run(asked, "kim_demets(1)").out


@pytest.mark.parametrize("columns", ["80", "100"])
def test_ten_looks_fit_the_page(run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    tenths = ",".join(f"{k / 10:g}" for k in range(1, 11))
    lines = run(f"boundaries --information {tenths} --spending pocock --power 0.9").out.split("\n")
    assert all(len(line) <= int(columns) for line in lines)
    assert len(lines) <= 40


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--information 1,0.5 --spending pocock", ("--information", "in order", "1, 0.5")),
        ("--information 0.9999,1 --spending pocock", ("--information", "less than 0.05 %")),
        ("--information 0.5,1.2 --spending pocock", ("--information", "at most 1", "1.2")),
        ("--information 0,1 --spending pocock", ("--information", "above 0")),
        ("--information 0.5 --spending pocock", ("--information", "the last look", "0.5,1")),
        ("--information nan,1 --spending pocock", ("--information", "nan is not a number")),
        ("--information 0.5,1 --spending pocok", ("--spending", "did you mean pocock?")),
        ("--information 0.5,1 --spending kim_demets", ("takes rho", "kim_demets(3)")),
        ("--information 0.5,1 --spending kim_demets(-1)", ("rho must be above 0",)),
        ("--information 0.5,1 --spending table(0.01,0.05)", ("spends 0.05, more than 0.025",)),
        ("--information 0.5,1 --spending table(0.01)", ("2 looks, not 1",)),
        ("--information 0.5,1 --spending haybittle_peto(1)", ("spend all of 0.025",)),
        ("--information 0.5,1 --spending pocock --alpha 0.6", ("--alpha", "below 0.5")),
        ("--information 0.5,1 --spending pocock --sides 3", ("--sides", "1 or 2")),
        ("--information 0.5,1 --spending pocock --power 0.01", ("--power", "above alpha")),
        ("--information 0.5,1 --spending pocock --futility z(3)", ("not below that for eff",)),
        ("--information 0.5,1 --spending pocock --futility pocock", ("--futility", "use one of")),
        (
            "--information 0.5,1 --spending pocock --futility kim_demets(2)",
            ("needs the effect of the design", "power"),
        ),
        (
            "--information 0.5,1 --spending pocock --sides 2 --futility z(0)",
            ("two-sided", "use 1 side"),
        ),
        ("--information 0.5,1 --spending pocock --binding", ("--binding", "give futility too")),
        (
            "--information 0.5,1 --spending pocock --sides 2 --lower-alpha 0.01",
            ("--lower-alpha", "needs --lower-spending"),
        ),
    ],
)
def test_what_cannot_be_is_refused_with_rule_and_remedy(refused, options, words):
    message = refused("boundaries", options)
    assert "\n" not in message.strip()
    for word in words:
        assert word in message


LOOKED = """\
extends: nct05484908
name: looked
title: NCT05484908 with one look
monitoring:
  looks: [{at: {completed: 30}}]
  efficacy: {spending: EFFICACY}
  futility: FUTILITY
"""
CANNOT_BE = [
    (LOOKED.replace("EFFICACY", spending).replace("FUTILITY", futility), line, key, rule, remedy)
    for spending, futility, line, key, rule, remedy in (
        ("pocock(3)", "null", 6, "efficacy.spending", "takes no number", "write pocock"),
        ("nonsense", "null", 6, "efficacy.spending", "is not a rule", "use one of"),
        (
            '"table(0,0.06)"',
            "null",
            6,
            "efficacy.spending",
            "more than 0.025, half of",
            "end with 0.025",
        ),
        ('"table(0.05)"', "null", 6, "efficacy.spending", "each of 2 looks, not 1", "give what"),
        ("haybittle_peto(1)", "null", 6, "efficacy.spending", "spend all of 0.025", "raise it"),
        (
            '"pocock", lower_spending: "haybittle_peto(1)", lower_alpha: 0.01',
            *("null", 6, "efficacy.lower_spending", "spend all of 0.01", "raise it"),
        ),
        (
            "pocock",
            "{rule: z(3)}",
            7,
            "futility.rule",
            "not below that for efficacy",
            "less readily",
        ),
        ("pocock", '{rule: "z(0,0.5)"}', 7, "futility.rule", "as many as looks", "as z(0)"),
        (
            "pocock",
            '{rule: "conditional_power(0.99,design)"}',
            *(7, "futility.rule", "not below that for efficacy", "less readily"),
        ),
    )
]


@pytest.mark.parametrize(("scenario", "line", "key", "rule", "remedy"), CANNOT_BE)
@pytest.mark.parametrize("command", ["boundaries", "monitor --observed observed.yaml"])
def test_boundaries_of_a_scenario_that_cannot_be_made_are_refused_at_their_key(
    folder, refused, command, scenario, line, key, rule, remedy
):
    (folder / "looked.yaml").write_text(scenario)
    arms = "{PE: {randomised: 20, followed_up: 15, deaths: 8}, DPMAS+LPE: {randomised: 20}}"
    (folder / "observed.yaml").write_text(f"cut: 2024-03-31\narms: {arms}\n")
    name, *options = command.split()
    message = refused(name, "looked.yaml", *options)
    assert message.startswith(f"looked.yaml:{line}: monitoring.{key} = ")
    assert "\n" not in message.strip()
    assert rule in message
    assert remedy in message


def test_python_answers_what_the_command_does(answer_of):
    found = simulator.boundaries((0.5, 1), "pocock", alpha=0.05, sides=2, power=0.8)
    assert found.to_dict() == answer_of(f"{TWO} pocock --alpha 0.05 --sides 2 --power 0.8")
    assert "pocock, two-sided, alpha 0.05" in repr(found)


def test_every_rule_and_option_is_on_the_page_of_boundaries():
    page = (ROOT / "docs/boundaries.md").read_text("utf-8")
    for family in (*EFFICACY.values(), *FUTILITY.values()):
        assert f"`{family.word}`" in page or f"`{family.word}(" in page, family.word
        for choice in family.choices[1:]:
            assert f",{choice})`" in page
    command = typer.main.get_command(cli.app).commands["boundaries"]
    for option in command.params:
        assert option.opts[0] in page, option.opts


@pytest.mark.parametrize(
    "design", [f"{FUTILE} hwang_shih_decani(-2)", "boundaries nct05484908-looks"]
)
def test_a_figure_of_the_boundaries_is_drawn_beside_the_answer(run, folder, design):
    done = run(design, "--figure looks.svg")
    assert done.status == 0
    assert "drew looks.svg" in done.err
    assert done.out == run(design).out
    svg = (folder / "looks.svg").read_text("utf-8")
    assert "<!-- boundary for futility -->" in svg
    caption = (folder / "looks.txt").read_text("utf-8")
    assert caption.startswith("Boundaries of a group-sequential design.")


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("looks.jpg", "ends in none of .svg, .png, .pdf"),
        ("looks", "ends in none of"),
        ("nowhere/looks.svg", "its folder does not exist"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused(refused, path, rule):
    said = refused(OBRIEN, f"--figure {path}")
    assert f"--figure = {path}: {rule}" in said


def test_looks_that_show_no_efficacy_are_called_that(run, answer_of, folder):
    """No boundary stands in for them in what is told; the end has all of alpha."""
    text = "extends: nct05484908-looks\nname: futile\ntitle: futility alone\nmonitoring:\n"
    (folder / "futile.yaml").write_text(f"{text}  efficacy: null\n")
    found = answer_of("boundaries futile.yaml")
    assert (found["spending"], found["spending_title"]) == (None, "")
    first, last = found["looks"]
    assert first["efficacy_z"] is first["smallest_effect"] is None
    assert first["nominal_p"] == first["alpha_spent"] == first["under_null"]["efficacy"] == 0
    assert last["efficacy_z"] == pytest.approx(1.959964, abs=1e-6)
    assert last["alpha_spent"] == 0.025
    out = run("boundaries futile.yaml").out
    assert "No look before the last shows efficacy, one-sided, alpha 0.025" in out
    assert "haybittle" not in out.lower()
    assert "19.0000" not in out
    assert run("boundaries futile.yaml --figure looks.svg").status == 0
    assert "No look before the last shows efficacy" in (folder / "looks.txt").read_text()


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (
            "nct05484908-looks",
            "nct05484908-looks: fisher, two-sided alpha 0.05, half of it in favour",
        ),
        ("nct05484908-looks", "information 1: 60 patients followed up"),
        ("nct05484908-family", "together with it meld_survivors, by boundaries of their own"),
        ("nct05484908-adapts", "the number of patients may change at a look"),
    ],
)
def test_boundaries_of_a_scenario_say_whose_they_are(run, answer_of, scenario, said):
    """One-sided .025 is half of somebody's .05, and information is counted in something."""
    status, out, _ = run(f"boundaries {scenario}")
    assert status == 0
    assert said in out
    plan = answer_of(f"boundaries {scenario}")["plan"]
    assert (plan["scenario"], plan["analysis"], plan["max_information"]) == (scenario, "fisher", 60)
    assert answer_of("boundaries --information 0.5,1 --spending pocock")["plan"] is None
