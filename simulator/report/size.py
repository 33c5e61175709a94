"""A search for a size as one mapping, as rows and as text."""

from typing import Any

from rich.console import Console
from rich.text import Text

from simulator.montecarlo.intervals import interval, standard_error
from simulator.planning.formulas import facts_of, sizes_by_formula
from simulator.planning.prepared import Prepared
from simulator.planning.size import Sized
from simulator.planning.variation import PATIENTS, present
from simulator.report.summary import operations_summary
from simulator.report.sweep import shown
from simulator.report.tables import new_table, number, print_table
from simulator.report.version import program_version

_TOLD = (
    "randomised",
    "enrolment_days",
    "trial_days",
    "target_reached",
    "on_time",
    "mortality",
    "patients",
    "lost",
)
_SUMMED = "sessions_delivered", "plasma_litres"


def size_summary(base: Prepared, found: Sized, seed: int) -> dict[str, Any]:
    """Everything that a search tells, each figure with its Monte Carlo error."""
    asked, answer = found.asked, found.answer
    operations = operations_summary(found.at.solved, found.at.params, found.totals)
    told: dict[str, Any] = {name: operations[name] for name in _TOLD}
    told |= {name: _of_both_arms(operations[name]) for name in _SUMMED}
    if "cost" in operations:
        told["cost"] = operations["cost"]
    facts = facts_of(found.at.plain, 0, operations)
    largest = max(
        found.counts, key=lambda value: found.counts[value].rejections / found.counts[value].trials
    )
    count = found.counts[largest]
    return {
        "scenario": base.solved.name,
        "title": base.solved.title,
        "seed": seed,
        "version": program_version(),
        "key": asked.key,
        "own_value": present(base.loaded, asked.key),
        "analysis": base.plans[0].name,
        "alpha": base.plans[0].alpha,
        "target_power": asked.power,
        "reached": answer is not None,
        "reason": found.reason,
        "precise": found.precise,
        "answer": None if answer is None else {**answer._asdict(), "confidence": 0.95},
        "largest": {
            "value": largest,
            "power": count.rejections / count.trials,
            "mcse": standard_error(count.rejections, count.trials),
        },
        "trials": found.trials,
        "operations": told,
        "curve": _curve(found),
        "closed_forms": sizes_by_formula(facts, asked.power),
    }


def _of_both_arms(by_arm: dict[str, dict[str, float]]) -> dict[str, float]:
    """Sum over the arms; the sum of their errors is what its error is at most."""
    return {key: sum(entry[key] for entry in by_arm.values()) for key in ("mean", "mcse")}


def _curve(found: Sized) -> list[dict[str, Any]]:
    rows = []
    for value, (trials, rejections) in found.counts.items():
        low, high = interval(rejections, trials)
        rows.append(
            {
                "value": value,
                "trials": trials,
                "power": rejections / trials,
                "mcse": standard_error(rejections, trials),
                "ci_low": low,
                "ci_high": high,
            }
        )
    return rows


def size_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The curve as a tidy table, which its figure is drawn from."""
    fixed = {"key": summary["key"], "analysis": summary["analysis"]}
    return [fixed | row for row in summary["curve"]]


def size_verdict(summary: dict[str, Any]) -> str:
    """Say in a sentence or two what was found."""
    what, power = summary["analysis"], f"{100 * summary['target_power']:.10g}%"
    answer, largest, key = summary["answer"], summary["largest"], summary["key"]
    unit = " patients" if key == PATIENTS else ""
    if answer is None:
        return (
            f"OUT OF REACH: {what} does not have a power of {power}: {summary['reason']}. The "
            f"largest found is {largest['power']:.1%} (+- {largest['mcse']:.1%}) at "
            f"{key} = {largest['value']:g}."
        )
    found = (
        f"{what} has a power of {power} with {answer['value']:.5g}{unit}"
        f"{'' if unit else f' of {key}'} (95 % confidence set {answer['low']:.5g} to "
        f"{answer['high']:.5g})"
    )
    if not summary["precise"]:
        found += "; stopped before the set was as narrow as asked: allow more --patients"
    return f"{found}; power there {answer['power']:.1%} +- {answer['mcse']:.1%}."


def print_size(summary: dict[str, Any], console: Console) -> None:
    """Print what was found, what it takes, the curve, and what formulas say."""
    console.print(Text(f"{summary['scenario']}: {summary['title']}", style="bold"))
    console.print(
        f"{summary['trials']:,} trials in all, seed {summary['seed']}, trialsim "
        f"{summary['version']}. +- is the Monte Carlo standard error.\n"
    )
    console.print(Text(size_verdict(summary), style="bold"))
    console.print()
    _print_what_it_takes(summary, console)
    table = new_table(summary["key"], "trials", "power", "+-", "95 % interval", words=())
    for row in summary["curve"]:
        table.add_row(
            f"{row['value']:.5g}",
            f"{row['trials']:,}",
            f"{row['power']:.1%}",
            f"{row['mcse']:.1%}",
            f"{row['ci_low']:.1%} to {row['ci_high']:.1%}",
        )
    print_table(table, console)
    console.print()
    _print_formulas(summary, console)


def _print_what_it_takes(summary: dict[str, Any], console: Console) -> None:
    o, answer = summary["operations"], summary["answer"]
    value = answer["value"] if answer else summary["largest"]["value"]
    days, on_time = o["enrolment_days"], o["on_time"]
    words = (
        f"At {summary['key']} = {value:.5g} (the scenario's own: {shown(summary['own_value'])}), "
        f"{o['randomised']['mean']:.0f} patients are randomised; that takes {days['mean']:.0f} "
        f"days ({days['p5']:.0f} to {days['p95']:.0f} in nine trials of ten)"
    )
    if o["sessions_delivered"]["mean"]:
        sessions, litres = (o[name]["mean"] for name in _SUMMED)
        words += f", {sessions:.0f} sessions and {litres:.0f} L of plasma"
    if "cost" in o:
        words += f", which cost {o['cost']['mean']:,.0f} {o['cost']['currency']}"
    console.print(f"{words}.")
    if on_time is not None:
        console.print(
            f"The chance to finish by the planned completion is {on_time['mean']:.1%} (95 % "
            f"interval {on_time['ci_low']:.1%} to {on_time['ci_high']:.1%})."
        )
    console.print()


def _print_formulas(summary: dict[str, Any], console: Console) -> None:
    formulas = summary["closed_forms"]
    if formulas["needed"]:
        columns = "By formula", "patients", "+-", "assuming"
        table = new_table(*columns, words=("By formula", "assuming"))
        for entry in formulas["needed"]:
            numbers = (number(entry[key], 0) for key in ("patients", "mcse"))
            table.add_row(entry["method"], *numbers, entry["assumes"])
        print_table(table, console)
    console.print(formulas["why"][:1].upper() + formulas["why"][1:])
