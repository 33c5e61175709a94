"""What pydantic finds wrong, in the terms of the file."""

import math
import types
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from simulator.declarations.keys import SHORT, joined, key_path
from simulator.declarations.parts import FOLLOWS
from simulator.declarations.unsupported import MORE_ARMS, unsupported
from simulator.scenario.errors import EXTENDS, nearest


class Finding(NamedTuple):
    """A problem before its place in a file is known.

    `cross_check`: it is of several values. `follows`: the key's default is another's value.
    """

    key: str
    rule: str
    remedy: str
    cross_check: bool
    follows: bool = False


def findings(errors: Sequence[ErrorDetails], model: type[BaseModel]) -> list[Finding]:
    """Say in words what pydantic found, at the keys of the file rather than of its own branches.

    Parameters
    ----------
    errors
        What `ValidationError.errors()` gives.
    model
        The model that was validated.

    Returns
    -------
    list of Finding
        One for each key, or each broken rule, that is wrong. A missing key is left out where an
        unknown key in the same mapping is most likely its misspelling.
    """
    groups: dict[tuple[str, bool], list[tuple[ErrorDetails, _Place]]] = {}
    for error in errors:
        place = _place(error, model)
        missing = error["type"] in ("missing", "union_tag_not_found")
        groups.setdefault((place.key, missing), []).append((error, place))
    absent = {key for key, missing in groups if missing}
    misspelt = set()
    for (error, place), *_ in groups.values():
        if error["type"] == "extra_forbidden" and unsupported(place.name) is None:
            misspelt.add(joined(place.parent, _likely_key(place, absent)))
    found: list[Finding] = []
    for (key, missing), group in groups.items():
        if not missing or (key not in misspelt and EXTENDS not in misspelt):
            follows = _follows(group[0][1].field)
            found.extend(f._replace(follows=follows) for f in _findings_at(group, absent))
    return found


def _follows(field: FieldInfo | None) -> bool:
    extra = field.json_schema_extra if field is not None else None
    return isinstance(extra, dict) and FOLLOWS in extra


class _Place(NamedTuple):
    """Where an error is: its key, what is expected there, and the model and field it is in."""

    key: str
    parent: str  # key of what holds it
    name: str  # the key's last step, which may itself have dots
    expected: Any
    model: type[BaseModel]
    field: FieldInfo | None


_UNIONS: tuple[Any, ...] = (Union, types.UnionType)


