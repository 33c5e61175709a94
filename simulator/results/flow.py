"""Values on one line, as a scenario file may write them: YAML's flow style."""

import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[^\W\d][\w +./()-]*", re.ASCII)  # text that needs no quotes within brackets
_WORDS = {None: "null", True: "true", False: "false"}


def flow(value: Any) -> str:
    """Return a value on one line: `[1, 1]`, `{randomised_per_month: 2}`, null, text as it is."""
    return value if isinstance(value, str) else yaml_value(value)


def yaml_value(value: Any) -> str:
    """Return a value as YAML has it anywhere on a line: as `flow`, with quotes where text needs it.

    Text without control characters, as a scenario holds it.
    """
    if isinstance(value, Mapping):
        pairs = (f"{yaml_value(key)}: {yaml_value(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(yaml_value, value))}]"
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, str) and (not _BARE.fullmatch(value) or value in _WORDS.values()):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
