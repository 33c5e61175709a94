"""What looks save in money: each trial priced by hand, with looks and without."""

import math

import pytest
from test_costs import PRICES, priced
from test_totals import WHOLE, made, rows_of

import simulator
from simulator.montecarlo.costs import trial_costs
from simulator.montecarlo.look_costs import PricedSums
from simulator.report.document.blocks import Table
from simulator.report.document.looks import look_blocks
from simulator.report.text.power_looks import looks_section
from simulator.report.text.tables import Table as TextTable

TRIALS = 300
SCENARIO = """\
extends: nct05484908-looks
name: priced
title: a look, priced
costs: {currency: CNY, per_session: {PE: 15000, DPMAS+LPE: 18000}, per_patient: 2000, \
per_site: 50000, per_month: 30000, per_plasma_litre: 1200}
"""


BARE = """\
extends: two-arm-survival
name: bare
title: a look, no prices
monitoring: {max_information: 30, looks: [{at: {deaths: 15}}]}
"""


def test_costs_and_their_paired_error_are_those_of_single_trials():
    prices, sums = priced(PRICES), PricedSums(WHOLE)
    now, before = made(TRIALS, seed=5), made(TRIALS, seed=6)
    sums.add(rows_of(now), rows_of(before), TRIALS)
    with_looks, without = (trial_costs(prices, m._asdict(), TRIALS) for m in (now, before))
    found = sums.mean_costs(prices.by_column, prices.fixed, TRIALS)
    for estimate, costs in zip(found, (with_looks, without, with_looks - without), strict=True):
        assert estimate.mean == pytest.approx(costs.mean(), rel=1e-9)
        error = costs.std(ddof=1) / math.sqrt(TRIALS)
        assert estimate.mcse == pytest.approx(error, rel=1e-6)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("priced") / "priced.yaml"
    path.write_text(SCENARIO)
    return simulator.load(path)


@pytest.fixture(scope="module")
def answer(study):
    return study.power(TRIALS, jobs=1)


def test_a_run_tells_what_looks_save(answer):
    cost, o = answer.looks.compared["cost"], answer.operations.cost
    assert cost.unit == "CNY"
    assert (cost.with_looks.mean, cost.with_looks.mcse) == pytest.approx((o.mean, o.mcse))
    assert cost.difference.mean == pytest.approx(cost.with_looks.mean - cost.without.mean)
    assert cost.difference.mean < -4 * cost.difference.mcse


def test_without_looks_a_trial_costs_what_it_does_in_a_scenario_without_them(answer, tmp_path):
    plain = SCENARIO.replace("nct05484908-looks", "nct05484908").replace("priced", "plain")
    (tmp_path / "plain.yaml").write_text(plain)
    alone = simulator.load(tmp_path / "plain.yaml").power(TRIALS, jobs=1).operations.cost
    found = answer.looks.compared["cost"].without
    assert (found.mean, found.mcse) == pytest.approx((alone.mean, alone.mcse))


def test_the_error_of_the_difference_is_of_pairs(answer):
    """Trials that no look stops cost the same with and without: pairs are known better."""
    cost = answer.looks.compared["cost"]
    apart = math.hypot(cost.with_looks.mcse, cost.without.mcse)
    assert 0 < cost.difference.mcse < apart


def test_text_and_document_have_a_row_of_it_with_the_currency(answer):
    tables = [block for block in looks_section(answer) if isinstance(block, TextTable)]
    assert "cost, CNY" in [row[0] for row in tables[-1].rows]
    table = [block for block in look_blocks(answer) if isinstance(block, Table)][-1]
    assert table.rows[-1][0] == "Cost, CNY"


def test_without_prices_there_is_no_row(tmp_path):
    (tmp_path / "bare.yaml").write_text(BARE)
    assert "cost" not in simulator.load(tmp_path / "bare.yaml").power(60, jobs=1).looks.compared
