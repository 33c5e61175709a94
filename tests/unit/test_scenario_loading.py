"""A good scenario file is read as written, over what it extends, each value with its source."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.results.sources import NO_SOURCE
from simulator.scenario.errors import Problem, ScenarioError
from simulator.scenario.loader import LoadedScenario, json_schema, load_scenario
from simulator.scenario.schema import Scenario
from simulator.scenario.shipped import shipped_names, shipped_path, shipped_titles

BARE = """\
name: bare
title: "two arms # and a hazard"  # not a comment: the quotes hold the first sign
null_hypothesis: none
trial:  # registry
  registry_id: null
  start_date: 2022-08-12
  planned_completion_date: null
  target_randomised: 40  # assumption
  max_recruitment_days: 365
  follow_up_days: 84
accrual:
  kind: uniform  # published: Yao 2019
  candidates: 40
  over_days: 300
candidates: null
eligibility: null
allocation:
  scheme: random_blocks
  ratio: [1, 1]  # registry
  options:  # assumption
    block_sizes: [4, 6]
    note: |  # kept as it is
      # no comment
  factors: null
selection_bias: null
modalities: []  # none
arms:  # registry
  - {name: control, modality: null, plan: null}  # usual care
  - name: treated  # new care
    modality: null
    plan: null
unit: null
labs: null
hazard:
  baseline:
    kind: exponential
    horizon_days: 84
    mortality_at_horizon: 5e-1
  log_hazard_ratio_per_meld_point: 0
  meld_reference: 0
  covariates: null
  frailty_log_sd: 0
  drift: null
  effect:
    kind: direct
    hazard_ratio: 1.e-3
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


@pytest.fixture
def load(tmp_path: Path):
    """Write files of a folder and load the first."""

    def write_and_load(**texts: str) -> LoadedScenario:
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load_scenario(tmp_path / f"{next(iter(texts))}.yaml")

    return write_and_load


def test_values_are_read_as_they_are_written(load) -> None:
    scenario = load(bare=BARE).scenario
    assert scenario.title == "two arms # and a hazard"
    assert scenario.trial.start_date == date(2022, 8, 12)
    assert scenario.trial.registry_id is None
    assert scenario.allocation.options["block_sizes"] == [4, 6]
    assert scenario.allocation.options["note"] == "# no comment\n"
    assert [arm.name for arm in scenario.arms] == ["control", "treated"]
    assert scenario.hazard.effect.combined_with_labs is False


