"""The one live display on standard error, which all who show progress share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

_BAR_COLUMNS = 16  # of text, so that a line with its words fits 80
_open: list[Progress] = []


def is_live() -> bool:
    """Whether standard error is a terminal in which a line can be written over."""
    return sys.stderr.isatty() and not Console(stderr=True).is_dumb_terminal


@contextmanager
def display() -> Iterator[Progress]:
    """Give the live display; within another's, the same, which ends with the other.

    A task has a `description`, a bar and, as its field `said`, what else there is to say.
    """
    if _open:
        yield _open[0]
        return
    with Progress(
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(_BAR_COLUMNS),
        TextColumn("{task.fields[said]}"),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        _open.append(progress)
        try:
            yield progress
        finally:
            _open.clear()
