"""The end of a trial: by deaths, on a closing date, after a longer follow-up.

Held to the slow analyses of `reference_analysis`, from records of trials that do not end, and to
closed forms for patients who enter uniformly and die at a constant rate.
"""

import math

import numpy as np
import pytest
from reference_analysis import slow_result, trials_in
from scenario_builder import NEVER, bare, base_case, changed
from scipy import integrate, stats

from simulator.analysis import plans_of
from simulator.conduct import as_planned
from simulator.engines import compiled
from simulator.monitoring.asked import monitoring_plan
from simulator.montecarlo.columns import column_of
from simulator.montecarlo.evaluation import Engine, Evaluation, Observer
from simulator.montecarlo.parts import run_part
from simulator.montecarlo.units import run_unit
from simulator.params.lower import lower
from simulator.truth import Truth

SEED = 2022
LOG_RANK_FIRST = {
    "analyses": [
        {"name": "log_rank", "test": "log_rank", "transplant": "event", "lost": "censored"},
        {"name": "fisher", "test": "fisher", "transplant": "event", "lost": "excluded"},
        {"name": "meld", "test": "meld_ancova", "transplant": "event", "lost": "excluded"},
    ]
}
TIMES_ALONE = {"analyses": LOG_RANK_FIRST["analyses"][:2]}


def bare_trial(patients=60, **changes):
    whole = {
        "trial.max_follow_up_days": 400,
        "exits.loss": {"net_probability": 0.2, "by_day": 84.0},
        **TIMES_ALONE,
    }
    return bare(patients, whole | changes)


CASES = {
    "deaths, while patients come": bare_trial(**{"trial.end": {"deaths": 12}}),
    "deaths, which may not come": bare_trial(**{"trial.end": {"deaths": 51}}),
    "a closing date": bare_trial(**{"trial.end": {"min_follow_up_days": 30}}),
    "each followed for longer": bare_trial(),
    "the real trial, deaths, scarce plasma": base_case(
        "nct05484908-scarce",
        {"trial.max_follow_up_days": 200, "trial.end": {"deaths": 15}, **LOG_RANK_FIRST},
    ),
    "the real trial, a closing date": base_case(
        changes={
            "trial.max_follow_up_days": 365,
            "trial.end": {"min_follow_up_days": 100},
            "exits.transplant.net_probability": 0.2,
            **LOG_RANK_FIRST,
        },
    ),
}


def part_of(scenario, trials, engine=Engine.COMPILED):
    """What the Monte Carlo loop makes of trials, a reader of their metrics, and their records."""
    seen = []

    def look(_, records):
        seen.append(records)
        return ()

    plans, params = plans_of(scenario), lower(scenario)
    asked = Evaluation(
        plans, (), (), Observer(look, None, ()), monitoring=monitoring_plan(scenario, plans)
    )
    part = run_part(params, asked, engine, SEED, 0, trials)
    layout = asked.layout(params)
    return part, lambda name: column_of(layout, part.rows, name), seen[0]


def known_death(patient, most):
    """When a death becomes known, infinity for never."""
    dies = patient["death_after_days"]
    return dies if dies <= min(patient["loss_after_days"], most) else math.inf


def slow_end(scenario, patients, trials):
    """Day on which a trial ends: of its N-th known death, or when follow-up is over."""
    end, most = scenario.trial.end, scenario.trial.max_follow_up_days
    last = max((p["entry_day"] for p in patients), default=-math.inf)
    if end is not None and end.min_follow_up_days is not None:
        return max(trials.recruitment_end_day[0], last + end.min_follow_up_days)
    cap = max(trials.recruitment_end_day[0], last + most)
    if end is None:
        return cap
    days = sorted(p["entry_day"] + known_death(p, most) for p in patients)
    return min(days[end.deaths - 1], cap) if len(days) >= end.deaths else cap


