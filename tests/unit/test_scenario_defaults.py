"""What a file leaves out has a default, and a list of named items can be changed by name."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from simulator.planning.power import assumptions
from simulator.planning.prepared import prepare
from simulator.planning.variation import changed
from simulator.results.sources import BY_DEFAULT, NO_SOURCE
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loaded import LoadedScenario
from simulator.scenario.loader import load_scenario
from simulator.scenario.merging import NAMED_LISTS
from simulator.scenario.schema import Scenario

SHORT = """\
name: mine
trial:
  target_randomised: 200
  follow_up_days: 90
accrual:
  kind: uniform
  over_days: 700
arms:
  - name: usual care
  - name: new care
hazard:
  baseline: {kind: exponential, mortality_at_horizon: 0.5}  # assumption
  effect: {kind: direct, hazard_ratio: 0.7}  # assumption
analyses:
  - test: log_rank
  - test: fisher
"""


@pytest.fixture
def load(tmp_path: Path):
    """Write a file, beside the short one, and load it."""
    (tmp_path / "short.yaml").write_text(SHORT)

    def write_and_load(text: str = SHORT) -> LoadedScenario:
        path = tmp_path / "case.yaml"
        path.write_text(text)
        return load_scenario(path)

    return write_and_load


def problems_of(load, text: str):
    with pytest.raises(ScenarioError) as caught:
        load(text)
    return caught.value.problems


def test_a_trial_of_one_s_own_takes_fewer_than_25_lines(load) -> None:
    scenario = load().scenario
    assert SHORT.count("\n") < 25
    assert scenario.title == "mine"
    assert scenario.null_hypothesis == "none"
    assert (scenario.allocation.scheme, scenario.allocation.ratio) == ("random_allocation", [1, 1])
    assert scenario.exits is None


def test_an_analysis_handles_the_lost_as_its_test_can(load) -> None:
    log_rank, fisher = load().scenario.analyses
    assert (log_rank.name, log_rank.alpha, log_rank.lost) == ("log_rank", 0.05, "censored")
    assert (fisher.name, fisher.transplant, fisher.lost) == ("fisher", "event", "excluded")


def test_a_test_of_causes_takes_transplant_as_competing(load) -> None:
    gray = load(SHORT + "  - {test: gray, cause: liver}\n").scenario.analyses[2]
    assert (gray.transplant, gray.lost) == ("competing", "censored")


def test_a_randomisation_test_handles_patients_as_the_analysis_that_it_is_of(load) -> None:
    text = SHORT.replace("- test: fisher", "- {test: fisher, lost: worst_case, alpha: 0.04}")
    tested = load(text + "  - {test: permutation, of: fisher, draws: 999}\n").scenario.analyses[2]
    assert (tested.lost, tested.alpha, tested.population) == ("worst_case", 0.04, "randomised")


def test_what_follows_from_another_value_follows_it(load) -> None:
    loaded = load(SHORT + "exits: {loss: {net_probability: 0.1}}\n")
    assert loaded.scenario.accrual.candidates == 200
    assert loaded.scenario.hazard.baseline.horizon_days == 90
    assert loaded.scenario.exits.loss.by_day == 90
    other = changed(loaded, {"trial.target_randomised": 376, "trial.follow_up_days": 30}, "--vary")
    assert other.scenario.accrual.candidates == 376
    assert other.scenario.hazard.baseline.horizon_days == 30
    assert other.scenario.exits.loss.by_day == 30


def test_a_default_has_its_source_and_can_be_varied(load) -> None:
    loaded = load()
    assert loaded.provenance["accrual.candidates"] == BY_DEFAULT
    assert loaded.is_default("hazard.effect.delay_days")
    assert not loaded.is_default("accrual.over_days")
    assert ("analyses[0].alpha", 0.05, BY_DEFAULT) in loaded.values()
    key = loaded.key("hazard.effect.delay_days", "--vary")
    varied = changed(loaded, {key: 14}, "--vary")
    assert varied.scenario.hazard.effect.delay_days == 14
    assert not varied.is_default(key)
    assert varied.is_default("hazard.effect.waning_half_life_days")


def test_a_value_within_a_part_that_is_a_default_can_be_varied(load) -> None:
    loaded = load(SHORT + "exits: {}\n")
    one = changed(loaded, {"exits.loss.net_probability": 0.1, "trial.follow_up_days": 60}, "--vary")
    assert (one.scenario.exits.loss.net_probability, one.scenario.exits.loss.by_day) == (0.1, 60)
    ratio = changed(loaded, {"allocation.ratio[1]": 2}, "--vary")
    assert ratio.scenario.allocation.ratio == [1, 2]


def test_defaults_are_counted_apart_from_assumptions(load) -> None:
    loaded = load()
    keys = {a.key for a in assumptions(loaded)}
    assert {"hazard.baseline", "hazard.effect", "trial.target_randomised"} <= keys
    assert not any(loaded.is_default(key) for key in keys if key in loaded.provenance)


def test_a_default_fills_in_after_what_is_inherited(load) -> None:
    child = "extends: short\nname: child\nanalyses: {log_rank: {alpha: 0.01}}\n"
    loaded = load(child)
    assert loaded.scenario.trial.target_randomised == 200
    assert loaded.scenario.accrual.candidates == 200
    assert loaded.scenario.title == "child"
    assert load(child + "trial: {target_randomised: 376}\n").scenario.accrual.candidates == 376


def test_a_message_about_a_default_says_that_it_is_one(load) -> None:
    text = SHORT.replace("kind: direct, hazard_ratio: 0.7", "kind: by_session")
    first = problems_of(load, text)[0]
    assert first.key == "arms[0].plan"
    assert first.value == "null (default)"
    assert first.line == SHORT.splitlines().index("  - name: usual care") + 1


def test_what_follows_from_a_wrong_value_is_no_problem_of_its_own(load) -> None:
    for wrong in ("0", "many", "null"):
        text = SHORT.replace("target_randomised: 200", f"target_randomised: {wrong}")
        assert [p.key for p in problems_of(load, text)] == ["trial.target_randomised"]
    missing = problems_of(load, SHORT.replace("  follow_up_days: 90\n", ""))
    assert [p.key for p in missing] == ["trial.follow_up_days"]
    assert "no default" in missing[0].rule


@pytest.mark.parametrize("candidates", [1, 199])
def test_fewer_candidates_than_patients_are_refused_wherever_they_come_from(
    load, candidates: int
) -> None:
    text = SHORT.replace("over_days: 700", f"over_days: 700\n  candidates: {candidates}")
    (problem,) = problems_of(load, text)
    assert problem.key == "accrual.candidates"
    assert "200" in problem.rule
    with pytest.raises(ScenarioError, match="fewer candidates"):
        changed(load(), {"accrual.candidates": candidates}, "--vary")


def test_candidates_that_are_given_do_not_change_with_the_number_of_patients(load) -> None:
    loaded = load(SHORT.replace("over_days: 700", "over_days: 700\n  candidates: 300"))
    more = changed(loaded, {"trial.target_randomised": 300}, "--vary")
    assert more.scenario.accrual.candidates == 300
    with pytest.raises(ScenarioError, match="fewer candidates"):
        changed(loaded, {"trial.target_randomised": 301}, "--vary")


# Lists of named items


def test_one_value_of_one_item_is_changed_by_its_name() -> None:
    parent = load_scenario("nct05484908")
    assert parent.scenario.modalities[1].full_course_hazard_ratio == 0.595


def test_a_mapping_by_name_changes_what_it_names_and_keeps_the_rest(load) -> None:
    parent = load_scenario("nct05484908").scenario.model_dump()
    child = "extends: nct05484908\nmodalities: {DPMAS+LPE: {full_course_hazard_ratio: 0.6}}\n"
    loaded = load(child)
    parent["modalities"][1]["full_course_hazard_ratio"] = 0.6
    assert loaded.scenario.model_dump() == parent
    assert loaded.provenance["modalities[1].full_course_hazard_ratio"] == NO_SOURCE
    assert loaded.provenance["modalities[1].plasma_litres"].text == "registry [E03]"
    assert loaded.location("modalities[1].full_course_hazard_ratio").line == 2


def test_a_new_name_is_added_and_null_removes(load) -> None:
    child = "extends: short\nanalyses: {fisher: null, gehan: {test: fleming_harrington, rho: 1, "
    loaded = load(child + "gamma: 0}}\n")
    assert [a.name for a in loaded.scenario.analyses] == ["log_rank", "gehan"]


def test_an_item_of_another_test_is_another_analysis(load) -> None:
    text = SHORT.replace("- test: fisher", "- {name: second, test: risk_ratio, interval: log}")
    (Path(load(text).files[0])).rename(Path(load(text).files[0]).with_name("short.yaml"))
    loaded = load("extends: short\nanalyses: {second: {test: log_rank}}\n")
    assert (loaded.scenario.analyses[1].test, loaded.scenario.analyses[1].lost) == (
        "log_rank",
        "censored",
    )


def test_criteria_are_named_by_their_labels_and_sites_by_their_names(load) -> None:
    child = (
        "extends: nct05484908\n"
        "eligibility: {criteria: {E9: null, I5: {enzymes: both}}}\n"
        "accrual: {sites: {Guangzhou: {ramp_days: 90}, Shenzhen: {randomised_per_month: 1}}}\n"
    )
    scenario = load(child).scenario
    assert [c.label for c in scenario.eligibility.criteria][-1] == "E8"
    assert next(c for c in scenario.eligibility.criteria if c.label == "I5").enzymes == "both"
    assert [(s.name, s.ramp_days) for s in scenario.accrual.sites] == [
        ("Guangzhou", 90),
        ("Shenzhen", 0),
    ]


def test_a_file_that_extends_none_may_name_its_items_too(load) -> None:
    text = SHORT.replace(
        "  - name: usual care\n  - name: new care\n", "  usual care: {}\n  new: {}\n"
    )
    assert [arm.name for arm in load(text).scenario.arms] == ["usual care", "new"]


def test_removing_a_name_that_is_not_there_is_refused(load) -> None:
    (problem,) = problems_of(load, "extends: short\nanalyses:\n  fishers: null\n")
    assert (problem.line, problem.key, problem.remedy) == (
        3,
        "analyses.fishers",
        "did you mean fisher?",
    )


def test_a_name_within_an_item_that_has_one_is_refused(load) -> None:
    (problem,) = problems_of(load, "extends: short\nanalyses: {fisher: {name: other}}\n")
    assert problem.key == "analyses.fisher.name"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (
            "accrual: {sites: [{name: A, randomised_per_month: 1}, "
            "{name: A, randomised_per_month: 2}]}",
            "accrual.sites[1].name",
        ),
        (
            "eligibility: {criteria: ["
            + ", ".join(
                [
                    "{kind: conditions, label: I1, text: t, "
                    "all_of: [[{variable: inr, comparison: '>', threshold: 1.5}]]}"
                ]
                * 2
            )
            + "]}",
            "eligibility.criteria[1].label",
        ),
    ],
)
def test_two_items_of_one_name_are_refused(load, text: str, key: str) -> None:
    (problem,) = problems_of(load, f"extends: nct05484908\n{text}\n")
    assert problem.key == key
    assert "given twice" in problem.rule


def named_lists(model: type[BaseModel], path: tuple[str, ...] = ()):
    """Every list of parts that have a name, by the keys that lead to it."""
    for key, field in model.model_fields.items():
        for part in parts_of(field.annotation):
            inner = part[0] if isinstance(part, list) else part
            if isinstance(part, list):
                for name_key in ("name", "label"):
                    if name_key in inner.model_fields:
                        yield (*path, key), name_key
            else:
                yield from named_lists(inner, (*path, key))


def parts_of(annotation):
    from typing import get_args, get_origin

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is list:
        yield from (
            [part] for part in parts_of(get_args(annotation)[0]) if not isinstance(part, list)
        )
    elif get_origin(annotation) is not dict:
        for argument in get_args(annotation):
            yield from parts_of(argument)


def test_every_list_of_named_items_of_the_schema_can_be_changed_by_name() -> None:
    assert dict(named_lists(Scenario)) == NAMED_LISTS


def test_a_file_and_a_varied_key_read_one_trial_alike(load) -> None:
    """A child of the bare trial with 376 patients is what varying its target makes of it."""
    child = load("extends: two-arm-survival\ntrial: {target_randomised: 376}\n").scenario
    varied = changed(load_scenario("two-arm-survival"), {"trial.target_randomised": 376}, "--vary")
    assert child == varied.scenario
    assert child.accrual.candidates == 376


MINIMISED = """\
extends: ./short.yaml
name: minimised
candidates: {variables: [{name: meld, kind: normal, mean: 25, sd: 6}]}
allocation:
  scheme: minimisation
  options: {probability: 0.9}
  factors: [{variable: meld, cut_points: [25]}]
