"""The same bytes from any number of workers, in any cuts, by processes that share the work."""

import importlib.util
import shutil
import signal
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from fault_driver import Moment, Place, assert_same_bytes
from questions import POWER

Undisturbed = Callable[[tuple[str, ...]], Place]
HAS_DASK = importlib.util.find_spec("distributed") is not None


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_any_number_of_workers(
    jobs: int, question: tuple[str, ...], place: Place, undisturbed: Undisturbed
) -> None:
    place.finish(*question, "--jobs", jobs)
    assert_same_bytes(place.estimates(), undisturbed(question).estimates())


@pytest.mark.slow
@pytest.mark.skipif(not HAS_DASK, reason="needs dask: trialsim[cluster]")
@pytest.mark.parametrize("workers", [1, 3])
def test_a_local_cluster(
    workers: int, question: tuple[str, ...], place: Place, undisturbed: Undisturbed
) -> None:
    place.finish(*question, "--backend", "dask", "--jobs", workers)
    assert_same_bytes(place.estimates(), undisturbed(question).estimates())


@pytest.mark.slow
def test_both_engines(place: Place, undisturbed: Undisturbed) -> None:
    few = ("power", "two-arm-survival", "-n", "200")
    place.finish(*few, "--engine", "reference")
    theirs, ours = place.estimates(), undisturbed(few).estimates()
    tables = [name for name in ours if name.endswith(".csv")]
    assert_same_bytes({n: theirs[n] for n in tables}, {n: ours[n] for n in tables})


CUTS = {
    "growing": (850, 1600, 1650, 4000, 8000),
    "by odd fifties": (50, 2450, 7950, 8000),
    "shrinking": (8000, 2400, 8000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CUTS)
def test_any_cuts(name: str, place: Place, undisturbed: Undisturbed) -> None:
    for trials in CUTS[name]:
        question = ("power", "nct05484908", "-n", str(trials))
        place.finish(*question)
        assert_same_bytes(place.estimates(), undisturbed(question).estimates())
        shutil.rmtree(place.answer)
    for one, next_one in pairwise(CUTS[name]):
        assert one != next_one


@pytest.mark.slow
@pytest.mark.parametrize("every", [2, 3])
def test_units_lost_in_the_midst_are_done_again(
    every: int, place: Place, undisturbed: Undisturbed
) -> None:
    wanted = undisturbed(POWER)
    shutil.copytree(wanted.folder, place.folder)
    shutil.rmtree(place.answer)
    for unit in place.units()[::every]:
        unit.unlink()
    kept = place.kept_trials()
    place.finish(*POWER)
    assert place.manifest()["trials_found"] == kept
    assert_same_bytes(place.estimates(), wanted.estimates())


def both_end_well(first: Place, second: Place, *questions: tuple[str, ...], apart: float) -> int:
    """Run two processes at once; both end well. Return how many trials they simulated."""
    running = first.start(*questions[0])
    running.wait_for(Moment(1, apart))
    other = second.start(*questions[-1], out="answer2")
    for ended in (running.ended(), other.ended()):
        assert ended.status == 0, ended
        ended.assert_said_plainly()
    (second.folder / "answer2").rename(second.folder / "second")
    return int(first.manifest()["trials_simulated"])


def test_two_processes_with_one_question(place: Place, undisturbed: Undisturbed) -> None:
    simulated = both_end_well(place, place, POWER, apart=0.0)
    wanted = undisturbed(POWER).estimates()
    assert_same_bytes(place.estimates(), wanted)
    second = Moved(place.folder / "second")
    assert_same_bytes(
        {n: c.replace(b"answer2", b"answer") for n, c in second.estimates().items()}, wanted
    )
    assert simulated + second.manifest()["trials_simulated"] <= 8000 + 2 * 800


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(3))
def test_two_processes_started_together(turn: int, place: Place, undisturbed: Undisturbed) -> None:
    first, second = place.start(*POWER), place.start(*POWER)
    ended = [first.ended(), second.ended()]
    assert [each.status for each in ended] == [0, 0], (turn, ended)
    for each in ended:
        each.assert_said_plainly()
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())
    assert place.litter() == []


@pytest.mark.slow
def test_two_questions_that_share_units(place: Place, undisturbed: Undisturbed) -> None:
    fewer = (*POWER[:-1], "6400")
    both_end_well(place, place, POWER, fewer, apart=0.0)
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())
    second = Moved(place.folder / "second")
    assert_same_bytes(
        {n: c.replace(b"answer2", b"answer") for n, c in second.estimates().items()},
        undisturbed(fewer).estimates(),
    )


@pytest.mark.slow
def test_who_waits_goes_on_when_the_other_is_killed(place: Place, undisturbed: Undisturbed) -> None:
    first = place.start(*POWER)
    first.wait_for(Moment(1, 0.0))
    second = place.start(*POWER)
    first.struck(Moment(1, 0.0), signal.SIGKILL)
    ended = second.ended()
    assert ended.status == 0, ended
    assert_same_bytes(place.estimates(), undisturbed(POWER).estimates())


class Moved(Place):
    """An answer that was moved."""

    @property
    def answer(self) -> Path:
        return self.folder
