"""The comparison of schemes as a user asks for it: tables, figure, lists, sequences, refusals."""

import json

import pytest
from command_line import rows_of
from scheme_options import METRICS

SCENARIO = """\
extends: two-arm-survival
name: small
title: forty patients
trial: {target_randomised: 40}
"""
FACTORS = """\
extends: nct05484908-strata
name: real
title: the real trial, its baseline given
hazard:
  baseline: {mortality_at_horizon: 0.5}
  mortality_targets: null
"""
TABLE = {  # published or exact elsewhere, n = 60
    "permuted_block(4)": (0, 1.9977, 0.8333, 0.3333, 0.7083, 0.0707),
    "efron(2/3)": (1.3313, 4.5053, 0.4889, 0, 0.6222, 0.2068),
    "big_stick(3)": (1.3333, 2.9998, 0.3185, 0.1593, 0.5796, 0.1975),
    "chen(2/3,3)": (0.8571, 2.9671, 0.5612, 0.0684, 0.6403, 0.1286),
}
KEYS = (
    "mean_abs_imbalance",
    "max_imbalance",
    "forcing_index",
    "deterministic_share",
    "correct_guesses",
    "imbalance_index",
)


@pytest.fixture
def folder(folder):
    """The working folder, with two scenarios."""
    (folder / "small.yaml").write_text(SCENARIO)
    (folder / "real.yaml").write_text(FACTORS)
    return folder


def test_metrics_alone_are_the_published_ones(answer_of):
    found = answer_of(
        "allocation", "small.yaml", "--schemes", ",".join(TABLE), "--metrics-only", "--n", 60
    )
    assert (found["patients"], found["trials"]) == (60, 0)
    assert [s["name"] for s in found["schemes"]] == list(TABLE)
    for s in found["schemes"]:
        assert s["method"] == "exact"
        assert set(s["metrics"]) == METRICS
        shown = [round(s["metrics"][key], 4) for key in KEYS]
        assert shown == pytest.approx(TABLE[s["name"]], abs=1e-12)


def test_level_of_a_z_test_under_selection_is_the_published_one(run, answer_of):
    asked = "allocation small.yaml --schemes permuted_block(4) --metrics-only --n 60 --effect 0.25"
    found = answer_of(asked)
    assert round(found["schemes"][0]["z_test_level"], 5) == 0.12772
    assert "0.12772" in run(asked).out


def test_comparison_has_power_level_balance_and_errors_of_pairs(answer_of):
    found = answer_of(
        "allocation", "small.yaml", "--schemes", "complete,efron(2/3),thompson", "--trials", 50
    )
    assert [s["method"] for s in found["schemes"]] == ["exact", "exact", "simulated"]
    for s in found["schemes"]:
        (analysis,) = s["analyses"]
        for rate in (analysis["power"], analysis["level"]):
            assert 0 <= rate["mean"] <= 1
            assert rate["paired_mcse"] >= 0
        assert set(s["simulated_metrics"]) == METRICS
        assert s["trial"]["patients"]["mean"] == 40
        assert s["trial"]["deaths"]["mcse"] > 0
    assert found["schemes"][0]["analyses"][0]["power"]["difference"] == 0


def test_text_shows_what_the_object_holds(run, answer_of):
    asked = (
        "allocation",
        "real.yaml",
        "--schemes",
        "random_blocks(4,6),minimisation",
        "--trials",
        20,
    )
    found, text = answer_of(*asked), run(*asked).out
    for s in found["schemes"]:
        assert s["name"] in text
        assert f"{100 * s['analyses'][0]['power']['mean']:.1f}% +- " in text
        for row in s["margins"]:
            assert row["level"] in text
            assert f"{row['mean_abs_imbalance']:.2f}" in text
    assert [s["factors_as"] for s in found["schemes"]] == ["strata", "margins"]


def test_same_seed_gives_the_same_numbers_with_any_number_of_workers(answer_of):
    asked = "allocation small.yaml --schemes efron,thompson --trials 120 --seed 9"
    assert answer_of(asked, "--jobs 1") == answer_of(asked, "--jobs 2 --force")


