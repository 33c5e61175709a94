"""Answers with looks that must be one another's, to the last bit."""

from typing import Any

import numpy as np
import pytest
from scenario_builder import base_case, changed, shipped
from test_looks import bare_trial, looked_at

from simulator.analysis import plans_of
from simulator.montecarlo import work as work_module
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.exact_stages import monitoring_of
from simulator.montecarlo.loop import MonteCarlo, Run, Stop, monte_carlo
from simulator.montecarlo.multiplicity import families_of
from simulator.montecarlo.units import run_unit
from simulator.montecarlo.workers import Workers
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario
from simulator.store.units import UnitStore
from simulator.truth import Truth

SEED = 7
LOOKS: dict[str, Any] = {
    "looks": [
        {"at": {"deaths": 10}, "cleaning_days": 30, "pause": True},
        {"at": {"information": 0.7}, "cleaning_days": 10},
    ],
    "efficacy": {"spending": "lan_demets_pocock"},
    "futility": {"rule": "z(0)"},
    "after_stopping": "stop_treatment",
}
SCARCE = looked_at(base_case("nct05484908-scarce"), LOOKS | {"max_information": 28})
BARE = bare_trial(**LOOKS)
TABLES: dict[str, Any] = {
    "analysis": "fisher",
    "looks": [{"at": {"completed": 20}, "cleaning_days": 10}, {"at": {"information": 0.7}}],
    "efficacy": {"spending": "lan_demets_pocock", "exact": True},
    "futility": {"rule": "predictive_probability(0.1)", "prior_control": [4.0, 6.0]},
}
OF_TABLES = looked_at(base_case("nct05484908-scarce"), TABLES)
MONTHS: dict[str, Any] = {
    "looks": [{"at": {"every_months": 6.0}, "cleaning_days": 10, "pause": True}],
    "efficacy": {
        "spending": "lan_demets_obrien_fleming",
        "lower_spending": "kim_demets(1)",
        "lower_alpha": 0.04,
    },
    "futility": {"rule": "z(0.7)"},
}
EVERY_MONTHS = bare_trial(**MONTHS)


def asked_of(scenario: Scenario) -> Evaluation:
    plans = plans_of(scenario)
    truths = (Truth(0.1, 0.001, 0.1, 0.001),) * len(plans)
    monitoring = monitoring_of(scenario, plans)
    families = families_of(scenario, plans)
    return Evaluation(plans, truths, families, table=True, monitoring=monitoring)


def bits(sums: Any) -> list[bytes]:
    return [array.tobytes() for array in sums.state().values()]


ENGINES = {"scarce": SCARCE, "bare": BARE, "tables": OF_TABLES, "every months": EVERY_MONTHS}


@pytest.mark.parametrize("scenario", ENGINES.values(), ids=ENGINES)
def test_both_engines_give_the_same_answer_with_looks(scenario: Scenario) -> None:
    params, asked = lower(scenario), asked_of(scenario)
    one = run_unit(params, asked, Engine.COMPILED, SEED, 3, 8)
    other = run_unit(params, asked, Engine.REFERENCE, SEED, 3, 8)
    assert one.sums.looks is not None
    assert one.sums.looks.decisions[:2, :3].sum() > 0  # a look stopped a trial
    assert bits(one.sums) == bits(other.sums)
    assert one.verdicts.bits.tobytes() == other.verdicts.bits.tobytes()


def _silent(*_: Any) -> None:
    return None


@pytest.fixture
def _small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module, "trials_a_unit", lambda *_: 50)


def answer(jobs: int, units: UnitStore | None = None, trials: int = 220) -> MonteCarlo:
    run = Run(lower(BARE), asked_of(BARE), SEED, Stop(trials, None), _silent, _silent)
    return monte_carlo(run, Workers(jobs, units), Engine.COMPILED)


@pytest.mark.usefixtures("_small_units")
def test_jobs_and_units_found_again_do_not_change_a_bit(tmp_path: Any) -> None:
    alone = bits(answer(1).sums)
    assert bits(answer(2).sums) == alone
    store = UnitStore(tmp_path / "units", lambda _: None)
    assert bits(answer(1, store).sums) == alone
    assert (store.found, store.made) == (0, 220)
    again = UnitStore(tmp_path / "units", lambda _: None)
    assert bits(answer(2, again).sums) == alone
    assert (again.found, again.made) == (220, 0)


def test_units_of_other_looks_are_not_taken_for_these(tmp_path: Any) -> None:
    store = UnitStore(tmp_path / "units", lambda _: None)
    answer(1, store, 60)
    other = changed(BARE, {"monitoring.looks.1.cleaning_days": 11.0})
    run = Run(lower(other), asked_of(other), SEED, Stop(60, None), _silent, _silent)
    again = UnitStore(tmp_path / "units", lambda _: None)
    monte_carlo(run, Workers(1, again), Engine.COMPILED)
    assert (again.found, again.made) == (0, 60)


NEVER = {
    "looks": [{"at": {"deaths": 10}, "cleaning_days": 30}, {"at": {"day": 400}}],
    "efficacy": None,
    "futility": {"rule": "z(-20)"},
}


@pytest.mark.parametrize("name", ["two-arm-survival", "nct05484908"])
def test_looks_that_cannot_stop_leave_every_trial_as_it_is_without_them(name: str) -> None:
    scenario = shipped(name) if name == "two-arm-survival" else base_case(name)
    with_looks = looked_at(scenario, NEVER | {"max_information": 28})
    one, other = (
        run_unit(lower(s), asked_of(s), Engine.COMPILED, SEED, 0, 60)
        for s in (scenario, with_looks)
    )
    assert one.table is not None
    assert other.table is not None
    for column in one.table._fields:
        # The p value is integrated over the looks, on a grid that is right to 1e-7.
        close = {"rtol": 0, "atol": 1e-7} if column == "p_value" else {"rtol": 0, "atol": 0}
        here, there = getattr(other.table, column), getattr(one.table, column)
        np.testing.assert_allclose(here, there, err_msg=column, **close)
    assert one.verdicts.bits.tobytes() == other.verdicts.bits.tobytes()
    assert other.sums.looks is not None
    np.testing.assert_array_equal(
        other.sums.looks.rejections, np.diag(np.diag(other.sums.looks.rejections))
    )
    means = other.sums.looks.compared
    np.testing.assert_array_equal(means[:, 0], means[:, 1])
    np.testing.assert_array_equal(means[:, 4], 0.0)
