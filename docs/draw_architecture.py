"""Draw the rooms of the program and the straight way through them, from the code's own imports.

`python docs/draw_architecture.py` writes the pictures of docs/architecture.md, and the tables in it
that stand between its marks. With `--check` it writes nothing, and fails where page or pictures say
anything that the code does not.
"""

import ast
import itertools
import re
import sys
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).parents[1]
PAGE = "docs/architecture.md"
ROOMS_PICTURE, WAY_PICTURE = "docs/figures/rooms", "docs/figures/straight-way"
REMEDY = "run: python docs/draw_architecture.py"


class Arrow(NamedTuple):
    """Imports of one room by another."""

    importer: str
    imported: str


@dataclass(frozen=True)
class Rooms:
    """The rooms of a source tree.

    Attributes
    ----------
    layers
        The rooms from the doors down; those of one layer know nothing of each other.
    purpose
        The first line of each room's docstring.
    files
        Number of Python files of each room.
    arrows
        How many imports of the files of one room lead to files of another.
    circles
        Groups of files that import each other in a circle, within a room or across rooms.
    """

    layers: tuple[tuple[str, ...], ...]
    purpose: dict[str, str]
    files: dict[str, int]
    arrows: dict[Arrow, int]
    circles: tuple[tuple[str, ...], ...]

    @property
    def order(self) -> list[str]:
        """Every room, from the doors down."""
        return list(itertools.chain(*self.layers))

    def points_down(self, arrow: Arrow) -> bool:
        """Return whether the room imported lies in a lower layer."""
        depth = {room: d for d, layer in enumerate(self.layers) for room in layer}
        return depth[arrow.importer] < depth[arrow.imported]


class Step(NamedTuple):
    """A thing on the straight way, and what makes it of the one before."""

    noun: str
    what: str
    made_by: str = ""
    where: str = ""  # file, or room, that holds what makes it


STRAIGHT_WAY = (
    Step("scenario file", "YAML: what is asked, each value with its unit and source"),
    Step(
        "Scenario",
        "the same, checked: defaults filled in, every message said",
        "load_scenario",
        "simulator/scenario/loader.py",
    ),
    Step(
        "Params",
        "arrays and integer codes, times in days",
        "lower",
        "simulator/params/lower.py",
    ),
    Step(
        "TrialRecords",
        "every patient and session of every trial, as simulated",
        "simulate",
        "simulator/engines/compiled/__init__.py",
    ),
    Step(
        "AnalysisTable",
        "trial x analysis: p value, estimate, standard error, or why there is none",
        "analyse",
        "simulator/analysis/analyse.py",
    ),
    Step(
        "sums",
        "over units of trials, added up in the order of the trials",
        "monte_carlo",
        "simulator/montecarlo/loop.py",
    ),
    Step(
        "Result",
        "every number, verdict, unit and full name, decided once",
        "",
        "simulator.montecarlo",
    ),
    Step("text, figure, document", "the same result, rendered", "", "simulator.report"),
)


# ---- reading the code


def read_rooms(root: Path) -> Rooms:
    """Read layers from pyproject.toml and imports from the sources.

    Raises
    ------
    ValueError
        If a file lies in no layer, or a layer holds no file.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    linter = settings["tool"]["importlinter"]
    contract = next(c for c in linter["contracts"] if c["type"] == "layers")
    layers = tuple(tuple(re.split(r"\s*[|:]\s*", layer)) for layer in contract["layers"])
    packages = linter["root_packages"]
    modules = {
        _module(file.relative_to(root)): file
        for package in packages
        for file in sorted((root / package).rglob("*.py"))
    }
    rooms = set(itertools.chain(*layers))
    room_of = {module: _room(module, rooms) for module in modules if module not in packages}
    room_of |= {module: module for module in packages if module in rooms}
    homeless = [module for module, room in room_of.items() if room is None]
    if homeless:
        raise ValueError(f"in no layer of pyproject.toml: {', '.join(homeless)}")
    empty = rooms - set(room_of.values())
    if empty:
        raise ValueError(f"a layer without a file: {', '.join(sorted(empty))}")
    imports = {module: _imports(module, file, modules) for module, file in modules.items()}
    pairs = [
        Arrow(str(room_of[importer]), str(room_of[imported]))
        for importer, found in imports.items()
        for imported in found
        if importer in room_of and imported in room_of
    ]
    return Rooms(
        layers=layers,
        purpose={room: _first_line(modules[room]) for room in sorted(rooms)},
        files=dict(Counter(str(room) for room in room_of.values())),
        arrows=dict(Counter(a for a in sorted(pairs) if a.importer != a.imported)),
        circles=_circles(imports),
    )


def _module(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str, rooms: set[str]) -> str | None:
    """Return the innermost room that holds a module."""
    parts = module.split(".")
    outward = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((name for name in outward if name in rooms), None)


def _first_line(file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _imports(module: str, file: Path, modules: dict[str, Path]) -> set[str]:
    """Return our own modules that a file imports, wherever in it the import stands."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                start = ".".join([*above, start] if start else above)
            # `from package import name` imports the module of that name, if there is one.
            inner = [f"{start}.{alias.name}" for alias in node.names]
            names = [name if name in modules else start for name in inner]
        else:
            continue
        found.update(name for name in names if name in modules and name != module)
    return found


