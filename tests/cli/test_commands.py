"""The commands as a user runs them: what is printed where, what is written, how they end."""

import json
import math
import os
import re
import subprocess

import numpy as np
import pytest
from command_line import PROGRAM, ROOT, one_json_object, rows_of, run_apart, run_here, runs_in

from simulator.montecarlo import loop, work
from simulator.params.lower import lower
from simulator.records import SessionStatus
from simulator.scenario.loader import load_scenario

QUICK = """\
extends: two-arm-survival
name: quick
title: 16 patients, two tests
trial: {target_randomised: 16}
analyses:
  - {name: log_rank, test: log_rank, alpha: 0.2, population: randomised,
     transplant: event, rescue: ignored, withdrawal: ignored, lost: censored}
  - {name: fisher, test: fisher, alpha: 0.05, population: randomised,
     transplant: event, rescue: ignored, withdrawal: ignored, lost: excluded}
"""
OF_POWER = {"scenario", "seed", "engine", "trials", "version", "analyses", "operations"}
OF_ANALYSIS = {
    "name",
    "estimand",
    "rejections",
    "favouring",
    "trials",
    "power",
    "mcse",
    "ci_low",
    "ci_high",
    "not_analysable",
}
Z95 = 1.959963984540054


@pytest.fixture
def folder(folder):
    """The working folder, with a small scenario, quick.yaml, and an empty folder called results."""
    (folder / "quick.yaml").write_text(QUICK)
    (folder / "results").mkdir()
    return folder


def number(text):
    return math.nan if text == "" else float(text)


# power


def test_power_as_json_is_one_object_and_nothing_else(folder):
    done = run_apart("power", "quick.yaml", "--trials", 60, "--jobs", 1, "--json", folder=folder)
    assert done.status == 0
    said = done.err.splitlines()
    waiting = "compiling the simulation, once", "the first trials are being simulated"
    said = [line for line in said if not line.startswith(waiting)]
    (kept,) = runs_in(folder)
    assert said == [f"wrote results/{kept.name}"]
    result = one_json_object(done.out)
    assert result.keys() >= OF_POWER
    assert (result["scenario"], result["seed"], result["trials"]) == ("quick", 1, 60)
    assert [a["name"] for a in result["analyses"]] == ["log_rank", "fisher"]
    for analysis in result["analyses"]:
        assert analysis.keys() >= OF_ANALYSIS
    assert sorted(path.name for path in folder.iterdir()) == ["quick.yaml", "results"]


def test_power_counts_rejections_and_their_error_as_promised(folder, run):
    status, out, _ = run("power quick.yaml --trials 130 --jobs 1 --json --out results --by-trial")
    assert status == 0
    result = one_json_object(out)
    rows = rows_of(folder / "results" / "trials.csv")
    alphas = {"log_rank": 0.2, "fisher": 0.05}
    for analysis in result["analyses"]:
        own = [row for row in rows if row["analysis"] == analysis["name"]]
        assert [int(row["trial"]) for row in own] == list(range(130))
        rejected = [row for row in own if number(row["p_value"]) <= alphas[analysis["name"]]]
        r, n = len(rejected), 130
        assert (analysis["rejections"], analysis["trials"]) == (r, n)
        assert analysis["power"] == r / n
        assert sum(analysis["favouring"].values()) == r
        better = sum(number(row["estimate"]) < 0 for row in rejected)
        assert analysis["favouring"] == {"control": r - better, "experimental": better}
        # Wilson's interval: its ends solve |p - r/n| = z sqrt(p (1 - p) / n)
        shares = [(r, analysis)] + [
            (count, analysis["in_favour_of"][arm]) for arm, count in analysis["favouring"].items()
        ]
        for count, found in shares:
            assert found["power"] == count / n
            for end in (found["ci_low"], found["ci_high"]):
                distance = Z95 * math.sqrt(end * (1 - end) / n)
                assert abs(end - count / n) == pytest.approx(distance, abs=1e-12)
            share = (count + 2) / (n + 4)
            assert found["mcse"] == pytest.approx(math.sqrt(share * (1 - share) / (n + 4)))


