"""A file or a folder is the old one or the new one, whole, whatever happens while it is written."""

import errno
import os
import signal

import pytest
from stored import in_a_process, tree

from simulator.store import aside, folder_written_aside, write_whole, written_aside
from simulator.store.aside import MARKER


def no_room(monkeypatch, name):
    """Let a call of the system fail as on a full disk."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, name, full)


@pytest.fixture(params=["a file", "nothing"])
def path(request, tmp_path):
    path = tmp_path / "a name é.txt"
    if request.param == "a file":
        path.write_text("old")
        path.chmod(0o640)
    return path


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(path, name, monkeypatch):
    before = tree(path.parent)
    no_room(monkeypatch, name)
    with pytest.raises(OSError, match="No space left") as error:
        write_whole(path, "new")
    assert error.value.filename == str(path)
    assert tree(path.parent) == before


def test_what_is_complete_has_the_name_and_the_mode_of_what_was_there(path):
    mode = path.stat().st_mode if path.exists() else 0o100644
    os.umask(0o022)
    with written_aside(path) as part:
        part.write_text("new")
        assert not path.exists() or path.read_text() == "old"
    assert (path.read_text(), path.stat().st_mode) == ("new", mode)
    assert list(path.parent.iterdir()) == [path]


def test_order_of_what_is_made_durable(path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace

    def noted(handle):
        done.append(("fsync", os.readlink(f"/proc/self/fd/{handle}")))
        fsync(handle)

    def named(one, other):
        done.append(("name", str(other)))
        replace(one, other)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(os, "replace", named)
    write_whole(path, "new")
    assert [what for what, _ in done] == ["fsync", "name", "fsync"]
    assert done[0][1].endswith(".part")
    assert [place for _, place in done[1:]] == [str(path), str(path.parent)]


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_what_comes_meanwhile_is_not_replaced(tmp_path, links, monkeypatch):
    if not links:
        monkeypatch.setattr(
            os, "link", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.EPERM, "no"))
        )
    path = tmp_path / "list.csv"
    write_whole(path, "first", replace=False)
    assert path.read_text() == "first"
    with pytest.raises(FileExistsError):
        write_whole(path, "second", replace=False)
    path.unlink()
    with pytest.raises(FileExistsError), written_aside(path, replace=False):
        path.write_text("other")
    assert tree(tmp_path) == {"list.csv": b"other"}


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to("file")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


KILLED = """
import os, signal, sys
from pathlib import Path
from simulator.store import folder_written_aside, written_aside

write = folder_written_aside if sys.argv[2] == "folder" else written_aside
with write(Path(sys.argv[1])) as part:
    (part / "half" if part.is_dir() else part).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_kill_leaves_goes_with_the_next(tmp_path, kind):
    path = tmp_path / "it"
    ended = in_a_process(KILLED, path, kind, folder=tmp_path)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    (litter,) = tmp_path.iterdir()
    (tmp_path / ".it.0123abcd.parts").write_text("mine")
    if kind == "file":
        with written_aside(path) as part, written_aside(path) as other:
            assert part.exists()  # of a living process
            assert other.exists()
    else:
        with folder_written_aside(path) as part, folder_written_aside(tmp_path / "other"):
            (part / "whole").write_text("1")
    assert not litter.exists()
    assert path.exists()
    assert (tmp_path / ".it.0123abcd.parts").read_text() == "mine"


@pytest.fixture
def figures(tmp_path):
    place = tmp_path / "figures"
    with folder_written_aside(place) as part:
        (part / "power.svg").write_text("old")
        (part / "1").mkdir()
        (part / "1" / "size.svg").write_text("old")
    assert sorted(tree(place)) == ["1", "1/size.svg", "power.svg"]
    return place


def test_a_folder_is_replaced_as_a_whole_but_for_files_of_others(figures):
    (figures / "notes.txt").write_text("mine")
    with folder_written_aside(figures) as part:
        (part / "power.svg").write_text("new")
        assert (figures / "power.svg").read_text() == "old"
    assert tree(figures) == {
        "1": None,
        "1/size.svg": b"old",
        "notes.txt": b"mine",
        "power.svg": b"new",
    }
    assert [path.name for path in figures.parent.iterdir()] == ["figures"]


@pytest.mark.parametrize("exchange", [True, False], ids=["at once", "by renames"])
def test_a_folder_that_changes_meanwhile_is_left(figures, exchange, monkeypatch):
    if not exchange:
        monkeypatch.setattr(aside, "_exchanged", lambda *_: False)
    swap = aside.swap

    def swapped(one, other):
        if (one / MARKER).exists() and not (figures / "notes.txt").exists():
            (figures / "notes.txt").write_text("mine")
        swap(one, other)

    monkeypatch.setattr(aside, "swap", swapped)
    with pytest.raises(FileExistsError), folder_written_aside(figures) as part:
        (part / "power.svg").write_text("new")
    assert tree(figures) == {
        "1": None,
        "1/size.svg": b"old",
        "notes.txt": b"mine",
        "power.svg": b"old",
    }
    assert [path.name for path in figures.parent.iterdir()] == ["figures"]


def test_a_full_disk_leaves_the_folder_that_was_there(figures, monkeypatch):
    before = tree(figures)
    with folder_written_aside(figures / "new") as part:
        (part / "x").touch()
    no_room(monkeypatch, "fsync")
    with pytest.raises(OSError, match="No space left"), folder_written_aside(figures) as part:
        (part / "power.svg").write_text("new")
    assert tree(figures) == before | {"new": None, "new/x": b""}
    assert [path.name for path in figures.parent.iterdir()] == ["figures"]
