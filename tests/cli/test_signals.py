"""What ends a command from outside: Ctrl-C, SIGTERM, SIGHUP, a worker or itself killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import pytest
from command_line import PROGRAM, ROOT, run_apart, run_here, runs_in
from joblib.externals.loky.process_executor import TerminatedWorkerError

from simulator import cli
from simulator.montecarlo import work
from simulator.montecarlo.journal import Journal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

PATIENCE = 120  # seconds after which a test gives up, nothing that is asserted
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
LONG = "power two-arm-survival --trials 1000000000 --jobs 1 --by-trial --out run"
BEFORE = "stopped before the first results\n"
GO_ON = "the same command goes on from there"
SMALL = "{extends: two-arm-survival, name: small, trial: {target_randomised: 16}}\n"


_STARTED = []


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """End what a test that failed has left."""
    yield
    while _STARTED:
        process = _STARTED.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def started(arguments, folder, **options):
    """Start a command as a process of its own."""
    process = subprocess.Popen(
        [*PROGRAM, *arguments.split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )
    _STARTED.append(process)
    return process


def wait_for(is_so, process):
    """Wait until something is so while a process runs."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def wait_for_trials(process, folder):
    """Wait until a command that keeps every trial has kept some."""
    wait_for(lambda: any(p.stat().st_size for p in folder.glob(".run.*/trials.csv")), process)


