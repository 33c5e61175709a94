"""The comparison of schemes: simulated against exact, pairs, and what bias does to tests.

Tolerances are 4 standard errors, of a seed chosen without looking.
"""

import functools
import math

import numpy as np
import pytest
from scenario_builder import bare, base_case, changed, checked

from simulator.allocation.metrics import exact_metrics
from simulator.analysis import plans_of
from simulator.montecarlo.workers import Workers
from simulator.params.lower import lower
from simulator.planning.candidate_schemes import candidate_scheme_of
from simulator.planning.scheme_comparison import compare, only_metrics
from simulator.results.allocation import Method
from simulator.scenario.schema import Scenario

TRIALS, SEED = 2_000, 20_261_124
OF_BASE_CASE = 1_000  # trials of each scheme; every tolerance follows from them
BY_COUNTS = (
    "complete",
    "random_blocks(4,6)",
    "efron(2/3)",
    "big_stick(3)",
    "wei_urn(0,1)",
    "maximal(3)",
    "truncated_binomial",
)


def compared(scenario: Scenario, *schemes: str, trials: int = TRIALS):
    params = lower(scenario)
    null = lower(scenario.model_copy(update={"null_hypothesis": "strong"}))
    candidate_schemes = [candidate_scheme_of(scenario, text) for text in schemes]
    plans = plans_of(scenario)
    return compare(
        scenario, params, null, plans, candidate_schemes, trials, SEED, Workers(2), lambda _: None
    )


@functools.cache
def plain():
    return compared(base_case(), *BY_COUNTS, trials=OF_BASE_CASE)


@pytest.mark.parametrize("place", range(len(BY_COUNTS)), ids=BY_COUNTS)
def test_simulated_metrics_agree_with_the_exact_ones(place):
    outcome = plain()[place]
    assert set(outcome.simulated_metrics) == set(outcome.metrics)
    assert outcome.method is Method.EXACT
    for name, found in outcome.simulated_metrics.items():
        mean, error = found.mean, found.mcse
        if math.isnan(error):  # no mean of trials: the spread of D_n, and distances
            continue
        # What does not vary between trials is summed alike, but for rounding; a bound that nearly
        # every trial meets may be met by all: the rule of three.
        rare = 3 / OF_BASE_CASE if name == "max_imbalance" else 0.0
        assert mean == pytest.approx(outcome.metrics[name], abs=4 * error + rare + 1e-12), name
    spread, size = outcome.simulated_metrics["sd_imbalance"].mean, outcome.metrics["sd_imbalance"]
    # D_n is near normal, or of bounded support: the variance of its square is at most twice s^4.
    assert spread**2 == pytest.approx(
        size**2, abs=4 * math.sqrt(2 / OF_BASE_CASE) * size**2 + 1e-12
    )


def test_first_scheme_differs_from_itself_by_nothing():
    first = plain()[0]
    for rejections in first.analyses:
        assert (rejections.power.difference, rejections.power.paired_mcse) == (0.0, 0.0)
    assert first.trial["deaths"].difference == 0.0


def test_deaths_under_two_schemes_are_compared_more_precisely_than_either_is_known():
    for outcome in plain()[1:]:
        deaths = outcome.trial["deaths"]
        assert deaths.paired_mcse < 0.5 * deaths.mcse


def test_metrics_alone_are_exact_where_they_can_be_and_simulated_else():
    scenario = changed(
        base_case(),
        {"allocation.factors": [{"variable": "inr", "cut_points": [2.0]}]},
    )
    schemes = [candidate_scheme_of(scenario, text) for text in ("complete", "efron", "hu_hu")]
    found = only_metrics(scenario, lower(scenario), schemes, 200, SEED, Workers(), lambda _: None)
    assert [outcome.method is Method.EXACT for outcome in found] == [True, False, False]
    assert found[0].metrics == exact_metrics(schemes[0].plan, 60)
    assert [len(outcome.strata) for outcome in found] == [0, 2, 2]
    by_stratum = found[1].strata
    assert sum(row.patients for row in by_stratum) == pytest.approx(60.0)
    assert all(row.correct_guesses > 0.55 for row in by_stratum)


