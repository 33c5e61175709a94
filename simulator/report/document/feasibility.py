"""Recruitment, sessions and plasma, each with its chance."""

from simulator.report.document.blocks import Block, Paragraph, Table, literal
from simulator.report.document.events import percents, share
from simulator.report.document.material import (
    Mapped,
    Material,
    arms,
    date_in_words,
    has_sessions,
    operations,
    planned_patients,
    value,
)
from simulator.report.document.numbers import (
    count,
    error_of,
    interval,
    known,
    listed,
    months,
    number,
    percent,
    with_error,
)

_SESSIONS = (
    ("Planned", "sessions_planned"),
    ("Fell due", "sessions_due"),
    ("Delivered", "sessions_delivered"),
    ("Of these, cut short", "sessions_cut_short"),
    ("Begun over a day late", "sessions_late"),
    ("Missed", "sessions_missed"),
    ("Plasma, litres", "plasma_litres"),
    ("Machine time, hours", "machine_hours"),
)
_WORST = 3  # criteria that are told in words
SCARCE = 0.10  # share of sessions short of plasma from which a form's box, too, has room for it
_EVEN = 0.5  # a chance below this makes what it is of unlikely


def recruitment_sentence(material: Material, *, error: bool = False) -> str:
    """Say how long recruitment takes."""
    days = operations(material)["enrolment_days"]
    mean = number(days["mean"], days["mcse"], 0)
    if operations(material)["target_reached"]["mean"] == 0:
        return f"Recruitment goes on to its limit, {mean} days ({months(days['mean'])})."
    about = months(days["mean"])
    if error and days["mcse"]:
        about = f"Monte Carlo standard error {error_of(days, 1, 2)}; {about}"
    return (
        f"Recruitment takes {mean} days on average ({about}; {count(days['p5'])} to "
        f"{count(days['p95'])} days in nine trials of ten)."
    )


def target_sentence(material: Material) -> str:
    """Say how often the target is reached, if that is not always; else empty."""
    o, target = operations(material), count(planned_patients(material))
    reached = o["target_reached"]
    if reached["mean"] == 1:
        return ""
    if reached["mean"] == 0:
        how = f"None of the {count(material.power['trials'])} simulated trials reaches {target}"
    else:
        how = (
            f"The chance to reach {target} patients is {percent(reached['mean'])} (95% interval "
            f"{interval(reached['ci_low'], reached['ci_high'])})"
        )
        return f"{how}; on average {_mean(o['randomised'])} are randomised."
    return f"{how} patients: on average {_mean(o['randomised'])} are randomised."


def _mean(entry: Mapped) -> str:
    return number(entry["mean"], entry["mcse"], 1)


def on_time_sentence(material: Material) -> str:
    """Return the chance to finish on the planned date; empty where no date is planned."""
    chance = operations(material)["on_time"]
    if not chance:
        return ""
    date = value(material, "trial.planned_completion_date")
    when = "by the planned date" + (f", {date_in_words(date)}," if date else "")
    limits = interval(chance["ci_low"], chance["ci_high"])
    if chance["mean"] == 0:
        trials = count(material.power["trials"])
        when = when.rstrip(",")
        return f"None of the {trials} simulated trials finishes {when} (95% interval {limits})."
    return f"The chance to finish {when} is {percent(chance['mean'])} (95% interval {limits})."


def is_late(material: Material) -> bool:
    """Whether the trial will rather not finish on the planned date."""
    chance = operations(material)["on_time"]
    return bool(chance) and chance["mean"] < _EVEN


def is_slow(material: Material) -> bool:
    """Whether recruitment is short of the plan: in time, or in patients."""
    return is_late(material) or operations(material)["target_reached"]["mean"] < 1


