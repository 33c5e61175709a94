"""The answer of assurance as a page of text, what it amounts to last."""

import math
from collections.abc import Iterator, Sequence

from simulator.report import digits
from simulator.report.text.numbers import (
    NO_NUMBER,
    count_of,
    interval,
    plain,
    rate,
    rounded,
    target_in_words,
)
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import Table, new_table
from simulator.report.text.wrapping import short_names
from simulator.report.words import RATES
from simulator.results.assurance import (
    AnalysisAssurance,
    Assurance,
    AveragedPower,
    UncertainParameter,
    VarianceShare,
)

_MOST_FAILURES = 3
_QUANTITIES = {
    "hazard_ratio": "hazard ratio",
    "mortality_difference": "difference in mortality, second arm less first,",
}


def _rate(answer: Assurance) -> str:
    return RATES[answer.null_hypothesis]


def head_blocks(answer: Assurance) -> Iterator[Block]:
    """The scenario, and how many draws and trials."""
    yield Bold(f"{answer.scenario}: {answer.title}")
    yield (
        f"{answer.draws:,} draws of what is not known, {answer.trials:,} trials at each, seed "
        f"{answer.seed}, trialsim {answer.version}"
    )


def _parameters(answer: Assurance) -> Iterator[Block]:
    yield parameter_table(answer, len(answer.parameters))
    yield (
        f"Share of the variance of {_rate(answer)}, {answer.analyses[0].name}, with its standard "
        "error. Alone: what knowing the key would remove. In all: what would be left if all other "
        "keys were known."
    )
    for one in answer.parameters:
        if one.source:
            yield f"{one.key}: {one.source}"


def parameter_table(answer: Assurance, most: int) -> Table:
    """What is not known, the most important first."""
    table = new_table(
        "not known", "own value", "median", "95 % range", "share alone", "with others"
    )
    shares = {share.key: share for share in answer.analyses[0].shares}
    ordered = sorted(answer.parameters, key=lambda one: -weight(shares.get(one.key)))
    for one in ordered[:most]:
        share = shares.get(one.key)
        cells = [plain(one.base), plain(one.median), f"{plain(one.q025)} to {plain(one.q975)}"]
        cells.append(_share(share.first_order, share.first_order_se) if share else NO_NUMBER)
        cells.append(_share(share.total, share.total_se) if share else NO_NUMBER)
        table.add_row(_name(one), *cells)
    return table


def _name(one: UncertainParameter) -> str:
    return one.name[:1].lower() + one.name[1:] if one.name[1:2].islower() else one.name


def weight(share: VarianceShare | None) -> float:
    """Return the larger share of variance, by which keys are ordered; 0 for none."""
    if share is None or math.isnan(share.total):
        return 0.0
    return max(share.total, share.first_order)


def _share(value: float, error: float) -> str:
    if math.isnan(value):
        return NO_NUMBER
    beside = "" if math.isnan(error) or error < 0.005 else f" +- {100 * error:.0f}"
    return f"{100 * value:.0f}%{beside}"


def _power(answer: Assurance) -> Iterator[Block]:
    yield power_table(answer, answer.analyses)
    yield (
        f"Own values: {_rate(answer)} at the scenario's own values, {answer.base_trials:,} trials. "
        "Averaged: over the draws, the assurance; outer SE from the number of draws, inner SE from "
        "that of trials."
    )


