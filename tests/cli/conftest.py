"""What tests of commands share: a folder to run them in, and commands run there.

A file that needs scenarios in the folder overrides `folder` and writes them.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command_line import Ended, one_json_object, run_here


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Callable[..., Ended]:
    """Run a command in the folder; return exit status, standard output and standard error."""
    return partial(run_here, folder=folder)


@pytest.fixture
def answer_of(run: Callable[..., Ended]) -> Callable[..., dict[str, Any]]:
    """Run a command that succeeds with --json; return the one object that it prints."""

    def answer_of(*arguments: object) -> dict[str, Any]:
        status, out, err = run(*arguments, "--json")
        assert status == 0, err
        return one_json_object(out)

    return answer_of


@pytest.fixture
def refused(run: Callable[..., Ended], folder: Path) -> Callable[..., str]:
    """Run a command that is refused: status 2, nothing printed or written; return what it says."""

    def refused(*arguments: object) -> str:
        before = sorted(folder.rglob("*"))
        status, out, err = run(*arguments)
        assert status == 2, err
        assert out == ""
        assert "Traceback" not in err
        assert sorted(folder.rglob("*")) == before
        return err

    return refused
