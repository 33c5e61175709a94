"""Permuted blocks, of one size (Hill 1951; Zelen 1974) or of several."""

from simulator.allocation import options as check
from simulator.allocation.plan import Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule


def _read_one(setting: Setting) -> SchemeNumbers:
    size = setting.options["block_size"]
    read = check.block_size("options.block_size", size, setting.ratio, setting.target)
    return SchemeNumbers(block_sizes=[read])


def _read_several(setting: Setting) -> SchemeNumbers:
    listed = check.items("options.block_sizes", setting.options["block_sizes"])
    sizes = [
        check.block_size(f"options.block_sizes[{i}]", size, setting.ratio, setting.target)
        for i, size in enumerate(listed)
    ]
    return SchemeNumbers(block_sizes=sizes)


@rule
def _left(state: State, stratum: int) -> int:
    left = state.drawn[stratum]
    for arm in range(state.block.shape[1]):
        left -= state.block[stratum, arm]
    return left


@rule
def _due(plan: Plan, state: State, stratum: int) -> bool:
    return _left(state, stratum) <= 0


@rule
def _apply(plan: Plan, state: State, stratum: int, u: float) -> None:
    """Begin a block, each of the sizes alike."""
    place = min(int(u * plan.block_sizes.size), plan.block_sizes.size - 1)
    state.drawn[stratum] = plan.block_sizes[place]
    for arm in range(plan.ratio.size):
        state.block[stratum, arm] = 0


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """Draw without return from an urn that is filled anew for each block."""
    parts, left = 0.0, float(_left(state, stratum))
    for arm in range(plan.ratio.size):
        parts += plan.ratio[arm]
    for arm in range(plan.ratio.size):
        # Multiplied first, the division is exact: an arm that is used up has exactly no chance.
        places = plan.ratio[arm] * state.drawn[stratum] / parts
        out[arm] = (places - state.block[stratum, arm]) / left


PERMUTED = Rules(chance=_chance, read=_read_one, due=_due, apply=_apply)
RANDOM = Rules(chance=_chance, read=_read_several, due=_due, apply=_apply)
