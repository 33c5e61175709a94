"""Where compiled kernels are kept: on the first run, from a read-only install, by two at once.

Each run is a new process with a cache of its own, since what a process compiled it remembers.
"""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import simulator

PACKAGE = Path(simulator.__file__).parent
COMPILING = "compiling the simulation, once on this machine"
COMMAND = "power two-arm-survival --trials 40 --seed 3 --jobs 1"


def start(root: Path, cache: Path) -> subprocess.Popen:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")}
    return subprocess.Popen(
        [sys.executable, "-c", "from simulator.cli import main; main()", *COMMAND.split()],
        cwd=cache,
        env=environment | {"PYTHONPATH": str(root), "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen) -> tuple[str, str]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


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


def test_two_first_runs_at_once_from_a_read_only_install_and_a_later_one(install, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    (first, said), (second, _) = map(ended, [start(install, cache), start(install, cache)])
    assert COMPILING in said
    assert first == second
    assert not list(install.rglob("*.nb?"))
    kept = {path.name for path in (cache / "trialsim" / "kernels").rglob("*.nbc")}
    assert kept
    later, said = ended(start(install, cache))
    assert later == first
    assert COMPILING not in said
    assert {path.name for path in (cache / "trialsim" / "kernels").rglob("*.nbc")} == kept


def test_kernels_of_other_sources_are_not_used(install, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    whole, _ = ended(start(install, cache))
    rule = install / "simulator" / "rules" / "hazard.py"
    text = rule.read_text(encoding="utf-8")
    assert text.count("return -log(u)") == 1
    rule.write_text(text.replace("return -log(u)", "return -2.0 * log(u)"), encoding="utf-8")
    changed, said = ended(start(install, cache))
    assert COMPILING in said
    assert changed != whole  # the threshold of every death is another
