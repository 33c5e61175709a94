"""`assurance`: its contract in JSON, one screen, what it refuses, what it keeps when stopped."""

import json
import math

import pytest
from command_line import rows_of, runs_in

import simulator
from simulator.cli import assurance as cli_assurance
from simulator.planning import assurance as planning_assurance
from simulator.report.text.assurance_screen import assurance_screen
from simulator.report.text.page import line_count
from simulator.results import Assurance

UNSURE = """\
extends: two-arm-survival
name: unsure
analyses:
  - {name: log_rank, test: log_rank}
  - {name: deaths, test: fisher}
multiplicity:
  - {name: both, method: holm, analyses: [log_rank, deaths]}
uncertain:
  - keys: hazard.effect.hazard_ratio
    distribution: lognormal
    parameters: {median: 0.6, log_sd: 0.3}  # assumption: a guess
  - keys: [hazard.baseline.mortality_at_horizon, exits.loss.net_probability]
    distribution: logit_normal
    parameters:
      - {interval_95: [0.5, 0.7]}
      - {median: 0.05, logit_sd: 0.3}
    correlation: 0.5
    source: as told
"""
DECISION = """\
decision:
  options:
    - {name: no trial}
    - {name: as planned, changes: {}}
    - {name: larger, changes: {n: 80}}
  utility:
    unit: CNY
    right_conclusion: 10000
    wrong_conclusion: -20000
    per_death_averted: 10
    later_patients: 1000
    per_cost: 1
costs: {currency: CNY, per_patient: 30, per_site: 500}
"""
SMALL = ("--draws", "12", "--trials", "50")


@pytest.fixture(autouse=True)
def folder(folder):
    """The working folder of every test here, with both scenarios."""
    (folder / "unsure.yaml").write_text(UNSURE)
    (folder / "decide.yaml").write_text(UNSURE.replace("name: unsure", "name: decide") + DECISION)
    return folder


@pytest.fixture(autouse=True)
def _no_figures(request, monkeypatch):
    """Draw nothing, which takes longer than all the rest, but where figures are looked for."""
    if "figures" not in request.node.name:
        monkeypatch.setattr(cli_assurance, "draw", lambda *_: None)


@pytest.fixture
def asked(run):
    """What a command prints that is done without a fault."""

    def asked(*arguments) -> str:
        status, out, err = run("assurance", *arguments)
        assert status == 0, err
        return out

    return asked


@pytest.fixture
def refused(run):
    """What a command says that is refused."""

    def refused(*arguments) -> str:
        status, out, err = run("assurance", *arguments)
        assert (status, out) == (2, "")
        return err

    return refused


def test_json_has_the_keys_of_the_contract_and_draws_and_figures_are_kept(answer_of, folder):
    plain = answer_of("assurance unsure.yaml", *SMALL)
    for key in ("assurance", "outer_se", "inner_se", "probability_of_target", "quantiles"):
        assert plain[key] == (
            plain["analyses"][0][key]["mean"]
            if key == "probability_of_target"
            else plain["analyses"][0][key]
        )
    assert plain["kind"] == "assurance"
    assert [a["name"] for a in plain["analyses"]] == ["log_rank", "deaths", "both"]
    assert list(plain["quantiles"]) == ["0.05", "0.25", "0.5", "0.75", "0.95"]
    sources = [one["source"] for one in plain["parameters"]]
    assert sources == ["assumption: a guess", "as told", "as told"]
    assert plain["decision"] is None
    (run,) = runs_in(folder)
    draws = rows_of(run / "data" / "draws.csv")
    assert len(draws) == 12
    assert [float(row["rejections_log_rank"]) for row in draws] == [
        draw["rejections"]["log_rank"] for draw in plain["drawn"]
    ]
    assert (run / "figures" / "assurance.svg").is_file()
    again = Assurance.from_dict(json.loads((run / "estimates.json").read_text()))
    assert again.draws == 12