def test_power_tells_what_the_trial_takes(answer_of):
    operations = answer_of("power quick.yaml --trials 50")["operations"]
    arms = {"control", "experimental"}
    for key in ("enrolment_days", "screened"):
        assert operations[key].keys() >= {"mean", "mcse"}
    for key in ("mortality", "sessions_planned", "sessions_delivered", "plasma_litres"):
        assert operations[key].keys() == arms
    assert operations["screened"]["mean"] == 16.0
    dead = operations["mortality"]
    for arm, expected in (("control", 0.6), ("experimental", 0.4)):
        error = math.sqrt(expected * (1 - expected) / (50 * 8))
        assert abs(dead[arm]["mean"] - expected) < 4 * error


OF_SEED_7 = "power quick.yaml --trials 170 --seed 7 --json --out run --by-trial"


@pytest.fixture(scope="module")
def by_one_process(tmp_path_factory):
    """What power gives for one process: its folder, JSON, and CSV of single trials."""
    folder = tmp_path_factory.mktemp("one")
    (folder / "quick.yaml").write_text(QUICK)
    status, out, err = run_here(OF_SEED_7, "--jobs 1", folder=folder)
    assert status == 0, err
    return folder, out, (folder / "run" / "trials.csv").read_bytes()


@pytest.mark.parametrize("jobs", [2, 3])
def test_any_number_of_processes_gives_the_same_digits(by_one_process, jobs, folder, run):
    _, text, table = by_one_process
    assert run(OF_SEED_7, "--jobs", jobs).out == text
    assert (folder / "run" / "trials.csv").read_bytes() == table


@pytest.mark.parametrize(("engine", "jobs"), [("compiled", 1), ("compiled", 3), ("reference", 1)])
def test_many_units_give_the_same_digits_for_any_workers_and_engine(
    engine, jobs, folder, run, monkeypatch
):
    """Units of 50 trials, and a last one of 20."""
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 50)
    expected = run(OF_SEED_7, "--jobs 2")
    table = (folder / "run" / "trials.csv").read_bytes()
    out = run(OF_SEED_7, "--engine", engine, "--jobs", jobs, "--force").out
    assert out.replace('"engine": "reference"', '"engine": "compiled"') == expected.out
    assert (folder / "run" / "trials.csv").read_bytes() == table


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_any_size_of_unit_gives_the_same_trials_and_counts(
    by_one_process, size, folder, run, monkeypatch
):
    """Means of amounts, which are merged by units, are the same but for rounding."""
    _, text, table = by_one_process
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: size)
    found, expected = (json.loads(t) for t in (run(OF_SEED_7, "--jobs 1").out, text))
    assert (folder / "run" / "trials.csv").read_bytes() == table
    for key in ("rejections", "favouring", "not_analysable", "mcse"):
        assert [a[key] for a in found["analyses"]] == [a[key] for a in expected["analyses"]]
    for key in ("enrolment_days", "trial_days"):
        assert found["operations"][key] == pytest.approx(expected["operations"][key], rel=1e-12)
    for key in ("mortality", "lost"):
        assert found["operations"][key] == expected["operations"][key]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_reference_engine_gives_the_same_digits(by_one_process, jobs, folder, run):
    _, text, table = by_one_process
    out = run(OF_SEED_7, "--engine reference --jobs", jobs).out
    assert out == text.replace('"engine": "compiled"', '"engine": "reference"')
    assert (folder / "run" / "trials.csv").read_bytes() == table


@pytest.mark.parametrize("size", [50, 333, 4000])
def test_precision_stops_at_the_same_trial_whatever_the_unit(size, answer_of, monkeypatch):
    asked = "power quick.yaml --precision 0.0113 --jobs 1 --force"
    expected = answer_of(asked)
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: size)
    found = answer_of(asked)
    for key in ("trials", "agreement", "multiplicity"):
        assert found[key] == expected[key]
    assert [a["rejections"] for a in found["analyses"]] == [
        a["rejections"] for a in expected["analyses"]
    ]


