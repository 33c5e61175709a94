"""`power --estimator conditional`: beside the counts, refused where it cannot be had."""

import json

import pytest
from command_line import run_here

from simulator.results.power import Power

COMMAND = "power two-arm-survival --estimator conditional"


def answered(tmp_path, more, command=COMMAND):
    ended = run_here(command, more, "--json", folder=tmp_path)
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def test_it_stands_beside_the_counts_which_stay_what_they_are(tmp_path):
    found = answered(tmp_path, "--trials 1500")
    counted = answered(tmp_path, "--trials 1500", "power two-arm-survival")
    [both], [alone] = found["analyses"], counted["analyses"]
    assert alone["conditional"] is None
    for counted in ("trials", "rejections", "favouring", "power", "mcse", "in_favour_of"):
        assert both[counted] == alone[counted]
    beside = both["conditional"]
    assert (beside["trials"], beside["pilot_trials"], beside["runs_per_trial"]) == (1500, 500, 2)
    assert beside["ci_low"] < beside["power"] < beside["ci_high"]
    assert beside["variance_ratio"] > 4 * beside["variance_ratio_mcse"]
    answer = Power.from_dict(found)
    assert answer.to_dict() == found
    assert answer.rows()[0]["conditional_power"] == beside["power"]
    assert answer.rows()[0]["conditional_control"] == "redraws"


def test_the_answer_does_not_depend_on_the_workers(tmp_path):
    one, two = (answered(tmp_path, f"--trials 1500 --force --jobs {jobs}") for jobs in (1, 2))
    assert one["analyses"] == two["analyses"]


def test_precision_is_judged_by_its_error(tmp_path):
    # A share of .35 has an error of .0075 after 4,044 trials.
    found = answered(tmp_path, "--precision 0.0075")
    assert found["trials"] < 2_000
    assert found["analyses"][0]["conditional"]["mcse"] <= 0.0075 < found["analyses"][0]["mcse"]


def test_a_run_stops_where_its_trials_alone_would_have(tmp_path):
    stopped = answered(tmp_path, "--precision 0.005")
    whole = answered(tmp_path, f"--trials {stopped['trials']}")
    assert whole["analyses"] == stopped["analyses"]


def test_it_is_shown(tmp_path):
    ended = run_here(COMMAND, "--trials 1500 --out run", folder=tmp_path)
    assert "with deaths averaged out, as exact as" in ended.out
    section = run_here("show run conditional", folder=tmp_path)
    assert "variance ratio" in section.out


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ("--engine reference", "takes the compiled engine"),
        ("--trials 999", "takes at least 1,000 trials"),
        ("--certify", "goes without --certify"),
        ("--estimator best", "is not an estimator"),
    ],
)
def test_what_it_cannot_take_is_refused_with_the_reason(tmp_path, more, rule):
    ended = run_here(COMMAND, more, folder=tmp_path)
    assert (ended.status, ended.out) == (2, "")
    assert rule in ended.err
    assert ended.err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_a_large_trial_is_refused_by_its_own_number(tmp_path):
    (tmp_path / "large.yaml").write_text(
        "extends: two-arm-survival\nname: large\ntrial: {target_randomised: 600}\n"
    )
    ended = run_here("power large.yaml --estimator conditional", folder=tmp_path)
    assert ended.status == 2
    assert "at most 200 patients" in ended.err
    assert "600" in ended.err
