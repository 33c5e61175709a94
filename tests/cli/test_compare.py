"""`compare`: two scenarios trial by trial, against the trials that `power` keeps of each."""

import math
import re
import sys

import numpy as np
import pytest
from command_line import one_json_object, rows_of, run_here

import simulator
from simulator.planning import comparison as planning_comparison
from simulator.results import Comparison
from simulator.scenario.errors import ScenarioError

FIRST = """\
extends: two-arm-survival
name: first
title: 40 patients
trial: {target_randomised: 40}
analyses:
  - {name: log_rank, test: log_rank}
  - {name: deaths, test: fisher}
  - {name: pearson, test: chi_square}
multiplicity:
  - {name: both, method: holm, analyses: [log_rank, deaths]}
"""
SECOND = """\
extends: first.yaml
name: second
title: 80 patients
trial: {target_randomised: 80}
analyses:
  - {name: deaths, test: fisher, alpha: 0.1}
  - {name: log_rank, test: log_rank}
  - {name: exactly, test: boschloo}
multiplicity:
  - {name: both, method: holm, analyses: [log_rank, deaths]}
  - {name: other, method: holm, analyses: [log_rank, exactly]}
"""
TRIALS = 300
ALPHA = {"first": {"log_rank": 0.05, "deaths": 0.05}, "second": {"log_rank": 0.05, "deaths": 0.1}}


def write(folder):
    (folder / "first.yaml").write_text(FIRST)
    (folder / "second.yaml").write_text(SECOND)


@pytest.fixture(autouse=True)
def folder(folder):
    """The working folder of every test here, with the two scenarios."""
    write(folder)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a comparison, its JSON and text, and of the trials of each by themselves."""
    folder = tmp_path_factory.mktemp("compared")
    write(folder)
    asked = f"compare first.yaml second.yaml -n {TRIALS} --seed 5 --jobs 1 --out run"
    status, out, err = run_here(asked, "--json", folder=folder)
    assert status == 0, err
    for name in ("first", "second"):
        asked = f"power {name}.yaml -n {TRIALS} --seed 5 --jobs 1 --by-trial --out {name}"
        assert run_here(asked, folder=folder).status == 0
    return folder, one_json_object(out)


def rejected(folder, scenario, analysis):
    """(trials,): whether an analysis rejects, by the p values that `power` kept."""
    rows = rows_of(folder / scenario / "trials.csv")
    p = [float(row["p_value"] or "nan") for row in rows if row["analysis"] == analysis]
    return np.array(p) <= ALPHA[scenario][analysis]


@pytest.mark.parametrize("analysis", ["log_rank", "deaths"])
def test_the_paired_difference_and_its_error_are_those_of_the_trials_one_by_one(made, analysis):
    folder, found = made
    (a,) = (a for a in found["analyses"] if a["name"] == analysis)
    first, second = (rejected(folder, name, analysis) for name in ("first", "second"))
    assert (a["first"], a["second"]) == (first.mean(), second.mean())
    apart = second.astype(float) - first
    assert a["difference"] == pytest.approx(apart.mean(), abs=1e-12)
    # As if four trials more had been seen, one that differs in either direction among them.
    seen = np.concatenate([apart, [1.0, -1.0, 0.0, 0.0]])
    error = seen.std() / math.sqrt(seen.size)
    assert a["paired_mcse"] == pytest.approx(error, rel=1e-12)
    for key, sign in (("difference_low", -1), ("difference_high", 1)):
        end = apart.mean() + sign * 1.959963984540054 * error
        assert a[key] == pytest.approx(end, rel=1e-9)
    # Common random numbers are what pairing is for: apart, the error would be larger.
    assert a["paired_mcse"] < math.hypot(a["first_mcse"], a["second_mcse"])


def test_a_family_is_compared_by_any_of_its_hypotheses(made):
    """Holm's procedure of two rejects something where the smaller p value is at most α / 2."""
    folder, found = made
    (both,) = found["families"]
    for name in ("first", "second"):
        rows = rows_of(folder / name / "trials.csv")
        p = np.array([[float(row["p_value"] or "nan") for row in rows if row["analysis"] == a]
                      for a in ("log_rank", "deaths")])  # fmt: skip
        assert both[name] == (np.nanmin(p, axis=0) <= 0.025).mean()


