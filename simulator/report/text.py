"""A summary as a page of text."""

import math
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.report.tables import new_table, print_table

_MOST_DIGITS = 6
_ADVICE = "trialsim scenarios {name} lists every value with its source"


def print_power(summary: dict[str, Any], console: Console) -> None:
    """Print what a designer needs first, then what stands behind it."""
    console.print(Text(f"{summary['scenario']}: {summary['title']}", style="bold"))
    console.print(
        f"{summary['trials']:,} trials, seed {summary['seed']}, {summary['engine']} engine, "
        f"trialsim {summary['version']}. +- is the Monte Carlo standard error."
    )
    console.print(f"Effect: {summary['effect']}.")
    for words in summary["biases"]:
        console.print(f"Biased: {words}.")
    console.print()
    console.print(Text(summary["verdict"], style="bold"))
    console.print()
    print_table(_power_table(summary), console)
    console.print()
    print_table(_estimates_table(summary), console)
    _print_estimates_explained(summary, console)
    if summary["agreement"]:
        console.print()
        print_table(_agreement_table(summary), console)
    for family in summary["multiplicity"]:
        console.print()
        print_table(_family_table(family), console)
    operations = summary["operations"]
    console.print()
    print_table(_patients_table(operations), console)
    _print_recruitment(operations, console)
    if any(entry["mean"] > 0 for entry in operations["sessions_planned"].values()):
        console.print()
        print_table(_sessions_table(operations), console)
        _print_unit(operations, console)
    for a in summary["analyses"]:
        for arm, report in a.get("prior", {}).items():
            console.print(f"{a['name']}, {prior_in_words(arm, report, report['mortality'])}")
    _print_sources(summary, console)


def prior_in_words(arm: str, report: dict[str, float], mortality: float) -> str:
    """Say what a prior holds, and whether the mortality expected contradicts it."""
    return (
        f"prior of {arm}: mean {report['mean']:.3f} ({report['low']:.3f} to {report['high']:.3f}), "
        f"worth {report['effective_patients']:g} patients beside {report['patients']}; prior "
        "predictive probability of deaths no more likely than at a mortality of "
        f"{mortality:.3g}: {report['predictive_p']:.3f}."
    )


def print_funnel(summary: dict[str, Any], console: Console) -> None:
    """Print where candidates leave on their way to randomisation."""
    table = new_table("Funnel", "share of candidates", "who fail it at all")
    table.add_column("criterion")
    for row in summary["operations"]["funnel"]:
        at_all = f"{row['fails_at_all']:.1%}" if "fails_at_all" in row else ""
        table.add_row(row["step"], _percent(row["first_failed"]), at_all, row["text"])
    console.print(table)


def _percent(entry: dict[str, float]) -> str:
    if math.isnan(entry["mean"]):
        return "-"
    digits = _digits(100 * entry["mcse"], 1)
    return f"{entry['mean']:.{digits}%} +- {entry['mcse']:.{digits}%}"


def _number(entry: dict[str, float]) -> str:
    if math.isnan(entry["mean"]):
        return "-"
    digits = _digits(entry["mcse"], 1)
    return f"{entry['mean']:.{digits}f} +- {entry['mcse']:.{digits}f}"


def _digits(error: float, least: int) -> int:
    """Decimals that show an error's first digit; an error of 0 needs no more than `least`."""
    if not error > 0:
        return least
    return min(max(least, -math.floor(math.log10(error))), _MOST_DIGITS)


def _power_table(summary: dict[str, Any]) -> Table:
    rates = {"none": "power", "strong": "type I error", "mortality": "rejections"}
    arms = list(summary["analyses"][0]["favouring"])
    table = new_table(
        "Analysis",
        rates[summary["null_hypothesis"]],
        "+-",
        "95 % interval",
        *(f"favours {arm}" for arm in arms),
        "no result",
    )
    for a in summary["analyses"]:
        table.add_row(
            a["name"],
            f"{a['power']:.1%}",
            f"{a['mcse']:.1%}",
            f"{a['ci_low']:.1%} to {a['ci_high']:.1%}",
            *(f"{count / a['trials']:.1%}" for count in a["favouring"].values()),
            str(a["not_analysable"]),
        )
    return table


_ESTIMATES = (
    ("true value", "truth", "truth_mcse"),
    ("bias", "bias", "bias_mcse"),
    ("sd", "empirical_se", None),
    ("mean\nse", "model_se", None),
    ("rmse", "rmse", None),
    ("coverage", "coverage", None),
    ("wrong sign", "sign_error", "sign_error_mcse"),
    ("times true", "exaggeration", "exaggeration_mcse"),
)


def _estimates_table(summary: dict[str, Any]) -> Table:
    """How good each estimate is."""
    table = new_table("Estimates", *(label for label, _, _ in _ESTIMATES))
    for a in summary["analyses"]:
        p = a["performance"]
        table.add_row(a["name"], *(_estimated(p, *keys) for _, *keys in _ESTIMATES))
        if p["survivor_average"] is not None:
            average = {"mean": p["survivor_average"], "mcse": p["survivor_average_mcse"]}
            table.add_row("  always-survivors", _number(average))
    return table


def _estimated(p: dict[str, Any], key: str, error: str | None) -> str:
    if p[key] is None:
        return "-"
    if error is None or p[error] is None:
        return f"{p[key]:.1%}" if key == "coverage" else f"{p[key]:.3g}"
    entry = {"mean": p[key], "mcse": p[error]}
    return _percent(entry) if key == "sign_error" else _number(entry)


