"""Each way in which a scenario file can be wrong is reported with its line, key, rule and remedy.

The lines expected are counted in the text of the file, not asked of the loader.
"""

from pathlib import Path

import pytest

from simulator.scenario.errors import Problem, RuleError, ScenarioError
from simulator.scenario.loader import load_scenario

BARE = """\
name: bare
title: two arms and an exponential hazard
null_hypothesis: none
trial:
  registry_id: null
  start_date: 2022-08-12
  planned_completion_date: null
  target_randomised: 40
  max_recruitment_days: 365
  follow_up_days: 84
accrual:
  kind: uniform
  candidates: 40
  over_days: 300.5
candidates: null
eligibility: null
allocation:
  scheme: permuted_block
  ratio: [1, 1]
  options: {block_size: 4}
  factors: null
selection_bias: null
modalities: []
arms:
  - {name: control, modality: null, plan: null}
  - name: treated
    modality: null
    plan: null
unit: null
labs: null
hazard:
  baseline:
    kind: exponential
    horizon_days: 84
    mortality_at_horizon: 0.5
  log_hazard_ratio_per_meld_point: 0
  meld_reference: 0
  covariates: null
  frailty_log_sd: 0
  drift: null
  effect:
    kind: direct
    hazard_ratio: 0.6
    delay_days: 0
    waning_half_life_days: null
    combined_with_labs: false
  mortality_targets: null
exits: null
assessment: null
analyses:
  - {name: primary, test: fisher, alpha: 0.05, population: randomised,
     transplant: event, rescue: ignored, withdrawal: ignored, lost: excluded}
multiplicity: null
costs: null
"""


def line_of(text: str, part: str) -> int:
    """Line on which a part of a text begins, from 1."""
    assert text.count(part) == 1, f"{part!r} does not say which line is meant"
    return text[: text.index(part)].count("\n") + 1


def changed(old: str, new: str, text: str = BARE) -> str:
    """Text with its only occurrence of a part replaced."""
    assert text.count(old) == 1, f"{old!r} does not say which part is meant"
    return text.replace(old, new)


@pytest.fixture
def problems(tmp_path: Path):
    """Write a text as a scenario file and give the problems that loading it reports."""

    def load(text: str | bytes) -> tuple[Problem, ...]:
        path = tmp_path / "case.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        with pytest.raises(ScenarioError) as caught:
            load_scenario(path)
        for problem in caught.value.problems:
            assert Path(problem.file).name == "case.yaml"
        return caught.value.problems

    return load


@pytest.fixture
def only(problems):
    """Give the one problem of a text; more, or fewer, would not be one clear message."""

    def load(text: str | bytes) -> Problem:
        found = problems(text)
        assert len(found) == 1, "\n".join(map(str, found))
        return found[0]

    return load


