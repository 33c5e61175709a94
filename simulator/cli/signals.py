"""Signals that end a command: SIGINT, which is Ctrl-C, SIGTERM, and SIGHUP of a terminal that goes.

The first is raised as a KeyboardInterrupt, so that what is done is kept and written. Meanwhile a
second is answered, and a third, or one that comes seconds later, ends the process at once: files
are written aside and renamed, so that none is left half-written. Python hears a signal only
between two steps of its main thread: where that is inside compiled code, a thread that the system
wakes ends the command instead.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import NoReturn

from simulator.interrupts import GO_ON, interrupt, unbroken
from simulator.log import counted

_STATUS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 143}
_HANDLED = tuple(getattr(signal, name) for name in _STATUS if hasattr(signal, name))
_PATIENCE_SECONDS = 5.0  # after which one who asks again means it
_DEAF_SECONDS = 0.8  # that the main thread may be inside compiled code
_LONGEST_WRITING_SECONDS = 60.0
_SECONDS_TO_COME_AGAIN = 0.02
_SWALLOW = {"__del__", "_raw_object_cache_notify", "_raw_object_cache_getbuffer"}
_SWALLOWING = f"{os.sep}weakref.py"
_SHOW_CURSOR = b"\r\x1b[K\x1b[?25h"
_ALREADY = "already stopping: what is done is being kept; once more ends at once"
_AT_ONCE = "ended at once"


class Stopped(KeyboardInterrupt):
    """A signal that ends a command."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)


class _Heard:
    """What was heard since the command began."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.at = 0.0
        self.more = 0
        self.is_over = False
        self.waits = False
        self.times = 0  # since the process began


_heard = _Heard()
_watching: list[threading.Thread] = []


def listen() -> None:
    """Listen to signals from now on, those excepted that the process was started to ignore."""
    global _heard
    if threading.current_thread() is not threading.main_thread():
        return
    before, _heard, unbroken.waiting = _heard, _Heard(), None
    _heard.times = before.times
    for number in _HANDLED:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, _hear)
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _end_if_stopped


def listen_in_kernels() -> None:
    """Listen also while the main thread is inside compiled code."""
    if _watching or os.name != "posix" or threading.current_thread() != threading.main_thread():
        return
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    _watching.append(threading.Thread(target=_watch, args=(ours,), daemon=True))
    _watching[0].start()


def over() -> None:
    """Let a signal end the process at once: the command is over."""
    _heard.is_over = True


def waits(for_another: bool) -> None:
    """Note whether the command waits for another process that works at its question."""
    _heard.waits = for_another


def came() -> str | None:
    """Name of the signal that ends the command; None if none came."""
    return None if _heard.first is None else signal.Signals(_heard.first).name


def status() -> int:
    """Exit status of a command that is stopped: 128 and the number of the signal, or SIGTERM's."""
    return _STATUS[came() or "SIGINT"]


def stopped_words() -> str:
    """What to say of a command that is stopped without an answer, and how to go on."""
    done = counted()
    if done.simulated or done.kept:
        return f"stopped; what was simulated is kept: {GO_ON}"
    if _heard.waits:
        return "stopped; the other process goes on: the same command finds what it has done"
    return "stopped before the first results"


def _hear(number: int, frame: FrameType | None) -> None:
    heard = _heard
    heard.times += 1
    if heard.first is None and _is_swallowed(frame):
        again = threading.Timer(_SECONDS_TO_COME_AGAIN, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()
        return
    if heard.first is None:
        heard.first, heard.at = number, time.monotonic()
        if heard.is_over:
            _end_at_once("")
        interrupt(Stopped(number))
        return
    heard.more += 1
    if heard.more > 1 or heard.is_over or time.monotonic() - heard.at > _PATIENCE_SECONDS:
        _end_at_once(_AT_ONCE)
    _tell(_ALREADY)


def _is_swallowed(frame: FrameType | None) -> bool:
    """Whether Python would only complain of what is raised here, and go on.

    So it is in what C calls, as Numba's compiler does when it has machine code, and in what is
    called as an object goes.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_name in _SWALLOW or code.co_filename.endswith(_SWALLOWING):
            return True
        frame = frame.f_back
    return False


def _watch(ours: int) -> None:
    """Read the numbers of signals as they come; end the process where none of them is heard."""
    before = 0
    while True:
        numbers = [n for n in os.read(ours, 1024) if signal.getsignal(n) is _hear]
        times = _heard.times
        if numbers:
            time.sleep(_DEAF_SECONDS)
            until = time.monotonic() + _LONGEST_WRITING_SECONDS
            while unbroken.depth and time.monotonic() < until:
                time.sleep(_DEAF_SECONDS / 10)
            if _heard.times == before:
                words = stopped_words() if _heard.first is None else _AT_ONCE
                _heard.first = _heard.first or numbers[0]
                _end_at_once(words)
        before = times  # not what it is by now: the next may have been heard, and not been read


def _end_if_stopped(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """End a process that was stopped while it imported what it needs; tell of any other error."""
    if came():
        _end_at_once(stopped_words())
    sys.__excepthook__(kind, error, trace)


def _tell(words: str) -> None:
    """Write on standard error, past what may be in the middle of writing there."""
    with contextlib.suppress(OSError):
        os.write(2, f"{words}\n".encode())


def _end_at_once(words: str) -> NoReturn:
    with contextlib.suppress(OSError):
        if os.isatty(2):  # a display hides it
            os.write(2, _SHOW_CURSOR)
    if words:
        _tell(words)
    os._exit(status())
