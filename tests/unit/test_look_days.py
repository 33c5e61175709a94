"""Looks on a date and every so many months are looks on days that can be counted by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scenario_builder import changed, shipped

from simulator.analysis import plans_of
from simulator.monitoring.asked import monitoring_plan
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.look_rows import LookRows
from simulator.montecarlo.parts import run_part
from simulator.params.lower import lower
from simulator.planning.looks import in_words
from simulator.planning.prepared import prepare
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SIX_MONTHS = [182.625, 365.25, 547.875, 730.5]  # of 365.25 days a year, within 814 days


def looked_at(looks: list[dict[str, Any]], spending: str = "lan_demets_pocock", **changes: Any):
    monitoring = {
        "analysis": "log_rank",
        "max_information": 30,
        "looks": looks,
        "efficacy": {"spending": spending},
        "futility": {"rule": "z(-0.4)"},
    }
    return changed(shipped("two-arm-survival"), {"monitoring": monitoring} | changes)


def asked_of(scenario):
    plan = monitoring_plan(scenario, plans_of(scenario))
    assert plan is not None
    return plan


def rows_of(scenario) -> LookRows:
    asked = Evaluation(plans_of(scenario), (), (), monitoring=asked_of(scenario))
    part = run_part(lower(scenario), asked, Engine.COMPILED, 5, 0, 60)
    assert part.looks is not None
    return part.looks.rows


def test_looks_every_six_months_are_looks_on_those_days() -> None:
    months = looked_at([{"at": {"every_months": 6.0}, "cleaning_days": 30.0, "pause": True}])
    days = looked_at([{"at": {"day": d}, "cleaning_days": 30.0, "pause": True} for d in SIX_MONTHS])
    assert [look.at.value for look in asked_of(months).looks] == SIX_MONTHS
    found, expected = rows_of(months), rows_of(days)
    assert (expected.decision[:, :4] >= 0).any(axis=0).all()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_looks_every_six_months_may_be_counted_and_follow_others() -> None:
    plan = asked_of(
        looked_at(
            [{"at": {"deaths": 4}}, {"at": {"every_months": 6.0}, "times": 2}, {"at": {"day": 600}}]
        )
    )
    assert [(look.at.kind, look.at.value) for look in plan.looks] == [
        ("deaths", 4),
        ("day", 182.625),
        ("day", 365.25),
        ("day", 600),
    ]
    assert [in_words(look.at) for look in plan.looks[1:3]] == ["month 6", "month 12"]


@pytest.mark.parametrize(("date", "day"), [("2024-09-27", 270), ("2025-01-01", 366)])
def test_a_date_is_a_day_since_the_start(date: str, day: int, tmp_path: Path) -> None:
    """2024 was a leap year: 1 September is day 244."""
    plan = prepare(load_scenario(written(date, tmp_path)), lambda _: None).monitoring
    assert plan is not None
    assert (plan.looks[0].at.kind, plan.looks[0].at.value) == ("day", day)
    assert in_words(plan.looks[0].at) == date


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        ("date: 2024-01-01", "is not after the start of the trial, 2024-01-01"),
        ("date: 2026-03-26", "is after the last day of the trial, 814"),
    ],
)
def test_a_date_outside_the_trial_is_refused(at: str, rule: str, tmp_path: Path) -> None:
    assert refusal(written(at[6:], tmp_path)) == ("monitoring.looks[0].at.date", rule)


def test_a_date_comes_after_the_look_on_a_day_before_it(tmp_path: Path) -> None:
    path = written("2024-09-27", tmp_path)
    path.write_text(path.read_text().replace("looks: [", "looks: [{at: {day: 270}}, "))
    key, rule = refusal(path)
    assert key == "monitoring.looks[1].at.date"
    assert rule == "comes no later than the look before it, at 270"


@pytest.mark.parametrize("spending", ["pocock", "obrien_fleming", "table(0.01,0.025)"])
def test_a_shape_needs_the_number_of_looks(spending: str, tmp_path: Path) -> None:
    path = written("2024-09-27", tmp_path, spending)
    path.write_text(path.read_text().replace("date: 2024-09-27", "every_months: 12"))
    key, rule = refusal(path)
    assert key == "monitoring.efficacy.spending"
    assert "how many every_months comes to is known only at the end" in rule


def test_a_fixed_critical_value_does_not(tmp_path: Path) -> None:
    path = written("2024-09-27", tmp_path, "haybittle_peto(3)")
    path.write_text(path.read_text().replace("date: 2024-09-27", "every_months: 12"))
    prepare(load_scenario(path), lambda _: None)


def test_there_is_one_rule_for_looks_every_so_many_months(tmp_path: Path) -> None:
    path = written("2024-09-27", tmp_path)
    two = "{at: {every_months: 3}, times: 1}, {at: {every_months: 6}}"
    path.write_text(path.read_text().replace("{at: {date: 2024-09-27}}", two))
    key, rule = refusal(path)
    assert key == "monitoring.looks[1].at.every_months"
    assert rule == "is the second rule for looks every so many months"


def written(date: str, folder: Path, spending: str = "lan_demets_pocock") -> Path:
    path = folder / "dated.yaml"
    path.write_text(
        "extends: two-arm-survival\nname: dated\ntitle: a look on a date\n"
        "trial: {start_date: 2024-01-01}\nmonitoring:\n  analysis: log_rank\n"
        f"  max_information: 30\n  looks: [{{at: {{date: {date}}}}}]\n"
        f'  efficacy: {{spending: "{spending}"}}\n'
    )
    return path


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(ScenarioError) as caught:
        prepare(load_scenario(path), lambda _: None)
    (problem,) = caught.value.problems
    assert problem.line in (4, 8, 9)
    assert problem.remedy
    return problem.key, problem.rule


def test_a_date_without_a_start_date_is_refused(tmp_path: Path) -> None:
    shipped_text = (SCENARIOS / "two-arm-survival.yaml").read_text().splitlines(keepends=True)
    path = tmp_path / "undated.yaml"
    looks = written("2024-09-27", tmp_path).read_text().split("monitoring:")[1]
    text = "".join(line for line in shipped_text if "start_date" not in line)
    path.write_text(f"{text}\nmonitoring:{looks}")
    with pytest.raises(ScenarioError) as caught:
        prepare(load_scenario(path), lambda _: None)
    (problem,) = caught.value.problems
    assert problem.key == "monitoring.looks[0].at.date"
    assert "counted from trial.start_date, which is not given" in problem.rule
    assert problem.remedy == "give trial.start_date"