def test_scheme_of_the_scenario_keeps_its_options_that_no_line_can_hold(answer_of, folder):
    (folder / "weighted.yaml").write_text(
        FACTORS.replace("name: real", "name: weighted")
        + "allocation:\n  scheme: minimisation\n"
        + "  options: {measure: variance, weights: [3, 1], probability: 0.9}\n"
    )
    asked = "allocation", "weighted.yaml", "--schemes", "minimisation,taves", "--trials", 2
    first, second = answer_of(*asked)["schemes"]
    assert first["options"] == {"measure": "variance", "weights": [3, 1], "probability": 0.9}
    assert second["options"] == {"weights": None}


def test_bias_and_drift_are_put_into_the_trial_and_named(run, answer_of):
    biases = "--bias", "turn_away:0.5:inr>2.0", "--drift", "step:2:0.5"
    asked = "allocation", "real.yaml", "--schemes", "efron", "--trials", 10, *biases
    found = answer_of(*asked)
    given = {key: value for key, value in found["selection_bias"].items() if value is not None}
    assert given == {
        "favours": "DPMAS+LPE",
        "kind": "turn_away",
        "variable": "inr",
        "poor_above": 2.0,
        "probability": 0.5,
    }
    assert found["drift"] == {"kind": "step", "hazard_ratio": 2.0, "after_share": 0.5}
    assert found["schemes"][0]["trial"]["kept_out"]["mean"] > 0
    text = run(*asked).out
    assert "Selection bias" in text
    assert "Drift" in text


def test_figure_and_object_are_written(run, folder):
    pytest.importorskip("matplotlib")
    asked = (
        "allocation",
        "small.yaml",
        "--schemes",
        "efron,thompson",
        "--trials",
        20,
        "--out",
        "found",
    )
    assert run(*asked).status == 0
    picture = folder / "found" / "figures" / "schemes.svg"
    drawn = picture.read_text()
    found = json.loads((folder / "found" / "estimates.json").read_text())
    rows = rows_of(folder / "found" / "estimates.csv")
    assert [row["scheme"] for row in rows] == ["efron", "thompson"]
    assert float(rows[0]["imbalance_index"]) == found["schemes"][0]["metrics"]["imbalance_index"]
    assert run(*asked, "--force").status == 0
    assert picture.read_text() == drawn  # the same to the last byte


def test_sequence_of_a_trial_has_every_probability_and_what_was_known(run, answer_of):
    asked = "allocation", "small.yaml", "--schemes", "play_the_winner", "--trial", 7
    found = answer_of(*asked)
    steps = found["sequence"]
    assert [s["patient"] for s in steps] == list(range(40))
    for s in steps:
        known = s["known"]
        first = 1 + known["control"]["survived"] + known["experimental"]["died"]
        second = 1 + known["experimental"]["survived"] + known["control"]["died"]
        assert s["probability"]["control"] == pytest.approx(first / (first + second), rel=1e-14)
        assert s["arm"] == (
            "control" if s["draw"] < s["probability"]["control"] else "experimental"
        )
    assert steps[-1]["known"]["control"]["died"] > 0
    assert "play_the_winner" in run(*asked).out


def test_list_is_marked_as_a_simulation_and_reproducible(run, refused, folder):
    asked = "allocation", "small.yaml", "--schemes", "permuted_block(4)", "--list"
    assert run(*asked, "one.csv").status == 0
    # A list that may be in use is never replaced.
    assert "--list = one.csv: exists" in refused(*asked, "one.csv")
    assert run(*asked, "two.csv").status == 0
    assert run(*asked, "other.csv", "--seed", 2).status == 0
    rows = rows_of(folder / "one.csv")
    assert rows == rows_of(folder / "two.csv")
    assert [r["arm"] for r in rows] != [r["arm"] for r in rows_of(folder / "other.csv")]
    assert {(r["status"], r["scheme"], r["seed"]) for r in rows} == {
        ("SIMULATION, NOT FOR USE", "permuted_block(4)", "1")
    }
    assert [r["number"] for r in rows] == [str(i) for i in range(1, 41)]
    assert len({r["code"] for r in rows}) == 40
    for block in range(10):
        arms = [r["arm"] for r in rows[4 * block : 4 * block + 4]]
        assert sorted(arms) == ["control"] * 2 + ["experimental"] * 2


