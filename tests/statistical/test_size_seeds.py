"""The search for a size over hundreds of seeds, its trials drawn from powers that are known.

A search asks for trials at a value and is told how many reject: here as many as a binomial draw
from a power that is known, by enumeration (`reference_sizes`) or by a formula. So hundreds of
searches cost seconds. Coverage is held to 95 % as far as the number of seeds can tell (the upper
limit of its Wilson interval), a single estimate to four of its Monte Carlo standard errors.
"""

import math
from collections import Counter
from functools import lru_cache

import numpy as np
import pytest
import reference_sizes
from scipy.stats import norm

from simulator.montecarlo.intervals import interval, standard_error
from simulator.planning.bracket import is_out_of_reach
from simulator.planning.search import CHECKED_TRIALS, Search, SizeTarget, Tally
from simulator.planning.size import seek, shown
from simulator.results.size import PATIENTS, NoSizeKind

STEP = 2.0
SEEDS = range(200)
CROSSING = 190.0  # patients at which the smooth curve has 80 % power


@lru_cache(maxsize=4096)
def exact(test, patients):
    """Power of a test of .60 v .40 without loss, by enumeration."""
    return reference_sizes.POWERS[test](int(patients), 0.6, 0.4, 0.0)


@lru_cache(maxsize=4096)
def smooth(patients):
    """Power of a normal test with 80 % at the crossing: Phi(c root n - z)."""
    z = norm.isf(0.025)
    return float(norm.cdf((norm.isf(0.2) + z) * math.sqrt(patients / CROSSING) - z))


class Drawn:
    """Trials whose rejections are drawn, at most `recruited` patients being randomised."""

    def __init__(self, power, seed, recruited=math.inf):
        self.power, self.seed, self.recruited = power, seed, recruited

    def __call__(self, value, trials, first_trial):
        rng = np.random.default_rng([self.seed, round(1000 * value), first_trial])
        randomised = min(value, self.recruited)
        rejections = int(rng.binomial(trials, self.power(randomised)))
        favouring = int(rng.binomial(rejections, 0.9))
        reached = trials if value <= self.recruited else 0
        return Tally(trials, rejections, favouring, trials, reached, randomised, 0.0)


def searched(power, seed, target=0.8, own=60.0, between=(4.0, 10_000.0), **changes):
    recruited = changes.pop("recruited", math.inf)
    asked = SizeTarget(PATIENTS, target, *between, None, 50_000_000, **changes)
    search = Search(asked, Drawn(power, seed, recruited), own, True, STEP)
    outcome = seek(search, None, None, 730.0)
    return search, outcome


def covers(held):
    """Whether 95 % is not refuted by the share that holds."""
    return interval(sum(held), len(held))[1] >= 0.95


