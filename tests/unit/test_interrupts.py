"""An interruption waits for the end of what must not be broken off."""

import threading

import pytest

from simulator.interrupts import interrupt, unbroken


def test_an_interruption_comes_at_once_where_nothing_is_broken():
    with pytest.raises(KeyboardInterrupt):
        interrupt(KeyboardInterrupt())


def test_an_interruption_waits_for_the_outermost_block():
    done = []

    def block():
        with unbroken:
            with unbroken:
                interrupt(KeyboardInterrupt())
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == ["inner", "outer"]
    with unbroken:  # it came once
        pass


def test_an_error_of_the_block_goes_before_an_interruption():
    def block():
        with unbroken:
            interrupt(KeyboardInterrupt())
            raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        block()
    with unbroken:
        pass


def test_another_thread_holds_nothing_up():
    inside, leave = threading.Event(), threading.Event()

    def block():
        with unbroken:
            inside.set()
            leave.wait()

    other = threading.Thread(target=block)
    other.start()
    inside.wait()
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupt(KeyboardInterrupt())
    finally:
        leave.set()
        other.join()
