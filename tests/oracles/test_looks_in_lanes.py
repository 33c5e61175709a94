"""Trials looked at in lanes are those looked at from records, bit by bit."""

from typing import Any

import numpy as np
import pytest
from scenario_builder import bare
from test_looks import looked_at
from test_looks_identities import asked_of

from simulator.analysis import plans_of
from simulator.monitoring.asked import monitoring_plan
from simulator.montecarlo import units
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.monitored_lanes import are_looked_at_in_lanes
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario

LOSS = {"exits.loss": {"net_probability": 0.2, "by_day": 84.0}}
OTHERS = {
    "exits.transplant": {"net_probability": 0.2, "by_day": 84.0},
    "exits.tumour_death": {"net_probability": 0.1, "by_day": 84.0},
}
AT_DEATHS = {"looks": [{"at": {"deaths": 8}}, {"at": {"deaths": 16}}]}
MIXED = {
    "looks": [
        {"at": {"later": [{"deaths": 6}, {"randomised": 14}]}, "cleaning_days": 20},
        {"at": {"earlier": [{"completed": 25}, {"day": 400}]}},
        {"at": {"information": 0.8}, "cleaning_days": 400},
    ],
    "futility": {"rule": "conditional_power(0.3,estimate)"},
}


def trial(
    analysis: dict[str, Any],
    monitoring: dict[str, Any],
    exits: dict[str, Any] = LOSS,
    patients: int = 40,
) -> Scenario:
    asked = {"analysis": "looked_at", "max_information": 30} | monitoring
    first = {"name": "end", "test": "fisher"}
    analyses = {"analyses": [first, {"name": "looked_at"} | analysis]}
    return looked_at(bare(patients, exits | analyses), asked)


TABLES = {
    "looks": [{"at": {"completed": 12}}, {"at": {"information": 0.7}, "cleaning_days": 20}],
    "efficacy": {"spending": "lan_demets_pocock", "exact": True},
    "futility": {"rule": "predictive_probability(0.1)"},
}
LOG_RANK = {"test": "log_rank"}
CASES = {
    "at deaths": trial(LOG_RANK, AT_DEATHS),
    "at all sorts of moments": trial(LOG_RANK, MIXED),
    "transplant is an event": trial(LOG_RANK | {"transplant": "event"}, MIXED, LOSS | OTHERS),
    "transplant is a loss": trial(LOG_RANK | {"transplant": "censored"}, MIXED, LOSS | OTHERS),
    "loss is a death": trial(LOG_RANK | {"lost": "worst_case"}, MIXED, LOSS | OTHERS),
    "Cox": trial({"test": "cox", "ties": "efron", "statistic": "score"}, AT_DEATHS),
    "a table": trial({"test": "fisher"}, MIXED | {"max_information": 36}, LOSS | OTHERS),
    "a look that never comes": trial(
        LOG_RANK, {"max_information": 40, "looks": [{"at": {"deaths": 39}}]}
    ),
    "more patients than are sorted side by side": trial(LOG_RANK, MIXED, patients=140),
    "by all tables": trial({"test": "fisher"}, TABLES | {"max_information": 36}, LOSS | OTHERS),
    "every six months, sides of their own": trial(
        LOG_RANK,
        {
            "looks": [{"at": {"every_months": 6.0}, "cleaning_days": 10.0}],
            "efficacy": {
                "spending": "lan_demets_obrien_fleming",
                "lower_spending": "kim_demets(1)",
                "lower_alpha": 0.04,
            },
            "futility": {"rule": "z(0.2)"},
        },
    ),
    "shows nothing early": trial(LOG_RANK, MIXED | {"efficacy": None}),
    "one-sided": trial(LOG_RANK | {"alternative": "less", "alpha": 0.025}, AT_DEATHS),
    "stops treatment": trial(LOG_RANK, MIXED | {"after_stopping": "stop_treatment"}),
}


IN_DEPTH = "transplant is a loss", "a table", "shows nothing early", "one-sided"


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in IN_DEPTH else []) for name in CASES],
)
def test_looks_in_lanes_are_those_of_records(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = CASES[name]
    params, asked = lower(scenario), asked_of(scenario)
    assert asked.monitoring is not None
    assert are_looked_at_in_lanes(asked.plans, asked.monitoring)
    assert units.come_in_lanes(params, asked.plans)
    from_lanes = run_unit(params, asked, Engine.COMPILED, 3, 5, 700)
    monkeypatch.setattr(units, "come_in_lanes", lambda *_: False)
    from_records = run_unit(params, asked, Engine.COMPILED, 3, 5, 700)
    for ours, theirs in zip(from_lanes.table, from_records.table, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    ours, theirs = from_lanes.sums.state(), from_records.sums.state()
    assert {key: x.tobytes() for key, x in ours.items()} == {
        key: x.tobytes() for key, x in theirs.items()
    }
    assert from_lanes.verdicts.bits.tobytes() == from_records.verdicts.bits.tobytes()
    stopped = from_lanes.sums.looks.decisions[:-1, :3].sum()
    assert (stopped == 0) == (name == "a look that never comes")


def test_who_is_left_out_for_a_loss_not_yet_known_is_looked_at_from_records() -> None:
    scenario = trial(LOG_RANK | {"lost": "excluded"}, AT_DEATHS)
    plans = plans_of(scenario)
    asked = monitoring_plan(scenario, plans)
    assert asked is not None
    assert not are_looked_at_in_lanes(plans, asked)


def test_a_pause_is_looked_at_from_records() -> None:
    paused = {"looks": [{"at": {"deaths": 8}, "cleaning_days": 20, "pause": True}]}
    scenario = trial(LOG_RANK, paused)
    asked = asked_of(scenario)
    assert asked.monitoring is not None
    assert not are_looked_at_in_lanes(asked.plans, asked.monitoring)
    unit = run_unit(lower(scenario), asked, Engine.COMPILED, 3, 5, 60)
    assert unit.sums.looks is not None
    assert unit.sums.looks.taken(0) > 30


@pytest.mark.parametrize("trials", [1, 65, 300])
def test_trials_of_a_unit_do_not_depend_on_how_many_there_are(trials: int) -> None:
    """P values too, whose sums once had other last digits beside other trials."""
    scenario = CASES["at all sorts of moments"]
    params, asked = lower(scenario), asked_of(scenario)
    whole = run_unit(params, asked, Engine.COMPILED, 3, 0, 400).table
    part = run_unit(params, asked, Engine.COMPILED, 3, 90, trials).table
    assert whole is not None
    assert part is not None
    for ours, theirs in zip(part, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs[90 : 90 + trials])
