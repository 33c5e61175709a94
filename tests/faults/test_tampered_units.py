"""A unit that is not as it was kept is named, set aside and done again; the bytes stay the same."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_driver import Place, assert_same_bytes, trials_of
from questions import POWER

Undisturbed = Callable[[tuple[str, ...]], Place]
Tamper = Callable[[Path, Place], None]


def truncated(unit: Path, _place: Place) -> None:
    os.truncate(unit, unit.stat().st_size // 2)


def short_by_a_byte(unit: Path, _place: Place) -> None:
    os.truncate(unit, unit.stat().st_size - 1)


def emptied(unit: Path, _place: Place) -> None:
    os.truncate(unit, 0)


def flipped(where: float) -> Tamper:
    def flip(unit: Path, _place: Place) -> None:
        content = bytearray(unit.read_bytes())
        content[int(where * (len(content) - 1))] ^= 1
        unit.write_bytes(content)

    return flip


def longer(unit: Path, _place: Place) -> None:
    with unit.open("ab") as file:
        file.write(b"more")


def another_unit_of_this_question(unit: Path, place: Place) -> None:
    others = [path for path in place.units() if path != unit and path.parent == unit.parent]
    shutil.copyfile(others[-1], unit)


def a_unit_from_elsewhere(unit: Path, place: Place) -> None:
    """The same span of another seed's question, in the name of this one's."""
    elsewhere = Place(place.folder.parent / "elsewhere")
    elsewhere.finish(*POWER, "--seed", 2)
    same = [path for path in elsewhere.units() if path.name == unit.name]
    shutil.copyfile((same or elsewhere.units())[0], unit)


def zeros(unit: Path, _place: Place) -> None:
    """What a power cut leaves of a file whose bytes had not reached the disk."""
    unit.write_bytes(bytes(unit.stat().st_size))


def a_folder(unit: Path, _place: Place) -> None:
    unit.unlink()
    unit.mkdir()
    (unit / "stays").write_text("mine")


def a_pipe(unit: Path, _place: Place) -> None:
    unit.unlink()
    os.mkfifo(unit)


def a_link_to_nothing(unit: Path, _place: Place) -> None:
    unit.unlink()
    unit.symlink_to("nothing")


def a_link_to_endless_zeros(unit: Path, _place: Place) -> None:
    unit.unlink()
    unit.symlink_to("/dev/zero")


def huge(unit: Path, _place: Place) -> None:
    """A hundred gigabytes, of which the disk holds none."""
    os.truncate(unit, 100 * 2**30)


def not_an_archive(unit: Path, _place: Place) -> None:
    unit.write_text("units?\n")


TAMPERINGS: dict[str, Tamper] = {
    "truncated": truncated,
    "short by a byte": short_by_a_byte,
    "emptied": emptied,
    "first byte": flipped(0.0),
    "a byte": flipped(0.3),
    "middle byte": flipped(0.5),
    "a late byte": flipped(0.9),
    "last byte": flipped(1.0),
    "longer": longer,
    "another unit": another_unit_of_this_question,
    "a unit from elsewhere": a_unit_from_elsewhere,
    "zeros": zeros,
    "a folder": a_folder,
    "a pipe": a_pipe,
    "a link to nothing": a_link_to_nothing,
    "a link to endless zeros": a_link_to_endless_zeros,
    "huge": huge,
    "not an archive": not_an_archive,
}
QUICK = ("truncated", "middle byte", "a pipe")


@pytest.fixture
def kept(place: Place, undisturbed: Undisturbed) -> Place:
    """A place that holds the units of a question whose answer is gone."""
    shutil.copytree(undisturbed(POWER).folder, place.folder)
    shutil.rmtree(place.answer)
    return place


def done_again(names: tuple[str, ...], kept: Place, wanted: Place) -> None:
    """Tamper with a unit each; every one is named, set aside and done again."""
    largest = sorted(kept.units(), key=trials_of)[-len(names) :]
    trials = sum(map(trials_of, largest))
    for name, unit in zip(names, largest, strict=True):
        TAMPERINGS[name](unit, kept)
    ended = kept.finish(*POWER)
    assert_same_bytes(kept.estimates(), wanted.estimates())
    assert kept.manifest()["trials_simulated"] == trials, "those units, and no more, done again"
    for name, unit in zip(names, largest, strict=True):
        if name != "a link to nothing":  # which is as good as no unit
            assert unit.name in ended.err, ended.err


def test_units_that_are_not_as_kept_are_done_again(kept: Place, undisturbed: Undisturbed) -> None:
    done_again(QUICK, kept, undisturbed(POWER))


@pytest.mark.slow
@pytest.mark.parametrize("names", [tuple(TAMPERINGS)[turn::3] for turn in range(3)])
def test_any_units_that_are_not_as_kept_are_done_again(
    names: tuple[str, ...], kept: Place, undisturbed: Undisturbed
) -> None:
    done_again(names, kept, undisturbed(POWER))
    shutil.rmtree(kept.answer)
    kept.finish(*POWER)
    assert kept.manifest()["trials_simulated"] == 0, "what was done again is kept"


@pytest.mark.slow
@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_stands_beside_units_may_be_tampered_with(
    name: str, kept: Place, undisturbed: Undisturbed
) -> None:
    if name in ("another unit", "a unit from elsewhere"):
        pytest.skip("of units alone")
    for path in [*kept.units_folder.rglob("key.json"), *kept.units_folder.rglob("*.log")]:
        TAMPERINGS[name](path, kept)
    kept.finish(*POWER)
    assert_same_bytes(kept.estimates(), undisturbed(POWER).estimates())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["estimates.json", "estimates.csv", "summary.txt"])
@pytest.mark.parametrize("how", ["truncated", "emptied", "middle byte", "longer"])
def test_an_edited_answer_is_refused(
    name: str, how: str, kept: Place, undisturbed: Undisturbed
) -> None:
    shutil.copytree(undisturbed(POWER).answer, kept.answer)
    TAMPERINGS[how](kept.answer / name, kept)
    ended = kept.run("show", kept.answer, out=None)
    assert ended.status == 2, ended
    assert name in ended.err, ended.err
    ended.assert_said_plainly()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"target_randomised": 60', '"target_randomised": 600'),
        ('"finished": true', '"finished": 1'),
    ],
)
def test_an_edited_manifest_is_refused(
    old: str, new: str, kept: Place, undisturbed: Undisturbed
) -> None:
    shutil.copytree(undisturbed(POWER).answer, kept.answer)
    manifest = kept.answer / "manifest.json"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))
    ended = kept.run("show", kept.answer, out=None)
    assert ended.status == 2, ended
    assert "manifest.json" in ended.err, ended.err
    ended.assert_said_plainly()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["a pipe", "emptied", "a folder", "a link to endless zeros"])
def test_a_manifest_that_is_none_is_refused_at_once(how: str, kept: Place) -> None:
    kept.answer.mkdir()
    (kept.answer / "manifest.json").write_text("{}")
    TAMPERINGS[how](kept.answer / "manifest.json", kept)
    ended = kept.run("show", kept.answer, out=None)
    assert ended.status == 2, ended
    ended.assert_said_plainly()
