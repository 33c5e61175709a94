"""A search over designs against brute force, closed forms and hand calculation."""

import math

import pytest

import simulator
from simulator.montecarlo.workers import Workers
from simulator.planning.needed import SCREENED
from simulator.planning.paired import run_trials
from simulator.results.design import Constraint, Feasibility
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.study import Study, prepare

HEAD = "extends: two-arm-survival\nname: mine\ntitle: mine\n"
COSTS = HEAD + "costs: {currency: EUR, per_patient: 1000, per_site: 500}\n"
SIZES = [60, 120, 180, 240, 300]


def silent(*_):
    pass


@pytest.fixture(scope="module")
def bare():
    return simulator.load("two-arm-survival")


@pytest.fixture(scope="module")
def costed(tmp_path_factory):
    path = tmp_path_factory.mktemp("designs") / "mine.yaml"
    path.write_text(COSTS, encoding="utf-8")
    return Study(prepare(load_scenario(path), silent))


@pytest.fixture(scope="module")
def grid(costed):
    """Power of every design by brute force, and its Monte Carlo error."""
    found = {}
    for n in SIZES:
        run = run_trials(costed.with_values({"n": n}).prepared, 2_000, 9, Workers(), silent)
        power = run.rejected[:, 0].mean()
        found[n] = power, math.sqrt(power * (1 - power) / 2_000)
    return found


def test_the_front_is_that_of_brute_force(costed, grid):
    """Fewer patients are cheaper and less powerful: every feasible size is on the front."""
    answer = costed.design(0.8, choose={"n": SIZES}, trials=2_000, jobs=1)
    sure = {n for n, (power, error) in grid.items() if power - 4 * error > 0.8}
    surely_not = {n for n, (power, error) in grid.items() if power + 4 * error < 0.8}
    feasible = {design.patients for design in answer.feasible}
    assert sure
    assert sure <= feasible
    assert not feasible & surely_not
    for design in answer.front:
        power, error = grid[design.patients]
        assert abs(design.power.mean - power) < 4 * math.hypot(error, design.power.mcse)
        assert design.cost.mean == 1000 * design.patients + 500


def test_a_power_that_is_known_is_met(bare):
    """Two-arm survival: 34.90 % with 60 patients, the exact power of its log-rank test's law."""
    answer = bare.design(0.3, choose={"n": [60]}, trials=4_000, jobs=1)
    (design,) = answer.designs
    assert abs(design.power.mean - 0.3490) < 4 * design.power.mcse
    assert design.feasibility is Feasibility.FEASIBLE


def test_what_is_told_of_a_design_comes_from_trials_that_did_not_choose_it(costed):
    answer = costed.design(0.5, choose={"n": [120, 180]}, trials=500, seed=3, jobs=1)
    for design in answer.front:
        assert design.confirmed
        prepared = costed.with_values({"n": design.patients}).prepared
        fresh = run_trials(prepared, 500, 3, Workers(), silent, SCREENED)
        assert design.power.mean == fresh.rejected[:, 0].mean()


def test_the_patients_that_are_looked_for_have_the_power_and_not_many_more(bare):
    answer = bare.design(0.8, trials=2_000, jobs=1)
    (design,) = answer.feasible
    needed = bare.size(0.8, jobs=1, patients=5_000_000)
    assert design.ci_low > 0.8
    assert needed.answer.low <= design.patients <= 1.2 * needed.answer.high


def test_a_budget_that_no_design_meets_is_missed_by_what_the_cheapest_costs_more(costed):
    answer = costed.design(0.8, budget=100_000, choose={"n": [240, 300]}, trials=500, jobs=1)
    assert answer.front == ()
    (miss,) = answer.nearest
    assert (miss.constraint, miss.others) == (Constraint.BUDGET, ())
    assert miss.design.patients == 240
    assert miss.missed_by == 240 * 1000 + 500 - 100_000


def test_each_limit_that_binds_alone_is_told_with_its_own_nearest_design(costed):
    """With 60 patients the budget holds and the power does not; with 300 the other way round."""
    answer = costed.design(0.8, budget=100_000, choose={"n": [60, 300]}, trials=500, jobs=1)
    misses = {miss.constraint: miss for miss in answer.nearest}
    assert misses[Constraint.POWER].design.patients == 60
    assert misses[Constraint.BUDGET].design.patients == 300
    assert misses[Constraint.BUDGET].missed_by == 200_500
    power = misses[Constraint.POWER]
    assert power.missed_by == pytest.approx(0.8 - power.reached.mean)
    relative = [miss.missed_by / miss.limit for miss in answer.nearest]
    assert relative == sorted(relative)