def power_table(answer: Assurance, shown: Sequence[AnalysisAssurance]) -> Table:
    """Return the power of some analyses at the scenario's own values and over the draws."""
    favours = [f"favours {arm}" for arm in short_names(answer.arms, 12)]
    target = target_in_words(answer.target_power)
    some_fail = any(a.not_analysable for a in shown)
    heads = ["own values", "averaged", "outer SE", "inner SE", *favours]
    heads += ["median (90 % range)", f"at least {target}", *["not analysable"] * some_fail]
    table = new_table("analysis", *heads, spare=favours[:1])
    every = answer.draws * answer.trials
    decimals = min(digits.of_percentage(100 * a.averaged.se) for a in shown)
    for a, name in zip(shown, short_names([a.name for a in shown], 20), strict=True):
        own = digits.of_percentage(100 * a.base_power.mcse)
        cells = [rate(a.base_power.mean, a.base_power.mcse, own)[0]]
        cells += [_percent(a.assurance, decimals), _error(a.outer_se), _error(a.inner_se)]
        cells += [_percent(p.mean, decimals) for p in a.in_favour_of.values()]
        cells += [NO_NUMBER] * (len(favours) - len(a.in_favour_of))
        low, middle, high = (a.quantiles[level] for level in ("0.05", "0.5", "0.95"))
        spread = f"{100 * middle:.1f}% ({100 * low:.1f} to {100 * high:.1f})"
        cells += [spread, _probability(a)]
        cells += [count_of(a.not_analysable, every)] * some_fail
        table.add_row(name, *cells)
    return table


def _percent(value: float, decimals: int) -> str:
    return NO_NUMBER if math.isnan(value) else f"{100 * value:.{decimals}f}%"


def _error(value: float) -> str:
    """Return a standard error in percentage points, to its first digit, two decimals at most."""
    if math.isnan(value):
        return NO_NUMBER
    return f"{100 * value:.2f}" if value < 0.00095 else f"{100 * value:.1f}"


def _probability(a: AnalysisAssurance) -> str:
    """Return the probability that the target is reached: of none or all of the draws, a limit."""
    share = a.probability_of_target
    if share.mean == 0:
        return f"<{_up(100 * share.ci_high)}%"
    if share.mean == 1:
        return f">{100 - float(_up(100 * (1 - share.ci_low))):g}%"
    return f"{100 * share.mean:.1f}%"


def _up(percent: float) -> str:
    """Return a limit in per cent rounded up, so that it stays one: to whole ones or one digit."""
    if percent >= 1:
        return f"{math.ceil(percent)}"
    step = 10.0 ** math.floor(math.log10(percent)) if percent > 0 else 1.0
    return f"{math.ceil(percent / step) * step:g}"


def _distribution(answer: Assurance) -> Iterator[Block]:
    """Quantiles of power over the draws, and how well a surface tells it."""
    levels = list(answer.analyses[0].quantiles)
    table = new_table("analysis", *(f"{100 * float(v):g} %" for v in levels), "SD", "no surface")
    for a in answer.analyses:
        cells = [f"{100 * value:.1f}%" for value in a.quantiles.values()]
        missed = a.surface.unexplained
        left = NO_NUMBER if math.isnan(missed) else f"{100 * missed:.0f}%"
        table.add_row(a.name, *cells, f"{100 * a.sd:.1f}%", left)
    yield table
    yield (
        f"Quantiles and SD of {_rate(answer)} over the draws, freed of the error of the trials at "
        "each. No surface: the share of the variance that no smooth function of the keys tells."
    )


def _variance(answer: Assurance) -> Iterator[Block]:
    """Shares of variance for the analyses beside the first."""
    if len(answer.analyses) < 2:
        return
    table = new_table(
        "analysis",
        "key",
        "share alone",
        "with others",
        words=("analysis", "key"),
        keys=2,
    )
    for a in answer.analyses:
        name = a.name
        for one in sorted(a.shares, key=weight, reverse=True):
            alone, whole = (one.first_order, one.first_order_se), (one.total, one.total_se)
            table.add_row(name, one.key, _share(*alone), _share(*whole))
            name = ""
    yield table