def test_fewer_trials_are_the_first_ones_of_more(by_one_process, folder, run):
    run("power quick.yaml --trials 30 --seed 7 --jobs 1 --out results --by-trial")
    few = (folder / "results" / "trials.csv").read_bytes().splitlines()
    assert few == by_one_process[2].splitlines()[: len(few)]
    assert len(few) == 1 + 2 * 30


def test_another_seed_is_another_run(by_one_process, folder, run):
    run("power quick.yaml --trials 30 --seed 8 --jobs 1 --out results --by-trial")
    other = (folder / "results" / "trials.csv").read_bytes().splitlines()
    assert other != by_one_process[2].splitlines()[: len(other)]


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_the_smallest_and_the_largest_seed_work(seed, answer_of):
    assert answer_of("power quick.yaml --trials 2 --seed", seed)["seed"] == seed


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("asked", [0.5, 0.0113])
def test_precision_stops_at_the_first_chunk_that_reaches_it(jobs, asked, folder, answer_of):
    command = "power quick.yaml --out results --by-trial --precision"
    trials = answer_of(command, asked, "--jobs", jobs)["trials"]
    rows = rows_of(folder / "results" / "trials.csv")
    rejected = {
        name: np.cumsum([number(r["p_value"]) <= a for r in rows if r["analysis"] == name])
        for name, a in (("log_rank", 0.2), ("fisher", 0.05))
    }

    def reached(n):
        shares = [(r[n - 1] + 2) / (n + 4) for r in rejected.values()]
        return all(math.sqrt(s * (1 - s) / (n + 4)) <= asked for s in shares)

    judged = range(1000, trials + 1, loop.TRIALS_PER_CHUNK)
    assert [n for n in judged if reached(n)] == [trials]
    assert (asked == 0.5) == (trials == 1000)


def test_precision_and_trials_are_not_given_together(refused):
    err = refused("power quick.yaml --trials 10 --precision 0.1")
    assert "--precision" in err
    assert "--trials" in err


