"""What no cluster can be asked is refused in one line, a dead address within seconds."""

import socket
import threading

import pytest

ADDRESS = "tcp://127.0.0.1:8786"
WRONG = {
    "a scheduler without dask": (f"--scheduler {ADDRESS}", "--scheduler"),
    "a scheduler of local workers": (f"--backend local --scheduler {ADDRESS}", "--scheduler"),
    "jobs of another's workers": (f"--backend dask --scheduler {ADDRESS} --jobs 2", "--jobs"),
    "no backend": ("--backend nonsense", "--backend"),
    "a backend with a capital": ("--backend Dask", "--backend"),
    "no port": ("--backend dask --scheduler tcp://127.0.0.1", "--scheduler"),
    "no host": ("--backend dask --scheduler tcp://:8786", "--scheduler"),
    "no protocol": ("--backend dask --scheduler 127.0.0.1:8786", "--scheduler"),
    "another protocol": ("--backend dask --scheduler http://127.0.0.1:8786", "--scheduler"),
    "a port of letters": ("--backend dask --scheduler tcp://127.0.0.1:eight", "--scheduler"),
    "a port too large": ("--backend dask --scheduler tcp://127.0.0.1:99999", "--scheduler"),
    "a path": ("--backend dask --scheduler tcp://127.0.0.1:8786/x", "--scheduler"),
}
COMMANDS = "power", "sweep", "size", "compare", "allocation", "assurance", "levers", "design"
MORE = {
    "compare": "two-arm-survival",
    "sweep": "--vary n=16,20",
    "allocation": "--schemes complete",
}


def one_line(err):
    """Return what a command said beside its progress: one line, no traceback."""
    assert "Traceback" not in err
    (line,) = err.splitlines()
    return line


@pytest.mark.parametrize(("options", "named"), WRONG.values(), ids=WRONG)
def test_a_wrong_option_is_refused_in_one_line(options, named, run, folder):
    before = sorted(folder.rglob("*"))
    status, out, err = run("power several.yaml --trials 50", options)
    assert (status, out) == (2, ""), err
    assert named in one_line(err)
    assert sorted(folder.rglob("*")) == before


def test_an_empty_address_is_refused(folder):
    from command_line import run_words

    words = ["power", "several.yaml", "--backend", "dask", "--scheduler", ""]
    status, out, err = run_words(words, folder=folder)
    assert (status, out) == (2, "")
    assert "--scheduler" in one_line(err)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_knows_the_options(command, run):
    asked = f"{command} several.yaml {MORE.get(command, '')} --backend nonsense"
    status, out, err = run(asked)
    assert (status, out) == (2, "")
    assert one_line(err).startswith("--backend = nonsense")


@pytest.fixture
def silent():
    """A port that takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def closed():
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture
def web():
    """A port at which something else is served."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    taken, _ = listening.accept()
                except OSError:
                    return
                with taken:
                    taken.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("kind", ["closed", "silent", "web"])
def test_an_address_without_a_scheduler_is_told_in_seconds(kind, begin, folder, request):
    """It gives up by itself, in less than a test's own patience."""
    address = f"tcp://127.0.0.1:{request.getfixturevalue(kind)}"
    process = begin(f"power several.yaml --trials 50 --backend dask --scheduler {address}")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    said = one_line(err)
    assert said.startswith(address)
    assert "no dask scheduler answers" in said
    assert not list(folder.glob("results/*/manifest.json"))


def test_a_host_that_nobody_knows_is_told(run):
    asked = "power several.yaml --trials 50 --backend dask --scheduler tcp://nowhere.invalid:8786"
    status, out, err = run(asked)
    assert (status, out) == (1, "")
    assert one_line(err).startswith("tcp://nowhere.invalid:8786")


def test_without_dask_the_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    status, out, err = run("power several.yaml --trials 50 --backend dask")
    assert (status, out) == (1, "")
    assert "pip install 'trialsim[cluster]'" in one_line(err)


def test_an_answer_that_is_kept_asks_no_scheduler(run):
    asked = "power several.yaml --trials 50 --out kept"
    first = run(asked, "--jobs 1")
    again = run(asked, "--backend dask --scheduler", ADDRESS)  # where none is
    assert (first.status, again.status) == (0, 0), again.err
    assert again.out == first.out
