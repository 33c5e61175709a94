"""What assurance is made of, against closed forms: averages, surfaces, shares, values."""

import math

import numpy as np
import pytest
from scipy import stats

from simulator.planning.averages import averaged, jackknife
from simulator.planning.decision_value import decide
from simulator.planning.information_value import value_of_one, value_of_perfect_information
from simulator.planning.power_surface import fit_surface, freed_powers, terms_for, variance_shares
from simulator.planning.worthwhile import criterion_of
from simulator.scenario.errors import RuleError


def both_below(h: float, rho: float) -> float:
    """Probability that two standard normals of this correlation are both below h."""
    return float(stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([h, h]))


def counts_of(powers: np.ndarray, trials: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).binomial(trials, powers).astype(float)


# Averages and their two errors


def test_both_errors_are_those_of_repeats():
    """Over repeats the average spreads by outer and inner error together, each as it is told."""
    repeats, draws, trials = 400, 50, 40
    rng = np.random.default_rng(1)
    powers = rng.beta(2, 3, (repeats, draws))
    found = [averaged(counts_of(p, trials, k), trials) for k, p in enumerate(powers)]
    # Var beta(2, 3) = .04; E p (1 - p) = .2.
    outer, inner = math.sqrt(0.04 / draws), math.sqrt(0.2 / trials / draws)
    spread = np.std([one.mean for one in found], ddof=1)
    # The standard deviation of a normal sample has relative error 1 / sqrt(2 n).
    assert spread == pytest.approx(math.hypot(outer, inner), rel=4 / math.sqrt(2 * repeats))
    for name, right in (("outer_se", outer), ("inner_se", inner)):
        squares = np.array([getattr(one, name) ** 2 for one in found])
        error = squares.std(ddof=1) / math.sqrt(repeats)
        assert abs(squares.mean() - right**2) < 4 * error


def test_trials_without_a_draw_or_with_one_have_no_outer_error():
    assert math.isnan(averaged(np.array([]), 10).mean)
    one = averaged(np.array([3.0]), 10)
    assert one.mean == 0.3
    assert math.isnan(one.outer_se)
    assert one.inner_se == pytest.approx(math.sqrt(0.21 / 9))
    assert averaged(np.zeros(5), 10).outer_se == 0.0


def test_the_jackknife_of_a_mean_has_its_standard_error():
    x = np.random.default_rng(2).normal(size=400)
    mean, error = jackknife(lambda chosen: np.array([x[chosen].mean()]), x.size)
    assert mean[0] == x.mean()
    # From 20 groups: 4 relative standard errors are 4 / sqrt(2 x 19).
    assert error[0] == pytest.approx(x.std(ddof=1) / 20, rel=4 / math.sqrt(38))


# The surface


def normal_case(draws: int, trials: int, slopes: tuple[float, ...], seed: int = 3):
    """Scores, powers and counts of a power that is Phi(-1 + slopes z)."""
    z = np.random.default_rng(seed).normal(size=(draws, len(slopes)))
    powers = stats.norm.cdf(-1.0 + z @ np.array(slopes))
    return z, powers, counts_of(powers, trials, seed + 1)


def test_powers_freed_of_their_error_have_the_distribution_of_the_true_ones():
    """Closed form: power = Phi(-1 + 1.5 z) is at least .8 where z is at least (1 + .8416) / 1.5."""
    draws, trials = 400, 20
    z, powers, counts = normal_case(draws, trials, (1.5,))
    surface = fit_surface(z, counts, trials)
    freed = freed_powers(surface, z, counts, trials)
    right = stats.norm.sf((1.0 + stats.norm.ppf(0.8)) / 1.5)
    assert abs((freed >= 0.8).mean() - right) < 4 * math.sqrt(right * (1 - right) / draws)
    assert surface.lack_of_fit > 6.3e-5
    # Far nearer to each true power than the share of so few trials is.
    assert np.abs(freed - powers).mean() < 0.35 * np.abs(counts / trials - powers).mean()
    assert np.var(freed) == pytest.approx(np.var(powers), rel=0.05)


