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
    """Work out the hours, the deliveries and the background demand of the days from `first` on."""
    uniform, demand = unit_state.uniform, unit_state.demand[site]
    draws.fill(run.seed, run.trial, _BACKGROUND, site, first, uniform)
    rule.background_demand(uniform, background[site], demand)
    wanted, share = unit_state.wanted[site], unit_state.share[site]
    each, hours, machines = plan.background_litres, plan.background_hours, plan.machines
    for k in range(demand.size):
        wanted[k] = demand[k] * each
    for k in range(demand.size):
        share[k] = rule.background_share(demand[k], hours, machines)
    brought = unit_state.brought[site]
    if plan.plasma_limited:
        draws.fill(run.seed, run.trial, _DELIVERY, site, first, uniform)
        normal_quantiles(uniform, brought, uniform, unit_state.place)
    opens, closes = unit_state.opens[site], unit_state.closes[site]
    weekday = (run.start_weekday + first) % DAYS_PER_WEEK
    for k in range(brought.size):
        opens[k] = rule.at_hour(first + k, plan.open_hour[weekday])
        closes[k] = rule.at_hour(first + k, plan.until_hour[weekday])
        unit_state.offered[site, k] = rule.hours_on_offer(
            machines, plan.open_hour[weekday], plan.close_hour[weekday]
        )
        if plan.plasma_limited:
            mean = plan.delivery_mean[weekday]
            litres = rule.delivery_litres(mean, plan.delivery_sd, brought[k])
            brought[k] = 0.0 if math.isnan(mean) else litres
        weekday = weekday + 1 if weekday + 1 < DAYS_PER_WEEK else 0
    unit_state.unit[site].drawn_from = first


@inlined
def catch_up(t: Tables, run: Run, unit_state: UnitState, site: int, now: float) -> None:
    """Go through the openings up to `now`, which nobody waited for; mostly there is none.

    What the background takes after the trial's patients of an opening at `now` itself is left to
    the serving of that instant.
    """
    plan, unit = t.units[site], unit_state.unit[site]
    if unit.left_for_after >= 0 and unit.opened_at < now:
        serve_background(plan, unit_state, site, unit.left_for_after, unit.opened_at)
        unit.left_for_after = -1
    if unit.opens_at <= now:
        go_through_days(t, run, unit_state, site, now)


@kernel
def go_through_days(t: Tables, run: Run, unit_state: UnitState, site: int, now: float) -> None:
    """Go through the openings up to `now`, of which there is one at least."""
    plan, unit = t.units[site], unit_state.unit[site]
    limited, after = plan.plasma_limited, plan.background_after
    # What changes day by day is kept out of memory on the way.
    stock, capacity = unit.stock, plan.capacity_litres
    delivered, refused = unit.delivered_litres, unit.refused_litres
    hours_open, days_open = unit.hours_open, unit.days_open
    used, short = unit.background_litres, unit.background_short_litres
    worked, closes = unit.background_hours, unit.closes_at
    opens, day, opened, today = unit.opens_at, unit.next_day, unit.opened_at, unit.today
    open_at, close_at = unit_state.opens[site], unit_state.closes[site]
    offered, came = unit_state.offered[site], unit_state.brought[site]
    demand, wanted = unit_state.demand[site], unit_state.wanted[site]
    share, free_at = unit_state.share[site], unit_state.free_at[site, : plan.machines]
    while opens <= now:
        first = day - day % DAYS_DRAWN
        if unit.drawn_from != first:
            draw_days(plan, t.background, run, unit_state, site, first)
        k = day - first
        while k < DAYS_DRAWN and not open_at[k] > now:
            if math.isnan(open_at[k]):
                k += 1
                continue
            opened, today, closes = open_at[k], first + k, close_at[k]
            days_open += 1
            hours_open += offered[k]
            if limited:
                taken = rule.taken_in(stock, came[k], capacity)
                stock += taken
                delivered += taken
                refused += came[k] - taken
            if after and opened == now:
                unit.left_for_after = int(demand[k])
            elif demand[k] > 0.0:
                litres = min(wanted[k], stock) if limited else wanted[k]
                used += litres
                short += wanted[k] - litres
                stock -= litres if limited else 0.0
                hours = rule.occupy_machines(free_at, opened, share[k], closes) * HOURS_PER_DAY
                worked += hours
            k += 1
        day, opens = next_opening(plan, run.start_weekday, first + k)
    unit.stock, unit.opens_at = stock, opens
    unit.delivered_litres, unit.refused_litres = delivered, refused
    unit.hours_open, unit.days_open = hours_open, days_open
    unit.background_litres, unit.background_short_litres = used, short
    unit.background_hours, unit.closes_at = worked, closes
    unit.opened_at, unit.today = opened, today
    unit.next_day, unit.short_today = day, False


@kernel
def serve_background(
    plan: UnitPlan, unit_state: UnitState, site: int, sessions: int, now: float
) -> None:
    """Give patients outside the trial, after those of the trial, their plasma and hours."""
    unit, machines = unit_state.unit[site], plan.machines
    wanted = float(sessions) * plan.background_litres
    litres = min(wanted, unit.stock) if plan.plasma_limited else wanted
    share = rule.background_share(float(sessions), plan.background_hours, machines)
    free_at = unit_state.free_at[site, :machines]
    worked = rule.occupy_machines(free_at, now, share, unit.closes_at)
    unit.background_litres += litres
    unit.background_short_litres += wanted - litres
    unit.background_hours += worked * HOURS_PER_DAY
    if plan.plasma_limited:
        unit.stock -= litres


@inlined
def nurses_busy(until: Floats, now: float) -> int:
    """Sessions of the trial that run at a site."""
    busy = 0
    for machine in range(until.size):
        busy += until[machine] > now
    return busy
