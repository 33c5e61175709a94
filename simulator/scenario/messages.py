"""What pydantic finds wrong, in the terms of the file."""

import difflib
import re
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from simulator.scenario.document import Key, Node, find
from simulator.scenario.errors import Problem, RuleError
from simulator.scenario.schema import Scenario

_TYPES = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "date_type": "must be a date, as 2022-08-12",
    "date_from_datetime_inexact": "must be a date, as 2022-08-12",
    "date_from_datetime_parsing": "must be a date, as 2022-08-12",
    "finite_number": "must be a finite number",
    "none_required": "must be null",
    "string_too_short": "must not be empty",
}
_LONGEST_VALUE = 60


def problems_of(error: ValidationError, tree: Node) -> list[Problem]:
    """Return a problem for each key at which pydantic found one, in the order of the file."""
    found: dict[Key, list[tuple[str, str]]] = {}
    for item in error.errors():
        key = _key(tree, item["loc"])
        rule, remedy = _rule(item, key)
        if isinstance(item.get("ctx", {}).get("error"), RuleError):
            key += parts(item["ctx"]["error"].key)
        elif item["type"] in ("union_tag_invalid", "union_tag_not_found"):
            key += ("kind",)
        found.setdefault(key, []).append((rule, remedy))
    problems = []
    for key, said in found.items():
        rule = " or ".join(dict.fromkeys(rule for rule, _ in said))
        remedy = next((remedy for _, remedy in said if remedy), "")
        problems.append(problem_at(tree, key, rule, remedy))
    return sorted(problems, key=lambda problem: (problem.file, problem.line))


def problem_at(tree: Node, key: Key, rule: str, remedy: str) -> Problem:
    """Place a problem in the file: at the key or, if it is missing, at what should hold it."""
    node, there = find(tree, key)
    value = _shown(node.value) if there else ""
    return Problem(node.file, node.line, text_of(key), value, rule, remedy)


def parts(key: str) -> Key:
    """Split a key as a user writes it: `arms[1].plan` has the parts arms, 1, plan."""
    return tuple(
        int(index) if index else name
        for name, index in re.findall(r"([^.\[\]]+)(?![^\[]*\])|\[(\d+)\]", key)
    )


def text_of(key: Key) -> str:
    """Key as a user writes it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ""
    if isinstance(value, list):
        text = "[" + ", ".join(_shown(item.value) or "{...}" for item in value) + "]"
    elif value is None:
        text = "null"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _key(tree: Node, location: tuple[int | str, ...]) -> Key:
    """Location without the names that pydantic gives to the branches of a union."""
    node, key = tree, []
    for part in location:
        if isinstance(node.value, dict) and part in node.value:
            node = node.value[str(part)]
        elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node.value, dict) and part == location[-1] and not _is_branch(node, part):
            pass  # a key that is missing
        else:
            continue
        key.append(part)
    return tuple(key)


def _is_branch(node: Node, part: int | str) -> bool:
    kind = node.value.get("kind") if isinstance(node.value, dict) else None
    return kind is not None and kind.value == part


def _rule(item: Any, key: Key) -> tuple[str, str]:
    """Rule and remedy in words."""
    kind, context = item["type"], item.get("ctx", {})
    if isinstance(context.get("error"), RuleError):
        return context["error"].rule, context["error"].remedy
    if kind == "missing":
        return "must be given, here or in the scenario that it extends", f"add {key[-1]}"
    if kind == "extra_forbidden":
        return "unknown key", _nearest(str(key[-1]), _fields_at(item["loc"][:-1]))
    for name, sign in (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<=")):
        if name in context:
            return f"must be {sign} {context[name]:g}", "check its sign and unit"
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(context.get("expected", context.get("expected_tags")))
        words = re.findall(r"'([^']*)'", expected)
        given = item["input"].get("kind") if isinstance(item["input"], dict) else item["input"]
        return f"must be one of {', '.join(words)}", _nearest(str(given), words, "")
    if kind == "union_tag_not_found":
        return "must be given: it says which kind of thing this is", "add kind"
    if kind == "too_short":
        return f"needs {context['min_length']} or more items", "add what is missing"
    if kind == "too_long":
        return f"takes {context['max_length']} items at most", "remove some"
    if kind == "string_too_long":
        return f"takes {context['max_length']} characters at most", "shorten it"
    quoted = kind in ("float_type", "int_type") and isinstance(item["input"], str)
    return _TYPES.get(kind, str(item["msg"]).lower()), (
        "write it without quotes or unit" if quoted else "trialsim schema describes every key"
    )


def _nearest(word: str, known: list[str], otherwise: str = "remove it") -> str:
    near = difflib.get_close_matches(word, known, 1, 0.6)
    if near:
        return f"did you mean {near[0]}?"
    if otherwise and known:
        return f"{otherwise}; known keys are {', '.join(known)}"
    return otherwise


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """Keys of the model at a location of pydantic's."""
    models: list[type[BaseModel]] = [Scenario]
    for part in location:
        fields = [m.model_fields[part] for m in models if part in m.model_fields]
        if fields:
            models = [m for field in fields for m in _models_in(field.annotation)]
        elif isinstance(part, str):
            tagged = [m for m in models if _kind_of(m) == part]
            models = tagged or models
    return list(dict.fromkeys(name for m in models for name in m.model_fields)) + (
        ["extends"] if not location else []
    )


def _kind_of(model: type[BaseModel]) -> object:
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation)[0] if kind else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
