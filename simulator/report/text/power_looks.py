"""Looks before the end, in the text of `power`."""

from collections.abc import Iterator, Sequence

from simulator.report.look_words import (
    effect_in_words,
    effect_name,
    information_of,
    level_in_words,
    overrun_patients_in_words,
)
from simulator.report.text.attained import attained_in_words, attained_over_trials_in_words
from simulator.report.text.numbers import mean, percent, rounded, share_in_words
from simulator.report.text.page import Block
from simulator.report.text.power_adaptation import adaptation_blocks
from simulator.report.text.power_family_looks import family_in_short, family_looks_blocks
from simulator.report.text.tables import new_table
from simulator.results.looks import LookReport, Looks
from simulator.results.measures import Estimate
from simulator.results.power import Power

_COMPARED = {
    "patients": "patients",
    "deaths": "deaths",
    "deaths_by_the_end": "known deaths by the end",
    "recruitment_months": "months of recruitment",
    "trial_months": "months to the last follow-up",
    "sessions": "sessions",
    "plasma_litres": "plasma, L",
    "machine_hours": "machine hours",
}


def looks_section(answer: Power) -> Iterator[Block]:
    """When looks are taken, what they decide, and what that saves."""
    found = answer.looks
    if found is None:
        return
    of = found.analysis if found.family is None else family_in_short(found.family)
    yield f"Looks at {of}: {rules_in_words(found)}."
    arms = list(found.looks[0].in_favour_of)
    table = new_table(
        *("look", "taken", "day", "patients", "events", "information", "z"),
        *["lower z"] * (found.lower_spending is not None),
        "smallest effect",
        *(f"stops: {arm}" for arm in arms),
        *("futility", "power so far"),
    )
    for number, look in enumerate(found.looks, 1):
        table.add_row(
            f"{number}: {look.moment or 'the end'}",
            percent(look.taken),
            *(_mean(e) for e in (look.cut_day, look.randomised, look.events)),
            _rounded(look.fraction, 2),
            _rounded(look.boundary_z, 2),
            *[_rounded(look.lower_z, 2)] * (found.lower_spending is not None),
            effect_in_words(found, look.smallest_effect),
            *(percent(share) for share in look.in_favour_of.values()),
            "" if look.is_final else percent(look.futility),
            percent(look.cumulative_power),
        )
    yield table
    if found.attained is not None:
        yield attained_in_words(found.attained, "at the mean sizes of the looks")
    if found.attained_over_trials is not None:
        yield attained_over_trials_in_words(found.attained_over_trials)
    yield (
        "Means over the trials in which a look was taken; z is the critical value in favour of "
        f"{arms[-1]}{_lower_in_words(found, arms[0])}, smallest effect the {effect_name(found)}, "
        "that just crosses it; shares are of all trials, +- the Monte Carlo standard error."
    )
    yield from _seldom(found)
    yield from _overrun(found)
    yield from _level(found)
    if found.family is not None:
        yield from family_looks_blocks(found.family)
    table = new_table("the same patients", "with looks", "without", "difference")
    power = found.power
    table.add_row(
        "power" if found.family is None else "what is to stop it",
        *map(percent, (power.with_looks, power.without, power.difference)),
    )
    for name, row in found.compared.items():
        cells = map(mean, (row.with_looks, row.without, row.difference))
        table.add_row(f"cost, {row.unit}" if name == "cost" else _COMPARED[name], *cells)
    yield table
    yield from adaptation_blocks(found)


def _lower_in_words(found: Looks, arm: str) -> str:
    return "" if found.lower_spending is None else f", lower z that in favour of {arm}"


def _seldom(found: Looks) -> Iterator[str]:
    """Looks that most trials do not come to."""
    for look in found.seldom_taken:
        closed = " or is closed" * (found.slow_recruitment is not None)
        yield (
            f"LOOK {look.look} IS SELDOM TAKEN: of the {look.going_on:,} trials that no look "
            f"before it stops {share_in_words(look.share)}, MCSE {look.mcse:.1%}, come "
            f"to {look.moment} before the trial ends{closed}. Look earlier, or count on the end "
            "alone."
        )


def _overrun(found: Looks) -> Iterator[str]:
    """What the final analyses of stopped trials have beyond the look that stopped them."""
    said = [
        f"{mean(look.overrun_patients)} {overrun_patients_in_words(found)} and "
        f"{mean(look.overrun_events)} events after look {number}"
        for number, look in enumerate(found.looks, 1)
        if look.overrun_patients is not None and look.overrun_events is not None
    ]
    if said:
        yield (
            "Overrun, which the final analysis of a stopped trial has beyond the look that stopped "
            f"it: {'; '.join(said)}."
        )


def _level(found: Looks) -> Iterator[str]:
    if found.boundaries is None:
        return
    level = level_in_words(found.boundaries, has_futility=found.futility is not None)
    yield (
        f"Level by the boundaries at {information_of(found.boundaries)}: {level}; "
        f"{100 * found.boundaries.level.nominal:g}% is nominal."
    )


def looks_in_short(found: Looks) -> str:
    """When trials stop, in a line."""
    stops = _stops(found.looks[:-1])
    for seldom in found.seldom_taken:
        stops += f", look {seldom.look} seldom taken: {seldom.share.mean:.1%}"
    patients = found.compared["patients"]
    words = (
        stops,
        f"expected {mean(patients.with_looks)} patients, {mean(patients.without)} without looks",
        f"{_rejected(found)} without looks {percent(found.power.without)}",
    )
    return "; ".join(words)


def _rejected(found: Looks) -> str:
    """Name the share of trials that looks at one analysis, or at a family, are about."""
    if found.family is None or found.family.stop_when == "primary":
        return "power"
    return f"{found.family.stop_when} rejected"


def _stops(early: Sequence[LookReport]) -> str:
    """What looks do, all together: a line has no room for each."""
    efficacy = sum(share.mean for look in early for share in look.in_favour_of.values())
    futility = sum(look.futility.mean for look in early)
    words = f"look 1 ({early[0].moment}) stops" if len(early) == 1 else f"{len(early)} looks stop"
    words += f" {rounded(100 * efficacy, 1)}% for efficacy"
    if futility > 0:
        words += f", {rounded(100 * futility, 1)}% for futility"
    return words


def rules_in_words(found: Looks) -> str:
    """Return the rules by which it is decided."""
    words = [f"information is {found.max_information:g} {_UNITS[found.information]}"]
    efficacy = f"efficacy {found.spending}" + ", exact nominal levels" * found.exact
    efficacy += " at each trial's own sizes" * found.own_sizes
    words.append(efficacy if found.spending else "no stop for efficacy")
    if found.lower_spending:
        first = next(iter(found.looks[0].in_favour_of))
        words.append(f"in favour of {first} {found.lower_spending}, alpha {found.lower_alpha:g}")
    if found.futility:
        words.append(f"futility {found.futility}, {'' if found.binding else 'not '}binding")
    after = "patients complete treatment" if found.after_stopping == "complete" else "it stops too"
    words.append(f"after a stop {after}")
    return "; ".join(words)


_UNITS = {
    "deaths": "events",
    "completed": "patients followed up",
    "inverse variance": "(1 / standard error^2)",
}


def _mean(entry: Estimate | None) -> str:
    return "" if entry is None else mean(entry)


def _rounded(entry: Estimate | None, digits: int) -> str:
    return "" if entry is None else rounded(entry.mean, digits)
