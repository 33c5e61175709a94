"""What the pages show as the output of a command is what it prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
def test_the_lines_shown_are_printed_in_their_order(command, text):
    program = [sys.executable, "-c", "from simulator.cli import main; main()"]
    ran = subprocess.run(
        [*program, *command.split()], capture_output=True, text=True, check=True, cwd=ROOT
    )
    printed = iter([line.rstrip() for line in ran.stdout.splitlines()])
    missing = [line for line in text.splitlines() if line not in printed]
    assert not missing
