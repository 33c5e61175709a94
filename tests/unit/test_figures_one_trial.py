"""Figures of one trial: its patients, and its ALSS unit day by day."""

from dataclasses import replace
from itertools import pairwise

import pytest
from figure_answers import story
from figure_gallery import FIGURES
from figure_points import gantt_days, gantt_sessions, swimmer_patients
from figure_texts import assert_nothing_collides, said

from simulator.report.figures.gantt import draw_gantt
from simulator.report.figures.swimmer import SwimmerSession, draw_swimmer
from simulator.report.figures.traced import gantt_rows, swimmer_rows


def test_swimmer_sorts_by_arm_then_length_and_refuses_unknown_words():
    patients = swimmer_patients(20)
    axes = draw_swimmer(patients, 84).figure.axes[0]
    order = [int(label.get_text()) for label in axes.get_yticklabels()]
    ends = [[patients[k].end_day for k in order if k % 2 == arm] for arm in (0, 1)]
    assert [k % 2 for k in order] == [0] * 10 + [1] * 10
    assert all(row == sorted(row, reverse=True) for row in ends)
    with pytest.raises(ValueError, match="patient 0: no outcome is called well"):
        draw_swimmer([replace(patients[0], outcome="well")], 84)
    late = SwimmerSession(1.0, 2.0, "late")
    with pytest.raises(ValueError, match="patient 0: no session is called late"):
        draw_swimmer([replace(patients[0], sessions=(late,))], 84)


def test_gantt_shows_the_busiest_days_and_says_so():
    sessions = gantt_sessions(50) + [
        replace(gantt_sessions(1)[0], start_day=400.4 + k, end_day=400.5 + k) for k in range(56)
    ]
    caption = draw_gantt(gantt_days(), sessions).caption
    assert "Days 400 to 455 of 0 to 899, the 56 in which most" in caption


def test_bars_of_one_line_of_the_gantt_do_not_overlap():
    axes = FIGURES["gantt, busy"]().figure.axes[0]
    bars = [patch.get_bbox() for patch in axes.patches if patch.get_height() < 0.8]
    lines = {}
    for box in bars:
        lines.setdefault(round((box.y0 + box.y1) / 2), []).append((box.x0, box.x1))
    assert len(bars) > 90
    for line in lines.values():
        ordered = sorted(line)
        assert all(a[1] <= b[0] for a, b in pairwise(ordered))


def test_days_of_a_trace_hold_the_stock_the_queue_and_what_was_short():
    days, _ = gantt_rows(story())
    assert [day.day for day in days] == [0, 1, 2]
    assert [day.stock_litres for day in days] == [4.5, 4.5, pytest.approx(5.5)]
    assert [day.queue for day in days] == [2, 2, 0]
    assert [day.is_short for day in days] == [True, False, False]
    assert [day.is_open for day in days] == [True, False, True]
    assert [day.background_sessions for day in days] == [4, 0, 0]
    without, _ = gantt_rows(replace(story(), plasma=None))
    assert {day.stock_litres for day in without} == {None}


def test_sessions_of_a_trace_are_delayed_by_over_a_day_and_end_with_their_patient():
    days, sessions = gantt_rows(story())
    assert [(s.patient, s.start_day, s.end_day) for s in sessions] == [
        (1, 2.3, pytest.approx(2.35)),
        (0, 2.25, 2.4),
    ]
    assert not any(session.is_complete for session in sessions)
    assert all(session.is_delayed for session in sessions)
    figure = draw_gantt(days, sessions)
    assert "delayed more than 1 day" in said(figure)
    assert_nothing_collides(figure)


def test_patients_of_a_trace_stand_by_arm_with_their_sessions_and_end():
    second, first = swimmer_rows(story())
    assert (second.arm, second.outcome, second.end_day) == ("full", "liver death", 1.95)
    (session,) = second.sessions
    assert (session.start, session.end) == (pytest.approx(1.9), pytest.approx(1.95))
    assert session.status == "ended_by_exit"
    # The session for which the first patient waited was neither delivered nor missed.
    assert [session.status for session in first.sessions] == ["cut_short"]
    assert (first.outcome, first.end_day, first.withdrawn_day) == ("completed", 2.5, 2.3)
    assert_nothing_collides(draw_swimmer([second, first], 3))


def test_what_nobody_saw_is_not_drawn():
    """A death after loss, and one after the end of follow-up."""
    trace = story()
    lost = replace(trace.patients[0], outcomes=(("loss", 1.0), ("liver death", 2.0)))
    later = replace(trace.patients[1], outcomes=(("liver death", 2.6),))
    second, first = swimmer_rows(replace(trace, patients=(lost, later)))
    assert (first.outcome, first.end_day) == ("loss", 1.0)
    assert (second.outcome, second.end_day) == ("completed", 2.5)


def test_a_trial_without_unit_and_sessions_has_no_days_of_a_unit():
    bare = replace(story(), patients=(), has_unit=False, plasma=None, all_events=())
    with pytest.raises(ValueError, match="no ALSS unit"):
        gantt_rows(bare)