def test_the_bare_scenario_of_these_tests_is_good(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(BARE)
    assert load_scenario(path).scenario.name == "bare"


def test_a_problem_reads_as_file_line_key_value_rule_remedy() -> None:
    problem = Problem("x.yaml", 31, "arms[1].plan.window_days", "-2", "must be > 0", "correct it")
    expected = "x.yaml:31: arms[1].plan.window_days = -2: must be > 0; correct it"
    assert str(problem) == expected
    assert str(ScenarioError(problem, problem)) == f"{expected}\n{expected}"
    assert str(Problem("x.yaml", 3, "", "", "is wrong", "")) == "x.yaml:3: is wrong"


@pytest.mark.parametrize(
    ("key", "old", "new", "value", "rule", "remedy"),
    [
        # Signs and ranges
        ("trial.max_recruitment_days", "days: 365", "days: -2", "-2", "must be > 0", ""),
        ("trial.follow_up_days", "follow_up_days: 84", "follow_up_days: 0", "0",
         "must be >= 1", ""),
        ("accrual.over_days", "300.5", "0", "0", "must be > 0", ""),
        ("accrual.candidates", "tes: 40", "tes: 100001", "100001", "must be <= 100000", ""),
        ("hazard.frailty_log_sd", "sd: 0", "sd: -0.1", "-0.1", "must be >= 0", ""),
        ("allocation.ratio[1]", "[1, 1]", "[1, 30]", "30", "must be <= 20", ""),
        ("hazard.baseline.mortality_at_horizon", "horizon: 0.5", "horizon: 1.5", "1.5",
         "must be < 1", ""),
        ("hazard.effect.waning_half_life_days", "half_life_days: null", "half_life_days: -1", "-1",
         "must be > 0", ""),
        # Types
        ("trial.follow_up_days", "follow_up_days: 84", "follow_up_days: eighty", "eighty",
         "must be a whole number", ""),
        ("trial.follow_up_days", "follow_up_days: 84", "follow_up_days: 84.5", "84.5",
         "must be a whole number", ""),
        ("trial.max_recruitment_days", "days: 365", 'days: "2"', "2", "must be a number", "quotes"),
        ("trial.max_recruitment_days", "days: 365", "days: true", "true", "must be a number", ""),
        ("trial.max_recruitment_days", "days: 365", "days: null", "null", "must be a number", ""),
        ("trial.max_recruitment_days", "days: 365", "days: [1, 2]", "[1, 2]",
         "must be a number", ""),
        ("hazard.effect.combined_with_labs", "labs: false", "labs: no", "no",
         "must be true or false", ""),
        ("title", "two arms and an exponential hazard", "7", "7", "must be text", ""),
        ("trial.start_date", "2022-08-12", "soon", "soon", "must be a date", "2022-08-12"),
        ("allocation.ratio", "[1, 1]", "one", "one", "must be a list", ""),
        ("hazard.effect.hazard_ratio", "0.6", "sloved", "sloved", "must be a number", "solved"),
        ("allocation.options.block_size", "size: 4", "size: null", "null", "number", ""),
        # Choices
        ("null_hypothesis", "none", "stronk", "stronk", "must be one of none, strong, mortality",
         "did you mean strong?"),
        ("analyses[0].test", "test: fisher", "test: fischer", "fischer",
         "must be one of chi_square",
         "did you mean fisher?"),
        ("accrual.kind", "kind: uniform", "kind: unifrom", "unifrom",
         "must be one of poisson, uniform", "did you mean uniform?"),
        # Lengths
        ("allocation.ratio", "[1, 1]", "[1]", "[1]", "2", ""),
        ("allocation.ratio", "[1, 1]", "[1, 1, 1]", "[1, 1, 1]",
             "more than two arms", "pair of arms"),
        ("name", "name: bare", 'name: ""', "", "may not have", "letters, digits"),
        ("name", "name: bare", "name: ../x", "../x", "may not have", "letters, digits"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_reported_at_its_line(
    only, key: str, old: str, new: str, value: str, rule: str, remedy: str
) -> None:
    problem = only(changed(old, new))
    assert problem.line == line_of(BARE, old)
    assert problem.key == key
    assert problem.value.strip('"') == value
    assert rule in problem.rule
    assert remedy in f"{problem.rule} {problem.remedy}"


def test_a_wrong_value_in_an_alternative_has_no_name_of_the_alternative_in_its_key(only) -> None:
    poisson = changed(
        "  kind: uniform\n  candidates: 40\n  over_days: 300.5\n",
        "  kind: poisson\n  sites:\n    - {name: a, opens_day: -1, randomised_per_month: 2,"
        " ramp_days: 0, rate_steps: null, unit: null}\n  site_rates: {kind: gamma, shape: 0}\n",
    )
    late = changed("opens_day: -1", "opens_day: 0", poisson)
    assert only(late).key == "accrual.site_rates.shape"
    early = changed("shape: 0", "shape: 1", poisson)
    assert only(early).key == "accrual.sites[0].opens_day"


def test_an_unknown_key_names_the_nearest_known_one(only) -> None:
    text = changed("costs: null", "costs: null\nlabels: 3")
    problem = only(text)
    assert (problem.line, problem.key) == (line_of(text, "labels"), "labels")
    assert "unknown key" in problem.rule
    assert "labs" in problem.remedy


def test_a_misspelt_key_is_one_problem_not_also_a_missing_one(only) -> None:
    problem = only(changed("frailty_log_sd", "fraility_log_sd"))
    assert problem.line == line_of(BARE, "frailty_log_sd")
    assert problem.key == "hazard.fraility_log_sd"
    assert "did you mean frailty_log_sd?" in problem.remedy


def test_a_key_that_is_like_no_other_is_answered_with_those_known(only) -> None:
    text = changed("  factors: null", "  factors: null\n  zzz: 1")
    problem = only(text)
    assert (problem.line, problem.key) == (line_of(text, "zzz"), "allocation.zzz")
    for known in ("scheme", "ratio", "options", "factors"):
        assert known in problem.remedy


@pytest.mark.parametrize(
    ("gone", "key", "at"),
    [
        ("  follow_up_days: 84\n", "trial.follow_up_days", "trial:"),
        ("    mortality_at_horizon: 0.5\n", "hazard.baseline.mortality_at_horizon", "baseline:"),
        ("    kind: exponential\n", "hazard.baseline.kind", "baseline:"),
        ("name: bare\n", "name", "title:"),
    ],
)
def test_a_missing_key_is_reported_at_the_mapping_that_lacks_it(
    only, gone: str, key: str, at: str
) -> None:
    text = changed(gone, "")
    problem = only(text)
    assert (problem.line, problem.key) == (line_of(text, at), key)
    assert "must be given" in problem.rule
    assert "extends" in f"{problem.rule} {problem.remedy}"


def test_a_key_given_twice_names_both_lines(only) -> None:
    text = changed("  follow_up_days: 84\n", "  follow_up_days: 84\n  registry_id: NCT1\n")
    problem = only(text)
    assert problem.line == line_of(text, "  registry_id: NCT1")
    assert problem.key.endswith("registry_id")
    assert "twice" in problem.rule
    assert f"line {line_of(text, '  registry_id: null')}" in problem.rule


def test_a_syntax_error_has_its_line(only) -> None:
    text = changed("  ratio: [1, 1]", "  ratio: 1: 1")
    assert only(text).line == line_of(text, "  ratio: 1: 1")
    assert "YAML" in only(text).rule


def test_a_tab_has_its_line_and_a_remedy(only) -> None:
    text = changed("  follow_up_days", "\tfollow_up_days")
    problem = only(text)
    assert problem.line == line_of(text, "\tfollow_up_days")
    assert "spaces" in problem.remedy or "indentation" in problem.remedy


@pytest.mark.parametrize("text", ["- a\n- b\n", "[1, 2]\n", "word\n", "3\n"])
def test_a_file_that_is_no_mapping_is_refused(only, text: str) -> None:
    assert only(text).line == 1
    assert "mapping" in only(text).rule


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "null\n"])
def test_an_empty_file_is_called_empty(only, text: str) -> None:
    assert "empty" in only(text).rule


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("  factors: null", "  factors: &none null", "anchor"),
        ("  factors: null", "  factors: *none", "alias"),
        ("  factors: null", "  <<: {factors: null}", "<<"),
        ("  factors: null", "  factors: !!null null", "tag"),
        ("  factors: null", "  factors: !python/object:os.system null", "tag"),
    ],
)
def test_anchors_aliases_merge_keys_and_tags_are_refused_by_name(
    problems, old: str, new: str, word: str
) -> None:
    text = changed(old, new)
    first = problems(text)[0]
    assert first.line == line_of(text, new)
    assert word in first.rule


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "&a a: *a\n", "&root\nname: *root\n"])
def test_an_alias_to_what_holds_it_is_refused(problems, text: str) -> None:
    assert any("anchor" in p.rule or "alias" in p.rule for p in problems(text))


