"""Risks that closed forms start from, and the sizes of whole scenarios, against hand calculation.

Constant hazards compete in closed form: of those that leave by the end, each cause takes its share
of the sum of hazards. Anything else is integrated here by SciPy, from the scenario's own numbers.
"""

import math

import pytest
from reference_sizes import fates
from scipy import integrate

import simulator
from simulator.analysis import plans_of
from simulator.planning.detectable import detectable
from simulator.planning.facts import facts_of
from simulator.planning.formulas import closed_forms
from simulator.planning.risks import exact_risks
from simulator.results.closed_forms import Contrast, DetectableBy, Formula, Missing

DAYS = 84
Z = 1.959963984540054 + 0.8416212335729143  # two-sided 5 %, power 80 %
TESTS = {
    "fisher": {"lost": "excluded"},
    "chi_square": {"lost": "excluded"},
    "boschloo": {"lost": "excluded"},
    "km_difference": {"lost": "censored"},
    "rmst_difference": {"lost": "censored", "day": 84},
    "cox": {"lost": "censored", "ties": "efron", "statistic": "score"},
    "fleming_harrington": {"lost": "censored", "rho": 0, "gamma": 1},
    "beta_binomial": {"lost": "excluded", "prior_control": [1, 1], "prior_experimental": [1, 1]},
}


@pytest.fixture
def scenario(tmp_path):
    """Load two-arm-survival with a test and other values."""

    def make(test="log_rank", ratio=(1, 1), **changes):
        others = TESTS.get(test, {"lost": "censored"})
        keys = {"transplant": "event", "rescue": "ignored", "withdrawal": "ignored", **others}
        words = ", ".join(f"{key}: {value}" for key, value in keys.items())
        (tmp_path / "own.yaml").write_text(
            "extends: two-arm-survival\nname: own\ntitle: t\nanalyses:\n"
            f"  - {{name: own, test: {test}, alpha: 0.05, population: randomised, {words}}}\n"
        )
        study = simulator.load(tmp_path / "own.yaml")
        named = {key.replace("__", "."): value for key, value in changes.items()}
        parts = {f"allocation.ratio[{place}]": part for place, part in enumerate(ratio)}
        return study.with_values(named | parts)

    return make


def forms_of(study, power=0.8, trials=100, seed=1):
    operations = study.power(trials, seed=seed).operations
    return closed_forms(facts_of(study.prepared.plain, 0, operations), power)


def form(forms, formula):
    return next(form for form in forms.needed if form.formula is formula)


def risks_of(study):
    asked = study.prepared.asked
    return exact_risks(asked, plans_of(asked)[0])


NO_LOSS = {"exits__loss__net_probability": 0.0}


@pytest.mark.parametrize("lost", [0.05, 0.3])
def test_risks_of_constant_hazards_are_those_of_competing_causes(scenario, lost):
    found = risks_of(scenario(exits__loss__net_probability=lost))
    assert found.proportional
    for risk, mortality in zip(found.risks, (0.6, 0.4), strict=True):
        dead, left, _ = fates(mortality, lost)
        assert risk.event == pytest.approx(dead, rel=1e-12)
        assert risk.lost == pytest.approx(left, rel=1e-12)
        assert risk.hazard == pytest.approx(-math.log1p(-mortality), rel=1e-12)


def test_risks_with_all_exits_a_delay_and_waning_are_those_integrated(scenario):
    changes = {
        "exits__loss__net_probability": 0.2,
        "exits__loss__by_day": 50.0,
        "exits__tumour_death__net_probability": 0.1,
        "exits__transplant__net_probability": 0.07,
        "exits__transplant__by_day": 30.5,
        "hazard__effect__delay_days": 3.5,
        "hazard__effect__waning_half_life_days": 40.0,
    }
    found = risks_of(scenario(**changes))
    assert not found.proportional
    base = -math.log(0.4) / DAYS
    log_ratio = math.log(math.log(0.6) / math.log(0.4))
    rates = {"loss": (0.2, 50.0), "tumour": (0.1, 84.0), "transplant": (0.07, 30.5)}

    def rate(name, day):
        share, until = rates[name]
        return -math.log1p(-share) / until if day < until else 0.0

    def liver(day, arm):
        # From patient-day 4: the hazard is held for a day, and days 0 to 3 open before 3.5.
        opening = math.floor(day)
        if arm == 0 or opening < 3.5:
            return base
        return base * math.exp(log_ratio * 0.5 ** ((opening - 3.5) / 40.0))

    for arm, risk in enumerate(found.risks):
        gone = dict.fromkeys(("liver", *rates), 0.0)
        hazard = 0.0
        for start in [x / 2 for x in range(2 * DAYS)]:
            kinds = {"liver": liver(start, arm)} | {name: rate(name, start) for name in rates}
            total, before = sum(kinds.values()), hazard
            inside, _ = integrate.quad(lambda t, b=before, h=total: math.exp(-b - h * t), 0, 0.5)
            gone = {name: gone[name] + kinds[name] * inside for name in gone}
            hazard += 0.5 * total
        event = gone["liver"] + gone["tumour"] + gone["transplant"]
        assert risk.event == pytest.approx(event, rel=1e-9)
        assert risk.lost == pytest.approx(gone["loss"], rel=1e-9)