def test_list_by_strata_has_one_for_each_named_in_words(run, folder):
    assert run("allocation", "real.yaml", "--schemes", "efron", "--list", "strata.csv").status == 0
    rows = rows_of(folder / "strata.csv")
    assert len(rows) == 4 * 60
    assert rows[0]["stratum"] == "bilirubin_umol_per_l below 360, inr below 2.1"
    assert len({r["stratum"] for r in rows}) == 4
    assert len({r["code"] for r in rows}) == len(rows)


def test_list_for_use_says_so_and_needs_a_seed_of_its_own(run, refused, folder):
    asked = "allocation", "small.yaml", "--schemes", "efron", "--list", "real.csv", "--for-use"
    assert "--seed" in refused(*asked)
    assert run(*asked, "--seed", 8_675_309).status == 0
    assert {r["status"] for r in rows_of(folder / "real.csv")} == {"FOR USE"}


REFUSED = {
    "an unknown scheme": (("--schemes", "efrom"), ["efrom", "efron"]),
    "a scheme without its options": (("--schemes", "permuted_block"), ["permuted_block(4)"]),
    "too many options": (("--schemes", "efron(0.7,3)"), ["efron takes probability"]),
    "no numbers": (("--schemes", "efron(a$)"), ["a$", "number"]),
    "an unclosed bracket": (("--schemes", "efron(2/3"), ["efron(2/3", "written"]),
    "an option out of range": (("--schemes", "efron(0.3)"), ["probability", "0.5 to 1"]),
    "the same twice": (("--schemes", "efron,efron"), ["twice"]),
    "a block larger than the trial": (
        ("--schemes", "permuted_block(60)"),
        ["block_size", "40 patients", "40 at most"],
    ),
    "an odd number for half and half": (
        ("--schemes", "truncated_binomial", "--n", "41"),
        ["41 patients", "multiple of 2"],
    ),
    "an odd number for the maximal procedure": (
        ("--schemes", "maximal(3)", "--n", "41"),
        ["41 patients", "multiple of 2"],
    ),
    "factors that are not there": (("--schemes", "minimisation"), ["factors"]),
    "a burn-in that never ends": (("--schemes", "thompson(1,40,0.1)"), ["burn_in", "never adapt"]),
    "a bias without a kind": (("--schemes", "efron", "--bias", "0.5"), ["--bias", "shift:"]),
    "a bias by a variable that is not there": (
        ("--schemes", "efron", "--bias", "turn_away:0.5:meld>20"),
        ["--bias", "meld"],
    ),
    "a bias with a wrong number": (
        ("--schemes", "efron", "--bias", "shift:-1"),
        ["--bias", "hazard_ratio"],
    ),
    "a bias of a scheme that adapts": (
        ("--schemes", "thompson", "--bias", "shift:0.5"),
        ["thompson", "outcomes"],
    ),
    "a drift without a number": (("--schemes", "efron", "--drift", "linear"), ["--drift"]),
    "a list of several schemes": (("--schemes", "efron,chen", "--list", "x.csv"), ["one scheme"]),
    "a list of outcomes to come": (("--schemes", "erade", "--list", "x.csv"), ["no list"]),
    "a list in no folder": (("--schemes", "efron", "--list", "no/x.csv"), ["--list", "folder"]),
    "for use without a list": (("--schemes", "efron", "--for-use"), ["--for-use", "--list"]),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_compared_is_refused_in_one_message(arguments, words, refused):
    err = refused("allocation small.yaml --trials 2", *arguments)
    for word in words:
        assert word in err


AT_ONCE = """\
extends: two-arm-survival
name: at-once
title: everybody within minutes, and nobody dies that soon
trial: {target_randomised: 20}
accrual: {over_days: 0.001}
allocation: {scheme: play_the_winner, options: {initial_balls: 1, added_balls: 1}}
"""


def test_scheme_that_can_know_no_outcome_is_refused_at_its_line(refused, folder):
    (folder / "at-once.yaml").write_text(AT_ONCE)
    err = refused("allocation at-once.yaml --schemes efron")
    assert "at-once.yaml:6: allocation.scheme" in err
    assert "none is ever known in time" in err
    assert "slow accrual down" in err