def test_where_no_design_meets_all_other_limits_the_fastest_and_cheapest_with_the_power_are_named(
    costed,
):
    """300 patients have the power (91 %) and neither limit; 60 meet neither power nor days."""
    limits = {"within_days": 100, "budget": 100_000}
    answer = costed.design(0.8, **limits, choose={"n": [60, 300, 400]}, trials=500, jobs=1)
    misses = {miss.constraint: miss for miss in answer.nearest}
    assert set(misses) == {Constraint.DAYS, Constraint.BUDGET}
    for constraint, other in (
        (Constraint.DAYS, Constraint.BUDGET),
        (Constraint.BUDGET, Constraint.DAYS),
    ):
        assert misses[constraint].design.patients == 300
        assert misses[constraint].others == (other,)


@pytest.mark.parametrize(
    ("limits", "choose", "rule"),
    [
        ({}, {"n": [100], "trial.target_randomised": [300]}, "is chosen from already, as n"),
        ({"within_days": math.inf}, {"n": [100]}, "must be a number"),
        ({}, {"n": ["abc"]}, "must be a whole number"),
        ({}, {"scheme": ["bogus"], "n": [100]}, "is not a scheme"),
    ],
)
def test_what_is_chosen_from_twice_or_cannot_be_is_refused(costed, limits, choose, rule):
    with pytest.raises(ScenarioError, match=rule):
        costed.design(0.8, choose=choose, trials=200, jobs=1, **limits)


def test_a_limit_within_the_error_cannot_be_told(bare):
    """The power of 60 patients is .349: with 400 trials no interval leaves it out."""
    answer = bare.design(0.349, choose={"n": [60]}, trials=400, jobs=1)
    (design,) = answer.front
    assert design.feasibility is Feasibility.UNDECIDED
    assert design.misses == (Constraint.POWER,)
    assert answer.feasible == ()


def test_more_sites_recruit_faster_and_the_unit_of_each_is_its_own():
    base = simulator.load("nct05484908")
    answer = base.design(0.06, choose={"n": [60], "sites": [1, 2]}, trials=200, jobs=1)
    days = {design.values["sites"]: design.enrolment_days for design in answer.designs}
    halved = days[1].mean / 2 - days[2].mean
    assert abs(halved) < 4 * math.hypot(days[1].mcse / 2, days[2].mcse)


def test_no_more_patients_are_looked_for_than_there_are_candidates(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + "accrual: {candidates: 70}\n", encoding="utf-8")
    answer = Study(prepare(load_scenario(path), silent)).design(0.8, trials=200, jobs=1)
    assert max(design.patients for design in answer.designs) == 70
    assert [miss.constraint for miss in answer.nearest] == [Constraint.POWER]


def test_a_value_that_no_trial_can_have_is_told_and_the_others_are_tried(bare):
    answer = bare.design(0.3, choose={"n": [60, 1]}, trials=100, jobs=1)
    assert [dict(failed.values) for failed in answer.failed] == [{"n": 1}]
    assert [design.patients for design in answer.designs] == [60]


def test_a_scenario_without_an_effect_has_no_power_to_look_for(bare):
    under = bare.with_values({"null_hypothesis": "strong"})
    with pytest.raises(ScenarioError, match="the scenario has no effect"):
        under.check_design()


WRONG = {
    "power below alpha": ({"power": 0.01}, "must be between alpha"),
    "budget without costs": ({"budget": 1e6}, "counts no costs"),
    "no such choice": ({"choose": {"machinez": [1]}}, "did you mean machines"),
    "not of this scenario": ({"choose": {"machines": [1]}}, "is no choice of this scenario"),
    "no such key": ({"choose": {"unit.machinez": [1]}}, "is not a key of this scenario"),
    "no values": ({"choose": {"n": []}}, "has no values"),
    "too many": ({"choose": {"n": list(range(60, 1200))}}, "makes 1,140 designs"),
    "no such analysis": ({"analysis": "nothing"}, "is no analysis of this scenario"),
}


@pytest.mark.parametrize(("asked", "said"), WRONG.values(), ids=WRONG)
def test_a_question_that_cannot_be_answered_is_refused(bare, asked, said):
    with pytest.raises(ScenarioError, match=said):
        bare.check_design(**asked)


def test_where_no_design_can_be_simulated_there_is_no_answer(bare):
    """Rather than the answer that no design has the power."""
    with pytest.raises(ScenarioError, match="target_randomised"):
        bare.design(0.3, choose={"n": [1, 0]}, trials=100, jobs=1)


def test_a_scenario_with_uncertain_keys_and_solved_hazards_has_designs():
    """Held hazards leave no mortality target, which the base case's uncertain keys name."""
    base = simulator.load("nct05484908")
    answer = base.design(0.06, choose={"n": [60], "sites": [1, 4]}, trials=100, jobs=1)
    assert answer.failed == ()
    assert [design.patients for design in answer.designs] == [60, 60]
