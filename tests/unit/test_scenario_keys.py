"""A key path and the steps that it is written for say the same, whatever the names hold."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.declarations.keys import below, divided, key_path, matched, steps_of, value_at
from simulator.declarations.quantities import name_of
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.scenario.schema import Scenario
from simulator.scenario.shipped import shipped_names
from simulator.store import question_of

NAMES = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["LPE 1.0 L", "a[0]", "x.y", 'q"', "a=b", "a,b", "<", "@", ":", " ", "", "\\", "0", "DPMAS+LPE"]
)


@given(st.lists(NAMES | st.integers(0, 10**9 - 1), max_size=6))
def test_steps_come_back_from_their_path(steps) -> None:
    assert steps_of(key_path(steps)) == tuple(steps)


def test_paths_are_written_as_the_field_writes_them() -> None:
    assert key_path(("arms", 1, "plan", "sessions")) == "arms[1].plan.sessions"
    assert below("costs.per_session", "DPMAS+LPE") == "costs.per_session.DPMAS+LPE"
    assert below("costs.per_session", "LPE 1.0 L") == 'costs.per_session["LPE 1.0 L"]'


def test_a_name_in_brackets_needs_no_quotes() -> None:
    assert steps_of("accrual.sites[Guangzhou].ramp_days") == (
        "accrual",
        "sites",
        "Guangzhou",
        "ramp_days",
    )


@pytest.mark.parametrize("text", ["a..b", "a[", "a[]", 'a["b]', "a]", "."])
def test_what_is_no_path_has_no_steps(text: str) -> None:
    assert steps_of(text) is None


def test_an_equals_sign_in_quotes_is_part_of_the_path() -> None:
    assert divided('arms["a=b"].plan.sessions=2,3') == ('arms["a=b"].plan.sessions', "2,3")
    assert divided("trial.target_randomised") is None


ODD = ["LPE 1.0 L", "LPE [half]", "LPE <low>", "a@b", "a:b", 'the "new"', "x=y", "[@ref]", "a, b"]


@pytest.mark.parametrize("name", ODD)
def test_a_value_of_an_item_of_any_name_can_be_asked_for_and_changed(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "odd.yaml"
    quoted = name.replace("'", "''")
    path.write_text(
        "extends: nct05484908\n"
        f"modalities: {{'{quoted}': {{machine_hours: 3, plasma_litres: 1, "
        "full_course_hazard_ratio: 0.6, shifts: {"
        + ", ".join(
            f"{lab}: {{remains_at_once: 1, remains_at_24h: 1, slow_half_life_days: 7}}"
            for lab in ("bilirubin", "inr", "creatinine", "platelets")
        )
        + "}}}\n"
        f"arms: {{DPMAS+LPE: {{modality: '{quoted}'}}}}\n"
        f"costs: {{per_session: {{PE: 1, DPMAS+LPE: 2, '{quoted}': 3}}}}\n"
    )
    loaded = load_scenario(path)
    key = below("costs.per_session", name)
    assert loaded.key(key, "test") == key
    assert loaded.changed({key: 4}, "test").scenario.costs.per_session[name] == 4
    hours = key_path(("modalities", name, "machine_hours"))
    assert loaded.key(hours, "test") == "modalities[2].machine_hours"


def test_a_rule_on_a_key_of_an_odd_name_is_placed_at_that_key(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(
        "extends: nct05484908\ncosts:\n  per_session:\n"
        "    PE: 1\n    DPMAS+LPE: 2\n    LPE 1.0 [half]: 3\n"
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (6, 'costs.per_session["LPE 1.0 [half]"]')


def test_a_star_of_a_pattern_stands_for_any_step() -> None:
    assert matched("arms[*].plan.sessions", "arms[1].plan.sessions") == (1,)
    assert matched("costs.per_session.*", 'costs.per_session["LPE 1.0 L"]') == ("LPE 1.0 L",)
    assert matched("trial.start_date", "trial.start_date") == ()
    assert matched("arms[*].plan.sessions", "arms[1].plan") is None
    assert matched("arms[*].name", "modalities[1].name") is None


def test_a_star_changes_a_value_of_every_item(tmp_path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(
        "extends: two-arm-survival\nname: sites\ntitle: three sites\n"
        "accrual: {kind: poisson, sites: ["
        "{name: A, randomised_per_month: 1}, {name: B, randomised_per_month: 2}, "
        "{name: C, randomised_per_month: 3, opens_day: 60}]}\n"
    )
    loaded = load_scenario(path)
    key = loaded.key("accrual.sites[*].randomised_per_month", "--vary")
    assert loaded.value(key) == [1, 2, 3]
    changed = loaded.changed({key: 4}, "--vary")
    assert [site.randomised_per_month for site in changed.scenario.accrual.sites] == [4, 4, 4]
    assert changed.value(key) == 4
    assert name_of(key, loaded.value) == "Patients randomised per month, each"


def test_a_star_where_nothing_is_meant_is_no_key() -> None:
    loaded = load_scenario("two-arm-survival")
    with pytest.raises(ScenarioError, match="is not a key of this scenario"):
        loaded.key("accrual.sites[*].beds", "--vary")


@pytest.mark.parametrize("name", shipped_names())
def test_plain_values_have_every_key_where_the_file_has_it(name: str) -> None:
    """A document looks up each value of a kept run by its key."""
    loaded = load_scenario(name)
    plain = question_of(loaded, "power", 1).scenario
    for key, value, _ in loaded.values():
        found = value_at(plain, key)
        assert found == value or str(found) == str(value), key
    assert Scenario.of_plain(plain) == loaded.scenario