def _print_estimates_explained(summary: dict[str, Any], console: Console) -> None:
    measured: dict[str, list[str]] = {}
    for a in summary["analyses"]:
        measured.setdefault(a["estimand_attributes"]["summary"], []).append(a["name"])
    for words, names in measured.items():
        console.print(f"{words[:1].upper()}{words[1:]}: {', '.join(names)}.")
    found = [a["performance"] for a in summary["analyses"]]
    console.print(_errors_in_words(found))
    if any(p["sign_error"] is not None for p in found):
        console.print(
            "Wrong sign, times true: among the trials that reject, the estimates on the wrong side "
            "of no effect, and how many times the true size they have on average."
        )
    if any(p["survivor_average"] is not None for p in found):
        console.print(
            "Always-survivors: the effect in those who would survive under either treatment."
        )


def _errors_in_words(found: list[dict[str, Any]]) -> str:
    """Monte Carlo errors that the table has no room for: the largest of all analyses."""

    def largest(*keys: str, relative: bool = False) -> float:
        errors = [
            p[f"{key}_mcse"] / (p[key] if relative else 1.0)
            for p in found
            for key in keys
            if p[f"{key}_mcse"] is not None and p[key]
        ]
        return max(errors, default=0.0)

    return (
        "Monte Carlo errors: sd, mean se and rmse at most "
        f"{largest('empirical_se', 'model_se', 'rmse', relative=True):.1%} of themselves, coverage "
        f"at most {largest('coverage'):.1%}."
    )


def _agreement_table(summary: dict[str, Any]) -> Table:
    """How the primary analysis agrees with the others."""
    first = summary["analyses"][0]["name"]
    table = new_table(f"Rejections of {first} and", "both", f"only {first}", "only the other")
    for pair in summary["agreement"]:
        if pair["first"] == first:
            counts = pair["both"], pair["only_first"], pair["only_second"]
            table.add_row(pair["second"], *(f"{count / pair['trials']:.1%}" for count in counts))
    return table


def _family_table(family: dict[str, Any]) -> Table:
    """Rejections of analyses judged together."""
    title = f"Together: {family['name']} ({family['method']}, level {family['alpha']:g})"
    table = new_table(title, "rejected")
    for name, share in family["by_analysis"].items():
        table.add_row(name, _percent(share))
    table.add_row("any of them", _percent(family["any"]))
    table.add_row("all of them", _percent(family["all"]))
    return table


def _patients_table(operations: dict[str, Any]) -> Table:
    arms = list(operations["mortality"])
    table = new_table("Patients of a trial", *arms)
    rows = (
        ("randomised", "patients", _number),
        ("mortality by the end of follow-up", "mortality", _percent),
        ("  of this, from the tumour", "mortality_from_tumour", _percent),
        ("lost to follow-up", "lost", _number),
        ("withdrawn from treatment", "withdrawn", _number),
        ("transplanted", "transplants", _number),
        ("infected", "infections", _number),
    )
    for label, key, show in rows:
        table.add_row(label, *(show(operations[key][arm]) for arm in arms))
    return table


def _print_recruitment(operations: dict[str, Any], console: Console) -> None:
    days, on_time = operations["enrolment_days"], operations["on_time"]
    console.print(
        f"\nEnrolment takes {days['mean']:.0f} +- {days['mcse']:.0f} days "
        f"({days['p5']:.0f} to {days['p95']:.0f} in nine trials of ten), "
        f"{operations['screened']['mean']:.0f} candidates screened; "
        f"the target is reached in {operations['target_reached']['mean']:.1%} of trials."
    )
    if on_time is not None:
        console.print(
            f"The chance to finish by the planned completion is {on_time['mean']:.1%} "
            f"(95 % interval {on_time['ci_low']:.1%} to {on_time['ci_high']:.1%})."
        )


def _sessions_table(operations: dict[str, Any]) -> Table:
    arms = list(operations["mortality"])
    table = new_table("Sessions of a trial", *arms)
    rows = (
        ("planned", "sessions_planned", _number),
        ("fell due", "sessions_due", _number),
        ("delivered", "sessions_delivered", _number),
        ("  of these, cut short", "sessions_cut_short", _number),
        ("  begun over a day late", "sessions_late", _number),
        ("missed", "sessions_missed", _number),
        ("without plasma on the planned day", "short_of_plasma_share", _percent),
        ("wait for a session, days", "wait_days", _number),
        ("plasma, litres", "plasma_litres", _number),
        ("machine time, hours", "machine_hours", _number),
    )
    for label, key, show in rows:
        table.add_row(label, *(show(operations[key][arm]) for arm in arms))
    return table


def _print_unit(operations: dict[str, Any], console: Console) -> None:
    unit = operations["unit"]
    if unit["days_open"]["mean"] > 0:
        console.print(
            f"\nOf {unit['days_open']['mean']:.0f} days open, the unit is without plasma for a "
            f"waiting patient on {_number(unit['days_short_of_plasma'])}; its machines are in use "
            f"for {unit['machine_use']['mean']:.0%} of its hours."
        )
    if "cost" in operations:
        cost = operations["cost"]
        console.print(
            f"Sessions cost {cost['mean']:,.0f} +- {cost['mcse']:,.0f} {cost['currency']} a trial."
        )


def _print_sources(summary: dict[str, Any], console: Console) -> None:
    count = len(summary["assumptions"])
    advice = _ADVICE.format(name=summary["scenario"])
    console.print(f"\n{count} lines of this scenario are assumptions; {advice}.")
    failures = [
        f"{a['name']}: {count} trials without result ({why})"
        for a in summary["analyses"]
        for why, count in a["reasons"].items()
    ]
    for line in failures:
        console.print(line)
    if summary["interrupted"]:
        console.print(
            f"Stopped after {summary['trials']:,} trials, which count. A trial is the same whenever"
            " it is run: run again with --trials for more."
        )
