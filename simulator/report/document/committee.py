"""A page for the data monitoring committee: what it sees, when, and what it may recommend.

The order is that of the committee's charter (DAMOCLES Study Group 2005). What a scenario cannot
know, as who sits on the committee, is left open by name.
"""

from simulator.report.document.adaptation import adaptation_for_committee
from simulator.report.document.arm_words import the_arm
from simulator.report.document.blocks import Block, Heading, Paragraph, Table, literal
from simulator.report.document.dossier import Dossier, analysis_named, title_of
from simulator.report.document.family_looks import stops_when
from simulator.report.document.numbers import (
    MINUS,
    count,
    counted,
    joined,
    known,
    listed,
    number,
    percent,
    with_error,
)
from simulator.report.look_words import (
    effect_in_words,
    effect_name,
    information_of,
    overrun_patients_in_words,
)
from simulator.results.looks import LookReport, Looks
from simulator.results.planned_looks import PlannedLook
from simulator.results.power import Power

_LEAST_P = 0.0001
_INFORMATION = {
    "deaths": "events",
    "completed": "followed up",
    "inverse variance": "units",
}


def committee_blocks(dossier: Dossier) -> list[Block]:
    """The page; empty where no look is planned."""
    found = dossier.power.looks
    if found is None:
        return []
    return [
        Heading("Page for the data monitoring committee", name="section-committee"),
        Paragraph(joined(_sees(dossier, found))),
        *([] if found.boundaries is None else [_boundaries(dossier.power, found)]),
        Paragraph(joined(_recommends(dossier.power, found))),
        *(Paragraph(joined(said)) for said in [adaptation_for_committee(found)] if said),
        Paragraph(joined(_after(dossier, found))),
        Paragraph(_LEFT_OPEN),
    ]


_LEFT_OPEN = (
    "*To be filled in by the applicants* (the scenario says none of it): the members of the "
    "committee, and their independence of sponsor and investigators; who prepares the closed "
    "report and is unblinded for it, and that nobody else is; which harms are reported, and how "
    "often; how a recommendation reaches the steering committee, and who decides on it. The "
    "committee may ask for further looks at safety at any time; these use no boundary."
)


def _sees(dossier: Dossier, found: Looks) -> list[str]:
    """What the committee sees, and when."""
    looks = found.looks[:-1]
    moments = [
        f"at {literal(look.moment)}{_around(look)}{_cleaned(dossier, place)}"
        for place, look in enumerate(looks)
    ]
    tested = _tested(dossier.power, found)
    shown = f"Each has recruitment, follow-up, harms and {tested} by arm, "
    shown += "the information that it has, and its statistic beside the boundaries."
    said = [
        "This page follows the order of a charter for data monitoring committees [@damocles].",
        f"The committee sees the data by arm in {counted(len(looks), noun='closed report')}: "
        f"{listed(moments)}.",
        shown,
        "Boundaries are worked out anew from the information that a report turns out to have.",
    ]
    if found.boundaries is not None:
        of = f" of {title_of(dossier.power, found.analysis)}" * (found.family is not None)
        said.append(f"[#boundaries] has those{of} at {information_of(found.boundaries)}.")
    if found.family is not None:
        said.append(
            "Each hypothesis has boundaries of the level that it has by then: they are worked out "
            "with the report, again after each rejection."
        )
    return said


def _tested(power: Power, found: Looks) -> str:
    """What is compared by arm: one analysis, or each of a family."""
    if found.family is None:
        return analysis_named(power, found.analysis)
    return listed([analysis_named(power, one.analysis) for one in found.family.hypotheses])


def _around(look: LookReport) -> str:
    """When a look is expected, and with how many."""
    if look.cut_day is None or look.randomised is None or look.events is None:
        return ""
    return (
        f" (about day {count(look.cut_day.mean)}, {count(look.randomised.mean)} patients "
        f"randomised and {count(look.events.mean)} events)"
    )


def _cleaned(dossier: Dossier, place: int) -> str:
    days = dossier.value(f"monitoring.looks[{place}].cleaning_days")
    if not known(days) or not days:
        return ""
    pauses = dossier.value(f"monitoring.looks[{place}].pause") is True
    meanwhile = "pauses" if pauses else "goes on"
    unit = "day" if days == 1 else "days"
    return f", decided {number(days)} {unit} after the cut while recruitment {meanwhile}"


def _boundaries(power: Power, found: Looks) -> Table:
    planned = found.boundaries
    assert planned is not None
    arms = [the_arm(arm) for arm in power.arms]
    has_lower = any(look.lower_z is not None for look in planned.looks)
    heads = ["Analysis at", f"Information, {_INFORMATION[found.information]}", "Patients", "Events"]
    heads.append(f"*z* for {arms[-1]}, at least" if has_lower else "Efficacy *z*, at least")
    heads += [f"*z* for {arms[0]}, at most"] * has_lower
    heads += ["Futility *z*, at most"] * bool(found.futility)
    rows = [
        _row(found, look, told, has_lower=has_lower)
        for look, told in zip(planned.looks, found.looks, strict=True)
    ]
    favours = arms[-1] if has_lower else "what is to be shown"
    return Table(
        caption="Boundaries for the data monitoring committee.",
        header=(*heads, "Nominal *p*", "Smallest effect"),
        rows=tuple(rows),
        note=joined(
            [
                f"Positive *z* favours {favours}; *p* is {'two' if has_lower else 'one'}-sided.",
                f"The smallest effect is the {effect_name(found)}, that just crosses the boundary "
                "for efficacy. It, patients and events are means over simulated trials.",
                _why_none(found),
            ]
        ),
        name="boundaries",
    )


