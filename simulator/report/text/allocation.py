"""The answers of `allocation` as pages of text: schemes side by side, and one trial of a scheme."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

import numpy as np
from rich.console import Console
from rich.text import Text

from simulator.report.text.numbers import count_of, plain
from simulator.report.text.tables import new_table, number, print_table
from simulator.report.words import RATES
from simulator.results.allocation import (
    Allocation,
    AllocationSequence,
    FactorUse,
    Guesser,
    Method,
    SchemeAnalysis,
    SchemeFamily,
    SchemeResult,
)
from simulator.results.measures import PairedEstimate
from simulator.results.power import Drift, SelectionBias

_USES = {FactorUse.NONE: "-", FactorUse.STRATA: "strata", FactorUse.MARGINS: "margins"}


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


def print_allocation(answer: Allocation, console: Console) -> None:
    """Print the schemes side by side."""
    schemes = answer.schemes
    title = f"{answer.scenario}: {len(schemes)} allocation schemes, "
    title += f"{answer.patients} patients"
    if answer.trials:
        title += f", {answer.trials:,} trials each, seed {answer.seed}"
    console.print(Text(title, style="bold"))
    for bias, words in ((answer.selection_bias, "Selection bias"), (answer.drift, "Drift")):
        if bias is not None:
            console.print(f"{words}: {_listed(bias)}")
    if schemes and schemes[0].analyses:
        _print_trial(answer, console)
    _print_metrics(answer, console)
    _print_strata(schemes, console)


def _listed(bias: SelectionBias | Drift) -> str:
    found = ((f.name, getattr(bias, f.name)) for f in fields(bias))
    return ", ".join(f"{name} {value}" for name, value in found if value is not None)


def _print_trial(answer: Allocation, console: Console) -> None:
    """The table that a decision is made by: power, level, balance, predictability, deaths."""
    first = answer.schemes[0]
    has_level = first.analyses[0].level is not None
    rate = RATES[answer.null_hypothesis]
    primary = first.analyses[0].name
    columns = [f"{rate}, %", "to first"]
    columns += ["level, %", "to first "] if has_level else []
    columns += ["E|D|", "CG", "deaths", "to first  ", "known", "SMD"]
    console.print()
    table = new_table(f"Scheme ({primary})", "factors", *columns, words=("factors",))
    table.columns[0].justify = "left"
    for s in answer.schemes:
        a = s.analyses[0]
        cells = _rates(a.power)
        if a.level is not None:
            cells += _rates(a.level)
        deaths = s.trial["deaths"]
        gaps = [e.mean for e in s.covariate_imbalance.values()]
        cells += [
            number(s.simulated_metrics["mean_abs_imbalance"].mean, 2),
            number(s.simulated_metrics["correct_guesses"].mean, 3),
            number(deaths.mean, 2),
            _with_error(deaths.difference, deaths.paired_mcse, "+.3f"),
            number(s.trial["outcomes_known"].mean, 1),
            number(float(np.mean(gaps)) if gaps else math.nan, 3),
        ]
        table.add_row(s.name, _USES[s.factors_as], *cells)
    print_table(table, console)
    if len(first.analyses) > 1:
        _print_analyses(answer, console, rate, has_level)
    for place in range(len(first.families)):
        _print_family(answer, place, rate, console)
    for line in _not_analysable(answer):
        console.print(line)
    fewer = [s for s in answer.schemes if round(s.trial["patients"].mean, 1) < answer.patients]
    if fewer:
        told = ", ".join(f"{number(s.trial['patients'].mean, 1)} under {s.name}" for s in fewer)
        console.print(
            f"Of {answer.patients:,} planned patients fewer are randomised on average: {told}; "
            "exact metrics are of all planned."
        )
    console.print(
        "level: under the strong null hypothesis, biases left on; to first: less the first scheme, "
        "from the same\ntrials, with the standard error of pairs; CG: right guesses of the arm "
        "behind; deaths per trial;\nknown: outcomes known at a randomisation, on average; SMD: "
        "absolute standardised difference of baseline\nlabs and MELD between the arms, their mean"
    )


def _print_family(answer: Allocation, place: int, rate: str, console: Console) -> None:
    """Analyses judged together, under every scheme."""
    family = answer.schemes[0].families[place]
    method = family.method.replace("_", " ")
    columns = [f"any, {rate}, %", "to first", f"all, {rate}, %", "to first "]
    columns += ["any, level, %", "to first  "] if family.level_any else []
    console.print()
    table = new_table(f"{family.name} ({method}, level {family.alpha:g})", *columns)
    for s in answer.schemes:
        found = s.families[place]
        shown = found.any, found.all, found.level_any
        table.add_row(s.name, *(cell for e in shown if e for cell in _rates(e)))
    print_table(table, console)


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
    """A rate and its difference to the first scheme's, in per cent."""
    return [
        _with_error(100 * e.mean, 100 * e.mcse, ".2f"),
        _with_error(100 * e.difference, 100 * e.paired_mcse, "+.2f"),
    ]