def test_what_no_surface_tells_is_kept_with_its_own_spread():
    """Powers that have nothing to do with the scores: beta(2, 3), of variance .04."""
    draws, trials = 2_000, 30
    z = np.random.default_rng(5).normal(size=(draws, 2))
    powers = np.random.default_rng(6).beta(2, 3, draws)
    counts = counts_of(powers, trials, 7)
    surface = fit_surface(z, counts, trials)
    freed = freed_powers(surface, z, counts, trials)
    assert surface.lack_of_fit < 1e-10
    # Intraclass correlation 1 / (2 + 3 + 1); the variance has relative error of about 4 / 50.
    assert surface.overdispersion == pytest.approx(1 / 6, rel=4 * math.sqrt(2 / draws))
    assert np.var(freed) == pytest.approx(0.04, rel=4 * math.sqrt(2 / draws))
    right = stats.beta.sf(0.6, 2, 3)
    assert abs((freed >= 0.6).mean() - right) < 4 * math.sqrt(right * (1 - right) / draws)
    for share in variance_shares(surface, np.eye(2)):
        assert share.first_order < 0.05


def test_a_surface_exists_where_nothing_or_everything_is_rejected():
    z = np.random.default_rng(8).normal(size=(50, 2))
    for counts, power in ((np.zeros(50), 0.0), (np.full(50, 20.0), 1.0)):
        surface = fit_surface(z, counts, 20)
        assert surface.power(z) == pytest.approx(power, abs=0.01)
        freed = freed_powers(surface, z, counts, 20)
        assert ((freed >= 0) & (freed <= 1)).all()


def test_terms_are_no_more_than_the_draws_can_bear():
    assert len(terms_for(3, 400)) == 20  # all products up to the third degree
    assert len(terms_for(6, 400)) == 28  # up to the second
    assert len(terms_for(20, 400)) == 21  # up to the first
    assert terms_for(20, 30) == ((),)


# Shares of variance: closed form of Phi(a + b z), by the bivariate normal distribution


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_shares_of_variance_are_those_of_the_closed_form(rho: float):
    a, b = -1.0, np.array([0.9, 0.4, 0.2])
    r = np.eye(3)
    r[0, 1] = r[1, 0] = rho
    whole = 1 + b @ r @ b
    h = a / math.sqrt(whole)

    def variance(of: float) -> float:
        """Variance of the conditional mean if what is known explains `of` of b z."""
        return both_below(h, of / whole) - stats.norm.cdf(h) ** 2

    every = variance(float(b @ r @ b))
    z = np.random.default_rng(9).normal(size=(400, 3)) @ np.linalg.cholesky(r).T
    # Many trials, so that the surface is known: what is tested is the integration.
    powers = stats.norm.cdf(a + z @ b)
    surface = fit_surface(z, powers * 1e7, 10**7)
    for key, share in enumerate(variance_shares(surface, r)):
        others = [k for k in range(3) if k != key]
        alone = float(r[key] @ b) ** 2
        inverse = np.linalg.inv(r[np.ix_(others, others)])
        along = r[others] @ b
        assert share.first_order == pytest.approx(variance(alone) / every, abs=0.01)
        left = 1 - variance(float(along @ inverse @ along)) / every
        assert share.total == pytest.approx(left, abs=0.01)


def test_shares_of_an_almost_linear_power_are_those_of_the_squared_slopes():
    z, _, counts = normal_case(1_000, 2_000, (0.2, 0.1), seed=11)

    def estimate(chosen: np.ndarray) -> np.ndarray:
        surface = fit_surface(z[chosen], counts[chosen], 2_000)
        return np.array([s.first_order for s in variance_shares(surface, np.eye(2))])

    found, errors = jackknife(estimate, 1_000)
    # Phi is not quite straight: that is worth less than .01.
    for value, error, right in zip(found, errors, (0.8, 0.2), strict=True):
        assert abs(value - right) < 4 * error + 0.01
        assert error < 0.05


# The value of information


