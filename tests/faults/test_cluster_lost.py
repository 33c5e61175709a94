"""A dask scheduler or workers that are killed: one plain line, and the run goes on from there."""

import importlib.util
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_driver import Moment, Place, assert_same_bytes
from questions import POWER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("distributed") is None, reason="needs dask: trialsim[cluster]"
    ),
]
Undisturbed = Callable[[tuple[str, ...]], Place]


class Cluster:
    """A scheduler on the loopback, and workers that know nothing of the folder of the run."""

    def __init__(self, folder: Path) -> None:
        """Start a scheduler."""
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(port))
        self.workers: list[subprocess.Popen[bytes]] = []
        self._wait_for(port)

    @staticmethod
    def _wait_for(port: int) -> None:
        """Wait until the scheduler listens, for a minute at the most."""
        for _ in range(600):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)

    def add_worker(self) -> None:
        """Start a worker of one thread."""
        words = (self.address, "--nthreads", "1", "--no-nanny")
        self.workers.append(self._start("worker", *words))

    def _start(self, what: str, *words: str) -> "subprocess.Popen[bytes]":
        module = f"distributed.cli.dask_{what}"
        return subprocess.Popen(
            [sys.executable, "-m", module, *words, "--no-dashboard"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        """End what is left."""
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster without workers."""
    cluster = Cluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()


@pytest.mark.parametrize("turn", range(4))
def test_workers_killed_lose_nothing(
    turn: int, cluster: Cluster, place: Place, undisturbed: Undisturbed
) -> None:
    """Five workers killed a turn, each replaced by a new one: twenty in all."""
    chance = random.Random(turn)
    for _ in range(2):
        cluster.add_worker()
    question = ("power", "nct05484908", "-n", "40000")
    running = place.start(*question, "--backend", "dask", "--scheduler", cluster.address)
    for _ in range(5):
        running.wait_for(Moment(chance.randint(1, 5), chance.uniform(0.0, 0.5)))
        cluster.add_worker()
        cluster.workers.pop(0).kill()
    ended = running.ended()
    assert ended.status == 0, ended
    ended.assert_said_plainly()
    assert_same_bytes(place.estimates(), undisturbed(question).estimates())


def test_a_scheduler_killed_is_told_of_plainly_and_the_run_goes_on(
    cluster: Cluster, place: Place
) -> None:
    cluster.add_worker()
    question = ("power", "nct05484908", "-n", "40000")
    running = place.start(*question, "--backend", "dask", "--scheduler", cluster.address)
    running.wait_for(Moment(3, 0.0))
    os.kill(cluster.scheduler.pid, signal.SIGKILL)
    ended = running.ended()
    ended.assert_said_plainly()
    assert ended.status == 1, ended
    assert "the same command" in ended.err, ended.err
    kept = place.kept_trials()
    assert kept > 0
    place.finish(*question)
    assert place.manifest()["trials_found"] == kept


@pytest.mark.parametrize("answers", ["nothing there", "mute", "nonsense", "closes at once"])
def test_an_address_that_is_no_scheduler_is_told_of_within_seconds(
    answers: str, place: Place
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        if answers != "nothing there":
            server.listen()
        running = place.start(*POWER, "--backend", "dask", "--scheduler", address)
        if answers in ("nonsense", "closes at once"):
            connection, _ = server.accept()
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if answers == "nonsense" else b"")
            connection.close()
        if answers == "closes at once":
            server.close()
        ended = running.ended()
    ended.assert_said_plainly()
    assert ended.status in (1, 2), ended
    assert address in ended.err, ended.err
    assert place.estimates() == {}


@pytest.mark.parametrize(
    "address", ["tls://127.0.0.1:9", "tcp://no.such.host.invalid:8786", "tcp://", "nowhere", ""]
)
def test_an_address_that_cannot_be_used_is_told_of(address: str, place: Place) -> None:
    ended = place.run(*POWER, "--backend", "dask", "--scheduler", address)
    ended.assert_said_plainly()
    assert ended.status in (1, 2), ended