@pytest.mark.parametrize("case", CASES)
def test_trials_end_as_the_slow_version_has_it(case):
    scenario, trials = CASES[case], 40
    part, metric, _ = part_of(scenario, trials)
    everlasting = lower(changed(scenario, {"trial.end": None}))
    plans, most = plans_of(scenario), scenario.trial.max_follow_up_days
    early = pending = 0
    for trial in range(trials):
        conduct = as_planned(np.array([trial]), scenario.trial.target_randomised)
        whole = compiled.conducted(everlasting, SEED, conduct, with_hazard=False)
        (patients,) = trials_in(whole)
        end = slow_end(scenario, patients, whole.trials)
        if end < whole.trials.recruitment_end_day[0]:
            early += 1
            closed = conduct._replace(recruitment_closes_day=np.array([end]))
            whole = compiled.conducted(everlasting, SEED, closed, with_hazard=False)
            (patients,) = trials_in(whole)
        assert metric("trial_days")[trial] == end
        assert metric("randomised")[trial] == len(patients)
        assert metric("enrolment_days")[trial] == whole.trials.recruitment_end_day[0] <= end
        for arm in (0, 1):
            mine = [p for p in patients if p["arm"] == arm]
            dead = [p["entry_day"] + known_death(p, most) <= end for p in mine]
            early_deaths = [p["death_after_days"] <= 84 for p in mine]
            seen = [p["entry_day"] + known_death(p, 84) <= end for p in mine]
            followed = [
                min(p["death_after_days"], p["loss_after_days"], most, end - p["entry_day"])
                for p in mine
            ]
            assert metric("deaths_by_the_end")[trial, arm] == sum(dead)
            assert metric("deaths")[trial, arm] == sum(early_deaths)
            assert metric("deaths_seen")[trial, arm] == sum(seen)
            assert metric("followed_days")[trial, arm] == pytest.approx(sum(followed), rel=1e-12)
        if scenario.trial.end is not None and scenario.trial.end.deaths is not None:
            reached = metric("deaths_by_the_end")[trial].sum() >= scenario.trial.end.deaths
            assert metric("deaths_reached")[trial] == reached
        pending += sum(p["entry_day"] + 84 > end for p in patients)
        for column, plan in enumerate(plans):
            slow = slow_result(patients, plan, end, most)
            for name in ("p_value", "estimate", "standard_error", "favours", "reason"):
                ours = getattr(part.table, name)[trial, column]
                assert ours == pytest.approx(getattr(slow, name), rel=1e-9, nan_ok=True), name
    assert (early > 0) == ("while patients come" in case or "scarce" in case)
    assert pending or not (early or case == "a closing date")


