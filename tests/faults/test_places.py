"""Folders that cannot be written, names that few expect, no home, a clock that was set back."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_driver import Moment, Place, assert_same_bytes
from questions import POWER, SMALL

Undisturbed = Callable[[tuple[str, ...]], Place]
NOBODY = 65534
KERNEL_LINE = "patients[t] += np.int64(mine[t] != _NOBODY)"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: needs root")
as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@pytest.fixture
def open_to_all(tmp_path: Path) -> Path:
    """A folder that another user may reach and write."""
    for folder in [tmp_path, *tmp_path.parents]:
        is_of_the_tests = any(part.startswith("pytest-of-") for part in folder.parts)
        if folder.stat().st_uid == os.geteuid() and is_of_the_tests:
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    return tmp_path / "open"


def of_nobody(folder: Path, **environment: str) -> Place:
    """A place where another user works, with caches of its own."""
    own = {"NUMBA_CACHE_DIR": "(unset)", "XDG_CACHE_HOME": "(unset)", "HOME": str(folder)}
    return Place(folder, {**own, **environment}, as_nobody)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two words", "ä 日本 'quote' \"double\" $HOME;*\n%s", "-n"])
def test_a_name_that_few_expect(name: str, tmp_path: Path, undisturbed: Undisturbed) -> None:
    place = Place(tmp_path / name)
    place.finish(*SMALL)
    assert_same_bytes(place.estimates(), undisturbed(SMALL).estimates())
    assert place.run("show", "answer", out=None).status == 0
    assert "answer" in place.run("runs", "list", "answer", out=None).out


@pytest.mark.slow
def test_an_out_that_few_expect(place: Place, undisturbed: Undisturbed) -> None:
    out = "ä 日本 'quote' $HOME"
    ended = place.run(*SMALL, out=out)
    assert ended.status == 0, ended
    (place.folder / out).rename(place.answer)
    wanted = undisturbed(SMALL).estimates()
    assert {n: c for n, c in place.estimates().items() if n != "summary.txt"} == {
        n: c for n, c in wanted.items() if n != "summary.txt"
    }


@pytest.mark.slow
@pytest.mark.parametrize("length", [200, 250, 255, 256, 300, 5000])
def test_a_long_name(length: int, place: Place) -> None:
    ended = place.run(*SMALL, out="n" * length)
    ended.assert_said_plainly()
    assert ended.status in (0, 1, 2), ended
    if length > 255:
        assert ended.status == 2, ended
        assert "ong" in ended.err


@pytest.mark.slow
def test_a_deep_folder(tmp_path: Path, undisturbed: Undisturbed) -> None:
    place = Place(tmp_path.joinpath(*["d" * 200] * 17))
    ended = place.run(*SMALL)
    ended.assert_said_plainly()
    assert ended.status in (0, 1, 2), ended
    if ended.status == 0:
        assert_same_bytes(place.estimates(), undisturbed(SMALL).estimates())


@needs_root
@pytest.mark.slow
def test_a_folder_that_may_not_be_written(open_to_all: Path) -> None:
    closed = open_to_all / "closed"
    closed.mkdir(mode=0o755)
    ended = of_nobody(open_to_all).run(*SMALL, out="closed/answer")
    ended.assert_said_plainly()
    assert ended.status in (1, 2), ended
    assert "closed" in ended.err
    assert list(closed.iterdir()) == []
    if ended.status == 1:
        assert "UNDERPOWERED" in ended.out


@needs_root
@pytest.mark.slow
def test_a_working_folder_that_may_not_be_written(open_to_all: Path) -> None:
    open_to_all.chmod(0o755)
    ended = of_nobody(open_to_all).run(*SMALL, out=None)
    ended.assert_said_plainly()
    assert ended.status in (1, 2), ended
    assert ended.err.strip()


@needs_root
@pytest.mark.slow
def test_units_that_may_not_be_written_or_read(open_to_all: Path, undisturbed: Undisturbed) -> None:
    place = of_nobody(open_to_all)
    shutil.copytree(undisturbed(POWER).folder / "results", open_to_all / "results")
    for path in (open_to_all / "results").rglob("*.npz"):
        path.chmod(0o600)
    place.finish(*POWER)
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())


HOMES: dict[str, dict[str, str]] = {
    "none": {"HOME": "(unset)"},
    "empty": {"HOME": ""},
    "is none": {"HOME": "/nonexistent/home"},
    "a file": {"HOME": "/etc/passwd"},
    "is a device": {"HOME": "/dev/null"},
    "relative": {"HOME": "home"},
    "cache relative": {"XDG_CACHE_HOME": "cache"},
    "cache empty": {"XDG_CACHE_HOME": ""},
    "kernels in a file": {"NUMBA_CACHE_DIR": "/etc/passwd"},
    "kernels relative": {"NUMBA_CACHE_DIR": "cache"},
    "no temporary folder": {"TMPDIR": "/nonexistent/tmp"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOMES)
def test_any_home(name: str, place: Place, undisturbed: Undisturbed) -> None:
    caches = {"XDG_CACHE_HOME": "(unset)", "NUMBA_CACHE_DIR": "(unset)"}
    place.environment = {**caches, **HOMES[name]}
    place.finish(*SMALL)
    assert_same_bytes(place.estimates(), undisturbed(SMALL).estimates())


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("home", ["(unset)", "/", "/root"])
def test_a_home_that_may_not_be_written(home: str, open_to_all: Path) -> None:
    ended = of_nobody(open_to_all, HOME=home).run(*SMALL)
    ended.assert_said_plainly()
    assert ended.status == 0, ended


@pytest.mark.slow
def test_an_edited_model_is_compiled_anew_in_a_cache_of_the_users(
    place: Place, tmp_path: Path
) -> None:
    """One kernel's source is edited and its time set back: what was compiled is not used."""
    root = Path(__file__).parents[2]
    for package in ("simulator", "calibration", "scenarios"):
        shutil.copytree(
            root / package,
            tmp_path / "copy" / package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    place.environment = {
        "PYTHONPATH": str(tmp_path / "copy"),
        "NUMBA_CACHE_DIR": str(place.folder / "cache"),
    }
    place.finish(*SMALL)
    digits = place.estimates()
    shutil.rmtree(place.answer)
    kernel = tmp_path / "copy" / "simulator" / "analysis" / "lane_log_rank.py"
    times = (kernel.stat().st_atime, kernel.stat().st_mtime)
    text = kernel.read_text()
    assert KERNEL_LINE in text
    kernel.write_text(text.replace(KERNEL_LINE, KERNEL_LINE.replace("!= _NOBODY", "== 0")))
    os.utime(kernel, times)
    place.finish(*SMALL)
    assert place.estimates()["estimates.csv"] != digits["estimates.csv"]


@pytest.mark.slow
def test_the_working_folder_is_deleted_meanwhile(place: Place) -> None:
    running = place.start(*POWER)
    running.wait_for(Moment(2, 0.0))
    shutil.rmtree(place.folder, ignore_errors=True)
    ended = running.ended()
    ended.assert_said_plainly()
    assert "UNDERPOWERED" in ended.out, ended


@pytest.mark.slow
def test_the_units_are_deleted_meanwhile(place: Place, undisturbed: Undisturbed) -> None:
    running = place.start(*POWER)
    running.wait_for(Moment(2, 0.0))
    shutil.rmtree(place.units_folder, ignore_errors=True)
    ended = running.ended()
    assert ended.status == 0, ended
    ended.assert_said_plainly()
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a file in a folder", "a file", "an answer", "a link"])
def test_what_has_come_to_stand_at_out_is_never_replaced(
    what: str, place: Place, undisturbed: Undisturbed
) -> None:
    undisturbed(SMALL)
    running = place.start(*POWER)
    running.wait_for(Moment(2, 0.0))
    if what == "a file":
        place.answer.write_text("mine")
    elif what == "a link":
        (place.folder / "stays").mkdir()
        (place.folder / "stays" / "thesis.txt").write_text("mine")
        place.answer.symlink_to("stays")
    elif what == "an answer":
        shutil.copytree(undisturbed(SMALL).answer, place.answer)
    else:
        place.answer.mkdir()
        (place.answer / "thesis.txt").write_text("mine")
    there = estimates_or_text(place.answer)
    ended = running.ended()
    ended.assert_said_plainly()
    assert estimates_or_text(place.answer) == there, "as it was"
    assert "UNDERPOWERED" in ended.out
    assert "answer" in ended.err, ended.err


def estimates_or_text(path: Path) -> object:
    """What stands at a path, with its bytes."""
    if path.is_file():
        return path.read_bytes()
    return {str(file): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def set_back(folder: Path) -> None:
    """Let every file be of tomorrow, as it is where the clock was set back since."""
    tomorrow = time.time() + 86_400.0
    for root, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            os.utime(Path(root, name), (tomorrow, tomorrow))


@pytest.mark.slow
def test_files_of_tomorrow(place: Place, undisturbed: Undisturbed) -> None:
    place.finish("power", "nct05484908", "-n", "1600")
    set_back(place.folder)
    shutil.rmtree(place.answer)
    place.finish(*POWER)
    assert place.manifest()["trials_found"] == 1600
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("faketime") is None, reason="sets the clock: needs faketime")
@pytest.mark.parametrize("clock", ["-2d", "2000-01-01 00:00:00", "+10y"])
def test_a_clock_that_was_set(clock: str, place: Place, undisturbed: Undisturbed) -> None:
    place.finish("power", "nct05484908", "-n", "1600")
    shutil.rmtree(place.answer)
    Place(place.folder, prefix=("faketime", "-f", clock_words(clock))).finish(*POWER)
    assert place.manifest()["trials_found"] == 1600
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())


def clock_words(clock: str) -> str:
    """A clock as faketime takes it: relative, or from an instant on."""
    return clock if clock[0] in "+-" else f"@{clock}"


@pytest.mark.slow
def test_nothing_to_write_to(place: Place) -> None:
    """Who reads the answer may have gone: `trialsim ... | head -1`."""
    place.prefix = ("bash", "-c", '"$@" | head -1; exit ${PIPESTATUS[0]}', "bash")
    ended = place.run(*SMALL)
    ended.assert_said_plainly()
    assert "BrokenPipeError" not in ended.err