def test_what_only_one_has_is_named(made):
    folder, found = made
    assert [a["name"] for a in found["analyses"]] == ["log_rank", "deaths"]
    assert [trial["not_compared"] for trial in found["trials_of"]] == [
        ["pearson"],
        ["exactly", "other"],
    ]
    text = (folder / "run" / "summary.txt").read_text()
    assert "Only first has, and so not compared: pearson." in text
    assert "Only second has, and so not compared: exactly, other." in text


def test_what_the_trials_take_is_what_power_says_of_each(made):
    folder, found = made
    for trial in found["trials_of"]:
        own = one_json_object((folder / trial["name"] / "estimates.json").read_text())
        for key in ("mortality", "enrolment_days", "randomised", "target_randomised"):
            assert trial[key] == own["operations"][key]
    changed = {one["key"]: (one["first"], one["second"]) for one in found["different"]}
    assert changed["trial.target_randomised"] == (40, 80)
    assert "title" not in changed


def test_a_sentence_comes_last_and_says_what_can_be_told(made):
    folder, found = made
    text = " ".join((folder / "run" / "summary.txt").read_text().split())
    a = found["analyses"][0]
    assert a["difference_low"] > 0
    # As many digits as show the first of the paired error, one or two.
    digits = 1 if 100 * a["paired_mcse"] >= 0.1 else 2
    low, high, size = (f"{100 * a[key]:.{digits}f}" for key in ("difference_low", "difference_high",
                                                         "difference"))  # fmt: skip
    assert f"second has the higher power of log_rank, by {size} percentage points (95 % in" in text
    assert f"interval {low} to {high}, paired): first {a['first']:.1%}, second" in text
    assert text.index("has the higher power") > text.index("per trial")


def test_the_other_way_round_the_differences_change_their_sign(made, answer_of, run):
    _, found = made
    asked = f"compare second.yaml first.yaml -n {TRIALS} --seed 5 --analysis log_rank"
    back = answer_of(asked)
    (a,), b = back["analyses"], found["analyses"][0]
    assert (a["difference"], a["difference_low"]) == (-b["difference"], -b["difference_high"])
    assert back["families"] == []
    assert "second has the higher power of log_rank" in run(asked).out


def test_a_scenario_and_itself_cannot_be_told_apart(run):
    text = " ".join(run("compare first.yaml first.yaml -n 50 --jobs 1").out.split())
    assert "They do not differ in any key." in text
    assert "The two cannot be told apart in the power of log_rank" in text


def test_two_files_of_one_name_are_called_by_their_paths(answer_of, folder):
    (folder / "third.yaml").write_text(SECOND.replace("name: second", "name: first", 1))
    found = answer_of("compare first.yaml third.yaml -n 20 --jobs 1")
    assert (found["first"], found["second"]) == ("first.yaml", "third.yaml")


def test_a_comparison_is_kept_and_read_again(made, run, folder):
    kept, found = made
    again = one_json_object((kept / "run" / "estimates.json").read_text())
    assert again == found
    assert Comparison.from_dict(found).to_dict() == found
    run("compare first.yaml second.yaml -n 20 --jobs 1")
    assert run("compare first.yaml second.yaml -n 20 --jobs 1").err.startswith("answered before")
    (folder / "second.yaml").write_text(SECOND.replace("80", "82"))
    assert run("compare first.yaml second.yaml -n 20 --jobs 1").err.startswith("wrote")


def test_python_gives_the_same(made):
    _, found = made
    one, other = simulator.load("first.yaml"), simulator.load("second.yaml")
    assert one.compare(other, TRIALS, seed=5, jobs=1).to_dict() == found


