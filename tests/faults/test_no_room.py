"""A full disk, wherever it is: the answer is printed, what could not be kept is said, no traceback.

A small file system in memory stands for the full disk; to mount it, in a name space of its own so
that nothing of it outlives the test, needs root.
"""

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest
from fault_driver import Ended, Place, assert_same_bytes
from questions import POWER, SMALL

Undisturbed = Callable[[tuple[str, ...]], Place]


def can_mount() -> bool:
    """Whether a file system may be mounted here, in a name space of its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    words = ["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/tmp"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


needs_root = pytest.mark.skipif(not can_mount(), reason="mounts a small file system: needs root")
VERDICT = "UNDERPOWERED"


def with_small_disk(place: Place, where: str, kilobytes: int) -> Place:
    """The same place with a small file system at a folder of it."""
    (place.folder / where).mkdir(parents=True, exist_ok=True)
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs {where} && exec "$@"'
    return Place(place.folder, place.environment, ("unshare", "-m", "sh", "-c", mount, "sh"))


def answered_all_the_same(ended: Ended) -> None:
    """Hold a run to its answer on standard output."""
    ended.assert_said_plainly()
    assert VERDICT in ended.out, ended
    assert ended.err.strip()


@needs_root
def test_no_room_for_the_answer(place: Place) -> None:
    ended = with_small_disk(place, "full", 12).run(*SMALL, out="full/answer")
    answered_all_the_same(ended)
    assert "full" in ended.err
    assert ended.status in (0, 1)


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [4, 12, 40, 100])
def test_no_room_for_answer_and_units(kilobytes: int, place: Place) -> None:
    ended = with_small_disk(place, "results", kilobytes).run(*POWER, out=None)
    answered_all_the_same(ended)
    assert "results" in ended.err


@needs_root
@pytest.mark.slow
def test_no_room_for_units_alone(place: Place, undisturbed: Undisturbed) -> None:
    ended = with_small_disk(place, "results", 100).run(*POWER)
    answered_all_the_same(ended)
    assert ended.status == 0
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [4, 40])
def test_no_room_in_the_cache(kilobytes: int, place: Place, undisturbed: Undisturbed) -> None:
    place.environment = {
        "XDG_CACHE_HOME": str(place.folder / "cache"),
        "NUMBA_CACHE_DIR": "(unset)",
    }
    ended = with_small_disk(place, "cache", kilobytes).run(*SMALL)
    assert ended.status == 0, ended
    assert VERDICT in ended.out
    ended.assert_said_plainly()
    assert_same_bytes(place.estimates(), undisturbed(SMALL).estimates())


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize(
    "question", [POWER, ("power", "two-arm-survival", "--engine", "reference")]
)
def test_no_room_for_temporary_files(
    question: tuple[str, ...], place: Place, undisturbed: Undisturbed
) -> None:
    place.environment = {"TMPDIR": str(place.folder / "cache"), "JOBLIB_TEMP_FOLDER": "(unset)"}
    if "reference" in question:
        question = (*question, "-n", "200")
    ended = with_small_disk(place, "cache", 4).run(*question)
    assert ended.status == 0, ended
    ended.assert_said_plainly()
    assert_same_bytes(place.estimates(), undisturbed(question).estimates())


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("name", ["docx", "html"])
def test_no_room_for_a_document_leaves_the_old_one(name: str, place: Place) -> None:
    place.finish(*SMALL)
    small = with_small_disk(place, "full", 4)
    old = 'mount -t tmpfs -o size=4k tmpfs full; echo old >full/d; "$@"; s=$?; cat full/d; exit $s'
    small.prefix = ("unshare", "-m", "sh", "-c", old, "sh")
    ended = small.run(*("report", "answer", "--force", "--format", name), out="full/d")
    assert ended.status in (1, 2), ended
    ended.assert_said_plainly()
    assert ended.out.endswith("old\n"), ended
