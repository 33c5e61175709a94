"""Bring the outputs shown on the pages up to what the commands print now.

    python docs/refresh_outputs.py            # every page
    python docs/refresh_outputs.py README.md  # one

A block after `<!-- output of: trialsim ... -->` shows lines of what the command prints, in their
order. A line that is still printed stays; of the others the nearest that is printed takes its
place, and a line without one is named, for an author to look at.
"""

import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_SHOWN = re.compile(
    r"(<!-- output of: trialsim (?P<command>[^\n]*) -->\n```\n)(?P<text>.*?)```", re.DOTALL
)
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


def main() -> None:
    """Refresh the pages named, or all."""
    pages = [ROOT / name for name in sys.argv[1:]]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    command = [sys.executable, "-c", "from simulator.cli import main; main()"]
    with tempfile.TemporaryDirectory() as folder:

        def renewed(match: re.Match[str]) -> str:
            asked = match["command"].split()
            done = subprocess.run(
                [*command, *asked], cwd=folder, capture_output=True, text=True, check=True
            )
            printed = [line.rstrip() for line in done.stdout.splitlines()]
            text, lost = refreshed(match["text"], printed)
            for line in lost:
                print(f"{match['command']}: no longer printed: {line}")
            return f"{match[1]}{text}```"

        for page in pages:
            text = page.read_text("utf-8")
            if "output of:" in text:
                page.write_text(_SHOWN.sub(renewed, text), "utf-8")
                print(f"refreshed {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
