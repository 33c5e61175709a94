"""A comparison of two scenarios as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.text.numbers import count_of
from simulator.report.text.tables import new_table, print_table
from simulator.results.comparison import Comparison


def print_comparison(answer: Comparison, console: Console) -> None:
    """Print both scenarios side by side."""
    title = f"{answer.second} against {answer.first}: {answer.trials:,} trials each, the same ones"
    console.print(Text(f"{title}, seed {answer.seed}", style="bold"))
    table = new_table(
        "Analysis",
        answer.first,
        "+-",
        answer.second,
        "+- ",
        "difference",
        "paired +-",
        "not analysable",
        "and",
    )
    for a in (*answer.analyses, *answer.families):
        table.add_row(
            a.name,
            f"{a.first:.1%}",
            f"{a.first_mcse:.1%}",
            f"{a.second:.1%}",
            f"{a.second_mcse:.1%}",
            f"{100 * a.difference:+.2f}",
            f"{100 * a.paired_mcse:.2f}",
            count_of(a.first_not_analysable, answer.trials),
            count_of(a.second_not_analysable, answer.trials),
        )
    print_table(table, console)
    console.print("Shares of all trials that reject; differences in percentage points.")
    if answer.families:
        names = ", ".join(family.name for family in answer.families)
        console.print(f"Judged together, at least one hypothesis rejected: {names}.")
