"""Looks, adaptation and families in trials that end by their deaths, held to the slow ones.

The slow versions end a trial on the day of its n-th known death as sections 11 and 12 of
docs/model.md say, trial by trial.
"""

from typing import Any

import numpy as np
import pytest
import test_adaptation
import test_looks
import test_looks_family
from reference_adaptation import Adapted
from reference_analysis import trials_in
from reference_family_looks import SlowTrial
from reference_looks import Follow, known_deaths
from scenario_builder import base_case, changed
from test_looks import SEED, looked_at
from test_looks_family import BOTH, OBF, POCOCK, family_trial
from test_looks_identities import asked_of

from simulator.analysis import plans_of
from simulator.engines import compiled
from simulator.montecarlo.columns import column_of
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.scenario.schema import Scenario

LOG_RANK = {"name": "log_rank", "test": "log_rank"}
FISHER = {"name": "fisher", "test": "fisher"}


def trial(monitoring: dict[str, Any], end: dict[str, Any], **changes: Any) -> Scenario:
    """The real trial, followed for up to 300 days; the log-rank test comes first."""
    whole = {
        "trial.max_follow_up_days": 300,
        "trial.end": end,
        "analyses": [LOG_RANK, FISHER],
    }
    return looked_at(base_case(), monitoring, **whole | changes)


def blinded(**asked: Any) -> dict[str, Any]:
    whole = {"hazard_ratio": 0.5, "least_randomised": 30, "most_randomised": 90}
    return {"blinded_reestimation": whole | asked}


CASES = {
    "blinded, deaths that end it while patients come": trial(
        {
            "looks": [{"at": {"deaths": 8}}, {"at": {"deaths": 14}, "cleaning_days": 10}],
            "futility": {"rule": "z(-0.5)"},
        }
        | blinded(look=2),
        {"deaths": 22},
    ),
    "blinded, a lower target, deaths that may not come": trial(
        {
            "looks": [{"at": {"completed": 18}, "cleaning_days": 20}],
            "efficacy": {"spending": "lan_demets_pocock"},
        }
        | blinded(hazard_ratio=0.3, least_randomised=25),
        {"deaths": 30},
    ),
    "blinded in a pause, more information planned than the end has": trial(
        {
            "max_information": 40,
            "looks": [{"at": {"information": 0.4}, "cleaning_days": 60, "pause": True}],
            "after_stopping": "stop_treatment",
            "efficacy": {"spending": "hwang_shih_decani(1)"},
        }
        | blinded(hazard_ratio=0.45),
        {"deaths_per_patient": 0.5},
    ),
    "blinded, decided after the end": trial(
        {"looks": [{"at": {"deaths": 18}, "cleaning_days": 90}], "futility": {"rule": "z(-0.3)"}}
        | blinded(),
        {"deaths": 20},
    ),
    "blinded by Fisher's test, deaths leave patients out": trial(
        {"analysis": "fisher", "looks": [{"at": {"completed": 20}}], "efficacy": None}
        | blinded(hazard_ratio=None, difference=0.35),
        {"deaths": 28},
    ),
    "slow on a day, analysed": trial(
        {
            "looks": [{"at": {"deaths": 8}, "cleaning_days": 40}, {"at": {"day": 650}}],
            "slow_recruitment": {"day": 420, "fewer_than": 33, "then": "analyse"},
        }
        | blinded(),
        {"deaths": 25},
    ),
    "slow at a look, unanswered": trial(
        {
            "looks": [{"at": {"day": 380}, "cleaning_days": 15, "pause": True}],
            "efficacy": {"spending": "lan_demets_pocock"},
            "slow_recruitment": {"look": 1, "share_below": 0.5, "then": "unanswered"},
        },
        {"deaths": 26},
    ),
    "promising, until a closing date": trial(
        {
            "max_information": 30,
            "looks": [{"at": {"deaths": 6}}, {"at": {"deaths": 13}, "cleaning_days": 20}],
            "efficacy": {
                "spending": "lan_demets_pocock",
                "lower_spending": "kim_demets(1)",
                "lower_alpha": 0.02,
            },
            "futility": {"rule": "z(-0.4)", "binding": True},
            "promising_zone": {"from_conditional_power": 0.1, "most_randomised": 90},
        },
        {"min_follow_up_days": 40},
    ),
}


def metrics(part: Any, scenario: Scenario) -> Any:
    """What reads the metrics of trials, summed over arms."""
    layout = Evaluation(plans_of(scenario), (), ()).layout(lower(scenario))

    def read(name: str) -> Any:
        found = column_of(layout, part.rows, name)
        return found if found.ndim == 1 else found.sum(axis=1)

    return read


def hold_ends(scenario: Scenario, part: Any, expected: list[Any]) -> None:
    """When trials end, with how many deaths, and what of that was as planned."""
    read, follow = metrics(part, scenario), Follow.of(scenario)
    for index, one in enumerate(expected):
        t = one.records.trials
        (patients,) = trials_in(one.records)
        died = sum(day <= t.trial_end_day[0] for day in known_deaths(patients, follow.longest))
        assert read("trial_days")[index] == t.trial_end_day[0]
        assert read("randomised")[index] == len(patients)
        assert read("deaths_by_the_end")[index] == died
        if one.stopped or follow.deaths is None:
            continue
        # What a look only delayed, enlarged or closed is judged by what came of it.
        reached = died >= follow.deaths
        assert read("deaths_reached")[index] == reached, (index, died)
        early = reached and t.recruitment_end_day[0] == t.trial_end_day[0]
        target = getattr(one, "target", scenario.trial.target_randomised)
        met = (early or len(patients) >= target) and not getattr(one, "slow", False)
        assert read("target_reached")[index] == met, (index, len(patients), target)


