"""True values of estimands against closed forms, and worlds against what they suppose."""

import math

import numpy as np
import pytest
from analysis_records import plan_of
from scenario_builder import bare, base_case
from scipy import integrate

from simulator.declarations.schemes import SCHEMES
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.truth import true_values, values
from simulator.truth.measures import PooledPatients, measure
from simulator.truth.worlds import World, exchanged, in_world, world_of

RATIO = 0.5574929506502402  # of the bare scenario, which gives mortality .6 v .4
MORTALITY = (0.6, 0.4)
RATE = (-math.log(0.4) / 84, -math.log(0.6) / 84)
LOST = {"exits.loss": {"net_probability": 0.3, "by_day": 84.0}}


def rmst(rate: float, day: float) -> float:
    return (1 - math.exp(-rate * day)) / rate


def weighted_log_ratio() -> float:
    """Root of the weighted score of the partial likelihood in an endless trial, rho 0, gamma 1."""

    def score(log_ratio: float) -> float:
        def at(t: float) -> float:
            s0, s1 = (math.exp(-rate * t) for rate in RATE)
            weight = 1 - (s0 + s1) / 2
            share = s1 * math.exp(log_ratio) / (s0 + s1 * math.exp(log_ratio))
            return weight * (RATE[1] * s1 - share * (RATE[0] * s0 + RATE[1] * s1))

        return integrate.quad(at, 0, 84)[0]

    low, high = -3.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > 0 else (low, middle)
    return low


CLOSED = {
    "chi_square": ({}, MORTALITY[1] - MORTALITY[0]),
    "risk_ratio": ({"interval": "log"}, math.log(MORTALITY[1] / MORTALITY[0])),
    "odds_ratio": ({"interval": "log"}, math.log(0.4 / 0.6 / (0.6 / 0.4))),
    "log_rank": ({"lost": "censored"}, math.log(RATIO)),
    "cox": ({"lost": "censored", "ties": "efron", "statistic": "wald"}, math.log(RATIO)),
    "fleming_harrington": ({"lost": "censored", "rho": 0.0, "gamma": 1.0}, weighted_log_ratio()),
    "km_difference": ({"lost": "censored"}, MORTALITY[1] - MORTALITY[0]),
    "km_milestone": ({"lost": "censored", "day": 30.0}, math.log(RATIO)),
    "rmst_difference": ({"lost": "censored", "day": 60.0}, rmst(RATE[1], 60) - rmst(RATE[0], 60)),
}


def assert_true(truth, value: float) -> None:
    assert abs(truth.value - value) <= 4 * truth.mcse, f"{truth}, not {value}"
    assert truth.mcse <= 0.02 * max(abs(value), 1.0)


@pytest.mark.parametrize("test", CLOSED)
def test_truths_of_the_bare_trial_are_closed_forms_whoever_is_lost(test):
    options, value = CLOSED[test]
    params = lower(bare(60, LOST))
    (truth,) = true_values(params, [plan_of(test, **options)])
    assert_true(truth, value)


def test_many_lost_or_worst_case_the_estimand_is_the_same():
    params = lower(bare(60, LOST))
    plans = [plan_of("chi_square", lost, name=lost) for lost in ("excluded", "worst_case")]
    one, other = true_values(params, plans)
    assert one[:2] == other[:2]


def rate(probability: float) -> float:
    return -math.log1p(-probability) / 84


COMPETING = {
    "exits.tumour_death": {"net_probability": 0.3, "by_day": 84.0},
    "exits.transplant": {"net_probability": 0.25, "by_day": 84.0},
}


def incidence(of: float, *others: float) -> float:
    """Cumulative incidence at day 84 of one of several constant hazards."""
    total = of + sum(others)
    return of / total * (1 - math.exp(-total * 84))


def test_truths_with_competing_ends_are_closed_forms():
    params = lower(bare(60, COMPETING))
    tumour, transplant = rate(0.3), rate(0.25)
    words = {"lost": "censored", "transplant": "competing", "cause": "liver"}
    hypothetical = words | {"transplant": "censored"}
    plans = [
        plan_of("cumulative_incidence", name="competing", **words),
        plan_of("cumulative_incidence", name="hypothetical", **hypothetical),
        plan_of("cause_specific", name="ratio", **words),
        plan_of("cause_specific", name="other", **words | {"cause": "tumour"}),
        plan_of("chi_square", name="composite"),
        plan_of("chi_square", transplant="censored", name="without"),
        plan_of("chi_square", transplant="competing", name="survived"),
    ]
    truths = true_values(params, plans)
    expected = [
        incidence(RATE[1], tumour, transplant) - incidence(RATE[0], tumour, transplant),
        incidence(RATE[1], tumour) - incidence(RATE[0], tumour),
        math.log(RATIO),
        0.0,
        math.exp(-84 * (RATE[0] + tumour + transplant))
        - math.exp(-84 * (RATE[1] + tumour + transplant)),
        math.exp(-84 * (RATE[0] + tumour)) - math.exp(-84 * (RATE[1] + tumour)),
        (RATE[1] + tumour) / RATE[1] * incidence(RATE[1], tumour, transplant)
        - (RATE[0] + tumour) / RATE[0] * incidence(RATE[0], tumour, transplant),
    ]
    for truth, value in zip(truths, expected, strict=True):
        assert_true(truth, value)


