"""How trials end, as the section on recruitment says it."""

from simulator.report.document.blocks import literal
from simulator.report.document.numbers import listed, percent, with_error
from simulator.results.power import Power
from simulator.results.trial_end import TrialEnd


def trial_end_sentences(power: Power) -> list[str]:
    """When the data are cut, and after how much follow-up; none where follow-up is each one's."""
    end = power.trial_end
    if end is None:
        return []
    words = [f"{_moment(end)}, on day {with_error(end.end_day)} on average."]
    if end.deaths_reached is not None and end.deaths_reached.mean < 1:
        words.append(
            f"That number is not reached in {percent(1 - end.deaths_reached.mean)} of simulated "
            f"trials, which end once the last patient has been followed for "
            f"{end.max_follow_up_days} days."
        )
    by_arm = [f"{with_error(days)} days in {literal(arm)}" for arm, days in end.follow_up.items()]
    words.append(
        f"Mean follow-up to death, loss or the end is {listed(by_arm)}; mortality and MELD refer "
        f"to day {end.follow_up_days}."
    )
    return words


def end_in_short(power: Power) -> str:
    """What ends the trial, for a form's box; empty where each patient's follow-up does."""
    end = power.trial_end
    if end is None:
        return ""
    said = f"{_moment(end)}, on day {with_error(end.end_day)} on average"
    if end.deaths is None:
        return f"{said}."
    o = power.operations
    said += f", with {with_error(o.randomised)} of {o.target_randomised:,} patients randomised"
    if end.deaths_reached is not None and end.deaths_reached.mean < 1:
        said += f"; in {percent(1 - end.deaths_reached.mean)} of trials so many deaths never come"
    return f"{said}."


def counted_until(power: Power) -> str:
    """Until when deaths and losses are counted, after "to"."""
    end = power.trial_end
    return "the end of follow-up" if end is None else f"day {end.follow_up_days}"


def last_event(power: Power) -> str:
    """What a trial ends with, after "when"."""
    end = power.trial_end
    over = "recruitment is over and the last follow-up has ended"
    if end is None or (end.deaths is None and end.min_follow_up_days is None):
        return over
    if end.deaths is None:
        return f"{end.min_follow_up_days} days have gone by since the last randomisation"
    return f"{end.deaths} deaths are known or, where they never come, {over}"


def _moment(end: TrialEnd) -> str:
    if end.deaths is not None:
        return f"The trial is event-driven: its data are cut at {end.deaths} known deaths"
    if end.min_follow_up_days is not None:
        return f"The data are cut {end.min_follow_up_days} days after the last randomisation"
    return f"Each patient is followed for {end.max_follow_up_days} days; the trial then ends"