REFUSED = {
    "one scenario": ("compare first.yaml", "SECOND: must be given to trialsim compare"),
    "no such scenario": ("compare first.yaml nowhere.yaml", "nowhere.yaml: no such file"),
    "an analysis of one alone": (
        "compare first.yaml second.yaml --analysis exactly",
        "--analysis = exactly: is no analysis that both scenarios have; both have log_rank",
    ),
    "a misspelt analysis": (
        "compare first.yaml second.yaml --analysis deathz",
        "did you mean deaths?",
    ),
}


@pytest.mark.parametrize(("command", "words"), REFUSED.values(), ids=REFUSED)
def test_a_comparison_that_cannot_be_is_refused(command, words, refused):
    assert words in refused(command)


def test_scenarios_without_an_analysis_in_common_are_refused():
    one, other = simulator.load("first.yaml"), simulator.load("nct05484908")
    other = other.with_values({"analyses": [{"test": "boschloo"}], "multiplicity": None})
    with pytest.raises(ScenarioError, match="share no analysis by its name: log_rank, deaths"):
        one.compare(other, 10)


def test_ctrl_c_leaves_nothing_behind(run, folder, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(planning_comparison, "paired_runs", stop)
    status, out, err = run("compare first.yaml second.yaml --out run")
    assert (status, out) == (130, "")
    assert "stopped before the first results" in err
    assert not (folder / "run").exists()


def test_progress_names_the_scenario(run, monkeypatch):
    monkeypatch.setattr(sys.modules["simulator.cli.progress"], "_SECONDS_BETWEEN_LINES", -1.0)
    said = run("compare first.yaml second.yaml -n 20 --jobs 1").err
    assert re.search(r"scenario 1 of 2: \d+ of 20 trials", said)
    assert "scenario 2 of 2: 20 of 20 trials" in said


def test_the_schema_of_the_answer_can_be_asked_for(run, made):
    _, found = made
    schema = one_json_object(run("schema --of compare").out)
    assert set(found) <= set(schema["properties"])


# A sweep of one analysis is the same question


def test_a_sweep_of_an_analysis_has_the_numbers_of_the_whole_sweep(answer_of):
    asked = f"sweep first.yaml --vary n=40,80 -n {TRIALS} --jobs 1"
    whole = answer_of(asked)
    alone = answer_of(asked, "--analysis deaths --power-target 0.3")
    assert (alone["analysis"], whole["analysis"]) == ("deaths", None)
    assert (alone["threshold"], whole["threshold"]) == (0.3, 0.8)
    for one, all_of in zip(alone["points"], whole["points"], strict=True):
        (deaths,) = one["analyses"]
        (same,) = (a for a in all_of["analyses"] if a["name"] == "deaths")
        assert {**deaths, "judgement": ""} == {**same, "judgement": ""}
        assert one["families"] == []
        judged = "adequate" if deaths["ci_low"] >= 0.3 else "inconclusive"
        judged = "underpowered" if deaths["ci_high"] < 0.3 else judged
        assert deaths["judgement"] == judged
    family = answer_of(asked, "--analysis both")
    for one, all_of in zip(family["points"], whole["points"], strict=True):
        (both,) = one["analyses"]
        (of_all,) = all_of["families"]
        assert both["name"] == "both"
        assert both["power"] == of_all["any"]["power"]
        assert one["families"] == [of_all]


def test_a_sweep_says_which_points_reach_the_target(run):
    """30 v 30 have a power of 35 %; twenty times the patients reject nearly always."""
    asked = "sweep two-arm-survival --vary n=60,600 -n 200 --jobs 1 --power-target 0.9"
    text = " ".join(run(asked).out.split())
    assert "Target power 90%, log_rank: reached at trial.target_randomised = 600." in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--analysis fishr", "--analysis = fishr: is no analysis of this scenario; use one of log"),
        ("--power-target 90", "--power-target = 90.0: must be above 0 and below 1"),
    ],
)
def test_a_sweep_of_what_is_not_there_is_refused(options, words, refused):
    assert words in refused("sweep first.yaml --vary n=40", options)
