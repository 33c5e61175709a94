"""A site's ALSS unit: its days, brought up to now only when a patient comes (section 6).

Between two visits of a trial's patient a unit's days follow from one another alone - deliveries,
background demand - so they are gone through in one go, in the order in which they come.
"""

import math

from simulator import draws
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import (
    BACKGROUND_HOURS,
    BACKGROUND_LITRES,
    BACKGROUND_SHORT_LITRES,
    CLOSES_AT,
    DAYS_OPEN,
    DELIVERED_LITRES,
    HOURS_OPEN,
    LEFT_FOR_AFTER,
    NEXT_DAY,
    OPENED_AT,
    OPENS_AT,
    REFUSED_LITRES,
    SERVES_AT,
    SHORT_TODAY,
    STOCK,
    TODAY,
    Floats,
    Ints,
    Sites,
)
from simulator.engines.compiled.tables import (
    BACKGROUND_AFTER,
    BACKGROUND_HOURS_EACH,
    BACKGROUND_LITRES_EACH,
    CAPACITY,
    CLOSE_HOUR,
    DELIVERY_MEAN,
    DELIVERY_SD,
    INITIAL,
    MACHINES,
    OPEN_HOUR,
    PLASMA_LIMITED,
    UNTIL_HOUR,
    WEEK,
)
from simulator.rules import sessions as rule
from simulator.rules.normal import normal_quantile

_BACKGROUND = draws.code_of(draws.Purpose.BACKGROUND)
_DELIVERY = draws.code_of(draws.Purpose.DELIVERY)


@kernel
def set_up(units: Floats, sites: Sites, site: int, start_weekday: int) -> None:
    """Make a unit as it is before its first opening."""
    number, count = sites.number, sites.whole
    for i in range(number.shape[1]):
        number[site, i] = 0.0
    for i in range(count.shape[1]):
        count[site, i] = 0
    for machine in range(sites.free_at.shape[1]):
        sites.free_at[site, machine] = sites.until[site, machine] = -math.inf
    sites.block[site] = -1
    number[site, STOCK] = units[site, INITIAL]
    number[site, CLOSES_AT] = number[site, OPENED_AT] = -math.inf
    number[site, SERVES_AT] = math.inf
    count[site, TODAY] = count[site, LEFT_FOR_AFTER] = -1
    find_next_opening(units, number, count, site, start_weekday)


@inlined
def find_next_opening(
    units: Floats, number: Floats, count: Ints, site: int, start_weekday: int
) -> None:
    """Find the first day from NEXT_DAY on at which the unit opens."""
    for _ in range(WEEK):
        hour = units[site, OPEN_HOUR + (start_weekday + count[site, NEXT_DAY]) % WEEK]
        if not math.isnan(hour):
            number[site, OPENS_AT] = rule.at_hour(count[site, NEXT_DAY], hour)
            return
        count[site, NEXT_DAY] += 1
    number[site, OPENS_AT] = math.inf


@inlined
def draw_days(sites: Sites, site: int, seed: int, trial: int, block: int) -> None:
    """Draw the uniforms of four days' deliveries and background demand."""
    words = sites.words[site]
    w0, w1, w2, w3 = draws.block(seed, trial, _DELIVERY, site, block)
    words[0], words[1] = draws.to_uniform(w0), draws.to_uniform(w1)
    words[2], words[3] = draws.to_uniform(w2), draws.to_uniform(w3)
    w0, w1, w2, w3 = draws.block(seed, trial, _BACKGROUND, site, block)
    words[4], words[5] = draws.to_uniform(w0), draws.to_uniform(w1)
    words[6], words[7] = draws.to_uniform(w2), draws.to_uniform(w3)
    sites.block[site] = block


@kernel
def catch_up(
    units: Floats,
    background: Floats,
    sites: Sites,
    site: int,
    start_weekday: int,
    seed: int,
    trial: int,
    now: float,
) -> None:
    """Go through the openings up to `now`, which nobody waited for.

    What the background takes after the trial's patients of an opening at `now` itself is left to
    the serving of that instant.
    """
    number, count = sites.number, sites.whole
    if count[site, LEFT_FOR_AFTER] >= 0 and number[site, OPENED_AT] < now:
        serve_background(units, sites, site, count[site, LEFT_FOR_AFTER], number[site, OPENED_AT])
        count[site, LEFT_FOR_AFTER] = -1
    while number[site, OPENS_AT] <= now:
        opens, day = number[site, OPENS_AT], count[site, NEXT_DAY]
        weekday = (start_weekday + day) % WEEK
        number[site, OPENED_AT] = opens
        number[site, CLOSES_AT] = rule.at_hour(day, units[site, UNTIL_HOUR + weekday])
        if sites.block[site] != day >> 2:
            draw_days(sites, site, seed, trial, day >> 2)
        count[site, TODAY], count[site, SHORT_TODAY] = day, 0
        count[site, DAYS_OPEN] += 1
        number[site, HOURS_OPEN] += rule.hours_on_offer(
            units[site, MACHINES],
            units[site, OPEN_HOUR + weekday],
            units[site, CLOSE_HOUR + weekday],
        )
        if units[site, PLASMA_LIMITED] and not math.isnan(units[site, DELIVERY_MEAN + weekday]):
            z = normal_quantile(sites.words[site, day & 3])
            brought = rule.delivery_litres(
                units[site, DELIVERY_MEAN + weekday], units[site, DELIVERY_SD], z
            )
            taken = rule.taken_in(number[site, STOCK], brought, units[site, CAPACITY])
            number[site, STOCK] += taken
            number[site, DELIVERED_LITRES] += taken
            number[site, REFUSED_LITRES] += brought - taken
        if background[site, 0] < 1.0:
            u = sites.words[site, 4 + (day & 3)]
            sessions = rule.background_sessions(u, background[site])
            if units[site, BACKGROUND_AFTER] and opens == now:
                count[site, LEFT_FOR_AFTER] = sessions
            else:
                serve_background(units, sites, site, sessions, opens)
        count[site, NEXT_DAY] += 1
        find_next_opening(units, number, count, site, start_weekday)


@kernel
def serve_background(units: Floats, sites: Sites, site: int, sessions: int, now: float) -> None:
    """Give patients outside the trial their plasma and machine-hours."""
    number = sites.number
    wanted = sessions * units[site, BACKGROUND_LITRES_EACH]
    used = wanted
    if units[site, PLASMA_LIMITED]:
        used = min(wanted, number[site, STOCK])
        number[site, STOCK] -= used
    number[site, BACKGROUND_LITRES] += used
    number[site, BACKGROUND_SHORT_LITRES] += wanted - used
    machines = int(units[site, MACHINES])
    share = rule.background_share(sessions, units[site, BACKGROUND_HOURS_EACH], machines)
    worked = rule.occupy_machines(
        sites.free_at[site, :machines], now, share, number[site, CLOSES_AT]
    )
    number[site, BACKGROUND_HOURS] += worked * rule.HOURS_PER_DAY


@inlined
def nurses_busy(until: Floats, site: int, now: float) -> int:
    """Sessions of the trial that run at a site."""
    busy = 0
    for machine in range(until.shape[1]):
        busy += until[site, machine] > now
    return busy
