"""A comparison of allocation schemes as one mapping and as text."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from simulator import allocation
from simulator.allocation.selection_effect import biased_level
from simulator.planning.candidate_schemes import CandidateScheme
from simulator.planning.comparison import SchemeOutcome
from simulator.planning.sequence import level_in_words, level_names
from simulator.report.tables import new_table, number, print_table
from simulator.report.version import program_version
from simulator.scenario.schema import Scenario

_RATES = {"none": "power", "strong": "type I error", "mortality": "rejections"}
_USES = {"none": "-", "strata": "strata", "margins": "margins"}


def comparison_summary(
    scenario: Scenario, outcomes: Sequence[SchemeOutcome], seed: int, effect: float | None
) -> dict[str, Any]:
    """Everything that a comparison says.

    Parameters
    ----------
    effect
        Shift of a response, in standard deviations, for the exact level of a Z test under
        selection bias; None: not asked.
    """
    bias, drift = scenario.selection_bias, scenario.hazard.drift
    return {
        "scenario": scenario.name,
        "seed": seed,
        "version": program_version(),
        "patients": scenario.trial.target_randomised,
        "trials": max((outcome.trials for outcome in outcomes), default=0),
        "null_hypothesis": scenario.null_hypothesis,
        "arms": [arm.name for arm in scenario.arms],
        "selection_bias": bias.model_dump() if bias else None,
        "drift": drift.model_dump() if drift else None,
        "z_test_effect": effect,
        "schemes": [_scheme(scenario, outcome, effect) for outcome in outcomes],
    }


def comparison_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each scheme: its metrics, then how often each analysis rejects."""
    rows = []
    for s in summary["schemes"]:
        row = {"scheme": s["name"], "method": s["method"], **s["metrics"]}
        for a in s["analyses"]:
            for kind in ("power", "level"):
                if a[kind] is not None:
                    row |= {f"{a['name']}_{kind}": a[kind]["mean"]}
                    row |= {f"{a['name']}_{kind}_mcse": a[kind]["mcse"]}
        rows.append(row)
    return rows


def _scheme(scenario: Scenario, o: SchemeOutcome, effect: float | None) -> dict[str, Any]:
    c, n = o.candidate_scheme, scenario.trial.target_randomised
    simulated = {name: {"mean": m, "mcse": e} for name, (m, e) in o.simulated.items()}
    found: dict[str, Any] = {
        "name": c.text,
        "scheme": c.scheme.word,
        "options": c.options,
        "factors_as": c.use,
        "method": "exact" if o.exact else "simulated",
        "metrics": o.exact or {name: m for name, (m, _) in o.simulated.items()},
        "simulated_metrics": simulated,
        "trial": {name: e._asdict() for name, e in o.trial.items()},
        "covariate_imbalance": {name: e._asdict() for name, e in o.covariates.items()},
        "analyses": [
            {
                "name": a.name,
                "alpha": a.alpha,
                "power": a.power._asdict(),
                "favours_second": a.favours_second._asdict(),
                "level": a.level and a.level._asdict(),
                "level_favours_second": (
                    a.level_favours_second and a.level_favours_second._asdict()
                ),
            }
            for a in o.analyses
        ],
        "strata": _named_strata(scenario, c, o.strata),
        "margins": _named_margins(scenario, c, o.margins),
    }
    if effect is not None:
        plain = c.use == "none"
        found["z_test_level"] = biased_level(c.plan, n, effect, 0.05) if plain else None
    return found


def _named_strata(
    scenario: Scenario, c: CandidateScheme, rows: list[dict[str, float]]
) -> list[dict[str, Any]]:
    named, levels = [], np.empty(c.plan.levels.size, np.int64)
    for stratum, row in enumerate(rows):
        allocation.levels_of(c.plan, stratum, levels)
        named.append({"stratum": level_names(scenario, levels), **row})
    return named


def _named_margins(
    scenario: Scenario, c: CandidateScheme, rows: list[dict[str, float]]
) -> list[dict[str, Any]]:
    names = [
        f"{factor.variable} {level_in_words(scenario, factor.variable, level)}"
        for factor, levels in zip(scenario.allocation.factors or [], c.plan.levels, strict=False)
        for level in range(levels)
    ]
    return [{"level": name, **row} for name, row in zip(names, rows, strict=False)]


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


def print_comparison(summary: dict[str, Any], console: Console) -> None:
    """Print the schemes side by side."""
    schemes = summary["schemes"]
    title = f"{summary['scenario']}: {len(schemes)} allocation schemes, "
    title += f"{summary['patients']} patients"
    if summary["trials"]:
        title += f", {summary['trials']:,} trials each, seed {summary['seed']}"
    console.print(Text(title, style="bold"))
    for key, words in (("selection_bias", "Selection bias"), ("drift", "Drift")):
        if summary[key]:
            parts = ", ".join(f"{k} {v}" for k, v in summary[key].items())
            console.print(f"{words}: {parts}")
    if schemes and schemes[0]["analyses"]:
        _print_trial(summary, console)
    _print_metrics(summary, console)
    _print_strata(schemes, console)


