"""Moments in which a run must not be broken off: what it holds is neither as before nor as after.

Python calls who listens to a signal in the main thread, between any two steps of it. In another
thread nothing is broken off, and `unbroken` does nothing.
"""

import threading
from types import TracebackType

GO_ON = "the same command goes on from there"


class _Unbroken:
    def __init__(self) -> None:
        self.depth = 0
        self.waiting: BaseException | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self.depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self.depth -= 1
        if self.depth or self.waiting is None:
            return
        waiting, self.waiting = self.waiting, None
        if error is None:  # else that ends the command
            raise waiting


unbroken = _Unbroken()  # `with unbroken:` lets an interruption wait for the end of the block


def interrupt(error: BaseException) -> None:
    """Raise an interruption in the main thread, at the end of what must not be broken off."""
    if unbroken.depth:
        unbroken.waiting = error
        return
    raise error
