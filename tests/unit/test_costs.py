"""What a trial costs, by hand."""

import math

import numpy as np
import pytest
from scenario_builder import changed, shipped
from test_totals import folded, made

from simulator.montecarlo.costs import cost_of, prices_of, trial_costs
from simulator.results.operations import Costed

PRICES = {
    "currency": "CNY",
    "per_session": {"PE": 15_000.0, "DPMAS+LPE": 18_000.0},
    "per_patient": 2_000.0,
    "per_site": 50_000.0,
    "per_month": 30_000.0,
    "per_plasma_litre": 1_200.0,
}


def priced(costs):
    return prices_of(changed(shipped("nct05484908"), {"costs": costs}))


def test_a_trial_costs_what_its_parts_do():
    """One trial: 4 sessions of PE and 3 of the other, 5 patients, 1 site, 2 months, 11 litres."""
    metrics = made(1)._replace(
        sessions_by_modality=np.array([[4, 3]]),
        randomised=np.array([5]),
        trial_days=np.array([2 * 30.4375]),
        plasma_litres=np.array([[8.0, 3.0]]),
    )
    by_hand = 4 * 15_000 + 3 * 18_000 + 5 * 2_000 + 50_000 + 2 * 30_000 + 11 * 1_200
    assert by_hand == 247_200
    assert trial_costs(priced(PRICES), metrics._asdict(), 1) == pytest.approx([by_hand], rel=1e-12)


def test_the_mean_and_its_error_count_that_parts_go_together():
    operations, prices = made(400), priced(PRICES)
    each = trial_costs(prices, operations._asdict(), 400)
    found = cost_of(prices, folded(operations, 400))
    error = each.std(ddof=1) / math.sqrt(400)
    assert (found.mean, found.mcse) == pytest.approx((each.mean(), error), rel=1e-9)
    assert found.counted == tuple(Costed)


def test_a_price_that_is_not_given_is_none():
    prices = priced({"currency": "CNY", "per_session": PRICES["per_session"]})
    operations = made(50)
    found = cost_of(prices, folded(operations, 50))
    sessions = operations.sessions_by_modality @ np.array([15_000.0, 18_000.0])
    assert found.mean == pytest.approx(sessions.mean(), rel=1e-12)
    assert found.counted == (Costed.SESSIONS,)


def test_without_prices_there_is_no_cost():
    assert cost_of(priced(None), folded(made(5), 5)) is None


def test_a_site_is_paid_for_whether_it_recruits_or_not():
    bare = {"currency": "EUR", "per_session": {}, "per_site": 7.0}
    scenario = changed(shipped("two-arm-survival"), {"costs": bare})
    assert scenario.accrual.kind == "uniform"  # which has one site
    assert prices_of(scenario).fixed == 7.0
