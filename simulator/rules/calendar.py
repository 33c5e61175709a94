"""Openings of patient-days in trial time (model page, section 6.4)."""

from simulator.rules.kernel import inlined


@inlined
def opening(entry_day: float, day: int) -> float:
    """Trial time at which patient-day `day` opens: always this expression."""
    return entry_day + day


@inlined
def last_opening_by(entry_day: float, time: float, most: int) -> int:
    """Latest patient-day, `most` at most, that opens at or before a trial time; -1 if none."""
    day = int(min(max(time - entry_day, -1.0), float(most)))
    while day < most and opening(entry_day, day + 1) <= time:
        day += 1
    while day >= 0 and opening(entry_day, day) > time:
        day -= 1
    return day


@inlined
def last_opening_before(entry_day: float, time: float, most: int) -> int:
    """Latest patient-day, `most` at most, that opens before a trial time; -1 if none."""
    day = last_opening_by(entry_day, time, most)
    while day >= 0 and opening(entry_day, day) >= time:
        day -= 1
    return day
