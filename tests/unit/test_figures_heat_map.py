"""Heat maps: cells where their values are, numbers in them, and the line of the target."""

from dataclasses import replace

import numpy as np
import pytest
from figure_gallery import FIGURES
from figure_points import heat_points
from figure_texts import assert_nothing_collides, said
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet

from simulator.report.figures.heat_map import HeatPoint, draw_heat_map


def test_heat_map_writes_every_cell_and_draws_the_line_where_power_crosses():
    axes = FIGURES["heat map"]().figure.axes[0]
    cells = sorted(text.get_text() for text in axes.texts)
    assert cells == sorted(f"{100 * point.power:.0f}" for point in heat_points())
    power = np.array([point.power for point in heat_points()]).reshape(6, 5).T
    xs, ys = [60, 120, 180, 240, 320, 400], [0.5, 0.6, 0.7, 0.8, 0.9]
    (line,) = (found for found in axes.collections if isinstance(found, ContourSet))
    for x, y in line.get_paths()[0].vertices:
        # On an edge of the grid of cells' middles the line has the target by interpolation.
        at = [np.interp(x, xs, row) for row in power]
        assert np.interp(y, ys, at) == pytest.approx(0.8)
    assert "No cell reaches 80%." in FIGURES["heat map, words"]().caption


def mesh_of(drawing):
    (mesh,) = (found for found in drawing.figure.axes[0].collections if isinstance(found, QuadMesh))
    return mesh.get_coordinates()


def test_cells_of_a_heat_map_stand_where_their_values_are():
    """Edges half way between neighbours: of 60, 120, 180, 240, 320, 400 at 30, 90, ..., 440."""
    corners = mesh_of(FIGURES["heat map"]())
    assert corners[0, :, 0].tolist() == [30, 90, 150, 210, 280, 360, 440]
    assert corners[:, 0, 1].tolist() == pytest.approx([0.45, 0.55, 0.65, 0.75, 0.85, 0.95])
    # 1, 10, 100 and 1000 are evenly apart on a log axis: edges at 10 to the power of a half.
    tens = draw_heat_map(heat_points((1, 10, 100, 1000)), "x", "y")
    assert mesh_of(tens)[0, :, 0].tolist() == pytest.approx([10 ** (k - 0.5) for k in range(5)])
    assert tens.figure.axes[0].get_xscale() == "log"
    assert not any("not to scale" in text for text in said(tens))


def test_cells_too_narrow_for_their_place_are_drawn_alike_and_the_figure_says_so():
    uneven = draw_heat_map(heat_points((0, 1, 2, 1000)), "x", "y")
    assert mesh_of(uneven)[0, :, 0].tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert "X, not to scale" in said(uneven)
    assert "Y" in said(uneven)
    assert not any(isinstance(found, ContourSet) for found in uneven.figure.axes[0].collections)
    assert_nothing_collides(uneven)


def test_a_plan_between_the_cells_is_told_and_makes_no_holes():
    between = [*heat_points(), HeatPoint(150, 0.85, 0.123, 0.005, is_plan=True)]
    drawing = draw_heat_map(between, "x", "y")
    assert mesh_of(drawing).shape == (6, 7, 2)
    assert "The plan (150; 0.85) is not among the cells: its power is 12.3%." in drawing.caption
    assert_nothing_collides(drawing)


def test_the_plan_among_the_cells_has_a_frame_and_cells_not_run_are_hatched():
    first, *others = heat_points()
    drawing = draw_heat_map([replace(first, is_plan=True), *others[:-1]], "x", "y")
    frames = [p for p in drawing.figure.axes[0].patches if not p.get_fill()]
    assert [frame.get_xy() for frame in frames] == [pytest.approx((30.0, 0.45))] * 2
    assert "Frame: the plan." in drawing.caption
    assert "Hatched: not simulated." in drawing.caption


def test_a_heat_map_marks_where_recruitment_is_the_limit():
    points = [replace(p, is_short=p.x == 400, randomised=317.2) for p in heat_points()]
    drawing = draw_heat_map(points, "x", "y")
    stars = [text for text in said(drawing) if text.endswith("*")]
    assert sorted(stars) == sorted(f"{100 * p.power:.0f}*" for p in points if p.is_short)
    assert "than planned (a mean of 317.2)" in drawing.caption
    assert_nothing_collides(drawing)
