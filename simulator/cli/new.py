"""The command that writes a scenario of one's own."""

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from simulator.cli import told
from simulator.cli.questions import Question, ask, on_a_terminal
from simulator.cli.shared import WRONG_INPUT, fail, refuse, say, stoppable

if TYPE_CHECKING:
    from simulator.planning.own_trial import OwnTrial, Recruitment
    from simulator.scenario.errors import RuleError

_FILES = (".yaml", ".yml")
_MORTALITY = ("mortality", "median", "survival", "curve")
_RATES = ("randomised-per-month", "referred-per-month")
_READERS: dict[str, told.Reader] = {
    "title": told.title,
    "arms": told.arms,
    "n": told.patients,
    "follow-up": told.days,
    "start": told.day,
    "mortality": told.each(told.share, 2, "35%,22%"),
    "by-day": told.days,
    "median": told.each(told.positive, 2, "300,420"),
    "hazard-ratio": told.positive,
    "sites": told.sites,
    "randomised-per-month": told.each(told.positive, 1000, "3 or 3,2,2"),
    "referred-per-month": told.each(told.positive, 1000, "10 or 10,5,5"),
    "opens": told.each(told.not_negative, 1000, "0,60,120"),
    "eligible": told.share,
    "consent": told.share,
    "loss": told.loss,
    "analysis": told.tests,
    "alpha": told.share,
    "ratio": told.ratio,
    "scheme": told.title,
}
_NOT_OF_A_VARIANT = ("arms", "median", "survival", "curve", "eligible")
_FIELDS = {"n": "patients", "follow-up": "follow_up_days", "analysis": "tests"}  # of a variant
_QUESTIONED: dict[str, told.Reader] = {"mortality": told.two(told.share, "35%,22%")}
_ARMS = "control", "treatment"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}", re.ASCII)  # as `Scenario.name` has it
_EXAMPLE = "--mortality 35%,22% --follow-up 90 --n 380 --randomised-per-month 3 --sites 5"
_INTRODUCTION = """\
Enter takes what stands in brackets, and the file can be changed; Ctrl-C stops.
Medians, survival at days and curves are options: trialsim new --help."""

_Given = dict[str, Any]  # text by option; a list of those that can be given twice


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
        _text("randomised-per-month", "Patients a site randomises: 3, or one each: 3,2."),
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
    path = _file(name, force=force)
    if like is None:
        text = _own_text(path, _complete(name, given))
    else:
        text = _variant_text(path, like, given)
    _write(text, path)
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
        refuse(
            "NAME", path, "is there already", "choose another name, or --force replaces the file"
        )
    return path


# What is not said


def _complete(name: str, given: _Given) -> _Given:
    """Return what is given and, where that is not enough, what is answered to questions."""
    missing = {
        "--n": not given.get("n"),
        "--follow-up": not given.get("follow-up"),
        "--mortality (or --median, --survival, --curve)": not any(map(given.get, _MORTALITY)),
        "--randomised-per-month (or --referred-per-month)": not any(map(given.get, _RATES)),
    }
    if not any(missing.values()):
        return given
    if not on_a_terminal():
        listed = "\n".join(f"  {option}" for option, is_missing in missing.items() if is_missing)
        example = f"trialsim new {shlex.quote(name)} {_EXAMPLE}"
        fail(f"too little is said of the trial; missing are\n{listed}\nas {example}", WRONG_INPUT)
    say(_INTRODUCTION)
    answers = dict(given)
    for question in _questions(answers):
        typed = ask(question)
        if typed is not None:
            answers[question.option.removeprefix("--")] = typed
    say(f"\nas one command: {_command(name, answers)}\n")
    return answers


def _questions(answers: _Given) -> Iterator[Question]:
    """Yield a question for each thing not told; answers to earlier ones are in it by then."""

    def question(key: str, words: str, usual: str | None = None) -> Iterator[Question]:
        if not answers.get(key):
            yield Question(f"--{key}", words, _QUESTIONED.get(key, _READERS[key]), usual)

    yield from question("arms", "Names of the arms, the control first", "control,treatment")
    first, second = _value(answers, "arms") or _ARMS
    yield from question("title", "Title, one line", f"{second} against {first}")
    yield from question("follow-up", "Follow-up of each patient, days")
    if not any(map(answers.get, _MORTALITY)):
        day = _value(answers, "by-day") or _value(answers, "follow-up")
        words = f"Mortality by day {day} under {first} and under {second}, as 35%,22%"
        yield from question("mortality", words)
    yield from question("n", "Patients to be randomised, both arms together")
    yield from question("sites", "Sites: their names, or how many", "1")
    if not any(map(answers.get, _RATES)):
        words = "Patients randomised a month at each site, as 3 or 3,2,2"
        yield from question("randomised-per-month", words)
    yield from question("loss", "Lost to follow-up by its end, if nobody died", "0%")
    yield from question("analysis", "Tests, the primary one first", "log_rank")
    yield from question("alpha", "Two-sided level", "0.05")


def _command(name: str, answers: _Given) -> str:
    """Return the command that asks nothing."""
    words = ["trialsim", "new", name]
    for key, value in answers.items():
        for one in [value] if isinstance(value, str) else value:
            words += [f"--{key}", one]
    return shlex.join(words)


# What is said


