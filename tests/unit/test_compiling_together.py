"""Compiling in two processes: asked for or not, and with a child that fails."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scenario_builder import base_case, shipped

from simulator.analysis import plans_of
from simulator.engines import compiled
from simulator.engines.compiled import sharing
from simulator.engines.compiled.inputs import alike
from simulator.montecarlo.compiling import pieces
from simulator.montecarlo.multiplicity import families_of
from simulator.params.lower import lower
from simulator.scenario.shipped import shipped_titles

PIECES = list(pieces(plans_of(base_case()), ()))


@pytest.fixture
def params():
    """The base case."""
    return lower(base_case())


@pytest.fixture
def children(monkeypatch):
    """Every child that is started, by a machine of two processors with an empty cache."""
    started = []
    whole = subprocess.Popen

    def start(*arguments, **options):
        started.append(whole(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(sharing, "_processors", lambda: 2)
    monkeypatch.setattr(sharing, "_is_in_cache", lambda: False)
    monkeypatch.setattr(sharing.subprocess, "Popen", start)
    yield started
    sharing.compile_alone()
    assert all(child.poll() is not None for child in started)


def same_trials(params):
    """Whether three trials are what they are without a child."""
    sharing.compile_alone()
    expected = compiled.simulate(params, 5, 0, 3)

    def check():
        for ours, theirs in zip(compiled.simulate(params, 5, 0, 3), expected, strict=True):
            for mine, other in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(mine, other)

    return check


def test_no_child_is_started_unless_that_is_asked_for_and_pays(params, children, monkeypatch):
    same_trials(params)()
    assert not children
    for name, value in (("_processors", 1), ("_is_in_cache", True)):
        with monkeypatch.context() as patch:
            patch.setattr(sharing, name, lambda value=value: value)
            sharing.share_compiling(lambda _: None)
            compiled.simulate(params, 5, 0, 3)
    assert not children


def test_what_the_child_compiles_is_told_and_the_next_simulation_starts_none(
    params, children, monkeypatch
):
    monkeypatch.setattr(sharing, "_CHILD", "print('open_sites'); print('recruit_trials')")
    check, told = same_trials(params), []
    sharing.share_compiling(told.append)
    check()
    check()
    assert told == ["open_sites"]
    assert len(children) == 1


def test_a_child_that_dies_leaves_all_to_its_parent(params, children, monkeypatch):
    monkeypatch.setattr(sharing, "_CHILD", "import os; os._exit(1)")
    check = same_trials(params)
    sharing.share_compiling(lambda _: None)
    check()
    assert [child.returncode for child in children] == [1]


def test_where_no_process_starts_all_is_compiled_here(params, children, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no more processes")

    monkeypatch.setattr(sharing.subprocess, "Popen", refuse)
    check = same_trials(params)
    sharing.share_compiling(lambda _: None)
    check()
    assert not children


def test_an_interrupt_ends_the_child(params, children, monkeypatch):
    monkeypatch.setattr(sharing, "_CHILD", "import time; time.sleep(600)")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sharing.Stages, "settle", interrupt)
    sharing.share_compiling(lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        compiled.simulate(params, 5, 0, 3)
    assert len(children) == 1
    assert children[0].poll() is not None


def test_arrays_of_any_layout_come_to_kernels_as_one_type():
    frozen = np.arange(6.0).reshape(2, 3).T
    frozen.flags.writeable = False
    ours = alike(frozen)
    assert ours.flags.c_contiguous
    assert ours.flags.writeable
    np.testing.assert_array_equal(ours, frozen)


def test_the_child_compiles_what_it_is_handed(params):
    done = subprocess.run(
        [sys.executable, "-c", sharing._CHILD],
        input=sharing.pickle.dumps((params, PIECES)),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("name", shipped_titles())
def test_every_shipped_scenario_is_compiled_on_a_blank_trial(name):
    scenario = shipped(name) if name == "two-arm-survival" else base_case(name)
    plans = plans_of(scenario)
    for piece in pieces(plans, families_of(scenario, plans)):
        piece(lower(scenario))


def test_pieces_are_compiled_while_the_child_is_at_work(params, children, monkeypatch):
    monkeypatch.setattr(sharing, "_CHILD", "import time; time.sleep(3); print('recruit_trials')")
    check, done = same_trials(params), []
    sharing.share_compiling(lambda _: None)
    sharing.compile_meanwhile([done.append, done.append])
    monkeypatch.setattr(sharing.pickle, "dumps", lambda _: b"")
    check()
    assert done == [params, params]
