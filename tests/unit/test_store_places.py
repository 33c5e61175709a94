"""What has come to stand in the place of a run meanwhile is kept; a run that is cut leaves nothing.

Folders are compared whole: every file of them, with its content.
"""

import errno
import os
import shutil
import signal
import tempfile

import pytest
from answers import power_answer
from stored import CURVES, filed, in_a_process, question, tree, written

from simulator.store import (
    CONFLICT,
    Enclosures,
    StoreError,
    aside,
    look,
    read_run,
)
from simulator.store.aside import MARKER, Aside, clear_litter

OTHER = question(seed=2)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of a run to be made, in one that is the working folder and elsewhere empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "D"


@pytest.fixture(params=["at once", "by three renames"])
def exchange(request, monkeypatch):
    """Either way in which two folders get each other's names."""
    if request.param != "at once":
        monkeypatch.setattr(aside, "_exchanged", lambda *_: False)


def put_thesis(folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("x")


COMERS = {
    "a folder with a thesis": put_thesis,
    "a file": lambda folder: folder.write_text("x"),
    "a link": lambda folder: folder.symlink_to("nowhere"),
    "another question's answer": lambda folder: written(folder, OTHER),
    "what is done of another question": lambda folder: written(folder, OTHER, finished=False),
}


@pytest.mark.parametrize("comes", COMERS.values(), ids=COMERS)
def test_what_has_come_to_stand_there_is_kept_beside_the_answer(comes, folder):
    before = {}

    def meanwhile():
        comes(folder)
        before.update(tree(folder.parent))

    found = filed(folder, question(), meanwhile=meanwhile)
    assert (found.folder, found.why) == (folder.with_name("D-2"), CONFLICT)
    assert read_run(found.folder).answer == power_answer(curves=CURVES)
    shutil.rmtree(found.folder)
    assert tree(folder.parent) == before


def test_an_empty_folder_is_taken(folder):
    folder.mkdir()
    written(folder, question())
    assert [path.name for path in folder.parent.iterdir()] == ["D"]


def test_the_same_answer_by_another_process_is_left(folder):
    before = {}

    def meanwhile():
        written(folder, question())
        before.update(tree(folder))

    for finished in (True, False):
        shutil.rmtree(folder, ignore_errors=True)
        found = filed(folder, question(), finished=finished, meanwhile=meanwhile)
        assert (found.folder, found.why) == (folder, "")
        assert tree(folder) == before
        assert list(folder.parent.iterdir()) == [folder]


def test_a_part_of_the_same_answer_is_replaced(folder, exchange):
    found = filed(folder, question(), meanwhile=lambda: written(folder, question(), finished=False))
    assert (found.folder, found.why) == (folder, "")
    assert read_run(folder).manifest["finished"]
    assert list(folder.parent.iterdir()) == [folder]


def test_what_was_looked_at_is_replaced_by_force(folder, exchange):
    written(folder, OTHER)
    written(folder, question(), force=True)
    assert read_run(folder).question == question()
    assert list(folder.parent.iterdir()) == [folder]


def test_what_was_not_looked_at_is_not_replaced_by_force(folder, exchange):
    written(folder, question(seed=3))

    def replaced():
        shutil.rmtree(folder)
        written(folder, OTHER)

    def added():
        (folder / "thesis.txt").write_text("x")

    for number, meanwhile in enumerate((replaced, added), start=2):
        found = filed(folder, question(), force=True, meanwhile=meanwhile)
        assert (found.folder, found.why) == (folder.with_name(f"D-{number}"), CONFLICT)
        assert read_run(folder).question == OTHER
    assert (folder / "thesis.txt").read_text() == "x"


def test_what_comes_in_the_moment_of_the_exchange_is_kept(folder, exchange, monkeypatch):
    written(folder, OTHER)
    whole, calls = aside.swap, []

    def swap(one, other):
        if not calls:
            (folder / "thesis.txt").write_text("x")
        calls.append((one, other))
        whole(one, other)

    monkeypatch.setattr(aside, "swap", swap)
    found = filed(folder, question(), force=True)
    assert (found.folder, found.why, len(calls)) == (folder.with_name("D-2"), CONFLICT, 2)
    assert (folder / "thesis.txt").read_text() == "x"
    assert read_run(folder).question == OTHER
    assert sorted(path.name for path in folder.parent.iterdir()) == ["D", "D-2"]


def test_an_error_between_the_renames_leaves_the_old_run(folder, monkeypatch):
    written(folder, OTHER)
    before = tree(folder)
    monkeypatch.setattr(aside, "_exchanged", lambda *_: False)
    whole = os.rename

    def rename(one, other):
        if str(other) == str(folder) and not str(one).endswith(".old"):
            raise OSError(errno.EIO if os.path.lexists(folder) is False else errno.EEXIST, "broken")
        whole(one, other)

    monkeypatch.setattr(os, "rename", rename)
    found = filed(folder, question(), force=True)
    assert found.why == "broken"
    assert tree(folder) == before
    assert read_run(found.folder).question == question()
    assert found.folder.parent == folder.parent / "results"


KILLED = """
import os, signal, sys
from pathlib import Path
from stored import filed, question
from simulator.store import aside

aside._exchanged = lambda *_: False
whole, number = os.rename, int(sys.argv[2])

def rename(one, other):
    global number
    number -= 1
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    whole(one, other)

os.rename = rename
filed(Path(sys.argv[1]), question(), force=True)
"""


@pytest.mark.parametrize("renames", [0, 1, 2, 3])
def test_a_kill_between_the_renames_loses_no_run(renames, folder):
    written(folder, OTHER)
    ended = in_a_process(KILLED, folder, renames, folder=folder.parent)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    # Beyond the third rename, that of the new run, it is the new one that is there.
    assert read_run(folder).question == (question() if renames >= 3 else OTHER)
    look(folder, question().digest, replace=True)
    assert list(folder.parent.iterdir()) == [folder]


CUT = """
import os, signal, sys
from pathlib import Path
from stored import question
from simulator.store import Enclosures, file_run, look

place = look(Path(sys.argv[1]), question().digest, replace=True)

def write(inside):
    (inside / "half.csv").write_text("1")
    os.kill(os.getpid(), signal.SIGKILL)

file_run(place, place.folder, write, Enclosures(place.folder))
"""


def test_litter_of_the_dead_goes_and_nothing_else(folder):
    ended = in_a_process(CUT, folder, folder=folder.parent)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    (litter,) = folder.parent.iterdir()
    assert {path.name for path in litter.iterdir()} == {MARKER, "half.csv"}
    alive = Aside(folder)
    assert not litter.exists()
    like_ours = folder.with_name(".D.0123abcd")
    put_thesis(like_ours)
    linked = folder.with_name(".D.0123abce")
    linked.symlink_to(like_ours)
    other = folder.with_name(".E.0123abcd")
    other.mkdir()
    (other / MARKER).touch()
    before = tree(folder.parent)
    clear_litter(folder)
    written(folder, question())
    assert tree(folder.parent) == before | {
        f"D/{name}": content for name, content in tree(folder).items()
    } | {"D": None}
    alive.discard()


def test_what_cannot_be_swapped_back_is_not_removed(folder, monkeypatch):
    written(folder, OTHER)
    whole, calls = aside.swap, []

    def swap(one, other):
        if calls:
            raise OSError(errno.EIO, "broken")
        (folder / "thesis.txt").write_text("x")
        calls.append((one, other))
        whole(one, other)

    monkeypatch.setattr(aside, "swap", swap)
    found = filed(folder, question(), force=True)
    assert found.why == "broken"
    ((one, _),) = calls
    clear_litter(folder)
    assert (one / "thesis.txt").read_text() == "x"


def test_nothing_stands_there_before_the_answer_does(folder):
    enclosed = Enclosures(folder)

    def meanwhile():
        enclosed.add(lambda inside: (inside / "figure.svg").touch())
        assert list(folder.parent.iterdir()) == []

    written(folder, question(), meanwhile=meanwhile, enclosed=enclosed)
    assert "figure.svg" in read_run(folder).manifest["files"]


def test_what_is_written_at_once_comes_with_the_run(folder):
    enclosed = Enclosures(folder)
    (enclosed.folder / "trials.csv").write_text("1")
    written(folder, question(), enclosed=enclosed)
    assert "trials.csv" in read_run(folder).manifest["files"]
    assert list(folder.parent.iterdir()) == [folder]


# What cannot be written where it was to go


def full(monkeypatch, *places):
    """Let the disk be full for what is made durable below some folders."""
    whole = os.fsync

    def fsync(handle):
        path = os.readlink(f"/proc/self/fd/{handle}")
        if any(path.startswith(str(place)) for place in places):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(handle)

    monkeypatch.setattr(os, "fsync", fsync)


def test_an_answer_that_has_no_room_is_kept_in_results(folder, monkeypatch):
    place = folder.parent / "small" / "D"
    full(monkeypatch, place.parent)
    found = filed(place, question())
    assert found.why == "No space left on device"
    assert found.folder == folder.parent / question().folder
    assert read_run(found.folder).answer == power_answer(curves=CURVES)
    assert list(place.parent.iterdir()) == []


def test_else_among_temporary_files_and_else_nowhere(folder, monkeypatch, tmp_path):
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    full(monkeypatch, tmp_path / "results", tmp_path / "D", tmp_path / ".D")
    found = filed(folder, question())
    assert found.folder.is_relative_to(spare)
    assert read_run(found.folder).answer == power_answer(curves=CURVES)
    shutil.rmtree(found.folder.parent)
    full(monkeypatch, tmp_path)
    assert filed(folder, question()).folder is None
    assert list(spare.iterdir()) == []


def test_rows_that_have_no_room_cost_the_rows(folder, monkeypatch):
    enclosed = Enclosures(folder)
    (enclosed.folder / "trials.csv").write_text("half a r")
    enclosed.fail("trials.csv", OSError(errno.ENOSPC, "No space left on device"))
    found = filed(folder, question(), enclosed=enclosed)
    assert (found.why, folder.exists()) == ("No space left on device", False)
    assert found.folder == folder.parent / f"{question().folder}-incomplete"
    assert "trials.csv" not in read_run(found.folder).manifest["files"]


def test_a_folder_that_is_gone_is_made_again(folder):
    place = folder / "deeper" / "D"
    (folder / "deeper").mkdir(parents=True)
    written(place, question(), meanwhile=lambda: shutil.rmtree(folder))


READ_ONLY = """
import os, sys
from pathlib import Path
from stored import filed, question, written
from simulator.store import runs

runs.versions_of = lambda _: {}  # which another user may not be able to read
folder = Path("mine/D")
if os.getuid() == 0:
    os.setuid(65534)
folder.parent.mkdir()
written(folder.absolute(), question())
for place, folders, names in os.walk(folder, topdown=False):
    for name in names:
        os.chmod(Path(place, name), 0o444)
    os.chmod(place, 0o555)
written(folder.absolute(), question(seed=2), force=True)
assert os.listdir("mine") == ["D"], os.listdir("mine")
os.chmod("mine", 0o555)
try:
    filed(folder.absolute(), question(seed=3), force=True)
except Exception as error:
    assert "cannot be made: Permission denied" in str(error), error
else:
    raise AssertionError
"""


def test_a_run_that_is_read_only_is_replaced_by_force(tmp_path):
    place = tempfile.mkdtemp()  # pytest's own folders can be entered by their owner alone
    os.chmod(place, 0o777)
    try:
        ended = in_a_process(READ_ONLY, folder=place)
        assert (ended.returncode, ended.stderr) == (0, "")
    finally:
        shutil.rmtree(place)


def test_what_fails_after_the_work_is_refused_before(folder):
    (folder.parent / "file").touch()
    for place in (folder.parent / "file" / "D", folder.with_name("n" * 300)):
        with pytest.raises(StoreError, match="cannot be made"):
            look(place, question().digest, replace=False)


def test_a_name_as_long_as_names_can_be_will_do(folder):
    written(folder.with_name("é" * 127), question())


KILLED_EVERYWHERE = """
import os, shutil, signal, sys
from pathlib import Path
from stored import filed, question, tree, written
from simulator.store import Enclosures, aside, look, read_run

if sys.argv[1] == "renames":
    aside._exchanged = lambda *_: False
place = Path.cwd() / "here"
template, folder = Path.cwd() / "template", place / "D"
written(template, question(seed=2))
old = tree(template)

def child(step):
    count = 0

    def kill(event, arguments):
        nonlocal count
        if event.split(".")[0] in ("open", "os", "shutil") and str(place) in str(arguments):
            count += 1
            if count > step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill)
    enclosed = Enclosures(folder)
    (enclosed.folder / "trials.csv").write_text("rows")
    assert filed(folder, question(), force=True, enclosed=enclosed).why == ""
    os._exit(0)

new = step = 0
while True:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(template, folder)
    process = os.fork()
    if not process:
        child(step)
    status = os.waitpid(process, 0)[1]
    found = read_run(folder)
    if found.question.seed == 2:
        left = {name: it for name, it in tree(folder).items() if name != aside.MARKER}
        assert left == old, (step, set(left))
        assert not new, step
    else:
        new += 1
        assert (folder / "trials.csv").read_text() == "rows"
    look(folder, question().digest, replace=True)
    there = set(os.listdir(place)) - {"D"}
    for name in there:  # killed before it had the file by which it is known
        assert set(os.listdir(place / name)) <= {aside.MARKER + ".new"}, (step, there)
    assert aside.MARKER not in os.listdir(folder)
    if not status:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, (step, status)
    step += int(sys.argv[2])
print(step, new)
"""


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("how", ["exchange", "renames"])
def test_a_kill_at_any_step_leaves_the_old_run_or_the_new_one(how, stride, tmp_path):
    ended = in_a_process(KILLED_EVERYWHERE, how, stride, folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    steps, new = map(int, ended.stdout.split())
    assert steps > 50  # opens, writes, renames and removals
    assert 1 < new < steps
