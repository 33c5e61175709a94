"""Looks before the end of a trial, held to the slow ones, a trial at a time."""

from typing import Any

import numpy as np
import pytest
from reference_looks import TrialWithLooks, slow_looks
from scenario_builder import base_case, changed, shipped

from simulator.analysis import plans_of
from simulator.conduct import as_planned
from simulator.engines import compiled
from simulator.monitoring.asked import monitoring_plan
from simulator.montecarlo.evaluation import Engine, Evaluation, Observer
from simulator.montecarlo.open_unit import Part
from simulator.montecarlo.parts import run_part
from simulator.params.lower import lower
from simulator.records import TrialRecords
from simulator.scenario.schema import Scenario

SEED = 20221
DECISION = {"first": 0, "second": 1, "futility": 2, "go on": 3}


def looked_at(scenario: Scenario, monitoring: dict[str, Any], **changes: Any) -> Scenario:
    """The scenario with looks; of the log-rank test unless an analysis is named."""
    return changed(scenario, {"monitoring": {"analysis": "log_rank"} | monitoring} | changes)


def bare_trial(**monitoring: Any) -> Scenario:
    return looked_at(shipped("two-arm-survival"), {"max_information": 30} | monitoring)


def real_trial(name: str = "nct05484908", **monitoring: Any) -> Scenario:
    if monitoring.get("analysis", "log_rank") == "log_rank":
        monitoring = {"max_information": 26} | monitoring
    return looked_at(base_case(name), monitoring)


def fast(scenario: Scenario, trials: int) -> tuple[Part, TrialRecords]:
    """What the Monte Carlo loop makes of trials, and their records as they were conducted."""
    seen: list[TrialRecords] = []

    def look(_: Any, records: TrialRecords) -> tuple[()]:
        seen.append(records)
        return ()

    plans = plans_of(scenario)
    asked = Evaluation(
        plans, (), (), Observer(look, None, ()), monitoring=monitoring_plan(scenario, plans)
    )
    part = run_part(lower(scenario), asked, Engine.COMPILED, SEED, 0, trials)
    return part, seen[0]


def slow(scenario: Scenario, trials: int) -> list[TrialWithLooks]:
    params, plans = lower(scenario), plans_of(scenario)
    return [
        slow_looks(
            scenario,
            plans,
            as_planned(np.array([trial]), params.trial.target_randomised),
            lambda conduct: compiled.conducted(params, SEED, conduct, with_hazard=False),
        )
        for trial in range(trials)
    ]


def assert_same_trial(
    records: TrialRecords, trial: int, alone: TrialRecords, same_engine: bool = True
) -> None:
    """A trial among others is that simulated alone, in every column.

    The hazard is left out where another engine simulated it alone: the loop does not ask for it.
    """
    ends = np.cumsum(records.trials.randomised)
    rows = slice(ends[trial] - records.trials.randomised[trial], ends[trial])
    for name, place in (
        ("trials", slice(trial, trial + 1)),
        ("patients", rows),
        ("sessions", rows),
    ):
        for column, values in getattr(alone, name)._asdict().items():
            if column == "first_row" or not (same_engine or column != "liver_cumulative_hazard"):
                continue
            among = getattr(getattr(records, name), column)[place]
            np.testing.assert_array_equal(among, values, err_msg=f"{trial}: {name}.{column}")


def hold(scenario: Scenario, trials: int) -> list[TrialWithLooks]:
    """Hold trials with looks to the slow ones; return these."""
    part, records = fast(scenario, trials)
    expected = slow(scenario, trials)
    plans = plans_of(scenario)
    assert scenario.monitoring is not None
    column = [plan.name for plan in plans].index(scenario.monitoring.analysis or plans[0].name)
    assert part.looks is not None
    rows = part.looks.rows
    for trial, one in enumerate(expected):
        last = len(scenario.monitoring.looks)
        taken = {look.place: look for look in one.looks}
        for place in range(last + 1):
            look = taken.get(place)
            here = f"trial {trial}, look {place}: {look}"
            if look is None:
                assert rows.decision[trial, place] == -1, here
                continue
            assert rows.decision[trial, place] == DECISION[look.decision], here
            if place < last:
                assert rows.cut_day[trial, place] == look.cut_day, here
                assert rows.decision_day[trial, place] == look.decision_day, here
                assert rows.randomised[trial, place] == look.randomised, here
            np.testing.assert_allclose(
                rows.fraction[trial, place], look.fraction, rtol=1e-12, err_msg=here
            )
            np.testing.assert_allclose(
                rows.z[trial, place], look.z, rtol=1e-9, atol=1e-12, err_msg=here
            )
            boundary = rows.boundary[trial, place]
            boundary = np.inf if np.isnan(boundary) else boundary
            np.testing.assert_allclose(boundary, look.upper, atol=1e-6, err_msg=here)
        assert_same_trial(records, trial, one.records)
        rejects = bool(part.table.p_value[trial, column] <= plans[column].alpha)
        if one.looks[-1].decision != "futility":
            np.testing.assert_allclose(
                part.table.p_value[trial, column], one.looks[-1].p_value, atol=1e-6, err_msg=here
            )
        assert rejects == (one.rejects_for is not None), (trial, one.looks)
        if one.rejects_for is not None:
            assert part.table.favours[trial, column] == one.rejects_for
    return expected


