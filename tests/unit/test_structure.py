"""The order of files: none imports, even for its types alone, one that imports it."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def module_files() -> dict[str, Path]:
    """Every module of the two packages by its dotted name."""
    files = {}
    for package in ("simulator", "calibration"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imports_of(source: str, known: set[str]) -> set[str]:
    """Modules that a source imports, within functions and for type checkers included."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inner & known
            if not inner <= known:
                found.add(node.module)
    return found & known


def circle_in(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a circle, the first again at the end; none if there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_files_import_one_another_in_a_circle():
    files = module_files()
    known = set(files)
    imports = {
        name: imports_of(path.read_text(encoding="utf-8"), known) - {name}
        for name, path in files.items()
    }
    assert sum(map(len, imports.values())) > len(files)  # the imports were found
    assert circle_in(imports) == []


@pytest.mark.parametrize(
    "source",
    [
        "from a import name",
        "import a",
        "if TYPE_CHECKING:\n    from a import Name",
        "def late():\n    from a.b import name",
        "from a import b",
    ],
)
def test_imports_are_found_wherever_they_stand(source):
    known = {"a.b"} if "b" in source else {"a"}
    assert imports_of(source, known) == known


def test_a_circle_of_three_is_found():
    assert set(circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