def _print_analyses(answer: Allocation, console: Console, rate: str, has_level: bool) -> None:
    """Every analysis under every scheme."""
    names = [a.name for a in answer.schemes[0].analyses]
    tables = [("power", rate)]
    if has_level:
        tables.append(("level", "level"))
        if answer.selection_bias:
            of_these = f"level in favour of {answer.arms[1]}"
            tables.append(("level_favours_second", of_these))
    for key, heading in tables:
        console.print()
        table = new_table(f"{heading}, %", *names)
        for s in answer.schemes:
            found: list[PairedEstimate] = [getattr(a, key) for a in s.analyses]
            table.add_row(s.name, *(_with_error(100 * e.mean, 100 * e.mcse, ".2f") for e in found))
        print_table(table, console)


_GUESSERS = {
    Guesser.OVERALL: "overall",
    Guesser.WITHIN_STRATUM: "within the stratum",
    Guesser.OVER_MARGINS: "over the patient's margins",
}


def _print_metrics(answer: Allocation, console: Console) -> None:
    console.print()
    shift = answer.z_test_effect
    levels = [] if shift is None else [f"Z level, {shift:g} SD", f"t level, {shift:g} SD"]
    columns = [heading for heading, _, _ in _METRICS]
    table = new_table("Scheme", "method", *columns, *levels, words=("Scheme", "method"))
    for s in answer.schemes:
        cells = [number(s.metrics[key], digits) for _, key, digits in _METRICS]
        extra = [number(level, 5) for level in (s.z_test_level, s.t_test_level)] if levels else []
        table.add_row(s.name, s.method.value, *cells, *extra)
    print_table(table, console)
    if any(s.method is Method.SIMULATED for s in answer.schemes):
        errors = [
            e.mcse
            for s in answer.schemes
            if s.method is Method.SIMULATED
            for name, e in s.simulated_metrics.items()
            if name in ("correct_guesses", "forcing_index") and not math.isnan(e.mcse)
        ]
        worst = f", of CG and FI at most {max(errors):.4f}" if errors else ""
        console.print(f"simulated: with a Monte Carlo error, in --json{worst}")
    for s in answer.schemes:
        if len(s.guessers) > 1:
            others = ", ".join(
                f"{_GUESSERS[Guesser(guesser)]} {e.mean:.4f}" for guesser, e in s.guessers.items()
            )
            console.print(
                f"{s.name}: CG of the best guesser, who expects the arm behind "
                f"{_GUESSERS[s.best_guesser]} ({others})"
            )


def _print_strata(schemes: Sequence[SchemeResult], console: Console) -> None:
    """Balance by stratum and by margin, for schemes that look at factors."""
    stratified = [s for s in schemes if s.strata]
    if not stratified:
        return
    names = [s.name for s in stratified]
    for heading, rows in (
        ("stratum", [[(row.stratum, row) for row in s.strata] for s in stratified]),
        ("level", [[(row.level, row) for row in s.margins] for s in stratified]),
    ):
        console.print()
        table = new_table(f"E|D| by {heading}", "patients", *names)
        for of_schemes in zip(*rows, strict=True):
            name, first = of_schemes[0]
            cells = [number(row.mean_abs_imbalance, 2) for _, row in of_schemes]
            table.add_row(name, number(first.patients, 1), *cells)
        print_table(table, console)


def print_sequence(answer: AllocationSequence, console: Console) -> None:
    """Print a trial's allocations, one line per patient."""
    title = f"{answer.scenario}: allocations of trial {answer.trial}, seed "
    title += f"{answer.seed}, under {answer.scheme}"
    console.print(Text(title, style="bold"))
    first, second = answer.arms
    table = new_table(
        "patient",
        "day",
        "stratum",
        "before",
        "in stratum",
        "known dead",
        "known alive",
        f"P({first})",
        "draw",
        "arm",
        "guess",
        words=("stratum", "arm", "guess"),
    )
    for s in answer.sequence:
        known = s.known
        table.add_row(
            str(s.patient),
            f"{s.day:.2f}",
            s.stratum,
            _pair(s.before),
            _pair(s.before_in_stratum),
            f"{known[first].died} v {known[second].died}",
            f"{known[first].survived} v {known[second].survived}",
            f"{s.probability[first]:.4f}",
            f"{s.draw:.4f}",
            s.arm,
            "-" if s.guess_right is None else "right" if s.guess_right else "wrong",
        )
    print_table(table, console)
    console.print(
        f"the draw gives {first} below P({first}); guess: of the arm behind in the stratum"
    )


def _pair(counts: Mapping[str, int]) -> str:
    return " v ".join(map(str, counts.values()))


def _with_error(value: float, error: float, form: str) -> str:
    """Return a number and its error; a dash for what does not exist."""
    return f"{plain(value, form)} +- {plain(error, form.lstrip('+'))}"
