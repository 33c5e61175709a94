"""The schemes' rules, a file each, and their compiled functions chosen by number.

What a scheme is called, takes and honours is declared in `simulator.declarations.schemes`.
"""

import itertools
from typing import Any

from simulator.allocation.schemes.base import Rules, rule
from simulator.declarations.schemes import ALL
from simulator.named import named

RULES: tuple[Rules, ...] = tuple(named(scheme.rules) for scheme in ALL)  # by number

# Compiled code cannot look a function up in a table without giving up inlining it. So the schemes
# are the leaves of a tree whose branchings compare the scheme's number; it is compiled into the
# functions that call it, which Numba's cache keeps. Six ways a branching compile the soonest.
_WAYS = 6


@rule
def _no_chance(plan: Any, state: Any, stratum: Any, levels: Any, out: Any) -> None:
    """Of no scheme."""


@rule
def _never_due(plan: Any, state: Any, stratum: Any) -> bool:
    return False


@rule
def _nothing_to_apply(plan: Any, state: Any, stratum: Any, u: Any) -> None:
    """Of a scheme that draws nothing."""


def _chance_of(first: int, end: int) -> Any:
    """Return the probabilities of schemes `first` to `end` - 1 as one function."""
    if end - first <= 1:
        return RULES[first].chance if first < end else _no_chance
    ends = [first + (end - first) * way // _WAYS for way in range(_WAYS + 1)]
    a, b, c, d, e, f = (_chance_of(*span) for span in itertools.pairwise(ends))
    _, to_b, to_c, to_d, to_e, to_f, _ = ends

    @rule
    def chance(plan: Any, state: Any, stratum: Any, levels: Any, out: Any) -> None:
        if plan.scheme < to_b:
            a(plan, state, stratum, levels, out)
        elif plan.scheme < to_c:
            b(plan, state, stratum, levels, out)
        elif plan.scheme < to_d:
            c(plan, state, stratum, levels, out)
        elif plan.scheme < to_e:
            d(plan, state, stratum, levels, out)
        elif plan.scheme < to_f:
            e(plan, state, stratum, levels, out)
        else:
            f(plan, state, stratum, levels, out)

    return chance


def _due_of(codes: list[int]) -> Any:
    if not codes:
        return _never_due
    code, mine, others = codes[0], RULES[codes[0]].due, _due_of(codes[1:])

    @rule
    def due(plan: Any, state: Any, stratum: Any) -> bool:
        if plan.scheme == code:
            return mine(plan, state, stratum)
        return others(plan, state, stratum)

    return due


def _apply_of(codes: list[int]) -> Any:
    if not codes:
        return _nothing_to_apply
    code, mine, others = codes[0], RULES[codes[0]].apply, _apply_of(codes[1:])

    @rule
    def apply(plan: Any, state: Any, stratum: Any, u: Any) -> None:
        if plan.scheme == code:
            mine(plan, state, stratum, u)
        else:
            others(plan, state, stratum, u)

    return apply


_drawing = [code for code, rules in enumerate(RULES) if rules.due is not None]
chance = _chance_of(0, len(RULES))
# Of those that look at numbers by arm alone, which stand first: half as many to compile.
chance_by_counts = _chance_of(0, sum(scheme.counts_alone for scheme in ALL))
due, apply = _due_of(_drawing), _apply_of(_drawing)
