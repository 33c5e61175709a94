"""Interim analyses: the monitoring section of a protocol, and what looks come to."""

from simulator.report.document.adaptation import (
    adaptation_clause,
    adaptation_sentences,
    adaptation_tables,
)
from simulator.report.document.arm_words import the_arm
from simulator.report.document.attained import attained_sentences
from simulator.report.document.blocks import Block, Heading, Paragraph, literal
from simulator.report.document.family_looks import family_looks_table, family_plan
from simulator.report.document.look_tables import compared_table, looks_table, power_of
from simulator.report.document.numbers import (
    counted,
    interval,
    joined,
    listed,
    number,
    percent,
    points_with_error,
    whole_percent,
    with_error,
)
from simulator.report.look_words import information_of, level_in_words
from simulator.results.looks import Looks
from simulator.results.power import AnalysisPower, Power

_OF = {
    "deaths": "events",
    "completed": "patients followed up",
    "inverse variance": "units of information (1 over the squared standard error)",
}

_TOGETHER = "[#looks-together] when each hypothesis is rejected, "


def look_blocks(power: Power, shown: str = "", source: str = "") -> list[Block]:
    """The section on interim analyses; empty where none is planned.

    Parameters
    ----------
    shown
        Which figures show them.
    source
        Where the plan comes from.
    """
    found = power.looks
    if found is None:
        return []
    return [
        Heading("Interim analyses", name="section-interim"),
        Paragraph(joined([*_plan(power, found), source])),
        Paragraph(joined([*_found(power, found), shown])),
        *_adaptation(found),
        looks_table(found),
        *([] if found.family is None else [family_looks_table(power, found.family)]),
        compared_table(found),
    ]


def _adaptation(found: Looks) -> list[Block]:
    said = adaptation_sentences(found)
    return [Paragraph(joined(said)), *adaptation_tables(found)] if said else []


def interim_sentence(power: Power) -> str:
    """The plan and what it comes to in one sentence; empty where no look is planned."""
    found = power.looks
    if found is None:
        return ""
    moments = listed([literal(look.moment) for look in found.looks[:-1]])
    efficacy, futility = _stopped(found)
    patients = found.compared["patients"]
    words = (
        f"{counted(len(found.looks) - 1, noun='interim analysis').capitalize()} at {moments} "
        f"({_rules(found)}) {'stops' if len(found.looks) == 2 else 'stop'} "
        f"{percent(efficacy)} of trials early for efficacy"
    )
    if found.futility:
        words += f" and {percent(futility)} for futility, which count as not rejecting"
    words += adaptation_clause(found)
    return (
        f"{words}; {with_error(patients.with_looks)} patients are expected, "
        f"{with_error(patients.without)} without interim analyses."
    )


