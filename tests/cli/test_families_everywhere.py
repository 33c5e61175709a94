"""Analyses judged together are known to every command: power, sweep, size, allocation, trace.

The right rejections are those of Holm's procedure (1979) done by hand on the p values of every
trial, which `power --by-trial` writes.
"""

import csv

import pytest
from command_line import one_json_object

import simulator

TRIALS = 1_000
RULES = (
    "alpha: 0.05, population: randomised, transplant: event, rescue: ignored, withdrawal: ignored"
)
TOGETHER = f"""
extends: two-arm-survival
name: together
analyses:
  - {{name: log_rank, test: log_rank, {RULES}, lost: censored}}
  - {{name: fisher, test: fisher, {RULES}, lost: excluded}}
  - {{name: early, test: fleming_harrington, rho: 1, gamma: 0, {RULES}, lost: censored}}
  - {{name: replayed, test: permutation, of: log_rank, draws: 19, {RULES}, lost: censored}}
multiplicity:
  - {{name: pair, method: holm, alpha: 0.05, analyses: [fisher, log_rank]}}
  - {{name: order, method: fixed_sequence, alpha: 0.05, analyses: [early, fisher]}}
"""


def holm(p_values: dict[str, float], alpha: float = 0.05) -> set[str]:
    """The smallest p value against alpha / m, the next against alpha / (m - 1), and so on."""
    rejected: set[str] = set()
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        if p_values[name] > alpha / (len(p_values) - place):
            break
        rejected.add(name)
    return rejected


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    folder = tmp_path_factory.mktemp("families")
    (folder / "together.yaml").write_text(TOGETHER)
    return folder


@pytest.fixture
def folder(at, monkeypatch):
    """The working folder, with the scenario, for all tests here."""
    monkeypatch.chdir(at)
    return at


