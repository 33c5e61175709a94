"""What the pages show as the output of a command is what it prints."""

import contextlib
import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.cli import main

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")))
SHOWN = re.compile(r"<!-- output of: trialsim ([^\n]*) -->\n```\n(.*?)```", re.DOTALL)
SLOW = "--certify"  # 36 scenarios of 10,000 trials: minutes


def shown() -> list[tuple[str, str]]:
    """Commands and what the pages show of their output."""
    found = [match.groups() for page in PAGES for match in SHOWN.finditer(page.read_text("utf-8"))]
    assert len(found) == sum(page.read_text("utf-8").count("output of:") for page in PAGES)
    return [(command, text) for command, text in found if SLOW not in command]


@pytest.mark.parametrize(("command", "text"), shown(), ids=[command for command, _ in shown()])
def test_the_lines_shown_are_printed_in_their_order(command, text, tmp_path):
    program = [sys.executable, "-c", "from simulator.cli import main; main()"]
    ran = subprocess.run(
        [*program, *command.split()], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    printed = iter([line.rstrip() for line in ran.stdout.splitlines()])
    missing = [line for line in text.splitlines() if line not in printed]
    assert not missing


def test_the_paragraph_shown_is_the_one_that_is_written(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "tutorials" / "grant-writer.md").read_text("utf-8")
    (scenario, quoted) = re.findall(r"<!-- paragraph of: (.*) -->\n> (.*)\n", page)[0]
    monkeypatch.chdir(tmp_path)
    for command in (
        f"power {scenario} --out planned",
        f"size {scenario} --out size",
        "report planned size --length paragraph --format html --out written.html",
    ):
        monkeypatch.setattr(sys, "argv", ["trialsim", *command.split()])
        with contextlib.suppress(SystemExit):
            main()
    written = (tmp_path / "written.html").read_text("utf-8")
    words = html.unescape(re.sub(r"<[^>]+>", " ", re.findall(r"<p.*?</p>", written, re.DOTALL)[0]))
    assert " ".join(words.split()) == quoted
