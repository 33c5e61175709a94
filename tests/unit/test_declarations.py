"""What is declared can be found, has words of its own, and is all that the rest asks for."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from analysis_records import every_plan, plan_of

from simulator.allocation.schemes.base import Rules
from simulator.analysis import plans_of
from simulator.declarations import baselines
from simulator.declarations.analyses import (
    ALL,
    ANALYSES,
    RANDOMISATION_TESTS,
    STATISTICS,
    Need,
)
from simulator.declarations.analyses.hypothesis import Hypothesis
from simulator.declarations.estimands import estimand
from simulator.declarations.estimands import tests_of as names_of
from simulator.declarations.exits import DRAWN, Exit
from simulator.declarations.quantities import name_with_unit
from simulator.declarations.schemes import SCHEMES
from simulator.named import named
from simulator.records import Patients
from simulator.results.measures import Scale
from simulator.rules import hazard
from simulator.scenario.disease import Exits
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_names

ROOT = Path(__file__).parents[2]
LONGEST_SHORT_NAME = 22  # what a table of a page has room for


@pytest.mark.parametrize("word", ANALYSES)
def test_what_an_analysis_names_is_there(word):
    assert callable(named(ANALYSES[word].kernel))
    if word in STATISTICS:
        declared = STATISTICS[word]
        assert callable(named(declared.measure.truth))
        assert not declared.table or callable(named(declared.table))


def test_a_place_without_such_a_name_is_an_error():
    with pytest.raises(AttributeError, match="no_such_test"):
        named("simulator.analysis.proportions:no_such_test")


@pytest.mark.parametrize("word", SCHEMES)
def test_the_rules_that_a_scheme_names_are_its_own(word):
    rules = named(SCHEMES[word].rules)
    assert isinstance(rules, Rules)
    assert [w for w, scheme in SCHEMES.items() if scheme.rules == SCHEMES[word].rules] == [word]


@pytest.mark.parametrize("word", ANALYSES)
def test_every_analysis_is_on_a_page(word):
    pages = [page.read_text(encoding="utf-8") for page in ROOT.glob("docs/analyses/*.md")]
    assert any(f"`{word}`" in text for text in pages)


def test_words_and_short_names_are_told_apart_and_fit_a_table():
    names = [declared.short_name for declared in ALL]
    assert len(ANALYSES) == len(ALL) == len(set(names))
    assert max(map(len, names)) <= LONGEST_SHORT_NAME
    assert ANALYSES.keys() == STATISTICS.keys() | RANDOMISATION_TESTS.keys()


def test_names_with_details_tell_all_plans_apart_and_have_their_options_in_them():
    texts = []
    for plan in every_plan():
        declared = STATISTICS[plan.test]
        name, how = declared.name(plan.options), declared.how(plan.options)
        assert not set("{}[]_") & set(name + how), "options as a program writes them"
        texts.append((name, how, declared.measure))
    causes = [plan for plan in every_plan() if "cause" in plan.options]
    assert len(set(texts)) == len(texts)
    assert all(p.options["cause"] in estimand(p, 84, ("A", "B")) for p in causes)


@pytest.mark.parametrize(
    ("test", "options", "sentence", "how"),
    [
        ("fisher", {}, "Fisher's exact test", ""),
        ("log_rank", {}, "the log-rank test", ""),
        (
            "max_combo",
            {"weights": [[0.0, 0.0], [0.0, 0.5]]},
            "the MaxCombo test",
            "weights G(0, 0) and G(0, 0.5)",
        ),
        (
            "cmh",
            {"strata": [20.0, 26.5]},
            "the Cochran-Mantel-Haenszel test",
            "strata: MELD at the first visit cut at 20 and 26.5",
        ),
        (
            "risk_ratio",
            {"interval": "miettinen_nurminen"},
            "the Miettinen-Nurminen interval for the risk ratio",
            "",
        ),
        (
            "cox",
            {"ties": "efron", "statistic": "likelihood_ratio"},
            "Cox regression",
            "likelihood ratio test, Efron ties",
        ),
        (
            "beta_binomial",
            {"prior_control": [1.0, 1.0], "prior_experimental": [0.5, 2.0]},
            "the Bayesian beta-binomial comparison",
            "priors Beta(1, 1) and Beta(0.5, 2)",
        ),
        ("permutation", {"of": "main", "draws": 999}, "the permutation test", "of main, 999 draws"),
    ],
)
def test_a_name_stands_in_a_sentence_as_it_is_said(test, options, sentence, how):
    assert ANALYSES[test].in_sentence(options) == sentence
    assert ANALYSES[test].how(options) == how


def test_no_two_analyses_of_a_scenario_share_a_label():
    for name in shipped_names():
        plans = plans_of(load_scenario(name).scenario)
        tests = names_of(plans)
        labels = [test.label for test in tests]
        assert len(set(labels)) == len(labels)
        full = [test.full_label for test in tests]
        assert len(set(full)) == len(full)
        estimands = [estimand(plan, 84, ("A", "B"), plans) for plan in plans]
        # Neither the words of a scenario file nor lists as a program writes them.
        assert not [t for t in (*labels, *full, *estimands) if set("[]{}_") & set(t)]


@pytest.mark.parametrize(
    ("changes", "distinction"),
    [
        ({}, ""),
        ({"lost": "worst_case"}, "lost count as dead"),
        ({"population": "treated"}, "those with a session"),
        ({"transplant": "censored"}, "transplant counts as loss"),
        ({"withdrawal": "event"}, "withdrawal from treatment counts as death"),
        ({"alpha": 0.025}, "level 0.025"),
        ({"options": {"interval": "newcombe"}}, "Newcombe"),
        (
            {"population": "treated", "lost": "best_case"},
            "those with a session, lost count as alive",
        ),
    ],
)
def test_an_analysis_is_told_from_the_first_of_its_name(changes, distinction):
    first = plan_of("risk_difference", interval="miettinen_nurminen")
    tests = names_of((first, first._replace(name="other", **changes)))
    assert [test.distinction for test in tests] == ["", distinction]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            plan_of("max_combo", "censored", weights=[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]),
            "(MaxCombo test of G(0, 0), G(0, 1) and G(1, 0))",
        ),
        (
            plan_of("risk_difference", interval="miettinen_nurminen"),
            "(Miettinen-Nurminen interval)",
        ),
        (plan_of("odds_ratio", interval="log"), "(log-scale Wald interval)"),
        (
            plan_of("cmh", strata=[25.0, 30.0]),
            "(Cochran-Mantel-Haenszel test, strata: MELD at the first visit cut at 25 and 30)",
        ),
        (
            plan_of("cox", "censored", ties="efron", statistic="likelihood_ratio"),
            "(Cox regression, likelihood ratio test, Efron ties)",
        ),
        (
            plan_of("beta_binomial", prior_control=[1.0, 1.0], prior_experimental=[1.0, 1.0]),
            "(Bayesian, priors Beta(1, 1) and Beta(1, 1))",
        ),
    ],
)
def test_an_estimand_has_options_by_the_names_of_the_field(plan, said):
    assert said in estimand(plan, 84, ("A", "B"))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("trial.target_randomised", "Patients to be randomised"),
        ("trial.follow_up_days", "Follow-up per patient (days)"),
        ("exits.loss.net_probability", "Loss to follow-up (proportion)"),
        ("modalities[1].plasma_litres", "Plasma per session, DPMAS+LPE (litres)"),
        (
            "modalities[1].full_course_hazard_ratio",
            "Hazard ratio of a full course of DPMAS+LPE against none",
        ),
        (
            "hazard.meld_reference",
            "MELD of the patient whose hazard is the baseline (points)",
        ),
        ("candidates.variables[0].mean", "Mean of age years"),
        (
            "modalities[1].shifts.inr.remains_at_once",
            "Remains at once (modalities, DPMAS+LPE, shifts, INR)",
        ),
        ("allocation.ratio[1]", "Ratio 2 (allocation)"),
        ("assessment.visits[0].missed_probability", "Missed probability (assessment, visits, 1)"),
    ],
)
def test_a_key_is_named_for_people_with_its_unit(key, name):
    values = {key: value for key, value, _ in load_scenario("nct05484908").values()}
    assert name_with_unit(key, values.get) == name


@pytest.mark.parametrize(
    "scenario", ["nct05484908-analyses", "nct05484908-noninferiority", "nct05484908-strata"]
)
def test_no_axis_is_named_by_a_key(scenario):
    """A key has underscores, dots between words or brackets with numbers; a name has none."""
    values = {key: value for key, value, _ in load_scenario(scenario).values()}
    names = [name_with_unit(key, values.get) for key in values]
    assert not [name for name in names if re.search(r"_|[a-z]\.[a-z]|\[\d", name)]


def test_a_scale_is_that_of_the_words_of_its_measure():
    for declared in STATISTICS.values():
        words, scale = declared.measure.words, declared.measure.scale
        logarithm = words.startswith("log ") or words.startswith("weighted log ")
        assert (scale is Scale.LOG_RATIO) == logarithm
        assert (scale is Scale.DAYS) == ("survival time" in words)
        assert (scale is Scale.MELD_POINTS) == (
            Need.LAST_MELD in declared.needs
            and ("change of MELD to the last" in words or "mean change" in words)
        )


def test_exits_have_the_keys_of_the_scenario_in_its_order_and_columns_of_their_own():
    keys = [key for key in Exits.model_fields if key != "serious_adverse_event_hazard_ratio"]
    assert [drawn.key for drawn in DRAWN] == keys
    columns = {f"{drawn.key}_after_days" for drawn in DRAWN if drawn is not Exit.TUMOUR}
    assert columns <= set(Patients._fields)


def test_every_kind_of_baseline_names_a_rule_and_reaches_its_horizon():
    given = {
        "piecewise": {"days": [10.0, 84.0], "shares": [0.25, 0.75]},
        "exponential": {},
        "weibull": {"shape": 0.7},
    }
    for kind in baselines.ALL:
        (word,) = kind.model_fields["kind"].annotation.__args__
        common = {"kind": word, "horizon_days": 84.0, "mortality_at_horizon": 0.5}
        course = kind(**common, **given[word]).course()
        assert named(course.rule) in (hazard.PIECEWISE, hazard.WEIBULL)
        assert course.days[-1] == 84.0
        assert sum(course.shares) == pytest.approx(1.0, abs=1e-12)


_TOY = """
import dataclasses, json
from simulator.declarations import analyses
toy = dataclasses.replace(analyses.STATISTICS["chi_square"], word="toy", full_name="toy test")
analyses.ANALYSES["toy"] = analyses.STATISTICS["toy"] = toy  # as its line in ALL would
from simulator.analysis import END, analyse, design_of, estimand, plans_of
from simulator.analysis.exact_power import ExactQuestion, p_value_table
from simulator.engines.compiled import simulate
from simulator.params.lower import lower
from simulator.scenario.json_schema import json_schema
from simulator.scenario.loader import load_scenario
from simulator.scenario.schema import Scenario
from simulator.truth import true_values
asked = load_scenario("two-arm-survival").scenario.model_dump()
first = asked["analyses"][0] | {"lost": "excluded"}
asked["analyses"] = [first | {"name": test, "test": test} for test in ("chi_square", "toy")]
scenario = Scenario.model_validate(asked)
params, plans = lower(scenario), plans_of(scenario)
table = analyse(simulate(params, 1, 0, 20), plans, design_of(params, 1), END)
print(json.dumps({
    "p_values": table.p_value.T.tolist(),
    "estimands": [estimand(plan, 84, ("A", "B")) for plan in plans],
    "schema": '"toy"' in json.dumps(json_schema()),
    "exact": [p_value_table(ExactQuestion(p.test, 5, 5, 0.05)).tolist() for p in plans],
    "truths": [truth.value for truth in true_values(params, plans)],
}))
"""


def test_a_declaration_is_all_that_a_new_analysis_takes():
    # In a process of its own: the schema is made of the declarations as it is imported.
    done = subprocess.run(
        [sys.executable, "-c", _TOY], capture_output=True, text=True, check=True, cwd=ROOT
    )
    found = json.loads(done.stdout)
    for of_chi_square, of_toy in (found["p_values"], found["exact"], found["truths"]):
        assert of_toy == of_chi_square
    assert found["estimands"][1] == found["estimands"][0].replace("Pearson's chi-square", "toy")
    assert found["schema"]


def test_the_schemes_that_look_at_numbers_by_arm_alone_stand_first():
    alone = [scheme.counts_alone for scheme in SCHEMES.values()]
    assert alone == sorted(alone, reverse=True)  # see `allocation.schemes.chance_by_counts`


_SCORE = {"lost": "censored", "ties": "efron", "statistic": "score"}


def test_a_test_is_named_with_what_it_is_to_show_and_says_it_once():
    two_sided = plan_of("fisher")
    less = plan_of("fisher", name="b", hypothesis=Hypothesis("less"))
    margin = plan_of("cox", name="c", hypothesis=Hypothesis("less", 1.3), **_SCORE)
    alike = plan_of("cox", name="d", hypothesis=Hypothesis(equivalence=(0.8, 1.25)), **_SCORE)
    plain, one, other, both = names_of([two_sided, less, margin, alike])
    assert plain.name == "Fisher's exact test"
    assert one.name == "Fisher's exact test, one-sided (less)"
    assert one.full_label == one.name
    assert one.label == "Fisher, one-sided (less)"
    assert other.name == "Cox regression, margin 1.3"
    assert both.label == "Cox, equivalence between 0.8 and 1.25"