def _value(given: _Given, key: str) -> Any:
    """Return an option as its reader reads it; None where it is not given."""
    typed = given.get(key)
    return None if typed is None else _READERS[key](f"--{key}", str(typed))


def _own_text(path: Path, given: _Given) -> str:
    from simulator.planning.own_trial import checked_text, scenario_text
    from simulator.scenario.errors import RuleError

    try:
        text = scenario_text(_own_trial(path, given), path.name)
    except RuleError as error:
        _refuse_rule(error, given)
    checked_text(text, path)
    return text


def _own_trial(path: Path, given: _Given) -> "OwnTrial":
    from simulator.planning.own_hazard import Outcome
    from simulator.planning.own_trial import OwnTrial

    follow_up = _value(given, "follow-up")
    survival = [told.points("--survival", text) for text in given.get("survival", ())]
    curves = [Path(text) for text in given.get("curve", ())]
    for key, several in (("survival", survival), ("curve", curves)):
        if len(several) > 2:
            refuse(f"--{key}", given[key][2], "is a third", "give the control's, then the other's")
    by_day = _value(given, "by-day")
    if by_day is not None and not given.get("mortality"):
        refuse(
            "--by-day", given["by-day"], "is the day of --mortality", "add it, or leave this out"
        )
    outcome = Outcome(
        by_day=by_day or follow_up,
        mortality=_value(given, "mortality") or (),
        medians=_value(given, "median") or (),
        survival=tuple(survival),
        curves=tuple(curves),
        hazard_ratio=_value(given, "hazard-ratio"),
    )
    tests = _value(given, "analysis")
    return OwnTrial(
        name=path.stem,
        arms=_value(given, "arms") or _ARMS,
        patients=_value(given, "n"),
        follow_up_days=follow_up,
        recruitment=_recruitment(given),
        outcome=outcome,
        title=_value(given, "title"),
        start=_value(given, "start"),
        loss=_value(given, "loss") or None,
        tests=tests or ("log_rank",),
        tests_typed=tests is not None or given.get("alpha") is not None,
        alpha=_value(given, "alpha"),
        ratio=_value(given, "ratio"),
        scheme=_value(given, "scheme"),
    )


def _rates(given: _Given) -> tuple[tuple[float, ...], str]:
    """Return the rates of the sites and their key, one of the two."""
    both = [key for key in _RATES if given.get(key)]
    if len(both) > 1:
        refuse(
            f"--{both[1]}", given[both[1]], f"says the same as --{both[0]}", "give one of the two"
        )
    return (_value(given, both[0]), both[0]) if both else ((), _RATES[0])


def _recruitment(given: _Given) -> "Recruitment":
    from simulator.planning.own_trial import Recruitment

    rates, key = _rates(given)
    sites = _value(given, "sites") or ("site 1",)
    if not given.get("sites") and len(rates) > 1:
        sites = tuple(f"site {k + 1}" for k in range(len(rates)))
    opens = _value(given, "opens") or ()
    for option, values in ((key, rates), ("opens", opens)):
        if len(values) not in {len(sites), *([1] if option == key else [0])}:
            rule = f"has {len(values)} values, and there are {len(sites)} sites"
            refuse(f"--{option}", given[option], rule, "give one for each")
    shares = {option: _value(given, option) for option in ("eligible", "consent")}
    for option, held in shares.items():
        if held is not None and key == _RATES[0]:
            rule = "would not matter: the rate is of patients randomised"
            refuse(f"--{option}", given[option], rule, "use --referred-per-month, or leave it out")
    every = rates if len(rates) == len(sites) else rates * len(sites)
    return Recruitment(sites, every, key == _RATES[1], opens, **shares)


def _variant_text(path: Path, like: str, given: _Given) -> str:
    from simulator.planning.own_trial import checked_text
    from simulator.planning.own_variant import Variant, variant_text
    from simulator.scenario.errors import RuleError
    from simulator.scenario.loader import load_scenario
    from simulator.scenario.shipped import find_scenario

    for key in _NOT_OF_A_VARIANT:
        if given.get(key):
            rule = f"cannot be changed of {like} here"
            refuse(f"--{key}", given[key], rule, "leave --like out, or edit the file")
    parent = load_scenario(find_scenario(like, path.parent) or like).scenario
    rates, key = _rates(given)
    values = {
        _FIELDS.get(key, key.replace("-", "_")): _value(given, key)
        for key in _READERS
        if given.get(key) and key not in _RATES
    }
    variant = Variant(path.stem, like, rates=rates, referred=key == _RATES[1], **values)
    try:
        text = variant_text(variant, parent, path.name)
    except RuleError as error:
        _refuse_rule(error, given | {"like": like})
    checked_text(text, path)
    return text


def _refuse_rule(error: "RuleError", given: _Given) -> NoReturn:
    typed = given.get(error.key, "")
    shown = typed if isinstance(typed, str) else " and ".join(typed)
    refuse(f"--{error.key}", shown or '""', error.rule, error.remedy)


def _write(text: str, path: Path) -> None:
    """Write the file whole or not at all."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, encoding="utf-8", delete=False, newline="\n"
    ) as file:
        file.write(text)
    try:
        os.chmod(file.name, 0o666 & ~_umask())
        os.replace(file.name, path)
    except OSError:
        os.unlink(file.name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