def test_a_randomisation_test_has_the_truth_of_the_analysis_that_it_replays():
    plans = [
        plan_of("risk_ratio", name="ratio", interval="log"),
        plan_of("permutation", name="replay", of="ratio", draws=19),
    ]
    one, other = true_values(lower(bare(60)), plans)
    assert one[:2] == other[:2]


def test_under_the_strong_null_every_truth_is_0_and_simulation_agrees():
    params = lower(base_case("nct05484908-null"))
    plans = [plan_of("meld_welch", name="meld"), plan_of("chi_square", name="dead")]
    assert [t[:2] for t in true_values(params, plans)] == [(0.0, 0.0), (0.0, 0.0)]
    # A rule that never applies tells the arms apart in name, so that they are simulated.
    never = params.plan._replace(rescue_log_bilirubin=np.array([1.0, 2.0]))
    assert not params.plan.rescue_sessions.any()
    params = params._replace(plan=never)
    for truth in true_values(params, plans):
        assert abs(truth.value) <= 4 * truth.mcse
    meld = true_values(params, plans[:1])[0]
    # Arms exchanged in name alone: each survivor is compared with himself.
    assert meld.survivor_average == pytest.approx(0.0, abs=1e-12)


@pytest.fixture(scope="module")
def base():
    return lower(base_case())


def test_exchanging_the_arms_twice_changes_nothing(base):
    again = exchanged(exchanged(base))
    for one, other in zip(base.plan, again.plan, strict=True):
        assert (one == other).all()
    assert base.hazard.direct_arm == again.hazard.direct_arm


def test_patients_of_the_exchanged_trial_are_the_same_people_otherwise_treated(base):
    world = in_world(base, World(False, False, False))
    now, then = (simulate(p, 3, 0, 150).patients for p in (world, exchanged(world)))
    assert (now.entry_day == then.entry_day).all()
    assert (now.arm == then.arm).all()
    assert (now.sessions_planned[now.arm == 0] >= 0).all()
    # What one arm has now the other has then: mortality within four errors of a difference.
    for arm in (0, 1):
        shares = [
            (np.isfinite(p.death_after_days)[p.arm == one]).mean()
            for p, one in ((now, arm), (then, 1 - arm))
        ]
        error = math.sqrt(2 * 0.25 / (now.arm == arm).sum())
        assert abs(shares[0] - shares[1]) <= 4 * error


def test_a_direct_effect_goes_with_the_treatment_and_not_with_the_name():
    params = in_world(lower(bare(2_000)), World(False, False, False))
    p = simulate(exchanged(params), 4, 0, 5).patients
    for arm, mortality in ((0, MORTALITY[1]), (1, MORTALITY[0])):
        dead = np.isfinite(p.death_after_days[p.arm == arm])
        assert abs(dead.mean() - mortality) <= 4 * math.sqrt(0.24 / dead.size)


def test_survivor_average_is_the_difference_between_two_lives_of_one_patient(base):
    """The pairs found the slow way, by the place of each patient in both worlds."""
    scenario = base_case()
    plan = plan_of("meld_welch")
    truth = true_values(lower(scenario), [plan])[0]
    world = in_world(base, world_of(plan))
    now, then = (simulate(p, 17, 0, 2_000).patients for p in (world, exchanged(world)))
    differences = []
    for i in range(now.arm.size):
        lives = []
        for p in (now, then):
            meld = p.visit_meld[i]
            ends = min(p.death_after_days[i], p.transplant_after_days[i])
            if ends > 84 and not math.isnan(meld[0]) and not math.isnan(meld[-1]):
                lives.append(meld[-1] - meld[0])
        if len(lives) == 2:
            first, second = lives if now.arm[i] == 0 else lives[::-1]
            differences.append(second - first)
    error = np.std(differences) / math.sqrt(len(differences))
    assert abs(np.mean(differences) - truth.survivor_average) <= 4 * math.hypot(
        error, truth.survivor_average_mcse
    )


GUESSES = {
    "turn_away": {"probability": 0.8},
    "defer": {"probability": 0.8, "returns_after_days": 5.0},
    "shift": {"hazard_ratio": 0.5},
}
BY_BILIRUBIN = {"variable": "bilirubin_umol_per_l", "poor_above": 380.0}