def decision_blocks(answer: Assurance) -> Iterator[Block]:
    """Expected utility of the options, and what it is worth to know a key before choosing."""
    found = answer.decision
    if found is None:
        return
    table = new_table("option", "averaged", f"utility, {found.unit}", "SE", "to the best", "SE")
    for one in found.options:
        decimals = digits.of_mean(one.utility, one.se)
        apart = digits.of_mean(one.difference, one.difference_se)
        is_best = one.name == found.best
        table.add_row(
            one.name,
            _percent(one.assurance, 1),
            rounded(one.utility, decimals),
            rounded(one.se, decimals),
            "best" if is_best else rounded(one.difference, apart),
            "" if is_best else rounded(one.difference_se, apart),
        )
    yield table
    names = {one.key: _name(one) for one in answer.parameters}
    each = [f"{names[one.key]} {_worth(one.value, one.se)}" for one in found.evppi]
    yield (
        f"Expected value, in {found.unit}, of knowing before the choice: everything "
        f"{_worth(found.evpi, found.evpi_se)}; {'; '.join(each)}."
    )


def _worth(value: float, error: float) -> str:
    decimals = digits.of_mean(value, error) if value else 0
    beside = f" +- {rounded(error, decimals)}" if digits.is_shown(error, decimals) else ""
    return f"{rounded(value, decimals)}{beside}"


def failed_blocks(answer: Assurance) -> Iterator[Block]:
    """Draws that could not be simulated, and why."""
    if not answer.failures:
        return
    yield Bold(
        f"{answer.failed:,} of {answer.draws:,} draws could not be simulated; each counts as no "
        "rejection:"
    )
    for one in answer.failures[:_MOST_FAILURES]:
        yield f"  {one.draws:,}, the first draw {one.first}: {one.key}: {one.rule}"
    more = len(answer.failures) - _MOST_FAILURES
    if more > 0:
        yield f"  and {more} more reasons, which --json lists"


def verdict_blocks(answer: Assurance) -> Iterator[Block]:
    """Say what the power is at the scenario's own values, and what if these are not known."""
    a, name = answer.analyses[0], _rate(answer)
    own = digits.of_percentage(100 * a.base_power.mcse)
    mean = digits.of_percentage(100 * a.averaged.se)
    share = a.probability_of_target
    text = (
        f"{name[:1].upper()}{name[1:]} ({a.test}) is {_percent(a.base_power.mean, own)} at the "
        f"scenario's own values, and {_percent(a.assurance, mean)} averaged over what is not known "
        f"(standard errors: outer {_error(a.outer_se)}, inner {_error(a.inner_se)} points)."
    )
    favoured = list(a.in_favour_of.items())[1:]
    text += "".join(f" In favour of {arm}: {_percent(p.mean, mean)}." for arm, p in favoured)
    text += (
        f" The probability that it is at least {target_in_words(answer.target_power)}: "
        f"{_probability(a)} (95 % interval {interval(share.ci_low, share.ci_high, 1)})."
    )
    yield Bold(text)
    yield _worthwhile(answer, a.worthwhile, mean)
    if answer.interrupted:
        yield (
            f"Interrupted after {answer.draws:,} of {answer.draws_asked:,} draws, which are shown; "
            "the same command goes on from there."
        )


def _worthwhile(answer: Assurance, found: AveragedPower, decimals: int) -> str:
    one = answer.worthwhile
    what = _QUANTITIES.get(one.quantity, one.quantity)
    sign = "at most" if one.at_most else "at least"
    effect = "the scenario's own effect or better" if one.is_default else "a worthwhile effect"
    chance = f"{100 * one.probability.mean:.0f}%"
    text = f"Given {effect} ({what} {sign} {one.value:.3g}; probability {chance}), "
    if math.isnan(found.mean):
        return f"{text}no {_rate(answer)} can be told: no draw is such."
    errors = f"standard errors: outer {_error(found.outer_se)}, inner {_error(found.inner_se)}"
    return f"{text}it is {_percent(found.mean, decimals)} ({errors} points)."


ASSURANCE_SECTIONS = (
    Section("head", head_blocks),
    Section("parameters", _parameters),
    Section("power", _power),
    Section("distribution", _distribution),
    Section("variance", _variance),
    Section("decision", decision_blocks),
    Section("failed", failed_blocks),
    Section("verdict", verdict_blocks),
)
