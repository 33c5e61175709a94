"""The answer of `power --certify` as a page of text, the levels last."""

from collections.abc import Iterator

from simulator.report import digits
from simulator.report.text.numbers import plain_percent, rounded
from simulator.report.text.page import Block, Bold, Section
from simulator.report.text.tables import new_table
from simulator.report.words import biases_in_words
from simulator.results.certificate import Certificate, Level, LevelVerdict, MarginLevel, NoLevel

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


def _every(answer: Certificate) -> tuple[Level, ...]:
    return (*answer.levels, *answer.judged_together)


def _some_fail(answer: Certificate) -> bool:
    return any(level.not_analysable.count for level in _every(answer))


def _head(answer: Certificate) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: certificate of level")
    for words in biases_in_words(answer.selection_bias, answer.drift):
        yield f"Biased: {words}."


def _notes(answer: Certificate) -> Iterator[Block]:
    """What the columns mean, and what the certificate covers."""
    family = answer.family
    mortality, shape, loss = (
        ", ".join(f"{x:g}" for x in values)
        for values in (family.mortality, family.weibull_shape, family.loss)
    )
    if not answer.levels:
        return
    yield (
        "exact: largest type I error over every common mortality from 0 to 1, at the planned "
        "sizes of the arms, nobody lost."
    )
    yield (
        f"simulated: largest among {family.cells} cells under the strong null hypothesis, "
        f"{answer.trials_per_cell:,} trials each: mortality {mortality}; Weibull shape {shape}; "
        f"loss {loss}; all else as the scenario has it. bound: of the largest, "
        f"{answer.confidence:.0%} confidence for all cells together. Nothing is said of other "
        "values."
    )
    if _some_fail(answer):
        yield (
            "simulated counts a trial that is not analysable as no rejection. analysable: share of "
            "trials with a result, in the cell where fewest have one; of these: largest share of "
            "rejections among them, with its bound. An analysis holds its level by simulation only "
            "if both bounds are at or below it."
        )
    else:
        yield "Every trial of every cell is analysable."
    for cell in answer.refused:
        yield (
            f"Not simulated: mortality {cell.mortality:g}, shape {cell.shape:g}, loss "
            f"{cell.loss:g}: {cell.reason}."
        )
    for level in answer.judged_together:
        yield f"{level.name}: at least one hypothesis is rejected ({level.test})."


def _levels(answer: Certificate) -> Iterator[Block]:
    """The largest type I error of each analysis, and what it amounts to."""
    if answer.levels:
        yield _simulated_table(answer)
    if answer.at_margins:
        yield from _at_margins(answer.at_margins)


def _at_margins(levels: tuple[MarginLevel, ...]) -> Iterator[Block]:
    """Levels of analyses with a margin, and why those that are missing are."""
    heads = "with a margin", "level", "exact", "at mortality", "to be shown", "verdict"
    table = new_table(*heads, words=("with a margin", "to be shown", "verdict"))
    for level in levels:
        exact = level.exact
        table.add_row(
            level.name,
            f"{level.alpha:g}",
            f"{exact.probability:.4f}" if exact else "-",
            f"{exact.at:.3f}" if exact else "-",
            level.shows or "any of them",
            "no level known" if level.verdict is None else VERDICTS[level.verdict],
        )
    yield table
    yield (
        "With a margin arms treated alike are no null hypothesis, so nothing is simulated: exact "
        "is the largest type I error at the margin, by enumeration over the mortality of the first "
        "arm (at mortality), at the planned sizes, nobody lost."
    )
    for why, words in _MISSING.items():
        names = [level.name for level in levels if level.missing is why]
        if names:
            yield f"No level of {', '.join(names)}: {words}."


_MISSING = {
    NoLevel.NO_TABLE: "the test is not of one 2 x 2 table, and no exact law of it is known here",
    NoLevel.TREATED: "who was treated depends on the arm, so that outcomes are not independent",
    NoLevel.LOOKED_AT: "looks decide, and the law of their tables at a margin is not built",
    NoLevel.TOGETHER: "hypotheses with and without margins have no common border",
}


def _simulated_table(answer: Certificate) -> Block:
    heads = ["level", "exact", "at mortality", "simulated", "+-", "bound"]
    some_fail = _some_fail(answer)
    heads += ["analysable", "of these", "+-", "bound"] * some_fail
    table = new_table("Analysis", *heads, "verdict", words=("Analysis", "verdict"))
    for level in _every(answer):
        exact = level.exact
        table.add_row(
            level.name,
            f"{level.alpha:g}",
            f"{exact.probability:.4f}" if exact else "-",
            f"{exact.at:.3f}" if exact else "-",
            *_rate(level.simulated, level.mcse, level.high, level.alpha),
            *(_among_analysable(level) * some_fail),
            _verdict(level),
        )
    return table


def _rate(simulated: float, error: float, high: float, alpha: float) -> tuple[str, str, str]:
    """A share of rejections, its error and its bound, none of them rounded onto the level."""
    decimals = digits.beside(alpha, (simulated, high), 2 + digits.of_percentage(100 * error))
    return rounded(simulated, decimals), rounded(error, decimals), rounded(high, decimals)


def _verdict(level: Level) -> str:
    few = ", but most trials of a cell have no result" if level.mostly_without_result else ""
    return f"{VERDICTS[level.verdict]}{few}"


def _among_analysable(level: Level) -> tuple[str, ...]:
    """Share of trials with a result, and of these the share that rejects, with its bound."""
    share = plain_percent(1 - level.not_analysable.share)
    found = level.among_analysable
    if found is None:
        return share, "-", "-", "-"
    return share, *_rate(found.simulated, found.mcse, found.high, level.alpha)


CERTIFICATE_SECTIONS = (
    Section("head", _head),
    Section("notes", _notes),
    Section("levels", _levels),
)