def normal_loss(mean: float, sd: float) -> float:
    """Expected value of choosing the better of 0 and a normal, once it is known."""
    t = mean / sd
    return sd * (stats.norm.pdf(t) + t * stats.norm.cdf(t)) - max(mean, 0.0)


def linear_decision(draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Utilities 0 and -1 + 3 z1 + 1.5 z2 with an error of simulation, and the scores."""
    rng = np.random.default_rng(12)
    z = rng.normal(size=(draws, 3))
    of_trial = -1.0 + z @ np.array([3.0, 1.5, 0.0]) + rng.normal(0, 2.0, draws)
    return np.column_stack([np.zeros(draws), of_trial]), z


def test_the_value_of_knowing_is_that_of_the_closed_form():
    utilities, z = linear_decision(2_000)

    def values(chosen: np.ndarray) -> np.ndarray:
        u, scores = utilities[chosen], z[chosen]
        alone = [value_of_one(u, scores[:, k]) for k in range(3)]
        return np.array([value_of_perfect_information(u, scores), *alone])

    found, errors = jackknife(values, 2_000)
    right = [normal_loss(-1, math.hypot(3, 1.5)), normal_loss(-1, 3), normal_loss(-1, 1.5), 0.0]
    for value, error, truth in zip(found[:3], errors[:3], right[:3], strict=True):
        assert abs(value - truth) < 4 * error
        assert error < 0.15
    # Of what does not matter nothing but the overfitting of a quartic is left.
    assert 0 <= found[3] < 0.02


def test_a_decision_names_the_best_option_and_pairs_the_others_with_it():
    utilities, z = linear_decision(500)
    powers = np.column_stack([np.full(500, math.nan), np.full(500, 0.7)])
    found = decide(["no trial", "trial"], ["a", "b", "c"], utilities, powers, z, "CNY", "fisher")
    assert found.best == "no trial"
    assert [o.name for o in found.options] == ["no trial", "trial"]
    assert found.options[1].utility == pytest.approx(utilities[:, 1].mean())
    assert found.options[1].difference_se == pytest.approx(utilities[:, 1].std(ddof=1) / 500**0.5)
    assert [i.key for i in found.evppi] == ["a", "b", "c"]
    assert found.evpi >= max(i.value for i in found.evppi) - 4 * found.evpi_se


# What is worthwhile


def test_a_criterion_is_read_as_it_is_typed():
    found = criterion_of(" hazard_ratio <= 0.8 ", [])
    assert (found.quantity, found.at_most, found.value) == ("hazard_ratio", True, 0.8)
    assert criterion_of("arms[PE].x>=2", ["arms[PE].x"]).at_most is False
    kept = found.holds(np.array([0.7, 0.8, 0.9, math.nan]))
    assert kept.tolist() == [True, True, False, False]


@pytest.mark.parametrize("text", ["", "hazard_ratio", "hazard_ratio=1", "hazard_ratio<=x", "hr<=1"])
def test_a_criterion_that_is_none_is_refused(text: str):
    with pytest.raises(RuleError):
        criterion_of(text, ["arms[PE].x"])


def test_shares_of_the_variance_lie_within_all_of_it_and_of_none_there_are_none():
    """A power of one everywhere has no variance to share out; what quadrature adds is no share."""
    scores = np.random.default_rng(7).normal(size=(60, 1))
    flat = fit_surface(scores, np.full(60, 50.0), 50)
    assert math.isnan(variance_shares(flat, np.eye(1))[0].total)
    steep = fit_surface(scores, np.where(scores[:, 0] > 1.5, 50.0, 0.0), 50)
    for share in variance_shares(steep, np.eye(1)):
        assert 0 <= share.first_order <= 1
        assert 0 <= share.total <= 1


def test_knowing_the_only_key_is_knowing_everything():
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(100, 1))
    utilities = np.stack([np.zeros(100), np.exp(scores[:, 0]) - 1.4 + rng.normal(size=100)], axis=1)
    assert value_of_perfect_information(utilities, scores) == value_of_one(utilities, scores[:, 0])
