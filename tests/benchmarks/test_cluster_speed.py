"""What a cluster costs, measured and not asserted: run `make bench`.

A cluster of this machine shares its cores with the command and the scheduler, so what counts is
processor time: of all processes together, of more trials beyond few, by which start-up cancels. All
that goes between command and scheduler passes through a port that counts it.
"""

import itertools
import json
import re
import shutil
import socket
import statistics
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from commands import trialsim
from table import record

pytestmark = pytest.mark.benchmark

psutil = pytest.importorskip("psutil", reason="dask is not installed")
pytest.importorskip("distributed", reason="dask is not installed")

from dask_processes import Cluster  # noqa: E402

TURNS, WORKERS = 3, 3
FEW, MANY, UNIT = 8_000, 48_000, 800
_seeds = itertools.count(5_000)


class Counted:
    """A port that hands on to another what comes, and counts the bytes both ways."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        self._to, self.bytes = (host, int(port)), 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            taken, _ = self._listening.accept()
            onward = socket.create_connection(self._to)
            for pair in (taken, onward), (onward, taken):
                threading.Thread(target=self._hand_on, args=pair, daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.bytes += len(data)
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def tell(capsys):
    def print_now(*row, **more) -> None:
        with capsys.disabled():
            print(f"\n    {record(*row, **more)}", end="", flush=True)

    return print_now


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text("utf-8")
    for name, value in re.findall(r"export (DASK_\w+(?:INTERVAL|PROFILE__ENABLED))=(\w+)", page):
        monkeypatch.setenv(name, value)
    with Cluster(tmp_path / "cluster") as running:
        running.add(WORKERS)
        yield running


def test_three_dask_workers_against_two_threads(tell, tmp_path, cluster):
    """The base case, with its units kept."""
    counted = Counted(cluster.address)
    processes = [psutil.Process(one.pid) for one in (cluster.scheduler, *cluster.workers)]

    def processor_s() -> float:
        return sum(sum(one.cpu_times()[:2]) for one in processes)

    def spent(trials: int, seed: int, way: str) -> tuple[float, float]:
        before, start = processor_s(), time.perf_counter()
        run = f"power nct05484908 --trials {trials} --seed {seed} --json {way}"
        driver = trialsim(run, tmp_path).processor_s
        wall = time.perf_counter() - start
        (manifest,) = (tmp_path / "results").glob("*/manifest.json")
        told = json.loads(manifest.read_text("utf-8"))
        assert (told["trials_simulated"], told["trials_found"]) == (trials, 0)
        shutil.rmtree(tmp_path / "results")
        return driver + processor_s() - before, wall

    ways = {"here": "--jobs 2", "there": f"--backend dask --scheduler {counted.address}"}
    spent(FEW, next(_seeds), ways["there"])  # kernels are compiled
    processor: dict[str, list[float]] = {"here": [], "there": []}
    walls: dict[str, list[float]] = {"here": [], "there": []}
    sizes = []
    for _ in range(TURNS):
        seed = next(_seeds)
        for name, way in ways.items():
            few = spent(FEW, seed, way)
            sent = counted.bytes
            more = spent(MANY, seed, way)
            if name == "there":
                sizes.append((counted.bytes - sent) / (MANY / UNIT))
            processor[name].append(more[0] - few[0])
            walls[name].append(more[1] - few[1])
    trials, units = MANY - FEW, (MANY - FEW) / UNIT
    here, there = (statistics.median(processor[name]) for name in ways)
    added = statistics.median(
        b - a for a, b in zip(processor["here"], processor["there"], strict=True)
    )
    name = "nct05484908 by 3 dask workers of this machine"
    tell(f"{name}, processor time", trials / there, "trials/s a core")
    tell("nct05484908 by 2 threads, units kept, processor time", trials / here, "trials/s a core")
    tell(f"{name}, more processor time than 2 threads", 100 * added / here, "%", "10")
    tell(f"{name}, overhead", 1_000 * added / units, "ms a unit")
    tell(f"{name}, between command and scheduler", statistics.median(sizes) / 1024, "KiB a unit")
    clocks = {
        "here": "nct05484908 by 2 threads, units kept, by the clock",
        "there": f"{name}, by the clock",
    }
    for way, told in clocks.items():
        tell(told, trials / statistics.median(walls[way]), "trials/s")
