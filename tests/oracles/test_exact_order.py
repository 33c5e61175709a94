"""Which tables are tied, and which come first: decided in fractions and in 70 digits."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import reference_barnard
from scipy import stats

from simulator.analysis import exact_power as exact
from simulator.analysis.exact_order import fisher_ranks, pooled_ranks
from simulator.analysis.exact_tables import fisher_tables, p_values
from simulator.analysis.types import reaches

# Size and power at .6 v .3 by `reference_barnard` (30 v 30 and 40 v 40 take it 5 and 60 s): there
# only pairs of the same deaths and ways tie.
CSM = {
    (30, 30): (0.048991, 0.633632),
    (40, 40): (0.048326, 0.767287),
    (29, 31): (0.049663, 0.654843),
    (20, 25): (0.048999, 0.523033),
}


@pytest.mark.parametrize("sizes", CSM)
def test_barnards_size_and_power_are_those_of_seventy_digits(sizes):
    significant = exact.rejection_set(exact.ExactQuestion("barnard", *sizes, 0.05))
    size, power = CSM[sizes]
    assert exact.size(significant)[0] == pytest.approx(size, abs=6e-7)
    assert exact.power(significant, 0.6, 0.3) == pytest.approx(power, abs=6e-7)


@pytest.mark.parametrize("sizes", [(9, 9), (11, 14), (16, 16), (20, 20)])
def test_barnards_p_values_are_those_of_seventy_digits(sizes):
    n0, n1 = sizes
    ours = p_values("barnard", n0, n1)
    for (x0, x1), p in reference_barnard.barnard(n0, n1, up_to=0.2).items():
        assert ours[x0, x1] == pytest.approx(p, rel=1e-8)
        assert ours[n0 - x0, n1 - x1] == ours[x0, x1]


def test_pairs_that_raise_the_size_by_ever_so_little_come_in_one_after_another():
    """At 30 v 30 eleven tables raise the largest probability by less than 1e-7 of itself."""
    ours = p_values("barnard", 30, 30)
    region = np.unique(ours[ours <= 0.05])
    assert region.size > 40
    assert (np.abs(ours - 0.0391) < 5e-5).sum() < 8


def fractions_of(n0: int, n1: int, side: int) -> dict[tuple[int, int], Fraction]:
    """Fisher's p values: of fewer deaths in the second arm, of more, and of none more likely."""
    found = {}
    for x0, x1 in itertools.product(range(n0 + 1), range(n1 + 1)):
        dead = x0 + x1
        ways = {
            k: math.comb(n1, k) * math.comb(n0, dead - k)
            for k in range(max(0, dead - n0), min(n1, dead) + 1)
        }
        tail = sum(w for k, w in ways.items() if (k <= x1, k >= x1, w <= ways[x1])[side])
        found[x0, x1] = Fraction(tail, math.comb(n0 + n1, dead))
    return found


def dense(values: dict[tuple[int, int], Fraction], shape: tuple[int, int]) -> np.ndarray:
    place = {value: k for k, value in enumerate(sorted(set(values.values())))}
    ranks = np.empty(shape, np.int64)
    for table, value in values.items():
        ranks[table] = place[value]
    return ranks


SIZES = [(5, 5), (7, 12), (12, 12), (18, 9), (22, 21)]


@pytest.mark.parametrize("side", [0, 1, 2])
@pytest.mark.parametrize("sizes", SIZES)
def test_fishers_order_is_that_of_the_fractions(sizes, side):
    expected = dense(fractions_of(*sizes, side), (sizes[0] + 1, sizes[1] + 1))
    assert (fisher_ranks(*sizes, side) == expected).all()


