"""The forest plot: a row per study and summary, nothing beyond the axes without an arrow."""

import pytest

from calibration.synthesis.joint import synthesise
from calibration.synthesis.studies import COLUMNS
from simulator.report.figures.forest import draw_forest

ROWS = (
    ("mortality", "A1", "one of $50", 42, 104, *("",) * 7, 90, "death", 1, "used", "a reason"),
    ("mortality", "A2", "aside" + 60 * "x", 1, 2, *("",) * 7, 90, "death", 0, "used", "a reason"),
    ("mortality", "A3", "held out", 5, 9, *("",) * 7, 90, "death", 0, "held_out", "a reason"),
    ("hazard_ratio", "A4", "few", 1, 6, 1, 6, *("",) * 5, 28, "death", 0.5, "used", "a reason"),
)


@pytest.fixture(scope="module")
def drawing(tmp_path_factory):
    path = tmp_path_factory.mktemp("forest") / "mine.csv"
    lines = [",".join(map(str, row)) for row in (COLUMNS, *ROWS)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return draw_forest(synthesise(path))


def names(axes):
    return [label.get_text() for label in axes.get_yticklabels()][::-1]


def test_each_parameter_has_its_studies_and_then_what_they_amount_to(drawing):
    mortality, ratio = drawing.figure.axes
    summaries = ["mean of the studies", "a new study", "prior"]
    assert names(mortality) == [r"one of \$50, n=104, day 90", names(mortality)[1], *summaries]
    assert names(mortality)[1].endswith("x..., n=2, day 90")  # what has no room is cut
    assert names(ratio) == ["few, n=12, day 28", *summaries]
    assert ratio.get_xscale() == "log"


def test_a_study_set_aside_is_open_and_small(drawing):
    squares = [line for line in drawing.figure.axes[0].lines if line.get_marker() == "s"]
    used, aside = squares
    assert aside.get_markerfacecolor() == "white" != used.get_markerfacecolor()
    assert aside.get_markersize() < used.get_markersize()


def test_an_interval_beyond_the_axis_ends_in_an_arrow(drawing):
    # One death of six in either arm: the ratio is known to a factor of over ten.
    marks = [line.get_marker() for line in drawing.figure.axes[1].lines]
    assert "<" in marks
    assert ">" in marks


def test_the_caption_says_what_marks_are_and_of_which_prior(drawing):
    assert "open ones are set aside" in drawing.caption
    assert "of a new study" in drawing.caption
