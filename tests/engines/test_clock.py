"""The declared order of simultaneous events."""

import itertools

import pytest
import simpy

from simulator.engines.reference.clock import Clock, Kind


def test_kinds_of_the_same_instant_happen_in_the_order_of_the_model_page():
    order = [
        Kind.UNIT_OPENING,
        Kind.EXIT,
        Kind.SESSION_END,
        Kind.WINDOW_END,
        Kind.SESSION_DUE,
        Kind.RESUMPTION,
        Kind.REFERRAL,
        Kind.PATIENT_DAY,
        Kind.SERVING,
        Kind.TRIAL_END,
    ]
    clock, seen = Clock(), []
    for kind in reversed(order):
        clock.at(3.0, kind, 0).callbacks.append(lambda _, kind=kind: seen.append(kind))
    clock.run()
    assert seen == order


@pytest.mark.parametrize("inserted", list(itertools.permutations(range(4))))
def test_number_and_cause_decide_before_insertion(inserted):
    entries = [(0, 1), (0, 5), (1, 0), (70_000, 0)]
    clock, seen = Clock(), []
    for i in inserted:
        number, cause = entries[i]
        event = clock.at(1.0, Kind.EXIT, number, cause)
        event.callbacks.append(lambda _, i=i: seen.append(entries[i]))
    clock.run()
    assert seen == entries


def test_a_process_that_an_event_wakes_acts_before_the_next_event_of_that_instant():
    clock, seen = Clock(), []

    def sleeper(wake: simpy.Event):
        yield wake
        seen.append("woken")

    wake = clock.event()
    clock.process(sleeper(wake))
    clock.at(2.0, Kind.EXIT, 0).callbacks.append(lambda _: wake.succeed())
    clock.at(2.0, Kind.EXIT, 1).callbacks.append(lambda _: seen.append("next"))
    clock.run()
    assert seen == ["woken", "next"]


def test_time_is_the_very_number_that_was_asked_for():
    clock, seen = Clock(), []
    times = [0.1 + 0.2, 0.3, 872.0 / 7.0, 1e-9]
    for time in times:
        clock.at(time, Kind.EXIT, 0).callbacks.append(lambda _: seen.append(clock.now))
    clock.run()
    assert seen == sorted(times)
