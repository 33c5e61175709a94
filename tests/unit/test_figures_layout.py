"""Figures fit a printed page, and nothing in them overlaps, is cut or is too small."""

import re

import pytest
from figure_gallery import FIGURES
from figure_points import (
    flow,
    gantt_days,
    plasma_points,
    session_points,
)
from figure_texts import assert_nothing_collides, said
from matplotlib.text import Text

from simulator.report.figures.flow import draw_flow
from simulator.report.figures.gantt import draw_gantt
from simulator.report.figures.heat_map import draw_heat_map
from simulator.report.figures.meld import draw_meld
from simulator.report.figures.power_curve import draw_power_curve
from simulator.report.figures.recruitment import RecruitmentPlan, draw_recruitment
from simulator.report.figures.sessions import draw_sessions
from simulator.report.figures.survival import draw_survival
from simulator.report.figures.swimmer import draw_swimmer

SIMPLE = ("survival", "recruitment", "meld", "sessions", "power", "size", "heat map")


@pytest.mark.parametrize("name", FIGURES)
def test_texts_neither_meet_nor_leave_the_canvas(name):
    assert_nothing_collides(FIGURES[name]())


@pytest.mark.parametrize("name", FIGURES)
def test_type_is_7_points_or_more_on_a_width_of_16_cm(name):
    """Journals ask for 7 points; at 16 cm a document has no reason to shrink a figure."""
    figure = FIGURES[name]().figure
    assert figure.get_figwidth() * 2.54 == pytest.approx(16)
    sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text().strip()]
    assert min(sizes) >= 7.0


@pytest.mark.parametrize("name", SIMPLE)
def test_two_simple_figures_fit_on_a_page_of_a4(name):
    """29.7 cm less margins of 2.5 cm and two captions of 3 lines leave 2 x 10.5 cm."""
    assert FIGURES[name]().figure.get_figheight() * 2.54 <= 9.2


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_fits_on_a_page_with_its_caption(name):
    """Of the 24.7 cm of an A4 page five are left for the caption and a heading."""
    assert FIGURES[name]().figure.get_figheight() * 2.54 <= 24.7 - 2.5


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_has_a_title_or_notes_and_its_caption_says_what_they_would(name):
    drawing = FIGURES[name]()
    figure = drawing.figure
    assert (figure.get_suptitle(), figure.get_supxlabel()) == ("", "")
    assert drawing.caption.startswith(f"{drawing.shows}.")
    assert drawing.caption.endswith(".")
    assert not re.search(r"\.\.|\s\.|  ", drawing.caption)
    of = drawing.made_of("Scenario s: 10 simulated trials").caption
    assert of == f"{drawing.caption} Scenario s: 10 simulated trials."


@pytest.mark.parametrize("name", FIGURES)
def test_no_key_of_a_scenario_stands_in_a_figure(name):
    """Words joined by underscores are keys or words of the schema, not names."""
    if "crowded words" in name or name.startswith("swimmer"):
        return  # those are of the user's
    assert not [text for text in said(FIGURES[name]()) if re.search(r"[a-z]_[a-z]", text)]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_survival([]),
        lambda: draw_flow(flow(arms=())),
        lambda: draw_recruitment([], RecruitmentPlan(60, None)),
        lambda: draw_meld([]),
        lambda: draw_sessions([], plasma_points()),
        lambda: draw_sessions(session_points(), []),
        lambda: draw_power_curve([], "x"),
        lambda: draw_heat_map([], "x", "y"),
        lambda: draw_swimmer([], 84),
        lambda: draw_gantt([], []),
        lambda: draw_gantt(gantt_days(20), [], first_day=50),
    ],
)
def test_nothing_is_not_drawn(draw):
    with pytest.raises(ValueError, match="nothing to draw"):
        draw()