def _plan(power: Power, found: Looks) -> list[str]:
    looked_at = _looked_at(power, found)
    moments = listed([literal(look.moment) for look in found.looks[:-1]])
    planned = counted(len(found.looks) - 1, noun="interim analysis").capitalize()
    arm, other = the_arm(power.arms[-1]), the_arm(power.arms[0])
    said = [
        f"{planned} by {literal(looked_at.test.name)} {_are(found)} planned, at {moments}.",
        f"Information is counted in {_OF[found.information]}, of which "
        f"{number(found.max_information)} are planned.",
    ]
    if found.family is not None:
        said += family_plan(power, found.family)
    elif found.spending and found.lower_alpha is not None:
        said.append(
            f"The two-sided level of {whole_percent(looked_at.alpha)} is kept over all analyses: "
            f"{percent(looked_at.alpha - found.lower_alpha)} in favour of {arm} by "
            f"{literal(found.spending_title)} and {percent(found.lower_alpha)} in favour of "
            f"{other} by {literal(found.lower_title)}, at the information that each analysis turns "
            "out to have [@jennison]; the final analysis has what is left."
        )
    elif found.spending:
        said.append(
            f"The two-sided level of {whole_percent(looked_at.alpha)} is kept over all analyses by "
            f"{literal(found.spending_title)}, half of it for each direction, at the information "
            "that each analysis turns out to have [@jennison]; the final analysis has what is left."
        )
    else:
        said.append("No interim analysis stops for efficacy.")
    if found.own_sizes:
        said.append(
            "The analyses reject at nominal levels which are enumerated at the sizes that the arms "
            "then have, so that no mortality common to the arms spends more than that."
        )
    elif found.exact and found.attained is not None and found.attained.exact_p is not None:
        levels = listed([number(p, None, 4) for p in found.attained.exact_p])
        said.append(
            f"The analyses reject at nominal levels of {levels}, which are enumerated at the "
            "planned sizes so that no mortality common to the arms spends more than that."
        )
    if found.futility:
        kind = (
            "The rule is binding: the level counts on it being obeyed."
            if found.binding
            else "The rule is not binding: the level holds if it is overruled."
        )
        said.append(
            f"The trial stops for futility by {literal(found.futility_title)} "
            f"({literal(found.futility)}), which asks whether {arm} will be shown better than "
            f"{other}. {kind}"
        )
    after = (
        "Patients under treatment complete it"
        if found.after_stopping == "complete"
        else "Treatment stops on that day"
    )
    said.append(
        f"When the trial stops, recruitment closes on the day of the decision. {after}, all are "
        "followed up, and all are in the final estimate."
    )
    return said


def _found(power: Power, found: Looks) -> list[str]:
    """What the looks come to."""
    gap, efficacy = found.power.difference, _stopped(found)[0]
    change = points_with_error(gap.mean, gap.mcse)
    futile = _stopped(found)[1]
    return [
        _level(found),
        f"In {percent(efficacy)} of {power.trials:,} simulated trials an interim analysis stops "
        f"for efficacy; the {power_of(found)} is {percent(found.power.with_looks.mean)} with "
        f"interim analyses and {percent(found.power.without.mean)} without (difference {change} "
        "percentage points, in the same patients).",
        f"A trial that is stopped for efficacy counts as a rejection; one that is stopped for "
        f"futility ({percent(futile)}) counts as none, whatever its final estimate."
        if found.futility
        else "A trial that is stopped for efficacy counts as a rejection.",
        *attained_sentences(found),
        *_seldom(found),
        f"[#looks] has each analysis, {_TOGETHER if found.family else ''}"
        "[#with-looks] what they save and cost.",
    ]


def _seldom(found: Looks) -> list[str]:
    """Looks that most trials do not come to."""
    closed = " or is closed" * (found.slow_recruitment is not None)
    return [
        f"Interim analysis {look.look}, at {literal(look.moment)}, is seldom taken: only "
        f"{percent(look.share.mean, look.mcse)} (Monte Carlo 95% CI "
        f"{interval(look.share.ci_low, look.share.ci_high)}) of the {look.going_on:,} simulated "
        f"trials that no interim analysis before it stops come to it before the trial ends{closed}."
        for look in found.seldom_taken
    ]


def _level(found: Looks) -> str:
    """The level of the analysis with its looks; empty where boundaries are not known."""
    if found.boundaries is None:
        return ""
    level = level_in_words(found.boundaries, has_futility=found.futility is not None)
    return (
        f"By the boundaries at {information_of(found.boundaries)} the level is {level}, of a "
        f"nominal {whole_percent(found.boundaries.level.nominal)}."
    )


def _looked_at(power: Power, found: Looks) -> AnalysisPower:
    return next(a for a in power.analyses if a.name == found.analysis)


def _stopped(found: Looks) -> tuple[float, float]:
    """Share of trials that are stopped before the end: for efficacy, for futility."""
    early = found.looks[:-1]
    efficacy = sum(share.mean for look in early for share in look.in_favour_of.values())
    return efficacy, sum(look.futility.mean for look in early)


def _rules(found: Looks) -> str:
    futility = f"futility: {literal(found.futility_title)}" if found.futility else ""
    return "; ".join(filter(None, (literal(found.spending_title), futility)))


def _are(found: Looks) -> str:
    return "is" if len(found.looks) == 2 else "are"
