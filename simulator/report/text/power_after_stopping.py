"""Estimates with looks: what allows for them beside what does not."""

from collections.abc import Iterator

from simulator.report.text.numbers import plain, plain_percent, value_or_dash
from simulator.report.text.page import Block
from simulator.report.text.tables import new_table
from simulator.results.looks import Looks

_ROWS = {
    "all_data": "usual, of all data at the end",
    "at_stop": "usual, of the data at the stop",
    "median_unbiased": "median-unbiased, at the stop",
    "repeated": "repeated interval at the stop",
}
_WITH_CENTRE = "repeated interval at the stop, and its centre"


def estimates_with_looks(found: Looks) -> Iterator[Block]:
    """Bias and coverage of each kind of estimate, and what the words mean."""
    table = new_table(
        f"{found.analysis}, with looks",
        *("trials", "bias", "above the true value", "RMSE", "type M error", "coverage"),
    )
    for kind, one in found.estimates.items():
        table.add_row(
            _ROWS[kind] if kind != "repeated" or one.mean is None else _WITH_CENTRE,
            f"{max(one.estimates, one.intervals):,}",
            value_or_dash(one.bias, one.bias_mcse),
            value_or_dash(one.above_truth, one.above_truth_mcse, share=True),
            plain(one.rmse),
            value_or_dash(one.exaggeration, one.exaggeration_mcse),
            plain_percent(one.coverage),
        )
    yield table
    is_ordered = "median_unbiased" in found.estimates
    yield (
        "At the stop: by the data with which a look, or the final analysis, ended the trial; at "
        "the end: with those of the patients who were followed up after a stop."
        + _BY_ORDER * is_ordered
        + _BY_SIDE * (is_ordered and found.lower_spending is not None)
    )
    yield from _missing(found)


_BY_ORDER = (
    " The median-unbiased estimate and its interval are by the stage-wise ordering of outcomes. A "
    "median-unbiased estimate is above the true value in half of all trials."
)
_BY_SIDE = (
    " Of the stage-wise interval each limit misses the true value with the part of alpha that its "
    "side has."
)


def _missing(found: Looks) -> Iterator[str]:
    """Trials that are in no row."""
    lacking = found.trials - found.estimates["at_stop"].estimates
    if lacking:
        yield f"{lacking:,} of {found.trials:,} trials end without an estimate at the stop."
