"""What `trialsim new` asks on a terminal, and what it says is missing where nobody answers."""

import shlex
from collections.abc import Iterator

from simulator.cli import told
from simulator.cli.own_options import ARMS, MORTALITY, RATES, READERS, Given, value_of
from simulator.cli.questions import Question, ask, on_a_terminal
from simulator.cli.shared import WRONG_INPUT, fail, say

_QUESTIONED: dict[str, told.Reader] = {"mortality": told.two(told.share, "35%,22%")}
_EXAMPLE = "--mortality 35%,22% --follow-up 90 --n 380 --randomised-per-month 3 --sites 5"
_INTRODUCTION = """\
Enter takes what stands in brackets, and the file can be changed; Ctrl-C stops.
Medians, survival at days and curves are options: trialsim new --help."""


def complete(name: str, given: Given) -> Given:
    """Return what is given and, where that is not enough, what is answered to questions."""
    missing = {
        "--n": not given.get("n"),
        "--follow-up": not given.get("follow-up"),
        "--mortality (or --median, --survival, --curve)": not any(map(given.get, MORTALITY)),
        "--randomised-per-month (or --referred-per-month)": not any(map(given.get, RATES)),
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


def _questions(answers: Given) -> Iterator[Question]:
    """Yield a question for each thing not told; answers to earlier ones are in it by then."""

    def question(key: str, words: str, usual: str | None = None) -> Iterator[Question]:
        if not answers.get(key):
            yield Question(f"--{key}", words, _QUESTIONED.get(key, READERS[key]), usual)

    yield from question("arms", "Names of the arms, the control first", "control,treatment")
    first, second = value_of(answers, "arms") or ARMS
    yield from question("title", "Title, one line", f"{second} against {first}")
    yield from question("follow-up", "Follow-up of each patient, days")
    if not any(map(answers.get, MORTALITY)):
        day = value_of(answers, "by-day") or value_of(answers, "follow-up")
        words = f"Mortality by day {day} under {first} and under {second}, as 35%,22%"
        yield from question("mortality", words)
    yield from question("n", "Patients to be randomised, both arms together")
    yield from question("sites", "Sites: their names, or how many", "1")
    if not any(map(answers.get, RATES)):
        words = "Patients randomised a month at each site, as 3 or 3,2,2"
        yield from question("randomised-per-month", words)
    yield from question("loss", "Lost to follow-up by its end, if nobody died", "0%")
    yield from question("analysis", "Tests, the primary one first", "log_rank")
    yield from question("alpha", "Two-sided level", "0.05")


def _command(name: str, answers: Given) -> str:
    """Return the command that asks nothing."""
    words = ["trialsim", "new", name]
    for key, value in answers.items():
        for one in [value] if isinstance(value, str) else value:
            words += [f"--{key}", one]
    return shlex.join(words)
