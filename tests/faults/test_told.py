"""What a user is told when a run cannot do all that it was asked: nothing false, and what to do."""

import signal
from collections.abc import Callable

import pytest
from fault_driver import Moment, Place, assert_same_bytes
from test_no_room import VERDICT, needs_root, with_small_disk

Undisturbed = Callable[[tuple[str, ...]], Place]
LONG = ("power", "two-arm-survival", "-n", "2M")
BY_TRIAL = ("power", "two-arm-survival", "-n", "20k", "--by-trial")
WAITING_SECONDS = 20.0


@pytest.mark.slow
def test_who_waits_for_another_process_can_be_ended(place: Place, undisturbed: Undisturbed) -> None:
    wanted = undisturbed(LONG)
    first = place.start(*LONG)
    assert first.wait_for(Moment(1, 0.0))
    first.send(signal.SIGSTOP)
    try:
        second = place.start(*LONG)
        assert second.wait_for(Moment(0, WAITING_SECONDS))
        second.send(signal.SIGINT)
        ended = second.ended()
    finally:
        first.send(signal.SIGKILL)
        first.ended()
    assert ended.status == 130, ended
    ended.assert_said_plainly()
    assert "another process" in ended.err
    assert "before the first results" not in ended.err
    kept = place.kept_trials()
    place.finish(*LONG)
    assert place.manifest()["trials_found"] == kept
    assert_same_bytes(place.estimates(), wanted.estimates())


@needs_root
@pytest.mark.slow
def test_an_answer_kept_elsewhere_without_a_row_a_trial_says_so(place: Place) -> None:
    ended = with_small_disk(place, "full", 200).run(*BY_TRIAL, out="full/answer")
    assert ended.status == 1
    ended.assert_said_plainly()
    assert VERDICT in ended.out
    assert "full/answer" in ended.err
    assert "trials.csv" in ended.err


@needs_root
@pytest.mark.slow
def test_units_kept_before_a_disk_was_full_are_found(place: Place) -> None:
    before = place.run(*LONG[:-1], "200k", out=None)
    assert before.status == 0
    kept = place.kept_trials()
    fill = 'mount -t tmpfs -o size=1700k tmpfs results && cp -r kept/. results && exec "$@"'
    (place.folder / "results").rename(place.folder / "kept")
    (place.folder / "results").mkdir()
    full = Place(place.folder, place.environment, ("unshare", "-m", "sh", "-c", fill, "sh"))
    ended = full.run(*LONG)
    assert ended.status == 0, ended
    ended.assert_said_plainly()
    assert "No space left" in ended.err
    assert "begins anew" not in ended.err
    assert 0 < full.manifest()["trials_found"] <= kept
