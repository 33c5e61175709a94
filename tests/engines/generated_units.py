"""ALSS units of generated scenarios: few machines, hours that meet, little plasma."""

from typing import Any

from hypothesis import strategies as st

from simulator.scenario.treatment import WEEKDAYS

Draw = st.DrawFn
Parts = dict[str, Any]

# Quarters of a day, so that closings, openings and ends of sessions meet; and two odd ones.
SPANS = (
    [6.0, 18.0],
    [8.0, 20.0],
    [0.0, 24.0],
    [12.0, 24.0],
    [0.0, 12.0],
    [0.0, 6.0],
    [7.3, 9.1],
    [23.5, 24.0],
)
NO_LIMIT = 1000.0


def pick(draw: Draw, *options: Any) -> Any:
    """One of the options, the first being the simplest."""
    return draw(st.sampled_from(options))


def unit(draw: Draw, with_labs: bool, clockwork: bool) -> Parts:
    """A unit of one to three machines; in a clockwork two or three, with the same hours daily."""
    queues = ("first_come", "shortest_window") + ("sickest_first",) * with_labs
    daily = dict.fromkeys(WEEKDAYS, pick(draw, *SPANS[:3:2]))
    return {
        "machines": pick(draw, *((2, 3) if clockwork else (1, 1, 2, 3))),
        "nurses": pick(draw, 1, 2),
        "sessions_per_nurse": pick(draw, 2, 1),
        "opening_hours": daily if clockwork else opening_hours(draw),
        "plasma": pick(draw, None, plasma(draw), plasma(draw)),
        "background": pick(draw, None, background(draw)),
        "queue": pick(draw, *queues),
    }


def opening_hours(draw: Draw) -> Parts:
    """The same hours every day, round the clock, or each day its own, some closed."""
    how = pick(draw, "same", "always", "own")
    if how == "always":
        return {day: [0.0, 24.0] for day in WEEKDAYS}
    if how == "same":
        span = pick(draw, *SPANS[:-1])
        return dict.fromkeys(WEEKDAYS, span)
    hours = {day: pick(draw, None, None, *SPANS) for day in WEEKDAYS}
    return hours if any(hours.values()) else hours | {"friday": SPANS[0]}


def plasma(draw: Draw) -> Parts:
    """A tiny stock; without spread its litres are exactly those of so many sessions."""
    capacity = pick(draw, 4.0, 2.0, 1.0, 20.0)
    return {
        "capacity_litres": capacity,
        "initial_litres": min(capacity, pick(draw, 1.0, 0.0, 2.0, 20.0)),
        "delivery_days": list(pick(draw, WEEKDAYS, WEEKDAYS[:1], (), WEEKDAYS[::3])),
        "delivery_litres_mean": pick(draw, 1.0, 0.0, 3.0),
        "delivery_litres_sd": pick(draw, 0.0, 1.0),
    }


def background(draw: Draw) -> Parts:
    return {
        "sessions_per_day": pick(draw, 1.0, 0.0, 4.0, 30.0),
        "hours_per_session": pick(draw, 3.0, 0.0, 2.5),
        "plasma_litres_per_session": pick(draw, 0.25, 0.0, 1.5),
        "served": pick(draw, "before", "after"),
    }


def longest_opening(units: list[Parts]) -> float:
    """Hours of the longest opening that every unit has; a night between two is not counted."""
    openings = [
        max(span[1] - span[0] for span in unit["opening_hours"].values() if span) for unit in units
    ]
    return min(openings, default=NO_LIMIT)
