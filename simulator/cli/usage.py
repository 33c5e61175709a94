"""Mistakes in the use of a command, said as every other: `option = value: rule; remedy`."""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from simulator.cli.logs import VERBOSE
from simulator.cli.shared import WRONG_INPUT, fail, refuse

# What an unknown option, a missing argument and the like are to typer.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

# `-n` is short for --trials; where --n asks for patients, it would be misread as that.
_SHORT_N = {
    "exact": ("is short for --trials, which exact does not have", "write --n for the patients"),
    "allocation": ("could be --trials or --n, the patients", "write out which"),
}

# What other programs call what these options ask for.
_SYNONYMS = {
    **dict.fromkeys(("nsim", "nsims", "sims", "n-sim", "simulations", "iterations"), "trials"),
    **dict.fromkeys(("reps", "replicates", "replications", "nrep", "runs"), "trials"),
    **dict.fromkeys(("cores", "workers", "threads", "processes", "ncores"), "jobs"),
    **dict.fromkeys(("output", "folder", "dir"), "out"),
}
_EXAMPLE = "it, or vary it: trialsim sweep SCENARIO --vary KEY=VALUES"


class Commands(TyperGroup):
    """The commands; one that is not there is refused with what was probably meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the option that goes before a command and after it alike."""
        if VERBOSE in args:
            args = [VERBOSE, *(word for word in args if word != VERBOSE)]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first argument names."""
        if args and args[0] not in self.commands:
            refuse_command(args[0], list(self.commands))
        return super().resolve_command(ctx, args)


def refuse_command(word: str, known: Sequence[str]) -> NoReturn:
    """Refuse a command that is not there."""
    from simulator.declarations.unsupported import unsupported_command
    from simulator.scenario.errors import nearest
    from simulator.scenario.shipped import shipped_names

    feature = unsupported_command(word)
    if feature is not None:
        _refused(word, feature.rule, feature.instead)
    if word in ("help", "version"):
        _refused(word, "is no command of trialsim", f"trialsim --{word} prints it")
    if word.endswith((".yaml", ".yml")) or word in shipped_names():
        _refused(word, "is a scenario, not a command", f"write trialsim power {word}")
    meant = nearest(word.lower(), known)
    remedy = f"did you mean trialsim {meant}?" if meant else f"known are {', '.join(known)}"
    _refused(word, "is no command of trialsim", remedy)


def refuse_usage(error: Any) -> NoReturn:
    """Say what is wrong with the use of a command, and end."""
    option: Any = getattr(error, "option_name", None)
    if hasattr(error, "possibilities"):
        _refuse_unknown(option, error.ctx)
    if option is not None:
        _refuse_valued(option)
    path = error.ctx.command_path if error.ctx else "trialsim"
    if hasattr(error, "param_type"):
        _refuse_missing(error.param, path)
    words = error.format_message().rstrip(".")
    remedy = f"quote a value that has spaces; {path} -h shows how it is used"
    _refused(path, words[:1].lower() + words[1:], remedy)


_NO_TRIALS = {
    "size": (
        "is no option of trialsim size, which runs as many as the answer needs",
        "--within sets how close it is to be, --patients how many are simulated at most",
    )
}


def _refuse_unknown(option: str, ctx: Any) -> NoReturn:
    """Refuse an option that the command does not have."""
    from simulator.declarations.unsupported import unsupported
    from simulator.scenario.errors import nearest

    path = ctx.command_path
    if option == "-n" and ctx.command.name in _SHORT_N:
        _refused(option, *_SHORT_N[ctx.command.name])
    written = _as_written(option)
    if written == "--trials" and ctx.command.name in _NO_TRIALS:
        _refused(written, *_NO_TRIALS[ctx.command.name])
    known = [word[2:] for one in ctx.command.params for word in one.opts if word[:2] == "--"]
    feature = unsupported(written)
    if feature is not None:
        _refused(written, feature.rule, feature.instead)
    word = written.lstrip("-").replace("_", "-").lower()
    alike = (name for name in known if len(name) > 2 < len(word) and (word in name or name in word))
    meant = nearest(_SYNONYMS.get(word, word), known) or next(alike, "")
    if written == "--version":
        remedy = "trialsim --version prints it"
    elif meant:
        remedy = f"did you mean --{meant}?"
    elif word.replace("-", "_") in _keys():
        remedy = f"a key of the scenario: write it in a file that extends {_EXAMPLE}"
    elif ctx.parent is None:
        remedy = "options follow the command, as trialsim power SCENARIO --trials 1000"
    else:
        remedy = f"{path} -h lists those there are"
    _refused(written, f"is no option of {path}", remedy)


def _keys() -> set[str]:
    """Last steps of all keys that a scenario can have."""
    from simulator.declarations.keys import SHORT
    from simulator.scenario.json_schema import json_schema

    schema = json_schema()
    parts = [schema, *schema["$defs"].values()]
    return {key for part in parts for key in part.get("properties", {})} | set(SHORT)


def _as_written(option: str) -> str:
    """Return an unknown option as it was typed: of -trials, only -t is known to the parser."""
    words = [word.partition("=")[0] for word in sys.argv[1:]]
    is_short = len(option) == 2
    same = (word for word in words if is_short and word.startswith(option) and word[1] != "-")
    return next(same, option)


def _refuse_valued(option: str) -> NoReturn:
    """Refuse an option without the value that it needs, or with one that it does not take."""
    given = next((word for word in sys.argv[1:] if word.startswith(f"{option}=")), None)
    if given is None:
        _refused(option, "needs a value", f"as {option} VALUE")
    refuse(option, given.partition("=")[2], "takes no value", f"write {option} alone")
    raise AssertionError  # refuse has ended the command


def _refuse_missing(parameter: Any, path: str) -> NoReturn:
    """Refuse a command without an argument or an option that it must have."""
    option = next((word for word in parameter.opts if word.startswith("--")), None)
    name = option or parameter.metavar or parameter.name.upper()
    told = (parameter.help or "").split(". ")[0].rstrip(".")
    _refused(name, f"must be given to {path}", told[:1].lower() + told[1:] or f"see {path} -h")


def _refused(subject: str, rule: str, remedy: str) -> NoReturn:
    fail(f"{subject}: {rule}; {remedy}", WRONG_INPUT)
    raise AssertionError  # fail has ended the command
