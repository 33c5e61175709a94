"""Exact properties of the schemes by dynamic programming over their histories.

The conditional probabilities come from the package, everything else from here: the distribution of
the history before every patient, and what a statistician asks of it. D is the difference in group
sizes and phi the first arm's probability; n is the number of patients.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.stats import hypergeom

from simulator import allocation
from simulator.allocation.metrics import exact_metrics
from simulator.allocation.notation import parse_scheme

NO_LEVELS = np.empty(0, dtype=np.int64)
PAGE = Path(__file__).parents[2] / "docs" / "allocation.md"

SCHEMES: dict[str, tuple[str, dict[str, object]]] = {
    "complete": ("complete", {}),
    "random_allocation": ("random_allocation", {}),
    "truncated_binomial": ("truncated_binomial", {}),
    "permuted_block(4)": ("permuted_block", {"block_size": 4}),
    "permuted_block(12)": ("permuted_block", {"block_size": 12}),
    "random_blocks(4,6)": ("random_blocks", {"block_sizes": [4, 6]}),
    "efron(2/3)": ("efron", {"probability": 2 / 3}),
    "adjustable_coin(2)": ("adjustable_coin", {"exponent": 2}),
    "chen(2/3,3)": ("chen", {"probability": 2 / 3, "bound": 3}),
    "big_stick(3)": ("big_stick", {"bound": 3}),
    "big_stick(4)": ("big_stick", {"bound": 4}),
    "wei_urn(0,1)": ("wei_urn", {"initial_balls": 0, "added_balls": 1}),
    "smith(5)": ("smith", {"exponent": 5}),
    "bayesian_coin(0.1)": ("bayesian_coin", {"gamma": 0.1}),
    "maximal(3)": ("maximal", {"bound": 3}),
    "block_urn(3)": ("block_urn", {"blocks": 3}),
    "ehrenfest_urn(10)": ("ehrenfest_urn", {"balls": 10}),
    "mass_weighted_urn(4)": ("mass_weighted_urn", {"mass": 4}),
    "maximum_entropy(0.5)": ("maximum_entropy", {"eta": 0.5}),
}


class Node(NamedTuple):
    """A history that a trial may have, with its weight and its largest |D| so far."""

    weight: float
    state: allocation.State
    largest: int

    @property
    def difference(self) -> int:
        counts = self.state.strata.sum(axis=0)
        return int(counts[0] - counts[1])


def copy(state: allocation.State) -> allocation.State:
    return allocation.State._make(array.copy() for array in state)


def opened(plan: allocation.Plan, nodes: list[Node]) -> Iterator[Node]:
    """Split each history that is due a new block by the sizes that it may have."""
    sizes = plan.block_sizes.size
    for node in nodes:
        if allocation.draw_due(plan, node.state, NO_LEVELS) < 0:
            yield node
            continue
        for place in range(sizes):
            state = copy(node.state)
            allocation.apply_draw(plan, state, NO_LEVELS, (place + 0.5) / sizes)
            yield Node(node.weight / sizes, state, node.largest)


def merged(nodes: Iterator[Node]) -> list[Node]:
    """Join the histories between which no scheme can tell."""
    weights: defaultdict[tuple[bytes, int], float] = defaultdict(float)
    states: dict[tuple[bytes, int], allocation.State] = {}
    for node in nodes:
        key = (b"".join(array.tobytes() for array in node.state), node.largest)
        weights[key] += node.weight
        states[key] = node.state
    return [Node(weight, states[key], key[1]) for key, weight in weights.items()]


def after(plan: allocation.Plan, node: Node, phi: float, track: bool) -> Iterator[Node]:
    """Histories one patient later."""
    for arm, chance in enumerate((phi, 1.0 - phi)):
        if chance > 0.0:
            state = copy(node.state)
            allocation.record(plan, state, NO_LEVELS, arm)
            child = Node(node.weight * chance, state, 0)
            largest = max(node.largest, abs(child.difference)) if track else 0
            yield child._replace(largest=largest)


Steps = list[tuple[float, int, float, int]]  # (weight, D, phi, largest |D|) before a patient


def walk(plan: allocation.Plan, n: int, track: bool = True) -> tuple[list[Steps], list[Node]]:
    """Distribution before each of n patients, and the histories after the last."""
    nodes = [Node(1.0, allocation.new_state(plan), 0)]
    out = np.empty(2)
    before = []
    for _ in range(n):
        steps: Steps = []
        children: list[Node] = []
        for node in opened(plan, nodes):
            allocation.probabilities(plan, node.state, NO_LEVELS, out)
            phi = float(out[0])
            assert out[0] + out[1] == pytest.approx(1.0, abs=4 * np.finfo(float).eps)
            steps.append((node.weight, node.difference, phi, node.largest))
            children.extend(after(plan, node, phi, track))
        before.append(steps)
        nodes = merged(iter(children))
    return before, nodes


def guessed(difference: int, phi: float) -> float:
    """Chance that guessing the smaller group is right; in balance either guess may be made."""
    return 0.5 if difference == 0 else phi if difference < 0 else 1.0 - phi


def information(phi: float) -> float:
    """Entropy of an allocation in nats."""
    return -math.fsum(chance * math.log(chance) for chance in (phi, 1.0 - phi) if chance > 0.0)


@cache
def properties(name: str, n: int) -> Mapping[str, float]:
    """Return what the tables of the documentation hold, for n patients and two equal arms."""
    scheme, options = SCHEMES[name]
    plan = allocation.build_plan(scheme, options, [1, 1], [], n)
    before, last = walk(plan, n)
    every = [step for steps in before for step in steps]
    squares = [math.fsum(w * d * d for w, d, _, _ in steps) for steps in before[1:]]
    squares.append(math.fsum(x.weight * x.difference**2 for x in last))
    return {
        "mean_abs_imbalance": math.fsum(x.weight * abs(x.difference) for x in last),
        "max_imbalance": math.fsum(x.weight * x.largest for x in last),
        "forcing_index": 4 / n * math.fsum(w * abs(phi - 0.5) for w, _, phi, _ in every),
        "deterministic_share": math.fsum(w for w, _, phi, _ in every if phi in (0, 1)) / n,
        "correct_guesses": math.fsum(w * guessed(d, phi) for w, d, phi, _ in every) / n,
        "imbalance_index": math.fsum(s / j for j, s in enumerate(squares, start=1)) / n,
        "balanced_share": (
            # After each of the n patients, so the start, always in balance, is not counted.
            math.fsum(w for steps in before[1:] for w, d, _, _ in steps if d == 0)
            + math.fsum(x.weight for x in last if x.difference == 0)
        )
        / n,
        "sd_imbalance": math.sqrt(squares[-1]),
        "loss": squares[-1] / n,
        "correct_guesses_maximum_probability": (
            math.fsum(w * max(phi, 1.0 - phi) for w, _, phi, _ in every) / n
        ),
        "entropy": math.fsum(w * information(phi) for w, _, phi, _ in every) / n,
    }


METRICS = (
    "mean_abs_imbalance",
    "max_imbalance",
    "forcing_index",
    "deterministic_share",
    "correct_guesses",
    "imbalance_index",
)
FURTHER_METRICS = (
    "sd_imbalance",
    "loss",
    "balanced_share",
    "correct_guesses_maximum_probability",
    "entropy",
    "zhao_distance",
    "incertus_distance",
)
# Published to four decimals, so right to half of the last.
PUBLISHED_AT_60 = {
    "complete": (6.1547, 9.2351, 0, 0, 0.5, 1),
    "permuted_block(4)": (0, 1.9977, 0.8333, 0.3333, 0.7083, 0.0707),
    "efron(2/3)": (1.3313, 4.5053, 0.4889, 0, 0.6222, 0.2068),
    "big_stick(3)": (1.3333, 2.9998, 0.3185, 0.1593, 0.5796, 0.1975),
}


@pytest.mark.parametrize("name", PUBLISHED_AT_60)
def test_sixty_patients_have_the_published_exact_properties(name: str) -> None:
    found = properties(name, 60)
    for metric, published in zip(METRICS, PUBLISHED_AT_60[name], strict=True):
        assert found[metric] == pytest.approx(published, abs=0.5e-4 + 1e-9), metric


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("big_stick(4)", (0.1300, 2.4495, 3.9996, 0.1175, 0.5587)),
        ("permuted_block(12)", (0.2846, 1.7056, 3.9285, 0.1371, 0.6390)),
    ],
)
def test_a_hundred_patients_have_the_published_exact_properties(
    name: str, published: tuple[float, ...]
) -> None:
    found = properties(name, 100)
    metrics = (
        "balanced_share",
        "sd_imbalance",
        "max_imbalance",
        "deterministic_share",
        "correct_guesses",
    )
    for metric, value in zip(metrics, published, strict=True):
        assert found[metric] == pytest.approx(value, abs=0.5e-4 + 1e-9), metric


def test_random_allocation_rule_follows_the_hypergeometric_distribution() -> None:
    """The first arm's size after j of n is hypergeometric (n, n/2, j), whatever the code does."""
    n = 60
    found = properties("random_allocation", n)
    forcing = exhausted = 0.0
    for j in range(n):
        first = np.arange(n // 2 + 1)
        weight = hypergeom(n, n // 2, j).pmf(first)
        phi = (n / 2 - first) / (n - j)
        forcing += 4 / n * float(np.sum(weight * np.abs(phi - 0.5)))
        exhausted += float(weight[(first == n // 2) | (j - first == n // 2)].sum()) / n
    # scipy's pmf goes through logarithms of factorials: a relative error of about 1e-13.
    assert found["forcing_index"] == pytest.approx(forcing, rel=1e-11)
    assert found["deterministic_share"] == pytest.approx(exhausted, rel=1e-11)
    assert found["mean_abs_imbalance"] == 0
    # E D_j^2 = j (n - j) / (n - 1), so the index is 1/2 for every n.
    assert found["imbalance_index"] == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "block"),
    [("random_allocation", 60), ("permuted_block(4)", 4), ("permuted_block(12)", 12)],
)
def test_correct_guesses_follow_the_formula_of_blackwell_and_hodges(name: str, block: int) -> None:
    """A block of 2m has m + 4^m / (2 C(2m, m)) - 1/2 correct guesses."""
    half = block // 2
    a_block = half + 4**half / (2 * math.comb(block, half)) - 0.5
    assert properties(name, 60)["correct_guesses"] * 60 == pytest.approx(
        a_block * 60 / block, rel=1e-12
    )


def paths_within(n: int, bound: int) -> int:
    """Count the balanced lists of n patients whose |D| never exceeds a bound."""
    counts = {0: 1}
    for _ in range(n):
        following: defaultdict[int, int] = defaultdict(int)
        for d, count in counts.items():
            for moved in (d - 1, d + 1):
                if abs(moved) <= bound:
                    following[moved] += count
        counts = following
    return counts.get(0, 0)


def test_largest_imbalance_of_the_random_allocation_rule_follows_from_counting_lists() -> None:
    n = 60
    beyond = [1 - paths_within(n, bound) / math.comb(n, n // 2) for bound in range(n // 2)]
    assert properties("random_allocation", n)["max_imbalance"] == pytest.approx(
        sum(beyond), rel=1e-12
    )


@pytest.mark.parametrize("favour", [2 / 3, 0.75, 0.9])
def test_efron_coin_settles_at_its_stationary_distribution(favour: float) -> None:
    """At even j, P(D = 0) = (2p - 1) / p and P(|D| = 2) is that times q / p^2 (Efron 1971)."""
    n = 160
    plan = allocation.build_plan("efron", {"probability": favour}, [1, 1], [], n)
    _, last = walk(plan, n, track=False)
    balanced = math.fsum(x.weight for x in last if x.difference == 0)
    two_apart = math.fsum(x.weight for x in last if abs(x.difference) == 2)
    limit = (2 * favour - 1) / favour
    # The walk returns to balance after j steps with a chance below (4pq)^(j/2): so does the error.
    error = (4 * favour * (1 - favour)) ** (n / 2) + 1e-12
    assert balanced == pytest.approx(limit, abs=error)
    assert two_apart == pytest.approx(limit * (1 - favour) / favour**2, abs=error)


def test_certain_coin_of_efron_is_a_block_of_two() -> None:
    efron = allocation.build_plan("efron", {"probability": 1}, [1, 1], [], 12)
    block = allocation.build_plan("permuted_block", {"block_size": 2}, [1, 1], [], 12)
    for one, other in zip(walk(efron, 12)[0], walk(block, 12)[0], strict=True):
        by_difference = {d: phi for _, d, phi, _ in one}
        assert by_difference == {d: phi for _, d, phi, _ in other}


def rows_of_the_page(metrics: tuple[str, ...]) -> dict[str, list[str]]:
    """Cells of the table with a column for each of these metrics."""
    rows: dict[str, list[str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name = cells[0].strip("`")
        if name in SCHEMES and len(cells) == 1 + len(metrics):
            rows[name] = cells[1:]
    return rows


def test_table_of_the_documentation_holds_the_exact_properties() -> None:
    rows = rows_of_the_page(METRICS)
    assert set(rows) == set(SCHEMES)
    for name, cells in rows.items():
        found = properties(name, 60)
        assert cells == [f"{found[metric]:.4f}" for metric in METRICS], name


def metrics_of(name: str, n: int) -> dict[str, float]:
    """What the package says of a scheme that is written on one line."""
    scheme, options = parse_scheme(name)
    found = exact_metrics(allocation.build_plan(scheme, options, [1, 1], [], n), n)
    assert found is not None
    return found


def test_second_table_of_the_documentation_holds_the_metrics_of_the_package() -> None:
    rows = rows_of_the_page(FURTHER_METRICS)
    assert set(rows) == set(SCHEMES)
    for name, cells in rows.items():
        found = metrics_of(name, 60)
        assert cells == [f"{found[metric]:.4f}" for metric in FURTHER_METRICS], name


@pytest.mark.parametrize("name", SCHEMES)
def test_metrics_of_the_package_are_those_of_the_slow_computation(name: str) -> None:
    n = 60
    slow, found = dict(properties(name, n)), metrics_of(name, n)
    fair = properties("complete", n)["max_imbalance"]
    # Blocks of two have an E max|D_j| of 1 and three right guesses in four.
    balance = (slow["max_imbalance"] - 1) / (fair - 1)
    guesses = (slow["correct_guesses"] - 1 / 2) / (3 / 4 - 1 / 2)
    slow["zhao_distance"] = math.sqrt((balance**2 + guesses**2) / 2)
    slow["incertus_distance"] = math.hypot(slow["imbalance_index"], slow["forcing_index"])
    assert set(slow) == set(found)
    for metric, value in slow.items():
        # The package lets go of a chance of 1e-13 that |D| goes on, for at most n values of |D|.
        assert found[metric] == pytest.approx(value, rel=1e-12, abs=1e-13 * n), metric


@pytest.mark.parametrize("scheme", allocation.SCHEMES)
def test_documentation_has_a_heading_for_every_scheme(scheme: str) -> None:
    assert f"\n## `{scheme}`" in PAGE.read_text(encoding="utf-8")