def _circles(imports: dict[str, set[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the files that can be reached from themselves, grouped by who reaches whom."""
    reached = {module: _reached(module, imports) for module in imports}
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in imports
        if module in reached[module]
    }
    return tuple(sorted(groups))


def _reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(imports[start])
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting.extend(imports[module])
    return seen


# ---- what page and pictures must say


def width_class(imports: int) -> int:
    """Return the class by which an arrow's width is drawn: 1 (up to 3 imports), 2 (to 11), 3."""
    return 1 if imports <= 3 else 2 if imports <= 11 else 3


def description(rooms: Rooms) -> str:
    """Return in words what the picture of rooms shows; it is kept in the picture itself."""
    lines = ["rooms: " + "; ".join(" | ".join(layer) for layer in rooms.layers)]
    lines += [
        f"{a.importer} -> {a.imported}: {width_class(n)}" for a, n in sorted(rooms.arrows.items())
    ]
    lines += [f"purpose of {room}: {rooms.purpose[room]}" for room in rooms.order]
    lines += [f"circle: {' '.join(circle)}" for circle in rooms.circles]
    return "\n".join(lines)


def way_description() -> str:
    """Return in words what the picture of the straight way shows."""
    return "\n".join(f"{s.noun}: {s.what}; {s.made_by} {s.where}" for s in STRAIGHT_WAY)


def tables(rooms: Rooms) -> dict[str, str]:
    """Return the generated parts of the page by the name of their mark."""
    rows = ["| room | what it holds | imports |", "|---|---|---|"]
    for room in rooms.order:
        named = [a.imported for a in rooms.arrows if a.importer == room]
        imported = ", ".join(f"`{_short(r)}`" for r in rooms.order if r in named) or "nothing"
        rows.append(f"| `{path_of(room)}` | {rooms.purpose[room]} | {imported} |")
    upward = [a for a in rooms.arrows if not rooms.points_down(a)]
    state = (
        f"{len(rooms.order)} rooms, {len(rooms.arrows)} arrows; arrows that do not point down: "
        f"{len(upward)}; circles of files: {len(rooms.circles)}."
    )
    return {"rooms": "\n".join([*rows, "", state])}


def path_of(room: str) -> str:
    """Return a room as a path, as readers look for it."""
    path = room.replace(".", "/")
    return path if (REPOSITORY / path).is_dir() else f"{path}.py"


def _short(room: str) -> str:
    return room.removeprefix("simulator.")


def with_tables(page: str, rooms: Rooms) -> str:
    """Return the page with its generated parts replaced."""
    for name, text in tables(rooms).items():
        between = re.compile(rf"(<!-- {name}: .*? -->\n).*?(\n<!-- end of {name} -->)", re.DOTALL)
        page, found = between.subn(lambda m, t=text: m[1] + t + m[2], page)
        if found != 1:
            raise ValueError(f"{PAGE} has {found} places for its table of {name}")
    return page


def problems(root: Path) -> Iterator[str]:
    """Say where page or pictures differ from the code."""
    rooms = read_rooms(root)
    page = (root / PAGE).read_text(encoding="utf-8")
    if with_tables(page, rooms) != page:
        yield f"{PAGE}: its tables are not those of the code; {REMEDY}"
    for picture, shown in ((ROOMS_PICTURE, description(rooms)), (WAY_PICTURE, way_description())):
        svg = (root / f"{picture}.svg").read_text(encoding="utf-8")
        if _escaped(shown) not in svg:
            yield f"{picture}.svg: it shows something else than the code; {REMEDY}"
        if shown.encode("latin-1", "replace") not in (root / f"{picture}.png").read_bytes():
            yield f"{picture}.png: it shows something else than the code; {REMEDY}"
    for step in STRAIGHT_WAY:
        yield from _missing(root, rooms, step)


def _missing(root: Path, rooms: Rooms, step: Step) -> Iterator[str]:
    """Say where a step of the straight way names what the code does not hold."""
    if step.where.endswith(".py"):
        tree = ast.parse((root / step.where).read_text(encoding="utf-8"))
        if step.made_by not in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}:
            yield f"the straight way: {step.where} has no function {step.made_by}"
    elif step.where and step.where not in rooms.order:
        yield f"the straight way: there is no room {step.where}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ---- drawing, in points; y runs downward

INK, BAND, BOX, RED = "#222222", "#f3f3f3", "#dedede", "#c00000"
LEFT, PITCH, NODE_WIDTH, NODE_HEIGHT, TOP = 292.0, 40.0, 34.0, 26.0, 58.0
WIDTHS = {1: 0.6, 2: 1.3, 3: 2.4}


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    return figure, axes


def draw_rooms(rooms: Rooms) -> Any:
    """Draw the rooms down a diagonal: an arrow runs right from its room, then down to the other.

    No line can pass through a room or its label, since both lie on and below the diagonal. An arrow
    that does not point down runs the same way backwards, in red.
    """
    order = rooms.order
    count = len(order)
    width, height = LEFT + PITCH * count + 8, TOP + PITCH * count + 34
    figure, axes = _canvas(width, height)
    axes.text(12, 20, "The rooms, and who imports whom", size=12, weight="bold", color=INK)
    axes.text(12, 36, "From a room to the right, then down to what it imports.", size=8, color=INK)
    _draw_bands(axes, rooms, width)
    for place, room in enumerate(order):
        _draw_room(axes, rooms, room, *_corner(place))
    for arrow, line in routes(rooms).items():
        down = rooms.points_down(arrow)
        width = WIDTHS[width_class(rooms.arrows[arrow])]
        _draw_arrow(axes, line, width if down else max(width, WIDTHS[2]), down)
    _draw_key(axes, height - 16)
    if rooms.circles:
        told = "; ".join(", ".join(circle) for circle in rooms.circles)
        text = textwrap.fill(f"Circles of files: {told}", 110)
        axes.text(12, height - 30, text, size=7, color=RED, va="bottom")
    return figure


def _corner(place: int) -> tuple[float, float]:
    return LEFT + PITCH * place, TOP + PITCH * place


def _draw_room(axes: Any, rooms: Rooms, room: str, x: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    box = Rectangle((x, y), NODE_WIDTH, NODE_HEIGHT, fc=BOX, ec=INK, lw=0.9)
    axes.add_patch(box)
    files = rooms.files[room]
    axes.text(
        x + NODE_WIDTH / 2, y + NODE_HEIGHT / 2, f"{files}", size=8, color=INK, ha="center",
        va="center",
    )  # fmt: skip
    axes.text(x - 9, y + 3, _short(room), size=9, weight="bold", color=INK, ha="right", va="center")
    purpose = textwrap.wrap(rooms.purpose[room], 68)
    for number, text in enumerate(purpose[:2]):
        axes.text(x - 9, y + 14 + 9.5 * number, text, size=7, color=INK, ha="right", va="center")


def _draw_bands(axes: Any, rooms: Rooms, width: float) -> None:
    """Shade every second layer, behind all else: rooms of one layer stand in one band."""
    from matplotlib.patches import Rectangle

    place = 0
    for number, layer in enumerate(rooms.layers):
        if number % 2:
            top = _corner(place)[1] - (PITCH - NODE_HEIGHT) / 2
            axes.add_patch(Rectangle((0, top), width, PITCH * len(layer), fc=BAND, ec="none"))
        place += len(layer)


def routes(rooms: Rooms) -> dict[Arrow, list[tuple[float, float]]]:
    """Return the corners of each arrow; those that share a room's side keep apart.

    At the right side of the upper room the farthest goes at the top, at the top side of the lower
    room the one from farthest above at the right: so arrows of one room do not cross each other.
    """
    place = {room: number for number, room in enumerate(rooms.order)}
    ends = {a: tuple(sorted((place[a.importer], place[a.imported]))) for a in rooms.arrows}
    farthest_first = sorted(ends, key=lambda a: (-ends[a][1], a))
    latest_first = sorted(ends, key=lambda a: (-ends[a][0], a))
    lines = {}
    for arrow, (upper, lower) in ends.items():
        beside = [a for a in farthest_first if ends[a][0] == upper]
        above = [a for a in latest_first if ends[a][1] == lower]
        y = _corner(upper)[1] + _slot(beside.index(arrow), len(beside), NODE_HEIGHT)
        x = _corner(lower)[0] + _slot(above.index(arrow), len(above), NODE_WIDTH)
        line = [(_corner(upper)[0] + NODE_WIDTH, y), (x, y), (x, _corner(lower)[1])]
        lines[arrow] = line if rooms.points_down(arrow) else line[::-1]
    return lines


def _slot(number: int, slots: int, length: float) -> float:
    return length * (number + 1) / (slots + 1)


def _draw_arrow(
    axes: Any, line: Sequence[tuple[float, float]], width: float, downward: bool
) -> None:
    from matplotlib.patches import Polygon

    colour = INK if downward else RED
    (x1, y1), (x, y) = line[-2], line[-1]
    long, half = 5.0, 1.4 + 0.5 * width
    dx, dy = (x > x1) - (x < x1), (y > y1) - (y < y1)
    back = (x - long * dx, y - long * dy)
    xs, ys = zip(*[*line[:-1], back], strict=True)
    style = "-" if downward else (0, (4, 2))
    above = 1 if downward else 2
    axes.plot(xs, ys, color=colour, lw=width, ls=style, solid_joinstyle="round", zorder=above)
    wings = [(back[0] + half * dy, back[1] + half * dx), (back[0] - half * dy, back[1] - half * dx)]
    axes.add_patch(Polygon([(x, y), *wings], fc=colour, ec="none", zorder=3))


def _draw_key(axes: Any, y: float) -> None:
    x = 12.0
    shown = [("1 to 3 imports", 1), ("4 to 11", 2), ("12 or more", 3)]
    for text, which in shown:
        axes.plot([x, x + 22], [y, y], color=INK, lw=WIDTHS[which])
        axes.text(x + 27, y, text, size=7.5, va="center", color=INK)
        x += 46 + 4.4 * len(text)
    axes.plot([x, x + 22], [y, y], color=RED, lw=1.3, ls=(0, (4, 2)))
    axes.text(x + 27, y, "not downward: forbidden", size=7.5, va="center", color=INK)
    text = "A band is a layer, whose rooms are strangers. In a box: its Python files."
    axes.text(x + 146, y, text, size=7.5, va="center", color=INK)


def draw_way() -> Any:
    """Draw the things on the straight way one below the other, and what makes each."""
    from matplotlib.patches import Rectangle

    step, tall, x, wide = 58.0, 30.0, 16.0, 150.0
    figure, axes = _canvas(500, 24 + step * len(STRAIGHT_WAY))
    axes.text(16, 22, "The straight way", size=12, weight="bold", color=INK)
    for number, thing in enumerate(STRAIGHT_WAY):
        y = 40 + step * number
        axes.add_patch(Rectangle((x, y), wide, tall, fc=BOX, ec=INK, lw=0.9))
        middle = y + tall / 2
        axes.text(
            x + wide / 2, middle, thing.noun, size=9, weight="bold", ha="center", va="center",
            color=INK,
        )  # fmt: skip
        axes.text(x + wide + 14, middle, thing.what, size=8.5, va="center", color=INK)
        if number:
            top = y - (step - tall)
            _draw_arrow(axes, [(x + wide / 2, top), (x + wide / 2, y)], 1.3, True)
            made = f"{thing.made_by}()   " if thing.made_by else ""
            told = made + (thing.where if thing.made_by else path_of(thing.where))
            axes.text(x + wide / 2 + 10, (top + y) / 2, told, size=7.5, va="center", color=INK)
    return figure


def save(figure: Any, picture: Path, shown: str) -> None:
    """Write a figure as SVG and PNG, the same bytes each time, with what it shows inside it."""
    import matplotlib

    settings = {"svg.hashsalt": "trialsim", "font.family": "DejaVu Sans"}
    with matplotlib.rc_context(settings):
        figure.savefig(picture.with_suffix(".svg"), metadata={"Date": None, "Description": shown})
        figure.savefig(
            picture.with_suffix(".png"), dpi=144, metadata={"Software": None, "Description": shown}
        )


def write(root: Path) -> None:
    """Write pictures and tables."""
    import matplotlib

    rooms = read_rooms(root)
    page = root / PAGE
    page.write_text(with_tables(page.read_text(encoding="utf-8"), rooms), encoding="utf-8")
    with matplotlib.rc_context({"font.family": "DejaVu Sans"}):
        save(draw_rooms(rooms), root / ROOMS_PICTURE, description(rooms))
        save(draw_way(), root / WAY_PICTURE, way_description())


def main() -> int:
    """Write, or with `--check` look whether there is anything to write."""
    if sys.argv[1:] == ["--check"]:
        found = list(problems(REPOSITORY))
        print("\n".join(found) or "the page and its pictures are those of the code")
        return 1 if found else 0
    write(REPOSITORY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
