"""Figures of allocation schemes side by side."""

from dataclasses import replace

import pytest
from figure_answers import allocation

from simulator.declarations.schemes import SCHEMES as DECLARED
from simulator.declarations.schemes import scheme_name
from simulator.report.figures import style
from simulator.report.figures.schemes import draw_schemes
from simulator.results.allocation import FactorUse
from simulator.results.measures import NullHypothesis, PairedEstimate

NAMES = {
    "Complete randomisation",
    "Random permuted blocks (4, 6)",
    "Efron's biased coin (0.667)",
    "Big stick (3)",
    "Minimisation (range, 0.8)",
}


def drawn(answer):
    """The panels: the one above, power, type I error."""
    figure = draw_schemes(answer).figure
    figure.draw_without_rendering()
    return figure.axes


def test_the_axis_of_imbalance_has_numbers_at_its_ticks():
    axes = drawn(allocation())[0]
    low, high = axes.get_xlim()
    shown = [t.get_text() for t in axes.get_xticklabels() if low <= t.get_position()[0] <= high]
    assert len(shown) >= 2
    assert shown == [f"{float(text):g}" for text in shown]


def test_schemes_say_how_many_are_randomised_where_fewer_are_than_planned():
    short = allocation()
    few = replace(short.schemes[0], trial={"patients": PairedEstimate(14.4, 0.1, 0.0, 0.0)})
    caption = draw_schemes(replace(short, schemes=(few, *short.schemes[1:]))).caption
    assert "60 patients planned, a mean of 14.4 randomised." in caption
    assert "60 patients planned." in draw_schemes(short).caption


def test_schemes_have_the_colours_of_the_other_figures():
    axes = draw_schemes(allocation()).figure.axes[0]
    points = [line for line in axes.lines if line.get_marker() not in (None, "None", "")]
    assert [line.get_color() for line in points] == [
        style.look(0).colour, *[style.look(1).colour] * 4,
    ]  # fmt: skip


def test_schemes_have_their_rates_and_the_level_they_are_held_against():
    trade_off, power, level = drawn(allocation())
    assert {text.get_text() for text in trade_off.texts} == NAMES
    places = [bar.lines[0].get_xydata()[0].tolist() for bar in power.containers]
    assert places == [[pytest.approx(80 - k), 5 - k] for k in range(5)]
    assert (power.get_xlabel(), level.get_xlabel()) == (
        "Power, Log-rank (%),\naxis 74 to 82",
        "Type I error, Log-rank (%),\naxis 3 to 8",
    )
    assert power.lines[-1].get_xdata()[0] == 80
    assert level.lines[-1].get_xdata()[0] == 5
    strong = drawn(allocation(null=NullHypothesis.STRONG))
    assert [axes.get_xlabel() for axes in strong[1:]] == [
        "Type I error, Log-rank (%),\naxis 0 to 100"
    ]
    assert strong[1].lines[-1].get_xdata()[0] == 5


def test_every_scheme_has_a_name_of_its_own_without_the_word_of_a_scenario():
    names = [scheme.name for scheme in DECLARED.values()]
    assert len(set(names)) == len(DECLARED)
    assert not [name for name in names if "_" in name]
    assert scheme_name("efron(2/3)") == "Efron's biased coin (2/3)"
    assert scheme_name("random_blocks(4,6)") == "Random permuted blocks (4, 6)"
    assert scheme_name("a scheme of one's own") == "a scheme of one's own"


def test_a_scheme_that_takes_no_notice_of_factors_is_unstratified_beside_one_that_does():
    made = allocation()
    stratified = replace(made.schemes[1], factors_as=FactorUse.STRATA)
    trade_off, *_ = drawn(replace(made, schemes=(made.schemes[2], stratified)))
    assert {text.get_text() for text in trade_off.texts} == {
        "Efron's biased coin (0.667), unstratified", "Random permuted blocks (4, 6)",
    }  # fmt: skip


def test_the_caption_names_the_panels_and_the_analysis():
    shows = draw_schemes(allocation()).shows
    assert shows.endswith("predictability; below, power and type I error (Log-rank)")
    assert draw_schemes(allocation(trials=0)).shows.endswith("balance against predictability")
