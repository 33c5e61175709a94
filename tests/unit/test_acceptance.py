"""Checks against evidence held out: what is refused, what is kept, where it is told."""

import json

import pytest
from scenario_builder import checked

from calibration import acceptance as module
from calibration.acceptance import acceptance_of
from simulator.planning.prepared import prepare
from simulator.report.acceptance_words import acceptance_in_short, acceptance_in_words
from simulator.results.acceptance import Acceptance
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario

HEAD = "extends: nct05484908\nname: mine\n"
MORTALITY = "measure: mortality, arm: PE, rows: [A33]"
CHECK = f"{{{MORTALITY}, observed: {{events: 20, n: 40}}, between_study_log_odds_sd: 0.5}}"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "digest_folder", lambda *_: tmp_path / "cache")
    monkeypatch.setattr(module, "PATIENTS", 3_000)
    monkeypatch.setattr(module, "DRAWS", 8)
    monkeypatch.setattr(module, "_PATIENTS_A_DRAW", 1_200)


def loaded(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_scenario(path)


def found(tmp_path, text):
    prepared = prepare(loaded(tmp_path, text), lambda _: None)
    return acceptance_of(prepared.loaded, prepared.solved, prepared.params)


WRONG = {
    "a word": ("{measure: deaths}", "measure"),
    "more events than patients": (CHECK.replace("20", "50"), "observed.events"),
    "a mean of a share": (CHECK.replace("events: 20", "mean: 2, sd: 1"), "observed"),
    "two figures": (CHECK.replace("events: 20", "events: 20, share: 0.5"), "observed"),
    "no heterogeneity": (CHECK.replace(", between_study_log_odds_sd: 0.5", ""),
                         "between_study_log_odds_sd"),
    "of another scale": (CHECK.replace("log_odds_", ""), "between_study_sd"),
    "no row": (CHECK.replace("[A33]", "[]"), "rows"),
    "a row that is no id": (CHECK.replace("A33", "Yao 2019"), "rows[0]"),
    "nan": (CHECK.replace("0.5", ".nan"), "between_study_log_odds_sd"),
    "limits upside down": (CHECK.replace("arm: PE", "arm: PE, baseline_meld: [40, 30]"),
                           "baseline_meld"),
    "what cannot be sampled": (CHECK.replace("mortality", "share_of_deaths_by_day")
                               .replace("arm: PE", "by_day: 28"), "measure"),
    "a lab where none belongs": (CHECK.replace("arm: PE", "lab: inr"), "lab"),
}  # fmt: skip


@pytest.mark.parametrize(("item", "key"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_check_is_told_with_its_line_and_key(tmp_path, item, key):
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, f"acceptance:\n  - {item}\n")
    problems = caught.value.problems
    assert f"acceptance[0].{key}" in [problem.key for problem in problems]
    assert all(problem.line == 4 and problem.rule and problem.file for problem in problems)


def test_a_row_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="has no row A999"):
        found(tmp_path, f"acceptance: [{CHECK.replace('A33', 'A999')}]\n")


def test_a_row_of_a_target_cannot_be_held_out(tmp_path):
    target = "{measure: mortality, arm: PE, value: 0.4, tolerance: 0.1, rows: [A33], source: x}"
    with pytest.raises(ScenarioError, match="cannot be held out"):
        loaded(tmp_path, f"calibrated: [{target}]\nacceptance: [{CHECK}]\n")


def test_a_row_that_a_value_rests_on_cannot_be_held_out(tmp_path):
    text = "hazard:\n  meld_reference: 27  # published [C02, A33]: made up\n"
    with pytest.raises(ScenarioError, match=r"A33 is a source of hazard\.meld_reference"):
        found(tmp_path, f"{text}acceptance: [{CHECK}]\n")


def test_a_study_like_the_model_passes_and_one_far_from_it_fails(tmp_path):
    one = found(tmp_path, f"acceptance: [{CHECK.replace('20', '18')}]\n")
    assert not one.fails
    assert one.checks[0].low < 18 / 40 < one.checks[0].high
    assert acceptance_in_words(one).startswith("The one published figure held out lies within")
    far = found(tmp_path, f"acceptance: [{CHECK.replace('20', '1')}]\n")
    assert far.fails
    assert far.failed == 1
    assert "AT ODDS WITH THE EVIDENCE: 1 of 1" in acceptance_in_words(far)
    assert "A33" in acceptance_in_words(far)
    assert len(acceptance_in_short(far)) <= 100


def test_several_checks_are_judged_together_by_bonferroni(tmp_path):
    items = ", ".join([CHECK, CHECK.replace("20", "5"), CHECK.replace("PE", "DPMAS+LPE")])
    many = found(tmp_path, f"acceptance: [{items}]\n")
    assert many.p_value == pytest.approx(min(1.0, 3 * min(c.p_value for c in many.checks)))
    assert many.failed == sum(c.p_value < 0.05 for c in many.checks)


def test_checks_are_kept_and_what_changes_no_figure_does_not_change_their_place(
    tmp_path, monkeypatch
):
    first = found(tmp_path, f"acceptance: [{CHECK}]\n")
    monkeypatch.setattr(module, "simulate_to_measure", lambda *_: pytest.fail("simulated again"))
    assert found(tmp_path, f"title: another\nacceptance: [{CHECK}]\ncosts: null\n") == first
    assert Acceptance.from_dict(json.loads(json.dumps(first.to_dict()))) == first


def test_what_is_kept_but_broken_is_made_again(tmp_path):
    first = found(tmp_path, f"acceptance: [{CHECK}]\n")
    (file,) = (tmp_path / "cache").iterdir()
    file.write_text('{"checks": 3}')
    assert found(tmp_path, f"acceptance: [{CHECK}]\n") == first


LACKING = {
    "of an arm": ("{arm: nobody}", "no arm is called nobody"),
    "after the end": ("{arm: PE, by_day: 90}", "follow-up ends on day 84"),
}


@pytest.mark.parametrize(("keys", "reason"), LACKING.values(), ids=LACKING)
def test_a_figure_that_the_scenario_has_not_is_left_out_with_the_reason(tmp_path, keys, reason):
    """A scenario that extends another may name its arms otherwise, or leave out a part."""
    other = CHECK.replace("arm: PE", keys.strip("{}"))
    one = found(tmp_path, f"acceptance: [{CHECK}, {other}]\n")
    assert len(one.checks) == 1
    assert [found.startswith(reason) for found in one.left_out.values()] == [True]
    assert found(tmp_path, f"acceptance: [{other}]\n") is None


def test_without_screening_there_is_no_screen_failure_to_check(tmp_path):
    screening = CHECK.replace("arm: PE, ", "").replace("mortality", "screen_failure")
    text = f"eligibility: null\nacceptance: [{CHECK}, {screening}]\n"
    assert list(found(tmp_path, text).left_out.values()) == ["nobody is screened"]


def test_nothing_is_simulated_without_checks_or_under_a_null_hypothesis(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "simulate_to_measure", lambda *_: pytest.fail("simulated"))
    assert found(tmp_path, "acceptance: null\n") is None
    assert found(tmp_path, f"null_hypothesis: strong\nacceptance: [{CHECK}]\n") is None


def test_draws_of_uncertain_keys_widen_a_prediction(tmp_path):
    check = CHECK.replace("n: 40", "n: 400").replace("0.5", "0.1").replace("20", "180")
    sharp = found(tmp_path, f"uncertain: null\nacceptance: [{check}]\n").checks[0]
    uncertain = (
        "uncertain:\n  - {keys: hazard.mortality_targets.PE, distribution: uniform, "
        "parameters: {low: 0.25, high: 0.65}}\n"
    )
    wide = found(tmp_path, f"{uncertain}acceptance: [{check}]\n")
    assert wide.draws == 8
    assert wide.checks[0].high - wide.checks[0].low > 1.5 * (sharp.high - sharp.low)


def test_draws_that_make_no_scenario_are_left_out(tmp_path):
    # Tumour deaths alone are .06: a target below that cannot be reached.
    uncertain = (
        "uncertain:\n  - {keys: hazard.mortality_targets.PE, distribution: uniform, "
        "parameters: {low: 0.01, high: 0.13}}\n"
    )
    assert 0 < found(tmp_path, f"{uncertain}acceptance: [{CHECK}]\n").draws < 8


def test_a_scenario_made_without_a_file_can_have_checks():
    values = load_scenario("two-arm-survival").scenario.model_dump()
    arm = values["arms"][0]["name"]
    values["acceptance"] = [
        {
            "measure": "mortality",
            "arm": arm,
            "rows": ["A33"],
            "observed": {"events": 20, "n": 40},
            "between_study_log_odds_sd": 0.5,
        }
    ]
    assert checked(values).acceptance[0].label == f"mortality, {arm}"
