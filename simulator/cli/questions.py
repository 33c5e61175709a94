"""Questions on a terminal, for what a command was not told."""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from simulator.cli.shared import say


class Question(NamedTuple):
    """A question; `usual` is the answer of those who only press Enter, None where there is none."""

    option: str
    words: str
    read: Callable[[str, str], Any]
    usual: str | None = None


def on_a_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: Question) -> str | None:
    """Return what is typed, asked again until it can be read; None: Enter, for the usual.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C, and at the end of input.
    """
    usual = f" [{question.usual}]" if question.usual is not None else ""
    while True:
        print(f"{question.words}{usual}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            say("")
            raise KeyboardInterrupt
        typed = line.strip()
        if not typed and question.usual is not None:
            return None
        try:
            question.read(question.option, typed)
        except SystemExit:  # the reader of the option has said what is wrong
            continue
        return typed
