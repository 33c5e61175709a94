"""What was asked before is answered at once: the same bytes, and never what is no longer true."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from command_line import ROOT, run_apart, run_here, runs_in

from simulator import inputs
from simulator.cli import asked

HEAVY = {"matplotlib", "numba", "numpy", "pandas", "ruamel", "scipy", "simpy"}
IN_A_PROCESS = """
import sys
from simulator.cli import main
try:
    main()
finally:
    print(*sys.modules, file=open("modules.txt", "w"))
"""
COMMAND = ("power", "mine.yaml", "--trials", 40, "--jobs", 1)
KEPT = "answered before"


def modules_of(folder, *arguments):
    """Run a command in a process of its own; return all that it imported, and how it ended."""
    words = [str(word) for word in arguments]
    found = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS, *words],
        cwd=folder,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return set((folder / "modules.txt").read_text().split()), found


@pytest.fixture
def folder(tmp_path):
    """A folder with a scenario that extends another of the folder."""
    (tmp_path / "base.yaml").write_text("extends: two-arm-survival\nname: base\n")
    (tmp_path / "mine.yaml").write_text("extends: base\nname: mine\n")
    return tmp_path


@pytest.fixture
def answered(folder):
    """The same, with a question answered, and what that printed."""
    return folder, run_here(*COMMAND, folder=folder)


def heavy(modules):
    return {name for name in modules if name.split(".")[0] in HEAVY}


def test_help_imports_neither_schema_nor_what_computes(tmp_path):
    modules, ended = modules_of(tmp_path, "--help")
    assert ended.returncode == 0
    assert heavy(modules) | {m for m in modules if m.startswith("pydantic")} == set()


def test_a_kept_answer_imports_neither_schema_nor_what_computes(answered):
    folder, first = answered
    modules, again = modules_of(folder, *COMMAND)
    assert (again.stdout, KEPT in again.stderr) == (first.out, True)
    assert heavy(modules) == set()
    assert not {"simulator.scenario.schema", "simulator.study"} & modules
    (run,) = runs_in(folder)
    modules, shown = modules_of(folder, "show", run)
    assert shown.stdout == (run / "summary.txt").read_text()
    assert heavy(modules) == set()


def test_the_answer_is_printed_again_to_the_byte_in_every_form(answered):
    folder, first = answered
    assert run_here(*COMMAND, folder=folder).out == first.out
    for form in ("--json", "--full"):
        now = run_here(*COMMAND, form, folder=folder)
        anew = run_here(*COMMAND, form, "--force", folder=folder)
        assert KEPT in now.err
        assert KEPT not in anew.err
        assert now.out == anew.out


@pytest.mark.parametrize("name", ["mine.yaml", "base.yaml"])
def test_an_edited_file_asks_another_question(answered, name):
    folder, _ = answered
    with (folder / name).open("a") as file:
        file.write("trial:\n  target_randomised: 40\n")
    assert KEPT not in run_here(*COMMAND, folder=folder).err
    assert len(runs_in(folder)) == 2


def test_a_file_that_would_be_read_instead_asks_another_question(answered):
    folder, _ = answered
    (folder / "base").write_text("extends: two-arm-survival\nname: other\ntitle: another\n")
    again = run_here(*COMMAND, folder=folder)
    assert KEPT not in again.err
    assert len(runs_in(folder)) == 2


@pytest.mark.parametrize("more", [("--seed", 2), ("--power-target", 0.9), ("--by-trial",)])
def test_another_option_asks_another_question(answered, more):
    folder, _ = answered
    assert KEPT not in run_here(*COMMAND, *more, folder=folder).err


def test_a_wrong_option_beside_an_answer_that_is_kept_is_refused(answered):
    folder, _ = answered
    assert run_here(*COMMAND, "--precision", 0.1, folder=folder).status == 2


def test_another_version_of_the_program_asks_another_question(answered, monkeypatch):
    folder, _ = answered
    monkeypatch.chdir(folder)
    words = {"scenario": "mine.yaml", "trials": 40, "precision": None, "seed": 1}
    words |= {"power_target": None, "engine": "compiled", "by_trial": False, "certify": False}
    words["estimator"] = "counts"
    with asked.words("power", words):
        assert asked.known() is not None
        monkeypatch.setattr(asked, "PROGRAM_DIGEST", "of another")
        assert asked.known() is None


def test_an_edited_source_has_another_digest_in_the_next_process(tmp_path):
    for package in ("simulator", "calibration"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    names = "SOURCES_DIGEST, PROGRAM_DIGEST, MODEL_DIGEST, KERNELS_DIGEST"
    program = f"from simulator.caches import {names}; print({names})"

    def digests():
        found = subprocess.check_output([sys.executable, "-c", program], cwd=tmp_path, text=True)
        return found.split()

    whole = digests()
    assert digests() == whole
    for name, changed in (("cli/told.py", 2), ("truth/values.py", 3), ("rules/normal.py", 4)):
        source = tmp_path / "simulator" / name
        before, text = source.stat(), source.read_text()
        source.write_text(text.replace("e", "a", 1))
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert source.stat().st_size == before.st_size  # and its time is the same
        edited = digests()
        same = [now == then for now, then in zip(edited, whole, strict=True)]
        assert same == [False] * changed + [True] * (4 - changed)
        whole = edited


def test_a_run_that_was_changed_is_refused_as_ever(answered):
    folder, _ = answered
    (run,) = runs_in(folder)
    text = (run / "estimates.json").read_text()
    (run / "estimates.json").write_text(text[: len(text) // 2])
    again = run_here(*COMMAND, folder=folder)
    assert (again.status, again.out) == (2, "")
    assert "estimates.json was changed since the run was written" in again.err
    assert KEPT not in run_here(*COMMAND, "--force", folder=folder).err


def test_a_run_that_was_moved_is_worked_out_anew_and_can_be_named(answered):
    folder, first = answered
    (run,) = runs_in(folder)
    run.rename(folder / "elsewhere")
    named = run_here(*COMMAND, "--out", "elsewhere", folder=folder)
    assert KEPT in named.err
    assert named.out.replace("elsewhere", f"results/{run.name}").split() == first.out.split()
    assert KEPT not in run_here(*COMMAND, folder=folder).err


def test_what_is_noted_of_a_question_may_be_broken(answered, monkeypatch, tmp_path):
    folder, first = answered
    places = []
    keep = asked.keep
    monkeypatch.setattr(asked, "keep", lambda place, it: (places.append(place), keep(place, it)))
    run_here(*COMMAND, "--force", folder=folder)
    (place,) = places
    for broken in ("", "{}", place.read_text()[:-9], "0\n[]"):
        place.write_text(broken)
        again = run_here(*COMMAND, folder=folder)
        assert KEPT in again.err  # found the long way
        assert again.out == first.out


def test_a_row_of_evidence_is_a_file_once_there_is_one(tmp_path):
    first = run_here("baseline", "B05", "--days", 7, folder=tmp_path)
    assert first.status == 0
    assert KEPT in run_here("baseline", "B05", "--days", 7, folder=tmp_path).err
    (tmp_path / "B05").write_text("day,survival,n\n7,0.5,40\n28,0.3,40\n")
    assert KEPT not in run_here("baseline", "B05", "--days", 7, folder=tmp_path).err


def test_a_wrong_key_is_told_before_what_computes_is_imported(folder):
    with (folder / "base.yaml").open("a") as file:
        file.write("trial:\n  target_randomized: 40\n")
    modules, ended = modules_of(folder, *COMMAND)
    told = "base.yaml:4: trial.target_randomized = 40: unknown key; did you mean target_randomised?"
    assert (ended.returncode, ended.stderr.strip()) == (2, told)
    assert {m for m in heavy(modules) if not m.startswith("ruamel")} == set()


@pytest.mark.parametrize(
    ("content", "later"),
    [(b"a", b"b"), (b"a", b"ab"), (b"a", None), (None, b"a")],
    ids=["of the same size", "longer", "removed", "made"],
)
def test_a_file_is_as_noted_until_its_content_changes(tmp_path, content, later):
    path = tmp_path / "file"

    def write(what):
        path.unlink(missing_ok=True)
        if what is not None:
            path.write_bytes(what)

    write(content)
    was = inputs.state(str(path))
    write(content)
    assert inputs.is_as_noted(str(path), was)
    write(later)
    assert not inputs.is_as_noted(str(path), was)


def test_what_is_shown_again_is_one_object_with_json(answered):
    folder, _ = answered
    found = run_apart(*COMMAND, "--json", folder=folder)
    assert json.loads(found.out)["trials"] == 40
