"""`calibrate`: what it prints, keeps, draws, writes and refuses."""

import json

import pytest
from command_line import one_json_object, run_here

from simulator.report.text import sections_of
from simulator.results import Calibration
from simulator.scenario.loader import load_scenario
from simulator.store import read_run

SCENARIO = """\
extends: two-arm-survival
name: mine
hazard: {effect: {hazard_ratio: 0.7}}
calibrated:
  - measure: mortality
    arm: control
    value: 0.5
    tolerance: 0.01
    by: [{key: hazard.baseline.mortality_at_horizon, low: 0.2, high: 0.9}]
    source: assumption
    note: a note
acceptance:
  - measure: mortality
    arm: control
    rows: [A33]
    observed: {events: 20, n: 40}
    between_study_log_odds_sd: 0.5
  - measure: screen_failure
    rows: [H18]
    observed: {events: 224, n: 975}
    between_study_log_odds_sd: 0.5
"""
ASKED = "calibrate mine.yaml --trials 60 --jobs 1"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the scenario, a run and what was written, and what was printed."""
    folder = tmp_path_factory.mktemp("calibrated")
    (folder / "mine.yaml").write_text(SCENARIO)
    ended = run_here(ASKED, "--out run --write new.yaml", folder=folder)
    assert ended.status == 0, ended.err
    return folder, ended


def test_the_screen_shows_targets_checks_and_what_to_do_next(made):
    _, ended = made
    lines = ended.out.splitlines()
    assert len(lines) <= 28
    assert max(map(len, lines)) <= 100
    assert "ALL 1 TARGETS MET; with the scenario's own values 0 are." in ended.out
    assert "Monte Carlo error beyond the tolerance" in " ".join(ended.out.split())
    assert "The one published figure held out lies within" in ended.out
    assert "trialsim show run keys" in ended.out


def test_what_is_kept_comes_back_with_every_section_and_a_figure(made):
    folder, _ = made
    answer = read_run(folder / "run").answer
    assert isinstance(answer, Calibration)
    names = ["head", "targets", "keys", "block", "acceptance", "notes", "verdict"]
    assert list(sections_of(answer)) == names
    assert (folder / "run" / "figures" / "acceptance.svg").exists()
    assert (folder / "run" / "data" / "acceptance.csv").exists()
    text = run_here("show run notes", folder=folder).out
    assert "mortality, control: a note." in text
    assert "screen failure (H18): left out, nobody is screened." in text


def test_json_is_one_object_of_the_same_answer(made):
    folder, _ = made
    found = one_json_object(run_here(ASKED, "--out run --json", folder=folder).out)
    assert found == json.loads((folder / "run" / "estimates.json").read_text())
    assert found["kind"] == "calibration"
    assert found["targets"][0]["met"]


def test_what_is_written_is_a_scenario_that_has_the_values_found(made):
    folder, _ = made
    answer = read_run(folder / "run").answer
    written = load_scenario(folder / "new.yaml")
    key = "hazard.baseline.mortality_at_horizon"
    assert written.value(key) == answer.keys[0].new
    assert written.provenance[key].text == "derived: so that mortality, control is 0.5"
    assert written.scenario.name == "new"


def test_nothing_is_overwritten(made):
    folder, _ = made
    before = (folder / "new.yaml").read_text()
    ended = run_here(ASKED, "--out other --write new.yaml", folder=folder)
    assert ended.status == 2
    assert "--write = new.yaml: is there already" in ended.err
    assert (folder / "new.yaml").read_text() == before
    assert not (folder / "other").exists()


def test_targets_and_checks_are_no_difference_between_trials(made):
    folder, _ = made
    (folder / "bare.yaml").write_text("extends: mine.yaml\nname: bare\ncalibrated: null\n")
    out = run_here("compare mine.yaml bare.yaml -n 20 --jobs 1", folder=folder).out
    assert "They do not differ in any key." in out
    ended = run_here("sweep mine.yaml --vary calibrated[0].value=0.1,0.2 -n 20", folder=folder)
    assert ended.status == 2
    assert "no part of the trial's course" in ended.err


REFUSED = {
    "no targets": ("calibrate two-arm-survival", "neither calibrated nor acceptance is given"),
    "no scenario": ("calibrate nowhere.yaml", "no such file"),
    "too few trials": ("calibrate mine.yaml --trials 5", "--trials = 5"),
    "no yaml": ("calibrate mine.yaml --write new.txt", "is no name of a scenario file"),
    "no folder": ("calibrate mine.yaml --write a/new.yaml", "its folder does not exist"),
}


@pytest.mark.parametrize(("command", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_asked_is_refused_in_one_message(made, command, words):
    folder, _ = made
    ended = run_here(command, folder=folder)
    assert ended.status == 2
    assert words in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_a_scenario_that_fails_says_so_wherever_its_power_is_shown(tmp_path):
    (tmp_path / "far.yaml").write_text(
        "extends: two-arm-survival\nname: far\nacceptance:\n"
        "  - {measure: mortality, arm: control, rows: [A33], observed: {events: 1, n: 40}, "
        "between_study_log_odds_sd: 0.5}\n"
    )
    words = "AT ODDS WITH THE EVIDENCE"
    for command in (
        "power far.yaml -n 100",
        "sweep far.yaml --vary n=60,80 -n 20",
        "compare far.yaml two-arm-survival -n 20",
        "size far.yaml --power 0.3 --within 10",
    ):
        ended = run_here(command, "--jobs 1", folder=tmp_path)
        assert ended.status == 0, ended.err
        assert words in ended.out, command
    found = one_json_object(run_here("power far.yaml -n 100 --jobs 1 --json", folder=tmp_path).out)
    assert found["acceptance"]["failed"] == 1
    assert found["acceptance"]["fails"]
    report = run_here(
        "report",
        next(tmp_path.glob("results/power-*")),
        "--format html --out r.html",
        folder=tmp_path,
    )
    assert report.status == 0, report.err
    assert words in (tmp_path / "r.html").read_text(encoding="utf-8")
