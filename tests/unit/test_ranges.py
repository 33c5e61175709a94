"""Ranges of keys: every one of the evidence is there; one that is wrong is named at its line."""

import pytest

from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario

HEAD = "extends: nct05484908\nname: mine\n"

SLOW = "slow half-life of a session's shift"

# Parameters of the evidence that have a range, and the name of the scenario's range of it; or why
# it is no key of the scenario.
RANGES = {
    "PE 12-week mortality": "12-week mortality under PE",
    "HR DPMAS+LPE vs PE": "hazard ratio, DPMAS+LPE against none",
    "share of 84-d hazard days 0-28": "share of the hazard before day 28",
    "weekly split days 0-28": "weekly split of the hazard before day 28",
    "mortality HR per MELD point": "log hazard ratio of death per point of MELD",
    "baseline creatinine umol/L median": "creatinine, median",
    "TBIL-INR-Cr rank correlation": "rank correlations of bilirubin, INR and creatinine",
    "TBIL immediate drop PE/DPMAS+LPE %": "bilirubin that a session leaves",
    "fraction of drop lost by 24 h PE/DPMAS+LPE": "bilirubin a day after a session",
    "platelet drop per DPMAS session": "platelets that a session of DPMAS+LPE leaves",
    "INR drop per session PE/DPMAS+LPE": "INR that a session leaves",
    "creatinine change per session": "creatinine that a session leaves",
    "sessions (protocol)": "sessions planned",
    "inter-session days": "least interval of sessions, days",
    "machine hours PE/DPMAS+LPE incl 0.75 h set-up": "machine-hours of a session",
    "cost CNY/session": "cost of a session",
    "allergy per session PE": "allergy per session of PE",
    "allergy per session DPMAS+LPE": "allergy per session of DPMAS+LPE",
    "bleeding per session": "bleeding per session",
    "hypotension per session DPMAS": "hypotension per session of DPMAS+LPE",
    "hypotension per session PE": "hypotension per session of PE",
    "circuit clotting per session": "clotting of the circuit per session",
    "catheter/other infection per patient 12 wk": "infection",
    "liver transplant by 12 wk": "liver transplant",
    "background HCC death 84 d": "tumour-related death",
    "loss to follow-up 12 wk": "loss to follow-up",
    "withdrawal before session 1": "withdrawal before the first session",
    "accrual /month": "patients randomised per month",
    "PE course HR vs medical treatment alone": "hazard ratio of a full course of PE against none",
    "days since last ICI dose (exponential mean)": "days since the last ICI dose, mean",
    "consent": "consent of the eligible",
    "slow half-life of a session's shift TBIL/creatinine (d)": SLOW,
}
OUTPUTS = {
    "baseline TBIL umol/L normal trunc >=10xULN": "of those randomised: screening makes it",
    "baseline INR lognormal trunc >1.5 median": "of those randomised: screening makes it",
    "baseline ALT U/L median, trunc >20xULN": "of those randomised: screening makes it",
    "plasma unavailable on planned day PE/DPMAS+LPE": "the ALSS unit and its blood bank make it",
    "screen failure": "candidates and criteria make it",
}


def test_every_range_of_the_evidence_is_a_range_or_an_output_with_its_reason():
    assert len(RANGES) + len(OUTPUTS) == 37
    assert not RANGES.keys() & OUTPUTS.keys()
    names = [one.name for one in load_scenario("nct05484908").scenario.ranges]
    assert sorted(names) == sorted(RANGES.values())


def test_the_ranges_of_the_base_case_hold_its_values():
    assert [one.why_not for one in load_scenario("nct05484908").ranges() if one.why_not] == []


def test_a_pair_of_ratios_moves_as_the_evidence_has_it():
    """The ratio of 0.55 to 1.30 against PE is of PE's own full course, 0.70."""
    ranges = {one.name: one for one in load_scenario("nct05484908").ranges()}
    low, high = (ranges["hazard ratio, DPMAS+LPE against none"][k] for k in (3, 4))
    assert (low[0] / 0.70, high[0] / 0.70) == pytest.approx((0.55, 1.30))
    shares = ranges["share of the hazard before day 28"]
    for ends, share in ((shares.low, 0.55), (shares.high, 0.80)):
        assert (sum(ends), sum(ends[:4])) == pytest.approx((1.0, share))


