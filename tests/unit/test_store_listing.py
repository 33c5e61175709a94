"""The runs of a folder: listed, told by what they were made, compared, exported, pruned."""

import dataclasses
import fcntl
import json
import math
import os
import random
import subprocess
import time
import zipfile

import numpy as np
import pytest
from answers import analysis_power, power_answer
from stored import SCENARIO, question, tree, written

from simulator.caches import MODEL_DIGEST
from simulator.planning import compared_runs
from simulator.planning.compared_runs import Pairs
from simulator.planning.paired import paired_error
from simulator.report.text.kept_runs import size_in_words
from simulator.results import ABOUT_RUNS
from simulator.results.json_schema import answer_schema
from simulator.store import (
    Enclosures,
    StoreError,
    file_run,
    look,
    read_run,
    to_json,
    write_run,
)
from simulator.store.aside import MARKER, Aside
from simulator.store.exporting import export_run
from simulator.store.listing import kept_runs, provenance_of
from simulator.store.pruning import listed, prunable, prune


@pytest.fixture
def results(tmp_path):
    """A folder with runs of every kind, units, litter, and what is none of these."""
    results = tmp_path / "results"
    written(results / "done", question())
    written(results / "stopped", question(seed=2), finished=False)
    written(results / "mine", question(seed=3), finished=False)
    (results / "mine" / "thesis.txt").write_text("x")
    written(results / "broken", question(seed=4))
    (results / "broken" / "manifest.json").write_text("{")
    (results / "reference").mkdir()
    (results / "reference" / "published.csv").write_text("x")
    for name, model in (("old", "another"), ("new", MODEL_DIGEST)):
        units = results / "units" / name
        units.mkdir(parents=True)
        (units / "key.json").write_text(json.dumps({"program": {"model": model}}))
        (units / "1.npz").write_bytes(b"x" * 5_000)
    (results / "units" / "mine").mkdir()
    (results / ".D.0123abcd").mkdir()
    (results / ".D.0123abcd" / MARKER).touch()
    (results / ".E.0123abcd").mkdir()
    (results / "a link").symlink_to(results / "stopped")
    return results


def test_runs_are_listed_with_what_was_asked_and_what_they_take(results):
    found = kept_runs(results)
    by_name = {run.folder.removeprefix(f"{results}/"): run for run in found.runs}
    assert set(by_name) == {"done", "stopped", "mine", "broken"}
    done = by_name["done"]
    assert (done.command, done.scenario, done.finished, done.is_current, done.fault) == (
        "power", "small", True, True, "",
    )  # fmt: skip
    told = subprocess.check_output(["du", "-s", "-B1", "--apparent-size", results / "done"])
    assert 0 < done.bytes <= int(told.split()[0]) + 4096 * 12  # a block for each file and folder
    assert not by_name["stopped"].finished
    assert "broken" in by_name["broken"].fault
    assert (found.units, found.litter) == (2, 1)
    assert found.units_bytes >= 10_000


def test_what_was_asked_stands_in_the_list(tmp_path):
    written(tmp_path / "a", question(asked={"trials": 500}))
    written(tmp_path / "b", question(asked={"precision": 0.01}))
    runs = {os.path.basename(run.folder): run for run in kept_runs(tmp_path).runs}
    assert (runs["a"].trials, runs["a"].precision) == (500, None)
    assert (runs["b"].trials, runs["b"].precision) == (None, 0.01)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (4096, "4.1 kB"), (99_999, "100 kB"), (198_000_000, "198 MB"),
     (999_700, "1.0 MB"), (2 * 10**15, "2000 TB")],
)  # fmt: skip
def test_sizes_in_words(size, words):
    assert size_in_words(size) == words


def test_provenance_is_what_the_manifest_has(tmp_path):
    run = read_run(written(tmp_path / "run", question()))
    found = provenance_of(run)
    assert (found.command_line, found.seed, found.digest) == (
        "trialsim power small", 1, question().digest,
    )  # fmt: skip
    assert {file.path: file.sha256 for file in found.files} == run.manifest["files"]
    for file in found.files:
        assert file.bytes == (run.folder / file.path).stat().st_size
    assert found.versions["python"]
    assert found.machine["cores"] >= 1
    assert found.answer == json.loads(to_json(run.answer.to_dict()))