@pytest.fixture(scope="module", params=["fisher", "chi_square"])
def discrete(request):
    """Searches of a discrete test, whose power climbs in teeth."""

    def power(patients):
        return exact(request.param, patients)

    return power, [searched(power, seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def continuous():
    return [searched(smooth, seed) for seed in SEEDS]


def test_no_search_of_a_discrete_test_fails(discrete):
    """Enumeration: the power is .80 and more from 216 (Fisher) and 194 (chi-square) on."""
    _, found = discrete
    assert [outcome.reason for _, outcome in found] == [None] * len(found)


def test_the_slope_is_never_that_of_one_tooth(discrete):
    """By Phi(c root n - z) the slope at n is (z_power + z) / root n: 2.80 / root 200 = .198."""
    _, found = discrete
    slopes = np.array([outcome.crossing.line.slope for _, outcome in found])
    errors = np.sqrt([outcome.crossing.line.slope_variance for _, outcome in found])
    assert (np.abs(slopes - 2.80 / math.sqrt(200)) < 4 * errors + 0.02).all()


def test_the_answer_is_where_power_is_what_was_asked_but_for_a_tooth(discrete):
    """A tooth of these curves is .02 high; the Monte Carlo error of a check is .0025."""
    power, found = discrete
    at = np.array([power(outcome.crossing.value) for _, outcome in found])
    assert (np.abs(at - 0.8) < 0.02).all()


def test_the_power_quoted_is_the_row_of_the_answer_and_as_precise_as_it_says(discrete):
    power, found = discrete
    held = []
    for search, outcome in found:
        value = shown(search, outcome)
        assert value == outcome.crossing.value
        count = search.counted(search.tallies[value])
        assert count.trials >= CHECKED_TRIALS
        error = standard_error(count.rejections, count.trials)
        away = abs(count.rejections / count.trials - power(value))
        assert away < 4.5 * error
        held.append(away <= 1.96 * error)
    assert covers(held)


def test_the_power_quoted_is_unbiased_although_the_answer_was_chosen_by_it(continuous):
    """Mean of 200 errors in units of their own standard errors: 0, within 4 / root 200."""
    scaled = []
    for search, outcome in continuous:
        count = search.count(outcome.crossing.value)
        error = standard_error(count.rejections, count.trials)
        scaled.append((count.rejections / count.trials - smooth(outcome.crossing.value)) / error)
    assert abs(np.mean(scaled)) < 4 / math.sqrt(len(scaled))
    assert np.std(scaled) == pytest.approx(1.0, abs=4 / math.sqrt(2 * len(scaled)))


@pytest.mark.parametrize("target", [0.8, 0.9])
def test_confidence_intervals_hold_the_crossing_as_often_as_they_say(target, continuous):
    """The crossing in closed form: 190 (z_power + z)^2 / (z_80 + z)^2."""
    z = norm.isf(0.025)
    crossing = CROSSING * ((norm.isf(1 - target) + z) / (norm.isf(0.2) + z)) ** 2
    first = STEP * math.ceil(crossing / STEP - 1e-9)
    runs = continuous if target == 0.8 else [searched(smooth, seed, target) for seed in SEEDS]
    found = [outcome.crossing for _, outcome in runs]
    assert covers([c.low <= first <= c.high for c in found])
    assert all(c.precise for c in found)
    assert np.mean([c.value for c in found]) == pytest.approx(first, abs=0.01 * first)


def test_the_quoted_power_never_belies_the_target_by_more_than_its_error(continuous):
    """186 patients and 78.7 % for 80 % is what cannot happen: here within a point."""
    quoted = [search.power(outcome.crossing.value) for search, outcome in continuous]
    assert min(quoted) > 0.79
    assert max(quoted) < 0.815


# Searches that find nothing ----------------------------------------------------------------------


def test_recruitment_is_told_where_the_curve_goes_flat_below_the_target():
    """150 come at the most, whose power is .70."""
    for seed in range(50):
        search, outcome = searched(smooth, seed, recruited=150.0)
        assert outcome.crossing is None
        assert outcome.reason.kind is NoSizeKind.RECRUITMENT
        assert outcome.reason.patients == 150.0
        assert is_out_of_reach(search, outcome.reason.highest)
        value = shown(search, outcome)
        count = search.count(value)
        assert count.trials >= CHECKED_TRIALS
        # The largest of several such rows: four errors and a half.
        error = standard_error(count.rejections, count.trials)
        assert abs(count.rejections / count.trials - smooth(150)) < 4.5 * error
        assert search.power(value) == max(map(search.power, search.tallies))


@pytest.mark.parametrize("end", [198.0, 1000.0])
def test_power_that_is_reached_at_the_end_of_the_range_is_found(end):
    """.815 at 198 patients, which 1,000 trials put below .80 in one run of nine."""
    for seed in range(100):
        _, outcome = searched(smooth, seed, own=100.0, between=(4.0, end))
        assert outcome.reason is None
        assert abs(outcome.crossing.value - CROSSING) <= 8


def test_power_that_is_lacking_at_the_least_number_is_not_called_more_than_asked():
    """.784 at 182 patients, which 1,000 trials put above .80 in one run of nine."""
    for seed in range(100):
        _, outcome = searched(smooth, seed, own=300.0, between=(182.0, 1000.0))
        assert outcome.reason is None


def test_always_and_never_are_told_where_they_are_true():
    for seed in range(20):
        _, more = searched(smooth, seed, own=300.0, between=(230.0, 1000.0))
        assert more.reason.kind is NoSizeKind.ALWAYS
        _, less = searched(smooth, seed, own=100.0, between=(4.0, 160.0))
        assert less.reason.kind is NoSizeKind.NEVER


def test_a_power_that_does_not_change_ends_in_a_search_that_did_not_converge():
    """80 % at every value, and 80 % asked: whatever is said, no value is it."""
    kinds = Counter()
    for seed in range(40):
        _, outcome = searched(lambda _: 0.8, seed, own=100.0, between=(60.0, 400.0))
        kinds[outcome.reason.kind if outcome.reason else None] += 1
    assert kinds[NoSizeKind.NOT_CONVERGED] >= 35
    assert kinds[None] <= 2


@pytest.mark.parametrize("target", [0.8, 0.9999])
@pytest.mark.parametrize("patients", [1_000_000, 20_000_000])
def test_a_search_stops_when_its_patients_are_used_up(target, patients):
    """Beyond come one round, one check of a quarter of them, and the first trials alone."""
    asked = SizeTarget(PATIENTS, target, 4.0, 10_000.0, 0.5, patients)
    search = Search(asked, Drawn(smooth, 1), 60.0, True, STEP)
    shown(search, seek(search, None, None, 730.0))
    first = sum(tally.trials * value for value, tally in search.first.items())
    assert search.patients < 2 * patients + 2 * first


# What is counted ---------------------------------------------------------------------------------


def test_rejections_in_favour_of_the_second_arm_are_counted_where_asked():
    """Nine in ten of the rejections: 80 % of .9 p is reached where p is .889."""
    z = norm.isf(0.025)
    wanted = CROSSING * ((norm.ppf(0.8 / 0.9) + z) / (norm.isf(0.2) + z)) ** 2
    values = [searched(smooth, seed, favoured=True)[1].crossing.value for seed in range(30)]
    assert np.mean(values) == pytest.approx(wanted, abs=2.0)


def test_tallies_add_up_like_the_trials_that_they_came_from():
    rng = np.random.default_rng(1)
    parts = [rng.poisson(100, size) for size in (40, 70)]

    def tally(patients):
        size = patients.size
        return Tally(size, 3, 2, 30, 9, float(patients.mean()), float(patients.var() / size))

    both = tally(parts[0]).plus(tally(parts[1]))
    every = np.concatenate(parts)
    assert both[:5] == (110, 6, 4, 60, 18)
    assert both.randomised == pytest.approx(every.mean())
    errors = [part.var() * part.size for part in parts]
    assert both.randomised_variance == pytest.approx(sum(errors) / every.size**2)
