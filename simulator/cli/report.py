"""The command that writes a run up."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from simulator.cli.shared import WRONG_INPUT, fail, numeric, path_given, refuse, say, stoppable

if TYPE_CHECKING:
    from simulator.results import Power, Size, Sweep
    from simulator.store import Run

_FORMATS = "docx", "html", "figures"
# A search for a number of patients tells of every plan that differs in that number alone.
_SEARCHED = ("name", "title", "trial.target_randomised")
_LENGTHS = ("paragraph", "page", "full")
_NEEDS = "pip install 'trialsim[report]'"


@stoppable
def report(
    run: Annotated[
        Path, typer.Argument(help="Folder of a run of power.", show_default=False, metavar="RUN")
    ],
    more: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders of runs of sweep and size of the same scenario, to be told of too.",
            show_default=False,
            metavar="[MORE]...",
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--format",
            help="docx, html, or figures: each as SVG, PNG (300 dpi) and PDF, with its caption as "
            "text, into a folder.",
        ),
    ] = "docx",
    length: Annotated[
        str, typer.Option(help="paragraph for a form, page, or full with figures.")
    ] = "full",
    power_target: Annotated[
        float | None,
        numeric(
            "--power-target",
            "Power that the design is to have [default: that of the runs].",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File or folder to write [default: justification, or figures, in the run's "
            "folder].",
            show_default=False,
            callback=path_given("--out"),
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write the justification of a sample size, Word or HTML."""
    if kind not in _FORMATS:
        refuse("--format", kind, "is not a format", f"use {', '.join(_FORMATS)}")
    if length not in _LENGTHS:
        refuse("--length", length, "is not a length", f"use {', '.join(_LENGTHS)}")
    if power_target is not None and not 0 < power_target < 1:
        refuse("--power-target", power_target, "must be above 0 and below 1", "as 0.9")
    runs = _read(run, more or [])
    name = "figures" if kind == "figures" else _document(kind, length)
    path = out or run / name
    if kind != "figures" and path.suffix != f".{kind}":
        refuse("--out", path, f"does not end in .{kind}", f"as justification.{kind}")
    is_other = path.exists() and path.is_dir() != (kind == "figures")
    if is_other or (path.exists() and not force):
        refuse("--out", path, "exists", "name another, or replace it with --force")
    if kind == "figures" and Path.cwd().is_relative_to(path.resolve()):
        refuse("--out", path, "is where you are, and would be replaced", "name another")
    if not path.parent.is_dir():
        refuse("--out", path, "its folder does not exist", "create it first")
    try:
        _write(runs, kind, length, path, power_target, overwrite=force)
    except FileExistsError:  # it has come there meanwhile
        refuse("--out", path, "exists", "name another, or replace it with --force")
    except ImportError as error:
        refuse("--format", kind, f"needs {error.name}, which is not installed", _NEEDS)
    say(f"wrote {path}")


def _document(kind: str, length: str) -> str:
    return f"justification.{kind}" if length == "full" else f"justification-{length}.{kind}"


def _read(first: Path, more: list[Path]) -> "list[Run]":
    """The runs, a power run first; one that cannot be told of ends the command."""
    from simulator.store import StoreError, read_run

    runs = []
    for folder in (first, *more):
        try:
            runs.append(read_run(folder))
        except StoreError as error:
            refuse("RUN", error.path, error.rule, error.remedy)
    kinds = [run.manifest["question"]["command"] for run in runs]
    name = _scenario(runs[0])
    if kinds[0] != "power":
        remedy = f"give first a run of trialsim power {name}, then this one"
        refuse("RUN", first, f"is a run of {kinds[0]}: a justification tells of a power", remedy)
    for folder, kind, run in zip(more, kinds[1:], runs[1:], strict=True):
        if kind not in ("sweep", "size"):
            refuse("RUN", folder, f"is a run of {kind}", "give runs of sweep and size")
        is_of_patients = kind == "size" and cast("Size", run.answer).is_of_patients
        key = _first_difference(runs[0], run, _SEARCHED if is_of_patients else ())
        if key is not None:
            rule = f"is of a scenario that differs from that of {first}, {name}, at {key}"
            refuse("RUN", folder, rule, "give runs of one scenario, or rerun it")
    _refuse_what_says_nothing(first, _power(runs[0]))
    return runs


def _first_difference(first: "Run", second: "Run", ignored: Sequence[str]) -> str | None:
    """Key at which the scenarios of two runs differ first; None if they are the same.

    What follows from other keys is no difference of its own.
    """
    from simulator.declarations.keys import value_at
    from simulator.results.sources import SourceKind

    given = [
        {
            key: value_at(run.question.scenario, key)
            for key in run.question.sources
            if run.question.source(key).kind is not SourceKind.DEFAULT and key not in ignored
        }
        for run in (first, second)
    ]
    keys = dict.fromkeys([*given[0], *given[1]])
    return next((key for key in keys if given[0].get(key) != given[1].get(key)), None)


def _scenario(run: "Run") -> str:
    """Name of the scenario that a run is of."""
    return str(run.manifest["question"]["scenario"]["name"])


def _power(run: "Run") -> "Power":
    return cast("Power", run.answer)


def _write(
    runs: "list[Run]",
    kind: str,
    length: str,
    path: Path,
    power_target: float | None,
    *,
    overwrite: bool,
) -> None:
    """Write the document or the figures."""
    from simulator.justification import date_of_writing, write_figures, write_justification
    from simulator.report.document.dossier import Provenance

    try:
        date_of_writing()
    except ValueError as error:
        fail(f"{error}; unset it", WRONG_INPUT)
    power, first = _power(runs[0]), runs[0]
    more = [cast("Sweep | Size", run.answer) for run in runs[1:]]
    if kind == "figures":
        scenario = first.question.scenario
        write_figures(path, power, more, scenario, power_target, overwrite=overwrite)
        return
    commands = [run.manifest["command"] for run in runs]
    provenance = Provenance(commands[0], first.manifest["versions"], more=tuple(commands[1:]))
    write_justification(
        path,
        power,
        more,
        first.question,
        kind=cast("Any", kind),
        length=cast("Any", length),
        provenance=provenance,
        target_power=power_target,
        overwrite=overwrite,
    )


def _refuse_what_says_nothing(folder: Path, power: "Power") -> None:
    """Refuse to justify a trial by a handful of trials, or by one without patients."""
    from simulator.results.measures import LEAST_TRIALS_TO_JUDGE

    if power.trials < LEAST_TRIALS_TO_JUDGE:
        rule = f"has {power.trials} trials, of which a justification needs {LEAST_TRIALS_TO_JUDGE}"
        refuse("RUN", folder, rule, "run it with more --trials")
    if any(math.isnan(entry.mean) for entry in power.operations.mortality.values()):
        refuse("RUN", folder, "randomised nobody to one of the arms", "look at the scenario")
