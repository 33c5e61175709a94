"""Levers: each move is the very trials that a sweep has; nature is held where a designer moves."""

import math

import numpy as np
import pytest

import simulator
from simulator.constants import DAYS_PER_MONTH
from simulator.montecarlo.workers import Workers
from simulator.planning.choices import is_choice
from simulator.planning.held import variant
from simulator.planning.levers import LEVER_TRIALS, run_levers
from simulator.planning.moves import levers_of
from simulator.planning.paired import run_trials
from simulator.results.levers import LeverKind
from simulator.scenario.errors import ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.study import Study, prepare

HEAD = "extends: two-arm-survival\nname: mine\ntitle: mine\n"
RANGES = (
    "ranges:\n"
    "  - {name: ratio, keys: [hazard.effect.hazard_ratio], low: 0.4, high: 0.8}\n"
    "  - {name: loss, keys: [exits.loss.net_probability], low: 0, high: 0.3}\n"
)


def silent(*_):
    pass


def days_of(prepared):
    """Mean time to the last patient over some trials."""
    return run_trials(prepared, 300, 1, Workers(), silent).totals.mean("enrolment_days")


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("levers") / "mine.yaml"
    path.write_text(HEAD + RANGES, encoding="utf-8")
    return Study(prepare(load_scenario(path), silent))


@pytest.fixture(scope="module")
def answer(mine):
    return mine.levers(400, jobs=1)


@pytest.fixture(scope="module")
def base():
    return simulator.load("nct05484908")


def test_a_move_is_what_a_sweep_has_at_the_same_value(mine, answer):
    ratio = next(lever for lever in answer.levers if lever.name == "ratio")
    key = "hazard.effect.hazard_ratio"
    points = mine.sweep({key: [0.4, 0.8]}, 400, jobs=1).points
    for move in ratio.moves:
        point = next(p for p in points if p.values[key] == move.to[0]).analyses[0]
        found = move.power
        assert (found.mean, found.mcse) == (point.power, point.mcse)
        assert (found.difference, found.paired_mcse) == (point.difference, point.paired_mcse)


def test_levers_are_ranked_by_the_largest_change_of_power(answer):
    swings = [lever.swing for lever in answer.levers]
    assert swings == sorted(swings, reverse=True)
    assert answer.levers[0].name in ("ratio", "patients")


def test_a_difference_is_told_at_the_level_of_all_moves_together(answer):
    """Bonferroni: |difference| over its error against the normal quantile of 0.05 / moves."""
    from scipy.stats import norm

    critical = norm.isf(0.025 / (answer.moves + len(answer.failed)))
    for lever in answer.levers:
        for move in lever.moves:
            is_told = abs(move.power.difference) > critical * move.power.paired_mcse
            assert move.told_apart is bool(is_told)


def test_the_other_analyses_are_one_lever_of_the_same_trials(base):
    levers, _ = levers_of(base.prepared.loaded, "fisher")
    (analysis,) = [lever for lever in levers if lever.keys == ("analyses",)]
    assert [move.to for move in analysis.moves] == [
        (name,)
        for name in (
            *("chi_square", "boschloo", "log_rank", "km_difference"),
            *("meld_survivors", "meld_worst_rank"),
        )
    ]


def test_every_lever_of_the_base_case_can_be_tried_and_choices_are_told_from_assumptions(base):
    levers, left_out = levers_of(base.prepared.loaded, "fisher")
    assert left_out == []
    kinds = {lever.name: lever.kind for lever in levers}
    assert kinds["hazard ratio, DPMAS+LPE against none"] is LeverKind.ASSUMPTION
    assert kinds["cost of a session"] is LeverKind.ASSUMPTION
    assert kinds["sessions planned"] is LeverKind.CHOICE
    assert kinds["machines of the unit"] is LeverKind.CHOICE
    assert sum(name.startswith("criterion ") for name in kinds) == 17
    ranges = {one.name for one in base.prepared.loaded.ranges()}
    assert ranges <= kinds.keys()
    assert len(ranges) == 32


def test_a_scenario_without_a_unit_has_no_machines_to_move(mine):
    levers, _ = levers_of(mine.prepared.loaded, "")
    names = {lever.name for lever in levers}
    assert not names & {"machines of the unit", "nurses for the trial", "sessions planned", "sites"}
    assert "patients" in names


