"""An arm without sessions as the reference of the effect by_session (model page, section 7.5)."""

import math

import numpy as np
import pytest
from scenario_builder import (
    arm,
    assert_share,
    bare,
    changed,
    modality,
    run,
)

from calibration import targets
from calibration.targets import solve_targets
from simulator.planning.effects import effect_of, null_in_effect
from simulator.results.measures import NullHypothesis
from simulator.scenario.cross_checks import disagreements

MORTALITY = 0.6
RATIO = 0.4
AT_ONCE = {"sessions": 1, "first_after_days": 0.0, "window_days": 5.0}


def against_standard_of_care(patients, ratio=RATIO, changes=None, **plan):
    """Return a trial of one session, over within the first day, against none."""
    return bare(
        patients,
        {
            "modalities": [modality("PE", 1.0, 0.0, 2.0, ratio)],
            "arms": [arm("standard of care", None), arm("PE", "PE", **(AT_ONCE | plan))],
            "hazard.baseline.mortality_at_horizon": MORTALITY,
            "hazard.effect": {"kind": "by_session", "combined_with_labs": False},
        }
        | (changes or {}),
    )


def deaths(records, which):
    died = records.patients.death_after_days[records.patients.arm == which] <= 84
    return int(died.sum()), died.size


def test_a_full_course_on_time_has_its_ratio_and_the_arm_without_sessions_1():
    """The session of day 0 acts from the opening of day 1: 83 of 84 days at the full ratio."""
    records = run(against_standard_of_care(6_000), seed=601)
    total = -math.log(1 - MORTALITY)
    assert_share(*deaths(records, 0), MORTALITY)
    assert_share(*deaths(records, 1), -math.expm1(-total * (1 + 83 * RATIO) / 84))
    p = records.patients
    alive = p.death_after_days > 84
    for which, expected in ((0, total), (1, total * (1 + 83 * RATIO) / 84)):
        seen = p.liver_cumulative_hazard[alive & (p.arm == which)]
        assert seen == pytest.approx(np.full(seen.size, expected), rel=1e-12)
    # Deaths after the first day alone: the ratio of the hazards is that of the course.
    assert p.sessions_planned[p.arm == 0].max() == 0
    assert (p.plasma_litres[p.arm == 0] == 0).all()


def test_the_reference_may_be_the_second_arm():
    arms = [arm("PE", "PE", **AT_ONCE), arm("standard of care", None)]
    records = run(against_standard_of_care(4_000, changes={"arms": arms}), seed=602)
    total = -math.log(1 - MORTALITY)
    assert_share(*deaths(records, 0), -math.expm1(-total * (1 + 83 * RATIO) / 84))
    assert_share(*deaths(records, 1), MORTALITY)


def test_a_course_is_solved_against_the_mortality_of_the_arm_without_sessions(
    tmp_path, monkeypatch
):
    """Targets .60 and .40: the course's ratio r satisfies (1 + 83 r) / 84 = ln .6 / ln .4."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(targets, "PATIENTS", 1_200)  # all alike: no Monte Carlo error
    asked = against_standard_of_care(
        60,
        ratio="solved",
        changes={
            "hazard.baseline.mortality_at_horizon": "solved",
            "hazard.mortality_targets": {"standard of care": 0.6, "PE": 0.4},
        },
    )
    solved = solve_targets(asked, lambda _: None)
    assert solved.hazard.baseline.mortality_at_horizon == pytest.approx(0.6, abs=1e-8)
    ratio = (84 * math.log(0.6) / math.log(0.4) - 1) / 83
    assert solved.modalities[0].full_course_hazard_ratio == pytest.approx(ratio, rel=3e-5)


def test_a_ratio_of_1_against_standard_of_care_is_a_null_hypothesis():
    asked = against_standard_of_care(60, ratio=1.0)
    assert null_in_effect(asked, asked) is NullHypothesis.MORTALITY
    assert not effect_of(asked, asked).acts
    acting = against_standard_of_care(60)
    assert null_in_effect(acting, acting) is NullHypothesis.NONE
    assert effect_of(acting, acting).full_course_hazard_ratios == {"PE": RATIO}


@pytest.mark.parametrize("null", ["strong", "mortality"])
def test_under_a_null_hypothesis_both_arms_die_as_under_standard_of_care(null):
    records = run(against_standard_of_care(3_000, changes={"null_hypothesis": null}), seed=603)
    for which in (0, 1):
        assert_share(*deaths(records, which), MORTALITY)
    sessions = records.patients.sessions_delivered[records.patients.arm == 1]
    assert (sessions.max() == 0) == (null == "strong")


def test_two_arms_without_sessions_have_no_effect_by_session():
    asked = against_standard_of_care(60)
    nobody = asked.model_copy(update={"arms": [asked.arms[0], asked.arms[0]]})
    keys = [error.key for error in disagreements(nobody)]
    assert "arms[1].plan" in keys
    assert not list(disagreements(changed(asked, {})))