def hold(name: str, trials: int) -> list[Adapted]:
    expected = test_adaptation.hold(CASES[name], trials, compiled)
    part, _ = test_looks.fast(CASES[name], trials)
    hold_ends(CASES[name], part, expected)
    return expected


@pytest.mark.parametrize("name", CASES)
def test_trials_that_adapt_and_end_by_their_deaths_are_those_of_the_slow_version(name: str) -> None:
    hold(name, 12)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_many_trials_that_adapt_are_those_of_the_slow_version(name: str) -> None:
    hold(name, 100)


def test_the_cases_come_to_every_way_in_which_an_end_and_a_look_can_meet() -> None:
    found = [
        (name, one) for name in CASES for one in test_adaptation.slow(CASES[name], 14, compiled)
    ]
    assert {one.found for _, one in found} >= {"lowered", "raised", "promising", ""}
    by_deaths = [(name, one) for name, one in found if Follow.of(CASES[name]).deaths is not None]
    early, short, after = 0, 0, 0
    for name, one in by_deaths:
        t, follow = one.records.trials, Follow.of(CASES[name])
        (patients,) = trials_in(one.records)
        end = float(t.trial_end_day[0])
        died = sum(day <= end for day in known_deaths(patients, follow.longest))
        early += not one.stopped and end == t.recruitment_end_day[0]
        short += not one.stopped and died < follow.deaths
        after += any(look.cut_day < end < look.decision_day for look in one.looks)
    assert min(early, short, after) >= 4, (early, short, after)
    assert {one.late for _, one in by_deaths} == {one.slow for _, one in by_deaths} == {True, False}
    assert any(one.stopped for _, one in by_deaths)


@pytest.mark.parametrize("name", ["blinded, decided after the end", "slow on a day, analysed"])
def test_both_engines_give_the_same_sums(name: str) -> None:
    params, asked = lower(CASES[name]), asked_of(CASES[name])
    one, other = (run_unit(params, asked, engine, SEED, 0, 6).sums.state() for engine in Engine)
    for key, values in one.items():
        np.testing.assert_array_equal(values, other[key], err_msg=key)


# Families ----------------------------------------------------------------------------------------


def together(family: dict[str, Any], monitoring: dict[str, Any], deaths: int) -> Scenario:
    """The bare trial with a strong effect, followed for up to 300 days, and looks at a family."""
    whole = {
        "trial.max_follow_up_days": 300,
        "trial.end": {"deaths": deaths},
        "exits.loss": {"net_probability": 0.2, "by_day": 84.0},
    }
    most = {"monitoring.max_information": monitoring.get("max_information")}
    return changed(family_trial(BOTH | family, monitoring), whole | most)


# The scenario, information at the planned end of each analysis, and how each spends its level.
FAMILIES = {
    "Holm, the first stops, deaths while patients come": (
        together(
            {"method": "holm"}, {"looks": [{"at": {"deaths": 10}}, {"at": {"deaths": 16}}]}, 22
        ),
        [22.0, 60.0],
        [OBF, OBF],
    ),
    "in order, all stop, deaths that may not come": (
        together(
            {"method": "fixed_sequence"},
            {
                "looks": [{"at": {"completed": 22}, "cleaning_days": 30}],
                "efficacy": {"spending": POCOCK},
                "family": {"name": "both", "stop_when": "all"},
            },
            36,
        ),
        [36.0, 60.0],
        [POCOCK, POCOCK],
    ),
    "a graph, any stops, looking back, a pause": (
        together(
            {"method": "graphical", "weights": [0.7, 0.3], "transitions": [[0, 1], [1, 0]]},
            {
                "max_information": 40,
                "looks": [
                    {"at": {"deaths": 12}, "cleaning_days": 40, "pause": True},
                    {"at": {"later": [{"day": 420}, {"completed": 24}]}},
                ],
                "family": {"name": "both", "stop_when": "any", "look_back": True},
            },
            28,
        ),
        [40.0, 60.0],
        [OBF, OBF],
    ),
}


def hold_family(name: str, trials: int) -> list[SlowTrial]:
    scenario, *rest = FAMILIES[name]
    part, expected = test_looks_family.hold(scenario, trials, *rest)
    hold_ends(scenario, part, expected)
    return expected


@pytest.mark.parametrize("name", FAMILIES)
def test_families_in_trials_that_end_by_their_deaths_are_the_slow_ones(name: str) -> None:
    expected = hold_family(name, 30)
    assert any(one.stopped for one in expected)
    assert any(len(one.rejected_at) == 1 for one in expected)
    assert not all(one.stopped for one in expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_many_trials_with_looks_at_a_family_are_the_slow_ones(name: str) -> None:
    hold_family(name, 150)