def _why_none(found: Looks) -> str:
    """Why there is no smallest effect at the end, where its statistic has planned weights."""
    asked = found.reestimation
    if asked is None or asked.final_test != "cui_hung_wang":
        return ""
    return "There is none at the end: with planned weights no estimate alone says what rejects."


def _row(found: Looks, look: PlannedLook, told: LookReport, *, has_lower: bool) -> tuple[str, ...]:
    z = [look.efficacy_z, *[look.lower_z] * has_lower, *[look.futility_z] * bool(found.futility)]
    return (
        literal(look.moment) or "the end",
        number(look.information, None, 1),
        "" if told.randomised is None else with_error(told.randomised),
        "" if told.events is None else with_error(told.events),
        *("" if value is None else number(value, None, 2) for value in z),
        _p(look.nominal_p),
        effect_in_words(found, told.smallest_effect).replace("-", MINUS),
    )


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return f"under {_LEAST_P}" if value < _LEAST_P else f"{value:.4f}"


def _recommends(power: Power, found: Looks) -> list[str]:
    """What the committee may recommend, and what binds it."""
    arm = the_arm(power.arms[-1])
    said = [
        "The committee recommends to continue the trial as planned, to continue it with a change "
        "of conduct, to pause recruitment, or to stop.",
        f"It may recommend to stop for efficacy once {_crossed(power, found)}. A boundary "
        "is a guideline beside harms, secondary outcomes and evidence from outside; to stop where "
        "none is crossed, as for safety, spends none of the level."
        if found.spending
        else "No interim analysis stops for efficacy.",
    ]
    if found.futility:
        said.append(
            f"Where the boundary for futility is crossed {arm} would hardly be shown better. "
            + (
                "Stopping is binding: a trial that goes on nevertheless rejects too often, by the "
                "level given above."
                if found.binding
                else "Stopping is not binding: the committee may recommend to go on, and the level "
                "holds."
            )
        )
    early = found.looks[:-1]
    stops = sum(s.mean for look in early for s in look.in_favour_of.values())
    futile = sum(look.futility.mean for look in early)
    clause = f" and {percent(futile)} for futility" if found.futility else ""
    said.append(
        f"Under the assumptions of this document {percent(stops)} of trials stop for efficacy"
        f"{clause} ([#looks])."
    )
    return said


def _crossed(power: Power, found: Looks) -> str:
    """What lets the committee recommend to stop for efficacy."""
    if found.family is None:
        return "a boundary for efficacy is crossed"
    when = stops_when(power, found.family)
    if found.family.stop_when != "all":
        return f"{when}, by its boundary"
    return f"{when}, each by its boundary; one that is rejected before stays rejected"


def _after(dossier: Dossier, found: Looks) -> list[str]:
    """What happens after a stop, and how many are under way by then."""
    pauses = [
        place
        for place in range(len(found.looks) - 1)
        if dossier.value(f"monitoring.looks[{place}].pause") is True
    ]
    closes = "on the day of the decision"
    if pauses:
        closes += ", or at the cut where recruitment pauses"
    treated = (
        "patients under treatment complete it"
        if found.after_stopping == "complete"
        else "treatment of all patients stops on the day of the decision"
    )
    said = [
        f"After a decision to stop, recruitment closes {closes}; {treated}; all are followed up "
        "to their planned end, and the final analysis has all of them, those after the cut (the "
        "overrun) included. It does not undo the decision.",
    ]
    if found.information == "completed":
        said += [
            f"By the cut of look {place}, {with_error(look.randomised)} patients are randomised, "
            f"of whom {number(look.fraction.mean * found.max_information, None, 1)} have a known "
            "end."
            for place, look in enumerate(found.looks[:-1], 1)
            if look.randomised is not None and look.fraction is not None
        ]
    overrun = [
        f"{with_error(look.under_treatment)} at look {place}"
        for place, look in enumerate(found.looks[:-1], 1)
        if look.under_treatment is not None
    ]
    said += _added(found)
    if overrun and dossier.power.operations.has_sessions:
        said.append(
            f"When it is decided, patients under treatment are expected: {listed(overrun)}."
        )
    return said


def _added(found: Looks) -> list[str]:
    """What the final analysis of a stopped trial has beyond the look."""
    more = [
        f"{with_error(look.overrun_patients)} {overrun_patients_in_words(found)} and "
        f"{with_error(look.overrun_events)} events after look {place}"
        for place, look in enumerate(found.looks[:-1], 1)
        if look.overrun_patients is not None and look.overrun_events is not None
    ]
    if not more:
        return []
    return [
        "The final analysis of a stopped trial is expected to have more than the look that stopped "
        f"it: {listed(more)}."
    ]
