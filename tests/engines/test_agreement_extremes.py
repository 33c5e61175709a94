"""The gate at extremes made by hand: each asserts that the extreme is met, not only that all agree.

`gate` holds the compiled engine to the reference engine, to what columns may hold, and to itself:
a trial's bits do not depend on which others are simulated beside it.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from differences import assert_meaningful, assert_same, joined, only_trial
from scenario_builder import (
    ALWAYS_OPEN,
    NEVER,
    NOBODY_DIES,
    arm,
    bare,
    base_case,
    modality,
    poisson_accrual,
    unit,
)

from simulator.engines import compiled, reference
from simulator.params.lower import lower
from simulator.records import DeathCause, SessionStatus, TrialRecords
from simulator.scenario.schema import Scenario

SEED = 11
TRIALS = 6
DAYS = 84
SURE = {"net_probability": 0.95, "by_day": 3.0}
EXITS = ("tumour_death", "transplant", "withdrawal", "loss")
LOG_RANK = [
    {
        "name": "log_rank",
        "test": "log_rank",
        "alpha": 0.05,
        "lost": "censored",
        "transplant": "event",
    }
]


def gate(scenario: Scenario, compared: int = TRIALS) -> TrialRecords:
    """Six trials of the compiled engine, of which the first `compared` meet the reference's."""
    params = lower(scenario)

    def trials(first: int, number: int) -> TrialRecords:
        return compiled.simulate(params, SEED, first, number)

    together = trials(0, TRIALS)
    assert_meaningful(together, params)
    assert_same(trials(0, compared), reference.simulate(params, SEED, 0, compared))
    assert_same(joined([trials(0, 2), trials(2, 1), trials(3, 3)]), together, but=("first_row",))
    for trial in range(TRIALS):
        assert_same(trials(trial, 1), only_trial(together, trial), but=("first_row",))
    return together


def exponential(mortality: float, horizon_days: float = float(DAYS)) -> dict[str, object]:
    return {
        "kind": "exponential",
        "horizon_days": horizon_days,
        "mortality_at_horizon": mortality,
    }


def piecewise(days: list[float], shares: list[float], mortality: float) -> dict[str, object]:
    return {
        "kind": "piecewise",
        "horizon_days": days[-1],
        "mortality_at_horizon": mortality,
        "days": days,
        "shares": shares,
    }


def only(exit_name: str | None) -> dict[str, object]:
    """Exits of which one at most ever happens, within three days to nearly everybody."""
    return {
        **{name: SURE if name == exit_name else NEVER for name in EXITS},
        "infection": NEVER | {"hazard_ratio": 1.0},
        "serious_adverse_event_hazard_ratio": 1.0,
    }


def on_one_day(patients: int, *sites: dict[str, object]) -> dict[str, object]:
    """Changes that let all patients come within about a day, at sites with their own units."""
    rate = {"randomised_per_month": 30.4375 * patients / len(sites)}
    return {
        "trial.target_randomised": patients,
        "eligibility": None,
        "accrual": poisson_accrual(*(rate | site for site in sites)),
        "unit": None,
        "hazard.baseline": exponential(0.3),
    }


def counted(records: TrialRecords, status: SessionStatus) -> int:
    return int((records.sessions.status == status).sum())


# Death


def test_all_die_on_the_day_of_randomisation():
    records = gate(
        base_case(changes={"hazard.baseline": exponential(0.999999, 0.01), "exits": None})
    )
    assert (records.patients.death_after_days < 1).all()
    assert (records.sessions.status == SessionStatus.NOT_DUE).all()


def test_nobody_dies():
    changes = {"hazard.baseline.mortality_at_horizon": NOBODY_DIES, "exits": None}
    records = gate(base_case(changes=changes))
    assert (records.patients.death_after_days == math.inf).all()
    assert (records.patients.liver_cumulative_hazard > 0).all()


def test_no_exit_but_death_from_the_liver():
    records = gate(base_case(changes={"exits": only(None)}))
    p = records.patients
    left = (p.transplant_after_days, p.withdrawal_after_days, p.loss_after_days)
    assert np.isinf(np.stack([*left, p.infection_after_days])).all()
    assert set(p.death_cause) == {DeathCause.NONE, DeathCause.LIVER}


# All hazard lies between the last float before day 84 and day 84: deaths round to one or the other.
JUST_BEFORE_THE_END = piecewise([math.nextafter(DAYS, 0), float(DAYS)], [0.0, 1.0], 0.9)