def test_exponents_are_numbers_and_whole_numbers_do_where_a_float_is_meant(load) -> None:
    scenario = load(bare=BARE).scenario
    assert scenario.hazard.effect.hazard_ratio == 0.001
    assert scenario.hazard.baseline.mortality_at_horizon == 0.5
    assert scenario.accrual.over_days == 300
    assert isinstance(scenario.accrual.over_days, float)
    for text in ("1e-3", "1E-3", "0.001"):
        other = load(bare=BARE.replace("1.e-3", text)).scenario
        assert other.hazard.effect.hazard_ratio == 0.001


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_endings_and_a_byte_order_mark_make_no_difference(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "bare.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BARE.replace("\n", ending).encode())
    loaded = load_scenario(path)
    assert loaded.scenario.name == "bare"
    assert loaded.provenance["accrual.kind"].text == "published: Yao 2019"


def test_the_source_of_a_value_is_the_comment_beside_it(load) -> None:
    provenance = load(bare=BARE).provenance
    assert provenance["trial.target_randomised"].text == "assumption"
    assert provenance["accrual.kind"].text == "published: Yao 2019"
    assert provenance["title"].text.startswith("no source (not a comment")


def test_without_a_comment_of_its_own_a_value_has_that_of_the_nearest_key_around_it(load) -> None:
    provenance = load(bare=BARE).provenance
    assert provenance["trial.follow_up_days"].text == "registry"
    assert provenance["allocation.options.block_sizes[1]"].text == "assumption"
    assert provenance["allocation.ratio[0]"].text == "registry"
    assert provenance["arms[0].plan"].text == "no source (usual care)"
    assert provenance["arms[1].name"].text == "no source (new care)"
    assert provenance["arms[1].plan"].text == "registry"
    assert provenance["accrual.over_days"] == NO_SOURCE
    assert provenance["name"] == NO_SOURCE


def test_a_comment_beside_a_list_over_several_lines_is_of_that_list(load) -> None:
    text = BARE.replace("block_sizes: [4, 6]", "block_sizes: [4,\n      6]  # derived")
    assert load(bare=text).provenance["allocation.options.block_sizes[1]"].text == "derived"


def test_a_comment_on_the_line_of_an_opening_bracket_covers_the_list(load) -> None:
    text = BARE.replace("block_sizes: [4, 6]", "block_sizes: [  # derived\n      4, 6]")
    provenance = load(bare=text).provenance
    assert provenance["allocation.options.block_sizes[0]"].text == "derived"
    assert provenance["allocation.options.block_sizes[1]"].text == "derived"


def test_a_number_sign_inside_a_quoted_text_of_two_lines_is_no_comment(load) -> None:
    title = BARE.splitlines(keepends=True)[1]
    loaded = load(bare=BARE.replace(title, 'title: "a # no\n  comment"\n'))
    assert loaded.scenario.title == "a # no comment"
    assert loaded.provenance["title"] == NO_SOURCE


def test_a_key_can_be_asked_for_its_file_and_line(load) -> None:
    loaded = load(child="extends: bare\ntrial:\n  target_randomised: 20\n", bare=BARE)
    file, line = loaded.location("trial.target_randomised")
    assert (Path(file).name, line) == ("child.yaml", 3)
    file, line = loaded.location("accrual.kind")
    assert (Path(file).name, line) == ("bare.yaml", BARE[: BARE.index("kind")].count("\n") + 1)
    (problem,) = loaded.problem("accrual.kind", "is odd", "change it").problems
    assert (Path(problem.file).name, problem.line) == ("bare.yaml", line)
    assert problem[2:] == ("accrual.kind", '"uniform"', "is odd", "change it")


def test_a_child_replaces_what_it_gives_and_inherits_the_rest(load) -> None:
    child = (
        "extends: bare\nname: child\n"
        "trial:\n  target_randomised: 20\n"
        "allocation:\n  ratio: [2, 1]\n"
    )
    loaded = load(child=child, bare=BARE)
    parent = load(bare=BARE).scenario
    expected = parent.model_dump()
    expected["name"] = "child"
    expected["trial"]["target_randomised"] = 20
    expected["allocation"]["ratio"] = [2, 1]
    assert loaded.scenario.model_dump() == expected
    assert [Path(file).name for file in loaded.files] == ["child.yaml", "bare.yaml"]


def test_a_grandchild_inherits_through_its_parent(load) -> None:
    child = "extends: bare\ntitle: child\ntrial: {target_randomised: 20, follow_up_days: 30}\n"
    grandchild = "extends: ./child.yaml\ntrial: {target_randomised: 10}\n"
    loaded = load(grandchild=grandchild, child=child, bare=BARE)
    assert loaded.scenario.title == "child"
    assert loaded.scenario.trial.target_randomised == 10
    assert loaded.scenario.trial.follow_up_days == 30
    assert loaded.scenario.trial.max_recruitment_days == 365
    assert [Path(f).stem for f in loaded.files] == ["grandchild", "child", "bare"]


def test_null_replaces_a_mapping_and_a_mapping_replaces_null(load) -> None:
    costs = "costs: {currency: CNY, per_session: {}}\n"
    with_costs = load(child="extends: bare\n" + costs, bare=BARE)
    assert with_costs.scenario.costs is not None
    without = load(child="extends: bare\ncosts: null\n", bare=BARE.replace("costs: null\n", costs))
    assert without.scenario.costs is None


def test_a_part_of_another_kind_replaces_its_parent_whole(load) -> None:
    child = "extends: bare\nhazard:\n  effect: {kind: by_session, combined_with_labs: true}\n"
    with pytest.raises(ScenarioError) as caught:  # the bare trial has no sessions
        load(child=child, bare=BARE)
    assert {p.key for p in caught.value.problems} <= {"arms[0].plan", "arms[1].plan"}
    weibull = "extends: bare\nhazard:\n  baseline: {kind: weibull, shape: 1.5}\n"
    with pytest.raises(ScenarioError) as caught:
        load(child=weibull, bare=BARE)
    assert {p.key for p in caught.value.problems} == {"hazard.baseline.mortality_at_horizon"}


def test_a_part_of_the_same_kind_is_merged(load) -> None:
    child = "extends: bare\nhazard:\n  effect: {kind: direct, delay_days: 7}\n"
    effect = load(child=child, bare=BARE).scenario.hazard.effect
    assert (effect.hazard_ratio, effect.delay_days) == (0.001, 7)


def test_lists_are_replaced_whole(load) -> None:
    analyses = (
        "analyses:\n  - {name: lr, test: log_rank, alpha: 0.1, population: randomised, "
        "transplant: event, rescue: ignored, withdrawal: ignored, lost: censored}\n"
    )
    names = [a.name for a in load(child="extends: bare\n" + analyses, bare=BARE).scenario.analyses]
    assert names == ["lr"]
    loaded = load(
        child="extends: bare\nanalyses: [{name: primary, test: fisher}]\n",
        bare=BARE.replace("alpha: 0.05", "alpha: 0.01"),
    )
    assert loaded.scenario.analyses[0].alpha == 0.05  # no change to the parent's item


def test_what_a_child_gives_without_a_comment_has_no_source(load) -> None:
    child = (
        "extends: bare\n"
        "trial:\n  target_randomised: 20\n  follow_up_days: 30  # registry: changed\n"
    )
    provenance = load(child=child, bare=BARE).provenance
    assert provenance["trial.target_randomised"] == NO_SOURCE
    assert provenance["trial.follow_up_days"].text == "registry: changed"
    assert provenance["trial.start_date"].text == "registry"


def test_a_problem_of_an_inherited_value_is_reported_in_the_file_that_holds_it(load) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(child="extends: bare\nname: x\n", bare=BARE.replace("over_days: 300", "over_days: -3"))
    (problem,) = caught.value.problems
    assert Path(problem.file).name == "bare.yaml"
    assert problem.line == BARE[: BARE.index("over_days")].count("\n") + 1


def test_a_circle_of_extended_files_is_shown_as_a_chain(load) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(a="name: a\nextends: b\n", b="extends: a\n")
    (problem,) = caught.value.problems
    assert (Path(problem.file).name, problem.line, problem.key) == ("b.yaml", 1, "extends")
    shown = problem.rule.replace(".yaml", "")
    assert [Path(part).name.split()[-1] for part in shown.split(" -> ")] == ["a", "b", "a"]


def test_a_file_that_extends_itself_is_refused(load) -> None:
    with pytest.raises(ScenarioError, match="->"):
        load(a="extends: ./a.yaml\n")


@pytest.mark.parametrize("target", ["3", "[bare]", '""', "null", "{a: b}", "true"])
def test_extends_must_be_a_name(load, target: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(a=f"name: a\nextends: {target}\n")
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (2, "extends")


def test_what_extends_nothing_that_exists_names_the_nearest(load) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(a="extends: nct0548490\n")
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (1, "extends")
    assert "nct05484908" in problem.remedy


def test_a_file_may_extend_a_shipped_scenario_from_anywhere(load) -> None:
    for name in ("two-arm-survival", "two-arm-survival.yaml"):
        loaded = load(mine=f"extends: {name}\ntrial: {{target_randomised: 50}}\n")
        assert loaded.scenario.trial.target_randomised == 50
        assert Path(loaded.files[1]).stem == "two-arm-survival"


def test_a_path_may_leave_out_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(BARE)
    assert (
        load_scenario(tmp_path / "mine").scenario == load_scenario(tmp_path / "mine.yaml").scenario
    )


def test_a_folder_of_the_same_name_does_not_hide_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine.yaml").write_text(BARE)
    assert load_scenario(tmp_path / "mine").scenario.name == "bare"


def test_a_bare_word_means_the_shipped_scenario_and_a_path_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nct05484908.yaml").write_text(BARE)
    monkeypatch.chdir(tmp_path)
    assert load_scenario("nct05484908").scenario.name == "nct05484908"
    assert load_scenario("./nct05484908").scenario.name == "bare"
    assert load_scenario("nct05484908.yaml").scenario.name == "bare"


def test_every_shipped_scenario_loads_under_its_name_and_title() -> None:
    titles = shipped_titles()
    assert sorted(titles) == sorted(shipped_names())
    assert "nct05484908" in titles
    for name, title in titles.items():
        scenario = load_scenario(name).scenario
        assert (scenario.name, scenario.title) == (name, title)
        assert shipped_path(name).name == f"{name}.yaml"


def test_the_schema_for_editors_has_every_key_and_demands_none() -> None:
    demanding = json.dumps(Scenario.model_json_schema())
    relaxed = json.dumps(json_schema())
    assert '"required"' in demanding
    assert '"required"' not in relaxed
    assert relaxed.count('"additionalProperties": false') == demanding.count(
        '"additionalProperties": false'
    )
    assert set(json_schema()["properties"]) == {"extends", *Scenario.model_fields}
    for name, field in Scenario.model_fields.items():
        assert json_schema()["properties"][name]["description"] == field.description


def test_the_schema_for_editors_lets_a_part_be_changed_without_naming_its_kind() -> None:
    # {combined_with_labs: true} fits two effects: oneOf would refuse it, anyOf does not.
    schema = json.dumps(json_schema())
    assert '"oneOf"' not in schema
    assert '"anyOf"' in schema


LINES = BARE.splitlines()
WORDS = [
    *(
        "",
        "null",
        "true",
        "-1",
        "1e-3",
        "1e999",
        "[]",
        "{}",
        "[[",
        "x",
        "&a",
        "*a",
        "<<",
        "!!int 3",
    ),
    *("kind", "poisson", "2022-99-99", "'", '"', "|", "%", "---", "...", "\t", "#", "? ", ": "),
    *("\x85", "\u2028", "\ud83d", "\\UFFFFFFFF", "extends: bare", "options: {a: [1, x]}"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good file after a few small changes of its lines and characters."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["drop", "double", "value", "indent", "insert", "exchange"]))
        word = draw(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)))
        if change == "drop" and len(lines) > 1:
            del lines[at]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "value":
            lines[at] = f"{lines[at].split(':')[0]}: {word}"
        elif change == "indent":
            lines[at] = " " * draw(st.integers(1, 4)) + lines[at]
        elif change == "insert":
            where = draw(st.integers(0, len(lines[at])))
            lines[at] = lines[at][:where] + word + lines[at][where:]
        else:
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines)


def problems_in(path: Path) -> tuple[Problem, ...]:
    """Problems of a file; none for one that loads, and any other exception goes through."""
    try:
        assert isinstance(load_scenario(path).scenario, Scenario)
    except ScenarioError as error:
        return error.problems or pytest.fail("an error without a problem")
    return ()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated())
