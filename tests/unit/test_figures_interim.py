"""Figures of a running trial: what was observed beside its boundary, recruitment to come."""

from datetime import date

import pytest
from figure_texts import assert_nothing_collides, said
from scipy.stats import norm

import simulator
from simulator.planning.interim.file import EXAMPLE
from simulator.report.figures.interim import draw_forecast, draw_observed
from simulator.report.pictures import draw_interim


@pytest.fixture(scope="module")
def answer():
    return simulator.load("nct05484908-looks").monitor(EXAMPLE)


def test_the_statistic_stands_beside_its_boundary_and_that_of_the_end(answer):
    (look,) = answer.looks
    end = norm.isf(answer.prospects.final_p / 2)
    drawing = draw_observed(answer.looks, "DPMAS+LPE", end)
    (axes,) = drawing.figure.axes
    *bounds, observed, _ = axes.lines
    upper, lower, futility = bounds
    assert upper.get_ydata().tolist() == pytest.approx([look.efficacy_z, end])
    assert lower.get_ydata().tolist() == pytest.approx([look.lower_z, -end])
    assert futility.get_ydata().tolist() == [look.futility_z]
    assert (observed.get_xdata().tolist(), observed.get_ydata().tolist()) == (
        [look.fraction],
        [look.z],
    )
    assert "Positive Z favours DPMAS+LPE" in drawing.caption
    assert_nothing_collides(drawing)


def test_the_fan_holds_the_predicted_patients_by_date(answer):
    found = answer.recruitment
    drawing = draw_forecast(found, answer.cut)
    (axes,) = drawing.figure.axes
    days = [answer.cut, *(point.date for point in found.patients)]
    from_epoch = [(date.fromisoformat(day) - date(1970, 1, 1)).days for day in days]
    assert axes.lines[0].get_xdata().tolist() == from_epoch
    medians = [found.randomised, *(point.median for point in found.patients)]
    assert axes.lines[0].get_ydata().tolist() == medians
    for band, width in zip(axes.collections, ("95", "80"), strict=True):
        heights = set(band.get_paths()[0].vertices[:, 1])
        low = {getattr(point, f"low_{width}") for point in found.patients}
        high = {getattr(point, f"high_{width}") for point in found.patients}
        assert heights == low | high | {found.randomised}
    assert f"target {found.target}" in said(drawing)
    assert "38 of 60 patients were randomised by 31 Mar 2024" in drawing.caption
    assert_nothing_collides(drawing)


def test_a_run_keeps_both(answer, tmp_path):
    assert set(draw_interim(answer, tmp_path)) == {"looks", "forecast"}
    assert (tmp_path / "forecast.svg").is_file()
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_observed((), "B")