@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=[] if k == "defer" else [pytest.mark.slow]) for k in GUESSES],
)
def test_what_an_investigator_guesses_changes_no_truth(kind):
    """The contrast of the treatments, which no choice of patients is part of: equal bit by bit."""
    chosen = {} if kind == "shift" else BY_BILIRUBIN
    bias = {"kind": kind, "favours": "DPMAS+LPE"} | chosen | GUESSES[kind]
    plans = [plan_of("chi_square"), plan_of("cox", "censored", ties="efron", statistic="wald")]
    guessed, plain = (
        true_values(lower(base_case(changes={"selection_bias": asked})), plans)
        for asked in (bias, None)
    )
    for one, other in zip(guessed, plain, strict=True):
        assert one[:2] == other[:2]


def test_truth_of_a_trial_with_guesses_is_the_mortality_of_all_who_could_be_randomised(base):
    """-.03: from deaths of 240,000 patients of the trial without guesses, of another seed."""
    chosen = {"kind": "turn_away", "favours": "DPMAS+LPE"} | BY_BILIRUBIN | GUESSES["turn_away"]
    scenario = base_case(changes={"selection_bias": chosen})
    (truth,) = true_values(lower(scenario), [plan_of("chi_square")])
    p = simulate(base, 77, 0, 4_000).patients
    dead = np.minimum(p.death_after_days, p.transplant_after_days) <= 84
    shares = [dead[p.arm == arm] for arm in (0, 1)]
    error = math.sqrt(sum(share.var() / share.size for share in shares))
    assert abs(truth.value - (shares[1].mean() - shares[0].mean())) <= 4 * math.hypot(
        error, truth.mcse
    )


@pytest.mark.parametrize("kind", ["shift", None])
def test_without_an_effect_the_truth_is_0_whoever_guesses(kind):
    bias = kind and {"kind": kind, "favours": "experimental", "hazard_ratio": 0.5}
    params = lower(bare(60, {"hazard.effect.hazard_ratio": 1.0, "selection_bias": bias}))
    plans = [plan_of("chi_square"), plan_of("log_rank", "censored", name="b")]
    assert [truth[:2] for truth in true_values(params, plans)] == [(0.0, 0.0), (0.0, 0.0)]


def test_an_effect_that_begins_after_the_end_is_none():
    params = lower(bare(60, {"hazard.effect.delay_days": 84.0}))
    assert true_values(params, [plan_of("chi_square")])[0][:2] == (0.0, 0.0)


@pytest.mark.parametrize("scheme", ["play_the_winner", "complete"])
def test_a_drift_and_a_scheme_that_follows_outcomes_change_no_truth(scheme):
    """The mean over places in the trial of the two mortalities at that place, in closed form.

    Under a rising mortality the winner's patients come later, so that the mortalities of those
    who were allocated differ from these.
    """
    patients, drift = 60, 9.0
    options = {} if scheme == "complete" else dict(SCHEMES[scheme].standard)
    changes = {
        "allocation.scheme": scheme,
        "allocation.options": options,
        "hazard.drift": {"kind": "linear", "hazard_ratio": drift},
    }
    (truth,) = true_values(lower(bare(patients, changes)), [plan_of("chi_square")])
    factor = drift ** (np.arange(patients) / (patients - 1) - 0.5)
    first, second = (1 - np.exp(-rate * 84 * factor) for rate in RATE)
    assert_true(truth, float(np.mean(second - first)))


def test_nobody_is_lost_and_no_supposed_event_happens_in_a_world(base):
    params = in_world(base, World(True, True, True))
    p = simulate(params, 5, 0, 50).patients
    assert np.isinf(p.loss_after_days).all()
    assert np.isinf(p.transplant_after_days).all()
    assert np.isinf(p.withdrawal_after_days).all()


def test_a_truth_that_does_not_exist_is_not_a_number_and_ends_nothing():
    nobody_dies = {"hazard.baseline.mortality_at_horizon": 1e-12}
    params = lower(bare(60, nobody_dies))
    plans = [
        plan_of("log_rank", "censored"),
        plan_of("risk_ratio", name="b", interval="log"),
        plan_of("chi_square", name="c"),
    ]
    ratio, risk_ratio, difference = true_values(params, plans)
    assert math.isnan(ratio.value)
    assert math.isnan(risk_ratio.value)
    assert difference.value == 0.0