"""


def test_options_of_a_scheme_that_are_left_out_are_the_standard_ones_and_defaults(load) -> None:
    loaded = load(MINIMISED)
    assert loaded.scenario.allocation.options == {
        "measure": "range",
        "weights": [1],
        "probability": 0.9,
    }
    sources = {key: source for key, _, source in loaded.values()}
    assert sources["allocation.options.measure"] == BY_DEFAULT
    assert sources["allocation.options.weights[0]"] == BY_DEFAULT
    assert sources["allocation.options.probability"] == NO_SOURCE


def test_a_scheme_without_a_standard_value_still_asks_for_it(load) -> None:
    loaded = load(MINIMISED.replace("scheme: minimisation", "scheme: permuted_block"))
    with pytest.raises(ScenarioError, match="unknown option; permuted_block takes block_size"):
        prepare(loaded, lambda _: None)


def test_a_scheme_that_cannot_be_followed_is_refused_before_mortality_is_solved(load) -> None:
    loaded = load(
        MINIMISED + "hazard:\n"
        "  baseline: {mortality_at_horizon: solved}\n"
        "  mortality_targets: {usual care: 0.5}\n"
    )
    unequal = loaded.changed({"allocation.ratio": [1, 2]}, "test")
    said: list[str] = []
    with pytest.raises(ScenarioError, match=r"honours equal ratios only|keep an unequal ratio"):
        prepare(unequal, said.append)
    assert said == []
