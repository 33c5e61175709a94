"""The user's cache: whole files alone, this user's own alone, and never the end of a run."""

import contextlib
import errno
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from simulator import durable
from simulator.caches import (
    cache_folder,
    digest_folder,
    files,
    folders,
    keep,
    keep_bytes,
    kernels_root,
    read_bytes,
    read_kept,
)

DAY = 86_400
OWN, OTHER, THIRD = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture(autouse=True)
def _new_process(monkeypatch, tmp_path):
    """What is remembered of folders and said is forgotten, as in a process that starts."""
    monkeypatch.setattr(files, "_said", set())
    monkeypatch.setattr(durable, "_swept", set())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    start_anew()
    yield
    start_anew()


def start_anew():
    for remembered in (folders._own, folders._temporary, folders._note_use):
        remembered.cache_clear()


@pytest.fixture
def said(capsys):
    """Lines on standard error since the last call."""
    return lambda: capsys.readouterr().err.splitlines()


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


# Files


@pytest.mark.parametrize("content", [b"", b"a", b"\n\n", bytes(range(256)) * 1_000])
def test_bytes_come_back(content, tmp_path):
    keep_bytes(tmp_path / "a" / "b", content)
    assert read_bytes(tmp_path / "a" / "b") == content
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert (mode_of(tmp_path / "a"), mode_of(tmp_path / "a" / "b")) == (0o700, 0o600)