@pytest.mark.parametrize("name", ["unsure.yaml", "decide.yaml"])
@pytest.mark.parametrize("columns", [80, 100])
def test_the_text_is_one_screen(asked, monkeypatch, name, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = asked(name, *SMALL).splitlines()
    assert max(map(len, lines)) <= columns
    if columns == 100:
        assert len(lines) <= 29
    text = " ".join(" ".join(lines).split())
    assert "averaged over what is not known" in text
    assert "The probability that it is at least 80%" in text


def test_many_keys_and_analyses_leave_room_for_the_verdict():
    found = simulator.load("nct05484908").assurance(4, 10)
    many = found.from_dict(found.to_dict() | {"parameters": found.to_dict()["parameters"] * 6})
    assert line_count(assurance_screen(many, 100), 100) <= 28


def test_show_gives_a_section(asked, run):
    asked("decide.yaml", *SMALL, "--out", "run")
    status, out, _ = run("show run decision")
    assert status == 0
    assert "larger" in out
    assert "Expected value, in CNY, of knowing before the choice" in out


def test_one_analysis_alone_has_the_same_rejections(answer_of):
    every = answer_of("assurance unsure.yaml", *SMALL)
    for name in ("deaths", "both"):
        alone = answer_of("assurance unsure.yaml", *SMALL, "--analysis", name)
        (found,) = alone["analyses"]
        (same,) = (a for a in every["analyses"] if a["name"] == name)
        assert found["assurance"] == same["assurance"]


def test_a_decision_adds_up_what_its_utility_names():
    found = simulator.load("decide.yaml").assurance(12, 50)
    none, planned, larger = found.decision.options
    assert (none.utility, none.se) == (0.0, 0.0)
    assert math.isnan(none.assurance)
    assert planned.assurance == found.assurance
    study = simulator.load("unsure.yaml")
    averted = found.drawn[0].mortality["control"] - found.drawn[0].mortality["experimental"]
    own = study.with_values(found.drawn[0].values).power(50)
    second = own.analyses[0].favouring["experimental"] / 50
    first = own.analyses[0].favouring["control"] / 50
    right, wrong = (second, first) if averted > 0 else (first, second)
    right_one = 10000 * right - 20000 * wrong + 10 * 1000 * averted * second - 30 * 60 - 500
    one = simulator.load("decide.yaml").assurance(2, 50)
    two = one.decision.options[1]
    # Of two draws the mean and its error give both utilities.
    pair = two.utility - two.se, two.utility + two.se
    assert min(abs(value - right_one) for value in pair) < 1e-6
    assert larger.assurance > 0
    assert found.decision.best in ("no trial", "as planned", "larger")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("two-arm-survival",), "nothing in this scenario is uncertain"),
        (("unsure.yaml", "--draws", "1"), "--draws = 1: must be a whole number from 2"),
        (("unsure.yaml", "--draws", "1e5", "--trials", "1e6"), "are more than 2,147,483,647"),
        (("unsure.yaml", "--analysis", "death"), "--analysis = death: is no analysis"),
        (("unsure.yaml", "--worthwhile", "hr<=1"), "--worthwhile = hr<=1: hr is neither"),
        (("unsure.yaml", "--worthwhile", "hazard_ratio"), "must be a quantity, <= or >="),
        (("unsure.yaml", "--power-target", "1"), "must be above 0 and below 1"),
        (("nothing.yaml",), "no such file"),
    ],
)
def test_what_is_wrong_is_refused(refused, folder, arguments, words):
    assert words in refused(*arguments)
    assert not (folder / "results").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{n: 80}", "{m: 80}", "decide.yaml:23: decision.options[2].changes: m: is not a key"),
        ("{n: 80}", "{n: -1}", "decision.options[2].changes: trial.target_randomised: must be"),
        (
            "{n: 80}",
            "{hazard.effect.hazard_ratio: 1}",
            "hazard.effect.hazard_ratio is uncertain; vary another key",
        ),
        ("name: larger", "name: as planned", "this name is given twice"),
        ("costs: {currency: CNY, per_patient: 30, per_site: 500}", "", "what a trial costs is not"),
        ("decision:", "decision:\n  analysis: death", "did you mean deaths?"),
        ("{name: no trial}", "{name: no trial, chances: {}}", "did you mean changes?"),
    ],
)
def test_a_wrong_decision_is_refused_at_its_line(refused, folder, old, new, words):
    path = folder / "decide.yaml"
    path.write_text(path.read_text().replace(old, new))
    assert words in refused("decide.yaml")


def test_what_a_child_takes_away_is_told_by_assurance_alone(refused, folder):
    (folder / "child.yaml").write_text("extends: unsure.yaml\nname: child\nexits: null\n")
    study = simulator.load("child.yaml")
    assert study.power(10).trials == 10
    said = refused("child.yaml")
    assert "unsure.yaml:12: uncertain[1].keys[1]" in said
    assert "is not a key of this scenario" in said


def test_an_interrupt_keeps_the_draws_that_are_done(run, monkeypatch):
    make = planning_assurance.trials_at

    def stop_at_the_eighth(*arguments):
        if arguments[5] == 7 * 50:
            raise KeyboardInterrupt
        return make(*arguments)

    monkeypatch.setattr(planning_assurance, "trials_at", stop_at_the_eighth)
    options = (*SMALL, "--out", "run", "--jobs", "1")
    status, out, err = run("assurance unsure.yaml", *options)
    assert status == 130
    assert "Interrupted after 7 of 12 draws" in " ".join(out.split())
    assert "the same command goes on from there" in err
