"""The command that writes a scenario of one's own."""

import re
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.cli.own_options import own_text, variant_text_of
from simulator.cli.own_questions import complete
from simulator.cli.shared import refuse, stoppable

_FILES = (".yaml", ".yml")
_THERE = "choose another name, or --force replaces the file"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}", re.ASCII)  # as `Scenario.name` has it
_WORDS = {
    "n": "COUNT",
    "follow-up": "DAYS",
    "by-day": "DAY",
    "mortality": "SHARES",
    "median": "DAYS",
    "survival": "DAY=SHARE",
    "curve": "FILE",
    "hazard-ratio": "NUMBER",
    "randomised-per-month": "NUMBERS",
    "referred-per-month": "NUMBERS",
    "opens": "DAYS",
    "eligible": "SHARE",
    "consent": "SHARE",
    "loss": "SHARE",
    "alpha": "NUMBER",
    "like": "SCENARIO",
    "start": "DATE",
}


def _text(name: str, help: str) -> Any:
    word = _WORDS.get(name, "TEXT")
    return typer.Option(f"--{name}", metavar=word, help=help, show_default=False)


@stoppable
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the scenario; the file is NAME.yaml.")
    ],
    like: Annotated[str | None, _text("like", "Extend this scenario; say what differs.")] = None,
    title: Annotated[str | None, _text("title", "One line on what it is.")] = None,
    arms: Annotated[
        str | None, _text("arms", "Names, the control first [control,treatment].")
    ] = None,
    n: Annotated[str | None, _text("n", "Patients to be randomised.")] = None,
    follow_up: Annotated[str | None, _text("follow-up", "Days of follow-up of a patient.")] = None,
    mortality: Annotated[
        str | None,
        _text(
            "mortality",
            "By --by-day, of both arms: 35%,22%; of the second alone where --median, --survival or "
            "--curve tells of the control.",
        ),
    ] = None,
    by_day: Annotated[
        str | None, _text("by-day", "Day of --mortality [the end of follow-up].")
    ] = None,
    median: Annotated[str | None, _text("median", "Median survival in days: 300,420.")] = None,
    survival: Annotated[
        list[str] | None,
        _text("survival", "Of the control at days: 28=.8,90=.65; again, of the second arm."),
    ] = None,
    curve: Annotated[
        list[str] | None,
        _text("curve", "Published curve as CSV: day,survival,at_risk; again, of the second arm."),
    ] = None,
    hazard_ratio: Annotated[
        str | None, _text("hazard-ratio", "Of the second arm against the control.")
    ] = None,
    sites: Annotated[str | None, _text("sites", "Names, or how many [1].")] = None,
    randomised_per_month: Annotated[
        str | None,
        _text(
            "randomised-per-month",
            "Patients each site randomises: 3, or one each: 3,2; 4 by 3 sites in all is 4/3.",
        ),
    ] = None,
    referred_per_month: Annotated[
        str | None,
        _text("referred-per-month", "Candidates a site is referred, instead."),
    ] = None,
    opens: Annotated[str | None, _text("opens", "Day on which each site opens: 0,60 [0].")] = None,
    eligible: Annotated[
        str | None, _text("eligible", "Share of candidates who are eligible [100%].")
    ] = None,
    consent: Annotated[
        str | None, _text("consent", "Share of the eligible who consent [100%].")
    ] = None,
    loss: Annotated[str | None, _text("loss", "Lost to follow-up if nobody died [0%].")] = None,
    analysis: Annotated[
        str | None, _text("analysis", "Tests, the primary one first [log_rank].")
    ] = None,
    alpha: Annotated[str | None, _text("alpha", "Two-sided level [0.05].")] = None,
    ratio: Annotated[str | None, _text("ratio", "Allocation, the control first [1:1].")] = None,
    scheme: Annotated[
        str | None, _text("scheme", "Allocation: permuted_block(4), efron(2/3) ...")
    ] = None,
    start: Annotated[str | None, _text("start", "Date of the first site's opening.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a scenario of your own from rates, medians or a curve.

    On a terminal it asks for what is not given. As trialsim new mine --mortality 35%,22%
    --follow-up 90 --n 380 --randomised-per-month 3 --sites 5.
    """
    given = {
        key.replace("_", "-"): value
        for key, value in locals().items()
        if key not in ("name", "like", "force") and value
    }
    from simulator.store import write_whole

    path = _file(name, force=force)
    if like is None:
        text = own_text(path, complete(name, given))
    else:
        text = variant_text_of(path, like, given)
    try:
        write_whole(path, text, replace=force)
    except FileExistsError:
        refuse("NAME", path, "is there already", _THERE)
    file = shlex.quote(str(path))
    print(f"wrote {path}")
    print(f"\npower:            trialsim power {file}")
    print(f"patients needed:  trialsim size {file} --power 0.8")
    print(f"every value:      trialsim scenarios {file}")


def _file(name: str, *, force: bool) -> Path:
    """Return the file of a scenario, which must not be there yet."""
    path = Path(name)
    if path.suffix not in _FILES:
        path = path.with_name(f"{path.name}.yaml") if path.name else path
    if not _NAME.fullmatch(path.stem):
        rule = "must begin with a letter or a digit, and have letters, digits, . _ + - alone"
        refuse("NAME", name or '""', rule, "as my-trial")
    if not path.parent.is_dir():
        refuse("NAME", name, f"there is no folder {path.parent}", "make it, or choose another")
    if path.is_dir() or (path.exists() and not force):
        refuse("NAME", path, "is there already", _THERE)
    return path
