"""Runs on disk as pages of text: a list, by what one was made, two side by side, what can go."""

from collections.abc import Iterator, Sequence
from textwrap import shorten

from simulator.report.text.numbers import in_points, rate, rates_decimals, value_in_words
from simulator.report.text.page import Block, Bold, Command, Verbatim
from simulator.report.text.tables import new_table
from simulator.results.kept_runs import (
    KeptFile,
    KeptRun,
    KeptRuns,
    Provenance,
    Pruned,
    RunsCompared,
)

_MOST = 20  # rows of a screen
_MOST_KEYS = 8  # that differ, named one by one
_MOST_READ = 6  # files of a screen
_DIGITS = 16  # of a SHA-256 on a screen
_LONGEST = 300  # characters of what was asked
_UNITS = "B", "kB", "MB", "GB", "TB"


def size_in_words(size: int) -> str:
    """Return bytes as people read them: 4.1 kB, 198 MB."""
    value, unit = float(size), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.{1 if unit and value < 9.95 else 0}f} {_UNITS[unit]}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def runs_blocks(answer: KeptRuns, *, full: bool) -> Iterator[Block]:
    """The runs of a folder, the latest first, and what else it holds."""
    count = len(answer.runs)
    if not count:
        yield f"No run in {answer.folder}."
    else:
        shown = answer.runs if full else answer.runs[:_MOST]
        table = new_table(
            "run", "command", "scenario", "trials", "finished (UTC)", "on disk", "version",
            words=("run", "command", "scenario", "finished (UTC)", "version"), spare=("command",),
        )  # fmt: skip
        for run in shown:
            table.add_row(*_run_cells(run, answer.folder))
        yield table
        if count > len(shown):
            yield f"and {count - len(shown)} earlier ones, which --full lists"
        faults = [run for run in shown if run.fault]
        for run in faults:
            yield f"{run.folder}: {run.fault}"
    yield ""
    total = sum(run.bytes for run in answer.runs) + answer.units_bytes + answer.litter_bytes
    parts = [_counted(count, "run")]
    if answer.units:
        size = size_in_words(answer.units_bytes)
        parts.append(f"{_counted(answer.units, 'folder')} of units of work, {size}")
    if answer.litter:
        size = size_in_words(answer.litter_bytes)
        parts.append(f"{_counted(answer.litter, 'folder')} left by killed processes, {size}")
    yield f"{answer.folder}: {', '.join(parts)}; {size_in_words(total)} in all."
    if count:
        yield Command(f"trialsim runs show {answer.runs[0].folder}")
    if answer.litter or answer.units or not all(run.finished for run in answer.runs):
        yield Command(f"trialsim runs prune {answer.folder}")


def _run_cells(run: KeptRun, folder: str) -> list[str]:
    asked = "" if run.trials is None else f"{run.trials:,}"
    if run.precision is not None:
        asked = f"to {run.precision:g}"
    ended = run.ended[:16].replace("T", " ") if run.finished else "stopped before its end"
    return [
        run.folder.removeprefix(f"{folder}/"),
        run.command,
        run.scenario,
        asked,
        "cannot be read" if run.fault else ended,
        size_in_words(run.bytes),
        "this" if run.is_current else "another",
    ]


def provenance_blocks(answer: Provenance, *, full: bool) -> Iterator[Block]:
    """By what a run was made, and of what; with all files if asked for."""
    state = "" if answer.is_finished else ", stopped before its end"
    yield Bold(f"{answer.folder}: {answer.command} of {answer.scenario}{state}")
    yield answer.title
    yield Command(answer.command_line)
    yield ""
    table = new_table("", " ", words=("", " "))
    asked = "; ".join(f"{key} {value_in_words(value)}" for key, value in answer.asked.items())
    asked = asked if full else shorten(asked, _LONGEST, placeholder=" ...")
    table.add_row("asked", f"seed {answer.seed}" + (f"; {asked}" if asked else ""))
    table.add_row("question", f"{answer.digest}, with the program's sources")
    table.add_row("scenario", f"SHA-256 {answer.scenario_sha256[:_DIGITS]} ...")
    kinds = ", ".join(f"{one.values} {one.kind}" for one in answer.sources)
    table.add_row("values by source", kinds or "none")
    table.add_row("rows of evidence", f"{len(answer.evidence)}")
    began = answer.began or "not noted"
    took = "" if answer.seconds is None else f" ({answer.seconds:,.1f} s)"
    table.add_row("began, ended", f"{began}, {answer.ended}{took}")
    names = [name for name in answer.versions if name not in ("system", "sources")]
    table.add_row("versions", ", ".join(f"{name} {answer.versions[name]}" for name in names))
    sources = answer.versions.get("sources", "")
    mine = "this version" if answer.is_current else "another version"
    table.add_row("program's sources", f"{sources}, {mine}")
    cores = f"{answer.machine.get('cores', '?')} cores"
    system = answer.versions.get("system", "")
    table.add_row("machine", f"{answer.machine.get('processor', '?')}, {cores}, {system}")
    yield table
    yield ""
    yield from _files(answer, full=full)


