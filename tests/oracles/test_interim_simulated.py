"""An interim of a simulated trial comes to what the looks of the simulation came to."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from simulator.analysis import design_of, plans_of
from simulator.analysis.cut import rows_of
from simulator.analysis.data import Block
from simulator.analysis.intercurrent import handled, handling_of
from simulator.monitoring.asked import monitoring_plan
from simulator.montecarlo.evaluation import Engine, Evaluation, Observer
from simulator.montecarlo.parts import run_part
from simulator.params.lower import lower
from simulator.planning.interim.answer import interim
from simulator.planning.interim.file import read_observed
from simulator.records import TrialRecords
from simulator.results.interim import Verdict
from simulator.scenario.loader import load_scenario

TRIALS, SEED = 20, 20221
ARMS = "control", "experimental"
SCENARIO = """\
extends: two-arm-survival
name: looked
title: looks at mortality
analyses: [{name: mortality, ANALYSIS}]
monitoring:
  looks: [{at: {randomised: 40}}]
  efficacy: {spending: lan_demets_pocock}
  futility: {rule: z(0.1)}
"""
ANALYSES = {
    "two-sided": "test: fisher",
    "margin": "test: risk_difference, interval: wald, alpha: 0.05, alternative: less, margin: 0.1",
}
VERDICTS = (Verdict.EFFICACY_FIRST, Verdict.EFFICACY_SECOND, Verdict.FUTILITY, Verdict.GO_ON)


@pytest.mark.parametrize("kind", ANALYSES)
def test_boundary_statistic_and_decision_are_those_of_the_simulated_looks(kind, tmp_path):
    path = tmp_path / "looked.yaml"
    path.write_text(SCENARIO.replace("ANALYSIS", ANALYSES[kind]))
    loaded = load_scenario(path)
    scenario, seen = loaded.scenario, []
    plans, params = plans_of(scenario), lower(scenario)

    def keep(_: Any, records: TrialRecords) -> tuple[()]:
        seen.append(records)
        return ()

    plan = monitoring_plan(scenario, plans)
    asked = Evaluation(plans, (), (), Observer(keep, None, ()), monitoring=plan)
    part = run_part(lower(scenario), asked, Engine.COMPILED, SEED, 0, TRIALS)
    assert part.looks is not None
    looks, design = part.looks.rows, design_of(params, SEED)
    everybody = rows_of(seen[0])
    counts = []
    for place in (0, 1):
        cut = np.where(looks.decision[:, place] >= 0, looks.cut_day[:, place], -1.0)
        handling = handling_of(plans[0])
        rows = handled(seen[0], everybody, handling, design.arm_modality, cut)
        counts.append(Block(rows, cut, design.follow_up_days).counts(plans[0]))
    taken = set()
    for trial in range(TRIALS):
        earlier: list[dict[str, Any]] = []
        for place in (0, 1):
            if looks.decision[trial, place] < 0:
                break
            tables = counts[place][trial].tolist()
            known = {
                "cut": date(2024, 1 + place, 1),
                "final": place == 1,
                "arms": {
                    arm: {"randomised": 100, "followed_up": n, "deaths": x}
                    for arm, (x, n) in zip(ARMS, tables, strict=True)
                },
                "earlier_looks": earlier,
            }
            found = interim(loaded, read_observed(known))
            here = found.looks[-1]
            assert here.fraction == pytest.approx(looks.fraction[trial, place], rel=1e-12)
            assert here.efficacy_z == pytest.approx(looks.boundary[trial, place], abs=1e-12)
            assert found.z == pytest.approx(looks.z[trial, place], abs=1e-6)
            verdict = VERDICTS[looks.decision[trial, place]]
            final = place == 1 and verdict is Verdict.GO_ON
            assert found.verdict is (Verdict.NO_REJECTION if final else verdict)
            taken.add(found.verdict)
            now = {"cut": known["cut"], "information": here.information, "z": found.z}
            earlier = [now]
    assert {Verdict.FUTILITY, Verdict.GO_ON} <= taken
    assert taken & {Verdict.EFFICACY_SECOND}
