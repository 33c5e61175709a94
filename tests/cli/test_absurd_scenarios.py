"""Scenarios that nobody should write but anybody may: a run ends, and its output can be read."""

import csv
import json
import sys

import pytest

from simulator import cli

SMALL = """\
extends: two-arm-survival
name: absurd
title: a scenario at the edge
trial: {target_randomised: 8}
accrual: {candidates: 8}
"""
ABSURD = {
    "one patient": "trial: {target_randomised: 1}\n"
    "allocation: {scheme: complete, options: {}, ratio: [1, 1], factors: null}\n",
    "no patient": "trial: {target_randomised: 8, max_recruitment_days: 0.000001}\n",
    "more to randomise than come": "accrual: {candidates: 3}\n",
    "a day of follow-up": "trial: {target_randomised: 8, follow_up_days: 1}\n",
    "ten years of follow-up": "trial: {target_randomised: 8, follow_up_days: 3660}\n",
    "nearly all die at once": "hazard:\n"
    "  baseline: {kind: weibull, horizon_days: 84, mortality_at_horizon: 0.999, shape: 0.1}\n",
    "nobody dies before the last days": "hazard:\n"
    "  baseline: {kind: weibull, horizon_days: 84, mortality_at_horizon: 0.5, shape: 20}\n",
    "unlike frailty": "hazard: {frailty_log_sd: 5}\n",
    "all are lost": "exits: {loss: {net_probability: 0.999999, by_day: 0.001}}\n",
}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder; return its exit status and standard output."""
    monkeypatch.chdir(tmp_path)

    def run(text, *arguments):
        (tmp_path / "absurd.yaml").write_text(text, encoding="utf-8")
        words = [arguments[0], "absurd.yaml", *arguments[1:], "--force"]
        monkeypatch.setattr(sys, "argv", ["trialsim", *words])
        try:
            cli.main()
            status = 0
        except SystemExit as end:
            status = end.code or 0
        return status, capsys.readouterr().out

    return run


def with_parts(text):
    """Lay top-level keys over the small scenario, in the place of its own."""
    own = {line.split(":")[0] for line in text.splitlines() if not line.startswith(" ")}
    return "".join(f"{x}\n" for x in SMALL.splitlines() if x.split(":")[0] not in own) + text


@pytest.mark.parametrize("text", ABSURD.values(), ids=ABSURD)
def test_power_and_trace_end_in_json_that_can_be_read(text, run):
    status, out = run(with_parts(text), "power", "--trials", "4", "--jobs", "1", "--json")
    assert status == 0
    (analysis,) = json.loads(out)["analyses"]
    assert analysis["rejections"] + analysis["not_analysable"] <= 4
    status, out = run(with_parts(text), "trace", "--trial", "0", "--json")
    assert status == 0
    assert json.loads(out)["trial"] == 0


@pytest.mark.parametrize("text", ABSURD.values(), ids=ABSURD)
def test_power_and_trace_end_in_text(text, run):
    status, out = run(with_parts(text), "power", "--trials", "4", "--jobs", "1")
    assert status == 0
    assert out.startswith("absurd: ")
    status, out = run(with_parts(text), "trace", "--trial", "0")
    assert status == 0
    assert "absurd, seed 1, trial 0" in out


def test_a_trial_that_cannot_be_analysed_is_counted_and_is_no_rejection(run):
    out = run(with_parts(ABSURD["one patient"]), "power", "--trials", "4", "--json")[1]
    (analysis,) = json.loads(out)["analyses"]
    assert analysis["rejections"] == 0
    assert analysis["not_analysable"] == 4


def test_names_with_quotes_commas_and_brackets_come_back_as_they_were(run, tmp_path):
    first, second = 'con,"trol" A; [red]', "эксп 😀 :bomb:"
    names = [json.dumps(name, ensure_ascii=False) for name in (first, second)]
    arms = [f"  - {{name: {name}, modality: null, plan: null}}\n" for name in names]
    text = with_parts("arms:\n" + "".join(arms))
    status, out = run(text, "power", "--trials", "2", "--jobs", "1", "--json")
    assert status == 0
    assert set(json.loads(out)["operations"]["mortality"]) == {first, second}
    status, out = run(text, "trace", "--trial", "0", "--json", "--out", "kept")
    assert status == 0
    with open(tmp_path / "kept" / "data" / "events.csv", newline="", encoding="utf-8") as file:
        assert {row["arm"] for row in csv.DictReader(file)} - {""} == {first, second}