def _print_trial(summary: dict[str, Any], console: Console) -> None:
    """The table that a decision is made by: power, level, balance, predictability, deaths."""
    first = summary["schemes"][0]
    has_level = first["analyses"][0]["level"] is not None
    rate = _RATES[summary["null_hypothesis"]]
    primary = first["analyses"][0]["name"]
    columns = [f"{rate}, %", "to first"]
    columns += ["level, %", "to first "] if has_level else []
    columns += ["E|D|", "CG", "deaths", "to first  ", "known", "SMD"]
    console.print()
    table = new_table(f"Scheme ({primary})", "factors", *columns, words=("factors",))
    table.columns[0].justify = "left"
    for s in summary["schemes"]:
        a = s["analyses"][0]
        cells = _rates(a["power"])
        if has_level:
            cells += _rates(a["level"])
        deaths = s["trial"]["deaths"]
        gaps = [e["mean"] for e in s["covariate_imbalance"].values()]
        cells += [
            number(s["simulated_metrics"]["mean_abs_imbalance"]["mean"], 2),
            number(s["simulated_metrics"]["correct_guesses"]["mean"], 3),
            number(deaths["mean"], 2),
            f"{deaths['difference']:+.3f} +- {deaths['paired_mcse']:.3f}",
            number(s["trial"]["outcomes_known"]["mean"], 1),
            number(float(np.mean(gaps)) if gaps else math.nan, 3),
        ]
        table.add_row(s["name"], _USES[s["factors_as"]], *cells)
    print_table(table, console)
    if len(first["analyses"]) > 1:
        _print_analyses(summary, console, rate, has_level)
    console.print(
        "level: under the strong null hypothesis, biases left on; to first: less the first scheme, "
        "from the same\ntrials, with the standard error of pairs; CG: right guesses of the arm "
        "behind; deaths a trial;\nknown: outcomes known at a randomisation, on average; SMD: "
        "absolute standardised difference of baseline\nlabs and MELD between the arms, their mean"
    )


def _rates(e: dict[str, float]) -> list[str]:
    """A rate and its difference to the first scheme's, in per cent."""
    return [
        f"{100 * e['mean']:.2f} +- {100 * e['mcse']:.2f}",
        f"{100 * e['difference']:+.2f} +- {100 * e['paired_mcse']:.2f}",
    ]


def _print_analyses(summary: dict[str, Any], console: Console, rate: str, has_level: bool) -> None:
    """Every analysis under every scheme."""
    names = [a["name"] for a in summary["schemes"][0]["analyses"]]
    tables = [("power", rate)]
    if has_level:
        tables.append(("level", "level"))
        if summary["selection_bias"]:
            of_these = f"level in favour of {summary['arms'][1]}"
            tables.append(("level_favours_second", of_these))
    for key, heading in tables:
        console.print()
        table = new_table(f"{heading}, %", *names)
        for s in summary["schemes"]:
            cells = [
                f"{100 * a[key]['mean']:.2f} +- {100 * a[key]['mcse']:.2f}" for a in s["analyses"]
            ]
            table.add_row(s["name"], *cells)
        print_table(table, console)


def _print_metrics(summary: dict[str, Any], console: Console) -> None:
    console.print()
    z = (
        [f"Z level, {summary['z_test_effect']:g} SD"]
        if summary["z_test_effect"] is not None
        else []
    )
    columns = [heading for heading, _, _ in _METRICS]
    table = new_table("Scheme", "method", *columns, *z, words=("Scheme", "method"))
    for s in summary["schemes"]:
        cells = [number(s["metrics"][key], digits) for _, key, digits in _METRICS]
        extra = [number(s["z_test_level"], 5)] if z else []
        table.add_row(s["name"], s["method"], *cells, *extra)
    print_table(table, console)
    if any(s["method"] == "simulated" for s in summary["schemes"]):
        errors = [
            e["mcse"]
            for s in summary["schemes"]
            if s["method"] == "simulated"
            for name, e in s["simulated_metrics"].items()
            if name in ("correct_guesses", "forcing_index") and not math.isnan(e["mcse"])
        ]
        worst = f", of CG and FI at most {max(errors):.4f}" if errors else ""
        console.print(f"simulated: with a Monte Carlo error, in --json{worst}")


def _print_strata(schemes: list[dict[str, Any]], console: Console) -> None:
    """Balance by stratum and by margin, for schemes that look at factors."""
    stratified = [s for s in schemes if s["strata"]]
    if not stratified:
        return
    for part, name in (("strata", "stratum"), ("margins", "level")):
        console.print()
        rows = stratified[0][part]
        table = new_table(f"E|D| by {name}", "patients", *(s["name"] for s in stratified))
        for i, row in enumerate(rows):
            cells = [number(s[part][i]["mean_abs_imbalance"], 2) for s in stratified]
            table.add_row(row[name], number(row["patients"], 1), *cells)
        print_table(table, console)
