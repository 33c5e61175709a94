"""What is not known of a scenario: families, checks with their place, draws and quantiles."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scenario_builder import base_case, changed, shipped
from scipy import stats

from calibration.uncertainty import draws, quantiles
from simulator.params.lower import lower
from simulator.scenario.distributions import FAMILIES, distribution_of
from simulator.scenario.errors import RuleError, ScenarioError
from simulator.scenario.loader import load_scenario
from simulator.scenario.numeric_range import numeric_range

Z = stats.norm.ppf(0.975)


ORACLES: list[tuple[str, dict[str, Any], Any]] = [
    ("normal", {"mean": 1.0, "sd": 2.0}, stats.norm(1, 2)),
    ("normal", {"interval_95": [-1.0, 3.0]}, stats.norm(1, 2 / Z)),
    ("normal", {"mean": 1.05, "interval_95": [-1.0, 3.0]}, stats.norm(1.05, 2 / Z)),
    ("lognormal", {"median": 0.85, "log_sd": 0.2}, stats.lognorm(0.2, scale=0.85)),
    (
        "lognormal",
        {"interval_95": [0.55, 1.3]},
        stats.lognorm(math.log(1.3 / 0.55) / 2 / Z, scale=math.sqrt(0.55 * 1.3)),
    ),
    ("beta", {"alpha": 3.0, "beta": 5.0}, stats.beta(3, 5)),
    ("beta", {"mean": 0.4, "sd": 0.1}, stats.beta(0.4 * 23, 0.6 * 23)),
    ("gamma", {"shape": 3.0, "rate": 2.0}, stats.gamma(3, scale=0.5)),
    ("gamma", {"mean": 2.0, "sd": 0.5}, stats.gamma(16, scale=1 / 8)),
    ("uniform", {"low": -1.0, "high": 3.0}, stats.uniform(-1, 4)),
    ("triangular", {"low": 1.0, "mode": 2.0, "high": 5.0}, stats.triang(0.25, 1, 4)),
    ("triangular", {"low": 1.0, "mode": 1.0, "high": 5.0}, stats.triang(0, 1, 4)),
    ("triangular", {"low": 1.0, "mode": 5.0, "high": 5.0}, stats.triang(1, 1, 4)),
]


@pytest.mark.parametrize(("word", "parameters", "oracle"), ORACLES)
def test_families_are_those_of_scipy(word: str, parameters: dict[str, Any], oracle: Any) -> None:
    found = distribution_of(word, parameters)
    p = np.array([0.001, 0.025, 0.3, 0.5, 0.9, 0.975])
    np.testing.assert_allclose(found.quantile(p), oracle.ppf(p), rtol=1e-10)
    np.testing.assert_allclose(found.cdf(oracle.ppf(p)), p, rtol=1e-10)
    assert float(found.cdf(-1e9)) == 0.0
    assert float(found.cdf(1e9)) == 1.0


def test_logit_normal_is_normal_on_the_logit() -> None:
    found = distribution_of("logit_normal", {"median": 0.45, "logit_sd": 0.4})
    p = np.array([0.025, 0.5, 0.8])
    logits = math.log(0.45 / 0.55) + 0.4 * stats.norm.ppf(p)
    np.testing.assert_allclose(found.quantile(p), 1 / (1 + np.exp(-logits)), rtol=1e-12)
    assert float(found.cdf(2.0)) == 1.0


@pytest.mark.parametrize("word", [w for w, f in FAMILIES.items() if ("interval_95",) in f.ways])
def test_interval_95_is_the_central_95_percent(word: str) -> None:
    found = distribution_of(word, {"interval_95": [0.3, 0.65]})
    np.testing.assert_allclose(found.cdf(np.array([0.3, 0.65])), [0.025, 0.975], atol=1e-6)


def test_truncation_is_that_of_scipy() -> None:
    found = distribution_of("normal", {"mean": 0.0, "sd": 1.0}).within(-0.5, 2.0)
    p = np.array([0.0, 0.1, 0.5, 0.99, 1.0])
    np.testing.assert_allclose(found.quantile(p), stats.truncnorm(-0.5, 2).ppf(p), atol=1e-12)


@pytest.mark.parametrize(
    ("word", "parameters", "key", "words"),
    [
        ("normal", {"mean": 1.0}, "", "{mean, sd} or {interval_95}"),
        ("normal", {"mean": 1.0, "sd": 0.0}, "sd", "must be > 0"),
        ("normal", {"mean": 1.0, "variance": 2.0}, "variance", "{mean, sd}"),
        ("lognormal", {"median": -1.0, "log_sd": 0.2}, "median", "must lie between 0 and inf"),
        ("logit_normal", {"interval_95": [0.3, 1.2]}, "interval_95", "between 0 and 1"),
        ("normal", {"interval_95": [0.3, 0.2]}, "interval_95", "the smaller first"),
        ("normal", {"interval_95": 0.3}, "interval_95", "the smaller first"),
        ("normal", {"mean": 1.2, "interval_95": [-1.0, 3.0]}, "mean", "which is 1"),
        (
            "logit_normal",
            {"median": 0.22, "interval_95": [0.12, 0.34]},
            "median",
            "is not the median of this interval, which is 0.21",
        ),
        ("normal", {"mean": [0.3], "sd": 1.0}, "mean", "must be a number"),
        ("beta", {"mean": 0.5, "sd": 0.6}, "sd", "must be below 0.5"),
        ("uniform", {"low": 2.0, "high": 1.0}, "high", "above low"),
        ("triangular", {"low": 2.0, "mode": 1.0, "high": 3.0}, "mode", "from low to high"),
    ],
)
def test_wrong_parameters_are_named(
    word: str, parameters: dict[str, Any], key: str, words: str
) -> None:
    with pytest.raises(RuleError) as caught:
        distribution_of(word, parameters)
    assert caught.value.key == key
    assert words in str(caught.value)


# Checks in a file


def problem(tmp_path: Path, items: str) -> str:
    """Say what is wrong with a scenario of these uncertain items."""
    path = tmp_path / "s.yaml"
    path.write_text(f"extends: nct05484908\nname: s\nuncertain:\n{items}")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return str(caught.value).replace(str(path), "s.yaml")


def one(keys: str, more: str = "distribution: normal, parameters: {mean: 0, sd: 1}") -> str:
    """Return an item on one line."""
    return f"  - {{keys: {keys}, {more}}}\n"


PAIR = "[hazard.meld_reference, hazard.frailty_log_sd]"
NARROW = "distribution: normal, parameters: {mean: 5, sd: .1}, correlation: "


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (one("hazard.frailty_sd"), 's.yaml:4: uncertain[0].keys = "hazard.frailty_sd": '),
        (one("hazard.frailty_sd"), "did you mean hazard.frailty_log_sd?"),
        (one("hazard.effect.kind"), "its value is by_session, not a number"),
        (one("trial.planned_completion_date"), "not a number"),
        (one("hazard.drift"), "its value is null, not a number"),
        (one("hazard.baseline"), "holds several values; name one, as hazard.baseline.horizon_days"),
        (one("hazard.baseline.mortality_at_horizon"), "as hazard.mortality_targets.PE"),
        (one("uncertain"), "is no part of the trial's course"),
        (
            one("hazard.frailty_log_sd"),
            "uncertain[0].parameters: hazard.frailty_log_sd: must be >= 0; this distribution has "
            "probability 0.5 outside; correct its parameters, choose another, or truncate it by "
            "bounds: [0, null]",
        ),
        (
            one(
                "hazard.mortality_targets.PE",
                "distribution: lognormal, parameters: {median: 1, log_sd: 1}",
            ),
            "must be > 0 and < 1; this distribution has probability 0.5 outside",
        ),
        (
            one("hazard.meld_reference", "distribution: normal, parameters: {mean: 0, sds: 1}"),
            "s.yaml:4: uncertain[0].parameters.sds = 1",
        ),
        (
            one("hazard.meld_reference", "distribution: norml, parameters: {mean: 0, sd: 1}"),
            "did you mean normal?",
        ),
        (one("hazard.meld_reference") * 2, "s.yaml:5: uncertain[1].keys = "),
        (one("hazard.meld_reference") * 2, "uncertain already, by uncertain[0]"),
        (
            one(PAIR, NARROW + "[[1, 1], [1, 1]]"),
            "[[1, 1], [1, 1]]: must be positive definite; its smallest eigenvalue is 0;",
        ),
        (
            one(PAIR, NARROW + "[[1, .2], [.1, 1]]"),
            "symmetric",
        ),
        (
            one(PAIR, NARROW + "[[1]]"),
            "matrix of 2 x 2",
        ),
        (
            one(
                "hazard.meld_reference",
                "distribution: normal, parameters: {mean: 0, sd: 1}, bounds: [40, 50]",
            ),
            "no probability within the bounds",
        ),
        (
            one(
                "hazard.meld_reference",
                "distribution: normal, parameters: {mean: 0, sd: 1}, bounds: [2, 1]",
            ),
            "the smaller first",
        ),
        (
            one(
                "hazard.meld_reference",
                "distribution: [normal, beta], parameters: {mean: 0, sd: 1}",
            ),
            "has 2 items for 1 key",
        ),
        (
            one("hazard.meld_reference", NARROW + "0.5"),
            "uncertain[0].correlation = 0.5: one key correlates with nothing",
        ),
        (
            one("'arms[*].plan.session'"),
            "is not a key of this scenario; did you mean arms[1].plan.sessions?",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, items: str, words: str) -> None:
    assert words in problem(tmp_path, items)


def test_truncation_brings_a_distribution_into_the_range_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    more = "distribution: normal, parameters: {mean: 0, sd: 1}, bounds: [0, null]"
    item = one("hazard.frailty_log_sd", more)
    path.write_text(f"extends: nct05484908\nname: s\nuncertain:\n{item}")
    found = draws(load_scenario(path).scenario, 200, 1).values
    assert (found >= 0).all()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("arms[0].plan.sessions", ">= 1"),
        ("hazard.mortality_targets.PE", "> 0 and < 1"),
        ("modalities[1].full_course_hazard_ratio", "> 0"),
        ("exits.loss.net_probability", ">= 0 and < 1"),
        ("hazard.meld_reference", "any number"),
        ("eligibility.upper_limits_of_normal.ast_u_per_l", "> 0"),
        ("candidates.variables[0].mean", "any number"),
    ],
)
def test_range_of_a_key_is_that_of_its_field(key: str, words: str) -> None:
    assert str(numeric_range(shipped("nct05484908"), key)).startswith(words)
    assert numeric_range(shipped("nct05484908"), key).whole == (key == "arms[0].plan.sessions")


# Draws

JOINT = [
    {
        "keys": ["hazard.meld_reference", "exits.loss.net_probability"],
        "distribution": ["normal", "logit_normal"],
        "parameters": [{"mean": 27.0, "sd": 2.0}, {"median": 0.05, "logit_sd": 0.5}],
        "correlation": -0.6,
    },
    {"keys": "n", "distribution": "uniform", "parameters": {"low": 40, "high": 80}},
]


def test_draws_are_functions_of_seed_and_number() -> None:
    scenario = base_case(changes={"uncertain": JOINT})
    keys, whole = draws(scenario, 50, 7)
    assert keys == ("hazard.meld_reference", "exits.loss.net_probability", "n")
    np.testing.assert_array_equal(draws(scenario, 10, 7).values, whole[:10])
    np.testing.assert_array_equal(draws(scenario, 10, 7, first=40).values, whole[40:])
    assert not np.isin(draws(scenario, 50, 8).values[:, 0], whole[:, 0]).any()


def test_draws_have_the_distribution_that_is_asked() -> None:
    number = 4_000
    values = draws(base_case(changes={"uncertain": JOINT}), number, 1).values
    logits = np.log(values[:, 1] / (1 - values[:, 1]))
    scores = np.column_stack([(values[:, 0] - 27) / 2, (logits - math.log(0.05 / 0.95)) / 0.5])
    for column in scores.T:
        assert stats.kstest(column, "norm").pvalue > 6.3e-5  # 4 standard errors of a normal
    # Fisher's z of a correlation has standard error 1 / sqrt(n - 3).
    z = np.arctanh(np.corrcoef(scores.T)[0, 1]) - math.atanh(-0.6)
    assert abs(z) < 4 / math.sqrt(number - 3)
    assert (values[:, 2] == np.rint(values[:, 2])).all()
    assert abs(np.corrcoef(values[:, 0], values[:, 2])[0, 1]) < 4 / math.sqrt(number)


def test_quantiles_are_those_of_each_key_by_itself() -> None:
    found = quantiles(base_case(changes={"uncertain": JOINT}), [0.025, 0.5, 0.975])
    np.testing.assert_allclose(found.values[:, 0], stats.norm(27, 2).ppf([0.025, 0.5, 0.975]))
    np.testing.assert_array_equal(found.values[:, 2], [41, 60, 79])


def test_a_star_stands_for_every_item_and_uncertainty_changes_no_trial() -> None:
    star = {
        "keys": "accrual.sites[*].randomised_per_month",
        "distribution": "gamma",
        "parameters": {"mean": 2.3, "sd": 0.4},
    }
    plain, unsure = base_case(), base_case(changes={"uncertain": [star]})
    assert draws(unsure, 3, 1).keys == ("accrual.sites[*].randomised_per_month",)
    assert repr(lower(plain)) == repr(lower(unsure))
    assert unsure == changed(plain, {"uncertain": [star]})
