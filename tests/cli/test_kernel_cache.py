"""Where compiled kernels are kept: on the first run, from a read-only install, by two at once.

Each run is a new process with a cache of its own, since what a process compiled it remembers.
"""

import hashlib
import math
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from command_line import PROGRAM

import simulator

PACKAGE = Path(simulator.__file__).parent
COMPILING = "compiling the simulation, once on this machine"
# Changed so, by no byte in length, -ln u becomes -ln (u / 2).
EXPONENT, ANOTHER = "54 if tiny else 0)", "54 if tiny else 1)"
COMMAND = "power two-arm-survival --trials 40 --seed 3 --jobs 1"


# What a kernel gives that calls one of another file, and where it is kept.
ONE_KERNEL = (
    "from simulator.rules.hazard import death_threshold; from simulator.kernels import *; "
    "print(death_threshold(0.5), KERNELS_FOLDER)"
)


def start(
    root: Path, cache: Path, *program: str, folder: Path | None = None, **variables: str
) -> subprocess.Popen:
    """Start a program of the package at root, or the command, with a cache of its own.

    Where the same question is asked in one folder, the second process waits for the first.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")} | variables
    return subprocess.Popen(
        [sys.executable, "-c", *(program or (PROGRAM[-1], *COMMAND.split()))],
        cwd=folder or cache,
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
    return {path.name for path in (cache / "trialsim" / "kernels").rglob("*.kernel")}


@pytest.fixture
def install(tmp_path):
    """Return a copy of the package that nobody may write to."""
    root = tmp_path / "install"
    for name in ("simulator", "calibration", "scenarios"):
        shutil.copytree(
            PACKAGE.parent / name,
            root / name,
            ignore=shutil.ignore_patterns("__pycache__"),
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
    assert not list(install.rglob("*.kernel"))
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
def test_two_first_runs_at_once_say_that_they_compile_and_a_later_one_does_not(
    install, cache, tmp_path
):
    both = [start(install, cache, folder=place) for place in (cache, tmp_path)]
    (first, said), (second, too) = map(ended, both)
    assert COMPILING in said
    assert COMPILING in too
    assert first == second
    assert not list(install.rglob("*.kernel"))
    kept = kernels_in(cache)
    assert kept
    later, said = ended(start(install, cache))
    assert later == first
    assert COMPILING not in said
    assert kernels_in(cache) == kept


def threshold_and_folder(root: Path, cache: Path, **variables: str) -> tuple[float, str]:
    """Return what the kernel gives, and where it is kept."""
    value, folder = ended(start(root, cache, ONE_KERNEL, **variables))[0].split()
    return float(value), folder


@pytest.mark.parametrize("wished", [False, True], ids=["own cache", "NUMBA_CACHE_DIR"])
def test_a_kernel_is_not_used_once_one_that_it_calls_was_edited(wished, install, cache):
    """Nor if the edit leaves the size and the time of the file as they were."""
    variables = {"NUMBA_CACHE_DIR": str(cache / "wished")} if wished else {}
    whole, folder = threshold_and_folder(install, cache, **variables)
    assert whole == pytest.approx(math.log(2))
    assert Path(folder).is_relative_to(cache / ("wished" if wished else "trialsim"))
    called = install / "simulator" / "rules" / "elementary.py"
    before, text = called.stat(), called.read_text(encoding="utf-8")
    assert text.count(EXPONENT) == 1
    called.write_text(text.replace(EXPONENT, ANOTHER), encoding="utf-8")
    os.utime(called, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = called.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    edited, other = threshold_and_folder(install, cache, **variables)
    assert edited == pytest.approx(math.log(4))
    assert Path(other).parent == Path(folder).parent
    assert other != folder


def test_another_version_of_a_library_uses_no_kernel_nor_value_of_the_one_before(tmp_path):
    names = "c.PROGRAM_DIGEST, c.MODEL_DIGEST, c.KERNELS_DIGEST"
    program = f"import simulator.caches as c; print(c.SOURCES_DIGEST, {names})"
    (tmp_path / "numpy-0.0.1.dist-info").mkdir()
    own = ended(start(PACKAGE.parent, tmp_path, program))[0].split()
    both = f"{PACKAGE.parent}{os.pathsep}{tmp_path}"
    other = ended(start(Path(both), tmp_path, program))[0].split()
    assert other[0] == own[0]
    assert not set(other[1:]) & set(own[1:])


def test_damaged_kernels_are_named_set_aside_and_compiled_anew(cache):
    first = ended(start(PACKAGE.parent, cache, SEVERAL_KERNELS))[0]
    kept = sorted((cache / "trialsim" / "kernels").rglob("*.kernel"))
    contents = [path.read_bytes() for path in kept]
    kept[0].write_bytes(b"")
    kept[1].write_bytes(contents[1][: len(contents[1]) // 2])
    kept[2].write_bytes(contents[2][:-1] + bytes([contents[2][-1] ^ 1]))
    again, said = ended(start(PACKAGE.parent, cache, SEVERAL_KERNELS))
    assert again == first
    assert all(f"{path} is damaged: set aside" in said for path in kept[:3])
    assert len(said.splitlines()) == 3
    assert ended(start(PACKAGE.parent, cache, SEVERAL_KERNELS)) == (first, "")


@pytest.mark.skipif(os.name == "nt", reason="there is no such limit")
def test_a_disk_that_takes_nothing_more_ends_no_run(cache):
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (0, r.RLIM_INFINITY)); "
    out, said = ended(start(PACKAGE.parent, cache, limit + SEVERAL_KERNELS))
    assert float(out.split()[0]) == pytest.approx(math.log(2))
    assert len(said.splitlines()) == 1
    assert "cannot be kept in" in said
    assert not [path for path in (cache / "trialsim").rglob("*") if path.is_file()]


def test_kernels_that_others_could_have_written_are_not_loaded(cache, tmp_path):
    class Planted:
        def __reduce__(self):
            return open, (str(tmp_path / "planted"), "w")

    first = ended(start(PACKAGE.parent, cache, ONE_KERNEL))[0]
    content = pickle.dumps(Planted())
    for path in (cache / "trialsim" / "kernels").rglob("*.kernel"):
        path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    (cache / "trialsim").chmod(0o777)
    (tmp_path / "temporary").mkdir()
    elsewhere = {"TMPDIR": str(tmp_path / "temporary")}
    out, said = ended(start(PACKAGE.parent, cache, ONE_KERNEL, **elsewhere))
    assert out.split()[0] == first.split()[0]
    assert Path(out.split()[1]).is_relative_to(tmp_path / "temporary")
    assert "can be written to by others: not used" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "planted").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="root alone can be another user")
def test_a_user_whom_the_system_does_not_know_needs_no_home():
    home = ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
    unknown = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv")
    done = subprocess.run(
        [*unknown, sys.executable, "-c", PROGRAM[-1], "scenarios"],
        cwd="/",
        env={k: v for k, v in os.environ.items() if k not in home}
        | {"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    for left in Path(tempfile.gettempdir()).glob("trialsim-54321-*"):
        shutil.rmtree(left)
    if "Permission denied" in done.stderr:
        pytest.skip("nobody else may read this installation")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nct05484908" in done.stdout


def test_an_edit_of_words_compiles_nothing_anew(install, cache):
    _, folder = threshold_and_folder(install, cache)
    words = install / "simulator" / "report" / "text" / "power.py"
    words.write_text(words.read_text(encoding="utf-8") + "\n# a word\n", encoding="utf-8")
    assert threshold_and_folder(install, cache)[1] == folder
