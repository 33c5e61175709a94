"""Answers that are kept: a question that was answered before is not worked out again."""

import functools
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from simulator.cli import asked, crew
from simulator.cli.logs import log_answer, log_question
from simulator.cli.shared import deliver, path_given, refuse, say, stop
from simulator.cli.signals import waits
from simulator.interrupts import GO_ON, unbroken
from simulator.log import counted

if TYPE_CHECKING:
    from simulator.results import Answer
    from simulator.store import Enclosures, Filed, Place, Question, Run

RunOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Folder of the run, to be made [default: results/ and a name of its own].",
        show_default=False,
        callback=path_given("--out"),
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Answer anew, in place of what is there; trials that are kept are not rerun.",
    ),
]

FullOption = Annotated[bool, typer.Option("--full", help="Print every section, not one screen.")]


P = ParamSpec("P")


def kept(command: Callable[P, None]) -> Callable[P, None]:
    """Show the answer that is kept where the same was asked before; else let the command run.

    A command that is to write a file besides runs in any case.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        options: Mapping[str, Any] = kwargs
        with asked.words(command.__name__, options):
            if options["force"] or options.get("write") or not _is_known_and_shown(options):
                command(*args, **kwargs)

    return run


def _is_known_and_shown(options: Mapping[str, Any]) -> bool:
    """Show the answer to what is asked if it is known to be kept, and say whether it was."""
    from simulator.store import StoreError, look

    question = asked.known()
    if question is None:
        return False
    folder = options["out"] or Path(question.folder)
    try:
        found = look(folder, question.digest, replace=False).kept
    except StoreError as error:
        refuse("--out", error.path, error.rule, error.remedy)
    if found is not None:
        _show_again(found, options["json"], full=options.get("full", False))
    return found is not None


def _show_again(run: "Run", as_json: bool, *, full: bool) -> None:
    from simulator.report.text.page import KEPT

    say(KEPT.format(run=run.folder))
    deliver(run.answer, as_json, full=full, run=run.folder)


def answer(
    question: "Question",
    out: Path | None,
    force: bool,
    as_json: bool,
    work: "Callable[[Enclosures], Answer]",
    *,
    ready: Callable[[], object] = lambda: None,
    full: bool = False,
    besides: "Callable[[Answer], object]" = lambda _: None,
) -> None:
    """Show the answer to a question: the one that is kept or, worked out and kept, a new one.

    One that could not be kept where it was to go is shown as any other, and ends the command with
    status 1.

    Parameters
    ----------
    work
        Works it out; may enclose figures and files of its own.
    ready
        Called before, if it is to be worked out: refuses what cannot be, while nothing is written.
    full
        Show the full text of an answer that has a screen.
    besides
        Called with the answer, if it is whole, once it is shown.
    """
    from simulator.store import StoreError, at_work, look, units_beside

    folder = out or question.folder
    try:
        place = look(folder, question.digest, replace=force)
        if place.kept is None:
            units = units_beside(folder)
            crew.begin(units)
            with at_work(units, question.digest, _wait_for_another) as waited:
                waits(for_another=False)
                if waited:  # and whoever worked at it may have written the answer there
                    place = look(folder, question.digest, replace=force)
                if place.kept is None:
                    ready()
                    result, filed = _worked_out(question, place, units, work)
    except StoreError as error:
        refuse("--out", error.path, error.rule, error.remedy)
        return
    if place.kept is not None:
        asked.remember(asked.Known(question.digest, str(question.folder)))
        _show_again(place.kept, as_json, full=full)
        besides(place.kept.answer)
        return
    # Before printing: whoever reads that may stop listening.
    crashes = counted().crashes
    if crashes:
        say(f"workers killed and replaced: {crashes}; their trials were run again")
    is_where_asked, kept_in = _say_where(filed, folder)
    if is_where_asked:
        asked.remember(asked.Known(question.digest, str(question.folder)))
    deliver(result, as_json, full=full, run=kept_in)
    if not result.finished:
        stop(f"stopped: partial results saved; {GO_ON}")
    besides(result)
    if not is_where_asked:
        sys.exit(1)


def _wait_for_another(line: str) -> None:
    """Say that another process is at the question, which is waited for now."""
    say(line)
    waits(for_another=True)


def _worked_out(
    question: "Question",
    place: "Place",
    units: Path,
    work: "Callable[[Enclosures], Answer]",
) -> "tuple[Answer, Filed]":
    """Work an answer out and keep it, if not where it was to go then elsewhere."""
    from simulator.cli.compiling import compiling
    from simulator.inputs import noted
    from simulator.report.text import full_text
    from simulator.store import Enclosures, file_run, write_run

    begun = datetime.now(UTC)
    log_question(question, place.folder, units)
    enclosed = Enclosures(place.folder)
    try:
        with compiling():
            result = work(enclosed)
    except BaseException:
        enclosed.discard()
        raise
    with unbroken:  # what is done gets its place, whatever comes meanwhile
        made = {
            "command": shlex.join(["trialsim", *sys.argv[1:]]),
            "began": begun.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(UTC) - begun).total_seconds(), 3),
            "trials_simulated": counted().simulated,
            "trials_found": counted().kept,
            "units": crew.keys_of_units(),
            "read": {path: was for path, was in noted().items() if " " in was},
        }
        text = full_text(result)

        def write(folder: Path) -> None:
            write_run(folder, question, result, text, made)
            log_answer(folder, place.folder, finished=result.finished)

        return result, file_run(place, question.folder, write, enclosed)


def _say_where(filed: "Filed", wanted: Path) -> tuple[bool, Path | None]:
    """Say where an answer was kept; return whether that is where it was to go, and the folder."""
    from simulator.store import CONFLICT

    if not filed.why:
        say(f"wrote {wanted}")
        if filed.left is not None:
            say(f"{filed.left}: what was replaced, of which a part cannot be removed; remove it")
        return True, wanted
    folder = filed.folder
    with suppress(OSError):  # the working folder may be gone
        if folder is not None and folder.is_relative_to(Path.cwd()):
            folder = folder.relative_to(Path.cwd())
    if filed.why == CONFLICT:
        say(f"{wanted}: {CONFLICT}, and was left as it is; the answer is in {folder}")
    elif folder is not None:
        without = f", without {filed.lacks}" if filed.lacks else ""
        say(f"{wanted}: cannot be written: {filed.why}; the answer is in {folder}{without}")
    else:
        say(f"{wanted}: cannot be written: {filed.why}; the answer is kept nowhere but here")
    return False, folder


def draw(drawing: Callable[[Path], object], enclosed: "Enclosures") -> None:
    """Have figures drawn into the folder of a run, if the library for it is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        print("no figure: it needs matplotlib (pip install 'trialsim[report]')", file=sys.stderr)
        return
    from simulator.store import FIGURES

    def write(folder: Path) -> None:
        figures = folder / FIGURES
        figures.mkdir(exist_ok=True)
        drawing(figures)

    enclosed.add(write)
