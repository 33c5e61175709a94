"""Options as people type them: what is read, and how what cannot be read is refused."""

import re

import pytest
import typer.main

from simulator import cli
from simulator.cli.shared import LARGEST_TRIAL, count, number
from simulator.declarations.unsupported import UNSUPPORTED

COMMANDS = typer.main.get_command(cli.app).commands

# What each stands for where people write numbers by hand.
COUNTS = {
    "1": 1,
    "10000": 10_000,
    "10_000": 10_000,
    "10,000": 10_000,
    "1,000,000": 1_000_000,
    "1e4": 10_000,
    "1E+4": 10_000,
    "1.5e3": 1_500,
    "10k": 10_000,
    "10K": 10_000,
    "2.5k": 2_500,
    "1M": 1_000_000,
    "1m": 1_000_000,
    " 60 ": 60,
    "=60": 60,  # what remains of -n=60
}
NO_COUNTS = (
    *("1.5", "1e-3", "0", "-5", "nan", "inf", "10kk", "1e400", "1e9999", "", " ", "k", "e4"),
    *(
        "1,00",
        "10,0000",
        "1__0",
        "_1",
        "10.000",
        "100.0",
        "1.5001k",
        "0x10",
        "½",
        "\uff11\uff10",
        "+5",
    ),
    *("ten", "1e4k", "1 000", "9" * 400, "--seed", "1/2", "1e", "10%"),
)


@pytest.mark.parametrize(("text", "value"), COUNTS.items(), ids=map(repr, COUNTS))
def test_a_count_is_read_as_people_write_it(text, value):
    assert count("--trials", 1, LARGEST_TRIAL)(text) == value


@pytest.mark.parametrize("text", NO_COUNTS)
def test_what_is_no_count_is_refused_with_the_rule_and_an_example(text, capsys):
    with pytest.raises(SystemExit) as ended:
        count("--trials", 1, LARGEST_TRIAL)(text)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    shown = text or '""'
    rule = f"must be a whole number from 1 to {LARGEST_TRIAL:,}; as 10000, 1e4 or 10k\n"
    assert said == f"--trials = {shown}: {rule}"


ASKED = {
    "power": "power two-arm-survival --trials",
    "power, short": "power two-arm-survival -n",
    "sweep": "sweep two-arm-survival --vary trial.target_randomised=60 --trials",
    "sweep, short": "sweep two-arm-survival --vary trial.target_randomised=60 -n",
    "allocation": "allocation two-arm-survival --schemes complete --trials",
    "allocation, patients": "allocation two-arm-survival --schemes complete --n",
    "size, patients": "size two-arm-survival --patients",
    "trace": "trace two-arm-survival --trial",
    "seed": "power two-arm-survival --seed",
    "jobs": "power two-arm-survival --jobs",
}


@pytest.mark.parametrize("command", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("text", ["1.5", "-5", "10kk", "1e400"])
def test_every_count_has_the_one_reader(command, text, refused):
    said = refused(command, text)
    assert f" = {text}: must be a whole number from " in said
    assert said.count("\n") == 1


def test_trials_typed_in_any_way_are_the_same_question(run, answer_of):
    first = answer_of("power two-arm-survival --trials 1000 --jobs 1")
    for typed in ("-n 1000", "-n 1k", "-n1e3", "-n=1_000", "--trials=1,000"):
        _, _, said = run("power two-arm-survival --jobs 1", typed)
        assert said.startswith("answered before"), typed
    assert first["trials"] == 1000


def test_short_n_is_not_taken_for_patients(refused):
    """Where --n asks for patients, -n would be misread; it says so."""
    assert refused("exact --test fisher -n 30,30 --p 0.6,0.3").startswith("-n: is short for --tri")
    said = refused("allocation two-arm-survival --schemes complete -n 30")
    assert said.startswith("-n: could be --trials or --n, the patients; write out which")


def test_per_cent_are_a_number():
    assert (number("--power")("80%"), number("--power")("2.5 %")) == (0.8, 0.025)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("0,8", "write 0.8"), ("8o%", "as 0.8"), ("high", "as 0.8"), ("", "as 0.8")],
)
def test_a_number_that_cannot_be_read_is_refused_with_how_to_write_it(text, remedy, capsys):
    with pytest.raises(SystemExit):
        number("--power")(text)
    shown = text or '""'
    assert capsys.readouterr().err == f"--power = {shown}: must be a number; {remedy}\n"


# Help and version


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_short_h_is_help_on_every_command(command, run):
    status, out, err = run(command, "-h")
    assert (status, err) == (0, "")
    assert out == run(command, "--help").out
    assert out.startswith(f"Usage: trialsim {command}".rstrip() + " ")


