"""The allocation schemes, a file each, and their compiled functions chosen by number.

A new scheme is a file here that declares a `Scheme`, its place at the end of `ALL`, and a test.
"""

import itertools
from typing import Any

from simulator.allocation.schemes import (
    adaptive_coin,
    adjustable_coin,
    atkinson,
    bayesian_coin,
    big_stick,
    block_urn,
    blocks,
    chen,
    complete,
    drop_the_loser,
    efron,
    ehrenfest_urn,
    erade,
    hu_hu,
    mass_weighted_urn,
    maximal,
    maximum_entropy,
    minimisation,
    play_the_winner,
    random_allocation,
    smith,
    thompson,
    truncated_binomial,
    wei_urn,
)
from simulator.allocation.schemes.base import Scheme, rule

ALL: tuple[Scheme, ...] = (
    complete.SCHEME,
    random_allocation.SCHEME,
    truncated_binomial.SCHEME,
    blocks.PERMUTED,
    blocks.RANDOM,
    efron.SCHEME,
    adjustable_coin.SCHEME,
    chen.SCHEME,
    big_stick.SCHEME,
    wei_urn.SCHEME,
    smith.SCHEME,
    bayesian_coin.SCHEME,
    maximal.SCHEME,
    block_urn.SCHEME,
    ehrenfest_urn.SCHEME,
    mass_weighted_urn.SCHEME,
    maximum_entropy.SCHEME,
    atkinson.SCHEME,
    minimisation.MINIMISATION,
    minimisation.TAVES,
    hu_hu.SCHEME,
    play_the_winner.SCHEME,
    drop_the_loser.SCHEME,
    adaptive_coin.SCHEME,
    erade.SCHEME,
    thompson.SCHEME,
)
SCHEMES: dict[str, Scheme] = {scheme.word: scheme for scheme in ALL}
CODES: dict[str, int] = {scheme.word: code for code, scheme in enumerate(ALL)}

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
        return ALL[first].chance if first < end else _no_chance
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
    code, mine, others = codes[0], ALL[codes[0]].due, _due_of(codes[1:])

    @rule
    def due(plan: Any, state: Any, stratum: Any) -> bool:
        if plan.scheme == code:
            return mine(plan, state, stratum)
        return others(plan, state, stratum)

    return due


def _apply_of(codes: list[int]) -> Any:
    if not codes:
        return _nothing_to_apply
    code, mine, others = codes[0], ALL[codes[0]].apply, _apply_of(codes[1:])

    @rule
    def apply(plan: Any, state: Any, stratum: Any, u: Any) -> None:
        if plan.scheme == code:
            mine(plan, state, stratum, u)
        else:
            others(plan, state, stratum, u)

    return apply


_drawing = [code for code, scheme in enumerate(ALL) if scheme.due is not None]
chance = _chance_of(0, len(ALL))
due, apply = _due_of(_drawing), _apply_of(_drawing)
