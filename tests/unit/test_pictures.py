"""The pictures of each kind of answer: which there are, and what they are called."""

from dataclasses import replace

import pytest
from figure_answers import allocation, size_curve, story, sweep

from simulator.report.figures.saving import KINDS
from simulator.report.pictures import draw_allocation, draw_size, draw_sweep, draw_trace
from simulator.results.measures import NullHypothesis


@pytest.mark.parametrize(
    ("keys", "values", "name", "words"),
    [
        (("date",), [(None,), ("2030-01-01",)], "power_curve", ["none", "Power (%)"]),
        (("date",), [("2029-06-01",), ("2030-01-01",)], "power_curve", ["1 Jun 2029"]),
        (("n", "on"), [(60, True), (80, True)], "heat_map", ["yes", "Power (%)"]),
        (("allocation.scheme",), [("efron",), ("wei_urn",)], "power_curve", ["Wei's urn"]),
        (("accrual.kind",), [("by_site",), ("all",)], "power_curve", ["by site", "all"]),
    ],
)
def test_sweeps_over_one_and_two_keys_have_their_pictures(keys, values, name, words, tmp_path):
    pictures = draw_sweep(sweep(keys, values), tmp_path)
    assert set(pictures) == {name}
    saved = pictures[name]
    assert [saved.svg, saved.png, saved.pdf] == [tmp_path / f"{name}.{kind}" for kind in KINDS]
    assert all(path.is_file() for path in (saved.svg, saved.png, saved.pdf))
    assert saved.caption.endswith("Scenario small: 400 simulated trials per point, seed 1.")
    svg = saved.svg.read_text("utf-8")
    # Texts are drawn as outlines, each under its own words as a comment.
    assert all(f"<!-- {word}" in svg for word in words)


def test_sweeps_over_three_keys_have_no_picture(tmp_path):
    assert draw_sweep(sweep(("a", "b", "c"), [(1, 2, 3)]), tmp_path) == {}


def test_a_sweep_under_the_strong_null_is_held_against_the_level(tmp_path):
    null = sweep(("n",), [(60,), (80,)], NullHypothesis.STRONG, 0.05)
    svg = draw_sweep(null, tmp_path, ("svg",))["power_curve"].svg.read_text("utf-8")
    assert "<!-- Type I error (%), axis 0 to 8 -->" in svg
    assert "<!-- nominal level 5% -->" in svg
    assert "80%" not in svg


def test_pictures_of_a_trace_and_of_schemes_are_saved_under_their_names(tmp_path):
    assert set(draw_trace(story(), tmp_path)) == {"swimmer", "gantt"}
    assert set(draw_trace(replace(story(), has_unit=False), tmp_path)) == {"swimmer"}
    assert set(draw_allocation(allocation(trials=0), tmp_path)) == {"schemes"}
    names = {path.name for path in tmp_path.iterdir()}
    pictures = "swimmer", "gantt", "schemes"
    assert names == {f"{name}.{kind}" for name in pictures for kind in (*KINDS, "txt")}


def test_the_caption_of_a_search_says_what_was_simulated(tmp_path):
    caption = draw_size(size_curve(), tmp_path, ())["size"].caption
    answer = size_curve()
    end = f"Scenario {answer.scenario}: {answer.trials:,} simulated trials in all, seed "
    assert caption.endswith(f"{end}{answer.seed}.")
    assert [path.name for path in tmp_path.iterdir()] == ["size.txt"]
