"""Runs that are kept: listed, shown, compared, exported, pruned by commands."""

import json
import os
import subprocess
import zipfile

import pytest
from command_line import one_json_object

from simulator.cli import questions, runs_kept
from simulator.cli.runs_kept import runs

QUICK = "power two-arm-survival --jobs 1 --trials"


@pytest.fixture
def kept(run, folder):
    """Two runs of a scenario of the user's own."""
    (folder / "mine.yaml").write_text("extends: two-arm-survival\nname: mine\n")
    assert run("power mine.yaml --jobs 1 --trials 100 --out results/first").status == 0
    assert run("power mine.yaml --jobs 1 --trials 150 --seed 2 --out results/second").status == 0


def test_runs_are_listed_the_latest_first(run, kept, folder, answer_of):
    found = answer_of("runs")
    assert found == answer_of("runs list") == answer_of("runs results")
    assert {entry["folder"] for entry in found["runs"]} == {"results/first", "results/second"}
    assert {entry["trials"] for entry in found["runs"]} == {100, 150}
    status, out, err = run("runs")
    assert (status, err) == (0, "")
    assert "first" in out
    assert "2 runs" in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_a_folder_without_runs_is_said_to_be_so(run, folder, refused):
    assert "No run in results." in run("runs").out
    assert "there is no such folder" in refused("runs nowhere")
    assert "did you mean trialsim runs show?" in refused("runs shwo")
    (folder / "empty").mkdir()
    assert "No run in empty." in run("runs empty").out


def test_a_run_is_shown_with_all_that_it_rests_on(run, kept, folder, answer_of):
    found = answer_of("runs show results/first")
    assert found["command_line"].startswith("trialsim power mine.yaml --jobs 1 --trials 100")
    (mine,) = [file for file in found["read"] if file["path"].endswith("mine.yaml")]
    sums = subprocess.check_output(["sha256sum", folder / "mine.yaml"], text=True)
    assert mine["sha256"] == sums.split()[0]
    assert found["answer"] == json.loads((folder / "results/first/estimates.json").read_text())
    out = run("runs show results/first").out
    assert len(out.splitlines()) <= 30
    full = run("runs show results/first --full").out
    assert run("show results/first").out in full
    assert mine["sha256"] in full


@pytest.mark.parametrize("command", ["show", "export"])
def test_a_run_that_was_changed_is_refused(command, kept, folder, refused):
    (folder / "results/first/summary.txt").write_text("other")
    more = ["x.zip"] if command == "export" else []
    said = "summary.txt was changed since the run was written"
    assert said in refused("runs", command, "results/first", *more)


def test_two_runs_are_compared(run, kept, answer_of):
    found = answer_of("runs compare results/first results/second")
    (rates,) = found["analyses"]
    assert rates["difference"] == pytest.approx(rates["second"] - rates["first"])
    assert rates["mcse"] ** 2 == pytest.approx(rates["first_mcse"] ** 2 + rates["second_mcse"] ** 2)
    out = run("runs compare results/first results/second").out
    assert "as if the runs were independent." in out


@pytest.mark.slow
def test_a_run_of_another_kind_is_not_compared(run, kept, refused):
    run("baseline B05 --days 7 --out results/third")
    assert "is a run of baseline" in refused("runs compare results/first results/third")


def test_a_run_is_exported_whole_or_not_at_all(run, kept, folder, refused, monkeypatch):
    status, _, err = run("runs export results/first it.zip")
    assert (status, err.startswith("wrote it.zip: ")) == (0, True)
    with zipfile.ZipFile(folder / "it.zip") as archive:
        assert {"first/manifest.json", "first/SHA256SUMS"} <= set(archive.namelist())
    before = (folder / "it.zip").read_bytes()
    assert "it.zip: exists" in refused("runs export results/first it.zip")
    for bad in ("it.tar", "nowhere/it.zip"):
        refused("runs export results/first", bad)

    def full(_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = run("runs export results/first it.zip --force")
    assert (status, err.splitlines()) == (
        1, ["it.zip: No space left on device; check disk, permissions and where it goes"],
    )  # fmt: skip
    assert (folder / "it.zip").read_bytes() == before


@pytest.mark.parametrize("typed", ["y\n", "n\n", ""])
def test_what_can_go_is_removed_once_it_is_agreed(typed, run, kept, folder, monkeypatch):
    litter = folder / "results" / ".first.0123abcd"
    litter.mkdir()
    (litter / ".unfinished").touch()
    status, out, err = run("runs prune")
    assert (status, litter.exists()) == (0, True)
    assert ".first.0123abcd" in out
    assert "nothing was removed; --yes removes it" in err
    monkeypatch.setattr(questions, "on_a_terminal", lambda: True)
    monkeypatch.setattr(runs_kept.sys.stdin, "readline", lambda: typed, raising=False)
    run("runs prune")
    assert litter.exists() == (typed != "y\n")


def test_nobody_is_asked_with_yes(run, kept, folder, answer_of):
    litter = folder / "results" / ".first.0123abcd"
    litter.mkdir()
    (litter / ".unfinished").touch()
    found = one_json_object(run("runs prune --json").out)
    assert (found["removed"], litter.exists()) == (False, True)
    found = answer_of("runs prune --yes")
    assert (found["removed"], len(found["gone"]), litter.exists()) == (True, 1, False)
    assert run("runs prune --yes --older-than 0").status == 0
    assert len(answer_of("runs")["runs"]) == 2


@pytest.mark.parametrize("days", ["-1", "x", "nan", "1e9"])
def test_days_that_are_none_are_refused(days, refused):
    assert "--older-than" in refused("runs prune --older-than", days)


def test_every_command_about_runs_is_in_the_readme(run):
    from pathlib import Path

    text = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    for command in runs.registered_commands:
        if command.name != "list":
            assert f"runs {command.name}" in text


@pytest.mark.parametrize("kind", ["runs", "run", "runs_compared", "runs_pruned"])
def test_their_json_has_a_schema(kind, run):
    assert one_json_object(run("schema --of", kind).out)["properties"]["kind"] == {"const": kind}
