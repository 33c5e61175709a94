"""The answer of `calibrate` as text: what was reached, what it took, what contradicts what."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from simulator.report.text.acceptance import acceptance_blocks, acceptance_table
from simulator.report.text.numbers import rounded
from simulator.report.text.page import Block, Bold, Command, Section, apart, line_count
from simulator.report.text.tables import new_table
from simulator.report.text.wrapping import shortened
from simulator.results.calibration import Calibration, TargetReached, WithoutTarget

_LINES = 28  # beside what is said of the run
_NARROW = 78  # cells of a line of YAML
_NAMED = 4  # targets that a sentence names


def _head(answer: Calibration) -> Iterator[Block]:
    yield Bold(f"{answer.scenario}: {answer.title}")
    if answer.targets:
        yield (
            f"{answer.trials:,} trials, {answer.patients:,} patients, the same ones in each of "
            f"{answer.runs} runs; seed {answer.seed}, trialsim {answer.version}. +- is the Monte "
            "Carlo standard error."
        )


def _targets(answer: Calibration) -> Iterator[Block]:
    if not answer.targets:
        return
    table = new_table(
        "target", "is to be", "within", "own values", "reached", "+-", "", words=("target", "")
    )
    for one in answer.targets:
        table.add_row(
            one.label,
            _value(one, one.target),
            _value(one, one.tolerance),
            _value(one, one.before),
            _value(one, one.reached),
            _value(one, one.reached_mcse),
            "met" if one.met else "MISSED",
        )
    yield table


def _value(one: TargetReached, value: float) -> str:
    """A share in per cent, other figures to the digit that the tolerance needs."""
    if one.is_share:
        return f"{100 * value:.1f}%"
    decimals = max(0, -_exponent(one.tolerance) + 1)
    return rounded(value, decimals)


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _keys(answer: Calibration) -> Iterator[Block]:
    """What moved, and how far it could have."""
    if not answer.keys:
        return
    table = new_table("key", "own value", "found", "+-", "from", "to", "", words=("key", ""))
    for key in answer.keys:
        error = "-" if key.error is None else f"{key.error:.1g}"
        limits = (f"{key.low:g}", f"{key.high:g}")
        mark = "at its limit" if key.at_limit else ""
        table.add_row(key.name, f"{key.old:.5g}", f"{key.new:.5g}", error, *limits, mark)
    yield table
    if any(key.error is None for key in answer.keys):
        yield "A dash: the targets do not tell it, other values together do as well."


def _contradictions(answer: Calibration) -> Iterator[Block]:
    """What giving up each target of a compromise would do."""
    by_label = {one.label: one for one in answer.targets}
    for without in answer.contradictions:
        yield f"{_without_in_words(without, by_label)}."


def _without_in_words(without: WithoutTarget, by_label: dict[str, TargetReached]) -> str:
    given_up = by_label[without.label]
    then = _value(given_up, without.reached[without.label])
    aimed = _value(given_up, given_up.target)
    if without.others_met:
        others = [label for label in without.reached if label != without.label]
        met = others[0] if len(others) == 1 else f"all {len(others)} targets that share its keys"
        verb = "is" if len(others) == 1 else "are"
        return f"Without {without.label}: {met} {verb} met, and it is {then} instead of {aimed}"
    left = [
        f"{label} {_value(one, without.reached[label])} instead of {_value(one, one.target)}"
        for label, one in by_label.items()
        if label in without.reached
        and label != without.label
        and abs(without.reached[label] - one.target) > one.tolerance
    ]
    return f"Without {without.label} ({then} instead of {aimed}): still missed {'; '.join(left)}"


def _block(answer: Calibration) -> Iterator[Block]:
    """Print the values found, to be pasted into a file that extends the scenario."""
    if answer.block:
        yield "To be pasted into a scenario that extends this one (or written by --write FILE):"
        yield ""
        for line in answer.block.splitlines():
            yield from _yaml_line(line)


def _yaml_line(line: str) -> Iterator[Block]:
    """Print a line of a file; one that would be broken has its comment on a line above."""
    value, mark, comment = line.partition("  # ")
    if len(line) > _NARROW and mark:
        indent = " " * (len(line) - len(line.lstrip()))
        yield Command(f"{indent}# {comment}")
        line = value
    yield Command(line)


def _acceptance(answer: Calibration) -> Iterator[Block]:
    if answer.acceptance is not None:
        yield from acceptance_table(answer.acceptance)


def _notes(answer: Calibration) -> Iterator[Block]:
    """What a reader should know of a target or a check."""
    checks = answer.acceptance.checks if answer.acceptance else ()
    for label, note in [(t.label, t.note) for t in answer.targets] + [
        (f"{c.label} ({' '.join(c.rows)})", c.note) for c in checks
    ]:
        if note:
            yield f"{label}: {note}."
    of_checks = answer.acceptance.left_out if answer.acceptance else {}
    for label, reason in {**answer.left_out, **of_checks}.items():
        yield f"{label}: left out, {reason}."


def _verdict(answer: Calibration) -> Iterator[Block]:
    """Say what was met, what contradicts what, and whether the scenario agrees with the rest."""
    if answer.targets:
        yield Bold(calibration_in_words(answer))
    yield from acceptance_blocks(answer.acceptance)


def calibration_in_words(answer: Calibration) -> str:
    """Say how many targets are met, and why others are not."""
    missed, number = answer.missed, len(answer.targets)
    coarse = [one.label for one in answer.targets if one.reached_mcse > one.tolerance]
    doubt = f"Monte Carlo error beyond the tolerance, more --trials: {_some(coarse)}."
    if not missed:
        own = sum(one.met_before for one in answer.targets)
        met = f"ALL {number} TARGETS MET; with the scenario's own values {own} are."
        return f"{met} {doubt}" if coarse else met
    words = [f"{number - len(missed)} OF {number} TARGETS MET."]
    apart = [" and ".join(labels) for labels in contradicting(answer)]
    if apart:
        words.append(f"Cannot be met together: {'; '.join(apart)}.")
    fixed = [one.label for one in missed if not one.movable]
    if fixed:
        words.append(f"Changed too little by the keys that may move for it: {_some(fixed)}.")
    told = {label for labels in contradicting(answer) for label in labels} | set(fixed)
    others = [one.label for one in missed if one.label not in told]
    if others:
        words.append(f"Missed: {_some(others)}; wider limits or more keys may do.")
    return " ".join([*words, *[doubt] * bool(coarse)])


def contradicting(answer: Calibration) -> list[list[str]]:
    """Targets that share their keys, of which giving up any one lets the others be met."""
    found: dict[tuple[str, ...], list[str]] = {}
    for without in answer.contradictions:
        if without.others_met:
            found.setdefault(tuple(without.reached), []).append(without.label)
    return [labels for labels in found.values() if len(labels) > 1]


def _some(labels: list[str]) -> str:
    more = len(labels) - _NAMED
    return "; ".join(labels[:_NAMED]) + (f" and {more} more" if more > 0 else "")


CALIBRATION_SECTIONS = (
    Section("head", _head),
    Section("targets", _targets),
    Section("keys", _keys),
    Section("contradictions", _contradictions),
    Section("block", _block),
    Section("acceptance", _acceptance),
    Section("notes", _notes),
    Section("verdict", _verdict),
)


def calibration_screen(answer: Calibration, width: int, run: Path | None = None) -> list[Block]:
    """Return the screen: targets, checks and verdict; of checks those that fail, if room is short.

    What else there is, is named.
    """
    found = {section.name: list(section.blocks(answer)) for section in CALIBRATION_SECTIONS}
    more = [name for name in ("keys", "contradictions", "block", "notes") if found[name]]
    shown = "RUN" if run is None else shlex.quote(str(run))
    below = found["verdict"]
    if more:
        others = f", or {', '.join(more[1:])}" if more[1:] else ""
        below += ["", Command(f"more: trialsim show {shown} {more[0]}{others}")]
    above = [Bold(shortened(f"{answer.scenario}: {answer.title}", width)), *found["head"][1:]]
    above = list(apart([above, found["targets"]]))
    whole = list(apart([above, found["acceptance"], below]))
    if line_count(whole, width) <= _LINES or answer.acceptance is None:
        return whole
    return list(apart([above, acceptance_table(answer.acceptance, only_failing=True), below]))
