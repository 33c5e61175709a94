"""What the trial takes: patients, recruitment, sessions, candidates."""

from collections.abc import Iterable, Iterator

from simulator.report.text.numbers import (
    LEFT_OUT,
    error_of,
    mean,
    number,
    percent,
    plain_percent,
    rounded,
    share_in_words,
)
from simulator.report.text.page import Block
from simulator.report.text.tables import Table, new_table
from simulator.report.text.trial_end import trial_end_lines
from simulator.report.words import costed_in_words
from simulator.results.measures import Estimate
from simulator.results.operations import ByArm, Operations
from simulator.results.power import Power


def patients_section(answer: Power) -> Iterator[Block]:
    """What becomes of the patients of each arm."""
    o = answer.operations
    rows = (
        ("randomised", o.patients, False),
        ("mortality by the end of follow-up", o.mortality, True),
        ("  of this, from the tumour", o.mortality_from_tumour, True),
        ("lost to follow-up", o.lost, False),
        ("withdrawn from treatment", o.withdrawn, False),
        ("transplanted", o.transplants, False),
        ("infected", o.infections, False),
        ("used by the primary analysis", {a: f.analysed for a, f in o.flow.items()}, False),
    )
    yield _by_arm("Patients per trial", o, rows)
    yield LEFT_OUT


def _by_arm(title: str, o: Operations, rows: Iterable[tuple[str, ByArm, bool]]) -> Table:
    table = new_table(title, *o.arms)
    for label, by_arm, is_share in rows:
        show = percent if is_share else number
        table.add_row(label, *(show(entry) for entry in by_arm.values()))
    return table


def recruitment_section(answer: Power) -> Iterator[Block]:
    """How long recruitment takes, and whether it reaches its target."""
    o = answer.operations
    days = o.enrolment_days
    yield (
        f"Recruitment: mean {mean(days)} days (MCSE {error_of(days)}; 90 % range "
        f"{rounded(days.p5, 0)} to {rounded(days.p95, 0)}), {mean(o.screened)} candidates "
        f"screened, {number(o.randomised)} patients randomised; the target of "
        f"{o.target_randomised:,} is reached in {plain_percent(o.target_reached.mean)} of trials."
    )
    yield from trial_end_lines(answer)
    if answer.looks is not None:
        yield "A trial that a look stops counts by the number that it reaches without it."
    if o.on_time is not None:
        yield f"Probability of completing by the planned date: {share_in_words(o.on_time)}."


def sessions_section(answer: Power) -> Iterator[Block]:
    """What becomes of the sessions, what they take and what they cost."""
    o = answer.operations
    if not o.has_sessions:
        return
    rows = (
        ("planned", o.sessions_planned, False),
        ("  of these, never due", o.sessions_not_due, False),
        ("rescue sessions due", o.sessions_beyond_plan, False),
        ("due", o.sessions_due, False),
        ("delivered", o.sessions_delivered, False),
        ("  of these, cut short", o.sessions_cut_short, False),
        ("missed", o.sessions_missed, False),
        ("not begun: treatment ended first", o.sessions_left_waiting, False),
        ("broken off: treatment ended", o.sessions_broken_off, False),
        ("delayed more than 1 day", o.sessions_late, False),
        ("without plasma on the planned day", o.short_of_plasma_share, True),
        ("wait for a session, days", o.wait_days, False),
        ("plasma, litres", o.plasma_litres, False),
        ("machine time, hours", o.machine_hours, False),
    )
    yield _by_arm("Sessions per trial", o, rows)
    yield LEFT_OUT
    if o.unit.days_open.mean > 0:
        yield (
            f"Of {mean(o.unit.days_open)} site-days open, the unit is without plasma for a waiting "
            f"patient on {number(o.unit.days_short_of_plasma)}; its machines are in use for "
            f"{percent(o.unit.machine_use)} of its hours."
        )
    if o.cost is not None:
        cost = number(Estimate(o.cost.mean, o.cost.mcse))
        costed = costed_in_words(o.cost)
        yield f"{costed[:1].upper()}{costed[1:]} cost {cost} {o.cost.currency} per trial."


def funnel_section(answer: Power) -> Iterator[Block]:
    """Where candidates leave on their way to randomisation."""
    funnel = answer.operations.funnel
    if len(funnel) < 2:
        return
    heads = "Funnel", "share of candidates", "fail (in any order)", "criterion"
    table = new_table(*heads, words=("Funnel", "criterion"))
    for row in funnel:
        at_all = "" if row.fails_at_all is None else f"{row.fails_at_all:.1%}"
        table.add_row(row.step, percent(row.first_failed), at_all, row.text)
    yield table


def assumptions_in_short(answer: Power) -> str:
    """Say how much of the scenario is assumed."""
    lines = len(answer.assumptions)
    defaults = f", {answer.defaults} defaults" if answer.defaults else ""
    return f"{lines} assumption{'' if lines == 1 else 's'}{defaults}"


def assumptions_section(answer: Power) -> Iterator[Block]:
    """Every line of the scenario that is an assumption."""
    table = new_table("Assumptions", "source", words=("Assumptions", "source"))
    for line in answer.assumptions:
        table.add_row(line.key, line.source)
    if answer.assumptions:
        yield table
    yield (
        f"{assumptions_in_short(answer)} in the scenario, by line; trialsim scenarios "
        f"{answer.asked} lists every value with its source."
    )
