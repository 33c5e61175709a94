"""A comparison of two scenarios as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.text.tables import new_table, print_table
from simulator.results.comparison import Comparison


def print_comparison(answer: Comparison, console: Console) -> None:
    """Print both scenarios side by side."""
    title = f"{answer.second} against {answer.first}: {answer.trials:,} trials each, the same ones"
    console.print(Text(f"{title}, seed {answer.seed}", style="bold"))
    table = new_table(
        "Analysis", answer.first, "+-", answer.second, "+- ", "difference", "paired +-"
    )
    for a in answer.analyses:
        table.add_row(
            a.name,
            f"{a.first:.1%}",
            f"{a.first_mcse:.1%}",
            f"{a.second:.1%}",
            f"{a.second_mcse:.1%}",
            f"{100 * a.difference:+.2f}",
            f"{100 * a.paired_mcse:.2f}",
        )
    print_table(table, console)
    console.print("Shares of trials that reject; differences in percentage points.")
