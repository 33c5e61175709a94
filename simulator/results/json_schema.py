"""JSON Schema of answers, made from their types."""

import dataclasses
from typing import Any

from simulator.results.base import Answer, kept_fields


def answer_schema(kind: type[Answer]) -> dict[str, Any]:
    """Return the JSON Schema of the JSON of an answer.

    A number that does not exist is null, which each number allows.
    """
    from pydantic import TypeAdapter

    whole = TypeAdapter(kind).json_schema()
    kept = {f.name for f in kept_fields(kind)}
    fields = {name: part for name, part in whole["properties"].items() if name in kept}
    head = {
        "kind": {"const": kind.KIND},
        "schema_version": {"const": kind.SCHEMA_VERSION},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_with_nulls(whole),
        "properties": head | _with_nulls(fields),
        "required": [*head, *(f.name for f in dataclasses.fields(kind) if f.name in kept)],
    }


def _with_nulls(part: Any) -> Any:
    """Let every number be null too."""
    if isinstance(part, list):
        return [_with_nulls(item) for item in part]
    if not isinstance(part, dict):
        return part
    found = {key: _with_nulls(item) for key, item in part.items()}
    return found | {"type": ["number", "null"]} if part.get("type") == "number" else found
