"""Beta-binomial probabilities against quadrature, finite sums and a closed form."""

import math

import numpy as np
import pytest
from analysis_records import proportion_test
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from simulator.analysis.bayes import posterior_lower, prior_report

PRIORS = [((1.0, 1.0), (1.0, 1.0)), ((0.5, 0.5), (2.0, 3.5)), ((8.0, 12.0), (1.0, 1.0))]


def slow(a0, b0, a1, b1) -> float:
    """P(Beta(a1, b1) < Beta(a0, b0)), over the quantiles of the first."""
    return integrate.quad(
        lambda u: special.betainc(a1, b1, special.betaincinv(a0, b0, u)),
        0, 1, epsabs=1e-13, epsrel=1e-12, limit=400,
    )[0]  # fmt: skip


@pytest.mark.parametrize(("prior_0", "prior_1"), PRIORS)
@pytest.mark.parametrize(
    ("x0", "n0", "x1", "n1"), [(9, 30, 16, 30), (0, 10, 3, 12), (28, 28, 2, 32)]
)
def test_the_posterior_probability_is_that_of_quadrature(prior_0, prior_1, x0, n0, x1, n1):
    (a0, b0), (a1, b1) = prior_0, prior_1
    ours = posterior_lower(n0, n1, prior_0, prior_1)[x0, x1]
    assert ours == pytest.approx(slow(a0 + x0, b0 + n0 - x0, a1 + x1, b1 + n1 - x1), abs=1e-9)


@settings(max_examples=80)
@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_with_whole_parameters_it_is_a_finite_sum(n0, n1, data):
    x0, x1 = data.draw(st.integers(0, n0)), data.draw(st.integers(0, n1))
    a0, b0, a1, b1 = 1 + x0, 1 + n0 - x0, 1 + x1, 1 + n1 - x1
    # P(Beta(a0, b0) > Beta(a1, b1)), a0 whole (Evans; see Cook 2005).
    total = sum(
        math.exp(
            special.betaln(a1 + i, b0 + b1)
            - math.log(b0 + i)
            - special.betaln(1 + i, b0)
            - special.betaln(a1, b1)
        )
        for i in range(a0)
    )
    assert posterior_lower(n0, n1, (1.0, 1.0), (1.0, 1.0))[x0, x1] == pytest.approx(
        total, abs=1e-12
    )


def test_equal_data_and_priors_leave_even_odds():
    table = posterior_lower(20, 20, (1.0, 1.0), (1.0, 1.0))
    assert np.diag(table) == pytest.approx(np.full(21, 0.5), abs=1e-13)
    assert table + table.T == pytest.approx(np.ones((21, 21)), abs=1e-13)


def test_it_decides_at_the_posterior_probability_that_alpha_stands_for():
    priors = {"prior_control": [1.0, 1.0], "prior_experimental": [1.0, 1.0]}
    ours = proportion_test("beta_binomial", 18, 30, 9, 30, **priors)
    lower = posterior_lower(30, 30, (1.0, 1.0), (1.0, 1.0))[18, 9]
    assert ours.p_value == pytest.approx(2 * (1 - lower))
    assert (ours.p_value <= 0.05) == (lower >= 0.975)
    assert ours.favours == 1
    first, second = stats.beta(19, 13), stats.beta(10, 22)
    assert ours.estimate == pytest.approx(second.mean() - first.mean())
    assert ours.standard_error == pytest.approx(math.hypot(first.std(), second.std()))


def test_a_prior_report_says_what_the_prior_is_worth_and_where_data_would_contradict_it():
    agrees, differs = prior_report((18.0, 12.0), 30, 0.6), prior_report((18.0, 12.0), 30, 0.05)
    assert agrees.effective_patients == 30
    assert agrees.mean == pytest.approx(0.6)
    law = stats.betabinom(30, 18, 12)
    every = law.pmf(np.arange(31))
    assert differs.predictive_p == pytest.approx(every[every <= law.pmf(2) * (1 + 1e-9)].sum())
    assert differs.predictive_p < 0.001 < 0.5 < agrees.predictive_p