def test_a_run_that_was_stopped_is_told_of_as_such(tmp_path):
    folder = written(tmp_path / "run", question(), finished=False)
    assert not provenance_of(read_run(folder, finished=False)).finished


# Compared


def run_of_power(folder, asked, *analyses, trials=1000):
    place = look(folder, asked.digest, replace=False)
    answer = dataclasses.replace(power_answer(), analyses=analyses, trials=trials, seed=asked.seed)

    def write(inside):
        write_run(inside, asked, answer, "x", {"command": "trialsim power small"})

    file_run(place, folder, write, Enclosures(place.folder))
    return read_run(folder)


def test_independent_runs_have_the_errors_of_both(tmp_path):
    a = run_of_power(tmp_path / "a", question(), analysis_power(power=0.30, mcse=0.03))
    b = run_of_power(tmp_path / "b", question(seed=2), analysis_power(power=0.38, mcse=0.04))
    (rates,) = compared_runs.compare_runs(a, b).analyses
    assert rates.pairs is None
    assert rates.difference == pytest.approx(0.08)
    assert rates.mcse == pytest.approx(0.05)  # 3, 4, 5
    assert rates.difference_high - rates.difference == pytest.approx(1.959964 * 0.05)
    assert not rates.differs


def test_pairs_have_the_error_that_trial_by_trial_differences_have(tmp_path):
    draw = random.Random(1)
    first = np.array([draw.random() < 0.3 for _ in range(400)])
    second = np.where([draw.random() < 0.1 for _ in range(400)], ~first, first)
    apart = second.astype(float) - first
    a = run_of_power(tmp_path / "a", question(), analysis_power())
    b = run_of_power(tmp_path / "b", question(asked={"n": 2}), analysis_power())
    pairs = Pairs(400, int((first & ~second).sum()), int((second & ~first).sum()))
    (rates,) = compared_runs.compare_runs(a, b, {analysis_power().name: pairs}).analyses
    assert rates.difference == pytest.approx(apart.mean())
    assert rates.mcse == pytest.approx(paired_error(apart))
    assert rates.mcse == pytest.approx(apart.std() / math.sqrt(400), rel=0.05)
    assert rates.pairs == 400


def test_what_only_one_has_is_named_and_so_is_what_differs(tmp_path):
    other = SCENARIO | {"trial": {"target_randomised": 20}, "title": "another"}
    sources = {"trial.target_randomised": {}, "title": {}}
    one = dataclasses.replace(analysis_power(), name="deaths")
    a = run_of_power(tmp_path / "a", question(sources=sources), analysis_power(), one)
    b = run_of_power(tmp_path / "b", question(sources=sources, scenario=other), analysis_power())
    found = compared_runs.compare_runs(a, b)
    assert found.not_compared == ("deaths",)
    assert [(d.key, d.first, d.second) for d in found.different] == [
        ("trial.target_randomised", 16, 20)
    ]
    c = run_of_power(tmp_path / "c", question(seed=9), one)
    with pytest.raises(ValueError, match="no analysis in common"):
        compared_runs.compare_runs(b, c)


# Exported


def test_an_exported_run_is_whole_and_has_its_checksums(tmp_path):
    folder = written(tmp_path / "a run é", question())
    (folder / "justification.docx").write_text("mine")
    path = tmp_path / "run.zip"
    export_run(read_run(folder), path)
    first = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    inside = tmp_path / "out" / "a run é"
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=inside, check=True)
    assert read_run(inside).answer == read_run(folder).answer
    assert set(tree(inside)) == set(tree(folder)) - {"justification.docx"} | {"SHA256SUMS"}
    with pytest.raises(FileExistsError):
        export_run(read_run(folder), path)
    export_run(read_run(folder), path, replace=True)
    assert path.read_bytes() == first