@pytest.mark.parametrize("side", [0, 1, 2])
@pytest.mark.parametrize("sizes", [*SIZES, (40, 25)])
def test_the_order_of_z_is_that_of_the_fractions(sizes, side):
    n0, n1 = sizes
    z2 = {}
    for x0, x1 in itertools.product(range(n0 + 1), range(n1 + 1)):
        dead, excess = x0 + x1, Fraction(x1, n1) - Fraction(x0, n0)
        p = Fraction(dead, n0 + n1)
        square = excess * abs(excess) / (p * (1 - p)) if 0 < p < 1 else Fraction(0)
        z2[x0, x1] = (square, -square, -abs(square))[side]
    assert (pooled_ranks(n0, n1, side) == dense(z2, (n0 + 1, n1 + 1))).all()


def test_two_tables_that_differ_by_less_than_a_ten_millionth_are_not_tied():
    """40 v 25: one-sided p values of .0514 that differ by 1.5e-7 of themselves, in fractions."""
    values = fractions_of(40, 25, 0)
    near = [
        (a, b)
        for (a, p), (b, q) in itertools.combinations(
            [(t, p) for t, p in values.items() if 0.0513 < p < 0.0515], 2
        )
        if p != q and abs(p / q - 1) < 2e-7
    ]
    assert near
    ranks = fisher_ranks(40, 25, 0)
    for a, b in near:
        assert (ranks[a] < ranks[b]) == (values[a] < values[b])


@pytest.mark.parametrize("sizes", [*SIZES, (30, 28), (40, 25)])
def test_fishers_two_sided_p_values_are_the_fractions(sizes):
    """So every table with the same deaths that is exactly as likely is in, and no other."""
    ours = fisher_tables(*sizes)[2]
    for table, p in fractions_of(*sizes, 2).items():
        assert ours[table] == pytest.approx(float(p), rel=1e-11)


def test_fishers_two_sided_p_values_of_a_large_trial_are_the_fractions():
    """450 patients: probabilities that differ by 3e-6 of themselves, by enumeration."""
    n0, n1 = 250, 200
    ours = fisher_tables(n0, n1)[2]
    for dead in (133, 180, 216, 225):
        seconds = range(max(0, dead - n0), min(n1, dead) + 1)
        ways = {k: math.comb(n1, k) * math.comb(n0, dead - k) for k in seconds}
        for x1 in range(seconds.start, seconds.stop, 7):
            p = Fraction(sum(w for w in ways.values() if w <= ways[x1]), math.comb(450, dead))
            assert ours[dead - x1, x1] == pytest.approx(float(p), rel=1e-10)


@pytest.mark.parametrize("alpha", [Fraction(1, 20), Fraction(1, 10), Fraction(1, 5)])
def test_a_p_value_that_equals_its_level_rejects(alpha):
    """Fisher's p values are fractions; at 3 v 2 one is 1/10, and was 1/10 + 2e-17 when rounded."""
    equal = 0
    for n0, n1 in itertools.product(range(2, 10), repeat=2):
        significant = reaches(fisher_tables(n0, n1)[2], float(alpha))
        for table, p in fractions_of(n0, n1, 2).items():
            assert significant[table] == (p <= alpha)
            equal += p == alpha
    assert equal or alpha == Fraction(1, 20)


def test_no_chi_square_statistic_is_near_enough_to_its_critical_value_for_rounding_to_decide():
    """So that the significant tables are those of z^2 in fractions, above 3.841458820694124."""
    critical = Fraction(stats.chi2.ppf(0.95, 1))  # good to 1e-14
    for n0, n1 in itertools.product(range(2, 41, 3), repeat=2):
        significant = exact.rejection_set(exact.ExactQuestion("chi_square", n0, n1, 0.05))
        for x0, x1 in itertools.product(range(n0 + 1), range(n1 + 1)):
            dead, patients = x0 + x1, n0 + n1
            if dead in (0, patients):
                continue
            excess = x1 * n0 - x0 * n1
            z2 = Fraction(excess * excess * patients, n0 * n1 * dead * (patients - dead))
            assert abs(z2 / critical - 1) > 1e-8
            assert significant[x0, x1] == (z2 > critical)
