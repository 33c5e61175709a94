"""Each way in which looks at a family can be asked for wrongly is reported with its line and rule.

Lines are counted in the text of the file, not asked of the loader.
"""

import json
from pathlib import Path

import pytest
from command_line import run_here

from simulator.planning.prepared import prepare
from simulator.scenario.errors import Problem, ScenarioError
from simulator.scenario.loader import load_scenario

LOOKS = """\
extends: two-arm-survival
name: together
title: two arms, two analyses and a look
analyses:
  - {name: log_rank, test: log_rank}
  - {name: fisher, test: fisher}
  - {name: scores, test: max_combo, weights: [[0, 0], [0, 1]]}
  - {name: curve, test: km_difference}
multiplicity:
  - {name: pair, method: holm, analyses: [log_rank, fisher]}
  - {name: whole, method: holm, analyses: [log_rank, scores]}
  - {name: curves, method: holm, analyses: [log_rank, curve]}
  - {name: stepped, method: hochberg, analyses: [log_rank, fisher]}
  - {name: order, method: fixed_sequence, analyses: [fisher, log_rank]}
monitoring:
  analysis: log_rank
  max_information: 30
  looks:
    - at: {deaths: 12}
  efficacy: {spending: lan_demets_pocock}
  futility: {rule: z(-0.5), binding: false}
  family:
    name: pair
    hypotheses:
      - {analysis: fisher, spending: kim_demets(2), max_information: 60}
"""
OWN = "monitoring.family.hypotheses"
BAD = [
    ("name: pair\n    hyp", "name: pare\n    hyp", "monitoring.family.name", "did you mean pair?"),
    ("name: pair\n    hyp", "name: stepped\n    hyp", "monitoring.family.name", "hochberg passes"),
    ("name: pair\n    hyp", "name: order\n    hyp", "monitoring.analysis", "has no level before"),
    ("name: pair\n    hyp", "name: whole\n    hyp", "analyses[2].test", "cannot be monitored"),
    ("name: pair\n    hyp", "name: curves\n    hyp", OWN, "the information of curve is 1 / st"),
    ("  analysis: log_rank", "  analysis: curve", "monitoring.analysis", "is not of the family"),
    ("analysis: fisher,", "analysis: curve,", f"{OWN}[0].analysis", "is not of the family pair"),
    (
        "analysis: fisher,",
        "analysis: log_rank,",
        f"{OWN}[0].max_information",
        "give monitoring.max",
    ),
    ("kim_demets(2)", '"table(0.01,0.025)"', f"{OWN}[0].spending", "a table spends one level"),
    (
        "lan_demets_pocock}",
        "lan_demets_pocock, lower_spending: lan_demets_pocock, lower_alpha: 0.01}",
        "monitoring.efficacy.lower_spending",
        "is of one analysis that is looked at alone",
    ),
    (
        "  looks:\n",
        "  slow_recruitment: {day: 200, fewer_than: 10, then: analyse}\n  looks:\n",
        "monitoring.slow_recruitment",
        "is of one analysis that is looked at alone",
    ),
    ("kim_demets(2)", "kim_demets(-2)", f"{OWN}[0].spending", "fisher at level"),
    ("kim_demets(2)", "haybittle_peto(2)", f"{OWN}[0].spending", "fisher at level 0.025"),
    ("max_information: 60", "max_information: 61", OWN, "61 completed are more than the 60"),
    ("lan_demets_pocock", '"table(0.01,0.025)"', "monitoring.efficacy.spending", "a table spends"),
    ("binding: false", "binding: true", "monitoring.futility.binding", "set it to false"),
]


def problems(text: str, folder: Path) -> tuple[Problem, ...]:
    """What making a scenario of a text ready reports."""
    path = folder / "case.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        prepare(load_scenario(path), lambda _: None)
    return caught.value.problems


def test_the_family_of_these_tests_is_good(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(LOOKS)
    prepare(load_scenario(tmp_path / "case.yaml"), lambda _: None)


@pytest.mark.parametrize(("old", "new", "key", "words"), BAD)
def test_what_is_wrong_is_told_with_its_place(old, new, key, words, tmp_path):
    assert LOOKS.count(old) == 1
    found = problems(LOOKS.replace(old, new), tmp_path)
    told = [f"{p.key}: {p.rule}; {p.remedy}" for p in found]
    assert any(p.key.startswith(key) and words in line for p, line in zip(found, told, strict=True))
    assert all(p.line > 0 for p in found)


def test_a_search_and_a_sweep_are_of_a_family_that_is_looked_at(tmp_path):
    """Any and all of it, and one analysis alone, which the family's looks go with."""
    (tmp_path / "case.yaml").write_text(LOOKS)
    for asked in ("pair", "all:pair", "curve", "order"):
        words = f"sweep case.yaml --vary hazard.effect.hazard_ratio=0.3 --analysis {asked}"
        found = run_here(f"{words} --trials 100 --jobs 1 --json", folder=tmp_path)
        assert found.status == 0, found.err
        assert f'"{asked}"' in found.out


@pytest.mark.slow
def test_no_analysis_of_a_family_that_is_looked_at_has_an_exact_level(tmp_path):
    """Enumeration is of a trial without looks."""
    (tmp_path / "case.yaml").write_text(LOOKS)
    found = run_here("power case.yaml --certify --trials 20 --jobs 1 --json", folder=tmp_path)
    levels = {level["name"]: level["exact"] for level in json.loads(found.out)["levels"]}
    assert levels["fisher"] is None
