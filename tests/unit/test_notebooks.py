"""Notebooks and the Python on pages run as they stand, and show what the program says now."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(ROOT.glob("docs/notebooks/*.ipynb"))
PAGES = [ROOT / "README.md", ROOT / "docs/python.md", *sorted(ROOT.glob("docs/tutorials/*.md"))]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
MANY = re.compile(r"\b\d{1,3}(?:_\d{3})+\b")  # a number of trials, as 10_000
USERS = ("designer", "grant-writer", "statistician")


def refresher():
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs/refresh_notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh = refresher()


def code_cells(path: Path) -> list[dict]:
    notebook = json.loads(path.read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def text_of(output: dict) -> str:
    """What an output says in plain text."""
    return "".join(output["text"] if "text" in output else output["data"]["text/plain"])


def test_each_user_has_a_notebook():
    assert tuple(path.stem for path in NOTEBOOKS) == USERS


@pytest.mark.parametrize(
    "path",
    [  # the grant writer's searches for a size
        pytest.param(path, marks=[pytest.mark.slow] if path.stem == "grant-writer" else [])
        for path in NOTEBOOKS
    ],
    ids=USERS,
)
def test_a_notebook_shows_what_its_cells_give_now(path, tmp_path, monkeypatch):
    """If not, `python docs/refresh_notebooks.py` brings it up to date."""
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for count, cell in enumerate(code_cells(path), start=1):
        printed, value = refresh.run_cell(refresh.source_of(cell), namespace)
        found = refresh.outputs_of(printed, value, count)
        assert [*map(text_of, found)] == [*map(text_of, cell["outputs"])], f"cell {count}"
        assert cell["execution_count"] == count
        assert len(repr(value)) < 2_000
        if hasattr(value, "_repr_html_"):
            assert len(value._repr_html_()) < 20_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=USERS)
def test_a_notebook_is_of_no_machine_and_no_time(path):
    notebook = json.loads(path.read_text("utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    shown = "".join(text_of(output) for cell in code_cells(path) for output in cell["outputs"])
    assert not re.search(r"(?:^|[\s'\"(])(?:/\w|[A-Z]:\\)", shown)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))], ids=lambda p: p.stem
)
def test_python_on_a_page_runs(page, tmp_path, monkeypatch):
    """In order, in one namespace, with few trials."""
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block in BLOCK.findall(page.read_text("utf-8")):
        exec(compile(MANY.sub("100", block), page.name, "exec"), namespace)
    assert "study" in namespace
