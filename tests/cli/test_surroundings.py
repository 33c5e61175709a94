"""What surrounds a command may be wrong too: streams, variables, arguments, folders."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from command_line import PROGRAM, ROOT, run_apart

from simulator import caches
from simulator.cli import allocation as allocation_command
from simulator.cli import shared
from simulator.store import MANIFEST

KEYS = ("digest", "finished", "question", "command", "ended", "versions", "files")
QUESTION = {"command": "power", "scenario": {}, "sources": {}, "seed": 1, "asked": {}}


def run_in_shell(command, folder, **variables):
    """Run a command line of the shell, in which TRIALSIM stands for the program."""
    return subprocess.run(
        ["bash", "-c", command.replace("TRIALSIM", f"{PROGRAM[0]} -c '{PROGRAM[2]}'")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# The environment


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NUMBA_DISABLE_JIT", "1"),
        ("NUMBA_NUM_THREADS", "0"),
        ("NUMBA_NUM_THREADS", "-2"),
        ("NUMBA_NUM_THREADS", "many"),
    ],
)
def test_a_variable_under_which_nothing_can_be_compiled_is_named(name, value, folder):
    done = run_in_shell("TRIALSIM power two-arm-survival --trials 100", folder, **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{name} = {value}: ")
    assert "Traceback" not in done.stderr


def test_a_backend_of_windows_is_of_no_matter_since_none_is_opened(folder):
    done = run_in_shell(
        f"{PROGRAM[0]} -c 'from simulator.cli.surroundings import refuse_environment as r; "
        "import os; r(os.environ); import matplotlib.figure'",
        folder,
        MPLBACKEND="nonsense",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_home_the_cache_is_a_temporary_folder(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert caches.cache_folder().name.startswith("trialsim-")


def test_where_a_file_is_in_the_way_the_cache_is_a_temporary_folder(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert caches.cache_folder().name.startswith("trialsim-")


# Streams


def test_a_closed_standard_output_loses_the_text_alone(folder):
    done = run_in_shell("TRIALSIM scenarios two-arm-survival >&-", folder)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_behind_standard_output_is_one_message(folder):
    done = run_in_shell("TRIALSIM scenarios two-arm-survival >/dev/full", folder)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "space" in done.stderr.lower()


def test_an_encoding_without_a_character_has_it_written_out(folder):
    (folder / "a.yaml").write_text(
        "extends: two-arm-survival\nname: a\ntitle: мортальность\n", encoding="utf-8"
    )
    done = run_in_shell("TRIALSIM scenarios a.yaml", folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert r"title = \u043c\u043e\u0440" in done.stdout


# Arguments


@pytest.mark.parametrize("character", ["\x1b[31m", "\u202e", "\u2066", "\x07", "\ufeff"])
def test_what_would_change_the_terminal_is_refused_and_shown_in_letters(character, run):
    status, out, err = run("power", f"a{character}b")
    assert (status, out) == (2, "")
    assert character not in err
    assert ascii(character)[1:-1] in err


def test_bytes_that_are_no_text_are_refused(folder):
    done = run_in_shell("TRIALSIM power two-arm-survival --out $'bad\\xff'", folder)
    assert done.returncode == 2
    assert r"\udcff" in done.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("option", ["--json", "--force", "--seed"])
def test_an_option_in_the_place_of_a_folder_makes_no_folder(option, refused):
    assert "is an option, not a path" in refused("power two-arm-survival --out", option)


def test_an_option_in_the_place_of_a_list_makes_no_file(refused):
    said = refused("allocation two-arm-survival --schemes complete --list --for-use")
    assert "is an option, not a path" in said


@pytest.mark.parametrize("extra", ["--json", "--out x", "--force", "--trial 3"])
def test_a_randomisation_list_takes_nothing_that_it_would_not_heed(extra, refused):
    said = refused("allocation two-arm-survival --schemes complete --list a.csv", extra)
    assert "goes without --list" in said


@pytest.mark.parametrize(
    "scheme", ["efron(1e400)", "efron(1e999999999)", "efron(" + "9" * 5000 + ")", "efron(1/0)"]
)
def test_a_number_beyond_all_numbers_is_no_option_of_a_scheme(scheme, refused):
    said = refused("allocation two-arm-survival --metrics-only --schemes", scheme)
    assert "--schemes" in said
    assert len(said) < 6_000


# Folders


def test_a_link_that_leads_to_itself_is_no_folder(folder, refused):
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    assert "leads to itself" in refused("power two-arm-survival --trials 100 --out a")


def broken_manifests():
    whole = dict.fromkeys(KEYS, 1) | {"finished": True, "question": QUESTION}
    return {
        "deep": "[" * 100_000,
        "deep values": '{"question": ' + '{"a":' * 100_000,
        "files a list": json.dumps(whole | {"files": ["estimates.json"]}),
        "files a number": json.dumps(whole | {"files": 3}),
        "question a list": json.dumps(whole | {"question": [], "files": {}}),
        "scenario a text": json.dumps(
            whole | {"question": QUESTION | {"scenario": "x"}, "files": {}}
        ),
        "a list": "[1, 2]",
        "binary": "\0\x01",
        "empty": "",
    }


@pytest.mark.parametrize("text", broken_manifests().values(), ids=broken_manifests())
@pytest.mark.parametrize("asked", ["report run", "power two-arm-survival --out run",
                                   "power two-arm-survival --out run --force"])  # fmt: skip
def test_a_manifest_of_any_shape_is_refused(text, asked, folder, refused):
    (folder / "run").mkdir()
    (folder / "run" / MANIFEST).write_text(text)
    assert MANIFEST in refused(asked)


# The general net


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError("Unable to allocate 74.5 GiB"), "not enough memory"),
        (OSError(28, "No space left on device", "results/x"), "results/x: No space left"),
        (PermissionError(13, "Permission denied", "results"), "results: Permission denied"),
    ],
)
def test_what_the_system_refuses_is_one_message_and_status_1(error, said, run, monkeypatch):
    def broken(*_):
        raise error

    monkeypatch.setattr(allocation_command, "load_study", broken)
    status, out, err = run("allocation two-arm-survival --schemes complete")
    assert (status, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_fault_of_the_program_is_not_hidden(run, monkeypatch):
    def broken(*_):
        raise KeyError("a fault")

    monkeypatch.setattr(allocation_command, "load_study", broken)
    with pytest.raises(KeyError):
        run("allocation two-arm-survival --schemes complete")


def test_a_message_keeps_its_lines_and_loses_its_colours(capsys):
    with pytest.raises(SystemExit):
        shared.fail("first \x1b[31m\nsecond \u202e", 2)
    assert capsys.readouterr().err == "first \\x1b[31m\nsecond \\u202e\n"


def test_a_stopped_command_does_not_wait_for_its_threads(folder):
    """A unit of work that takes a minute; the process ends once its few seconds are over."""
    program = (
        "import time; from concurrent.futures import ThreadPoolExecutor as P; "
        "from simulator.cli import shared; P(1).submit(time.sleep, 100); shared.stop(str(1))"
    )
    done = run_in_shell(f"timeout 60 {PROGRAM[0]} -c '{program}'", folder)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "1\n")


def test_a_process_ends_with_the_status_of_its_message(folder):
    assert run_apart("power missing.yaml", folder=folder).status == 2
