"""Figures of what becomes of a trial: survival, flow, recruitment, MELD, sessions."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from answers import arm_flow, power_answer
from figure_points import (
    ARMS,
    CRITERIA,
    flow,
    meld_points,
    plasma_points,
    recruitment_points,
    session_points,
    survival_points,
)
from figure_texts import said

from simulator.report.figures.consort import flow_of
from simulator.report.figures.flow import draw_flow
from simulator.report.figures.meld import draw_meld
from simulator.report.figures.recruitment import (
    RecruitmentPlan,
    draw_recruitment,
    recruitment_plan,
)
from simulator.report.figures.sessions import draw_sessions
from simulator.report.figures.survival import draw_survival
from simulator.results.measures import Estimate
from simulator.results.trial_end import TrialEnd


def curves(axes):
    """Lines of the arms, without the edges of their bands."""
    return [line for line in axes.lines if line.get_gid() != "edge"]


def test_survival_has_a_step_curve_and_the_numbers_at_risk_of_each_arm():
    points = survival_points()
    drawing = draw_survival(points)
    axes, table = drawing.figure.axes
    for line, arm in zip(curves(axes), ARMS, strict=True):
        assert line.get_drawstyle() == "steps-post"
        survival = [100 * point.survival for point in points if point.arm == arm]
        assert line.get_ydata().tolist() == pytest.approx(survival)
    at_risk = [
        f"{point.at_risk:.1f}"
        for arm in ARMS
        for point in points
        if point.arm == arm and point.day in range(0, 85, 14)
    ]
    assert [text.get_text() for text in table.texts] == at_risk
    assert axes.get_ylim() == (0, 100)
    assert "90% range" in drawing.caption
    assert "90%" not in draw_survival(survival_points(spread=0)).caption


def test_flow_holds_every_number_once_and_every_reason():
    found = flow(turned_away=2.34)
    texts = said(draw_flow(found))
    numbers = [e.mean for e in found.excluded] + [sum(e.mean for e in found.excluded)]
    numbers += [found.screened, found.refused, found.turned_away, found.randomised]
    for arm in found.arms.values():
        numbers += [e.mean for e in vars(arm).values() if isinstance(e, Estimate)]
        numbers.append(arm.left_out["lost"].mean)  # the others are 0, and no lines
    written = [text for text in texts if text.replace(".", "").isdigit()]
    assert sorted(written) == sorted(f"{number:.1f}" for number in numbers)
    for step, text in CRITERIA:
        assert step in texts
        assert text in " ".join(texts)


def test_flow_ends_with_those_analysed_and_why_others_are_not():
    texts = said(draw_flow(flow()))
    assert texts.count("Analysed") == texts.count("by Fisher's exact test") == len(ARMS)
    assert texts.count("Excluded: lost to follow-up") == len(ARMS)
    everybody = arm_flow(30.0, left_out={"lost": Estimate(0.0, 0.0)})
    all_used = replace(flow(), arms=dict.fromkeys(ARMS, everybody))
    assert said(draw_flow(all_used)).count("Excluded") == len(ARMS)


def test_flow_of_a_trial_that_follows_for_longer_says_until_when_it_counts():
    """Thirty-six deaths end such a trial; twelve weeks of each patient have fewer."""
    longer = draw_flow(replace(flow(), until_day=84))
    assert "Alive on day 84, or when the trial ends" in said(longer)
    assert "are alive on day 84, or when the trial ends" in longer.caption
    assert "at the end of follow-up" in draw_flow(flow()).caption
    end = TrialEnd(36, None, 84, 365, Estimate(782.0, 1.0), None, {}, {})
    assert flow_of(power_answer(trial_end=end)).until_day == 84
    assert flow_of(power_answer()).until_day is None


def test_a_criterion_is_worded_as_the_reason_for_exclusion():
    excluded = flow_of(power_answer()).excluded
    assert [(e.label, e.reason) for e in excluded] == [("I6", "INR of 1.5 or less")]


def test_flow_without_criteria_has_no_box_of_the_excluded():
    texts = said(draw_flow(flow(criteria=(), has_sessions=False)))
    words = ("by the first reason", "Refused", "session", "Turned")
    assert not any(word in text for text in texts for word in words)


def test_the_bands_of_recruitment_hold_its_mean_and_meet_it_at_the_end():
    """All are joined alike between the days seen, so that none trails another."""
    points = recruitment_points()
    axes = draw_recruitment(points, RecruitmentPlan(60, None)).figure.axes[0]
    median, mean = axes.lines[:2]
    assert {line.get_drawstyle() for line in (median, mean)} == {"default"}
    assert mean.get_xdata()[-1] == median.get_xdata()[-1]
    for band in axes.collections:
        corners = band.get_paths()[0].vertices
        # A band that is held back in steps has corners between the days seen.
        assert set(corners[:, 0]) <= set(mean.get_xdata())
        assert corners[:, 0].max() == mean.get_xdata()[-1]


def test_recruitment_has_its_target_and_the_planned_month():
    """Day 800 is 800 / 30.4375 = 26.3 months of mean length."""
    plan = RecruitmentPlan(60, 800.0, date(2024, 10, 9))
    shown = said(draw_recruitment(recruitment_points(), plan))
    assert {"target 60", "planned end of recruitment: 9 Oct 2024 (month 26.3)"} <= set(shown)
    undated = said(draw_recruitment(recruitment_points(), RecruitmentPlan(60, 800.0)))
    assert "planned end of recruitment: month 26.3" in undated
    without = said(draw_recruitment(recruitment_points(), RecruitmentPlan(60, None)))
    assert not any("planned end" in text for text in without)


def test_meld_says_that_arms_are_not_alike_and_leaves_missing_visits_out():
    drawing = draw_meld(meld_points())
    figure = drawing.figure
    assert "alive and assessed: not a randomised comparison." in drawing.caption
    first, second = (line.get_ydata() for line in curves(figure.axes[0]))
    assert not np.isnan(first).any()
    assert np.isnan(second).tolist() == [False] * 4 + [True, False]
    assert "17.7" in [text.get_text() for text in figure.axes[1].texts]


def test_sessions_are_framed_as_planned_and_filled_as_delivered():
    axes, plasma = draw_sessions(session_points(), plasma_points()).figure.axes
    bars = [bar for bar in axes.patches if bar.get_height() > 0]
    filled = sorted(bar.get_height() for bar in bars if bar.get_fill())
    framed = sorted(bar.get_height() for bar in bars if not bar.get_fill())
    points = [point for point in session_points() if point.planned]
    assert filled == pytest.approx(sorted(point.delivered for point in points))
    assert framed == pytest.approx(sorted(point.planned for point in points))
    litres = [point.litres_per_week for point in plasma_points()]
    assert plasma.lines[0].get_ydata().tolist() == pytest.approx(litres)


def test_recruitment_plan_leaves_time_for_follow_up():
    trial = {"target_randomised": 60, "start_date": "2022-08-01", "follow_up_days": 84}
    planned = recruitment_plan({"trial": trial | {"planned_completion_date": "2024-08-31"}})
    assert planned == RecruitmentPlan(60, 761.0 - 84, date(2024, 6, 8))
    open_ended = recruitment_plan({"trial": trial | {"planned_completion_date": None}})
    assert open_ended == RecruitmentPlan(60, None)