@pytest.mark.parametrize(
    "options",
    [
        ("--trials", "0"),
        ("--trials", "1.5"),
        ("--seed", "-1"),
        ("--seed", str(2**63)),
        ("--precision", "0"),
        ("--precision", "nan"),
        ("--jobs", "0"),
        ("--engine", "warp"),
        ("--frobnicate", "1"),
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_refused(options, refused):
    assert options[0] in refused("power quick.yaml --out results", *options)


@pytest.mark.parametrize("force", ["", "--force"])
@pytest.mark.parametrize("out", ["mine", "quick.yaml"])
@pytest.mark.parametrize("command", ["power quick.yaml --trials 5", "trace quick.yaml --trial 0"])
def test_what_is_no_run_is_not_replaced(command, out, force, folder, refused):
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.txt").write_text("years of work")
    err = refused(command, "--out", out, force)
    assert err.startswith(f"--out = {out}: exists and is not the folder of a run; name")
    assert (folder / "mine" / "thesis.txt").read_text() == "years of work"
    assert (folder / "quick.yaml").read_text() == QUICK


def test_a_run_is_written_whole(folder, run):
    printed = run("power quick.yaml --trials 20 --jobs 1 --json --out results")[1]
    folder = folder / "results"
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "estimates.json", "estimates.csv", "summary.txt", "trials.csv", "data",
        "run.log",
    } - {"trials.csv"}  # fmt: skip
    assert (folder / "estimates.json").read_text() == printed
    manifest = one_json_object((folder / "manifest.json").read_text())
    question = manifest["question"]
    assert (question["command"], question["seed"], question["asked"]["trials"]) == ("power", 1, 20)
    assert question["scenario"]["trial"]["target_randomised"] == 16
    assert manifest["command"].startswith("trialsim power quick.yaml --trials 20")
    assert manifest["finished"] is True
    assert manifest["versions"].keys() >= {"trialsim", "python", "system", "numpy", "sources"}
    rows = rows_of(folder / "estimates.csv")
    for row, analysis in zip(rows, one_json_object(printed)["analyses"], strict=True):
        assert row["name"] == analysis["name"]
        assert float(row["power"]) == analysis["power"]
        assert float(row["mcse"]) == analysis["mcse"]


def test_the_same_question_again_is_answered_from_the_run(folder, run, answer_of):
    text, again = (run("power quick.yaml --trials 20 --jobs", jobs) for jobs in (1, 2))
    assert again[0] == 0
    assert [line.rstrip() for line in again[1].splitlines()] == [
        line.rstrip() for line in text[1].splitlines()
    ]
    assert again[2].startswith("answered before, ")
    assert "--force answers anew" in again[2]
    assert answer_of("power quick.yaml --trials 20")["trials"] == 20
    (kept,) = runs_in(folder)
    marked = kept / "manifest.json"
    marked.write_text(marked.read_text().replace('"seconds": ', '"seconds": 99'))
    anew = run("power quick.yaml --trials 20 --force")
    assert anew.err == f"wrote results/{kept.name}\n"
    assert '"seconds": 99' not in marked.read_text()
    assert runs_in(folder) == [kept]


@pytest.mark.parametrize("other", ["--trials 21", "--trials 20 --seed 2", "--precision 0.1"])
def test_another_question_is_not_answered_from_the_run(other, run, refused):
    run("power quick.yaml --trials 20 --out results")
    err = refused(f"power quick.yaml {other} --out results")
    assert err.startswith("--out = results: holds the answer to another question")
    assert "--force" in err
    assert run(f"power quick.yaml {other} --out results --force")[0] == 0
    run(f"power quick.yaml {other}")  # of its own accord it goes beside the first


def test_the_advice_names_the_scenario_as_it_was_asked_for(folder, run):
    """A file of one's own is listed by its path, not by the name within it."""
    status, out, _ = run("power quick.yaml --trials 20 --full --out advice")
    assert status == 0
    (command,) = re.findall("trialsim (scenarios [^ ]+) lists", " ".join(out.split()))
    assert run(command)[0] == 0


def test_a_scenario_whose_comment_changes_is_another_question(folder, run, refused):
    run("power quick.yaml --trials 20 --out results")
    file = folder / "quick.yaml"
    file.write_text(
        file.read_text().replace(
            "trial: {target_randomised: 16}", "trial: {target_randomised: 16}  # assumption"
        )
    )
    refused("power quick.yaml --trials 20 --out results")


def stop_after(units, monkeypatch):
    """Let Ctrl-C come in the middle of the unit of work after so many, of 50 trials each."""
    whole, done = work.run_unit, []

    def run_unit(*arguments):
        if len(done) == units:
            raise KeyboardInterrupt
        done.append(arguments)
        return whole(*arguments)

    monkeypatch.setattr(work, "run_unit", run_unit)
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 50)


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(folder, run, refused, monkeypatch):
    stop_after(2, monkeypatch)
    status, out, err = run("power quick.yaml --trials 500 --jobs 1 --out results --by-trial")
    assert status == 130
    assert "100 trials" in out
    assert "the same command goes on from there" in " ".join(out.split())
    assert "the same command goes on from there" in err
    assert '"finished": false' in (folder / "results" / "manifest.json").read_text()
    rows = rows_of(folder / "results" / "trials.csv")
    assert [int(row["trial"]) for row in rows[::2]] == list(range(100))
    monkeypatch.undo()
    refused("report", folder / "results")
    other = "power quick.yaml --trials 50 --jobs 1 --out results"
    assert "holds what is done of another question" in refused(other)
    assert run("power quick.yaml --trials 500 --jobs 1 --out results --by-trial").status == 0
    assert len(rows_of(folder / "results" / "trials.csv")) == 2 * 500


