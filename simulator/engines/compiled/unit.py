"""A site's ALSS unit: its days, advanced to now only when a patient needs it (section 6).

Between two visits of a trial's patient a unit's days follow from one another alone - deliveries,
background demand - so they are gone through in one go, in the order in which they come.
"""

import math

from simulator import draws
from simulator.constants import DAYS_PER_WEEK, HOURS_PER_DAY
from simulator.engines.compiled.kernel import inlined, kernel
from simulator.engines.compiled.state import DAYS_DRAWN, Run, UnitState
from simulator.engines.compiled.structures import Floats
from simulator.engines.compiled.tables import Tables, UnitPlan
from simulator.rules import sessions as rule
from simulator.rules.normal import normal_quantiles

_BACKGROUND = draws.code_of(draws.Purpose.BACKGROUND)
_DELIVERY = draws.code_of(draws.Purpose.DELIVERY)


@kernel
def set_up(plan: UnitPlan, unit_state: UnitState, site: int, start_weekday: int) -> None:
    """Make a unit as it is before its first opening."""
    unit = unit_state.unit[site]
    for machine in range(unit_state.free_at.shape[1]):
        unit_state.free_at[site, machine] = unit_state.until[site, machine] = -math.inf
    unit.stock = plan.initial_litres
    unit.closes_at = unit.opened_at = -math.inf
    unit.serves_at = math.inf
    unit.delivered_litres = unit.refused_litres = 0.0
    unit.background_litres = unit.background_short_litres = 0.0
    unit.background_hours = unit.hours_open = 0.0
    unit.today = unit.left_for_after = unit.drawn_from = -1
    unit.queued = unit.days_open = unit.days_short = 0
    unit.short_today = False
    unit.next_day, unit.opens_at = next_opening(plan, start_weekday, 0)


@inlined
def next_opening(plan: UnitPlan, start_weekday: int, day: int) -> tuple[int, float]:
    """Return the first day from `day` on at which the unit opens, and when; infinity if never."""
    weekday = (start_weekday + day) % DAYS_PER_WEEK
    for _ in range(DAYS_PER_WEEK):
        hour = plan.open_hour[weekday]
        if not math.isnan(hour):
            return day, rule.at_hour(day, hour)
        day += 1
        weekday = weekday + 1 if weekday + 1 < DAYS_PER_WEEK else 0
    return day, math.inf


@kernel
def draw_days(
    plan: UnitPlan, background: Floats, run: Run, unit_state: UnitState, site: int, first: int
) -> None:
    """Draw the deliveries and the background demand of the days from `first` on."""
    uniform, brought = unit_state.uniform[site], unit_state.brought[site]
    draws.fill(run.seed, run.trial, _BACKGROUND, site, first, uniform)
    rule.background_demand(uniform, background[site], unit_state.demand[site])
    if plan.plasma_limited:
        draws.fill(run.seed, run.trial, _DELIVERY, site, first, uniform)
        normal_quantiles(uniform, brought)
        weekday = (run.start_weekday + first) % DAYS_PER_WEEK
        for k in range(brought.size):
            mean = plan.delivery_mean[weekday]
            litres = rule.delivery_litres(mean, plan.delivery_sd, brought[k])
            brought[k] = 0.0 if math.isnan(mean) else litres
            weekday = weekday + 1 if weekday + 1 < DAYS_PER_WEEK else 0
    unit_state.unit[site].drawn_from = first


@kernel
def catch_up(t: Tables, run: Run, unit_state: UnitState, site: int, now: float) -> None:
    """Go through the openings up to `now`, which nobody waited for.

    What the background takes after the trial's patients of an opening at `now` itself is left to
    the serving of that instant.
    """
    plan, unit, start_weekday = t.units[site], unit_state.unit[site], run.start_weekday
    if unit.left_for_after >= 0 and unit.opened_at < now:
        serve_background(plan, unit_state, site, unit.left_for_after, unit.opened_at)
        unit.left_for_after = -1
    opens, day, limited = unit.opens_at, unit.next_day, plan.plasma_limited
    if opens > now:
        return
    # What changes day by day is kept out of memory on the way.
    stock, capacity = unit.stock, plan.capacity_litres
    delivered, refused = unit.delivered_litres, unit.refused_litres
    hours_open, days_open = unit.hours_open, unit.days_open
    used, short = unit.background_litres, unit.background_short_litres
    worked, closes = unit.background_hours, unit.closes_at
    opened, today = opens, day
    while opens <= now:
        opened, today = opens, day
        weekday = (start_weekday + day) % DAYS_PER_WEEK
        closes = rule.at_hour(day, plan.until_hour[weekday])
        first = day - day % DAYS_DRAWN
        if unit.drawn_from != first:
            draw_days(plan, t.background, run, unit_state, site, first)
        days_open += 1
        hours_open += rule.hours_on_offer(
            plan.machines, plan.open_hour[weekday], plan.close_hour[weekday]
        )
        if limited:
            brought = unit_state.brought[site, day - first]
            taken = rule.taken_in(stock, brought, capacity)
            stock += taken
            delivered += taken
            refused += brought - taken
        sessions = unit_state.demand[site, day - first]
        if plan.background_after and opens == now:
            unit.left_for_after = int(sessions)
        elif sessions > 0.0:
            litres, missing, hours = background_takes(
                plan, unit_state, site, sessions, stock, opens, closes
            )
            used += litres
            short += missing
            worked += hours
            stock -= litres if limited else 0.0
        day, opens = next_opening(plan, start_weekday, day + 1)
    unit.stock, unit.opens_at = stock, opens
    unit.delivered_litres, unit.refused_litres = delivered, refused
    unit.hours_open, unit.days_open = hours_open, days_open
    unit.background_litres, unit.background_short_litres = used, short
    unit.background_hours, unit.closes_at = worked, closes
    unit.opened_at, unit.today = opened, today
    unit.next_day, unit.short_today = day, False


@inlined
def background_takes(
    plan: UnitPlan,
    unit_state: UnitState,
    site: int,
    sessions: float,
    stock: float,
    now: float,
    closes: float,
) -> tuple[float, float, float]:
    """Let patients outside the trial have the machines; return litres, litres short, and hours."""
    wanted = sessions * plan.background_litres
    litres = min(wanted, stock) if plan.plasma_limited else wanted
    machines = plan.machines
    share = rule.background_share(sessions, plan.background_hours, machines)
    worked = rule.occupy_machines(unit_state.free_at[site, :machines], now, share, closes)
    return litres, wanted - litres, worked * HOURS_PER_DAY


@kernel
def serve_background(
    plan: UnitPlan, unit_state: UnitState, site: int, sessions: int, now: float
) -> None:
    """Give patients outside the trial, after those of the trial, their plasma and hours."""
    unit = unit_state.unit[site]
    litres, missing, hours = background_takes(
        plan, unit_state, site, float(sessions), unit.stock, now, unit.closes_at
    )
    unit.background_litres += litres
    unit.background_short_litres += missing
    unit.background_hours += hours
    if plan.plasma_limited:
        unit.stock -= litres


@inlined
def nurses_busy(until: Floats, now: float) -> int:
    """Sessions of the trial that run at a site."""
    busy = 0
    for machine in range(until.size):
        busy += until[machine] > now
    return busy