@pytest.mark.parametrize("case", ["deaths, while patients come", "a closing date"])
def test_both_engines_end_trials_alike(case):
    ours, theirs = (part_of(CASES[case], 12, engine) for engine in Engine)
    np.testing.assert_array_equal(ours[0].rows.counts, theirs[0].rows.counts)
    np.testing.assert_array_equal(ours[0].rows.amounts, theirs[0].rows.amounts)
    for one, other in zip(ours[0].table, theirs[0].table, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_end_with_looks_does_not_depend_on_engine_or_block():
    """Looks that pause, futility that stops, deaths that end trials while they recruit."""
    pausing = {
        "analysis": "log_rank",
        "max_information": 30,
        "looks": [{"at": {"deaths": 8}, "cleaning_days": 40, "pause": True}],
        "futility": {"rule": "z(-0.2)"},
    }
    asked = bare_trial(**{"trial.end": {"deaths": 30}, "monitoring": pausing})
    (ours, metric, _), (theirs, _, _) = (part_of(asked, 16, engine) for engine in Engine)
    assert set(ours.looks.rows.decision[:, 0].tolist()) >= {2, 3}
    assert (metric("enrolment_days") == metric("trial_days")).any()
    for one, other in (
        *zip(ours.rows, theirs.rows, strict=True),
        *zip(ours.table, theirs.table, strict=True),
        *zip(ours.looks.rows, theirs.looks.rows, strict=True),
    ):
        np.testing.assert_array_equal(one, other)
    plans, params = plans_of(asked), lower(asked)
    evaluation = Evaluation(plans, (), (), monitoring=monitoring_plan(asked, plans))
    for trial in range(16):
        alone = run_part(params, evaluation, Engine.COMPILED, SEED, trial, 1)
        for one, other in zip(ours.rows, alone.rows, strict=True):
            np.testing.assert_array_equal(one[:, trial], other[:, 0])
        for one, other in zip(ours.table, alone.table, strict=True):
            np.testing.assert_array_equal(one[trial], other[0])


# Closed forms -------------------------------------------------------------------------------------

PATIENTS, ACCRUAL_DAYS, MONTHS_OF_DEATH = 40, 730.0, 90.0


def forever(**changes):
    """Patients who enter uniformly and die at a constant rate, alike in both arms."""
    return bare(
        PATIENTS,
        {
            "accrual.over_days": ACCRUAL_DAYS,
            "trial.follow_up_days": 84,
            "hazard.baseline.mortality_at_horizon": -math.expm1(-84 / MONTHS_OF_DEATH),
            "hazard.effect.hazard_ratio": 1.0,
            **changes,
        },
    )


def died_by(day):
    """Probability that a patient has entered and died by a day of the trial."""
    rate, entered = 1 / MONTHS_OF_DEATH, min(day, ACCRUAL_DAYS)
    alive = (math.exp(-rate * (day - entered)) - math.exp(-rate * day)) / (rate * ACCRUAL_DAYS)
    return entered / ACCRUAL_DAYS - alive


@pytest.mark.parametrize("deaths", [5, 30])
def test_the_end_comes_on_the_day_of_the_order_statistic(deaths):
    """The mean of the d-th of so many independent times is the integral of P(fewer than d)."""
    asked = forever(**{"trial.max_follow_up_days": 3600, "trial.end": {"deaths": deaths}})
    trials = 4000
    _, metric, _ = part_of(asked, trials)
    days = metric("trial_days")
    assert metric("deaths_reached").all()
    fewer = lambda day: float(stats.binom.cdf(deaths - 1, PATIENTS, died_by(day)))  # noqa: E731
    exact = integrate.quad(fewer, 0, ACCRUAL_DAYS)[0] + integrate.quad(fewer, ACCRUAL_DAYS, 3e3)[0]
    error = days.std(ddof=1) / math.sqrt(trials)
    assert abs(days.mean() - exact) < 4 * error, (days.mean(), exact, error)
    # And the whole law: the probability integral transform is uniform.
    reached_by = [stats.binom.sf(deaths - 1, PATIENTS, died_by(day)) for day in days]
    assert stats.kstest(reached_by, "uniform").pvalue > 1e-4
    if deaths == 5:  # recruitment is not over
        assert metric("randomised").mean() < PATIENTS / 2


def test_a_number_that_does_not_come_is_counted():
    most, deaths, trials = 120, 30, 4000
    asked = forever(**{"trial.max_follow_up_days": most, "trial.end": {"deaths": deaths}})
    _, metric, _ = part_of(asked, trials)
    never = float(stats.binom.cdf(deaths - 1, PATIENTS, -math.expm1(-most / MONTHS_OF_DEATH)))
    share = 1 - metric("deaths_reached").mean()
    assert abs(share - never) < 4 * math.sqrt(never * (1 - never) / trials), (share, never)
    assert 0.1 < never < 0.9


def test_a_closing_date_gives_the_mean_follow_up():
    """Of patients who entered uniformly before the last, exponential survival, none lost."""
    least, trials = 100, 4000
    asked = forever(
        **{"trial.max_follow_up_days": 3600, "trial.end": {"min_follow_up_days": least}}
    )
    _, metric, _ = part_of(asked, trials)
    ends, mean = metric("trial_days"), MONTHS_OF_DEATH
    # Given the last entry the others' are uniform before it: mean of min(death, end - entry).
    last = ends - least
    shortfall = mean * (np.exp(-least / mean) - np.exp(-ends / mean)) / last
    others = mean * (1 - shortfall)
    of_last = mean * -math.expm1(-least / mean)
    exact = (PATIENTS - 1) * others + of_last
    away = metric("followed_days").sum(axis=1) - exact
    assert abs(away.mean()) < 4 * away.std(ddof=1) / math.sqrt(trials)
    np.testing.assert_array_equal(metric("deaths_by_the_end").shape, (trials, 2))


# Looks --------------------------------------------------------------------------------------------


def looked_at(**changes):
    monitoring = {
        "analysis": "log_rank",
        "max_information": 40,
        "looks": [{"at": {"deaths": 20}, "cleaning_days": 10}, {"at": {"day": 900.0}}],
        "futility": {"rule": "z(-0.5)"},
    }
    return bare_trial(
        **{"trial.end": {"deaths": 40}, "exits.loss": NEVER, "monitoring": monitoring} | changes
    )


def test_an_end_by_deaths_has_all_of_the_information():
    part, metric, _ = part_of(looked_at(), 300)
    rows = part.looks.rows
    final = rows.decision[:, -1] >= 0
    reached = final & (metric("deaths_reached") == 1)
    assert 0 < reached.sum() < 300
    assert (rows.fraction[reached, -1] == 1.0).all()
    assert (rows.events[reached, -1] == 40).all()
    np.testing.assert_array_equal(rows.cut_day[final, -1], metric("trial_days")[final])
    for look in (0, 1):
        taken = rows.decision[:, look] >= 0
        assert (rows.cut_day[taken, look] < metric("trial_days")[taken]).all()
    # Without looks the same trials have the same end, and the same statistics at it.
    alone, _, _ = part_of(changed(looked_at(), {"monitoring": None}), 300)
    p_values = alone.table.p_value[:, 0]
    np.testing.assert_allclose(2 * stats.norm.sf(abs(rows.z[final, -1])), p_values[final], 1e-9)
    np.testing.assert_array_equal(part.looks.fixed_rejects, p_values <= 0.05)
    # The look on a day is not taken where the trial had ended by then.
    late = final & (metric("trial_days") <= 900)
    assert late.any()
    assert (rows.decision[late, 1] == -1).all()


def test_a_stopped_trial_ends_once_follow_up_is_over_or_its_own_end_comes():
    part, metric, records = part_of(looked_at(), 300)
    rows = part.looks.rows
    stopped = (rows.decision[:, -1] == -1).nonzero()[0]
    assert stopped.size > 20
    place = np.cumsum(records.trials.randomised) - 1
    for trial in stopped:
        decided = np.nanmax(np.where(rows.decision[trial] >= 0, rows.decision_day[trial], np.nan))
        last = records.patients.entry_day[place[trial]] + 84
        end = metric("trial_days")[trial]
        assert end <= max(decided, last)
        if metric("deaths_by_the_end")[trial].sum() < 40:
            assert end == max(decided, last)


def test_deaths_beside_the_trial_without_looks_are_those_known_by_its_end():
    """Counted patient by patient: with looks by the end that they leave, without by its own."""
    scenario, trials = looked_at(**{"exits.loss": {"net_probability": 0.2, "by_day": 84.0}}), 60
    _, _, records = part_of(scenario, trials)
    plain = part_of(changed(scenario, {"monitoring": None}), trials)[2]
    most = scenario.trial.max_follow_up_days

    def known(of):
        followed, ends = trials_in(of), of.trials.trial_end_day
        return np.array(
            [
                sum(p["entry_day"] + known_death(p, most) <= end for p in patients)
                for patients, end in zip(followed, ends, strict=True)
            ]
        )

    plans = plans_of(scenario)
    truths = (Truth(0.1, 0.001, 0.1, 0.001),) * len(plans)
    asked = Evaluation(plans, truths, (), monitoring=monitoring_plan(scenario, plans))
    looks = run_unit(lower(scenario), asked, Engine.COMPILED, SEED, 0, trials).sums.looks
    found = looks.compared_means("deaths_by_the_end", trials)
    now, before = known(records), known(plain)
    for ours, slow in zip(found, (now, before, now - before), strict=True):
        assert ours.mean == pytest.approx(slow.mean(), rel=1e-12)
        assert ours.mcse == pytest.approx(slow.std(ddof=1) / math.sqrt(trials), rel=1e-9)
    assert now.mean() < before.mean() <= 40
