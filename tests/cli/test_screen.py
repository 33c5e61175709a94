"""What remains on a terminal after `power`, and what `show` shows of a kept run."""

import json
import os
import re

import pytest
from command_line import PROGRAM, ROOT, one_json_object, run_here
from rich.cells import cell_len
from terminal import on_a_terminal

import simulator
from simulator.report.text import full_text, sections_of
from simulator.report.text.page import as_text
from simulator.report.text.power_screen import power_screen
from simulator.scenario.shipped import shipped_titles

TRIALS = 120


@pytest.fixture(autouse=True)
def _no_columns(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)


# What these show, the base case shows too.
ALIKE = {f"nct05484908-{name}" for name in ("null", "scarce", "slow", "strata")}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in ALIKE else [])
        for name in sorted(shipped_titles())
    ],
)
def shipped(request):
    return simulator.load(request.param).power(TRIALS)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_shipped_scenario_prints_wider_than_the_terminal(shipped, width):
    run = f"results/power-{shipped.scenario}-seed1-0123456789ab"
    text = as_text(power_screen(shipped, width, run), width)
    assert max(map(cell_len, text.splitlines())) <= width
    if width >= 100:
        assert len(text.splitlines()) + 2 <= 30  # a message on the run's folder, and the prompt
    first = shipped.primary
    assert any(f"{first.power:.1%}" in line for line in text.splitlines())
    blocks = [block for section in sections_of(shipped).values() for block in section]
    assert max(map(cell_len, as_text(blocks, width).splitlines())) <= width


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    asked = "power two-arm-survival --trials 200"
    assert run_here(asked, "--out", "run", folder=folder).status == 0
    return folder, asked


def test_the_whole_of_what_is_printed_fits_thirty_lines_of_a_hundred(kept):
    folder, asked = kept
    for _ in range(2):  # worked out, then kept
        status, out, err = run_here(asked, "--out", "run", folder=folder)
        assert status == 0
        lines = out.splitlines() + err.splitlines()
        assert len(lines) + 1 <= 30
        assert max(map(len, lines)) <= 100


def test_a_kept_answer_is_rendered_anew_as_it_is_asked_for(kept):
    folder, asked = kept
    screen = run_here(asked, "--out", "run", folder=folder)
    full = run_here(asked, "--full", "--out", "run", folder=folder)
    assert "answered before" in screen.err
    assert "answered before" in full.err
    assert "Estimates" not in screen.out
    assert full.out == (folder / "run" / "summary.txt").read_text("utf-8")
    assert run_here("show", "run", folder=folder).out == full.out


def test_a_kept_answer_takes_the_width_of_the_day(kept, monkeypatch):
    folder, _ = kept
    monkeypatch.setenv("COLUMNS", "60")
    lines = run_here("show run", folder=folder).out.splitlines()
    assert 40 < max(map(len, lines)) <= 60


def test_a_section_is_shown_alone(kept):
    folder, _ = kept
    status, out, _ = run_here("show run estimates", folder=folder)
    assert status == 0
    assert "Estimates" in out.split("\nlog_rank")[0]  # the heads
    assert out in run_here("show run", folder=folder).out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("show", "RUN is missing: name the folder of a run"),
        ("show nowhere", "there is no such folder"),
        ("show .", "is not the folder of a run"),
        (
            "show run sesions",
            "sesions: is no section of this answer of power; use one of",
        ),
        ("show run funnel --json", "--json = true: goes without a section"),
    ],
)
def test_what_cannot_be_shown_is_one_message(kept, asked, said):
    folder, _ = kept
    status, out, err = run_here(asked, folder=folder)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_wrong_section_names_those_there_are(kept):
    err = run_here("show run nothing", folder=kept[0]).err
    named = re.search(r"use one of (.*)", err)[1].split(", ")
    assert {"power", "estimates", "patients", "recruitment", "verdict"} <= set(named)
    assert "sessions" not in named  # there are none in this trial


def test_show_prints_the_answers_json(kept):
    folder, _ = kept
    shown = one_json_object(run_here("show run --json", folder=folder).out)
    assert shown == json.loads((folder / "run" / "estimates.json").read_text("utf-8"))


def test_ten_trials_do_not_shout(tmp_path):
    out = run_here("power two-arm-survival --trials 10", folder=tmp_path).out
    assert "Too few trials for a verdict" in out
    assert "POWERED" not in out
    assert "trialsim power two-arm-survival --trials 10000" in out


@pytest.mark.parametrize("columns", [80, 100])
def test_a_dumb_terminal_gets_plain_lines_of_its_width(kept, columns):
    """A terminal of so many columns, which no variable tells of, and which knows no style."""
    folder, _ = kept
    environment = os.environ | {"TERM": "dumb", "PYTHONPATH": str(ROOT)}
    asked = [*PROGRAM, *["power", "two-arm-survival", "--trials", "200", "--out", "run"]]
    status, text = on_a_terminal(asked, folder, environment, columns=columns)
    assert status == 0
    lines = text.splitlines()
    assert "\x1b" not in text
    assert max(map(len, lines)) <= columns
    assert len(lines) + 1 <= 30
    assert "UNDERPOWERED" in text


def test_the_full_text_of_every_shipped_scenario_is_a_hundred_columns(shipped):
    assert max(map(cell_len, full_text(shipped).splitlines())) <= 100
