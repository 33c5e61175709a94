"""A question is held by one process at a time, and freed when that ends, however it ends."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from command_line import ROOT

from simulator.store.at_work import at_work
from simulator.store.held import if_free

HOLD = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from simulator.store.at_work import at_work
    with at_work(Path(sys.argv[1]), "question", print):
        print("held", flush=True)
        time.sleep(float(sys.argv[2]))
    """
)


@pytest.fixture
def holding(tmp_path):
    """Begin processes that hold the question for some seconds."""
    started = []

    def hold(seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "units"), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in started:
        process.kill()
        process.wait()


def test_who_comes_second_is_told_and_waits(tmp_path, holding):
    first, said = holding(1.0), []
    with at_work(tmp_path / "units", "question", said.append) as waited:
        assert first.wait(60) == 0
    assert waited
    assert said == ["another process is at this question: waiting for its answer"]


def test_another_question_does_not_wait(tmp_path, holding):
    first, said = holding(60), []
    with at_work(tmp_path / "units", "another", said.append) as waited:
        assert first.poll() is None
    assert (waited, said) == (False, [])


def test_a_process_that_is_killed_holds_nothing(tmp_path, holding):
    first = holding(60)
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    with at_work(tmp_path / "units", "question", print) as waited:
        assert not waited


def test_what_is_in_use_is_not_out_of_use(tmp_path, holding):
    first = holding(60)
    with if_free(tmp_path / "units") as free:
        assert not free
    first.kill()
    first.wait(60)
    with if_free(tmp_path / "units") as free:
        assert free


def test_nothing_is_left_where_nothing_was_kept(tmp_path):
    with at_work(tmp_path / "results" / "units", "question", print):
        assert (tmp_path / "results" / "units").is_dir()
    assert not list(tmp_path.iterdir())


def test_without_leave_to_lock_the_work_goes_on(tmp_path):
    (tmp_path / "results").write_text("a file")
    with at_work(tmp_path / "results" / "units", "question", print) as waited:
        assert not waited
    assert (tmp_path / "results").read_text() == "a file"
