"""Estimates with interim analyses: the table of what allows for them beside what does not."""

from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.numbers import (
    DASH,
    LEFT_OUT,
    count,
    joined,
    known,
    number,
    percent_with_error,
    with_error,
)
from simulator.report.look_words import no_estimates_in_words
from simulator.results.looks import Looks
from simulator.results.measures import Estimate, Scale
from simulator.results.power import Power

_ROWS = {
    "all_data": "Usual estimate and interval, all data at the end",
    "at_stop": "Usual estimate and interval, data at the stop",
    "median_unbiased": "Median-unbiased estimate, stage-wise interval, data at the stop",
    "repeated": "Repeated interval, data at the stop",
}
_WITH_CENTRE = "Repeated interval and its centre, data at the stop"


def after_stopping_blocks(power: Power) -> list[Block]:
    """Bias and coverage with interim analyses, or why not; empty where none is planned."""
    found = power.looks
    if found is None:
        return []
    why = literal(no_estimates_in_words(found))
    if not found.estimates:
        return [Paragraph(why)] if why else []
    scale = next(a.scale for a in power.analyses if a.name == found.analysis)
    said = (
        "A trial that an interim analysis stops has an extreme estimate more often than not "
        f"[@jennison]. [#after-stopping] sets beside the usual estimate {_beside(found)}"
    )
    if why:
        return [Paragraph(f"{said} {why}"), _table(found, scale)]
    if found.lower_spending is not None:
        said += (
            " Each limit of the stage-wise interval misses the true value with the part of the "
            "level of its own side."
        )
    return [Paragraph(said), _table(found, scale)]


def _beside(found: Looks) -> str:
    """What the table sets beside the usual estimate, to the end of the sentence."""
    last = "by the data at the analysis with which the trial ended."
    if "median_unbiased" not in found.estimates:
        return f"the repeated confidence interval, {last}"
    return (
        "the median-unbiased one and the interval of the stage-wise ordering of outcomes, and the "
        f"repeated confidence interval, all {last}"
    )


def _table(found: Looks, scale: Scale) -> Table:
    times = 100.0 if scale is Scale.PROPORTION else 1.0
    unit = {Scale.PROPORTION: ", pp", Scale.LOG_RATIO: ", log ratio", Scale.DAYS: ", days"}
    rows = [
        (
            _ROWS[kind] if kind != "repeated" or one.mean is None else _WITH_CENTRE,
            count(max(one.estimates, one.intervals)),
            _cell(one.bias, one.bias_mcse, times),
            _share(one.above_truth, one.above_truth_mcse),
            _rounded(one.rmse, one.rmse_mcse, times),
            _share(one.coverage, one.coverage_mcse),
        )
        for kind, one in found.estimates.items()
    ]
    lacking = found.trials - found.estimates["at_stop"].estimates
    return Table(
        caption=f"Estimates of {literal(found.analysis)} with interim analyses.",
        header=(
            "Estimate, interval",
            "Trials",
            f"Bias{unit.get(scale, '')}",
            "Above the true value, %",
            f"RMSE{unit.get(scale, '')}",
            "Coverage, %",
        ),
        rows=tuple(rows),
        note=joined(
            [
                "RMSE: root of the mean squared error.",
                "A median-unbiased estimate is above the true value in half of all trials."
                if "median_unbiased" in found.estimates
                else "",
                f"{count(lacking)} of {count(found.trials)} trials end without an estimate."
                if lacking
                else "",
                LEFT_OUT,
            ]
        ),
        name="after-stopping",
    )


def _cell(found: float | None, error: float | None, times: float = 1.0) -> str:
    if not known(found):
        return DASH
    return with_error(Estimate(times * found, times * error if known(error) else float("nan")))


def _rounded(found: float | None, error: float | None, times: float) -> str:
    if not known(found):
        return DASH
    return number(times * found, times * error if known(error) else None, 3)


def _share(found: float | None, error: float | None) -> str:
    if not known(found):
        return DASH
    return percent_with_error(Estimate(found, error if known(error) else float("nan")))
