"""The answer of `power --certify` as a page of text."""

from rich.console import Console
from rich.text import Text

from simulator.report.text.tables import new_table, print_table
from simulator.report.words import biases_in_words
from simulator.results.certificate import Certificate, Level, LevelVerdict

VERDICTS = {
    LevelVerdict.EXCEEDS_EXACT: "EXCEEDS its level (exact)",
    LevelVerdict.EXCEEDS: "EXCEEDS its level",
    LevelVerdict.EXCEEDS_AMONG_ANALYSABLE: "EXCEEDS its level among analysable trials",
    LevelVerdict.HOLDS_EXACT: "holds its level (exact)",
    LevelVerdict.HOLDS: "holds its level",
    LevelVerdict.HOLDS_AT_PLANNED_SIZES: "holds it at the planned sizes",
    LevelVerdict.HOLDS_AMONG_ALL: "not shown to hold it among analysable trials",
    LevelVerdict.NOT_SHOWN_TO_EXCEED: "not shown to exceed its level",
}


def print_certificate(answer: Certificate, console: Console) -> None:
    """Print the levels and what they cover."""
    family = answer.family
    console.print(Text(f"{answer.scenario}: certificate of level", style="bold"))
    for words in biases_in_words(answer.selection_bias, answer.drift):
        console.print(f"Biased: {words}.")
    columns = ["level", "exact", "at mortality", "simulated", "+-", "bound"]
    every = (*answer.levels, *answer.judged_together)
    some_fail = any(level.not_analysable.count for level in every)
    columns += ["analysable", "of these", "+- ", "bound "] * some_fail
    table = new_table("Analysis", *columns, "verdict", words=("Analysis", "verdict"))
    for level in every:
        exact = level.exact
        table.add_row(
            level.name,
            f"{level.alpha:g}",
            f"{exact.probability:.4f}" if exact else "-",
            f"{exact.at:.3f}" if exact else "-",
            f"{level.simulated:.4f}",
            f"{level.mcse:.4f}",
            f"{level.high:.4f}",
            *(_among_analysable(level) * some_fail),
            _verdict(level),
        )
    print_table(table, console)
    for level in answer.judged_together:
        console.print(f"{level.name}: at least one hypothesis is rejected ({level.test}).")
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
    if some_fail:
        console.print(
            "simulated counts a trial that is not analysable as no rejection. analysable: share of "
            "trials with a result, in the cell where fewest have one; of these: largest share of "
            "rejections among them, with its bound. An analysis holds its level by simulation only "
            "if both bounds are at or below it."
        )
    else:
        console.print("Every trial of every cell is analysable.")
    for cell in answer.refused:
        console.print(
            f"Not simulated: mortality {cell.mortality:g}, shape {cell.shape:g}, loss "
            f"{cell.loss:g}: {cell.reason}."
        )


def _verdict(level: Level) -> str:
    few = ", but most trials of a cell have no result" if level.mostly_without_result else ""
    return f"{VERDICTS[level.verdict]}{few}"


def _among_analysable(level: Level) -> tuple[str, ...]:
    """Share of trials with a result, and of these the share that rejects, with its bound."""
    share = f"{1 - level.not_analysable.share:.1%}"
    found = level.among_analysable
    if found is None:
        return share, "-", "-", "-"
    return share, f"{found.simulated:.4f}", f"{found.mcse:.4f}", f"{found.high:.4f}"
