"""How trials end that end for all patients at once, or follow them for longer."""

from collections.abc import Iterator

from simulator.report.text.numbers import error_of, mean, number, plain_percent, share_in_words
from simulator.results.power import Power
from simulator.results.trial_end import TrialEnd


def trial_end_lines(answer: Power) -> Iterator[str]:
    """When trials end, after how many deaths and how much follow-up; nothing where none is said."""
    end = answer.trial_end
    if end is None:
        return
    day = f"{mean(end.end_day)} (MCSE {error_of(end.end_day)})"
    yield f"The trial ends {_moment(end)}: on day {day} on average."
    if end.deaths_reached is not None:
        yield (
            f"Probability that the {end.deaths} deaths come: {share_in_words(end.deaths_reached)}; "
            "else the trial ends once the last patient has been followed for "
            f"{end.max_follow_up_days} days. A trial that they end while it recruits counts as "
            "reaching its target."
        )
    deaths = ", ".join(f"{arm} {number(found)}" for arm, found in end.known_deaths.items())
    follow_up = ", ".join(f"{arm} {number(found)}" for arm, found in end.follow_up.items())
    yield (
        f"Known deaths by the end: {deaths}. Mean follow-up to death, loss or the end, days: "
        f"{follow_up}. Mortality and MELD are those of day {end.follow_up_days}."
    )


def trial_end_in_short(end: TrialEnd) -> str:
    """Say when trials end, and how often the deaths do not come."""
    words = f"{_moment(end)}: day {mean(end.end_day)}"
    if end.deaths_reached is not None:
        return f"{words}; not reached in {plain_percent(1 - end.deaths_reached.mean)} of trials"
    deaths = sum(found.mean for found in end.known_deaths.values())
    return f"{words}; {deaths:.1f} known deaths"


def _moment(end: TrialEnd) -> str:
    if end.deaths is not None:
        return f"at {end.deaths} known deaths"
    if end.min_follow_up_days is not None:
        return f"{end.min_follow_up_days} days after the last entry"
    return f"once each patient has been followed for {end.max_follow_up_days} days"
