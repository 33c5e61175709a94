"""Trials that adapt, held to the slow ones: a trial at a time, on the reference engine."""

import math
from typing import Any

import numpy as np
import pytest
from reference_adaptation import Adapted, adapted_looks
from scenario_builder import base_case, changed
from test_looks import SEED, assert_same_trial, fast, looked_at
from test_looks_identities import asked_of

from simulator.analysis import plans_of
from simulator.conduct import as_planned
from simulator.engines import compiled, reference
from simulator.monitoring.reestimation import Zone
from simulator.montecarlo.adapted import Change
from simulator.montecarlo.after_stopping import AtTheStop
from simulator.montecarlo.evaluation import Engine
from simulator.montecarlo.look_rows import LookRows
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario


def trial(monitoring: dict[str, Any], **changes: Any) -> Scenario:
    if monitoring.get("analysis", "log_rank") == "log_rank":
        monitoring = {"max_information": 26} | monitoring
    return looked_at(base_case(), monitoring, **changes)


def blinded(**asked: Any) -> dict[str, Any]:
    return {"blinded_reestimation": {"least_randomised": 30, "most_randomised": 90} | asked}


CASES = {
    "blinded, Fisher, nothing else decided": trial(
        {
            "analysis": "fisher",
            "looks": [{"at": {"completed": 25}, "cleaning_days": 20}],
            "efficacy": None,
        }
        | blinded(difference=0.35)
    ),
    "blinded by hazard ratio, efficacy and futility too": trial(
        {
            "looks": [{"at": {"deaths": 8}}, {"at": {"deaths": 16}, "cleaning_days": 10}],
            "futility": {"rule": "z(-0.5)"},
        }
        | blinded(hazard_ratio=0.45, look=2)
    ),
    "blinded in a pause, unequal arms, those treated": trial(
        {
            "analysis": "fisher",
            "looks": [{"at": {"completed": 30}, "cleaning_days": 60, "pause": True}],
            "efficacy": None,
        }
        | blinded(difference=0.4, most_randomised=70),
        **{
            "allocation.ratio": [2, 1],
            "allocation.options": {"block_sizes": [3, 6]},
            "analyses.0.population": "treated",
        },
    ),
    "blinded by the variance of MELD around its regression on baseline": trial(
        {
            "analysis": "meld_ancova",
            "max_information": 0.5,
            "looks": [{"at": {"completed": 35}, "cleaning_days": 14}],
            "efficacy": None,
        }
        | blinded(difference=11.0),
        **{"analyses": [{"name": "meld_ancova", "test": "meld_ancova"}]},
    ),
    "slow on a day, analysed": trial(
        {
            "looks": [{"at": {"deaths": 8}, "cleaning_days": 40}, {"at": {"day": 650}}],
            "efficacy": None,
            "slow_recruitment": {"day": 420, "fewer_than": 33, "then": "analyse"},
        }
        | blinded(hazard_ratio=0.5)
    ),
    "promising, with weights, after an earlier look": trial(
        {
            "looks": [{"at": {"deaths": 6}}, {"at": {"deaths": 13}, "cleaning_days": 10}],
            "efficacy": {"spending": "hwang_shih_decani(1)"},
            "promising_zone": {
                "from_conditional_power": 0.05,
                "conditional_power": 0.9,
                "most_randomised": 100,
            },
        }
    ),
    "promising, the usual test, no look stops": trial(
        {
            "analysis": "fisher",
            "looks": [{"at": {"information": 0.5}, "pause": True, "cleaning_days": 20}],
            "efficacy": None,
            "promising_zone": {
                "from_conditional_power": 0.36,
                "to_conditional_power": 0.75,
                "most_randomised": 120,
                "final_test": "conventional",
            },
        }
    ),
    "promising, sides that differ, futility that binds, treatment stops": trial(
        {
            "looks": [{"at": {"deaths": 6}}, {"at": {"deaths": 13}, "cleaning_days": 20}],
            "efficacy": {
                "spending": "lan_demets_pocock",
                "lower_spending": "kim_demets(1)",
                "lower_alpha": 0.02,
            },
            "futility": {"rule": "z(-0.4)", "binding": True},
            "after_stopping": "stop_treatment",
            "promising_zone": {"from_conditional_power": 0.1, "most_randomised": 90},
            "slow_recruitment": {"look": 1, "fewer_than": 17, "then": "unanswered"},
        }
    ),
    "blinded, sides that differ, conditional power": trial(
        {
            "looks": [{"at": {"deaths": 8}}, {"at": {"deaths": 14}, "cleaning_days": 10}],
            "efficacy": {
                "spending": "lan_demets_obrien_fleming",
                "lower_spending": "lan_demets_pocock",
                "lower_alpha": 0.03,
            },
            "futility": {"rule": "conditional_power(0.05,estimate)"},
            "after_stopping": "stop_treatment",
        }
        | blinded(hazard_ratio=0.45, look=1)
    ),
    "promising by Fisher's test with weights": trial(
        {
            "analysis": "fisher",
            "looks": [{"at": {"completed": 30}}],
            "efficacy": {"spending": "lan_demets_pocock"},
            "futility": {"rule": "z(-1)"},
            "promising_zone": {
                "from_conditional_power": 0.1,
                "to_conditional_power": 0.7,
                "most_randomised": 80,
            },
        }
    ),
    "slow at a look, unanswered": trial(
        {
            "looks": [{"at": {"day": 380}, "cleaning_days": 15, "pause": True}],
            "efficacy": {"spending": "lan_demets_pocock"},
            "slow_recruitment": {"look": 1, "share_below": 0.5, "then": "unanswered"},
        }
    ),
    "decided once recruitment has ended": trial(
        {
            "analysis": "fisher",
            "looks": [{"at": {"completed": 38}, "cleaning_days": 400}],
            "efficacy": None,
        }
        | blinded(difference=0.25)
    ),
    "slow on a day after the last look": trial(
        {
            "looks": [{"at": {"completed": 10}}],
            "efficacy": None,
            "slow_recruitment": {"day": 500, "fewer_than": 40, "then": "unanswered"},
        }
    ),
}


