"""The schema of a scenario file for editors, which complete and check keys as they are typed."""

from typing import Any

from simulator.scenario.errors import EXTENDS
from simulator.scenario.merging import NAMED_LISTS
from simulator.scenario.schema import Scenario

_NOTE = (
    "A trial to simulate. No key is required here, since a file may take any of them from the "
    f"scenario that it {EXTENDS}; a file that extends none must give every key that has no "
    "default. Loading checks that, and the rules between keys, which this schema does not hold."
)
_NAMED = {path[-1] for path in NAMED_LISTS}
_EXTENDS = {
    "type": "string",
    "minLength": 1,
    "description": "a shipped scenario's name, or a path relative to this file: mappings are "
    "merged key by key (replaced where their kind differs), lists and single values are replaced; "
    "a mapping in place of a list of named items changes those that it names, adds others, and "
    "removes those set to null",
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file, `extends` included.

    A file that loads is valid under it; the reverse need not hold, for nothing is required and
    rules between keys are left to loading.
    """
    schema: dict[str, Any] = _relaxed(Scenario.model_json_schema())
    for model in (schema, *schema["$defs"].values()):
        for key in _NAMED & model.get("properties", {}).keys():
            model["properties"][key] = _or_by_name(model["properties"][key])
    schema["properties"] = {EXTENDS: _EXTENDS, **schema["properties"]}
    schema["description"] = _NOTE
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _or_by_name(schema: dict[str, Any]) -> dict[str, Any]:
    """Let a list of named items be a mapping by name too, in which null removes an item."""
    branches = schema.get("anyOf", [schema])
    items = next((b["items"] for b in branches if b.get("type") == "array"), None)
    if items is None or items.get("type") == "string":
        return schema  # a list of names
    by_name = {
        "type": "object",
        "description": "items by name, laid over those of the scenario that this one extends",
        "additionalProperties": {"anyOf": [items, {"type": "null"}]},
    }
    kept = ("title", "description", "default")
    return {**{key: schema[key] for key in kept if key in schema}, "anyOf": [*branches, by_name]}


def _relaxed(part: Any, *, names: bool = False) -> Any:
    """Drop what demands a key; `names`: the part's keys are names of properties or definitions.

    Without a required `kind`, several alternatives may hold at once: oneOf becomes anyOf.
    """
    if isinstance(part, list):
        return [_relaxed(item) for item in part]
    if not isinstance(part, dict):
        return part
    relaxed = {}
    for key, value in part.items():
        if not names and key in ("required", "discriminator"):
            continue
        name = "anyOf" if key == "oneOf" and not names else key
        relaxed[name] = _relaxed(value, names=not names and key in ("properties", "$defs"))
    return relaxed