def _files(answer: Provenance, *, full: bool) -> Iterator[Block]:
    if full:
        yield from _listed("Files read, with their SHA-256", answer.read)
        yield from _listed("Files of the run", answer.files)
        whole = KeptFile(answer.scenario, 0, answer.scenario_sha256)
        yield from _listed("The scenario in full, as JSON with sorted keys", (whole,))
    else:
        table = new_table("files read", "bytes", "SHA-256", words=("files read", "SHA-256"))
        for file in answer.read[:_MOST_READ]:
            table.add_row(file.path, f"{file.bytes:,}", f"{file.sha256[:_DIGITS]} ...")
        if answer.read:
            yield table
        more = len(answer.read) - _MOST_READ
        if more > 0:
            yield f"and {more} more"
        size = size_in_words(sum(file.bytes for file in answer.files))
        yield f"Files of the run: {len(answer.files)}, {size}; --full has the SHA-256 of each."
    yield Bold(
        "All checksums are those that were written. They find what was changed by accident; to be "
        "sure, give the command in an empty folder, which gives the same digits."
    )
    yield Command(f"trialsim show {answer.folder}")


def _listed(what: str, files: Sequence[KeptFile]) -> Iterator[Block]:
    """Files as sha256sum lists them, to be copied."""
    yield f"{what}:"
    yield Verbatim("\n".join(f"{file.sha256}  {file.path}" for file in files))
    yield ""


def compared_blocks(answer: RunsCompared) -> Iterator[Block]:
    """Two runs side by side, and what it amounts to last."""
    yield Bold(f"{answer.second} against {answer.first}")
    for place, folder in enumerate((answer.first, answer.second)):
        yield (
            f"{folder}: {answer.scenarios[place]}, {answer.trials[place]:,} trials, "
            f"seed {answer.seeds[place]}"
        )
    if answer.different:
        told = [
            f"{d.key}: {value_in_words(d.first)} -> {value_in_words(d.second)}"
            for d in answer.different[:_MOST_KEYS]
        ]
        more = len(answer.different) - len(told)
        told += [f"and {more} more, which --json lists"] * (more > 0)
        yield f"Different: {'; '.join(told)}."
    else:
        yield "The scenarios do not differ in any key."
    yield ""
    errors = [error for a in answer.analyses for error in (a.first_mcse, a.second_mcse)]
    decimals = rates_decimals(errors)
    table = new_table(
        "analysis", "first", "+-", "second", "+-", "difference", "+-", "95 % interval", "differs"
    )
    for a in answer.analyses:
        cells = [*rate(a.first, a.first_mcse, decimals), *rate(a.second, a.second_mcse, decimals)]
        low, high = (in_points(x, a.mcse)[0] for x in (a.difference_low, a.difference_high))
        cells += [*in_points(a.difference, a.mcse), f"{low} to {high}"]
        table.add_row(a.name, *cells, "yes" if a.differs else "no")
    yield table
    yield _how(answer)
    if answer.not_compared:
        yield f"In one run alone, and so not compared: {', '.join(answer.not_compared)}."
    yield ""
    yield Bold(_verdict(answer))


def _how(answer: RunsCompared) -> str:
    """Say what the errors of the differences are."""
    text = "Shares of trials that reject; differences in percentage points. "
    if all(a.pairs is not None for a in answer.analyses):
        return text + "+- is the Monte Carlo standard error, of differences paired trial by trial."
    text += "+- is the Monte Carlo standard error, of differences as if the runs were independent"
    if answer.seeds[0] != answer.seeds[1]:
        return text + "."
    return (
        f"{text}: with the same seed the true one is mostly smaller, and trialsim compare, which "
        "pairs trials, has it."
    )


def _verdict(answer: RunsCompared) -> str:
    a = answer.analyses[0]
    low, high = (in_points(x, a.mcse)[0] for x in (a.difference_low, a.difference_high))
    size = in_points(a.difference, a.mcse)[0]
    interval = f"{size} percentage points (95 % interval {low} to {high})"
    if not a.differs:
        return f"The two cannot be told apart in {a.name}: the difference is {interval}."
    word = "more" if a.difference > 0 else "less"
    return f"The second run rejects {word} often in {a.name}: the difference is {interval}."


def pruned_blocks(answer: Pruned) -> Iterator[Block]:
    """What can go, or is gone, and what was left."""
    size = size_in_words(sum(one.bytes for one in answer.gone))
    if answer.gone:
        head = "removed" if answer.removed else "can go"
        table = new_table(head, "what", "on disk", words=(head, "what"))
        for one in answer.gone:
            table.add_row(one.path, one.what, size_in_words(one.bytes))
        yield table
    for one in answer.left:
        yield f"left: {one.path}: {one.what}"
    if not answer.gone:
        yield f"{answer.folder}: nothing to remove."
    elif answer.removed:
        yield Bold(f"{len(answer.gone)} removed, {size}.")
    else:
        yield Bold(f"{len(answer.gone)} can go, {size}; the same commands make them again.")
