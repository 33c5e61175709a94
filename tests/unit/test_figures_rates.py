"""Figures of power and other rates over one quantity, and the axis that they share."""

from datetime import date

import numpy as np
import pytest
from figure_answers import size_curve
from figure_gallery import FIGURES
from figure_points import rate_points
from figure_texts import assert_nothing_collides, said

from simulator.report.figures.power_curve import RatePoint, draw_power_curve
from simulator.report.figures.rate_axis import rate_axis
from simulator.report.figures.size_curve import draw_size_curve


def joined(axes):
    """Lines with more than two points that are drawn from point to point."""
    return [line for line in axes.lines if line.get_ls() == "-" and len(line.get_xdata()) > 2]


@pytest.mark.parametrize(
    ("highest", "target", "end", "name"),
    [
        (0.35, 0.8, 100, "power (%)"),
        (0.20, 0.8, 100, "power (%)"),  # 20 % is not below 20 %
        (0.19, 0.8, 20, "power (%), axis 0 to 20\n(target 80% is above)"),
        (0.07, 0.8, 8, "power (%), axis 0 to 8\n(target 80% is above)"),
        (0.0, 0.8, 1, "power (%), axis 0 to 1\n(target 80% is above)"),
        (0.07, 0.9, 8, "power (%), axis 0 to 8\n(target 90% is above)"),
    ],
)
def test_an_axis_of_power_goes_to_100_or_says_where_it_ends(highest, target, end, name):
    axis = rate_axis([0.0, highest, None], target, "power")
    assert (axis.end, axis.name) == (end, name)


@pytest.mark.parametrize(("highest", "end"), [(0.01, 6), (0.048, 6), (0.07, 8)])
def test_an_axis_of_type_i_errors_holds_the_nominal_level(highest, end):
    """5 % is within, whatever the rates: the line that they are held against is always seen."""
    axis = rate_axis([highest], 0.05, "type I error")
    assert axis.end == end
    assert axis.name == f"type I error (%), axis 0 to {end}"
    assert axis.target_name == "nominal level 5%"


def test_power_curve_has_a_line_an_analysis_and_says_what_it_leaves_out():
    few = draw_power_curve(rate_points(), "Patients")
    (axes,) = few.figure.axes
    assert axes.lines[0].get_ydata().tolist() == pytest.approx(
        [100 * point.power for point in rate_points(("log-rank",))]
    )
    assert {"target 80%", "log-rank", "fisher", "Power (%)"} <= set(said(few))
    assert axes.get_ylim() == (0, 100)
    assert few.shows == "Power by patients, with 95% intervals"
    many = FIGURES["power, many analyses"]()
    assert "Only the first 8 of 11 analyses are drawn." in many.caption
    assert sum("of a long name" in text for text in said(many)) == 8


def test_the_name_of_an_only_analysis_stands_in_the_caption():
    one = draw_power_curve(rate_points(("Fisher",)), "Patients")
    assert one.shows.startswith("Power (Fisher) by patients")
    assert "Fisher" not in said(one)


def test_power_curve_of_low_rates_follows_them_and_says_where_the_target_is():
    low = FIGURES["power, low"]()
    assert low.figure.axes[0].get_ylim() == (0, 10)
    assert {"nominal level 5%", "Type I error (%), axis 0 to 10"} <= set(said(low))
    above = said(draw_power_curve(rate_points(top=0.06), "ratio"))
    assert "Power (%), axis 0 to 10 (target 80% is above)" in above
    assert "target 80%" not in above


def test_numbers_stand_where_they_are_and_not_by_rank():
    """60, 90 and 600 patients: the second is an 18th of the way from the first to the last."""
    (axes,) = draw_power_curve(rate_points(xs=(600, 60, 90)), "n").figure.axes
    at = axes.transData.transform([(x, 0) for x in axes.get_xticks()])[:, 0]
    assert axes.get_xticks().tolist() == [60, 600]  # 90 would touch 60
    first, second, third = axes.lines[0].get_xdata()
    assert (second - first) / (third - first) == pytest.approx(1 / 18)
    assert at[1] > at[0]