CASES = {
    "bare trial, log-rank, two looks and a threshold": bare_trial(
        looks=[{"at": {"deaths": 12}, "cleaning_days": 20}, {"at": {"information": 0.7}}],
        futility={"rule": "z(-0.5)"},
    ),
    "Fisher, conditional power under the estimate": real_trial(
        analysis="fisher",
        looks=[{"at": {"completed": 20}, "cleaning_days": 30}, {"at": {"completed": 40}}],
        efficacy={"spending": "lan_demets_pocock"},
        futility={"rule": "conditional_power(0.2,estimate)"},
    ),
    "a shape, a pause, conditional power under the design": real_trial(
        looks=[{"at": {"deaths": 12}, "cleaning_days": 45, "pause": True}],
        efficacy={"spending": "pocock"},
        futility={"rule": "conditional_power(0.3,design)", "power": 0.8},
    ),
    "scarce plasma, treatment stops": real_trial(
        "nct05484908-scarce",
        looks=[
            {"at": {"randomised": 25}, "cleaning_days": 14},
            {"at": {"information": 0.6}, "cleaning_days": 14, "pause": True},
        ],
        efficacy={"spending": "kim_demets(1)"},
        futility={"rule": "z(0.3)", "binding": True},
        after_stopping="stop_treatment",
    ),
    "those treated by the cut": looked_at(
        base_case("nct05484908-scarce"),
        {
            "analysis": "fisher",
            "max_information": 50,
            "looks": [{"at": {"day": 300.5}}, {"at": {"information": 0.5}, "cleaning_days": 7}],
            "efficacy": {"spending": "lan_demets_pocock"},
            "futility": {"rule": "z(0.2)"},
        },
        **{"analyses.0.population": "treated"},
    ),
    "transplants are events, not deaths": looked_at(
        base_case(),
        {
            "max_information": 40,
            "looks": [
                {"at": {"later": [{"deaths": 6}, {"information": 0.3}]}},
                {"at": {"information": 0.6}, "cleaning_days": 10},
            ],
            "efficacy": {"spending": "hwang_shih_decani(1)"},
            "futility": {"rule": "z(0.1)"},
        },
        **{"exits.transplant.net_probability": 0.35},
    ),
    "looks that never come, on one day, without an event, after the last patient": bare_trial(
        looks=[
            {"at": {"day": 1.0}},
            {"at": {"deaths": 10}, "cleaning_days": 200},
            {"at": {"randomised": 18}, "cleaning_days": 30},
            {"at": {"earlier": [{"day": 420}, {"deaths": 14}]}},
            {"at": {"later": [{"randomised": 60}, {"deaths": 20}]}, "cleaning_days": 5},
            {"at": {"later": [{"deaths": 58}, {"day": 1}]}},
        ],
        efficacy={"spending": "lan_demets_pocock"},
        futility={"rule": "z(-0.8)"},
    ),
    "binding futility and a pause that changes who comes": bare_trial(
        looks=[
            {"at": {"deaths": 9}, "cleaning_days": 60, "pause": True},
            {"at": {"deaths": 18}, "cleaning_days": 30, "pause": True},
        ],
        efficacy={"spending": "kim_demets(1)"},
        futility={"rule": "z(0)", "binding": True},
    ),
    "less of alpha and another rule in favour of the first arm": bare_trial(
        looks=[{"at": {"deaths": 9}, "cleaning_days": 20}, {"at": {"information": 0.7}}],
        efficacy={
            "spending": "lan_demets_obrien_fleming",
            "lower_spending": "lan_demets_pocock",
            "lower_alpha": 0.03,
        },
        futility={"rule": "conditional_power(0.03,design)"},
    ),
    "a threshold of its own for each look, the first without an event": bare_trial(
        looks=[{"at": {"day": 1.0}}, {"at": {"deaths": 15}}], futility={"rule": "z(-3,0.4)"}
    ),
    "no boundary for efficacy, more information than equally spaced looks": bare_trial(
        looks=[{"at": {"deaths": 6}}, {"at": {"day": 700}}],
        efficacy=None,
        futility={"rule": "z(-0.5)"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_trials_with_looks_are_those_of_the_slow_version(name: str) -> None:
    hold(CASES[name], 20)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_many_trials_with_looks_are_those_of_the_slow_version(name: str) -> None:
    hold(CASES[name], 150)


def test_the_cases_come_to_every_decision_and_replay() -> None:
    found = slow(CASES["binding futility and a pause that changes who comes"], 40)
    assert {look.decision for one in found for look in one.looks} >= {"second", "futility", "go on"}
    assert max(one.replays for one in found) == 2


@pytest.mark.parametrize("name", CASES)
def test_a_closing_date_after_all_follow_up_changes_nothing(name: str) -> None:
    """The data are then cut when the last of those that there are has been followed."""
    scenario = CASES[name]
    closing = {"trial.end": {"min_follow_up_days": scenario.trial.follow_up_days}}
    ours, theirs = (fast(one, 40)[0] for one in (scenario, changed(scenario, closing)))
    assert ours.looks is not None
    assert theirs.looks is not None
    for of, other in ((ours.table, theirs.table), (ours.looks.rows, theirs.looks.rows)):
        for column, values in of._asdict().items():
            np.testing.assert_array_equal(values, getattr(other, column), err_msg=column)