def test_risks_are_those_that_trials_show(scenario):
    study = scenario(
        exits__tumour_death__net_probability=0.1, exits__transplant__net_probability=0.1
    )
    for risk, arm in zip(risks_of(study).risks, ("control", "experimental"), strict=True):
        o = study.power(4_000).operations
        patients = o.patients[arm].mean
        lost, error = o.lost[arm].mean / patients, o.lost[arm].mcse / patients
        assert abs(lost - risk.lost) < 4 * error
    study = study.with_values({"exits.loss.net_probability": 0.0})
    for risk, arm in zip(risks_of(study).risks, ("control", "experimental"), strict=True):
        o = study.power(4_000).operations
        transplanted = o.transplants[arm].mean / o.patients[arm].mean
        error = math.hypot(o.mortality[arm].mcse, o.transplants[arm].mcse / o.patients[arm].mean)
        assert abs(o.mortality[arm].mean + transplanted - risk.event) < 4 * error


@pytest.mark.parametrize(
    ("key", "value"),
    [("hazard.frailty_log_sd", 0.5), ("hazard.drift", {"kind": "linear", "hazard_ratio": 2})],
)
def test_patients_who_differ_have_no_exact_risks(scenario, key, value):
    assert risks_of(scenario(**{key.replace(".", "__"): value})) is None


# Schoenfeld --------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ["log_rank", "cox"])
def test_schoenfeld_is_the_same_in_every_run_and_as_by_hand(scenario, test):
    # Events 4 (z_a + z_b)^2 / ln^2 HR, over the mean probability that one is seen before loss.
    events = 4 * Z**2 / math.log(math.log(0.6) / math.log(0.4)) ** 2
    patients = events / ((fates(0.6, 0.05)[0] + fates(0.4, 0.05)[0]) / 2)
    assert (round(events, 1), round(patients, 1)) == (92.0, 188.1)
    study = scenario(test)
    for seed in (1, 2, 3):
        found = form(forms_of(study, seed=seed), Formula.SCHOENFELD)
        assert found.events == pytest.approx(events, rel=1e-9)
        assert found.patients == pytest.approx(patients, rel=1e-9)
        assert found.mcse == 0


def test_schoenfeld_of_75_v_60_percent_at_90_percent_power_is_370_8(scenario):
    # By hand: HR ln .4 / ln .25 = .6610, 245.2 events, seen in 66.1 % of patients at 5 % loss.
    study = scenario(
        hazard__baseline__mortality_at_horizon=0.75,
        hazard__effect__hazard_ratio=math.log(0.4) / math.log(0.25),
    )
    found = form(forms_of(study, 0.9), Formula.SCHOENFELD)
    assert round(found.events, 1) == 245.2
    assert round(found.patients, 1) == 370.8


def test_events_at_two_to_one_are_as_by_hand(scenario):
    study = scenario(ratio=(2, 1), **NO_LOSS)
    events = Z**2 * 1.5**2 / (0.5 * math.log(math.log(0.6) / math.log(0.4)) ** 2)
    found = form(forms_of(study), Formula.SCHOENFELD)
    assert found.events == pytest.approx(events, rel=1e-9)
    assert found.patients == pytest.approx(events / ((2 * 0.6 + 0.4) / 3), rel=1e-9)


# Two proportions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("ratio", "patients"), [((1, 1), 216), ((2, 1), 237), ((3, 2), 220)])
def test_exact_binomial_starts_from_the_scenario_and_takes_the_tooth_that_lasts(
    scenario, ratio, patients
):
    # `trialsim exact` and SciPy's enumeration: 216 at .6 v .4 (204 is a lucky tooth).
    found = form(forms_of(scenario("fisher", ratio, **NO_LOSS)), Formula.EXACT_BINOMIAL)
    assert (found.patients, found.mcse) == (patients, 0)


