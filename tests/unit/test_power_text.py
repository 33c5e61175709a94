"""Sentences of the page of text look at what they speak of."""

import io
from dataclasses import replace

from answers import FISHER, analysis_power, performance, power_answer
from rich.console import Console

from simulator.report.text.power import print_power, verdict_in_words
from simulator.results.measures import BelowLevel, LowReason

NOTHING = dict.fromkeys(
    (
        "mean", "bias", "bias_mcse", "empirical_se", "empirical_se_mcse", "model_se",
        "model_se_mcse", "rmse", "rmse_mcse", "coverage", "coverage_mcse", "sign_error",
        "sign_error_mcse", "exaggeration", "exaggeration_mcse",
    )
)  # fmt: skip


def page(answer):
    console = Console(file=io.StringIO(), width=200)
    print_power(answer, console)
    return console.file.getvalue()


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
    assert "its own type I error is 2.7%" in words
    assert "nominal level" not in verdict_in_words(answer)


def test_target_of_the_user_stands_in_an_adequate_verdict_too():
    words = verdict_in_words(power_answer(0.93, 0.92, 0.94, target=0.9))
    assert words.startswith("ADEQUATELY POWERED")
    assert "target 90%" in words
