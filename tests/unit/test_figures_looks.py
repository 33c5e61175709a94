"""Figures of looks hold their boundaries, their trials and when trials end."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from figure_points import ARMS, look_points, looks_answer, stop_points
from figure_texts import said
from scipy.stats import norm

import simulator
from simulator.report.figures.looks import draw_boundaries, draw_looks
from simulator.report.figures.stops import draw_stops
from simulator.results.measures import Scale


def boundaries(axes):
    return [line for line in axes.lines if line.get_gid() == "boundary"]


def paths(axes):
    """Lines of trials, without their marks and the boundaries."""
    return [x for x in axes.lines if x.get_gid() != "boundary" and x.get_linestyle() != "None"]


def test_boundaries_stand_on_the_scales_of_z_p_and_the_effect():
    found = looks_answer()
    z_axes, p_axes, effect_axes = draw_looks(found, look_points(), ARMS[1]).figure.axes
    looks = found.boundaries.looks
    z = [look.efficacy_z for look in looks], [look.lower_z for look in looks], [0.0, 0.5]
    for axes, convert in ((z_axes, np.asarray), (p_axes, norm.sf)):
        for line, values in zip(boundaries(axes), z, strict=True):
            assert line.get_ydata().tolist() == pytest.approx(convert(values).tolist())
            assert list(line.get_xdata()) == [0.3, 0.6, 1.0][: len(values)]
    upper, lower, futile = (line.get_ydata().tolist() for line in boundaries(effect_axes))
    assert upper == [look.efficacy_effect for look in looks]
    assert lower == [look.lower_effect for look in looks]
    assert futile == [look.futility_effect for look in looks[:2]]


def test_what_favours_the_second_arm_is_above_on_every_scale():
    for scale in (Scale.LOG_RATIO, Scale.PROPORTION):
        figure = draw_looks(looks_answer(scale), look_points(40, scale), ARMS[1]).figure
        for axes in figure.axes:
            upper, lower, _ = (line.get_ydata()[-1] for line in boundaries(axes))
            heights = [axes.transData.transform((1.0, y))[1] for y in (upper, lower)]
            assert heights[0] > heights[1]


def test_each_trial_is_a_path_coloured_by_what_it_came_to():
    points = look_points()
    by_trial = [list(trial) for _, trial in groupby(points, lambda point: point.trial)]
    axes = draw_looks(looks_answer(), points, ARMS[1]).figure.axes[0]
    colours = {}
    for line, trial in zip(paths(axes), by_trial, strict=True):
        assert list(line.get_ydata()) == [point.z for point in trial]
        assert list(line.get_xdata()) == [point.information for point in trial]
        colours.setdefault(trial[-1].decision, set()).add(line.get_color())
    assert set(colours) == {"rejects", "futility", "does not reject"}
    assert [len(found) for found in colours.values()] == [1, 1, 1]
    assert len(set.union(*colours.values())) == 3


def test_the_caption_says_where_the_boundaries_are_and_how_many_trials_there_are():
    found = looks_answer()
    caption = draw_looks(found, look_points(), ARMS[1]).caption
    assert "What favours DPMAS+LPE is above" in caption
    assert "boundaries at the planned information" in caption
    assert "the first 40 trials" in caption
    at_mean = replace(found, boundaries=replace(found.boundaries, as_planned=False))
    alone = draw_looks(at_mean, (), ARMS[1])
    assert "boundaries at the mean information" in alone.caption
    assert "trials along" not in alone.caption
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_looks(replace(found, boundaries=None), (), ARMS[1])


def test_effects_have_their_unit():
    words = said(draw_looks(looks_answer(Scale.PROPORTION), (), ARMS[1]))
    assert "Risk difference, percentage points" in [" ".join(word.split()) for word in words]


def test_bars_hold_when_trials_end_and_why():
    points = stop_points()
    drawing = draw_stops(points, 400)
    (axes,) = drawing.figure.axes
    for bars, kind in zip(axes.containers, ("efficacy", "futility", "planned"), strict=True):
        shares = [100 * getattr(point, kind) for point in points]
        assert [bar.get_height() for bar in bars] == pytest.approx(shares)
        lefts = [bar.get_x() for bar in bars]
        assert lefts == pytest.approx([point.start_day / 30.4375 for point in points])
    assert "20% stopped for efficacy, 13% stopped for futility, 67% ended as planned" in (
        drawing.caption
    )
    largest = max(max(p.efficacy, p.futility, p.planned) for p in points)
    error = 100 * (largest * (1 - largest) / 400) ** 0.5
    assert f"(Monte Carlo standard error at most {error:.2g} percentage points)" in drawing.caption
    assert "without a test" not in drawing.caption
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_stops((), 1)


def test_trials_that_end_without_a_test_are_told_of_and_are_in_no_bar():
    points = [replace(point, planned=0.9 * point.planned) for point in stop_points()]
    lost = 0.1 * sum(point.planned for point in stop_points())
    caption = draw_stops(points, 400).caption
    assert f"{100 * lost:.1f}% ended without a test, and are in no bar" in caption


def test_boundaries_of_a_design_alone_have_effects_in_standard_errors():
    answer = simulator.boundaries((0.3, 0.6, 1), "lan_demets_obrien_fleming", alpha=0.05, sides=2)
    drawing = draw_boundaries(answer)
    z_axes, _, effect_axes = drawing.figure.axes
    upper, lower = boundaries(z_axes)
    assert upper.get_ydata().tolist() == [look.efficacy_z for look in answer.looks]
    assert lower.get_ydata().tolist() == [look.lower_z for look in answer.looks]
    effects = boundaries(effect_axes)[0].get_ydata().tolist()
    assert effects == [look.smallest_effect for look in answer.looks]
    assert "Level 0.05, two-sided" in drawing.caption
    assert paths(z_axes) == []