@functools.cache
def biased():
    """An investigator who has patients die at half or twice the rate, by the guess."""
    bias = {"kind": "shift", "favours": "experimental", "hazard_ratio": 0.5}
    scenario = bare(60, {"selection_bias": bias, "exits.loss.net_probability": 0.05})
    return compared(scenario, "permuted_block(2)", "permuted_block(4)", "big_stick(3)", "complete")


def test_guessing_inflates_the_level_the_more_the_better_arms_can_be_guessed():
    two, four, stick, complete = (outcome.analyses[0].level for outcome in biased())
    assert two.mean - four.mean > 4 * math.hypot(two.mcse, four.mcse)
    assert four.mean - stick.mean > 4 * math.hypot(four.mcse, stick.mcse)
    assert stick.mean > complete.mean


def test_guessing_for_an_arm_gives_false_claims_for_that_arm():
    """The second arm is favoured: nearly all that the level gains is in its favour."""
    four, complete = biased()[1].analyses[0], biased()[3].analyses[0]
    gained = four.level.mean - complete.level.mean
    in_favour = four.level_favours_second.mean - complete.level_favours_second.mean
    assert in_favour >= gained


def test_guessing_does_nothing_where_there_is_nothing_to_guess():
    """Under complete randomisation a guess is right by chance alone: the level is the test's."""
    level = biased()[3].analyses[0].level
    # The level of the log-rank test itself at 30 v 30 is within .005 of .05.
    assert level.mean == pytest.approx(0.05, abs=4 * level.mcse + 0.005)


@functools.cache
def drifting():
    """Mortality falls to a tenth; the log-rank test, and the same statistic re-randomised."""
    scenario = bare(40, {"hazard.drift": {"kind": "linear", "hazard_ratio": 0.05}})
    scenario = with_rerandomisation(scenario, draws=199)
    return compared(scenario, "truncated_binomial", "permuted_block(2)", trials=1_500)


def with_rerandomisation(scenario: Scenario, draws: int) -> Scenario:
    """Return the scenario with a re-randomisation test of its log-rank statistic."""
    first = scenario.analyses[0].model_dump()
    again = {"name": "again", "test": "rerandomisation", "of": "log_rank", "draws": draws}
    whole = scenario.model_dump() | {"analyses": [first, first | again]}
    return checked(whole)


def test_drift_inflates_the_level_of_a_scheme_that_ends_unevenly_and_lowers_that_of_pairs():
    truncated, pairs = (outcome.analyses[0].level for outcome in drifting())
    assert truncated.mean - 0.05 > 4 * truncated.mcse
    assert 0.05 - pairs.mean > 4 * pairs.mcse


def test_rerandomisation_holds_its_level_whatever_drifts():
    for outcome in drifting():
        level = outcome.analyses[1].level
        assert level.mean <= 0.05 + 4 * level.mcse


ADAPTIVE = ("play_the_winner", "drop_the_loser", "adaptive_coin", "erade", "thompson")


@functools.cache
def adaptive():
    scenario = with_rerandomisation(bare(40), draws=99)
    return compared(scenario, "complete", *ADAPTIVE, trials=500)


@pytest.mark.parametrize("place", range(1, 6), ids=ADAPTIVE)
def test_rerandomisation_that_replays_the_adaptation_holds_its_level(place):
    level = adaptive()[place].analyses[1].level
    assert level.mean <= 0.05 + 4 * level.mcse


@pytest.mark.parametrize("place", range(1, 6), ids=ADAPTIVE)
def test_adapting_to_outcomes_puts_more_patients_into_the_better_arm(place):
    """Mortality .60 v .40: each of these leans to the second arm, and so has fewer deaths."""
    trial = adaptive()[place].trial
    part, deaths = trial["first_arm_share"], trial["deaths"]
    assert part.mean < 0.5 - 4 * part.mcse
    assert deaths.difference < -4 * deaths.paired_mcse or part.mean > 0.46


def test_covariate_balance_is_that_of_the_labs_between_the_arms():
    outcome = plain()[0]
    # Of two groups of 30 normal values it averages sqrt(4 / (30 pi)); groups of chance sizes, and
    # an estimated spread, add a few per cent.
    expected = math.sqrt(4 / (math.pi * 30))
    for lab in ("inr", "creatinine"):
        found = outcome.covariate_imbalance[lab]
        assert found.mean == pytest.approx(expected, abs=4 * found.mcse + 0.03 * expected)
    assert np.isfinite([e.mcse for e in outcome.covariate_imbalance.values()]).all()
