"""Runs on disk: whole or not there, found again, never in the place of something else."""

import csv
import json
import math

import pytest
from answers import power_answer
from stored import CURVES, SCENARIO, question, written

from simulator.store import (
    Enclosures,
    StoreError,
    file_run,
    look,
    read_csv,
    read_run,
    rows_to_csv,
    to_json,
)


def answer_in(folder, digest, *, replace):
    found = look(folder, digest, replace=replace).kept
    return None if found is None else found.answer


def test_a_run_is_read_as_it_was_written(tmp_path):
    run = read_run(written(tmp_path / "run", question()))
    assert run.answer == power_answer(curves=CURVES)
    assert run.question.scenario == SCENARIO
    rows = read_csv(run.folder / "estimates.csv")
    assert [row["name"] for row in rows] == [a.name for a in run.answer.analyses]
    assert [float(row["power"]) for row in rows] == [a.power for a in run.answer.analyses]


@pytest.mark.parametrize(
    "other",
    [
        {"command": "size"},
        {"scenario": SCENARIO | {"name": "other"}},
        {"sources": {"trial.target_randomised": "assumption"}},
        {"seed": 2},
        {"asked": {"n": 2}},
    ],
    ids=str,
)
def test_whatever_the_answer_depends_on_makes_another_question(other, tmp_path):
    asked = question(**other)
    assert asked.digest != question().digest
    folder = written(tmp_path / "run", question())
    assert answer_in(folder, question().digest, replace=False) == power_answer(curves=CURVES)
    with pytest.raises(StoreError, match="another question"):
        answer_in(folder, asked.digest, replace=False)
    assert answer_in(folder, asked.digest, replace=True) is None


def cut(folder, asked, error, *, force=False):
    """Begin to write a run, and be cut off in the middle of it."""
    place = look(folder, asked.digest, replace=force)

    def write(inside):
        (inside / "half.csv").write_text("1")
        raise error

    file_run(place, folder, write, Enclosures(place.folder))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("broken")], ids=repr)
def test_a_run_that_is_cut_leaves_what_was_there(error, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(type(error)):
        cut(folder, question(), error)
    assert list(tmp_path.iterdir()) == []
    written(folder, question())
    with pytest.raises(type(error)):
        cut(folder, question(), error, force=True)
    assert read_run(folder).answer == power_answer(curves=CURVES)
    assert list(tmp_path.iterdir()) == [folder]


def test_a_run_that_was_stopped_is_no_answer(tmp_path):
    folder = written(tmp_path / "run", question(), finished=False)
    assert answer_in(folder, question().digest, replace=False) is None
    with pytest.raises(StoreError, match="stopped before its end"):
        read_run(folder)


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    assert answer_in(tmp_path / "mine", question().digest, replace=False) is None  # empty
    assert answer_in(tmp_path / "nowhere", question().digest, replace=False) is None
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for replace in (False, True):
        with pytest.raises(StoreError, match="not the folder of a run"):
            answer_in(tmp_path / "mine", question().digest, replace=replace)
    for path in (tmp_path / "mine", tmp_path / "nowhere", tmp_path / "mine" / "notes.txt"):
        with pytest.raises(StoreError):
            read_run(path)


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"finished": true}', "{"])
def test_a_manifest_that_is_broken_is_no_run(broken, tmp_path):
    folder = written(tmp_path / "run", question())
    (folder / "manifest.json").write_text(broken)
    with pytest.raises(StoreError, match=r"not the folder of a run, or its manifest"):
        read_run(folder)
    with pytest.raises(StoreError, match=r"not the folder of a run, or its manifest"):
        answer_in(folder, question().digest, replace=False)


NAMES = "estimates.json", "estimates.csv", "summary.txt", "data/recruitment.csv"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", ["changed", "emptied", "binary", "gone", "a folder"])
def test_a_run_whose_files_were_changed_is_told_from_one_that_is_whole(name, harm, tmp_path):
    folder = written(tmp_path / "run", question())
    path = folder / name
    text = path.read_bytes()
    path.unlink()
    if harm == "a folder":
        path.mkdir()
    elif harm != "gone":
        path.write_bytes({"changed": text + b" ", "emptied": b"", "binary": b"\xff"}[harm])
    for read in (read_run, lambda it: answer_in(it, question().digest, replace=False)):
        with pytest.raises(StoreError, match=f"{name} was changed since"):
            read(folder)
    assert answer_in(folder, question().digest, replace=True) is None


def test_a_report_beside_a_run_changes_nothing(tmp_path):
    folder = written(tmp_path / "run", question())
    (folder / "justification.docx").write_text("mine")
    assert read_run(folder).answer == power_answer(curves=CURVES)
    assert answer_in(folder, question().digest, replace=False) == power_answer(curves=CURVES)
    with pytest.raises(StoreError, match=r"holds justification\.docx, which is no part of the run"):
        answer_in(folder, question().digest, replace=True)  # and be lost


def test_numbers_that_do_not_exist_are_null_and_empty():
    assert json.loads(to_json({"a": math.nan, "b": [math.inf, 1.5], "c": (None,)})) == {
        "a": None,
        "b": [None, 1.5],
        "c": [None],
    }
    assert rows_to_csv([{"a": math.inf, "b": 0.1 + 0.2, "c": "x,y"}]) == (
        'a,b,c\n,0.30000000000000004,"x,y"\n'
    )
    assert rows_to_csv([]) == "\n"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+2", "'=1+2"),
        ("+1", "'+1"),
        ("-1 L", "'-1 L"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("a=1", "a=1"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_no_cell_of_text_is_a_formula_and_each_is_read_as_it_was(text, cell, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(rows_to_csv([{"name": text, "number": -0.5}]), encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [{"name": cell, "number": "-0.5"}]
    assert read_csv(path) == [{"name": text, "number": "-0.5"}]
