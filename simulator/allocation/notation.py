"""Schemes written on one line, as `chen(2/3,3)`."""

from collections.abc import Mapping
from fractions import Fraction

from simulator.allocation.build import scheme_of
from simulator.allocation.plan import AllocationError
from simulator.declarations.schemes import REQUIRED, Scheme
from simulator.notation import cut_short, read_option, split_written

_LISTS = "block_sizes"
UNSTRATIFIED = "unstratified "


def on_the_line(scheme: Scheme) -> list[str]:
    """Return the options that a line can hold, in their order: lists go into the scenario."""
    return [key for key, value in scheme.standard.items() if value is not None]


def parse_scheme(
    text: str, given: Mapping[str, object] | None = None
) -> tuple[str, dict[str, object]]:
    """Read a scheme and its options.

    Parameters
    ----------
    text
        A name alone, which stands for the standard options, or with options in their order.
    given
        Options of a scheme of that name in the scenario, which come before the standard ones.

    Raises
    ------
    AllocationError
        If the text is not a scheme, or has options that it does not take; the values of options
        are checked when the plan is built.
    """
    found = split_written(text)
    if found is None:
        raise AllocationError(
            "scheme", text, "is not written as a scheme", "as efron(2/3) or random_blocks(4,6)"
        )
    scheme, words = scheme_of(found[0]), found[1]
    options: dict[str, object] = {**scheme.standard, **(given or {})}
    if list(scheme.standard) == [_LISTS]:
        if words:
            options[_LISTS] = [_value(text, word) for word in words]
    else:
        keys = on_the_line(scheme)
        if len(words) > len(keys):
            takes = f"takes {', '.join(keys)}" if keys else "takes no option on the line"
            raise AllocationError(
                "scheme", text, f"{scheme.word} {takes}", f"write {example_of(scheme)}"
            )
        options |= {key: _value(text, word) for key, word in zip(keys, words, strict=False)}
    for key, value in options.items():
        if value is REQUIRED:
            rule = f"{scheme.word} needs {key}"
            raise AllocationError("scheme", text, rule, f"write {example_of(scheme)}")
    return scheme.word, options


def example_of(scheme: Scheme) -> str:
    """Return the scheme as it may be written on a line."""
    if list(scheme.standard) == [_LISTS]:
        return f"{scheme.word}(4,6)"
    keys = on_the_line(scheme)
    values = ["4" if scheme.standard[k] is REQUIRED else _short(scheme.standard[k]) for k in keys]
    return f"{scheme.word}({','.join(values)})" if keys else scheme.word


def _short(value: object) -> str:
    if isinstance(value, float) and not value.is_integer():
        nearest = Fraction(value).limit_denominator(9)
        return str(nearest) if float(nearest) == value else f"{value:g}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(text: str, word: str) -> object:
    """A whole number, a number, a fraction, or a word."""
    value = read_option(word)
    if value is None:
        rule = f"{cut_short(word)} is not a number or a word"
        raise AllocationError("scheme", text, rule, "as efron(2/3)")
    return value