def plasma_sentence(material: Material, least: float = 0, *, short: bool = False) -> str:
    """Say how often sessions are short of plasma; empty where none are, or fewer than `least`."""
    o = operations(material)
    shares = {
        arm: entry
        for arm, entry in o["short_of_plasma_share"].items()
        if known(entry["mean"]) and entry["mean"] > 0
    }
    if not shares or max(entry["mean"] for entry in shares.values()) < least:
        return ""
    if short:
        parts = [f"{percent(e['mean'], e['mcse'])} under {literal(a)}" for a, e in shares.items()]
        return f"Plasma is short on the planned day for {listed(parts)} of the sessions due."
    told = [
        f"{percent(entry['mean'], entry['mcse'])} of those under {literal(arm)}"
        for arm, entry in shares.items()
    ]
    text = f"Plasma is short on the planned day for sessions that fall due: {listed(told)}"
    unit = o["unit"]
    if unit["days_short_of_plasma"]["mean"] > 0:
        text += (
            f"; the unit is without plasma for a waiting patient on "
            f"{_mean(unit['days_short_of_plasma'])} of {count(unit['days_open']['mean'])} days "
            "on which it is open"
        )
    return f"{text}."


def sessions_sentence(material: Material) -> str:
    """Say which share of the sessions that fall due is missed or late; empty without sessions."""
    if not has_sessions(material):
        return ""
    o = operations(material)
    told = []
    for arm in arms(material):
        due = o["sessions_due"][arm]
        if due["mean"]:
            missed, late = (
                share(o["sessions_missed"][arm], due),
                share(o["sessions_late"][arm], due),
            )
            told.append(
                f"{percent(missed)} are missed and {percent(late)} begin over a day late "
                f"under {literal(arm)}"
            )
    return f"Of the sessions that fall due, {listed(told)}." if told else ""


def feasibility_blocks(material: Material) -> list[Block]:
    """Recruitment, sessions and plasma in full."""
    o = operations(material)
    words = [
        recruitment_sentence(material, error=True),
        _screened(material),
        target_sentence(material),
    ]
    if o["target_reached"]["mean"] == 1:
        words.append(f"All {count(material.power['trials'])} simulated trials reach the target.")
    words.append(on_time_sentence(material) or "No date of completion is planned.")
    blocks: list[Block] = [Paragraph(" ".join(filter(None, words)))]
    if has_sessions(material):
        text = " ".join(filter(None, [sessions_sentence(material), plasma_sentence(material)]))
        blocks += [Paragraph(f"{text} [#sessions] has the numbers."), _sessions_table(material)]
    if "cost" in o:
        cost = o["cost"]
        blocks.append(
            Paragraph(
                f"Sessions cost {with_error(cost)} {literal(cost['currency'])} a trial "
                "(± Monte Carlo standard error)."
            )
        )
    return blocks


def _screened(material: Material) -> str:
    """Say how many are screened, and which criteria they most often fail."""
    o = operations(material)
    if len(o["funnel"]) < 2:
        return ""
    text = f"On average {_mean(o['screened'])} candidates are screened."
    failed = [row for row in o["funnel"] if row["text"] and row["first_failed"]["mean"] > 0]
    worst = sorted(failed, key=lambda row: -row["first_failed"]["mean"])[:_WORST]
    reasons = [
        f"“{literal(row['text'])}” "
        f"({percent(row['first_failed']['mean'], row['first_failed']['mcse'])})"
        for row in worst
    ]
    if not reasons:
        return text
    return f"{text} The criteria that they most often fail first are {listed(reasons)}."


def _sessions_table(material: Material) -> Table:
    o, names = operations(material), arms(material)
    rows = [
        (label, *(with_error(o[key][arm]) for arm in names))
        for label, key in _SESSIONS
        if any(o[key][arm]["mean"] for arm in names)
    ]
    rows.append(
        (
            "Without plasma on the planned day, %",
            *(percents(o["short_of_plasma_share"][arm]) for arm in names),
        )
    )
    rows.append(("Wait for a session, days", *(with_error(o["wait_days"][arm]) for arm in names)))
    return Table(
        caption="Sessions of a trial: mean by arm, and its Monte Carlo standard error.",
        header=("Sessions", *(literal(arm) for arm in names)),
        rows=tuple(rows),
        name="sessions",
    )