def test_a_changed_file_is_read_or_refused_with_problems_at_its_lines(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "changed.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    found = problems_in(path)
    for problem in found:
        # Line breaks of YAML 1.1 count too, so there may be a few more lines than \n.
        assert 0 <= problem.line <= len(text.splitlines()) + 1
        assert problem.rule
    assert len(str(ScenarioError(*found)).splitlines()) == len(found)


def test_another_scheme_does_not_inherit_the_options_of_its_parents(tmp_path):
    child = tmp_path / "child.yaml"
    child.write_text(
        "extends: nct05484908\nallocation:\n  scheme: big_stick\n  options: {bound: 3}\n"
    )
    assert load_scenario(child).scenario.allocation.options == {"bound": 3}


def test_targets_by_arm_are_those_of_the_child_alone(tmp_path):
    child = tmp_path / "child.yaml"
    child.write_text(
        "extends: nct05484908\n"
        "arms:\n"
        "  - {name: medical, modality: null, plan: null}\n"
        "  - {name: new, modality: null, plan: null}\n"
        "hazard:\n"
        "  effect: {kind: direct, hazard_ratio: 0.8, delay_days: 0, waning_half_life_days: null,"
        " combined_with_labs: false}\n"
        "  mortality_targets: {medical: 0.6}\n"
    )
    assert load_scenario(child).scenario.hazard.mortality_targets == {"medical": 0.6}