WRONG = {
    "unknown key": (
        "- {name: a, keys: [hazard.mortality_targetz.PE], low: 0.3, high: 0.6}",
        ("ranges[0].keys[0]", "is not a key of this scenario", "did you mean"),
    ),
    "no number": (
        "- {name: a, keys: [allocation.scheme], low: 0.3, high: 0.6}",
        ("ranges[0].keys[0]", "does not hold a number", ""),
    ),
    "solved": (
        "- {name: a, keys: [hazard.baseline.mortality_at_horizon], low: 0.3, high: 0.6}",
        ("ranges[0].keys[0]", "does not hold a number", ""),
    ),
    "low above high": (
        "- {name: a, keys: [hazard.mortality_targets.PE], low: 0.6, high: 0.3}",
        ("ranges[0].low", "0.6 is not below 0.3", "exchange them"),
    ),
    "not a number": (
        "- {name: a, keys: [hazard.mortality_targets.PE], low: x, high: 0.3}",
        ("ranges[0].low", "must be", ""),
    ),
    "nan": (
        "- {name: a, keys: [hazard.mortality_targets.PE], low: .nan, high: 0.3}",
        ("ranges[0].low", "must be a finite number", ""),
    ),
    "values for other keys": (
        "- {name: a, keys: [hazard.mortality_targets.PE], low: [0.3, 0.4], high: 0.6}",
        ("ranges[0].low", "has 2 values for 1 keys", "give a value per key"),
    ),
    "base outside": (
        "- {name: a, keys: [trial.max_recruitment_days], low: 10, high: 20}\n"
        "trial: {max_recruitment_days: 30}",
        ("ranges[0].keys[0]", "= 30 is outside 10 to 20", "widen the range"),
    ),
    "limit that the key cannot have": (
        "- {name: a, keys: [exits.loss.net_probability], low: 0, high: 1.2}\n"
        "exits: {loss: {net_probability: 0.1}}",
        ("ranges[0].high", "net_probability must be < 1", ""),
    ),
    "limit against its neighbour": (
        '- {name: a, keys: ["modalities[PE].shifts.inr.remains_at_once"], low: 0.5, high: 0.9}\n'
        "modalities: {PE: {shifts: {inr: {remains_at_once: 0.75}}}}",
        ("ranges[0].high", "must not be below remains_at_once", ""),
    ),
    "key twice": (
        "- {name: a, keys: [trial.follow_up_days, trial.follow_up_days], low: 10, high: 100}",
        ("ranges[0].keys", "names a key twice", "leave one out"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_a_range_that_is_wrong_is_named_at_its_line(tmp_path, text, expected):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}ranges:\n  {text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem, *_) = caught.value.problems
    key, rule, remedy = expected
    assert (problem.key, problem.line) == (key, 4)
    assert rule in problem.rule
    assert problem.remedy
    assert remedy in problem.remedy


def test_a_limit_that_is_no_whole_number_is_refused_for_a_key_that_is_one(tmp_path):
    path = tmp_path / "mine.yaml"
    text = "- {name: a, keys: [trial.follow_up_days], low: 42, high: 84.5}"
    path.write_text(f"{HEAD}trial: {{follow_up_days: 84}}\nranges:\n  {text}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="follow_up_days must be a whole number"):
        load_scenario(path)


def test_a_range_that_a_change_has_left_behind_says_nothing_and_refuses_nothing(tmp_path):
    loaded = load_scenario("nct05484908")
    changed = loaded.changed({"hazard.mortality_targets.PE": 0.2, "exits": None}, "--vary")
    left = {one.name: one.why_not for one in changed.ranges() if one.why_not}
    assert "0.2 is outside 0.3 to 0.65" in left["12-week mortality under PE"]
    assert "is not a key" in left["infection"]
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}hazard: {{mortality_targets: {{PE: 0.2}}}}\n", encoding="utf-8")
    child = [one for one in load_scenario(path).ranges() if one.why_not]
    assert [one.name for one in child] == ["12-week mortality under PE"]


def test_a_child_changes_one_range_by_its_name(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}ranges: {{infection: {{high: 0.2}}}}\n", encoding="utf-8")
    ranges = {one.name: one for one in load_scenario(path).ranges()}
    assert len(ranges) == 32
    assert (ranges["infection"].low, ranges["infection"].high) == ((0.05,), (0.2,))