@pytest.mark.parametrize("key", ["1", "2022-08-12", "true", "null", "1.5"])
def test_a_key_that_is_not_text_is_refused(only, key: str) -> None:
    text = changed("{block_size: 4}", f"{{block_size: 4, {key}: 3}}")
    problem = only(text)
    assert problem.line == line_of(text, "options")
    assert "quotes" in problem.remedy


def test_a_key_that_is_a_list_is_refused(problems) -> None:
    text = changed("costs: null", "costs: null\n? [a, b]\n: 1")
    assert problems(text)[0].line == line_of(text, "? [a")


def test_a_second_document_is_refused_at_its_line(only) -> None:
    text = f"{BARE}---\nname: other\n"
    assert only(text).line == line_of(text, "---")
    assert "second document" in only(text).rule


def test_a_directive_for_another_yaml_is_refused(problems) -> None:
    # Under YAML 1.1 the word no would be false.
    text = "%YAML 1.1\n---\n" + changed("labs: false", "labs: no")
    assert any("directive" in p.rule or "true or false" in p.rule for p in problems(text))


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "1e400"])
def test_a_number_that_is_not_finite_is_refused(only, number: str) -> None:
    problem = only(changed("300.5", number))
    assert (problem.line, problem.key) == (line_of(BARE, "300.5"), "accrual.over_days")
    assert "finite" in problem.rule


@pytest.mark.parametrize("number", ["1e300", "-1e13", "1" + "0" * 5000, "1" + "0" * 400])
def test_an_absurdly_large_number_is_refused(only, number: str) -> None:
    text = changed("meld_reference: 0", f"meld_reference: {number}")
    problem = only(text)
    assert (problem.line, problem.key) == (line_of(BARE, "meld_reference"), "hazard.meld_reference")
    assert "too large" in problem.rule
    assert len(str(problem)) < 300


def test_an_absurdly_small_number_is_refused(only) -> None:
    problem = only(changed("300.5", "1e-300"))
    assert (problem.line, problem.key) == (line_of(BARE, "300.5"), "accrual.over_days")
    assert "too small" in problem.rule


