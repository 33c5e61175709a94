"""A signal that asks a run to end ends it cleanly: what is done is kept, the way on is told."""

import os
import signal
from collections.abc import Callable

import pytest
from fault_driver import Moment, Place, assert_same_bytes
from questions import POWER, QUESTIONS

Undisturbed = Callable[[tuple[str, ...]], Place]
INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
SIGNALS = {
    "Ctrl-C": ((INT,), (130,)),
    "Ctrl-C twice": ((INT, INT), (130,)),
    "SIGTERM": ((TERM,), (143,)),
    "SIGHUP": ((HUP,), (143,)),
}
SLOW_SIGNALS = {
    **SIGNALS,
    "Ctrl-C five times": ((INT,) * 5, (130,)),
    "SIGTERM twice": ((TERM, TERM), (143,)),
    "SIGTERM, Ctrl-C": ((TERM, INT), (130, 143)),
    "Ctrl-C, SIGHUP": ((INT, HUP), (130, 143)),
}


def ends_cleanly_and_goes_on(
    name: str, question: tuple[str, ...], moment: Moment, place: Place, wanted: Place
) -> None:
    """Send the signals of a name at a moment; then give the same command again."""
    numbers, statuses = SLOW_SIGNALS[name]
    ended = place.start(*question).struck(moment, *numbers)
    if ended.status != 0:
        assert ended.status in statuses, ended
        ended.assert_said_plainly()
        if moment.units:
            assert "the same command" in ended.err, ended.err
        assert place.litter() == []
    kept = place.kept_trials()
    whole = place.answer.exists() and place.manifest()["finished"]
    place.finish(*question)
    assert_same_bytes(place.estimates(), wanted.estimates())
    if not whole:
        total = wanted.manifest()["trials_simulated"]
        assert place.manifest()["trials_simulated"] <= total - min(kept, total)


def test_a_signal_ends_a_run_cleanly(place: Place, undisturbed: Undisturbed) -> None:
    ends_cleanly_and_goes_on("Ctrl-C twice", POWER, Moment(2, 0.05), place, undisturbed(POWER))


@pytest.mark.slow
@pytest.mark.parametrize("moment", [Moment(0, 1.0), Moment(0, 2.0), Moment(1, 0.0), Moment(3, 0.1)])
@pytest.mark.parametrize("name", SLOW_SIGNALS)
def test_a_signal_at_any_moment_ends_a_run_cleanly(
    name: str, moment: Moment, place: Place, undisturbed: Undisturbed
) -> None:
    ends_cleanly_and_goes_on(name, POWER, moment, place, undisturbed(POWER))


@pytest.mark.slow
def test_a_signal_ends_every_question_cleanly(
    question: tuple[str, ...], place: Place, undisturbed: Undisturbed
) -> None:
    ends_cleanly_and_goes_on("SIGTERM", question, Moment(2, 0.1), place, undisturbed(question))


@pytest.mark.slow
@pytest.mark.parametrize("number", [TERM, signal.SIGKILL])
def test_a_lost_worker_of_the_reference_engine_is_replaced(
    number: signal.Signals, place: Place, undisturbed: Undisturbed
) -> None:
    question = QUESTIONS["power, reference"]
    running = place.start(*question, "--jobs", "2")
    running.wait_for(Moment(1, 0.0))
    workers = running.workers()
    if workers:
        os.kill(workers[-1], number)
    ended = running.ended()
    assert ended.status == 0, ended.err
    ended.assert_said_plainly()
    assert_same_bytes(place.estimates(), undisturbed(question).estimates())
