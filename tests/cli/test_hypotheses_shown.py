"""A hypothesis as a user sees it: screen, JSON, sizes, certificate, document."""

import pytest

SCENARIO = """\
extends: two-arm-survival
name: margins
title: not much worse, better, alike
analyses:
  - {name: mortality, test: risk_difference, interval: farrington_manning, alpha: 0.025,
     alternative: less, margin: 0.1}
  - {name: better, test: fisher, alpha: 0.025, alternative: less}
  - {name: alike, test: km_difference, alpha: 0.05, equivalence: [-0.3, 0.3]}
  - {name: survival, test: log_rank}
"""
POWER = "power margins.yaml --trials 400 --jobs 1"


@pytest.fixture
def folder(folder):
    """The working folder, with margins.yaml."""
    (folder / "margins.yaml").write_text(SCENARIO)
    return folder


def test_power_says_what_each_analysis_is_to_show(run, answer_of):
    found = {a["name"]: a for a in answer_of(POWER)["analyses"]}
    shown = {name: a["hypothesis"] for name, a in found.items()}
    assert shown["mortality"] == {"alternative": "less", "margin": 0.1, "equivalence": None}
    assert shown["alike"]["equivalence"] == [-0.3, 0.3]
    assert shown["survival"]["alternative"] == "two_sided"
    # Fewer deaths in the second arm alone count, and those are more than on both sides at .025.
    assert found["better"]["favouring"]["control"] == 0
    assert found["mortality"]["power"] > found["better"]["power"] > 0.1
    text = run(POWER).out
    assert "non-inferiority: risk difference below 10 percentage points; level 0.025" in text
    assert "margin 10 percentage points" in text
    full = run(POWER, "--full").out
    assert "better is to show superiority, one-sided: risk difference below 0; level 0.025" in full
    assert (
        "alike is to show equivalence: risk difference between -30 and 30 percentage points" in full
    )


def test_a_size_with_a_margin_has_farrington_and_mannings_beside_it(answer_of, run):
    asked = "size margins.yaml --power 0.8 --jobs 1"
    forms = answer_of(asked)["closed_forms"]
    (form,) = forms["needed"]
    assert (form["formula"], form["margin"], forms["sides"]) == (
        "farrington_manning", 0.1, "one-sided",
    )  # fmt: skip
    assert form["apart"] == pytest.approx(-0.3, abs=0.01)
    text = run(asked).out
    assert "Farrington and Manning" in text
    assert "share of all trials that show what was asked, on its side alone" in " ".join(
        text.split()
    )
    assert "either arm" not in text
    assert "margin 0.1" in text


def test_a_certificate_with_a_margin_is_enumerated_and_says_what_is_missing(run):
    text = " ".join(run("power margins.yaml --certify --trials 100 --jobs 1").out.split())
    for words in ("no null hypothesis, so nothing is simulated", "at the margin, by enumeration"):
        assert words in text


def test_a_wrong_margin_is_refused_at_its_line(refused, folder):
    (folder / "wrong.yaml").write_text(SCENARIO.replace("margin: 0.1", "margin: -0.1"))
    message = refused("power wrong.yaml --trials 100")
    for word in ("wrong.yaml:6", "analyses[0].margin", "-0.1", "wrong side"):
        assert word in message