@pytest.mark.parametrize("day", ["2022-13-45", "2022-02-30", "2022-08-12T10:00:00", "9999-12-31"])
def test_a_date_that_is_none_is_refused(only, day: str) -> None:
    problem = only(changed("2022-08-12", day))
    assert (problem.line, problem.key) == (line_of(BARE, "2022-08-12"), "trial.start_date")
    assert "date" in problem.rule


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_without_end_is_refused(problems, opening: str) -> None:
    assert any("nested" in p.rule for p in problems("a:\n  " + opening * 5000))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (BARE.encode("utf-16"), "UTF-8"),
        (b"name: caf\xe9\n", "UTF-8"),
        (b"name: a\x00b\n", "binary"),
        (b"name: a\x1bb\n", "character"),
        (BARE.encode() + b"#" * 1_000_000, "1 MB"),
    ],
)
def test_what_is_no_text_or_too_long_is_refused(only, content: bytes, rule: str) -> None:
    assert rule in only(content).rule


def test_a_byte_that_is_not_utf8_has_its_line(only) -> None:
    assert only(b"name: a\r\ntitle: b\r\nx: caf\xe9\n").line == 3


def test_escapes_that_are_no_characters_are_refused(problems) -> None:
    for escape in ("\\ud800", "\\UFFFFFFFF"):
        text = changed("title: two arms and an exponential hazard", f'title: "{escape}"')
        assert problems(text)[0].line == line_of(text, "title")


def test_a_file_that_is_not_there_brings_the_nearest_shipped_name() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("nct0548490")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("nct0548490", 0)
    assert "no such file" in problem.rule
    assert "nct05484908" in problem.remedy


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path)
    assert "folder" in caught.value.problems[0].rule


@pytest.mark.parametrize("name", ["", "a" * 5000, "a\0b", "."])
def test_a_name_that_can_be_no_file_is_refused(name: str) -> None:
    with pytest.raises(ScenarioError):
        load_scenario(name)


def test_all_problems_are_reported_together_in_the_order_of_the_lines(problems) -> None:
    text = changed("follow_up_days: 84", "follow_up_days: -1")
    text = changed("300.5", "text", text)
    text = changed("test: fisher", "test: fish", text)
    found = problems(text)
    assert [p.key for p in found] == [
        "trial.follow_up_days",
        "accrual.over_days",
        "analyses[0].test",
    ]


def test_problems_of_single_values_come_before_those_between_values(problems) -> None:
    text = changed("modality: null\n    plan: null", "modality: PE\n    plan: null")
    found = problems(changed("horizon_days: 84", "horizon_days: -84", text))
    assert [p.key for p in found] == ["hazard.baseline.horizon_days", "arms[1].plan"]
    assert "go together" in found[1].rule


def test_all_disagreements_between_parts_are_reported_together(problems) -> None:
    text = changed("name: treated", "name: control")
    text = changed("  meld_reference: 0", "  meld_reference: 0 # here", text)
    text = changed("meld_point: 0", "meld_point: 0.1", text)
    found = problems(text)
    assert {p.key for p in found} == {"hazard.log_hazard_ratio_per_meld_point", "arms[1].name"}
    assert {p.line for p in found} == {
        line_of(text, "meld_point: 0.1"),
        line_of(text, "- name: control"),
    }


def test_a_rule_found_broken_after_loading_is_placed_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(BARE)
    loaded = load_scenario(path)
    error = loaded.located(RuleError("is odd", "make it even", "allocation.options.block_size"))
    (problem,) = error.problems
    assert problem[1:] == (
        line_of(BARE, "options"), "allocation.options.block_size", "4", "is odd", "make it even",
    )  # fmt: skip


def test_a_rule_on_a_key_not_given_is_placed_at_what_should_hold_it(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text(BARE)
    (problem,) = (
        load_scenario(path).located(RuleError("x", "", "allocation.options.bound")).problems
    )
    assert (problem.line, problem.value) == (line_of(BARE, "options"), "")


def test_an_error_is_one_line_a_problem_whatever_the_file_holds(problems) -> None:
    text = changed("title: two arms and an exponential hazard", 'title: ok\n"a\\nb\\e[31m": 1')
    found = problems(text)
    assert len(str(ScenarioError(*found)).splitlines()) == len(found)
    assert "\x1b" not in str(found[0])


def test_a_long_value_is_shortened(only) -> None:
    problem = only(changed("null_hypothesis: none", f"null_hypothesis: {'n' * 5000}"))
    assert problem.value.startswith(("nnn", '"nnn'))
    assert len(str(problem)) < 400
