"""The tree of a text, parsed once: a file that was read before takes milliseconds, not a tenth.

Only what is right as YAML is kept, under a digest of the text and of the program. Whether it makes
a scenario is checked every time.
"""

import hashlib
import importlib.util
from datetime import date
from pathlib import Path
from typing import Any

from simulator.caches import MODEL_DIGEST, digest_folder, keep, read_kept
from simulator.scenario.errors import Problem
from simulator.scenario.yaml_reader import Node, Reader


def read_tree(text: str, file: str) -> tuple[Node, list[Problem]]:
    """Return the tree of a file's text, and what is wrong with it as YAML.

    Parameters
    ----------
    file
        What its nodes and messages call it.

    Raises
    ------
    ScenarioError
        If there is no tree to go on with.
    """
    kept = _place(text)
    plain = read_kept(kept)
    if plain is not None:
        return _node(plain, file), []
    reader = Reader(text, file)
    root = reader.root()
    if not reader.problems:
        keep(kept, _plain(root))
    return root, reader.problems


def _place(text: str) -> Path:
    """Where the tree of a text is kept: a name made of it, the program and the parser."""
    digest = hashlib.sha256(f"{MODEL_DIGEST} {_parser()} ".encode())
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest_folder("trees", MODEL_DIGEST) / f"{digest.hexdigest()[:32]}.json"


def _parser() -> str:
    """Tell one installed version of the parser from another, without importing it."""
    found = importlib.util.find_spec("ruamel.yaml")
    origin = found.origin if found else None
    return f"{origin} {Path(origin).stat().st_mtime_ns}" if origin else ""


def _plain(node: Node) -> list[Any]:
    value: Any = node.value
    if isinstance(value, dict):
        value = {key: _plain(child) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_plain(child) for child in value]
    elif isinstance(value, date):
        value = value.isoformat()
    return [value, node.line, node.last_line, node.comment, isinstance(node.value, date)]


def _node(plain: list[Any], file: str) -> Node:
    value, line, last_line, comment, is_date = plain
    if is_date:
        value = date.fromisoformat(value)
    elif isinstance(value, dict):
        value = {key: _node(child, file) for key, child in value.items()}
    elif isinstance(value, list):
        value = [_node(child, file) for child in value]
    return Node(value, file, line, last_line, comment)
