"""Level at a margin and power beside it, in trials drawn here, against what they must be."""

import math

import numpy as np
import pytest
from analysis_records import design, plan_of, records_of_columns

from simulator.analysis import END, analyse
from simulator.analysis.exact_power import power, question_of, rejection_set
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.records import TrialRecords

FOLLOW_UP = 84
TRIALS = 10_000


def trials_of(arm_size: int, scale_days: tuple[float, float], seed: int) -> TrialRecords:
    """Trials with exponential times of death, of these means, and nobody lost."""
    rng = np.random.default_rng(seed)
    arm = np.tile(np.repeat([0, 1], arm_size), TRIALS)
    never = np.full(arm.size, math.inf)
    columns = {
        "arm": arm, "death_after_days": rng.exponential(np.array(scale_days)[arm]),
        "loss_after_days": never, "transplant_after_days": never,
        "visit_after_days": np.empty((arm.size, 0)), "visit_meld": np.empty((arm.size, 0)),
    }  # fmt: skip
    return records_of_columns(np.full(TRIALS, 2 * arm_size), columns)


def share(records, plan) -> float:
    p_value = analyse(records, [plan], design(FOLLOW_UP), END).p_value[:, 0]
    return float((p_value <= plan.alpha).mean())


def error(probability: float) -> float:
    return math.sqrt(probability * (1 - probability) / TRIALS)


def test_the_level_at_the_margin_is_held_by_coxs_score_test_and_by_differences_of_curves():
    """The true hazard ratio, difference at the end and of mean times are the margins themselves."""
    scale = 100.0, 100.0 / 1.3
    records = trials_of(100, scale, 11)
    dead = [-math.expm1(-FOLLOW_UP / s) for s in scale]
    time = [s * d for s, d in zip(scale, dead, strict=True)]
    asked = {
        "cox": (Hypothesis("less", 1.3), {"ties": "efron", "statistic": "score"}),
        "km_difference": (Hypothesis("less", dead[1] - dead[0]), {}),
        "rmst_difference": (Hypothesis("greater", time[1] - time[0]), {"day": 84.0}),
    }
    for test, (hypothesis, options) in asked.items():
        plan = plan_of(test, "censored", alpha=0.05, hypothesis=hypothesis, **options)
        found = share(records, plan)
        # Their normal approximation is off by less than half a point at 100 v 100.
        assert abs(found - 0.05) <= 4 * error(0.05) + 0.005, f"{test}: {found}"


@pytest.mark.parametrize(
    ("test", "options"),
    [("z_pooled", {}), ("risk_difference", {"interval": "farrington_manning"})],
)
@pytest.mark.parametrize("asked", [Hypothesis("less", 0.2), Hypothesis(equivalence=(-0.4, 0.4))])
def test_power_with_a_margin_is_that_by_enumeration(test, options, asked):
    scale = -FOLLOW_UP / math.log(0.6)
    plan = plan_of(test, alpha=0.05, hypothesis=asked, **options)
    exact = power(rejection_set(question_of(plan, 30, 30)), 0.4, 0.4)
    found = share(trials_of(30, (scale, scale), 12), plan)
    assert 0.2 < exact < 0.99
    assert abs(found - exact) <= 4 * error(exact)
