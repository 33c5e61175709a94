"""The rate from which the time left is foretold: of what is simulated, not of what was kept."""

import pytest

from simulator.cli import progress
from simulator.log import count, count_anew


@pytest.fixture
def clock(monkeypatch):
    """Let the time be what is put here."""
    count_anew()
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_the_rate_is_of_trials_since_the_first_simulated(clock):
    pace, rates = progress._Pace(), []
    for seconds, trials in ((60.0, 100), (61.0, 200), (62.0, 400)):  # a minute of compiling
        clock[0] = seconds
        rates.append(pace.at(trials))
    assert rates == [0.0, 100.0, 150.0]


def test_trials_found_kept_foretell_nothing(clock):
    count(kept=999)  # of another run
    pace = progress._Pace()
    count(kept=1_000_000)
    assert pace.at(1_000_000) == 0.0
    for seconds, trials, rate in ((60.0, 100, 0.0), (61.0, 200, 100.0)):
        clock[0] = seconds
        assert pace.at(1_000_000 + trials) == rate