def _members(annotation: Any) -> list[Any]:
    """Members of a union, or the type itself; None, if allowed, is a member."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in _UNIONS:
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]


# Keys whose word says which model of a union a mapping is.
_TAGS = ("kind", "test", "method")


def _tag(model: type[BaseModel]) -> str:
    """The key that tells a model from the others of its union; empty if it is in none."""
    return next((name for name in _TAGS if name in model.model_fields), "")


def _kinds(members: Iterable[Any]) -> dict[str, type[BaseModel]]:
    """The models of a union by the words of their tag, as `kind`."""
    models = [m for m in members if isinstance(m, type) and issubclass(m, BaseModel)]
    return {
        word: model
        for model in models
        if _tag(model)
        for word in get_args(model.model_fields[_tag(model)].annotation)
    }


def _place(error: ErrorDetails, root: type[BaseModel]) -> _Place:
    """Follow an error's location through the schema, dropping the names of pydantic's branches."""
    steps: list[str | int] = []
    expected: Any = root
    model, field = root, None
    for step in error["loc"]:
        members = [member for member in _members(expected) if member is not type(None)]
        kinds = _kinds(members)
        if len(set(kinds.values())) > 1:
            expected = model = kinds[str(step)]
            continue
        if len(members) > 1:  # a union of plain types: what follows names the branch
            break
        container = members[0]
        if isinstance(container, type) and issubclass(container, BaseModel):
            model, field = container, container.model_fields.get(str(step))
            expected = field.annotation if field else None
        else:
            arguments = get_args(container)
            expected = arguments[-1] if arguments else None
        steps.append(step)
    if error["type"].startswith("union_tag"):
        steps.append(_tag(next(iter(_kinds(_members(expected)).values()))))
    name = str(steps[-1]) if steps else ""
    return _Place(key_path(steps), key_path(steps[:-1]), name, expected, model, field)


def _findings_at(group: list[tuple[ErrorDetails, _Place]], absent: set[str]) -> Iterator[Finding]:
    error, place = group[0]
    kind = error["type"]
    if kind == "value_error":
        broken = error["ctx"]["error"]
        where = joined(place.key, getattr(broken, "key", ""))
        remedy = getattr(broken, "remedy", "") or _LAST_REMEDY
        yield Finding(where, str(broken), remedy, cross_check=True)
    elif kind in ("missing", "union_tag_not_found"):
        yield _missing(place)
    elif kind == "extra_forbidden":
        yield _unknown(place, absent)
    elif kind == "union_tag_invalid":
        choices = list(_kinds(_members(place.expected)))
        tag = str(error["ctx"]["tag"])
        yield Finding(
            place.key,
            f"must be one of {', '.join(choices)}",
            _suggestion(tag, choices) or "use one of these words",
            False,
        )
    elif kind == "string_pattern_mismatch":
        yield Finding(place.key, "has characters that it may not have", _meaning(place), False)
    elif kind == "too_long" and place.key in _BY_ARM:
        yield Finding(place.key, MORE_ARMS.rule, MORE_ARMS.instead, cross_check=False)
    elif kind.endswith(("too_short", "too_long")):
        yield Finding(place.key, _length(error), _meaning(place), cross_check=False)
    else:
        yield _not_expected([error for error, _ in group], place)


def _missing(place: _Place) -> Finding:
    kinds = list(_kinds(_members(place.expected)))
    choices = f": one of {', '.join(kinds)}" if len(kinds) > 1 else ""
    remedy = f"add {place.name}{choices}"
    if not choices and place.field is not None and place.field.description:
        remedy += f" ({place.field.description})"
    return Finding(
        place.key,
        "must be given, here or in a scenario that this one extends: it has no default",
        remedy,
        False,
    )


_BY_ARM = "arms", "allocation.ratio"  # lists of an item per arm


def _likely_key(place: _Place, absent: set[str]) -> str:
    """Known key that an unknown one was most likely to be, those not given first."""
    known = [*place.model.model_fields, *([] if place.parent else [EXTENDS])]
    not_given = [key for key in known if joined(place.parent, key) in absent]
    return nearest(place.name, not_given) or nearest(place.name, known)


def _unknown(place: _Place, absent: set[str]) -> Finding:
    feature = unsupported(place.name)
    # A key of this very part, as margin_points, is meant rather than a feature.
    if feature is not None and not any(place.name in key for key in place.model.model_fields):
        return Finding(place.key, feature.rule, feature.instead, cross_check=False)
    if place.key in SHORT:
        remedy = f"it is short for {SHORT[place.key]} in commands; write that in a file"
        return Finding(place.key, "unknown key", remedy, cross_check=False)
    meant = _likely_key(place, absent)
    known = ", ".join(place.model.model_fields)
    remedy = f"did you mean {meant}?" if meant else f"known here are {known}"
    return Finding(place.key, "unknown key", remedy, cross_check=False)


def _suggestion(word: str, choices: Sequence[str]) -> str:
    near = nearest(word, choices)
    return f"did you mean {near}?" if near else ""


_LAST_REMEDY = "correct the value"


def _meaning(place: _Place) -> str:
    described = place.field.description if place.field else None
    return f"meaning: {described}" if described else _LAST_REMEDY


def _length(error: ErrorDetails) -> str:
    context = error["ctx"]
    least = error["type"].endswith("too_short")
    number = context["min_length"] if least else context["max_length"]
    what = "character" if error["type"].startswith("string") else "item"
    plural = "" if number == 1 else "s"
    return f"must have at {'least' if least else 'most'} {number} {what}{plural}"


_SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def _not_expected(errors: list[ErrorDetails], place: _Place) -> Finding:
    """Say what is expected of a value that has the wrong type, choice or range."""
    members = _members(place.expected)
    limits = [
        f"{_SIGNS[name]} {limit:.15g}"
        for error in errors
        for name, limit in error.get("ctx", {}).items()
        if name in _SIGNS
    ]
    parts = [limits[0] if limits and m in (int, float) else _description(m) for m in members]
    parts = list(dict.fromkeys(parts))
    rule = "must be " + " or ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    value = errors[0]["input"]
    hint = "" if limits else _conversion(value, members)
    choices = [str(c) for m in members if get_origin(m) is Literal for c in get_args(m)]
    guess = _suggestion(value, choices) if isinstance(value, str) else ""
    return Finding(place.key, rule, guess or hint or _meaning(place), cross_check=False)


_NAMES: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    str: "text",
    bool: "true or false",
    date: "a date such as 2022-08-12",
    type(None): "null",
}


def _description(expected: Any) -> str:
    if expected in _NAMES:
        return _NAMES[expected]
    origin, arguments = get_origin(expected), get_args(expected)
    if origin is Literal:
        listed = ", ".join(map(str, arguments))
        return f"the word {listed}" if len(arguments) == 1 else f"one of {listed}"
    if origin is list and arguments[0] in (int, float):
        return f"a list of {_NAMES[arguments[0]].removeprefix('a ')}s"
    if origin in (list, tuple):
        return "a list"
    return "a mapping of keys to values"


def _conversion(value: object, members: Sequence[Any]) -> str:
    """How to write a value that is right but for its type."""
    if isinstance(value, str) and (float in members or int in members):
        if _is_number(value):
            is_finite = math.isfinite(float(value))  # nan, which YAML reads as a word
            return "write the number without quotes" if is_finite else "give a finite number"
        return "write decimals with a point" if _is_number(value.replace(",", ".", 1)) else ""
    if isinstance(value, str) and bool in members:
        return "write true or false, without quotes"
    if isinstance(value, float) and int in members and value.is_integer():
        return f"write {value:.0f} without a decimal point"
    if date in members and isinstance(value, datetime | str):
        return "leave the time out" if isinstance(value, datetime) else "write it without quotes"
    if str in members and isinstance(value, bool | int | float | date):
        return "put it in quotes"
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
