"""Run the command line in a process of its own, end it when it is least wanted, look at the bytes.

It knows of the program what a user knows: its command line, the folder of a run, its manifest, and
that units of work are files `FIRST-TRIALS...` in `results/units/KEY/`. It imports nothing of it.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OUT = "answer"
COMMAND = (sys.executable, "-c", "from simulator.cli import main; main()")
NOT_ESTIMATES = ("manifest.json", "run.log")
LONGEST_SECONDS = 600.0
LOOK_SECONDS = 0.005
UNIT = re.compile(r"^(\d{6,})-(\d+)\b.*\.(npz|parquet)$")


@dataclass(frozen=True)
class Ended:
    """What a process left: its status (as a shell gives it), and what it said."""

    status: int
    out: str
    err: str

    def assert_said_plainly(self) -> None:
        """Hold it to one rule: no traceback reaches a user."""
        said = self.out + self.err
        assert "Traceback" not in said, said
        assert "Aborted!" not in said, said


@dataclass(frozen=True)
class Moment:
    """When to strike: once so many more units are kept, and some seconds later."""

    units: int
    seconds: float


@dataclass
class Place:
    """A working folder of runs; `prefix` is put before the command, as `faketime` is."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()

    @property
    def answer(self) -> Path:
        """The folder that --out names in every run of these tests."""
        return self.folder / OUT

    def start(self, *arguments: object, out: str | None = OUT) -> "Running":
        """Start a command, in a group of its own so that it can be ended with its workers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        words = [*self.prefix, *COMMAND, *map(str, arguments)]
        words += ["--out", out] if out else []
        environment = {**os.environ, **self.environment}
        process = subprocess.Popen(
            words,
            cwd=self.folder,
            env={name: value for name, value in environment.items() if value != "(unset)"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=hear_signals,
        )
        return Running(process, self)

    def run(self, *arguments: object, out: str | None = OUT) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments, out=out).ended()

    def finish(self, *arguments: object) -> Ended:
        """Run a command that succeeds."""
        ended = self.run(*arguments)
        assert ended.status == 0, ended.err
        ended.assert_said_plainly()
        return ended

    def units(self) -> list[Path]:
        """The units that are kept."""
        return sorted(path for path in files_below(self.units_folder) if UNIT.match(path.name))

    @property
    def units_folder(self) -> Path:
        """Where the units of runs of this working folder are."""
        return self.folder / "results" / "units"

    def kept_trials(self) -> int:
        """Trials of the units that are kept."""
        return sum(trials_of(path) for path in self.units())

    def estimates(self) -> dict[str, bytes]:
        """Every byte of the answer but those of its manifest and its log."""
        return estimates_in(self.answer)

    def manifest(self) -> dict[str, Any]:
        """The manifest of the answer."""
        manifest: dict[str, Any] = json.loads((self.answer / "manifest.json").read_text())
        return manifest

    def litter(self) -> list[Path]:
        """What a run leaves beside its answer that is neither kept work nor an answer."""
        return [
            path
            for path in [*self.folder.glob("*"), *self.folder.glob("results/*")]
            if path.name not in (OUT, "results", "units", "cache", "home")
            and not path.name.startswith("stays")
        ]


@dataclass
class Running:
    """A process under way."""

    process: "subprocess.Popen[str]"
    place: Place

    def wait_for(self, moment: Moment) -> bool:
        """Wait until a moment; False if the process ended before."""
        wanted = len(self.place.units()) + moment.units
        until = time.monotonic() + LONGEST_SECONDS
        while len(self.place.units()) < wanted and time.monotonic() < until:
            if self.process.poll() is not None:
                return False
            time.sleep(LOOK_SECONDS)
        time.sleep(moment.seconds)
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and all of its group, as a terminal does."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def workers(self) -> list[int]:
        """The numbers of its worker processes."""
        return [pid for pid in processes_below(self.process.pid) if is_worker(pid)]

    def ended(self) -> Ended:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            out, err = self.process.communicate()
            raise AssertionError(f"did not end in {LONGEST_SECONDS:g} s: {err[-2000:]}") from None
        status = self.process.returncode
        return Ended(128 - status if status < 0 else status, out, err)

    def struck(self, moment: Moment, *numbers: signal.Signals, apart: float = 0.1) -> Ended:
        """Send signals, some seconds apart, from a moment on; return how it ended."""
        if self.wait_for(moment):
            for turn, number in enumerate(numbers):
                time.sleep(apart if turn else 0)
                self.send(number)
        return self.ended()


def hear_signals() -> None:
    """Undo that signals are ignored, as `nohup` and `&` of a script hand it down to children."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def processes_below(pid: int) -> list[int]:
    """The processes that a process started, and those that these did."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [number for child in map(int, children) for number in (child, *processes_below(child))]


def is_worker(pid: int) -> bool:
    """Whether a process is one of joblib's that do the work, not one that keeps track of them."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"loky" in words and b"resource_tracker" not in words


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, which others may be changing meanwhile."""
    for root, _, names in os.walk(folder):
        yield from (Path(root, name) for name in names)


def trials_of(unit: Path) -> int:
    """The trials of a unit, from its name."""
    matched = UNIT.match(unit.name)
    assert matched is not None
    return int(matched[2])


def estimates_in(folder: Path) -> dict[str, bytes]:
    """Every byte of a run's folder but those of its manifest and its log."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(files_below(folder))
        if str(path.relative_to(folder)) not in NOT_ESTIMATES
    }


def assert_same_bytes(these: dict[str, bytes], those: dict[str, bytes]) -> None:
    """Hold two answers to the same files with the same bytes; name those that differ."""
    assert sorted(these) == sorted(those)
    assert [name for name in these if these[name] != those[name]] == []


def moments(seed: int, number: int, units: int) -> list[Moment]:
    """Random moments of a run that keeps so many units: some while it starts, most at its work."""
    chance = random.Random(seed)
    return [
        Moment(0, chance.uniform(0.0, 4.0))
        if chance.random() < 0.25
        else Moment(chance.randint(1, max(1, units // 2)), chance.uniform(0.0, 0.25))
        for _ in range(number)
    ]