def empty(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def altered(path):
    path.write_bytes(path.read_bytes()[:-1] + b"X")


def without_checksum(path):
    path.write_bytes(b'{"a": 1}')


def in_the_way(path):
    path.unlink()
    path.mkdir()


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_link(path):
    path.rename(path.with_name("target"))
    path.symlink_to("target")


def for_others(path):
    path.chmod(0o666)


DAMAGES = [empty, cut, altered, without_checksum, in_the_way, a_pipe, a_link, for_others]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_named_once_set_aside_and_made_anew(damage, tmp_path, said):
    path = tmp_path / "it.json"
    for _ in range(2):  # the second replaces what was set aside first
        keep(path, {"a": 1})
        damage(path)
        files._said.clear()
        assert read_kept(path) is None
        (line,) = said()
        assert str(path) in line
        assert "set aside as it.json.damaged" in line
        assert not os.path.lexists(path)
        assert os.path.lexists(tmp_path / "it.json.damaged")
        assert read_kept(path) is None
        assert said() == []
        if damage is in_the_way:
            break
    keep(path, {"a": 2})
    assert read_kept(path) == {"a": 2}
    assert said() == []


def test_what_is_whole_but_no_json_is_set_aside_too(tmp_path, said):
    keep_bytes(tmp_path / "it", b"{")
    assert read_kept(tmp_path / "it") is None
    assert "is no JSON" in said()[0]


def test_what_belongs_to_another_user_is_not_read(tmp_path, monkeypatch, said):
    keep(tmp_path / "it", 1)
    monkeypatch.setattr(files.os, "geteuid", lambda: os.getuid() + 1)
    assert read_kept(tmp_path / "it") is None
    assert "belongs to another user" in said()[0]


@pytest.mark.parametrize("fault", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_what_cannot_be_kept_is_done_without_and_that_is_said_once(
    fault, number, tmp_path, monkeypatch, said
):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, fault, fail)
        for name in "ab":
            keep(tmp_path / name, 1)
    (line,) = said()
    assert str(tmp_path) in line
    assert os.strerror(number) in line
    assert {path.name for path in tmp_path.iterdir()} == {"home", "tmp"}


@pytest.mark.parametrize("stream", ["none", "closed", "full"])
def test_where_nothing_can_be_said_nothing_is_said_elsewhere(stream, monkeypatch, capsys):
    with open("/dev/full", "w") as full, open(os.devnull, "w") as closed:
        closed.close()
        there = {"none": None, "closed": closed, "full": full}[stream]
        with monkeypatch.context() as patch:
            patch.setattr(files.sys, "stderr", there)
            files.say("a word")
        patch.undo()
        with contextlib.suppress(OSError):
            full.close()
    assert capsys.readouterr().out == ""


def test_a_message_is_one_line_whatever_a_path_is_called(said):
    files.say("a\nb\x1b[31m \u202e ä")
    assert said() == ["cache: a\\nb\\x1b[31m \\u202e ä"]


def test_an_interrupt_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    keep(tmp_path / "cache" / "it", 1)
    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        keep(tmp_path / "cache" / "it", 2)
    assert os.listdir(tmp_path / "cache") == ["it"]
    assert read_kept(tmp_path / "cache" / "it") == 1


@pytest.mark.parametrize(("days", "stays"), [(0.9, True), (1.1, False), (-0.5, True), (-2, False)])
def test_what_a_killed_process_left_is_removed_after_a_day(days, stays, tmp_path):
    left = tmp_path / f"{durable._ASIDE}abc"
    left.write_bytes(b"half")
    other = tmp_path / "other"
    other.write_bytes(b"of somebody")
    for path in (left, other):
        os.utime(path, (time.time() - days * DAY,) * 2)
    keep(tmp_path / "it", 1)
    assert (left.exists(), other.exists()) == (stays, True)


def test_who_reads_while_others_write_finds_a_whole_file(tmp_path, said):
    path, contents = tmp_path / "it", [bytes([digit]) * 50_000 for digit in range(4)]
    writers = [
        threading.Thread(target=lambda mine=one: [keep_bytes(path, mine) for _ in range(20)])
        for one in contents
    ]
    keep_bytes(path, contents[0])
    for writer in writers:
        writer.start()
    found = set()
    while any(writer.is_alive() for writer in writers):
        found.add(read_bytes(path))
    assert found <= set(contents)
    assert said() == []
    assert {one.name for one in tmp_path.iterdir()} == {"home", "tmp", "it"}


# Folders


def test_the_cache_is_in_the_folder_for_caches(tmp_path, said):
    assert cache_folder() == kernels_root() == tmp_path / "home" / "trialsim"
    keep(digest_folder("trees", OWN) / "it", 1)
    assert mode_of(tmp_path / "home" / "trialsim") == 0o700
    assert said() == []


def is_private_temporary(found, tmp_path):
    mine = found.parent == tmp_path / "tmp" and found.name.startswith(f"trialsim-{os.geteuid()}-")
    return mine and found.is_dir() and not found.is_symlink() and mode_of(found) == 0o700


def test_a_cache_that_others_can_write_to_is_not_used_and_that_is_said_once(tmp_path, said):
    (tmp_path / "home" / "trialsim").mkdir()
    (tmp_path / "home" / "trialsim").chmod(0o777)
    assert is_private_temporary(cache_folder(), tmp_path)
    assert cache_folder() == kernels_root()
    (line,) = said()
    assert "home/trialsim can be written to by others: not used" in line


def test_a_cache_of_another_user_is_not_used(tmp_path, monkeypatch, said):
    (tmp_path / "home" / "trialsim").mkdir()
    monkeypatch.setattr(files.os, "geteuid", lambda: os.getuid() + 1)
    assert cache_folder().parent == tmp_path / "tmp"
    assert "belongs to another user" in said()[0]


def test_a_link_of_this_user_s_own_is_followed(tmp_path, said):
    (tmp_path / "scratch").mkdir(mode=0o700)
    (tmp_path / "home" / "trialsim").symlink_to(tmp_path / "scratch")
    assert cache_folder() == tmp_path / "home" / "trialsim"
    assert said() == []


def test_a_temporary_folder_is_found_again_and_no_link_or_open_folder_is_taken_for_it(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    prefix = tmp_path / "tmp" / f"trialsim-{os.geteuid()}"
    (tmp_path / "home" / "bait").mkdir(mode=0o700)
    prefix.symlink_to(tmp_path / "home" / "bait")
    Path(f"{prefix}-aaa").symlink_to(tmp_path / "home" / "bait")
    Path(f"{prefix}-bbb").mkdir()
    Path(f"{prefix}-bbb").chmod(0o770)
    found = cache_folder()
    assert is_private_temporary(found, tmp_path)
    assert found.name not in (f"trialsim-{os.geteuid()}-aaa", f"trialsim-{os.geteuid()}-bbb")
    start_anew()
    assert cache_folder() == found


def test_where_there_is_no_temporary_folder_either_nothing_is_kept(monkeypatch, said):
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    monkeypatch.setattr(folders.tempfile, "tempdir", None)
    monkeypatch.setattr(folders.tempfile, "_candidate_tempdir_list", list)
    place = digest_folder("trees", OWN) / "it"
    keep(place, 1)
    assert read_kept(place) is None
    assert len(said()) == 1


@pytest.mark.parametrize("home", ["", None])
def test_no_home_is_no_error(home, tmp_path, monkeypatch, said):
    def unknown(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    if home is None:
        monkeypatch.setattr(Path, "home", unknown)
    else:
        monkeypatch.setenv("HOME", home)
    assert is_private_temporary(cache_folder(), tmp_path)
    assert said() == []


def test_a_folder_for_caches_must_be_absolute(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "trialsim"


def test_kernels_go_where_numba_s_are_wished_in_a_folder_of_their_own(tmp_path, monkeypatch, said):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert kernels_root() == tmp_path / "mine" / f"trialsim-{os.geteuid()}"
    assert cache_folder() == tmp_path / "home" / "trialsim"
    assert said() == []


def test_a_wish_that_cannot_be_met_is_said_once(tmp_path, monkeypatch, said):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/dev/null/kernels")
    assert kernels_root() == kernels_root() == tmp_path / "home" / "trialsim"
    (line,) = said()
    assert "/dev/null/kernels" in line
    assert "cannot be written to: not used" in line


# What stays


def made(kind, digest, days):
    folder = cache_folder() / kind / digest
    folder.mkdir(parents=True)
    (folder / "it").write_text("x")
    os.utime(folder, (time.time() - days * DAY,) * 2)
    return folder


def test_what_other_programs_have_not_used_for_60_days_is_removed_when_a_new_one_begins():
    old, recent = made("trees", OTHER, 61), made("trees", THIRD, 59)
    of_others, flat = made("trees", "notes", 400), cache_folder() / "trees" / f"{OTHER}{OTHER}.json"
    flat.write_text("of an earlier version")
    os.utime(flat, (0, 0))
    elsewhere = made("kernels", OTHER, 61)
    digest_folder("trees", OWN)
    assert [path.exists() for path in (old, recent, of_others, flat, elsewhere)] == [
        *(False, True, True, False, True)
    ]


def test_what_is_used_stays_and_removes_nothing():
    mine, old = made("trees", OWN, 61), made("trees", OTHER, 61)
    digest_folder("trees", OWN)
    assert old.exists()  # nobody began
    assert time.time() - mine.stat().st_mtime < DAY
    start_anew()
    digest_folder("trees", THIRD)
    assert (mine.exists(), old.exists()) == (True, False)


def test_a_clock_that_was_set_back_removes_nothing():
    future = made("trees", OTHER, -400)
    digest_folder("trees", OWN)
    assert future.exists()
    start_anew()
    digest_folder("trees", OTHER)  # is used now, by the clock as it is
    assert abs(future.stat().st_mtime - time.time()) < DAY
