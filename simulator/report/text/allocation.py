"""The answer of `allocation` as a page of text, the table that a decision is made by last."""

import math
from collections.abc import Iterator
from dataclasses import fields

from simulator.report import digits
from simulator.report.text.numbers import (
    NO_NUMBER,
    count_of,
    in_points,
    mean,
    percent,
    rounded,
)
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.power_rates import family_in_words
from simulator.report.text.tables import Table, new_table
from simulator.report.words import RATES
from simulator.results.allocation import (
    Allocation,
    FactorUse,
    Guesser,
    Method,
    SchemeAnalysis,
    SchemeFamily,
    SchemeResult,
)
from simulator.results.measures import Estimate, PairedEstimate
from simulator.results.power import Drift, SelectionBias

_USES = {FactorUse.NONE: "-", FactorUse.STRATA: "strata", FactorUse.MARGINS: "margins"}
_GUESSERS = {
    Guesser.OVERALL: "overall",
    Guesser.WITHIN_STRATUM: "within the stratum",
    Guesser.OVER_MARGINS: "over the patient's margins",
}
# Columns of the table of metrics: heading, key, decimals.
_METRICS = (
    ("E|D|", "mean_abs_imbalance", 3),
    ("E max|D|", "max_imbalance", 3),
    ("SD D", "sd_imbalance", 3),
    ("loss", "loss", 4),
    ("Imb", "imbalance_index", 4),
    ("FI", "forcing_index", 4),
    ("PDA", "deterministic_share", 4),
    ("CG", "correct_guesses", 4),
    ("CG max", "correct_guesses_maximum_probability", 4),
    ("entropy", "entropy", 4),
    ("Zhao", "zhao_distance", 4),
    ("incertus", "incertus_distance", 4),
)


def _head(answer: Allocation) -> Iterator[Block]:
    title = f"{answer.scenario}: {len(answer.schemes)} allocation schemes, "
    title += f"{answer.patients} patients"
    if answer.trials:
        title += f", {answer.trials:,} trials each, seed {answer.seed}"
    yield Bold(title)
    for bias, words in ((answer.selection_bias, "Selection bias"), (answer.drift, "Drift")):
        if bias is not None:
            yield f"{words}: {_listed(bias)}"


def _listed(bias: SelectionBias | Drift) -> str:
    found = ((f.name, getattr(bias, f.name)) for f in fields(bias))
    return ", ".join(f"{name} {value}" for name, value in found if value is not None)


def _metrics(answer: Allocation) -> Iterator[Block]:
    """Balance and predictability, exact where they can be."""
    shift = answer.z_test_effect
    levels = [] if shift is None else [f"Z level, {shift:g} SD", f"t level, {shift:g} SD"]
    heads = [heading for heading, _, _ in _METRICS]
    words = ("Scheme", "method")
    table = new_table("Scheme", "method", *heads, *levels, words=words, keys=2)
    for s in answer.schemes:
        cells = [_metric(s, key, decimals) for _, key, decimals in _METRICS]
        extra = [_fixed(level, 5) for level in (s.z_test_level, s.t_test_level)] if levels else []
        table.add_row(s.name, s.method.value, *cells, *extra)
    yield table
    errors = list(_errors(answer))
    if any(s.method is Method.SIMULATED for s in answer.schemes):
        worst = f", of CG and FI at most {max(errors):.4f}" if errors else ""
        yield f"simulated: with a Monte Carlo error, in --json{worst}"
    yield from _guessers(answer)


def _metric(s: SchemeResult, key: str, decimals: int) -> str:
    """A metric; one that is simulated has no more decimals than its error supports."""
    if s.method is Method.SIMULATED and key in s.simulated_metrics:
        error = s.simulated_metrics[key].mcse
        if error > 0 and math.isfinite(error):
            decimals = max(min(decimals, digits.of_error(error)), 0)
    return _fixed(s.metrics[key], decimals)


def _errors(answer: Allocation) -> Iterator[float]:
    for s in answer.schemes:
        if s.method is Method.SIMULATED:
            for name in ("correct_guesses", "forcing_index"):
                if name in s.simulated_metrics and not math.isnan(s.simulated_metrics[name].mcse):
                    yield s.simulated_metrics[name].mcse


def _guessers(answer: Allocation) -> Iterator[str]:
    for s in answer.schemes:
        if len(s.guessers) > 1:
            others = ", ".join(
                f"{_GUESSERS[Guesser(guesser)]} {mean(e)}" for guesser, e in s.guessers.items()
            )
            yield (
                f"{s.name}: CG of the best guesser, who expects the arm behind "
                f"{_GUESSERS[s.best_guesser]} ({others})"
            )


def _strata(answer: Allocation) -> Iterator[Block]:
    """Balance by stratum and by margin, for schemes that look at factors."""
    stratified = [s for s in answer.schemes if s.strata]
    if not stratified:
        return
    names = [s.name for s in stratified]
    for heading, rows in (
        ("stratum", [[(row.stratum, row) for row in s.strata] for s in stratified]),
        ("level", [[(row.level, row) for row in s.margins] for s in stratified]),
    ):
        if heading == "level":
            yield ""
        table = new_table(f"E|D| by {heading}", "patients", *names)
        for of_schemes in zip(*rows, strict=True):
            name, first = of_schemes[0]
            cells = [_fixed(row.mean_abs_imbalance, 2) for _, row in of_schemes]
            table.add_row(name, _fixed(first.patients, 1), *cells)
        yield table


