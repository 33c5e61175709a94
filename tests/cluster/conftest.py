"""What tests of clusters share: one cluster for all of a file, and commands that are given it.

Compiled code comes from the folder that the environment names, as on workers of one host.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from command_line import PROGRAM, ROOT, Ended, run_here

pytest.importorskip("distributed", reason="dask is not installed: pip install 'trialsim[cluster]'")

from dask_processes import Cluster

SEVERAL = """\
extends: two-arm-survival
name: several
trial: {target_randomised: 16}
analyses:
  - {name: log_rank, test: log_rank}
  - {name: shuffled, test: permutation, of: log_rank, draws: 13000}
"""  # of 50 trials a unit, each of which takes some tenths of a second


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that tests do no harm to; each says how many workers it wants."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster to be broken."""
    with Cluster(tmp_path / "cluster") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a scenario whose units are of few trials."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    (place / "several.yaml").write_text(SEVERAL)
    return place


@pytest.fixture
def run(folder: Path) -> Callable[..., Ended]:
    """Run a command in the folder; return exit status, standard output and standard error."""
    return partial(run_here, folder=folder)


@pytest.fixture
def begin(folder: Path) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Start a command as a process of its own, which is ended with the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*PROGRAM, *arguments.split()],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()
