"""Killed at any moment, the same command goes on and ends with the same bytes.

Trials simulated in vain are those of the units under way: the last run simulates what no unit that
was kept before holds, and nothing else.
"""

import signal
from collections.abc import Callable

import pytest
from fault_driver import Moment, Place, assert_same_bytes, moments
from questions import POWER

Undisturbed = Callable[[tuple[str, ...]], Place]


def killed_then_finished(
    place: Place, question: tuple[str, ...], wanted: Place, when: list[Moment]
) -> None:
    """Kill a run at moments, one after another; let it finish; hold it to the undisturbed one."""
    for moment in when:
        before = place.kept_trials()
        place.start(*question).struck(moment, signal.SIGKILL)
        assert place.kept_trials() >= before
        if place.answer.exists():
            assert_same_bytes(place.estimates(), wanted.estimates())
            return
    kept = place.kept_trials()
    place.finish(*question)
    assert_same_bytes(place.estimates(), wanted.estimates())
    manifest, undisturbed = place.manifest(), wanted.manifest()
    total = undisturbed["trials_simulated"] + undisturbed["trials_found"]
    assert manifest["trials_simulated"] + manifest["trials_found"] == total
    assert manifest["trials_simulated"] <= total - min(kept, total)
    assert place.litter() == []


def test_a_run_that_is_killed_goes_on(place: Place, undisturbed: Undisturbed) -> None:
    when = [Moment(2, 0.0), Moment(1, 0.1)]
    killed_then_finished(place, POWER, undisturbed(POWER), when)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(10))
def test_power_killed_at_fifty_random_moments(
    turn: int, place: Place, undisturbed: Undisturbed
) -> None:
    wanted = undisturbed(POWER)
    killed_then_finished(place, POWER, wanted, moments(turn, 5, len(wanted.units())))


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(2))
def test_every_question_killed_at_random_moments(
    turn: int, question: tuple[str, ...], place: Place, undisturbed: Undisturbed
) -> None:
    wanted = undisturbed(question)
    killed_then_finished(place, question, wanted, moments(100 + turn, 5, len(wanted.units())))


@pytest.mark.slow
def test_a_million_trials_killed_nine_times_lose_at_most_two_percent(
    place: Place, undisturbed: Undisturbed
) -> None:
    question = ("power", "two-arm-survival", "-n", "1M")
    wanted = undisturbed(question)
    each = max(1, len(wanted.units()) // 10)
    killed_then_finished(place, question, wanted, [Moment(each, 0.0)] * 9)
