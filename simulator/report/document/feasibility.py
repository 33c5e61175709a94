"""What the trial takes: recruitment, sessions and plasma."""

from simulator.report.document.arm_words import by_arm, with_arm
from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.dossier import (
    Dossier,
    date_in_words,
    matching,
    planned_patients,
)
from simulator.report.document.figure_citations import shown_in
from simulator.report.document.losses import rows_of_means, share
from simulator.report.document.numbers import (
    DASH,
    LEFT_OUT,
    capital,
    count,
    in_months,
    interval,
    joined,
    known,
    listed,
    months,
    number,
    percent,
    percent_with_error,
    period,
    range_of_days,
    round_percent,
    rounded_mean,
    span,
    with_error,
)
from simulator.report.document.trial_end import trial_end_sentences
from simulator.report.words import costed_in_words
from simulator.results.operations import FunnelRow, Operations, Step
from simulator.results.sources import SourceKind

_WORST = 3  # criteria that are told in words
SCARCE = 0.10  # share of sessions short of plasma from which a form's box, too, has room for it
_EVEN = 0.5  # a probability below this makes what it is of unlikely


# Recruitment


def recruitment_sentence(o: Operations) -> str:
    """Say how long recruitment takes."""
    days = o.enrolment_days
    mean = number(days.mean, days.mcse, 0)
    if o.target_reached.mean == 0:
        return f"Recruitment goes on to its limit, {mean} days ({months(days.mean)})."
    return (
        f"Recruitment takes a mean of {mean} days ({months(days.mean)}; "
        f"{range_of_days(days.p5, days.p95)})."
    )


def recruitment_in_short(dossier: Dossier) -> str:
    """Say for a form's box how long recruitment takes, and whether it ends as planned."""
    o, days = dossier.power.operations, dossier.power.operations.enrolment_days
    target, mean = count(planned_patients(dossier)), rounded_mean(o.randomised)
    reached, complete = o.target_reached.mean, _completion_clause(dossier)
    if reached == 0:
        ends = f"Recruitment goes on to its limit, {period(days.mean)}, without reaching {target}"
        return f"{ends}: {mean} patients are recruited on average."
    spread = span(in_months(days.p5), in_months(days.p95))
    spread = f" (90% range {spread})" if DASH in spread else ""
    found = f"Recruitment is expected to take {months(days.mean)}{spread}"
    clauses = [complete] if complete else []
    if reached < 1:
        short = f"{_probability(reached)} of reaching {target} patients"
        clauses.insert(0, f"{short} ({mean} on average)")
    ends = f"{found}{f', with {listed(clauses)}' if clauses else ''}"
    return joined([f"{ends}{_rate_from_date_clause(dossier)}.", retrospective_sentence(dossier)])


def _completion_clause(dossier: Dossier) -> str:
    """Return the probability of completing by the planned date; empty where none is planned."""
    on_time = dossier.power.operations.on_time
    if on_time is None:
        return ""
    date = dossier.value("trial.planned_completion_date")
    when = date_in_words(date) if date else "the planned date"
    stopped = " (early stops included)" * (dossier.power.looks is not None)
    return f"{_probability(on_time.mean)} of completion by {when}{stopped}"


def _probability(share: float) -> str:
    """Return a probability as a noun with its article, as in `an 80% probability`."""
    chance = round_percent(share)
    if not chance[0].isdigit():
        return f"{chance} probability"
    article = "an" if chance.startswith(("8", "11%", "18%")) else "a"
    return f"{article} {chance} probability"


_RATES = ("randomised_per_month", "referred_per_month")


def _rate_from_date_clause(dossier: Dossier) -> str:
    """Say so where a rate of recruitment was derived from the planned date; else empty.

    Its source is derived, and of rows that have the date.
    """
    date = dossier.value("trial.planned_completion_date")
    if dossier.power.operations.on_time is None or not date:
        return ""
    rates = [e for key in _RATES for e in matching(dossier, f"accrual.sites[*].{key}")]
    derived = [e for e in rates if e.source.kind is SourceKind.DERIVED]
    behind = [dossier.evidence.get(row) for entry in derived for row in entry.source.rows]
    dated = any(row is not None and row.value_text == str(date) for row in behind)
    return "; the rate was set to meet that date" if dated else ""


