"""Install trialsim into a virtual environment: make's first step, quiet, with a word on progress.

python3 .ci/install.py .venv report    # or dev: what the tests need as well

Whatever python3 there is runs this, so it is written in what old ones can read. What a killed
installation left is mended by the next: `make` notes only one that ended well.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

OLDEST = (3, 11)
ABOUT = {"report": "about a minute", "dev": "about two minutes"}  # measured on two cores
UNREACHABLE = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "ProxyError")
SECONDS_A_TICK = 0.2


def main():
    """Install the package of the working folder; exit 1 with a message if it cannot be."""
    venv, extra = sys.argv[1:]
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            "trialsim needs Python {}.{} or newer; {} is {}. Name another: make PYTHON=python3.12 "
            "...".format(*OLDEST, sys.executable, found)
        )
    python = pathlib.Path(venv, "Scripts" if os.name == "nt" else "bin", "python")
    if not has_pip(python):
        make_environment(venv)
    what = "installing trialsim into {}, once, {}".format(venv, ABOUT.get(extra, ""))
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # Python compiles what is imported, when it is; much of what is installed never is.
    packages = ["install", "--no-compile", "-c", "constraints.txt", "-e", f".[{extra}]"]
    status, said = watched([*pip, *packages], what)
    if status != 0:
        fail(said)


def has_pip(python):
    """Whether the environment is there and whole."""
    if not python.exists():
        return False
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def make_environment(venv):
    """Make a virtual environment, in place of one that was left half made."""
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", venv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if made.returncode != 0:
        sys.exit(
            made.stdout + f"no virtual environment could be made in {venv}; on Debian or Ubuntu: "
            "apt-get install python3-venv"
        )


def watched(command, what):
    """Run a command; return its exit status and all that it printed.

    Meanwhile say what is done: seconds that pass on one line of a terminal, one line elsewhere.
    """
    in_terminal = sys.stderr.isatty()
    print(what + " ...", file=sys.stderr, end="" if in_terminal else "\n", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as printed:
        with subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT) as running:
            while running.poll() is None:
                time.sleep(SECONDS_A_TICK)
                if in_terminal:
                    tell(f"{what} ... {clock(began)}")
        printed.seek(0)
        said = printed.read()
    if in_terminal:
        tell(f"{what}: {clock(began)}\n")
    return running.returncode, said


def tell(line):
    """Write over the line that stands in the terminal; a carriage return is all that it takes."""
    sys.stderr.write("\r" + line)
    sys.stderr.flush()


def clock(began):
    """Return the minutes and seconds since then."""
    return "{}:{:02d}".format(*divmod(round(time.monotonic() - began), 60))


def fail(said):
    """Show what pip said, and what to do about it."""
    if any(word in said for word in UNREACHABLE):
        advice = (
            "pip cannot reach its package index: is this machine on line? Behind a proxy set "
            "https_proxy, for a mirror PIP_INDEX_URL; then run the same command again."
        )
    else:
        advice = "pip could not install trialsim; what it said is above."
    sys.exit(said.rstrip("\n") + "\n" + advice)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nstopped; the same command installs the rest")