@pytest.mark.parametrize(
    "scenario",
    [
        lambda: bare(60, {"hazard.baseline": JUST_BEFORE_THE_END}),
        lambda: base_case(changes={"hazard.baseline": JUST_BEFORE_THE_END}),
    ],
    ids=["by one inversion", "day by day"],
)
def test_death_at_the_very_end_of_follow_up_is_a_death(scenario):
    records = gate(scenario())
    days = records.patients.death_after_days[records.patients.death_cause == DeathCause.LIVER]
    assert (days == DAYS).sum() > 10
    assert (days < DAYS).sum() > 10


def test_death_at_an_opening_of_a_patient_day_at_which_a_session_falls_due():
    # From day 2 on the factor is e^700, its limit: death comes less than a float after the opening.
    changes = {
        "hazard.baseline": piecewise([2.0, 84.0], [0.0, 1.0], 0.5),
        "hazard.log_hazard_ratio_per_meld_point": 40.0,
        "hazard.meld_reference": -100.0,
        "arms.0.plan.first_after_days": 2.0,
        "arms.1.plan.first_after_days": 2.0,
        "exits": None,
    }
    records = gate(base_case(changes=changes))
    assert (records.patients.death_after_days == 2.0).all()


# Who comes


def test_no_sessions_are_planned():
    changes = {
        "arms": [arm("control", None), arm("other", None)],
        "hazard.effect": {
            "kind": "direct",
            "hazard_ratio": 0.7,
            "delay_days": 2.5,
            "waning_half_life_days": 14.0,
            "combined_with_labs": False,
        },
    }
    records = gate(base_case(changes=changes))
    assert records.sessions.status.shape == (TRIALS * 60, 0)
    assert (records.patients.plasma_litres == 0).all()
    assert (records.trials.unit_days_open > 0).all()


def test_a_trial_of_one_patient():
    records = gate(base_case(changes={"trial.target_randomised": 1}))
    assert (records.trials.randomised == 1).all()


def test_three_thousand_patients_without_anything_else():
    records = gate(bare(3000), compared=2)
    assert (records.trials.randomised == 3000).all()


def test_three_thousand_patients_at_a_unit():
    changes = {
        "trial.target_randomised": 3000,
        "trial.follow_up_days": 14,
        "accrual.sites.0.randomised_per_month": 6000.0,
        "unit.machines": 40,
        "unit.nurses": 20,
        "unit.plasma": None,
        "assessment": None,
        "analyses": LOG_RANK,
    }
    records = gate(base_case(changes=changes), compared=1)
    assert (records.trials.randomised == 3000).all()
    assert counted(records, SessionStatus.DELIVERED) > 1000
    assert counted(records, SessionStatus.MISSED) > 1000


@pytest.mark.parametrize(
    "changes",
    [
        {"trial.max_recruitment_days": 10.0, "accrual.sites.0.randomised_per_month": 1e-9},
        {
            "trial.max_recruitment_days": 1e-9,
            "accrual": {"kind": "uniform", "candidates": 60, "over_days": 100.0},
        },
        {"trial.max_recruitment_days": 10.0, "accrual.sites.0.opens_day": 11.0},
    ],
    ids=["tiny rate", "all come too late", "the site opens too late"],
)
def test_no_candidate_before_recruitment_ends(changes):
    records = gate(base_case(changes=changes))
    t = records.trials
    assert not t.screened.any()
    assert not records.patients.trial.size
    limit = changes["trial.max_recruitment_days"]
    np.testing.assert_array_equal(np.stack([t.recruitment_end_day, t.trial_end_day]), limit)


def test_candidates_whose_variables_form_a_chain_are_screened_criterion_by_criterion():
    # Each criterion reads other variables, each correlated with one that only a later one reads.
    names = ["bilirubin_umol_per_l", "age_years", "inr", "ast_u_per_l", "creatinine_umol_per_l"]
    chain = [{"between": [a, b], "value": 0.4} for a, b in pairwise(names)]
    variables = base_case().model_dump()["candidates"]["variables"]
    changes = {
        "candidates.rank_correlations": chain,
        "candidates.variables": list(reversed(variables)),
    }
    records = gate(base_case(changes=changes))
    assert (records.trials.failed_first.sum(axis=1) > 0).all()


# The unit


