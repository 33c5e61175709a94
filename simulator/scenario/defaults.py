"""What the schema fills in where a file, and those that it extends, say nothing."""

from typing import Any

from pydantic import BaseModel

from simulator.scenario.yaml_reader import Node


def filled(node: Node, part: Any) -> Node:
    """Return a tree of nodes with what the schema filled in, marked as its default.

    Parameters
    ----------
    node
        As the files have it.
    part
        What the schema made of it: a model, a list of them, or a plain value.
    """
    if isinstance(part, BaseModel) and isinstance(node.value, dict):
        value: Any = _filled_mapping(node, {k: getattr(part, k) for k in type(part).model_fields})
    elif isinstance(part, dict) and isinstance(node.value, dict):
        value = _filled_mapping(node, part)
    elif isinstance(part, list) and isinstance(node.value, list):
        value = [filled(child, item) for child, item in zip(node.value, part, strict=True)]
    else:
        return node
    return Node(value, node.file, node.line, node.last_line, node.comment, node.is_default)


def _filled_mapping(node: Node, parts: dict[str, Any]) -> dict[str, Node]:
    value = {key: filled(child, parts[key]) for key, child in node.value.items()}
    for key, part in parts.items():
        if key not in value:
            value[key] = nodes_of(plain(part), node.file, node.line, is_default=True)
    return value


def nodes_of(value: Any, file: str, line: int = 0, *, is_default: bool = False) -> Node:
    """Return a plain value as a tree of nodes that stand at one line of a file."""
    held = value
    if isinstance(value, dict):
        held = {
            key: nodes_of(item, file, line, is_default=is_default) for key, item in value.items()
        }
    elif isinstance(value, list | tuple):
        held = [nodes_of(item, file, line, is_default=is_default) for item in value]
    return Node(held, file, line, None, "", is_default)


def plain(part: Any) -> Any:
    """Return a part of a scenario as a file would hold it."""
    if isinstance(part, BaseModel):
        return {key: plain(getattr(part, key)) for key in type(part).model_fields}
    if isinstance(part, dict):
        return {key: plain(item) for key, item in part.items()}
    if isinstance(part, list | tuple):
        return [plain(item) for item in part]
    return part
