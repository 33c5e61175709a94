"""What becomes of patients and sessions: parts that add up, against a slow count of the records."""

import math
from collections import Counter

import numpy as np
import pytest
from analysis_records import plan_of
from numpy_metrics import uses

from calibration.targets import solve_targets
from simulator.analysis import END, Use, analyse, design_of, plans_of
from simulator.engines.compiled import simulate
from simulator.montecarlo.columns import layout_of
from simulator.montecarlo.operations import operations_of
from simulator.montecarlo.totals import Totals
from simulator.montecarlo.trial_metrics import metric_rows_of
from simulator.params.lower import lower
from simulator.records import SessionStatus
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_names

TRIALS = 40
GIVEN = SessionStatus.DELIVERED, SessionStatus.CUT_SHORT
ROUNDING = 1e-9  # means are folded trial by trial; sums of some dozens of them round by less


@pytest.fixture(scope="module", params=shipped_names())
def run(request):
    """A scenario's records, and what is told of them."""
    solved = solve_targets(load_scenario(request.param).scenario, lambda _: None)
    params, plans = lower(solved), plans_of(solved)
    records = simulate(params, 3, 0, TRIALS)
    layout = layout_of(params, plans)
    totals = Totals(layout)
    totals.add(metric_rows_of(params, layout, records, plans), TRIALS)
    return params, records, operations_of(solved, params, totals)


def added(*estimates):
    return pytest.approx(sum(e.mean for e in estimates), abs=ROUNDING)


def test_patients_of_an_arm_add_up(run):
    params, _, o = run
    assert o.randomised.mean == added(*(f.randomised for f in o.flow.values()))
    for flow in o.flow.values():
        assert flow.randomised.mean == added(flow.died, flow.lost, flow.alive)
        assert flow.randomised.mean == added(flow.analysed, *flow.left_out.values())
        if params.max_sessions:
            assert flow.randomised.mean == added(flow.treated, flow.not_treated)
        else:
            assert flow.treated is flow.not_treated is None
        assert flow.transplanted.mean <= flow.alive.mean


def test_candidates_add_up(run):
    _, records, o = run
    waiting = records.trials.screened.sum() - sum(
        column.sum()
        for column in (
            records.trials.failed_first,
            records.trials.refused_consent,
            records.trials.turned_away,
            records.trials.randomised,
        )
    )
    assert waiting == 0
    assert sum(row.first_failed.mean for row in o.funnel) == pytest.approx(1.0, abs=ROUNDING)


def test_sessions_add_up(run):
    _, _, o = run
    for arm in o.arms:
        fates = (
            o.sessions_delivered, o.sessions_missed, o.sessions_left_waiting,
            o.sessions_broken_off,
        )  # fmt: skip
        assert o.sessions_due[arm].mean == added(*(fate[arm] for fate in fates))
        due, more = o.sessions_due[arm].mean, o.sessions_beyond_plan[arm].mean
        planned, never = o.sessions_planned[arm].mean, o.sessions_not_due[arm].mean
        assert planned == pytest.approx(due - more + never, abs=ROUNDING)


def test_an_arm_is_counted_patient_by_patient(run):
    """Each patient's end is read off the records in the order in which it was seen."""
    params, records, o = run
    p, s, horizon = records.patients, records.sessions, params.trial.follow_up_days
    for a, flow in enumerate(o.flow.values()):
        found = Counter()
        for i in np.flatnonzero(p.arm == a):
            end = min((p.death_after_days[i], "died"), (p.loss_after_days[i], "lost"))
            seen = end[1] if end[0] <= horizon else "alive"
            found[seen] += 1
            given = sum(status in GIVEN for status in s.status[i])
            found["treated" if given else "not_treated"] += 1
            for event, when in (
                ("transplanted", p.transplant_after_days[i]),
                ("withdrawn", p.withdrawal_after_days[i]),
            ):
                if params.exits.rate_per_day.any():
                    found[event] += when <= min(horizon, p.loss_after_days[i])
        for name in ("died", "lost", "alive", "transplanted", "withdrawn"):
            assert getattr(flow, name).mean == pytest.approx(found[name] / TRIALS, abs=ROUNDING)
        if flow.treated is not None:
            assert flow.treated.mean == pytest.approx(found["treated"] / TRIALS, abs=ROUNDING)


def fate_of(status, is_planned):
    """What becomes of a session, in the words of the results."""
    return {
        SessionStatus.NOT_DUE: "not_due" if is_planned else "none",
        SessionStatus.WAITING: "left_waiting",
        SessionStatus.LEFT: "left_waiting",
        SessionStatus.RUNNING: "broken_off",
        SessionStatus.ENDED_BY_EXIT: "broken_off",
        SessionStatus.MISSED: "missed",
        SessionStatus.DELIVERED: "delivered",
        SessionStatus.CUT_SHORT: "delivered",
    }[SessionStatus(status)]