def test_a_unit_that_never_can_serve():
    busy = {
        "sessions_per_day": 500.0,
        "hours_per_session": 24.0,
        "plasma_litres_per_session": 0.0,
        "served": "before",
    }
    records = gate(base_case(changes={"unit.background": busy}))
    assert (records.sessions.modality == -1).all()
    assert counted(records, SessionStatus.MISSED) > 100
    assert (records.patients.sessions_equivalent == 0).all()


def test_plasma_that_runs_out():
    supply = {
        "capacity_litres": 9.0,
        "initial_litres": 9.0,
        "delivery_days": [],
        "delivery_litres_mean": 0.0,
        "delivery_litres_sd": 0.0,
    }
    records = gate(base_case(changes={"unit.plasma": supply, "unit.background": None}))
    used = np.add.reduceat(records.patients.plasma_litres, records.trials.first_row)
    np.testing.assert_array_equal(used, 9.0)
    assert (records.trials.unit_days_short > 0).all()
    assert (records.trials.plasma_delivered_litres == 0).all()


def test_a_unit_open_round_the_clock():
    records = gate(base_case("nct05484908-scarce", {"unit.opening_hours": ALWAYS_OPEN}))
    s = records.sessions
    assert (np.floor(s.start_day) < np.floor(s.end_day)).any()
    np.testing.assert_array_equal(
        records.trials.unit_days_open, np.floor(records.trials.trial_end_day) + 1
    )


def test_two_sites_with_different_units():
    hours = dict.fromkeys(ALWAYS_OPEN) | {"monday": [6.0, 12.0], "tuesday": [0.0, 24.0]}
    supply = {
        "capacity_litres": 4.0,
        "initial_litres": 4.0,
        "delivery_days": ["tuesday"],
        "delivery_litres_mean": 3.0,
        "delivery_litres_sd": 1.0,
    }
    sites = (
        {"unit": unit(1, queue="sickest_first")},
        {"unit": unit(3, opening_hours=hours, plasma=supply, queue="shortest_window")},
    )
    records = gate(base_case(changes=on_one_day(40, *sites)))
    p, status = records.patients, records.sessions.status
    for site in range(2):
        assert (status[p.site == site] == SessionStatus.DELIVERED).any()
    for only_at_second in (p.sessions_short_of_plasma > 0, p.sessions_missed > 0):
        assert not only_at_second[p.site == 0].any()
        assert only_at_second[p.site == 1].any()


def _a_day_each(window_days: float) -> dict[str, object]:
    """Sessions of a day, without spread or effect on labs, each arm's due at once."""
    plan = {"sessions": 2, "window_days": window_days}
    return {
        "modalities": [modality("long", hours=24.0)],
        "costs": None,
        "labs": None,
        "assessment": None,
        "analyses": LOG_RANK,
        "hazard.log_hazard_ratio_per_meld_point": 0.0,
        "arms": [arm("PE", "long", **plan), arm("other", "long", **plan)],
    }


@pytest.mark.parametrize("queue", ["first_come", "shortest_window"])
def test_windows_that_end_while_every_machine_is_busy(queue):
    changes = on_one_day(30, {"unit": unit(2, queue=queue)}) | _a_day_each(1.0) | {"exits": None}
    records = gate(base_case(changes=changes))
    assert counted(records, SessionStatus.MISSED) > 100
    assert counted(records, SessionStatus.DELIVERED) > 10
    began_late = records.sessions.start_day > records.sessions.due_day
    assert began_late.any()  # as a machine came free


@pytest.mark.parametrize("name", ["liver_death", *EXITS])
def test_patients_who_leave_while_a_session_waits_or_runs(name):
    changes = on_one_day(30, {"unit": unit(4)}) | _a_day_each(50.0) | {"exits": only(name)}
    if name == "liver_death":
        changes["hazard.baseline"] = exponential(0.95, 3.0)
    else:
        changes["hazard.baseline"] = exponential(NOBODY_DIES)
    records = gate(base_case(changes=changes))
    assert counted(records, SessionStatus.LEFT) > 20
    assert counted(records, SessionStatus.ENDED_BY_EXIT) > 10
    assert counted(records, SessionStatus.DELIVERED) > 10
    of_left = records.sessions.end_day[records.sessions.status == SessionStatus.ENDED_BY_EXIT]
    assert np.isin(records.sessions.start_day, of_left).any()  # the machine was busy to its end