def ended(process):
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def events_of(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def log_of(folder):
    (path,) = (folder / "results" / "units" / "log").iterdir()
    return events_of(path)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_a_signal_keeps_what_is_done_and_says_how_to_go_on(number, folder):
    process = started(LONG, folder)
    wait_for_trials(process, folder)
    process.send_signal(number)
    status, out, err = ended(process)
    assert status == STATUS[number]
    assert err.splitlines()[-1].endswith(GO_ON)
    assert "Traceback" not in err
    answer = json.loads((folder / "run" / "estimates.json").read_text())
    assert answer["interrupted"]
    assert f"Interrupted after {answer['trials']:,} trials" in " ".join(out.split())
    rows = (folder / "run" / "trials.csv").read_text().splitlines()
    assert len(rows) == 1 + answer["trials"]  # of one analysis each
    told = [e for e in events_of(folder / "run" / "run.log") if "compiling" not in e["event"]]
    last = told[-2:]
    assert [e["event"] for e in last] == ["trials done", "answer"]
    assert (last[0]["trials"], last[0]["interrupted"]) == (answer["trials"], True)
    assert log_of(folder)[-1]["by"] == number.name


def ignore_hangups():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_a_second_signal_loses_nothing_and_one_that_nohup_ignores_is_ignored(folder):
    process = started(LONG, folder, preexec_fn=ignore_hangups)
    wait_for_trials(process, folder)
    process.send_signal(signal.SIGHUP)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    status, out, err = ended(process)
    assert status == 130
    assert GO_ON in err
    assert "Interrupted after" in out
    assert json.loads((folder / "run" / "estimates.json").read_text())["trials"] > 0
    assert log_of(folder)[-1]["by"] == "SIGINT"


def test_a_third_signal_ends_at_once_with_nothing_half_written(folder):
    process = started(LONG, folder)
    wait_for_trials(process, folder)
    for _ in range(200):  # one by one, so that none is taken for another
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
    status, _, err = ended(process)
    assert status == 143
    assert "Traceback" not in err
    assert "ended at once" in err or GO_ON in err
    if (folder / "run").exists():  # it got its name before
        assert json.loads((folder / "run" / "manifest.json").read_text())["finished"] is False


@pytest.mark.slow
def test_the_log_tells_of_an_attempt_that_was_killed(folder):
    for number in (signal.SIGKILL, signal.SIGTERM):
        process = started(LONG, folder)
        wait_for_trials(process, folder)
        process.send_signal(number)
        ended(process)
        for litter in folder.glob(".run.*/trials.csv"):
            litter.unlink()
    told = events_of(folder / "run" / "run.log")
    commands = [e for e in told if e["event"] == "command"]
    assert len({e["process"] for e in commands}) == 2
    assert [e["event"] for e in told].count("answer") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_all_is_imported_is_no_traceback(number, folder):
    program = f"import os; from simulator.cli import main; os.kill(os.getpid(), {int(number)})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (STATUS[number], "", BEFORE)


def test_a_signal_is_heard_inside_compiled_code(folder):
    """Half a minute of hashing, which lets other threads run, stands for a kernel."""
    program = (
        "from simulator.cli import signals as s; import hashlib, sys; s.listen(); "
        "s.listen_in_kernels(); print('in', flush=True); "
        "hashlib.pbkdf2_hmac('sha256', b'', b'', 50_000_000); print('out')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "in\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (143, "", BEFORE)


def test_a_signal_where_python_would_swallow_it_comes_again(folder):
    program = (
        "from simulator.cli import signals as s; import os, time; s.listen()\n"
        "class Goes:\n"
        f"    def __del__(self): os.kill(os.getpid(), {int(signal.SIGTERM)}); print('in')\n"
        "try:\n"
        "    Goes(); time.sleep(100)\n"
        "except KeyboardInterrupt:\n"
        "    print('heard', s.came(), s.status())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "in\nheard SIGTERM 143\n"


# In this process: after so many units of work a signal comes


@pytest.fixture
def signal_after(monkeypatch):
    """Let a signal come before a unit of work is done, or once so many were added up."""
    whole, take_in, done = work.run_unit, Journal.take_in, []

    def signal_after(units):
        def run_unit(*arguments):
            if not units and not done:
                done.append(arguments)
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.1)  # in this thread, while the other hears it
            return whole(*arguments)

        def counted(*arguments):
            take_in(*arguments)
            done.append(arguments)
            if len(done) == units:
                os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(work, "run_unit", run_unit)
        monkeypatch.setattr(work, "trials_a_unit", lambda *_: 50)
        monkeypatch.setattr(Journal, "take_in", counted)

    return signal_after


OF_MANY_RUNS = {
    "sweep": "sweep small.yaml --vary n=16,20 --trials 100",
    "size": "size small.yaml --power 0.5 --within 1",
    "certificate": "power small.yaml --certify --trials 100",
    "compare": "compare small.yaml two-arm-survival --trials 100",
    "allocation": "allocation small.yaml --schemes complete --trials 100",
}


@pytest.fixture(scope="module")
def _compiled(tmp_path_factory):
    """All commands have run: one that compiles is ended with its process, which is this one.

    Nor do first runs tell of what they work out once.
    """
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "small.yaml").write_text(SMALL)
    for command in OF_MANY_RUNS.values():
        assert run_here(command, "--jobs 1", folder=folder).status == 0


@pytest.mark.usefixtures("_compiled")
@pytest.mark.parametrize("units", [0, 1])
@pytest.mark.parametrize("command", OF_MANY_RUNS.values(), ids=OF_MANY_RUNS)
def test_what_was_simulated_is_never_denied(command, units, run, folder, signal_after):
    (folder / "small.yaml").write_text(SMALL)
    signal_after(units)
    status, out, err = run(command, "--jobs 1")
    assert (status, out) == (143, "")
    said = f"stopped; what was simulated is kept: {GO_ON}\n" if units else BEFORE
    assert err == said
    assert not runs_in(folder)


def test_every_command_can_be_stopped():
    for command in cli.app.registered_commands:
        assert hasattr(command.callback, "__wrapped__"), command.callback


def test_what_is_written_is_not_broken_off(run, folder, monkeypatch):
    from simulator.cli import runs

    whole = runs.log_answer

    def log_answer(*arguments, **options):
        os.kill(os.getpid(), signal.SIGINT)
        whole(*arguments, **options)

    monkeypatch.setattr(runs, "log_answer", log_answer)
    (folder / "small.yaml").write_text(SMALL)
    status, out, err = run("power small.yaml --trials 50 --out run")
    assert (status, out) == (130, "")
    assert err.endswith(f"{GO_ON}\n")
    monkeypatch.undo()
    again = run("power small.yaml --trials 50 --out run")
    assert again.status == 0
    assert again.err.startswith("answered before")


# Workers of the reference engine


REFERENCE = "power small.yaml --engine reference --jobs 2 --out run --trials"


def workers_of(process):
    """Processes of joblib's that a process has started; other processes' words may be no text."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_bytes().rpartition(b")")[2].split()[1])
            if parent != process.pid:
                continue
            words = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if b"LokyProcess" in words:
            found.append(int(status.parent.name))
    return found


def is_there(number):
    try:
        stat = (Path("/proc") / str(number) / "stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] != b"Z"


on_linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 4])
def test_a_worker_that_is_killed_is_replaced_and_its_part_run_again(kills, folder):
    (folder / "small.yaml").write_text(SMALL)
    trials = 300 * kills
    process, killed = started(f"{REFERENCE} {trials}", folder), set()

    def alive():
        return set(workers_of(process)) - killed

    for _ in range(kills):
        wait_for(alive, process)
        time.sleep(1.0)  # in the middle of something
        worker = min(alive())
        os.kill(worker, signal.SIGKILL)
        killed |= {worker, *workers_of(process)}
    status, _, err = ended(process)
    assert status == 0, err
    assert f"workers killed and replaced: {kills}; their trials were run again" in err
    told = [e["event"] for e in events_of(folder / "run" / "run.log")]
    assert told.count("worker killed") == kills
    undisturbed = f"power small.yaml --engine reference --jobs 1 --out other --trials {trials}"
    assert run_apart(undisturbed, folder=folder).status == 0
    ours, theirs = ((folder / name / "estimates.json").read_bytes() for name in ("run", "other"))
    assert ours == theirs


@pytest.mark.usefixtures("_compiled")
def test_workers_that_are_killed_over_and_over_end_a_command_with_a_word(run, folder, monkeypatch):
    class Parallel:
        def __init__(self, **_):
            pass

        def __call__(self, _):
            raise TerminatedWorkerError

    (folder / "small.yaml").write_text(SMALL)
    monkeypatch.setattr(joblib, "Parallel", Parallel)
    status, out, err = run(f"{REFERENCE} 100")
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "fewer --jobs" in err
    assert not (folder / "run").exists()
    assert [e["event"] for e in log_of(folder)[-2:]] == ["worker killed", "failed"]


@on_linux
def test_workers_end_with_a_command_that_is_killed(folder):
    (folder / "small.yaml").write_text(SMALL)
    process = started(f"{REFERENCE} 1000000", folder)
    wait_for(lambda: len(workers_of(process)) == 2, process)
    workers = workers_of(process)
    process.kill()
    process.wait(PATIENCE)
    until = time.monotonic() + PATIENCE
    while any(map(is_there, workers)):
        assert time.monotonic() < until
        time.sleep(0.1)


# Where a command says what happens


@pytest.mark.parametrize("words", ["--verbose power small.yaml", "power small.yaml --verbose"])
def test_verbose_goes_before_a_command_and_after_it(words, run, folder):
    (folder / "small.yaml").write_text(SMALL)
    status, out, err = run(words, "--trials 50 --json")
    assert status == 0
    json.loads(out)
    told = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [e["event"] for e in told if not e["event"].startswith("compiling")] == [
        "command", "question", "trials begun", "trials done", "answer",
    ]  # fmt: skip
    (kept,) = runs_in(folder)
    assert events_of(kept / "run.log") == told
    by_name = {e["event"]: e for e in told}
    assert by_name["command"]["command"].startswith("trialsim ")
    assert by_name["command"]["versions"].keys() >= {"trialsim", "python", "numba"}
    assert kept.name.endswith(by_name["question"]["digest"])
    done = by_name["trials done"]
    assert (done["trials"], done["simulated"], done["kept"]) == (50, 50, 0)
    assert by_name["answer"]["folder"] == str(kept)


def test_a_log_that_cannot_be_kept_is_done_without(run, folder):
    (folder / "small.yaml").write_text(SMALL)
    (folder / "results").mkdir()
    (folder / "results" / "units").write_text("in the way")
    status, _, err = run("power small.yaml --trials 50 --out run")
    assert status == 0
    assert "units of work cannot be kept" in err
    assert err.endswith("\nwrote run\n")
    assert err.count("\n") == 2
    assert [e["event"] for e in events_of(folder / "run" / "run.log")][-1] == "answer"
    assert run("power small.yaml --trials 60 --out run --force").status == 0  # a log is no report


# Streams that go


@pytest.mark.parametrize(
    "where",
    [
        "2>/dev/full",
        *(pytest.param(w, marks=pytest.mark.slow) for w in ("2>&-", "| head -1", ">/dev/full")),
    ],
)
def test_a_stream_that_is_gone_loses_the_text_and_not_the_run(where, folder):
    (folder / "small.yaml").write_text(SMALL)
    program = f"{PROGRAM[0]} -c '{PROGRAM[2]}'"
    done = subprocess.run(
        ["bash", "-c", f"{program} power small.yaml --trials 50 --out run {where}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == (1 if where == ">/dev/full" else 0)
    assert "Traceback" not in done.stderr
    assert json.loads((folder / "run" / "estimates.json").read_text())["trials"] == 50


def test_a_pipe_in_place_of_a_log_does_not_hold_a_command(run, folder):
    (folder / "small.yaml").write_text(SMALL)
    assert run("power small.yaml --trials 50 --out run").status == 0
    (log,) = (folder / "results" / "units" / "log").iterdir()
    log.unlink()
    os.mkfifo(log)
    assert run("power small.yaml --trials 50 --out run --force").status == 0
    assert events_of(folder / "run" / "run.log")[-1]["event"] == "answer"
