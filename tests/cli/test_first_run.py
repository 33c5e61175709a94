"""The first run in a fresh copy: what `make` says while it installs, and how to go on after it.

The folder is made of stubs, so that nothing is installed; its name has a space in it.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from command_line import ROOT
from numba.core import event
from terminal import on_a_terminal

from simulator.cli import compiling

PIP = """#!/bin/sh
[ "$3" = --version ] && exit 0
echo "{said}"
exit {status}
"""
TRIALSIM = "#!/bin/sh\necho the answer to $*\n"


@pytest.fixture
def clone(tmp_path):
    """A folder with the Makefile, an environment of stubs, and nothing installed."""
    folder = tmp_path / "a clone"
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", ".ci"):
        (folder / name).symlink_to(ROOT / name)
    script(folder / ".venv" / "bin" / "trialsim", TRIALSIM)
    return folder


def script(path: Path, text: str) -> None:
    """Write a program."""
    path.write_text(text)
    path.chmod(0o755)


def make(folder: Path, said: str = "", status: int = 0, path: str = "/usr/bin:/bin"):
    """Run `make power` where pip says something and ends with a status."""
    script(folder / ".venv" / "bin" / "python", PIP.format(said=said, status=status))
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", "power"],
        cwd=folder,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_installing_is_one_line_and_the_answer_is_followed_by_how_to_go_on(clone):
    done = make(clone, said="Collecting numpy")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "the answer to power nct05484908\n"
    first, *rest = done.stderr.splitlines()
    assert first.startswith("installing trialsim into .venv, once, about")
    assert "source .venv/bin/activate" in done.stderr
    assert "trialsim scenarios" in done.stderr
    assert "Collecting" not in done.stderr
    assert not any(line.startswith("installing") for line in rest)
    again = make(clone)
    assert again.stdout == done.stdout
    assert "installing" not in again.stderr


def test_how_to_go_on_is_not_said_where_the_command_is_found(clone):
    done = make(clone, path=f"{clone / '.venv' / 'bin'}:/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert "activate" not in done.stderr


def test_what_pip_says_of_its_failure_is_shown_and_the_next_make_installs_again(clone):
    done = make(clone, said="ERROR: no space left on device", status=1)
    assert done.returncode != 0
    assert "ERROR: no space left on device" in done.stderr
    assert "pip could not install trialsim" in done.stderr
    assert "activate" not in done.stderr
    assert make(clone).returncode == 0


def test_a_machine_off_line_is_told_so(clone):
    refused = (
        "NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary failure"
    )
    done = make(clone, said=refused, status=1)
    assert done.returncode != 0
    assert refused in done.stderr
    assert "is this machine on line?" in done.stderr


# Compiling is told of by Numba's events; here they come without anything being compiled.


def compiled(name: str, inside=lambda: None) -> None:
    """Tell that a function is compiled, and others inside."""
    of = {"dispatcher": SimpleNamespace(py_func=SimpleNamespace(__name__=name))}
    with event.trigger_event("numba:compile", data=of):
        inside()


@pytest.fixture
def work(monkeypatch):
    """Nothing compiled so far, and every tick told of."""
    fresh = compiling._Work()
    monkeypatch.setattr(compiling, "_work", fresh)
    monkeypatch.setattr(compiling, "_SECONDS_BEFORE_A_WORD", 0.0)
    monkeypatch.setattr(compiling, "_SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(compiling, "_SECONDS_A_TICK", 0.001)
    return fresh


def test_off_a_terminal_compiling_is_told_in_lines_and_only_while_it_lasts(work, capsys):
    with compiling.compiling():
        time.sleep(0.05)
        assert capsys.readouterr().err == ""
        compiled("recruit", inside=lambda: time.sleep(0.2))
    lines = capsys.readouterr().err.splitlines()
    assert lines
    for line in lines:
        assert line.startswith("compiling the simulation, once on this machine: ")
        assert "\x1b" not in line


def test_the_share_compiled_never_goes_back_and_reaches_its_end_only_when_all_is_done(
    work, monkeypatch
):
    # 30 common functions within one that counts as 60: 90 of 90 expected. A second each.
    clock = iter(range(10_000))
    monkeypatch.setattr(compiling.time, "monotonic", lambda: float(next(clock)))
    work.expected = 90
    shares = []

    def one_by_one():
        for _ in range(30):
            compiled("common")
            shares.append(work.share())
        shares.extend(work.share() for _ in range(300))

    with event.install_listener("numba:compile", work):
        compiled("treat_trials", inside=one_by_one)
    assert shares == sorted(shares)
    assert shares[0] < 0.05
    assert 0.9 < shares[-1] < 1
    assert work.done == 90


ON_A_TERMINAL = """
import time
from test_first_run import compiled
from simulator.cli import compiling
with compiling.compiling():
    compiled("recruit", inside=lambda: time.sleep(2.0))
"""


@pytest.mark.parametrize(("term", "moves"), [("xterm", True), ("dumb", False)])
def test_a_bar_moves_in_a_terminal_that_can_move_and_a_dumb_one_has_lines(term, moves):
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests" / "cli")))
    status, text = on_a_terminal(
        [sys.executable, "-c", ON_A_TERMINAL],
        ROOT,
        os.environ | {"TERM": term, "PYTHONPATH": paths},
        errors_alone=True,
    )
    assert status == 0, text
    assert "compiling the simulation, once on this machine" in text
    assert ("\x1b[" in text) == moves