def test_sessions_are_counted_one_by_one(run):
    _, records, o = run
    p, s = records.patients, records.sessions
    for a, arm in enumerate(o.arms):
        found = Counter(
            fate_of(s.status[i, k], k < p.sessions_planned[i])
            for i in np.flatnonzero(p.arm == a)
            for k in range(s.status.shape[1])
        )
        for name in ("delivered", "missed", "not_due", "left_waiting", "broken_off"):
            mean = getattr(o, f"sessions_{name}")[arm].mean
            assert mean == pytest.approx(found[name] / TRIALS, abs=ROUNDING)


PLANS = (
    plan_of("fisher", name="excluded"),
    plan_of("fisher", "worst_case", name="worst"),
    plan_of("fisher", population="treated", withdrawal="censored", name="treated"),
    plan_of("fisher", transplant="censored", rescue="censored", name="censored events"),
    plan_of("log_rank", "censored", name="log_rank"),
    plan_of("log_rank", "excluded", name="log_rank without the lost"),
    plan_of("gray", "excluded", "competing", name="gray", cause="liver"),
    plan_of("meld_ancova", name="survivors"),
    plan_of("meld_worst_rank", name="ranks"),
    plan_of("win_ratio", name="wins", margin_points=1.0),
    plan_of("permutation", "censored", name="replayed", of="log_rank", draws=19),
)
STATISTIC = {plan.name: plan for plan in PLANS} | {"replayed": PLANS[4]}


@pytest.fixture(scope="module")
def scarce():
    """Trials in which much happens, and what analyses know of them."""
    solved = solve_targets(load_scenario("nct05484908-scarce").scenario, lambda _: None)
    params = lower(solved)
    return params, simulate(params, 3, 0, TRIALS)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_who_is_analysed_is_what_the_estimand_says(plan, scarce):
    """A patient at a time, by the words of the analysis."""
    params, records = scarce
    p, s, horizon = records.patients, records.sessions, float(params.trial.follow_up_days)
    inner = STATISTIC[plan.name]
    found = uses(records, plan, inner, params.trial.follow_up_days, params.plan.modality)
    for i in range(p.arm.size):
        rescue = math.inf
        for k, status in enumerate(s.status[i]):
            begun = not np.isnan(s.start_day[i, k]) and status != SessionStatus.NOT_DUE
            other = s.modality[i, k] != params.plan.modality[p.arm[i]]
            if begun and (other or k >= p.sessions_planned[i]):
                rescue = min(rescue, s.start_day[i, k] - p.entry_day[i])
        counted = [
            when
            for word, when in (
                (plan.transplant, p.transplant_after_days[i]),
                (plan.withdrawal, p.withdrawal_after_days[i]),
                (plan.rescue, rescue),
            )
            if word == "censored"
        ]
        ends = {
            "counted": min(counted, default=math.inf), "lost": p.loss_after_days[i],
            "died": p.death_after_days[i],
        }  # fmt: skip
        if plan.transplant == "event":
            ends["died"] = min(ends["died"], p.transplant_after_days[i])
        first = min(ends, key=ends.get)
        first = first if ends[first] <= horizon else "alive"
        expected = Use.ANALYSED
        leaves_out = inner.lost == "excluded" or inner.test.startswith("meld")
        if leaves_out and first == "lost":
            expected = Use.LOST
        elif leaves_out and first == "counted":
            expected = Use.COUNTED_AS_LOST
        elif first == "died" and inner.test == "meld_ancova":
            expected = Use.DIED
        elif first == "alive" and inner.test.startswith("meld"):
            visits = p.visit_meld[i, [0, -1]]
            expected = Use.NOT_SEEN if np.isnan(visits).any() else Use.ANALYSED
        if plan.population == "treated" and not any(status in GIVEN for status in s.status[i]):
            expected = Use.NO_SESSION
        assert found[i] == expected, i


def test_those_analysed_are_those_that_decide_whether_there_is_a_result(scarce):
    """An arm from which nobody is used has no result, and only such an arm."""
    params, records = scarce
    # Two patients a trial: many have an arm that is lost, or without survivors.
    plan = PLANS[0]
    table = analyse(records, [plan], design_of(params, 3), END)
    found = uses(records, plan, plan, params.trial.follow_up_days, params.plan.modality)
    used = np.zeros((TRIALS, 2), int)
    trial = np.repeat(np.arange(TRIALS), records.trials.randomised)
    np.add.at(used, (trial, records.patients.arm), found == Use.ANALYSED)
    assert ((table.reason[:, 0] == 1) == (used == 0).any(axis=1)).all()
