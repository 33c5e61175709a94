"""Units of work: pure functions of what is asked, which add up to one answer."""

import math
import pickle

import numpy as np
import pytest
from scenario_builder import base_case, shipped
from test_totals import answers

from simulator.analysis import END, Reason, analyse, design_of, plans_of, rejects
from simulator.engines.compiled import simulate
from simulator.montecarlo import local, units, work
from simulator.montecarlo.evaluation import Engine, Evaluation, Observer
from simulator.montecarlo.loop import Run, Stop, monte_carlo, monte_carlo_runs
from simulator.montecarlo.multiplicity import families_of, rejected
from simulator.montecarlo.units import run_unit
from simulator.montecarlo.workers import Workers
from simulator.params.lower import lower
from simulator.truth import Truth

SEED, TRIALS = 5, 70


def asked_of(scenario, **more):
    plans = plans_of(scenario)
    truths = (Truth(0.1, 0.01, math.nan, math.nan),) * len(plans)
    return Evaluation(plans, truths, families_of(scenario, plans), **more)


@pytest.fixture(scope="module", params=["two-arm-survival", "nct05484908"])
def case(request):
    scenario = shipped(request.param) if request.param == "two-arm-survival" else base_case()
    return lower(scenario), asked_of(scenario)


def everything(sums):
    """All that sums hold, to be compared bit by bit."""
    return [
        counted(sums),
        [sums.estimation.performance(k) for k in range(len(sums.rejections))],
        answers(sums.totals) if sums.totals.width("sessions_by_modality") == 2 else
        [sums.totals.mean(name) for name in sums.totals.layout.shape],
    ]  # fmt: skip


def counted(sums):
    """What is a number of trials."""
    joint = sums.joint
    return [
        sums.trials,
        *(x.tolist() for x in (sums.rejections, sums.favouring, sums.reasons)),
        *(x.tolist() for x in (joint.both, joint.both_analysable, *joint.by_analysis)),
        joint.any_of, joint.all_of, joint.analysable,
        [sums.totals.enrolment_days.quantile(share) for share in (0.05, 0.95)],
    ]  # fmt: skip


def test_a_unit_depends_on_nothing_but_what_is_asked(case, monkeypatch):
    params, asked = case
    first = run_unit(params, asked, Engine.COMPILED, SEED, 20, TRIALS)
    for size in ("_PATIENTS_A_BLOCK", "_SIMPLE_PATIENTS_A_BLOCK"):
        monkeypatch.setattr(units, size, 11 * params.trial.target_randomised)
    again = run_unit(params, asked, Engine.COMPILED, SEED, 20, TRIALS)
    assert repr(everything(first.sums)) == repr(everything(again.sums))
    assert np.array_equal(first.verdicts.bits, again.verdicts.bits)


def test_bits_of_single_trials_are_what_the_table_says(case):
    params, asked = case
    unit = run_unit(params, asked._replace(table=True), Engine.COMPILED, SEED, 0, TRIALS)
    records = simulate(params, SEED, 0, TRIALS)
    table = analyse(records, asked.plans, design_of(params, SEED), END)
    for ours, theirs in zip(unit.table, table, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    alone = rejects(table, np.array([plan.alpha for plan in asked.plans]))
    v = unit.verdicts
    np.testing.assert_array_equal(v.rejected, alone)
    np.testing.assert_array_equal(v.analysable, table.reason == Reason.ANALYSED)
    np.testing.assert_array_equal(v.second_favoured, alone & (table.favours == 1))
    together = [rejected(table.p_value[:, f.columns], f) for f in asked.families]
    np.testing.assert_array_equal(v.together, np.hstack([np.empty((TRIALS, 0), bool), *together]))
    # And the sums are those of the bits.
    sums = unit.sums
    np.testing.assert_array_equal(sums.rejections, alone.sum(axis=0))
    for arm in (0, 1):
        expected = (alone & (table.favours == arm)).sum(axis=0)
        np.testing.assert_array_equal(sums.favouring[:, arm], expected)
    for why in Reason:
        np.testing.assert_array_equal(sums.reasons[:, why], (table.reason == why).sum(axis=0))


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_an_answer_has_the_same_bits_for_any_number_of_workers(case, jobs, monkeypatch):
    params, asked = case
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 50)

    def silent(*_):
        return None

    runs = [
        monte_carlo(
            Run(params, asked, SEED, Stop(220, None), silent, silent), Workers(n), Engine.COMPILED
        )
        for n in (1, jobs)
    ]
    first, second = (repr(everything(run.sums)) for run in runs)
    assert first == second


def test_units_merged_are_all_trials_at_once(case):
    """Counts exactly, amounts but for rounding."""
    params, asked = case
    whole = run_unit(params, asked, Engine.COMPILED, SEED, 0, 120).sums
    merged = asked.new_sums(params)
    for first, trials in ((0, 50), (50, 50), (100, 20)):
        merged.merge(run_unit(params, asked, Engine.COMPILED, SEED, first, trials).sums)
    for name in whole.totals.layout.counts:
        for k in range(whole.totals.width(name)):
            assert merged.totals.mean(name, k) == whole.totals.mean(name, k)
    for name in whole.totals.layout.amounts:
        ours, theirs = merged.totals.mean(name), whole.totals.mean(name)
        assert (ours.mean, ours.mcse) == pytest.approx((theirs.mean, theirs.mcse), rel=1e-12)
    assert counted(merged) == counted(whole)