def test_ctrl_c_is_told_in_the_json(folder, run, monkeypatch):
    stop_after(2, monkeypatch)
    status, out, _ = run("power quick.yaml --trials 500 --jobs 1 --json")
    result = one_json_object(out)
    assert (status, result["trials"], result["interrupted"]) == (130, 100, True)


def test_ctrl_c_before_the_first_results_writes_nothing(folder, run, monkeypatch):
    stop_after(0, monkeypatch)
    status, out, err = run("power quick.yaml --trials 500 --jobs 1 --out results")
    assert (status, out) == (130, "")
    assert err == "stopped before the first results\n"
    assert list((folder / "results").iterdir()) == []


# trace


def test_trace_is_the_very_trial_that_power_counts(by_one_process, answer_of):
    rows = rows_of(by_one_process[0] / "run" / "trials.csv")
    for trial in (0, 17, 169):
        traced = answer_of("trace quick.yaml --seed 7 --trial", trial)
        counted = [row for row in rows if int(row["trial"]) == trial]
        for analysis, row in zip(traced["analyses"], counted, strict=True):
            assert analysis["name"] == row["analysis"]
            for key in ("p_value", "estimate", "standard_error"):
                number_there = math.nan if analysis[key] is None else analysis[key]
                assert number_there == pytest.approx(number(row[key]), rel=0, abs=0, nan_ok=True)


@pytest.fixture(scope="module")
def real_trial(tmp_path_factory):
    """Trial 17 of the real scenario: folder, traced JSON and the engine's own records of it."""
    from calibration.targets import solve_targets
    from simulator.engines.reference import simulate

    folder = tmp_path_factory.mktemp("real")
    done = run_here("trace nct05484908 --trial 17 --json --out run", folder=folder)
    assert done.status == 0, done.err
    solved = solve_targets(load_scenario("nct05484908").scenario, lambda line: None)
    arms = [arm.name for arm in solved.arms]
    return folder, one_json_object(done.out), simulate(lower(solved), 1, 17, 1), arms


def test_traced_patients_are_those_that_the_engine_simulates(real_trial):
    _, traced, records, arms = real_trial
    p = records.patients
    assert traced["randomised"] == len(traced["patients"]) == p.arm.size == 60
    assert [row["arm"] for row in traced["patients"]] == [arms[arm] for arm in p.arm]
    assert [row["entry_day"] for row in traced["patients"]] == p.entry_day.tolist()
    assert [row["sessions_delivered"] for row in traced["patients"]] == (
        p.sessions_delivered.tolist()
    )
    died = [any("death" in word for word, _ in row["outcomes"]) for row in traced["patients"]]
    assert died == np.isfinite(p.death_after_days).tolist()
    for arm, name in enumerate(arms):
        assert traced["deaths"][name] == (p.death_after_days[p.arm == arm] <= 84).sum()


def test_traced_events_are_in_order_of_time_and_add_up(real_trial):
    _, traced, records, _ = real_trial
    events = rows_of(real_trial[0] / "run" / "data" / "events.csv")
    assert len(events) == traced["event_count"]
    days = [float(event["trial_day"]) for event in events]
    assert days == sorted(days)
    kinds = [event["event"] for event in events]
    p, s = records.patients, records.sessions
    assert kinds.count("randomised") == p.arm.size
    assert kinds.count("liver") + kinds.count("tumour") == np.isfinite(p.death_after_days).sum()
    assert kinds.count("session starts") == np.isfinite(s.start_day).sum()
    ended = np.isin(s.status, [SessionStatus.DELIVERED, SessionStatus.CUT_SHORT])
    assert kinds.count("session ends") == ended.sum()
    assert kinds.count("session missed") == (s.status == SessionStatus.MISSED).sum()
    screened = ("screening failed", "consent refused", "randomised")
    assert sum(kinds.count(kind) for kind in screened) == traced["screened"]


