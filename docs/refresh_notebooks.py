"""Run the notebooks and keep what they show.

    python docs/refresh_notebooks.py

Needs no Jupyter: the cells of a notebook run in order in one namespace, in a temporary folder, and
what the last line of a cell stands for is kept as its output.
"""

import ast
import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).resolve().parent / "notebooks"


def source_of(cell: dict[str, Any]) -> str:
    """Return the text of a cell, which a notebook may keep as lines."""
    return "".join(cell["source"])


def run_cell(source: str, namespace: dict[str, Any]) -> tuple[str, Any]:
    """Run a cell; return what it prints, and what its last line stands for if that is a value."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    value = None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
    return printed.getvalue(), value


def outputs_of(printed: str, value: Any, count: int) -> list[dict[str, Any]]:
    """Return a cell's outputs as a notebook keeps them (nbformat 4.5)."""
    found: list[dict[str, Any]] = []
    if printed:
        found.append({"name": "stdout", "output_type": "stream", "text": _lines(printed)})
    if value is not None:
        # Of a frame repr shows what the terminal has room for.
        text = value.to_string() if hasattr(value, "to_string") else repr(value)
        data = {"text/plain": _lines(text)}
        if hasattr(value, "_repr_html_"):
            data = {"text/html": _lines(value._repr_html_()), **data}
        found.append(
            {
                "data": data,
                "execution_count": count,
                "metadata": {},
                "output_type": "execute_result",
            }
        )
    return found


def run_notebook(notebook: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Run the code cells in order, in one namespace; return the outputs of each."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [
        outputs_of(*run_cell(source_of(cell), namespace), count)
        for count, cell in enumerate(cells, start=1)
    ]


def main() -> None:
    """Run every notebook."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            found = run_notebook(notebook)
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for count, (cell, outputs) in enumerate(zip(cells, found, strict=True), start=1):
            cell |= {"execution_count": count, "outputs": outputs}
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        path.write_text(f"{text}\n", "utf-8")
        print(f"refreshed {os.path.relpath(path)}")


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


if __name__ == "__main__":
    main()