def test_an_observer_sees_the_records_of_its_trials_and_no_others(case):
    params, asked = case
    seen = []

    def look(_params, records):
        seen.extend(records.trials.trial.tolist())
        return (records.trials.recruitment_end_day,)

    watched = asked._replace(observer=Observer(look, 30, ()), columns=("enrolment_days",))
    first = run_unit(params, watched, Engine.COMPILED, SEED, 0, 25)
    later = run_unit(params, watched, Engine.COMPILED, SEED, 30, 25)
    assert seen == list(range(25))
    np.testing.assert_array_equal(first.observed[0], first.columns["enrolment_days"])
    assert later.observed == ()


def test_what_is_kept_does_not_grow_with_the_trials(monkeypatch):
    """Twenty times the trials, the same sums: nothing is kept of a single trial."""
    scenario = shipped("two-arm-survival")
    params, asked = lower(scenario), asked_of(scenario)
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 50)

    def silent(*_):
        return None

    def kept(trials):
        run = monte_carlo(
            Run(params, asked, 1, Stop(trials, None), silent, silent), Workers(), Engine.COMPILED
        )
        return len(pickle.dumps(run.sums)), run.trials

    (few, _), (many, trials) = kept(500), kept(10_000)
    assert trials == 10_000
    # A byte a trial would be 9,500; days of enrolment lie further apart in more trials, though.
    assert many - few < 8_000


@pytest.mark.parametrize("jobs", [1, 3])
def test_runs_one_after_another_are_those_of_each_alone(jobs, monkeypatch):
    """One of them stops by its precision, and its units that were begun are thrown away."""
    scenario = shipped("two-arm-survival")
    params, asked = lower(scenario), asked_of(scenario)
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 400)
    told = []

    def run(stop, seed, name):
        return Run(
            params, asked, seed, stop, lambda *_: told.append(name), lambda *_: told.append(name)
        )

    stops = (Stop(130, None), Stop(None, 0.015), Stop(900, None))
    runs = [run(stop, seed, seed) for seed, stop in enumerate(stops)]
    together = list(monte_carlo_runs(iter(runs), Workers(jobs), Engine.COMPILED))
    assert told == sorted(told)
    assert together[1].trials % 50 == 0
    assert 1_000 <= together[1].trials < 1_200
    for one, found in zip(runs, together, strict=True):
        alone = monte_carlo(one, Workers(), Engine.COMPILED)
        assert repr(everything(found.sums)) == repr(everything(alone.sums))


def test_the_next_run_is_made_while_the_one_before_it_is_worked_at(monkeypatch):
    scenario = shipped("two-arm-survival")
    params, asked = lower(scenario), asked_of(scenario)
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 50)
    events = []

    def silent(*_):
        return None

    def runs():
        for number in (1, 2):
            events.append(f"{number} is made")
            yield Run(params, asked, number, Stop(100, None), silent, silent)

    for run in monte_carlo_runs(runs(), Workers(), Engine.COMPILED):
        events.append(f"{run.seed} is over")
    assert events == ["1 is made", "2 is made", "1 is over", "2 is over"]


# The reference engine, whose units are shared out in parts


@pytest.fixture
def in_parts(monkeypatch):
    """Parts of 30 trials, of the compiled engine and in this process, and who may interrupt."""
    interrupts = []

    def in_processes(work, begun, _jobs):
        for first, trials in work.spans(begun):
            for at in range(0, trials, 30):
                if (first + at) in interrupts:
                    raise KeyboardInterrupt
                asked = work.params, work.asked, Engine.COMPILED, work.seed
                yield units.run_part(*asked, first + at, min(30, trials - at))

    monkeypatch.setattr(local, "_in_processes", in_processes)
    monkeypatch.setattr(work, "trials_a_unit", lambda *_: 400)
    return interrupts


@pytest.fixture(scope="module")
def bare():
    scenario = shipped("two-arm-survival")
    return lower(scenario), asked_of(scenario)


def reference_run(case, stop, told=None):
    params, asked = case
    heard = (lambda trials, _: told.append(trials)) if told is not None else lambda *_: None
    return Run(params, asked._replace(table=True), SEED, stop, heard, lambda *_: None)


@pytest.mark.parametrize("stop", [Stop(930, None), Stop(None, 0.0151)])
def test_parts_added_up_here_are_units_that_one_worker_adds_up(bare, stop, in_parts):
    assert not in_parts
    told = []
    ours = monte_carlo(reference_run(bare, stop, told), Workers(), Engine.REFERENCE)
    theirs = monte_carlo(reference_run(bare, stop), Workers(), Engine.COMPILED)
    assert repr(everything(ours.sums)) == repr(everything(theirs.sums))
    assert told[:3] == [30, 60, 90]  # what is known of a unit is told part by part
    assert told[-1] == ours.trials


def test_ctrl_c_keeps_the_parts_of_a_unit_that_are_done(bare, in_parts):
    in_parts.append(460)
    found = monte_carlo(reference_run(bare, Stop(930, None)), Workers(), Engine.REFERENCE)
    whole = monte_carlo(reference_run(bare, Stop(460, None)), Workers(), Engine.COMPILED)
    assert found.interrupted
    assert found.trials == 460
    assert repr(everything(found.sums)) == repr(everything(whole.sums))


def test_ctrl_c_before_anything_is_done_is_raised(bare, in_parts):
    in_parts.append(0)
    with pytest.raises(KeyboardInterrupt):
        monte_carlo(reference_run(bare, Stop(930, None)), Workers(), Engine.REFERENCE)
