"""Bring the outputs shown on the pages up to what the commands print now.

    python docs/refresh_outputs.py            # every page
    python docs/refresh_outputs.py README.md  # one

A block after `<!-- output of: trialsim ... -->` shows lines of what the command prints, in their
order. A line that is still printed stays; of the others the nearest that is printed takes its
place, and a line without one is named, for an author to look at. What stands after
`<!-- paragraph of: SCENARIO -->` is the paragraph that `report --length paragraph` writes of it.
What stands after `<!-- file: NAME -->` is a file that the reader is told to write: it is there
when the commands run.
"""

import difflib
import html
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FILE = re.compile(r"<!-- file: ([^\n]*) -->\n```yaml\n(.*?)```", re.DOTALL)
_SHOWN = re.compile(
    r"(<!-- output of: trialsim (?P<command>[^\n]*) -->\n```\n)(?P<text>.*?)```", re.DOTALL
)
_PARAGRAPH = re.compile(r"(<!-- paragraph of: (?P<scenario>[^\n]*) -->\n> )[^\n]*\n")
_ALIKE = 0.5  # below, two lines are not of the same thing


def refreshed(shown: str, printed: Iterable[str]) -> tuple[str, list[str]]:
    """Return a block as it should be, and the lines that have no counterpart any more."""
    left, lines, lost = list(printed), [], []
    for line in shown.splitlines():
        if line in left:
            found = line
        else:
            near = difflib.get_close_matches(line, left, n=1, cutoff=_ALIKE)
            if not near:
                lost.append(line)
                continue
            found = near[0]
        lines.append(found)
        left = left[left.index(found) + 1 :]
    return "".join(f"{line}\n" for line in lines), lost


def run(folder: str, *asked: str) -> str:
    """Run a command in a folder; return what it prints."""
    command = [sys.executable, "-c", "from simulator.cli import main; main()", *asked]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def paragraph(folder: str, scenario: str) -> str:
    """Return the justification of a scenario as one paragraph."""
    for question in ("power", "size"):
        run(folder, question, scenario, "--out", f"{question}-of-{scenario}")
    runs = (f"power-of-{scenario}", f"size-of-{scenario}")
    out = "paragraph.html"
    run(folder, "report", *runs, "--length", "paragraph", "--format", "html", "--out", out)
    written = (Path(folder) / out).read_text("utf-8")
    (Path(folder) / out).unlink()
    first = re.findall(r"<p.*?</p>", written, re.DOTALL)[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", first)).split())


def main() -> None:
    """Refresh the pages named, or all."""
    pages = [ROOT / name for name in sys.argv[1:]]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    with tempfile.TemporaryDirectory() as folder:
        for page in pages:
            for name, text in _FILE.findall(page.read_text("utf-8")):
                (Path(folder) / name).write_text(text, "utf-8")

        def renewed(match: re.Match[str]) -> str:
            asked = match["command"].split()
            printed = [line.rstrip() for line in run(folder, *asked).splitlines()]
            text, lost = refreshed(match["text"], printed)
            for line in lost:
                print(f"{match['command']}: no longer printed: {line}")
            return f"{match[1]}{text}```"

        def rewritten(match: re.Match[str]) -> str:
            return f"{match[1]}{paragraph(folder, match['scenario'])}\n"

        for page in pages:
            text = page.read_text("utf-8")
            if "output of:" in text or "paragraph of:" in text:
                text = _PARAGRAPH.sub(rewritten, _SHOWN.sub(renewed, text))
                page.write_text(text, "utf-8")
                print(f"refreshed {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