def slow(scenario: Scenario, trials: int, engine: Any = reference) -> list[Adapted]:
    params, plans = lower(scenario), plans_of(scenario)
    target = params.trial.target_randomised

    def conducted(conduct: Any) -> Any:
        if engine is reference:
            return reference.conducted(params, SEED, conduct)
        return compiled.conducted(params, SEED, conduct, with_hazard=False)

    return [
        adapted_looks(scenario, plans, as_planned(np.array([index]), target), conducted)
        for index in range(trials)
    ]


def hold_repeated(stop: AtTheStop, looks: LookRows, index: int, one: Adapted) -> None:
    """The repeated interval and its centre as drifts: found by roots of the combination."""
    last = one.looks[-1] if one.looks else None
    assert len(stop.shifts) == 6
    if not one.tested or last is None or math.isnan(last.z):
        assert math.isnan(stop.estimate[index])
        assert all(math.isnan(column[index]) for column in stop.shifts)
        return
    t, z = (last.fraction, last.z) if one.parts is None else one.parts[2:]
    usual = stop.estimate[index], stop.standard_error[index]
    right = last.result.estimate, last.result.standard_error
    np.testing.assert_allclose(usual, right, rtol=1e-9, atol=1e-12, err_msg=str(index))
    ours = [float(column[index] + z) / math.sqrt(t) for column in stop.shifts[3:]]
    bounds = last.upper, last.lower
    if (np.abs(np.diff([look.fraction for look in one.looks])) < 0.01).any():
        # Such looks are too close for its nodes; what is combined is held all the same.
        bounds = looks.boundary[index, last.place], looks.lower[index, last.place]
        np.testing.assert_allclose(bounds, (last.upper, last.lower), rtol=1e-4)
    slow = one.repeated(*bounds)
    np.testing.assert_allclose(ours, slow, rtol=1e-6, atol=2e-6, err_msg=str(index))
    assert all(math.isnan(column[index]) for column in stop.shifts[:3])


def hold(scenario: Scenario, trials: int, engine: Any = reference) -> list[Adapted]:
    part, records = fast(scenario, trials)
    expected = slow(scenario, trials, engine)
    plans, asked = plans_of(scenario), scenario.monitoring
    assert asked is not None
    assert part.looks is not None
    column = [plan.name for plan in plans].index(asked.analysis or plans[0].name)
    looks, adapted = part.looks.rows, part.looks.adapted
    assert adapted is not None
    for index, one in enumerate(expected):
        here = f"trial {index}: {one.looks}"
        assert adapted.target[index] == one.target, here
        assert adapted.slow[index] == one.slow, here
        assert adapted.late[index] == one.late, here
        names = Zone if asked.promising_zone else Change
        group = names[one.found.upper()] if one.found else 0
        assert adapted.group[index] == group, here
        taken = {look.place: look for look in one.looks}
        for place in range(looks.decision.shape[1]):
            assert (looks.decision[index, place] == -1) == (place not in taken), (here, place)
            if place in taken:
                look = taken[place]
                np.testing.assert_allclose(
                    looks.z[index, place], look.z, rtol=1e-8, atol=1e-9, err_msg=here
                )
        assert_same_trial(records, index, one.records, engine is not reference)
        rejects = bool(part.table.p_value[index, column] <= plans[column].alpha)
        assert rejects == (one.rejects_for is not None), here
        final = one.looks[-1].place == looks.decision.shape[1] - 1
        apart = np.diff([look.fraction for look in one.looks])
        if (
            one.tested and final and (apart > 0.01).all()
        ):  # closer looks are too close for its nodes
            found = part.table.p_value[index, column]
            np.testing.assert_allclose(found, one.looks[-1].p_value, atol=1e-6, err_msg=here)
        hold_repeated(part.looks.stop, looks, index, one)
        if not one.tested:
            assert part.table.p_value[index, column] == 1.0
    return expected


