"""Every list of allocations that a small trial can have, against slow and obvious arithmetic.

The formulae are written here from the literature in exact fractions; nothing is shared with the
package.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest

from simulator import allocation

EPSILON = float(np.finfo(float).eps)
HALF = Fraction(1, 2)
NO_LEVELS = np.empty(0, dtype=np.int64)
Path = tuple[int, ...]


def plan_of(
    scheme: str, options: dict[str, object], ratio: Sequence[int], target: int
) -> allocation.Plan:
    return allocation.build_plan(scheme, options, ratio, [], target)


def chances(plan: allocation.Plan, path: Path, sizes: Sequence[float]) -> np.ndarray:
    """Chances of the patient who comes after `path`; `sizes` are the draws of block sizes."""
    state = allocation.new_state(plan)
    out = np.empty(plan.ratio.size)
    for arm in (*path, None):
        block = allocation.draw_due(plan, state, NO_LEVELS)
        if block >= 0:
            allocation.apply_draw(plan, state, NO_LEVELS, sizes[block])
        if arm is not None:
            allocation.record(plan, state, NO_LEVELS, arm)
    allocation.probabilities(plan, state, NO_LEVELS, out)
    return out


def all_paths(
    plan: allocation.Plan, n: int, sizes: Sequence[float]
) -> list[tuple[Path, list[np.ndarray]]]:
    """Every list of n allocations that has a chance, with the chances that each step had."""
    paths: list[tuple[Path, list[np.ndarray]]] = [((), [])]
    for _ in range(n):
        following = []
        for path, before in paths:
            now = chances(plan, path, sizes)
            for arm in np.flatnonzero(now):
                following.append(((*path, int(arm)), [*before, now]))
        paths = following
    return paths


def weight(path: Path, steps: list[np.ndarray]) -> float:
    return math.prod(float(step[arm]) for arm, step in zip(path, steps, strict=True))


def sum_error(n: int) -> float:
    """Bound on the error of a sum of path weights that is at most 1.

    Each weight is a product of n chances, and each chance is within 4 roundings of its value.
    """
    return 5 * n * EPSILON


# Conditional probabilities of the first arm, from the counts by arm so far.


def slow_urn(ratio: Sequence[int], size: int, path: Path) -> list[Fraction]:
    """Share of each arm in what is left of the open block; full blocks lie behind."""
    arms = [arm for arm, part in enumerate(ratio) for _ in range(size // sum(ratio) * part)]
    for arm in path[len(path) // size * size :]:
        arms.remove(arm)
    return [Fraction(arms.count(arm), len(arms)) for arm in range(len(ratio))]


def slow_block_formula(size: int, path: Path) -> list[Fraction]:
    """(b/2 (1 + k) - N_A) / (b (1 + k) - (j - 1)), with k full blocks behind (1:1)."""
    k = len(path) // size
    phi = Fraction(size // 2 * (1 + k) - path.count(0), size * (1 + k) - len(path))
    return [phi, 1 - phi]


def slow_weighted_block_formula(ratio: Sequence[int], size: int, path: Path) -> list[Fraction]:
    """(w lambda (1 + m) - N) / (lambda W (1 + m) - (j - 1)), with m full blocks behind."""
    copies, m = size // sum(ratio), len(path) // size
    left = size * (1 + m) - len(path)
    return [
        Fraction(part * copies * (1 + m) - path.count(arm), left) for arm, part in enumerate(ratio)
    ]


def slow_efron(favour: Fraction, path: Path) -> list[Fraction]:
    first, second = path.count(0), path.count(1)
    phi = HALF if first == second else favour if first < second else 1 - favour
    return [phi, 1 - phi]


def slow_big_stick(bound: int, path: Path) -> list[Fraction]:
    ahead = path.count(0) - path.count(1)
    phi = HALF if abs(ahead) < bound else Fraction(int(ahead < 0))
    return [phi, 1 - phi]


Slow = Callable[[Path], list[Fraction]]
FORMULAE: list[tuple[str, dict[str, object], list[int], int, Slow]] = [
    ("complete", {}, [1, 1], 8, lambda path: [HALF, HALF]),
    ("complete", {}, [2, 1], 8, lambda path: [Fraction(2, 3), Fraction(1, 3)]),
    ("random_allocation", {}, [1, 1], 8, lambda path: slow_urn([1, 1], 8, path)),
    ("random_allocation", {}, [1, 1], 8, lambda path: slow_block_formula(8, path)),
    ("random_allocation", {}, [2, 1, 1], 8, lambda path: slow_urn([2, 1, 1], 8, path)),
    ("permuted_block", {"block_size": 4}, [1, 1], 9, lambda path: slow_block_formula(4, path)),
    ("permuted_block", {"block_size": 6}, [2, 1], 9, lambda path: slow_urn([2, 1], 6, path)),
    (
        "permuted_block",
        {"block_size": 4},
        [1, 2, 1],
        6,
        lambda path: slow_weighted_block_formula([1, 2, 1], 4, path),
    ),
    ("efron", {"probability": 0.75}, [1, 1], 8, lambda path: slow_efron(Fraction(3, 4), path)),
    ("efron", {"probability": 1}, [1, 1], 8, lambda path: slow_efron(Fraction(1), path)),
    ("big_stick", {"bound": 1}, [1, 1], 8, lambda path: slow_big_stick(1, path)),
    ("big_stick", {"bound": 3}, [1, 1], 8, lambda path: slow_big_stick(3, path)),
]


@pytest.mark.parametrize(("scheme", "options", "ratio", "n", "slow"), FORMULAE)
def test_every_step_of_every_path_has_the_chance_of_the_formula(
    scheme: str, options: dict[str, object], ratio: list[int], n: int, slow: Slow
) -> None:
    plan = plan_of(scheme, options, ratio, 8)
    paths = all_paths(plan, n, [0.5] * n)
    assert len(paths) > 1
    for path, steps in paths:
        for j, step in enumerate(steps):
            expected = slow(path[:j])
            for arm, chance in enumerate(expected):
                # Two roundings at most; what is impossible must be exactly so.
                assert abs(float(step[arm]) - float(chance)) <= 2 * EPSILON * float(chance)


RATIOS: list[tuple[str, dict[str, object], list[int]]] = [
    ("complete", {}, [1, 1]),
    ("complete", {}, [2, 1]),
    ("complete", {}, [1, 2, 1]),
    ("random_allocation", {}, [1, 1]),
    ("random_allocation", {}, [3, 1]),
    ("random_allocation", {}, [1, 2, 1]),
    ("permuted_block", {"block_size": 3}, [2, 1]),
    ("permuted_block", {"block_size": 6}, [2, 1]),
    ("permuted_block", {"block_size": 4}, [1, 2, 1]),
    ("random_blocks", {"block_sizes": [3, 6]}, [2, 1]),
    ("random_blocks", {"block_sizes": [4]}, [1, 2, 1]),
    ("efron", {"probability": 2 / 3}, [1, 1]),
    ("big_stick", {"bound": 2}, [1, 1]),
]


@pytest.mark.parametrize(("scheme", "options", "ratio"), RATIOS)
def test_every_patient_has_the_ratio_as_unconditional_chance(
    scheme: str, options: dict[str, object], ratio: list[int]
) -> None:
    """A ratio must hold at every step, not in the long run only; and the paths sum to one."""
    n = 8
    plan = plan_of(scheme, options, ratio, 8)
    sizes = list(itertools.product(block_draws(plan), repeat=2 if plan.block_sizes.size > 1 else 1))
    by_step = np.zeros((n, len(ratio)))
    total = []
    for draws in sizes:
        # Two draws of 3 may cover 6 patients only: the third block's size is then the first's.
        for path, steps in all_paths(plan, n, list(draws) * n):
            w = weight(path, steps) / len(sizes)
            total.append(w)
            by_step[np.arange(n), path] += w
    assert math.fsum(total) == pytest.approx(1.0, abs=sum_error(n))
    share = np.array(ratio) / sum(ratio)
    # Plain accumulation: one rounding more for each path.
    np.testing.assert_allclose(
        by_step, np.tile(share, (n, 1)), rtol=0, atol=sum_error(n) + len(total) * EPSILON
    )


def block_draws(plan: allocation.Plan) -> list[float]:
    """Return a uniform for each block size, all equally likely."""
    count = max(plan.block_sizes.size, 1)
    return [(place + 0.5) / count for place in range(count)]


@pytest.mark.parametrize(("sizes", "n"), [((2, 4), 8), ((4, 6), 10), ((4, 4, 2), 7)])
def test_random_blocks_give_each_list_the_chance_counted_by_hand(
    sizes: tuple[int, ...], n: int
) -> None:
    """Brute force: every sequence of block sizes, every order within each block, cut at n."""
    by_hand = chance_by_hand(sizes, n)
    plan = plan_of("random_blocks", {"block_sizes": list(sizes)}, [1, 1], n)
    blocks = -(-n // min(sizes))
    found: defaultdict[Path, list[float]] = defaultdict(list)
    for draws in itertools.product(block_draws(plan), repeat=blocks):
        for path, steps in all_paths(plan, n, draws):
            found[path].append(weight(path, steps) / len(sizes) ** blocks)
    assert set(found) == set(by_hand)
    for path, weights in found.items():
        assert math.fsum(weights) == pytest.approx(float(by_hand[path]), rel=sum_error(n))


def chance_by_hand(sizes: Sequence[int], n: int) -> dict[Path, Fraction]:
    lists: dict[Path, Fraction] = {(): Fraction(1)}
    done: defaultdict[Path, Fraction] = defaultdict(Fraction)
    while lists:
        longer: defaultdict[Path, Fraction] = defaultdict(Fraction)
        for begun, chance in lists.items():
            for size in sizes:
                orders = list(itertools.combinations(range(size), size // 2))
                for first_arm in orders:
                    block = tuple(int(place not in first_arm) for place in range(size))
                    path = begun + block
                    target = done if len(path) >= n else longer
                    target[path[:n]] += chance / len(sizes) / len(orders)
        lists = longer
    return done


@pytest.mark.parametrize("ratio", [[3, 8], [17, 3], [7, 13, 1], [19, 20]])
@pytest.mark.parametrize("copies", [1, 5, 9])
def test_used_up_arm_of_an_odd_ratio_has_no_chance_left(ratio: list[int], copies: int) -> None:
    """Ratios whose shares are no binary fractions must not leave a rounding error as a chance."""
    size = copies * sum(ratio)
    first_arm: Path = (0,) * (copies * ratio[0])
    plan = plan_of("permuted_block", {"block_size": size}, ratio, size)
    expected = [float(chance) for chance in slow_urn(ratio, size, first_arm)]
    assert list(chances(plan, first_arm, [0.5])) == expected
    plan = plan_of("random_allocation", {}, ratio, size)
    assert list(chances(plan, first_arm, [])) == expected
