"""A site's ALSS unit: its days, advanced to now only when a patient needs it (section 6).

Between two visits of a trial's patient a unit's days follow from one another alone - deliveries,
background demand - so they are gone through in one go, in the order in which they come.
"""

import math

from simulator import draws
from simulator.constants import DAYS_PER_WEEK, HOURS_PER_DAY
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import (
    BACKGROUND_HOURS,
    BACKGROUND_LITRES,
    BACKGROUND_SHORT_LITRES,
    CLOSES_AT,
    DAYS_DRAWN,
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
    UnitState,
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
)
from simulator.rules import sessions as rule
from simulator.rules.normal import normal_quantiles

_BACKGROUND = draws.code_of(draws.Purpose.BACKGROUND)
_DELIVERY = draws.code_of(draws.Purpose.DELIVERY)


@kernel
def set_up(units: Floats, unit_state: UnitState, site: int, start_weekday: int) -> None:
    """Make a unit as it is before its first opening."""
    real, integer = unit_state.real, unit_state.integer
    for i in range(real.shape[1]):
        real[site, i] = 0.0
    for i in range(integer.shape[1]):
        integer[site, i] = 0
    for machine in range(unit_state.free_at.shape[1]):
        unit_state.free_at[site, machine] = unit_state.until[site, machine] = -math.inf
    unit_state.drawn_from[site] = -1
    real[site, STOCK] = units[site, INITIAL]
    real[site, CLOSES_AT] = real[site, OPENED_AT] = -math.inf
    real[site, SERVES_AT] = math.inf
    integer[site, TODAY] = integer[site, LEFT_FOR_AFTER] = -1
    integer[site, NEXT_DAY], real[site, OPENS_AT] = next_opening(units, site, start_weekday, 0)


@inlined
def next_opening(units: Floats, site: int, start_weekday: int, day: int) -> tuple[int, float]:
    """Return the first day from `day` on at which the unit opens, and when; infinity if never."""
    weekday = (start_weekday + day) % DAYS_PER_WEEK
    for _ in range(DAYS_PER_WEEK):
        hour = units[site, OPEN_HOUR + weekday]
        if not math.isnan(hour):
            return day, rule.at_hour(day, hour)
        day += 1
        weekday = weekday + 1 if weekday + 1 < DAYS_PER_WEEK else 0
    return day, math.inf


@kernel
def draw_days(
    units: Floats,
    background: Floats,
    unit_state: UnitState,
    site: int,
    start_weekday: int,
    seed: int,
    trial: int,
    first: int,
) -> None:
    """Draw the deliveries and the background demand of the days from `first` on."""
    uniform, brought = unit_state.uniform[site], unit_state.brought[site]
    draws.fill(seed, trial, _BACKGROUND, site, first, uniform)
    rule.background_demand(uniform, background[site], unit_state.demand[site])
    if units[site, PLASMA_LIMITED]:
        draws.fill(seed, trial, _DELIVERY, site, first, uniform)
        normal_quantiles(uniform, brought)
        weekday = (start_weekday + first) % DAYS_PER_WEEK
        for k in range(brought.size):
            mean = units[site, DELIVERY_MEAN + weekday]
            litres = rule.delivery_litres(mean, units[site, DELIVERY_SD], brought[k])
            brought[k] = 0.0 if math.isnan(mean) else litres
            weekday = weekday + 1 if weekday + 1 < DAYS_PER_WEEK else 0
    unit_state.drawn_from[site] = first