def test_a_range_takes_the_place_of_the_choice_of_the_same_key(mine):
    levers, _ = levers_of(mine.prepared.loaded, "")
    of_loss = [lever for lever in levers if lever.keys == ("exits.loss.net_probability",)]
    assert [lever.name for lever in of_loss] == ["loss"]
    assert of_loss[0].kind is LeverKind.CHOICE
    assert [move.to for move in of_loss[0].moves] == [(0,), (0.3,)]


def test_a_choice_leaves_the_hazards_that_were_solved_as_they_are(base):
    prepared = base.prepared
    solved = prepared.solved.hazard.baseline.mortality_at_horizon
    values = {"arms[0].plan.sessions": 5, "arms[1].plan.sessions": 5}
    chosen = variant(prepared, [values], "test", silent)
    assert chosen.solved.hazard.baseline.mortality_at_horizon == solved
    assumed = variant(prepared, [{"hazard.mortality_targets.PE": 0.3}], "test", silent)
    assert assumed.solved.hazard.baseline.mortality_at_horizon < solved


def test_a_choice_that_changes_nothing_has_the_very_trials_of_the_base(base):
    same = variant(base.prepared, [{"unit.machines": 6}], "test", silent)
    ours, theirs = (
        run_trials(one, 40, 1, Workers(), silent, with_taken=True) for one in (same, base.prepared)
    )
    assert np.array_equal(ours.rejected, theirs.rejected)
    assert np.array_equal(ours.taken.costs, theirs.taken.costs)


def test_dropping_all_criteria_recruits_as_many_more_as_are_eligible(base):
    """Candidates come at the same rate: the mean time to 60 patients goes as their share."""
    levers, _ = levers_of(base.prepared.loaded, "fisher")
    (everyone,) = [lever for lever in levers if lever.keys == ("eligibility.criteria",)]
    found = variant(base.prepared, [everyone.moves[0].values], "test", silent)
    share = base.prepared.params.eligibility.eligible_share
    assert found.params.eligibility.eligible_share == 1.0
    days = days_of(found)
    expected = 60 / (2.32 / DAYS_PER_MONTH) * share
    assert abs(days.mean - expected) < 4 * days.mcse


def test_half_the_patients_take_half_the_recruitment(base):
    halved = variant(base.prepared, [{"trial.target_randomised": 30}], "test", silent)
    days = days_of(halved)
    expected = 30 / (2.32 / DAYS_PER_MONTH)
    assert abs(days.mean - expected) < 4 * days.mcse


def test_a_move_that_cannot_be_simulated_is_counted_and_named(tmp_path):
    """Deaths from the tumour alone are 6 %: no hazard gives a mortality of 1 %."""
    path = tmp_path / "mine.yaml"
    text = (
        "extends: nct05484908\nname: mine\ntitle: mine\nranges:\n"
        "  - {name: mortality, keys: [hazard.mortality_targets.PE], low: 0.01, high: 0.6}\n"
    )
    path.write_text(text, encoding="utf-8")
    study = Study(prepare(load_scenario(path), silent))
    planned = study.plan_levers()
    planned = planned._replace(levers=planned.levers[:1])
    found = run_levers(planned, 20, 1, Workers(), silent)
    (failed,) = found.failed
    assert (failed.lever, failed.to) == ("mortality", (0.01,))
    assert "deaths from the tumour alone" in failed.why
    assert [move.to for move in found.levers[0].moves] == [(0.6,)]


def test_costs_and_days_of_a_move_are_paired_means(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        HEAD + "costs: {currency: EUR, per_patient: 100, per_site: 7}\n", encoding="utf-8"
    )
    study = Study(prepare(load_scenario(path), silent))
    planned = study.plan_levers()
    patients = [lever for lever in planned.levers if lever.name == "patients"]
    found = run_levers(planned._replace(levers=patients), 50, 1, Workers(), silent)
    costs = [move.cost for move in found.levers[0].moves]
    assert found.base.cost.mean == 60 * 100 + 7
    assert [cost.difference for cost in costs] == [-3000.0, 6000.0]
    assert [cost.paired_mcse for cost in costs] == [0.0, 0.0]


def test_stopping_leaves_the_levers_that_are_done(mine):
    seen = []

    def stop(number, _done, _name):
        seen.append(number)
        if number == 3:
            raise KeyboardInterrupt

    found = run_levers(mine.plan_levers(), 50, 1, Workers(), stop)
    assert found.interrupted
    assert not found.finished
    assert len(found.levers) == 1


