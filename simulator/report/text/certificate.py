"""The answer of `power --certify` as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.text.tables import new_table, print_table
from simulator.results.certificate import Certificate, LevelVerdict

VERDICTS = {
    LevelVerdict.EXCEEDS_EXACT: "EXCEEDS its level (exact)",
    LevelVerdict.EXCEEDS: "EXCEEDS its level",
    LevelVerdict.HOLDS_EXACT: "holds its level (exact)",
    LevelVerdict.HOLDS: "holds its level",
    LevelVerdict.HOLDS_AT_PLANNED_SIZES: "holds it at the planned sizes",
    LevelVerdict.NOT_SHOWN_TO_EXCEED: "not shown to exceed its level",
}


def print_certificate(answer: Certificate, console: Console) -> None:
    """Print the levels and what they cover."""
    family = answer.family
    console.print(Text(f"{answer.scenario}: certificate of level", style="bold"))
    columns = "level", "exact", "at mortality", "simulated", "+-", "bound"
    table = new_table("Analysis", *columns, "verdict", words=("Analysis", "verdict"))
    for level in answer.levels:
        exact = level.exact
        table.add_row(
            level.name,
            f"{level.alpha:g}",
            f"{exact.probability:.4f}" if exact else "-",
            f"{exact.at:.3f}" if exact else "-",
            f"{level.simulated:.4f}",
            f"{level.mcse:.4f}",
            f"{level.high:.4f}",
            VERDICTS[level.verdict],
        )
    print_table(table, console)
    mortality, shape, loss = (
        ", ".join(f"{x:g}" for x in values)
        for values in (family.mortality, family.weibull_shape, family.loss)
    )
    console.print(
        "\nexact: largest type I error over every common mortality from 0 to 1, at the planned "
        "sizes of the arms, nobody lost.\nsimulated: largest among "
        f"{family.cells} cells under the strong null hypothesis, {answer.trials_per_cell:,} "
        f"trials each: mortality {mortality}; Weibull shape {shape}; "
        f"loss {loss}; all else as the scenario has it. bound: of the largest, "
        f"{answer.confidence:.0%} confidence for all cells together. Nothing is said of other "
        "values."
    )
    for cell in answer.refused:
        console.print(
            f"Not simulated: mortality {cell.mortality:g}, shape {cell.shape:g}, loss "
            f"{cell.loss:g}: {cell.reason}."
        )
