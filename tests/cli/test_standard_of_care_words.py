"""Screens, documents and figures of a trial in which an arm has no sessions."""

import html
import re

import pytest
from command_line import run_here

SCENARIO = """\
extends: nct05484908
name: soc
title: PE against standard of care
arms:
  - {name: standard of care}
  - {name: PE, modality: PE, plan: {sessions: 3, first_after_days: 1, least_interval_days: 3,
     window_days: 5}}
hazard: {mortality_targets: null, baseline: {mortality_at_horizon: 0.55}}
modalities: {DPMAS+LPE: null}
costs: {per_session: {PE: 15000}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soc")
    (folder / "soc.yaml").write_text(SCENARIO)
    done = run_here("power soc.yaml --trials 120 --out run", folder=folder)
    assert done.status == 0, done.err
    return folder, done.out


def test_the_screen_says_that_an_arm_has_none_planned(run):
    _, screen = run
    assert "delivered of planned: standard of care none planned, PE" in screen
    assert "hazard ratio of a full course against none: PE 0.7" in screen
    assert max(map(len, screen.splitlines())) <= 100


def test_the_full_text_has_no_numbers_that_are_none(run):
    folder, _ = run
    text = run_here("show run sessions", folder=folder).out
    planned = next(line for line in text.splitlines() if line.startswith("planned"))
    assert planned.split()[1] == "0"
    assert "nan" not in text.lower()


def test_the_document_tells_of_sessions_of_the_treated_arm_alone(run):
    folder, _ = run
    done = run_here("report run --format html --length page --out page.html", folder=folder)
    assert done.status == 0, done.err
    page = html.unescape(re.sub(r"<[^>]+>", " ", (folder / "page.html").read_text("utf-8")))
    assert "mortality under the baseline hazard" in page.lower()
    assert "a full course against none: PE 0.7" in page
    assert "delayed more than 1 day with PE" in page
    assert "delayed more than 1 day with standard of care" not in page
    assert "nan" not in page.split()


def test_the_figure_of_sessions_shows_the_treated_arm_alone(run):
    folder, _ = run
    done = run_here("report run --format figures --out figures", folder=folder)
    assert done.status == 0, done.err
    drawn = (folder / "figures" / "sessions.svg").read_text("utf-8")
    assert "PE: delivered" in drawn
    assert "standard of care: delivered" not in drawn