@pytest.mark.parametrize(
    ("key", "chosen"),
    [
        ("trial.target_randomised", True),
        ("arms[1].plan.sessions", True),
        ("unit.plasma.delivery_litres_mean", True),
        ("exits.loss.net_probability", True),
        ("unit.background.sessions_per_day", False),
        ("exits.transplant.net_probability", False),
        ("hazard.mortality_targets.PE", False),
        ("costs.per_session.PE", False),
        ("trials", False),
    ],
)
def test_a_designer_decides_on_the_trial_and_nature_on_the_disease(key, chosen):
    assert is_choice(key) is chosen


def test_the_trials_of_a_move_tell_a_difference_of_a_point_on_the_base_case():
    """Paired trials differ in 4 % at the most where power is 4 %: an error below .3 points."""
    assert math.sqrt(0.04 / LEVER_TRIALS) < 0.003
    assert np.sqrt(0.25 / LEVER_TRIALS) < 0.0075


OWN = (
    "extends: two-arm-survival\nname: own\ntitle: own\ntrial: {follow_up_days: 90}\n"
    "hazard:\n  baseline: {mortality_at_horizon: solved}\n  effect: {hazard_ratio: 0.6}\n"
    "  mortality_targets: {control: 0.35}\n"
)
RANGE_OF_FOLLOW_UP = (
    "ranges:\n  - {name: follow-up, keys: [trial.follow_up_days], low: 45, high: 180}\n"
)
FOLLOWED = {
    "by the end": OWN,
    "by a day of its own": OWN + "  mortality_target_day: 90\n",
    "a number": OWN.replace("solved", "0.35").replace("  mortality_targets: {control: 0.35}\n", ""),
    "a range of it": OWN + RANGE_OF_FOLLOW_UP,
}


@pytest.mark.parametrize("text", FOLLOWED.values(), ids=FOLLOWED)
@pytest.mark.parametrize("place", [0, 1])
def test_of_another_follow_up_deaths_go_on_at_the_rate_they_had(text, place, tmp_path):
    """Exponential: 35 % by day 90 are 1 - .65^(1/2) by day 45 and 1 - .65^2 by day 180."""
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    study = Study(prepare(load_scenario(path), silent))
    levers, _ = levers_of(study.prepared.loaded, "")
    (followed,) = [lever for lever in levers if lever.keys == ("trial.follow_up_days",)]
    move = followed.moves[place]
    found = Study(variant(study.prepared, [move.values], "test", silent))
    dead = found.power(1_000, jobs=1).operations.mortality["control"]
    assert abs(dead.mean - (1 - 0.65 ** (move.to[0] / 90))) < 4 * dead.mcse


def test_what_is_known_beside_the_trial_does_not_keep_a_lever_from_being_moved(base):
    """The base case's hazards are held without its targets, which its uncertain keys name."""
    loaded = base.prepared.loaded
    assert loaded.scenario.uncertain
    planned = base.plan_levers()
    choices = [lever for lever in planned.levers if lever.kind is LeverKind.CHOICE]
    moves = [move for lever in choices for move in lever.moves if move.analysis is None]
    assert len(moves) >= 40
    for move in moves:
        one = variant(planned.whole, [move.values], "test", silent, planned.narrow)
        assert one.asked.uncertain is None


def test_where_no_move_can_be_simulated_there_is_no_answer(base):
    planned = base.plan_levers()
    (mortality,) = [one for one in planned.levers if one.name == "12-week mortality under PE"]
    impossible = mortality.moves[0]._replace(values={"hazard.mortality_targets.PE": 0.01})
    only = planned._replace(levers=[mortality._replace(moves=(impossible,))])
    with pytest.raises(ScenarioError, match="deaths from the tumour alone"):
        run_levers(only, 20, 1, Workers(), silent)


def test_what_is_uncertain_and_has_no_range_is_moved_to_the_ends_of_its_interval(tmp_path):
    path = tmp_path / "unsure.yaml"
    path.write_text(
        HEAD + "uncertain:\n  - {keys: exits.loss.net_probability, distribution: uniform, "
        "parameters: {low: 0.02, high: 0.1}}\n"
    )
    levers, _ = levers_of(load_scenario(str(path)), "log_rank")
    (loss,) = [one for one in levers if "exits.loss.net_probability" in one.keys]
    ends = [move.values["exits.loss.net_probability"] for move in loss.moves]
    assert ends == pytest.approx([0.02 + 0.025 * 0.08, 0.1 - 0.025 * 0.08])
