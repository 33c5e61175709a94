"""What the pages show as the output of a command is what it prints."""

import html
import re

import pytest
from command_line import ROOT, run_here

PAGES = (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")))
FILE = re.compile(r"<!-- file: ([^\n]*) -->\n```yaml\n(.*?)```", re.DOTALL)
SHOWN = re.compile(r"<!-- output of: trialsim ([^\n]*) -->\n```\n(.*?)```", re.DOTALL)
# What takes more than some five seconds, as 36 scenarios of 10,000 trials or a hundred moves of
# 5,000: the same commands are tested with fewer trials every day.
SLOW = (
    *("--certify", "allocation ", "calibrate nct05484908", "size nct05484908", "sweep nct05484908"),
    *("levers nct05484908", "design nct05484908", "assurance ", "power minimised.yaml"),
    *("power nct05484908-adapts", "power nct05484908-family", "power nct05484908-events"),
)


def shown() -> list[object]:
    """Commands and what the pages show of their output; those that take long are marked so."""
    found = [match.groups() for page in PAGES for match in SHOWN.finditer(page.read_text("utf-8"))]
    assert len(found) == sum(page.read_text("utf-8").count("output of:") for page in PAGES)
    return [
        pytest.param(
            command,
            text,
            id=command,
            marks=[pytest.mark.slow] if any(words in command for words in SLOW) else [],
        )
        for command, text in found
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The working folder of all commands here: one shown on two pages is answered once.

    It has the files that the pages tell their readers to write.
    """
    folder = tmp_path_factory.mktemp("shown")
    for page in PAGES:
        for name, text in FILE.findall(page.read_text("utf-8")):
            (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch):
    """The pages show what is printed where no variable tells of a terminal."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.mark.parametrize(("command", "text"), shown())
def test_the_lines_shown_are_printed_in_their_order(command, text, folder):
    status, out, err = run_here(command, folder=folder)
    assert status == 0, err
    printed = iter([line.rstrip() for line in out.splitlines()])
    missing = [line for line in text.splitlines() if line not in printed]
    assert not missing


@pytest.mark.slow
def test_the_paragraph_shown_is_the_one_that_is_written(folder):
    page = (ROOT / "docs" / "tutorials" / "grant-writer.md").read_text("utf-8")
    (scenario, quoted) = re.findall(r"<!-- paragraph of: (.*) -->\n> (.*)\n", page)[0]
    runs = [wrote(f"{asked} {scenario}", folder) for asked in ("power", "size")]
    asked = "--length paragraph --format html --out written.html"
    assert run_here("report", *runs, asked, folder=folder).status == 0
    written = (folder / "written.html").read_text("utf-8")
    words = html.unescape(re.sub(r"<[^>]+>", " ", re.findall(r"<p.*?</p>", written, re.DOTALL)[0]))
    assert " ".join(words.split()) == quoted


def wrote(command, folder):
    """Run a command as the pages do, unless one of them did; return the folder of its run."""
    assert run_here(command, folder=folder).status == 0
    name, scenario = command.split()
    (kept,) = folder.glob(f"results/{name}-{scenario}-seed*")
    return kept
