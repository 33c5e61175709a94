"""The gate at extremes made by hand: each asserts that the extreme is met, not only that all agree.

`gate` holds the compiled engine to the reference engine, to what columns may hold, and to itself:
a trial's bits do not depend on which others are simulated beside it. The unit's extremes are in
test_agreement_unit_extremes.py.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from extremes import (
    DAYS,
    LOG_RANK,
    TRIALS,
    a_day_each,
    counted,
    exponential,
    gate,
    on_one_day,
    only,
    piecewise,
)
from scenario_builder import NOBODY_DIES, arm, bare, base_case, unit

from simulator.records import DeathCause, SessionStatus

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


@pytest.mark.parametrize("ended", [SessionStatus.LEFT, SessionStatus.ENDED_BY_EXIT])
def test_death_at_the_very_end_of_follow_up_ends_a_session_that_waits_or_runs(ended):
    due = {"first_after_days": DAYS - 0.5}
    changes = on_one_day(30, {"unit": unit(1 if ended is SessionStatus.LEFT else 30)})
    changes |= a_day_each(5.0) | {"hazard.baseline": JUST_BEFORE_THE_END, "exits": None}
    changes["arms"] = [arm(name, "long", **due) for name in ("PE", "other")]
    records = gate(base_case(changes=changes))
    at_end = records.patients.death_after_days == DAYS
    assert counted(records, ended) > 20
    assert (records.sessions.status[at_end] == ended).sum() > 10


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


def test_death_at_an_opening_of_a_patient_day_at_which_a_session_ends():
    # A session of 24 hours without spread, begun at one opening, ends at the next.
    changes = {
        "hazard.baseline": piecewise([3.0, 84.0], [0.0, 1.0], 0.5),
        "hazard.log_hazard_ratio_per_meld_point": 40.0,
        "hazard.meld_reference": -100.0,
        "unit": None,
        "exits": None,
    }
    for k in range(2):
        changes[f"arms.{k}.plan.first_after_days"] = 2.0
        changes[f"modalities.{k}.machine_hours"] = 24.0
        changes[f"modalities.{k}.machine_hours_log_sd"] = 0.0
        changes[f"modalities.{k}.adverse_events"] = None
    records = gate(base_case(changes=changes))
    p, s = records.patients, records.sessions
    assert (p.death_after_days == 3.0).all()
    at_that_instant = s.end_day[:, 0] == p.entry_day + 3.0
    assert at_that_instant.sum() > 10
    assert (s.status[at_that_instant, 0] == SessionStatus.DELIVERED).all()


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
    alone = {"scheme": "efron", "ratio": [1, 1], "options": {"probability": 0.7}, "factors": None}
    records = gate(base_case(changes={"trial.target_randomised": 1, "allocation": alone}))
    assert (records.trials.randomised == 1).all()


def test_three_thousand_patients_without_anything_else():
    records = gate(bare(3000), compared=2)
    assert (records.trials.randomised == 3000).all()


@pytest.mark.slow
def test_three_thousand_patients_at_a_unit():
    changes = {
        "trial.target_randomised": 3000,
        "trial.follow_up_days": 10,
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
