"""Competing exits in the whole engine against closed forms (section 8)."""

import math

import numpy as np
import pytest
from scenario_builder import NOBODY_DIES, assert_share, bare, base_case, run

from simulator.records import DeathCause, SessionStatus

PATIENTS = 5_000
DAYS = (5.0, 20.5, 50.0, 84.0)
COLUMNS = {
    "tumour_death": "death_after_days",
    "transplant": "transplant_after_days",
    "withdrawal": "withdrawal_after_days",
    "loss": "loss_after_days",
    "infection": "infection_after_days",
}


def exits(**parts):
    """Return changes that give these exits (net probability, by day) and no other."""
    changes = {}
    for name in COLUMNS:
        probability, by_day = parts.get(name, (0.0, 84.0))
        changes[f"exits.{name}.net_probability"] = probability
        changes[f"exits.{name}.by_day"] = by_day
    return changes


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("by_day", [30.0, 84.0, 168.0])
def test_an_exit_alone_has_its_net_probability_by_its_day_and_a_constant_hazard(name, by_day):
    changes = exits(**{name: (0.4, by_day)}) | {"hazard.baseline.mortality_at_horizon": NOBODY_DIES}
    times = getattr(run(bare(1_000, changes), seed=601).patients, COLUMNS[name])
    for day in (10.0, 30.0, 60.0, 84.0):
        assert_share(int((times <= day).sum()), times.size, 1 - 0.6 ** (min(day, by_day) / by_day))
    assert np.isinf(times[times > min(by_day, 84.0)]).all()


def rate(probability, by_day=84.0):
    return -math.log1p(-probability) / by_day


ALL = {
    "tumour_death": (0.25, 84.0),
    "transplant": (0.2, 84.0),
    "withdrawal": (0.3, 84.0),
    "loss": (0.35, 84.0),
}
LIVER = 0.45
RATIO = 0.5574929506502402  # of the bare scenario


@pytest.fixture(scope="module")
def competing():
    changes = exits(**ALL) | {"hazard.baseline.mortality_at_horizon": LIVER}
    return run(bare(PATIENTS, changes), seed=602).patients


def crude(own, total, day):
    """Probability that an exit with a constant hazard is the first of all by a day."""
    return own / total * -math.expm1(-total * day)


@pytest.mark.parametrize("arm", [0, 1])
def test_crude_probabilities_of_competing_exits_are_those_of_constant_hazards(competing, arm):
    """Deaths are on record whatever is known of them: loss and withdrawal do not compete."""
    p = competing
    here = p.arm == arm
    number = int(here.sum())
    liver = rate(LIVER) * (RATIO if arm else 1.0)
    tumour, transplant = rate(0.25), rate(0.2)
    total = liver + tumour + transplant
    for day in DAYS:
        for cause, own in ((DeathCause.LIVER, liver), (DeathCause.TUMOUR, tumour)):
            died = here & (p.death_cause == cause) & (p.death_after_days <= day)
            assert_share(int(died.sum()), number, crude(own, total, day))
        grafted = here & (p.transplant_after_days <= day)
        assert_share(int(grafted.sum()), number, crude(transplant, total, day))
    assert not (np.isfinite(p.death_after_days) & np.isfinite(p.transplant_after_days)).any()


@pytest.mark.parametrize(("first", "second"), [("withdrawal", "loss"), ("loss", "withdrawal")])
def test_loss_and_withdrawal_come_first_as_often_as_constant_hazards_say(competing, first, second):
    p = competing
    for arm in (0, 1):
        here = p.arm == arm
        own, other = rate(ALL[first][0]), rate(ALL[second][0])
        total = own + other + rate(LIVER) * (RATIO if arm else 1.0) + rate(0.25) + rate(0.2)
        came = getattr(p, COLUMNS[first])
        earlier = came < getattr(p, COLUMNS[second])
        for day in DAYS:
            count = int((here & earlier & (came <= day)).sum())
            assert_share(count, int(here.sum()), crude(own, total, day))


def test_nothing_happens_after_death_or_transplant(competing):
    p = competing
    ends = np.minimum(p.death_after_days, p.transplant_after_days)
    for name in ("withdrawal_after_days", "loss_after_days"):
        times = getattr(p, name)
        happened = np.isfinite(times)
        assert (times[happened] < ends[happened]).all()
        assert happened.sum() > 100


def test_an_exit_that_stops_early_leaves_the_rest_of_follow_up_to_the_others():
    """Tumour deaths until day 30 only; then the liver alone."""
    changes = exits(tumour_death=(0.3, 30.0)) | {
        "hazard.baseline.mortality_at_horizon": LIVER,
        "hazard.effect.hazard_ratio": 1.0,
    }
    p = run(bare(PATIENTS, changes), seed=603).patients
    liver, tumour = rate(LIVER), rate(0.3, 30.0)
    both = liver + tumour
    number = p.arm.size
    killed = p.death_cause == DeathCause.TUMOUR
    assert_share(int(killed.sum()), number, crude(tumour, both, 30))
    by_liver = crude(liver, both, 30) + math.exp(-both * 30) * -math.expm1(-liver * 54)
    assert_share(int((p.death_cause == DeathCause.LIVER).sum()), number, by_liver)


LEAVE = {
    "tumour_death": (0.2, 10.0),
    "transplant": (0.2, 10.0),
    "withdrawal": (0.4, 10.0),
    "loss": (0.3, 10.0),
    "infection": (0.3, 84.0),
}


@pytest.mark.parametrize("name", ["nct05484908", "nct05484908-scarce"])
def test_who_left_has_no_later_session(name):
    # Sessions that are long, so that many leave while one runs.
    changes = {f"modalities.{i}.machine_hours": 8.0 for i in (0, 1)}
    records = run(base_case(name, exits(**LEAVE) | changes), seed=604, trials=12)
    p, sessions = records.patients, records.sessions
    left_after = np.minimum.reduce(
        [p.death_after_days, p.transplant_after_days, p.withdrawal_after_days, p.loss_after_days]
    )
    left = (p.entry_day + left_after)[:, np.newaxis]
    began = np.isfinite(sessions.start_day)
    assert (~began | (sessions.start_day <= left)).all()
    counted = np.isin(sessions.status, (SessionStatus.DELIVERED, SessionStatus.CUT_SHORT))
    assert (~counted | (sessions.end_day <= left)).all()
    assert (counted == (sessions.fraction > 0)).all()
    # A session that ran is not delivered; one that was waited for is neither that nor missed.
    ran = began & (sessions.start_day < left) & (left < sessions.end_day)
    assert (sessions.status[ran] == SessionStatus.ENDED_BY_EXIT).all()
    assert ran.sum() > 5
    waited = ~began & (sessions.due_day < left) & np.isfinite(left)
    assert np.isin(sessions.status[waited], (SessionStatus.LEFT, SessionStatus.MISSED)).all()
    not_due = ~(sessions.due_day <= left)
    assert (sessions.status[not_due] == SessionStatus.NOT_DUE).all()
    assert (p.withdrawal_after_days < 10).sum() > 50


def test_withdrawal_does_not_hide_a_death_nor_change_its_hazard():
    changes = {"hazard.baseline.mortality_at_horizon": LIVER}
    stays = run(bare(2_000, changes), seed=605).patients
    leaves = run(
        bare(2_000, changes | exits(withdrawal=(0.9, 84.0), loss=(0.9, 84.0))), seed=605
    ).patients
    np.testing.assert_array_equal(leaves.death_after_days, stays.death_after_days)
    assert (leaves.withdrawal_after_days < stays.death_after_days).sum() > 1_000
