"""Answers that are kept: a question that was answered before is not worked out again."""

import functools
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from simulator.cli import asked
from simulator.cli.logs import log_answer, log_question
from simulator.cli.shared import deliver, path_given, refuse, say, stop
from simulator.interrupts import unbroken
from simulator.log import counted

if TYPE_CHECKING:
    from simulator.results import Answer
    from simulator.store import Question, Run

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
    bool, typer.Option("--force", help="Rerun what was answered before, in place of it.")
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
    from simulator.store import StoreError, answer_in

    question = asked.known()
    if question is None:
        return False
    try:
        found = answer_in(options["out"] or Path(question.folder), question.digest, replace=False)
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
    work: "Callable[[Path], Answer]",
    *,
    ready: Callable[[], object] = lambda: None,
    full: bool = False,
) -> "Answer | None":
    """Show the answer to a question: the one that is kept or, worked out and kept, a new one.

    Returns it; None where the folder cannot be used, which ends the command.

    Parameters
    ----------
    work
        Works it out; may write files of its own into the folder that it is given.
    ready
        Called before, if it is to be worked out: refuses what cannot be, while nothing is written.
    full
        Show the full text of an answer that has a screen.
    """
    from simulator.store import StoreError, answer_in

    folder = out or question.folder
    try:
        kept = answer_in(folder, question.digest, replace=force)
        if kept is None:
            ready()
            result = _worked_out(question, folder, work)
    except StoreError as error:
        refuse("--out", error.path, error.rule, error.remedy)
        return None
    asked.remember(asked.Known(question.digest, str(question.folder)))
    if kept is not None:
        _show_again(kept, as_json, full=full)
        return kept.answer
    # Before printing: whoever reads that may stop listening.
    crashes = counted().crashes
    if crashes:
        say(f"workers killed and replaced: {crashes}; their trials were run again")
    say(f"wrote {folder}")
    deliver(result, as_json, full=full, run=folder)
    if not result.finished:
        stop("stopped: partial results saved; the same command goes on from there")
    return result


def _worked_out(
    question: "Question",
    folder: Path,
    work: "Callable[[Path], Answer]",
) -> "Answer":
    """Work an answer out and keep it."""
    from simulator.cli.compiling import compiling
    from simulator.report.text import full_text
    from simulator.store import new_run, write_run

    begun = datetime.now(UTC)
    log_question(question, folder)
    with ExitStack() as stack, new_run(folder) as aside, compiling():
        result = work(aside)
        stack.enter_context(unbroken)  # what is done gets its place, whatever comes meanwhile
        made = {
            "command": shlex.join(["trialsim", *sys.argv[1:]]),
            "began": begun.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(UTC) - begun).total_seconds(), 3),
        }
        write_run(aside, question, result, full_text(result), made)
        log_answer(aside, folder, finished=result.finished)
    return result


def draw(drawing: Callable[[Path], object], folder: Path) -> None:
    """Draw figures into a folder of a run, if the library for it is installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        print("no figure: it needs matplotlib (pip install 'trialsim[report]')", file=sys.stderr)
        return
    from simulator.store import FIGURES

    figures = folder / FIGURES
    figures.mkdir(exist_ok=True)
    drawing(figures)