def test_an_odds_ratio_where_all_of_an_arm_died_is_not_a_number():
    rng, n = np.random.default_rng(3), 200
    second = np.arange(n) % 2 == 1
    nothing = np.zeros(n)
    patients = PooledPatients(
        second=second,
        dead=second | (rng.random(n) < 0.5),
        time_days=nothing,
        ended_by=nothing.astype(int),
        stratum=nothing.astype(int),
        seen=second,
        baseline=rng.normal(25, 4, n),
        change=nothing,
    )
    plan = plan_of("firth_logistic")
    assert math.isnan(measure(patients, plan, 84))


def test_truths_are_kept_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    params, plans = lower(bare(20)), [plan_of("chi_square")]
    first = true_values(params, plans)
    assert list((tmp_path / "trialsim" / "truths").iterdir())
    again = true_values(params, plans)
    assert np.array_equal(np.array(first), np.array(again), equal_nan=True)


# A longer follow-up, and an end -------------------------------------------------------------------

LATE = {
    "hazard.effect.delay_days": 60.0,
    "trial.max_follow_up_days": 250,
    "exits.loss": {"net_probability": 0.0, "by_day": 84.0},
}


def delayed_log_ratio(at_risk, horizon: float, gamma: float = 0.0) -> float:
    """Root of the score of the partial likelihood in an endless trial, `at_risk` of follow-up."""
    from scipy import optimize

    def hazards(t):
        return RATE[0], RATE[0] * (RATIO if t >= 60 else 1.0)

    def survival(t):
        second = math.exp(-RATE[0] * (min(t, 60) + RATIO * max(t - 60, 0)))
        return math.exp(-RATE[0] * t), second

    def score(log_ratio):
        def at(t):
            (s0, s1), (h0, h1) = survival(t), hazards(t)
            share = s1 * math.exp(log_ratio) / (s0 + s1 * math.exp(log_ratio))
            weight = (1 - (s0 + s1) / 2) ** gamma
            return weight * at_risk(t) * (h1 * s1 - share * (h0 * s0 + h1 * s1))

        return sum(integrate.quad(at, *ends)[0] for ends in ((0, 60), (60, horizon)))

    return optimize.brentq(score, -2, 2)


@pytest.mark.parametrize("gamma", [0.0, 1.0])
@pytest.mark.parametrize("ends", [None, 20])
def test_an_average_hazard_ratio_is_that_of_the_follow_up_that_the_end_leaves(ends, gamma):
    """With a closing date follow-up is uniform up to the time that recruitment takes."""
    accrual = 150.0
    changes = {**LATE, "accrual.over_days": accrual, "trial.max_recruitment_days": accrual}
    if ends is not None:
        changes["trial.end"] = {"min_follow_up_days": ends}
    # Entries are uniform on the accrual's days, and the last of a thousand is on its last.
    params = lower(bare(1000, changes))
    plan = plan_of("fleming_harrington", "censored", rho=0.0, gamma=gamma)
    (truth,) = true_values(params, [plan])

    def followed(t):
        return 1.0 if ends is None else min(1.0, max(0.0, (ends + accrual - t) / accrual))

    horizon = 250.0 if ends is None else ends + accrual
    value = delayed_log_ratio(followed, horizon, gamma)
    assert_true(truth, value)
    other = delayed_log_ratio(lambda _: 1.0, 84.0, gamma)
    assert abs(truth.value - other) > 4 * truth.mcse


def test_truths_at_a_day_do_not_ask_for_the_end():
    whole = {"trial.max_follow_up_days": 250, "trial.end": {"deaths": 20}}
    params = lower(bare(60, LOST | whole))
    for test, options, value in (
        ("rmst_difference", {"day": 200.0}, rmst(RATE[1], 200) - rmst(RATE[0], 200)),
        ("km_milestone", {"day": 200.0}, math.log(RATIO)),
        ("km_difference", {}, MORTALITY[1] - MORTALITY[0]),
        ("chi_square", {}, MORTALITY[1] - MORTALITY[0]),
        ("cox", {"ties": "efron", "statistic": "wald"}, math.log(RATIO)),
    ):
        lost = {} if test == "chi_square" else {"lost": "censored"}
        (truth,) = true_values(params, [plan_of(test, **lost, **options)])
        assert_true(truth, value)
    (unknown,) = true_values(params, [plan_of("gray", "censored", cause="liver")])
    assert math.isnan(unknown.value)


def test_any_number_of_jobs_gives_the_same_truth(monkeypatch):
    monkeypatch.setattr(values, "_PATIENTS", 24_000)
    params, plans = lower(bare(60)), [plan_of("log_rank", name="time"), plan_of("chi_square")]
    one, three = (values._work_out(params, plans, jobs) for jobs in (1, 3))
    assert repr(one) == repr(three)
    meld = lower(base_case()), [plan_of("meld_welch")]
    one, three = (values._work_out(*meld, jobs) for jobs in (1, 3))
    assert repr(one) == repr(three)