def test_days_stand_where_they_are_and_are_written_as_days():
    """181 days from 31 August 2024 to 28 February 2025, and 672 to the end of 2026."""
    drawing = FIGURES["power, days"]()
    first, second, third = drawing.figure.axes[0].lines[0].get_xdata()
    assert (second - first, third - second) == (181, 671)
    assert (date(2026, 12, 31) - date(2025, 2, 28)).days == 671
    assert {"31 Aug 2024", "28 Feb 2025", "31 Dec 2026"} <= set(said(drawing))


def test_a_power_curve_says_how_many_are_randomised_and_where_recruitment_is_the_limit():
    """A target of 200 brings 138.6: the curve is of those, and says so."""
    points = [
        RatePoint(x, "fisher", 0.5, 0.48, 0.52, randomised=n, is_short=n < x, is_plan=x == 60)
        for x, n in ((60, 60.0), (120, 120.0), (200, 138.6))
    ]
    drawing = draw_power_curve(points, "patients")
    assert {"Patients randomised", "60.0", "120.0", "138.6*"} <= set(said(drawing))
    assert "*: recruitment is the limit" in drawing.caption
    assert "Dotted vertical line: the plan." in drawing.caption
    assert "below, patients randomised" in drawing.caption
    assert_nothing_collides(drawing)
    assert "Patients randomised" not in said(FIGURES["power"]())


def test_many_analyses_stand_aside_within_the_axes():
    """Seven analyses at three values: every point lies within, and none wastes half the width."""
    names = [f"analysis {k}" for k in range(7)]
    figure = draw_power_curve(rate_points(names, xs=(3.0, 4.2, 5.0)), "hours").figure
    axes = figure.axes[0]
    figure.draw_without_rendering()
    inside = axes.get_window_extent()
    for line in axes.lines:
        if len(line.get_xdata()) == 3:
            spots = line.get_transform().transform(np.column_stack(line.get_data()))
            assert (spots[:, 0] > inside.x0).all()
            assert (spots[:, 0] < inside.x1).all()
            assert np.ptp(spots[:, 0]) > 0.8 * inside.width


def test_size_curve_draws_the_fit_with_its_band_and_joins_no_points():
    (axes,) = draw_size_curve(size_curve()).figure.axes
    fitted = size_curve().fitted
    (fit,) = joined(axes)
    assert fit.get_xdata().tolist() == [point.value for point in fitted]
    assert fit.get_ydata().tolist() == [100 * point.power for point in fitted]
    tried = [line for line in axes.lines if line.get_marker() == "o"]
    assert {line.get_linestyle() for line in tried} == {"None"}
    corners = {
        tuple(corner) for band in axes.collections for path in band.get_paths()
        for corner in path.vertices
    }  # fmt: skip
    ends = {(p.value, 100 * end) for p in fitted for end in (p.ci_low, p.ci_high)}
    assert ends <= corners


def test_no_curve_is_drawn_that_no_search_fitted():
    drawing = draw_size_curve(size_curve(fitted=()))
    assert joined(drawing.figure.axes[0]) == []
    assert "fitted" not in drawing.caption


def test_size_curve_says_where_recruitment_is_the_limit():
    """Open symbols from 360 planned patients on, where 317 at the most come."""
    drawing = draw_size_curve(size_curve(limited=True, answer=None, fitted=()))
    (axes,) = drawing.figure.axes
    opened = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [x for line in opened for x in line.get_xdata()] == [360, 420, 480, 540, 600]
    assert "Recruitment is the limit from 360 planned patients on" in drawing.caption
    assert "at most 316.8 are randomised on average" in drawing.caption
    assert axes.get_xlabel() == "Patients to be randomised"


def test_size_curve_marks_the_answer_with_its_interval():
    words = "80% power at 291 patients (95% confidence interval 270 to 320)"
    assert words in said(FIGURES["size"]())
    assert "80% power at 700 patients" in said(FIGURES["size, unbounded interval"]())
