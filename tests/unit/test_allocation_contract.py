"""What every scheme promises to the engine that calls it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheme_options import STRATIFIED, WITHOUT_DRAWS, factors_of, options_of

from simulator import allocation
from simulator.allocation import SCHEMES

CASES: list[tuple[str, dict[str, object], list[int], list[int]]] = [
    ("complete", {}, [2, 1], []),
    ("random_allocation", {}, [1, 1], [1, 1]),
    ("random_blocks", {"block_sizes": [3, 6]}, [2, 1], [2, 3]),
    ("block_urn", {"blocks": 1}, [3, 2], [2, 3]),
    (
        "minimisation",
        {"measure": "variance", "weights": [1, 2], "probability": 0.8},
        [1, 1, 1],
        [2, 3],
    ),
    *((word, options_of(word, (2, 3)), [1, 1], factors_of(word, (2, 3))) for word in SCHEMES),
]


def as_levels(*levels: int) -> np.ndarray:
    return np.array(levels, dtype=np.int64)


def copies(state: allocation.State) -> list[np.ndarray]:
    return [array.copy() for array in state]


def start_if_due(
    plan: allocation.Plan, state: allocation.State, levels: np.ndarray, u: float
) -> None:
    if allocation.draw_due(plan, state, levels) >= 0:
        allocation.apply_draw(plan, state, levels, u)


def next_chances(
    plan: allocation.Plan, state: allocation.State, levels: np.ndarray, u: float = 0.5
) -> np.ndarray:
    start_if_due(plan, state, levels, u)
    out = np.full(plan.ratio.size, np.nan)
    allocation.probabilities(plan, state, levels, out)
    return out


@pytest.mark.parametrize(("scheme", "options", "ratio", "factors"), CASES)
def test_chances_are_a_distribution_and_asking_changes_nothing(
    scheme: str, options: dict[str, object], ratio: list[int], factors: list[int]
) -> None:
    plan = allocation.build_plan(scheme, options, ratio, factors, 60)
    state = allocation.new_state(plan)
    random = np.random.default_rng(1)
    for _ in range(60):
        levels = as_levels(*(int(random.integers(0, top)) for top in factors))
        out = next_chances(plan, state, levels, random.random())
        before, asked = copies(state), levels.copy()
        again = next_chances(plan, state, levels)
        for array, old in zip(state, before, strict=True):
            np.testing.assert_array_equal(array, old)
        np.testing.assert_array_equal(levels, asked)
        np.testing.assert_array_equal(out, again)
        assert out.min() >= 0
        assert out.sum() == pytest.approx(1, abs=4 * np.finfo(float).eps)
        allocation.record(plan, state, levels, allocation.choose(out, random.random()))


@pytest.mark.parametrize(("scheme", "options", "ratio", "factors"), CASES)
def test_trials_of_one_plan_share_no_history(
    scheme: str, options: dict[str, object], ratio: list[int], factors: list[int]
) -> None:
    plan = allocation.build_plan(scheme, options, ratio, factors, 60)
    levels = as_levels(*([0] * len(factors)))
    used, fresh = allocation.new_state(plan), allocation.new_state(plan)
    start_if_due(plan, used, levels, 0.5)
    allocation.record(plan, used, levels, 0)
    assert any(array.any() for array in used)
    assert not any(array.any() for array in fresh)


def test_strata_are_numbered_without_gap_or_overlap() -> None:
    plan = allocation.build_plan("permuted_block", {"block_size": 4}, [1, 1], [2, 3, 4], 60)
    found = [
        allocation.stratum_of(plan, as_levels(a, b, c))
        for a in range(2)
        for b in range(3)
        for c in range(4)
    ]
    assert found == list(range(24))


def test_stratum_is_zero_without_factors_and_for_minimisation() -> None:
    plain = allocation.build_plan("efron", {"probability": 0.7}, [1, 1], [], 60)
    assert allocation.stratum_of(plain, as_levels()) == 0
    options = {"measure": "range", "weights": [1, 1], "probability": 0.8}
    margins = allocation.build_plan("minimisation", options, [1, 1], [2, 3], 60)
    assert allocation.stratum_of(margins, as_levels(1, 2)) == 0


@pytest.mark.parametrize("scheme", STRATIFIED)
def test_each_stratum_has_the_chances_of_a_trial_of_its_own(scheme: str) -> None:
    options = options_of(scheme)
    together = allocation.build_plan(scheme, options, [1, 1], [2, 2], 60)
    alone = allocation.build_plan(scheme, options, [1, 1], [], 60)
    state = allocation.new_state(together)
    own = [allocation.new_state(alone) for _ in range(4)]
    random = np.random.default_rng(3)
    for _ in range(100):
        levels = as_levels(*random.integers(0, 2, 2))
        stratum = 2 * int(levels[0]) + int(levels[1])
        u = random.random()
        found = next_chances(together, state, levels, u)
        np.testing.assert_array_equal(found, next_chances(alone, own[stratum], as_levels(), u))
        arm = allocation.choose(found, random.random())
        allocation.record(together, state, levels, arm)
        allocation.record(alone, own[stratum], as_levels(), arm)


def test_blocks_of_a_stratum_are_due_one_by_one_each_after_the_last_is_full() -> None:
    plan = allocation.build_plan("random_blocks", {"block_sizes": [2, 4]}, [1, 1], [2], 60)
    state = allocation.new_state(plan)
    small, large = 0.49, 0.51
    due = []
    for u in [large, small, large]:
        size = 2 if u == small else 4
        due.append(allocation.draw_due(plan, state, as_levels(1)))
        allocation.apply_draw(plan, state, as_levels(1), u)
        for place in range(size):
            assert allocation.draw_due(plan, state, as_levels(1)) == -1
            allocation.record(plan, state, as_levels(1), place % 2)
    assert due == [0, 1, 2]
    assert allocation.draw_due(plan, state, as_levels(1)) == 3
    assert allocation.draw_due(plan, state, as_levels(0)) == 0


@pytest.mark.parametrize("scheme", WITHOUT_DRAWS)
def test_schemes_without_draws_of_their_own_never_ask_for_one(scheme: str) -> None:
    factors = factors_of(scheme, (2, 3))
    plan = allocation.build_plan(scheme, options_of(scheme, (2, 3)), [1, 1], factors, 8)
    state = allocation.new_state(plan)
    levels = as_levels(*([0] * len(factors)))
    for place in range(8):
        assert allocation.draw_due(plan, state, levels) == -1
        allocation.record(plan, state, levels, place % 2)


def last_of_block(plan: allocation.Plan, u: float) -> int:
    """Size of the first block, found by filling it."""
    state = allocation.new_state(plan)
    allocation.apply_draw(plan, state, as_levels(), u)
    patients = 0
    while allocation.draw_due(plan, state, as_levels()) != 1:
        allocation.record(plan, state, as_levels(), patients % 2)
        patients += 1
    return patients


def test_sizes_of_blocks_divide_the_unit_interval_equally() -> None:
    plan = allocation.build_plan("random_blocks", {"block_sizes": [4, 6, 8]}, [1, 1], [], 60)
    sizes = [last_of_block(plan, (place + 0.5) / 300) for place in range(300)]
    assert sizes == [4] * 100 + [6] * 100 + [8] * 100
    # The largest uniform there can be still names a size.
    assert last_of_block(plan, np.nextafter(1.0, 0.0)) == 8


@pytest.mark.parametrize("counts", [(1, 1), (3, 1), (0, 5), (2, 0, 6), (1, 2, 3, 4)])
def test_each_arm_is_chosen_by_its_share_of_the_unit_interval(counts: tuple[int, ...]) -> None:
    total = sum(counts)
    chances = np.array(counts) / total
    # 100 uniforms in the middle of each cell: none lies on a border, where rounding might decide.
    drawn = [allocation.choose(chances, (i + 0.5) / (100 * total)) for i in range(100 * total)]
    assert [drawn.count(arm) for arm in range(len(counts))] == [100 * count for count in counts]


@given(
    shares=st.lists(st.integers(0, 5), min_size=2, max_size=8).filter(any),
    u=st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_arm_without_a_chance_is_never_chosen(shares: list[int], u: float) -> None:
    chances = np.array(shares) / sum(shares)
    assert shares[allocation.choose(chances, u)] > 0


@pytest.mark.parametrize("u", [2.0**-33, np.nextafter(1.0, 0.0)])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_arm_without_a_chance_is_passed_over_at_either_end(place: int, u: float) -> None:
    chances = np.array([0.1, 0.2, 0.7])
    chances[place] = 0.0  # the sum falls short of one, as rounding may make it do
    assert allocation.choose(chances, u) != place