@pytest.fixture
def by_hand(run, folder):
    """Of every trial, what Holm's procedure rejects of the pair."""
    kept = folder / "by-trial"
    if not kept.exists():
        asked = "power together.yaml --by-trial --jobs 1 --out by-trial --trials"
        assert run(asked, TRIALS).status == 0
    with (kept / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    trials: dict[int, dict[str, float]] = {}
    for row in rows:
        if row["analysis"] in ("fisher", "log_rank"):
            trials.setdefault(int(row["trial"]), {})[row["analysis"]] = float(row["p_value"])
    return [holm(p_values) for _, p_values in sorted(trials.items())]


def any_of(by_hand) -> int:
    return sum(bool(rejected) for rejected in by_hand)


def all_of(by_hand) -> int:
    return sum(len(rejected) == 2 for rejected in by_hand)


def test_power_rejects_as_holm_by_hand(by_hand, folder):
    kept = one_json_object((folder / "by-trial" / "estimates.json").read_text())
    pair = kept["multiplicity"][0]
    assert round(pair["any"]["mean"] * TRIALS) == any_of(by_hand)
    assert round(pair["all"]["mean"] * TRIALS) == all_of(by_hand)


def test_sweep_has_a_row_for_every_family_and_hypothesis(by_hand, answer_of, folder):
    asked = "sweep together.yaml --vary hazard.effect.hazard_ratio=0.3 --jobs 1 --trials"
    answer = answer_of(asked, TRIALS, "--out sweep")
    base, other = sorted(answer["points"], key=lambda point: not point["is_base"])
    pair, order = base["families"]
    assert [pair["name"], order["name"]] == ["pair", "order"]
    assert round(pair["any"]["power"] * TRIALS) == any_of(by_hand)
    assert round(pair["all"]["power"] * TRIALS) == all_of(by_hand)
    of_fisher = sum("fisher" in rejected for rejected in by_hand)
    assert [h["name"] for h in pair["by_analysis"]] == ["fisher", "log_rank"]
    assert round(pair["by_analysis"][0]["power"] * TRIALS) == of_fisher
    assert other["families"][0]["any"]["difference"] > 0
    with (folder / "sweep" / "data" / "points.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["family"] == "pair"]
    assert [row["analysis"] for row in rows[:4]] == ["fisher", "log_rank", "any", "all"]
    text = (folder / "sweep" / "summary.txt").read_text()
    assert "pair, judged together: holm, level 0.05" in text
    assert "order, judged together: fixed sequence, level 0.05" in text


def test_a_size_can_be_that_of_a_family(by_hand, answer_of):
    """At the scenario's own 60 patients the search simulates the very trials counted by hand."""
    asked = "size together.yaml --analysis pair --power 0.9 --patients 1000 --jobs 1"
    answer = answer_of(asked)
    assert answer["analysis"] == "pair"
    assert answer["test_name"] == "any hypothesis of pair (holm)"
    own = next(point for point in answer["curve"] if point["value"] == 60)
    assert own["trials"] == TRIALS
    assert own["rejections"] == any_of(by_hand)
    assert answer["answer"]["value"] > 60
    assert answer["closed_forms"]["needed"] == []


def test_a_size_can_be_that_of_all_of_a_family(by_hand, answer_of):
    asked = "size together.yaml --analysis all:pair --power 0.9 --patients 1000 --jobs 1"
    answer = answer_of(asked)
    assert answer["analysis"] == "all:pair"
    assert answer["test_name"] == "all hypotheses of pair (holm)"
    own = next(point for point in answer["curve"] if point["value"] == 60)
    assert own["trials"] == TRIALS
    assert own["rejections"] == all_of(by_hand)
    any_answer = answer_of(asked.replace("all:pair", "pair"))
    assert answer["answer"]["value"] > any_answer["answer"]["value"]


def test_a_sweep_can_be_of_all_of_a_family(by_hand, answer_of):
    asked = "sweep together.yaml --vary hazard.effect.hazard_ratio=0.3 --analysis all:pair --jobs 1"
    answer = answer_of(asked, "--trials", TRIALS)
    base = next(point for point in answer["points"] if point["is_base"])
    (shown,) = base["analyses"]
    assert (shown["name"], round(shown["power"] * TRIALS)) == ("all:pair", all_of(by_hand))


def test_a_size_can_be_that_of_a_test_that_replays_another(answer_of):
    answer = answer_of(
        "size together.yaml --analysis replayed --power 0.5 --patients 1000 --jobs 1"
    )
    assert answer["analysis"] == "replayed"
    assert answer["answer"]["value"] > 60


def test_an_unknown_name_is_told_beside_the_families(run, folder):
    status, _, err = run("size together.yaml --analysis nobody")
    assert status == 2
    assert "pair" in err
    assert "log_rank" in err
    status, _, err = run("size together.yaml --analysis all:nobody")
    assert status == 2
    assert "all:order" in err


def test_allocation_judges_together_under_every_scheme(by_hand, answer_of):
    asked = "allocation together.yaml --schemes random_allocation,complete --jobs 1 --trials"
    answer = answer_of(asked, TRIALS)
    for scheme in answer["schemes"]:
        assert [family["name"] for family in scheme["families"]] == ["pair", "order"]
        assert scheme["families"][0]["level_any"]["mean"] < 0.1
    own = answer["schemes"][0]["families"][0]
    assert round(own["any"]["mean"] * TRIALS) == any_of(by_hand)
    assert round(own["all"]["mean"] * TRIALS) == all_of(by_hand)


def test_trace_tells_what_a_trial_rejects_together(by_hand, answer_of):
    trial = next(k for k, rejected in enumerate(by_hand) if len(rejected) == 1)
    answer = answer_of("trace together.yaml --trial", trial)
    told = answer["families"][0]["rejects"]
    assert {name for name, rejected in told.items() if rejected} == by_hand[trial]


def test_a_comparison_has_the_families_of_both(by_hand, folder):
    study = simulator.load(folder / "together.yaml")
    other = study.with_values({"hazard.effect.hazard_ratio": 0.3})
    found = study.compare(other, TRIALS, jobs=1)
    assert [family.name for family in found.families] == ["pair", "order"]
    assert round(found.families[0].first * TRIALS) == any_of(by_hand)
    assert found.families[0].difference > 0
    of_all = study.compare(other, TRIALS, jobs=1, analysis="all:pair")
    assert [family.name for family in of_all.families] == ["all:pair"]
    assert of_all.analyses == ()
    assert round(of_all.families[0].first * TRIALS) == all_of(by_hand)


def test_a_certificate_judges_together(answer_of):
    answer = answer_of("power together.yaml --certify --trials 20 --jobs 1")
    pair, order = answer["judged_together"]
    assert (pair["name"], pair["test"], pair["exact"]) == ("pair", "holm", None)
    assert order["test"] == "fixed_sequence"