@kernel
def catch_up(
    units: Floats,
    background: Floats,
    unit_state: UnitState,
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
    real, integer = unit_state.real, unit_state.integer
    if integer[site, LEFT_FOR_AFTER] >= 0 and real[site, OPENED_AT] < now:
        serve_background(
            units, unit_state, site, integer[site, LEFT_FOR_AFTER], real[site, OPENED_AT]
        )
        integer[site, LEFT_FOR_AFTER] = -1
    opens, day, limited = real[site, OPENS_AT], integer[site, NEXT_DAY], units[site, PLASMA_LIMITED]
    if opens > now:
        return
    # What changes day by day is kept out of memory on the way.
    stock, capacity = real[site, STOCK], units[site, CAPACITY]
    delivered, refused = real[site, DELIVERED_LITRES], real[site, REFUSED_LITRES]
    hours_open, days_open = real[site, HOURS_OPEN], integer[site, DAYS_OPEN]
    used, short = real[site, BACKGROUND_LITRES], real[site, BACKGROUND_SHORT_LITRES]
    worked, closes = real[site, BACKGROUND_HOURS], real[site, CLOSES_AT]
    opened, today = opens, day
    while opens <= now:
        opened, today = opens, day
        weekday = (start_weekday + day) % DAYS_PER_WEEK
        closes = rule.at_hour(day, units[site, UNTIL_HOUR + weekday])
        first = day - day % DAYS_DRAWN
        if unit_state.drawn_from[site] != first:
            draw_days(units, background, unit_state, site, start_weekday, seed, trial, first)
        days_open += 1
        hours_open += rule.hours_on_offer(
            units[site, MACHINES],
            units[site, OPEN_HOUR + weekday],
            units[site, CLOSE_HOUR + weekday],
        )
        if limited:
            brought = unit_state.brought[site, day - first]
            taken = rule.taken_in(stock, brought, capacity)
            stock += taken
            delivered += taken
            refused += brought - taken
        sessions = unit_state.demand[site, day - first]
        if units[site, BACKGROUND_AFTER] and opens == now:
            integer[site, LEFT_FOR_AFTER] = int(sessions)
        elif sessions > 0.0:
            litres, missing, hours = background_takes(
                units, unit_state, site, sessions, stock, opens, closes
            )
            used += litres
            short += missing
            worked += hours
            stock -= litres if limited else 0.0
        day, opens = next_opening(units, site, start_weekday, day + 1)
    real[site, STOCK], real[site, OPENS_AT] = stock, opens
    real[site, DELIVERED_LITRES], real[site, REFUSED_LITRES] = delivered, refused
    real[site, HOURS_OPEN], integer[site, DAYS_OPEN] = hours_open, days_open
    real[site, BACKGROUND_LITRES], real[site, BACKGROUND_SHORT_LITRES] = used, short
    real[site, BACKGROUND_HOURS], real[site, CLOSES_AT] = worked, closes
    real[site, OPENED_AT], integer[site, TODAY] = opened, today
    integer[site, NEXT_DAY], integer[site, SHORT_TODAY] = day, 0


@inlined
def background_takes(
    units: Floats,
    unit_state: UnitState,
    site: int,
    sessions: float,
    stock: float,
    now: float,
    closes: float,
) -> tuple[float, float, float]:
    """Let patients outside the trial have the machines; return litres, litres short, and hours."""
    wanted = sessions * units[site, BACKGROUND_LITRES_EACH]
    litres = min(wanted, stock) if units[site, PLASMA_LIMITED] else wanted
    machines = int(units[site, MACHINES])
    share = rule.background_share(sessions, units[site, BACKGROUND_HOURS_EACH], machines)
    worked = rule.occupy_machines(unit_state.free_at[site, :machines], now, share, closes)
    return litres, wanted - litres, worked * HOURS_PER_DAY


@kernel
def serve_background(
    units: Floats, unit_state: UnitState, site: int, sessions: int, now: float
) -> None:
    """Give patients outside the trial, after those of the trial, their plasma and hours."""
    real = unit_state.real
    litres, missing, hours = background_takes(
        units, unit_state, site, float(sessions), real[site, STOCK], now, real[site, CLOSES_AT]
    )
    real[site, BACKGROUND_LITRES] += litres
    real[site, BACKGROUND_SHORT_LITRES] += missing
    real[site, BACKGROUND_HOURS] += hours
    if units[site, PLASMA_LIMITED]:
        real[site, STOCK] -= litres


@inlined
def nurses_busy(until: Floats, site: int, now: float) -> int:
    """Sessions of the trial that run at a site."""
    busy = 0
    for machine in range(until.shape[1]):
        busy += until[site, machine] > now
    return busy