def test_a_file_that_changes_while_it_is_exported_is_named(tmp_path):
    folder = written(tmp_path / "run", question())
    run = read_run(folder)
    (folder / "summary.txt").write_text("other")
    with pytest.raises(StoreError, match=r"summary\.txt was changed while it was exported"):
        export_run(run, tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


# Pruned


def gone(pruned, results):
    return sorted(os.path.relpath(one.path, results) for one in pruned.gone)


def test_what_can_be_made_again_goes_and_nothing_else(results):
    before = tree(results)
    plan = prunable(results)
    assert gone(listed(plan), results) == [".D.0123abcd", "stopped", "units/old"]
    assert tree(results) == before
    done = prune(plan)
    assert gone(done, results) == [".D.0123abcd", "stopped", "units/old"]
    (left,) = done.left
    assert left.path == str(results / "mine")
    assert "holds thesis.txt, which is no part of it" in left.what
    dropped = (".D.0123abcd", "stopped", "units/old")
    assert tree(results) == {
        name: content
        for name, content in before.items()
        if not any(name == d or name.startswith(f"{d}/") for d in dropped)
    }
    assert gone(prune(prunable(results)), results) == []


def test_old_units_of_this_version_go_by_their_age(results):
    days = 10
    aged = time.time() - days * 86_400 - 60
    for name in ("new", "old"):
        for path in (results / "units" / name).iterdir():
            os.utime(path, (aged, aged))
        os.utime(results / "units" / name, (aged, aged))
    assert gone(listed(prunable(results, days)), results) == ["units/new", "units/old"]
    assert gone(listed(prunable(results, days + 1)), results) == []
    ahead = time.time() + 1e6  # a clock that was set back
    os.utime(results / "units" / "new" / "1.npz", (ahead, ahead))
    assert gone(listed(prunable(results, days)), results) == ["units/old"]


@pytest.mark.parametrize("held", ["units", "units/old/lock"])
def test_units_that_are_in_use_stay(results, held):
    place = results / held
    if not place.is_dir():
        place.touch()
    handle = os.open(place, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    done = prune(prunable(results))
    os.close(handle)
    assert (results / "units" / "old" / "1.npz").exists()
    assert any(one.path.endswith("units/old") and "in use" in one.what for one in done.left)


def test_what_changes_after_it_was_listed_stays(results):
    plan = prunable(results)
    (results / "stopped" / "thesis.txt").write_text("x")
    assert "stopped" not in gone(prune(plan), results)
    assert (results / "stopped" / "thesis.txt").exists()


def test_a_run_that_is_finished_after_it_was_listed_stays(results):
    plan = prunable(results)
    written(results / "stopped", question(seed=2))
    assert "stopped" not in gone(prune(plan), results)
    assert read_run(results / "stopped").manifest["finished"]
    assert not [path for path in results.iterdir() if path.name.startswith(".stopped")]


def test_a_run_that_somebody_is_at_stays(results):
    alive = Aside(results / "F")
    assert alive.folder.name not in gone(prune(prunable(results)), results)
    assert alive.folder.exists()
    alive.discard()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    for what in (kept_runs, prunable):
        with pytest.raises(StoreError, match="there is no such folder"):
            what(tmp_path / "nowhere")


def test_what_is_said_of_runs_comes_back_from_its_json(results):
    done = read_run(results / "done")
    found = {
        "runs": kept_runs(results),
        "run": provenance_of(done),
        "runs_compared": compared_runs.compare_runs(done, done),
        "runs_pruned": listed(prunable(results)),
    }
    assert set(found) == set(ABOUT_RUNS)
    for kind, one in found.items():
        assert (ABOUT_RUNS[kind], one.KIND) == (type(one), kind)
        plain = json.loads(to_json(one.to_dict()))
        assert ABOUT_RUNS[kind].from_dict(plain).to_dict() == plain
        schema = answer_schema(type(one))
        assert set(schema["properties"]) == set(plain) == set(schema["required"])
        assert len({tuple(row) for row in one.rows()}) == 1
        assert one.headline()
        assert len(repr(one).splitlines()) <= 12