@pytest.mark.parametrize("name", CASES)
def test_trials_that_adapt_are_those_of_the_slow_version(name: str) -> None:
    hold(CASES[name], 12, compiled)


@pytest.mark.parametrize(
    "name", ["slow on a day, analysed", "promising by Fisher's test with weights"]
)
def test_sums_are_the_same_whatever_the_engine_and_the_blocks(name: str) -> None:
    scenario, trials = CASES[name], 6
    params, asked = lower(scenario), asked_of(scenario)
    one = run_unit(params, asked, Engine.COMPILED, SEED, 0, trials).sums.state()
    other = run_unit(params, asked, Engine.REFERENCE, SEED, 0, trials).sums.state()
    split = run_unit(params, asked, Engine.COMPILED, SEED, 0, 2).sums
    split.merge(run_unit(params, asked, Engine.COMPILED, SEED, 2, trials - 2).sums)
    for key, values in one.items():
        np.testing.assert_array_equal(values, other[key], err_msg=key)
    whole = run_unit(params, asked, Engine.COMPILED, SEED, 0, trials).sums
    assert whole.looks is not None
    assert split.looks is not None
    for ours, theirs in zip(whole.looks.arrays(), split.looks.arrays(), strict=True):
        if ours.dtype == np.int64:  # amounts are added in the order of units
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "name", ["blinded, Fisher, nothing else decided", "promising by Fisher's test with weights"]
)
def test_up_to_the_decision_a_trial_with_another_target_is_the_same(name: str) -> None:
    scenario = CASES[name]
    params = lower(scenario)
    changed = 0
    for index, one in enumerate(slow(scenario, 12, compiled)):
        plain = as_planned(np.array([index]), params.trial.target_randomised)
        before = compiled.conducted(params, SEED, plain, with_hazard=False).patients
        until, after = one.looks[0].decision_day, one.records.patients
        entered = before.entry_day <= until
        assert (after.entry_day <= until).sum() == entered.sum()
        same = slice(0, int(entered.sum()))
        np.testing.assert_array_equal(before.entry_day[same], after.entry_day[same])
        np.testing.assert_array_equal(before.arm[same], after.arm[same])
        dies = before.entry_day[same] + before.death_after_days[same]
        dies_after = after.entry_day[same] + after.death_after_days[same]
        known = dies <= until
        np.testing.assert_array_equal(dies[known], dies_after[known])
        changed += one.target != 60
    assert changed >= 3


@pytest.mark.parametrize("name", CASES)
def test_a_closing_date_after_all_follow_up_changes_nothing(name: str) -> None:
    """The data are then cut when the last of those that there are has been followed."""
    scenario = CASES[name]
    closing = scenario.trial.follow_up_days
    ours, theirs = (
        fast(one, 30)[0]
        for one in (scenario, changed(scenario, {"trial.end": {"min_follow_up_days": closing}}))
    )
    assert ours.looks is not None
    assert theirs.looks is not None
    assert ours.looks.adapted is not None
    assert theirs.looks.adapted is not None
    for of, other in (
        (ours.table, theirs.table),
        (ours.looks.rows, theirs.looks.rows),
        (ours.looks.adapted, theirs.looks.adapted),
    ):
        for column, values in of._asdict().items():
            np.testing.assert_array_equal(values, getattr(other, column), err_msg=column)


def test_they_are_those_of_the_reference_engine() -> None:
    hold(CASES["slow on a day, analysed"], 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_many_trials_that_adapt_are_those_of_the_slow_version(name: str) -> None:
    hold(CASES[name], 100, compiled)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_more_trials_are_those_of_the_reference_engine(name: str) -> None:
    hold(CASES[name], 15)


def test_the_cases_come_to_every_change() -> None:
    found = [one for name in CASES for one in slow(CASES[name], 30, compiled)]
    changes = {"lowered", "kept", "raised", "unfavourable", "promising", "favourable", ""}
    assert {one.found for one in found} == changes
    assert any(one.weighted and one.rejects_for == 1 for one in found)
    assert {one.slow for one in found} == {one.late for one in found} == {True, False}
    targets = [one.target for one in found]
    assert min(targets) < 60 < max(targets)
    randomised = [int(one.records.trials.randomised[0]) for one in found]
    assert max(randomised) > 60
    assert any(r == t for r, t in zip(randomised, targets, strict=True) if t > 60)
    assert not math.isnan(sum(targets))
