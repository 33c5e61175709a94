"""Boundaries whose two sides differ: each is the one-sided design of its part of alpha."""

from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from scenario_builder import changed, shipped

import simulator
from simulator.analysis import plans_of
from simulator.monitoring.asked import monitoring_plan
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.look_rows import LookRows
from simulator.montecarlo.parts import run_part
from simulator.params.lower import lower
from simulator.planning.scenario_boundaries import boundaries_of
from simulator.report.document.blocks import Paragraph
from simulator.report.document.looks import look_blocks
from simulator.report.text.power_looks import rules_in_words

EFFICACY = {
    "spending": "lan_demets_obrien_fleming",
    "lower_spending": "lan_demets_pocock",
    "lower_alpha": 0.01,
}


def scenario_with(efficacy):
    monitoring = {
        "analysis": "log_rank",
        "max_information": 28,
        "looks": [{"at": {"deaths": 14}, "cleaning_days": 10.0}],
        "efficacy": efficacy,
    }
    return changed(shipped("two-arm-survival"), {"monitoring": monitoring})


def test_each_side_is_the_design_of_its_own_part_of_alpha() -> None:
    found = boundaries_of(scenario_with(EFFICACY))
    upper = simulator.boundaries((0.5, 1), "lan_demets_obrien_fleming", alpha=0.04)
    other = simulator.boundaries((0.5, 1), "lan_demets_pocock", alpha=0.01)
    for look, above, below in zip(found.looks, upper.looks, other.looks, strict=True):
        assert look.efficacy_z == pytest.approx(above.efficacy_z, abs=1e-9)
        assert look.lower_z == pytest.approx(-below.efficacy_z, abs=1e-9)
        assert look.under_null.lower == pytest.approx(below.under_null.efficacy, abs=1e-9)


def rows_of(efficacy) -> LookRows:
    scenario = scenario_with(efficacy)
    plans = plans_of(scenario)
    asked = Evaluation(plans, (), (), monitoring=monitoring_plan(scenario, plans))
    part = run_part(lower(scenario), asked, Engine.COMPILED, 5, 0, 200)
    assert part.looks is not None
    return part.looks.rows


def test_the_same_rule_with_half_of_alpha_is_the_symmetric_boundary() -> None:
    kim = {"spending": "kim_demets(1)"}
    halves = rows_of(kim | {"lower_spending": "kim_demets(1)", "lower_alpha": 0.025})
    for one, other in zip(rows_of(kim), halves, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_told_names_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "sides.yaml"
    path.write_text(
        "extends: nct05484908-looks\nname: sides\ntitle: two rules\nmonitoring:\n"
        "  efficacy: {lower_spending: kim_demets(1), lower_alpha: 0.01}\n"
    )
    answer = simulator.load(path).power(100, jobs=1)
    looks = answer.looks
    assert looks is not None
    assert "in favour of PE kim_demets(1), alpha 0.01" in rules_in_words(looks)
    final = looks.looks[-1]
    assert final.lower_z is not None
    assert final.boundary_z is not None
    assert -final.lower_z.mean > final.boundary_z.mean > 1.7
    words = next(block.text for block in look_blocks(answer) if isinstance(block, Paragraph))
    assert "4.0% in favour of DPMAS+LPE by Lan-DeMets spending" in words
    assert "1.0% in favour of PE by Kim-DeMets spending" in words
    ended = run_here("boundaries", "sides.yaml", folder=tmp_path)
    assert "lower side: kim_demets(1), alpha 0.01 beside it" in ended.out
