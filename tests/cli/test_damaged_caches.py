"""A command beside a cache that is damaged, full or of others: the same answer, a line of it."""

import os

import pytest

from simulator.caches import files, folders
from simulator.kernels import KERNELS_FOLDER
from simulator.params import population

COMMAND = ("power", "two-arm-survival", "--trials", 40, "--jobs", 1, "--json")


def start_anew():
    """Forget what a process remembers of folders and has said."""
    files._said.clear()
    population._screened.clear()
    for remembered in (folders._own, folders._temporary, folders._note_use):
        remembered.cache_clear()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, but for kernels, which stay where they are."""
    home = tmp_path / "home"
    home.mkdir()
    assert not KERNELS_FOLDER.is_relative_to(home)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    start_anew()
    yield home / "trialsim"
    start_anew()


def of_the_cache(err):
    return [line for line in err.splitlines() if line.startswith("cache: ")]


@pytest.mark.parametrize("keeping", [0, 40, -1], ids=["empty", "without a checksum", "cut"])
def test_every_file_that_is_damaged_is_named_and_made_anew(keeping, cache, run):
    first = run(*COMMAND)
    assert of_the_cache(first.err) == []
    kept = {path: path.read_bytes() for path in cache.rglob("*.json")}
    assert {path.parents[1].name for path in kept} >= {"trees", "truths", "asked", "screened"}
    for path, content in kept.items():
        path.write_bytes(content[:keeping])
    start_anew()
    again = run(*COMMAND, "--force")
    assert again.out == first.out
    named = of_the_cache(again.err)
    for path in kept:
        if "asked" not in path.parts:  # which --force does not read
            assert [str(path) in line for line in named].count(True) == 1
    assert {path: path.read_bytes() for path in kept} == kept
    start_anew()
    assert of_the_cache(run(*COMMAND).err) == []


def test_what_is_noted_of_a_question_is_named_and_noted_anew(cache, run):
    first = run(*COMMAND)
    (noted,) = (cache / "asked").rglob("*.json")
    noted.write_bytes(b"")
    again = run(*COMMAND)
    assert again.out == first.out
    assert [str(noted) in line for line in of_the_cache(again.err)] == [True]
    assert noted.stat().st_size > 0


def test_a_full_disk_of_the_cache_ends_no_run_and_is_said_once(cache, run, monkeypatch):
    expected = run(*COMMAND)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_durably", full)
    for path in sorted(cache.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    start_anew()
    done = run(*COMMAND, "--force")
    assert (done.status, done.out) == (0, expected.out)
    (line,) = of_the_cache(done.err)
    assert "No space left on device; going on without" in line


def test_a_cache_that_others_can_write_to_is_said_once_and_not_used(
    cache, run, monkeypatch, tmp_path
):
    cache.mkdir()
    cache.chmod(0o777)
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    done = run(*COMMAND)
    (line,) = of_the_cache(done.err)
    assert f"{cache} can be written to by others: not used" in line
    assert done.status == 0
    assert os.listdir(cache) == []
    assert list((tmp_path / "tmp").rglob("*.json"))
