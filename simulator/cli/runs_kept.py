"""The commands about runs on disk: a list, by what one was made, two compared, exported, pruned."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from simulator.cli.runs import FullOption
from simulator.cli.shared import JsonOption, fail, numeric, refuse, say, stoppable

if TYPE_CHECKING:
    from simulator.report.text.page import Block
    from simulator.results import Answer
    from simulator.store import Run, StoreError

_LIST = "list"
_RESULTS = Path("results")
_LONGEST_DAYS = 100_000.0


class RunsCommands(TyperGroup):
    """The commands about runs; without one, or with a folder in its place, runs are listed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put in what is left out."""
        known = (*self.commands, *ctx.help_option_names)
        if not args or args[0] not in known:
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


runs = typer.Typer(
    name="runs",
    cls=RunsCommands,
    help="List the runs that are kept; show, compare, export or prune them.",
    add_completion=False,
    rich_markup_mode=None,
)
RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)
]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="That holds runs.")]


@runs.command(_LIST)
@stoppable
def list_runs(
    folder: FolderArgument = _RESULTS, full: FullOption = False, json: JsonOption = False
) -> None:
    """List the runs of a folder, the latest first."""
    from simulator.report.text.kept_runs import runs_blocks
    from simulator.results.kept_runs import KeptRuns
    from simulator.scenario.errors import nearest
    from simulator.store import StoreError
    from simulator.store.listing import kept_runs

    try:
        found = kept_runs(folder)
    except StoreError as error:
        if folder == _RESULTS and not folder.exists():
            found = KeptRuns(str(folder), (), 0, 0, 0, 0)
        else:
            near = nearest(str(folder), [name for name in _COMMANDS if name != _LIST])
            remedy = f"did you mean trialsim runs {near}?" if near else error.remedy
            refuse("FOLDER", error.path, error.rule, remedy)
    _deliver(found, json, runs_blocks(found, full=full))


@runs.command("show")
@stoppable
def show_run(run: RunArgument, full: FullOption = False, json: JsonOption = False) -> None:
    """Show by what a run was made, and of what.

    The checksum of every file is compared.
    """
    from simulator.report.text.kept_runs import provenance_blocks
    from simulator.report.text.page import console_for, print_blocks
    from simulator.store.listing import provenance_of

    read = _read("RUN", run, finished=False)
    found = provenance_of(read)
    if full and not json:
        from simulator.report.text import print_answer

        console = console_for(sys.stdout)
        print_answer(read.answer, console, full=True, run=run)
        print_blocks([""], console)
    _deliver(found, json, provenance_blocks(found, full=full))


@runs.command("compare")
@stoppable
def compare_runs(
    first: Annotated[
        Path, typer.Argument(metavar="FIRST", help="Folder of a run of power.", show_default=False)
    ],
    second: Annotated[
        Path,
        typer.Argument(metavar="SECOND", help="The one to compare with it.", show_default=False),
    ],
    json: JsonOption = False,
) -> None:
    """Compare the power of two runs."""
    from simulator.report.text.kept_runs import compared_blocks

    read = [_read(name, run) for name, run in (("FIRST", first), ("SECOND", second))]
    for name, run in zip(("FIRST", "SECOND"), read, strict=True):
        if run.answer.KIND != "power":
            rule = f"is a run of {run.question.command}"
            refuse(name, run.folder, rule, "give two runs of power")
    from simulator.planning.compared_runs import compare_runs as compared

    try:
        found = compared(read[0], read[1])
    except ValueError as error:
        refuse("SECOND", second, str(error), "give runs of scenarios that call analyses alike")
    _deliver(found, json, compared_blocks(found))


@runs.command("export")
@stoppable
def export(
    run: RunArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.zip", help="To be written.", show_default=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a run into one zip file.

    It has the checksums of all that it holds, for sha256sum --check SHA256SUMS.
    """
    from simulator.store import StoreError
    from simulator.store.exporting import export_run

    if file.suffix != ".zip":
        refuse("FILE.zip", file, "does not end in .zip", f"as {file.name or 'run'}.zip")
    if not file.parent.is_dir():
        refuse("FILE.zip", file, "its folder does not exist", "create it first")
    read = _read("RUN", run, finished=False)
    if file.is_dir():
        refuse("FILE.zip", file, "is a folder", "name a file")
    try:
        names = export_run(read, file, replace=force)
    except FileExistsError:
        refuse("FILE.zip", file, "exists", "name another, or replace it with --force")
    except StoreError as error:
        fail(str(error), 1)
    say(f"wrote {file}: {len(names)} files")


@runs.command("prune")
@stoppable
def prune(
    folder: FolderArgument = _RESULTS,
    older_than: Annotated[
        float | None,
        numeric(
            "--older-than",
            "DAYS for which nothing was changed: then units of this version can go too.",
            0,
            _LONGEST_DAYS,
            show_default=False,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them without a question.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove what can be made again.

    That is what killed processes left, runs that were stopped before their end, and units of work
    by other versions. What is no run, or holds files of somebody else, is never touched.
    """
    from simulator.cli.questions import on_a_terminal
    from simulator.report.text.kept_runs import pruned_blocks
    from simulator.store import StoreError
    from simulator.store.pruning import listed, prunable
    from simulator.store.pruning import prune as remove

    try:
        plan = prunable(folder, older_than)
    except StoreError as error:
        refuse("FOLDER", error.path, error.rule, error.remedy)
    if yes:
        gone = remove(plan)
        _deliver(gone, json, pruned_blocks(gone))
        return
    found = listed(plan)
    _deliver(found, json, pruned_blocks(found))
    if not found.gone:
        return
    if json or not on_a_terminal():
        say("nothing was removed; --yes removes it")
    elif _agreed():
        gone = remove(plan)
        _deliver(gone, json, pruned_blocks(gone))
    else:
        say("nothing was removed")


def _agreed() -> bool:
    print("Remove it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _read(name: str, folder: Path, *, finished: bool = True) -> "Run":
    """Read a run; one that cannot be read ends the command."""
    from simulator.store import StoreError, read_run

    try:
        return read_run(folder, finished=finished)
    except StoreError as error:
        _refuse_run(name, error)


def _refuse_run(name: str, error: "StoreError") -> NoReturn:
    refuse(name, error.path, error.rule, error.remedy)


def _deliver(found: "Answer", as_json: bool, blocks: "Iterable[Block]") -> None:
    if as_json:
        from simulator.store import to_json

        print(to_json(found.to_dict()))
        return
    from simulator.report.text.page import console_for, print_blocks

    print_blocks(blocks, console_for(sys.stdout))


_COMMANDS = (_LIST, "show", "compare", "export", "prune")