def retrospective_sentence(dossier: Dossier) -> str:
    """Say so where the planned date was over when the document was made; else empty."""
    date, made = dossier.value("trial.planned_completion_date"), dossier.provenance.made
    if made is None or not date or str(date) >= made.date().isoformat():
        return ""
    return "This is a retrospective appraisal."


def target_sentence(dossier: Dossier) -> str:
    """Say how often the target is reached, if that is not always; else empty."""
    o, target = dossier.power.operations, count(planned_patients(dossier))
    reached = o.target_reached
    mean = f"on average {rounded_mean(o.randomised)} are randomised"
    if reached.mean == 1:
        return ""
    if reached.mean == 0:
        trials = count(dossier.power.trials)
        return f"None of the {trials} simulated trials reaches {target} patients: {mean}."
    return (
        f"The probability of reaching {target} patients is {percent(reached.mean)} (95% interval "
        f"{interval(reached.ci_low, reached.ci_high)}); {mean}."
    )


def on_time_sentence(dossier: Dossier) -> str:
    """Return the probability of completing by the planned date; empty where none is planned."""
    on_time = dossier.power.operations.on_time
    if on_time is None:
        return ""
    date = dossier.value("trial.planned_completion_date")
    when = "by the planned date" + (f", {date_in_words(date)}" if date else "")
    limits = interval(on_time.ci_low, on_time.ci_high)
    if on_time.mean == 0:
        trials = count(dossier.power.trials)
        return f"None of the {trials} simulated trials completes {when} (95% interval {limits})."
    comma = "," if date else ""
    return (
        f"The probability of completing {when}{comma} is {percent(on_time.mean)} (95% interval "
        f"{limits}{_stops_included(dossier)}){_rate_from_date_clause(dossier)}."
    )


def _stops_included(dossier: Dossier) -> str:
    """Say that a trial which a look stops completes by that, too."""
    return "; trials that stop early included" * (dossier.power.looks is not None)


def is_slow(o: Operations) -> bool:
    """Whether recruitment is short of the plan: probably late, or short of patients."""
    late = o.on_time is not None and o.on_time.mean < _EVEN
    return late or o.target_reached.mean < 1


def _screening_sentence(o: Operations) -> str:
    """Say how many are screened, and which criteria they most often fail."""
    if len(o.funnel) < 2:
        return ""
    text = f"On average {rounded_mean(o.screened)} candidates are screened."
    reasons = [
        f"“{literal(row.text)}” ({percent(row.first_failed.mean)})" for row in _worst_criteria(o)
    ]
    if not reasons:
        return text
    return f"{text} The criteria that they most often fail first are {listed(reasons)}."


def _worst_criteria(o: Operations) -> list[FunnelRow]:
    failed = [
        row
        for row in o.funnel
        if row.kind is Step.CRITERION and row.text and row.first_failed.mean > 0
    ]
    return sorted(failed, key=lambda row: -row.first_failed.mean)[:_WORST]


# Sessions and plasma


def plasma_sentence(o: Operations, least: float = 0, *, short: bool = False) -> str:
    """Say how often sessions are short of plasma; empty where none are, or fewer than `least`."""
    shares = {
        arm: entry
        for arm, entry in o.short_of_plasma_share.items()
        if known(entry.mean) and entry.mean > 0
    }
    if not shares or max(entry.mean for entry in shares.values()) < least:
        return ""
    told = by_arm({arm: percent(entry.mean) for arm, entry in shares.items()})
    text = f"Of the sessions due, plasma is short on the planned day for {told}"
    if short:
        return f"{text}."
    if o.unit.days_short_of_plasma.mean > 0:
        text += (
            f"; the unit is without plasma for a waiting patient on "
            f"{rounded_mean(o.unit.days_short_of_plasma)} of {count(o.unit.days_open.mean)} "
            "site-days open"
        )
    return f"{text}."


