"""The scenarios that come with the program, and where a scenario's name leads."""

import os
import re
from pathlib import Path

from simulator.inputs import note
from simulator.scenario.errors import nearest

SUFFIXES = (".yaml", ".yml")

_TITLE = re.compile(r"""^title:[ \t]+(?P<quote>["']?)(?P<text>.*?)(?P=quote)[ \t]*(?:[ \t]#.*)?$""")


def shipped_folder() -> Path:
    """Folder of the shipped scenarios: in the installed package, or the checkout's `scenarios`."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped_scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def shipped_names() -> tuple[str, ...]:
    """Names of the shipped scenarios, sorted."""
    return tuple(sorted(path.stem for path in shipped_folder().glob("*.yaml")))


def shipped_path(name: str) -> Path:
    """Return the file of a shipped scenario.

    Raises
    ------
    KeyError
        No scenario of that name is shipped.
    """
    if name not in shipped_names():
        raise KeyError(name)
    return shipped_folder() / f"{name}.yaml"


def shipped_titles() -> dict[str, str]:
    """Title of each shipped scenario by its name, read without checking the scenario."""
    titles = {}
    for name in shipped_names():
        lines = shipped_path(name).read_text(encoding="utf-8").splitlines()
        found = next(filter(None, map(_TITLE.match, lines)), None)
        titles[name] = found["text"] if found else ""
    return titles


def find_scenario(name_or_path: str | Path, folder: Path) -> Path | None:
    """Return the file that a name or path means, or None if there is none.

    Parameters
    ----------
    name_or_path
        A bare word means a shipped scenario first, then a file; what has a folder or a suffix
        means a file first. The suffix of a file may be left out.
    folder
        What a relative path is relative to.

    Returns
    -------
    Path or None
        Exists, but may be a folder.
    """
    text = str(name_or_path)
    path = folder / text
    bare = Path(text).name == text
    shipped = shipped_folder() / f"{text.removesuffix('.yaml')}.yaml"
    is_shipped = bare and text.removesuffix(".yaml") in shipped_names()
    if is_shipped and not text.endswith(SUFFIXES):
        return shipped
    files = (path, *(path.parent / (path.name + suffix) for suffix in SUFFIXES))
    there = [file for file in files if _is_there(file)]
    for file in (shipped, *files):  # with another of them there, the name might lead elsewhere
        if not os.path.isfile(file):
            note(file)
    # A folder is taken, to be refused by name, only where nothing else can be meant.
    there.sort(key=Path.is_dir)
    return there[0] if there else (shipped if is_shipped else None)


def shipped_remedy(name_or_path: str | Path) -> str:
    """What to write in place of a name that leads nowhere."""
    names = shipped_names()
    near = nearest(Path(str(name_or_path)).stem, names)
    return f"did you mean {near}?" if near else f"shipped scenarios are {', '.join(names)}"


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long a name, a NUL in it, a folder that may not be read
        return False
