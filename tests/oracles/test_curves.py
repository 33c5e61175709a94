"""Tables behind the figures, against slow and obvious versions of each and another library."""

import math

import numpy as np
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from calibration.targets import solve_targets
from simulator.constants import DAYS_PER_MONTH
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.planning.curves import CurveRecorder, CurveRows, grid_of, observer
from simulator.records import SessionStatus
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_names

TRIALS = 12
GIVEN = SessionStatus.DELIVERED, SessionStatus.CUT_SHORT


@pytest.fixture(scope="module", params=["nct05484908-scarce", "two-arm-survival"])
def seen(request):
    solved = solve_targets(load_scenario(request.param).scenario, lambda _: None)
    params = lower(solved)
    records = simulate(params, 5, 0, TRIALS)
    grid = grid_of(params)
    return params, records, grid, CurveRows(*observer(grid).look(params, records))


def patients_of(records, trial, arm):
    p = records.patients
    return np.flatnonzero((p.trial == records.trials.trial[trial]) & (p.arm == arm))


def test_survival_is_the_kaplan_meier_estimate_of_each_arm(seen):
    params, records, grid, found = seen
    p, horizon = records.patients, params.trial.follow_up_days
    for trial in range(TRIALS):
        for arm in (0, 1):
            own = patients_of(records, trial, arm)
            end = np.minimum(np.minimum(p.death_after_days[own], p.loss_after_days[own]), horizon)
            died = p.death_after_days[own] <= np.minimum(p.loss_after_days[own], horizon)
            curve = SurvfuncRight(end, died)
            for d, day in enumerate(grid.days):
                past = curve.surv_times <= day
                expected = curve.surv_prob[past][-1] if past.any() else 1.0
                assert found.survival[trial, arm, d] == pytest.approx(expected, abs=1e-12)
                assert found.at_risk[trial, arm, d] == (end >= day).sum()


def test_recruited_are_those_randomised_by_then(seen):
    _, records, grid, found = seen
    for trial in range(TRIALS):
        own = records.patients.trial == records.trials.trial[trial]
        for k, day in enumerate(grid.recruitment):
            assert found.recruited[trial, k] == (records.patients.entry_day[own] <= day).sum()


def test_meld_is_the_mean_of_those_seen_at_a_visit(seen):
    params, records, _, found = seen
    if not params.lab.modelled:
        assert found.meld.shape[2] == 0
        return
    for trial in range(TRIALS):
        for arm in (0, 1):
            values = records.patients.visit_meld[patients_of(records, trial, arm)]
            for visit in range(values.shape[1]):
                known = values[~np.isnan(values[:, visit]), visit]
                assert found.assessed[trial, arm, visit] == known.size
                expected = known.mean() if known.size else math.nan
                assert found.meld[trial, arm, visit] == pytest.approx(expected, nan_ok=True)


def test_sessions_and_plasma_are_those_of_their_week_and_month(seen):
    params, records, grid, found = seen
    if params.max_sessions == 0:
        assert found.started.shape[2] == 0
        return
    p, s = records.patients, records.sessions
    started, plasma = np.zeros_like(found.started), np.zeros_like(found.plasma)
    for trial in range(TRIALS):
        for arm in (0, 1):
            for i in patients_of(records, trial, arm):
                given = [k for k in range(s.status.shape[1]) if s.status[i, k] in GIVEN]
                for k in given:
                    week = int((s.start_day[i, k] - p.entry_day[i]) / 7)
                    started[trial, arm, min(week, grid.weeks - 1)] += 1
                for k in np.flatnonzero(~np.isnan(s.start_day[i])):
                    month = sum(s.start_day[i, k] >= grid.months) - 1
                    plasma[trial, month] += s.plasma_litres[i, k]
    np.testing.assert_array_equal(found.started, started)
    np.testing.assert_allclose(found.plasma, plasma, rtol=1e-12)


def test_tables_are_means_errors_and_bands_of_the_trials(seen):
    params, _, grid, found = seen
    curves = CurveRecorder(grid)
    curves.keep(0, type("Unit", (), {"observed": tuple(found)}))
    tables = curves.tables(params, ["first", "second"])
    row = tables.survival[grid.days.size + 20]
    values = found.survival[:, 1, 20]
    assert (row.arm, row.day) == ("second", grid.days[20])
    assert row.survival == pytest.approx(values.mean())
    assert row.mcse == pytest.approx(values.std(ddof=1) / math.sqrt(TRIALS))
    assert (row.p5, row.p95) == tuple(np.percentile(values, [5, 95]))
    assert grid.months[1] == DAYS_PER_MONTH
    if params.max_sessions:
        planned = sum(r.planned for r in tables.sessions if r.arm == "first")
        assert planned == pytest.approx(found.at_risk[:, 0, 0].mean() * params.plan.sessions[0])


@pytest.mark.parametrize("name", shipped_names())
def test_tables_over_time_add_up_to_what_a_trial_takes(name):
    """Nobody and nothing falls off the end of a table: its sums are the means of the trials."""
    solved = solve_targets(load_scenario(name).scenario, lambda _: None)
    params = lower(solved)
    records = simulate(params, 5, 0, TRIALS)
    curves = CurveRecorder(grid_of(params))
    found = observer(curves.grid).look(params, records)
    curves.keep(0, type("Unit", (), {"observed": found}))
    tables, p = curves.tables(params, ["first", "second"]), records.patients
    last = tables.recruitment[-1]
    every = records.trials.randomised
    assert last.mean == pytest.approx(every.mean())
    quantiles = np.percentile(every, [5, 25, 50, 75, 95]).tolist()
    assert [last.p5, last.p25, last.p50, last.p75, last.p95] == quantiles
    litres = sum(r.litres_per_week * (r.end_day - r.start_day) / 7 for r in tables.plasma)
    assert litres == pytest.approx(p.plasma_litres.sum() / TRIALS)
    for a, arm in enumerate(("first", "second")):
        delivered = sum(r.delivered for r in tables.sessions if r.arm == arm)
        assert delivered == pytest.approx(p.sessions_delivered[p.arm == a].sum() / TRIALS)
