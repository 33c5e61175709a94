"""What the file of a scheme gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.kernels import linked

# A scheme's compiled functions, which other compiled functions alone call: see `plan.borrowing`.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
rule: Any = linked(**_OPTIONS)


class Setting(NamedTuple):
    """What a scheme's options are read beside."""

    scheme: str
    options: Mapping[str, object]
    ratio: Sequence[int]
    levels: Sequence[int]
    target: int


class SchemeNumbers(NamedTuple):
    """A scheme's options as `Plan` holds them."""

    numbers: Sequence[float] = ()
    table: Sequence[Sequence[float]] = ((),)
    block_sizes: Sequence[int] = ()
    design: int = 0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The functions of an allocation scheme.

    Attributes
    ----------
    chance
        Compiled: `chance(plan, state, stratum, levels, out)` fills in the probability of each arm.
    read
        Checks the options and turns them into numbers.
    due, apply
        Compiled, for a scheme that draws something of its own before a patient: whether it must
        now, and what it makes of a uniform.
    """

    chance: Any
    read: Callable[[Setting], SchemeNumbers] = field(default=lambda _: SchemeNumbers())
    due: Any = None
    apply: Any = None
