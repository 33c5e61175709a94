"""The page and the pictures of the architecture say what the code says."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = """
[tool.importlinter]
root_packages = ["house"]
[[tool.importlinter.contracts]]
name = "downward"
type = "layers"
layers = ["house.door", "house.left | house.right", "house.ground"]
"""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drawn", ROOT / "docs/draw_architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["drawn"] = module  # where dataclasses look the module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A tree of four rooms whose imports all point downward."""
    texts = {
        "house/__init__.py": '"""A house."""\n',
        "house/door.py": '"""Open to all."""\nfrom house import left\nimport house.right.room\n',
        "house/left.py": '"""Of the left."""\nfrom house.ground import stone\n',
        "house/right/__init__.py": '"""Of the right."""\n',
        "house/right/room.py": '"""A room."""\ndef f():\n    from ..ground import stone\n',
        "house/ground.py": '"""Under all."""\nstone = 1\n',
        "pyproject.toml": PYPROJECT,
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_page_and_pictures_are_those_of_the_code(script):
    assert list(script.problems(ROOT)) == []


def test_arrows_are_the_imports_that_import_linter_sees(script):
    rooms = script.read_rooms(ROOT)
    graph = grimp.build_graph("simulator", "calibration", cache_dir=None)

    def room(module: str) -> str:
        return max((r for r in rooms.order if f"{module}.".startswith(f"{r}.")), key=len)

    seen: dict[tuple[str, str], int] = {}
    for importer in graph.modules - {"simulator"}:
        for imported in graph.find_modules_directly_imported_by(importer) - {"simulator"}:
            pair = (room(importer), room(imported))
            if pair[0] != pair[1]:
                seen[pair] = seen.get(pair, 0) + 1
    assert {tuple(arrow): count for arrow, count in rooms.arrows.items()} == seen


def test_imports_of_every_kind_are_arrows(script, house):
    rooms = script.read_rooms(house)
    assert rooms.layers == (("house.door",), ("house.left", "house.right"), ("house.ground",))
    assert rooms.arrows == {
        ("house.door", "house.left"): 1,
        ("house.door", "house.right"): 1,
        ("house.left", "house.ground"): 1,
        ("house.right", "house.ground"): 1,
    }
    assert rooms.circles == ()
    assert rooms.purpose["house.right"] == "Of the right."
    assert rooms.files["house.right"] == 2
    assert all(rooms.points_down(arrow) for arrow in rooms.arrows)


@pytest.mark.parametrize(("importer", "imported"), [("ground", "door"), ("left", "right")])
def test_an_import_that_does_not_point_down_is_drawn_as_one(script, house, importer, imported):
    with (house / f"house/{importer}.py").open("a", encoding="utf-8") as file:
        file.write(f"from house import {imported}\n")
    rooms = script.read_rooms(house)
    arrow = script.Arrow(f"house.{importer}", f"house.{imported}")
    assert not rooms.points_down(arrow)
    red = [line for line in script.draw_rooms(rooms).axes[0].lines if line.get_color() == "#c00000"]
    assert len(red) == 2  # the arrow, and the key


def test_a_circle_of_files_within_a_room_is_found(script, house):
    (house / "house/right/other.py").write_text('"""Other."""\nfrom . import room\n')
    with (house / "house/right/room.py").open("a", encoding="utf-8") as file:
        file.write("from house.right import other\n")
    assert script.read_rooms(house).circles == (("house.right.other", "house.right.room"),)


def test_a_file_in_no_layer_is_refused(script, house):
    (house / "house/shed.py").write_text('"""Forgotten."""\n')
    with pytest.raises(ValueError, match=r"house\.shed"):
        script.read_rooms(house)


def test_no_arrow_passes_through_a_room_or_its_label(script):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    rooms = script.read_rooms(ROOT)
    figure = script.draw_rooms(rooms)
    renderer = FigureCanvasAgg(figure).get_renderer()
    axes = figure.axes[0]
    labels = [text.get_window_extent(renderer) for text in axes.texts]
    assert all(not a.overlaps(b) for i, a in enumerate(labels) for b in labels[:i])
    for line in script.routes(rooms).values():
        points = axes.transData.transform(line)
        for start, end in itertools.pairwise(points):
            (x1, x2), (y1, y2) = sorted([start[0], end[0]]), sorted([start[1], end[1]])
            assert not any(x1 < b.x1 and b.x0 < x2 + 1 and y1 < b.y1 and b.y0 < y2 for b in labels)