@pytest.mark.parametrize("command", ["power", "sweep"])
def test_help_names_the_short_option_of_trials(command, run):
    assert "-n, --trials COUNT" in run(command, "-h").out


def test_version_is_one_line(run):
    assert run("--version") == (0, "trialsim 0.1.0\n", "")
    assert "trialsim --version prints it" in run("power x --version").err


# Mistakes in the use of a command

MISTAKES = {
    "no scenario": ("power", "SCENARIO: must be given to trialsim power; path of a scenario"),
    "no option": ("sweep x", "--vary: must be given to trialsim sweep; a key and its values"),
    "a misspelt option": (
        "power x --trails 4",
        "--trails: is no option of trialsim power; did you mean --trials?",
    ),
    "underscores": ("power x --by_trial", "--by_trial: is no option of trialsim power; did you me"),
    "capitals": ("power x --Trials 4", "did you mean --trials?"),
    "one dash": ("power x -seed 4", "-seed: is no option of trialsim power; did you mean --seed?"),
    "an unknown option": (
        "power x --frobnicate",
        "--frobnicate: is no option of trialsim power; trialsim power -h lists those there are",
    ),
    "an option before the command": ("--trials 4 power x", "options follow the command, as"),
    "a misspelt command": (
        "pwoer x",
        "pwoer: is no command of trialsim; did you mean trialsim power?",
    ),
    "an unknown command": ("frobnicate", "frobnicate: is no command of trialsim; known are power"),
    "no value": ("power x --seed", "--seed: needs a value; as --seed VALUE"),
    "a value too many": ("power x --json=1", "--json = 1: takes no value; write --json alone"),
    "an argument too many": ("power x y", "unexpected extra argument(s) (y); quote a value that"),
    "a list in two words": ("exact --test fisher --n 30 30 --p 0.6,0.3", "quote a value that has"),
    "what others call it": ("power x --nsim 10", "did you mean --trials?"),
    "cores": ("power x --cores 2", "did you mean --jobs?"),
    "a part of its name": ("power x --power 0.9", "did you mean --power-target?"),
    "more than its name": ("size x --target-power 0.9", "did you mean --power?"),
    "a key of the scenario": ("power x --alpha 0.1", "a key of the scenario: write it in a file"),
    "patients": ("power x --n 120", "a key of the scenario: write it in a file that extends it"),
    "a scenario for a command": (
        "mine.yaml -n 10",
        "mine.yaml: is a scenario, not a command; write trialsim power mine.yaml",
    ),
    "help as a command": ("help power", "help: is no command of trialsim; trialsim --help prints"),
    "out of range": ("power x --precision 5", "--precision = 5: must be a number from 1e-05 to 0"),
}  # fmt: skip


@pytest.mark.parametrize(("command", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_with_rule_and_remedy(command, words, refused):
    said = refused(command)
    assert words in said
    assert said.count("\n") == 1
    assert "Usage:" not in said


# What this version does not have


@pytest.mark.parametrize("word", [word for one in UNSUPPORTED for word in one.commands])
def test_a_command_of_a_missing_feature_is_named_as_such(word, refused):
    assert word not in COMMANDS  # else it is to leave the table
    said = refused(word, "nct05484908")
    assert re.match(rf"{word}: .+: not supported in this version; \w", said)


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ("--looks 3", "interim looks"),
        ("--margin 0.1", "one-sided tests and margins"),
        ("--futility", "rules for futility"),
        ("--alpha-spending x", "interim looks"),
        ("--icc=0.05", "cluster randomisation"),
        ("--sides 1", "one-sided tests and margins"),
        ("-looks", "interim looks"),
    ],
)
def test_an_option_of_a_missing_feature_is_named_as_such(option, what, refused):
    said = refused("power nct05484908", option)
    assert re.search(rf"{what}(: not supported in this version| are asked for in [\w -]+); ", said)


OF_NO_TRIAL = {"--alternative", "--margin", "--spending", "--futility", "--sides"}


def test_no_word_of_a_missing_feature_is_an_option_that_is_there():
    there = {word for one in COMMANDS.values() for option in one.params for word in option.opts}
    for feature in UNSUPPORTED:
        for word in feature.words:
            # `exact --alternative` is of enumeration, and `boundaries` of no trial.
            assert f"--{word.replace('_', '-')}" not in there - OF_NO_TRIAL


def test_the_patients_of_exact_are_counts_too(answer_of):
    asked = "exact --test fisher --p 0.6,0.3 --n"
    plain, *others = (answer_of(asked, n) for n in ("100,100", "1e2,1e2", "0.1k,100"))
    assert others == [plain, plain]