def test_a_death_is_traced_on_its_day(real_trial):
    _, _, records, _ = real_trial
    events = rows_of(real_trial[0] / "run" / "data" / "events.csv")
    p = records.patients
    died = {
        int(event["patient"]): float(event["patient_day"])
        for event in events
        if event["event"] in ("liver", "tumour")
    }
    expected = {
        int(number): float(day)
        for number, day in zip(p.patient, p.death_after_days, strict=True)
        if math.isfinite(day)
    }
    assert died.keys() == expected.keys()
    for patient, day in expected.items():
        # entry + day is rounded and entry taken away again: an epsilon of the trial's days
        assert died[patient] == pytest.approx(day, abs=2000 * np.finfo(float).eps)


def test_patient_narrows_the_trace_to_one(folder, answer_of):
    whole = answer_of("trace quick.yaml --trial 3 --out whole")
    one = answer_of("trace quick.yaml --trial 3 --patient 5 --out one")
    assert one["patients"] == [whole["patients"][5]]
    assert one["analyses"] == whole["analyses"]
    events = rows_of(folder / "one" / "data" / "events.csv")
    assert {event["patient"] for event in events} == {"5"}
    everybody = rows_of(folder / "whole" / "data" / "events.csv")
    mine = [event for event in everybody if event["patient"] == "5"]
    assert [*map(filled, events)] == [*map(filled, mine)]


def filled(row):
    """Cells of a row that are not empty: a column is there for each detail that any event has."""
    return {key: cell for key, cell in row.items() if cell}


def test_a_patient_that_the_trial_does_not_have_is_refused(refused):
    err = refused("trace quick.yaml --trial 3 --patient 16 --json --out results")
    assert "--patient = 16" in err
    assert "16 patients" in err


def test_trace_writes_into_the_folder_asked(folder, run):
    status, out, _ = run("trace quick.yaml --trial 3 --out results")
    assert status == 0
    assert {path.name for path in (folder / "results" / "figures").iterdir()} == {
        f"swimmer.{kind}" for kind in ("svg", "txt")
    }
    assert "data/events.csv" in out
    assert "nan" not in out  # though without labs there is no MELD


# scenarios, schema and the rest


def test_scenarios_lists_what_is_shipped(run):
    status, out, err = run("scenarios")
    assert (status, err) == (0, "")
    listed = {line.split()[0] for line in out.splitlines()}
    assert {"nct05484908", "two-arm-survival"} <= listed
    for name in listed:
        assert load_scenario(name).scenario.name == name


def test_scenarios_shows_every_value_with_its_source(run):
    status, out, _ = run("scenarios", "nct05484908")
    assert status == 0
    lines = out.splitlines()
    assert "trial.target_randomised = 60  # registry [H19]" in lines
    assert any(line.startswith("candidates.variables[0].mean = 52") for line in lines)
    shown = {line.split(" = ")[0] for line in lines}
    assert {"hazard.frailty_log_sd", "arms[1].plan.sessions", "accrual.site_rates.kind"} <= shown


def test_schema_is_one_json_object_that_names_every_part(run):
    status, out, err = run("schema")
    assert (status, err) == (0, "")
    schema = one_json_object(out)
    parts = {"extends", "trial", "accrual", "eligibility", "allocation", "hazard", "analyses"}
    assert parts <= schema["properties"].keys()


def test_help_and_no_arguments_say_what_there_is(run):
    status, out, _ = run("--help")
    assert status == 0
    assert all(word in out for word in ("power", "trace", "scenarios", "schema"))
    status, out, err = run()
    assert status == 2
    assert "power" in out + err


def test_a_command_that_is_not_there_is_refused(refused):
    assert "pwoer" in refused("pwoer")


def test_power_without_a_scenario_is_refused(refused):
    assert "scenario" in refused("power").lower()


def test_results_are_written_also_if_nobody_reads_what_is_printed(folder):
    command = "power quick.yaml --trials 20 --jobs 1 --out run"
    with subprocess.Popen(
        [*PROGRAM, *command.split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert (folder / "run" / "summary.txt").is_file()
