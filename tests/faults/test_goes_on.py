"""Asked with more, a question goes on from what is there; another question does not use it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_driver import Place, assert_same_bytes
from questions import POWER, SMALL

Undisturbed = Callable[[tuple[str, ...]], Place]
ROOT = Path(__file__).parents[2]


def asked_after(place: Place, first: tuple[str, ...], then: tuple[str, ...]) -> dict[str, int]:
    """Ask one thing, then another in the same place; return what the second simulated and found."""
    place.finish(*first)
    shutil.rmtree(place.answer)
    place.finish(*then)
    manifest = place.manifest()
    return {name: manifest[name] for name in ("trials_simulated", "trials_found")}


@pytest.mark.slow
def test_more_trials_go_on_from_what_is_there(place: Place, undisturbed: Undisturbed) -> None:
    fewer = ("power", "nct05484908", "-n", "1600")
    assert asked_after(place, fewer, POWER) == {"trials_simulated": 6400, "trials_found": 1600}
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())


@pytest.mark.slow
def test_fewer_trials_are_found(place: Place, places: object, undisturbed: Undisturbed) -> None:
    fewer = ("power", "nct05484908", "-n", "1600")
    assert asked_after(place, POWER, fewer) == {"trials_simulated": 0, "trials_found": 1600}
    assert_same_bytes(place.estimates(), undisturbed(fewer).estimates())


@pytest.mark.slow
def test_a_finer_precision_goes_on(place: Place, undisturbed: Undisturbed) -> None:
    coarse = ("power", "nct05484908", "--precision", "0.006")
    fine = ("power", "nct05484908", "--precision", "0.004")
    told = asked_after(place, coarse, fine)
    assert told["trials_found"] > 0
    total = undisturbed(fine).manifest()["trials_simulated"]
    assert told["trials_simulated"] < total
    assert_same_bytes(place.estimates(), undisturbed(fine).estimates())


@pytest.mark.slow
def test_other_targets_ask_for_no_trials(place: Place) -> None:
    told = asked_after(place, POWER, (*POWER, "--power-target", "0.9"))
    assert told == {"trials_simulated": 0, "trials_found": 8000}


@pytest.mark.slow
@pytest.mark.parametrize(
    "another",
    [
        (*POWER, "--seed", "2"),
        ("power", "nct05484908-slow", *POWER[2:]),
        (*POWER, "--estimator", "conditional"),
    ],
)
def test_another_question_finds_nothing(another: tuple[str, ...], place: Place) -> None:
    told = asked_after(place, POWER, another)
    assert told == {"trials_simulated": 8000, "trials_found": 0}


@pytest.mark.slow
def test_another_engine_finds_nothing(place: Place) -> None:
    few = (*SMALL[:-1], "200")
    told = asked_after(place, few, (*few, "--engine", "reference"))
    assert told == {"trials_simulated": 200, "trials_found": 0}


@pytest.mark.slow
def test_an_edited_model_uses_no_old_unit(place: Place, tmp_path: Path) -> None:
    for package in ("simulator", "calibration", "scenarios"):
        shutil.copytree(
            ROOT / package,
            tmp_path / "edited" / package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    constants = tmp_path / "edited" / "simulator" / "constants.py"
    place.finish(*SMALL)
    before = place.estimates()
    shutil.rmtree(place.answer)
    constants.write_text(constants.read_text() + "\nANOTHER_CONSTANT = 1\n")
    edited = Place(place.folder, {"PYTHONPATH": str(tmp_path / "edited")})
    edited.finish(*SMALL)
    assert edited.manifest()["trials_found"] == 0, "no unit of another model"
    assert edited.estimates()["estimates.csv"] == before["estimates.csv"]
    shutil.rmtree(place.answer)
    place.finish(*SMALL)
    assert place.manifest()["trials_simulated"] == 0, "its own units are still there"
