"""Each way in which the end of a trial can be asked for wrongly is one message at its line."""

import math
from pathlib import Path

import pytest
from command_line import run_here
from scenario_builder import bare, changed, shipped

from simulator.params.lower import lower
from simulator.planning.averaged_deaths import why_not
from simulator.planning.facts import facts_of
from simulator.planning.formulas import closed_forms
from simulator.results.closed_forms import Contrast
from simulator.scenario.disease import ExitRate
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario

EVENTS = """\
extends: two-arm-survival
name: events
title: ends by its deaths
trial:
  max_follow_up_days: 365
  end: {deaths: 40}
"""
FISHER = EVENTS + "analyses: [{name: fisher, test: fisher}, {name: log_rank, test: log_rank}]\n"
END, LONGEST = "end: {deaths: 40}", "max_follow_up_days: 365"
BAD = [
    (EVENTS, END, "end: {deaths: 61}", "trial.end.deaths", 6, "60 patients are to be randomised"),
    (EVENTS, END, "end: {deaths: 0}", "trial.end.deaths", 6, "must be"),
    (
        EVENTS,
        END,
        "end: {}",
        "trial.end",
        6,
        "takes one of deaths, deaths_per_patient, min_follow_up_days",
    ),
    (EVENTS, END, "end: {deaths: 9, min_follow_up_days: 9}", "trial.end", 6, "has deaths and"),
    (
        *(EVENTS, END, "end: {min_follow_up_days: 366}", "trial.end.min_follow_up_days"),
        *(6, "365 days at the longest, trial.max_follow_up_days"),
    ),
    (EVENTS, LONGEST, "max_follow_up_days: 80", "trial.max_follow_up_days", 5, "shorter than"),
    (EVENTS, LONGEST, "max_follow_up_days: 4000", "trial.max_follow_up_days", 5, "3660"),
    (FISHER, END, END, "analyses[0].test", 7, "may end before that day"),
    (FISHER, END, "end: {min_follow_up_days: 83}", "analyses[0].test", 7, "or end with min_foll"),
    (
        EVENTS + "allocation: {scheme: play_the_winner}\n",
        *(END, "end: null", "trial.max_follow_up_days", 5, "learns who survived"),
    ),
]


@pytest.mark.parametrize(("text", "old", "new", "key", "line", "words"), BAD)
def test_a_wrong_end_is_one_message_at_its_line(
    text: str, old: str, new: str, key: str, line: int, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(text.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (key, line), problem
    assert words in problem.rule + problem.remedy, problem
    assert problem.remedy or problem.value


@pytest.mark.parametrize("end", ["{min_follow_up_days: 84}", "null"])
def test_a_primary_proportion_takes_an_end_that_leaves_out_nobody(end: str, tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(FISHER.replace("{deaths: 40}", end))
    load_scenario(tmp_path / "case.yaml")


def test_the_command_ends_with_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(EVENTS.replace("40", "61"))
    done = run_here("power case.yaml", folder=tmp_path)
    assert done.status == 2
    assert done.err.strip().startswith("case.yaml:6: trial.end.deaths = 61: can never be reached")


@pytest.mark.parametrize(
    ("goes_on", "by_day", "longest", "lasts"),
    [
        (None, 84.0, 365, True),
        (None, 100.0, 365, True),
        (None, 28.0, 365, False),
        (None, 84.0, 84, False),
        (True, 28.0, 84, True),
        (False, 84.0, 365, False),
    ],
)
def test_a_hazard_that_lasts_to_the_end_of_follow_up_goes_on_unless_it_says_otherwise(
    goes_on: bool | None, by_day: float, longest: int, lasts: bool
) -> None:
    one = ExitRate(net_probability=0.1, by_day=by_day, goes_on=goes_on)
    assert one.lasts(84, longest) == lasts
    loss = {"net_probability": 0.1, "by_day": by_day, "goes_on": goes_on}
    params = lower(bare(60, {"exits.loss": loss, "trial.max_follow_up_days": longest}))
    until = params.exits.until_day.max() if lasts else by_day
    assert until >= longest if lasts else until == by_day
    assert params.exits.rate_per_day.max() == pytest.approx(-math.log(0.9) / by_day)


def test_formulas_and_the_conditional_estimator_say_that_follow_up_is_another() -> None:
    longer = changed(shipped("two-arm-survival"), {"trial.max_follow_up_days": 365})
    ending = changed(longer, {"trial.end": {"deaths": 40}})
    for scenario, key in ((longer, "max_follow_up_days"), (ending, "end")):
        why = why_not(scenario, "compiled", None)
        assert why is not None
        assert f"set trial.{key} to null" in why.remedy
        facts = facts_of(scenario.model_dump(mode="json"), 0, None)  # type: ignore[arg-type]
        assert closed_forms(facts, 0.8).contrast is Contrast.OTHER_FOLLOW_UP
    assert why_not(shipped("two-arm-survival"), "compiled", None) is None
