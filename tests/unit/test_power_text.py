"""Sentences of the full text of `power` look at what they speak of."""

from dataclasses import replace

import pytest
from answers import FISHER, analysis_power, operations, performance, power_answer

from simulator.montecarlo.judgement import judge
from simulator.report.text import full_text, sections_of
from simulator.report.text.verdict import verdict_in_words
from simulator.results.measures import BelowLevel, LowReason, NullHypothesis, Share

NOTHING = dict.fromkeys(
    (
        "mean", "bias", "bias_mcse", "empirical_se", "empirical_se_mcse", "model_se",
        "model_se_mcse", "rmse", "rmse_mcse", "coverage", "coverage_mcse", "sign_error",
        "sign_error_mcse", "exaggeration", "exaggeration_mcse",
    )
)  # fmt: skip


def page(answer):
    return " ".join(full_text(answer).split())


def test_errors_of_estimates_are_told_only_where_there_are_estimates():
    without = analysis_power(FISHER, performance=performance(estimates=0, **NOTHING))
    assert "relative MCSE at most" not in page(power_answer(analyses=(without,)))
    assert "coverage: MCSE at most" not in page(power_answer(analyses=(without,)))
    assert "relative MCSE at most 0.7%; coverage: MCSE at most 0.2%" in page(power_answer())


def test_coverage_alone_missing_leaves_the_errors_that_there_are():
    some = performance(coverage=None, coverage_mcse=None)
    text = page(power_answer(analyses=(analysis_power(FISHER, performance=some),)))
    assert "Empirical SE, mean model SE and RMSE: relative MCSE at most 0.7%." in text


def test_power_below_the_level_is_explained_in_the_verdict():
    answer = power_answer()
    low = BelowLevel(LowReason.CONSERVATIVE, 0.0268)
    words = verdict_in_words(replace(answer, verdict=replace(answer.verdict, below_level=low)))
    assert "because Fisher's exact test is conservative" in words
    assert "with 30 v 30 fully followed up its type I error is 2.7%" in words
    assert "nominal level" not in verdict_in_words(answer)


def test_target_of_the_user_stands_in_an_adequate_verdict_too():
    words = verdict_in_words(power_answer(0.93, 0.92, 0.94, target=0.9))
    assert words.startswith("ADEQUATELY POWERED")
    assert "target 90%" in words


def test_the_verdict_is_the_end_of_the_full_text():
    last = full_text(power_answer()).rstrip().splitlines()
    assert any(line.startswith("UNDERPOWERED") for line in last[-4:])


def test_recruitment_that_is_the_limit_is_told_with_the_verdict():
    answer = power_answer(operations=operations(target_reached=Share(0.2, 0.19, 0.21)))
    assert "RECRUITMENT IS THE LIMIT" in page(answer)[-250:]


@pytest.mark.parametrize(
    ("null", "opening"),
    [(NullHypothesis.NONE, "power"), (NullHypothesis.STRONG, "type I error")],
)
def test_few_trials_give_an_interval_and_no_verdict(null, opening):
    verdict = judge(null, 0.108, 0.603, 0.05, 0.8, trials=10)
    first = analysis_power(power=0.3, low=0.108, high=0.603, mcse=0.137)
    answer = power_answer(null=null, analyses=(first,), trials=10, verdict=verdict)
    words = verdict_in_words(answer)
    assert words.startswith("Too few trials for a verdict (10 of at least 100)")
    assert f"{opening} (Fisher's exact test) 30.0% (95 % interval 10.8% to 60.3%)" in words
    assert not any(word.isupper() and len(word) > 3 for word in words.split())


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.7901, 0.7999, "78.0% (95 % interval 79.01% to 79.99%)"),  # 80.0 would be no less than 80
        (0.8003, 0.8172, "78.0% (95 % interval 80.03% to 81.72%)"),
        (0.7702, 0.7851, "78.0% (95 % interval 77.0% to 78.5%)"),
    ],
)
def test_rounding_moves_no_end_of_an_interval_onto_the_target(low, high, shown):
    answer = power_answer(0.78, low, high)
    first = replace(answer.primary, mcse=0.004)
    words = verdict_in_words(replace(answer, analyses=(first,)))
    decimals = len(shown.split("to ")[1].split("%")[0].split(".")[1])
    assert shown.replace("78.0%", f"{78:.{decimals}f}%") in words
    limits = shown.split("interval ")[1][:-1]
    assert limits in full_text(replace(answer, analyses=(first,))).replace("\n", " ")


def test_sections_that_have_nothing_are_not_there():
    found = sections_of(power_answer())
    assert "estimates" in found
    assert "families" not in found
    assert "priors" not in found
    assert "agreement" not in found


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (0, ", all in favour of DPMAS+LPE;"),
        (4, ", all but 4 of 261 rejections in favour of DPMAS+LPE;"),
        (90, ", in favour of DPMAS+LPE 1.7%"),
    ],
)
def test_all_rejections_favour_an_arm_only_where_all_do(other, said):
    """A share that rounds to the power is not all of it."""
    shares = {
        arm: replace(analysis_power(FISHER).in_favour_of[arm], power=n / 10_000)
        for arm, n in {"PE": other, "DPMAS+LPE": 261 - other}.items()
    }
    limits = {"power": 0.0261, "mcse": 0.0016, "ci_low": 0.0232, "ci_high": 0.0294}
    second = replace(shares["DPMAS+LPE"], **limits | {"power": shares["DPMAS+LPE"].power})
    first = replace(
        analysis_power(FISHER),
        **limits,
        rejections=261,
        favouring={"PE": other, "DPMAS+LPE": 261 - other},
        in_favour_of=shares | {"DPMAS+LPE": second},
    )
    assert said in verdict_in_words(power_answer(analyses=(first,)))
