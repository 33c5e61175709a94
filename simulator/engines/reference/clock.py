"""SimPy's environment with absolute times and a declared order of simultaneous events."""

from enum import IntEnum
from heapq import heappush
from typing import Any

import simpy


class Kind(IntEnum):
    """Kinds of events, in the order in which those of the same instant happen (section 6)."""

    UNIT_OPENING = 0
    EXIT = 1
    SESSION_END = 2
    WINDOW_END = 3
    SESSION_DUE = 4
    RESUMPTION = 5
    REFERRAL = 6
    PATIENT_DAY = 7
    SERVING = 8
    TRIAL_END = 9


_KIND_BITS = 36  # room for patient numbers of 32 bits and 16 causes
_CAUSE_BITS = 4
# SimPy's own bookkeeping has priorities 0 and 1 and so runs before the next event.
_FIRST_OF_KIND = {kind: 2 + (int(kind) << _KIND_BITS) for kind in Kind}


class _Moment(simpy.Event):
    """An event that is bound to happen."""

    def __init__(self, clock: "Clock") -> None:
        self.env = clock
        self.callbacks = []
        self._ok = True
        self._value = None


class Clock(simpy.Environment):
    """An environment whose events are ordered by (time, kind, number, cause).

    SimPy orders simultaneous events by insertion; the model declares their order instead, so that
    another engine can meet it. Times are absolute: `now + (t - now)` need not be t.
    """

    def at(self, time: float, kind: Kind, number: int, cause: int = 0) -> simpy.Event:
        """Return an event that happens at the absolute `time`, which must not be past.

        `number` is the patient's, or the site's for events of a site; `cause` orders the exits of
        one patient.
        """
        event = _Moment(self)
        # Kind, number and cause make the order; SimPy's counter never has to decide.
        priority: Any = _FIRST_OF_KIND[kind] + (number << _CAUSE_BITS) + cause
        heappush(self._queue, (time, priority, next(self._eid), event))
        return event