def scarcity_sentence(o: Operations) -> str:
    """Say for a form's box that plasma is short, on whom it falls and to what end; else empty."""
    short = {arm: entry.mean for arm, entry in o.short_of_plasma_share.items()}
    worst = max(filter(known, short.values()), default=0.0)
    if worst < SCARCE:
        return ""
    told = {arm: part for arm, part in short.items() if known(part)}
    first, *others = told
    falls = [f"{percent(told[first])} of the sessions due {with_arm(first)}"]
    falls += [f"{percent(told[arm])} {with_arm(arm)}" for arm in others]
    missed = [percent(share(o.sessions_missed[arm], o.sessions_due[arm])) for arm in told]
    return (
        f"Plasma is short on the planned day for {listed(falls)}; {listed(missed)} of the sessions "
        "due are missed."
    )


def sessions_sentence(o: Operations) -> str:
    """Say which share of the sessions due is missed or delayed; empty without sessions."""
    told = []
    for arm, due in o.sessions_due.items():
        if o.has_sessions and due.mean:
            missed, late = share(o.sessions_missed[arm], due), share(o.sessions_late[arm], due)
            told.append(
                f"{percent(missed)} are missed and {percent(late)} delayed more than 1 day "
                f"{with_arm(arm)}"
            )
    return f"Of the sessions due, {listed(told)}." if told else ""


def feasibility_blocks(dossier: Dossier) -> list[Block]:
    """Recruitment, sessions and plasma in full."""
    power, o = dossier.power, dossier.power.operations
    words = [
        recruitment_sentence(o),
        _screening_sentence(o),
        target_sentence(dossier),
    ]
    if o.target_reached.mean == 1:
        ended = power.trial_end is not None and power.trial_end.deaths is not None
        words.append(
            f"All {count(power.trials)} simulated trials reach the target"
            f"{', or before it the deaths that end them' * ended}."
        )
    if power.looks is not None:
        words.append("A trial that an interim analysis stops counts by what it reaches without it.")
    words += trial_end_sentences(power)
    words.append(on_time_sentence(dossier) or "No date of completion is planned.")
    words.append(retrospective_sentence(dossier))
    words.append(shown_in(dossier, "recruitment", "flow"))
    blocks: list[Block] = [Paragraph(joined(words))]
    if o.has_sessions:
        text = joined([sessions_sentence(o), plasma_sentence(o)])
        words = [text, "[#sessions] has the numbers.", shown_in(dossier, "sessions")]
        if o.cost is not None:
            cost = number(o.cost.mean, o.cost.mcse)
            costed = capital(costed_in_words(o.cost))
            words.append(f"{costed} cost {cost} {literal(o.cost.currency)} per trial.")
        blocks += [Paragraph(joined(words)), _sessions_table(o)]
    return blocks


def _sessions_table(o: Operations) -> Table:
    rows = rows_of_means(
        (
            ("Planned", o.sessions_planned),
            ("Of these, never due: treatment had ended", o.sessions_not_due),
            ("Rescue sessions due, beyond the plan", o.sessions_beyond_plan),
            ("Due", o.sessions_due),
            ("Delivered", o.sessions_delivered),
            ("Of these, cut short", o.sessions_cut_short),
            ("Missed: not begun within the window", o.sessions_missed),
            ("Not begun: treatment ended first", o.sessions_left_waiting),
            ("Broken off: treatment ended during it", o.sessions_broken_off),
            ("Delayed more than 1 day", o.sessions_late),
            ("Plasma, litres", o.plasma_litres),
            ("Machine time, hours", o.machine_hours),
        )
    )
    short = map(percent_with_error, o.short_of_plasma_share.values())
    rows.append(("Without plasma on the planned day, %", *short))
    rows.append(("Wait for a session, days", *map(with_error, o.wait_days.values())))
    return Table(
        caption="Sessions per trial: mean by arm.",
        header=("Sessions", *map(literal, o.arms)),
        rows=tuple(rows),
        note="Sessions due are those delivered, missed, not begun and broken off. Treatment ends "
        "with a patient's death, transplant, withdrawal or loss, with follow-up, or by its rules. "
        + LEFT_OUT,
        name="sessions",
    )
