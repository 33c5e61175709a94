"""A log: lines of JSON, of all attempts, kept where they can be."""

import json
import logging

import pytest

from simulator.log import LOGGER, TRIALS_BEGUN, Attempt, count, count_anew, counted, event


@pytest.fixture
def attempt():
    """Begin the log of a command, as if there had been none before; return what does."""
    begun, level = [], LOGGER.level
    LOGGER.setLevel(logging.INFO)

    def begin():
        for handler in begun:
            LOGGER.removeHandler(handler)
        begun.append(Attempt())
        LOGGER.addHandler(begun[-1])
        return begun[-1]

    yield begin
    LOGGER.setLevel(level)
    for handler in begun:
        LOGGER.removeHandler(handler)


def names(text):
    return [json.loads(line)["event"] for line in text.splitlines()]


def test_an_event_is_one_line_of_json_with_its_fields(attempt):
    log = attempt()
    event("café\nburnt", level=logging.WARNING, where=object, minutes=3)
    (line,) = log.text().splitlines()
    told = json.loads(line)
    assert list(told) == ["time", "level", "event", "where", "minutes"]
    assert told["time"].endswith("+00:00")
    assert (told["level"], told["event"], told["minutes"]) == ("warning", "café\nburnt", 3)


def test_nothing_is_written_before_there_is_something_to_lose(attempt, tmp_path):
    log, path = attempt(), tmp_path / "deep" / "a.log"
    log.keep_in(path)
    event("command")
    assert list(tmp_path.iterdir()) == []
    event(TRIALS_BEGUN)
    event("more")
    assert names(path.read_text()) == ["command", TRIALS_BEGUN, "more"]
    assert log.text() == path.read_text()


def test_the_log_of_the_next_attempt_has_the_one_before(attempt, tmp_path):
    for number in range(3):
        log = attempt()
        log.keep_in(tmp_path / "a.log")
        event(f"attempt {number}")
        event(TRIALS_BEGUN)
    told = names(log.text())
    assert told[::2] == ["attempt 0", "attempt 1", "attempt 2"]


def test_lines_that_cannot_be_written_stay_in_memory(attempt, tmp_path):
    (tmp_path / "file").write_text("in the way")
    log = attempt()
    log.keep_in(tmp_path / "file" / "a.log")
    event(TRIALS_BEGUN)
    event("more")
    assert names(log.text()) == [TRIALS_BEGUN, "more"]


def test_what_is_done_is_counted_from_the_command_on():
    count_anew()
    count(simulated=50)
    count(kept=100, crashes=1)
    assert counted() == (50, 100, 1)
    count_anew()
    assert counted() == (0, 0, 0)
