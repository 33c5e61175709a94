"""ALSS sessions and the unit that gives them (model page, 5 and 6). Times in trial days."""

import math

import numpy as np
import numpy.typing as npt

from simulator.constants import HOURS_PER_DAY
from simulator.rules.elementary import exp
from simulator.rules.kernel import inlined

Floats = npt.NDArray[np.float64]

FIRST_COME, SICKEST_FIRST, SHORTEST_WINDOW = range(3)  # disciplines of a unit's queue
CUTS_SHORT, STOPS_TREATMENT = 1, 2  # consequences of an adverse event; 0: none
LATE_AFTER_DAYS = 1.0
POSTPONED_BY_DAYS = 1.0


@inlined
def at_hour(day: int, hour: float) -> float:
    """Trial time of an hour of a trial day."""
    return day + hour / HOURS_PER_DAY


@inlined
def session_days(mean_hours: float, log_sd: float, z: float) -> float:
    """Length of a session in days: lognormal about its mean."""
    return mean_hours * exp(log_sd * z - 0.5 * log_sd * log_sd) / HOURS_PER_DAY


@inlined
def session_end(start_day: float, length_days: float, fraction: float) -> float:
    """Trial time at which a session of which `fraction` is completed ends."""
    return start_day + fraction * length_days


@inlined
def fits(now: float, mean_hours: float, closing: float) -> bool:
    """Whether a session begun now is expected to end by closing."""
    return now + mean_hours / HOURS_PER_DAY <= closing


@inlined
def is_late(due_day: float, start_day: float) -> bool:
    """Whether a session began more than a day after it was due."""
    return start_day > due_day + LATE_AFTER_DAYS


@inlined
def delivery_litres(mean: float, sd: float, z: float) -> float:
    """Plasma that a delivery brings: normal, not below zero."""
    return max(mean + sd * z, 0.0)


@inlined
def taken_in(stock: float, delivery: float, capacity: float) -> float:
    """Part of a delivery that the stock can take."""
    return min(delivery, capacity - stock)


@inlined
def background_sessions(u: float, cumulative: Floats) -> int:
    """Number of background sessions of a day, from the cumulative Poisson probabilities."""
    count = 0
    while count < cumulative.size and u >= cumulative[count]:
        count += 1
    return count


@inlined
def background_demand(u: Floats, cumulative: Floats, out: Floats) -> None:
    """Fill `out` with `background_sessions` of each of `u`, several at once."""
    largest = 0.0
    for k in range(out.size):
        out[k] = 0.0
        largest = max(largest, u[k])
    count = 0
    while count < cumulative.size and cumulative[count] <= largest:
        for k in range(out.size):
            out[k] += 1.0 if u[k] >= cumulative[count] else 0.0
        count += 1


@inlined
def background_share(sessions: float, hours_each: float, machines: int) -> float:
    """Days that the background demand asks of each machine."""
    return sessions * hours_each / machines / HOURS_PER_DAY


@inlined
def occupy_machines(free_at: Floats, now: float, share_days: float, closing: float) -> float:
    """Give every machine its share of the background work, in place; return the days worked.

    A machine begins when it is free and ends by closing; one that is free only later does nothing.
    """
    worked = 0.0
    for machine in range(free_at.size):
        begin = max(free_at[machine], now)
        end = max(min(begin + share_days, closing), begin)
        free_at[machine] = end
        worked += end - begin
    return worked


@inlined
def first_free(free_at: Floats, now: float) -> int:
    """Index of the first machine that is free, -1 if none is."""
    for machine in range(free_at.size):
        if free_at[machine] <= now:
            return machine
    return -1


@inlined
def next_free(free_at: Floats, now: float) -> float:
    """When the next busy machine becomes free, infinity if none is busy."""
    earliest = math.inf
    for machine in range(free_at.size):
        if now < free_at[machine] < earliest:
            earliest = free_at[machine]
    return earliest


@inlined
def hours_on_offer(machines: float, open_hour: float, close_hour: float) -> float:
    """Machine-hours that a day's opening offers."""
    return machines * (close_hour - open_hour)


@inlined
def tried_again(now: float) -> float:
    """When a session that platelets put off now is tried again."""
    return now + POSTPONED_BY_DAYS
