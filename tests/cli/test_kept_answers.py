"""An answer that was computed is never lost, and never takes the place of something else."""

import errno
import os
import shutil
import subprocess
import sys

import pytest
from command_line import ROOT, one_json_object, run_here, runs_in

from simulator.store import read_run

QUICK = "power two-arm-survival --jobs 1 --trials"
ROOM = """
import os, sys
os.chdir(sys.argv[1])
from simulator.cli import main
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.fixture
def comes(monkeypatch):
    """Have something done once trials are simulated, before the answer is kept."""
    from simulator import study

    whole = study.Study.power

    def comes(act):
        def power(self, *arguments, **options):
            found = whole(self, *arguments, **options)
            act()
            return found

        monkeypatch.setattr(study.Study, "power", power)

    return comes


@pytest.fixture
def printed(tmp_path_factory):
    """What a command prints that nothing disturbs."""
    return run_here(QUICK, 100, "--json", folder=tmp_path_factory.mktemp("elsewhere")).out


def test_a_thesis_that_has_come_to_stand_there_is_kept(folder, run, comes, printed):
    def write():
        (folder / "D").mkdir()
        (folder / "D" / "thesis.txt").write_text("x")

    comes(write)
    status, out, err = run(QUICK, 100, "--json --out D")
    assert (status, out) == (1, printed)
    assert err.splitlines()[-1] == (
        "D: something else has come there since the command began, and was left as it is; the "
        "answer is in D-2"
    )
    assert (folder / "D" / "thesis.txt").read_text() == "x"
    assert [path.name for path in (folder / "D").iterdir()] == ["thesis.txt"]
    assert one_json_object(out) == read_run(folder / "D-2").answer.to_dict()


def test_what_is_done_of_another_question_is_replaced_by_force_alone(folder, run, refused, comes):
    def interrupt():
        raise KeyboardInterrupt

    run(QUICK, 100, "--out D")
    err = refused(QUICK, 150, "--out D")
    assert "holds the answer to another question" in err
    comes(interrupt)
    assert run(QUICK, 150, "--out D --force").status != 0
    assert read_run(folder / "D").question.asked["trials"] == 100


@pytest.mark.parametrize("where", ["in results", "nowhere"])
def test_an_answer_that_has_no_room_is_printed_and_kept_elsewhere(
    where, folder, run, printed, monkeypatch
):
    whole = os.fsync

    def fsync(handle):
        path = os.readlink(f"/proc/self/fd/{handle}")
        if where == "nowhere" or path.startswith(str(folder / "small")):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    status, out, err = run(QUICK, 100, "--json --out small/D")
    assert (status, out) == (1, printed)
    said = err.splitlines()[-1]
    assert said.startswith("small/D: cannot be written: No space left on device; the answer is ")
    if where == "nowhere":
        assert said.endswith("kept nowhere but here")
        assert runs_in(folder) == []
    else:
        (kept,) = runs_in(folder)
        assert said.endswith(f"in results/{kept.name}")
        assert read_run(kept).answer.trials == 100
    assert list((folder / "small").iterdir()) == []


def test_figures_that_cannot_be_written_do_not_cost_the_answer(folder, run, monkeypatch):
    from simulator.report import pictures

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pictures, "draw_baseline", full)
    status, out, err = run("baseline B05 --days 7")
    assert status == 1
    assert out
    assert "cannot be written: No space left on device; the answer is kept nowhere" in err


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs a mount")
@pytest.mark.parametrize("more", [pytest.param("", marks=pytest.mark.slow), "--by-trial"])
def test_a_disk_that_is_full(more, folder, printed):
    small = folder / "small disk é"
    small.mkdir()
    script = 'mount -t tmpfs -o size=32k tmpfs "$1" && shift && exec "$@"'
    program = [sys.executable, "-c", ROOM, folder, *QUICK.split(), "100", *more.split()]
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "_", small, *program, "--json", "--out", small / "D"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if "mount" in ended.stderr:
        pytest.skip("needs to mount a small disk")
    assert (ended.returncode, ended.stdout) == (1, printed)
    said = ended.stderr.splitlines()[-1]
    assert f"{small / 'D'}: cannot be written: No space left on device" in said
    (kept,) = runs_in(folder)
    assert said.endswith(f"in results/{kept.name}")
    assert read_run(kept).answer.trials == 100


@pytest.mark.parametrize("kind", ["docx", "html", pytest.param("figures", marks=pytest.mark.slow)])
def test_a_report_that_has_no_room_leaves_the_old_one(kind, folder, run, monkeypatch):
    pytest.importorskip("docx")
    run(QUICK, 100, "--out D")
    assert run(f"report D --format {kind} --length page").status == 0
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, out, err = run(f"report D --format {kind} --length page --force")
    assert (status, out) == (1, "")
    assert "No space left on device" in err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_figures_of_a_report_are_replaced_as_a_whole(folder, run):
    run(QUICK, 100, "--out D")
    assert run("report D --format figures").status == 0
    (folder / "D" / "figures" / "notes.txt").write_text("mine")
    first = {path.name for path in (folder / "D" / "figures").iterdir()}
    assert run("report D --format figures --force").status == 0
    assert {path.name for path in (folder / "D" / "figures").iterdir()} == first
    assert "holds figures/notes.txt" in run(QUICK, 100, "--out D --force").err
    assert sorted(path.name for path in folder.iterdir()) == ["D", "results"]


@pytest.mark.parametrize("command", ["report D", "show D", f"{QUICK} 100 --out D"])
def test_a_pipe_in_the_place_of_a_manifest_is_not_waited_for(command, folder, run, refused):
    run(QUICK, 100, "--out D")
    (folder / "D" / "manifest.json").unlink()
    os.mkfifo(folder / "D" / "manifest.json")
    assert "D: " in refused(command) or "D = " in refused(command)


def test_a_pipe_in_the_place_of_studies_is_not_waited_for(folder, refused):
    os.mkfifo(folder / "studies.csv")
    assert "studies.csv: cannot be read: is not a regular file" in refused("prior studies.csv")


@pytest.mark.parametrize("command", ["report D", "show D", f"{QUICK} 100 --out D"])
def test_a_target_that_was_changed_in_a_manifest_is_refused(command, folder, run, refused):
    run(QUICK, 100, "--out D")
    manifest = folder / "D" / "manifest.json"
    text = manifest.read_text()
    found = text.replace('"target_randomised": ', '"target_randomised": 1')
    assert found != text
    manifest.write_text(found)
    assert "manifest.json was changed since the run was written" in refused(command)