def test_loss_changes_the_risks_of_those_analysed_and_adds_patients(scenario):
    # The dead cannot be lost: of completers .649 and .448 die at 30 % loss, not .60 and .40.
    forms = forms_of(scenario("chi_square", exits__loss__net_probability=0.3))
    assert (round(forms.control, 3), round(forms.experimental, 3)) == (0.649, 0.448)
    lost = (fates(0.6, 0.3)[1] + fates(0.4, 0.3)[1]) / 2
    assert forms.lost == pytest.approx(lost, rel=1e-12)


def test_a_test_that_takes_long_is_not_replaced_by_another(scenario):
    found = form(forms_of(scenario("boschloo", **NO_LOSS)), Formula.EXACT_BINOMIAL)
    assert (found.patients, found.missing) == (None, Missing.NOT_ENUMERATED)


# Formulas belong to their outcome and test -------------------------------------------------------


@pytest.mark.parametrize(
    "test", ["km_difference", "rmst_difference", "fleming_harrington", "beta_binomial"]
)
def test_an_analysis_without_a_formula_of_its_own_is_given_none(scenario, test):
    study = scenario(test)
    facts = facts_of(study.prepared.plain, 0, study.power(100).operations)
    forms = closed_forms(facts, 0.8)
    assert (forms.contrast, forms.needed) == (Contrast.NO_FORMULA, ())
    assert detectable(facts, (30, 30), 0.8) is None


@pytest.mark.parametrize(
    ("test", "formulas"),
    [
        ("log_rank", [Formula.SCHOENFELD, Formula.FREEDMAN]),
        ("cox", [Formula.SCHOENFELD, Formula.FREEDMAN]),
        ("fisher", [Formula.NORMAL, Formula.EXACT_BINOMIAL]),
        ("chi_square", [Formula.NORMAL, Formula.EXACT_BINOMIAL]),
    ],
)
def test_each_analysis_has_the_formulas_of_its_outcome_and_test(scenario, test, formulas):
    assert [form.formula for form in forms_of(scenario(test)).needed] == formulas


@pytest.mark.parametrize(
    "changes", [{"hazard__effect__hazard_ratio": 1.0}, {"hazard__effect__delay_days": 90.0}]
)
def test_no_formula_sizes_an_effect_that_is_none(scenario, changes):
    forms = forms_of(scenario(**changes))
    assert (forms.contrast, forms.needed) == (Contrast.NO_DIFFERENCE, ())


def test_hazard_ratio_that_a_log_rank_design_detects_needs_the_events_it_has(scenario):
    study = scenario()
    facts = facts_of(study.prepared.plain, 0, study.power(100).operations)
    found = detectable(facts, (30, 30), 0.8)
    assert found.by is DetectableBy.SCHOENFELD
    needed = 4 * Z**2 / math.log(found.hazard_ratio) ** 2
    assert needed == pytest.approx(30 * (0.6 + 1 - 0.4**found.hazard_ratio), rel=1e-6)
    assert found.events == pytest.approx(needed, rel=1e-6)


# Two means ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "formula"), [("meld_welch", Formula.T_TEST), ("meld_ancova", Formula.ANCOVA)]
)
def test_means_that_formulas_start_from_are_those_that_the_analysis_estimates(
    tmp_path, test, formula
):
    """The standard error that they imply is the spread of the estimates over simulated trials.

    Estimates of 600 trials have a standard deviation known to 1 / sqrt(2 x 600), 2.9 %; the number
    analysed varies from trial to trial, which adds some 4 % to the spread.
    """
    (tmp_path / "own.yaml").write_text(
        "extends: nct05484908\nname: own\ntitle: t\nanalyses:\n"
        f"  - {{name: own, test: {test}, alpha: 0.05, population: randomised, transplant: event,\n"
        "     rescue: ignored, withdrawal: ignored, lost: excluded}\n"
    )
    study = simulator.load(tmp_path / "own.yaml")
    power = study.power(600)
    facts = facts_of(study.prepared.plain, 0, power.operations)
    sds, share = facts.means.sds, facts.means.analysed
    implied = math.sqrt(sum(sd**2 / (30 * share) for sd in sds))
    found = power.primary.performance
    assert found.empirical_se / implied == pytest.approx(1.04, rel=4 * 0.029)
    error = math.hypot(found.truth_mcse, facts.means.mcse)
    assert abs(facts.means.difference - found.truth) < 4 * error
    forms = closed_forms(facts, 0.8)
    assert [form.formula for form in forms.needed] in ([formula], [])  # none if within its error
    assert detectable(facts, (30, 30), 0.8).by is DetectableBy.T_TEST
