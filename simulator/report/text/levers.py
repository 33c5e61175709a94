"""What matters most, as a page of text: assumptions and choices apart, ranked."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from simulator.report.text.numbers import in_points, mean, percent
from simulator.report.text.page import Block, Bold, Command, Section, apart
from simulator.report.text.tables import Table, new_table
from simulator.report.words import RATES, values_in_short
from simulator.results.levers import Lever, LeverKind, LeverMove, Levers

_ON_A_SCREEN = 7  # levers of a kind
_NAMED = 3  # in the verdict
_HEADS = {
    LeverKind.ASSUMPTION: "assumption (nature decides)",
    LeverKind.CHOICE: "choice (the designer decides)",
}
_LONGEST = 50  # characters of a lever's name


def _head(answer: Levers) -> Iterator[Block]:
    rate = RATES[answer.null_hypothesis]
    yield Bold(f"{answer.scenario}: what matters most for the {rate} of {answer.test_name}")
    yield (
        f"{answer.trials:,} trials of each of {answer.moves} moves, those of the scenario as it "
        f"is, seed {answer.seed}, trialsim {answer.version}."
    )
    base = answer.base
    cost = "" if base.cost is None else f", cost {mean(base.cost)} {answer.currency}"
    yield (
        f"As it is: {rate} {percent(base.power)}, recruitment {mean(base.enrolment_days)} days, "
        f"trial {mean(base.trial_days)} days{cost}."
    )


def _table(answer: Levers, kind: LeverKind, most: int | None = None) -> Iterator[Block]:
    """Levers of a kind with their largest move or, of all of them, every move."""
    levers = answer.of_kind(kind)
    if not levers:
        return
    heads = ["from", "to", RATES[answer.null_hypothesis], "difference", "paired +-", "told"]
    heads += ["days", *["cost, %"] * (answer.base.cost is not None)]
    table = new_table(_HEADS[kind], *heads, words=(_HEADS[kind], "from", "to"))
    for lever in levers[:most]:
        _add_rows(table, answer, lever, largest=most is not None)
    yield table
    left = len(levers) - len(levers[:most])
    if left:
        yield f"and {left} that move it less."


def _add_rows(table: Table, answer: Levers, lever: Lever, *, largest: bool) -> None:
    name, own = _short(lever.name), values_in_short(lever.own)
    for move in (lever.largest,) if largest else lever.moves:
        table.add_row(name, _short_value(own), *_cells(answer, move))
        name, own = "", ""


def _short_value(value: str) -> str:
    return value if len(value) <= _LONGEST // 2 else f"{value[: _LONGEST // 2 - 4]} ..."


def _cells(answer: Levers, move: LeverMove) -> list[str]:
    cells = [values_in_short(move.to), percent(move.power)]
    cells += in_points(move.power.difference, move.power.paired_mcse)
    cells.append("yes" if move.told_apart else "no")
    cells.append(f"{round(move.trial_days.difference):+,d}" if _moves_days(move) else "0")
    if answer.base.cost is not None and move.cost is not None:
        share = 100 * move.cost.difference / answer.base.cost.mean if answer.base.cost.mean else 0.0
        cells.append(f"{share:+.1f}" if abs(share) >= 0.05 else "0")
    return cells


def _moves_days(move: LeverMove) -> bool:
    return abs(move.trial_days.difference) >= 0.5


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 4]} ..."


def _assumptions(answer: Levers) -> Iterator[Block]:
    yield from _table(answer, LeverKind.ASSUMPTION)


def _choices(answer: Levers) -> Iterator[Block]:
    yield from _table(answer, LeverKind.CHOICE)


def _reading(_: Levers) -> Iterator[Block]:
    yield (
        "Ranked by the largest difference, in percentage points, paired trial by trial; told: it "
        "exceeds its error (all moves together, 95 %). days, cost: of a trial, against the "
        "scenario's own. Choices are moved with the hazards and the referrals that the scenario "
        "has."
    )


def _missing(answer: Levers) -> Iterator[Block]:
    """What could not be moved, and why."""
    if answer.failed:
        yield Bold("Moves that no trial can be simulated with")
        for failed in answer.failed:
            yield f"  {failed.lever}, to {values_in_short(failed.to)}: {failed.why}"
    if answer.left_out:
        yield Bold("Ranges that do not fit this scenario")
        for one in answer.left_out:
            yield f"  {one.name}: {one.why}"


def _verdict(answer: Levers) -> Iterator[Block]:
    told = [lever for lever in answer.levers if lever.told_apart]
    counts = f"{len(told)} of {len(answer.levers)} levers"
    rate = RATES[answer.null_hypothesis]
    if not told:
        yield Bold(
            f"NO LEVER CAN BE TOLD to move the {rate} with {answer.trials:,} trials of each."
        )
    else:
        parts = [
            f"{kind}s: {_named([lever for lever in told if lever.kind is kind])}"
            for kind in LeverKind
        ]
        yield Bold(f"{counts} can be told to move the {rate}. Most of all, {'; '.join(parts)}.")
    shown = [(len(answer.failed), "moves failed"), (len(answer.left_out), "ranges do not fit")]
    said = [f"{count} {what}" for count, what in shown if count]
    if said:
        yield f"{'; '.join(said)}: section missing."
    if answer.interrupted:
        yield "Interrupted before the last lever; those shown are complete."


def _named(levers: list[Lever]) -> str:
    if not levers:
        return "none"
    return ", ".join(
        f"{_short(lever.name)} ({in_points(lever.largest.power.difference, 1.0)[0]})"
        for lever in levers[:_NAMED]
    )


LEVER_SECTIONS = (
    Section("head", _head),
    Section("assumptions", _assumptions),
    Section("choices", _choices),
    Section("reading", _reading),
    Section("missing", _missing),
    Section("verdict", _verdict),
)


def levers_screen(answer: Levers, _width: int, run: Path | None = None) -> list[Block]:
    """Return what a designer reads first: the largest levers of either kind."""
    found = [list(_head(answer))]
    found += [list(_table(answer, kind, _ON_A_SCREEN)) for kind in LeverKind]
    blocks = list(apart([*found, [*_reading(answer), *_verdict(answer)]]))
    shown = "RUN" if run is None else shlex.quote(str(run))
    blocks.append(Command(f"every move: trialsim show {shown}"))
    return blocks
