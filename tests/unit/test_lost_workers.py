"""Processes of the reference engine that are killed: replaced, unless nothing comes of it."""

from types import SimpleNamespace

import joblib
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError

from simulator.errors import LostWorkersError
from simulator.log import count_anew, counted
from simulator.montecarlo import local, work
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.params.lower import lower
from simulator.scenario.loader import load_scenario


@pytest.fixture
def survived(monkeypatch):
    """How many parts are done each time before a process is killed; None: all that are left."""
    turns = []

    class Parallel:
        def __init__(self, **_):
            pass

        def __call__(self, tasks):
            survive = turns.pop(0)
            for number, (_, task, _) in enumerate(tasks):
                if number == survive:
                    raise TerminatedWorkerError
                yield SimpleNamespace(first=task[-2], trials=task[-1])

    monkeypatch.setattr(joblib, "Parallel", Parallel)
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 400)
    count_anew()
    return turns


@pytest.fixture(scope="module")
def all_of():
    params = lower(load_scenario("two-arm-survival").scenario)
    asked = work.Work(params, Evaluation((), (), ()), 1, 1_000, 0, Engine.REFERENCE)
    return lambda: [(part.first, part.trials) for part in local._in_processes(asked, 0, 2)]


def test_each_part_is_given_once_and_in_order_whoever_is_killed(survived, all_of):
    survived += [None]
    undisturbed = all_of()
    assert sum(trials for _, trials in undisturbed) == 1_000
    survived += [3, 0, 5, 0, 0, 0, 0, 1, 2, 1, None]
    assert all_of() == undisturbed
    assert counted().crashes == 10


def test_what_is_killed_over_and_over_ends_with_a_word(survived, all_of):
    survived += [2, *[0] * 5]
    with pytest.raises(LostWorkersError) as raised:
        all_of()
    said = str(raised.value)
    assert "killed 6 times over the same trials, after 100 of this run" in said
    assert "fewer --jobs" in said
    assert "goes on from what is kept" in said
