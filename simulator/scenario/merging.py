"""What a scenario makes of the one that it extends: two trees of nodes become one."""

from collections.abc import Sequence

from simulator.declarations.keys import key_path
from simulator.scenario.errors import Problem, nearest, shown
from simulator.scenario.yaml_reader import Node

# Lists whose items have names, and the key that holds the name.
NAMED_LISTS: dict[tuple[str, ...], str] = {
    ("accrual", "sites"): "name",
    ("candidates", "variables"): "name",
    ("eligibility", "criteria"): "label",
    ("modalities",): "name",
    ("arms",): "name",
    ("analyses",): "name",
    ("multiplicity",): "name",
    ("decision", "options"): "name",
    ("ranges",): "name",
}
# Where an item has no such key, the key whose value is its name.
_DEFAULT_NAMES: dict[tuple[str, ...], str] = {("analyses",): "test"}
# Mappings whose keys are names that the scenario chose: a child that names others means only those.
_KEYED_BY_NAME = ("mortality_targets", "per_session")
# Keys whose word says what a mapping is: where it changes, the mapping is another thing.
KINDS = ("kind", "test", "method")

Path = tuple[str, ...]


class Merger:
    """Lays files over one another; `problems` has what cannot be done."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def over(self, parent: Node | None, child: Node, path: Path = ()) -> Node:
        """Return a child laid over its parent, None being nothing: the parent stays as it is.

        Mappings are merged key by key; a list, or a single value, is as the child has it. A mapping
        in place of a list whose items have names changes the items that it names, adds those that
        the list has not, and removes those that it sets to null. A mapping of another kind is
        another thing and replaces its parent's whole; the options of another `scheme` are its own.
        """
        if not isinstance(child.value, dict):
            return child
        if path in NAMED_LISTS:
            return self._by_name(parent, child, path)
        held = parent.value if parent is not None and isinstance(parent.value, dict) else {}
        if any(_differ(child.value, held, kind) for kind in KINDS):
            held = {}
        value = dict(held)
        if _differ(child.value, held, "scheme"):
            value.pop("options", None)
        for key, node in child.value.items():
            before = value.get(key) if key not in _KEYED_BY_NAME else None
            value[key] = self.over(before, node, (*path, key))
        return Node(value, child.file, child.line, child.last_line, child.comment)

    def _by_name(self, parent: Node | None, child: Node, path: Path) -> Node:
        """Return the list that a mapping by name makes of its parent's."""
        name_key = NAMED_LISTS[path]
        held = parent.value if parent is not None and isinstance(parent.value, list) else []
        items = list(held)
        names = [_name(item, name_key, _DEFAULT_NAMES.get(path, "")) for item in items]
        for name, node in child.value.items():
            place = names.index(name) if name in names else None
            if node.value is None and place is None:
                self._nothing_to_remove((*path, name), node, names)
            elif node.value is None and place is not None:
                del items[place], names[place]
            elif isinstance(node.value, dict) and name_key in node.value:
                self._named_twice((*path, name, name_key), node.value[name_key])
            else:
                before = None if place is None else items[place]
                item = self._named(self.over(before, node, (*path, "")), name_key, name)
                if place is None:
                    items.append(item)
                    names.append(name)
                else:
                    items[place] = item
        return Node(items, child.file, child.line, child.last_line, child.comment)

    def _named(self, item: Node, name_key: str, name: str) -> Node:
        """Return an item under its name, as a list would have it."""
        if isinstance(item.value, dict) and name_key not in item.value:
            named = Node(name, item.file, item.line, None, item.comment)
            item.value = {name_key: named, **item.value}
        return item

    def _nothing_to_remove(self, path: Path, node: Node, names: Sequence[str]) -> None:
        near = nearest(path[-1], names)
        listed = ", ".join(names) if names else "none"
        remedy = f"did you mean {near}?" if near else f"known are {listed}"
        rule = "null removes an item of this name, and there is none"
        self.problems.append(Problem(node.file, node.line, key_path(path), "null", rule, remedy))

    def _named_twice(self, path: Path, node: Node) -> None:
        value = shown(node.value) if not isinstance(node.value, dict | list) else ""
        rule = "the item's name is the key that it stands under"
        remedy = f"leave {path[-1]} out, or write the items as a list"
        self.problems.append(Problem(node.file, node.line, key_path(path), value, rule, remedy))


def _name(item: Node, name_key: str, default_key: str) -> str:
    """Name of an item; empty where it has none, which loading will say."""
    held = item.value if isinstance(item.value, dict) else {}
    named = held.get(name_key, held.get(default_key))
    return named.value if named is not None and isinstance(named.value, str) else ""


def _differ(child: dict[str, Node], parent: dict[str, Node], key: str) -> bool:
    return key in child and key in parent and child[key].value != parent[key].value
