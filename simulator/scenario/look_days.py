"""Looks at days that are known beforehand: on a day, on a date, every so many months."""

import itertools
from collections.abc import Iterator

from simulator.constants import DAYS_PER_MONTH
from simulator.scenario.errors import RuleError
from simulator.scenario.monitoring import MOST_LOOKS, Look, Monitoring
from simulator.scenario.monitoring import Moment as AskedMoment
from simulator.scenario.schema import Trial


def last_day(trial: Trial) -> float:
    """Return the last trial day that a trial can have."""
    return trial.max_recruitment_days + trial.longest_follow_up_days


def day_of(at: AskedMoment, trial: Trial) -> float | None:
    """Return the trial day of a moment on a day or on a date; None: it is another."""
    if at.date is not None:
        return float((at.date - trial.start_date).days)
    return at.day


def days_of(look: Look, trial: Trial) -> list[float]:
    """Return the trial days of the looks that a look stands for, where they are known.

    Of every so many months those before the last day that the trial can have: at the most one more
    than there can be.
    """
    if look.at.every_months is None:
        day = day_of(look.at, trial)
        return [] if day is None else [day]
    apart, last = look.at.every_months * DAYS_PER_MONTH, last_day(trial)
    days = (apart * k for k in range(1, (look.times or MOST_LOOKS + 1) + 1))
    return [day for day in days if day < last]


def look_day_rules(asked: Monitoring, trial: Trial) -> Iterator[RuleError]:
    """Yield every rule that looks at days that are known beforehand break."""
    yield from _order_rules(asked, trial)
    yield from _repeat_rules(asked, trial)


def day_rules(at: AskedMoment, key: str, trial: Trial) -> Iterator[RuleError]:
    """Yield every rule that a moment on a day or on a date breaks."""
    last, name = last_day(trial), "day" if at.date is None else "date"
    day = day_of(at, trial)
    if day is None:
        return
    if at.date is not None and "start_date" not in trial.model_fields_set:
        rule = "the day of a date is counted from trial.start_date, which is not given"
        yield RuleError(rule, "give trial.start_date", f"{key}.date")
    elif day <= 0:
        rule = f"is not after the start of the trial, {trial.start_date}"
        yield RuleError(rule, "give a later date", f"{key}.date")
    elif day > last:
        rule = f"is after the last day of the trial, {last:g}"
        yield RuleError(rule, f"give an earlier {name}", f"{key}.{name}")


def _order_rules(asked: Monitoring, trial: Trial) -> Iterator[RuleError]:
    """They climb."""
    known = [(k, days) for k, look in enumerate(asked.looks) if (days := days_of(look, trial))]
    for (_, earlier), (k, days) in itertools.pairwise(known):
        if days[0] <= earlier[-1]:
            rule = f"comes no later than the look before it, at {earlier[-1]:g}"
            at = asked.looks[k].at
            name = next(n for n in ("day", "date", "every_months") if getattr(at, n) is not None)
            remedy = "put looks in the order in which they are taken"
            yield RuleError(rule, remedy, f"monitoring.looks[{k}].at.{name}")


def _repeat_rules(asked: Monitoring, trial: Trial) -> Iterator[RuleError]:
    """Looks every so many months: one rule, whose looks fit in, and are the last unless counted."""
    repeated = [k for k, look in enumerate(asked.looks) if look.at.every_months is not None]
    if not repeated:
        return
    place, last = repeated[0], last_day(trial)
    key = f"monitoring.looks[{place}].at.every_months"
    if len(repeated) > 1:
        rule = "is the second rule for looks every so many months"
        key = f"monitoring.looks[{repeated[1]}].at.every_months"
        yield RuleError(rule, "give one, and looks on a day beside it", key)
        return
    found, others = len(days_of(asked.looks[place], trial)), len(asked.looks) - 1
    if not found:
        rule = f"the first look comes no earlier than the last day of the trial, {last:g}"
        yield RuleError(rule, "look more often", key)
    elif found + others > MOST_LOOKS:
        rule = f"stands for more looks by the last day of the trial, {last:g}, than there can be, "
        rule += f"{MOST_LOOKS} in all"
        yield RuleError(rule, f"look less often, or give times: {MOST_LOOKS - others}", key)
    elif asked.looks[place].times is None and place < len(asked.looks) - 1:
        rule = "goes on until the end of the trial, so that no look comes after it"
        yield RuleError(rule, "put it last, or give times, as 2", key)
