"""The maximal procedure (Berger, Ivanova and Knoll 2003)."""

from simulator.allocation import options as check
from simulator.allocation.plan import AllocationError, Floats, Ints, Plan, State
from simulator.allocation.schemes.base import Rules, SchemeNumbers, Setting, rule

_MOST_PATIENTS = 10_000  # counting sequences by whole numbers of thousands of digits takes a while


def _read(setting: Setting) -> SchemeNumbers:
    bound = check.whole_number("options.bound", setting.options["bound"], 1)
    check.divisible_target(setting.scheme, setting.ratio, setting.target)
    if setting.target > _MOST_PATIENTS:
        rule = f"is for at most {_MOST_PATIENTS} patients, and {setting.target} are planned"
        raise AllocationError("scheme", setting.scheme, rule, "use big_stick")
    bound = min(bound, setting.target // 2)
    return SchemeNumbers([bound], _shares(setting.target, bound))


def _shares(patients: int, bound: int) -> list[list[float]]:
    """Share of the sequences from each imbalance on that go on with the first arm.

    One row per patient, one column per imbalance from -bound to bound. Sequences are counted as
    integers, so that each share is rounded once.
    """
    ways = [0] * (2 * bound + 3)  # with an empty place at either end
    ways[bound + 1] = 1
    shares: list[list[float]] = []
    for _ in range(patients):
        row, before = [0.5] * (2 * bound + 1), [0] * len(ways)
        for d in range(1, 2 * bound + 2):
            before[d] = ways[d - 1] + ways[d + 1]
            if before[d]:
                row[d - 1] = ways[d + 1] / before[d]
        shares.append(row)
        ways = before
    return shares[::-1]


@rule
def _chance(plan: Plan, state: State, stratum: int, levels: Ints, out: Floats) -> None:
    """Of all balanced sequences that keep within the bound, each is as likely."""
    first, second = state.arms[0], state.arms[1]
    step = min(first + second, plan.table.shape[0] - 1)
    out[0] = plan.table[step, first - second + int(plan.numbers[0])]
    out[1] = 1.0 - out[0]


RULES = Rules(chance=_chance, read=_read)
