"""Where compiled kernels are kept: on the first run, from a read-only install, by two at once.

Each run is a new process with a cache of its own, since what a process compiled it remembers.
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import PROGRAM

import simulator

PACKAGE = Path(simulator.__file__).parent
COMPILING = "compiling the simulation, once on this machine"
LAST_OF_LOG = "        value = math.nan\n"
COMMAND = "power two-arm-survival --trials 40 --seed 3 --jobs 1"


# What a kernel gives that calls one of another file, and where it is kept.
ONE_KERNEL = (
    "import os; from simulator.rules.hazard import death_threshold; "
    "print(death_threshold(0.5), os.environ['NUMBA_CACHE_DIR'])"
)


def start(root: Path, cache: Path, *program: str) -> subprocess.Popen:
    """Start a program of the package at root, or the command, with a cache of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")}
    return subprocess.Popen(
        [sys.executable, "-c", *(program or (PROGRAM[-1], *COMMAND.split()))],
        cwd=cache,
        env=environment | {"PYTHONPATH": str(root), "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen) -> tuple[str, str]:
    """Return what a program printed, once it has ended well."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def kernels_in(cache: Path) -> set[str]:
    """Return the names of the compiled kernels that are kept."""
    return {path.name for path in (cache / "trialsim" / "kernels").rglob("*.nbc")}


@pytest.fixture
def install(tmp_path):
    """Return a copy of the package that nobody may write to."""
    root = tmp_path / "install"
    for name in ("simulator", "calibration", "scenarios"):
        shutil.copytree(
            PACKAGE.parent / name,
            root / name,
            ignore=shutil.ignore_patterns("__pycache__", "*.nb?"),
        )
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    yield root
    for folder in folders:
        folder.chmod(stat.S_IRWXU)


@pytest.fixture
def cache(tmp_path):
    """An empty cache."""
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def test_two_first_uses_at_once_from_a_read_only_install_and_a_later_one(install, cache):
    both = [start(install, cache, ONE_KERNEL) for _ in range(2)]
    first, second = (ended(process)[0] for process in both)
    assert first == second
    assert not list(install.rglob("*.nb?"))
    kept = kernels_in(cache)
    assert kept
    assert ended(start(install, cache, ONE_KERNEL))[0] == first
    assert kernels_in(cache) == kept


SEVERAL_KERNELS = ONE_KERNEL.replace(
    "print(", "from simulator.rules import normal; normal.normal_quantile(0.3); print("
)


def test_a_first_run_that_is_killed_while_it_compiles_leaves_nothing_broken(cache):
    # Kernels are moved into their place whole: what was done is used, what was not is done again.
    first = start(PACKAGE.parent, cache, SEVERAL_KERNELS)
    while not kernels_in(cache) and first.poll() is None:
        time.sleep(0.01)
    first.kill()
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    whole = ended(start(PACKAGE.parent, cache, SEVERAL_KERNELS))[0]
    assert whole == ended(start(PACKAGE.parent, cache, SEVERAL_KERNELS))[0]


@pytest.mark.slow  # compiles every kernel of a run, twice
def test_two_first_runs_at_once_say_that_they_compile_and_a_later_one_does_not(install, cache):
    (first, said), (second, _) = map(ended, [start(install, cache), start(install, cache)])
    assert COMPILING in said
    assert first == second
    assert not list(install.rglob("*.nb?"))
    kept = kernels_in(cache)
    assert kept
    later, said = ended(start(install, cache))
    assert later == first
    assert COMPILING not in said
    assert kernels_in(cache) == kept


def threshold_and_folder(root: Path, cache: Path) -> tuple[float, str]:
    """Return what the kernel gives, and where it is kept."""
    value, folder = ended(start(root, cache, ONE_KERNEL))[0].split()
    return float(value), folder


def test_kernels_of_other_sources_are_not_used(install, cache):
    whole, folder = threshold_and_folder(install, cache)
    called = install / "simulator" / "rules" / "elementary.py"
    text = called.read_text(encoding="utf-8")
    assert text.count(LAST_OF_LOG) == 1
    called.write_text(
        text.replace(LAST_OF_LOG, f"{LAST_OF_LOG}    value += 1.0\n"), encoding="utf-8"
    )
    changed, other = threshold_and_folder(install, cache)
    assert changed == pytest.approx(whole - 1.0)  # the threshold of every death is another
    assert other != folder


def test_an_edit_of_words_compiles_nothing_anew(install, cache):
    _, folder = threshold_and_folder(install, cache)
    words = install / "simulator" / "report" / "text" / "power.py"
    words.write_text(words.read_text(encoding="utf-8") + "\n# a word\n", encoding="utf-8")
    assert threshold_and_folder(install, cache)[1] == folder
