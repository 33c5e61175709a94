"""Sums over trials refuse what compiled code would write out of bounds for."""

import pytest
from scenario_builder import shipped

from simulator.analysis import plans_of
from simulator.montecarlo.evaluation import Evaluation
from simulator.params.lower import lower


def test_sums_need_a_truth_for_each_analysis():
    scenario = shipped("two-arm-survival")
    plans = plans_of(scenario)
    with pytest.raises(ValueError, match="1 analyses need as many truths, not 0"):
        Evaluation(plans, (), ()).new_sums(lower(scenario))
