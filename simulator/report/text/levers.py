"""What matters most, as a page of text: assumptions and choices apart, ranked."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from simulator.report.text.numbers import in_points, mean, percent, plain_percent
from simulator.report.text.page import Block, Bold, Command, Section, apart
from simulator.report.text.tables import Table, new_table
from simulator.report.words import RATES, values_in_short
from simulator.results.levers import Lever, LeverKind, LeverMove, Levers

_ON_A_SCREEN = 7  # levers of a kind
_NAMED = 3  # in the verdict
_HEADS = {
    LeverKind.ASSUMPTION: "assumption: nature decides",
    LeverKind.CHOICE: "choice: the designer decides",
}
_LONGEST, _ROOM = 36, 19  # characters of a lever's name, and of its values, on a screen
_DROPPED = "dropped"


def _head(answer: Levers) -> Iterator[Block]:
    rate = RATES[answer.null_hypothesis]
    yield Bold(f"{answer.scenario}: what matters most for the {rate} of {answer.test_name}")
    yield (
        f"{answer.trials:,} trials of each of {answer.moves} moves, those of the scenario as it "
        f"is, seed {answer.seed}, trialsim {answer.version}."
    )
    failed = len(answer.failed)
    if 2 * failed > answer.moves + failed:
        yield Bold(
            f"MOST MOVES FAILED: {failed} of {answer.moves + failed} could not be simulated, the "
            f"first since {answer.failed[0].why}."
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
    head, cost = _HEADS[kind], "cost, %"
    heads = ["moved", RATES[answer.null_hypothesis], "change", "+-", "beyond error", "days"]
    heads += [cost] * (answer.base.cost is not None)
    table = new_table(head, *heads, words=(head, "moved"), spare=(cost,))
    for lever in levers[:most]:
        _add_rows(table, answer, lever, on_a_screen=most is not None)
    yield table
    left = len(levers) - len(levers[:most])
    if left:
        yield f"and {left} that move it less."


def _add_rows(table: Table, answer: Levers, lever: Lever, *, on_a_screen: bool) -> None:
    name = _short(lever.name, _LONGEST) if on_a_screen else lever.name
    for move in (lever.largest,) if on_a_screen else lever.moves:
        table.add_row(name, _moved(lever, move, short=on_a_screen), *_cells(answer, move))
        name = ""


def _moved(lever: Lever, move: LeverMove, *, short: bool) -> str:
    """Say from what to what, as `0.595 -> 0.385`; on a screen the first of them as room is."""
    own, to = values_in_short(lever.own), values_in_short(move.to)
    if to == _DROPPED:
        return to
    whole = f"{own} -> {to}"
    return whole if not short or len(whole) <= _ROOM else _short(f"-> {to}", _ROOM)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def _cells(answer: Levers, move: LeverMove) -> list[str]:
    cells = [plain_percent(move.power.mean)]
    cells += in_points(move.power.difference, move.power.paired_mcse)
    cells.append("yes" if move.told_apart else "no")
    cells.append(f"{round(move.trial_days.difference):+,d}" if _moves_days(move) else "0")
    if answer.base.cost is not None and move.cost is not None:
        share = 100 * move.cost.difference / answer.base.cost.mean if answer.base.cost.mean else 0.0
        cells.append(f"{share:+.1f}" if abs(share) >= 0.05 else "0")
    return cells


def _moves_days(move: LeverMove) -> bool:
    return abs(move.trial_days.difference) >= 0.5


def _assumptions(answer: Levers) -> Iterator[Block]:
    yield from _table(answer, LeverKind.ASSUMPTION)


def _choices(answer: Levers) -> Iterator[Block]:
    yield from _table(answer, LeverKind.CHOICE)


def _reading(_: Levers) -> Iterator[Block]:
    yield (
        "change: largest, in percentage points, with its Monte Carlo standard error, paired trial "
        "by trial; beyond error: 95 %, all moves together; days, cost: of a trial, "
        "against the scenario's own. Choices leave the hazards and the referrals as they are."
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
            f"NO CHANGE of the {rate} is beyond its Monte Carlo error, with {answer.trials:,} "
            "trials of each."
        )
    else:
        parts = [
            f"{kind}s: {_named([lever for lever in told if lever.kind is kind])}"
            for kind in LeverKind
        ]
        yield Bold(
            f"{counts} move the {rate} beyond Monte Carlo error. Most of all, {'; '.join(parts)}."
        )
    if not answer.of_kind(LeverKind.ASSUMPTION):
        yield "No assumption of this scenario has a range: give ranges, or say what is uncertain."
    failed, left = len(answer.failed), len(answer.left_out)
    said = [f"{failed} {'move' if failed == 1 else 'moves'} failed"] * bool(failed)
    said += [f"{left} {'range does' if left == 1 else 'ranges do'} not fit"] * bool(left)
    if said:
        yield f"{'; '.join(said)}: section missing."
    if answer.interrupted:
        yield "Interrupted before the last lever; those shown are complete."


def _named(levers: list[Lever]) -> str:
    if not levers:
        return "none"
    return ", ".join(
        f"{_short(lever.name, _LONGEST)} ({in_points(lever.largest.power.difference, 1.0)[0]})"
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
