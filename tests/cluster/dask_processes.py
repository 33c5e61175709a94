"""A scheduler and workers of dask as a user would start them: processes, on the loopback.

Each is ended by its own process id, and whatever a test does, all are ended with it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds after which a test gives up, nothing that is asserted
_REGISTERED = "Registered to"


class Cluster:
    """A scheduler, and the workers that were started for it.

    Parameters
    ----------
    folder
        For what its processes write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.workers: list[subprocess.Popen[bytes]] = []
        self._file, self._started = folder / "scheduler.json", 0
        options = f"--host 127.0.0.1 --port 0 --no-dashboard --scheduler-file {self._file}"
        self.scheduler = self._begin("scheduler", "dask_scheduler", options.split())
        wait_for(lambda: _address(self._file) != "", self.scheduler)
        self.address = _address(self._file)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def with_workers(self, number: int) -> "Cluster":
        """Start and end workers until there are so many; return the cluster."""
        while len(self.workers) > number:
            self.end(self.workers[-1])
        self.add(number - len(self.workers))
        return self

    def add(self, number: int = 1, *, program: Path = ROOT, bare: bool = False) -> None:
        """Start workers of one thread each, and wait until the scheduler knows them.

        Parameters
        ----------
        program
            The folder that the package is imported from.
        bare
            Start them without the package.
        """
        begun = []
        for _ in range(number):
            self._started += 1
            name = f"worker-{self._started}"
            place = str(self.folder / name)
            options = f"--scheduler-file {self._file} --host 127.0.0.1 --nthreads 1 --no-dashboard"
            words = [*options.split(), "--no-nanny", "--name", name, "--local-directory", place]
            process = self._begin(name, "dask_worker", words, program=program, bare=bare)
            begun.append((process, self.folder / f"{name}.txt"))
            self.workers.append(process)
        for process, told in begun:
            wait_for(lambda told=told: _REGISTERED in told.read_text("utf-8"), process)

    def end(self, process: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> None:
        """End one process, by default as a user ends a worker."""
        if process in self.workers:
            self.workers.remove(process)
        process.send_signal(number)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill one process, which can do nothing about it."""
        self.end(process, signal.SIGKILL)

    def close(self) -> None:
        """Kill all that is left."""
        for process in [*self.workers, self.scheduler]:
            self.kill(process)

    def _begin(
        self, name: str, what: str, options: list[str], *, program: Path = ROOT, bare: bool = False
    ) -> "subprocess.Popen[bytes]":
        environment, first = os.environ | {"PYTHONPATH": str(program)}, [sys.executable]
        if bare:  # libraries as they are, and what refers to the package left out
            import distributed

            environment["PYTHONPATH"] = str(Path(distributed.__file__).parents[1])
            first.append("-S")
        with (self.folder / f"{name}.txt").open("wb") as told:
            return subprocess.Popen(
                [*first, "-m", f"distributed.cli.{what}", *options],
                cwd=self.folder,
                env=environment,
                stdout=told,
                stderr=subprocess.STDOUT,
            )


def wait_for(is_so: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Wait until something is so while a process runs."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert process.poll() is None, process.args
        assert time.monotonic() < until, process.args
        time.sleep(0.05)


def _address(file: Path) -> str:
    try:
        return str(json.loads(file.read_text("utf-8"))["address"])
    except (OSError, ValueError):  # it is about to be written
        return ""