def _analyses(answer: Allocation) -> Iterator[Block]:
    """Every analysis under every scheme."""
    first = answer.schemes[0] if answer.schemes else None
    if first is None or len(first.analyses) < 2:
        return
    names = [a.name for a in first.analyses]
    tables = [("power", RATES[answer.null_hypothesis])]
    if first.analyses[0].level is not None:
        tables.append(("level", "level"))
        if answer.selection_bias:
            tables.append(("level_favours_second", f"level in favour of {answer.arms[1]}"))
    for place, (key, heading) in enumerate(tables):
        if place:
            yield ""
        table = new_table(heading, *names)
        for s in answer.schemes:
            found: list[PairedEstimate] = [getattr(a, key) for a in s.analyses]
            table.add_row(s.name, *map(percent, found))
        yield table


def _families(answer: Allocation) -> Iterator[Block]:
    """Analyses judged together, under every scheme."""
    families = answer.schemes[0].families if answer.schemes else ()
    for place, family in enumerate(families):
        if place:
            yield ""
        rate = RATES[answer.null_hypothesis]
        yield Bold(f"{family.name}, judged together: {family_in_words(family)}")
        columns = [f"any, {rate}", "to first", f"all, {rate}", "to first"]
        columns += ["any, level", "to first"] if family.level_any else []
        table = new_table("Scheme", *columns)
        for s in answer.schemes:
            found = s.families[place]
            shown = found.any, found.all, found.level_any
            table.add_row(s.name, *(cell for e in shown if e for cell in _rates(e)))
        yield table


def _trial(answer: Allocation) -> Iterator[Block]:
    """The table that a decision is made by: power, level, balance, predictability, deaths."""
    if not answer.schemes or not answer.schemes[0].analyses:
        return
    yield from _not_analysable(answer)
    fewer = [s for s in answer.schemes if round(s.trial["patients"].mean, 1) < answer.patients]
    if fewer:
        told = ", ".join(f"{mean(s.trial['patients'])} under {s.name}" for s in fewer)
        yield (
            f"Of {answer.patients:,} planned patients fewer are randomised on average: {told}; "
            "exact metrics are of all planned."
        )
    yield (
        "level: under the strong null hypothesis, biases left on; to first: less the first scheme, "
        "from the same trials, in percentage points with the standard error of pairs; CG: right "
        "guesses of the arm behind; deaths per trial; known: outcomes known at a randomisation, on "
        "average; SMD: absolute standardised difference of baseline labs and MELD between the "
        "arms, their mean."
    )
    yield ""
    yield _trial_table(answer)


def _trial_table(answer: Allocation) -> Table:
    primary = answer.schemes[0].analyses[0]
    columns = [RATES[answer.null_hypothesis], "to first"]
    columns += ["level", "to first"] if primary.level is not None else []
    columns += ["E|D|", "CG", "deaths", "to first", "known", "SMD"]
    title = f"Scheme ({primary.name})"
    table = new_table(title, "factors", *columns, words=(title, "factors"), keys=2)
    for s in answer.schemes:
        a, deaths = s.analyses[0], s.trial["deaths"]
        gaps = [e.mean for e in s.covariate_imbalance.values()]
        table.add_row(
            s.name,
            _USES[s.factors_as],
            *_rates(a.power),
            *(_rates(a.level) if a.level is not None else ()),
            mean(s.simulated_metrics["mean_abs_imbalance"]),
            mean(s.simulated_metrics["correct_guesses"]),
            mean(deaths),
            _difference(deaths.difference, deaths.paired_mcse),
            mean(s.trial["outcomes_known"]),
            _fixed(math.fsum(gaps) / len(gaps) if gaps else math.nan, 3),
        )
    return table


def _not_analysable(answer: Allocation) -> Iterator[str]:
    """Say of how many trials an analysis, or all judged together, has no result."""
    for s in answer.schemes:
        every: list[SchemeAnalysis | SchemeFamily] = [*s.analyses, *s.families]
        for a in every:
            for kind, count in (("", a.not_analysable), (" for the level", a.level_not_analysable)):
                if count:
                    yield (
                        f"{a.name} under {s.name}: {count_of(count, s.trials)} of {s.trials:,} "
                        f"trials{kind} not analysable, which count as no rejection"
                    )


def _rates(e: PairedEstimate) -> list[str]:
    """A rate in per cent, and its difference to the first scheme's in percentage points."""
    shown, error = in_points(e.difference, e.paired_mcse)
    paired = f"{shown} +- {error}" if e.paired_mcse > 0 else shown
    return [percent(Estimate(e.mean, e.mcse)), paired]


def _difference(value: float, error: float) -> str:
    """A difference of means and its error; a dash for what does not exist."""
    if math.isnan(value) or not error > 0:
        return NO_NUMBER if math.isnan(value) else f"{value:+.1f}"
    decimals = max(digits.of_error(error), 0)
    return f"{value:+.{decimals}f} +- {error:.{decimals}f}"


def _fixed(value: float | None, decimals: int) -> str:
    return NO_NUMBER if value is None else rounded(value, decimals)


ALLOCATION_SECTIONS = (
    Section("head", _head),
    Section("metrics", _metrics),
    Section("strata", _strata),
    Section("analyses", _analyses),
    Section("families", _families),
    Section("trial", _trial),
)
